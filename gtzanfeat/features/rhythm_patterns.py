"""Rhythm Patterns and their kin: how loudness in 24 critical bands is spread and how it fluctuates.

A frame here is a segment of 6 s (2^17 samples), so a track has one row per segment: the median or mean over
segments describes the clip, statistics over segments its changes. A clip shorter than a segment is padded
with silence and flagged; a rest shorter than a segment is left out. The sonogram and its modulation spectrum
are ingredients (`ingredients.psychoacoustics`); four scalars of the same spectra are in `fluctuation`.

Order and constants are those of rp_extract, with two differences. That leaves out the first and the last
segment of clips of 45 s and more, here every segment counts. The other shows in numbers that do not vary, as
in an empty critical band (the last, at 22050 Hz, where nothing spreads into it): their variance, skewness and
kurtosis, over a segment and over segments (tssd), are 0 here, and in rp_extract what cancellation leaves of
the rounding.

References
----------
Rauber, Pampalk & Merkl 2002 (Rhythm Patterns); Lidy & Rauber 2005, "Evaluation of feature extractors and
psycho-acoustic transformations for music genre classification" (SSD, RH); Lidy et al. 2010, "On the
suitability of state-of-the-art music information retrieval methods for analyzing, categorizing and accessing
non-Western and ethnic music collections" (TSSD, TRH, MVD); github.com/tuwien-musicir/rp_extract.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.ingredients.psychoacoustics import (
    N_BANDS,
    N_MODULATIONS,
    STRONGEST_HZ,
    fluctuation_weights,
    modulation_frequencies,
)
from gtzanfeat.jit import Float32Array, kernel

STEADY = 1e-5  # a deviation below this share of the mean is rounding: it counts as none

STATISTICS = (
    ("mean", "{}", "mean {}"),
    ("var", "({})²", "variance {}"),
    ("skewness", "1", "skewness {}, 0 where steady"),
    ("kurtosis", "1", "kurtosis {} (normal: 3), 0 where steady"),
    ("median", "{}", "median {}"),
    ("min", "{}", "minimum {}"),
    ("max", "{}", "maximum {}"),
)


@kernel
def median(row: Float32Array, room: Float32Array) -> Any:
    """Median of a row: its middle value or, of an even number, the mean of the two, by Hoare's selection.

    row (n,), room for a copy (n,) -> a number

    ``np.median`` is the same and takes as long to compile as ten kernels.
    """
    n = row.size
    for i in range(n):
        room[i] = row[i]
    middle, first, last = n // 2, 0, n - 1
    while first < last:
        pivot = room[middle]
        i, j = first, last
        while i <= j:
            while room[i] < pivot:
                i += 1
            while room[j] > pivot:
                j -= 1
            if i <= j:
                room[i], room[j] = room[j], room[i]
                i += 1
                j -= 1
        if j < middle:
            first = i
        if middle < i:
            last = j
    if n % 2 == 1:
        return np.float64(room[middle])
    below = room[0]
    for i in range(1, middle):
        below = max(below, room[i])
    return np.float64(below + room[middle]) / 2.0


@kernel
def seven_statistics(row: Float32Array, room: Float32Array, out: Float32Array) -> None:
    """Mean, variance m2, skewness m3/m2^1.5, kurtosis m4/m2², median, minimum and maximum of a row.

    row (n,), room for a copy (n,) -> out (7,)
    """
    n = row.size
    mean = 0.0
    for i in range(n):
        mean += np.float64(row[i])
    mean /= n
    m2, m3, m4 = 0.0, 0.0, 0.0
    lowest, highest = row[0], row[0]
    for i in range(n):
        d = np.float64(row[i]) - mean
        square = d * d
        m2 += square
        m3 += square * d
        m4 += square * square
        lowest = min(lowest, row[i])
        highest = max(highest, row[i])
    m2 /= n
    steady = not np.sqrt(m2) > STEADY * abs(mean)
    out[0] = mean
    out[1] = 0.0 if steady else m2
    out[2] = 0.0 if steady else m3 / n / (m2 * np.sqrt(m2))
    out[3] = 0.0 if steady else m4 / n / (m2 * m2)
    out[4] = median(row, room)
    out[5] = lowest
    out[6] = highest


@kernel
def statistics_over_time(sonograms: Float32Array, out: Float32Array) -> None:
    """Statistical spectrum: the seven statistics of each band over time, means first, then variances.

    sonograms (n_segments, n_bands, n_times) -> out (n_segments, 7 n_bands)
    """
    n_bands = sonograms.shape[1]
    room = np.empty(sonograms.shape[2], dtype=np.float32)
    for t in range(sonograms.shape[0]):
        for b in range(n_bands):
            seven_statistics(sonograms[t, b], room, out[t, b::n_bands])


@kernel
def statistics_over_bands(modulation: Float32Array, out: Float32Array) -> None:
    """Modulation variance: the seven statistics of each modulation over bands, means first, then variances.

    modulation (n_segments, n_bands, n_modulations) -> out (n_segments, 7 n_modulations)
    """
    n_modulations = modulation.shape[2]
    room = np.empty(modulation.shape[1], dtype=np.float32)
    for t in range(modulation.shape[0]):
        for m in range(n_modulations):
            seven_statistics(modulation[t, :, m], room, out[t, m::n_modulations])


@kernel
def rhythm_histogram(modulation: Float32Array, out: Float32Array) -> None:
    """Rhythm histogram RH[m] = Σ_b M[b, m].

    modulation (n_segments, n_bands, n_modulations) -> out (n_segments, n_modulations)
    """
    for t in range(modulation.shape[0]):
        for m in range(modulation.shape[2]):
            total = 0.0
            for b in range(modulation.shape[1]):
                total += np.float64(modulation[t, b, m])
            out[t, m] = total


@kernel
def rhythm_pattern(modulation: Float32Array, weight: Float32Array, out: Float32Array) -> None:
    """Rhythm pattern RP[m, b] = w[m] M[b, m], all bands at the first modulation, then at the second.

    modulation (n_segments, n_bands, n_modulations), weight (n_modulations,)
    -> out (n_segments, n_modulations · n_bands)
    """
    n_bands = modulation.shape[1]
    for t in range(modulation.shape[0]):
        for m in range(modulation.shape[2]):
            for b in range(n_bands):
                out[t, m * n_bands + b] = weight[m] * modulation[t, b, m]


def modulation_weights(framing: Framing, rate: int, params: Params) -> Arrays:
    """Weight of each modulation, 1/(f/4 + 4/f), (60,): fluctuation at 4 Hz is heard best."""
    return (fluctuation_weights(modulation_frequencies(framing.length, rate)).astype(np.float32),)


# --- the rows ---------------------------------------------------------------------------------------

_BANDS = [(f"b{b:02d}", f"critical band {b}") for b in range(1, N_BANDS + 1)]
_MODULATIONS = [(f"m{m:02d}", f"{{bin_hz[{m}]:.2f}} Hz") for m in range(1, N_MODULATIONS + 1)]
_HEARS = {
    "mean": "how loud {} is",
    "var": "how much the loudness of {} moves",
    "skewness": "whether {} is mostly soft with loud moments, or the other way round",
    "kurtosis": "how rare and how extreme the loud and soft moments of {} are",
    "median": "how loud {} is half of the time",
    "min": "how loud {} is at its softest",
    "max": "how loud {} is at its loudest",
}
_CODE = "rp_extract (github.com/tuwien-musicir/rp_extract)"

FEATURES = (
    FrameFeature(
        name="ssd",
        family="timbre",
        subfamily="critical bands",
        kernel=statistics_over_time,
        needs=("sonogram",),
        columns=tuple(
            Column(
                f"{band}_{statistic}",
                unit.format("sone"),
                formula.format(f"over a segment of the loudness of {place}"),
                _HEARS[statistic].format(place),
            )
            for statistic, unit, formula in STATISTICS
            for band, place in _BANDS
        ),
        source="Lidy & Rauber 2005; " + _CODE,
        gain_invariant=False,
        fixed={"bands": N_BANDS, "steady": STEADY},
    ),
    FrameFeature(
        name="rh",
        family="rhythm",
        subfamily="rhythm patterns",
        kernel=rhythm_histogram,
        needs=("modulation",),
        columns=tuple(
            Column(
                m,
                "sone",
                f"Σ over bands of |DFT of loudness| at {hz}",
                f"how strongly the sound pulses at {hz}",
            )
            for m, hz in _MODULATIONS
        ),
        source="Lidy & Rauber 2005; " + _CODE,
        gain_invariant=False,
    ),
    FrameFeature(
        name="rp",
        family="rhythm",
        subfamily="rhythm patterns",
        kernel=rhythm_pattern,
        needs=("modulation",),
        columns=tuple(
            Column(
                f"{band}_{m}",
                "sone",
                f"1/(f/{STRONGEST_HZ:g} + {STRONGEST_HZ:g}/f) · |DFT of the loudness of {place}| at f = {hz}",
                f"how strongly {place} pulses at {hz}",
            )
            for m, hz in _MODULATIONS
            for band, place in _BANDS
        ),
        source="Rauber, Pampalk & Merkl 2002; Lidy & Rauber 2005; " + _CODE,
        gain_invariant=False,
        constants=modulation_weights,
        fixed={"modulations": N_MODULATIONS, "strongest_hz": STRONGEST_HZ},
    ),
    FrameFeature(
        name="mvd",
        family="rhythm",
        subfamily="rhythm patterns",
        kernel=statistics_over_bands,
        needs=("modulation",),
        columns=tuple(
            Column(
                f"{m}_{statistic}",
                unit.format("sone"),
                formula.format(f"over bands of |DFT of loudness| at {hz}, before any weighting"),
                f"how evenly the bands share in the pulse at {hz}",
            )
            for statistic, unit, formula in STATISTICS
            for m, hz in _MODULATIONS
        ),
        source="Lidy et al. 2010; " + _CODE,
        gain_invariant=False,
        fixed={"bands": N_BANDS, "steady": STEADY},
    ),
)
