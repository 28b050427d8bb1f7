"""Nested search: whole groups inside, nothing of the test part, the same as scikit-learn by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator

from gtzanfeat import evaluate
from gtzanfeat.classifiers.tags import TagClassifier
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.model_selection.grouped_search import GroupedSearch, grouped_folds

GRID = {"C": [0.01, 1.0, 100.0]}


def songs(n_artists=12, per_artist=4, seed=0):
    """Two classes whose means differ a little, with an artist's own offset on every song."""
    rng = np.random.default_rng(seed)
    artists = np.repeat(np.arange(n_artists), per_artist)
    y = np.where(artists % 2, "jazz", "pop").astype(object)
    X = rng.standard_normal((n_artists, 3))[artists] + 0.3 * rng.standard_normal((len(artists), 3))
    X[:, 0] += 2 * (artists % 2)
    return X, y, np.array([f"artist {a}" for a in artists], dtype=object)


@pytest.mark.parametrize("stratified", [True, False])
def test_no_group_is_divided_and_every_row_is_tested_once(stratified):
    _, y, artists = songs()
    folds = grouped_folds(y, artists, 3, stratified=stratified)
    for train, test in folds:
        assert not set(artists[train]) & set(artists[test])
        assert sorted([*train, *test]) == list(range(len(y)))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(y)))


def test_folds_are_drawn_from_their_seed_and_no_more_than_the_scarcest_class_has_groups():
    _, y, artists = songs()
    one, same, other = (grouped_folds(y, artists, 3, random_state=seed) for seed in (0, 0, 1))
    assert [t.tolist() for _, t in one] == [t.tolist() for _, t in same]
    assert [t.tolist() for _, t in one] != [t.tolist() for _, t in other]
    assert len(grouped_folds(["a"] * 9 + ["b"] * 2, np.arange(11), 5)) == 2


def test_one_group_of_a_class_cannot_be_divided():
    with pytest.raises(ProtocolError, match="two groups .* of pop or more, but there is 1; add some"):
        grouped_folds(["jazz", "jazz", "pop", "pop"], ["a", "b", "c", "c"], 2)


def test_it_finds_what_grid_search_finds_on_the_same_folds():
    X, y, artists = songs()
    ours = GroupedSearch(LogisticRegression(), GRID, cv=4, random_state=0).fit(X, y, groups=artists)
    theirs = GridSearchCV(LogisticRegression(), GRID, cv=grouped_folds(y, artists, 4, random_state=0)).fit(
        X, y
    )
    np.testing.assert_array_equal(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    assert ours.best_params_ == theirs.best_params_
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    assert ours.inner_ == "a grid of 3 settings, by stratified 4-fold over 12 groups"
    assert ours.score(X, y) == theirs.best_estimator_.score(X, y)


@pytest.mark.parametrize(
    ("kind", "grid", "words"),
    [
        ("random", {"C": loguniform(1e-3, 1e3)}, "a random draw of 5 settings"),
        ("halving", {"C": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]}, "successive halving of 6 settings"),
    ],
)
def test_other_kinds_of_search_are_the_same_twice(kind, grid, words):
    X, y, artists = songs(24)
    one, two = (
        GroupedSearch(SVC(), grid, kind=kind, n_iter=5, random_state=0).fit(X, y, groups=artists)
        for _ in range(2)
    )
    assert one.best_params_ == two.best_params_
    assert one.inner_ == f"{words}, by stratified 5-fold over 24 groups"
    assert one.decision_function(X).shape == (len(X),)
    assert not hasattr(one, "predict_proba")


