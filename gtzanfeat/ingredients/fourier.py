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

from gtzanfeat.ingredients.row_kernels import RowKernel, samples_of
from gtzanfeat.jit import ComplexArray, Float32Array, IntArray, recursive_kernel
from gtzanfeat.jit.lanes import (
    LANES,
    conjugate,
    load_lanes,
    load_reals,
    multiply_add,
    power_law,
    square_modulus,
    store_lanes,
    store_reals,
    times_minus_i,
    transpose_tile,
)

LENGTHS = frozenset(2**m for m in range(8, 17))  # 256 to 65536 samples
ROW = 2 * LANES  # floats of one complex number of all lanes: a line of cache
CACHED_ROWS = 256  # complex numbers of all lanes that stay in the first cache: 16 kB
CACHE_LINE = 64  # bytes: a line of cache
SILENT_FRAME = 1e-12  # summary autocorrelation at lag 0 up to which a frame has no pitch
COMPRESSION = 0.67  # of the magnitude spectrum, in the summary autocorrelation
ONES = np.ones(LANES, dtype=np.float32)

Tables = tuple[ComplexArray, IntArray, IntArray]  # twiddle factors, passes, places of bins


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
        self._tables = _tables(n)
        self._work = aligned(LANES * n)
        self._rows = aligned(ROW * (n // 2 + 1))

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
        powers: Float32Array = self.row_kernel(False)(frames)
        return powers

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
        spectra: ComplexArray = self.row_kernel(True)(frames)
        return spectra

    def row_kernel(self, phase: bool) -> RowKernel:
        """Return what computes the spectra, if `phase`, or power spectra of frames.

        Parameters
        ----------
        phase : bool
            Whether real and imaginary parts are wanted.

        Returns
        -------
        RowKernel
            It uses the working memory of this instance.
        """
        n_bins = self._half_taper.size // 2 + 1
        constants = self._half_taper, *self._tables, self._work, self._rows, phase
        if phase:
            return RowKernel(transform_frames, constants, 2 * n_bins, seen_as=np.complex64, of_samples=True)
        return RowKernel(transform_frames, constants, n_bins, of_samples=True)


class SummaryAutocorrelation:
    """The summary autocorrelation of windowed frames of two channels, by a compiled kernel.

    With X the transform of a frame that is padded to 2N samples, it is s[l] / s[0], s the inverse transform
    of |X_low|^0.67 + |X_high|^0.67 (Tolonen & Karjalainen 2000). One instance serves one thread at a time: it
    keeps its working memory.

    Parameters
    ----------
    taper : ndarray of shape (N,), float32
        The window; 2N is one of `LENGTHS`.

    Examples
    --------
    >>> summary = SummaryAutocorrelation(np.ones(512, dtype=np.float32))
    >>> pulses = np.tile(np.arange(512) % 100 == 0, (2, 3, 1)).astype(np.float32)
    >>> s = summary(pulses)
    >>> s.shape, int(s[0, 50:150].argmax())
    ((3, 512), 50)
    """

    def __init__(self, taper: Float32Array) -> None:
        self._half_taper = np.float32(0.5) * taper
        self._tables = _tables(2 * taper.size), _tables(taper.size)
        self._work = aligned(2 * ROW * taper.size).reshape(2, -1)
        self._rows = aligned(LANES * (taper.size + 1))

    def __call__(self, frames: Float32Array) -> Float32Array:
        """Return s[l] / s[0] of frames.

        Parameters
        ----------
        frames : ndarray of shape (2, n_frames, N), float32
            Of the low and the high channel; they may overlap in memory.

        Returns
        -------
        ndarray of shape (n_frames, N), float32
            0 for frames of silence.
        """
        n_frames, n = frames.shape[1:]
        samples, channel_step, step = _in_a_row(frames)
        out = np.empty((max(n_frames, LANES), n), dtype=np.float32)
        steps, tables, rows = (channel_step, step), self._tables, self._rows
        summary_autocorrelations(samples, *steps, self._half_taper, *tables, self._work, rows, out)
        return out[:n_frames]


def _in_a_row(frames: Float32Array) -> tuple[Any, ...]:
    """All `samples_of` frames, of at least `LANES`: what is missing is added."""
    *channels, n_frames, n = frames.shape
    if n_frames < LANES:
        some, frames = frames, np.zeros((*channels, LANES, n), dtype=np.float32)
        frames[..., :n_frames, :] = some
    return samples_of(frames)


def aligned(size: int) -> Float32Array:
    """Memory for `size` float32 numbers from the beginning of a line of cache on, zeros."""
    whole = np.zeros(size + CACHE_LINE // 4, dtype=np.float32)
    skipped = -whole.ctypes.data % CACHE_LINE // whole.itemsize
    return whole[skipped : skipped + size]


@lru_cache(maxsize=32)
def _tables(n: int) -> Tables:
    """Twiddle factors, the passes that read them, and where the bins are, of frames of n samples.

    The factors are e^(-2πi k/N), k < N/2, then those of each pass. A row of the passes is the places of the
    part that it is over, first and end, how far apart the numbers of a butterfly are, and the first factor:
    one pass by two, over nothing where N/2 is a power of four, then those by four. Those over more than the
    first cache holds come first; then each part that it holds gets all its passes. Last come the places of
    the bins k <= N/2, of which the last is the first.
    """
    m = n // 2
    half = m // 2 if m.bit_length() % 2 == 0 else 0
    angles, passes = [np.arange(m) / n], [(0, half, half, m)]
    if half:
        angles.append(np.arange(half) / m)
    lengths = [4**i for i in range(8, 0, -1) if 4**i <= (half or m)]
    rows = {}
    for length in lengths:
        rows[length] = (length // 4, sum(map(len, angles)))
        angles.append(np.outer(np.arange(length // 4), (1, 2, 3)).ravel() / length)
    passes += [(0, m, *rows[length]) for length in lengths if length > CACHED_ROWS]
    inner = [length for length in lengths if length <= CACHED_ROWS]
    for part in range(0, m, inner[0]):
        passes += [(part, part + inner[0], *rows[length]) for length in inner]
    places, k = np.zeros(m + 1, dtype=np.int64), np.arange(m + 1) % m
    for radix, apart in [(2, half)] * (half > 0) + [(4, length // 4) for length in lengths]:
        places += k % radix * apart
        k //= radix
    twiddles = np.exp(-2j * np.pi * np.concatenate(angles)).astype(np.complex64)
    return twiddles, np.array(passes, dtype=np.int64) * (ROW, ROW, ROW, 1), ROW * places


@recursive_kernel
def transform_in_place(
    work: Float32Array, twiddles: ComplexArray, passes: IntArray, done: int | np.int64
) -> None:
    """Transform `LANES` frames that lie side by side, as complex numbers, but for the passes that are done.

    work (LANES · N,), which changes, `_tables`, how many passes are done
    """
    if done == 0:
        apart, t = passes[0, 2], passes[0, 3]
        for p in range(0, apart, ROW):
            a, b = load_lanes(work, p), load_lanes(work, p + apart)
            store_lanes(work, p, a + b)
            store_lanes(work, p + apart, (a - b) * twiddles[t])
            t += 1
    for i in range(max(done, 1), passes.shape[0]):
        apart = passes[i, 2]
        for start in range(passes[i, 0], passes[i, 1], 4 * apart):
            t = passes[i, 3]
            for p in range(start, start + apart, ROW):
                q = p + apart
                r = q + apart
                s = r + apart
                a, b = load_lanes(work, p), load_lanes(work, q)
                c, d = load_lanes(work, r), load_lanes(work, s)
                e, f, g, h = a + c, a - c, b + d, times_minus_i(b - d)
                store_lanes(work, p, e + g)
                store_lanes(work, q, (f + h) * twiddles[t])
                store_lanes(work, r, (e - g) * twiddles[t + 1])
                store_lanes(work, s, (f - h) * twiddles[t + 2])
                t += 3


@recursive_kernel
def take_apart(
    work: Float32Array, twiddles: ComplexArray, places: IntArray, rows: Float32Array, phase: bool | np.bool
) -> None:
    """Bins of `LANES` real frames, spectra or powers, of what `transform_in_place` leaves.

    work (LANES · N,), `_tables`, phase -> rows (LANES · (N + 2),)

    X[k] = E + W O and X[m-k] = conj(E - W O), E and O the transforms of even and odd samples,
    W = e^(-πi k/m).
    """
    last = places.size - 1
    for k in range(last // 2 + 1):
        a, b = load_lanes(work, places[k]), conjugate(load_lanes(work, places[last - k]))
        even, odd = a + b, times_minus_i(a - b)
        low, high = multiply_add(odd, twiddles[k], even), multiply_add(odd, -twiddles[k], even)
        if phase:
            store_lanes(rows, ROW * k, low)
            store_lanes(rows, ROW * (last - k), conjugate(high))
        else:
            store_reals(rows, LANES * k, square_modulus(low))
            store_reals(rows, LANES * (last - k), square_modulus(high))


@recursive_kernel
def transform_frames(
    samples: Float32Array,
    step: int,
    half_taper: Float32Array,
    twiddles: ComplexArray,
    passes: IntArray,
    places: IntArray,
    work: Float32Array,
    rows: Float32Array,
    phase: bool,
    out: Float32Array,
) -> None:
    """Spectra X, real and imaginary parts in turn, or power spectra |X|² of windowed frames.

    samples (n,), step from frame to frame, half_taper (N,), `_tables`, work (LANES · N,),
    rows (LANES · (N + 2),), phase -> out (n_frames, N + 2) if phase, else (n_frames, N/2 + 1)

    The last `LANES` frames are transformed together too, some of them twice; fewer, with what is in memory.
    """
    n_frames, n_columns = out.shape
    whole = n_columns - n_columns % LANES
    if n_frames < LANES:
        for lane in range(n_frames):
            for i in range(half_taper.size):
                work[LANES * i + lane] = samples[lane * step + i] * half_taper[i]
        transform_in_place(work, twiddles, passes, np.int64(0))
        take_apart(work, twiddles, places, rows, phase)
        for lane in range(n_frames):
            for k in range(n_columns):
                out[lane, k] = rows[LANES * k + lane]
        return
    for block in range(0, n_frames, LANES):
        first = min(block, n_frames - LANES)
        for i in range(0, half_taper.size, LANES):
            transpose_tile(samples, first * step + i, step, half_taper, i, work, LANES * i, LANES)
        transform_in_place(work, twiddles, passes, np.int64(0))  # for a literal it would be compiled anew
        take_apart(work, twiddles, places, rows, phase)
        for k in range(0, whole, LANES):
            transpose_tile(rows, LANES * k, LANES, ONES, 0, out, first * n_columns + k, n_columns)
        for k in range(whole, n_columns):
            for lane in range(LANES):
                out[first + lane, k] = rows[LANES * k + lane]


@recursive_kernel
def start_padded(
    samples: Float32Array, start: int, step: int, half_taper: Float32Array, tables: Tables, work: Float32Array
) -> int:
    """Begin to transform `LANES` windowed frames of N samples, which N zeros follow: the first pass.

    samples (n,), where the first frame starts, step from frame to frame, half_taper (N,), `_tables` of 2N
    -> work (2 LANES · N,); and how many passes are done
    """
    n, twiddles, passes = half_taper.size, tables[0], tables[1]
    by_two = passes[0, 2] > 0
    first = 0 if by_two else 1
    apart, t = passes[first, 2], passes[first, 3]
    for i in range(0, LANES * n if by_two else LANES * n // 2, LANES * LANES):
        here, there = i // LANES, (i + apart) // LANES
        transpose_tile(samples, start + here, step, half_taper, here, work, i, LANES)
        if not by_two:
            transpose_tile(samples, start + there, step, half_taper, there, work, i + apart, LANES)
        for p in range(i, i + LANES * LANES, ROW):
            a = load_lanes(work, p)
            if by_two:
                store_lanes(work, p + apart, a * twiddles[t])
                t += 1
            else:
                b = load_lanes(work, p + apart)
                c = times_minus_i(b)
                store_lanes(work, p, a + b)
                store_lanes(work, p + apart, (a + c) * twiddles[t])
                store_lanes(work, p + 2 * apart, (a - b) * twiddles[t + 1])
                store_lanes(work, p + 3 * apart, (a - c) * twiddles[t + 2])
                t += 3
    return first + 1


@recursive_kernel
def summary_autocorrelations(
    samples: Float32Array,
    channel_step: int,
    step: int,
    half_taper: Float32Array,
    tables: Tables,
    inverse_tables: Tables,
    work: Float32Array,
    rows: Float32Array,
    out: Float32Array,
) -> None:
    """Inverse transforms of S = |X_low|^0.67 + |X_high|^0.67 over their value at lag 0, X of padded frames.

    samples (n,), steps from channel to channel and from frame to frame, half_taper (N,), `_tables` of 2N and
    of N, work (2, 2 LANES · N), rows (LANES · (N + 1),) -> out (n_frames, N)

    0 where lag 0 is at most `SILENT_FRAME`.
    S is even and real, so that a transform of N real numbers gives its inverse: of
    S[k] + S[N-k] - 2 sin(πk/N) (S[k] - S[N-k]) the real parts are the even lags, and the imaginary parts are
    by how much each odd lag is below the one before. Their sum adds up roundings, of the lowest bins above
    all: in music 2e-6 of lag 0, in a constant 2e-5.
    """
    n_frames, n = out.shape
    twiddles, passes, places = tables
    low, high, scale = work[0], work[1], np.empty(LANES, dtype=np.float32)
    exponent = np.float32(COMPRESSION / 2)
    for block in range(0, n_frames, LANES):
        first = min(block, n_frames - LANES)
        for channel in range(2):
            start = channel * channel_step + first * step
            padded = work[channel]
            done = start_padded(samples, start, step, half_taper, tables, padded)
            transform_in_place(padded, twiddles, passes, done)
        for lane in range(LANES):
            scale[lane] = 0.0
        odd = load_reals(scale, 0)
        for k in range(n // 2 + 1):
            p, q, w = places[k], places[n - k], twiddles[k]
            a, b = load_lanes(low, p), conjugate(load_lanes(low, q))
            c, d = load_lanes(high, p), conjugate(load_lanes(high, q))
            a, b, c, d = a + b, times_minus_i(a - b), c + d, times_minus_i(c - d)
            x, y = square_modulus(multiply_add(b, w, a)), square_modulus(multiply_add(d, w, c))
            here = power_law(x, exponent) + power_law(y, exponent)
            x, y = square_modulus(multiply_add(b, -w, a)), square_modulus(multiply_add(d, -w, c))
            there = power_law(x, exponent) + power_law(y, exponent)
            both, less = here + there, here - there
            odd = odd + less * (np.float32(4) * w.real if k > 0 else np.float32(2))
            less = less * (np.float32(-2) * w.imag)
            store_reals(rows, LANES * k, both - less)
            store_reals(rows, LANES * (n - k), both + less)
        transform_in_place(rows, inverse_tables[0], inverse_tables[1], np.int64(0))
        take_apart(rows, inverse_tables[0], inverse_tables[2], low, np.bool_(True))
        for lag in range(0, LANES * n, ROW):
            odd = odd - load_reals(low, lag + LANES)
            store_reals(low, lag + LANES, odd)
        for lane in range(LANES):  # bins are sums of halves, which here are wholes
            heard = low[lane] > 2 * max(SILENT_FRAME * 2 * n, 1e-30)
            scale[lane] = 1.0 / low[lane] if heard else 0.0
        for lag in range(0, n, LANES):
            transpose_tile(low, LANES * lag, LANES, scale, 0, out, first * n + lag, n)
