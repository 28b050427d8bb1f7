"""Tuning of a clip, and its chroma at that tuning, as librosa computes them (Ellis 2007).

The filters are in `ingredients.chroma`. Chroma at 440 Hz, and what is made of it, is in `tonality`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gtzanfeat.declarations import (
    Arrays,
    ClipFeature,
    Collection,
    Column,
    FrameFeature,
    Framing,
    Params,
    TrackFeature,
)
from gtzanfeat.ingredients.chroma import BELLS, chroma_filterbank
from gtzanfeat.ingredients.filterbanks import bin_frequencies
from gtzanfeat.ingredients.pitch_classes import N_CLASSES, NAMES
from gtzanfeat.jit import Float32Array, Float64Array, IntArray, kernel
from gtzanfeat.statistics.tracks import blocks_of_rows

# The tuning is known when the clip ends, and with it the filters that fold a spectrum into pitch classes.
# Energies are kept at 16 tunings, between which every weight is a polynomial to 4e-6 of the largest, but for
# the lowest 8 bins, whose filters are so wide that they have a kink: those are kept as they are. That is 200
# numbers per frame (2.1 MB a minute) instead of 1025.

N_LOW = 8
N_TUNINGS = 16
TUNINGS = 0.5 * np.cos(np.pi * (np.arange(N_TUNINGS) + 0.5) / N_TUNINGS)  # where polynomials are exact
TWICE = 2 * N_CLASSES * N_TUNINGS
NEGLIGIBLE = 1e-8  # share of the largest weight of a bin: what is less would not change a float32 sum
LOWEST_HZ, HIGHEST_HZ = 150.0, 4000.0  # of the peaks that tell the tuning
PEAK_SHARE = 0.1  # of the largest power of a frame that a peak must pass


@kernel
def energies_at_tunings(
    power: Float32Array,
    first: IntArray,
    width: IntArray,
    start: IntArray,
    weights: Float32Array,
    out: Float32Array,
) -> None:
    """Power of the lowest bins, and energies E[i, c] = Σ_k P[t, k] w[i, c, k] of the others at each tuning.

    power (n_frames, n_bins), first (n_fours,), width (n_fours,), start (n_fours,), weights (n_weights,), all
    four from `packed_weights` -> out (n_frames, 200)

    No library's matrix product, whose last bits depend on how many threads it takes. Four frames share what
    is read of the weights, and four bins what is read and written of the sums.
    """
    n_bins = power.shape[1]
    p = np.zeros((4, N_LOW + 4 * first.size), dtype=np.float32)
    total = np.empty(4 * TWICE, dtype=np.float32)  # the classes twice, because runs go round
    for frame in range(0, power.shape[0], 4):
        n = min(4, power.shape[0] - frame)
        for t in range(n):
            p[t, :n_bins] = power[frame + t]
        total[:] = 0.0
        for g in range(first.size):
            k = N_LOW + 4 * g
            p0, p1, p2, p3 = p[0, k], p[0, k + 1], p[0, k + 2], p[0, k + 3]
            q0, q1, q2, q3 = p[1, k], p[1, k + 1], p[1, k + 2], p[1, k + 3]
            r0, r1, r2, r3 = p[2, k], p[2, k + 1], p[2, k + 2], p[2, k + 3]
            s0, s1, s2, s3 = p[3, k], p[3, k + 1], p[3, k + 2], p[3, k + 3]
            size = width[g] * N_TUNINGS
            v = weights[start[g] : start[g] + 4 * size]
            v0, v1, v2, v3 = v[:size], v[size:], v[2 * size :], v[3 * size :]
            sums = total[first[g] * N_TUNINGS :]
            for c in range(size):
                w0, w1, w2, w3 = v0[c], v1[c], v2[c], v3[c]
                sums[c] += p0 * w0 + p1 * w1 + p2 * w2 + p3 * w3
                sums[TWICE + c] += q0 * w0 + q1 * w1 + q2 * w2 + q3 * w3
                sums[2 * TWICE + c] += r0 * w0 + r1 * w1 + r2 * w2 + r3 * w3
                sums[3 * TWICE + c] += s0 * w0 + s1 * w1 + s2 * w2 + s3 * w3
        for t in range(n):
            row, sums = out[frame + t], total[t * TWICE :]
            for k in range(N_LOW):
                row[k] = p[t, k]
            for c in range(N_CLASSES):
                for i in range(N_TUNINGS):
                    once = c * N_TUNINGS + i
                    row[N_LOW + i * N_CLASSES + c] = sums[once] + sums[TWICE // 2 + once]


def packed_weights(filters: Float32Array) -> tuple[IntArray, IntArray, IntArray, Float32Array]:
    """Those weights of filters that are not next to 0, for four bins at a time.

    Parameters
    ----------
    filters : ndarray of shape (16, 12, n_bins), float32
        Weights per tuning, pitch class and bin; the lowest 8 bins are left out.

    Returns
    -------
    first : ndarray of shape (n_fours,), int64
        The first class of the four bins' run of classes, which may go round from the last to the first.
    width : ndarray of shape (n_fours,), int64
        How many classes it has.
    start : ndarray of shape (n_fours,), int64
        Where their weights are.
    weights : ndarray of shape (n_weights,), float32
        Of each bin, by class, the weights at all tunings.
    """
    filters = filters[..., N_LOW:]
    filters = np.pad(filters, ((0, 0), (0, 0), (0, -filters.shape[2] % 4)))
    largest = filters.max(axis=(0, 1))
    used = (filters > NEGLIGIBLE * largest).any(axis=0).reshape(N_CLASSES, -1, 4).any(axis=2)
    first, width, weights = [], [], []
    for g, four in enumerate(used.T):
        runs = [np.flatnonzero(np.roll(four, -c))[-1] + 1 if four.any() else 0 for c in range(N_CLASSES)]
        first.append(int(np.argmin(runs)))
        width.append(int(min(runs)))
        classes = (first[-1] + np.arange(width[-1])) % N_CLASSES
        weights.append(filters[:, classes, 4 * g : 4 * g + 4].T.ravel())
    start = np.cumsum([0, *(len(each) for each in weights[:-1])])
    return np.array(first), np.array(width), start, np.concatenate(weights)


@lru_cache
def weights_at_tunings(n_fft: int, rate: int) -> tuple[IntArray, IntArray, IntArray, Float32Array]:
    """The `packed_weights` of every tuning at which energies are kept."""
    filters = [chroma_filterbank(n_fft, rate, float(tuning)) for tuning in TUNINGS]
    return packed_weights(np.stack(filters))


def tuning_weights(framing: Framing, rate: int, params: Params) -> Arrays:
    """Weights of each bin in the columns of ``chroma_at_tunings``."""
    return weights_at_tunings(framing.length, rate)


@kernel
def tuning_peaks(power: Float32Array, rate: int, first: int, last: int) -> Float32Array:
    """Frequency (k + δ) · rate / N and height P[k] + ½ δ P'[k] of spectral peaks, δ = -P'[k] / P''[k].

    power (n_frames, n_bins), bins first..last-1 searched -> (n_peaks, 2)

    A peak is larger than the bin before, not smaller than the bin after, and larger than a tenth of the
    largest of its frame.
    """
    out = np.empty((power.shape[0] * ((last - first) // 2 + 1), 2), dtype=np.float32)
    n = 0
    n_fft = 2 * (power.shape[1] - 1)
    for t in range(power.shape[0]):
        row = power[t]
        largest = np.float32(0.0)
        for k in range(row.size):
            largest = max(largest, row[k])
        least = np.float32(PEAK_SHARE) * largest
        for k in range(first, last):
            if row[k] > least and row[k] > row[k - 1] and row[k] >= row[k + 1]:
                bend = row[k + 1] + row[k - 1] - np.float32(2.0) * row[k]
                slope = (row[k + 1] - row[k - 1]) / np.float32(2.0)
                shift = np.float32(0.0) if abs(slope) >= abs(bend) else -slope / bend
                out[n, 0] = (k + np.float64(shift)) * rate / n_fft
                out[n, 1] = row[k] + np.float32(0.5) * slope * shift
                n += 1
    return out[:n].copy()


def rate_and_peak_bins(framing: Framing, rate: int, params: Params) -> Arrays:
    """Sample rate, and the bins from 150 to 4000 Hz."""
    hz = bin_frequencies(framing.length, rate)[: framing.length // 2]
    return rate, int(np.searchsorted(hz, LOWEST_HZ)), int(np.searchsorted(hz, HIGHEST_HZ))


def estimate_tuning(peaks: Float32Array) -> float:
    """Tuning of the peaks against A = 440 Hz, in semitones from -0.5 to 0.49; 0 where there are none.

    The mode of their deviations, in steps of 0.01, over the higher half of all peaks.
    """
    if len(peaks) == 0:
        return 0.0
    middle = np.median(peaks[:, 1])
    edges = np.linspace(-0.5, 0.5, 101)
    counts = np.zeros(100, dtype=np.int64)
    for block in blocks_of_rows(peaks):
        hz, height = block.T
        off = np.mod(12 * np.log2(hz[height >= middle] / np.float32(27.5)), np.float32(1.0))
        off[off >= 0.5] -= 1.0
        counts += np.histogram(off, edges)[0]
    return float(edges[counts.argmax()])


def tuning(peaks: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Tuning of a clip in semitones, (1,)."""
    return np.array([estimate_tuning(peaks)])


