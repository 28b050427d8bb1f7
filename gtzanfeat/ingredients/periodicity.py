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
from gtzanfeat.jit import Float32Array, Float64Array, kernel


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


@kernel
def enhance_autocorrelation(
    r: Float32Array,
    before: NDArray[np.int32],
    share: Float32Array,
    keep_lobe: bool,
    clipped: Float32Array,
    out: Float32Array,
) -> None:
    """Enhanced autocorrelation e[l] = max(0, q[l] - Σ_a q[l/a]), q = max(0, r): multiples of a period vanish.

    r (n,), n >= n_lags, before (n_lags, n_factors), share (n_lags, n_factors), room in clipped (n_lags + 1,)
    -> out (n_lags,)

    `before` and `share` are from `stretched_lags`. Unless `keep_lobe`, q is 0 up to the first r <= 0:
    stretching would spread the lobe around lag 0 over everything. Subtracting one factor after the other and
    clipping each time, as it is published (Tolonen & Karjalainen 2000), gives the same, since nothing that is
    subtracted is negative; and so a value may be left as soon as it reaches 0, which most do at once.
    """
    n_lags, n_factors = before.shape
    start = 0
    if not keep_lobe:
        while start < r.size and r[start] > 0:
            start += 1
    for lag in range(min(start, n_lags)):
        clipped[lag] = 0.0
        out[lag] = 0.0
    for lag in range(start, n_lags):
        clipped[lag] = max(r[lag], np.float32(0.0))
    clipped[n_lags] = 0.0
    for lag in range(start, n_lags):
        value = clipped[lag]
        f = 0
        # from the factor on that takes l/a into the part that is 0, there is nothing to subtract
        while value > 0 and f < n_factors and before[lag, f] + 1 >= start:
            i = before[lag, f]
            value -= clipped[i] + share[lag, f] * (clipped[i + 1] - clipped[i])
            f += 1
        out[lag] = max(value, np.float32(0.0))


@kernel
def is_peak(e: Float32Array, lag: int, radius: int) -> bool:
    """Whether e[lag] is positive, above its left neighbour, and not below any value within `radius`.

    e (n_lags,) -> true or false
    """
    value = e[lag]
    if not (value > 0 and value > e[lag - 1] and value >= e[lag + 1]):
        return False
    for other in range(max(lag - radius, 0), min(lag + radius + 1, e.size)):
        if e[other] > value:
            return False
    return True


@kernel
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

    autocorrelation (n_rows, n), before (n_lags, n_factors), share (n_lags, n_factors)
    -> out (n_rows, n_peaks, 2); what is not found stays 0

    `refine` moves a lag to the top of the parabola through its three points.
    """
    n_lags = before.shape[0]
    clipped = np.empty(n_lags + 1, dtype=np.float32)
    e = np.empty(n_lags, dtype=np.float32)
    n_peaks = out.shape[1]
    for t in range(autocorrelation.shape[0]):
        peaks = out[t]
        peaks[:] = 0.0
        enhance_autocorrelation(autocorrelation[t], before, share, keep_lobe, clipped, e)
        for lag in range(max(shortest, 1), min(longest, n_lags - 2) + 1):
            if e[lag] > peaks[n_peaks - 1, 1] and is_peak(e, lag, radius):
                place = n_peaks - 1
                while place > 0 and e[lag] > peaks[place - 1, 1]:
                    peaks[place, 0], peaks[place, 1] = peaks[place - 1, 0], peaks[place - 1, 1]
                    place -= 1
                peaks[place, 0] = lag
                peaks[place, 1] = e[lag]
        if refine:
            for place in range(n_peaks):
                lag = int(peaks[place, 0])
                if lag > 0:
                    left, top, right = e[lag - 1], e[lag], e[lag + 1]
                    bend = left - 2 * top + right
                    if bend < 0:
                        peaks[place, 0] += np.float32(0.5) * (left - right) / bend


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
        out = np.empty((autocorrelation.shape[0], params["n_peaks"], 2), dtype=np.float32)
        find_enhanced_peaks(autocorrelation, before, share, *how, out)
        return out

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
