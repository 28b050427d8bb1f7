"""Grid, random and halving search by cross-validation over whole groups: `GroupedSearch`.

Under `evaluate` the search runs in the training part of every outer fold (nested cross-validation). The outer
folds are made by the protocols of `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - before HalvingGridSearchCV
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedGroupKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.classifiers.group_routing import groups_parameter
from gtzanfeat.errors import ProtocolError, UnknownNameError
from gtzanfeat.recipes import Seed, classifier

Grid = Mapping[str, Any] | Sequence[Mapping[str, Any]]
STEP = "the_only_step"  # of a Pipeline around an estimator whose fit takes "groups"
SEARCHES = {"grid": "a grid of", "random": "a random draw of", "halving": "successive halving of"}


def grouped_folds(
    y: Any, groups: Any = None, cv: int = 5, *, stratified: bool = True, random_state: Seed = None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return cross-validation folds that keep groups whole.

    Parameters
    ----------
    y : array-like of shape (n_rows,) or (n_rows, n_tags)
        The target.
    groups : array-like of shape (n_rows,), optional
        Groups to keep whole, such as artists; by default each row is a group.
    cv : int, default=5
        Number of folds; fewer if there are fewer groups (of the class with fewest, where `stratified`).
    stratified : bool, default=True
        Whether the shares of the classes are to be alike in all folds; not for tags and numbers.
    random_state : int, RandomState instance or None, default=None
        Seed of the assignment of groups to folds.

    Returns
    -------
    list of (train, test)
        Row numbers of each fold, ascending.

    Raises
    ------
    ProtocolError
        If there are fewer than two groups, or fewer than two of any class.

    Examples
    --------
    >>> artists = ["a", "a", "b", "c", "d", "d"]
    >>> for train, test in grouped_folds(["jazz"] * 3 + ["pop"] * 3, artists, 2, random_state=0):
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
    # scikit-learn's splitters go by the order of the groups, which is alphabetical here: shuffle it
    number = check_random_state(random_state).permutation(number.max() + 1)[number]
    splitter = (StratifiedGroupKFold if stratified else GroupKFold)(min(cv, n_groups))
    return list(splitter.split(y, y, number))


def _best_estimator_has(method: str) -> Callable[[GroupedSearch], bool]:
    def check(search: GroupedSearch) -> bool:
        fitted = hasattr(search, "best_estimator_")
        return hasattr(search.best_estimator_ if fitted else search._model(), method)

    return check


class GroupedSearch(MetaEstimatorMixin, BaseEstimator):
    """Search over hyperparameters by cross-validation over whole groups, then refit with the best.

    Under `evaluate` the search is nested: it runs in the training part of every outer fold, over its artists
    (under protocols that keep artists whole) or recordings. No metadata routing is needed.

    Parameters
    ----------
    estimator : estimator or str, default="svm"
        The estimator to tune; the name of a recipe stands for the part of it that follows the features.
    param_grid : dict or list of dict
        For each parameter (``"classify__C"``) the values to try, as in scikit-learn's ``GridSearchCV``; for
        "random" also distributions, as in ``RandomizedSearchCV``.
    kind : {"grid", "random", "halving"}, default="grid"
        All candidates; `n_iter` random ones; or successive halving: all candidates on few rows, the best
        third on three times as many, and so on.
    n_iter : int, default=10
        Number of candidates that "random" draws.
    cv : int, default=5
        Number of inner folds; fewer if there are fewer groups.
    scoring : str or callable, optional
        Score to maximise, as in scikit-learn; by default accuracy, macro F1 for tags, R² for numbers.
    n_jobs : int, optional
        Number of workers.
    random_state : int, RandomState instance or None, default=None
        Seed of the inner folds, of the drawing of candidates, and of a recipe given by name.

    Attributes
    ----------
    best_estimator_ : estimator
        Estimator with the best parameters, fitted to all rows.
    best_params_ : dict
        The best parameters.
    best_score_ : float
        Their mean score over the inner folds. As the best of many it is biased upwards; `evaluate` gives an
        unbiased one.
    cv_results_ : dict of arrays
        As in scikit-learn's searches.
    classes_ : ndarray
        Labels, if the estimator is a classifier.
    inner_ : str
        The search and its folds in words.

    References
    ----------
    S. Varma and R. Simon, "Bias in error estimation when using cross-validation for model selection", BMC
    Bioinformatics 7, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((40, 2)), np.repeat(["jazz", "pop"], 20)
    >>> X[20:] += 3
    >>> search = GroupedSearch("knn1", {"classify__n_neighbors": [1, 5]}, random_state=0)
    >>> search.fit(X, y, groups=np.arange(40) // 2).inner_
    'a grid of 2 settings, by stratified 5-fold over 20 groups'
    >>> sorted(search.best_params_)
    ['classify__n_neighbors']
    """

    def __init__(
        self,
        estimator: BaseEstimator | str = "svm",
        param_grid: Grid | None = None,
        *,
        kind: str = "grid",
        n_iter: int = 10,
        cv: int = 5,
        scoring: Any = None,
        n_jobs: int | None = None,
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.param_grid = param_grid
        self.kind = kind
        self.n_iter = n_iter
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> GroupedSearch:
        """Search, then fit the best estimator to all rows.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            What the estimator learns from: a matrix, clips, frame matrices.
        y : array-like of shape (n_rows,) or (n_rows, n_tags)
            The target.
        groups : array-like of shape (n_rows,), optional
            Groups that no inner fold divides; by default each row is a group. Passed on if the `fit` of the
            estimator, or of the last step of a Pipeline, takes groups.

        Returns
        -------
        GroupedSearch
            The fitted search itself.

        Raises
        ------
        UnknownNameError
            If there is no such kind, recipe or parameter.
        ProtocolError
            If there are too few groups, or tags are to be searched by halving.
        ValueError
            If there is nothing to search.
        """
        model, truth = self._model(), np.asarray(y)
        self._check_parameters(model, y)
        stratified = is_classifier(model) and truth.ndim == 1
        splits = grouped_folds(truth, groups, self.cv, stratified=stratified, random_state=self.random_state)
        name = groups_parameter(model) if groups is not None else None
        grid = self.param_grid
        wrapped = name == "groups"  # scikit-learn's searches take that keyword for themselves
        if wrapped:
            model, grid, name = Pipeline([(STEP, model)]), _prefixed(grid), f"{STEP}__groups"
        search = self._search(model, grid, splits, multi_label=is_classifier(model) and truth.ndim == 2)
        search.fit(X, y, **({} if name is None else {name: np.asarray(groups)}))
        self._store(search, wrapped)
        n_settings = len({repr(params) for params in search.cv_results_["params"]})
        n_groups = len(truth) if groups is None else len(set(np.asarray(groups).tolist()))
        self.inner_ = (
            f"{SEARCHES[self.kind]} {n_settings} settings, by {'stratified ' if stratified else ''}"
            f"{len(splits)}-fold over {n_groups} groups"
        )
        return self

    def _check_parameters(self, model: BaseEstimator, y: Any) -> None:
        """Raise the error that a parameter or the target calls for."""
        if self.kind not in SEARCHES:
            raise UnknownNameError("kind of search", self.kind, SEARCHES)
        if not isinstance(self.cv, int) or self.cv < 2:
            raise ValueError(f"cv must be 2 or more, not {self.cv!r}")
        assert_all_finite(np.asarray(y))
        if is_classifier(model):
            check_classification_targets(y)
        _check_names(model, self.param_grid)
        if self.kind == "halving" and np.ndim(y) == 2:
            raise ProtocolError(
                "halving is for one truth per row, not for tags; search them by grid or random"
            )

    def _search(self, model: BaseEstimator, grid: Any, splits: Any, *, multi_label: bool) -> Any:
        """Return the search of scikit-learn, unfitted."""
        scoring = self.scoring
        if scoring is None and multi_label:
            scoring = make_scorer(f1_score, average="macro", zero_division=0.0)
        shared = {"cv": splits, "scoring": scoring, "n_jobs": self.n_jobs, "error_score": "raise"}
        if self.kind == "grid":
            return GridSearchCV(model, grid, **shared)
        shared["random_state"] = self.random_state
        if self.kind == "random":
            return RandomizedSearchCV(model, grid, n_iter=self.n_iter, **shared)
        return HalvingGridSearchCV(model, grid, min_resources="exhaust", **shared)

    def _store(self, search: Any, wrapped: bool) -> None:
        """Set the fitted attributes from a search of scikit-learn's."""
        self.best_estimator_ = search.best_estimator_[-1] if wrapped else search.best_estimator_
        self.best_params_ = _unprefixed(search.best_params_)
        self.best_score_ = search.best_score_
        self.cv_results_ = _unprefixed(search.cv_results_)
        self.cv_results_["params"] = [_unprefixed(params) for params in search.cv_results_["params"]]
        for name in ("classes_", "n_features_in_", "feature_names_in_"):
            if hasattr(search, name):
                setattr(self, name, getattr(search, name))

    def _model(self) -> Any:
        """Return the estimator to tune, unfitted."""
        if isinstance(self.estimator, str):
            return classifier(self.estimator, random_state=self.random_state)
        return clone(self.estimator)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_tags)
            Predictions.
        """
        check_is_fitted(self, "best_estimator_")
        return np.asarray(self.best_estimator_.predict(X))

    @available_if(_best_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities of the best estimator, if it has them.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict_proba(X)

    @available_if(_best_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decision function of the best estimator, if it has one.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            As the estimator gives it.
        """
        check_is_fitted(self, "best_estimator_")
        return np.asarray(self.best_estimator_.decision_function(X))

    def score(self, X: Any, y: Any) -> float:
        """Return the score of the best estimator by its own method.

        Parameters
        ----------
        X : array-like or sequence of length n_rows
            As in `fit`.
        y : array-like of shape (n_rows,) or (n_rows, n_tags)
            The target.

        Returns
        -------
        float
            Accuracy of a classifier, R² of a regressor.
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
    """Return a grid with its parameters named as those of the step `STEP`."""
    if isinstance(grid, Mapping):
        return {f"{STEP}__{name}": values for name, values in grid.items()}
    return [_prefixed(part) for part in grid]


def _unprefixed(named: Mapping[str, Any]) -> dict[str, Any]:
    """Undo `_prefixed` in the keys of a mapping."""
    return {name.replace(f"{STEP}__", "", 1): value for name, value in named.items()}


def _check_names(model: BaseEstimator, grid: Grid | None) -> None:
    """Raise an error if the grid is empty or names a parameter that the estimator lacks."""
    if not grid:
        raise ValueError("there is nothing to search; give a grid such as {'classify__C': [0.1, 1, 10]}")
    known = model.get_params()
    for part in [grid] if isinstance(grid, Mapping) else grid:
        for name in part:
            if name not in known:
                raise UnknownNameError("parameter", name, known)
