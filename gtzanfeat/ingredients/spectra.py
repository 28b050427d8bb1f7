"""Spectra, band energies, cepstral logarithms and autocorrelations of blocks of windowed frames.

What is made from a block of frames alone by Fourier transform. What needs the past (filters) or the time
domain (wavelets) is in `envelopes` and `wavelet_envelope`; matrices of filters are in `filterbanks`; numbers
per frame are features.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import Framing, Parameter, Params
from gtzanfeat.errors import GtzanfeatError, ParameterError
from gtzanfeat.ingredients.filterbanks import (
    SLANEY_LINEAR,
    SLANEY_LOG,
    packed_mel_filterbank,
    packed_slaney_filterbank,
)
from gtzanfeat.ingredients.fourier import (
    COMPRESSION,
    LENGTHS,
    SILENT_FRAME,
    FrameTransform,
    SummaryAutocorrelation,
)
from gtzanfeat.ingredients.logarithms import logarithms
from gtzanfeat.ingredients.padded_autocorrelation import PaddedAutocorrelation
from gtzanfeat.ingredients.row_kernels import RowKernel
from gtzanfeat.jit import (
    SWITCHED_OFF,
    ComplexArray,
    Float32Array,
    Float64Array,
    IntArray,
    kernel,
    recursive_kernel,
)
from gtzanfeat.jit.lanes import LANES, load_reals, power_law, store_reals
from gtzanfeat.jit.vector_sums import dot_product

LOG_FLOOR = 1e-10  # filter energies below this count as this before the logarithm
MARSYAS_DIVISOR = 2  # Marsyas divides the transform of N samples by 2N
MARSYAS_ZERO = 2.0**-1022  # what it adds to a power before the logarithm: the smallest normal float64

PREDICTION_LAGS = 17  # enough for linear prediction of order 16

CACHED_FRAMES = 128  # frames whose padded spectra are computed at a time

Block = Callable[..., NDArray[Any]]


def window(name: str | tuple[Any, ...], length: int) -> Float32Array:
    """Window function by name, float32 (length,).

    "hamming" is symmetric, 0.54 - 0.46 cos(2πn/(N-1)), as in Marsyas; "hann" is periodic, ½ - ½ cos(2πn/N),
    as in librosa; "none" is 1; they are numpy's. Any other is what `scipy.signal.get_window` gives, periodic.
    """
    if name == "hamming":
        return np.hamming(length).astype(np.float32)
    if name == "hann":
        return np.hanning(length + 1)[:-1].astype(np.float32)
    if name == "none":
        return np.ones(length, dtype=np.float32)
    from scipy.signal import get_window  # here, because it takes half a second or more to import

    try:
        taper: Float32Array = get_window(name, length).astype(np.float32)
    except (ValueError, TypeError) as error:
        raise ParameterError(
            f"unknown window {name!r}. Known: hamming, hann, none, and what scipy.signal.get_window takes, "
            "such as 'blackman' or ('kaiser', 8.6)"
        ) from error
    return taper


def spectrum(framing: Framing, rate: int, params: Params) -> Block:
    """Build frames -> X_t[k], the one-sided DFT of the windowed frames, complex64 (n_frames, n_bins)."""
    taper = window(framing.window, framing.length)
    if _is_compiled(framing.length):
        return FrameTransform(taper).row_kernel(phase=True)
    import scipy.fft  # here, because importing it takes longer than analysing a clip

    scratch = np.empty((0, framing.length), dtype=np.float32)

    def transform(frames: Float32Array) -> ComplexArray:
        nonlocal scratch
        if scratch.shape[0] < frames.shape[0]:
            scratch = np.empty(frames.shape, dtype=np.float32)
        tapered = np.multiply(frames, taper, out=scratch[: frames.shape[0]])
        transformed: ComplexArray = scipy.fft.rfft(tapered, axis=-1)
        return transformed

    return transform


def power(framing: Framing, rate: int, params: Params) -> Block:
    """Build X -> P = |X|², float32 (n_frames, n_bins)."""
    return RowKernel(square_modulus)


def power_of_frames(framing: Framing, rate: int, params: Params) -> Block:
    """Build frames -> P = |X|², the same bits as by way of X, float32 (n_frames, n_bins)."""
    if _is_compiled(framing.length):
        return FrameTransform(window(framing.window, framing.length)).row_kernel(phase=False)
    transform, square = spectrum(framing, rate, params), power(framing, rate, params)
    return lambda frames: square(transform(frames))


def _is_compiled(length: int) -> bool:
    return length in LENGTHS and not SWITCHED_OFF


def magnitude(framing: Framing, rate: int, params: Params) -> Block:
    """Build P -> M = √P, float32 (n_frames, n_bins)."""
    return RowKernel(square_root)


def log_power(framing: Framing, rate: int, params: Params) -> Block:
    """Build P -> ln(P + 1e-10), float32 (n_frames, n_bins)."""
    return _logarithm(added=LOG_FLOOR)


def _logarithm(
    added: float = 0.0, floor: float = 0.0, base: float = math.e, offset: float = 0.0, of_zero: float = 0.0
) -> RowKernel:
    """Numbers x -> log(max(x + added, floor)) + offset, but `of_zero` of zero, float32."""
    numbers = added, floor, 1 / np.log(base), offset, of_zero
    return RowKernel(logarithms, tuple(map(np.float32, numbers)))


def marsyas_scale(length: int) -> float:
    """1/(2N)², by which Marsyas' power spectra of frames of N samples are smaller than |X|²."""
    return 1.0 / (MARSYAS_DIVISOR * length) ** 2


