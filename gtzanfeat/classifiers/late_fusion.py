"""Late fusion: a decision from the calibrated probabilities of several classifiers of the same columns.

Calibration is in `calibration`. `sklearn.ensemble` votes and stacks without keeping groups whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.classifiers.calibration import (
    Folds,
    class_scores,
    inner_folds,
    inverse_temperature,
    out_of_fold_scores,
)
from gtzanfeat.classifiers.group_routing import fit_grouped
from gtzanfeat.errors import ProtocolError, UnknownNameError

__all__ = ["LateFusion"]

COMBINATIONS = ("mean", "product", "stack")


class LateFusion(MetaEstimatorMixin, ClassifierMixin, _BaseComposition):
    """Classifier that decides by the calibrated probabilities of several others.

    It stands behind the features of a pipeline, so that all its members share one extraction of each clip.
    Each member is trained on all training clips. What its scores are worth is learnt on scores of clips that
    it was not trained on, in inner folds which keep groups (recordings, artists) whole: the scale that makes
    them probabilities (temperature scaling), so that one which is always sure does not outvote the others.

    Parameters
    ----------
    estimators : list of (str, classifier)
        Members by name, each with `decision_function` or `predict_proba`.
    combine : {"mean", "product", "stack"}, default="mean"
        Whether the probabilities are averaged, or multiplied, or logistic regression learns on the inner
        folds what the logarithms of the probabilities of each member say.
    cv : int, default=5
        Number of inner folds; fewer if there are fewer groups.
    n_jobs : int, optional
        Number of workers over members.
    random_state : int, RandomState instance or None, default=None
        Seed of the inner folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    estimators_ : list of classifier
        The members, fitted to all training clips.
    inverse_temperatures_ : ndarray of shape (n_members,)
        The β of the probabilities softmax(β · scores) of each member.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns, if `X` has names.
    stacked_ : LogisticRegression
        What was learnt of the probabilities, if they are stacked.

    References
    ----------
    J. Kittler, M. Hatef, R. Duin and J. Matas, "On combining classifiers", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 20(3), 1998 (mean and product). D. Wolpert, "Stacked generalization",
    Neural Networks 5(2), 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.svm import SVC
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((40, 2)), np.repeat(["jazz", "pop"], 20)
    >>> X[20:] += 3
    >>> fusion = LateFusion([("linear", LogisticRegression()), ("radial", SVC())], random_state=0)
    >>> fusion.fit(X, y, groups=np.arange(40) // 2).predict([[0.0, 0.0], [3.0, 3.0]])
    array(['jazz', 'pop'], dtype='<U4')
    >>> fusion.set_params(radial__C=10.0)["radial"]
    SVC(C=10.0)
    """

    def __init__(
        self,
        estimators: Sequence[tuple[str, Any]],
        *,
        combine: str = "mean",
        cv: int = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.combine = combine
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and those of the members.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the members by name, and their parameters as ``name__parameter``.

        Returns
        -------
        dict
            Values by name.
        """
        params: dict[str, Any] = self._get_params("estimators", deep=deep)
        return params

    def set_params(self, **params: Any) -> LateFusion:
        """Set parameters, members by name, or parameters of members.

        Parameters
        ----------
        **params : dict
            As `get_params` names them.

        Returns
        -------
        LateFusion
            The classifier itself.
        """
        self._set_params("estimators", **params)
        return self

    def __getitem__(self, name: str) -> Any:
        return dict(self.estimators)[name]

    def fit(self, X: Any, y: Any, groups: Any = None) -> LateFusion:
        """Fit the members, and learn what their scores are worth.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns)
            One clip per row; members are given a data frame as it is.
        y : array-like of shape (n_clips,)
            Labels.
        groups : array-like of shape (n_clips,), optional
            Recordings or artists, which no inner fold divides; by default each clip is one. Passed on to
            members that take them.

        Returns
        -------
        LateFusion
            The fitted classifier itself.

        Raises
        ------
        UnknownNameError
            If there is no such combination.
        ProtocolError
            If probabilities are stacked, and all clips of a class are of one group.
        ValueError
            If there are no members, or two of one name, or one that gives no scores.
        """
        if self.combine not in COMBINATIONS:
            raise UnknownNameError("combination", self.combine, COMBINATIONS)
        if not self.estimators:
            raise ValueError("there are no estimators to combine; give a list of (name, classifier)")
        self._validate_names([name for name, _ in self.estimators])
        checked, y = validate_data(self, X, y)
        X = _named(X, checked)
        check_classification_targets(y)
        check_consistent_length(X, groups)
        groups = None if groups is None else np.asarray(groups)
        self.classes_, codes = np.unique(y, return_inverse=True)
        folds = inner_folds(y, groups, self.cv, self.random_state)
        done = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(_fit_and_score)(member, X, y, folds, groups) for _, member in self.estimators
        )
        self.estimators_ = [member for member, _, _ in done]
        codes = codes[done[0][2]]  # of the clips that inner folds tested
        scores = [each for _, each, _ in done]
        self.inverse_temperatures_ = np.array([inverse_temperature(each, codes) for each in scores])
        if self.combine == "stack":
            self._stack(scores, codes)
        return self

    def _stack(self, scores: list[NDArray[np.float64]], codes: NDArray[np.intp]) -> None:
        """Learn the classes from the logarithms of the members' probabilities."""
        untested = np.setdiff1d(np.arange(len(self.classes_)), codes)
        if len(untested):
            raise ProtocolError(
                f"stacking needs two groups (recordings, artists) or more of each class, but all clips of "
                f"{self.classes_[untested[0]]} are of one; combine by mean or product"
            )
        self.stacked_ = LogisticRegression(C=0.1, max_iter=1000).fit(self._log_probabilities(scores), codes)

    def _log_probabilities(self, scores: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the logarithms of the calibrated probabilities, (n_clips, n_members · n_classes)."""
        pairs = zip(self.inverse_temperatures_, scores, strict=True)
        return np.hstack([log_softmax(beta * each, axis=1) for beta, each in pairs])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns)
            One clip per row; members are given a data frame as it is.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        X = _named(X, validate_data(self, X, reset=False))
        logs = self._log_probabilities([class_scores(member, X) for member in self.estimators_])
        if self.combine == "stack":
            return np.asarray(self.stacked_.predict_proba(logs))
        by_member = logs.reshape(len(logs), len(self.estimators_), len(self.classes_))
        if self.combine == "mean":
            return np.asarray(np.exp(by_member).mean(axis=1))
        return np.asarray(softmax(by_member.sum(axis=1), axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each clip.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_columns)
            One clip per row; members are given a data frame as it is.

        Returns
        -------
        ndarray of shape (n_clips,)
            The likeliest class.
        """
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])


def _named(X: Any, checked: NDArray[Any]) -> Any:
    """Return what members are given: a data frame as it is, since they may ask for names; else an array."""
    return X if hasattr(X, "columns") else checked


def _fit_and_score(
    member: Any, X: Any, y: NDArray[Any], folds: Folds, groups: NDArray[Any] | None
) -> tuple[Any, NDArray[np.float64], NDArray[np.intp]]:
    """Return a member fitted to all clips, the scores of those that inner folds test, and which these are."""
    fitted = fit_grouped(clone(member), X, y, groups)
    return fitted, *out_of_fold_scores(member, X, y, folds, groups)
