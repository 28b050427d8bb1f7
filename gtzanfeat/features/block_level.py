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
from gtzanfeat.statistics.tracks import blocks_of_rows, percentile, variance

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
#
# A track of hours lies in a file, and all blocks together are several times as much: it is read either
# a few bands or a few blocks at a time.

BANDS_AT_A_TIME = 8
BLOCKS_AT_A_TIME = 16
CELLS_AT_A_TIME = 1 << 18


def _bands(track: Float32Array) -> Iterator[Float32Array]:
    """Yield the levels of one band after another, (n_frames,)."""
    for first in range(0, track.shape[1], BANDS_AT_A_TIME):
        yield from np.ascontiguousarray(track[:, first : first + BANDS_AT_A_TIME].T)


def _rows_of_blocks(track: Float32Array, block: tuple[int, int]) -> Iterator[Float32Array]:
    """Yield the rows of some blocks after another; the last frame is repeated in a track shorter than one."""
    length, hop = block
    if len(track) < length:
        yield np.pad(track[:], ((0, length - len(track)), (0, 0)), mode="edge")
    for first in range(0, len(track) - length + 1, BLOCKS_AT_A_TIME * hop):
        yield track[first : first + (BLOCKS_AT_A_TIME - 1) * hop + length]


def _blocks(rows: NDArray[Any], block: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """Yield one block of rows after another, (length, n_bands)."""
    length, hop = block
    for start in range(0, len(rows) - length + 1, hop):
        yield rows[start : start + length]


def _n_blocks(track: Float32Array, block: tuple[int, int]) -> int:
    """Number of blocks of a track."""
    length, hop = block
    return max(len(track) - length, 0) // hop + 1


def _sorted_blocks(levels: NDArray[Any], block: tuple[int, int], kept: int) -> NDArray[Any]:
    """Largest values of each block of one band in rising order, (n_blocks, kept)."""
    length, hop = block
    if len(levels) < length:
        levels = np.pad(levels, (0, length - len(levels)), mode="edge")
    blocks = np.lib.stride_tricks.sliding_window_view(levels, length)[::hop]
    return np.sort(blocks, axis=1)[:, length - kept :]


def _percentile_of_patterns(patterns: NDArray[Any], rank: float) -> Float64Array:
    """Percentile over blocks of their patterns (n_blocks, n), some numbers of them at a time: (n,)."""
    parts = np.array_split(patterns, 1 + patterns.size // CELLS_AT_A_TIME, axis=1)
    return np.concatenate([percentile(part, rank) for part in parts])


def spectral_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 90 over blocks of the sorted levels of each band, less the clip's mean level: (970,)."""
    ranked = (_sorted_blocks(levels, SPECTRAL, SPECTRAL[0]) for levels in _bands(track))
    total = 0.0
    for rows in blocks_of_rows(track):  # numpy, too, adds up so many numbers before it goes on
        total = np.add.reduce(rows, axis=None, dtype=np.float64, initial=total)
    levels = np.concatenate([percentile(blocks, 90) for blocks in ranked])
    pattern: Float64Array = levels - total / (len(track) * track.shape[1])
    return pattern


def delta_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 90 and variance over blocks of the largest rises of each band, sorted: (2716,)."""
    patterns = []
    for levels in _bands(track):
        rises = np.zeros_like(levels)
        rises[DELTA_LAG:] = np.maximum(levels[DELTA_LAG:] - levels[:-DELTA_LAG], 0.0)
        blocks = _sorted_blocks(rises, DELTA, DELTA_KEPT)
        patterns.append((percentile(blocks, 90), variance(blocks)))
    return np.array(patterns).swapaxes(0, 1).ravel()


@cache
def modulation_filters(frame_rate: float) -> Float32Array:
    """Triangles at 10 · 2^((j - 36) / 6) Hz on the bins of a transform of a block, (257, 37)."""
    length = FLUCTUATION[0]
    centres = FASTEST_HZ * 2.0 ** ((np.arange(N_MODULATIONS) - N_MODULATIONS + 1) / 6)
    return interpolating_filters(centres, 2 ** (1 / 6), length // 2 + 1, frame_rate / length).T


def fluctuation_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 60 over blocks of 2/T |DFT over time| of each band at 37 rates of modulation: (3589,)."""
    filters = modulation_filters(params["frame_rate"])
    n_values = track.shape[1] * N_MODULATIONS
    patterns = np.empty((_n_blocks(track, FLUCTUATION), n_values), dtype=np.float32)
    parts = _rows_of_blocks(track, FLUCTUATION)
    blocks = (block for rows in parts for block in _blocks(rows, FLUCTUATION))
    for pattern, block in zip(patterns, blocks, strict=True):
        modulation = np.abs(np.fft.rfft(block - block.mean(axis=0), axis=0)) * (2 / len(block))
        pattern[:] = (modulation.T @ filters).ravel()
    return _percentile_of_patterns(patterns, 60)


def correlation_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Median over blocks of the correlation of each two of 52 bands, 0 where one is steady: (1326,)."""
    pairs = np.triu_indices(N_CORRELATED, 1)
    patterns = np.empty((_n_blocks(track, CORRELATION), len(pairs[0])))
    first, sizes = _first_bands(N_CORRELATED), _group_sizes(N_CORRELATED)
    parts = (
        np.add.reduceat(rows.astype(np.float64), first, axis=1) / sizes
        for rows in _rows_of_blocks(track, CORRELATION)
    )
    blocks = (block for rows in parts for block in _blocks(rows, CORRELATION))
    for pattern, block in zip(patterns, blocks, strict=True):
        deviations = block - block.mean(axis=0)
        spread = np.sqrt((deviations**2).mean(axis=0))
        moving = spread > STEADY_DB
        deviations[:, moving] /= spread[moving]
        deviations[:, ~moving] = 0.0
        pattern[:] = (deviations.T @ deviations / len(block))[pairs]
    return _percentile_of_patterns(patterns, 50)


def contrast_pattern(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Percentile 10 over blocks of the sorted max - min over the neighbours of each of 20 bands: (800,)."""
    patterns = []
    for first, size in zip(_first_bands(N_CONTRASTS), _group_sizes(N_CONTRASTS), strict=True):
        levels = track[:, first : first + size].T.astype(np.float64, order="C")
        contrast = levels.max(axis=0) - levels.min(axis=0)
        patterns.append(percentile(_sorted_blocks(contrast, CONTRAST, CONTRAST[0]), 10))
    return np.concatenate(patterns)


def _group_sizes(n_groups: int) -> IntArray:
    """Number of the 97 bands in each of `n_groups` groups: as equal as can be, the first ones larger."""
    return np.array([len(part) for part in np.array_split(np.arange(N_BANDS), n_groups)])


def _first_bands(n_groups: int) -> IntArray:
    """First band of each of `n_groups` groups."""
    return np.cumsum([0, *_group_sizes(n_groups)[:-1]])


# --- the rows -------------------------------------------------------------------------------------

SOURCE = "Seyerlehner, Widmer & Pohle 2010"


def _pattern_columns(n_bands: int, n_ranks: int, unit: str, formula: str, hears: str) -> tuple[Column, ...]:
    """Columns of a pattern of `n_bands` times `n_ranks` numbers."""
    bands = [(f"{b:02d}", hears.format(b=b)) for b in range(n_bands)]
    ranks = [(f"{k:02d}", formula.format(k=k)) for k in range(n_ranks)]
    return tuple(Column(f"{b}_{k}", unit, of_k, of_b) for b, of_b in bands for k, of_k in ranks)


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
