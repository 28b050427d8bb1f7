"""Autocorrelations of rows that are padded to twice their length, by transforms of the length itself.

Even and odd samples of a row are transformed apart and joined, and so are the bins of its power spectrum on
the way back. A block has four envelopes of a beat histogram: eight halves, as many as `FrameTransform` takes
at a time.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.ingredients.fourier import FrameTransform
from gtzanfeat.jit import ComplexArray, Float32Array, kernel, recursive_kernel


class PaddedAutocorrelation:
    """The autocorrelation r[l] / r[0] of rows less their means, by compiled kernels.

    One instance serves one thread at a time: it keeps its working memory.

    Parameters
    ----------
    length : int
        Samples of a row: one of `fourier.LENGTHS`.

    Examples
    --------
    >>> pulses = np.tile(np.arange(512) % 100 == 0, (3, 1)).astype(np.float32)
    >>> r = PaddedAutocorrelation(512)(pulses)
    >>> r.shape, int(r[0, 50:150].argmax())
    ((3, 512), 50)
    """

    def __init__(self, length: int) -> None:
        self._transform = FrameTransform(np.ones(length, dtype=np.float32))
        turns = np.exp(-1j * np.pi * np.arange(length // 2 + 1) / length)
        self._factors = turns.astype(np.complex64)

    def __call__(self, rows: Float32Array) -> Float32Array:
        """Return r[l] / r[0], r[l] = Σ_n x[n] x[n+l], x a row less its mean.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, length), float32
            Series.

        Returns
        -------
        ndarray of shape (n_rows, length), float32
            0 for rows that are constant.
        """
        n_rows, n = rows.shape
        halves, r = np.empty((2 * n_rows, n), dtype=np.float32), np.empty((n_rows, n), dtype=np.float32)
        part_halves(rows, halves)
        join_powers(self._transform.spectrum(halves), self._factors, halves)
        join_lags(self._transform.spectrum(halves), self._factors, r)
        return r


@kernel
def part_halves(rows: Float32Array, halves: Float32Array) -> None:
    """Even and odd samples of rows less their means, each padded to the length of a row.

    rows (n_rows, n) -> halves (2 n_rows, n), of all rows the even ones, then the odd ones
    """
    n_rows, n = rows.shape
    for t in range(n_rows):
        total = 0.0
        for i in range(n):
            total += np.float64(rows[t, i])
        mean = np.float32(total / n)
        for i in range(n // 2):
            halves[t, i] = rows[t, 2 * i] - mean
            halves[n_rows + t, i] = rows[t, 2 * i + 1] - mean
        for i in range(n // 2, n):
            halves[t, i] = halves[n_rows + t, i] = 0.0


@recursive_kernel
def join_powers(spectra: ComplexArray, factors: ComplexArray, halves: Float32Array) -> None:
    """Powers P[k] = |E[k] + W O[k]|², P[n-k] = |E[k] - W O[k]|² of 2n samples, even and odd bins apart.

    spectra (2 n_rows, n/2 + 1), E of all rows, then O, factors W (n/2 + 1,) -> halves (2 n_rows, n)

    P[2n-k] is P[k]: each power stands in two places of its half. n is a power of two.
    """
    n_rows, n = halves.shape[0] // 2, halves.shape[1]
    for t in range(n_rows):
        for k in range(factors.size):
            even, odd = spectra[t, k], spectra[n_rows + t, k] * factors[k]
            low, high = even + odd, even - odd
            parity, i = k & 1, k >> 1
            row = n_rows * parity + t
            power = low.real * low.real + low.imag * low.imag
            halves[row, i] = halves[row, (n - parity - i) & (n - 1)] = power
            power = high.real * high.real + high.imag * high.imag
            halves[row, n // 2 - parity - i] = halves[row, n // 2 + i] = power


@recursive_kernel
def join_lags(spectra: ComplexArray, factors: ComplexArray, out: Float32Array) -> None:
    """Autocorrelation r[l] / r[0], of r[l] = Re(E[l] + W O[l]), r[n-l] = Re(E[l] - W O[l]).

    spectra (2 n_rows, n/2 + 1), E of all rows, then O, factors W (n/2 + 1,) -> out (n_rows, n)
    """
    n_rows, n = out.shape
    for t in range(n_rows):
        largest = spectra[t, 0].real + spectra[n_rows + t, 0].real
        scale = np.float32(1.0) / largest if largest > 1e-30 else np.float32(0.0)
        for lag in range(1, factors.size):
            odd = spectra[n_rows + t, lag] * factors[lag]
            out[t, n - lag] = (spectra[t, lag].real - odd.real) * scale
            out[t, lag] = (spectra[t, lag].real + odd.real) * scale
        out[t, 0] = largest * scale
