"""Classifier of frame sequences with one hidden Markov model per class, fitted by hmmlearn.

Models that ignore the order of frames are in `gtzanfeat.codebooks`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    check_random_state,
    check_scalar,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from gtzanfeat.classifiers.bayes_rule import BayesPrediction
from gtzanfeat.errors import ClipError, GtzanfeatError
from gtzanfeat.extraction.frame_sequence import is_sequence_of_frames, load_frames

__all__ = ["HiddenMarkovClassifier"]

VARIANCE_FLOOR = 1e-3  # added to the variances that EM starts from, in standardised units


class HiddenMarkovClassifier(BayesPrediction, ClassifierMixin, BaseEstimator):
    """Bayes classifier with one hidden Markov model of frames per class.

    The predicted class c has the largest log p(x_1 ... x_T | c) + log P(c), P(c) being the share of the class
    in the training clips. States emit Gaussians with diagonal covariance; they start from k-means over the
    frames of the class, and are fitted by expectation-maximisation (Baum-Welch).

    Parameters
    ----------
    n_states : int, default=3
        Number of states per class; fewer if a class has fewer distinct frames.
    max_iter : int, default=20
        Largest number of EM steps.
    tol : float, default=1e-4
        EM ends when the mean log-likelihood of a frame grows by this or less.
    random_state : int, RandomState instance or None, default=None
        Seed of k-means.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    models_ : list of hmmlearn.hmm.GaussianHMM
        One model of standardised frames per class; None for a class whose clips have no frames.
    class_prior_ : ndarray of shape (n_classes,)
        Prior probabilities P(c).
    n_iter_ : ndarray of int, shape (n_classes,)
        Number of EM steps taken; 0 for a class whose clips have no frames.
    mean_, scale_ : ndarray of shape (n_features_in_,)
        Mean and deviation by which columns are standardised.
    n_features_in_ : int
        Number of columns of the frames seen by `fit`.

    Notes
    -----
    Needs hmmlearn, the extra ``hmm``. Frames are taken to be independent given the state, although
    neighbouring ones are alike, so posterior probabilities are too close to 0 and 1. A clip without frames is
    predicted as the most frequent class.

    References
    ----------
    L. R. Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", Proc.
    IEEE 77(2), 1989.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> slow = [np.repeat(rng.permutation([0.0, 5.0] * 5), 20)[:, None] for _ in range(3)]
    >>> fast = [rng.permutation([0.0, 5.0] * 100)[:, None] for _ in range(3)]
    >>> clips = [clip + 0.5 * rng.standard_normal(clip.shape) for clip in slow + fast]
    >>> model = HiddenMarkovClassifier(2, random_state=0).fit(clips[::2], ["slow", "slow", "fast"])
    >>> model.predict(clips[1::2])
    array(['slow', 'fast', 'fast'], dtype='<U4')
    """

    def __init__(
        self,
        n_states: int = 3,
        *,
        max_iter: int = 20,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_states = n_states
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> HiddenMarkovClassifier:
        """Fit one model to the clips of each class.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            Frames of the training clips, as `gtzanfeat.FrameFeatures` gives them; or one frame of each.
        y : array-like of shape (n_clips,)
            Labels.

        Returns
        -------
        HiddenMarkovClassifier
            The fitted classifier itself.

        Raises
        ------
        GtzanfeatError
            If hmmlearn is not installed.
        ClipError
            If a clip is not a finite matrix, widths differ, or no clip has a frame.
        ValueError
            If a parameter is out of its range.
        """
        for name in ("n_states", "max_iter"):
            check_scalar(getattr(self, name), name, (int, np.integer), min_val=1)
        check_scalar(self.tol, "tol", (int, float, np.number), min_val=0)
        if y is None:
            raise ValueError("HiddenMarkovClassifier requires y to be passed, but the target y is None")
        clips = self._clips(X, reset=True)
        labels = column_or_1d(y, warn=True)
        check_consistent_length(clips, labels)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        self.classes_, members = np.unique(labels, return_inverse=True)
        self.class_prior_ = np.bincount(members) / len(members)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

        frames = np.concatenate(clips)
        self.mean_ = frames.mean(axis=0)
        deviation = frames.std(axis=0)
        self.scale_ = np.where(deviation > 1e-7 * np.abs(self.mean_), deviation, 1.0)
        # one thread: the order of summation, and so the bits, must not depend on timing
        with threadpool_limits(1), _quiet_hmmlearn():
            self.models_ = [
                self._fit_class(
                    [clip for clip, member in zip(clips, members, strict=True) if member == c], seed
                )
                for c in range(len(self.classes_))
            ]
        self.n_iter_ = np.array([0 if model is None else model.monitor_.iter for model in self.models_])
        return self

    def _fit_class(self, clips: list[NDArray[np.float64]], seed: int) -> Any:
        """Return the model of a class, whose clips are matrices (n_frames, n_columns)."""
        lengths = [len(clip) for clip in clips if len(clip)]
        if not lengths:
            return None
        frames = self._standardised(np.concatenate(clips))
        n_states = min(self.n_states, len(np.unique(frames, axis=0)))
        model = _gaussian_hmm()(
            n_states,
            n_iter=self.max_iter,
            tol=self.tol * len(frames),
            init_params="",
            # add-one smoothing: a transition that was never seen is unlikely, not impossible
            startprob_prior=2.0,
            transmat_prior=2.0,
            implementation="log",
        )
        # emissions and transitions start from the clusters of k-means as states
        states = KMeans(n_states, n_init=3, random_state=seed).fit(frames).labels_
        starts = np.cumsum([0, *lengths[:-1]])
        follows = np.setdiff1d(np.arange(1, len(frames)), starts)
        transitions = np.ones((n_states, n_states))
        np.add.at(transitions, (states[follows - 1], states[follows]), 1.0)
        model.transmat_ = transitions / transitions.sum(axis=1, keepdims=True)
        model.startprob_ = (np.bincount(states[starts], minlength=n_states) + 1.0) / (len(starts) + n_states)
        emitted = [frames[states == k] for k in range(n_states)]
        model.means_ = np.stack([part.mean(axis=0) for part in emitted])
        model.covars_ = np.stack([part.var(axis=0) + VARIANCE_FLOOR for part in emitted])
        return model.fit(frames, lengths)

    def predict_joint_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return log p(x_1 ... x_T | c) + log P(c), of which the largest is predicted.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`. A clip may have no frames.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        clips = [self._standardised(clip) for clip in self._clips(X, reset=False)]
        with threadpool_limits(1):
            likelihoods = [
                [model.score(clip) if model is not None else -np.inf for model in self.models_]
                if len(clip)
                else [0.0] * len(self.models_)
                for clip in clips
            ]
        return np.asarray(np.array(likelihoods) + np.log(self.class_prior_))

    def _standardised(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((frames - self.mean_) / self.scale_)

    def _clips(self, X: Any, *, reset: bool) -> list[NDArray[np.float64]]:
        """Return frame matrices in float64, all of the same width; a 2-D array is clips of one frame."""
        if not is_sequence_of_frames(X):
            return list(validate_data(self, X, reset=reset, dtype=np.float64)[:, None])
        loaded = X.to_numpy() if hasattr(X, "to_numpy") else X
        clips = [load_frames(loaded, i) for i in range(len(loaded))]
        if reset:
            self.__dict__.pop("feature_names_in_", None)
            self.n_features_in_ = next((clip.shape[1] for clip in clips if len(clip)), 0)
            if not self.n_features_in_:
                raise ClipError("X", "no clip has a frame", "give at least one that has")
        for i, clip in enumerate(clips):
            if len(clip) and clip.shape[1] != self.n_features_in_:
                reason = f"its frames have {clip.shape[1]} columns, not {self.n_features_in_}"
                raise ClipError(f"clip {i}", reason, "give the same frame features for all clips")
        width = self.n_features_in_
        return [clip.astype(np.float64) if len(clip) else np.zeros((0, width)) for clip in clips]


@contextlib.contextmanager
def _quiet_hmmlearn() -> Iterator[None]:
    """Suppress hmmlearn's warnings of few frames, and of EM that is not monotone because of the priors."""
    logger = logging.getLogger("hmmlearn")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _gaussian_hmm() -> Any:
    try:
        from hmmlearn.hmm import GaussianHMM
    except ImportError as error:
        raise GtzanfeatError("hidden Markov models need hmmlearn; pip install 'gtzanfeat[hmm]'") from error
    return GaussianHMM
