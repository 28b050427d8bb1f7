"""Multi-label classification of tags by binary relevance or classifier chains, with tuned thresholds.

Metrics of tags are in `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import GroupKFold, KFold
from sklearn.multioutput import ClassifierChain
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.classifiers.group_routing import fit_grouped


def _has_probabilities(model: TagClassifier) -> bool:
    return hasattr(model.estimator, "predict_proba")


class TagClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Multi-label classifier with one binary classifier and one decision threshold per tag.

    Binary relevance: one classifier per tag separates the clips that have it from the rest. In a chain, each
    classifier is also given the tags before it. A tag is predicted where its score reaches its threshold: the
    one of greatest F1 on scores that are cross-validated inside the training clips, because a threshold
    chosen on the clips that it is tested on would overstate the score.

    Parameters
    ----------
    estimator : classifier
        Binary classifier with `predict_proba` or `decision_function`.
    chain : bool, default=False
        Whether tags are learnt in a chain, most frequent first; X must then be a matrix with one clip per
        row.
    tune : bool, default=True
        Whether thresholds are tuned; otherwise they are 0.5 for probabilities and 0 for decision functions.
    cv : int, default=5
        Number of folds in which thresholds are tuned; fewer if there are fewer groups.
    n_jobs : int, optional
        Number of workers over tags; not used in a chain.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds if `fit` is given no groups.

    Attributes
    ----------
    thresholds_ : ndarray of shape (n_tags,)
        Smallest score for which each tag is predicted.
    constant_ : ndarray of shape (n_tags,), float
        0 or 1 for a tag that no training clip or every one has, which is then always predicted so; else NaN.
    n_tags_ : int
        Number of tags.

    References
    ----------
    J. Read, B. Pfahringer, G. Holmes and E. Frank, "Classifier chains for multi-label classification",
    Machine Learning 85, 2011. Z. Lipton, C. Elkan and B. Naryanaswamy, "Optimal thresholding of classifiers
    to maximize F1 measure", ECML 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = TagClassifier(LogisticRegression()).fit(X, X > 0.5)
    >>> model.predict([[2.0, -2.0], [-2.0, -2.0]])
    array([[1, 0],
           [0, 0]])
    """

    def __init__(
        self,
        estimator: Any,
        *,
        chain: bool = False,
        tune: bool = True,
        cv: int = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.chain = chain
        self.tune = tune
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> TagClassifier:
        """Tune a threshold for every tag, then fit to all clips.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns), or whatever else `estimator` takes
            The clips.
        y : array-like of shape (n_clips, n_tags)
            1 where a clip has a tag, else 0.
        groups : array-like of shape (n_clips,), optional
            Recordings or artists: clips of one group are in the same fold. Passed on to classifiers that
            take them, but not in a chain.

        Returns
        -------
        TagClassifier
            The fitted classifier itself.

        Raises
        ------
        ValueError
            If y is not a matrix of 0 and 1, or does not fit X.
        """
        y = np.asarray(y)
        if y.ndim != 2 or not y.size or not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"y must be a matrix of 0 and 1, one row per clip and one column per tag, not {y.ndim}-D of "
                f"type {y.dtype}"
            )
        check_consistent_length(X, y, groups)
        groups = None if groups is None else np.asarray(groups)
        y = y.astype(int)
        if not hasattr(X, "shape"):
            X = np.asarray(X)
        if self.chain and len(X.shape) != 2:
            raise ValueError("a chain needs a table of one clip per row; leave chain out, or summarise first")
        if len(X.shape) == 2:
            self.n_features_in_ = X.shape[1]
        self.n_tags_ = y.shape[1]
        self.classes_ = np.arange(self.n_tags_)  # as OneVsRestClassifier has it for tags
        self.thresholds_ = np.full(self.n_tags_, 0.5 if _has_probabilities(self) else 0.0)
        if self.tune:
            scores, scored = self._out_of_fold_scores(X, y, groups)
            for tag in range(self.n_tags_):
                rows = scored[:, tag]
                if y[rows, tag].any():
                    self.thresholds_[tag] = best_threshold(y[rows, tag], scores[rows, tag])
        self._fit_members(X, y, groups)
        return self

    def _out_of_fold_scores(
        self, X: Any, y: NDArray[np.int_], groups: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return cross-validated scores of the training clips, and which are not of constant tags."""
        scores, scored = np.zeros(y.shape), np.zeros(y.shape, dtype=bool)
        number = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
        n_folds = min(self.cv, len(np.unique(number)))
        if n_folds < 2:
            return scores, scored
        if groups is None:
            folds = KFold(n_folds, shuffle=True, random_state=self.random_state).split(number)
        else:
            folds = GroupKFold(n_folds).split(number, groups=number)
        for train, test in folds:
            inner = clone(self)._fit_members(X[train], y[train], None if groups is None else groups[train])
            scores[test] = inner._scores(X[test])
            scored[np.ix_(test, np.isnan(inner.constant_))] = True
        return scores, scored

    def _fit_members(self, X: Any, y: NDArray[np.int_], groups: NDArray[Any] | None) -> TagClassifier:
        """Fit the classifiers of all tags that vary over the clips."""
        held = y.mean(axis=0)
        self.constant_ = np.where((held == 0) | (held == 1), held, np.nan)
        varying = np.flatnonzero(np.isnan(self.constant_))
        self.members_: Any = []
        if self.chain and len(varying):
            order = np.argsort(-held[varying], kind="stable")
            self.members_ = ClassifierChain(clone(self.estimator), order=order).fit(X, y[:, varying])
        elif len(varying):
            self.members_ = Parallel(n_jobs=self.n_jobs, prefer="threads")(
                delayed(fit_grouped)(clone(self.estimator), X, y[:, tag], groups) for tag in varying
            )
        return self

    def _scores(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities, or else decision functions, (n_clips, n_tags)."""
        X = X if hasattr(X, "shape") else np.asarray(X)
        probabilities = _has_probabilities(self)
        scores = np.empty((len(X), len(self.constant_)))
        scores[:] = self.constant_ if probabilities else 2.0 * self.constant_ - 1.0
        varying = np.flatnonzero(np.isnan(self.constant_))
        if not len(varying):
            return scores
        if self.chain:
            scores[:, varying] = (
                self.members_.predict_proba(X) if probabilities else self.members_.decision_function(X)
            )
        else:
            for tag, member in zip(varying, self.members_, strict=True):
                scores[:, tag] = (
                    member.predict_proba(X)[:, 1] if probabilities else member.decision_function(X)
                )
        return scores

    def predict(self, X: Any) -> NDArray[np.int_]:
        """Return the tags whose score reaches their threshold.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns), or whatever else `estimator` takes
            The clips.

        Returns
        -------
        ndarray of shape (n_clips, n_tags), int
            1 where a clip has a tag.
        """
        check_is_fitted(self)
        return (self._scores(X) >= self.thresholds_).astype(int)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each tag, if the estimator gives probabilities.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns), or whatever else `estimator` takes
            The clips.

        Returns
        -------
        ndarray of shape (n_clips, n_tags)
            Between 0 and 1; the tags of a clip do not exclude each other.
        """
        check_is_fitted(self)
        return self._scores(X)

    @available_if(lambda model: not _has_probabilities(model))
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decision function of each tag, if the estimator gives no probabilities.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns), or whatever else `estimator` takes
            The clips.

        Returns
        -------
        ndarray of shape (n_clips, n_tags)
            Positive where the tag is likelier present than absent.
        """
        check_is_fitted(self)
        return self._scores(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


def best_threshold(truth: NDArray[np.int_], scores: NDArray[np.float64]) -> float:
    """Return the threshold of greatest F1, half-way between two neighbouring scores.

    F1 = 2 TP / (P + number of scores above the threshold); of equals, the highest threshold.

    Parameters
    ----------
    truth : ndarray of shape (n_clips,)
        1 where a clip has the tag; at least one must.
    scores : ndarray of shape (n_clips,)
        Scores of the tag.

    Returns
    -------
    float
        The lowest score itself, if all clips are best predicted to have the tag.

    Examples
    --------
    >>> import numpy as np
    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4]))
    0.25
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of equal scores
    hits = np.cumsum(truth[order])[ends]
    best = int(ends[np.argmax(2 * hits / (truth.sum() + ends + 1))])
    if best == len(ranked) - 1:
        return float(ranked[-1])
    return float((ranked[best] + ranked[best + 1]) / 2)
