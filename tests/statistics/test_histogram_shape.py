"""The shapes of histograms, of beats and of notes: closed forms, scipy, laws of transposition, slow twins."""

import numpy as np
import pytest
import scipy.stats
import signals
from reference import distributions as twin
from reference import pitch as slow_pitch
from reference import rhythm as slow_rhythm

from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.beat_histogram import beat_shape
from gtzanfeat.features.pitch_histograms import pitch_shape
from gtzanfeat.statistics.histogram_shape import shape_statistics


def beats(**amplitudes):
    """Build a beat histogram: beats(at_120=3.0)."""
    histogram = np.zeros(161)
    for name, amplitude in amplitudes.items():
        histogram[int(name.removeprefix("at_")) - 40] = amplitude
    return histogram


def notes(*midi):
    """Build an unfolded pitch histogram with 1 at each note."""
    histogram = np.zeros(128)
    histogram[list(midi)] = 1.0
    return histogram


def of_beats(histogram):
    return dict(zip(FEATURE_SETS["beat-shape"].columns, beat_shape(histogram, 1, {}), strict=False))


def of_notes(histogram):
    return dict(zip(FEATURE_SETS["pitch-shape"].columns, pitch_shape(histogram, 1, {}), strict=False))


# --- any histogram ---------------------------------------------------------------------------------


def test_one_bin_is_all_there_is():
    np.testing.assert_allclose(
        shape_statistics(np.eye(1, 100, 30)[0], np.arange(100)),
        [30, 0, 0, 0, 0, 1, 100],
        rtol=1e-9,
    )


def test_a_flat_histogram_is_flat():
    n = 100
    expected = [(n - 1) / 2, np.sqrt((n * n - 1) / 12), 0, (3 * n * n - 7) / (5 * (n * n - 1)) * 3, 1, 1, 1]
    np.testing.assert_allclose(
        shape_statistics(np.full(n, 7.0), np.arange(n)), expected, rtol=1e-4, atol=1e-9
    )


def test_moments_are_those_of_the_items_counted(rng):
    counts = rng.integers(0, 9, 50)
    items = np.repeat(np.arange(50), counts)
    got = shape_statistics(counts.astype(float), np.arange(50))
    expected = [items.mean(), items.std(), scipy.stats.skew(items), scipy.stats.kurtosis(items, fisher=False)]
    np.testing.assert_allclose(got[:4], expected, rtol=1e-9)
    assert got[4] == pytest.approx(scipy.stats.entropy(counts) / np.log(50), rel=1e-12)


def test_an_empty_histogram_has_no_shape():
    assert not shape_statistics(np.zeros(12), np.arange(12)).any()
    assert not beat_shape(np.zeros(161), 1, {}).any()
    assert not pitch_shape(np.zeros(128), 1, {}).any()


# --- beats -----------------------------------------------------------------------------------------


def test_two_tempi_of_equal_strength():
    got = of_beats(beats(at_60=2.0, at_120=2.0))
    assert got["beat_shape_centroid"] == pytest.approx(90.0)
    assert got["beat_shape_spread"] == pytest.approx(30.0)
    assert got["beat_shape_kurtosis"] == pytest.approx(1.0)
    assert got["beat_shape_entropy"] == pytest.approx(np.log(2) / np.log(161))
    assert got["beat_shape_crest"] == pytest.approx(161 / 2)


@pytest.mark.parametrize(
    ("histogram", "expected"),
    [
        (beats(at_40=1.0), 1),
        (beats(at_200=1.0, at_40=0.5), 2),
        (beats(at_100=1.0, at_104=0.5), 1),
        (beats(at_100=1.0, at_105=0.5), 2),
        (beats(at_100=1.0, at_101=1.0), 1),
        (beats(at_100=1.0, at_150=0.09), 1),
    ],
)
def test_peaks_are_5_bpm_apart_and_a_tenth_high(histogram, expected):
    assert of_beats(histogram)["beat_shape_peaks"] == expected


