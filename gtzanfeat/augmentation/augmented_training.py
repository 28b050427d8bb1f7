"""More to learn from: degraded copies of the training clips, and of no other.

Copies are made inside `fit`, so whatever divides clips into training and test parts divides recordings, and
no copy can stand on the other side of its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.augmentation.degraded_clips import degrade_clips
from gtzanfeat.extraction import list_of_clips
from gtzanfeat.model_selection.group_routing import fit_grouped
from gtzanfeat.transformers import ClipFeatures, FrameFeatures


def _offers(method: str) -> Any:
    """Tell whether the estimator inside has a method."""

    def check(self: AugmentedTraining) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return available_if(check)


class AugmentedTraining(MetaEstimatorMixin, BaseEstimator):
    """Fit an estimator on clips and on degraded copies of them; predict for clips as they are.

    Parameters
    ----------
    estimator : estimator
        What learns and answers. It is given clips, so it begins with `ClipFeatures` or `FrameFeatures`, or
        is a `SegmentClassifier`. With ``memory=`` there, no copy is analysed twice.
    degradations : sequence of (str, float)
        Name and strength, as for `degrade_samples`; each makes one copy of every training clip.
    random_state : int, default=0
        Seeds what is random in them.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone.
    classes_ : ndarray
        The classes, if the estimator has them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> times = np.arange(22050) / 22050
    >>> clips = [np.sin(2 * np.pi * pitch * times) for pitch in (100, 110, 3000, 3300)]
    >>> pipeline = make_pipeline(ClipFeatures("timbre19"), KNeighborsClassifier(1))
    >>> model = AugmentedTraining(pipeline, [("gain", -6), ("low_pass", 4000)])
    >>> model.fit(clips, ["low", "low", "high", "high"]).predict(clips[:1])
    array(['low'], dtype='<U4')
    """

    def __init__(
        self, estimator: Any, degradations: Sequence[tuple[str, float]], *, random_state: int = 0
    ) -> None:
        self.estimator = estimator
        self.degradations = degradations
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> AugmentedTraining:
        """Fit on the clips and their copies.

        Parameters
        ----------
        X : sequence
            Clips, as `extract` takes them.
        y : array-like of shape (n_clips,) or (n_clips, n_tags)
            What each is; its copies are the same.
        groups : array-like of shape (n_clips,), optional
            What belongs together, such as artists; by default each clip is for itself. Copies are of the
            group of their clip. Handed on if the `fit` of the estimator, or of the last step of a Pipeline,
            takes groups: then a search divides no clip from its copies.

        Returns
        -------
        AugmentedTraining

        Raises
        ------
        ValueError
            If the estimator is not given clips.
        UnknownNameError, GtzanfeatError
            As `degrade_samples`.
        """
        if not _hears(self.estimator):
            raise ValueError(
                f"{type(self.estimator).__name__} learns from vectors, and copies are made of clips; give a "
                "pipeline that begins with ClipFeatures"
            )
        clips = list_of_clips(X)
        copies = [
            clip
            for name, strength in self.degradations
            for clip in degrade_clips(clips, name, strength, random_state=self.random_state)
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

    def predict(self, X: Any) -> np.ndarray:
        """Answer for clips, (n_clips,) or (n_clips, n_tags)."""
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @_offers("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, (n_clips, n_classes)."""
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @_offers("decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """Return scores, as the estimator has them."""
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @_offers("score")
    def score(self, X: Any, y: Any) -> float:
        """Return the score of the answers for clips."""
        check_is_fitted(self)
        return self.estimator_.score(X, y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = self.estimator.__sklearn_tags__()
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        return tags


def _hears(estimator: Any) -> bool:
    parts = [estimator, *estimator.get_params().values()]
    # `measure` is what an estimator of windows has
    return any(isinstance(part, ClipFeatures | FrameFeatures) or hasattr(part, "measure") for part in parts)
