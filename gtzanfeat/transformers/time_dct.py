"""The discrete cosine transform of frames over time, as a transformer of frame matrices.

Deltas and statistics over all frames are in `frame_summaries`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.extraction.frame_sequence import Frames
from gtzanfeat.feature_sets import column_name
from gtzanfeat.transformers.frame_summaries import FrameTransformer


class TimeDCT(FrameTransformer):
    """Compute low-order DCT coefficients of each clip's frames over time, averaged over blocks of frames.

    X_k = √(2/T) Σ_t x_t cos(πk(2t + 1) / 2T), and 1/√2 of that for k = 0 (DCT-II, orthonormal);
    coefficient k measures changes at k·(frames per second) / 2T Hz. In two dimensions each frame is first
    transformed along its columns in the same way, which turns log band energies into cepstra.

    Parameters
    ----------
    n_coefficients : int or pair of int, default=8
        Number of coefficients kept: over time; or over time and along the columns, where one number is for
        both.
    block : int, default=86
        Frames in a block, T. A clip that has fewer is one block; coefficients from T on are 0.
    hop : int, default=43
        Frames from one block to the next.
    dims : {1, 2}, default=1
        1: over time, for each column. 2: over time and along the columns.
    absolute : bool, default=False
        Whether magnitudes are averaged, which depend less on where in a change a block begins.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the frames seen by `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(86)
    >>> wave = np.cos(np.pi * 3 * (2 * t + 1) / (2 * 86))[:, None]
    >>> TimeDCT(5, absolute=True).fit_transform([wave]).round(3)
    array([[0.   , 0.   , 0.   , 6.557, 0.   ]], dtype=float32)
    """

    def __init__(
        self,
        n_coefficients: int | tuple[int, int] = 8,
        *,
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

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Transform the blocks of each clip and average the coefficients.

        Parameters
        ----------
        X : sequence of arrays of shape (n_frames, n_columns), or array-like of shape (n_clips, n_columns)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_out), float32
            For each column its coefficients over time; or, in two dimensions, for each coefficient along the
            columns those over time. 0 for a clip without frames.
        """
        from scipy.fft import dct  # here, because importing it takes longer than analysing a clip

        check_is_fitted(self)
        n_times, n_rows = self._shape()
        frames = self._frames(X, reset=False)
        clips = frames if isinstance(frames, Frames) else frames[:, None]
        rows = np.zeros((len(clips), n_rows, n_times), dtype=np.float32)
        for row, clip in zip(rows, clips, strict=True):
            if len(clip):
                columns = clip.astype(np.float64)
                if self.dims == 2:
                    columns = dct(columns, axis=1, norm="ortho")[:, :n_rows]
                coefficients = self._mean_coefficients(columns)[:, :n_times]
                row[:, : coefficients.shape[1]] = coefficients
        return rows.reshape(len(rows), -1)

    def _mean_coefficients(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the DCT over time of frames (n_frames, n), averaged over blocks of length T: (n, T)."""
        from scipy.fft import dct

        length = min(self.block, len(frames))
        blocks = np.lib.stride_tricks.sliding_window_view(frames, length, axis=0)[:: self.hop]
        if self.absolute:
            return np.asarray(np.abs(dct(blocks, axis=-1, norm="ortho")).mean(axis=0))
        return np.asarray(dct(blocks.mean(axis=0), axis=-1, norm="ortho"))  # the DCT is linear

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``mfcc_01_dct00`` ...; in two dimensions ``dct00_00`` ...

        The first number in ``dct00_00`` is the coefficient along the columns, the second that over time.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of X.

        Returns
        -------
        ndarray of shape (n_out,), str objects
            One name per column.
        """
        names = super().get_feature_names_out(input_features)
        n_times, n_rows = self._shape()
        if self.dims == 2:
            made = [f"dct{q:02d}_{k:02d}" for q in range(n_rows) for k in range(n_times)]
        else:
            made = [column_name(name, "", f"dct{k:02d}") for name in names for k in range(n_times)]
        return np.asarray(made, dtype=object)

    def _shape(self) -> tuple[int, int]:
        """Return (n_times, n_rows): coefficients over time, and of how many columns or their coefficients."""
        given = self.n_coefficients
        times, across = (given, given) if isinstance(given, int | np.integer) else given
        return times, min(across, self.n_features_in_) if self.dims == 2 else self.n_features_in_

    def _check_parameters(self) -> None:
        given = self.n_coefficients
        numbers = [given] if isinstance(given, int | np.integer) else list(given)
        if self.dims not in (1, 2):
            raise ValueError(f"dims is {self.dims}; give 1 or 2")
        if len(numbers) not in (1, self.dims) or min(numbers) < 1:
            raise ValueError(f"n_coefficients is {given!r}; give a number from 1, or two if dims is 2")
        if self.block < 1 or self.hop < 1:
            raise ValueError(f"block is {self.block} and hop {self.hop}; give 1 frame or more")
