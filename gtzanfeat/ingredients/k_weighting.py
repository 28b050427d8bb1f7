"""K-weighting: the filters of ITU-R BS.1770-4, after which equal power is about equally loud.

A stream with a memory. The loudness of what comes out is in `features.dynamics`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.ingredients.envelopes import filter_pairs
from gtzanfeat.jit import Float32Array, Float64Array

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


def k_weighting(rate: int) -> Callable[[Float32Array], Float32Array]:
    """Build samples (n,) -> K-weighted samples, float32 (n,); the filters keep their state between calls."""
    head, bass = k_weighting_sections(rate)
    nothing = np.zeros_like(head)
    both = filter_pairs(np.array([head, nothing, nothing, bass]))
    return lambda samples: both(samples)[0]
