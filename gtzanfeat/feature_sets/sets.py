"""The feature sets by name, one row each; a new set is a new row at the foot of this file.

A released set never changes: `tests/golden/hashes.json` holds their hashes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gtzanfeat.declarations import Framing
from gtzanfeat.feature_sets.definition import FeatureSet
from gtzanfeat.feature_sets.feature_item import RATE, FeatureItem

_FRAMES = Framing(512, 512)
_ALL_FRAMES = Framing(512, 512, edges="pad_end")
_TEXTURE = {"window": 43, "start": "valid"}
_BEAT_WINDOWS_PAPER = Framing(65536, 32768, window="none")
_BEAT_WINDOWS_ROBUST = Framing(65536, 32768, window="none", remove_mean=True)
_BEAT_LAGS = {"lags": (413, 2068), "n_peaks": 3, "factors": (2, 3, 4, 5)}
_PITCH_LAGS = {"lags": (20, 367), "n_peaks": 3, "radius": 1, "refine": True}

_BEAT_PAPER = {**_BEAT_LAGS, "keep_lobe": True, "radius": 1, "refine": False, "weighted": False}
_BEAT_ROBUST = {**_BEAT_LAGS, "keep_lobe": False, "radius": 28, "refine": True, "weighted": True}
_PITCH_PAPER = {**_PITCH_LAGS, "keep_lobe": True, "factors": (2, 3, 4, 5)}
_PITCH_ROBUST = {**_PITCH_LAGS, "keep_lobe": False, "factors": tuple(range(2, 17))}
_PITCH_FRAMES_PAPER = Framing(512, 512, stream="two_channels")
_PITCH_FRAMES_ROBUST = Framing(1024, 512, stream="two_channels")


def _timbre(spectrum: str) -> tuple[FeatureItem, ...]:
    shape = {"spectrum": spectrum}
    texture: dict[str, Any] = {"summary": "texture", "summary_params": _TEXTURE}
    return (
        FeatureItem("spectral_centroid", _FRAMES, shape, **texture),
        FeatureItem("spectral_rolloff", _FRAMES, {**shape, "share": 0.85}, **texture),
        FeatureItem("spectral_flux", _FRAMES, shape, **texture),
        FeatureItem("zcr", _FRAMES, **texture),
        FeatureItem("low_energy", _FRAMES, {"window": 43}),
        FeatureItem("mfcc", _FRAMES, columns=("01", "02", "03", "04", "05"), **texture),
    )


_SIX = ("a0", "a1", "ra", "p1", "p2", "sum")
_FIVE = ("fa0", "up0", "fp0", "ipo1", "sum")
_RUNNING: dict[str, Any] = {"summary": "running", "summary_params": {"window": 40, "start": "prefill"}}
_ROBUST_TIMBRE = _timbre("magnitude")
_ROBUST_RHYTHM = (FeatureItem("beat", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST, _SIX),)
_ROBUST_PITCH = (FeatureItem("pitch", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST, _FIVE),)

_CLASSIC30 = FeatureSet(
    "classic30",
    "The 30 numbers of Tzanetakis & Cook (2002) with the small repairs that tests showed to be needed",
    _ROBUST_TIMBRE + _ROBUST_RHYTHM + _ROBUST_PITCH,
)

_SEGMENTS = Framing(131072, 131072, window="none")  # 6 s, side by side
_SEVEN = "mean+var+skewness+kurtosis+median+min+max"

_ONSET_FRAMES = Framing(1024, 256)
_ONSET = {"frame_rate": RATE / 256}
_CHROMA_FRAMES = Framing(4096, 1024)
_TEMPO = (
    FeatureItem("tempo", _ONSET_FRAMES, _ONSET),
    FeatureItem("onset_rate", _ONSET_FRAMES, _ONSET),
    FeatureItem("onset_strength", _ONSET_FRAMES, _ONSET, summary="mean+std"),
)
_TONAL = (
    FeatureItem("chroma", _CHROMA_FRAMES, summary="mean+std"),
    FeatureItem("tonnetz", _CHROMA_FRAMES, summary="mean+std"),
    FeatureItem("chroma_key", _CHROMA_FRAMES),
    FeatureItem("pitch_key", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST),
)

_SHORT_FRAMES = Framing(550, 220, stream="preemphasis")  # 25 ms every 10 ms, as speech has them
_MEAN_STD: dict[str, Any] = {"summary": "mean+std"}
_MAGNITUDE = {"spectrum": "magnitude"}
_HTK = {"bands": 26, "mel": "htk", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}
_MEL40 = {"bands": 40, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-6}
_COMPACT = (
    FeatureItem("htk_mfcc", _SHORT_FRAMES, _HTK, **_MEAN_STD),
    FeatureItem("lsf8", _SHORT_FRAMES, **_MEAN_STD),
    FeatureItem("zcr", _FRAMES, **_MEAN_STD),
    FeatureItem("spectral_centroid", _FRAMES, _MAGNITUDE, **_MEAN_STD),
    FeatureItem("spectral_bandwidth", _FRAMES, _MAGNITUDE, **_MEAN_STD),
    FeatureItem("spectral_rolloff", _FRAMES, {**_MAGNITUDE, "share": 0.85}, **_MEAN_STD),
    FeatureItem("spectral_flux", _FRAMES, _MAGNITUDE, **_MEAN_STD),
    FeatureItem("spectral_flatness", _FRAMES, **_MEAN_STD),
    FeatureItem("spectral_contrast", Framing(2048, 512, window="hann"), _MAGNITUDE, **_MEAN_STD),
    FeatureItem(
        "band_flux", Framing(1024, 256), _MEL40, tuple(f"rise_{b:02d}" for b in range(40)), **_MEAN_STD
    ),
    *_TEMPO[:2],
    *_ROBUST_RHYTHM,
    *_ROBUST_PITCH,
)

# 12 ms side by side: what a low note ripples by is then out of the way of tremolo
_ENVELOPE_FRAMES = Framing(256, 256, window="none")
_LOUDNESS_BLOCKS = Framing(RATE // 10, RATE // 10, window="none", stream="k_weighting")
_WAVELET_WINDOWS = Framing(65536, 65536, window="none")  # 3 s, side by side

_F0_FRAMES = Framing(1024, 512, window="none", remove_mean=True)
# 0.1 in the paper, for a voice alone: of a voice among others it would leave little
_F0 = {"low_hz": 65.0, "high_hz": 1000.0, "threshold": 0.2, "frame_rate": RATE / 512}
# a frame holds 52 periods of the lowest note; the ends of a clip are heard as well as its middle
_CONSTANT_Q = Framing(36864, 1024, window="none", edges="zero")


def _bextract(summary: str) -> tuple[FeatureItem, ...]:
    window = {"window": 20, "start": "prefill"}
    over_20_frames: dict[str, Any] = {"summary": summary, "summary_params": window}
    return (
        FeatureItem("marsyas_zcr", _ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_centroid", _ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_rolloff", _ALL_FRAMES, {"share": 0.9}, **over_20_frames),
        FeatureItem("marsyas_flux", _ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_mfcc", _ALL_FRAMES, **over_20_frames),
        FeatureItem("marsyas_chroma", _ALL_FRAMES, **over_20_frames),
    )


_LIBROSA = Framing(2048, 512, window="hann", edges="zero")
_LIBROSA_MEL = {"bands": 128, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}
_MEAN_VAR: dict[str, Any] = {"summary": "mean+var"}
_HARMONIC = Framing(1, 1, window="none", stream="harmonic")
_PERCUSSIVE = Framing(1, 1, window="none", stream="percussive")

_CENT_FRAMES = Framing(2048, 512, window="hann")
_BLOCKS = tuple(
    FeatureItem(feature, _CENT_FRAMES, params)
    for feature, params in (
        ("spectral_pattern", {}),
        ("delta_pattern", {}),
        ("fluctuation_pattern", {"frame_rate": RATE / 512}),
        ("correlation_pattern", {}),
        ("contrast_pattern", {}),
    )
)


FEATURE_SETS: dict[str, FeatureSet] = {
    row.name: row
    for row in (
        FeatureSet(
            "tzanetakis2002",
            "The 30 numbers of Tzanetakis & Cook (2002), as close to the paper as can be known; a "
            "first-order 70-Hz high-pass on the low pitch channel alone, our choice, decides pitch_fp0",
            (
                *_timbre("magnitude"),
                FeatureItem("beat", _BEAT_WINDOWS_PAPER, _BEAT_PAPER, _SIX),
                FeatureItem("pitch", _PITCH_FRAMES_PAPER, _PITCH_PAPER, _FIVE),
            ),
        ),
        _CLASSIC30,
        replace(_CLASSIC30, name="timbre19", doc="The timbral texture of classic30", items=_ROBUST_TIMBRE),
        replace(_CLASSIC30, name="rhythm6", doc="The rhythmic content of classic30", items=_ROBUST_RHYTHM),
        replace(_CLASSIC30, name="pitch5", doc="The pitch content of classic30", items=_ROBUST_PITCH),
        FeatureSet(
            "marsyas64",
            "The 64 numbers of Marsyas at MIREX 2007 and 2008: 16 features, running and song statistics",
            (
                FeatureItem("marsyas_centroid", _ALL_FRAMES, **_RUNNING),
                # 0.9 is the default of Marsyas' Rolloff, which its MIREX extractor leaves as it is
                FeatureItem("marsyas_rolloff", _ALL_FRAMES, {"share": 0.9}, **_RUNNING),
                FeatureItem("marsyas_flux", _ALL_FRAMES, **_RUNNING),
                FeatureItem("marsyas_mfcc", _ALL_FRAMES, **_RUNNING),
            ),
            by_summary=True,
        ),
        FeatureSet(
            "beat-histogram",
            "The beat histogram that rhythm6 is read from, 40 to 200 bpm",
            (FeatureItem("beat_histogram", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST),),
        ),
        FeatureSet(
            "pitch-histograms",
            "The unfolded (128 MIDI notes) and folded (12 classes) pitch histograms that pitch5 is read from",
            (FeatureItem("pitch_histogram", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST),),
        ),
        FeatureSet(
            "ssd",
            "Statistical Spectrum Descriptors: seven statistics of loudness in 24 critical bands",
            (FeatureItem("ssd", _SEGMENTS, summary="segment_mean"),),
        ),
        FeatureSet(
            "rh",
            "Rhythm Histogram: how strongly the loudness of all bands pulses, 0.17 to 10 Hz",
            (FeatureItem("rh", _SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "rp",
            "Rhythm Patterns: how strongly the loudness of each of 24 critical bands pulses, 0.17 to 10 Hz",
            (FeatureItem("rp", _SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "tssd",
            "Temporal SSD: seven statistics over segments of each number of ssd, without the rounding noise "
            "of empty critical bands",
            (FeatureItem("ssd", _SEGMENTS, summary=_SEVEN),),
            by_summary=True,
        ),
        FeatureSet(
            "trh",
            "Temporal Rhythm Histogram: seven statistics over segments of each number of rh",
            (FeatureItem("rh", _SEGMENTS, summary=_SEVEN),),
            by_summary=True,
        ),
        FeatureSet(
            "mvd",
            "Modulation variance: seven statistics over critical bands of how strongly they pulse",
            (FeatureItem("mvd", _SEGMENTS, summary="segment_mean"),),
        ),
        FeatureSet("tempo", "The pulse that people tap, and how strongly and how often sounds begin", _TEMPO),
        FeatureSet("tonal", "Chroma, its place in tonal space, and the key by two profiles", _TONAL),
        FeatureSet(
            "mfcc",
            "13 MFCC and how they move: mean and standard deviation of each and of its deltas",
            (
                FeatureItem(
                    "mfcc",
                    _FRAMES,
                    summary="mean+std+delta_mean+delta_std",
                    summary_params={"reach": 2},
                ),
            ),
        ),
        FeatureSet(
            "compact",
            "What carries most in few numbers: cepstrum, line spectra, shape, band flux, tempo, beat, pitch",
            _COMPACT,
        ),
        FeatureSet(
            "marsyas62",
            "Marsyas' bextract: 31 features, their running means and deviations, averaged over the clip",
            _bextract("running_mean"),
            by_summary=True,
        ),
        FeatureSet(
            "marsyas124",
            "What Marsyas' bextract prints with one vector per clip: marsyas62, and how these vary in time",
            _bextract("running"),
            by_summary=True,
        ),
        FeatureSet(
            "dynamics",
            "How a clip begins, where its energy lies, how loud it is, how far that moves and flutters",
            (
                FeatureItem("dynamics", _ENVELOPE_FRAMES, {"frame_rate": RATE / 256}),
                FeatureItem("tremolo", _ENVELOPE_FRAMES, {"frame_rate": RATE / 256}),
                FeatureItem("integrated_loudness", _LOUDNESS_BLOCKS),
                FeatureItem("loudness_range", _LOUDNESS_BLOCKS),
            ),
        ),
        FeatureSet(
            "mfcc-gaussian",
            "One Gaussian of 13 MFCC: the mean and the covariance of all frames",
            (FeatureItem("mfcc", _FRAMES, summary="gaussian"),),
        ),
        FeatureSet(
            "beat-shape",
            "The shape of the beat histogram that rhythm6 is read from: beyond its two largest peaks",
            (
                FeatureItem("beat_shape", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST),
                FeatureItem("beat", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST, ("sum_per_window",)),
            ),
        ),
        FeatureSet(
            "pitch-shape",
            "The shapes of the pitch histograms that pitch5 is read from, and where in the fifths they lie",
            (
                FeatureItem("pitch_shape", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST),
                FeatureItem(
                    "pitch", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST, ("fp0_cos", "fp0_sin", "sum_per_frame")
                ),
            ),
        ),
        FeatureSet(
            "tempogram",
            "How strongly the music pulses at each tempo, 30 to 480 bpm",
            (FeatureItem("tempogram", _ONSET_FRAMES, _ONSET),),
        ),
        FeatureSet(
            "dwch",
            "Daubechies wavelet coefficient histograms: four moments of the waveform in each of eight bands",
            (FeatureItem("dwch", _WAVELET_WINDOWS, summary="segment_mean"),),
        ),
        FeatureSet(
            "librosa57",
            "The 57 columns of features_30_sec.csv, the table of GTZAN on Kaggle, as librosa computes them",
            (
                FeatureItem("chroma_stft", _LIBROSA, summary="pooled"),
                FeatureItem("rms", _LIBROSA, **_MEAN_VAR),
                FeatureItem("spectral_centroid", _LIBROSA, _MAGNITUDE, **_MEAN_VAR),
                FeatureItem("spectral_bandwidth", _LIBROSA, _MAGNITUDE, **_MEAN_VAR),
                FeatureItem(
                    "spectral_rolloff",
                    _LIBROSA,
                    {**_MAGNITUDE, "share": 0.85},
                    **_MEAN_VAR,
                    names=("rolloff",),
                ),
                FeatureItem(
                    "zero_crossing_rate", Framing(2048, 512, window="none", edges="copy"), **_MEAN_VAR
                ),
                FeatureItem("samples", _HARMONIC, names=("harmony_mean", "harmony_var")),
                FeatureItem("samples", _PERCUSSIVE, names=("perceptr_mean", "perceptr_var")),
                FeatureItem(
                    "librosa_tempo", _LIBROSA, {**_LIBROSA_MEL, "frame_rate": RATE / 512}, names=("tempo",)
                ),
                FeatureItem(
                    "mfcc20",
                    _LIBROSA,
                    _LIBROSA_MEL,
                    **_MEAN_VAR,
                    names=tuple(f"mfcc{q}" for q in range(1, 21)),
                ),
            ),
        ),
        FeatureSet(
            "melody",
            "The strongest note of each moment as one line: how much of it there is, how it moves and wavers",
            (
                FeatureItem("f0", _F0_FRAMES, _F0, ("voicing",), **_MEAN_STD),
                FeatureItem("pitch_contour", _F0_FRAMES, _F0),
            ),
        ),
        FeatureSet(
            "harmony",
            "Constant-Q chroma, as played and smoothed (CENS), how it is spread and moves, key and tuning",
            (
                FeatureItem("chroma_cqt", _CONSTANT_Q, **_MEAN_STD),
                FeatureItem("chroma_cens", _CONSTANT_Q, {"smooth": 21}, **_MEAN_STD),
                FeatureItem("chroma_entropy", _CONSTANT_Q, **_MEAN_STD),
                FeatureItem("harmonic_change", _CONSTANT_Q, **_MEAN_STD),
                FeatureItem("chroma_cqt_key", _CONSTANT_Q),
                FeatureItem("tuning", _LIBROSA),
            ),
        ),
        FeatureSet(
            "novelty-beat",
            "The shapes of beat histograms of loudness, spectral change, brightness, noisiness and timbre",
            tuple(
                FeatureItem(f"novelty_{name}", _ONSET_FRAMES, {**_ONSET, **_MAGNITUDE})
                for name in ("rms", "flux", "centroid", "flatness", "zcr", "mfcc")
            ),
        ),
        FeatureSet("block-level", "Patterns of blocks of frames of a semitone spectrum", _BLOCKS),
        FeatureSet(
            "fluctuation",
            "Where the rhythm patterns have their weight: maximum, gravity, bass, focus",
            (FeatureItem("fluctuation", _SEGMENTS, summary="segment_median"),),
        ),
    )
}

# --- everything together: what no set above has, and those sets that are neither wide nor slow ------------

_MOVING: dict[str, Any] = {"summary": "mean+std+delta_std", "summary_params": {"reach": 2}}
_MEL_FRAMES = Framing(1024, 256)
_CONTRAST_FRAMES = Framing(2048, 512, window="hann")
_SHAPE = ("centroid", "bandwidth", "skewness", "kurtosis", "slope", "crest", "flux")
_FULL = (
    *(FeatureItem(f"spectral_{name}", _FRAMES, _MAGNITUDE, **_MOVING) for name in _SHAPE),
    FeatureItem("spectral_rolloff", _FRAMES, {**_MAGNITUDE, "share": 0.85}, **_MOVING),
    *(
        FeatureItem(name, _FRAMES, **_MOVING)
        for name in ("spectral_flatness", "spectral_flux_log", "zcr", "rms")
    ),
    *(FeatureItem(name, _FRAMES, **_MOVING) for name in ("loudness", "crest", "energy_entropy", "mfcc")),
    FeatureItem("low_energy", _FRAMES, {"window": 43}),
    *(FeatureItem(name, _FRAMES, **_MEAN_STD) for name in ("mpeg7_flatness", "mpeg7_crest")),
    FeatureItem("htk_mfcc", _SHORT_FRAMES, _HTK, **_MEAN_STD),
    FeatureItem("lsf16", _SHORT_FRAMES, **_MEAN_STD),
    FeatureItem("spectral_contrast", _CONTRAST_FRAMES, _MAGNITUDE, **_MEAN_STD),
    FeatureItem("octave_contrast", _CONTRAST_FRAMES, _MAGNITUDE, **_MEAN_STD),
    FeatureItem("mel", _MEL_FRAMES, _MEL40, **_MEAN_STD),
    FeatureItem("band_flux", _MEL_FRAMES, _MEL40, **_MEAN_STD),
    *(
        FeatureItem(feature, replace(_FRAMES, stream=part), params, **_MEAN_STD, names=(f"{part}_{name}",))
        for part in ("harmonic", "percussive")
        for feature, params, name in (
            ("rms", {}, "rms"),
            ("zcr", {}, "zcr"),
            ("spectral_centroid", _MAGNITUDE, "centroid"),
            ("spectral_flatness", {}, "flatness"),
        )
    ),
    *_ROBUST_RHYTHM,
    *_ROBUST_PITCH,
)
_PARTS = (
    *("tempo", "tempogram", "beat-shape", "pitch-shape", "tonal", "harmony"),
    *("melody", "dynamics", "dwch", "ssd", "rh", "fluctuation"),
)
FEATURE_SETS["full"] = FeatureSet(
    "full",
    "Everything of moderate width: timbre, bands, dynamics, rhythm, pitch, harmony and patterns",
    (*_FULL, *(item for name in _PARTS for item in FEATURE_SETS[name].items)),
)
