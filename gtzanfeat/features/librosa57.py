"""What the widely copied table `features_30_sec.csv` holds and no other family has, as librosa computes it.

The 57 columns are librosa's features with its defaults: the mean and the variance of each. Where librosa
looks at the whole clip (for its loudest band) the tracks are finished once the clip has ended. Its zero
crossings are in `zero_crossings`, its levels of mel bands in `bands`, its chroma in `librosa_chroma`;
features that agree with librosa's anyway (centroid, bandwidth, rolloff, RMS) are in their own families.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import (
    FRAME_RATE,
    Accumulator,
    ClipFeature,
    Column,
    FrameFeature,
    Params,
    TrackFeature,
)
from gtzanfeat.ingredients.filterbanks import dct_basis
from gtzanfeat.jit import Float32Array, Float64Array, kernel
from gtzanfeat.statistics.tracks import blocks_of_rows

# --- zero crossings and moments ---------------------------------------------------------------------


@kernel
def accumulate_moments(frames: Float32Array, total: Float64Array) -> None:
    """Zeroth, first and second moment of all samples: total += (N, Σ x, Σ x²).

    frames (n_frames, n_samples) -> total (3,)
    """
    first = 0.0
    second = 0.0
    for t in range(frames.shape[0]):
        for i in range(frames.shape[1]):
            x = np.float64(frames[t, i])
            first += x
            second += x * x
    total[0] += frames.shape[0] * frames.shape[1]
    total[1] += first
    total[2] += second


def sample_moments(total: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """Mean and variance of all samples from their three moments: (2,)."""
    mean = total[1] / total[0]
    return np.array([mean, max(total[2] / total[0] - mean * mean, 0.0)])


# --- mel bands, MFCC and tempo ------------------------------------------------------------------------

BANDS = 128
COEFFICIENTS = 20
RANGE_DB = 80.0  # below the loudest band of the clip; what is fainter counts as this

WINDOW_SECONDS = 8.0  # of onset strength, whose autocorrelation is averaged over the clip
LIKELY_BPM, FASTEST_BPM = 120.0, 320.0
BLOCK_FRAMES = 128  # whose windows are transformed at a time


def limited_levels(mel: Float32Array, overlap: int = 0) -> Iterator[Float32Array]:
    """Yield `blocks_of_rows` of levels raised to at least 80 dB below the loudest of the clip."""
    floor = max(block.max() for block in blocks_of_rows(mel)) - np.float32(RANGE_DB)
    for block in blocks_of_rows(mel, overlap):
        yield np.maximum(block, floor)


def mfcc(mel: Float32Array) -> Float32Array:
    """MFCC of a clip: the first 20 coefficients of the orthonormal DCT of levels in dB, (n_frames, 20)."""
    basis = dct_basis(COEFFICIENTS, BANDS)
    # einsum's bits, unlike those of a matrix product, do not depend on how many threads there are
    return np.concatenate([np.einsum("tb,qb->tq", levels, basis) for levels in limited_levels(mel)])


def onset_strength(mel: Float32Array) -> Float32Array:
    """Onset strength: median over bands of the rise of their level in dB, float32 (n_frames,).

    Three frames late: one for the difference, and two for the half frame before the middle of a centred one.
    """
    strengths: list[NDArray[Any]] = [np.zeros(3, dtype=np.float32)]
    for levels in limited_levels(mel, overlap=1):
        rise = np.maximum(np.diff(levels, axis=0), np.float32(0.0))
        rise.sort(axis=1)  # faster than to look for the median
        strengths.append((rise[:, BANDS // 2 - 1] + rise[:, BANDS // 2]) / 2)
    return np.concatenate(strengths)[: len(mel)]


def mean_autocorrelation(strength: NDArray[Any], n: int) -> Float64Array:
    """Autocorrelation r[l] / r[0] of each tapered window of n frames, averaged over the clip: float64 (n,).

    The transform is linear: the power spectra are averaged, and transformed back once.
    """
    padded = np.pad(strength, n // 2, mode="linear_ramp", end_values=0)
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n)[: len(strength)]
    n_fft = 45 * 2 ** max(int(np.ceil(np.log2(2 * n / 45))), 1)  # 720 for 344 frames; such lengths are fast
    total = np.zeros(n_fft + 2)
    for start in range(0, len(windows), BLOCK_FRAMES):
        tapered = windows[start : start + BLOCK_FRAMES] * taper
        energy = np.einsum("tn,tn->t", tapered, tapered)
        parts = np.fft.rfft(tapered, n_fft, axis=1).view(np.float64)  # real and imaginary beside each other
        weight = 1.0 / np.where(energy > np.finfo(float).tiny, energy, 1.0)
        total += np.einsum("t,tk->k", weight, np.square(parts, out=parts))
    return np.fft.irfft((total[::2] + total[1::2]) / len(windows), n_fft)[:n]


def tempo(mel: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Tempo in bpm: the likeliest lag of the mean autocorrelation of onset strength, (1,); 0 without onsets.

    A lag of l frames is as likely as log(1 + 10⁶ r[l]) - ½ log2²(bpm / 120).

    Parameters
    ----------
    mel : ndarray of shape (n_frames, 128)
        Levels in dB.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (1,)
        Beats per minute.

    References
    ----------
    Ellis, D. P. W. (2007). Beat tracking by dynamic programming. J. New Music Research 36; librosa.beat.
    """
    strength = onset_strength(mel)
    if not strength.any():
        return np.zeros(1)
    n = int(WINDOW_SECONDS * params["frame_rate"])
    bpm = 60.0 * params["frame_rate"] / np.arange(1, n)
    score = np.log1p(1e6 * mean_autocorrelation(strength, n)[1:]) - 0.5 * np.log2(bpm / LIKELY_BPM) ** 2
    score[bpm >= FASTEST_BPM] = -np.inf
    likeliest: Float64Array = bpm[[score.argmax()]]
    return likeliest


