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
def four_medians(c: Any, s: NDArray[np.int32], i: int) -> Any:
    """Medians of 31 rows around each of four rows that follow each other.

    tuple c (4,), the middle 4 of the 28 rows that they share, s (n_rows · LANES,), in which the first of the
    34 rows around them is at place i -> tuple (4,)
    """
    p = middle_2(c, sorted_2(s, i + LANES))
    q = middle_2(c, sorted_2(s, i + 31 * LANES))
    return (
        middle_1(p, s[i]),
        middle_1(p, s[i + 31 * LANES]),
        middle_1(q, s[i + 2 * LANES]),
        middle_1(q, s[i + 33 * LANES]),
    )


@kernel
def median_tile(s: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """Medians of 31 rows around each of 16 rows, in every lane.

    s (46 · LANES,), the 16 rows between the 15 before and the 15 after them -> out (16 · LANES,)

    Written out, because the compiler makes vectors only of what it can unfold into one loop. All places are
    a constant and a lane, which it knows not to be negative: of an index that could be, and would then count
    from the end, it loads one lane at a time.
    """
    n = LANES
    for i in range(n):
        core = merged_8(sorted_8(s, i + 15 * n), sorted_8(s, i + 23 * n))
        half = middle_8(core, sorted_8(s, i + 7 * n))
        m = four_medians(middle_4(half, sorted_4(s, i + 3 * n)), s, i)
        out[i], out[i + n], out[i + 2 * n], out[i + 3 * n] = m
        m = four_medians(middle_4(half, sorted_4(s, i + 31 * n)), s, i + 4 * n)
        out[i + 4 * n], out[i + 5 * n], out[i + 6 * n], out[i + 7 * n] = m
        half = middle_8(core, sorted_8(s, i + 31 * n))
        m = four_medians(middle_4(half, sorted_4(s, i + 11 * n)), s, i + 8 * n)
        out[i + 8 * n], out[i + 9 * n], out[i + 10 * n], out[i + 11 * n] = m
        m = four_medians(middle_4(half, sorted_4(s, i + 39 * n)), s, i + 12 * n)
        out[i + 12 * n], out[i + 13 * n], out[i + 14 * n], out[i + 15 * n] = m


@kernel
def copy_lanes(
    x: NDArray[np.int32], axis: int, start: int, left: int, s: NDArray[np.int32], place: int, n: int
) -> None:
    """Copy rows start..start+n-1 of the lanes from `left` on, beyond the ends of `x` mirrored.

    x (n_rows, n_lanes), or its transpose if axis is 1 -> s (n_rows · LANES,) from `place` on
    """
    n_rows = x.shape[axis]
    width = min(LANES, x.shape[1 - axis] - left)
    if axis == 1 and start >= 0 and start + n <= n_rows:
        for lane in range(width):
            row = x[left + lane, start : start + n]
            column = s[place + lane :]
            for r in range(n):
                column[r * LANES] = row[r]
        return
    for r in range(n):
        i = (start + r) % (2 * n_rows)
        if i >= n_rows:
            i = 2 * n_rows - 1 - i
        lanes = s[place + r * LANES : place + (r + 1) * LANES]
        if axis == 0:
            row = x[i, left : left + width]
            for lane in range(width):
                lanes[lane] = row[lane]
        else:
            for lane in range(width):
                lanes[lane] = x[left + lane, i]


@kernel
def running_median(x: NDArray[np.int32], axis: int, first: int, out: NDArray[np.int32]) -> None:
    """Running median along an axis: out[i] = median of x[first + i - 15 .. first + i + 15].

    x (n_rows, n_lanes) int32 -> out (n, n_lanes) int32, if the axis is 0; the transposes of both, if it is 1

    Rows beyond the ends of `x` are its own, mirrored (d c b a | a b c d | d c b a). Floats that are not
    negative are in the order of their bits: view them as int32, of which the compiler makes better code.
    """
    n = out.shape[axis]
    n_lanes = out.shape[1 - axis]
    around = 2 * REACH
    s = np.zeros((TILE + around) * LANES, dtype=np.int32)
    medians = np.empty(TILE * LANES, dtype=np.int32)
    for left in range(0, n_lanes, LANES):
        width = min(LANES, n_lanes - left)
        # a tile and a tile, which overlap: numba would compile it once more for another constant of rows
        for r in range(0, around - TILE + 1, around - TILE):
            copy_lanes(x, axis, first - REACH + r, left, s, r * LANES, TILE)
        for top in range(0, n, TILE):
            copy_lanes(x, axis, first + top + REACH, left, s, around * LANES, TILE)
            median_tile(s, medians)
            rows = min(TILE, n - top)
            if axis == 0:
                for r in range(rows):
                    row = out[top + r, left : left + width]
                    for lane in range(width):
                        row[lane] = medians[r * LANES + lane]
            else:
                for lane in range(width):
                    row = out[left + lane, top : top + rows]
                    for r in range(rows):
                        row[r] = medians[r * LANES + lane]
            for i in range(around * LANES):
                s[i] = s[i + TILE * LANES]
