import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from gtzanfeat.classifiers.calibration import (
    class_scores,
    inner_folds,
    inverse_temperature,
    out_of_fold_scores,
)


def test_folds_keep_groups_whole_and_every_class_in_training(rng):
    for seed in range(20):
        groups = rng.integers(12, size=60)
        y = np.array(["a", "b", "c"])[groups % 3]
        folds = inner_folds(y, groups, 5, seed)
        tested = np.concatenate([test for _, test in folds])
        assert len(set(tested)) == len(tested)
        for train, test in folds:
            assert not set(groups[train]) & set(groups[test])
            assert set(y[train]) == set("abc")
            np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(60))


def test_classes_are_dealt_evenly():
    y = np.repeat(["a", "b"], 10)
    for train, test in inner_folds(y, None, 5, 0):
        assert (y[test] == "a").sum() == 2
        assert (y[train] == "b").sum() == 8
    assert len(inner_folds(y, np.arange(20) // 10, 5, 0)) == 0  # one group a class: none can be left out
    assert len(inner_folds(y, np.zeros(20), 5, 0)) == 0


def test_a_class_of_one_group_is_trained_on_throughout():
    y, groups = np.array(list("aaabbb")), [0, 1, 2, 3, 3, 3]
    folds = inner_folds(y, groups, 3, 0)
    assert sorted(np.concatenate([test for _, test in folds])) == [0, 1, 2]


def test_scores_of_every_kind_of_classifier(rng):
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 3
    for model in (LogisticRegression(), SVC(), GaussianNB()):
        scores = class_scores(model.fit(X, y), X)
        assert scores.shape == (60, 3)
        np.testing.assert_array_equal(scores.argmax(axis=1), model.predict(X))
    two = class_scores(SVC().fit(X, y > 0), X)
    np.testing.assert_array_equal(two[:, 0], 0.0)
    with pytest.raises(ValueError, match="SVC gives scores of pairs of classes; set decision_function_shape"):
        class_scores(SVC(decision_function_shape="ovo").fit(rng.normal(size=(60, 3)), np.arange(60) % 4), X)

    class Silent(Perceptron):
        decision_function = property()

    with pytest.raises(ValueError, match="Silent gives neither scores nor probabilities; give a classifier"):
        class_scores(Silent().fit(X, y), X)


def test_the_scale_of_scores_is_found_again(rng):
    logits = rng.normal(size=(20000, 4))
    codes = np.array([rng.choice(4, p=p) for p in softmax(logits, axis=1)])
    assert inverse_temperature(5 * logits, codes) == pytest.approx(1 / 5, rel=0.05)
    assert inverse_temperature(np.zeros((0, 4)), np.zeros(0, dtype=int)) == 1.0


def test_scores_are_of_clips_that_were_not_trained_on(rng):
    X, y = rng.normal(size=(40, 2)), np.repeat([0, 1], 20)
    folds = inner_folds(y, None, 4, 0)
    scores, rows = out_of_fold_scores(LogisticRegression(), X, y, folds)
    assert sorted(rows) == list(range(40))
    train, test = folds[0]
    expected = LogisticRegression().fit(X[train], y[train]).decision_function(X[test])
    np.testing.assert_allclose(scores[: len(test), 1], expected)
