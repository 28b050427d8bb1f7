"""The feature sets by name, one row each; a new set is a new row at the foot of this file.

A released set never changes: `tests/golden/hashes.json` holds their hashes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gtzanfeat.feature_sets.recipe import RATE, FeatureSet, Item
from gtzanfeat.features.spec import Framing

_FRAMES = Framing(512, 512)
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


def _timbre(spectrum: str) -> tuple[Item, ...]:
    shape = {"spectrum": spectrum}
    texture: dict[str, Any] = {"summary": "texture", "summary_params": _TEXTURE}
    return (
        Item("spectral_centroid", _FRAMES, shape, **texture),
        Item("spectral_rolloff", _FRAMES, {**shape, "share": 0.85}, **texture),
        Item("spectral_flux", _FRAMES, shape, **texture),
        Item("zcr", _FRAMES, **texture),
        Item("low_energy", _FRAMES, {"window": 43}),
        Item("mfcc", _FRAMES, columns=("01", "02", "03", "04", "05"), **texture),
    )


_SIX = ("a0", "a1", "ra", "p1", "p2", "sum")
_FIVE = ("fa0", "up0", "fp0", "ipo1", "sum")
_RUNNING: dict[str, Any] = {"summary": "running", "summary_params": {"window": 40, "start": "prefill"}}
_ROBUST_TIMBRE = _timbre("magnitude")
_ROBUST_RHYTHM = (Item("beat", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST, _SIX),)
_ROBUST_PITCH = (Item("pitch", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST, _FIVE),)

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
    Item("tempo", _ONSET_FRAMES, _ONSET),
    Item("onset_rate", _ONSET_FRAMES, _ONSET),
    Item("onset_strength", _ONSET_FRAMES, _ONSET, summary="mean+std"),
)
_TONAL = (
    Item("chroma", _CHROMA_FRAMES, summary="mean+std"),
    Item("tonnetz", _CHROMA_FRAMES, summary="mean+std"),
    Item("chroma_key", _CHROMA_FRAMES),
    Item("pitch_key", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST),
)

_SHORT_FRAMES = Framing(550, 220, stream="preemphasis")  # 25 ms every 10 ms, as speech has them
_MEAN_STD: dict[str, Any] = {"summary": "mean+std"}
_MAGNITUDE = {"spectrum": "magnitude"}
_HTK = {"bands": 26, "mel": "htk", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-10}
_MEL40 = {"bands": 40, "mel": "slaney", "low_hz": 0.0, "high_hz": 11025.0, "floor": 1e-6}
_COMPACT = (
    Item("htk_mfcc", _SHORT_FRAMES, _HTK, **_MEAN_STD),
    Item("lsf8", _SHORT_FRAMES, **_MEAN_STD),
    Item("zcr", _FRAMES, **_MEAN_STD),
    Item("spectral_centroid", _FRAMES, _MAGNITUDE, **_MEAN_STD),
    Item("spectral_bandwidth", _FRAMES, _MAGNITUDE, **_MEAN_STD),
    Item("spectral_rolloff", _FRAMES, {**_MAGNITUDE, "share": 0.85}, **_MEAN_STD),
    Item("spectral_flux", _FRAMES, _MAGNITUDE, **_MEAN_STD),
    Item("spectral_flatness", _FRAMES, **_MEAN_STD),
    Item("spectral_contrast", Framing(2048, 512, window="hann"), _MAGNITUDE, **_MEAN_STD),
    Item("band_flux", Framing(1024, 256), _MEL40, tuple(f"rise_{b:02d}" for b in range(40)), **_MEAN_STD),
    *_TEMPO[:2],
    *_ROBUST_RHYTHM,
    *_ROBUST_PITCH,
)

FEATURE_SETS: dict[str, FeatureSet] = {
    row.name: row
    for row in (
        FeatureSet(
            "tzanetakis2002",
            "The 30 numbers of Tzanetakis & Cook (2002), as close to the paper as can be known",
            (
                *_timbre("magnitude"),
                Item("beat", _BEAT_WINDOWS_PAPER, _BEAT_PAPER, _SIX),
                Item("pitch", _PITCH_FRAMES_PAPER, _PITCH_PAPER, _FIVE),
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
                Item("marsyas_centroid", _FRAMES, **_RUNNING),
                # 0.9 is the default of Marsyas' Rolloff, which its MIREX extractor leaves as it is
                Item("marsyas_rolloff", _FRAMES, {"share": 0.9}, **_RUNNING),
                Item("marsyas_flux", _FRAMES, **_RUNNING),
                Item("marsyas_mfcc", _FRAMES, **_RUNNING),
            ),
            by_summary=True,
        ),
        FeatureSet(
            "beat-histogram",
            "The beat histogram that rhythm6 is read from, 40 to 200 bpm",
            (Item("beat_histogram", _BEAT_WINDOWS_ROBUST, _BEAT_ROBUST),),
        ),
        FeatureSet(
            "pitch-histograms",
            "The unfolded (128 MIDI notes) and folded (12 classes) pitch histograms that pitch5 is read from",
            (Item("pitch_histogram", _PITCH_FRAMES_ROBUST, _PITCH_ROBUST),),
        ),
        FeatureSet(
            "ssd",
            "Statistical Spectrum Descriptors: seven statistics of loudness in 24 critical bands",
            (Item("ssd", _SEGMENTS, summary="segment_mean"),),
        ),
        FeatureSet(
            "rh",
            "Rhythm Histogram: how strongly the loudness of all bands pulses, 0.17 to 10 Hz",
            (Item("rh", _SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "rp",
            "Rhythm Patterns: how strongly the loudness of each of 24 critical bands pulses, 0.17 to 10 Hz",
            (Item("rp", _SEGMENTS, summary="segment_median"),),
        ),
        FeatureSet(
            "tssd",
            "Temporal SSD: seven statistics over segments of each number of ssd",
            (Item("ssd", _SEGMENTS, summary=_SEVEN),),
            by_summary=True,
        ),
        FeatureSet(
            "trh",
            "Temporal Rhythm Histogram: seven statistics over segments of each number of rh",
            (Item("rh", _SEGMENTS, summary=_SEVEN),),
            by_summary=True,
        ),
        FeatureSet(
            "mvd",
            "Modulation variance: seven statistics over critical bands of how strongly they pulse",
            (Item("mvd", _SEGMENTS, summary="segment_mean"),),
        ),
        FeatureSet("tempo", "The pulse that people tap, and how strongly and how often sounds begin", _TEMPO),
        FeatureSet("tonal", "Chroma, its place in tonal space, and the key by two profiles", _TONAL),
        FeatureSet(
            "mfcc",
            "13 MFCC and how they move: mean and standard deviation of each and of its deltas",
            (
                Item(
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
    )
}
