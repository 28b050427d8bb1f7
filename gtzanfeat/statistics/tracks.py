"""Statistics of a track over time, and its deltas: plain functions of (n_frames, n_columns).

Each gives (n_columns,) unless it says otherwise. Their names in feature sets, and their values for no
frames at all, are in `summaries`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import Float64Array

ROWS = 8192  # of a long track that are read at a time


def blocks_of_rows(track: Any, overlap: int = 0) -> Iterator[NDArray[Any]]:
    """Yield the rows of a track one block after another, each with the last `overlap` rows before it.

    So that a track of any length, which may lie in a file, takes no more memory than a block of it.

    Parameters
    ----------
    track : ndarray of shape (n_rows, n_columns), or what is indexed like it
        Frame features.
    overlap : int, default=0
        Rows before each block that come with it; there are none before the first.

    Yields
    ------
    ndarray of shape (at most 8192 + overlap, n_columns)
        The rows.
    """
    for start in range(0, len(track), ROWS):
        yield track[max(start - overlap, 0) : start + ROWS]


def centred(track: NDArray[Any]) -> tuple[Float64Array, Float64Array]:
    """Mean of each column (n_columns,), and the track less it; a constant column gives exact zeros."""
    first = track[:1].astype(np.float64)
    moved = track - first
    shift = moved.mean(axis=0)
    moved -= shift
    return first[0] + shift, moved


def _ratio(numerator: Float64Array, denominator: Float64Array) -> Float64Array:
    """Numerator over denominator, and 0 where the denominator is 0."""
    ratio: Float64Array = np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0
    )
    return ratio


def mean(track: NDArray[Any]) -> Float64Array:
    """Mean over time."""
    return centred(track)[0]


def variance(track: NDArray[Any]) -> Float64Array:
    """Variance over time, of the population."""
    squares: Float64Array = (centred(track)[1] ** 2).mean(axis=0)
    return squares


def standard_deviation(track: NDArray[Any]) -> Float64Array:
    """Standard deviation over time, √ of the variance."""
    return np.sqrt(variance(track))


def skewness(track: NDArray[Any]) -> Float64Array:
    """Skewness m₃ / m₂^1.5; 0 where the variance is 0."""
    moved = centred(track)[1]
    square = moved * moved
    return _ratio((square * moved).mean(axis=0), square.mean(axis=0) ** 1.5)


def kurtosis(track: NDArray[Any]) -> Float64Array:
    """Kurtosis m₄ / m₂², 3 for a normal distribution; 0 where the variance is 0."""
    moved = centred(track)[1]
    square = moved * moved
    return _ratio((square * square).mean(axis=0), square.mean(axis=0) ** 2)


def percentile(track: NDArray[Any], rank: float) -> Float64Array:
    """Percentile: the value below which `rank` percent of the frames lie, interpolated linearly."""
    return np.percentile(track.astype(np.float64), rank, axis=0, overwrite_input=True)


def interquartile_range(track: NDArray[Any]) -> Float64Array:
    """Interquartile range, the 75th less the 25th percentile."""
    low, high = np.percentile(track.astype(np.float64), (25, 75), axis=0, overwrite_input=True)
    difference: Float64Array = high - low
    return difference


def position_of_maximum(track: NDArray[Any]) -> Float64Array:
    """Position of the largest value (the first of them), from 0 (start) to 1 (end)."""
    position: Float64Array = track.argmax(axis=0) / max(len(track) - 1, 1)
    return position


def position_of_minimum(track: NDArray[Any]) -> Float64Array:
    """Position of the smallest value (the first of them), from 0 (start) to 1 (end)."""
    position: Float64Array = track.argmin(axis=0) / max(len(track) - 1, 1)
    return position


def slope(track: NDArray[Any]) -> Float64Array:
    """Slope of the straight line fitted over time; 0 for a single frame."""
    time = np.arange(len(track)) - (len(track) - 1) / 2
    gradient: Float64Array = time @ centred(track)[1] / max(float(time @ time), 1.0)
    return gradient


def slope_error(track: NDArray[Any]) -> Float64Array:
    """Root mean square distance from the straight line fitted over time."""
    time = np.arange(len(track)) - (len(track) - 1) / 2
    error: Float64Array = np.sqrt(((centred(track)[1] - np.outer(time, slope(track))) ** 2).mean(axis=0))
    return error


def gaussian(track: NDArray[Any]) -> Float64Array:
    """Mean of each column, then the upper triangle of their covariance, row by row: (c + c(c + 1)/2,)."""
    level, moved = centred(track)
    return np.concatenate([level, (moved.T @ moved / len(track))[np.triu_indices(track.shape[1])]])


def deltas(track: NDArray[Any], reach: int = 2) -> NDArray[Any]:
    """Slopes along time by regression over 2·reach + 1 frames, as in HTK: the deltas of a track.

    d_t = Σ_{θ=1..Θ} θ (c_{t+θ} - c_{t-θ}) / 2 Σ θ², where the first and the last frame are repeated beyond
    the ends. Deltas of deltas are the double deltas.

    Parameters
    ----------
    track : ndarray of shape (n_frames, n_columns)
        Frame features.
    reach : int, default=2
        Θ, frames to either side.

    Returns
    -------
    ndarray of shape (n_frames, n_columns)
        Change per frame, in the track's own type.

    References
    ----------
    .. [1] S. Young et al., "The HTK Book", section 5.9. ``librosa.feature.delta(width=2 * reach + 1,
       mode="nearest")`` gives the same numbers.

    Examples
    --------
    >>> ramp = np.arange(7.0)[:, None]
    >>> deltas(ramp)[2:5].ravel()
    array([1., 1., 1.])
    """
    if reach < 1:
        raise ValueError(f"reach is {reach}; it must be at least 1 frame")
    n = len(track)
    padded = np.concatenate([track[:1].repeat(reach, axis=0), track, track[-1:].repeat(reach, axis=0)])
    total = np.zeros_like(track)
    for step in range(1, reach + 1):
        total += step * (padded[reach + step : reach + step + n] - padded[reach - step : reach - step + n])
    change: NDArray[Any] = total / track.dtype.type(2 * sum(step * step for step in range(1, reach + 1)))
    return change
