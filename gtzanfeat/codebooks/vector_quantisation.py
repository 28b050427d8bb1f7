"""Vector quantisation: distances of frames to codewords, and how a frame is assigned to them.

Kernels and the loop over blocks of frames; how a codebook is learnt and assignments are pooled is in
`codebook_histogram`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import float_to_bits, kernel

BLOCK_SIZE = 32768  # distances computed at a time: 128 kB, which stay in cache


@kernel
def squared_distances(
    frames: NDArray[np.float32], words: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """d²_ik = Σ_c (x_ic - w_ck)².

    frames (n_frames, n_columns), words (n_columns, n_words) -> out (n_frames, n_words).

    Not by ‖x‖² - 2xw + ‖w‖²: differences cost a kernel the same, do not cancel, are never negative, and do
    not depend on the block that a frame is in; equal words are at equal distances. Columns are taken four at
    a time, so that `out` is read and written a quarter as often.
    """
    n_columns, n_words = words.shape
    whole = n_columns - n_columns % 4
    for i in range(frames.shape[0]):
        x, row = frames[i], out[i]
        row[:] = 0.0
        for c in range(0, whole, 4):
            x0, x1, x2, x3 = x[c], x[c + 1], x[c + 2], x[c + 3]
            w0, w1, w2, w3 = words[c], words[c + 1], words[c + 2], words[c + 3]
            for k in range(n_words):
                d0, d1, d2, d3 = x0 - w0[k], x1 - w1[k], x2 - w2[k], x3 - w3[k]
                row[k] += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
        for c in range(whole, n_columns):
            for k in range(n_words):
                d0 = x[c] - words[c, k]
                row[k] += d0 * d0


@kernel
def add_hard(
    squares: NDArray[np.float32], unused: float, sums: NDArray[np.float64], peaks: NDArray[np.float64]
) -> None:
    """a_ik = 1 for the nearest word k (the first of equals), else 0.

    squares (n_frames, n_words) -> sums Σ_i a_ik and peaks max_i a_ik, both (n_words,).

    The minimum over k of (bits of d²_ik, k) as one integer: bits of non-negative floats are ordered as the
    floats, and a minimum of integers is a vector instruction.
    """
    for i in range(squares.shape[0]):
        first = np.int64(0x7FFFFFFFFFFFFFFF)
        for k in range(squares.shape[1]):
            first = min(first, (np.int64(float_to_bits(squares[i, k])) << 32) | k)
        nearest = first & 0xFFFFFFFF
        sums[nearest] += 1.0
        peaks[nearest] = 1.0


@kernel
def add_nearest(
    squares: NDArray[np.float32], tau: float, sums: NDArray[np.float64], peaks: NDArray[np.float64]
) -> None:
    """a_ik = 1/τ for the τ nearest words k (of equals, the first are nearer), else 0.

    squares (n_frames, n_words) -> sums Σ_i a_ik and peaks max_i a_ik, both (n_words,).
    """
    n_nearest = min(int(tau), squares.shape[1])
    nearest = np.zeros(n_nearest)
    words = np.zeros(n_nearest, dtype=np.int64)
    for i in range(squares.shape[0]):
        found = 0
        for k in range(squares.shape[1]):
            square = squares[i, k]
            if found == n_nearest and square >= nearest[n_nearest - 1]:
                continue
            j = min(found, n_nearest - 1)
            while j > 0 and nearest[j - 1] > square:
                nearest[j], words[j] = nearest[j - 1], words[j - 1]
                j -= 1
            nearest[j], words[j] = square, k
            found = min(found + 1, n_nearest)
        for j in range(n_nearest):
            sums[words[j]] += 1.0 / n_nearest
            peaks[words[j]] = 1.0 / n_nearest


@kernel
def add_soft(
    squares: NDArray[np.float32], beta: float, sums: NDArray[np.float64], peaks: NDArray[np.float64]
) -> None:
    """a_ik = exp(-β d²_ik) / Σ_j exp(-β d²_ij).

    squares (n_frames, n_words), overwritten -> sums Σ_i a_ik and peaks max_i a_ik, both (n_words,).
    """
    n_words = squares.shape[1]
    steepness = np.float32(beta)
    for i in range(squares.shape[0]):
        row = squares[i]
        least = row[0]
        for k in range(1, n_words):
            least = min(least, row[k])
        total = 0.0
        for k in range(n_words):
            row[k] = np.exp(-steepness * (row[k] - least))
            total += row[k]
        for k in range(n_words):
            share = row[k] / total
            sums[k] += share
            peaks[k] = max(peaks[k], share)


@kernel
def add_triangle(
    squares: NDArray[np.float32], unused: float, sums: NDArray[np.float64], peaks: NDArray[np.float64]
) -> None:
    """a_ik = max(0, mean_j(d_ij) - d_ik).

    squares (n_frames, n_words), overwritten -> sums Σ_i a_ik and peaks max_i a_ik, both (n_words,).
    """
    n_words = squares.shape[1]
    for i in range(squares.shape[0]):
        total = 0.0
        for k in range(n_words):
            squares[i, k] = np.sqrt(squares[i, k])
            total += squares[i, k]
        mean = total / n_words
        for k in range(n_words):
            nearer = max(0.0, mean - squares[i, k])
            sums[k] += nearer
            peaks[k] = max(peaks[k], nearer)


ASSIGNMENTS: dict[str, Callable[..., None]] = {
    "hard": add_hard,
    "nearest": add_nearest,
    "soft": add_soft,
    "triangle": add_triangle,
}
DEFAULT_PARAMS = {"nearest": 4.0, "soft": 1.0}  # τ and β


def assign(
    frames: NDArray[np.float32], words: NDArray[np.float32], assignment: str, parameter: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums Σ_i a_ik and the maxima max_i a_ik of the assignments a over frames i.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_columns), float32
        Frames, perhaps none.
    words : ndarray of shape (n_words, n_columns), float32
        The codebook.
    assignment : str
        A key of `ASSIGNMENTS`.
    parameter : float, default=0
        τ of "nearest" or β of "soft"; ignored by the others.

    Returns
    -------
    sums, maxima : ndarray of shape (n_words,), float64
        Zeros if there are no frames. No more than `BLOCK_SIZE` distances (and one frame's) are in memory.
    """
    n_words = len(words)
    columns = np.ascontiguousarray(words.T)
    sums, peaks = np.zeros(n_words), np.zeros(n_words)
    step = max(1, BLOCK_SIZE // n_words)
    squares = np.empty((step, n_words), dtype=np.float32)
    for start in range(0, len(frames), step):
        block = frames[start : start + step]
        squared_distances(block, columns, squares[: len(block)])
        ASSIGNMENTS[assignment](squares[: len(block)], float(parameter), sums, peaks)
    return sums, peaks
