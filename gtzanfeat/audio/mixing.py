"""Kernels that mix the channels of a block of samples, and look at the samples on the way.

What becomes of what they find is in `levels`; where kernels are not compiled, that does without them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import (
    SWITCHED_OFF,
    Float32Array,
    Float64Array,
    IntArray,
    float_to_bits,
    recursive_kernel,
)
from gtzanfeat.jit.vector_sums import dot_product

__all__ = ["COMPARED", "SWITCHED_OFF", "mix_floats", "mix_integers"]

Int16Array = NDArray[np.int16]
Int32Array = NDArray[np.int32]

# Sample frames at the beginning of each block in which channels are compared with their mean: a quarter of
# the longest block, and all of a shorter clip. All of them would cost as much as a tenth of reading a WAV.
COMPARED = 1 << 15


@recursive_kernel  # nothing fused, so that samples are the bits of their definition
def add_channels(flat: Any, n_channels: int, factor: Any, out: Float32Array) -> None:
    """Sums over channels of samples times a factor.

    flat (n · n_channels,), factor -> out (n,)
    """
    if n_channels == 1:
        for i in range(out.size):
            out[i] = np.float32(flat[i]) * factor
    elif n_channels == 2:  # by a step that the compiler knows, of which it makes vectors
        for i in range(out.size):
            out[i] = np.float32(flat[2 * i]) * factor + np.float32(flat[2 * i + 1]) * factor
    else:
        for i in range(out.size):
            k = i * n_channels
            out[i] = np.float32(flat[k]) * factor + np.float32(flat[k + 1]) * factor
    for channel in range(2, n_channels):
        for i in range(out.size):
            out[i] += np.float32(flat[i * n_channels + channel]) * factor


@recursive_kernel
def mix_integers(
    flat: Int16Array,
    pairs: Int32Array,
    n_channels: int,
    factor: Any,
    limit: int,
    out: Float32Array,
    found: IntArray,
    squares: Float64Array,
) -> None:
    """Sums over channels of samples times a factor, and what there is to know of the samples.

    flat (n · n_channels,), of two channels the same memory as pairs (n,), factor, what counts as clipped
    -> out (n,), found (2,), the largest magnitude and how many are clipped, squares (2,), sums of squares of
    samples and of out, of the first `COMPARED`
    """
    low = high = n_clipped = np.int32(0)
    if n_channels == 2:
        for i in range(out.size):  # pairs, of which the compiler makes vectors
            left, right = np.int32(pairs[i] << 16) >> 16, pairs[i] >> 16
            low, high = min(low, np.int32(min(left, right))), max(high, np.int32(max(left, right)))
            out[i] = np.float32(left) * factor + np.float32(right) * factor
    else:
        for i in range(flat.size):
            low, high = min(low, np.int32(flat[i])), max(high, np.int32(flat[i]))
        add_channels(flat, n_channels, factor, out)
    if high >= limit or low <= -limit:
        for i in range(flat.size):
            n_clipped += np.int32(flat[i] >= limit or flat[i] <= -limit)
    found[0], found[1] = max(np.int64(high), -np.int64(low)), n_clipped
    if n_channels > 1:
        n, total = min(out.size, COMPARED), np.int64(0)
        for i in range(n_channels * n):
            total += np.int64(np.int32(flat[i]) * np.int32(flat[i]))
        squares[0], squares[1] = total, dot_product(out, 0, out, 0, n)


@recursive_kernel
def mix_floats(
    flat: Float32Array,
    n_channels: int,
    factor: Any,
    limit: Any,
    out: Float32Array,
    found: IntArray,
    squares: Float64Array,
) -> None:
    """The same of floating point; the largest magnitude as the bits of a float32, of which NaN are largest.

    flat (n · n_channels,), factor, what counts as clipped -> out (n,), found (2,), squares (2,)
    """
    high = n_clipped = np.int32(0)
    least = float_to_bits(limit)
    for i in range(flat.size):
        high = max(high, float_to_bits(abs(flat[i])))
    if high >= least:
        for i in range(flat.size):
            n_clipped += np.int32(float_to_bits(abs(flat[i])) >= least)
    found[0], found[1] = high, n_clipped
    add_channels(flat, n_channels, factor, out)
    if n_channels > 1:
        n = min(out.size, COMPARED)
        squares[0] = dot_product(flat, 0, flat, 0, n_channels * n)
        squares[1] = dot_product(out, 0, out, 0, n)