def marsyas_log_power(framing: Framing, rate: int, params: Params) -> Block:
    """Build P -> ln(P / (2N)²), but -1022 ln 2 where P is 0, float32 (n_frames, n_bins).

    Added before the logarithm, 2^-1022 would be lost: it is 0 in float32.
    """
    scale = marsyas_scale(framing.length)
    return _logarithm(offset=np.log(scale), of_zero=np.log(MARSYAS_ZERO))


def _filtered_by(first: IntArray, width: IntArray, weights: Float32Array) -> Block:
    """Build P -> E[b] = Σ_k w[b, k] P[k] of a `packed_filterbank`, float32 (n_frames, n_bands)."""
    return RowKernel(apply_filterbank, (first, width, weights), first.size)


SLANEY_PARAMS = (
    Parameter("linear_filters", SLANEY_LINEAR, "filters", "Slaney's filters spaced by 66.7 Hz", low=2),
    Parameter(
        "log_filters", SLANEY_LOG, "filters", "Slaney's filters above, spaced by a ratio of 1.07", low=0
    ),
)


def slaney_bands(framing: Framing, rate: int, params: Params) -> Block:
    """Build P -> energies in Slaney's filters, 40 by default, float32 (n_frames, n_filters)."""
    return _filtered_by(
        *packed_slaney_filterbank(framing.length, rate, params["linear_filters"], params["log_filters"])
    )


def log_bands(framing: Framing, rate: int, params: Params) -> Block:
    """Build E -> log10(max(E, 1e-10)), float32."""
    return _logarithm(floor=LOG_FLOOR, base=10)


def marsyas_log_bands(framing: Framing, rate: int, params: Params) -> Block:
    """Build E -> log10(E / (2N)²), and 0 where E is 0, float32."""
    return _logarithm(base=10, offset=np.log10(marsyas_scale(framing.length)))


MEL_PARAMS = (
    Parameter("bands", 40, "bands", "number of mel filters", low=1),
    Parameter("low_hz", 0.0, "Hz", "lower foot of the lowest filter", low=0.0),
    Parameter(
        "high_hz", lambda framing, rate: rate / 2, "Hz", "upper foot of the highest", low=0.0, above=True
    ),
    Parameter(
        "mel", "slaney", "1", "the mel scale, and the height of its filters", choices=("slaney", "htk")
    ),
)
MEL_FLOOR = Parameter("floor", 1e-10, "power", "no band counts as less", low=0.0, above=True)


def mel_bands(framing: Framing, rate: int, params: Params) -> Block:
    """Build P -> energies in the filters of `mel_filterbank`, float32 (n_frames, bands)."""
    return _filtered_by(
        *packed_mel_filterbank(framing.length, rate, *(params[each.name] for each in MEL_PARAMS))
    )


def mel_log_bands(framing: Framing, rate: int, params: Params) -> Block:
    """Build E -> ln(max(E, floor)), float32; ``floor`` is a parameter."""
    return _logarithm(floor=params["floor"])


def frame_autocorrelation(framing: Framing, rate: int, params: Params) -> Block:
    """Build frames -> r[l] = Σ_n y[n] y[n+l] of the windowed frame, l = 0..16, float64 (n_frames, 17)."""
    taper = window(framing.window, framing.length)
    return RowKernel(lagged_products, (taper,), PREDICTION_LAGS, np.float64)


def beat_autocorrelation(framing: Framing, rate: int, params: Params) -> Block:
    """Build envelope (n, m) -> r[l] / r[0], r the autocorrelation of the envelope less its mean, (n, m).

    A constant envelope gives zeros.
    """
    compiled: dict[int, PaddedAutocorrelation] = {}

    def autocorrelation(envelope: Float32Array) -> Float32Array:
        n = envelope.shape[1]
        if _is_compiled(n):
            if n not in compiled:
                compiled[n] = PaddedAutocorrelation(n)
            return compiled[n](envelope)
        import scipy.fft

        centred = envelope - envelope.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
        spectrum = scipy.fft.rfft(centred, 2 * n, axis=-1)
        power = np.empty(spectrum.shape, dtype=np.float32)
        square_modulus(spectrum, power)
        return _normalised(_even_inverse(power), n)

    return autocorrelation