def lagrange_weights(tuning: float) -> Float64Array:
    """Weights of the values at `TUNINGS` in the polynomial through them, read at `tuning`: (16,)."""
    same = np.eye(N_TUNINGS, dtype=bool)
    apart = np.where(same, 1.0, TUNINGS[:, None] - TUNINGS)
    weights: Float64Array = np.where(same, 1.0, (tuning - TUNINGS) / apart).prod(axis=1)
    return weights


def length_and_rate(framing: Framing, rate: int, params: Params) -> Arrays:
    """Length of the Fourier transform in samples, and the sample rate in Hz."""
    return framing.length, rate


def chroma_stft(at_tunings: Float64Array, peaks: Float32Array, n_fft: int, rate: int) -> Float32Array:
    """Energies of the 12 pitch classes at the tuning of the clip, over the largest of their frame.

    Parameters
    ----------
    at_tunings : ndarray of shape (n_frames, 200)
        The power of the lowest bins, and energies at 16 tunings.
    peaks : ndarray of shape (n_peaks, 2)
        Frequencies in Hz and heights.
    n_fft : int
        Samples that were transformed at a time.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    ndarray of shape (n_frames, 12)
        C first; zeros for silence.

    References
    ----------
    Ellis, D. P. W. (2007). Chroma feature analysis and synthesis; librosa.feature.chroma_stft.
    """
    tuning = estimate_tuning(peaks)
    low = chroma_filterbank(n_fft, rate, tuning)[:, :N_LOW]
    high = np.kron(lagrange_weights(tuning), np.eye(N_CLASSES))
    weights = np.concatenate([low, high], axis=1, dtype=np.float32)
    shares = []
    for block in blocks_of_rows(at_tunings):
        energies = np.einsum("tk,ck->tc", block, weights)  # the same bits for any number of threads
        largest = energies.max(axis=1, keepdims=True)
        tiny = np.finfo(np.float32).tiny
        shares.append(energies / np.where(largest >= tiny, largest, np.float32(1.0)))
    return np.concatenate(shares)


