"""Daubechies wavelet coefficient histograms (DWCH): moments of the wavelet coefficients of each octave.

A frame here is a window of 3 s, so a track has one row per window, and the mean over windows describes the
clip. A clip shorter than a window is padded with silence and flagged; a rest shorter than a window is left
out. The envelope of the beat histogram, with another wavelet, is in `ingredients.wavelet_envelope`.

References
----------
Li, Ogihara & Li 2003, "A comparative study on content-based music genre classification", section 3.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.jit import Float32Array, kernel

LEVELS = 7
TILE = 512  # coefficients computed at a time, so that they stay in the nearest cache
STEADY = 1e-6  # a deviation below this share of the window's RMS is rounding: it has no skewness

# Daubechies' wavelet with 8 vanishing moments and 16 taps: "db8" in Matlab and PyWavelets
LOW = np.array(
    [
        -0.00011747678412476953,
        0.0006754494064505693,
        -0.00039174037337694705,
        -0.004870352993451574,
        0.008746094047405777,
        0.013981027917398282,
        -0.044088253930794755,
        -0.017369301001807547,
        0.12874742662047847,
        0.0004724845739132828,
        -0.2840155429615469,
        -0.015829105256349306,
        0.5853546836542067,
        0.6756307362972898,
        0.31287159091429995,
        0.05441584224310401,
    ]
)
HIGH = LOW[::-1] * (-1.0) ** np.arange(1, LOW.size + 1)
TAPS = LOW.size


@kernel
def wavelet_analysis_step(
    x: Float32Array,
    low: Float32Array,
    high: Float32Array,
    even: Float32Array,
    odd: Float32Array,
    approximation: Float32Array,
    detail: Float32Array,
) -> None:
    """One periodic step of the wavelet transform: a[k] = Σ_j low[j] x[2k + 8 - j], d[k] likewise with `high`.

    x (n,), low (n_taps,), high (n_taps,), room in even (n/2 + n_taps,), odd (n/2 + n_taps,)
    -> approximation (n/2,), detail (n/2,)

    x is first parted into its even and odd samples, going round, so that the sums run over neighbours and
    become vector instructions.
    """
    n = x.size
    half = n // 2
    reach = low.size // 2
    before = reach // 2
    for i in range(half + reach):
        k = 2 * (i - before) % n
        even[i] = x[k]
        odd[i] = x[k + 1]
    for first in range(0, half, TILE):
        a, d = approximation[first : first + TILE], detail[first : first + TILE]
        for k in range(a.size):
            a[k] = 0.0
            d[k] = 0.0
        for j in range(0, low.size, 2):
            # sample 2k + 8 - j is even number k + 4 - j/2, sample 2k + 8 - j - 1 odd number k + 3 - j/2
            start = first + before + (reach - j) // 2
            e, o = even[start:], odd[start - 1 :]
            l0, l1, h0, h1 = low[j], low[j + 1], high[j], high[j + 1]
            for k in range(a.size):
                a[k] += l0 * e[k] + l1 * o[k]
                d[k] += h0 * e[k] + h1 * o[k]


@kernel
def four_moments(c: Float32Array, quiet: float, out: Float32Array) -> None:
    """Mean, variance m2, skewness m3 / m2^1.5 (0 where the deviation is at most `quiet`) and mean |c|.

    c (n,) -> out (4,)
    """
    total, size = 0.0, 0.0
    for i in range(c.size):
        total += np.float64(c[i])
        size += np.float64(abs(c[i]))
    mean = total / c.size
    m2, m3 = 0.0, 0.0
    for i in range(c.size):
        d = np.float64(c[i]) - mean
        m2 += d * d
        m3 += d * d * d
    m2 /= c.size
    deviation = np.sqrt(m2)
    out[0] = mean
    out[1] = m2
    out[2] = m3 / c.size / (m2 * deviation) if deviation > quiet and m2 * deviation > 0 else 0.0
    out[3] = size / c.size


@kernel
def wavelet_moments(
    frames: Float32Array, low: Float32Array, high: Float32Array, levels: int, out: Float32Array
) -> None:
    """Four moments of the wavelet coefficients of each band, as `four_moments`.

    frames (n_frames, N), low (n_taps,), high (n_taps,) -> out (n_frames, 4 levels + 4)

    First those of the last approximation, then those of details from low to high.
    """
    n = frames.shape[1]
    even = np.empty(n // 2 + low.size, dtype=np.float32)
    odd = np.empty(n // 2 + low.size, dtype=np.float32)
    detail = np.empty(n // 2, dtype=np.float32)
    approximation = np.empty(n // 2, dtype=np.float32)
    x = np.empty(n, dtype=np.float32)
    for t in range(frames.shape[0]):
        energy = 0.0
        for i in range(n):
            x[i] = frames[t, i]
            energy += np.float64(x[i]) * np.float64(x[i])
        quiet = STEADY * np.sqrt(energy / n)
        size = n
        for level in range(levels):
            half = size // 2
            wavelet_analysis_step(x[:size], low, high, even, odd, approximation[:half], detail[:half])
            band = levels - level
            four_moments(detail[:half], quiet, out[t, 4 * band : 4 * band + 4])
            for i in range(half):
                x[i] = approximation[i]
            size = half
        four_moments(x[:size], quiet, out[t, :4])


def wavelet_filters(framing: Framing, rate: int, params: Params) -> Arrays:
    """Low-pass and high-pass taps of db8, each float32 (16,), and how many times they are applied."""
    if framing.length % 2**LEVELS or framing.length < TAPS * 2**LEVELS:
        raise GtzanfeatError(
            f"a wavelet window of {framing.length} samples cannot be halved {LEVELS} times; "
            f"take a multiple of {2**LEVELS}, at least {TAPS * 2**LEVELS}"
        )
    return LOW.astype(np.float32), HIGH.astype(np.float32), LEVELS


_BANDS = [f"0 to {{octave_hz[{LEVELS + 1}]:.0f}} Hz"] + [
    f"{{octave_hz[{level + 1}]:.0f}} to {{octave_hz[{level}]:.0f}} Hz" for level in range(LEVELS, 0, -1)
]
_MOMENTS = (
    ("mean", "full scale", "mean of c", "whether the waveform of {} is lopsided on average"),
    ("var", "full scale²", "variance of c", "how strong {} is, loud moments counting most"),
    ("skewness", "1", "m₃ / m₂^1.5 of c", "whether the waveform of {} is lopsided in its peaks"),
    ("energy", "full scale", "mean of |c|", "how strong {} is"),
)

FEATURES = (
    FrameFeature(
        name="dwch",
        family="timbre",
        subfamily="wavelets",
        kernel=wavelet_moments,
        needs=("frames",),
        columns=tuple(
            Column(
                f"b{b}_{name}",
                unit,
                f"{formula}, the db8 wavelet coefficients of a window, {place}",
                hears.format(place),
            )
            for b, place in enumerate(_BANDS)
            for name, unit, formula, hears in _MOMENTS
        ),
        source="Li, Ogihara & Li 2003, A comparative study on content-based music genre classification",
        gain_invariant=False,
        constants=wavelet_filters,
        fixed={"levels": LEVELS, "wavelet": LOW, "steady": STEADY},
    ),
)
