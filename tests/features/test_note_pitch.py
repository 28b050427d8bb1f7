"""Pitch of a note alone: closed forms from contrabassoon to piccolo, octaves, vibrato, real notes."""

import numpy as np
import pytest
import signals
from recordings import INSTRUMENTS, needs_instruments
from reference import note

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.errors import GtzanfeatError, ParameterError
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet
from gtzanfeat.features import FEATURES
from gtzanfeat.features.note_pitch import note_pitch, weighted_median

RATE = signals.RATE
FRAMES = Framing(2048, 512, window="hann", remove_mean=True)
TRACK = Request("note_f0", FRAMES)
NOTE = next(item.request for item in FEATURE_SETS["single-note"].items if item.feature == "note_pitch")
COLUMNS = [column.name for column in FEATURES["note_pitch"].columns]


def analyse(request, samples):
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key]


def pitch(samples):
    return dict(zip(COLUMNS, analyse(NOTE, samples), strict=True))


def tone(hertz, amplitudes, seconds=0.5):
    """Partials of given amplitudes."""
    t = signals.times(seconds)
    return sum(
        a * np.sin(2 * np.pi * h * hertz * t + h) for h, a in enumerate(amplitudes, 1) if h * hertz < RATE / 2
    )


@pytest.mark.parametrize("partials", [1, 6])
@pytest.mark.parametrize("hertz", [29.1, 41.2, 110.0, 622.3, 1760.0, 2793.8, 4100.0])
def test_a_note_has_its_frequency(hertz, partials):
    found = pitch(0.1 * tone(hertz, 1 / np.arange(1, partials + 1)))
    assert 1200 * abs(np.log2(found["hz"] / hertz)) < 10  # cents
    assert found["semitones"] == pytest.approx(69 + 12 * np.log2(hertz / 440), abs=0.1)
    assert found["held"] > 0.99
    assert found["voicing"] > 0.95


@pytest.mark.parametrize("hertz", [82.4, 493.9, 1760.0])
def test_a_weak_first_partial_is_no_octave_higher(hertz):
    # the odd partials 22 dB under the even ones, as of a cello's E2 or an oboe's D5
    assert pitch(0.1 * tone(hertz, [0.08, 1.0, 0.08, 0.3, 0.08]))["hz"] == pytest.approx(hertz, rel=5e-3)


@pytest.mark.parametrize("hertz", [830.6, 1760.0, 2489.0, 3322.0])
def test_noise_takes_a_high_note_no_octave_lower(rng, hertz):
    noisy = tone(hertz, [1.0, 0.3, 0.2]) + 0.05 * rng.standard_normal(RATE // 2)
    assert pitch(noisy)["hz"] == pytest.approx(hertz, rel=5e-3)


@pytest.mark.parametrize("samples", [signals.silence(0.3), signals.dc(0.3), signals.white_noise(0.3)])
def test_what_has_no_pitch_has_zeros_and_a_flag(samples):
    analysis = Analysis([TRACK, NOTE])
    analysis.push(samples.astype(np.float32))
    found = analysis.finish()
    assert not found[TRACK.key][:, :2].any()
    assert not found[NOTE.key].any()
    assert "no_f0" in analysis.flags()


def test_loud_frames_decide():
    quiet = np.tile([880.0, 0.9, 0.01], (60, 1))
    loud = np.tile([440.0, 0.9, 1.0], (10, 1))
    found = note_pitch(np.concatenate([loud, quiet]).astype(np.float32), 70, {"frame_rate": RATE / 512})
    assert found[0] == 440.0
    assert found[2] == pytest.approx(10 / 10.6, rel=1e-3)


def test_the_vibrato_of_a_note():
    t = signals.times(2.0)
    phase = 2 * np.pi * np.cumsum(330 * 2 ** (0.3 * np.sin(2 * np.pi * 5.5 * t) / 12)) / RATE
    found = pitch(0.1 * (np.sin(phase) + 0.5 * np.sin(2 * phase)))
    assert found["vibrato_rate"] == pytest.approx(5.5, abs=0.15)
    assert found["vibrato_extent"] == pytest.approx(30, rel=0.25)  # a frame hears half a swing
    assert pitch(0.1 * tone(330.0, [1.0, 0.5], 2.0))["vibrato_extent"] == 0.0


def test_the_weighted_median_of_equal_weights_is_the_lower_median():
    assert weighted_median(np.array([4.0, 1.0, 2.0, 3.0]), np.ones(4)) == 2.0


def test_frames_and_ranges_that_cannot_be_are_refused():
    with pytest.raises(
        GtzanfeatError, match=r"1024 samples is too short for an f0 of 27.0 Hz; take at least"
    ):
        Analysis([Request("note_f0", Framing(1024, 512))])
    with pytest.raises(ParameterError, match="low_hz 500 must be below high_hz 400"):
        Analysis([Request("note_f0", FRAMES, {"low_hz": 500.0, "high_hz": 400.0})])


# the instruments whose names of files are all but right; 64 of 150 trombones sound an octave lower than
# named, and the saxophone stands between two semitones
TUNED = ("bassoon", "cello", "contrabassoon", "cor_anglais", "double_bass", "guitar", "mandolin", "oboe")
NAMES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")


@needs_instruments
def test_real_notes_have_the_pitch_of_their_names():
    paths = [
        path
        for name in TUNED
        for path in sorted((INSTRUMENTS / name).glob("*.mp3"))[::16]
        if "_phrase_" not in path.name
    ]
    named = [path.stem.split("_")[1] for path in paths]
    midi = np.array([12 * (int(note[-1]) + 1) + NAMES.index(note[:-1]) for note in named])
    pitches = FeatureSet("pitches", "Pitch", (FeatureItem("note_pitch", FRAMES, columns=("semitones",)),))
    found = extract(paths, pitches).values[:, 0]
    assert len(paths) > 50
    assert (np.abs(found - midi) < 0.5).mean() >= 0.95


def test_the_pitch_equals_its_slow_twin(rng):
    samples = np.concatenate([0.2 * tone(196.0, [1.0, 0.4, 0.6, 0.2]), 0.1 * tone(233.1, [0.3, 1.0, 0.3])])
    samples = (samples + 0.01 * rng.standard_normal(samples.size)).astype(np.float32)
    # of float32 spectra
    np.testing.assert_allclose(analyse(NOTE, samples), note.note_pitch(samples), rtol=1e-3, atol=1e-4)
