import numpy as np
import pytest
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.classifiers import ChiSquareSVC

NEGATIVE = {"check_class_weight_classifiers": "it trains on negative numbers, whatever the tags say"}


@parametrize_with_checks([ChiSquareSVC()], expected_failed_checks=lambda estimator: NEGATIVE)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_number_of_scikit_learn_checks():
    # 57 run with scikit-learn 1.9
    assert len(list(estimator_checks_generator(ChiSquareSVC()))) >= 50


@pytest.fixture
def histograms(rng):
    """Two classes of histograms of 16 bins, of which a few are empty, and their labels."""
    X = rng.dirichlet(np.full(16, 0.5), size=60)
    X[:30, :3] += 0.3
    X[X < 0.01] = 0.0
    return X / X.sum(axis=1, keepdims=True), np.repeat(["a", "b"], 30)


def kernel(X, Z, gamma):
    """The kernel of the docstring, pair by pair; also the distances."""
    out = np.zeros((len(X), len(Z)))
    for i, x in enumerate(X):
        for j, z in enumerate(Z):
            out[i, j] = sum((a - b) ** 2 / (a + b) for a, b in zip(x, z, strict=True) if a + b > 0)
    return np.exp(-gamma * out), out


@pytest.mark.parametrize("gamma", [2.0, "mean"])
def test_it_is_a_machine_on_that_kernel(histograms, gamma):
    X, y = histograms
    train, test = X[::2], X[1::2]
    distances = kernel(train, train, 1.0)[1]
    number = 1 / distances[np.triu_indices(len(train), 1)].mean() if gamma == "mean" else gamma
    model = ChiSquareSVC(C=3.0, gamma=gamma).fit(train, y[::2])
    assert model.gamma_ == pytest.approx(number, rel=1e-12)
    oracle = SVC(C=3.0, kernel="precomputed").fit(kernel(train, train, number)[0], y[::2])
    expected = oracle.decision_function(kernel(test, train, number)[0])
    np.testing.assert_allclose(model.decision_function(test), expected, rtol=1e-9)
    assert model.score(test, y[1::2]) > 0.8


def test_scale_does_not_matter_where_gamma_is_the_mean(histograms):
    X, y = histograms
    small, large = ChiSquareSVC().fit(X, y), ChiSquareSVC().fit(1000 * X, y)
    np.testing.assert_allclose(small.decision_function(X), large.decision_function(1000 * X), rtol=1e-6)


def test_clips_that_are_all_alike_are_no_division_by_zero():
    model = ChiSquareSVC().fit(np.ones((4, 3)), [0, 0, 1, 1])
    assert model.gamma_ == 1.0
    assert np.isfinite(model.decision_function(np.ones((2, 3)))).all()


def test_class_weight_is_passed_on(histograms):
    X, y = histograms
    assert (ChiSquareSVC(C=0.1, class_weight={"a": 1000.0}).fit(X, y).predict(X) == "a").mean() > 0.6


@pytest.mark.parametrize("gamma", ["scale", 0.0, -1])
def test_a_gamma_that_makes_no_sense_is_refused(histograms, gamma):
    with pytest.raises(ValueError, match=f"gamma is {gamma!r}; give 'mean' or a number above 0"):
        ChiSquareSVC(gamma=gamma).fit(*histograms)


def test_negative_numbers_are_refused(histograms):
    X, y = histograms
    with pytest.raises(ValueError, match="Negative values in data passed to ChiSquareSVC"):
        ChiSquareSVC().fit(X - 0.1, y)
    with pytest.raises(ValueError, match="Negative values in data passed to ChiSquareSVC"):
        ChiSquareSVC().fit(X, y).predict(X - 0.1)
