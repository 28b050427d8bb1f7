"""Filterbanks as matrices and in packed form, the frequencies of bins, and the DCT basis of cepstra.

Matrices only, each made once; their application and the logarithm after it are in `spectra`. The filters of
pitch classes are in `chroma`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gtzanfeat.declarations import Arrays, Framing, Params
from gtzanfeat.errors import GtzanfeatError, ParameterError
from gtzanfeat.jit import Float32Array, Float64Array, IntArray
from gtzanfeat.jit.lanes import LANES

# Slaney's Auditory Toolbox: 13 triangles spaced linearly, 27 spaced by a constant ratio
SLANEY_LOWEST_HZ = 133.33333333
SLANEY_LINEAR_STEP_HZ = 66.66666667
SLANEY_RATIO = 1.0711703
SLANEY_LINEAR, SLANEY_LOG = 13, 27

PackedFilters = tuple[IntArray, IntArray, Float32Array]  # first bins, numbers of bins, weights


def bin_frequencies(n_fft: int, rate: int) -> Float64Array:
    """Frequencies of the bins of a one-sided spectrum in Hz, f_k = k · rate / n_fft, (n_fft // 2 + 1,)."""
    return np.arange(n_fft // 2 + 1) * rate / n_fft


def bin_width(framing: Framing, rate: int, params: Params) -> Arrays:
    """Hz from one bin to the next, as the constant of a kernel."""
    return (rate / framing.length,)


def slaney_filterbank(
    n_fft: int, rate: int, n_linear: int = SLANEY_LINEAR, n_log: int = SLANEY_LOG
) -> Float32Array:
    """Triangular filters of Slaney's Auditory Toolbox (1998), as in Marsyas: 13 linear + 27 logarithmic.

    The 42 edges run from 133.33 Hz in steps of 66.67 Hz to 933.33 Hz, then by a ratio of 1.0711703 to
    6853.84 Hz; filter i has its feet at edges i and i+2, its tip at edge i+1, and unit area.

    Parameters
    ----------
    n_fft : int
        Length of the Fourier transform, in samples.
    rate : int
        Sample rate in Hz; at least 13,708 with 40 filters, or the top ones would pass the Nyquist frequency.
    n_linear, n_log : int
        Number of filters spaced linearly, and by a ratio.

    Returns
    -------
    ndarray of shape (n_linear + n_log, n_fft // 2 + 1), float32
        Weights per filter and bin.

    Raises
    ------
    GtzanfeatError
        If the rate is too low.

    Examples
    --------
    >>> slaney_filterbank(512, 22050).shape
    (40, 257)
    """
    linear = SLANEY_LOWEST_HZ + SLANEY_LINEAR_STEP_HZ * np.arange(n_linear)
    logarithmic = linear[-1] * SLANEY_RATIO ** np.arange(1, n_log + 3)
    edges = np.concatenate([linear, logarithmic])
    if edges[-1] > rate / 2:
        raise GtzanfeatError(
            f"Slaney's filterbank reaches {edges[-1]:.0f} Hz, but at {rate} Hz the spectrum ends at "
            f"{rate / 2:.0f} Hz; use a feature set with a rate of at least {2 * edges[-1]:.0f} Hz"
        )
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    hz = bin_frequencies(n_fft, rate)
    rising, falling = (hz - lower) / (centre - lower), (upper - hz) / (upper - centre)
    triangles: Float64Array = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (upper - lower))
    return triangles.astype(np.float32)


def packed_filterbank(filters: Float32Array) -> PackedFilters:
    """First bin (n_bands,), number of bins (n_bands,) and weights (n_bands, widest) of each filter.

    Numbers of bins are rounded up to multiples of `LANES`, with weights of 0, where there are as many bins.
    """
    n_bands, n_bins = filters.shape
    used = [np.flatnonzero(row) for row in filters]
    first = np.array([bins[0] if bins.size else 0 for bins in used])
    width = np.array([bins[-1] - bins[0] + 1 if bins.size else 0 for bins in used])
    whole = -(-width // LANES) * LANES
    width = np.where(whole <= n_bins, whole, width)
    first = np.minimum(first, n_bins - width)
    weights = np.zeros((n_bands, max(width.max(), 1)), dtype=np.float32)
    for b, row in enumerate(filters):
        weights[b, : width[b]] = row[first[b] : first[b] + width[b]]
    return first, width, weights


def mel_filterbank(
    n_fft: int, rate: int, bands: int, low_hz: float, high_hz: float, mel: str
) -> Float32Array:
    """Triangular filters equally spaced on a mel scale, as those of ``librosa.filters.mel``.

    librosa itself is not asked, because it takes longer to import than a clip to analyse.

    Parameters
    ----------
    n_fft : int
        Length of the Fourier transform, in samples.
    rate : int
        Sample rate in Hz.
    bands : int
        Number of filters.
    low_hz, high_hz : float
        Lower foot of the first filter and upper foot of the last.
    mel : {"slaney", "htk"}
        The scale and the height: Slaney's scale with filters of unit area, or HTK's 2595 log10(1 + f/700)
        with filters of unit height.

    Returns
    -------
    ndarray of shape (bands, n_fft // 2 + 1), float32
        Weights per filter and bin.

    Raises
    ------
    GtzanfeatError
        If the filters would pass the Nyquist frequency, or if one lies between two bins.

    Examples
    --------
    >>> mel_filterbank(512, 22050, 26, 0.0, 11025.0, "htk").shape
    (26, 257)
    """
    if mel not in ("slaney", "htk"):
        raise ValueError(f"unknown mel scale {mel!r}. Known: slaney, htk")
    if low_hz >= high_hz:
        raise ParameterError(f"low_hz {low_hz:g} must be below high_hz {high_hz:g}")
    if high_hz > rate / 2:
        raise GtzanfeatError(
            f"the mel filterbank reaches {high_hz:.0f} Hz, but at {rate} Hz the spectrum ends at "
            f"{rate / 2:.0f} Hz; use a feature set with a rate of at least {2 * high_hz:.0f} Hz"
        )
    edges = _mel_edges(bands + 2, low_hz, high_hz, mel)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    hz = bin_frequencies(n_fft, rate)
    rising, falling = (hz - lower) / (centre - lower), (upper - hz) / (upper - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    if mel == "slaney":
        filters = (filters * (2.0 / (upper - lower))).astype(np.float32)
    empty = np.flatnonzero(~filters.any(axis=1))
    if empty.size:
        raise GtzanfeatError(
            f"{empty.size} of {bands} mel bands have no bin in frames of {n_fft} samples at {rate} Hz, "
            f"the first of them band {empty[0]}; take fewer bands or longer frames"
        )
    return filters


def _mel_edges(n: int, low_hz: float, high_hz: float, mel: str) -> Float64Array:
    """Frequencies of `n` points from `low_hz` to `high_hz` in Hz, equally spaced on a mel scale.

    Slaney's scale is linear up to 1 kHz, 200/3 Hz to the mel, and logarithmic above, ln(6.4)/27 to the mel.
    """
    if mel == "htk":
        low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (low_hz, high_hz))
        htk: Float64Array = 700.0 * (10.0 ** (np.linspace(low, high, n) / 2595.0) - 1.0)
        return htk
    spacing, step = 200.0 / 3, np.log(6.4) / 27.0
    bend = 1000.0 / spacing
    low, high = (
        hz / spacing if hz < 1000.0 else bend + np.log(hz / 1000.0) / step for hz in (low_hz, high_hz)
    )
    mels: Float64Array = np.linspace(low, high, n)
    return np.where(mels < bend, spacing * mels, 1000.0 * np.exp(step * (mels - bend)))


@lru_cache
def packed_mel_filterbank(
    n_fft: int, rate: int, bands: int, low_hz: float, high_hz: float, mel: str
) -> PackedFilters:
    """Packed form of `mel_filterbank`, made once."""
    return packed_filterbank(mel_filterbank(n_fft, rate, bands, low_hz, high_hz, mel))


@lru_cache
def packed_slaney_filterbank(n_fft: int, rate: int, n_linear: int, n_log: int) -> PackedFilters:
    """Packed form of `slaney_filterbank`, made once."""
    return packed_filterbank(slaney_filterbank(n_fft, rate, n_linear, n_log))


def dct_basis(n_coefficients: int, n_bands: int) -> Float32Array:
    """Rows of the orthonormal DCT-II, √(2/B) cos(πq(b+½)/B), row 0 times 1/√2: (n_coefficients, n_bands).

    `scipy.fft.dct` of the unit vectors differs in the last bits, which released feature sets must keep.
    """
    q, b = np.arange(n_coefficients)[:, None], np.arange(n_bands)
    basis: Float64Array = np.sqrt(2 / n_bands) * np.cos(np.pi * q * (b + 0.5) / n_bands)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)
