import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.classifiers import FamilyKernelSVC, LateFusion
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.model_selection import GroupedSearch
from gtzanfeat.transformers import ClipFeatures

MEMBERS = [("radial", SVC()), ("linear", LogisticRegression())]
FUSIONS = [LateFusion(MEMBERS), LateFusion(MEMBERS, combine="stack")]


@parametrize_with_checks(FUSIONS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", FUSIONS, ids=["mean", "stack"])
def test_number_of_scikit_learn_checks(model):
    # 55 run with scikit-learn 1.9
    assert len(list(estimator_checks_generator(model))) >= 50


@pytest.fixture
def clips(rng):
    """Three classes of 40 clips that overlap, and their groups of two clips."""
    y = np.repeat(["blues", "jazz", "pop"], 40)
    X = rng.normal(size=(120, 6))
    X[y == "jazz", :3] += 1
    X[y == "pop", 3:] += 1
    return X, y, np.arange(120) // 2


def test_mean_and_product_are_those_of_calibrated_members(clips):
    X, y, groups = clips
    found = {}
    for combine in ("mean", "product"):
        model = LateFusion(MEMBERS, combine=combine, random_state=0).fit(X, y, groups=groups)
        found[combine] = model.predict_proba(X)
    parts = [
        softmax(beta * member.decision_function(X), axis=1)
        for beta, member in zip(model.inverse_temperatures_, model.estimators_, strict=True)
    ]
    np.testing.assert_allclose(found["mean"], (parts[0] + parts[1]) / 2)
    product = parts[0] * parts[1]
    np.testing.assert_allclose(found["product"], product / product.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("combine", ["mean", "product", "stack"])
def test_an_overconfident_member_does_not_outvote_the_others(clips, combine):
    X, y, _ = clips
    noise = np.random.default_rng(1).normal(size=X.shape)
    sure = make_pipeline(StandardScaler(), KNeighborsClassifier(1))  # of what it does not know
    both, train, test = np.hstack([X, noise]), np.arange(0, 120, 2), np.arange(1, 120, 2)
    members = [("good", LogisticRegression()), ("sure", sure)]
    model = LateFusion(members, combine=combine, random_state=0).fit(both[train], y[train])
    alone = clone(members[0][1]).fit(both[train], y[train])
    assert model.score(both[test], y[test]) > alone.score(both[test], y[test]) - 0.07
    assert log_loss(y[test], model.predict_proba(both[test])) < log_loss(
        y[test], clone(sure).fit(both[train], y[train]).predict_proba(both[test])
    )


@pytest.mark.parametrize("combine", ["mean", "product", "stack"])
def test_groups_are_kept_whole_where_worth_is_learnt(rng, combine):
    # a member that knows the groups by heart is worth nothing on groups it has not heard
    group = np.arange(40).repeat(5)
    X = rng.normal(size=(40, 6))[group] + 0.05 * rng.normal(size=(200, 6))
    y = np.array(["a", "b"])[(rng.permutation(40) % 2)[group]]
    members = [("memory", KNeighborsClassifier(1)), ("other", GaussianNB())]
    model = LateFusion(members, combine=combine, random_state=0)
    sure = clone(model).fit(X, y).predict_proba(X).max(axis=1).mean()
    unsure = clone(model).fit(X, y, groups=group).predict_proba(X).max(axis=1).mean()
    assert sure > 0.75
    assert unsure < 0.65


def test_members_are_given_groups_and_names(clips):
    X, y, groups = clips
    search = GroupedSearch("knn1", {"classify__n_neighbors": [1, 5]}, cv=2, random_state=0)
    frame = pd.DataFrame(X, columns=["zcr_mean", "tempo", "rms_mean", "a", "b", "c"])
    model = LateFusion([("search", search), ("families", FamilyKernelSVC())], random_state=0)
    model.fit(frame, y, groups=groups)
    assert model.estimators_[0].inner_.endswith("2-fold over 60 groups")
    assert set(model.estimators_[1].families_) == {"zero crossings", "tempo", "level", "other"}
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert model.predict(frame[:3]).shape == (3,)


def test_it_shares_one_extraction_behind_the_features(monkeypatch):
    noise = [0.1 * np.random.default_rng(i).standard_normal(22050) for i in range(12)]
    extracted = []
    transform = ClipFeatures.transform
    monkeypatch.setattr(
        ClipFeatures, "transform", lambda self, X: extracted.append(len(X)) or transform(self, X)
    )
    model = make_pipeline(ClipFeatures("timbre19"), StandardScaler(), LateFusion(MEMBERS, cv=2))
    model.fit(noise, ["jazz", "pop"] * 6)
    assert extracted == [12]


def test_parameters_of_members_are_reached(clips):
    X, y, _ = clips
    model = LateFusion(MEMBERS, random_state=0)
    assert model["radial"] is MEMBERS[0][1]
    grid = {"radial__C": [0.1, 1.0], "combine": ["mean", "product"], "linear": [RidgeClassifier()]}
    search = GroupedSearch(clone(model), grid, cv=2).fit(X, y)
    assert isinstance(search.best_estimator_["linear"], RidgeClassifier)
    same = clone(model).set_params(n_jobs=2).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(same, model.fit(X, y).predict_proba(X))


def test_a_class_of_one_group_is_learnt_but_cannot_be_stacked(clips):
    X, y, groups = clips
    groups = np.where(y == "pop", 1000, groups)
    model = LateFusion(MEMBERS, random_state=0).fit(X, y, groups=groups)
    assert (model.predict(X) == "pop").any()
    with pytest.raises(ProtocolError, match="stacking needs two groups .* all clips of pop are of one"):
        clone(model).set_params(combine="stack").fit(X, y, groups=groups)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"combine": "vote"}, UnknownNameError, "unknown combination 'vote'. Known: mean, product, stack"),
        ({"estimators": []}, ValueError, "there are no estimators to combine"),
        ({"estimators": [("a", SVC()), ("a", SVC())]}, ValueError, "Names provided are not unique"),
    ],
)
def test_what_makes_no_sense_is_refused(clips, given, error, message):
    with pytest.raises(error, match=message):
        LateFusion(**{"estimators": MEMBERS, **given}).fit(*clips[:2])
