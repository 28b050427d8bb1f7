"""Filtered streams: what is made of samples in the time domain, for frames to be cut from.

The two channels of multipitch analysis (Tolonen & Karjalainen 2000), and pre-emphasis. Transforms and
autocorrelations are in `spectra`, the envelope of the beat histogram in `wavelet_envelope`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gtzanfeat.jit import Float32Array, Float64Array, recursive_kernel

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

PREEMPHASIS = 0.97


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