def test_clicks_have_one_tempo_and_drums_more():
    clicks = extract([signals.clicks(120.0, 12.0)], "beat-shape").values[0]
    drums = extract([signals.drum_loop(100.0, 12.0)], "beat-shape").values[0]
    assert clicks[0] == pytest.approx(120.0, abs=1.0)
    assert clicks[1] < 2.0
    assert (clicks[7], drums[7]) == (1, 2)
    assert drums[4] > clicks[4]


# --- notes -----------------------------------------------------------------------------------------


def test_a_scale_has_as_many_classes_as_it_has_degrees():
    major = of_notes(notes(60, 62, 64, 65, 67, 69, 71, 72))
    pentatonic = of_notes(notes(60, 62, 64, 67, 69))
    chromatic = of_notes(notes(*range(60, 72)))
    classes = [got["pitch_shape_folded_classes"] for got in (major, pentatonic, chromatic)]
    assert classes == [7, 5, 12]
    assert major["pitch_shape_unfolded_notes"] == 8
    assert chromatic["pitch_shape_folded_entropy"] == pytest.approx(1.0)
    # what is spread all around the circle stands nowhere; five neighbours stand at the middle one, D
    assert np.hypot(chromatic["pitch_shape_fifths_cos"], chromatic["pitch_shape_fifths_sin"]) < 1e-12
    angle = np.arctan2(pentatonic["pitch_shape_fifths_sin"], pentatonic["pitch_shape_fifths_cos"])
    assert angle * 12 / (2 * np.pi) == pytest.approx(2.0)


@pytest.mark.parametrize("step", [1, 5, 12])
def test_transposition_moves_the_centroid_and_turns_the_circle_and_no_more(rng, step):
    histogram = np.zeros(128)
    histogram[40:90] = rng.random(50) ** 3
    got, moved = of_notes(histogram), of_notes(np.roll(histogram, step))
    turn = np.exp(2j * np.pi * 7 * step / 12)
    place = got.pop("pitch_shape_fifths_cos") + 1j * got.pop("pitch_shape_fifths_sin")
    there = moved.pop("pitch_shape_fifths_cos") + 1j * moved.pop("pitch_shape_fifths_sin")
    assert there == pytest.approx(place * turn)
    got["pitch_shape_unfolded_centroid"] += step
    assert moved == pytest.approx(got)


def test_the_interval_is_on_the_circle_too():
    fifth = of_notes(2 * notes(60) + notes(67))
    fourth = of_notes(notes(60) + 2 * notes(67))
    alone = of_notes(notes(60))
    for got, angle in ((fifth, 1), (fourth, -1), (alone, 0)):
        assert got["pitch_shape_ipo1_cos"] == pytest.approx(np.cos(2 * np.pi * angle / 12))
        assert got["pitch_shape_ipo1_sin"] == pytest.approx(np.sin(2 * np.pi * angle / 12))


# --- twins -----------------------------------------------------------------------------------------


def test_the_functions_equal_their_slow_twins(rng):
    for sparse in (0.0, 0.6, 0.95):
        histogram = rng.random(161) * (rng.random(161) >= sparse)
        np.testing.assert_allclose(beat_shape(histogram, 1, {}), twin.beat_shape(histogram), rtol=1e-9)
        histogram = rng.random(128) * (rng.random(128) >= sparse)
        np.testing.assert_allclose(
            pitch_shape(histogram, 1, {}), twin.pitch_shape(histogram), rtol=1e-9, atol=1e-12
        )


def test_the_sets_equal_the_slow_twins_of_the_histograms():
    samples = signals.drum_loop(110.0, 7.0) + signals.progression(60, 1.75)[: 7 * signals.RATE]
    histogram = slow_rhythm.beat_histogram(samples)
    got = extract([samples], "beat-shape").values[0]
    np.testing.assert_allclose(got[:8], twin.beat_shape(histogram), rtol=5e-3)
    assert got[8] == pytest.approx(histogram.sum() / len(slow_rhythm.beat_windows(samples)), rel=5e-3)
    unfolded = slow_pitch.pitch_histogram(samples)
    got = extract([samples], "pitch-shape").values[0]
    np.testing.assert_allclose(got[:16], twin.pitch_shape(unfolded), rtol=5e-3, atol=2e-3)
