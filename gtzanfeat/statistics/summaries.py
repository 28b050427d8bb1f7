"""Summaries: statistics over time that make numbers per clip of the tracks of frame features.

A track is (n_frames, n_columns); a summary gives one row per number it makes of a column. Summaries are
found by name, several at a time: ``find_summary("mean+std+p10")``. The statistics themselves are in `tracks`,
those of texture windows (Tzanetakis & Cook 2002, section II-A) here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import Column, Parameter, Params
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.jit import Float64Array, kernel
from gtzanfeat.statistics.tracks import (
    deltas,
    gaussian,
    interquartile_range,
    kurtosis,
    mean,
    percentile,
    position_of_maximum,
    position_of_minimum,
    skewness,
    slope,
    slope_error,
    standard_deviation,
    variance,
)

Statistic = Callable[[NDArray[Any]], Float64Array]

VALID, GROW, PREFILL = 0, 1, 2
STARTS = {"valid": VALID, "grow": GROW, "prefill": PREFILL}

TEXTURE = (
    Parameter("window", 43, "frames", "frames in a texture window", low=1),
    Parameter(
        "start",
        "valid",
        "1",
        "texture windows at the start: whole, growing or filled up",
        choices=tuple(STARTS),
    ),
)
REACH = (Parameter("reach", 2, "frames", "frames to either side that a delta is fitted to", low=1),)


@kernel
def texture_moments(track: NDArray[Any], width: int, start: int, out: Float64Array) -> None:
    """Moments over time of the running mean m_t and variance v_t of the last `width` frames.

    track (n_frames, n_columns) -> out (5, n_columns): mean of m, mean of v, std of m, mean of √v, std of √v

    Population variances throughout. `start` 0 uses full windows only (one shorter window where the clip has
    fewer frames), 1 lets the first windows grow, 2 fills the frames before the clip with copies of its first.
    """
    n, n_columns = track.shape
    width = width if start == 2 else min(width, n)
    first = width - 1 if start == 0 else 0
    n_windows = n - first
    total, squares, share = np.empty(n), np.empty(n), np.empty(n)
    for t in range(n):
        share[t] = 1.0 / (min(t + 1, width) if start == 1 else width)
    for c in range(n_columns):
        # sums of differences from the first frame: a constant track gives a variance of exactly 0
        centre = np.float64(track[0, c])
        level, power = 0.0, 0.0
        for t in range(n):
            new = np.float64(track[t, c]) - centre
            old = np.float64(track[t - width, c]) - centre if t >= width else 0.0
            level += new - old
            power += new * new - old * old
            total[t], squares[t] = level, power
        means, mean_squares, variances, spreads, spread_squares = 0.0, 0.0, 0.0, 0.0, 0.0
        for t in range(first, n):
            mean = total[t] * share[t]
            variance = max(squares[t] * share[t] - mean * mean, 0.0)
            spread = np.sqrt(variance)
            means += mean
            mean_squares += mean * mean
            variances += variance
            spreads += spread
            spread_squares += spread * spread
        mean, spread = means / n_windows, spreads / n_windows
        out[0, c] = mean + centre
        out[1, c] = variances / n_windows
        out[2, c] = np.sqrt(max(mean_squares / n_windows - mean * mean, 0.0))
        out[3, c] = spread
        out[4, c] = np.sqrt(max(spread_squares / n_windows - spread * spread, 0.0))


def _texture_moments(track: NDArray[Any], params: Params) -> Float64Array:
    """The `texture_moments` of a track, (5, n_columns); zeros where there is no frame."""
    out = np.zeros((5, track.shape[1]))
    if track.shape[0]:
        texture_moments(track, int(params["window"]), STARTS[params["start"]], out)
    return out


def texture(track: NDArray[Any], params: Params) -> Float64Array:
    """Mean over all texture windows of their mean, and of their variance: (2, n_columns).

    Parameters
    ----------
    track : ndarray of shape (n_frames, n_columns)
        Frame features; with no frame at all the result is 0.
    params : mapping
        ``window``, frames in a texture window; ``start``, one of `STARTS`.
    """
    return _texture_moments(track, params)[:2]


def running(track: NDArray[Any], params: Params) -> Float64Array:
    """Mean and deviation over time of the running mean and running deviation: (4, n_columns).

    Rows: mean of means, mean of deviations, deviation of means, deviation of deviations, which is the order
    of Marsyas' "single vector". Parameters as `texture`.
    """
    return _texture_moments(track, params)[[0, 3, 2, 4]]


def running_mean(track: NDArray[Any], params: Params) -> Float64Array:
    """Mean over time of the running mean and running deviation: (2, n_columns).

    The first half of `running`. Parameters as `texture`.
    """
    return _texture_moments(track, params)[[0, 3]]


# --- as summaries ---------------------------------------------------------------------------------


def _statistic(track: NDArray[Any], params: Params, compute: Statistic) -> Float64Array:
    """One statistic as a summary, (1, n_columns); 0 where there is no frame."""
    return compute(track)[None] if len(track) else np.zeros((1, track.shape[1]))


def _of_deltas(track: NDArray[Any], params: Params, compute: Statistic, order: int) -> Float64Array:
    """One statistic of the deltas, or of their deltas, (1, n_columns); ``reach`` is a parameter."""
    if len(track) == 0:
        return np.zeros((1, track.shape[1]))
    for _ in range(order):
        track = deltas(track, params["reach"])
    return compute(track)[None]


# --- the registry ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """A summary: a statistic over time, with the names, units and formulae of its numbers.

    Parameters
    ----------
    name : str
        Its name in a feature set.
    compute : callable
        ``compute(track, params)`` gives (n_numbers, n_columns).
    suffixes, units, formulas : tuple of str
        For each number: the end of its column's name, its unit, where ``{}`` is the column's own, and its
        formula with ``{}`` for the column's.
    joint : callable, optional
        For a summary of columns together, such as their covariance: from the columns of a track to those of
        the numbers.
    parameters : tuple of Parameter
        The parameters that `compute` reads.
    """

    name: str
    compute: Callable[[NDArray[Any], Params], Float64Array]
    suffixes: tuple[str, ...]
    units: tuple[str, ...]
    formulas: tuple[str, ...]
    joint: Callable[[Sequence[Column]], list[Column]] | None = None
    parameters: tuple[Parameter, ...] = ()

    def full_params(self, given: Params) -> Params:
        """Return its parameters, with the defaults of those that are not given."""
        return {parameter.name: parameter.default for parameter in self.parameters} | dict(given)

    def columns(self, columns: Sequence[Column]) -> list[Column]:
        """What the columns of `compute` are, given those of the track: the same, unless it is `joint`."""
        return list(columns) if self.joint is None else self.joint(columns)


def _over_time(name: str, compute: Statistic, unit: str, formula: str) -> Summary:
    """Build the row of a statistic over all frames."""
    return Summary(name, partial(_statistic, compute=compute), (name,), (unit,), (formula,))


def _over_deltas(name: str, compute: Statistic, order: int, formula: str) -> Summary:
    """Build the row of a statistic of deltas."""
    compute_row = partial(_of_deltas, compute=compute, order=order)
    return Summary(name, compute_row, (name,), ("{} per frame" + order // 2 * "²",), (formula,), None, REACH)


def _gaussian(track: NDArray[Any], params: Params) -> Float64Array:
    """Mean and covariance as a summary, (1, c + c(c + 1)/2); 0 where there is no frame."""
    c = track.shape[1]
    return gaussian(track)[None] if len(track) else np.zeros((1, c + c * (c + 1) // 2))


def _gaussian_columns(columns: Sequence[Column]) -> list[Column]:
    """Columns of `gaussian`: "00_mean", then "00_00_cov", "00_01_cov" ..."""
    means = [
        Column("_".join(filter(None, (a.name, "mean"))), a.unit, f"mean of {a.formula}", a.hears)
        for a in columns
    ]
    pairs = [(a, b) for i, a in enumerate(columns) for b in columns[i:]]
    return means + [
        Column(
            "_".join(filter(None, (a.name, b.name, "cov"))),
            "1" if a.unit == b.unit == "1" else f"({a.unit})·({b.unit})",
            f"covariance of {a.formula} and {b.formula}",
            f"variety of {a.hears}" if a is b else f"{a.hears}, together with {b.hears}",
        )
        for a, b in pairs
    ]


def _pooled(track: NDArray[Any], params: Params) -> Float64Array:
    """Mean and variance of all numbers of a track, (2, 1); 0 where there is no frame."""
    return (
        np.array([mean(track.reshape(-1, 1)), variance(track.reshape(-1, 1))])
        if len(track)
        else np.zeros((2, 1))
    )


def _pooled_columns(columns: Sequence[Column]) -> list[Column]:
    """The one column that a pooled track has."""
    formula = f"all columns of {columns[0].formula}"
    return [Column("", columns[0].unit, formula, "mean and spread of all columns together")]


def _percentile(rank: int) -> Summary:
    """Build the row of a percentile, "p05"."""
    return _over_time(f"p{rank:02d}", partial(percentile, rank=rank), "{}", f"percentile {rank} of {{}}")


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
            parameters=TEXTURE,
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
            parameters=TEXTURE,
        ),
        Summary(
            "running_mean",
            running_mean,
            suffixes=("tmean_mean", "tstd_mean"),
            units=("{}", "{}"),
            formulas=("mean of the running mean of {}", "mean of the running std of {}"),
            parameters=TEXTURE,
        ),
        _over_time("mean", mean, "{}", "mean of {}"),
        _over_time("std", standard_deviation, "{}", "standard deviation of {}"),
        _over_time("var", variance, "({})²", "variance of {}"),
        _over_time("min", lambda track: track.min(axis=0), "{}", "smallest value of {}"),
        _over_time("max", lambda track: track.max(axis=0), "{}", "largest value of {}"),
        _over_time("median", partial(percentile, rank=50), "{}", "median of {}"),
        _over_time("skewness", skewness, "1", "skewness m₃ / m₂^1.5 of {}"),
        _over_time("kurtosis", kurtosis, "1", "kurtosis m₄ / m₂² (3 if normal) of {}"),
        *(_percentile(rank) for rank in (5, 25, 75, 95)),
        _over_time("iqr", interquartile_range, "{}", "75th less 25th percentile of {}"),
        _over_time("max_at", position_of_maximum, "share of the clip", "place of the maximum of {}"),
        _over_time("min_at", position_of_minimum, "share of the clip", "place of the minimum of {}"),
        _over_time("slope", slope, "{} per frame", "slope over time of the regression line of {}"),
        _over_time("slope_error", slope_error, "{}", "rms distance from the regression line of {}"),
        _over_deltas("delta_mean", mean, 1, "mean of the deltas of {}"),
        _over_deltas("delta_std", standard_deviation, 1, "standard deviation of the deltas of {}"),
        _over_deltas("delta2_mean", mean, 2, "mean of the double deltas of {}"),
        _over_deltas("delta2_std", standard_deviation, 2, "standard deviation of the double deltas of {}"),
        Summary(
            "pooled",
            _pooled,
            suffixes=("mean", "var"),
            units=("{}", "({})²"),
            formulas=("mean of {}", "variance of {}"),
            joint=_pooled_columns,
        ),
        Summary("gaussian", _gaussian, ("",), ("{}",), ("{}",), joint=_gaussian_columns),
        # where a feature is defined as the mean or median of its segments, the name says no more than that
        Summary(
            "segment_mean",
            partial(_statistic, compute=mean),
            suffixes=("",),
            units=("{}",),
            formulas=("mean over segments of {}",),
        ),
        Summary(
            "segment_median",
            partial(_statistic, compute=partial(percentile, rank=50)),
            suffixes=("",),
            units=("{}",),
            formulas=("median over segments of {}",),
        ),
    )
}


@lru_cache
def find_summary(name: str) -> Summary:
    """Find a summary by name; ``+`` puts several together, and ``pNN`` is any percentile.

    Parameters
    ----------
    name : str
        A name of `SUMMARIES`, "p00" to "p99", or several of them: "mean+std+p10".

    Returns
    -------
    Summary
        Its numbers are those of the parts, in their order. Parts that take the same parameter share it.

    Raises
    ------
    UnknownNameError
        If a part is unknown.
    ValueError
        If "gaussian" is one part of several.

    Examples
    --------
    >>> find_summary("mean+std+p10").suffixes
    ('mean', 'std', 'p10')
    """
    parts = [_find_one(part) for part in name.split("+")]
    if len(parts) == 1:
        return parts[0]
    if any(part.joint for part in parts):
        raise ValueError(
            f"summary {name!r} joins one that takes all columns together with others; it stands alone"
        )

    def compute(track: NDArray[Any], params: Params) -> Float64Array:
        return np.concatenate([part.compute(track, params) for part in parts])

    return Summary(
        name,
        compute,
        suffixes=tuple(suffix for part in parts for suffix in part.suffixes),
        units=tuple(unit for part in parts for unit in part.units),
        formulas=tuple(formula for part in parts for formula in part.formulas),
        parameters=tuple(dict.fromkeys(parameter for part in parts for parameter in part.parameters)),
    )


def _find_one(name: str) -> Summary:
    """The summary of one name, percentiles made as they are asked for."""
    if name in SUMMARIES:
        return SUMMARIES[name]
    if re.fullmatch(r"p\d\d", name):
        return _percentile(int(name[1:]))
    raise UnknownNameError("summary", name, SUMMARIES)
