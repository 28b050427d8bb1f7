"""Groups arrive wherever rows are divided: behind windows, behind degraded copies, behind a search."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from gtzanfeat.augmentation import AugmentedTraining
from gtzanfeat.classifiers.group_routing import groups_parameter
from gtzanfeat.classifiers.tags import TagClassifier
from gtzanfeat.errors import ProtocolError
from gtzanfeat.model_selection.grouped_search import GroupedSearch, grouped_folds
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.transformers import ClipFeatures

NOISE = [0.1 * np.random.default_rng(i).standard_normal(22050) for i in range(8)]
LABELS = np.array(["jazz", "pop"] * 4)


@pytest.fixture
def divided(monkeypatch):
    """The groups that each search was told to keep whole, row by row."""
    seen = []

    def spy(y, groups=None, *args, **kwargs):
        seen.append(None if groups is None else np.asarray(groups).tolist())
        return grouped_folds(y, groups, *args, **kwargs)

    monkeypatch.setattr("gtzanfeat.model_selection.grouped_search.grouped_folds", spy)
    return seen


def search():
    return GroupedSearch("knn1", {"classify__n_neighbors": [1, 3]}, cv=2, random_state=0)


def test_a_search_behind_windows_divides_no_recording(divided):
    model = SegmentClassifier(search(), 0.25, feature_set="timbre19")
    model.fit(NOISE, LABELS)
    assert divided.pop() == np.repeat(np.arange(8), 4).tolist()
    model.fit(NOISE, LABELS, groups=list("aabbccdd"))
    assert divided.pop() == np.repeat(list("aabbccdd"), 4).tolist()


def test_balanced_windows_keep_their_recording(divided):
    model = SegmentClassifier(search(), 0.25, feature_set="timbre19", balance=True)
    model.fit([*NOISE[:7], NOISE[7][:12000]], LABELS)
    counts = np.bincount(divided.pop())
    assert len(counts) == 8
    assert counts[7] == 2


def test_a_search_behind_a_pipeline_divides_no_clip_from_its_copies(divided):
    listening = Pipeline([("features", ClipFeatures("timbre19")), ("search", search())])
    model = AugmentedTraining(listening, [("gain", -6)])
    model.fit(NOISE, LABELS)
    assert divided.pop() == [*range(8)] * 2
    model.fit(NOISE, LABELS, groups=np.arange(8) // 2)
    assert divided.pop() == (np.arange(8) // 2).tolist() * 2


class Listening(ClassifierMixin, BaseEstimator):
    """Says which groups it was trained with."""

    def __init__(self, seen=None, strength=1):
        self.seen = seen
        self.strength = strength

    def __sklearn_clone__(self):
        return type(self)(self.seen, self.strength)

    def fit(self, X, y, groups=None):
        self.seen.append(np.asarray(groups).tolist())
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("kind", ["grid", "random"])
def test_a_search_hands_groups_on(bare, kind):
    X, groups, seen = np.arange(8.0)[:, None], np.arange(8) // 2, []
    name = "strength" if bare else "listening__strength"
    model = Listening(seen) if bare else make_pipeline(Listening(seen))
    found = GroupedSearch(model, {name: [1, 2]}, kind=kind, n_iter=2, cv=2)
    found.fit(X, LABELS, groups=groups)
    assert len(seen) == 5
    assert seen[-1] == groups.tolist()
    assert all(len(part) == 4 and len(set(part)) == 2 for part in seen[:-1])
    assert found.best_params_ == {name: 1}
    assert found.cv_results_["params"] == [{name: 1}, {name: 2}]
    assert f"param_{name}" in found.cv_results_
    assert isinstance(found.best_estimator_, Listening if bare else Pipeline)
    found.fit(X, LABELS)
    assert seen[-1] is None


def test_thresholds_inside_a_search_are_tuned_over_whole_groups(monkeypatch):
    told = []
    tune = TagClassifier._out_of_fold_scores
    monkeypatch.setattr(
        TagClassifier,
        "_out_of_fold_scores",
        lambda self, X, y, groups: told.append(groups) or tune(self, X, y, groups),
    )
    X = np.random.default_rng(0).standard_normal((40, 3))
    found = GroupedSearch(
        TagClassifier(LogisticRegression()), {"estimator__C": [0.1, 10.0]}, cv=2, random_state=0
    )
    found.fit(X, X > 0, groups=np.arange(40) // 4)
    assert len(told) == 5
    assert all(groups is not None for groups in told)
    with pytest.raises(ProtocolError, match="not for tags; search them by grid or random"):
        GroupedSearch(found.estimator, found.param_grid, kind="halving").fit(X, X > 0)


def test_the_name_of_groups_goes_through_pipelines():
    inner = make_pipeline(TagClassifier(LogisticRegression()))
    assert groups_parameter(inner[-1]) == "groups"
    assert groups_parameter(make_pipeline(inner)) == "pipeline__tagclassifier__groups"
    assert groups_parameter(make_pipeline(LogisticRegression())) is None
