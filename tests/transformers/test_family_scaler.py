import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.classifiers import FamilyKernelSVC
from gtzanfeat.transformers import FamilyScaler


@parametrize_with_checks([FamilyScaler()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_number_of_scikit_learn_checks():
    # 47 run with scikit-learn 1.9
    assert len(list(estimator_checks_generator(FamilyScaler()))) >= 42


def test_families_have_equal_variance_and_stay_what_they_are(rng):
    X = rng.normal(size=(50, 6)) * [1, 2, 3, 4, 5, 6]
    X[:, 5] = 7.0  # says nothing
    families = ["a", "b", "b", "a", "b", "c"]
    model = FamilyScaler(families)
    scaled = model.fit_transform(X)
    variances = scaled.var(axis=0)
    assert variances[[0, 3]].sum() == pytest.approx(1 / 3)
    assert variances[[1, 2, 4]].sum() == pytest.approx(1 / 3)
    assert np.isfinite(scaled).all()
    ratio = scaled / X
    np.testing.assert_allclose(ratio[:, 1], ratio[:, 2])
    np.testing.assert_allclose(ratio[:, 1], ratio[:, 4])


def test_a_linear_model_of_it_is_one_on_the_mean_of_linear_kernels(rng):
    X = StandardScaler().fit_transform(rng.normal(size=(60, 8)))
    y = (X[:, 0] + X[:, 5] > 0).astype(int)
    families = ["a"] * 2 + ["b"] * 6
    scaled = FamilyScaler(families).fit(X[::2])
    expected = SVC(kernel="linear", C=3.0).fit(scaled.transform(X[::2]), y[::2])
    model = FamilyKernelSVC(3.0, families=families, kernel="linear", cv=None).fit(X[::2], y[::2])
    np.testing.assert_allclose(
        model.decision_function(X), expected.decision_function(scaled.transform(X)), atol=1e-6
    )


def test_names_tell_the_families(rng):
    X = pd.DataFrame(rng.normal(size=(9, 2)), columns=["zcr_mean", "tempo"])
    model = FamilyScaler().set_output(transform="pandas")
    assert model.fit_transform(X).columns.tolist() == ["zcr_mean", "tempo"]
    assert model.families_.tolist() == ["zero crossings", "tempo"]
