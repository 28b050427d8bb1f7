"""Transformers that are given frames: a sequence of (n_frames, n_columns) arrays, one per clip.

A 2-D array is clips of one frame each. What is learnt of frames (codebooks) does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from gtzanfeat.declarations import Column
from gtzanfeat.errors import ClipError, UnknownNameError
from gtzanfeat.extraction.frame_matrices import Frames, is_sequence_of_frames, load_frames
from gtzanfeat.feature_sets import column_name
from gtzanfeat.statistics.summaries import Summary, deltas, find_summary


class _OfFrames(TransformerMixin, BaseEstimator):
    """What transformers of frames share: their X, and that they learn no more than its width."""

    n_features_in_: int

    def fit(self, X: Any, y: Any = None) -> Any:
        """Check the parameters and count the columns; nothing is learnt.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            Frames of clips; or one frame of each.
        y : ignored
            For the pipeline's sake.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter makes no sense, or X is neither.
        """
        self._check()
        self._frames(X, reset=True)
        return self

    def _check(self) -> None:
        """Raise the error that the parameters call for."""

    def _frames(self, X: Any, *, reset: bool) -> Frames | np.ndarray:
        """Frames that are checked when they are loaded, or a checked matrix with one frame per row."""
        if not is_sequence_of_frames(X):
            return validate_data(self, X, reset=reset, dtype=(np.float32, np.float64))
        if not len(X):
            raise ClipError("X", "it holds no clips", "give at least one")
        clips = X.to_numpy() if hasattr(X, "to_numpy") else X
        if reset:
            self._learn_columns(clips)
        return Frames(partial(_load, clips, self.n_features_in_), range(len(clips)))

    def _learn_columns(self, clips: Any) -> None:
        """Count the columns of the first clip that says how many it has; keep their names, if any."""
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


def _load(clips: Any, n_columns: int, index: int) -> np.ndarray:
    frames = load_frames(clips, index)
    if not len(frames):
        return np.zeros((0, n_columns), dtype=np.float32)
    if frames.shape[1] != n_columns:
        reason = f"its frames have {frames.shape[1]} columns, not {n_columns}"
        raise ClipError(f"clip {index}", reason, "give the same frame features for all clips")
    return frames


class Deltas(_OfFrames, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Append to each frame how its columns change: deltas, and deltas of deltas.

    d_t = Σ_{θ=1..Θ} θ (c_{t+θ} - c_{t-θ}) / 2 Σ θ², with 2Θ + 1 = `width`; the first and the last frame are
    repeated beyond the ends.

    Parameters
    ----------
    order : int, default=1
        1 for deltas, 2 for double deltas too, and so on.
    width : int, default=5
        Frames that a slope is fitted to; odd, 3 or more.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the frames given.

    References
    ----------
    S. Young et al., "The HTK Book", section 5.9. ``librosa.feature.delta(width=width, mode="nearest")`` is
    the same; its `order` is not, since it fits a parabola instead of taking deltas of deltas.

    Examples
    --------
    >>> ramp = [np.arange(6.0)[:, None]]
    >>> Deltas(width=3).fit_transform(ramp)[0].T
    array([[0. , 1. , 2. , 3. , 4. , 5. ],
           [0.5, 1. , 1. , 1. , 1. , 0.5]], dtype=float32)
    """

    def __init__(self, order: int = 1, width: int = 5) -> None:
        self.order = order
        self.width = width

    def transform(self, X: Any) -> Frames | np.ndarray:
        """Append the deltas.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`; where each clip has one frame, nothing changes and all deltas are 0.

        Returns
        -------
        Frames, or ndarray of shape (n_clips, n_columns * (order + 1))
            In the form of X, float32: the columns, then the deltas of all, then their deltas ... A sequence
            is computed clip by clip, when it is gone through.
        """
        check_is_fitted(self)
        frames = self._frames(X, reset=False)
        append = partial(_with_deltas, order=self.order, reach=self.width // 2)
        if isinstance(frames, Frames):
            return frames.map(append, columns=self.get_feature_names_out())
        return np.pad(frames, ((0, 0), (0, self.order * frames.shape[1]))).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns: ``mfcc_01`` ..., ``mfcc_01_delta`` ..., ``mfcc_01_delta2`` ...

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns given.

        Returns
        -------
        ndarray of str objects
            One name per column.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        ends = ["", "delta", *(f"delta{k}" for k in range(2, self.order + 1))]
        return np.asarray([column_name(name, "", end) for end in ends for name in names], dtype=object)

    def set_output(self, *, transform: str | None = None) -> Deltas:
        """Do nothing: frames stay arrays, and tables begin where there is one row per clip.

        Parameters
        ----------
        transform : ignored
            For the sake of a pipeline's ``set_output``.

        Returns
        -------
        self
        """
        return self

    def _check(self) -> None:
        if self.order < 1:
            raise ValueError(f"order is {self.order}; give 1 or more")
        if self.width < 3 or self.width % 2 == 0:
            raise ValueError(f"width is {self.width}; give an odd number of frames, 3 or more")


def _with_deltas(frames: np.ndarray, order: int, reach: int) -> np.ndarray:
    parts = [frames]
    for _ in range(order):
        parts.append(deltas(parts[-1], reach) if len(frames) else frames)
    return np.concatenate(parts, axis=1).astype(np.float32)


_SUMMARY_PARAMS: Mapping[str, Any] = {"window": 43, "start": "valid", "reach": 2}


class Summarize(_OfFrames):
    """Summarise the frames of each clip: one vector per clip.

    Parameters
    ----------
    summaries : tuple of str, default=("mean", "std")
        Names of `gtzanfeat.statistics.summaries.SUMMARIES`, or any percentile: "p10".
    params : mapping, optional
        Parameters of these summaries, where other than the default: ``window`` (43) and ``start`` ("valid")
        of texture windows, ``reach`` (2) of deltas.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the frames given.

    Examples
    --------
    >>> clips = [np.array([[1.0, 0.0], [3.0, 0.0]]), np.ones((5, 2))]
    >>> summarize = Summarize(("mean", "max")).fit(clips)
    >>> summarize.transform(clips)
    array([[2., 3., 0., 0.],
           [1., 1., 1., 1.]], dtype=float32)
    >>> summarize.get_feature_names_out(["zcr", "rms"])
    array(['zcr_mean', 'zcr_max', 'rms_mean', 'rms_max'], dtype=object)
    """

    def __init__(
        self, summaries: tuple[str, ...] = ("mean", "std"), params: Mapping[str, Any] | None = None
    ) -> None:
        self.summaries = summaries
        self.params = params

    def transform(self, X: Any) -> np.ndarray:
        """Summarise.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_columns * n_numbers), float32
            For each column all its numbers, or those of the columns together; 0 where a clip has no frames.
        """
        check_is_fitted(self)
        frames = self._frames(X, reset=False)
        clips = frames if isinstance(frames, Frames) else frames[:, None]
        return np.asarray([self._row(clip) for clip in clips], dtype=np.float32)

    def _row(self, frames: np.ndarray) -> np.ndarray:
        params = {**_SUMMARY_PARAMS, **(self.params or {})}
        return self._summary().compute(np.ascontiguousarray(frames), params).T.ravel()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns: ``mfcc_01_mean``, ``mfcc_01_std`` ...

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns given.

        Returns
        -------
        ndarray of str objects
            One name per column.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
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

    def _check(self) -> None:
        self._summary()
        for name in self.params or {}:
            if name not in _SUMMARY_PARAMS:
                raise UnknownNameError("parameter of summaries", name, _SUMMARY_PARAMS)
        self._row(np.zeros((1, 1)))  # their values are for the summaries to judge
