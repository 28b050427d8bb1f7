"""Peaks of enhanced autocorrelations: the periods that beat and pitch histograms count.

Rhythm and pitch share this analysis (Tolonen & Karjalainen 2000; Tzanetakis & Cook 2002, sections II-B and
II-C). The autocorrelations themselves are spectra's, the histograms are features.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gtzanfeat.features.spec import Framing, Params
from gtzanfeat.jit import kernel


@kernel
def enhance(
    r: np.ndarray, factors: np.ndarray, keep_lobe: bool, clipped: np.ndarray, out: np.ndarray
) -> None:
    """e[l] = max(0, q[l] - Σ_a q[l/a]), q = max(0, r), l = 0..out.size-1: multiples of a period vanish.

    q[l/a] is interpolated linearly. Unless `keep_lobe`, q is 0 up to the first r <= 0: stretching would
    spread the lobe around lag 0 over everything. Subtracting one factor after the other and clipping each
    time, as it is published, gives the same, since nothing that is subtracted is negative.
    """
    n = out.size
    start = 0
    if not keep_lobe:
        while start < r.size and r[start] > 0:
            start += 1
    for lag in range(min(start, n)):
        clipped[lag] = 0.0
        out[lag] = 0.0
    for lag in range(start, n):
        clipped[lag] = max(r[lag], np.float32(0.0))
        out[lag] = clipped[lag]
    for a in factors:
        step = np.float32(1.0) / np.float32(a)
        # below a·(start-1), l/a lies in the part that is zero
        for i in range(max(start - 1, 0), (n - 1) // a + 1):
            here = clipped[i]
            slope = (clipped[i + 1] - here) * step if i + 1 < n else np.float32(0.0)
            for j in range(min(a, n - a * i)):
                out[a * i + j] -= here + slope * np.float32(j)
    for lag in range(n):
        out[lag] = max(out[lag], np.float32(0.0))


@kernel
def is_peak(e: np.ndarray, lag: int, radius: int) -> bool:
    """Whether e[lag] is positive, above its left neighbour, and not below any value within `radius`."""
    value = e[lag]
    if not (value > 0 and value > e[lag - 1] and value >= e[lag + 1]):
        return False
    for other in range(max(lag - radius, 0), min(lag + radius + 1, e.size)):
        if e[other] > value:
            return False
    return True


@kernel
def enhanced_peaks(
    autocorrelation: np.ndarray,
    factors: np.ndarray,
    keep_lobe: bool,
    shortest: int,
    longest: int,
    radius: int,
    refine: bool,
    out: np.ndarray,
) -> None:
    """The largest peaks of each row's enhanced autocorrelation as (lag, amplitude), largest first.

    `out` has the shape (n_rows, n_peaks, 2); what is not found stays 0. `refine` moves a lag to the top of
    the parabola through its three points.
    """
    n_lags = min(longest + radius + 1, autocorrelation.shape[1])
    clipped = np.empty(n_lags, dtype=np.float32)
    e = np.empty(n_lags, dtype=np.float32)
    n_peaks = out.shape[1]
    for t in range(autocorrelation.shape[0]):
        peaks = out[t]
        peaks[:] = 0.0
        enhance(autocorrelation[t], factors, keep_lobe, clipped, e)
        for lag in range(max(shortest, 1), min(longest, n_lags - 2) + 1):
            if e[lag] > peaks[n_peaks - 1, 1] and is_peak(e, lag, radius):
                place = n_peaks - 1
                while place > 0 and e[lag] > peaks[place - 1, 1]:
                    peaks[place] = peaks[place - 1]
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


def peaks(framing: Framing, rate: int, params: Params) -> Callable[..., np.ndarray]:
    """Build autocorrelation (n, n_lags) -> the three largest peaks, float32 (n, 3, 2) of (lag, amplitude)."""
    factors = np.asarray(params["factors"], dtype=np.int64)
    shortest, longest = params["lags"]

    def pick(autocorrelation: np.ndarray) -> np.ndarray:
        out = np.empty((autocorrelation.shape[0], params["n_peaks"], 2), dtype=np.float32)
        enhanced_peaks(
            autocorrelation,
            factors,
            params["keep_lobe"],
            shortest,
            longest,
            params["radius"],
            params["refine"],
            out,
        )
        return out

    return pick


PEAK_PARAMS = ("factors", "keep_lobe", "lags", "n_peaks", "radius", "refine")
