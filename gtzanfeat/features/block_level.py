"""Block-level features: patterns over blocks of frames of a cent-scaled spectrum, summarised over blocks.

A block is a fixed number of frames. Sorted over time or transformed, it tells how loud each band gets and how
it moves, but not when (Seyerlehner, Widmer & Pohle 2010, "Fusing block-level features for music similarity
estimation"). Features of single frames are in the other families, segments of a sonogram in
`rhythm_patterns`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import FRAME_RATE, Arrays, ClipFeature, Column, FrameFeature, Framing, Params
from gtzanfeat.ingredients.filterbanks import packed_filterbank
from gtzanfeat.jit import Float32Array, Float64Array, IntArray, kernel
from gtzanfeat.statistics.tracks import percentile, variance

N_BANDS = 97  # a semitone apart, the last one below half the rate
FLOOR = 1e-3  # magnitude; a full-scale tone has length / 4, rounding to 16 bits makes some 3e-4 of noise

# frames in a block, and from one block to the next
SPECTRAL = (10, 5)
DELTA = (25, 5)
FLUCTUATION = (512, 128)
CORRELATION = (256, 128)
CONTRAST = (40, 20)

DELTA_LAG = 3  # frames
DELTA_KEPT = 14  # of 25 sorted frames, the largest
N_MODULATIONS = 37  # six per octave
FASTEST_HZ = 10.0
N_CORRELATED = 52  # bands, neighbours averaged
N_CONTRASTS = 20  # bands, neighbours compared
STEADY_DB = 0.01  # a band that deviates by less from its mean correlates with nothing


# --- the spectrum ---------------------------------------------------------------------------------


def interpolating_filters(centres: Float64Array, ratio: float, n_bins: int, spacing: float) -> Float32Array:
    """Triangles of unit sum on bins `spacing` apart, (n_centres, n_bins) float32.

    The feet are a `ratio` below and above the centre, but at least one bin away: where bins are sparse, a
    triangle interpolates between two of them.
    """
    hertz = np.arange(n_bins) * spacing
    below = np.maximum(centres - centres / ratio, spacing)[:, None]
    above = np.maximum(centres * ratio - centres, spacing)[:, None]
    away = hertz - centres[:, None]
    weights = np.maximum(0.0, 1.0 - np.where(away < 0, -away / below, away / above))
    unit: Float32Array = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return unit


def cent_filters(framing: Framing, rate: int, params: Params) -> Arrays:
    """First bin, number of bins and weights of the bands, centred at rate/2 · 2^((b - 97) / 12)."""
    centres = rate / 2 * 2.0 ** ((np.arange(N_BANDS) - N_BANDS) / 12)
    filters = interpolating_filters(centres, 2 ** (1 / 12), framing.length // 2 + 1, rate / framing.length)
    return packed_filterbank(filters)


@kernel
def cent_spectrum(
    magnitude: Float32Array, first: IntArray, width: IntArray, weights: Float32Array, out: Float32Array
) -> None:
    """Level of each semitone band in decibels: 20 log10 max(Σ_k w[b, k] M[k], 1e-3).

    magnitude (n_frames, n_bins), first (n_bands,), width (n_bands,), weights (n_bands, widest)
    -> out (n_frames, n_bands)
    """
    scale = np.float32(20 / np.log(10))
    for t in range(magnitude.shape[0]):
        row = magnitude[t]
        for b in range(first.size):
            total = np.float32(0.0)
            bins, w = row[first[b] : first[b] + width[b]], weights[b]
            for i in range(bins.size):
                total += w[i] * bins[i]
            out[t, b] = scale * np.log(max(total, np.float32(FLOOR)))


# --- patterns, each from the whole track of the spectrum, (n_frames, 97) ---------------------------


def _padded_to_block(track: NDArray[Any], length: int) -> NDArray[Any]:
    """The track, its last frame repeated where it is shorter than a block."""
    return np.pad(track, ((0, max(0, length - len(track))), (0, 0)), mode="edge")


def _sorted_blocks(track: NDArray[Any], block: tuple[int, int], kept: int) -> Iterator[Float64Array]:
    """Yield for each band the largest values of each block in rising order, (n_blocks, kept).

    Band by band, since all blocks together are several times as much as the track.
    """
    length, hop = block
    for band in np.ascontiguousarray(_padded_to_block(track, length).T):
        blocks = np.lib.stride_tricks.sliding_window_view(band, length)[::hop]
        yield np.sort(blocks, axis=1)[:, length - kept :]


def spectral_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 90 over blocks of the sorted levels of each band, less the clip's mean level: (970,)."""
    ranked = _sorted_blocks(track, SPECTRAL, SPECTRAL[0])
    pattern: Float64Array = np.concatenate([percentile(blocks, 90) for blocks in ranked]) - track.mean(
        dtype=np.float64
    )
    return pattern


