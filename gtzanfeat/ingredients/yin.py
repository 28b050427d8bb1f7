"""The difference function of YIN (de Cheveigné & Kawahara 2002, equations 6 and 7), for all lags by FFT.

Which lag is the period of a voice among others is decided in `features.f0`. The `fundamental` of a note that
sounds alone is an ingredient itself, for its partials are looked for by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gtzanfeat.declarations import Framing, Parameter, Params
from gtzanfeat.errors import GtzanfeatError, ParameterError
from gtzanfeat.jit import Float32Array, Float64Array, kernel

LOW_HZ = Parameter("low_hz", 65.0, "Hz", "the lowest f0 that is looked for", low=0.0, above=True)
# what an orchestra plays: from the lowest string of a piano to the highest
FUNDAMENTAL_PARAMS = (
    Parameter("low_hz", 27.0, "Hz", "the lowest f0 that is looked for", low=0.0, above=True),
    Parameter("high_hz", 4200.0, "Hz", "the highest f0 that is looked for", low=0.0, above=True),
    Parameter(
        "threshold",
        0.3,
        "1",
        "a frame whose lowest minimum of d' is not below it has no f0",
        low=0.0,
        high=1.0,
        above=True,
    ),
    Parameter(
        "tolerance",
        0.01,
        "1",
        "the shortest period whose d' is no further above the lowest is taken: larger gives higher octaves",
        low=0.0,
        high=1.0,
    ),
)
BLOCK_FRAMES = 32  # whose spectra and products stay in cache
UNCHANGED = 1e-5  # share of its energy up to which the changes of a frame are the rounding of a constant


def longest_period(rate: int, low_hz: float) -> int:
    """Longest period in samples, rate / low_hz rounded up.

    Examples
    --------
    >>> longest_period(22050, 65.0)
    340
    """
    return math.ceil(rate / low_hz)


@kernel
def difference_function(frames: Float32Array, products: Float32Array, out: Float32Array) -> None:
    """Difference function d(τ) = Σ_j x[j]² + Σ_j x[j+τ]² - 2 r(τ) (YIN, eq. 7).

    frames (n_frames, N), products r (n_frames, n_lags or more) -> out (n_frames, n_lags)

    j runs over the W samples that leave room for the longest lag. Zeros where the frame is constant, but for
    rounding. Energies are summed in float64: they move with τ by one sample at a time, and the error would
    grow with it.
    """
    n_lags = out.shape[1]
    width = frames.shape[1] - n_lags + 1
    for t in range(frames.shape[0]):
        x = frames[t]
        energy = 0.0
        for j in range(width):
            energy += np.float64(x[j]) * np.float64(x[j])
        moved = energy
        total = 0.0
        out[t, 0] = 0.0
        for lag in range(1, n_lags):
            first, last = np.float64(x[lag - 1]), np.float64(x[lag + width - 1])
            moved += last * last - first * first
            d = max(energy + moved - 2.0 * np.float64(products[t, lag]), 0.0)
            total += d
            out[t, lag] = d
        if not total > UNCHANGED * energy * (n_lags - 1):
            for lag in range(n_lags):
                out[t, lag] = 0.0


def difference(framing: Framing, rate: int, params: Params) -> Callable[..., Float32Array]:
    """Build frames -> d(τ) = Σ_{j<W} (x[j] - x[j+τ])², float32 (n_frames, longest period + 2).

    The lags go one beyond the longest period, so that a minimum there has both its neighbours; W is what
    they leave of the frame. The window of the framing is not used.

    Raises
    ------
    GtzanfeatError
        If the frame holds fewer than two of the longest periods.

    References
    ----------
    .. [1] A. de Cheveigné and H. Kawahara, "YIN, a fundamental frequency estimator for speech and music",
       JASA 111(4), 2002, equation 6.
    """
    import scipy.fft  # here, because importing it takes longer than analysing a clip

    n_lags = longest_period(rate, params["low_hz"]) + 2
    width = framing.length - n_lags + 1
    if framing.length < 2 * (n_lags - 2):
        raise GtzanfeatError(
            f"a frame of {framing.length} samples is too short for an f0 of {params['low_hz']} Hz; "
            f"take at least {2 * (n_lags - 2)} samples, or a higher low_hz"
        )
    head = np.zeros((0, framing.length), dtype=np.float32)

    def of_itself(frames: Float32Array) -> Float32Array:
        nonlocal head
        if head.shape[0] < frames.shape[0]:
            head = np.zeros((frames.shape[0], framing.length), dtype=np.float32)
        some = head[: frames.shape[0]]
        some[:, :width] = frames[:, :width]
        # the last lag ends with the frame: a circular product of its length does not wrap around
        spectrum = scipy.fft.rfft(some, axis=-1)
        np.conjugate(spectrum, out=spectrum)
        spectrum *= scipy.fft.rfft(frames, axis=-1)
        products = scipy.fft.irfft(spectrum, framing.length, axis=-1, overwrite_x=True)
        out = np.empty((frames.shape[0], n_lags), dtype=np.float32)
        difference_function(frames, products, out)
        return out

    return of_itself


@kernel
def half_lag_difference(
    frames: Float32Array, products: Float32Array, between: Float32Array, out: Float64Array
) -> None:
    """Difference function d(i/2) at half lags i, by the products r(τ) and r(τ + 1/2).

    frames (n_frames, N), products and between (n_frames, n_lags or more) -> out (n_frames, 2 n_lags - 1)

    As `difference_function`; the energy at a half lag is the mean of its neighbours'.
    """
    n_lags = (out.shape[1] + 1) // 2
    width = frames.shape[1] - n_lags + 1
    for t in range(frames.shape[0]):
        x = frames[t]
        energy = 0.0
        for j in range(width):
            energy += np.float64(x[j]) * np.float64(x[j])
        moved = energy
        total = 0.0
        out[t, 0] = 0.0
        for lag in range(1, n_lags):
            first, last = np.float64(x[lag - 1]), np.float64(x[lag + width - 1])
            before = moved
            moved += last * last - first * first
            half = energy + 0.5 * (before + moved) - 2.0 * np.float64(between[t, lag - 1])
            out[t, 2 * lag - 1] = max(half, 0.0)
            out[t, 2 * lag] = max(energy + moved - 2.0 * np.float64(products[t, lag]), 0.0)
            total += out[t, 2 * lag]
        if not total > UNCHANGED * energy * (n_lags - 1):
            out[t] = 0.0


@kernel
def shortest_period(
    difference: Float64Array,
    rate: float,
    shortest: int,
    threshold: float,
    tolerance: float,
    out: Float32Array,
) -> None:
    """Fundamental f0 = rate / τ and voicing 1 - d'(τ), τ the shortest of the deepest minima of d'.

    difference (n_frames, n) at half lags -> out (n_frames, 2)

    d'(τ) as in YIN, eq. 8; minima are refined by a parabola through d, in place and depth. Of those within
    `tolerance` of the lowest, the one of the shortest lag; zeros where the lowest is not below `threshold`.
    """
    n = difference.shape[1]
    normalised = np.ones(n)
    depths, places = np.empty(n), np.empty(n)
    for t in range(difference.shape[0]):
        d = difference[t]
        total = 0.0
        for i in range(1, n):
            total += d[i]
            normalised[i] = d[i] * i / total if total > 0 else 1.0
        count = 0
        lowest = 1.0
        for i in range(shortest, n - 1):
            if normalised[i - 1] > normalised[i] <= normalised[i + 1]:
                bend, lean = d[i - 1] - 2.0 * d[i] + d[i + 1], d[i - 1] - d[i + 1]
                shift = min(max(0.5 * lean / bend, -1.0), 1.0) if bend > 0 else 0.0
                share = max(1.0 - 0.25 * lean * shift / d[i], 0.0) if d[i] > 0 else 0.0
                places[count], depths[count] = i + shift, normalised[i] * share
                lowest = min(lowest, depths[count])
                count += 1
        out[t, 0] = 0.0
        out[t, 1] = 0.0
        for j in range(count):
            if lowest < threshold and depths[j] <= lowest + tolerance:
                out[t, 0] = 2.0 * rate / places[j]
                out[t, 1] = max(1.0 - depths[j], 0.0)
                break


def fundamental(framing: Framing, rate: int, params: Params) -> Callable[..., Float32Array]:
    """Build frames -> f0 in Hz and voicing of the note that sounds alone, float32 (n_frames, 2).

    The difference function is computed at every half lag: at the few samples that the period of a high note
    has, a minimum that lies between two lags would be missed for that of two or three periods, which lies on
    one. The window of the framing is not used.

    Raises
    ------
    ParameterError
        If low_hz is not below high_hz.
    GtzanfeatError
        If the frame holds fewer than two of the longest periods.

    References
    ----------
    .. [1] A. de Cheveigné and H. Kawahara, "YIN, a fundamental frequency estimator for speech and music",
       JASA 111(4), 2002, equations 6 to 8.
    .. [2] P. McLeod and G. Wyvill, "A smarter way to find pitch", ICMC 2005, section 5 (the first of the
       highest peaks).
    """
    import scipy.fft

    if params["low_hz"] >= params["high_hz"]:
        raise ParameterError(f"low_hz {params['low_hz']:g} must be below high_hz {params['high_hz']:g}")
    n_lags = longest_period(rate, params["low_hz"]) + 2
    width = framing.length - n_lags + 1
    if framing.length < 2 * (n_lags - 2):
        raise GtzanfeatError(
            f"a frame of {framing.length} samples is too short for an f0 of {params['low_hz']} Hz; "
            f"take at least {2 * (n_lags - 2)} samples, or a higher low_hz"
        )
    shortest = max(math.floor(2 * rate / params["high_hz"]), 2)
    threshold, tolerance = float(params["threshold"]), float(params["tolerance"])
    n = framing.length
    # what moves products by half a lag
    ahead = np.exp(1j * np.pi * np.arange(n // 2 + 1) / n).astype(np.complex64)

    def of_block(frames: Float32Array, out: Float32Array) -> None:
        head = np.zeros(frames.shape, dtype=np.float32)
        head[:, :width] = frames[:, :width]
        spectrum = scipy.fft.rfft(head, axis=-1)
        np.conjugate(spectrum, out=spectrum)
        spectrum *= scipy.fft.rfft(frames, axis=-1)
        products = scipy.fft.irfft(spectrum, n, axis=-1)
        spectrum *= ahead
        between = scipy.fft.irfft(spectrum, n, axis=-1, overwrite_x=True)
        differences = np.empty((frames.shape[0], 2 * n_lags - 1))
        half_lag_difference(frames, products, between, differences)
        shortest_period(differences, float(rate), shortest, threshold, tolerance, out)

    def of_itself(frames: Float32Array) -> Float32Array:
        out = np.empty((frames.shape[0], 2), dtype=np.float32)
        for start in range(0, frames.shape[0], BLOCK_FRAMES):
            rows = slice(start, start + BLOCK_FRAMES)
            of_block(frames[rows], out[rows])
        return out

    return of_itself
