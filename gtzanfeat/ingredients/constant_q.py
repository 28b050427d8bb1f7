"""The constant-Q transform, octave by octave on decimated sound, its octaves added up.

Three bins to a semitone over seven octaves from C1, folded into thirds of pitch classes and into classes
(Brown 1991; Schörkhuber & Klapuri 2010). A low note needs seconds to be told from its neighbour and a high
one hundredths: a frame is as long as the lowest needs, and of it each bin takes the middle. Features of
these classes are in `features.tonality`; classes of Fourier spectra are in `chroma`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.ingredients.pitch_classes import A4_HZ, N_CLASSES
from gtzanfeat.jit import Float32Array, IntArray, kernel, recursive_kernel

N_OCTAVES = 7
BINS = 36  # to an octave
C1_HZ = A4_HZ * 2.0 ** (-45 / 12)
QUALITY = (2 ** (2 / BINS) + 1) / (2 ** (2 / BINS) - 1)  # periods in a window
HALF_BAND_TAPS = 7  # to either side of the middle
HALF_BAND_SHAPE = 12.5  # of the Kaiser window: what would fold onto the next octave is at least 114 dB down

LOWEST_RATE = 5 * C1_HZ * 2**N_OCTAVES  # at lower rates the half-band filter would reach into the octave


def half_band() -> tuple[float, Float32Array]:
    """Taps of a low-pass at a quarter of the rate: the middle one, and those 1, 3, 5 ... samples away.

    Examples
    --------
    >>> middle, taps = half_band()
    >>> bool(np.isclose(middle + 2 * taps.sum(), 1.0))
    True
    """
    away = np.arange(1, 2 * HALF_BAND_TAPS, 2)
    taper = np.kaiser(4 * HALF_BAND_TAPS + 1, HALF_BAND_SHAPE)[2 * HALF_BAND_TAPS :]
    taps = np.sinc(away / 2) * taper[away]
    return 0.5, (taps * 0.25 / taps.sum()).astype(np.float32)


def filter_margin() -> int:
    """Samples at either end of a frame that the filters of all octaves together look beyond."""
    return (2 * HALF_BAND_TAPS - 1) * ((1 << N_OCTAVES - 1) - 1)


@lru_cache
def octave_weights(rate: int, a4_hz: float = A4_HZ) -> tuple[IntArray, Float32Array, Float32Array]:
    """Cosine and sine halves of the windowed waves of the top octave, which serve every octave.

    Parameters
    ----------
    rate : int
        Sample rate in Hz.
    a4_hz : float, default=440.0
        The reference tuning.

    Returns
    -------
    half : ndarray of shape (36,), int64
        Samples to either side of the middle of each bin's window.
    cosine, sine : ndarray of shape (36, half.max() + 1), float32
        Weights of what stands 0, 1, 2 ... samples from the middle. A sine of amplitude A at the frequency of
        a bin whose window has N samples gives A/2 · √N, as in librosa.
    """
    hertz = a4_hz / A4_HZ * C1_HZ * 2 ** (N_OCTAVES - 1 + np.arange(BINS) / BINS)
    lengths = QUALITY * rate / hertz
    half = np.floor(lengths / 2).astype(np.int64)
    away = np.arange(half.max() + 1)
    windows = np.where(away <= half[:, None], 0.5 + 0.5 * np.cos(2 * np.pi * away / lengths[:, None]), 0.0)
    windows *= np.sqrt(lengths)[:, None] / (2 * windows.sum(axis=1) - windows[:, 0])[:, None]
    phase = 2 * np.pi * away * hertz[:, None] / rate
    return half, (windows * np.cos(phase)).astype(np.float32), (windows * np.sin(phase)).astype(np.float32)


@recursive_kernel
def decimate(x: Float32Array, middle: float, taps: Float32Array, out: Float32Array) -> None:
    """Half-band low-pass, every second sample kept: y[m] = Σ_j h[j] x[2m + j]; beyond its ends x is 0.

    x (n,), taps (7,) at odd distances from the middle one -> out (n/2,)

    Even and odd samples apart are vectors, and taps of a number that is known are one loop over samples.
    """
    n = out.size
    reach = HALF_BAND_TAPS
    even = np.empty(n, dtype=np.float32)
    odd = np.zeros(n + 2 * reach, dtype=np.float32)
    for m in range(n):
        even[m] = x[2 * m]
    inner = odd[reach:]
    for m in range(x.size // 2):
        inner[m] = x[2 * m + 1]
    centre = np.float32(middle)
    for m in range(n):
        total = centre * even[m]
        for k in range(HALF_BAND_TAPS):
            total += taps[k] * (odd[m + (reach - 1 - k)] + odd[m + (reach + k)])
        out[m] = total


@kernel
def add_octave(
    x: Float32Array,
    first: int,
    hop: int,
    half: IntArray,
    cosine: Float32Array,
    sine: Float32Array,
    scale: float,
    out: Float32Array,
) -> None:
    """Add the magnitudes |Σ_i w[i] e^{-jωi} x[c + i]| of one octave's bins, times `scale`, to `out`.

    x (n_samples,), half (n_bins,), cosine (n_bins, reach), sine (n_bins, reach) -> out (n_frames, n_bins)

    Middles c stand at first, first + hop ... The sums fold about the middle: cosines weigh x[c+i] + x[c-i],
    sines their difference. Four frames at a time share the weights.
    """
    n_frames = out.shape[0]
    width = cosine.shape[1]
    sums = np.zeros((4, width), dtype=np.float32)
    differences = np.zeros((4, width), dtype=np.float32)
    for start in range(0, n_frames, 4):
        n = min(4, n_frames - start)
        for t in range(n):
            c = first + (start + t) * hop
            sums[t, 0] = x[c]
            after, before = x[c + 1 : c + width], x[c - width + 1 : c]
            for i in range(width - 1):
                a, b = after[i], before[width - 2 - i]
                sums[t, 1 + i] = a + b
                differences[t, 1 + i] = a - b
        for b in range(half.size):
            re0 = re1 = re2 = re3 = np.float32(0.0)
            im0 = im1 = im2 = im3 = np.float32(0.0)
            for i in range(half[b] + 1):
                w = cosine[b, i]
                re0 += w * sums[0, i]
                re1 += w * sums[1, i]
                re2 += w * sums[2, i]
                re3 += w * sums[3, i]
            for i in range(half[b] + 1):
                w = sine[b, i]
                im0 += w * differences[0, i]
                im1 += w * differences[1, i]
                im2 += w * differences[2, i]
                im3 += w * differences[3, i]
            real = (re0, re1, re2, re3)
            imaginary = (im0, im1, im2, im3)
            for t in range(n):
                re, im = real[t], imaginary[t]
                out[start + t, b] += np.float32(scale) * np.sqrt(re * re + im * im)


def constant_q_thirds(framing: Framing, rate: int, params: Params) -> Callable[..., Float32Array]:
    """Build frames -> Σ over octaves of the magnitudes of each third of a semitone, float32 (n_frames, 36).

    The first is C, and A is ``a4_hz``. The window of the framing is not used: each bin has a Hann window of
    its own, 52 periods long, around the middle of the frame.

    Raises
    ------
    GtzanfeatError
        If the frame is shorter than the window of the lowest bin, or if its half or its hop cannot be halved
        six times, or if the rate leaves no room above the highest bin.

    References
    ----------
    .. [1] J. C. Brown, "Calculation of a constant Q spectral transform", JASA 89(1), 1991.
    .. [2] C. Schörkhuber and A. Klapuri, "Constant-Q transform toolbox for music processing", SMC 2010: by
       octaves.
    """
    lowest_rate = LOWEST_RATE * params["a4_hz"] / A4_HZ
    if rate < lowest_rate:
        raise GtzanfeatError(
            f"the constant-Q transform reaches up to B7; a rate of {rate} Hz is too low for it, "
            f"take at least {lowest_rate:.0f} Hz"
        )
    half, cosine, sine = octave_weights(rate, params["a4_hz"])
    step = 2 ** (N_OCTAVES - 1)
    needed = 2 * (int(half.max()) * step + filter_margin())
    if framing.length < needed or framing.length % (2 * step) or framing.hop % step:
        raise GtzanfeatError(
            f"frames of {framing.length} samples every {framing.hop} do not suit the constant-Q transform; "
            f"take a multiple of {2 * step} from {needed} on, every multiple of {step}"
        )
    middle, taps = half_band()

    def thirds(frames: Float32Array) -> Float32Array:
        # frames overlap: what they are cut from is decimated once
        x = np.concatenate([frames[:-1, : framing.hop].ravel(), frames[-1]])
        out = np.zeros((frames.shape[0], BINS), dtype=np.float32)
        for octave in range(N_OCTAVES):
            if octave:
                x, longer = np.empty((x.size + 1) // 2, dtype=np.float32), x
                decimate(longer, middle, taps, x)
            first, hop = framing.length // 2 >> octave, framing.hop >> octave
            add_octave(x, first, hop, half, cosine, sine, 2 ** (octave / 2), out)
        return out

    return thirds


def constant_q_classes(framing: Framing, rate: int, params: Params) -> Callable[..., Float32Array]:
    """Build thirds of semitones -> pitch classes, C first, float32 (n_frames, 12).

    To a class belong the third that it stands on, the one below and the one above.
    """

    def classes(thirds: Float32Array) -> Float32Array:
        sums: Float32Array = np.roll(thirds, 1, axis=1).reshape(-1, N_CLASSES, BINS // N_CLASSES).sum(axis=2)
        return sums

    return classes
