"""The feature sets by name, one row each; a new set is a new row at the foot of this file.

A released set never changes: `tests/golden/hashes.json` holds their hashes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gtzanfeat.declarations import Framing
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.feature_sets.common_items import (
    ALL_FRAMES,
    BEAT_PAPER,
    BEAT_ROBUST,
    BEAT_WINDOWS_PAPER,
    BEAT_WINDOWS_ROBUST,
    BEYOND_FULL,
    BLOCKS,
    COMPACT,
    CONSTANT_Q,
    ENVELOPE_FRAMES,
    F0,
    F0_FRAMES,
    FIVE,
    FRAMES,
    FULL,
    HARMONIC,
    KEY_FRAMES,
    LIBROSA,
    LIBROSA_MEL,
    LOUDNESS_BLOCKS,
    MAGNITUDE,
    MEAN_STD,
    MEAN_VAR,
    ONSET,
    ONSET_FRAMES,
    PERCUSSIVE,
    PITCH_FRAMES_PAPER,
    PITCH_FRAMES_ROBUST,
    PITCH_PAPER,
    PITCH_ROBUST,
    ROBUST_PITCH,
    ROBUST_RHYTHM,
    ROBUST_TIMBRE,
    RUNNING,
    SEGMENTS,
    SEVEN,
    SINGLE_NOTE,
    SIX,
    TEMPO,
    TONAL,
    WAVELET_WINDOWS,
    bextract,
    timbre,
)
from gtzanfeat.feature_sets.definition import FeatureSet
from gtzanfeat.feature_sets.feature_item import RATE, FeatureItem

_CLASSIC30 = FeatureSet(
    "classic30",
    "The 30 numbers of Tzanetakis & Cook (2002) with the small repairs that tests showed to be needed",
    ROBUST_TIMBRE + ROBUST_RHYTHM + ROBUST_PITCH,
)


FEATURE_SETS: dict[str, FeatureSet] = {
    row.name: row
    for row in (
        FeatureSet(
            "tzanetakis2002",
            "The 30 numbers of Tzanetakis & Cook (2002), as close to the paper as can be known; a "
            "first-order 70-Hz high-pass on the low pitch channel alone, our choice, decides pitch_fp0",
            (
                *timbre("magnitude"),
                FeatureItem("beat", BEAT_WINDOWS_PAPER, BEAT_PAPER, SIX),
                FeatureItem("pitch", PITCH_FRAMES_PAPER, PITCH_PAPER, FIVE),
            ),
        ),
        _CLASSIC30,
        replace(_CLASSIC30, name="timbre19", doc="The timbral texture of classic30", items=ROBUST_TIMBRE),
        replace(_CLASSIC30, name="rhythm6", doc="The rhythmic content of classic30", items=ROBUST_RHYTHM),
        replace(_CLASSIC30, name="pitch5", doc="The pitch content of classic30", items=ROBUST_PITCH),
        FeatureSet(
            "marsyas64",
            "The 64 numbers of Marsyas at MIREX 2007 and 2008: 16 features, running and song statistics",
            (
                FeatureItem("marsyas_centroid", ALL_FRAMES, **RUNNING),
                # 0.9 is the default of Marsyas' Rolloff, which its MIREX extractor leaves as it is
                FeatureItem("marsyas_rolloff", ALL_FRAMES, {"share": 0.9}, **RUNNING),
                FeatureItem("marsyas_flux", ALL_FRAMES, **RUNNING),
                FeatureItem("marsyas_mfcc", ALL_FRAMES, **RUNNING),
            ),
            by_summary=True,
        ),
        FeatureSet(
            "beat-histogram",
            "The beat histogram that rhythm6 is read from, 40 to 200 bpm",
            (FeatureItem("beat_histogram", BEAT_WINDOWS_ROBUST, BEAT_ROBUST),),
        ),
        FeatureSet(
            "pitch-histograms",
            "The unfolded (128 MIDI notes) and folded (12 classes) pitch histograms that pitch5 is read from",
            (FeatureItem("pitch_histogram", PITCH_FRAMES_ROBUST, PITCH_ROBUST),),
        ),
        FeatureSet(
            "ssd",
            "Statistical Spectrum Descriptors: seven statistics of loudness in 24 critical bands",
            (FeatureItem("ssd", SEGMENTS, summary="segment_mean"),),
        ),
        FeatureSet(
            "rh",
            "Rhythm Histogram: how strongly the loudness of all bands pulses, 0.17 to 10 Hz",
            (FeatureItem("rh", SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "rp",
            "Rhythm Patterns: how strongly the loudness of each of 24 critical bands pulses, 0.17 to 10 Hz",
            (FeatureItem("rp", SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "tssd",
            "Temporal SSD: seven statistics over segments of each number of ssd, without the rounding noise "
            "of empty critical bands",
            (FeatureItem("ssd", SEGMENTS, summary=SEVEN),),
            by_summary=True,
        ),
        FeatureSet(
            "trh",
            "Temporal Rhythm Histogram: seven statistics over segments of each number of rh",
            (FeatureItem("rh", SEGMENTS, summary=SEVEN),),
            by_summary=True,
        ),
        FeatureSet(
            "mvd",
            "Modulation variance: seven statistics over critical bands of how strongly they pulse",
            (FeatureItem("mvd", SEGMENTS, summary="segment_mean"),),
        ),
        FeatureSet("tempo", "The pulse that people tap, and how strongly and how often sounds begin", TEMPO),
        FeatureSet(
            "tactus",
            "The tempo that people tap, its octave decided by how bass and middle bands take turns",
            (FeatureItem("tactus", ONSET_FRAMES, ONSET),),
        ),
        FeatureSet("tonal", "Chroma, its place in tonal space, and the key by two profiles", TONAL),
        FeatureSet(
            "key",
            "The key as listeners name it, how clear it is, and the tuning",
            (FeatureItem("hpcp_key", KEY_FRAMES),),
        ),
        FeatureSet(
            "mfcc",
            "13 MFCC and how they move: mean and standard deviation of each and of its deltas",
            (
                FeatureItem(
                    "mfcc",
                    FRAMES,
                    summary="mean+std+delta_mean+delta_std",
                    summary_params={"reach": 2},
                ),
            ),
        ),
        FeatureSet(
            "compact",
            "What carries most in few numbers: cepstrum, line spectra, shape, band flux, tempo, beat, pitch",
            COMPACT,
        ),
        FeatureSet(
            "marsyas62",
            "Marsyas' bextract: 31 features, their running means and deviations, averaged over the clip",
            bextract("running_mean"),
            by_summary=True,
        ),
        FeatureSet(
            "marsyas124",
            "What Marsyas' bextract prints with one vector per clip: marsyas62, and how these vary in time",
            bextract("running"),
            by_summary=True,
        ),
        FeatureSet(
            "dynamics",
            "How a clip begins, where its energy lies, how loud it is, how far that moves and flutters",
            (
                FeatureItem("dynamics", ENVELOPE_FRAMES, {"frame_rate": RATE / 256}),
                FeatureItem("tremolo", ENVELOPE_FRAMES, {"frame_rate": RATE / 256}),
                FeatureItem("integrated_loudness", LOUDNESS_BLOCKS),
                FeatureItem("loudness_range", LOUDNESS_BLOCKS),
            ),
        ),
        FeatureSet(
            "mfcc-gaussian",
            "One Gaussian of 13 MFCC: the mean and the covariance of all frames",
            (FeatureItem("mfcc", FRAMES, summary="gaussian"),),
        ),
        FeatureSet(
            "beat-shape",
            "The shape of the beat histogram that rhythm6 is read from: beyond its two largest peaks",
            (
                FeatureItem("beat_shape", BEAT_WINDOWS_ROBUST, BEAT_ROBUST),
                FeatureItem("beat", BEAT_WINDOWS_ROBUST, BEAT_ROBUST, ("sum_per_window",)),
            ),
        ),
        FeatureSet(
            "pitch-shape",
            "The shapes of the pitch histograms that pitch5 is read from, and where in the fifths they lie",
            (
                FeatureItem("pitch_shape", PITCH_FRAMES_ROBUST, PITCH_ROBUST),
                FeatureItem(
                    "pitch", PITCH_FRAMES_ROBUST, PITCH_ROBUST, ("fp0_cos", "fp0_sin", "sum_per_frame")
                ),
            ),
        ),
        FeatureSet(
            "tempogram",
            "How strongly the music pulses at each tempo, 30 to 480 bpm",
            (FeatureItem("tempogram", ONSET_FRAMES, ONSET),),
        ),
        FeatureSet(
            "dwch",
            "Daubechies wavelet coefficient histograms: four moments of the waveform in each of eight bands",
            (FeatureItem("dwch", WAVELET_WINDOWS, summary="segment_mean"),),
        ),
        FeatureSet(
            "librosa57",
            "The 57 columns of features_30_sec.csv, the table of GTZAN on Kaggle, as librosa computes them",
            (
                FeatureItem("chroma_stft", LIBROSA, summary="pooled"),
                FeatureItem("rms", LIBROSA, **MEAN_VAR),
                FeatureItem("spectral_centroid", LIBROSA, MAGNITUDE, **MEAN_VAR),
                FeatureItem("spectral_bandwidth", LIBROSA, MAGNITUDE, **MEAN_VAR),
                FeatureItem(
                    "spectral_rolloff",
                    LIBROSA,
                    {**MAGNITUDE, "share": 0.85},
                    **MEAN_VAR,
                    names=("rolloff",),
                ),
                FeatureItem(
                    "zero_crossing_rate", Framing(2048, 512, window="none", edges="copy"), **MEAN_VAR
                ),
                FeatureItem("samples", HARMONIC, names=("harmony_mean", "harmony_var")),
                FeatureItem("samples", PERCUSSIVE, names=("perceptr_mean", "perceptr_var")),
                FeatureItem(
                    "librosa_tempo", LIBROSA, {**LIBROSA_MEL, "frame_rate": RATE / 512}, names=("tempo",)
                ),
                FeatureItem(
                    "mfcc20",
                    LIBROSA,
                    LIBROSA_MEL,
                    **MEAN_VAR,
                    names=tuple(f"mfcc{q}" for q in range(1, 21)),
                ),
            ),
        ),
        FeatureSet(
            "melody",
            "The strongest note of each moment as one line: how much of it there is, how it moves and wavers",
            (
                FeatureItem("f0", F0_FRAMES, F0, ("voicing",), **MEAN_STD),
                FeatureItem("pitch_contour", F0_FRAMES, F0),
            ),
        ),
        FeatureSet(
            "harmony",
            "Constant-Q chroma, as played and smoothed (CENS), how it is spread and moves, key and tuning",
            (
                FeatureItem("chroma_cqt", CONSTANT_Q, **MEAN_STD),
                FeatureItem("chroma_cens", CONSTANT_Q, {"smooth": 21}, **MEAN_STD),
                FeatureItem("chroma_entropy", CONSTANT_Q, **MEAN_STD),
                FeatureItem("harmonic_change", CONSTANT_Q, **MEAN_STD),
                FeatureItem("chroma_cqt_key", CONSTANT_Q),
                FeatureItem("tuning", LIBROSA),
            ),
        ),
        FeatureSet(
            "novelty-beat",
            "The shapes of beat histograms of loudness, spectral change, brightness, noisiness and timbre",
            tuple(
                FeatureItem(f"novelty_{name}", ONSET_FRAMES, {**ONSET, **MAGNITUDE})
                for name in ("rms", "flux", "centroid", "flatness", "zcr", "mfcc")
            ),
        ),
        FeatureSet("block-level", "Patterns of blocks of frames of a semitone spectrum", BLOCKS),
        FeatureSet(
            "fluctuation",
            "Where the rhythm patterns have their weight: maximum, gravity, bass, focus",
            (FeatureItem("fluctuation", SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "single-note",
            "One note alone: pitch, partials, envelope, and the cepstra of its attack, middle and end",
            SINGLE_NOTE,
        ),
    )
}

# --- everything together: what no set above has, and those sets that are neither wide nor slow ------------

_PARTS = (
    *("tempo", "tempogram", "beat-shape", "pitch-shape", "tonal", "harmony"),
    *("melody", "dynamics", "dwch", "ssd", "rh", "fluctuation"),
)
FEATURE_SETS["full"] = FeatureSet(
    "full",
    "Everything of moderate width: timbre, bands, dynamics, rhythm, pitch, harmony and patterns",
    (*FULL, *(item for name in _PARTS for item in FEATURE_SETS[name].items)),
)
FEATURE_SETS["broad"] = FeatureSet(
    "broad",
    "The families of full and compact, harmonic and percussive bands and MFCC, percentiles, semitone bands",
    (*FEATURE_SETS["full"].items, *BEYOND_FULL),
)


def feature_set(name: str | FeatureSet) -> FeatureSet:
    """Return a feature set by name.

    Parameters
    ----------
    name : str or FeatureSet
        A name of `FEATURE_SETS`, or one with a rate, "mfcc@44100": the set at that sample rate in Hz, as
        `FeatureSet.at` makes it. A `FeatureSet` is returned as it is.

    Returns
    -------
    FeatureSet
        The set.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(name, FeatureSet):
        return name
    base, at, rate = name.partition("@") if isinstance(name, str) else (name, "", "")
    if base not in FEATURE_SETS or (at and not re.fullmatch(r"[1-9]\d{2,6}", rate)):
        raise UnknownNameError("feature set", name, FEATURE_SETS)
    return FEATURE_SETS[base].at(int(rate)) if at else FEATURE_SETS[base]
