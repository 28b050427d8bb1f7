"""K-weighting: the filters of ITU-R BS.1770-4, after which equal power is about equally loud.

A stream with a memory. The loudness of what comes out is in `features.dynamics`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.jit import Float32Array, Float64Array, recursive_kernel

# the analogue prototypes whose bilinear transforms at 48 kHz are the two tables of BS.1770 (De Man 2018)
HEAD_HZ, HEAD_Q = 1681.974450955533, 0.7071752369554196
HEAD_DB, HEAD_BEND = 3.999843853973347, 0.4996667741545416
BASS_HZ, BASS_Q = 38.13547087602444, 0.5003270373238773


def k_weighting_sections(rate: int) -> Float64Array:
    """Coefficients of the two K-weighting filters at a rate: a shelf for the head, then a high-pass.

    Parameters
    ----------
    rate : int
        Sample rate in Hz.

    Returns
    -------
    ndarray of shape (2, 5)
        b0, b1, b2, a1, a2 of each; a0 is 1.

    Raises
    ------
    GtzanfeatError
        If the rate is too low for the shelf.

    References
    ----------
    .. [1] ITU-R BS.1770-4, annex 1, tables 1 and 2 (for 48 kHz).
    .. [2] B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 2018.

    Examples
    --------
    >>> k_weighting_sections(48000)[0].round(8).tolist()
    [1.53512486, -2.69169619, 1.19839281, -1.69065929, 0.73248077]
    """
    if rate <= 2 * HEAD_HZ:
        raise GtzanfeatError(
            f"the K-weighting of loudness needs a rate above {2 * HEAD_HZ:.0f} Hz; it was given {rate} Hz"
        )
    k = np.tan(np.pi * HEAD_HZ / rate)
    high = 10 ** (HEAD_DB / 20)
    bend = high**HEAD_BEND
    a0 = 1 + k / HEAD_Q + k * k
    head = [high + bend * k / HEAD_Q + k * k, 2 * (k * k - high), high - bend * k / HEAD_Q + k * k]
    head = [b / a0 for b in (*head, 2 * (k * k - 1), 1 - k / HEAD_Q + k * k)]
    k = np.tan(np.pi * BASS_HZ / rate)
    a0 = 1 + k / BASS_Q + k * k
    bass = [1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / BASS_Q + k * k) / a0]
    return np.array([head, bass])


@recursive_kernel
def filter_two_sections(
    x: Float32Array, sections: Float64Array, state: Float64Array, out: Float32Array
) -> None:
    """Two second-order filters in series, transposed direct form II in float64: y = x * h₀ * h₁.

    x (n_samples,), sections (2, 5) of b0, b1, b2, a1, a2, state (2, 2), carried from block to block
    -> out (n_samples,)
    """
    b0, b1, b2, a1, a2 = sections[0]
    c0, c1, c2, d1, d2 = sections[1]
    p1, p2 = state[0]
    q1, q2 = state[1]
    for i in range(x.size):
        v = np.float64(x[i])
        y = b0 * v + p1
        p1 = b1 * v - a1 * y + p2
        p2 = b2 * v - a2 * y
        z = c0 * y + q1
        q1 = c1 * y - d1 * z + q2
        q2 = c2 * y - d2 * z
        out[i] = z
    state[0, 0], state[0, 1] = p1, p2
    state[1, 0], state[1, 1] = q1, q2


def k_weighting(rate: int) -> Callable[[Float32Array], Float32Array]:
    """Build samples (n,) -> K-weighted samples, float32 (n,); the filters keep their state between calls."""
    sections = k_weighting_sections(rate)
    state = np.zeros((2, 2))

    def weighted(samples: Float32Array) -> Float32Array:
        out = np.empty(samples.size, dtype=np.float32)
        filter_two_sections(samples, sections, state, out)
        return out

    return weighted
