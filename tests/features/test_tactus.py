"""The tempo of the tactus: closed forms, and what people tapped to real clips."""

import csv

import numpy as np
import pytest
import signals
from recordings import GTZAN100, needs_gtzan100

from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.tactus import (
    TEMPI,
    WEIGHTS,
    band_onset_strengths,
    low_and_middle_bands,
    tempo_evidence,
    windowed_spectra,
)

ITEM = FEATURE_SETS["tactus"].items[0]
FRAME_RATE = ITEM.request.params["frame_rate"]
TURNS, HALF_TURNS = (list(WEIGHTS).index(name) for name in ("turns", "half_turns"))


def heard(*clips):
    return extract([np.asarray(clip, dtype=np.float32) for clip in clips], "tactus").values.astype(float)


# --- onset strength --------------------------------------------------------------------------------


def test_onset_strengths_are_mean_rises_of_loudness():
    loudness = np.array([[0, 0, 0, 0], [1, 0, 2, 3], [0, 4, 2, 7]])
    out = np.empty((3, 3), dtype=np.float32)
    bands = (loudness ** (1 / 0.3)).astype(np.float32)
    band_onset_strengths(bands, np.zeros((1, 4), dtype=np.float32), 1, 2, out)
    np.testing.assert_allclose(out, [[0, 0, 0], [6 / 4, 1, 1], [8 / 4, 0, 2]], rtol=1e-6)


def test_bass_ends_at_500_hz_and_the_middle_at_3_khz():
    mel = {"bands": 40, "low_hz": 0.0, "high_hz": 11025.0, "mel": "slaney"}
    # peaks 81 Hz apart up to 1 kHz: the sixth at 487 Hz; the 25th at 2.8 kHz
    assert low_and_middle_bands(ITEM.request.framing, 22050, mel) == (6, 19)


# --- evidence --------------------------------------------------------------------------------------


def test_spectra_are_those_of_correlations(rng):
    strength = rng.standard_normal((60, 3))
    power, cross = windowed_spectra(strength, 60)
    every, low, middle = (strength * np.hanning(62)[1:-1, None]).T
    for lag in (0, 1, 7, 59):
        r = every[lag:] @ every[: 60 - lag] / (every @ every)
        both = low[lag:] @ middle[: 60 - lag] + middle[lag:] @ low[: 60 - lag]
        assert np.fft.irfft(power)[lag] == pytest.approx(r, abs=1e-12)
        turns = both / 2 / np.sqrt((low @ low) * (middle @ middle))
        assert np.fft.irfft(cross)[lag] == pytest.approx(turns, abs=1e-12)


def test_bands_that_take_turns_at_a_beat_say_so():
    # low on the first of two beats, middle on the second: 120 bpm, of which 60 and 240 are octaves
    beat = FRAME_RATE / 2
    strength = np.zeros((1200, 3))
    on = np.round(np.arange(0, 1199, beat)).astype(int)
    strength[on, 0] = 1.0
    strength[on[::2], 1] = strength[on[1::2], 2] = 1.0
    evidence = tempo_evidence(strength[1:] + strength[:-1], FRAME_RATE)
    half, at, double = (evidence[np.abs(TEMPI / bpm - 1).argmin()] for bpm in (60, 120, 239))
    assert at[TURNS] > 0.5
    assert abs(half[TURNS]) < 0.05
    assert half[HALF_TURNS] > 0.5
    assert abs(at[HALF_TURNS]) < 0.05
    assert abs(double[TURNS]) < 0.05


# --- tempo -----------------------------------------------------------------------------------------


def test_clicks_and_drums_give_their_tempo():
    clicks, drums = [50, 63, 80, 97, 115, 133, 160, 180, 200], [70, 85, 97, 110, 120, 138, 150, 170]
    sounds = [signals.clicks(bpm, 15.0) for bpm in clicks] + [signals.drum_loop(bpm, 15.0) for bpm in drums]
    np.testing.assert_allclose(heard(*sounds)[:, 0], [*clicks, *drums], rtol=0.01)


def test_neither_gain_nor_start_moves_the_tempo():
    loop = signals.drum_loop(97.0, 15.0)
    loud, faint, later = heard(loop, 1e-3 * loop, loop[7000:])
    np.testing.assert_allclose(faint, loud, rtol=1e-3)
    assert later[0] == pytest.approx(97.0, rel=0.01)


def test_clicks_are_surer_than_noise():
    clicks, noise = heard(signals.clicks(110.0, 15.0), signals.white_noise(15.0))[:, 1]
    assert clicks > 0.9
    assert noise < 0.6


@pytest.mark.parametrize("samples", [np.zeros(44100), np.full(44100, 0.3), np.array([0.5]), np.zeros(1)])
def test_what_has_no_onsets_has_no_tempo(samples):
    table = extract([samples.astype(np.float32)], "tactus")
    assert not table.values.any()
    assert "no_tempo" in table.flags[0]


def test_half_a_second_is_the_least_that_has_a_tempo():
    noise = signals.white_noise(1.0)
    tempi = heard(*(noise[:n] for n in (1100, 1400, 2048, 4096, 8192, 11000, 22050)))
    assert not tempi[:-1].any()
    assert 40 <= tempi[-1, 0] <= 240


# --- real clips ------------------------------------------------------------------------------------


@needs_gtzan100
def test_real_clips_have_the_tempo_that_people_tap():
    with (GTZAN100 / "tempo.csv").open(newline="") as file:
        tapped = {row["name"]: float(row["bpm"]) for row in csv.DictReader(file)}
    paths = [GTZAN100 / name.split(".")[0] / f"{name}.wav" for name in tapped]
    ratio = extract(paths, "tactus").values[:, 0] / np.array(list(tapped.values()))
    right = np.abs(ratio - 1) < 0.08
    right_or_related = np.any([np.abs(ratio / k - 1) < 0.08 for k in (1, 2, 1 / 2, 3, 1 / 3)], axis=0)
    # the weights were learnt on these clips, too; cross-validated it is 0.85 and 0.98
    assert right.mean() > 0.8
    assert right_or_related.mean() > 0.95
