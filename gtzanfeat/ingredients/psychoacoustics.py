"""Loudness in critical bands: power spectra -> Bark bands -> masking -> dB, phon, sone -> modulation.

How loud the ear finds each of 24 critical bands from moment to moment, and how fast that loudness comes and
goes: the front end of the Rhythm Patterns. The numbers per segment are in `features.rhythm_patterns` and
`features.fluctuation`; plain spectra and other filterbanks are in `spectra`.

References
----------
Zwicker & Fastl, Psychoacoustics (critical bands, equal-loudness contours, modulation); Schroeder, Atal &
Hall 1979 (spreading); Bladon & Lindblom 1981 (sone); Pampalk, Rauber & Merkl 2002 and Lidy & Rauber 2005
(the chain). Constants as in the public rp_extract (github.com/tuwien-musicir/rp_extract).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.ingredients.filterbanks import bin_frequencies
from gtzanfeat.jit import ComplexArray, Float32Array, Float64Array, IntArray, kernel

# upper edges of the critical bands; at 22050 Hz the last is empty but for what spreads into it
BARK_HZ = (
    *(100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720),
    *(2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400, 7700, 9500, 12000, 15500),
)
N_BANDS = len(BARK_HZ)
SCALE = 0.0875 * 2**15  # full scale in units that put the threshold of hearing near 0 dB

SEGMENT_IN_WINDOWS = 256  # a segment is this many windows long: of 2^17 samples, windows of 512, 23 ms
N_WINDOWS = 2 * SEGMENT_IN_WINDOWS - 1  # they overlap by half
CACHED_WINDOWS = 73  # transformed at a time, so that their spectra stay in cache; 511 is 7 · 73
N_MODULATIONS = 60
STRONGEST_HZ = 4.0  # the fluctuation that is heard best

PHONS = (3, 20, 40, 60, 80, 100)
CONTOUR_HZ = (
    *(31.62, 50, 70.7, 100, 141.4, 200, 316.2, 500, 707.1, 1000, 1414),
    *(1682, 2000, 2515, 3162, 3976, 5000, 7071, 10000, 11890, 14140, 15500),
)
# dB at which a tone of each frequency is as loud as one of 1 kHz at 3, 20, 40, 60, 80 and 100 dB
CONTOUR_DB = (
    (55, 40, 32, 24, 19, 14, 10, 6, 4, 3, 2, 2, 0, -2, -5, -4, 0, 5, 10, 14, 25, 35),
    (66, 52, 43, 37, 32, 27, 23, 21, 20, 20, 20, 20, 19, 16, 13, 13, 18, 22, 25, 30, 40, 50),
    (76, 64, 57, 51, 47, 43, 41, 41, 40, 40, 40, 39.5, 38, 35, 33, 33, 35, 41, 46, 50, 60, 70),
    (89, 79, 74, 70, 66, 63, 61, 60, 60, 60, 60, 59, 56, 53, 52, 53, 56, 61, 65, 70, 80, 90),
    (103, 96, 92, 88, 85, 83, 81, 80, 80, 80, 80, 79, 76, 72, 70, 70, 75, 79, 83, 87, 95, 105),
    (118, 110, 107, 105, 103, 102, 101, 100, 100, 100, 100, 99, 97, 94, 90, 90, 95, 100, 103, 105, 108, 115),
)

Block = Callable[..., Float32Array]


def sonogram(framing: Framing, rate: int, params: Params) -> Block:
    """Build segments -> loudness in sone, float32 (n_segments, 24, 511).

    A segment, the "frame" of the framing, is cut into 511 half-overlapping Hann windows, each 1/256 of it.

    Raises
    ------
    GtzanfeatError
        If the segment cannot be cut so.
    """
    import scipy.fft  # here, because importing it takes longer than analysing a clip

    if framing.length % (4 * SEGMENT_IN_WINDOWS):
        raise GtzanfeatError(
            f"a sonogram needs segments of a multiple of {4 * SEGMENT_IN_WINDOWS} samples, "
            f"not of {framing.length}; the usual one is 131072 at 22050 Hz"
        )
    length = framing.length // SEGMENT_IN_WINDOWS
    hann = np.hanning(length)
    # the window also brings samples to SCALE and the power to a one-sided periodogram over 2π
    taper = (hann * SCALE / np.sqrt(np.pi * (hann @ hann))).astype(np.float32)
    first = bark_bins(length, rate)
    spread = spreading_function().astype(np.float32)
    marks = equal_loudness_contours().astype(np.float32)
    tapered = np.empty((CACHED_WINDOWS, length), dtype=np.float32)
    excitation = np.empty((N_BANDS, N_WINDOWS), dtype=np.float32)

    def hear(segments: Float32Array) -> Float32Array:
        out = np.empty((len(segments), N_BANDS, N_WINDOWS), dtype=np.float32)
        for segment, loudness in zip(segments, out, strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(segment, length)[:: length // 2]
            for start in range(0, N_WINDOWS, CACHED_WINDOWS):
                some = slice(start, start + CACHED_WINDOWS)
                spectra = scipy.fft.rfft(np.multiply(windows[some], taper, out=tapered), axis=-1)
                spread_excitation(spectra, first, spread, excitation[:, some])
            phons_from_decibels(power_to_decibels(excitation, out=excitation), marks, loudness)
            sones(loudness, out=loudness)
        return out

    return hear


def modulation(framing: Framing, rate: int, params: Params) -> Block:
    """Build sonograms -> |DFT over time| / 256 at bins 1..60, float32 (n_segments, 24, 60).

    Bin m is m · rate / segment length: 0.168 Hz apart, up to 10.1 Hz.
    """
    import scipy.fft

    def transform(sonograms: Float32Array) -> Float32Array:
        spectra = scipy.fft.rfft(sonograms, 2 * SEGMENT_IN_WINDOWS, axis=-1)
        spectra = spectra[..., 1 : N_MODULATIONS + 1]
        magnitudes: Float32Array = np.hypot(spectra.real, spectra.imag)
        return magnitudes * np.float32(1 / SEGMENT_IN_WINDOWS)

    return transform


def modulation_frequencies(segment_length: int, rate: int) -> Float64Array:
    """Frequencies of the bins of `modulation` in Hz, (60,): m · rate / segment length, m = 1..60."""
    return np.arange(1, N_MODULATIONS + 1) * rate / segment_length


def fluctuation_weights(hz: Float64Array) -> Float64Array:
    """How well fluctuation of loudness at each frequency is heard: 1 / (f/4 + 4/f), largest at 4 Hz.

    References
    ----------
    Rauber, Pampalk & Merkl 2002, after Fastl 1982, "Fluctuation strength and temporal masking patterns".
    """
    return 1.0 / (hz / STRONGEST_HZ + STRONGEST_HZ / hz)


def bark_bins(n_fft: int, rate: int) -> IntArray:
    """First bin of each critical band, and the end of the last: int (25,).

    Examples
    --------
    >>> bark_bins(512, 22050)[[0, 1, 2, -2, -1]].tolist()
    [0, 3, 5, 257, 257]
    """
    return np.searchsorted(bin_frequencies(n_fft, rate), (0, *BARK_HZ))


def spreading_function() -> Float64Array:
    """Spreading function: the share of the power of band j that is felt in band i, float64 (24, 24).

    10 log10 S = 15.81 + 7.5 (d + 0.474) - 17.5 √(1 + (d + 0.474)²), d = i - j: it falls by 25 dB per band
    below a sound, by 10 dB per band above it.

    References
    ----------
    Schroeder, Atal & Hall 1979, "Optimizing digital speech coders by exploiting masking properties".

    Examples
    --------
    >>> spreading_function()[[0, 1, 0], [0, 0, 1]].round(3)
    array([1.   , 0.371, 0.162])
    """
    band = np.arange(N_BANDS)
    d = band[:, None] - band + 0.474
    return 10.0 ** ((15.81 + 7.5 * d - 17.5 * np.sqrt(1.0 + d * d)) / 10.0)


def equal_loudness_contours() -> Float64Array:
    """Equal-loudness contours at the upper edges of the bands, dB: float64 (24, 6), a column per level.

    Linear between the frequencies of the table.

    Examples
    --------
    >>> equal_loudness_contours()[0]
    array([ 24.,  37.,  51.,  70.,  88., 105.])
    """
    return np.stack([np.interp(BARK_HZ, CONTOUR_HZ, row) for row in CONTOUR_DB], axis=1)


def power_to_decibels(power: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Levels above the threshold of hearing in decibels, 10 log10 max(P, 1).

    Parameters
    ----------
    power : ndarray
        Powers relative to the threshold of hearing.
    out : ndarray, optional
        Where to put the result; may be `power`.

    Returns
    -------
    ndarray
        Of the shape of `power`; 0 where that is below 1.
    """
    level: NDArray[Any] = np.maximum(power, 1.0, out=out)
    np.log(level, out=level)  # numpy's log is vectorised, its log10 is not
    level *= 10 / np.log(10)
    return level


