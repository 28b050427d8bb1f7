"""Search over settings inside the training part, over whole groups: grid, random, successive halving.

A search is an estimator like any other, so `evaluate` runs it afresh in every fold of a protocol: nested,
with the outer folds said by the protocol and the inner ones drawn here. What is searched belongs to
`recipes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - what follows is there only after it
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedGroupKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, check_consistent_length, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.model_selection.group_routing import groups_name
from gtzanfeat.recipes import classifier

Grid = Mapping[str, Any] | Sequence[Mapping[str, Any]]
ONLY = "the_only_step"  # of a Pipeline around an estimator, by which groups get past the search


def grouped_folds(
    y: Any, groups: Any = None, folds: int = 3, *, stratified: bool = True, random_state: int | None = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divide rows into folds of whole groups.

    Parameters
    ----------
    y : array-like of shape (n_rows,) or (n_rows, n_tags)
        What is to be learnt.
    groups : array-like of shape (n_rows,), optional
        What to keep together, such as artists; by default each row is for itself.
    folds : int, default=3
        How many folds; fewer if there are fewer groups (of the class that has fewest, where `stratified`).
    stratified : bool, default=True
        Whether classes should be alike in all folds; not for tags and numbers.
    random_state : int or None, default=0
        Seeds the drawing.

    Returns
    -------
    list of (train, test)
        Row numbers, ascending.

    Raises
    ------
    ProtocolError
        If there are fewer than two groups to divide, of any class.

    Examples
    --------
    >>> artists = ["a", "a", "b", "c", "d", "d"]
    >>> for train, test in grouped_folds(["jazz"] * 3 + ["pop"] * 3, artists, 2):
    ...     print(train, test)
    [0 1 3] [2 4 5]
    [2 4 5] [0 1 3]
    """
    y = np.asarray(y)
    number = np.arange(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    check_consistent_length(y, number)
    if len(y) < 2:
        raise ProtocolError(f"n_samples = {len(y)} is nothing to divide; a search needs two rows or more")
    if stratified:
        members = {label: len(set(number[y == label])) for label in np.unique(y)}
        scarcest = min(members, key=members.__getitem__, default=None)
        n_groups, of_what = members.get(scarcest, 0), f" of {scarcest}"
    else:
        n_groups, of_what = len(set(number)), ""
    if n_groups < 2:
        raise ProtocolError(
            f"a search inside the training part needs two groups (recordings, artists){of_what} or more, but "
            f"there is {n_groups}; add some, or leave such classes out"
        )
    rng = np.random.RandomState(random_state)
    number = rng.permutation(number.max() + 1)[
        number
    ]  # which groups stand together is drawn, not alphabetical
    splitter = (StratifiedGroupKFold if stratified else GroupKFold)(min(folds, n_groups))
    return list(splitter.split(y, y, number))


def _all(model: BaseEstimator, grid: Grid, n_candidates: int, seed: int | None, **rest: Any) -> GridSearchCV:
    return GridSearchCV(model, grid, **rest)


def _some(
    model: BaseEstimator, grid: Grid, n_candidates: int, seed: int | None, **rest: Any
) -> RandomizedSearchCV:
    return RandomizedSearchCV(model, grid, n_iter=n_candidates, random_state=seed, **rest)


def _halving(
    model: BaseEstimator, grid: Grid, n_candidates: int, seed: int | None, **rest: Any
) -> HalvingGridSearchCV:
    return HalvingGridSearchCV(model, grid, min_resources="exhaust", random_state=seed, **rest)


KINDS: dict[str, Callable[..., Any]] = {"grid": _all, "random": _some, "halving": _halving}


def _best_has(method: str) -> Callable[[GroupedSearch], bool]:
    return lambda search: hasattr(
        search.best_estimator_ if hasattr(search, "best_estimator_") else search._model(), method
    )


class GroupedSearch(MetaEstimatorMixin, BaseEstimator):
    """Find the best settings by cross-validation over whole groups, and fit with them.

    Under `evaluate` the search is nested: every fold of the protocol searches in its own training part, whose
    artists (under protocols that keep artists whole) or recordings are its groups. There is no metadata to
    route.

    Parameters
    ----------
    estimator : estimator or str, default="svm"
        What to set; the name of a recipe stands for the part of it that follows the features.
    grid : dict or list of dict
        By the name of a parameter (``"classify__C"``), the values to try; for "random" also distributions.
    kind : {"grid", "random", "halving"}, default="grid"
        All settings; `n_candidates` drawn ones; or all on few rows, the best third on three times as many,
        and so on.
    n_candidates : int, default=10
        How many settings "random" draws.
    folds : int, default=3
        Inner folds, or fewer if there are fewer groups.
    scoring : str or callable, optional
        What is best, as scikit-learn has it; by default accuracy, macro F1 for tags, R² for numbers.
    n_jobs : int, optional
        Workers.
    random_state : int or None, default=0
        Seeds inner folds, draws, and a recipe given by name.

    Attributes
    ----------
    best_estimator_ : estimator
        Fitted to all rows with the best settings.
    best_params_ : dict
        These settings.
    best_score_ : float
        Their mean score over the inner folds: of the best of many, so too high; `evaluate` gives an honest
        one.
    cv_results_ : dict of arrays
        As scikit-learn's searches have it.
    classes_ : ndarray
        Of a classifier.
    inner_ : str
        What was done, in plain words.

    References
    ----------
    S. Varma and R. Simon, "Bias in error estimation when using cross-validation for model selection", BMC
    Bioinformatics 7, 2006.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((40, 2)), np.repeat(["jazz", "pop"], 20)
    >>> X[20:] += 3
    >>> search = GroupedSearch("knn1", {"classify__n_neighbors": [1, 5]}).fit(X, y, groups=np.arange(40) // 2)
    >>> search.inner_
    'a grid of 2 settings, by stratified 3-fold over 20 groups'
    >>> sorted(search.best_params_)
    ['classify__n_neighbors']
    """

    def __init__(
        self,
        estimator: BaseEstimator | str = "svm",
        grid: Grid | None = None,
        *,
        kind: str = "grid",
        n_candidates: int = 10,
        folds: int = 3,
        scoring: Any = None,
        n_jobs: int | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.estimator = estimator
        self.grid = grid
        self.kind = kind
        self.n_candidates = n_candidates
        self.folds = folds
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> GroupedSearch:
        """Search, then fit to all rows.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            What the estimator learns from: a table, clips, frames.
        y : array-like of shape (n_rows,) or (n_rows, n_tags)
            The truth.
        groups : array-like of shape (n_rows,), optional
            What no inner fold may divide; by default each row is for itself. Handed on if the `fit` of the
            estimator, or of the last step of a Pipeline, takes groups.

        Returns
        -------
        self

        Raises
        ------
        UnknownNameError
            If there is no such kind, recipe or parameter.
        ProtocolError
            If there are too few groups to divide, or tags are to be searched by halving.
        ValueError
            If there is nothing to search.
        """
        if self.kind not in KINDS:
            raise UnknownNameError("kind of search", self.kind, KINDS)
        if not isinstance(self.folds, int) or self.folds < 2:
            raise ValueError(f"folds must be 2 or more, not {self.folds!r}")
        model = self._model()
        assert_all_finite(np.asarray(y))
        if is_classifier(model):
            check_classification_targets(y)
        _check_names(model, self.grid)
        truth = np.asarray(y)
        if self.kind == "halving" and truth.ndim == 2:
            raise ProtocolError(
                "halving is for one truth per row, not for tags; search them by grid or random"
            )
        stratified = is_classifier(model) and truth.ndim == 1
        splits = grouped_folds(
            truth, groups, self.folds, stratified=stratified, random_state=self.random_state
        )
        scoring = self.scoring
        if scoring is None and truth.ndim == 2 and is_classifier(model):
            scoring = make_scorer(f1_score, average="macro", zero_division=0.0)
        handed_on = groups_name(model) if groups is not None else None
        bare = handed_on == "groups"  # a name that scikit-learn's searches keep for themselves
        if bare:
            model, handed_on = Pipeline([(ONLY, model)]), f"{ONLY}__groups"
        search = KINDS[self.kind](
            model,
            _prefixed(self.grid) if bare else self.grid,
            self.n_candidates,
            self.random_state,
            cv=splits,
            scoring=scoring,
            n_jobs=self.n_jobs,
            error_score="raise",
        )
        search.fit(X, y, **({} if handed_on is None else {handed_on: np.asarray(groups)}))
        self.best_estimator_ = search.best_estimator_[-1] if bare else search.best_estimator_
        self.best_params_ = _unprefixed(search.best_params_)
        self.best_score_ = search.best_score_
        self.cv_results_ = _unprefixed(search.cv_results_)
        self.cv_results_["params"] = [_unprefixed(params) for params in search.cv_results_["params"]]
        for name in ("classes_", "n_features_in_", "feature_names_in_"):
            if hasattr(search, name):
                setattr(self, name, getattr(search, name))
        n_settings = len({repr(params) for params in search.cv_results_["params"]})
        n_groups = len(truth) if groups is None else len(set(np.asarray(groups).tolist()))
        how = {"grid": "a grid of", "random": "a random draw of", "halving": "successive halving of"}[
            self.kind
        ]
        self.inner_ = (
            f"{how} {n_settings} settings, by {'stratified ' if stratified else ''}{len(splits)}-fold over "
            f"{n_groups} groups"
        )
        return self

    def _model(self) -> Any:
        if isinstance(self.estimator, str):
            return classifier(self.estimator, random_state=self.random_state)
        return clone(self.estimator)

    def predict(self, X: Any) -> np.ndarray:
        """Answer with the best settings.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_tags)
        """
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    @available_if(_best_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """Give probabilities with the best settings; only where the estimator has them.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict_proba(X)

    @available_if(_best_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Give decision scores with the best settings; only where the estimator has them.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
        """
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.decision_function(X)

    def score(self, X: Any, y: Any) -> float:
        """Score of the best settings, as the estimator itself scores.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.
        y : array-like of shape (n_rows,) or (n_rows, n_tags)
            The truth.

        Returns
        -------
        float
        """
        check_is_fitted(self, "best_estimator_")
        return float(self.best_estimator_.score(X, y))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._model())
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        return tags


def _prefixed(grid: Any) -> Any:
    if isinstance(grid, Mapping):
        return {f"{ONLY}__{name}": values for name, values in grid.items()}
    return [_prefixed(part) for part in grid]


def _unprefixed(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace(f"{ONLY}__", "", 1): value for name, value in named.items()}


def _check_names(model: BaseEstimator, grid: Grid | None) -> None:
    """Refuse an empty grid, and settings that the estimator has not."""
    if not grid:
        raise ValueError("there is nothing to search; give a grid such as {'classify__C': [0.1, 1, 10]}")
    known = model.get_params()
    for part in [grid] if isinstance(grid, Mapping) else grid:
        for name in part:
            if name not in known:
                raise UnknownNameError("parameter", name, known)
