"""Envelopes and filtered streams: what is made of samples in the time domain.

The wavelet envelope of the beat histogram (Tzanetakis & Cook 2002, section II-B), the two channels of
multipitch analysis (Tolonen & Karjalainen 2000), and pre-emphasis. `STREAMS` names what frames can be cut
from instead of the samples. Transforms and autocorrelations are in `spectra`, peaks in `periodicity`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.jit import Float32Array, Float64Array, kernel, recursive_kernel

Block = Callable[..., Float32Array]

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
    x: Float32Array, n: int, low: Float32Array, high: Float32Array, a: Float32Array, d: Float32Array
) -> None:
    """One periodic analysis step of DAUB4: a[k] = Σ_j low[j] x[2k+2-j], d[k] likewise with `high`.

    the first n of x (n_max,), low (4,), high (4,) -> the first n/2 of a (n_max/2,), d (n_max/2,)
    """
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
def inverse_wavelet_step(c: Float32Array, n: int, taps: Float32Array, x: Float32Array) -> None:
    """One periodic synthesis step: x[2m] = t0 c[m-1] + t2 c[m], x[2m+1] = t1 c[m] + t3 c[m+1].

    the first n of c (n_max,), taps (4,) -> the first 2n of x (n_max,)

    The other half of the coefficients is zero.
    """
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for m in range(1, n - 1):
        x[2 * m] = t0 * c[m - 1] + t2 * c[m]
        x[2 * m + 1] = t1 * c[m] + t3 * c[m + 1]
    for m in (0, n - 1):
        x[2 * m] = t0 * c[(m - 1) % n] + t2 * c[m]
        x[2 * m + 1] = t1 * c[m] + t3 * c[(m + 1) % n]


@kernel
def add_rectified_step(c: Float32Array, n: int, taps: Float32Array, total: Float32Array) -> None:
    """Synthesis step and full-wave rectification, the last step of a band: total += |x|.

    the first n of c (n_max,), taps (4,) -> the first 2n of total (2 n_max,)
    """
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for m in range(1, n - 1):
        total[2 * m] += abs(t0 * c[m - 1] + t2 * c[m])
        total[2 * m + 1] += abs(t1 * c[m] + t3 * c[m + 1])
    for m in (0, n - 1):
        total[2 * m] += abs(t0 * c[(m - 1) % n] + t2 * c[m])
        total[2 * m + 1] += abs(t1 * c[m] + t3 * c[(m + 1) % n])


@kernel
def add_rectified_bands(
    frame: Float32Array,
    low: Float32Array,
    high: Float32Array,
    levels: int,
    scratch: Float32Array,
    total: Float32Array,
) -> None:
    """Sum of rectified wavelet bands Σ_j |b_j|, b_j the frame rebuilt from the coefficients of band j alone.

    frame (N,), low (4,), high (4,), room in scratch (4, N/2) -> total (N,)

    The bands are the details of levels 1 to `levels`, 2 or more, and the last approximation.
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
        add_rectified_band(detail, n, level, high, low, other, band, total)
    add_rectified_band(approximation, n, levels, low, low, other, band, total)


@kernel
def add_rectified_band(
    c: Float32Array,
    n: int,
    level: int,
    first: Float32Array,
    low: Float32Array,
    here: Float32Array,
    there: Float32Array,
    total: Float32Array,
) -> None:
    """Bring the coefficients of one band up `level` octaves and add its modulus: total += |b|.

    the first n of c (n_max,), first (4,), low (4,), room in here (N/2,), there (N/2,) -> total (N,)
    """
    inverse_wavelet_step(c, n, first, here)
    n *= 2
    for _ in range(level - 2):
        inverse_wavelet_step(here, n, low, there)
        here, there = there, here
        n *= 2
    add_rectified_step(here, n, low, total)


