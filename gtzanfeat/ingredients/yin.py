"""The difference function of YIN (de Cheveigné & Kawahara 2002, equations 6 and 7), for all lags by FFT.

Which lag is the period is decided in `features.f0`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gtzanfeat.declarations import Framing, Parameter, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.jit import Float32Array, kernel

LOW_HZ = Parameter("low_hz", 65.0, "Hz", "the lowest f0 that is looked for", low=0.0, above=True)
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
