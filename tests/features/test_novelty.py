"""Beat histograms of novelty: signals of which one thing changes at a known tempo, slow twin."""

import numpy as np
import pytest
import signals
from reference import novelty as twin
from reference import timbre
from reference.frames import frames as slow_frames

from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.novelty import BPM, novelty_histogram, novelty_shape

RATE = 22050
FRAME_RATE = RATE / 256
COLUMNS = FEATURE_SETS["novelty-beat"].columns


def heard(samples):
    return dict(zip(COLUMNS, extract([samples], "novelty-beat").values[0].astype(float), strict=True))


def switching(low, high, bpm, seconds=15.0):
    """Build a signal that changes from one sound to another, twice in every beat."""
    second_half = (signals.times(seconds) * bpm / 60.0) % 1.0 >= 0.5
    return np.where(second_half, high, low)


def test_the_set_has_six_curves_of_ten_numbers():
    assert len(COLUMNS) == 60
    assert [name for name in COLUMNS if name.endswith("_p1")] == [
        f"novelty_{curve}_p1" for curve in ("rms", "flux", "centroid", "flatness", "zcr", "mfcc")
    ]


@pytest.mark.parametrize("period", [24, 43, 64, 86, 120])
def test_a_track_that_rises_every_so_often_has_that_tempo(period):
    track = np.zeros((2000, 1))
    track[::period] = 1.0
    values = novelty_shape(track, FRAME_RATE)
    histogram = novelty_histogram(track, FRAME_RATE)
    assert histogram.sum() == pytest.approx(1.0)
    assert values[7] == BPM[histogram.argmax()]
    assert values[7] == pytest.approx(60 * FRAME_RATE / period, rel=0.02)


def test_only_rises_count():
    ramps = (np.arange(2000) % 50)[:, None] / 50.0
    # falling slowly and rising at once, or rising slowly and falling at once: the latter rises all the time
    sudden, steady = novelty_histogram(-ramps, FRAME_RATE), novelty_histogram(ramps, FRAME_RATE)
    assert BPM[sudden.argmax()] == pytest.approx(60 * FRAME_RATE / 50, abs=1)
    np.testing.assert_allclose(steady, sudden, atol=1e-9)  # its pauses come as often
    assert not novelty_histogram(np.arange(100.0)[:, None], FRAME_RATE).any()


@pytest.mark.parametrize("bpm", [72.0, 100.0, 132.0])
def test_loudness_alone_is_heard_by_loudness(bpm):
    noise = signals.white_noise(15.0)
    got = heard(switching(0.1 * noise, noise, bpm))
    assert got["novelty_rms_p1"] == pytest.approx(bpm, abs=1.5)
    assert got["novelty_rms_crest"] > 1.5 * got["novelty_centroid_crest"]


@pytest.mark.parametrize("bpm", [72.0, 100.0, 115.0])
def test_brightness_alone_is_heard_by_centroid_and_timbre(bpm):
    low, high = signals.tone(500.0, 15.0), signals.tone(3000.0, 15.0)
    got = heard(switching(low, high, bpm))
    for curve in ("centroid", "zcr"):
        assert got[f"novelty_{curve}_p1"] == pytest.approx(bpm, abs=1.5)
    # timbre rises at both changes, up and down: at the beat and at twice its tempo
    tempi = [got["novelty_mfcc_p1"], got["novelty_mfcc_p2"]]
    assert min(abs(tempo / bpm - k) for tempo in tempi for k in (1, 2)) < 0.03


@pytest.mark.parametrize("n_frames", [0, 1, 2, 3, 30])
def test_what_never_rises_has_no_tempo(n_frames):
    assert not novelty_shape(np.full((n_frames, 2), 0.3), FRAME_RATE).any()


def test_the_features_equal_their_slow_twins():
    samples = signals.drum_loop(97.0, 10.0)
    framed = slow_frames(samples, 1024, 256)
    m, p = timbre.magnitude(framed), timbre.power(framed)
    got = heard(samples)
    tracks = {
        "rms": timbre.rms(framed)[:, None],
        "flux": timbre.flux(m)[:, None],
        "centroid": timbre.centroid(m)[:, None],
        "zcr": timbre.zcr(framed)[:, None],
        "mfcc": timbre.mfcc(p)[:, 1:6],
    }
    for curve, track in tracks.items():
        values = [value for name, value in got.items() if name.startswith(f"novelty_{curve}_")]
        # float32 tracks against float64
        np.testing.assert_allclose(values, twin.novelty(track[1:], FRAME_RATE), rtol=2e-3, atol=2e-3)
