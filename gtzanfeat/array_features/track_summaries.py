"""Summaries of the padded tracks of a batch of clips, each over the frames of its own clip.

A `PaddedTracks` holds the tracks; functions give (n_clips, n_numbers, n_columns), float64. Their names are
those of `statistics.summaries`, their formulae those of `statistics.tracks` and of texture windows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from gtzanfeat.declarations import Params
from gtzanfeat.statistics.summaries import GROW, STARTS, VALID


class PaddedTracks:
    """Tracks of many clips, (n_clips, n_frames of the longest, n_columns), and how long each is.

    Parameters
    ----------
    xp : module
        Functions of the array API.
    values : array of shape (n_clips, n_frames, n_columns)
        At least one frame; behind the end of a clip, any finite numbers.
    counts : array of shape (n_clips,), int64
        Frames of each clip, at least one.
    """

    def __init__(self, xp: Any, values: Any, counts: Any) -> None:
        self.xp = xp
        self.counts = counts[:, None, None]
        self.frames = xp.arange(values.shape[1])[None, :, None]
        self.inside = self.frames < self.counts
        self.values = xp.astype(values, xp.float64)
        self.n = xp.astype(self.counts, xp.float64)

    def fill(self, values: Any, outside: Any) -> Any:
        """Replace what lies behind the end of a clip."""
        return self.xp.where(self.inside, values, outside)

    def average(self, values: Any) -> Any:
        """Mean over the frames of each clip, (n_clips, 1, n_columns)."""
        xp = self.xp
        return xp.sum(self.fill(values, xp.zeros_like(values)), axis=1, keepdims=True) / self.n

    def at(self, frame: Any) -> Any:
        """Values of one frame of each clip, numbers of frames (n_clips, 1, 1) -> (n_clips, 1, n_columns)."""
        xp = self.xp
        chosen = xp.where(self.frames == frame, self.values, xp.zeros_like(self.values))
        return xp.sum(chosen, axis=1, keepdims=True)

    @cached_property
    def moved(self) -> Any:
        """Tracks less their first frame, 0 behind the end: a constant track gives exact zeros."""
        moved = self.values - self.values[:, :1, ...]
        return self.fill(moved, self.xp.zeros_like(moved))

    @cached_property
    def mean(self) -> Any:
        """Mean of each clip, (n_clips, 1, n_columns)."""
        return self.values[:, :1, ...] + self.average(self.moved)

    @cached_property
    def centred(self) -> Any:
        """Tracks less their mean."""
        return self.moved - self.average(self.moved)


def _over(xp: Any, numerator: Any, denominator: Any) -> Any:
    positive = denominator > 0
    ratio = numerator / xp.where(positive, denominator, xp.ones_like(denominator))
    return xp.where(positive, ratio, xp.zeros_like(ratio))


def _mean(tracks: PaddedTracks, params: Params) -> Any:
    return tracks.mean


def _variance(tracks: PaddedTracks, params: Params) -> Any:
    return tracks.average(tracks.centred**2)


def _standard_deviation(tracks: PaddedTracks, params: Params) -> Any:
    return tracks.xp.sqrt(_variance(tracks, params))


def _standardised_moment(tracks: PaddedTracks, params: Params, order: int) -> Any:
    moment = tracks.average(tracks.centred**order)
    return _over(tracks.xp, moment, _variance(tracks, params) ** (order / 2))


def _minimum(tracks: PaddedTracks, params: Params) -> Any:
    xp = tracks.xp
    return xp.min(tracks.fill(tracks.values, xp.full_like(tracks.values, xp.inf)), axis=1, keepdims=True)


def _maximum(tracks: PaddedTracks, params: Params) -> Any:
    xp = tracks.xp
    return xp.max(tracks.fill(tracks.values, xp.full_like(tracks.values, -xp.inf)), axis=1, keepdims=True)


def _slope(tracks: PaddedTracks, params: Params) -> Any:
    xp = tracks.xp
    time = xp.astype(tracks.frames, xp.float64) - (tracks.n - 1) / 2
    product = tracks.average(time * tracks.centred) * tracks.n
    squares = tracks.average(time * time) * tracks.n
    return product / xp.clip(squares, min=1.0)


def _percentile(tracks: PaddedTracks, params: Params, rank: float) -> Any:
    xp = tracks.xp
    ordered = xp.sort(tracks.fill(tracks.values, xp.full_like(tracks.values, xp.inf)), axis=1)
    within = PaddedTracks(xp, ordered, tracks.counts[:, 0, 0])
    place = (tracks.n - 1) * (rank / 100)
    below = xp.floor(place)
    low = within.at(xp.astype(below, xp.int64))
    high = within.at(xp.astype(xp.ceil(place), xp.int64))
    return low + (high - low) * (place - below)


def _interquartile_range(tracks: PaddedTracks, params: Params) -> Any:
    return _percentile(tracks, params, 75) - _percentile(tracks, params, 25)


def deltas(tracks: PaddedTracks, reach: int) -> PaddedTracks:
    """Slopes along time by regression over 2·reach + 1 frames, the ends of each clip repeated."""
    xp, n = tracks.xp, tracks.values.shape[1]
    filled = tracks.fill(tracks.values, tracks.at(tracks.counts - 1))
    padded = xp.concat([filled[:, :1, ...]] * reach + [filled] + [filled[:, -1:, ...]] * reach, axis=1)
    total = xp.zeros_like(filled)
    for step in range(1, reach + 1):
        ahead = padded[:, reach + step : reach + step + n, ...]
        behind = padded[:, reach - step : reach - step + n, ...]
        total = total + step * (ahead - behind)
    scale = 2 * sum(step * step for step in range(1, reach + 1))
    return PaddedTracks(xp, total / scale, tracks.counts[:, 0, 0])


def _of_deltas(tracks: PaddedTracks, params: Params, compute: Callable[..., Any], order: int) -> Any:
    for _ in range(order):
        tracks = deltas(tracks, params["reach"])
    return compute(tracks, params)


def _pooled(tracks: PaddedTracks, params: Params) -> Any:
    xp = tracks.xp
    first = tracks.values[:, :1, :1]
    shift = xp.mean(tracks.average(tracks.values - first), axis=2, keepdims=True)
    moved = tracks.values - first - shift
    variance = xp.mean(tracks.average(moved * moved), axis=2, keepdims=True)
    return xp.concat([first + shift, variance], axis=1)


def _texture_moments(tracks: PaddedTracks, params: Params, rows: tuple[int, ...]) -> Any:
    """Rows of the five moments of running mean and deviation, as `texture_moments` has them."""
    xp, width, start = tracks.xp, params["window"], STARTS[params["start"]]
    moved = tracks.moved
    total, squares = _running_sum(xp, moved, width), _running_sum(xp, moved * moved, width)
    whole = xp.full_like(tracks.frames, width)
    count = xp.minimum(tracks.frames + 1, whole) if start in (VALID, GROW) else whole
    used = tracks.inside
    if start == VALID:
        used = used & (tracks.frames + 1 >= xp.minimum(tracks.counts, whole))
    n = xp.astype(count, xp.float64)
    mean = total / n
    variance = xp.clip(squares / n - mean * mean, min=0.0)
    spread = xp.sqrt(variance)
    weight = xp.astype(used, xp.float64)
    n_windows = xp.clip(xp.sum(weight, axis=1, keepdims=True), min=1.0)

    def average(values: Any) -> Any:
        return xp.sum(values * weight, axis=1, keepdims=True) / n_windows

    def deviation(values: Any) -> Any:
        return xp.sqrt(xp.clip(average(values * values) - average(values) ** 2, min=0.0))

    moments = (
        lambda: average(mean) + tracks.values[:, :1, ...],
        lambda: average(variance),
        lambda: deviation(mean),
        lambda: average(spread),
        lambda: deviation(spread),
    )
    return xp.concat([moments[row]() for row in rows], axis=1)


def _running_sum(xp: Any, values: Any, width: int) -> Any:
    """Sum of the last `width` values along time; before the first there are zeros."""
    up_to = xp.cumulative_sum(values, axis=1)
    if width >= values.shape[1]:
        return up_to
    before = xp.concat([xp.zeros_like(up_to[:, :width, ...]), up_to[:, :-width, ...]], axis=1)
    return up_to - before


ARRAY_SUMMARIES: dict[str, Callable[[PaddedTracks, Params], Any]] = {
    "texture": partial(_texture_moments, rows=(0, 1)),
    "running": partial(_texture_moments, rows=(0, 3, 2, 4)),
    "running_mean": partial(_texture_moments, rows=(0, 3)),
    "mean": _mean,
    "segment_mean": _mean,
    "std": _standard_deviation,
    "var": _variance,
    "min": _minimum,
    "max": _maximum,
    "median": partial(_percentile, rank=50),
    "segment_median": partial(_percentile, rank=50),
    "iqr": _interquartile_range,
    "skewness": partial(_standardised_moment, order=3),
    "kurtosis": partial(_standardised_moment, order=4),
    "slope": _slope,
    "delta_mean": partial(_of_deltas, compute=_mean, order=1),
    "delta_std": partial(_of_deltas, compute=_standard_deviation, order=1),
    "delta2_mean": partial(_of_deltas, compute=_mean, order=2),
    "delta2_std": partial(_of_deltas, compute=_standard_deviation, order=2),
    "pooled": _pooled,
}


def find_array_summary(name: str) -> Callable[[Any, Any, Any, Params], Any] | None:
    """Find what computes a summary of padded tracks.

    Parameters
    ----------
    name : str
        As of `gtzanfeat.statistics.summaries.find_summary`: "mean+std+p10".

    Returns
    -------
    callable or None
        ``summary(xp, values, counts, params)``, with the arrays of `PaddedTracks`, gives float64
        (n_clips, n_numbers, n_columns), 0 for a clip without frames; None if a part of it is computed on the
        CPU only.
    """
    parts = [_find_one(part) for part in name.split("+")]
    if None in parts:
        return None

    def summary(xp: Any, values: Any, counts: Any, params: Params) -> Any:
        if not values.shape[1]:  # all clips are without frames: one of zeros, which does not count
            values = xp.zeros((values.shape[0], 1, values.shape[2]), dtype=values.dtype)
        tracks = PaddedTracks(xp, values, xp.clip(counts, min=1))  # of no frame, any number will do
        numbers = xp.concat([part(tracks, params) for part in parts if part is not None], axis=1)
        return xp.where(counts[:, None, None] > 0, numbers, xp.zeros_like(numbers))

    return summary


def _find_one(name: str) -> Callable[[PaddedTracks, Params], Any] | None:
    if re.fullmatch(r"p\d\d", name):
        return partial(_percentile, rank=int(name[1:]))
    return ARRAY_SUMMARIES.get(name)
