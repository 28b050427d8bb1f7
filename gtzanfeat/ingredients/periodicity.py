"""Autocorrelation of a series, and the peaks of enhanced autocorrelations: the periods that histograms count.

Rhythm and pitch share this analysis (Tolonen & Karjalainen 2000; Tzanetakis & Cook 2002, sections II-B and
II-C). Autocorrelations of blocks of frames are in `spectra`, the histograms in `features.beat_histogram` and
`features.pitch_histograms`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import Framing, Parameter, Params
from gtzanfeat.errors import GtzanfeatError, ParameterError
from gtzanfeat.jit import Float32Array, Float64Array, recursive_kernel
from gtzanfeat.jit.lanes import LANES, any_above, if_above, load_reals, store_reals, transpose_tile

ONES = np.ones(LANES, dtype=np.float32)


def autocorrelation(x: Float64Array, n_fft: int) -> Float64Array:
    """Autocorrelation r[l] = Σ_n x[n] x[n+l] by FFT of `n_fft` samples, circular if that is below 2·size - 1.

    Parameters
    ----------
    x : ndarray of shape (n_samples,)
        A series.
    n_fft : int
        Length of the transform; shorter series are padded with zeros.

    Returns
    -------
    ndarray of shape (n_fft,)
        Lags 0, 1, ... n_fft - 1.

    Examples
    --------
    >>> autocorrelation(np.array([1.0, 2.0, 3.0]), 6)[:3].round(6)
    array([14.,  8.,  3.])
    """
    return np.fft.irfft(np.abs(np.fft.rfft(x, n_fft)) ** 2, n_fft)


def stretched_lags(factors: tuple[int, ...], n_lags: int) -> tuple[NDArray[np.int32], Float32Array]:
    """Place of l/a for each lag l and factor a: the lag before it, and the share of the way to the next.

    The factors are taken in ascending order, whatever order they come in.

    Parameters
    ----------
    factors : tuple of int
        Factors by which an autocorrelation is stretched.
    n_lags : int
        Lags 0 ... n_lags - 1.

    Returns
    -------
    before : ndarray of shape (n_lags, n_factors), int32
        ⌊l/a⌋.
    share : ndarray of shape (n_lags, n_factors), float32
        l/a - ⌊l/a⌋.
    """
    lags, a = np.arange(n_lags)[:, None], np.sort(np.asarray(factors, dtype=np.int64))
    return (lags // a).astype(np.int32), (lags % a / a).astype(np.float32)


@recursive_kernel
def enhance_lanes(
    autocorrelation: Float32Array,
    first: int,
    before: NDArray[np.int32],
    share: Float32Array,
    keep_lobe: bool,
    clipped: Float32Array,
    out: Float32Array,
) -> None:
    """Enhanced autocorrelations e[l] = max(0, q[l] - Σ_a q[l/a]), q = max(0, r): no multiples of a period.

    autocorrelation (n_rows, n), n >= n_lags, of which `LANES` rows from the first on are taken,
    before (n_lags, n_factors), share (n_lags, n_factors), room in clipped (LANES · (n_lags + 1),)
    -> out (LANES · n_lags,), the same lag of all rows side by side

    `before` and `share` are from `stretched_lags`. Unless `keep_lobe`, q is 0 up to the first r <= 0:
    stretching would spread the lobe around lag 0 over everything. Subtracting one factor after the other and
    clipping each time, as it is published (Tolonen & Karjalainen 2000), gives the same.
    """
    n_lags, n = before.shape[0], autocorrelation.shape[1]
    whole = n_lags - n_lags % LANES
    for lag in range(0, whole, LANES):
        transpose_tile(autocorrelation, first * n + lag, n, ONES, 0, clipped, LANES * lag, LANES)
    for lag in range(whole, n_lags):
        for lane in range(LANES):
            clipped[LANES * lag + lane] = autocorrelation[first + lane, lag]
    ones = load_reals(ONES, 0)
    zeros = ones - ones
    come_down = ones if keep_lobe else zeros
    for p in range(0, LANES * n_lags, LANES):
        r = load_reals(clipped, p)
        come_down = if_above(r, zeros, come_down, ones)
        store_reals(clipped, p, if_above(r, zeros, if_above(come_down, zeros, r, zeros), zeros))
    store_reals(clipped, LANES * n_lags, zeros)
    start = 0  # before it there is nothing to subtract
    while start < n_lags and not any_above(load_reals(clipped, LANES * start), zeros):
        start += 1
    for lag in range(n_lags):
        value = load_reals(clipped, LANES * lag)
        for f in range(before.shape[1]):
            i = before[lag, f]
            if i + 1 < start:
                break
            left, right = load_reals(clipped, LANES * i), load_reals(clipped, LANES * (i + 1))
            value = value - (left + (right - left) * share[lag, f])
        store_reals(out, LANES * lag, if_above(value, zeros, value, zeros))


@recursive_kernel
def find_lane_peaks(
    e: Float32Array, shortest: int, longest: int, radius: int, lags: Float32Array, heights: Float32Array
) -> None:
    """Largest peaks of `LANES` curves that lie side by side, largest first, the shorter of equal ones.

    e (LANES · n_lags,) -> lags (LANES · n_peaks,), heights (LANES · n_peaks,); what is not found is 0

    A peak is positive, above its left neighbour, and not below any value within `radius`.
    """
    ones = load_reals(ONES, 0)
    zeros = ones - ones
    for p in range(0, heights.size, LANES):
        store_reals(lags, p, zeros)
        store_reals(heights, p, zeros)
    last = heights.size - LANES
    n_lags = e.size // LANES
    smallest = zeros
    for lag in range(max(shortest, 1), min(longest, n_lags - 2) + 1):
        here = load_reals(e, LANES * lag)
        peak = if_above(here, load_reals(e, LANES * (lag - 1)), here, zeros)
        peak = if_above(load_reals(e, LANES * (lag + 1)), here, zeros, peak)
        if any_above(peak, smallest):
            for other in range(max(lag - radius, 0), min(lag + radius + 1, n_lags)):
                peak = if_above(load_reals(e, LANES * other), here, zeros, peak)
            period = ones * np.float32(lag)
            for p in range(last, 0, -LANES):
                height, above = load_reals(heights, p), load_reals(heights, p - LANES)
                further, above_lag = load_reals(lags, p), load_reals(lags, p - LANES)
                further = if_above(peak, height, period, further)
                store_reals(lags, p, if_above(peak, above, above_lag, further))
                height = if_above(peak, height, peak, height)
                store_reals(heights, p, if_above(peak, above, above, height))
            height, further = load_reals(heights, 0), load_reals(lags, 0)
            store_reals(lags, 0, if_above(peak, height, period, further))
            store_reals(heights, 0, if_above(peak, height, peak, height))
            smallest = load_reals(heights, last)


@recursive_kernel
def find_enhanced_peaks(
    autocorrelation: Float32Array,
    before: NDArray[np.int32],
    share: Float32Array,
    keep_lobe: bool,
    shortest: int,
    longest: int,
    radius: int,
    refine: bool,
    out: Float32Array,
) -> None:
    """Largest peaks of each row's enhanced autocorrelation as (lag, amplitude), largest first.

    autocorrelation (n_rows, n), of at least `LANES` rows, before (n_lags, n_factors),
    share (n_lags, n_factors) -> out (n_rows, n_peaks, 2); what is not found is 0

    `refine` moves a lag to the top of the parabola through its three points.
    """
    n_rows, n_lags, n_peaks = out.shape[0], before.shape[0], out.shape[1]
    clipped = np.empty(LANES * (n_lags + 1), dtype=np.float32)
    e = np.empty(LANES * n_lags, dtype=np.float32)
    lags = np.empty(LANES * n_peaks, dtype=np.float32)
    heights = np.empty(LANES * n_peaks, dtype=np.float32)
    for block in range(0, n_rows, LANES):
        first = min(block, n_rows - LANES)
        enhance_lanes(autocorrelation, first, before, share, keep_lobe, clipped, e)
        find_lane_peaks(e, shortest, longest, radius, lags, heights)
        for p in range(heights.size):
            t, place, lag, top = first + p % LANES, p // LANES, lags[p], heights[p]
            if refine and lag > 0:
                i = LANES * int(lag) + p % LANES
                left, right = e[i - LANES], e[i + LANES]
                bend = left - 2 * top + right
                if bend < 0:
                    lag += (left - right) / (2 * bend)
            out[t, place, 0] = lag
            out[t, place, 1] = top


def enhanced_peaks(framing: Framing, rate: int, params: Params) -> Callable[..., Float32Array]:
    """Build autocorrelation (n, n_lags) -> its largest peaks, float32 (n, n_peaks, 2) of (lag, amplitude)."""
    if len(params["lags"]) != 2 or params["lags"][0] > params["lags"][1]:
        raise ParameterError(f"lags are {params['lags']!r}; give the shortest and the longest")
    shortest, longest = params["lags"]
    before, share = stretched_lags(params["factors"], longest + params["radius"] + 1)
    how = params["keep_lobe"], shortest, longest, params["radius"], params["refine"]

    def pick(autocorrelation: Float32Array) -> Float32Array:
        if autocorrelation.shape[1] < len(before):
            raise GtzanfeatError(
                f"peaks up to lag {longest} need {len(before)} lags, but frames of {framing.length} samples "
                f"have {autocorrelation.shape[1]}; take longer frames or smaller lags"
            )
        n_rows = len(autocorrelation)
        rows = np.ascontiguousarray(autocorrelation)
        if n_rows < LANES:
            rows = np.concatenate([rows, np.zeros((LANES - n_rows, rows.shape[1]), dtype=np.float32)])
        out = np.empty((len(rows), params["n_peaks"], 2), dtype=np.float32)
        find_enhanced_peaks(rows, before, share, *how, out)
        return out[:n_rows]

    return pick


def _peak_params(
    lags: Callable[[Framing, int], tuple[int, int]], factors: tuple[int, ...], radius: int
) -> tuple[Parameter, ...]:
    """What `enhanced_peaks` reads, with defaults for beats or for pitches."""
    return (
        Parameter(
            "lags", lags, "lags", "shortest and longest period, in samples of the autocorrelation", low=1
        ),
        Parameter("n_peaks", 3, "peaks", "how many peaks of a frame are counted", low=1),
        Parameter("factors", factors, "1", "multiples of a period that are taken out", low=2),
        Parameter("keep_lobe", False, "1", "whether the lobe around lag 0 stays"),
        Parameter("radius", radius, "lags", "how far around it a peak is the largest", low=1),
        Parameter("refine", True, "1", "whether a peak is moved to the top of its parabola"),
    )


# 40 to 200 bpm of an envelope that has every 16th sample; MIDI notes of 60 to 1100 Hz
BEAT_PEAK_PARAMS = _peak_params(
    lambda framing, rate: (rate * 413 // 22050, rate * 2068 // 22050), (2, 3, 4, 5), 28
)
PITCH_PEAK_PARAMS = _peak_params(
    lambda framing, rate: (rate * 20 // 22050, rate * 367 // 22050), tuple(range(2, 17)), 1
)
