"""Real Fourier transforms of windowed frames of 2^m samples, `LANES` frames side by side.

A frame of N samples is read as N/2 complex numbers, even samples real and odd ones imaginary, which are
transformed in place, by four (and once by two, where N/2 is not a power of four), with decimation in
frequency (Cooley & Tukey 1965; Gentleman & Sande 1966), and taken apart into the N/2 + 1 bins of the real
frame. With the same sample of several frames side by side, each operation is a vector instruction over
frames, and no frame knows of another: its bits do not depend on the block that it is in.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from gtzanfeat.jit import (
    LANES,
    ComplexArray,
    Float32Array,
    IntArray,
    conjugate,
    load_lanes,
    recursive_kernel,
    store_lanes,
    store_square_moduli,
    times_minus_i,
    transpose_tile,
)

LENGTHS = frozenset(2**m for m in range(8, 17))  # 256 to 65536 samples
ROW = 2 * LANES  # floats of one complex number of all lanes: a line of cache
CACHED_ROWS = 256  # complex numbers of all lanes that stay in the first cache: 16 kB
CACHE_LINE = 64  # bytes: a line of cache
ONES = np.ones(LANES, dtype=np.float32)


class FrameTransform:
    """The one-sided Fourier transform of windowed frames, by a compiled kernel.

    One instance serves one thread at a time: it keeps its working memory.

    Parameters
    ----------
    taper : ndarray of shape (N,), float32
        The window; N is one of `LENGTHS`.

    Examples
    --------
    >>> transform = FrameTransform(np.ones(256, dtype=np.float32))
    >>> frames = np.zeros((3, 256), dtype=np.float32)
    >>> frames[:, 0] = 2.0
    >>> transform.power(frames).shape, float(transform.power(frames)[1, 5])
    ((3, 129), 4.0)
    """

    def __init__(self, taper: Float32Array) -> None:
        n = taper.size
        self._half_taper = np.float32(0.5) * taper  # bins are sums of halves
        self._twiddles, self._places = _tables(n)
        self._work = _aligned(LANES * n)
        self._rows = _aligned(ROW * (n // 2 + 1))

    def power(self, frames: Float32Array) -> Float32Array:
        """Power spectra P = |X|² of windowed frames.

        Parameters
        ----------
        frames : ndarray of shape (n_frames, N), float32
            They may overlap in memory, as a view of the samples of a clip does.

        Returns
        -------
        ndarray of shape (n_frames, N // 2 + 1), float32
        """
        out = np.empty((max(len(frames), LANES), frames.shape[1] // 2 + 1), dtype=np.float32)
        self._transform(frames, out, False)
        return out[: len(frames)]

    def spectrum(self, frames: Float32Array) -> ComplexArray:
        """Spectra X of windowed frames.

        Parameters
        ----------
        frames : ndarray of shape (n_frames, N), float32
            They may overlap in memory, as a view of the samples of a clip does.

        Returns
        -------
        ndarray of shape (n_frames, N // 2 + 1), complex64
        """
        out = np.empty((max(len(frames), LANES), frames.shape[1] // 2 + 1), dtype=np.complex64)
        self._transform(frames, out.view(np.float32), True)
        return out[: len(frames)]

    def _transform(self, frames: Float32Array, out: Float32Array, phase: bool) -> None:
        n_frames, n = frames.shape
        if n_frames < LANES:
            some = frames
            frames = np.zeros((LANES, n), dtype=np.float32)
            frames[:n_frames] = some
        step, rest = divmod(frames.strides[0], frames.itemsize)
        if rest or step < 0 or frames.strides[1] != frames.itemsize:
            frames, step = np.ascontiguousarray(frames), n
        if frames.flags.c_contiguous:
            samples = frames.reshape(-1)
        else:  # one view of all samples, so that the kernel is compiled for one kind of array
            samples = np.lib.stride_tricks.as_strided(frames, ((len(frames) - 1) * step + n,), (4,))
        transform_frames(
            samples, step, self._half_taper, self._twiddles, self._places, self._work, self._rows, out, phase
        )


def _aligned(size: int) -> Float32Array:
    """Memory for `size` float32 numbers from the beginning of a line of cache on, zeros."""
    whole = np.zeros(size + CACHE_LINE // 4, dtype=np.float32)
    skipped = -whole.ctypes.data % CACHE_LINE // whole.itemsize
    return whole[skipped : skipped + size]


@lru_cache(maxsize=32)
def _tables(n: int) -> tuple[ComplexArray, IntArray]:
    """Twiddle factors in the order in which `transform_frames` reads them, and where its bins are.

    The factors e^(-2πi k/N), k < N/2, then those of each pass; and for each k < N/8 the place in the working
    memory from which four numbers are transformed into the bins k, k + N/8, k + N/4 and k + 3N/8.
    """
    m = n // 2
    twiddles = [np.arange(m) / n]
    places, k, length = np.zeros(m // 4, dtype=np.int64), np.arange(m // 4), m
    while length > 4:
        radix = 2 if length == m and m.bit_length() % 2 == 0 else 4
        length //= radix
        twiddles.append(np.outer(np.arange(length), np.arange(1, radix)).ravel() / (length * radix))
        places += k % radix * length
        k //= radix
    return np.exp(-2j * np.pi * np.concatenate(twiddles)).astype(np.complex64), ROW * places


@recursive_kernel
def transform_by_two(work: Float32Array, twiddles: ComplexArray, t: int) -> None:
    """Butterflies of two over all of the working memory, with the twiddle factors from number t on.

    work (LANES · N,) -> the same
    """
    m = work.size // ROW // 2
    for i in range(m):
        p, q = ROW * i, ROW * (i + m)
        a, b = load_lanes(work, p), load_lanes(work, q)
        store_lanes(work, p, a + b)
        store_lanes(work, q, (a - b) * twiddles[t + i])


@recursive_kernel
def butterfly(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any, Any, Any]:
    """Transform of four complex numbers in each lane.

    numbers (a, b, c, d) -> four numbers
    """
    e, f, g, h = a + c, a - c, b + d, times_minus_i(b - d)
    return e + g, f + h, e - g, f - h


@recursive_kernel
def transform_by_four(work: Float32Array, start: int, length: int, twiddles: ComplexArray, t: int) -> None:
    """Butterflies of four over `length` complex numbers from `start` on, with the twiddle factors from t on.

    work (LANES · N,) -> the same
    """
    quarter = length // 4
    for i in range(start, start + quarter):
        p = ROW * i
        q = p + ROW * quarter
        r = q + ROW * quarter
        s = r + ROW * quarter
        a, b, c, d = butterfly(
            load_lanes(work, p), load_lanes(work, q), load_lanes(work, r), load_lanes(work, s)
        )
        store_lanes(work, p, a)
        store_lanes(work, q, b * twiddles[t])
        store_lanes(work, r, c * twiddles[t + 1])
        store_lanes(work, s, d * twiddles[t + 2])
        t += 3


@recursive_kernel
def transform_all_but_last(work: Float32Array, twiddles: ComplexArray) -> None:
    """All passes over the working memory but the last.

    work (LANES · N,) -> the same

    Passes over more than the first cache holds come first; then each part that it holds gets all its passes.
    """
    m = work.size // ROW
    length, t = m, m
    bits = 0
    while m >> bits > 1:
        bits += 1
    if bits % 2:
        transform_by_two(work, twiddles, t)
        length //= 2
        t += length
    while length > CACHED_ROWS:
        for start in range(0, m, length):
            transform_by_four(work, start, length, twiddles, t)
        length //= 4
        t += 3 * length
    for part in range(0, m, length):
        inner, u = length, t
        while inner > 4:
            for start in range(part, part + length, inner):
                transform_by_four(work, start, inner, twiddles, u)
            inner //= 4
            u += 3 * inner


@recursive_kernel
def last_butterfly(work: Float32Array, p: int) -> tuple[Any, Any, Any, Any]:
    """Four of the N/2 complex bins, a quarter of them apart.

    work (LANES · N,), place p -> four numbers in each lane
    """
    return butterfly(
        load_lanes(work, p),
        load_lanes(work, p + ROW),
        load_lanes(work, p + 2 * ROW),
        load_lanes(work, p + 3 * ROW),
    )


@recursive_kernel
def two_bins(a: Any, b: Any, k: int, twiddles: ComplexArray, rows: Float32Array, phase: bool) -> None:
    """Bins k and m - k of real frames of 2m samples, of the complex bins a = Z[k] / 2 and b = Z[m-k] / 2.

    numbers (a, b) in each lane -> rows (LANES · (N + 2),)

    X[k] = E + W O and X[m-k] = conj(E - W O), E and O the transforms of even and odd samples,
    W = e^(-πi k/m).
    """
    last = rows.size // ROW - 1
    mirrored = conjugate(b)
    even, odd = a + mirrored, times_minus_i(a - mirrored) * twiddles[k]
    if phase:
        store_lanes(rows, ROW * k, even + odd)
        store_lanes(rows, ROW * (last - k), conjugate(even - odd))
    else:
        store_square_moduli(rows, LANES * k, even + odd)
        store_square_moduli(rows, LANES * (last - k), even - odd)


@recursive_kernel
def last_pass(
    work: Float32Array, places: IntArray, twiddles: ComplexArray, rows: Float32Array, phase: bool
) -> None:
    """The last pass, and the bins of the real frames: spectra or powers, lanes side by side.

    work (LANES · N,) -> rows (LANES · (N + 2),)
    """
    quarter = places.size
    a, b, c, d = last_butterfly(work, 0)
    two_bins(a, a, 0, twiddles, rows, phase)
    two_bins(b, d, quarter, twiddles, rows, phase)
    two_bins(c, c, 2 * quarter, twiddles, rows, phase)
    for k in range(1, quarter // 2 + 1):
        a, b, c, d = last_butterfly(work, places[k])
        e, f, g, h = last_butterfly(work, places[quarter - k])
        two_bins(a, h, k, twiddles, rows, phase)
        two_bins(b, g, k + quarter, twiddles, rows, phase)
        two_bins(c, f, k + 2 * quarter, twiddles, rows, phase)
        two_bins(d, e, k + 3 * quarter, twiddles, rows, phase)


@recursive_kernel
def transform_frames(
    samples: Float32Array,
    step: int,
    half_taper: Float32Array,
    twiddles: ComplexArray,
    places: IntArray,
    work: Float32Array,
    rows: Float32Array,
    out: Float32Array,
    phase: bool,
) -> None:
    """Spectra X, real and imaginary parts in turn, or power spectra |X|² of windowed frames.

    samples (n,), step from frame to frame, half_taper (N,), `_tables`, work (LANES · N,),
    rows (LANES · (N + 2),), phase -> out (n_frames, N + 2) if phase, else (n_frames, N/2 + 1)

    Of at least `LANES` frames: the last ones are transformed `LANES` at a time too, some of them twice.
    """
    n_frames, n_columns = out.shape
    whole = n_columns - n_columns % LANES
    for block in range(0, n_frames, LANES):
        first = min(block, n_frames - LANES)
        for i in range(0, half_taper.size, LANES):
            transpose_tile(samples, first * step + i, step, half_taper, i, work, LANES * i, LANES)
        transform_all_but_last(work, twiddles)
        last_pass(work, places, twiddles, rows, phase)
        for k in range(0, whole, LANES):
            transpose_tile(rows, LANES * k, LANES, ONES, 0, out, first * n_columns + k, n_columns)
        for k in range(whole, n_columns):
            for lane in range(LANES):
                out[first + lane, k] = rows[LANES * k + lane]
