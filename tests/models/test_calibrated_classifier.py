"""Calibrated probabilities are right as often as they say, and no inner fold divides a group."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from gtzanfeat.errors import ProtocolError
from gtzanfeat.model_selection import GroupedSearch
from gtzanfeat.models import CalibratedClassifier
from gtzanfeat.recipes import classifier


def blobs(rng, n, centres):
    label = np.arange(n) % len(centres)
    return np.asarray(centres)[label] + rng.normal(size=(n, 2)), np.array(list("abc"))[label]


@parametrize_with_checks([CalibratedClassifier(make_pipeline(StandardScaler(), SVC()), random_state=0)])
def test_it_is_an_estimator_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("centres", [[(0, 0), (2, 0)], [(0, 0), (2, 0), (0, 2)]])
def test_probabilities_are_right_as_often_as_they_say(rng, centres):
    X, y = blobs(rng, 400, centres)
    unheard, truth = blobs(rng, 4000, centres)
    model = CalibratedClassifier(SVC(), random_state=0).fit(X, y)
    given = model.predict_proba(unheard)
    np.testing.assert_allclose(given.sum(axis=1), 1.0)
    distance = ((unheard[:, None] - np.asarray(centres)) ** 2).sum(axis=-1)
    bayes = np.exp(-distance / 2) / np.exp(-distance / 2).sum(axis=1, keepdims=True)
    assert log_loss(truth, given) < log_loss(truth, bayes) + 0.15  # what no model is better than
    sure = given.max(axis=1)
    right = model.predict(unheard) == truth
    bins = np.digitize(sure, [0.6, 0.7, 0.8, 0.9])
    gaps = [abs(sure[bins == k].sum() - right[bins == k].sum()) for k in range(5)]
    assert sum(gaps) / len(right) < 0.1  # the expected calibration error


class Peeking(ClassifierMixin, BaseEstimator):
    """Notes which groups, which are its first column, it was trained on and asked for."""

    seen: ClassVar[list] = []

    def fit(self, X, y):
        self.classes_, self.groups_ = np.unique(y), set(X[:, 0])
        return self

    def decision_function(self, X):
        self.seen.append(self.groups_ & set(X[:, 0]))
        return X[:, 1]


def test_no_group_is_on_both_sides_of_an_inner_fold(rng):
    groups = np.repeat(np.arange(12), 5)
    y = np.where(groups % 2, "loud", "soft")
    X = np.stack([groups, rng.normal(size=60) + groups % 2], axis=1)
    Peeking.seen = []
    CalibratedClassifier(Peeking(), random_state=0).fit(X, y, groups=groups)
    assert len(Peeking.seen) == 5
    assert not any(Peeking.seen)


def test_a_search_inside_is_given_the_groups_and_says_what_it_did(rng):
    X, y = blobs(rng, 60, [(0, 0), (2, 0)])
    search = GroupedSearch(classifier("svm"), {"classify__C": [0.1, 1.0]}, cv=2, random_state=0)
    pairs = np.arange(60) // 4 * 2 + np.arange(60) % 2
    model = CalibratedClassifier(search, cv=2, random_state=0).fit(X, y, groups=pairs)
    assert "over 30 groups" in model.inner_
    assert set(model.best_params_) == {"classify__C"}


def test_a_class_of_one_group_is_divided_and_named(rng):
    X, y = blobs(rng, 20, [(0, 0), (4, 0)])
    groups = np.where(y == "a", "one artist", np.arange(20).astype(str))
    model = CalibratedClassifier(SVC(), random_state=0).fit(X, y, groups=groups)
    assert model.notes_ == ("probabilities of a were calibrated on clips of one group, such as an artist",)
    assert model.score(X, y) > 0.9


def test_a_class_of_one_clip_is_trained_in_all_folds(rng):
    X, y = blobs(rng, 40, [(0, 0), (4, 0)])
    X, y = np.concatenate([X, [[0.0, 9.0]]]), np.append(y, "c")
    model = CalibratedClassifier(SVC(kernel="linear"), random_state=0).fit(X, y)
    assert model.predict([[0.0, 9.0], [0.0, 0.0]]).tolist() == ["c", "a"]


def test_single_clips_cannot_be_calibrated(rng):
    X, y = blobs(rng, 3, [(0, 0), (2, 0), (0, 2)])
    with pytest.raises(ProtocolError, match="two rows"):
        CalibratedClassifier(SVC()).fit(X, y)
