"""Envelopes and channels: what is made of samples in the time domain, with or without a memory.

The wavelet envelope that the beat histogram listens to, and the two filtered streams of multipitch
analysis. Transforms and autocorrelations are in `spectra`; peaks and histograms are features.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.signal

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.ingredients.k_weighting import k_weighting
from gtzanfeat.jit import kernel, recursive_kernel

Block = Callable[..., np.ndarray]

# --- the wavelet envelope of the beat histogram ---------------------------------------------------

PREEMPHASIS = 0.97

WAVELET_LEVELS = 6
ENVELOPE_POLE = 0.99
ENVELOPE_DECIMATION = 16

# Daubechies' wavelet with 4 taps: DAUB4 in the paper and in Marsyas, "db2" in PyWavelets
_ROOT3 = np.sqrt(3.0)
DAUB4_LOW = (np.array([1 - _ROOT3, 3 - _ROOT3, 3 + _ROOT3, 1 + _ROOT3]) / np.sqrt(32)).astype(np.float32)
DAUB4_HIGH = (DAUB4_LOW[::-1] * np.array([-1, 1, -1, 1])).astype(np.float32)


@kernel
def wavelet_step(
    x: np.ndarray, n: int, low: np.ndarray, high: np.ndarray, a: np.ndarray, d: np.ndarray
) -> None:
    """One periodic analysis step: a[k] = Σ_j low[j] x[2k+2-j], d likewise with `high`; x has n samples."""
    half = n // 2
    for k in range(1, half - 1):
        x0, x1, x2, x3 = x[2 * k + 2], x[2 * k + 1], x[2 * k], x[2 * k - 1]
        a[k] = low[0] * x0 + low[1] * x1 + low[2] * x2 + low[3] * x3
        d[k] = high[0] * x0 + high[1] * x1 + high[2] * x2 + high[3] * x3
    for k in (0, half - 1):
        x0, x1, x2, x3 = x[(2 * k + 2) % n], x[2 * k + 1], x[2 * k], x[(2 * k - 1) % n]
        a[k] = low[0] * x0 + low[1] * x1 + low[2] * x2 + low[3] * x3
        d[k] = high[0] * x0 + high[1] * x1 + high[2] * x2 + high[3] * x3


@kernel
def inverse_wavelet_step(c: np.ndarray, n: int, taps: np.ndarray, x: np.ndarray) -> None:
    """One periodic synthesis step, the other half zero: n coefficients `c` become 2n samples `x`."""
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for m in range(1, n - 1):
        x[2 * m] = t0 * c[m - 1] + t2 * c[m]
        x[2 * m + 1] = t1 * c[m] + t3 * c[m + 1]
    for m in (0, n - 1):
        x[2 * m] = t0 * c[(m - 1) % n] + t2 * c[m]
        x[2 * m + 1] = t1 * c[m] + t3 * c[(m + 1) % n]


@kernel
def add_rectified_step(c: np.ndarray, n: int, taps: np.ndarray, total: np.ndarray) -> None:
    """As `inverse_wavelet_step`, but adds |x| to `total`: the last step of a band."""
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for m in range(1, n - 1):
        total[2 * m] += abs(t0 * c[m - 1] + t2 * c[m])
        total[2 * m + 1] += abs(t1 * c[m] + t3 * c[m + 1])
    for m in (0, n - 1):
        total[2 * m] += abs(t0 * c[(m - 1) % n] + t2 * c[m])
        total[2 * m + 1] += abs(t1 * c[m] + t3 * c[(m + 1) % n])


@kernel
def add_rectified_bands(
    frame: np.ndarray, low: np.ndarray, high: np.ndarray, levels: int, scratch: np.ndarray, total: np.ndarray
) -> None:
    """Σ_j |b_j|, where b_j is `frame` rebuilt from the coefficients of band j alone.

    The bands are the details of levels 1 to `levels`, 2 or more, and the last approximation. `scratch` has 4
    rows as long as half the frame.
    """
    n = frame.size
    approximation, other, detail, band = scratch[0], scratch[1], scratch[2], scratch[3]
    for i in range(n):
        total[i] = 0.0
    wavelet_step(frame, n, low, high, approximation, detail)
    n //= 2
    add_rectified_step(detail, n, high, total)
    for level in range(2, levels + 1):
        wavelet_step(approximation, n, low, high, other, detail)
        approximation, other = other, approximation
        n //= 2
        # `other` holds nothing that is needed any more: rebuild the band in it and in `band`
        rebuild(detail, n, level, high, low, other, band, total)
    rebuild(approximation, n, levels, low, low, other, band, total)


@kernel
def rebuild(
    c: np.ndarray,
    n: int,
    level: int,
    first: np.ndarray,
    low: np.ndarray,
    here: np.ndarray,
    there: np.ndarray,
    total: np.ndarray,
) -> None:
    """Bring n coefficients of one band up `level` octaves and add its modulus to `total`."""
    inverse_wavelet_step(c, n, first, here)
    n *= 2
    for _ in range(level - 2):
        inverse_wavelet_step(here, n, low, there)
        here, there = there, here
        n *= 2
    add_rectified_step(here, n, low, total)


@kernel
def smooth_and_decimate(x: np.ndarray, pole: float, step: int, out: np.ndarray) -> None:
    """Every `step`-th value of y[n] = (1-α) x[n] + α y[n-1], y[-1] = 0.

    Only the kept values are computed: y[step·m] = α^step y[step·(m-1)] + Σ_{i<step} (1-α) α^i x[step·m - i],
    a sum that the compiler vectorises, where the recursion over every sample would wait for itself.
    """
    weights = np.empty(step, dtype=np.float32)
    for i in range(step):
        weights[step - 1 - i] = (1.0 - pole) * pole**i
    decay = pole**step
    y = (1.0 - pole) * x[0]
    out[0] = y
    for m in range(1, out.size):
        start = step * (m - 1) + 1
        total = np.float32(0.0)
        for i in range(step):
            total += weights[i] * x[start + i]
        y = decay * y + total
        out[m] = y


@kernel
def wavelet_envelopes(
    frames: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    levels: int,
    pole: float,
    step: int,
    scratch: np.ndarray,
    total: np.ndarray,
    out: np.ndarray,
) -> None:
    """Sum over the wavelet bands of the rectified, smoothed, decimated band, one row per frame."""
    for t in range(frames.shape[0]):
        add_rectified_bands(frames[t], low, high, levels, scratch, total)
        smooth_and_decimate(total, pole, step, out[t])


def beat_envelope(framing: Framing, rate: int, params: Params) -> Block:
    """Build frames (n, length) -> envelope (n, length / 16), float32, its mean still in it.

    Smoothing is linear, so it is done once on the sum of the rectified bands. `length` must be divisible
    by 2⁶.
    """
    if framing.length % 2**WAVELET_LEVELS:
        raise GtzanfeatError(
            f"a beat window of {framing.length} samples cannot be halved {WAVELET_LEVELS} times; "
            f"take a multiple of {2**WAVELET_LEVELS}"
        )
    scratch = np.empty((4, framing.length // 2), dtype=np.float32)
    total = np.empty(framing.length, dtype=np.float32)

    def envelope(frames: np.ndarray) -> np.ndarray:
        out = np.empty((frames.shape[0], framing.length // ENVELOPE_DECIMATION), dtype=np.float32)
        wavelet_envelopes(
            frames,
            DAUB4_LOW,
            DAUB4_HIGH,
            WAVELET_LEVELS,
            ENVELOPE_POLE,
            ENVELOPE_DECIMATION,
            scratch,
            total,
            out,
        )
        return out

    return envelope


# --- the two channels of multipitch analysis --------------------------------------------------------

CHANNEL_EDGE_HZ = 1000.0
RUMBLE_HZ = 70.0


@recursive_kernel
def split_channels(
    x: np.ndarray,
    lowpass: np.ndarray,
    highpass: np.ndarray,
    no_rumble: np.ndarray,
    state: np.ndarray,
    out: np.ndarray,
) -> None:
    """out[0] = HP70(LP(x)); out[1] = LP(max(0, HP(x))); transposed direct form II, in float64.

    `lowpass` and `highpass` are (b0, b1, b2, a1, a2), `no_rumble` is (b0, b1, a1); `state`, of shape
    (4, 2), is carried from block to block.
    """
    l0, l1, l2, m1, m2 = lowpass
    h0, h1, h2, g1, g2 = highpass
    n0, n1, o1 = no_rumble
    p1, p2 = state[0]
    q1, q2 = state[1]
    r1, r2 = state[2]
    s1 = state[3, 0]
    for i in range(x.size):
        v = np.float64(x[i])
        y = l0 * v + p1
        p1 = l1 * v - m1 * y + p2
        p2 = l2 * v - m2 * y
        out[0, i] = n0 * y + s1
        s1 = n1 * y - o1 * (n0 * y + s1)
        w = h0 * v + q1
        q1 = h1 * v - g1 * w + q2
        q2 = h2 * v - g2 * w
        w = max(w, 0.0)
        z = l0 * w + r1
        r1 = l1 * w - m1 * z + r2
        r2 = l2 * w - m2 * z
        out[1, i] = z
    state[0, 0], state[0, 1] = p1, p2
    state[1, 0], state[1, 1] = q1, q2
    state[2, 0], state[2, 1] = r1, r2
    state[3, 0] = s1


def two_channels(rate: int) -> Callable[[np.ndarray], np.ndarray]:
    """Build samples (n,) -> the low and the high channel of Tolonen & Karjalainen (2000), float32 (2, n).

    Low: 70 Hz to 1 kHz. High: what lies above 1 kHz, half-wave rectified and smoothed below 1 kHz, so that
    its periodicity is that of the beating of its partials. Butterworth filters, of order 1 at 70 Hz and 2 at
    1 kHz; they keep their state between calls. The 70-Hz filter is on the low channel alone: without it a DC
    offset hides the pitch, and on the high channel it costs correct notes of close chords.
    """
    low = _section(scipy.signal.butter(2, CHANNEL_EDGE_HZ, "lowpass", fs=rate))
    high = _section(scipy.signal.butter(2, CHANNEL_EDGE_HZ, "highpass", fs=rate))
    no_rumble = _section(scipy.signal.butter(1, RUMBLE_HZ, "highpass", fs=rate))
    state = np.zeros((4, 2))

    def filtered(samples: np.ndarray) -> np.ndarray:
        out = np.empty((2, samples.size), dtype=np.float32)
        split_channels(samples, low, high, no_rumble, state, out)
        return out

    return filtered


def _section(coefficients: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    b, a = coefficients
    return np.array([*b, *a[1:]])


# --- pre-emphasis -----------------------------------------------------------------------------------


def preemphasis(rate: int) -> Callable[[np.ndarray], np.ndarray]:
    """Build samples x (n,) -> x[n] - 0.97 x[n-1], float32 (n,): against the fall of speech and music.

    Before the first sample stands a copy of it, as in HTK, so that a constant begins without a click.
    """
    last: np.float32 | None = None

    def emphasize(samples: np.ndarray) -> np.ndarray:
        nonlocal last
        before = np.empty_like(samples)
        before[0] = samples[0] if last is None else last
        before[1:] = samples[:-1]
        last = samples[-1]
        return samples - np.float32(PREEMPHASIS) * before

    return emphasize


STREAMS = {"two_channels": two_channels, "preemphasis": preemphasis, "k_weighting": k_weighting}
