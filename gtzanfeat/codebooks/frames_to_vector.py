"""Base class of the transformers that learn from frame matrices and give one vector per clip.

Sampling and standardising of frames, validation and names are here; what is learnt from the frames is in the
subclasses.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.frame_sequence import Frames, is_sequence_of_frames, load_frames
from gtzanfeat.extraction.parallel import CLIPS_PER_TASK
from gtzanfeat.progress import ordered_results

ROUNDING = 1e-7  # a column whose deviation is less than this part of its mean is constant up to rounding
LARGEST_SCORE = 1e15  # standardised values are clipped here; squares of larger ones overflow float32

T = TypeVar("T")


class FramesToVector(TransformerMixin, BaseEstimator, ABC):
    """Transformer that learns from a random sample of all clips' frames and gives one vector per clip.

    Subclasses have the parameters ``frames_per_clip``, ``random_state`` and ``n_jobs``, set ``mean_`` and
    ``scale_`` in `fit`, and define `_vector` and `_names`.
    """

    frames_per_clip: int
    random_state: int | np.random.RandomState | None
    n_jobs: int | None
    mean_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    n_features_in_: int

    def transform(self, X: Any) -> Any:
        """Compute the vector of each clip; no more clips than workers are in memory at once.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`. A clip may have no frames.

        Returns
        -------
        ndarray of shape (n_clips, n_features_out), float32
            One row per clip, in the order given. The row of a clip does not depend on the other clips; that
            of a clip without frames is zeros.

        Raises
        ------
        ClipError
            If a clip is not a finite matrix with as many columns as `fit` has seen.
        """
        check_is_fitted(self)
        clips = self._clips(X, reset=False)
        values = np.stack(self._map_clips(self._row, clips)).astype(np.float32)
        return with_index(self, values, clips.row_labels if isinstance(clips, Frames) else None)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : ignored
            Present for API consistency.

        Returns
        -------
        ndarray of shape (n_features_out,), str objects
            One name per column.
        """
        check_is_fitted(self)
        return np.asarray(self._names(), dtype=object)

    @abstractmethod
    def _vector(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the vector (n_features_out,) of standardised frames (n_frames, n_columns), n_frames > 0."""

    @abstractmethod
    def _names(self) -> list[str]:
        """Return the names of the columns."""

    def _clips(self, X: Any, *, reset: bool) -> Any:
        """Return X as a sequence of frame matrices; a 2-D array is validated and is clips of one frame."""
        if is_sequence_of_frames(X):
            if not len(X):
                raise ClipError("X", "it holds no clips", "give at least one")
            if reset:  # the width becomes known when the first frames are loaded
                self.__dict__.pop("n_features_in_", None)
                self.__dict__.pop("feature_names_in_", None)
            return X.to_numpy() if hasattr(X, "to_numpy") else X
        return validate_data(self, X, reset=reset, dtype="numeric")[:, None, :]

    def _map_clips(self, task: Callable[[Any, int], T], clips: Any) -> list[T]:
        """Return [task(clips, 0), task(clips, 1), ...], computed in parallel.

        A worker is given a part of the sequence, and loads each clip itself. Matrices that are held in memory
        stay there, and only threads work on them: to send them would take longer.
        """
        starts = range(0, len(clips), CLIPS_PER_TASK)
        if not isinstance(clips, Frames) or clips.part(slice(0)) is None:
            parallel = joblib.Parallel(n_jobs=self.n_jobs, require="sharedmem")
            return list(parallel(joblib.delayed(task)(clips, i) for i in range(len(clips))))
        parts = ((clips.part(slice(start, start + CLIPS_PER_TASK)), start) for start in starts)
        calls = (joblib.delayed(_map_part)(task, part, start) for part, start in parts)
        return [result for part in ordered_results(calls, self.n_jobs, prefer="threads") for result in part]

    def _row(self, clips: Any, index: int) -> NDArray[np.float64]:
        frames = load_frames(clips, index)
        if not len(frames):
            return np.zeros(len(self._names()))
        self._check_width(frames, index)
        return self._vector(self._standardised(frames))

    def _check_width(self, frames: NDArray[Any], index: int) -> None:
        if frames.shape[1] != self.n_features_in_:
            reason = f"its frames have {frames.shape[1]} columns, not {self.n_features_in_}"
            raise ClipError(f"clip {index}", reason, "give the same frame features for all clips")

    def _sample_frames(self, clips: Any) -> tuple[list[NDArray[Any]], list[int], int]:
        """Return random frames of each clip, the index of the clip of each matrix, and a seed.

        Clips are sorted by a digest of their frames, which also seeds their draw: what is learnt depends on
        which clips there are, not on their order or on the order in which workers finish.
        """
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

        draw = partial(_draw, self.frames_per_clip, seed)
        drawn = [(digest, i, frames) for i, (digest, frames) in enumerate(self._map_clips(draw, clips))]
        drawn = [clip for clip in drawn if len(clip[2])]
        if not drawn:
            raise ClipError("X", "no clip has a frame", "give at least one that has")
        if not hasattr(self, "n_features_in_"):
            self.n_features_in_ = drawn[0][2].shape[1]
        for _, index, frames in drawn:
            self._check_width(frames, index)
        drawn.sort(key=lambda clip: clip[:2])
        return [frames for _, _, frames in drawn], [index for _, index, _ in drawn], seed

    def _fit_scale(self, samples: list[NDArray[Any]]) -> None:
        """Set mean and deviation of each column over all frames; a constant column has the deviation 1."""
        n_frames = sum(map(len, samples))
        self.mean_ = sum(frames.sum(axis=0, dtype=np.float64) for frames in samples) / n_frames
        deviation = np.sqrt(sum(((frames - self.mean_) ** 2).sum(axis=0) for frames in samples) / n_frames)
        self.scale_ = np.where(deviation > ROUNDING * np.abs(self.mean_), deviation, 1.0)

    def _standardised(self, frames: NDArray[Any]) -> NDArray[np.float32]:
        """Return (x - mean) / scale, in float32."""
        scores = (frames - self.mean_) / self.scale_
        return np.clip(scores, -LARGEST_SCORE, LARGEST_SCORE).astype(np.float32)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _map_part(task: Callable[[Any, int], T], part: Frames, start: int) -> list[T]:
    """Return what a task gives of each clip of a part, whose first is number `start` of the whole."""
    results = []
    for i in range(len(part)):
        try:
            results.append(task(part, i))
        except ClipError as error:
            if error.source == f"clip {i}":  # its number in the part
                raise ClipError(f"clip {start + i}", error.reason, error.remedy) from error
            raise
    return results


def _draw(n_frames: int, seed: int, clips: Any, index: int) -> tuple[bytes, NDArray[Any]]:
    """Return a digest of the frames of a clip, and at most `n_frames` of them, drawn at random."""
    frames = load_frames(clips, index)
    digest = hashlib.blake2b(np.ascontiguousarray(frames).data, digest_size=8).digest()
    if len(frames) > n_frames:
        rng = np.random.default_rng([seed, int.from_bytes(digest)])
        return digest, frames[np.sort(rng.choice(len(frames), n_frames, replace=False))]
    return digest, frames.copy()  # a view would keep the clip in memory


def with_index(transformer: Any, values: NDArray[Any], index: Sequence[Any] | None) -> Any:
    """Return values as they are or, where a transformer is set to give pandas, as a data frame with an index.

    Parameters
    ----------
    transformer : estimator
        Whose output it is.
    values : ndarray of shape (n_clips, n_columns)
        One row per clip.
    index : sequence, optional
        Its labels; None leaves the index to scikit-learn.

    Returns
    -------
    ndarray or DataFrame
        Of which scikit-learn then sets the names of the columns.
    """
    if index is None or _get_output_config("transform", transformer)["dense"] != "pandas":
        return values
    import pandas as pd  # here, because arrays can do without

    return pd.DataFrame(values, index=pd.Index(index))


def count_distinct_rows(rows: NDArray[Any], most: int) -> int:
    """Return the number of distinct rows, or `most` if there are more.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        The rows; no more of them are compared than needed.
    most : int
        Where counting ends.

    Returns
    -------
    int
        Between 0 and `most`.
    """
    n_compared = most
    while (found := len(np.unique(rows[:n_compared], axis=0))) < most and n_compared < len(rows):
        n_compared *= 4
    return min(found, most)
