"""Framings, parameters and items that feature sets share, or that are many: what `sets` is written with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gtzanfeat.declarations import Framing
from gtzanfeat.feature_sets.feature_item import RATE, FeatureItem

FRAMES = Framing(512, 512)
ALL_FRAMES = Framing(512, 512, edges="pad_end")
TEXTURE = {"window": 43, "start": "valid"}
BEAT_WINDOWS_PAPER = Framing(65536, 32768, window="none")
BEAT_WINDOWS_ROBUST = Framing(65536, 32768, window="none", remove_mean=True)
BEAT_LAGS = {"lags": (413, 2068), "n_peaks": 3, "factors": (2, 3, 4, 5)}
PITCH_LAGS = {"lags": (20, 367), "n_peaks": 3, "radius": 1, "refine": True}

BEAT_PAPER = {**BEAT_LAGS, "keep_lobe": True, "radius": 1, "refine": False, "weighted": False}
BEAT_ROBUST = {**BEAT_LAGS, "keep_lobe": False, "radius": 28, "refine": True, "weighted": True}
PITCH_PAPER = {**PITCH_LAGS, "keep_lobe": True, "factors": (2, 3, 4, 5)}
PITCH_ROBUST = {**PITCH_LAGS, "keep_lobe": False, "factors": tuple(range(2, 17))}
PITCH_FRAMES_PAPER = Framing(512, 512, stream="two_channels")
PITCH_FRAMES_ROBUST = Framing(1024, 512, stream="two_channels")


def timbre(spectrum: str) -> tuple[FeatureItem, ...]:
    """The items of the timbral texture of Tzanetakis & Cook, of a "magnitude" or a "power" spectrum."""
    shape = {"spectrum": spectrum}
    texture: dict[str, Any] = {"summary": "texture", "summary_params": TEXTURE}
    return (
        FeatureItem("spectral_centroid", FRAMES, shape, **texture),
        FeatureItem("spectral_rolloff", FRAMES, {**shape, "share": 0.85}, **texture),
        FeatureItem("spectral_flux", FRAMES, shape, **texture),
        FeatureItem("zcr", FRAMES, **texture),
        FeatureItem("low_energy", FRAMES, {"window": 43}),
        FeatureItem("mfcc", FRAMES, columns=("01", "02", "03", "04", "05"), **texture),
    )


SIX = ("a0", "a1", "ra", "p1", "p2", "sum")
FIVE = ("fa0", "up0", "fp0", "ipo1", "sum")
RUNNING: dict[str, Any] = {"summary": "running", "summary_params": {"window": 40, "start": "prefill"}}
ROBUST_TIMBRE = timbre("magnitude")
ROBUST_RHYTHM = (FeatureItem("beat", BEAT_WINDOWS_ROBUST, BEAT_ROBUST, SIX),)
ROBUST_PITCH = (FeatureItem("pitch", PITCH_FRAMES_ROBUST, PITCH_ROBUST, FIVE),)

SEGMENTS = Framing(131072, 131072, window="none")  # 6 s, side by side
SEVEN = "mean+var+skewness+kurtosis+median+min+max"

ONSET_FRAMES = Framing(1024, 256)
ONSET = {"frame_rate": RATE / 256}
CHROMA_FRAMES = Framing(4096, 1024)
TEMPO = (
    FeatureItem("tempo", ONSET_FRAMES, ONSET),
    FeatureItem("onset_rate", ONSET_FRAMES, ONSET),
    FeatureItem("onset_strength", ONSET_FRAMES, ONSET, summary="mean+std"),
)
TONAL = (
    FeatureItem("chroma", CHROMA_FRAMES, summary="mean+std"),
    FeatureItem("tonnetz", CHROMA_FRAMES, summary="mean+std"),
    FeatureItem("chroma_key", CHROMA_FRAMES),
    FeatureItem("pitch_key", PITCH_FRAMES_ROBUST, PITCH_ROBUST),
)

# 0.19 s: notes a semitone apart have peaks of their own from some 250 Hz up, and chords change more slowly
KEY_FRAMES = Framing(4096, 4096, window="hann", remove_mean=True)

SHORT_FRAMES = Framing(550, 220, stream="preemphasis")  # 25 ms every 10 ms, as speech has them
MEAN_STD: dict[str, Any] = {"summary": "mean+std"}
MAGNITUDE = {"spectrum": "magnitude"}
HTK = {"bands": 26, "mel": "htk", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}
MEL40 = {"bands": 40, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-6}
COMPACT = (
    FeatureItem("htk_mfcc", SHORT_FRAMES, HTK, **MEAN_STD),
    FeatureItem("lsf8", SHORT_FRAMES, **MEAN_STD),
    FeatureItem("zcr", FRAMES, **MEAN_STD),
    FeatureItem("spectral_centroid", FRAMES, MAGNITUDE, **MEAN_STD),
    FeatureItem("spectral_bandwidth", FRAMES, MAGNITUDE, **MEAN_STD),
    FeatureItem("spectral_rolloff", FRAMES, {**MAGNITUDE, "share": 0.85}, **MEAN_STD),
    FeatureItem("spectral_flux", FRAMES, MAGNITUDE, **MEAN_STD),
    FeatureItem("spectral_flatness", FRAMES, **MEAN_STD),
    FeatureItem("spectral_contrast", Framing(2048, 512, window="hann"), MAGNITUDE, **MEAN_STD),
    FeatureItem(
        "band_flux", Framing(1024, 256), MEL40, tuple(f"rise_{b:02d}" for b in range(40)), **MEAN_STD
    ),
    *TEMPO[:2],
    *ROBUST_RHYTHM,
    *ROBUST_PITCH,
)

# 12 ms side by side: what a low note ripples by is then out of the way of tremolo
ENVELOPE_FRAMES = Framing(256, 256, window="none")
LOUDNESS_BLOCKS = Framing(RATE // 10, RATE // 10, window="none", stream="k_weighting")
WAVELET_WINDOWS = Framing(65536, 65536, window="none")  # 3 s, side by side

F0_FRAMES = Framing(1024, 512, window="none", remove_mean=True)
# 0.1 in the paper, for a voice alone: of a voice among others it would leave little
F0 = {"low_hz": 65.0, "high_hz": 1000.0, "threshold": 0.2, "frame_rate": RATE / 512}
# a frame holds 52 periods of the lowest note; the ends of a clip are heard as well as its middle
CONSTANT_Q = Framing(36864, 1024, window="none", edges="zero")


def bextract(summary: str) -> tuple[FeatureItem, ...]:
    """The items of Marsyas' bextract under one summary of 20 frames, "running" or "running_mean"."""
    window = {"window": 20, "start": "prefill"}
    over_20_frames: dict[str, Any] = {"summary": summary, "summary_params": window}
    return (
        FeatureItem("marsyas_zcr", ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_centroid", ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_rolloff", ALL_FRAMES, {"share": 0.9}, **over_20_frames),
        FeatureItem("marsyas_flux", ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_mfcc", ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_chroma", ALL_FRAMES, **over_20_frames),
    )


