"""Data augmentation: an estimator that is fitted to training clips and to degraded copies of them.

Copies are made inside `fit`, after the split, so that none can be in another part than its original. The
degradations themselves are in `degradations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.augmentation.degraded_clips import degrade_clips
from gtzanfeat.classifiers.group_routing import fit_grouped
from gtzanfeat.extraction import list_of_clips
from gtzanfeat.recipes import Seed
from gtzanfeat.transformers import ClipFeatures, FrameFeatures


def _if_estimator_has(method: str) -> Any:
    """Return a decorator that makes a method available if the inner estimator has it."""

    def check(self: AugmentedTraining) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return available_if(check)


class AugmentedTraining(MetaEstimatorMixin, BaseEstimator):
    """Fit an estimator to clips and degraded copies of them; predict clips as they are.

    Parameters
    ----------
    estimator : estimator
        An estimator of clips: a Pipeline that begins with `ClipFeatures` or `FrameFeatures`, or a
        `SegmentClassifier`. With ``memory`` there, no copy is analysed twice.
    degradations : sequence of (str, float)
        Name and strength, as in `degrade_samples`; each makes one copy of every training clip.
    random_state : int, RandomState instance or None, default=None
        Seed of what is random in the degradations. With an int, copies are the same in every fit, so that
        ``memory`` applies to them.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone.
    classes_ : ndarray
        Labels, if the estimator has them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> times = np.arange(22050) / 22050
    >>> clips = [np.sin(2 * np.pi * pitch * times) for pitch in (100, 110, 3000, 3300)]
    >>> pipeline = make_pipeline(ClipFeatures("timbre19"), KNeighborsClassifier(1))
    >>> model = AugmentedTraining(pipeline, [("gain", -6), ("low_pass", 4000)], random_state=0)
    >>> model.fit(clips, ["low", "low", "high", "high"]).predict(clips[:1])
    array(['low'], dtype='<U4')
    """

    def __init__(
        self, estimator: Any, degradations: Sequence[tuple[str, float]], *, random_state: Seed = None
    ) -> None:
        self.estimator = estimator
        self.degradations = degradations
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> AugmentedTraining:
        """Fit the estimator to the clips and their degraded copies.

        Parameters
        ----------
        X : sequence of path, Clip or ndarray of shape (n_samples,)
            The training clips.
        y : array-like of shape (n_clips,) or (n_clips, n_tags)
            Their targets, which are also those of the copies.
        groups : array-like of shape (n_clips,), optional
            Groups such as artists; by default each clip is one. Copies are in the group of their clip.
            Passed on if the `fit` of the estimator, or of the last step of a Pipeline, takes groups, so that
            a search does not divide a clip from its copies.

        Returns
        -------
        AugmentedTraining
            The fitted estimator itself.

        Raises
        ------
        ValueError
            If the estimator does not take clips.
        UnknownNameError, GtzanfeatError
            As `degrade_samples`.
        """
        if not _takes_clips(self.estimator):
            raise ValueError(
                f"{type(self.estimator).__name__} learns from vectors, and copies are made of clips; give a "
                "pipeline that begins with ClipFeatures"
            )
        clips = list_of_clips(X)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        copies = [
            clip
            for name, strength in self.degradations
            for clip in degrade_clips(clips, name, strength, random_state=int(seed))
        ]
        n_times = 1 + len(self.degradations)
        group = np.arange(len(clips)) if groups is None else np.asarray(groups)
        everything = np.empty(n_times * len(clips), dtype=object)
        everything[:] = [*clips, *copies]
        truth, group = (np.concatenate([part] * n_times) for part in (np.asarray(y), group))
        self.estimator_ = fit_grouped(clone(self.estimator), everything, truth, group)
        if hasattr(self.estimator_, "classes_"):
            self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict clips, which are not degraded.

        Parameters
        ----------
        X : sequence of path, Clip or ndarray of shape (n_samples,)
            The clips.

        Returns
        -------
        ndarray of shape (n_clips,) or (n_clips, n_tags)
            Predictions of the estimator.
        """
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(X))

    @_if_estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of the estimator, if it has them.

        Parameters
        ----------
        X : sequence of path, Clip or ndarray of shape (n_samples,)
            The clips.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict_proba(X))

    @_if_estimator_has("decision_function")
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decision function of the estimator, if it has one.

        Parameters
        ----------
        X : sequence of path, Clip or ndarray of shape (n_samples,)
            The clips.

        Returns
        -------
        ndarray of shape (n_clips,) or (n_clips, n_classes)
            As the estimator gives it.
        """
        check_is_fitted(self)
        return np.asarray(self.estimator_.decision_function(X))

    @_if_estimator_has("score")
    def score(self, X: Any, y: Any) -> float:
        """Return the score of the estimator on clips, if it has the method.

        Parameters
        ----------
        X : sequence of path, Clip or ndarray of shape (n_samples,)
            The clips.
        y : array-like of shape (n_clips,) or (n_clips, n_tags)
            Their targets.

        Returns
        -------
        float
            Accuracy of a classifier, R² of a regressor.
        """
        check_is_fitted(self)
        return float(self.estimator_.score(X, y))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = self.estimator.__sklearn_tags__()
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        return tags


def _takes_clips(estimator: Any) -> bool:
    """Return whether an estimator, or a part of it, extracts features of clips."""
    parts = [estimator, *estimator.get_params().values()]
    # estimators of windows have a method `measure`
    return any(isinstance(part, ClipFeatures | FrameFeatures) or hasattr(part, "measure") for part in parts)
