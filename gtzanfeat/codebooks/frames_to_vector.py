"""Clips as matrices of frames, visited one at a time: what all transformers from frames to vectors share.

Sampling, standardising and the scikit-learn surface are here; what is learnt of the frames is not.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.frame_matrices import is_sequence_of_frames, load_frames

ROUNDING = 1e-7  # a column that varies by less than this part of its mean is constant, but for rounding
FARTHEST = 1e15  # deviations from the mean; the squares of greater numbers would leave float32


class FramesToVector(TransformerMixin, BaseEstimator, ABC):
    """A transformer that learns from a sample of all clips' frames and makes one vector per clip.

    Subclasses have the parameters ``frames_per_clip``, ``random_state`` and ``n_jobs``, set ``mean_`` and
    ``scale_`` in `fit`, and define `_vector` and `_names`.
    """

    frames_per_clip: int
    random_state: int | np.random.RandomState | None
    n_jobs: int | None
    mean_: np.ndarray
    scale_: np.ndarray
    n_features_in_: int

    def transform(self, X: Any) -> np.ndarray:
        """Make one vector per clip; no more clips than workers are in memory at once.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`. A clip may have no frames.

        Returns
        -------
        ndarray of shape (n_clips, n_features_out), float32
            One row per clip, in the order given. The row of a clip does not depend on the other clips, and a
            clip without frames is a row of zeros.

        Raises
        ------
        ClipError
            If a clip is not a finite matrix with the columns that `fit` has seen.
        """
        check_is_fitted(self)
        clips = self._clips(X, reset=False)
        return np.stack(self._each(self._row, clips)).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns.

        Parameters
        ----------
        input_features : ignored
            For scikit-learn's sake.

        Returns
        -------
        ndarray of str objects
            One name per column.
        """
        check_is_fitted(self)
        return np.asarray(self._names(), dtype=object)

    @abstractmethod
    def _vector(self, frames: np.ndarray) -> np.ndarray:
        """Turn one clip's standardised frames, (n_frames, n_columns) float32, n_frames > 0, into its row."""

    @abstractmethod
    def _names(self) -> list[str]:
        """Name the columns of a row."""

    def _clips(self, X: Any, *, reset: bool) -> Any:
        """What gives a frame matrix for each index; a 2-D array is checked and is clips of one frame."""
        if is_sequence_of_frames(X):
            if not len(X):
                raise ClipError("X", "it holds no clips", "give at least one")
            if reset:  # the width is known when the first frames are
                self.__dict__.pop("n_features_in_", None)
                self.__dict__.pop("feature_names_in_", None)
            return X.to_numpy() if hasattr(X, "to_numpy") else X
        return validate_data(self, X, reset=reset, dtype="numeric")[:, None, :]

    def _each(self, task: Callable[[Any, int], Any], clips: Any) -> list[Any]:
        """Return [task(clips, 0), task(clips, 1) ...].

        A worker gets the sequence and an index, and so loads its clip itself if the sequence is a lazy one.
        Hence threads always: a list of matrices would travel whole to each process.
        """
        parallel = joblib.Parallel(n_jobs=self.n_jobs, require="sharedmem")
        return parallel(joblib.delayed(task)(clips, i) for i in range(len(clips)))

    def _row(self, clips: Any, index: int) -> np.ndarray:
        frames = load_frames(clips, index)
        if not len(frames):
            return np.zeros(len(self._names()))
        self._check_width(frames, index)
        return self._vector(self._standardised(frames))

    def _check_width(self, frames: np.ndarray, index: int) -> None:
        if frames.shape[1] != self.n_features_in_:
            reason = f"its frames have {frames.shape[1]} columns, not {self.n_features_in_}"
            raise ClipError(f"clip {index}", reason, "give the same frame features for all clips")

    def _sample(self, clips: Any) -> tuple[list[np.ndarray], list[int], int]:
        """Draw frames of each clip; returns them, the clip that each matrix is of, and a seed.

        The clips stand in the order of their digests, and a clip's digest seeds its draw: what is learnt
        depends on which clips there are, but not on their order, nor on who has drawn first.
        """
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

        def draw(clips: Any, index: int) -> tuple[bytes, int, np.ndarray]:
            frames = load_frames(clips, index)
            digest = hashlib.blake2b(np.ascontiguousarray(frames).data, digest_size=8).digest()
            if len(frames) > self.frames_per_clip:
                rng = np.random.default_rng([seed, int.from_bytes(digest)])
                chosen = np.sort(rng.choice(len(frames), self.frames_per_clip, replace=False))
                return digest, index, frames[chosen]
            return digest, index, frames.copy()  # a view would keep the clip in memory

        drawn = [clip for clip in self._each(draw, clips) if len(clip[2])]
        if not drawn:
            raise ClipError("X", "no clip has a frame", "give at least one that has")
        if not hasattr(self, "n_features_in_"):
            self.n_features_in_ = drawn[0][2].shape[1]
        for _, index, frames in drawn:
            self._check_width(frames, index)
        drawn.sort(key=lambda clip: clip[:2])
        return [frames for _, _, frames in drawn], [index for _, index, _ in drawn], seed

    def _learn_scale(self, samples: list[np.ndarray]) -> None:
        """Set mean and deviation of each column over all frames; a constant column has the deviation 1."""
        n_frames = sum(map(len, samples))
        self.mean_ = sum(frames.sum(axis=0, dtype=np.float64) for frames in samples) / n_frames
        deviation = np.sqrt(sum(((frames - self.mean_) ** 2).sum(axis=0) for frames in samples) / n_frames)
        self.scale_ = np.where(deviation > ROUNDING * np.abs(self.mean_), deviation, 1.0)

    def _standardised(self, frames: np.ndarray) -> np.ndarray:
        """Return (x - mean) / scale, in float32."""
        deviations = (frames - self.mean_) / self.scale_
        return np.clip(deviations, -FARTHEST, FARTHEST).astype(np.float32)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def n_distinct(frames: np.ndarray, enough: int) -> int:
    """Count the distinct rows up to `enough`, looking at no more of them than it takes."""
    n_looked = enough
    while (found := len(np.unique(frames[:n_looked], axis=0))) < enough and n_looked < len(frames):
        n_looked *= 4
    return min(found, enough)