def sones(phons: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Loudness in sone of levels in phon: 2^((p - 40)/10) from 40 phon on, (p/40)^2.642 below.

    Parameters
    ----------
    phons : ndarray
        Loudness levels, positive.
    out : ndarray, optional
        Where to put the result; may be `phons`.

    Returns
    -------
    ndarray
        Loudness, of the shape of `phons`.

    References
    ----------
    Bladon & Lindblom 1981, "Modeling the judgment of vowel quality differences".

    Examples
    --------
    >>> sones(np.array([20.0, 40.0, 50.0, 60.0])).round(3)
    array([0.16, 1.  , 2.  , 4.  ])
    """
    # both laws as powers of e, so that one exponential serves
    exponent = 2.642 * np.log(phons * (1 / 40))
    np.copyto(exponent, (phons - 40.0) * (np.log(2) / 10), where=phons >= 40.0)
    return np.exp(exponent, out=out)


@kernel
def phons_from_decibels(decibels: Float32Array, contours: Float32Array, out: Float32Array) -> None:
    """Loudness level in phon, linear in dB between the equal-loudness contours of a band.

    decibels (n_bands, n_windows), contours (n_bands, 6) -> out (n_bands, n_windows), another array

    3 below the lowest contour; above the highest the last slope goes on.
    """
    for b in range(decibels.shape[0]):
        for t in range(decibels.shape[1]):
            above = decibels[b, t] - contours[b, 0]
            phon = np.float32(PHONS[0])
            for level in range(len(PHONS) - 1):
                step = contours[b, level + 1] - contours[b, level]
                part = above if level == len(PHONS) - 2 else min(above, step)
                phon += np.float32(PHONS[level + 1] - PHONS[level]) * max(part, np.float32(0.0)) / step
                above -= step
            out[b, t] = phon


@kernel
def spread_excitation(
    spectrum: ComplexArray, first: IntArray, spread: Float32Array, out: Float32Array
) -> None:
    """Excitation E[i] = Σ_j S[i, j] Σ_{k in band j} |X[k]|², X[0] counting half: it has no mirror image.

    spectrum (n_windows, n_bins), first (n_bands + 1,), spread (n_bands, n_bands) -> out (n_bands, n_windows)
    """
    bands = np.empty(out.shape[0], dtype=np.float32)
    for t in range(spectrum.shape[0]):
        dc = spectrum[t, 0]
        for j in range(bands.size):
            total = np.float32(0.0)
            for k in range(first[j], first[j + 1]):
                x = spectrum[t, k]
                total += x.real * x.real + x.imag * x.imag
            bands[j] = total
        bands[0] -= np.float32(0.5) * (dc.real * dc.real + dc.imag * dc.imag)
        for i in range(bands.size):
            total = np.float32(0.0)
            for j in range(bands.size):
                total += spread[i, j] * bands[j]
            out[i, t] = total