def test_tags_and_numbers_are_searched_too():
    X, y, artists = songs()
    tags = np.stack([y == "jazz", X[:, 1] > 0], axis=1).astype(int)
    tagged = GroupedSearch(
        TagClassifier(LogisticRegression(), cv=2), {"estimator__C": [0.1, 10.0]}, cv=2, random_state=0
    )
    assert tagged.fit(X, tags, groups=artists).predict(X).shape == tags.shape
    assert "by 2-fold over 12 groups" in tagged.inner_
    numbers = GroupedSearch(Ridge(), {"alpha": [0.1, 10.0]}, random_state=0).fit(
        X, X @ [1.0, 2.0, 3.0], groups=artists
    )
    assert numbers.best_params_ == {"alpha": 0.1}


def table(artists, y):
    names = [f"song {i}" for i in range(len(y))]
    return ClipTable(
        pd.DataFrame({"path": names, "recording": names, "label": y, "artist": artists}), "example"
    )


def test_what_is_learnt_in_a_fold_does_not_know_its_test_part():
    X, y, artists = songs(16)
    spoilt = X.copy()
    search = GroupedSearch("logistic", {"classify__C": [0.01, 1.0, 100.0]}, random_state=0)
    folds = grouped_folds(y, artists, 4)
    train, test = folds[0]
    spoilt[test] = np.random.default_rng(1).standard_normal((len(test), 3)) * 100
    one, two = (clone(search).fit(Z[train], y[train], groups=artists[train]) for Z in (X, spoilt))
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


def test_nested_in_an_evaluation_the_inner_folds_keep_artists_whole(monkeypatch):
    X, y, artists = songs(16)
    seen = []

    def spy(y, groups=None, *args, **kwargs):
        seen.append(np.asarray(groups))
        return grouped_folds(y, groups, *args, **kwargs)

    monkeypatch.setattr("gtzanfeat.model_selection.grouped_search.grouped_folds", spy)
    search = GroupedSearch("logistic", {"classify__C": [0.01, 1.0]}, cv=2, random_state=0)
    result = evaluate(search, table(artists, y), values=X, protocol="artist", cv=4, repeats=1)
    assert len(seen) == 4
    assert all(set(groups) <= set(artists) for groups in seen)
    assert result.accuracy > 0.7


def test_settings_chosen_on_noise_score_at_chance():
    """With labels that mean nothing, the best of 12 settings is worth nothing outside its training part."""
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((120, 20)), np.array(["jazz", "pop"] * 60, dtype=object)
    search = GroupedSearch(
        "svm", {"classify__gamma": [0.001, 0.01, 0.1, 1.0], "classify__C": [0.1, 1, 10]}, cv=3, random_state=0
    )
    outer = evaluate(search, table(None, y), values=X, protocol="random", cv=4, repeats=1).accuracy
    assert abs(outer - 0.5) < 0.12  # 2.6 standard deviations of 120 tosses of a coin


@pytest.mark.parametrize(
    ("search", "error", "words"),
    [
        (GroupedSearch("svm"), ValueError, "nothing to search; give a grid such as"),
        (GroupedSearch("svm", {"C": [1]}), UnknownNameError, "unknown parameter 'C'.*classify__C"),
        (GroupedSearch("svn", {"C": [1]}), UnknownNameError, "unknown recipe 'svn'.*svm"),
        (GroupedSearch("svm", GRID, kind="bayes"), UnknownNameError, "unknown kind of search 'bayes'"),
        (GroupedSearch(SVC(), GRID, cv=1), ValueError, "cv must be 2 or more, not 1"),
    ],
)
def test_what_cannot_be_searched_says_why(search, error, words):
    X, y, artists = songs()
    with pytest.raises(error, match=words):
        search.fit(X, y, groups=artists)


def test_scikit_learn_accepts_it():
    checks = list(estimator_checks_generator(GroupedSearch(GaussianNB(), {"var_smoothing": [1e-9]}, cv=2)))
    skipped = []
    for estimator, check in checks:
        try:
            check(estimator)
        except pytest.skip.Exception as reason:
            skipped.append(reason)
        except Exception as error:
            if type(error).__name__ != "SkipTest":
                raise
            skipped.append(error)
    assert len(checks) - len(skipped) >= 50
