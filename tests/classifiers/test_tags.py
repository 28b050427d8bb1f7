import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gtzanfeat.classifiers.tags import TagClassifier, best_threshold


@pytest.fixture
def tags(rng):
    """A table of 120 clips, and three tags: two in columns of their own, the third where both are."""
    X = rng.normal(size=(120, 4))
    y = np.stack([X[:, 0] > 0.3, X[:, 1] > 0.8, (X[:, 0] > 0.3) & (X[:, 1] > 0.8)], axis=1)
    return X, y.astype(int)


def test_untuned_tags_are_those_of_one_classifier_each(tags):
    X, y = tags
    model = TagClassifier(LogisticRegression(), tune=False).fit(X, y)
    for tag in range(3):
        alone = LogisticRegression().fit(X, y[:, tag])
        np.testing.assert_allclose(model.predict_proba(X)[:, tag], alone.predict_proba(X)[:, 1])
        np.testing.assert_array_equal(model.predict(X)[:, tag], alone.predict(X))


def test_a_chain_is_that_of_scikit_learn_commonest_tag_first(tags):
    X, y = tags
    order = np.argsort(-y.mean(axis=0), kind="stable")
    theirs = ClassifierChain(LogisticRegression(), order=order).fit(X, y)
    ours = TagClassifier(LogisticRegression(), chain=True, tune=False).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.parametrize("chain", [False, True])
@pytest.mark.parametrize("member", [LogisticRegression(), SVC()], ids=["probability", "decision"])
def test_tags_are_learnt(tags, member, chain):
    X, y = tags
    model = TagClassifier(make_pipeline(StandardScaler(), member), chain=chain, random_state=0)
    model.fit(X[:80], y[:80])
    assert f1_score(y[80:], model.predict(X[80:]), average="macro") > 0.6
    assert hasattr(model, "predict_proba") == isinstance(member, LogisticRegression)
    assert hasattr(model, "decision_function") != hasattr(model, "predict_proba")
    again = clone(model).fit(X[:80], y[:80])
    np.testing.assert_array_equal(again.thresholds_, model.thresholds_)


def test_classifiers_that_take_groups_are_given_them(tags):
    X, y = tags
    seen = []

    class Grouped(LogisticRegression):
        def fit(self, X, y, groups=None):
            seen.append((X[:, 0], groups))
            return super().fit(X, y)

    group = np.arange(120) // 3
    TagClassifier(Grouped(), cv=2).fit(np.column_stack([group, X]), y, groups=group.tolist())
    assert len(seen) == 3 * 3
    for column, groups in seen:
        np.testing.assert_array_equal(column, groups)


def test_the_best_threshold_is_that_of_a_search_over_all(rng):
    for _ in range(20):
        truth, scores = rng.integers(2, size=30), np.round(rng.random(30), 1)
        truth[0] = 1
        chosen = best_threshold(truth, scores)
        tried = max(f1_score(truth, scores >= threshold) for threshold in np.unique(scores))
        assert f1_score(truth, scores >= chosen) == pytest.approx(tried)


def test_tuned_thresholds_find_rare_tags(rng):
    X = rng.normal(size=(600, 2))
    y = (X[:, [0]] + rng.normal(size=(600, 1)) > 2.2).astype(int)  # one in sixteen
    scores = []
    for tune in (False, True):
        model = TagClassifier(LogisticRegression(), tune=tune, random_state=0).fit(X[:400], y[:400])
        scores.append(f1_score(y[400:], model.predict(X[400:])))
    assert scores[1] > scores[0] + 0.1
    assert 0.0 < model.thresholds_[0] < 0.5


def test_thresholds_are_tuned_on_clips_not_learnt_from(rng):
    # the nearest neighbour of a training clip is itself: on its own scores any threshold would look perfect
    X, y = rng.normal(size=(200, 3)), (rng.random((200, 1)) < 0.3).astype(int)
    seen = []

    class Watcher(KNeighborsClassifier):
        def predict_proba(self, X):
            seen.append((set(map(tuple, self._fit_X)), set(map(tuple, X))))
            return super().predict_proba(X)

    TagClassifier(Watcher(1)).fit(X, y)
    assert len(seen) == 5
    for learnt, scored in seen:
        assert not learnt & scored
        assert len(learnt | scored) == 200


def test_groups_are_not_divided_to_tune(rng):
    X, y = rng.normal(size=(60, 2)), rng.integers(2, size=(60, 1))
    groups = np.arange(12).repeat(5)
    seen = []

    class Watcher(KNeighborsClassifier):
        def predict_proba(self, X):
            seen.append({tuple(row) for row in self._fit_X})
            return super().predict_proba(X)

    TagClassifier(Watcher(1)).fit(X, y, groups=groups)
    for learnt in seen:
        whole = [sum(tuple(row) in learnt for row in X[groups == group]) for group in range(12)]
        assert set(whole) == {0, 5}


def test_tags_that_all_or_none_have_are_answered_so(rng):
    X = rng.normal(size=(20, 2))
    y = np.stack([np.ones(20), np.zeros(20), X[:, 0] > 0], axis=1)
    for chain in (False, True):
        for member in (LogisticRegression(), SVC()):
            model = TagClassifier(member, chain=chain).fit(X, y)
            assert model.predict(X)[:, :2].tolist() == [[1, 0]] * 20
            np.testing.assert_array_equal(model.constant_, [1.0, 0.0, np.nan])
    one = TagClassifier(LogisticRegression()).fit(X[:1], y[:1])
    assert one.predict(X[:2]).shape == (2, 3)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1], "one column per tag, not 1-D"),
        ([[0, 2], [1, 1]], "matrix of 0 and 1"),
        ([["a"], ["b"]], "matrix of 0 and 1"),
        ([[0], [1], [1]], "inconsistent numbers of samples"),
    ],
)
def test_other_truths_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        TagClassifier(LogisticRegression()).fit([[0.0], [1.0]], y)


def test_a_chain_of_frames_is_refused():
    with pytest.raises(ValueError, match="a chain needs a table"):
        TagClassifier(LogisticRegression(), chain=True).fit(np.array([None, None]), [[0], [1]])