_KAGGLE = "librosa's default, as in features_30_sec.csv (GTZAN on Kaggle)"

ACCUMULATORS = (Accumulator("moments", accumulate_moments, ("frames",), (3,)),)

FEATURES: tuple[FrameFeature | ClipFeature, ...] = (
    ClipFeature(
        name="samples",
        family="timbre",
        subfamily="level",
        compute=sample_moments,
        of="moments",
        columns=(
            Column(
                "mean",
                "full scale",
                "Σ x[n] / N",
                "the constant offset of the waveform: next to 0 in a good recording",
            ),
            Column(
                "var",
                "full scale²",
                "Σ x[n]² / N - mean²",
                "the power of the clip, without its constant offset",
            ),
        ),
        source=f"numpy.mean and numpy.var of the waveform; {_KAGGLE}",
        gain_invariant=False,
    ),
    TrackFeature(
        name="mfcc20",
        family="timbre",
        subfamily="cepstrum",
        kernel=mfcc,
        needs=("mel128",),
        columns=tuple(
            Column(
                f"{q:02d}",
                "dB",
                f"Σ_b √(2/{{bands}}) cos(π{q}(b+½)/{{bands}}) max(L_b, L_max - {RANGE_DB:g}), L = 10 log10 E",
                "overall level, on a logarithmic scale"
                if q == 0
                else f"the spectral envelope, as a cosine of {q / 2:g} periods over the bands",
            )
            for q in range(COEFFICIENTS)
        ),
        source=f"librosa.feature.mfcc; {_KAGGLE}",
        gain_invariant=False,
        fixed={"bands": BANDS, "coefficients": COEFFICIENTS, "range_db": RANGE_DB},
    ),
    ClipFeature(
        name="librosa_tempo",
        family="rhythm",
        subfamily="tempo",
        compute=tempo,
        of="mel128",
        columns=(
            Column(
                "",
                "bpm",
                f"60 / argmax of log(1 + 10⁶ r) - ½ log2²(bpm/{LIKELY_BPM:g}) over lags, r of onset strength",
                "the pulse that a listener would tap",
            ),
        ),
        source=f"Ellis 2007; the tempo of librosa.beat.beat_track; {_KAGGLE}",
        gain_invariant=False,
        parameters=(FRAME_RATE,),
        flag="no_onsets",
        fixed={
            "bands": BANDS,
            "range_db": RANGE_DB,
            "window_seconds": WINDOW_SECONDS,
            "likely_bpm": LIKELY_BPM,
            "fastest_bpm": FASTEST_BPM,
        },
    ),
)
