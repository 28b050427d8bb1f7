"""The course of frames over time as a transformer: low-order cosines over blocks.

What is taken of all frames alike, and their deltas, is in `frames`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from gtzanfeat.extraction.frame_matrices import Frames
from gtzanfeat.feature_sets import column_name
from gtzanfeat.transformers.frame_summaries import _OfFrames


class TimeDCT(_OfFrames):
    """Describe the course of each clip's frames by low-order DCT coefficients over blocks of frames.

    X_k = √(2/T) Σ_t x_t cos(πk(2t + 1) / 2T), and 1/√2 of that for k = 0 (DCT-II, orthonormal), averaged
    over blocks; coefficient k is a change at k·(frames per second) / 2T Hz. In two dimensions, the same is
    then done along the columns of a block, which makes cepstra of log bands.

    Parameters
    ----------
    n_coefficients : int or pair of int, default=8
        How many are kept: over time; or over time and along the columns, where one number is for both.
    block : int, default=86
        Frames in a block, T. A clip that has fewer is one block; coefficients that it cannot have are 0.
    hop : int, default=43
        Frames from one block to the next.
    dims : {1, 2}, default=1
        Over time for each column, or over time and columns.
    absolute : bool, default=False
        Average magnitudes, which do not depend on where in a change a block begins.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the frames given.

    Examples
    --------
    >>> t = np.arange(86)
    >>> wave = np.cos(np.pi * 3 * (2 * t + 1) / (2 * 86))[:, None]
    >>> TimeDCT(5, absolute=True).fit_transform([wave]).round(3)
    array([[0.   , 0.   , 0.   , 6.557, 0.   ]], dtype=float32)
    """

    def __init__(
        self,
        n_coefficients: int | tuple[int, int] = 8,
        block: int = 86,
        hop: int = 43,
        dims: int = 1,
        absolute: bool = False,
    ) -> None:
        self.n_coefficients = n_coefficients
        self.block = block
        self.hop = hop
        self.dims = dims
        self.absolute = absolute

    def transform(self, X: Any) -> np.ndarray:
        """Transform, and average over blocks.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_out), float32
            For each column its coefficients over time; or, in two dimensions, for each coefficient along the
            columns those over time. 0 where a clip has no frames.
        """
        check_is_fitted(self)
        n_times, n_across = self._numbers()
        across = dct_basis(self.n_features_in_, n_across) if self.dims == 2 else None
        frames = self._frames(X, reset=False)
        clips = frames if isinstance(frames, Frames) else frames[:, None]
        rows = np.zeros((len(clips), n_across * n_times), dtype=np.float32)
        for row, clip in zip(rows, clips, strict=True):
            if len(clip):
                row[:] = self._row(clip if across is None else clip @ across, n_times)
        return rows

    def _row(self, frames: np.ndarray, n_times: int) -> np.ndarray:
        length = min(self.block, len(frames))
        blocks = np.lib.stride_tricks.sliding_window_view(frames, length, axis=0)[:: self.hop]
        if self.absolute:
            return np.abs(blocks @ dct_basis(length, n_times)).mean(axis=0).ravel()
        # the transform of the mean is the mean of the transforms
        return (blocks.mean(axis=0, dtype=np.float64) @ dct_basis(length, n_times)).ravel()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns: ``mfcc_01_dct00`` ..., or ``dct00_00`` (along columns, over time) ...

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
        n_times, n_across = self._numbers()
        if self.dims == 2:
            made = [f"dct{q:02d}_{k:02d}" for q in range(n_across) for k in range(n_times)]
        else:
            made = [column_name(name, "", f"dct{k:02d}") for name in names for k in range(n_times)]
        return np.asarray(made, dtype=object)

    def _numbers(self) -> tuple[int, int]:
        """Coefficients over time, and how many rows of them."""
        given = self.n_coefficients
        times, across = (given, given) if isinstance(given, int | np.integer) else given
        return times, min(across, self.n_features_in_) if self.dims == 2 else self.n_features_in_

    def _check(self) -> None:
        given = self.n_coefficients
        numbers = [given] if isinstance(given, int | np.integer) else list(given)
        if self.dims not in (1, 2):
            raise ValueError(f"dims is {self.dims}; give 1 or 2")
        if len(numbers) not in (1, self.dims) or min(numbers) < 1:
            raise ValueError(f"n_coefficients is {given!r}; give a number from 1, or two if dims is 2")
        if self.block < 1 or self.hop < 1:
            raise ValueError(f"block is {self.block} and hop {self.hop}; give 1 frame or more")


def dct_basis(length: int, n_coefficients: int) -> np.ndarray:
    """Cosines of the orthonormal DCT-II, (length, n_coefficients); columns beyond `length` are 0."""
    times = np.arange(length)[:, None]
    basis = np.sqrt(2 / length) * np.cos(np.pi / (2 * length) * (2 * times + 1) * np.arange(n_coefficients))
    basis[:, 0] /= np.sqrt(2)
    basis[:, length:] = 0.0
    return basis
