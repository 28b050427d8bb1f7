"""Attack, decay and duration of notes whose envelopes are known, and cepstra of their phases."""

import numpy as np
import pytest
import signals

from gtzanfeat.errors import ParameterError
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem
from gtzanfeat.features import FEATURES
from gtzanfeat.features.note_envelope import mfcc_phases, note_envelope

RATE = signals.RATE
ITEMS = {item.feature: item for item in FEATURE_SETS["single-note"].items}
COLUMNS = [column.name for column in FEATURES["note_envelope"].columns]


def analyse(feature, samples):
    analysis = Analysis([ITEMS[feature].request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[ITEMS[feature].request.key]


def envelope(samples):
    return dict(zip(COLUMNS, analyse("note_envelope", samples), strict=True))


def note(attack, decay, seconds=2.0, before=0.2):
    """A tone that rises in a straight line for `attack` seconds and falls by `decay` dB/s, after silence."""
    t = signals.times(seconds)
    shape = np.where(t < attack, t / attack, 10 ** (-decay * (t - attack) / 20))
    return np.concatenate([signals.silence(before), shape * signals.tone(440.0, seconds)])


@pytest.mark.parametrize("attack", [0.05, 0.2, 0.5])
def test_the_attack_is_timed(attack):
    found = envelope(note(attack, 30.0))
    frame = 2 * 128 / RATE
    assert 10 ** found["log_attack_time"] == pytest.approx(0.8 * attack, abs=frame)
    assert 10 ** found["log_half_attack_time"] == pytest.approx(0.4 * attack, abs=frame)
    assert 10 ** found["log_peak_time"] == pytest.approx(0.9 * attack, abs=frame)


@pytest.mark.parametrize("decay", [10.0, 40.0, 200.0])
def test_the_decay_in_decibels_a_second(decay):
    found = envelope(note(0.02, decay, 3.0))
    assert found["decay"] == pytest.approx(decay, rel=0.05)
    held = -20 * np.log10(0.4) / decay  # until 0.4 of the largest
    assert 10 ** found["log_effective_duration"] == pytest.approx(held, abs=0.04)


def test_a_held_note_has_its_centre_in_the_middle():
    samples = np.concatenate([signals.silence(0.3), signals.tone(440.0, 1.0), signals.silence(0.7)])
    found = envelope(samples)
    assert found["temporal_centroid_share"] == pytest.approx(0.5, abs=0.01)
    assert 10 ** found["log_temporal_centroid"] == pytest.approx(0.5, abs=0.01)
    assert 10 ** found["log_effective_duration"] == pytest.approx(1.0, abs=0.02)
    assert 10 ** found["log_release_time"] < 0.02
    assert abs(found["decay"]) < 2.0


def test_silence_before_a_note_changes_little():
    early, late = envelope(note(0.1, 30.0, before=0.0)), envelope(note(0.1, 30.0, before=128 * 90 / RATE))
    for name in COLUMNS:
        assert late[name] == pytest.approx(early[name], rel=0.05, abs=0.03)


def test_silence_and_one_frame():
    one = [-np.log10(RATE / 128)] * 5
    for level in (0.0, 0.5):
        values = note_envelope(np.full((1, 2), level, np.float32), 1, {"frame_rate": RATE / 128})
        np.testing.assert_allclose(values[:5], one)
        assert np.isfinite(values).all()


def track(levels):
    """Levels beside cepstra that number the frames."""
    number = np.arange(len(levels))[:, None]
    return np.column_stack([levels, np.repeat(number, 13, axis=1)]).astype(np.float32)


def test_the_phases_of_a_note():
    levels = [0.0, 0.2, 0.95, 1.0, 0.8, 0.6, 0.3, 0.05, 0.001]
    found = mfcc_phases(track(levels), 9, {}).reshape(3, 13)
    # frames 1 and 2; 3 to 5; 6 and 7
    np.testing.assert_allclose(found[:, 0], [1.5, 4.0, 6.5])
    assert (found == found[:, :1]).all()


@pytest.mark.parametrize(
    ("levels", "expected"), [([1.0], [0, 0, 0]), ([1.0, 0.1], [0, 1, 1]), ([0, 0], [0.5] * 3)]
)
def test_phases_without_frames_have_their_neighbours(levels, expected):
    np.testing.assert_allclose(mfcc_phases(track(levels), len(levels), {})[::13], expected)


def test_a_change_of_timbre_is_heard_in_its_phase():
    bright = signals.harmonic_tone(220.0, 0.5, partials=40)
    dull = signals.tone(220.0, 0.5, np.sqrt((bright**2).mean() * 2) * 0.8)
    found = analyse("mfcc_phases", np.concatenate([bright, dull, 0.3 * dull])).reshape(3, 13)
    assert np.abs(found[0] - found[2]).max() > 5.0


def test_the_number_of_mfcc_is_fixed():
    with pytest.raises(ParameterError, match="n_mfcc"):
        FeatureItem("mfcc_phases", ITEMS["mfcc_phases"].framing, {"n_mfcc": 20})