def summary_autocorrelation(framing: Framing, rate: int, params: Params) -> Block:
    """Build frames of two channels (2, n, N) -> s[l] / s[0], float32 (n, N).

    s is the inverse transform of |X_low|^0.67 + |X_high|^0.67, the frames padded to 2N samples (Tolonen &
    Karjalainen 2000). A silent frame gives zeros.

    Raises
    ------
    GtzanfeatError
        If the framing is of another stream.
    """
    if framing.stream != "two_channels":
        raise GtzanfeatError(
            f"pitches are found in the stream 'two_channels', not in {framing.stream!r}; "
            "give Framing(..., stream='two_channels')"
        )
    length = framing.length
    taper = window(framing.window, length)
    if _is_compiled(2 * length):
        return SummaryAutocorrelation(taper)
    import scipy.fft

    padded = np.zeros((2, CACHED_FRAMES, 2 * length), dtype=np.float32)

    def some(frames: Float32Array) -> Float32Array:
        n = frames.shape[1]
        np.multiply(frames, taper, out=padded[:, :n, :length])
        size = n * (length + 1)
        power, compressed = np.zeros((2, size + LANES), dtype=np.float32)
        for spectrum in scipy.fft.rfft(padded[:, :n], axis=-1):
            square_modulus(spectrum, power[:size].reshape(spectrum.shape))
            add_power_law(power, COMPRESSION / 2, compressed)
        return _normalised(_even_inverse(compressed[:size].reshape(n, -1)), length, SILENT_FRAME)

    def autocorrelation(frames: Float32Array) -> Float32Array:
        # two padded channels are four times as much as the frames: a few at a time stay in cache
        n = frames.shape[1]
        parts = [some(frames[:, i : i + CACHED_FRAMES]) for i in range(0, n, CACHED_FRAMES)]
        return np.concatenate(parts)

    return autocorrelation


def _even_inverse(spectrum: Float32Array) -> Float32Array:
    """Inverse transform, lags 0..m, of a real one-sided spectrum of m + 1 bins: (n, m + 1).

    A real spectrum has an even inverse: a cosine transform does without the imaginary half.
    """
    import scipy.fft

    inverse: Float32Array = scipy.fft.dct(spectrum, type=1, axis=-1, overwrite_x=True)
    return inverse


def _normalised(r: Float32Array, n_lags: int, silence: float = 0.0) -> Float32Array:
    """Autocorrelation r[l] / r[0] for the first lags of an `_even_inverse`; zeros where r[0] <= `silence`."""
    whole = 2 * (r.shape[1] - 1)  # the transform is not divided by its length
    largest = r[:, :1]
    scale = np.divide(1.0, largest, out=np.zeros_like(largest), where=largest > max(silence * whole, 1e-30))
    return r[:, :n_lags] * scale


@recursive_kernel  # no fused operations, so that `FrameTransform.power` gives the same bits
def square_modulus(spectrum: ComplexArray, out: Float32Array) -> None:
    """Power spectrum P = Re² + Im².

    spectrum (n_frames, n_bins) -> out (n_frames, n_bins)

    `abs` of a complex array would take a square root and scale against overflow.
    """
    for t in range(spectrum.shape[0]):
        for k in range(spectrum.shape[1]):
            re = spectrum[t, k].real
            im = spectrum[t, k].imag
            out[t, k] = re * re + im * im


@recursive_kernel
def add_power_law(x: Float32Array, exponent: float, total: Float32Array) -> None:
    """Powers, added: total += x^exponent; of what is left over after whole vectors, nothing.

    x (n,) -> total (n,)
    """
    for i in range(0, total.size - LANES + 1, LANES):
        power = power_law(load_reals(x, i), np.float32(exponent))
        store_reals(total, i, load_reals(total, i) + power)


@kernel
def square_root(power: Float32Array, out: Float32Array) -> None:
    """Magnitude spectrum M = √P.

    power (n_frames, n_bins) -> out (n_frames, n_bins)
    """
    for t in range(power.shape[0]):
        for k in range(power.shape[1]):
            out[t, k] = np.sqrt(power[t, k])


@kernel
def lagged_products(frames: Float32Array, taper: Float32Array, out: Float64Array) -> None:
    """Autocorrelation r[l] = Σ_n y[n] y[n+l] of the windowed frame y = taper · x.

    frames (n_frames, N), taper (N,) -> out (n_frames, n_lags)

    In float64: the equations of linear prediction magnify every error of r, for tones a thousandfold.
    """
    n = frames.shape[1]
    y = np.empty(n, dtype=np.float64)
    for t in range(frames.shape[0]):
        for i in range(n):
            y[i] = np.float64(frames[t, i]) * np.float64(taper[i])
        for lag in range(out.shape[1]):
            total = 0.0
            for i in range(n - lag):
                total += y[i] * y[i + lag]
            out[t, lag] = total


@kernel
def apply_filterbank(
    power: Float32Array, first: IntArray, width: IntArray, weights: Float32Array, out: Float32Array
) -> None:
    """Band energies E[b] = Σ_k w[b, k] P[k], over the bins where filter b is not zero.

    power (n_frames, n_bins), first (n_bands,), width (n_bands,), weights (n_bands, widest)
    -> out (n_frames, n_bands)
    """
    n_bins, widest = power.shape[1], weights.shape[1]
    for t in range(power.shape[0]):
        for b in range(first.size):
            out[t, b] = dot_product(power, t * n_bins + first[b], weights, b * widest, width[b])
