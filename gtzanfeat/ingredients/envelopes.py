"""Filtered streams: what is made of samples in the time domain, for frames to be cut from.

The two channels of multipitch analysis (Tolonen & Karjalainen 2000), and pre-emphasis. Transforms and
autocorrelations are in `spectra`, the envelope of the beat histogram in `wavelet_envelope`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from gtzanfeat.jit import SWITCHED_OFF, Float32Array, Float64Array, recursive_kernel
from gtzanfeat.jit.lanes import load_reals, multiply_add, row_of_four, store_reals

# --- the two channels of multipitch analysis --------------------------------------------------------

CHANNEL_EDGE_HZ = 1000.0
RUMBLE_HZ = 70.0


LAG = 8  # samples by which filters lag behind those that they take their input from, a power of two


@recursive_kernel
def filter_in_lanes(
    x: Float32Array,
    first: int,
    end: int,
    sections: Float64Array,
    state: Float64Array,
    recent: Float64Array,
    out: Float32Array,
) -> None:
    """Four filters of second order side by side in float64, two of x and two of what comes out of those.

    x (n_samples,), steps `first` to `end` of n + LAG, sections (20,), b0, b1, b2, -a1 and -a2 of all,
    state (16,), their last two inputs and outputs, recent (4 LAG,), the last outputs -> out (2, n_samples)

    The third filters the second's output, rectified, and the fourth the first's; they have got to sample
    i - LAG in step i, so that none waits for another.
    """
    b0, b1, b2 = load_reals(sections, 0), load_reals(sections, 4), load_reals(sections, 8)
    a1, a2 = load_reals(sections, 12), load_reals(sections, 16)
    u1, u2, y1, y2 = load_reals(state, 0), load_reals(state, 4), load_reals(state, 8), load_reals(state, 12)
    for i in range(first, end):
        place = 4 * (i & (LAG - 1))
        v = np.float64(x[min(i, x.size - 1)])
        u = row_of_four(v, v, max(recent[place + 1], 0.0), recent[place])
        fed = multiply_add(b0, u, multiply_add(b1, u1, b2 * u2))
        y = multiply_add(a1, y1, multiply_add(a2, y2, fed))
        store_reals(recent, place, y)
        out[0, max(i - LAG, 0)] = recent[place + 3]
        out[1, max(i - LAG, 0)] = recent[place + 2]
        u1, u2, y1, y2 = u, u1, y, y1
    store_reals(state, 0, u1)
    store_reals(state, 4, u2)
    store_reals(state, 8, y1)
    store_reals(state, 12, y2)


def filter_pairs(sections: Float64Array) -> Callable[[Float32Array], Float32Array]:
    """Build samples x (n,) -> h₃ * (h₀ * x) and h₂ * max(0, h₁ * x), float32 (2, n), with a memory.

    sections (4, 5), b0, b1, b2, a1, a2 of filters of second order
    """
    if SWITCHED_OFF:
        return _interpreted_pairs(sections)
    coefficients = np.ascontiguousarray((sections * [1.0, 1.0, 1.0, -1.0, -1.0]).T).ravel()
    state, recent = np.zeros((4, 4)), np.zeros(4 * LAG)

    def filtered(samples: Float32Array) -> Float32Array:
        out = np.empty((2, samples.size), dtype=np.float32)
        n = samples.size

        def run(first: int, end: int) -> None:
            filter_in_lanes(samples, first, end, coefficients, state.reshape(-1), recent, out)

        later = state[:, 2:].copy()
        run(0, min(n, LAG))
        state[:, 2:] = later  # what takes its input from others has not begun
        run(LAG, max(n, LAG))
        sooner = state[:, :2].copy()
        run(max(n, LAG), n + LAG)
        state[:, :2] = sooner  # and here the others have ended
        return out

    return filtered


def _interpreted_pairs(sections: Float64Array) -> Callable[[Float32Array], Float32Array]:
    """`filter_pairs` where kernels are not compiled."""
    from scipy.signal import lfilter  # here, because it takes half a second or more to import

    state = np.zeros((4, 2))

    def one(i: int, samples: Any) -> Any:
        b0, b1, b2, a1, a2 = sections[i]
        filtered, state[i] = lfilter([b0, b1, b2], [1.0, a1, a2], samples, zi=state[i])
        return filtered

    def filtered(samples: Float32Array) -> Float32Array:
        pairs = one(3, one(0, samples.astype(np.float64))), one(2, np.maximum(one(1, samples), 0.0))
        return np.array(pairs, dtype=np.float32)

    return filtered


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
    n0, n1, o1 = no_rumble
    return filter_pairs(np.array([low, high, low, [n0, n1, 0.0, o1, 0.0]]))


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