@kernel
def smooth_and_decimate(x: Float32Array, pole: float, step: int, out: Float32Array) -> None:
    """One-pole low-pass, every `step`-th value kept: y[n] = (1-α) x[n] + α y[n-1], y[-1] = 0.

    x (N,) -> out (N / step,)

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
    frames: Float32Array,
    low: Float32Array,
    high: Float32Array,
    levels: int,
    pole: float,
    step: int,
    scratch: Float32Array,
    total: Float32Array,
    out: Float32Array,
) -> None:
    """Envelope of each frame: the rectified wavelet bands summed, low-passed and decimated.

    frames (n_frames, N), low (4,), high (4,), room in scratch (4, N/2), total (N,)
    -> out (n_frames, N / step)
    """
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

    def envelope(frames: Float32Array) -> Float32Array:
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
    x: Float32Array,
    lowpass: Float64Array,
    highpass: Float64Array,
    no_rumble: Float64Array,
    state: Float64Array,
    out: Float32Array,
) -> None:
    """Low channel HP70(LP(x)) and high channel LP(max(0, HP(x))), transposed direct form II in float64.

    x (n_samples,), lowpass (5,), highpass (5,) of b0, b1, b2, a1, a2, no_rumble (3,) of b0, b1, a1,
    state (4, 2), carried from block to block -> out (2, n_samples)
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
        p1 = (l1 * v + p2) - m1 * y
        p2 = l2 * v - m2 * y
        out[0, i] = n0 * y + s1
        s1 = n1 * y - o1 * (n0 * y + s1)
        w = h0 * v + q1
        q1 = (h1 * v + q2) - g1 * w
        q2 = h2 * v - g2 * w
        w = max(w, 0.0)
        z = l0 * w + r1
        r1 = (l1 * w + r2) - m1 * z
        r2 = l2 * w - m2 * z
        out[1, i] = z
    state[0, 0], state[0, 1] = p1, p2
    state[1, 0], state[1, 1] = q1, q2
    state[2, 0], state[2, 1] = r1, r2
    state[3, 0] = s1


def two_channels(rate: int) -> Callable[[Float32Array], Float32Array]:
    """Build samples (n,) -> the low and the high channel of Tolonen & Karjalainen (2000), float32 (2, n).

    Low: 70 Hz to 1 kHz. High: what lies above 1 kHz, half-wave rectified and smoothed below 1 kHz, so that
    its periodicity is that of the beating of its partials. Butterworth filters, of order 1 at 70 Hz and 2 at
    1 kHz; they keep their state between calls. The 70-Hz filter is on the low channel alone: without it a DC
    offset hides the pitch, and on the high channel it costs correct notes of close chords. Its order
    and its place are a choice that the main pitch class of some clips depends on.
    """
    low = butterworth(2, CHANNEL_EDGE_HZ, rate, "lowpass")
    high = butterworth(2, CHANNEL_EDGE_HZ, rate, "highpass")
    no_rumble = butterworth(1, RUMBLE_HZ, rate, "highpass")
    state = np.zeros((4, 2))

    def filtered(samples: Float32Array) -> Float32Array:
        out = np.empty((2, samples.size), dtype=np.float32)
        split_channels(samples, low, high, no_rumble, state, out)
        return out

    return filtered


@lru_cache(maxsize=32)  # streams are built anew for every clip
def butterworth(order: int, edge_hz: float, rate: int, kind: str) -> Float64Array:
    """Coefficients (b0, b1 ..., a1 ...) of a Butterworth filter: numerator, and denominator without its 1.

    The poles of the analogue filter, evenly on a circle of the radius 4 tan(π edge / rate), go through the
    bilinear transform z = (4 + s) / (4 - s), and all zeros to the other end of the spectrum ("lowpass" or
    "highpass"). ``scipy.signal.butter`` gives the same, and takes half a second or more to import.
    """
    circle = -np.exp(1j * np.pi * np.arange(1 - order, order, 2) / (2 * order))
    radius = 4.0 * np.tan(np.pi * (2 * edge_hz / rate) / 2)
    poles = radius * circle if kind == "lowpass" else radius / circle
    zeros = -np.ones(order) if kind == "lowpass" else np.ones(order)
    gain = ((radius if kind == "lowpass" else 4.0) ** order / np.prod(4.0 - poles)).real
    return np.concatenate([gain * np.poly(zeros), np.poly((4.0 + poles) / (4.0 - poles))[1:].real])


# --- pre-emphasis -----------------------------------------------------------------------------------


def preemphasis(rate: int) -> Callable[[Float32Array], Float32Array]:
    """Build samples x (n,) -> x[n] - 0.97 x[n-1], float32 (n,): against the fall of speech and music.

    Before the first sample stands a copy of it, as in HTK, so that a constant begins without a click.
    """
    last: np.float32 | None = None

    def emphasize(samples: Float32Array) -> Float32Array:
        nonlocal last
        before = np.empty_like(samples)
        before[0] = samples[0] if last is None else last
        before[1:] = samples[:-1]
        last = samples[-1]
        return samples - np.float32(PREEMPHASIS) * before

    return emphasize
