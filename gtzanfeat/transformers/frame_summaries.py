"""Transformers of frame matrices that learn nothing: `Deltas` appends columns, `Summarize` gives vectors.

X is a sequence of arrays (n_frames, n_columns), one per clip; a 2-D array is one frame per clip. Transformers
that learn from frames are in `codebooks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.codebooks.frames_to_vector import with_index
from gtzanfeat.declarations import Column
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.frame_sequence import Frames, is_sequence_of_frames, load_frames
from gtzanfeat.feature_sets import column_name
from gtzanfeat.feature_sets.feature_parameters import checked_summary_params
from gtzanfeat.statistics.summaries import Summary, find_summary
from gtzanfeat.statistics.tracks import deltas
from gtzanfeat.transformers.clip_features import FrameOutput


class FrameTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Base of the transformers whose X is frame matrices and that learn only how many columns these have.

    ``super().get_feature_names_out(input_features)`` gives subclasses the names of the columns of X.
    """

    n_features_in_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and count the columns; nothing else is learnt.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            Frame matrices of the clips; or one frame per clip.
        y : ignored
            Present for API consistency.

        Returns
        -------
        Self
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X is neither.
        """
        self._check_parameters()
        self._frames(X, reset=True)
        return self

    def _check_parameters(self) -> None:
        """Raise the error that a parameter calls for."""

    def _frames(self, X: Any, *, reset: bool) -> Frames | NDArray[Any]:
        """Return `Frames` that are checked when loaded, or a checked matrix with one frame per clip."""
        if not is_sequence_of_frames(X):
            return np.asarray(validate_data(self, X, reset=reset, dtype=(np.float32, np.float64)))
        if not len(X):
            raise ClipError("X", "it holds no clips", "give at least one")
        clips = X.to_numpy() if hasattr(X, "to_numpy") else X
        if reset:
            self._learn_columns(clips)
        load = _Checked(clips, self.n_features_in_)
        if not isinstance(clips, Frames):
            return Frames(load, range(len(clips)))
        return Frames(
            load, range(len(clips)), names=clips.names, row_labels=clips.row_labels, times=clips.times
        )

    def _learn_columns(self, clips: Any) -> None:
        """Count the columns of the first clip that has any, and store their names if they have some."""
        widths = (load_frames(clips, i).shape[1] for i in range(len(clips)))
        self.n_features_in_ = next(filter(None, widths), 0)
        if self.n_features_in_ == 0:
            raise ClipError("X", "no clip has a frame", "give at least one that has")
        self.__dict__.pop("feature_names_in_", None)
        names = getattr(clips, "columns", None)
        if names is not None:
            self.feature_names_in_ = np.asarray(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


@dataclass(frozen=True, eq=False)
class _Checked:
    """Loads the frame matrix of a clip, and raises ClipError if its width is not `n_columns`."""

    clips: Any
    n_columns: int

    def __call__(self, index: int) -> NDArray[Any]:
        frames = load_frames(self.clips, index)
        if not len(frames):
            return np.zeros((0, self.n_columns), dtype=np.float32)
        if frames.shape[1] != self.n_columns:
            reason = f"its frames have {frames.shape[1]} columns, not {self.n_columns}"
            raise ClipError(f"clip {index}", reason, "give the same frame features for all clips")
        return frames

    def part(self, indices: Sequence[int]) -> _Checked | None:
        clips = self.clips.part(indices) if isinstance(self.clips, Frames) else None
        return None if clips is None else _Checked(clips, self.n_columns)


class Deltas(FrameOutput, FrameTransformer, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Append to each frame the deltas of its columns: their slopes over time, by linear regression.

    d_t = Σ_{θ=1..Θ} θ (c_{t+θ} - c_{t-θ}) / 2 Σ θ², with 2Θ + 1 = `width`; the first and the last frame are
    repeated beyond the ends.

    Parameters
    ----------
    order : int, default=1
        1 for deltas, 2 for double deltas (deltas of the deltas) too, and so on.
    width : int, default=5
        Number of frames that a slope is fitted to; odd, 3 or more.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the frames seen by `fit`.

    References
    ----------
    S. Young et al., "The HTK Book", section 5.9. ``librosa.feature.delta(width=width, mode="nearest")`` is
    the same; its `order` is not, since it fits a parabola instead of taking deltas of deltas.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = [np.arange(6.0)[:, None]]
    >>> Deltas(width=3).fit_transform(ramp)[0].T
    array([[0. , 1. , 2. , 3. , 4. , 5. ],
           [0.5, 1. , 1. , 1. , 1. , 0.5]], dtype=float32)
    """

    def __init__(self, order: int = 1, *, width: int = 5) -> None:
        self.order = order
        self.width = width

    def transform(self, X: Any) -> Frames | NDArray[np.float32]:
        """Append the deltas.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`; where each clip has one frame, nothing changes and all deltas are 0.

        Returns
        -------
        Frames, or ndarray of shape (n_clips, n_columns * (order + 1))
            In the form of X, float32: the columns, then the deltas of all, then their deltas ... Those of a
            sequence are computed clip by clip, when it is iterated over.
        """
        check_is_fitted(self)
        frames = self._frames(X, reset=False)
        append = partial(_with_deltas, order=self.order, reach=self.width // 2)
        if isinstance(frames, Frames):
            return frames.map(append, columns=self.get_feature_names_out(), same_times=True)
        return np.pad(frames, ((0, 0), (0, self.order * frames.shape[1]))).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``mfcc_01`` ..., ``mfcc_01_delta`` ..., ``mfcc_01_delta2`` ...

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of X.

        Returns
        -------
        ndarray of shape (n_columns * (order + 1),), str objects
            One name per column.
        """
        names = super().get_feature_names_out(input_features)
        ends = ["", "delta", *(f"delta{k}" for k in range(2, self.order + 1))]
        return np.asarray([column_name(name, "", end) for end in ends for name in names], dtype=object)

    def _check_parameters(self) -> None:
        if self.order < 1:
            raise ValueError(f"order is {self.order}; give 1 or more")
        if self.width < 3 or self.width % 2 == 0:
            raise ValueError(f"width is {self.width}; give an odd number of frames, 3 or more")


def _with_deltas(frames: NDArray[Any], order: int, reach: int) -> NDArray[np.float32]:
    """Return frames (n_frames, n_columns) and their deltas, (n_frames, n_columns * (order + 1))."""
    parts = [frames]
    for _ in range(order):
        parts.append(deltas(parts[-1], reach) if len(frames) else frames)
    return np.concatenate(parts, axis=1).astype(np.float32)


class Summarize(FrameTransformer):
    """Compute statistics over the frames of each clip: one vector per clip.

    Parameters
    ----------
    summaries : tuple of str, default=("mean", "std")
        Names of `gtzanfeat.statistics.summaries.SUMMARIES`, or any percentile: "p10".
    params : mapping, optional
        Parameters of these summaries that differ from the defaults: ``window`` (43 frames) and ``start``
        ("valid") of texture windows, ``reach`` (2 frames) of deltas.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the frames seen by `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> clips = [np.array([[1.0, 0.0], [3.0, 0.0]]), np.ones((5, 2))]
    >>> summarize = Summarize(("mean", "max")).fit(clips)
    >>> summarize.transform(clips)
    array([[2., 3., 0., 0.],
           [1., 1., 1., 1.]], dtype=float32)
    >>> summarize.get_feature_names_out(["zcr", "rms"])
    array(['zcr_mean', 'zcr_max', 'rms_mean', 'rms_max'], dtype=object)
    """

    def __init__(
        self, summaries: tuple[str, ...] = ("mean", "std"), *, params: Mapping[str, Any] | None = None
    ) -> None:
        self.summaries = summaries
        self.params = params

    def transform(self, X: Any) -> Any:
        """Compute the statistics of each clip.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_columns * n_numbers), float32
            For each column all its statistics, or those of the columns together; 0 for a clip without frames.
        """
        check_is_fitted(self)
        frames = self._frames(X, reset=False)
        clips = frames if isinstance(frames, Frames) else frames[:, None]
        values = np.asarray([self._row(clip) for clip in clips], dtype=np.float32)
        return with_index(self, values, getattr(frames, "row_labels", None))

    def _row(self, frames: NDArray[Any]) -> NDArray[Any]:
        summary = self._summary()
        params = summary.full_params(self.params or {})
        return summary.compute(np.ascontiguousarray(frames), params).T.ravel()

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``mfcc_01_mean``, ``mfcc_01_std`` ...

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of X.

        Returns
        -------
        ndarray of shape (n_columns * n_numbers,), str objects
            One name per column.
        """
        names = super().get_feature_names_out(input_features)
        summary = self._summary()
        columns = summary.columns([Column(name, "1", name, name) for name in names])
        return np.asarray(
            [
                column_name(column.name or summary.name, "", end)
                for column in columns
                for end in summary.suffixes
            ],
            dtype=object,
        )

    def _summary(self) -> Summary:
        if isinstance(self.summaries, str) or not self.summaries:
            raise ValueError(f"summaries is {self.summaries!r}; give a tuple of names, e.g. ('mean', 'std')")
        return find_summary("+".join(self.summaries))

    def _check_parameters(self) -> None:
        checked_summary_params(self._summary().name, self.params or {})
