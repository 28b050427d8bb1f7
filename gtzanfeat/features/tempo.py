"""Onsets and tempo: how strongly and how often new sounds begin, and the pulse that a listener would tap.

One track, the onset strength (after Klapuri 1999 and Ellis 2007), and what is read from the whole of it: one
tempo, and how strongly the music pulses at each. The beat histogram, which describes a style and is no tempo
estimate, is in `beat_histogram`; librosa's tempo in `librosa57`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import FRAME_RATE, ClipFeature, Column, FrameFeature, Params
from gtzanfeat.ingredients.periodicity import autocorrelation
from gtzanfeat.jit import Float32Array, Float64Array, kernel

SLOWEST_BPM, FASTEST_BPM = 40, 240
MULTIPLES = (1, 2, 4)  # of a beat, after which music tends to repeat itself
LIKELY_BPM, LIKELY_OCTAVES = 115.0, 1.0  # people tap near this tempo, rarely more than an octave from it
LOCAL_SECONDS = 1.0  # swells slower than this are not rhythm
ONSET_SECONDS = 0.05  # an onset is the strongest moment within this time before and after
ONSET_RISE = 0.1  # log10 units per band above the local mean: 1 dB, in all bands together

TEMPOGRAM_SECONDS, WINDOWS_PER_LENGTH = 8.0, 4  # each window begins a quarter of its length after the last
BANDS_PER_OCTAVE, N_BANDS = 6, 24
BAND_EDGES = 30.0 * 2.0 ** (np.arange(N_BANDS + 1) / BANDS_PER_OCTAVE)  # bpm
BAND_CENTRES = np.sqrt(BAND_EDGES[:-1] * BAND_EDGES[1:])


@kernel
def onset_strengths(log_bands: Float32Array, previous: Float32Array, out: Float32Array) -> None:
    """Onset strength O_t = mean over bands of max(0, L_t - L_{t-1}), L the log10 of the band's energy.

    log_bands (n_frames, n_bands), previous (1, n_bands) -> out (n_frames, 1)
    """
    n_bands = log_bands.shape[1]
    for t in range(log_bands.shape[0]):
        before = log_bands[t - 1] if t else previous[0]
        total = np.float32(0.0)
        for b in range(n_bands):
            total += max(log_bands[t, b] - before[b], np.float32(0.0))
        out[t, 0] = total / np.float32(n_bands)


def subtract_local_mean(x: NDArray[Any], width: int) -> Float64Array:
    """Each value less the mean of the `width` (odd) values around it, fewer at the ends: (n_frames,)."""
    total = np.concatenate([[0.0], np.cumsum(x, dtype=np.float64)])
    centre = np.arange(x.size)
    first = np.maximum(centre - width // 2, 0)
    last = np.minimum(centre + width // 2 + 1, x.size)
    detrended: Float64Array = x - (total[last] - total[first]) / (last - first)
    return detrended


def normalised_autocorrelation(x: Float64Array, n_lags: int) -> Float64Array:
    """Autocorrelation r[l] / r[0], r[l] = Σ x[n] x[n-l], of any series: (n_lags,).

    Zeros where the series is zero, and at lags beyond its end.
    """
    n_fft = 1 << (x.size + n_lags).bit_length()
    r = autocorrelation(x, n_fft)[:n_lags]
    r[x.size :] = 0.0
    return r / r[0] if r[0] > 0 else np.zeros(n_lags)


def detrended_onset_strength(track: Float32Array, frame_rate: float) -> Float64Array:
    """Onset strength above its local mean, (n_frames - 1,): the first frame has nothing before it."""
    return subtract_local_mean(track[1:, 0], 2 * round(frame_rate * LOCAL_SECONDS / 2) + 1)


def tempo(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Tempo in bpm, and how clear it is, of a track of onset strength.

    A tempo's salience is the autocorrelation of the track at one, two and four beats, averaged; the tempo
    chosen is the most salient once weighted by how likely people are to tap it. Candidates are a quarter of
    a frame apart, so that the lag of four beats falls on a frame.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 1)
        Onset strength.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (2,)
        Tempo and clarity; zeros where nothing repeats itself.
    """
    beats = MULTIPLES[-1]
    minute = 60.0 * params["frame_rate"]
    lags = np.arange(np.ceil(beats * minute / FASTEST_BPM), np.floor(beats * minute / SLOWEST_BPM) + 1)
    strength = detrended_onset_strength(track, params["frame_rate"])
    # an onset that falls between two frames must still meet its repeat: blur by one frame
    r = normalised_autocorrelation(strength[1:] + strength[:-1], int(lags[-1]) + 1)
    repeats = [np.interp(lags * multiple / beats, np.arange(r.size), r) for multiple in MULTIPLES]
    salience = np.mean(repeats, axis=0)
    bpm = beats * minute / lags
    best = np.argmax(salience * np.exp(-0.5 * (np.log2(bpm / LIKELY_BPM) / LIKELY_OCTAVES) ** 2))
    if not salience[best] > 0:
        return np.zeros(2)
    return np.array([bpm[best], salience[best]])


