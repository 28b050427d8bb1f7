"""The tempogram and its summary: librosa, closed forms, slow twin."""

import librosa
import numpy as np
import pytest
import signals
from reference import tempo as twin
from reference.frames import frames as slow_frames

from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.tempo import BAND_CENTRES, BAND_EDGES, mean_tempogram, tempogram

COLUMNS = FEATURE_SETS["tempogram"].columns
PARAMS = FEATURE_SETS["tempogram"].items[0].params
FRAME_RATE = PARAMS["frame_rate"]


def heard(samples):
    return extract([samples], "tempogram").values[0].astype(float)


def test_the_tempogram_is_that_of_librosa(rng):
    strength, length, hop = rng.random(2000), 688, 172
    theirs = librosa.feature.tempogram(
        onset_envelope=strength, win_length=length, window="boxcar", center=False, norm=np.inf
    )[: length // 2, ::hop]
    lags = np.arange(length // 2)
    # ours is undone of the frames that meet no other
    np.testing.assert_allclose(
        mean_tempogram(strength, length), theirs.mean(axis=1) * length / (length - lags), rtol=1e-9
    )


@pytest.mark.parametrize("period", [12, 20, 43, 90, 150])
def test_pulses_repeat_themselves_wholly(period):
    strength = np.zeros(1376)
    strength[::period] = 1.0
    r = mean_tempogram(strength, 688)
    # as many pulses meet as there is room for, give or take the one at the end
    np.testing.assert_allclose(r[:300:period], 1.0, atol=1.5 * period / 688)
    assert abs(r[period // 2]) < 1e-12


@pytest.mark.parametrize("bpm", [50.0, 76.0, 100.0, 120.0, 150.0, 190.0, 260.0])
def test_clicks_pulse_at_their_tempo_and_at_nothing_faster(bpm):
    values = heard(signals.clicks(bpm, 20.0))
    there = (BAND_EDGES[:-1] <= bpm) & (bpm < BAND_EDGES[1:])
    # the fastest bands hold two or three lags, and a period that falls between two is blurred
    assert values[:24][there] > 0.65
    # the foot of the peak may reach into the next band
    assert values[:24][BAND_EDGES[:-1] > bpm * 1.15].max() < 0.1
    assert values[25] == values[:24].max()


def test_noise_has_no_clear_pulse_and_clicks_share_it_among_few():
    noise, clicks = heard(signals.white_noise(20.0)), heard(signals.clicks(120.0, 20.0))
    assert noise[25] < 0.2
    assert clicks[25] > 0.8
    assert clicks[24] < noise[24]


def test_the_names_are_the_centres():
    assert COLUMNS[:2] == ("tempogram_032", "tempogram_036")
    assert COLUMNS[23:] == ("tempogram_453", "tempogram_entropy", "tempogram_clarity")
    assert BAND_CENTRES[-1] == pytest.approx(453.06, abs=0.01)
    assert BAND_EDGES[-1] == pytest.approx(480.0)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 5, 50])
def test_a_short_or_still_track_has_no_pulse(n_frames):
    still = np.full((n_frames, 1), 0.3, dtype=np.float32)
    assert not tempogram(still, n_frames, PARAMS).any()


@pytest.mark.parametrize(
    "samples", [signals.drum_loop(90.0, 14.0), signals.white_noise(3.0)], ids=["long", "short"]
)
def test_the_summary_equals_its_slow_twin(samples):
    strength = twin.onset_strength(slow_frames(samples, 1024, 256))
    # float32 logarithms against float64
    np.testing.assert_allclose(heard(samples), twin.tempogram(strength, FRAME_RATE), rtol=1e-4, atol=1e-4)
