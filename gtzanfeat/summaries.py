"""Summaries: tracks of frame features become numbers per clip.

A track is (n_frames, n_columns); a summary gives one row per number it makes of a column. Nothing here
hears sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gtzanfeat.features.spec import Params
from gtzanfeat.jit import kernel

VALID, GROW, PREFILL = 0, 1, 2
STARTS = {"valid": VALID, "grow": GROW, "prefill": PREFILL}


@kernel
def texture_moments(track: np.ndarray, width: int, start: int, out: np.ndarray) -> None:
    """Moments over time of the running mean m_t and variance v_t of the last `width` frames.

    Rows of `out`: mean of m, mean of v, std of m, mean of √v, std of √v; population variances throughout.
    `start` 0 uses full windows only (one shorter window where the clip has fewer frames), 1 lets the first
    windows grow, 2 fills the frames before the clip with copies of its first.
    """
    n, n_columns = track.shape
    width = width if start == 2 else min(width, n)
    sums = np.zeros((5, n_columns))
    centre = np.zeros(n_columns)
    total = np.zeros(n_columns)
    squares = np.zeros(n_columns)
    # sums of differences from the first frame: a constant track gives a variance of exactly 0
    for c in range(n_columns):
        centre[c] = track[0, c]
    count = width if start == 2 else 0
    n_windows = 0
    for t in range(n):
        for c in range(n_columns):
            new = np.float64(track[t, c]) - centre[c]
            total[c] += new
            squares[c] += new * new
            if t >= width:
                old = np.float64(track[t - width, c]) - centre[c]
                total[c] -= old
                squares[c] -= old * old
        count = min(count + 1, width)
        if start == 0 and count < width:
            continue
        n_windows += 1
        for c in range(n_columns):
            mean = total[c] / count
            variance = max(squares[c] / count - mean * mean, 0.0)
            spread = np.sqrt(variance)
            sums[0, c] += mean
            sums[1, c] += variance
            sums[2, c] += mean * mean
            sums[3, c] += spread
            sums[4, c] += spread * spread
    for c in range(n_columns):
        mean = sums[0, c] / n_windows
        spread = sums[3, c] / n_windows
        out[0, c] = mean + centre[c]
        out[1, c] = sums[1, c] / n_windows
        out[2, c] = np.sqrt(max(sums[2, c] / n_windows - mean * mean, 0.0))
        out[3, c] = spread
        out[4, c] = np.sqrt(max(sums[4, c] / n_windows - spread * spread, 0.0))


def _moments(track: np.ndarray, params: Params) -> np.ndarray:
    out = np.zeros((5, track.shape[1]))
    if track.shape[0]:
        texture_moments(track, params["window"], STARTS[params["start"]], out)
    return out


def texture(track: np.ndarray, params: Params) -> np.ndarray:
    """Mean over all texture windows of their mean, and of their variance: (2, n_columns).

    Parameters
    ----------
    track : ndarray of shape (n_frames, n_columns)
        Frame features; with no frame at all the result is 0.
    params : mapping
        ``window``, frames in a texture window; ``start``, one of `STARTS`.
    """
    return _moments(track, params)[:2]


def running(track: np.ndarray, params: Params) -> np.ndarray:
    """Mean and deviation over time of the running mean and running deviation: (4, n_columns).

    Rows: mean of means, mean of deviations, deviation of means, deviation of deviations, which is the order
    of Marsyas' "single vector". Parameters as `texture`.
    """
    return _moments(track, params)[[0, 3, 2, 4]]


@dataclass(frozen=True)
class Summary:
    """What makes numbers per clip of a track.

    Parameters
    ----------
    name : str
        Its name in a feature set.
    compute : callable
        ``compute(track, params)`` gives (n_numbers, n_columns).
    suffixes, units, formulas : tuple of str
        For each number: the end of its column's name, its unit with ``{}`` for the column's own, and its
        formula with ``{}`` for the column's.
    """

    name: str
    compute: Callable[[np.ndarray, Params], np.ndarray]
    suffixes: tuple[str, ...]
    units: tuple[str, ...]
    formulas: tuple[str, ...]


SUMMARIES: dict[str, Summary] = {
    row.name: row
    for row in (
        Summary(
            "texture",
            texture,
            suffixes=("tmean", "tvar"),
            units=("{}", "({})²"),
            formulas=(
                "mean over texture windows of the mean of {}",
                "mean over texture windows of the variance of {}",
            ),
        ),
        Summary(
            "running",
            running,
            suffixes=("tmean_mean", "tstd_mean", "tmean_std", "tstd_std"),
            units=("{}", "{}", "{}", "{}"),
            formulas=(
                "mean of the running mean of {}",
                "mean of the running std of {}",
                "std of the running mean of {}",
                "std of the running std of {}",
            ),
        ),
    )
}
