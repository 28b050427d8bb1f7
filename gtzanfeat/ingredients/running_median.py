"""Running median of 31 rows, for all lanes (numbers beside each other in a row) at once.

Nothing but smaller and larger of two numbers, which the compiler turns into vector instructions. 16
neighbouring medians have 16 rows in common. Sorted once, those are shared; adding the 8 rows before or the
8 after them gives what 8 of the medians have in common, and so on down to one. A number of which too many
others are known to be smaller, or larger, cannot be the median and is dropped, so that of 16, 24, 28, 30
rows only the middle 16, 8, 4, 2 are kept. That makes 34 comparisons for a median of 31 numbers (after
Batcher 1968, Sorting networks and their applications, and Adams 2021, Fast median filters using separable
sorting networks).

What the medians are for is in `hpss`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import kernel

REACH = 15  # rows to either side of the middle of a median
TILE = 16
LANES = 64  # a tile and its surroundings stay in the innermost cache


@kernel
def smaller(a: Any, b: Any) -> Any:
    """Smaller of two numbers, min(a, b)."""
    return a if a < b else b


@kernel
def larger(a: Any, b: Any) -> Any:
    """Larger of two numbers, max(a, b)."""
    return a if a > b else b


@kernel
def merged_2(a: Any, b: Any) -> Any:
    """Two sorted pairs, sorted together (Batcher's odd-even merge).

    tuples a (2,), b (2,) -> (4,)
    """
    x, y = larger(a[0], b[0]), smaller(a[1], b[1])
    return smaller(a[0], b[0]), smaller(x, y), larger(x, y), larger(a[1], b[1])


@kernel
def merged_4(a: Any, b: Any) -> Any:
    """Two sorted fours, sorted together.

    tuples a (4,), b (4,) -> (8,)
    """
    e = merged_2((a[0], a[2]), (b[0], b[2]))
    o = merged_2((a[1], a[3]), (b[1], b[3]))
    return (
        e[0],
        smaller(o[0], e[1]),
        larger(o[0], e[1]),
        smaller(o[1], e[2]),
        larger(o[1], e[2]),
        smaller(o[2], e[3]),
        larger(o[2], e[3]),
        o[3],
    )


@kernel
def merged_8(a: Any, b: Any) -> Any:
    """Two sorted eights, sorted together.

    tuples a (8,), b (8,) -> (16,)
    """
    e = merged_4((a[0], a[2], a[4], a[6]), (b[0], b[2], b[4], b[6]))
    o = merged_4((a[1], a[3], a[5], a[7]), (b[1], b[3], b[5], b[7]))
    return (
        e[0],
        smaller(o[0], e[1]),
        larger(o[0], e[1]),
        smaller(o[1], e[2]),
        larger(o[1], e[2]),
        smaller(o[2], e[3]),
        larger(o[2], e[3]),
        smaller(o[3], e[4]),
        larger(o[3], e[4]),
        smaller(o[4], e[5]),
        larger(o[4], e[5]),
        smaller(o[5], e[6]),
        larger(o[5], e[6]),
        smaller(o[6], e[7]),
        larger(o[6], e[7]),
        o[7],
    )


@kernel
def sorted_2(s: NDArray[np.int32], i: int) -> Any:
    """Two rows of one lane, sorted.

    s (n_rows · LANES,) from place i on -> tuple (2,)
    """
    return smaller(s[i], s[i + LANES]), larger(s[i], s[i + LANES])


@kernel
def sorted_4(s: NDArray[np.int32], i: int) -> Any:
    """Four rows of one lane, sorted.

    s (n_rows · LANES,) from place i on -> tuple (4,)
    """
    return merged_2(sorted_2(s, i), sorted_2(s, i + 2 * LANES))


@kernel
def sorted_8(s: NDArray[np.int32], i: int) -> Any:
    """Eight rows of one lane, sorted.

    s (n_rows · LANES,) from place i on -> tuple (8,)
    """
    return merged_4(sorted_4(s, i), sorted_4(s, i + 4 * LANES))


@kernel
def bitonic_4(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four numbers that rise and then fall, or fall and then rise, sorted (bitonic merge).

    four numbers -> tuple (4,)
    """
    p, q, r, s = smaller(a, c), smaller(b, d), larger(a, c), larger(b, d)
    return smaller(p, q), larger(p, q), smaller(r, s), larger(r, s)


@kernel
def bitonic_8(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Eight numbers that rise and then fall, or fall and then rise, sorted (bitonic merge).

    eight numbers -> tuple (8,)
    """
    x = bitonic_4(smaller(a, e), smaller(b, f), smaller(c, g), smaller(d, h))
    y = bitonic_4(larger(a, e), larger(b, f), larger(c, g), larger(d, h))
    return x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]


@kernel
def middle_8(c: Any, x: Any) -> Any:
    """Middle 8, sorted, of a sorted 16 and a sorted 8: without the 8 smallest and the 8 largest.

    tuples c (16,), x (8,) -> (8,)
    """
    u = bitonic_8(
        larger(c[0], x[7]),
        larger(c[1], x[6]),
        larger(c[2], x[5]),
        larger(c[3], x[4]),
        larger(c[4], x[3]),
        larger(c[5], x[2]),
        larger(c[6], x[1]),
        larger(c[7], x[0]),
    )
    return bitonic_8(
        smaller(u[0], c[15]),
        smaller(u[1], c[14]),
        smaller(u[2], c[13]),
        smaller(u[3], c[12]),
        smaller(u[4], c[11]),
        smaller(u[5], c[10]),
        smaller(u[6], c[9]),
        smaller(u[7], c[8]),
    )


@kernel
def middle_4(c: Any, x: Any) -> Any:
    """Middle 4, sorted, of a sorted 8 and a sorted 4.

    tuples c (8,), x (4,) -> (4,)
    """
    u = bitonic_4(larger(c[0], x[3]), larger(c[1], x[2]), larger(c[2], x[1]), larger(c[3], x[0]))
    return bitonic_4(smaller(u[0], c[7]), smaller(u[1], c[6]), smaller(u[2], c[5]), smaller(u[3], c[4]))


@kernel
def middle_2(c: Any, x: Any) -> Any:
    """Middle 2, sorted, of a sorted 4 and a sorted 2.

    tuples c (4,), x (2,) -> (2,)
    """
    p, q = larger(c[0], x[1]), larger(c[1], x[0])
    p, q = smaller(smaller(p, q), c[3]), smaller(larger(p, q), c[2])
    return smaller(p, q), larger(p, q)


@kernel
def middle_1(c: Any, x: Any) -> Any:
    """Middle of a sorted pair and one number more.

    tuple c (2,), a number x -> a number
    """
    return larger(c[0], smaller(c[1], x))


@kernel
def four_medians(c: Any, s: NDArray[np.int32], a: int) -> Any:
    """Medians of 31 rows around each of the rows a..a+3.

    tuple c (4,), the middle 4 of the rows a-12..a+15 that they share, s (n_rows · LANES,) -> tuple (4,)
    """
    p = middle_2(c, sorted_2(s, a - 14 * LANES))
    q = middle_2(c, sorted_2(s, a + 16 * LANES))
    return (
        middle_1(p, s[a - 15 * LANES]),
        middle_1(p, s[a + 16 * LANES]),
        middle_1(q, s[a - 13 * LANES]),
        middle_1(q, s[a + 18 * LANES]),
    )


@kernel
def median_tile(s: NDArray[np.int32], start: int, out: NDArray[np.int32]) -> None:
    """Medians of 31 rows around each of 16 rows, in every lane.

    s (n_rows · LANES,), the first of the 16 rows at place `start` -> out (16 · LANES,)

    Written out, because the compiler makes vectors only of what it can unfold into one loop.
    """
    n = LANES
    for lane in range(n):
        a = start + lane
        core = merged_8(sorted_8(s, a), sorted_8(s, a + 8 * n))
        half = middle_8(core, sorted_8(s, a - 8 * n))
        m = four_medians(middle_4(half, sorted_4(s, a - 12 * n)), s, a)
        out[lane], out[lane + n], out[lane + 2 * n], out[lane + 3 * n] = m
        m = four_medians(middle_4(half, sorted_4(s, a + 16 * n)), s, a + 4 * n)
        out[lane + 4 * n], out[lane + 5 * n], out[lane + 6 * n], out[lane + 7 * n] = m
        half = middle_8(core, sorted_8(s, a + 16 * n))
        m = four_medians(middle_4(half, sorted_4(s, a - 4 * n)), s, a + 8 * n)
        out[lane + 8 * n], out[lane + 9 * n], out[lane + 10 * n], out[lane + 11 * n] = m
        m = four_medians(middle_4(half, sorted_4(s, a + 24 * n)), s, a + 12 * n)
        out[lane + 12 * n], out[lane + 13 * n], out[lane + 14 * n], out[lane + 15 * n] = m


@kernel
def running_median(x: NDArray[np.int32], first: int, out: NDArray[np.int32]) -> None:
    """Running median out[i] = median of x[first + i - 15 .. first + i + 15], lane by lane.

    x (n_rows, n_lanes) int32 -> out (n, n_lanes) int32

    Rows beyond the ends of `x` are its own, mirrored (d c b a | a b c d | d c b a). Floats that are not
    negative are in the order of their bits: view them as int32, of which the compiler makes better code.
    """
    n_rows, n_lanes = x.shape
    n = out.shape[0]
    n_tiles = (n + TILE - 1) // TILE
    s = np.zeros((n_tiles + 2) * TILE * LANES, dtype=np.int32)
    medians = np.empty(TILE * LANES, dtype=np.int32)
    for left in range(0, n_lanes, LANES):
        width = min(LANES, n_lanes - left)
        for r in range(n + 2 * REACH):
            i = (first + r - REACH) % (2 * n_rows)
            if i >= n_rows:
                i = 2 * n_rows - 1 - i
            place = (r + TILE - REACH) * LANES
            for lane in range(width):
                s[place + lane] = x[i, left + lane]
        for tile in range(n_tiles):
            median_tile(s, (tile + 1) * TILE * LANES, medians)
            for r in range(min(TILE, n - tile * TILE)):
                for lane in range(width):
                    out[tile * TILE + r, left + lane] = medians[r * LANES + lane]
