"""What the beat and the pitch histogram share: enhanced autocorrelations and their peaks, in float64."""

import numpy as np


def enhance(r, factors, drop_lobe):
    """Clip at 0 and subtract the curve stretched by every factor: e(l) = max(0, e(l) - q(l/a)).

    ``drop_lobe`` first zeroes the lobe around lag 0, from there to the first lag with r <= 0; a curve
    that never comes down to 0 is all lobe.
    """
    q = np.maximum(r, 0.0)
    lags = np.arange(len(r))
    if drop_lobe:
        ended = np.flatnonzero(r <= 0.0)
        q[: ended[0] if len(ended) else len(r)] = 0.0
    enhanced = q.copy()
    for a in factors:
        enhanced = np.maximum(0.0, enhanced - np.interp(lags / a, lags, q))
    return enhanced


def peaks(e, first, last, reach=None, count=3):
    """Return the lags of the ``count`` highest peaks in first..last, the lowest lag first among equals.

    A peak is positive and either a plain local maximum, e(l-1) < e(l) >= e(l+1), or, with ``reach``, the
    maximum over l-reach..l+reach.
    """
    found = []
    for lag in range(first, last + 1):
        if reach is None:
            is_peak = e[lag - 1] < e[lag] >= e[lag + 1]
        else:
            is_peak = e[lag] == e[max(0, lag - reach) : lag + reach + 1].max()
        if is_peak and e[lag] > 0.0:
            found.append(lag)
    return sorted(found, key=lambda lag: -e[lag])[:count]


def parabola(e, lag):
    """Return the lag at the top of the parabola through a peak and its two neighbours."""
    left, middle, right = e[lag - 1 : lag + 2]
    curvature = left - 2.0 * middle + right
    return lag + 0.5 * (left - right) / curvature if curvature < 0.0 else float(lag)