def delta_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 90 and variance over blocks of the largest rises of each band, sorted: (2716,)."""
    rises = np.zeros_like(track)
    rises[DELTA_LAG:] = np.maximum(track[DELTA_LAG:] - track[:-DELTA_LAG], 0.0)
    patterns = [
        (percentile(blocks, 90), variance(blocks)) for blocks in _sorted_blocks(rises, DELTA, DELTA_KEPT)
    ]
    return np.array(patterns).swapaxes(0, 1).ravel()


@cache
def modulation_filters(frame_rate: float) -> Float32Array:
    """Triangles at 10 · 2^((j - 36) / 6) Hz on the bins of a transform of a block, (257, 37)."""
    length = FLUCTUATION[0]
    centres = FASTEST_HZ * 2.0 ** ((np.arange(N_MODULATIONS) - N_MODULATIONS + 1) / 6)
    return interpolating_filters(centres, 2 ** (1 / 6), length // 2 + 1, frame_rate / length).T


def fluctuation_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 60 over blocks of 2/T |DFT over time| of each band at 37 rates of modulation: (3589,)."""
    length, hop = FLUCTUATION
    filters = modulation_filters(params["frame_rate"])
    long = _padded_to_block(track, length)
    patterns = []
    for start in range(0, len(long) - length + 1, hop):
        block = long[start : start + length]
        modulation = np.abs(np.fft.rfft(block - block.mean(axis=0), axis=0)) * (2 / length)
        patterns.append((modulation.T @ filters).ravel())
    return percentile(np.array(patterns), 60)


def correlation_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Median over blocks of the correlation of each two of 52 bands, 0 where one is steady: (1326,)."""
    length, hop = CORRELATION
    long = _padded_to_block(_grouped_bands(track, N_CORRELATED, np.add) / _group_sizes(N_CORRELATED), length)
    pairs = np.triu_indices(N_CORRELATED, 1)
    patterns = []
    for start in range(0, len(long) - length + 1, hop):
        block = long[start : start + length]
        deviations = block - block.mean(axis=0)
        spread = np.sqrt((deviations**2).mean(axis=0))
        moving = spread > STEADY_DB
        deviations[:, moving] /= spread[moving]
        deviations[:, ~moving] = 0.0
        patterns.append((deviations.T @ deviations / length)[pairs])
    return percentile(np.array(patterns), 50)


def contrast_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 10 over blocks of the sorted max - min over the neighbours of each of 20 bands: (800,)."""
    contrast = _grouped_bands(track, N_CONTRASTS, np.maximum) - _grouped_bands(track, N_CONTRASTS, np.minimum)
    return np.concatenate(
        [percentile(blocks, 10) for blocks in _sorted_blocks(contrast, CONTRAST, CONTRAST[0])]
    )


def _group_sizes(n_bands: int) -> Float64Array:
    """Number of the 97 bands in each of `n_bands` groups: as equal as can be, the first ones larger."""
    return np.array([len(part) for part in np.array_split(np.arange(N_BANDS), n_bands)])


def _grouped_bands(track: Float32Array, n_bands: int, gather: np.ufunc) -> Float64Array:
    """Neighbouring bands combined into groups, float64 (n_frames, n_bands)."""
    starts = np.cumsum([0, *_group_sizes(n_bands)[:-1]])
    return gather.reduceat(track.astype(np.float64), starts, axis=1)


# --- the rows -------------------------------------------------------------------------------------

SOURCE = "Seyerlehner, Widmer & Pohle 2010"


def _pattern_columns(n_bands: int, n_ranks: int, unit: str, formula: str, hears: str) -> tuple[Column, ...]:
    """Columns of a pattern of `n_bands` times `n_ranks` numbers."""
    return tuple(
        Column(f"{b:02d}_{k:02d}", unit, formula.format(k=k), hears.format(b=b))
        for b in range(n_bands)
        for k in range(n_ranks)
    )


