"""Dynamics of a clip: closed forms, the test signals of the EBU, pyloudnorm, slow twins."""

import numpy as np
import pyloudnorm
import pytest
import signals
from reference import dynamics as twin

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.ingredients.k_weighting import k_weighting_sections
from gtzanfeat.ingredients.registry import STREAMS

RATE = 22050
COLUMNS = FEATURE_SETS["dynamics"].columns
FRAME = 256 / RATE


def heard(samples):
    return dict(zip(COLUMNS, extract([samples], "dynamics").values[0].astype(float), strict=True))


def levels(*decibels, seconds=10.0):
    """Build a 1000-Hz sine at one level after the other, in dB of its peak below full scale."""
    return np.concatenate([signals.tone(1000.0, seconds, 10 ** (level / 20)) for level in decibels])


# --- attack, centroid, range, crest, silence -------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0])
def test_a_ramp_is_timed_from_a_fifth_to_nine_tenths(seconds):
    ramp = np.minimum(signals.times(3.0) / seconds, 1.0)
    attack = heard(signals.square_wave(seconds=3.0) * ramp)["dynamics_log_attack_time"]
    assert 10**attack == pytest.approx(0.7 * seconds, abs=1.5 * FRAME)


def test_what_begins_at_once_has_the_shortest_attack():
    assert 10 ** heard(signals.tone())["dynamics_log_attack_time"] == pytest.approx(FRAME, rel=1e-4)


@pytest.mark.parametrize("decay", [0.2, 0.5])
def test_the_centroid_of_a_decay_is_half_its_time_constant(decay):
    samples = signals.square_wave(seconds=5.0) * np.exp(-signals.times(5.0) / decay)
    got = heard(samples)
    assert got["dynamics_temporal_centroid"] == pytest.approx(decay / 2, abs=FRAME / 2)
    assert got["dynamics_temporal_centroid_share"] == pytest.approx(decay / 10, abs=FRAME / 5)


def test_a_steady_sound_has_its_centroid_in_the_middle():
    assert heard(signals.square_wave(seconds=4.0))["dynamics_temporal_centroid_share"] == pytest.approx(
        0.5, abs=1e-4
    )


