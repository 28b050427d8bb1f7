"""Calibration: probabilities from the decision values of a classifier that gives no probabilities.

Inner folds over whole groups are made in `gtzanfeat.model_selection`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.classifiers.group_routing import fit_grouped
from gtzanfeat.errors import ProtocolError
from gtzanfeat.model_selection.grouped_search import grouped_folds

TOLD = ("inner_", "best_params_", "notes_")  # what the last step says of its fit, which is handed on


class CalibratedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Classifier whose decision values become probabilities by Platt's sigmoids.

    The sigmoid of each class is fitted to decision values of training clips that the classifier was not
    trained on, cross-validated over whole groups; the classifier itself is then fitted to all. Of two classes
    one sigmoid is fitted; of more, one for each class against the rest, and their sum is made 1. The label is
    the class of the greatest probability, which with few clips of a class is not always that of the greatest
    decision value.

    Parameters
    ----------
    estimator : classifier
        It has `decision_function`, as support vector machines do; with all steps that learn, so that scaling
        and selection are fitted inside the folds, too.
    cv : int, default=5
        Number of inner folds; fewer if a class has fewer groups.
    random_state : int, RandomState instance or None, default=None
        Seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    estimator_ : classifier
        The classifier fitted to all training clips.
    slopes_, intercepts_ : ndarray of shape (n_classes,), or (1,) for two classes
        The sigmoids: 1 / (1 + exp(-(slope · decision value + intercept))).
    n_features_in_ : int
        Number of columns seen by `fit`, where clips are vectors.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin Classifiers, 1999.
    B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
    KDD 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = np.where(X[:, 0] > 0, "loud", "soft")
    >>> model = CalibratedClassifier(SVC(), random_state=0).fit(X, y, groups=np.arange(60) // 2)
    >>> model.predict_proba([[2.0, 0.0]]).round(1)
    array([[0.9, 0.1]])
    """

    def __init__(
        self, estimator: Any, *, cv: int = 5, random_state: int | np.random.RandomState | None = None
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> CalibratedClassifier:
        """Fit the sigmoids to cross-validated decision values, then the classifier to all clips.

        Parameters
        ----------
        X : array-like or sequence of length n_clips
            What the classifier learns from: a matrix, frame matrices, windows.
        y : array-like of shape (n_clips,)
            Labels.
        groups : array-like of shape (n_clips,), optional
            Artists or recordings, which no inner fold divides, except that of a class that has but one; by
            default each clip is a group.

        Returns
        -------
        CalibratedClassifier
            The fitted classifier itself.

        Raises
        ------
        ProtocolError
            If no class has two clips or more.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None; give the label of each clip")
        X = X if hasattr(X, "shape") else np.asarray(X)
        X = X.tocsr() if hasattr(X, "tocsr") else X
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y, groups)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        groups = None if groups is None else np.asarray(groups)
        self.classes_, label = np.unique(y, return_inverse=True)
        whole, lone = divide_lone_classes(y, groups, np.arange(len(y)))
        counts = np.bincount(label)
        several = np.flatnonzero(counts[label] > 1)  # a class of one clip is trained in all folds
        if len(several) < 2:
            raise ProtocolError(
                f"n_samples = {len(y)}: calibration needs two rows or more of a class; add some"
            )
        scores = np.full((len(y), self._n_sigmoids), np.nan)
        folds = grouped_folds(
            y[several], whole[several], self.cv, stratified=True, random_state=self.random_state
        )
        for _, part in folds:
            test = several[part]
            train = np.setdiff1d(np.arange(len(y)), test)
            some = None if groups is None else groups[train]
            inner = _fitted(self.estimator, _rows(X, train), y[train], some)
            if len(inner.classes_) == len(self.classes_):  # else some decision values have no meaning
                scores[test] = _decision_values(inner, _rows(X, test))
        self.estimator_ = _fitted(self.estimator, X, y, groups)
        self._fit_sigmoids(scores, label, counts)
        if groups is not None and lone:
            names = ", ".join(lone)
            self.notes_ = (
                f"probabilities of {names} were calibrated on clips of one group, such as an artist",
            )
        last = self.estimator_[-1] if isinstance(self.estimator_, Pipeline) else self.estimator_
        for name in TOLD:
            if hasattr(last, name):
                setattr(self, name, getattr(last, name))
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        return self

    def _fit_sigmoids(
        self, scores: NDArray[np.float64], label: NDArray[np.int_], counts: NDArray[np.int_]
    ) -> None:
        """Fit the sigmoids to decision values (n_clips, n_sigmoids), NaN where there are none."""
        known = np.isfinite(scores).all(axis=1)
        numbers = [1] if self._n_sigmoids == 1 else range(self._n_sigmoids)
        sigmoids = np.array(
            [_sigmoid(values[known], label[known] == k) for k, values in zip(numbers, scores.T, strict=True)]
        )
        if self._n_sigmoids > 1 and (counts > 1).any():  # of one clip nothing is known: as the others are
            sigmoids[counts == 1] = sigmoids[counts > 1].mean(axis=0)
        self.slopes_, self.intercepts_ = sigmoids.T

    @property
    def _n_sigmoids(self) -> int:
        return len(self.classes_) if len(self.classes_) > 2 else 1

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the calibrated probabilities.

        Parameters
        ----------
        X : array-like or sequence of length n_clips
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        given: NDArray[np.float64] = expit(
            self.slopes_ * _decision_values(self.estimator_, X) + self.intercepts_
        )
        if self._n_sigmoids == 1:
            return np.concatenate([1.0 - given, given], axis=1)
        total = given.sum(axis=1, keepdims=True)
        even = np.full_like(given, 1.0 / given.shape[1])  # where no class has any probability
        shares: NDArray[np.float64] = np.divide(given, total, out=even, where=total > 0)
        return shares

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of the greatest probability.

        Parameters
        ----------
        X : array-like or sequence of length n_clips
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips,)
            Labels.
        """
        check_is_fitted(self)
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


def divide_lone_classes(y: NDArray[Any], groups: Any, finer: Any) -> tuple[NDArray[Any], list[str]]:
    """Return groups in which each class that has but one has smaller ones; and the names of these classes.

    Otherwise such a class could be either trained or tested, and nothing be learnt of its decision values.

    Parameters
    ----------
    y : ndarray of shape (n_clips,)
        Labels.
    groups : array-like of shape (n_clips,), or None
        Artists or recordings; by default each clip is a group.
    finer : array-like of shape (n_clips,)
        The groups of classes that have but one, such as recordings.

    Returns
    -------
    groups : ndarray of shape (n_clips,)
        Numbers.
    lone : list of str
        Classes whose group was divided.

    Examples
    --------
    >>> divide_lone_classes(np.array(["a", "a", "b", "b"]), ["x", "x", "y", "z"], [0, 1, 2, 3])
    (array([2, 3, 0, 1]), ['a'])
    """
    coarse = np.arange(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    fine = np.unique(np.asarray(finer), return_inverse=True)[1]
    lone = [label for label in np.unique(y) if len(set(coarse[y == label])) == 1]
    divided = np.where(np.isin(y, lone), coarse.max(initial=0) + 1 + fine, coarse)
    return np.unique(divided, return_inverse=True)[1], [str(label) for label in lone]


def _fitted(estimator: Any, X: Any, y: NDArray[Any], groups: NDArray[Any] | None) -> Any:
    return fit_grouped(clone(estimator), X, y, groups)


def _rows(X: Any, rows: NDArray[np.int_]) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def _decision_values(fitted: Any, X: Any) -> NDArray[np.float64]:
    """Return decision values, (n_clips, n_classes), or (n_clips, 1) for two classes."""
    values = np.asarray(fitted.decision_function(X), dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values


def _sigmoid(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of Platt's sigmoid, whose targets are not quite 1 and 0."""
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    # a target between 0 and 1 is a clip of both classes, with these weights
    rows = np.concatenate([values, values])[:, None]
    truth = np.repeat([1, 0], len(values))
    spread = float(values.std()) or 1.0  # of one size, so that the solver converges
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(rows / spread, truth, sample_weight=np.concatenate([target, 1.0 - target]))
    return float(model.coef_[0, 0]) / spread, float(model.intercept_[0])