LIBROSA = Framing(2048, 512, window="hann", edges="zero")
LIBROSA_MEL = {"bands": 128, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}
MEAN_VAR: dict[str, Any] = {"summary": "mean+var"}
HARMONIC = Framing(1, 1, window="none", stream="harmonic")
PERCUSSIVE = Framing(1, 1, window="none", stream="percussive")

CENT_FRAMES = Framing(2048, 512, window="hann")
BLOCKS = tuple(
    FeatureItem(feature, CENT_FRAMES, params)
    for feature, params in (
        ("spectral_pattern", {}),
        ("delta_pattern", {}),
        ("fluctuation_pattern", {"frame_rate": RATE / 512}),
        ("correlation_pattern", {}),
        ("contrast_pattern", {}),
    )
)

# --- the items of `full` that are in no set of their own

MOVING: dict[str, Any] = {"summary": "mean+std+delta_std", "summary_params": {"reach": 2}}
MEL_FRAMES = Framing(1024, 256)
CONTRAST_FRAMES = Framing(2048, 512, window="hann")
SHAPE = ("centroid", "bandwidth", "skewness", "kurtosis", "slope", "crest", "flux")
FULL = (
    *(FeatureItem(f"spectral_{name}", FRAMES, MAGNITUDE, **MOVING) for name in SHAPE),
    FeatureItem("spectral_rolloff", FRAMES, {**MAGNITUDE, "share": 0.85}, **MOVING),
    *(
        FeatureItem(name, FRAMES, **MOVING)
        for name in ("spectral_flatness", "spectral_flux_log", "zcr", "rms")
    ),
    *(FeatureItem(name, FRAMES, **MOVING) for name in ("loudness", "crest", "energy_entropy", "mfcc")),
    FeatureItem("low_energy", FRAMES, {"window": 43}),
    *(FeatureItem(name, FRAMES, **MEAN_STD) for name in ("mpeg7_flatness", "mpeg7_crest")),
    FeatureItem("htk_mfcc", SHORT_FRAMES, HTK, **MEAN_STD),
    FeatureItem("lsf16", SHORT_FRAMES, **MEAN_STD),
    FeatureItem("spectral_contrast", CONTRAST_FRAMES, MAGNITUDE, **MEAN_STD),
    FeatureItem("octave_contrast", CONTRAST_FRAMES, MAGNITUDE, **MEAN_STD),
    FeatureItem("mel", MEL_FRAMES, MEL40, **MEAN_STD),
    FeatureItem("band_flux", MEL_FRAMES, MEL40, **MEAN_STD),
    *(
        FeatureItem(feature, replace(FRAMES, stream=part), params, **MEAN_STD, names=(f"{part}_{name}",))
        for part in ("harmonic", "percussive")
        for feature, params, name in (
            ("rms", {}, "rms"),
            ("zcr", {}, "zcr"),
            ("spectral_centroid", MAGNITUDE, "centroid"),
            ("spectral_flatness", {}, "flatness"),
        )
    ),
    *ROBUST_RHYTHM,
    *ROBUST_PITCH,
)

