"""Slow twin of the beat histogram (Tzanetakis & Cook 2002, II-B), in float64 numpy."""

import numpy as np
from scipy.signal import lfilter

from .frames import frames
from .periodicity import enhance, parabola, peaks

WINDOW, HOP, LEVELS, DECIMATION = 65536, 32768, 6, 16
SLOWEST, FASTEST = 40, 200
_ROOT3 = np.sqrt(3.0)
DAUB4 = np.array([1 + _ROOT3, 3 + _ROOT3, 3 - _ROOT3, 1 - _ROOT3]) / (4.0 * np.sqrt(2.0))
DAUB4_HIGH = DAUB4[::-1] * [1, -1, 1, -1]


def analyse(x, taps):
    """One half of a wavelet step on a circular signal: y(k) = Σ_j taps(j)·x(2k + j - 1)."""
    k = 2 * np.arange(len(x) // 2)
    return sum(taps[j] * x[(k + j - 1) % len(x)] for j in range(4))


def synthesise(y, taps):
    """Transpose of :func:`analyse`, which is its inverse on the space it came from."""
    x = np.zeros(2 * len(y))
    k = 2 * np.arange(len(y))
    for j in range(4):
        x[(k + j - 1) % len(x)] += taps[j] * y
    return x


def wavelet_bands(x, levels=LEVELS):
    """Return (levels + 1, n): the approximation, then the details from low to high, each at full rate.

    Every row is the inverse transform of one group of coefficients, so the rows add up to ``x``.
    """
    rows = []
    for level in range(1, levels + 1):
        detail = synthesise(analyse(x, DAUB4_HIGH), DAUB4_HIGH)
        x = analyse(x, DAUB4)
        rows.append(_full_rate(detail, level - 1))
    rows.append(_full_rate(x, levels))
    return np.stack(rows[::-1])


def _full_rate(x, levels):
    for _ in range(levels):
        x = synthesise(x, DAUB4)
    return x


def band_envelopes(window):
    """Return (bands, 4096): rectified, low-passed by y(n) = 0.01·x(n) + 0.99·y(n-1), every 16th kept."""
    return lfilter([0.01], [1.0, -0.99], np.abs(wavelet_bands(window)), axis=1)[:, ::DECIMATION]


def beat_windows(samples, profile="robust"):
    """Return (n_windows, 65536); robust takes the mean of its real samples off each."""
    samples = np.asarray(samples, dtype=np.float64)
    if profile == "robust" and len(samples) < WINDOW:
        samples = samples - samples.mean()
    windows = frames(samples, WINDOW, HOP)
    if profile == "robust" and len(samples) >= WINDOW:
        windows = windows - windows.mean(axis=1, keepdims=True)
    return windows


def beat_picks(window, profile="robust", factors=(2, 3, 4, 5), weighted=None, rate=22050):
    """Return the (bpm, amplitude) pairs that one window adds to the histogram; profile robust or paper."""
    robust = profile == "robust"
    envelopes = band_envelopes(window)
    means = envelopes.mean(axis=1)
    level = means.sum()
    if level <= 1e-9:
        return []
    v = (envelopes - means[:, None]).sum(axis=0)
    r = np.fft.irfft(np.abs(np.fft.rfft(v, 2 * len(v))) ** 2)[: len(v)]
    if r[0] <= 0.0:
        return []
    e = enhance(r / r[0], factors, drop_lobe=robust)
    envelope_rate = rate / DECIMATION
    first, last = (int(60.0 * envelope_rate / bpm) for bpm in (FASTEST, SLOWEST))
    reach = round(0.02 * envelope_rate) if robust else None
    modulation = v.var() / level**2
    weight = modulation / (modulation + 0.1) if (robust if weighted is None else weighted) else 1.0
    picks = []
    for lag in peaks(e, first, last + 1, reach):
        refined = parabola(e, lag) if robust else lag
        picks.append((60.0 * envelope_rate / refined, weight * e[lag]))
    return picks


def beat_histogram(samples, profile="robust", **options):
    """Return (161,): the summed amplitudes of the picks at 40, 41 .. 200 beats per minute."""
    histogram = np.zeros(FASTEST - SLOWEST + 1)
    for window in beat_windows(samples, profile):
        for bpm, amplitude in beat_picks(window, profile, **options):
            bin_ = int(np.rint(bpm)) - SLOWEST
            if 0 <= bin_ < len(histogram):
                histogram[bin_] += amplitude
    return histogram


def beat_features(histogram):
    """Return A0, A1, RA, P1, P2, SUM; the second peak lies outside ±4 bpm of the first."""
    total = histogram.sum()
    if total <= 0.0:
        return np.zeros(6)
    first = int(np.argmax(histogram))
    rest = histogram.copy()
    rest[max(0, first - 4) : first + 5] = 0.0
    second = int(np.argmax(rest))
    a, b = histogram[first], rest[second]
    tempo = second + SLOWEST if b > 0.0 else 0
    return np.array([a / total, b / total, b / a, first + SLOWEST, tempo, total])