def onset_rate(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Onsets per second, (1,): moments 1 dB above their local mean and the strongest within 50 ms either way.

    Parameters and shapes as `tempo`.
    """
    strength = detrended_onset_strength(track, params["frame_rate"])
    if not strength.size:
        return np.zeros(1)
    reach = round(params["frame_rate"] * ONSET_SECONDS)
    padded = np.pad(strength, reach, constant_values=-np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    # of equal neighbours, the first counts
    onsets = (np.argmax(around, axis=1) == reach) & (strength > ONSET_RISE)
    return np.array([onsets.sum() * params["frame_rate"] / strength.size])


def mean_tempogram(strength: Float64Array, length: int) -> Float64Array:
    """Mean over windows of their autocorrelations r[l] / r[0], l < length / 2, corrected for lost overlap.

    Parameters
    ----------
    strength : ndarray of shape (n_frames,)
        Onset strength.
    length : int
        Frames in a window; if there are fewer, one window takes them all.

    Returns
    -------
    ndarray of shape (n_lags,)
        1 at lag 0 and wherever all repeats itself; 0 where there is nothing.
    """
    length = min(length, strength.size)
    hop = max(length // WINDOWS_PER_LENGTH, 1)
    windows = np.lib.stride_tricks.sliding_window_view(strength, length)[::hop]
    n_fft = 1 << (2 * length - 1).bit_length()
    lags = np.arange((length + 1) // 2)
    total = np.zeros(lags.size)
    for window in windows:  # one at a time, so that a long recording takes no more memory than a short one
        r = autocorrelation(window, n_fft)[lags]
        if r[0] > 0:
            total += r / r[0]
    # at lag l only length - l frames meet another
    return total / len(windows) * length / (length - lags)


def tempogram(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Pulse in each of 24 bands of tempo, how many share in it, and how clear the clearest is.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 1)
        Onset strength.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (26,)
        Of each band the largest value of the `mean_tempogram`, at most 1; entropy; clarity. Zeros where
        nothing repeats itself, and in bands slower than twice a beat per clip.
    """
    rate = params["frame_rate"]
    strength = detrended_onset_strength(track, rate)
    if strength.size < 3:
        return np.zeros(N_BANDS + 2)
    # an onset that falls between two frames must still meet its repeat: blur by one frame
    r = mean_tempogram(strength[1:] + strength[:-1], round(TEMPOGRAM_SECONDS * rate))
    pulse = np.zeros(N_BANDS)
    for b, (slow, fast) in enumerate(pairwise(BAND_EDGES)):
        within = r[int(60 * rate // fast) + 1 : int(60 * rate // slow) + 1]
        pulse[b] = min(max(within, default=0.0), 1.0)
    share = np.maximum(pulse, 0.0)
    total = share.sum()
    if not total > 0:
        return np.array([*pulse, 0.0, 0.0])
    share = share[share > 0] / total
    return np.array([*pulse, -(share @ np.log(share)) / np.log(N_BANDS), pulse.max()])


FEATURES = (
    FrameFeature(
        name="onset_strength",
        family="rhythm",
        subfamily="tempo",
        kernel=onset_strengths,
        needs=("slaney_log_bands",),
        columns=(
            Column(
                "",
                "log10",
                "mean over bands of max(0, log10 E[t] - log10 E[t-1])",
                "how strongly new sounds begin in this frame",
            ),
        ),
        source="after Klapuri 1999; Ellis 2007, Beat Tracking by Dynamic Programming, section 3.1",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        before=0.0,
        lead=1,
    ),
    ClipFeature(
        name="tempo",
        family="rhythm",
        subfamily="tempo",
        compute=tempo,
        of="onset_strength",
        columns=(
            Column(
                "",
                "bpm",
                "argmax of (r[l] + r[2l] + r[4l]) / 3 · "
                f"exp(-log2(bpm / {LIKELY_BPM:g})² / 2), r of onset strength",
                "the pulse that most listeners would tap",
            ),
            Column("clarity", "1", "(r[l] + r[2l] + r[4l]) / 3r[0] at the tempo", "how steady the pulse is"),
        ),
        source="after Ellis 2007, Beat Tracking by Dynamic Programming, section 3.2",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        flag="no_tempo",
        fixed={
            "bpm": (SLOWEST_BPM, FASTEST_BPM),
            "multiples": MULTIPLES,
            "likely": (LIKELY_BPM, LIKELY_OCTAVES),
            "local_seconds": LOCAL_SECONDS,
        },
    ),
    ClipFeature(
        name="onset_rate",
        family="rhythm",
        subfamily="tempo",
        compute=onset_rate,
        of="onset_strength",
        columns=(
            Column(
                "",
                "onsets/s",
                f"maxima of onset strength over ±{ONSET_SECONDS:g} s, {ONSET_RISE:g} above their local mean, "
                "per second",
                "how busy the music is",
            ),
        ),
        source="after Bello et al. 2005, A Tutorial on Onset Detection in Music Signals",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        fixed={"local_seconds": LOCAL_SECONDS, "onset": (ONSET_SECONDS, ONSET_RISE)},
    ),
    ClipFeature(
        name="tempogram",
        family="rhythm",
        subfamily="tempogram",
        compute=tempogram,
        of="onset_strength",
        columns=(
            *(
                Column(
                    f"{centre:03.0f}",
                    "1",
                    f"max over periods of {slow:.0f} to {fast:.0f} bpm of the mean over windows of "
                    f"{TEMPOGRAM_SECONDS:g} s of r[l] / r[0], r of onset strength",
                    f"how strongly the music pulses at about {centre:.0f} bpm",
                )
                for slow, fast, centre in zip(BAND_EDGES[:-1], BAND_EDGES[1:], BAND_CENTRES, strict=True)
            ),
            Column(
                "entropy",
                "1",
                f"-Σ p ln p / ln {N_BANDS}, p the positive part of the bands over its sum",
                "how many tempi share in the pulse",
            ),
            Column("clarity", "1", "largest of the bands", "how clearly the music pulses at all"),
        ),
        source="Grosche, Müller & Kurth 2010, Cyclic tempogram; Lartillot et al. 2008 (pulse clarity)",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        fixed={
            "window_seconds": TEMPOGRAM_SECONDS,
            "windows_per_length": WINDOWS_PER_LENGTH,
            "edges_bpm": BAND_EDGES,
            "local_seconds": LOCAL_SECONDS,
        },
    ),
)