def _delta_columns() -> tuple[Column, ...]:
    """Columns of the delta pattern: percentiles, then variances."""
    rise = f"rise {{k}} of the {DELTA_KEPT} largest over {DELTA_LAG} frames in a block of {DELTA[0]}"
    largest = _pattern_columns(
        N_BANDS, DELTA_KEPT, "dB", f"percentile 90 of {rise}", "onsets in semitone band {b}"
    )
    varied = _pattern_columns(
        N_BANDS, DELTA_KEPT, "dB²", f"variance of {rise}", "unevenness of onsets in semitone band {b}"
    )
    return largest + tuple(Column(f"{c.name}_var", c.unit, c.formula, c.hears) for c in varied)


FEATURES = (
    FrameFeature(
        name="cent_spectrum",
        family="timbre",
        subfamily="cent spectrum",
        kernel=cent_spectrum,
        needs=("magnitude",),
        columns=tuple(
            Column(f"{b:02d}", "dB", "20 log10 Σ w M", f"the level of semitone band {b} of 0 to 96")
            for b in range(N_BANDS)
        ),
        source=SOURCE,
        gain_invariant=False,
        constants=cent_filters,
        fixed={"bands": N_BANDS, "floor": FLOOR},
    ),
    ClipFeature(
        name="spectral_pattern",
        family="timbre",
        subfamily="block patterns",
        compute=spectral_pattern,
        of="cent_spectrum",
        columns=_pattern_columns(
            N_BANDS,
            SPECTRAL[0],
            "dB",
            f"percentile 90 of level {{k}} of {SPECTRAL[0]} in rising order, less the mean level of the clip",
            "how loud semitone band {b} is, and for how long",
        ),
        source=SOURCE,
        gain_invariant=False,  # above the floor it is, like those below
        fixed={"block": SPECTRAL},
    ),
    ClipFeature(
        name="delta_pattern",
        family="timbre",
        subfamily="block patterns",
        compute=delta_pattern,
        of="cent_spectrum",
        columns=_delta_columns(),
        source=SOURCE,
        gain_invariant=False,
        fixed={"block": DELTA, "lag": DELTA_LAG, "kept": DELTA_KEPT},
    ),
    ClipFeature(
        name="fluctuation_pattern",
        family="rhythm",
        subfamily="block patterns",
        compute=fluctuation_pattern,
        of="cent_spectrum",
        columns=tuple(
            Column(
                f"{b:02d}_{j:02d}",
                "dB",
                f"percentile 60 of the modulation at 10·2^(({j} - {N_MODULATIONS - 1})/6) Hz",
                f"how strongly semitone band {b} pulses at that rate",
            )
            for b in range(N_BANDS)
            for j in range(N_MODULATIONS)
        ),
        source=SOURCE,
        gain_invariant=False,
        parameters=(FRAME_RATE,),
        fixed={"block": FLUCTUATION, "modulations": N_MODULATIONS, "fastest_hz": FASTEST_HZ},
    ),
    ClipFeature(
        name="correlation_pattern",
        family="timbre",
        subfamily="block patterns",
        compute=correlation_pattern,
        of="cent_spectrum",
        columns=tuple(
            Column(
                f"{a:02d}_{b:02d}",
                "1",
                f"median of the correlation of bands {a} and {b} of {N_CORRELATED}",
                "which registers move together: instruments, chords, drums",
            )
            for a in range(N_CORRELATED)
            for b in range(a + 1, N_CORRELATED)
        ),
        source=SOURCE,
        gain_invariant=False,
        fixed={"block": CORRELATION, "bands": N_BANDS, "correlated": N_CORRELATED, "steady_db": STEADY_DB},
    ),
    ClipFeature(
        name="contrast_pattern",
        family="timbre",
        subfamily="block patterns",
        compute=contrast_pattern,
        of="cent_spectrum",
        columns=_pattern_columns(
            N_CONTRASTS,
            CONTRAST[0],
            "dB",
            f"percentile 10 of max - min {{k}} of {CONTRAST[0]} in rising order",
            f"tones against noise in band {{b}} of {N_CONTRASTS}",
        ),
        source=SOURCE,
        gain_invariant=False,
        fixed={"block": CONTRAST, "bands": N_BANDS, "contrasts": N_CONTRASTS},
    ),
)