@pytest.mark.parametrize("down", [6.0, 20.0, 80.0])
def test_the_range_is_from_soft_to_loud_but_60_db_at_most(down):
    samples = signals.square_wave(seconds=4.0)
    samples[len(samples) // 2 :] *= 10 ** (-down / 20)
    got = heard(samples)
    assert got["dynamics_range"] == pytest.approx(min(down, 60.0), abs=1e-3)
    assert got["dynamics_silence"] == pytest.approx(0.5 if down > 60 else 0.0, abs=0.01)


def test_crest_is_that_of_the_clip():
    assert heard(signals.tone(seconds=5.0))["dynamics_crest"] == pytest.approx(
        20 * np.log10(np.sqrt(2)), abs=0.01
    )
    assert heard(signals.square_wave(seconds=5.0))["dynamics_crest"] == pytest.approx(0.0, abs=1e-4)
    one = signals.impulse(256 * 100 / RATE, at=0.1)
    assert heard(one)["dynamics_crest"] == pytest.approx(10 * np.log10(25600), abs=1e-3)


def test_silence_has_defined_numbers():
    got = heard(signals.silence(2.0))
    n_frames = 2 * RATE // 256
    expected = [np.log10(FRAME), n_frames * FRAME / 2, 0.5, 0, 0, 1, 0, 0, -70, 0]
    np.testing.assert_allclose(list(got.values()), expected, rtol=1e-6)


# --- tremolo ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "depth"), [(3.5, 0.5), (5.0, 0.1), (6.3, 0.02), (8.0, 0.9), (11.0, 0.3)])
def test_an_am_tone_has_its_rate_and_depth(rate, depth):
    got = heard(signals.am(signals.tone(440.0, 10.0), rate, depth))
    assert got["tremolo_rate"] == pytest.approx(rate, abs=0.04)
    # an RMS over 12 ms evens out the fastest flutter by 3 %
    assert got["tremolo_extent"] == pytest.approx(depth, rel=0.05)


def test_a_chord_in_noise_has_its_tremolo_too():
    samples = signals.chord([48, 55, 64], 12.0) + signals.white_noise(12.0, 0.01)
    got = heard(signals.am(samples, 5.5, 0.4))
    assert got["tremolo_rate"] == pytest.approx(5.5, abs=0.05)
    assert got["tremolo_extent"] == pytest.approx(0.4, rel=0.05)


def test_neither_vibrato_nor_a_low_note_is_tremolo():
    t = signals.times(10.0)
    vibrato = np.sin(2 * np.pi * 440 * t + 5 * np.sin(2 * np.pi * 6 * t))
    # the level of low notes ripples at twice their frequency, 74 to 98 Hz, which 86 frames per second fold
    low = [signals.tone(hz, 10.0) for hz in (38.9, 41.2, 46.2, 49.0)]
    for samples in (vibrato, *low):
        assert heard(samples)["tremolo_extent"] < 0.06
    assert heard(signals.tone(440.0, 10.0))["tremolo_extent"] < 1e-3


def test_a_slower_or_faster_flutter_is_not_heard():
    for rate in (1.0, 2.0, 20.0):
        assert heard(signals.am(signals.tone(440.0, 10.0), rate, 0.5))["tremolo_extent"] < 0.01


# --- loudness --------------------------------------------------------------------------------------


def test_the_filters_at_48_khz_are_the_tables_of_bs_1770():
    head = [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585]
    bass = [1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(k_weighting_sections(48000), [head, bass], atol=2e-10)


def test_a_rate_too_low_for_the_shelf_is_refused():
    with pytest.raises(GtzanfeatError, match="needs a rate above 3364 Hz; it was given 3000 Hz"):
        k_weighting_sections(3000)


@pytest.mark.parametrize("rate", [22050, 44100])
def test_the_filters_at_other_rates_are_those_of_pyloudnorm(rate):
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")
    theirs = [np.concatenate([f.b, f.a[1:]]) for f in meter._filters.values()]
    np.testing.assert_allclose(k_weighting_sections(rate), theirs, atol=1e-9)
    np.testing.assert_allclose(
        k_weighting_sections(rate), [np.concatenate([b, a[1:]]) for b, a in twin.k_weighting(rate)], atol=1e-9
    )


def test_the_stream_is_the_same_however_it_is_cut():
    samples = signals.white_noise(1.0).astype(np.float32)
    whole, parts = STREAMS["k_weighting"].build(RATE), STREAMS["k_weighting"].build(RATE)
    cut = [parts(part) for part in np.split(samples, [1, 2, 777, 10_000])]
    np.testing.assert_array_equal(whole(samples), np.concatenate(cut))


def test_a_full_scale_sine_of_997_hz_is_3_db_below_0_lufs():
    # the bilinear transform bends the shelf a little at this rate
    assert heard(signals.tone(997.0, 5.0, 1.0))["integrated_loudness"] == pytest.approx(-3.01, abs=0.05)


def test_gain_moves_loudness_by_as_much():
    soft, loud = heard(signals.white_noise(3.0)), heard(10 * signals.white_noise(3.0))
    assert loud["integrated_loudness"] - soft["integrated_loudness"] == pytest.approx(20.0, abs=1e-4)
    assert loud["loudness_range"] == pytest.approx(soft["loudness_range"], abs=1e-4)


@pytest.mark.parametrize("soft", [-36.0, -60.0, -90.0])
def test_soft_passages_are_gated_out(soft):
    steady, between = heard(levels(-23.0, seconds=30.0)), heard(levels(soft, -23.0, -23.0, -23.0, soft))
    assert between["integrated_loudness"] == pytest.approx(steady["integrated_loudness"], abs=0.1)


@pytest.mark.parametrize(
    ("decibels", "expected"),
    [((-20, -30), 10.0), ((-20, -15), 5.0), ((-40, -20), 20.0), ((-50, -35, -20, -35, -50), 15.0)],
)
def test_the_loudness_range_of_the_signals_of_ebu_3342(decibels, expected):
    assert heard(levels(*decibels, seconds=20.0))["loudness_range"] == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize(
    "samples",
    [
        signals.white_noise(5.0),
        signals.drum_loop(100.0, 8.0),
        levels(-20, -45, -30, seconds=3.0),
        signals.chord([40, 64, 90]),
    ],
    ids="noise drums steps chord".split(),
)
def test_integrated_loudness_is_that_of_pyloudnorm(samples):
    # its last block is let in by rounding up to 40 ms past the end: end where blocks of 100 ms do
    samples = samples[: len(samples) // 2205 * 2205]
    theirs = pyloudnorm.Meter(RATE, filter_class="DeMan").integrated_loudness(samples)
    assert heard(samples)["integrated_loudness"] == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("pieces", [(1, 2, 255, 70_000), (131_072,), (100_000, 100_001)])
def test_pieces_of_any_size_give_the_same_bits(pieces):
    samples = signals.drum_loop(100.0, 10.0).astype(np.float32)
    requests = FEATURE_SETS["dynamics"].requests
    whole, cut = Analysis(requests), Analysis(requests)
    whole.push(samples)
    for part in np.split(samples, pieces):
        cut.push(part)
    expected = whole.finish()
    for key, values in cut.finish().items():
        np.testing.assert_array_equal(values, expected[key])


# --- twins -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "samples",
    [signals.am_noise(5.0, 6.0, 0.5), signals.drum_loop(90.0, 8.0), signals.white_noise(1.0)],
    ids="flutter drums short".split(),
)
def test_the_set_equals_its_slow_twins(samples):
    samples = samples[: len(samples) // 2205 * 2205]
    slow = [twin.dynamics(samples), twin.tremolo(samples), [twin.integrated_loudness(samples)]]
    got = list(heard(samples).values())
    np.testing.assert_allclose(got[:9], np.concatenate(slow), rtol=1e-4, atol=1e-5)
    if len(samples) >= 3 * RATE:
        assert got[9] == pytest.approx(twin.loudness_range(samples), abs=1e-4)
