import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.classifiers import FamilyKernelSVC
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.model_selection import GroupedSearch
from gtzanfeat.transformers import ClipFeatures

APPROXIMATE = FamilyKernelSVC(exact_up_to=0)
FAMILIES = ["tempo"] * 2 + ["chroma"] * 6


@parametrize_with_checks([FamilyKernelSVC(), APPROXIMATE])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", [FamilyKernelSVC(), APPROXIMATE], ids=["exact", "approximate"])
def test_number_of_scikit_learn_checks(model):
    # 56 run with scikit-learn 1.9
    assert len(list(estimator_checks_generator(model))) >= 50


def draw(rng, n_clips):
    """Clips of three classes, which a family of two columns and one of six tell apart."""
    y = np.repeat(["blues", "jazz", "pop"], n_clips // 3)
    X = rng.normal(size=(n_clips, 8))
    X[y == "jazz", :2] += 2
    X[y == "pop", 2:] += 1
    return X, y


@pytest.fixture
def clips(rng):
    X, y = draw(rng, 90)
    return StandardScaler().fit_transform(X), y


def kernel(X, Z, trained, kind, weights=(0.5, 0.5)):
    """The kernel of the docstring, pair by pair."""
    out = np.zeros((len(X), len(Z)))
    for own, weight in zip((slice(0, 2), slice(2, 8)), weights, strict=True):
        spread = trained[:, own].var(axis=0).sum()
        for i, x in enumerate(X[:, own]):
            for j, z in enumerate(Z[:, own]):
                alike = np.exp(-((x - z) ** 2).sum() / spread) if kind == "rbf" else x @ z / spread
                out[i, j] += weight * alike
    return out


@pytest.mark.parametrize("kind", ["rbf", "linear"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_is_a_machine_on_that_kernel(clips, kind, n_classes):
    X, y = (part[: 30 * n_classes] for part in clips)
    train, test = X[::2], X[1::2]
    model = FamilyKernelSVC(3.0, families=FAMILIES, kernel=kind, weights={"chroma": 3.0}, cv=None)
    model.fit(train, y[::2])
    assert model.weights_ == {"tempo": 0.25, "chroma": 0.75}
    oracle = SVC(C=3.0, kernel="precomputed").fit(kernel(train, train, train, kind, (0.25, 0.75)), y[::2])
    expected = oracle.decision_function(kernel(test, train, train, kind, (0.25, 0.75)))
    np.testing.assert_allclose(model.decision_function(test), expected, atol=1e-9)
    assert model.score(test, y[1::2]) > 0.8


def test_a_wide_family_does_not_outvote_a_narrow_one(rng):
    X, y = rng.normal(size=(120, 202)), np.arange(120) % 2
    X[:, :2] += 1.5 * y[:, None]
    families = ["narrow"] * 2 + ["wide"] * 200
    by_family = FamilyKernelSVC(families=families, cv=None).fit(X[::3], y[::3])
    together = FamilyKernelSVC(cv=None).fit(X[::3], y[::3])
    assert set(together.families_) == {"other"}
    assert by_family.score(X, y) > together.score(X, y) + 0.1


@pytest.mark.parametrize("kind", ["rbf", "linear"])
def test_the_approximation_from_all_clips_is_the_kernel(clips, kind):
    X, y = clips
    model = FamilyKernelSVC(families=FAMILIES, kernel=kind, exact_up_to=10, n_components=90, random_state=0)
    columns = model.fit(X, y)._of_machine(X)
    np.testing.assert_allclose(columns @ columns.T, kernel(X, X, X, kind), atol=1e-6)
    fewer = clone(model).set_params(n_components=20).fit(X, y)
    assert fewer.score(X, y) > 0.8
    assert fewer._of_machine(X).shape == (90, 40 if kind == "rbf" else 8)


def test_probabilities_are_calibrated_and_agree_with_the_answers(rng):
    model = FamilyKernelSVC(families=FAMILIES, random_state=0).fit(*draw(rng, 300))
    X, y = draw(rng, 900)
    found, answers = model.predict_proba(X), model.predict(X)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.classes_[found.argmax(axis=1)], answers)
    assert found.max(axis=1).mean() == pytest.approx((answers == y).mean(), abs=0.06)
    assert not hasattr(FamilyKernelSVC(cv=None), "predict_proba")


def test_calibration_keeps_groups_whole(rng):
    group = np.arange(40).repeat(5)
    X = rng.normal(size=(40, 6))[group] + 0.05 * rng.normal(size=(200, 6))
    y = np.array(["a", "b"])[(rng.permutation(40) % 2)[group]]  # depends on the group alone
    sure, unsure = (
        FamilyKernelSVC(random_state=0).fit(X, y, groups=groups).predict_proba(X).max(axis=1).mean()
        for groups in (None, group)
    )
    assert sure > 0.9
    assert unsure < 0.65


def test_class_weight_is_passed_on(clips):
    X, y = clips
    model = FamilyKernelSVC(0.1, families=FAMILIES, class_weight={"pop": 1000.0}, cv=None)
    assert (model.fit(X, y).predict(X) == "pop").mean() > 0.6


def test_a_family_that_does_not_vary_is_no_division_by_zero(clips):
    X, y = clips
    X = np.column_stack([X, np.full((90, 2), 3.0)])
    model = FamilyKernelSVC(families=[*FAMILIES, "key", "key"]).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


def test_names_of_columns_tell_the_families_also_behind_a_scaler():
    noise = [0.1 * np.random.default_rng(i).standard_normal(22050) for i in range(8)]
    model = make_pipeline(ClipFeatures("timbre19"), StandardScaler(), FamilyKernelSVC(cv=None))
    model.set_output(transform="pandas").fit(noise, ["jazz", "pop"] * 4)
    expected = [row["subfamily"] for row in feature_set("timbre19").feature_table()]
    assert model[-1].families_.tolist() == expected
    plain = make_pipeline(ClipFeatures("timbre19"), StandardScaler(), FamilyKernelSVC(cv=None))
    plain.set_params(familykernelsvc__families="timbre19").fit(noise, ["jazz", "pop"] * 4)
    np.testing.assert_allclose(plain.decision_function(noise), model.decision_function(noise), rtol=1e-6)
    again = pickle.loads(pickle.dumps(plain))
    np.testing.assert_array_equal(again.predict(noise), plain.predict(noise))


def test_joined_columns_are_a_family_of_their_own(rng):
    X = pd.DataFrame(rng.normal(size=(20, 3)), columns=["zcr_mean", "embedding_0", "embedding_1"])
    model = FamilyKernelSVC().fit(X, ["a", "b"] * 10)
    assert model.weights_ == {"zero crossings": 0.5, "other": 0.5}


def test_a_search_keeps_groups_whole_and_finds_weights(clips):
    X, y = clips
    grid = {"weights": [{"tempo": 0.0}, {"tempo": 1.0}], "kernel": ["rbf", "linear"]}
    search = GroupedSearch(FamilyKernelSVC(families=FAMILIES), grid, cv=3, random_state=0)
    search.fit(X, y, groups=np.arange(90) // 3)
    assert search.best_params_["weights"] == {"tempo": 1.0}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"kernel": "poly"}, UnknownNameError, "unknown kernel 'poly'. Known: rbf, linear"),
        ({"families": "fulll"}, UnknownNameError, "unknown feature set 'fulll'"),
        ({"families": ["a"] * 3}, GtzanfeatError, "families are given for 3 columns, but X has 8"),
        ({"weights": {"pitch": 1.0}}, UnknownNameError, "unknown family of columns 'pitch'. Known: tempo"),
        ({"weights": {"tempo": -1.0}}, ValueError, "the weight of tempo is -1.0; give 0 or more"),
        ({"weights": {"tempo": 0, "chroma": 0}}, ValueError, "all families have the weight 0"),
    ],
)
def test_what_makes_no_sense_is_refused(clips, given, error, message):
    with pytest.raises(error, match=message):
        FamilyKernelSVC(**{"families": FAMILIES, **given}).fit(*clips)