def _short(name: str) -> str:
    """Name of a pitch class in a column: "cs" for "c_sharp"."""
    return name.replace("_sharp", "s")


ACCUMULATORS = (
    Collection(
        "tuning_peaks",
        tuning_peaks,
        ("power",),
        rate_and_peak_bins,
        fixed={"hz": (LOWEST_HZ, HIGHEST_HZ), "share": PEAK_SHARE},
    ),
)

FEATURES: tuple[FrameFeature | ClipFeature, ...] = (
    ClipFeature(
        name="tuning",
        family="pitch",
        subfamily="key",
        compute=tuning,
        of="tuning_peaks",
        columns=(
            Column(
                "",
                "semitones",
                "mode of how far spectral peaks lie from A = 440 Hz, in steps of 0.01",
                "whether the music is tuned above or below concert pitch, or a tape runs fast or slow",
            ),
        ),
        source="librosa.estimate_tuning of power spectra",
        gain_invariant=True,
    ),
    FrameFeature(
        name="chroma_at_tunings",
        family="pitch",
        subfamily="chroma",
        kernel=energies_at_tunings,
        needs=("power",),
        columns=tuple(
            Column(
                f"bin_{k}",
                "power",
                f"P[{k}]",
                "the power of the lowest frequencies, up to the deepest bass",
            )
            for k in range(N_LOW)
        )
        + tuple(
            Column(
                f"{i:02d}_{_short(name)}",
                "power",
                f"Σ_k w[c, k] P[k], tuned {TUNINGS[i]:+.3f} semitones",
                f"how much {name.replace('_', ' ')} there is, in all octaves, if instruments are tuned so",
            )
            for i in range(N_TUNINGS)
            for name in NAMES
        ),
        source="Ellis 2007; librosa.filters.chroma",
        gain_invariant=False,
        constants=tuning_weights,
        fixed={"low_bins": N_LOW, "tunings": TUNINGS, **BELLS},
    ),
    TrackFeature(
        name="chroma_stft",
        family="pitch",
        subfamily="chroma",
        kernel=chroma_stft,
        needs=("chroma_at_tunings", "tuning_peaks"),
        columns=tuple(
            Column(
                _short(name),
                "1",
                "E[c] / max E, at the tuning of the clip",
                f"how much of the sound is {name.replace('_', ' ')}",
            )
            for name in NAMES
        ),
        source="Ellis 2007; librosa.feature.chroma_stft",
        gain_invariant=True,
        constants=length_and_rate,
        fixed={"low_bins": N_LOW, "tunings": TUNINGS, **BELLS},
    ),
)