# --- the items of `broad` that `full` has not: five subfamilies, and the line spectra of `compact`

_PERCENTILES = "p05+p25+p50+p75+p95"
BEYOND_FULL = (
    FeatureItem("lsf8", SHORT_FRAMES, **MEAN_STD),
    *(
        FeatureItem(
            feature,
            replace(framing, stream=part),
            params,
            **MEAN_STD,
            names=tuple(f"{part}_{feature}_{i:02d}" for i in range(n_columns)),
        )
        for part in ("harmonic", "percussive")
        for feature, framing, params, n_columns in (
            ("mel", Framing(1024, 512), MEL40, 40),
            ("mfcc", FRAMES, {}, 13),
        )
    ),
    FeatureItem("mel", MEL_FRAMES, MEL40, summary=_PERCENTILES),
    FeatureItem("mfcc", FRAMES, summary=_PERCENTILES),
    FeatureItem("cent_spectrum", CENT_FRAMES, **MEAN_STD),
)

# --- one note alone

NOTE_FRAMES = Framing(2048, 512, window="hann", remove_mean=True)
_NOTE_CEPSTRA = Framing(550, 220)
SINGLE_NOTE = (
    FeatureItem("note_pitch", NOTE_FRAMES),
    FeatureItem("note_harmonics", NOTE_FRAMES),
    FeatureItem("note_envelope", Framing(256, 128, window="none")),
    FeatureItem("dynamics", ENVELOPE_FRAMES),
    FeatureItem("mfcc_phases", _NOTE_CEPSTRA, HTK),
    FeatureItem("htk_mfcc", _NOTE_CEPSTRA, HTK, summary="delta_std"),
    FeatureItem("lsf16", SHORT_FRAMES, **MEAN_STD),
    FeatureItem("octave_contrast", CONTRAST_FRAMES, MAGNITUDE, **MEAN_STD),
    *(
        FeatureItem(f"spectral_{name}", FRAMES, MAGNITUDE, **MEAN_STD)
        for name in ("centroid", "bandwidth", "skewness", "kurtosis", "slope", "crest", "flux")
    ),
    FeatureItem("spectral_rolloff", FRAMES, {**MAGNITUDE, "share": 0.85}, **MEAN_STD),
    FeatureItem("zcr", FRAMES, **MEAN_STD),
)
