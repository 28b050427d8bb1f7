"""Block-level features: what closed forms say of them."""

import numpy as np
import pytest
import signals
from reference import blocks

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.features import FEATURES
from gtzanfeat.features.block_level import N_BANDS, N_CORRELATED, interpolating_filters, modulation_filters

RATE = 22050
FRAMES = Framing(2048, 512, window="hann")
CENTRES = RATE / 2 * 2.0 ** ((np.arange(N_BANDS) - N_BANDS) / 12)
RATES = 10 * 2.0 ** ((np.arange(37) - 36) / 6)


def hear(feature, samples):
    request = Request(feature, FRAMES)
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key]


def of_track(feature, track):
    return FEATURES[feature].compute(
        np.asarray(track, dtype=np.float32), len(track), {"frame_rate": RATE / 512}
    )


# --- the spectrum ---------------------------------------------------------------------------------------


def test_filters_have_unit_sum_and_hear_their_own_centre_best():
    filters = interpolating_filters(CENTRES, 2 ** (1 / 12), 1025, RATE / 2048)
    np.testing.assert_allclose(filters.sum(axis=1), 1.0, rtol=1e-6)
    assert (filters >= 0).all()
    heard = (filters * np.arange(1025) * RATE / 2048).sum(axis=1)
    np.testing.assert_allclose(heard, CENTRES, rtol=0.02)  # a semitone is 6 %
    rates = modulation_filters(RATE / 512)
    np.testing.assert_allclose(rates.sum(axis=0), 1.0, rtol=1e-6)


@pytest.mark.parametrize("band", [20, 40, 60, 80, 95])
def test_a_tone_is_loudest_in_its_band(band):
    levels = hear("cent_spectrum", signals.tone(CENTRES[band], 1.0))
    assert (levels.argmax(axis=1) == band).all()


def test_ten_times_as_loud_is_20_db_and_silence_is_the_floor(rng):
    noise = 0.01 * rng.standard_normal(RATE)
    soft, loud = hear("cent_spectrum", noise), hear("cent_spectrum", 10 * noise)
    np.testing.assert_allclose(loud - soft, 20.0, atol=1e-3)
    np.testing.assert_allclose(hear("cent_spectrum", np.zeros(RATE)), -60.0, atol=1e-4)


# --- patterns -------------------------------------------------------------------------------------------


def test_what_stands_still_has_levels_and_nothing_else(rng):
    track = np.tile(rng.normal(size=N_BANDS), (600, 1))
    levels = of_track("spectral_pattern", track).reshape(N_BANDS, 10)
    np.testing.assert_allclose(levels, (track[0] - track.mean())[:, None].repeat(10, 1), atol=1e-5)
    for feature in ("delta_pattern", "fluctuation_pattern", "correlation_pattern"):
        np.testing.assert_allclose(of_track(feature, track), 0.0, atol=1e-5)


def test_order_within_blocks_of_levels_does_not_count_but_their_number_does(rng):
    """One frame in five at 20 dB: of ten sorted frames two are loud, in whatever order."""
    for pattern in ([1, 0, 0, 0, 0], [0, 0, 1, 0, 0]):
        track = np.tile(20.0 * np.array(pattern), 40)[:, None].repeat(N_BANDS, 1)
        levels = of_track("spectral_pattern", track).reshape(N_BANDS, 10)
        np.testing.assert_allclose(levels, [[-4.0] * 8 + [16.0] * 2] * N_BANDS, atol=1e-5)


def test_a_rise_counts_for_three_frames_and_a_fall_for_none():
    track = np.zeros((200, N_BANDS))
    track[100:, 7] = 12.0
    rises = of_track("delta_pattern", track)[: N_BANDS * 14].reshape(N_BANDS, 14)
    assert not np.delete(rises, 7, axis=0).any()
    np.testing.assert_allclose(rises[7], [0.0] * 11 + [12.0] * 3)  # 5 of 36 blocks have it: above rank 90
    assert not of_track("delta_pattern", track[::-1]).any()


def test_variance_of_rises_is_that_over_blocks():
    track = np.zeros((25, N_BANDS))
    assert not of_track("delta_pattern", track)[N_BANDS * 14 :].any()
    track = np.zeros((200, N_BANDS))
    track[100:, 7] = 12.0
    varied = of_track("delta_pattern", track)[N_BANDS * 14 :].reshape(N_BANDS, 14)
    share = 5 / 36
    np.testing.assert_allclose(varied[7, -1], 144 * share * (1 - share), rtol=1e-6)


@pytest.mark.parametrize("place", [12, 24, 36])
def test_fluctuation_is_found_at_its_rate(place):
    t = np.arange(1200) * 512 / RATE
    track = np.zeros((1200, N_BANDS))
    track[:, 30] = 6.0 * np.sin(2 * np.pi * RATES[place] * t)
    pattern = of_track("fluctuation_pattern", track).reshape(N_BANDS, 37)
    assert pattern[30].argmax() == place
    assert not np.delete(pattern, 30, axis=0).any()


def test_fluctuation_of_a_whole_number_of_waves_has_its_amplitude():
    """A wave on one bin: its share of a triangle, of which the sum over neighbouring rates is known."""
    track = np.zeros((512, N_BANDS))
    track[:, 0] = 6.0 * np.cos(2 * np.pi * 60 * np.arange(512) / 512)
    pattern = of_track("fluctuation_pattern", track).reshape(N_BANDS, 37)[0]
    np.testing.assert_allclose(pattern, 6.0 * modulation_filters(RATE / 512)[60], atol=1e-4)


def test_correlation_is_one_for_what_moves_together_and_minus_one_for_what_moves_against(rng):
    track = np.tile(rng.normal(size=600)[:, None], (1, N_BANDS))
    pairs = np.triu_indices(N_CORRELATED, 1)
    np.testing.assert_allclose(of_track("correlation_pattern", track), 1.0, atol=1e-5)
    track[:, -1] *= -2.0  # which is the last of the 52, alone
    np.testing.assert_allclose(
        of_track("correlation_pattern", track), np.where(pairs[1] == 51, -1.0, 1.0), atol=1e-5
    )
    track[:, -1] = 3.0
    np.testing.assert_allclose(
        of_track("correlation_pattern", track), np.where(pairs[1] == 51, 0.0, 1.0), atol=1e-5
    )


def test_contrast_is_the_difference_of_neighbours():
    track = np.zeros((200, N_BANDS))
    track[:, 2] = 30.0  # among the first five
    contrast = of_track("contrast_pattern", track).reshape(20, 40)
    np.testing.assert_allclose(contrast[0], 30.0)
    assert not contrast[1:].any()


PATTERNS = ("spectral", "delta", "fluctuation", "correlation", "contrast")


@pytest.mark.parametrize("name", PATTERNS)
def test_many_blocks_are_summarised_as_by_the_slow_twin(name, rng):
    track = np.cumsum(rng.normal(size=(1100, N_BANDS)), axis=0).astype(
        np.float32
    )  # 5 blocks of the longest kind
    twin = getattr(blocks, f"{name}_pattern")(track.astype(np.float64))
    np.testing.assert_allclose(of_track(f"{name}_pattern", track), twin, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 2048, 5000, 40_000])
def test_short_clips_have_finite_numbers(n_samples, rng):
    assert np.isfinite(extract([0.1 * rng.standard_normal(n_samples)], "block-level").values).all()


def test_the_set_has_some_9500_columns():
    assert len(feature_set("block-level").columns) == 970 + 2 * 1358 + 3589 + 1326 + 800
