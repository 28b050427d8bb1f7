"""The Rhythm Patterns family: what is heard of loudness, closed forms first, then slow twin and scipy."""

import re

import numpy as np
import pytest
import scipy.stats
import signals
from reference import patterns as slow

from gtzanfeat.declarations import Framing
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.features.rhythm_patterns import median, rhythm_pattern, statistics_over_time
from gtzanfeat.ingredients.psychoacoustics import (
    N_BANDS,
    N_WINDOWS,
    bark_bins,
    equal_loudness_contours,
    phons_from_decibels,
    power_to_decibels,
    sones,
    sonogram,
    spreading_function,
)

RATE = 22050
SEGMENT = 2**17
SEGMENTS = Framing(SEGMENT, SEGMENT, window="none")
WIDTHS = {"ssd": 168, "rh": 60, "rp": 1440, "tssd": 1176, "trh": 420, "mvd": 420}


def analysed(name, samples, piece=None):
    """Return the vector of a set, and the flags of the clip."""
    chosen = feature_set(name)
    analysis = Analysis(chosen.requests)
    samples = np.asarray(samples, dtype=np.float32)
    for start in range(0, len(samples), piece or len(samples)):
        analysis.push(samples[start : start + (piece or len(samples))])
    return chosen.vector(analysis.finish()), analysis.flags()


def vector(name, samples):
    return analysed(name, samples)[0]


def heard(samples, framing=SEGMENTS, rate=RATE):
    """Return the sonogram of one segment, (24, 511)."""
    return sonogram(framing, rate, {})(np.asarray(samples[None, : framing.length], dtype=np.float32))[0]


def phons(levels):
    """Loudness levels of decibels, (24, n)."""
    levels = np.asarray(levels, dtype=np.float32)
    out = np.empty_like(levels)
    phons_from_decibels(levels, equal_loudness_contours().astype(np.float32), out)
    return out


# --- the ear -----------------------------------------------------------------------------------------


def test_every_bin_belongs_to_one_band():
    first = bark_bins(512, RATE)
    assert first[0] == 0
    assert first[-1] == 257
    assert (np.diff(first) >= 0).all()
    hertz = np.arange(257) * RATE / 512
    for b, upper in enumerate(slow.UPPER_HZ):
        inside = hertz[first[b] : first[b + 1]]
        assert (inside < upper).all()
        assert b == 0 or (inside >= slow.UPPER_HZ[b - 1]).all()
    assert first[23] == first[24]  # nothing above half the rate


def test_masking_falls_by_10_decibels_per_band_upwards_and_by_25_downwards():
    level = 10 * np.log10(spreading_function())
    np.testing.assert_allclose(np.diag(level), 0, atol=0.01)
    assert level[23, 0] - level[22, 0] == pytest.approx(-10, abs=0.05)
    assert level[0, 23] - level[0, 22] == pytest.approx(-25, abs=0.05)


def test_a_level_on_a_contour_is_that_many_phon():
    np.testing.assert_allclose(phons(equal_loudness_contours()), np.tile(slow.PHON, (N_BANDS, 1)), rtol=1e-6)


def test_levels_below_the_contours_are_3_phon_and_above_them_go_on():
    marks = equal_loudness_contours()
    beyond = np.stack([marks[:, 0] - 30, marks[:, 0], 2 * marks[:, 5] - marks[:, 4]], axis=1)
    np.testing.assert_allclose(phons(beyond), np.tile([3, 3, 120], (N_BANDS, 1)), rtol=1e-5)


def test_loudness_is_that_of_rp_extract():
    """The intermediate values that its source prints for the lowest three bands of its example."""
    decibel = np.zeros((N_BANDS, 3))
    decibel[:3] = [
        [41.13209498, 35.33531736, 39.42995333],
        [50.03087564, 44.40950878, 44.34085502],
        [56.30156848, 54.19191059, 46.38709903],
    ]
    phon = [
        [25.90299283, 17.82310731, 23.4713619],
        [47.03087564, 41.40950878, 41.34085502],
        [55.02273887, 52.91308099, 45.10826943],
    ]
    sone = [
        [0.31726931, 0.11815598, 0.24452297],
        [1.62798518, 1.10263162, 1.09739697],
        [2.83288863, 2.44749871, 1.42486669],
    ]
    levels = phons(decibel)[:3]
    np.testing.assert_allclose(levels, phon, rtol=1e-6)
    np.testing.assert_allclose(sones(levels), sone, rtol=2e-6)


def test_decibels_and_sones_follow_their_laws():
    np.testing.assert_allclose(
        power_to_decibels(np.array([0.0, 0.5, 1.0, 10.0, 1e6])), [0, 0, 0, 10, 60], atol=1e-12
    )
    np.testing.assert_allclose(sones(np.array([20.0, 40.0, 50.0, 90.0])), [0.5**2.642, 1, 2, 32])


def test_ten_decibels_more_are_twice_as_loud():
    """At 1 kHz, between 40 and 80 dB."""
    band = slow.UPPER_HZ.index(1080)
    tone = signals.tone(1000.0, 6.0, 0.01)
    soft, loud = heard(tone)[band], heard(tone * np.sqrt(10))[band]
    assert 1 < soft.mean() < 8
    np.testing.assert_allclose(loud / soft, 2.0, rtol=1e-4)


def test_a_tone_is_loudest_in_its_band():
    for hertz, band in [(150, 1), (460, 4), (1000, 8), (2500, 14), (6000, 19)]:
        assert heard(signals.tone(float(hertz), 6.0)).mean(axis=1).argmax() == band


@pytest.mark.parametrize("length", [1024, 2**16, 2**17])
def test_a_segment_of_any_proper_length_has_511_windows(length):
    out = heard(signals.white_noise(6.0), Framing(length, length, window="none"))
    assert out.shape == (N_BANDS, N_WINDOWS)
    assert np.isfinite(out).all()


def test_a_segment_that_cannot_be_cut_is_refused():
    with pytest.raises(GtzanfeatError, match="multiple of 1024 samples, not of 100000"):
        sonogram(Framing(100_000, 100_000), RATE, {})


# --- statistics and patterns -------------------------------------------------------------------------


def test_the_seven_statistics_are_those_of_scipy(rng):
    sonograms = rng.gamma(2.0, 3.0, (2, 24, 511)).astype(np.float32)
    out = np.full((2, 168), np.nan, dtype=np.float32)
    statistics_over_time(sonograms, out)
    x = sonograms.astype(np.float64)
    expected = [
        x.mean(axis=2),
        x.var(axis=2),
        scipy.stats.skew(x, axis=2),
        scipy.stats.kurtosis(x, axis=2, fisher=False),
        np.median(x, axis=2),
        x.min(axis=2),
        x.max(axis=2),
    ]
    np.testing.assert_allclose(out.reshape(2, 7, 24), np.stack(expected, axis=1), rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 24, 511])
def test_the_median_is_that_of_numpy_whatever_the_order(rng, n):
    room = np.empty(n, dtype=np.float32)
    for row in (rng.normal(size=n), np.arange(n), -np.arange(n), np.zeros(n), rng.integers(0, 3, n)):
        row = row.astype(np.float32)
        assert median(row, room) == np.median(row)


def test_a_steady_band_has_no_variance_and_no_shape():
    sonograms = np.full((1, 24, 511), 3.3, dtype=np.float32)
    sonograms[0, 1, ::2] *= np.float32(1 + 2e-7)  # rounding
    out = np.empty((1, 168), dtype=np.float32)
    statistics_over_time(sonograms, out)
    mean, variance, skewness, kurtosis, median, lowest, highest = out.reshape(7, 24)
    for level in (mean, median, lowest, highest):
        np.testing.assert_allclose(level, 3.3, rtol=1e-6)
    assert not variance.any()
    assert not skewness.any()
    assert not kurtosis.any()


@pytest.mark.parametrize("hertz", [2, 4, 7])
def test_noise_that_pulses_is_found_at_its_pulse(hertz):
    samples = signals.am_noise(hertz, 30.0)
    place = round(hertz * SEGMENT / RATE) - 1
    assert place == {2: 11, 4: 23, 7: 41}[hertz]
    assert vector("rh", samples).argmax() == place
    assert feature_set("rh").columns[place] == f"rh_m{place + 1:02d}"
    by_band = vector("rp", samples).reshape(60, 24)
    assert (by_band.argmax(axis=0) == place).all()


def test_a_band_that_pulses_is_found_in_its_place():
    samples = signals.am(signals.tone(2500.0, 12.0, 0.1), 3.0) + signals.tone(250.0, 12.0, 0.1)
    best = feature_set("rp").columns[int(vector("rp", samples).argmax())]
    assert best == "rp_b15_m18"  # 2320 to 2700 Hz; 3 Hz / 0.1682 Hz = 17.8


def test_rhythm_patterns_summed_over_bands_are_the_weighted_histogram():
    samples = signals.drum_loop(110.0, 6.0)
    hertz = np.arange(1, 61) * RATE / SEGMENT
    weight = 1 / (hertz / 4 + 4 / hertz)
    assert weight.max() == pytest.approx(0.5, abs=1e-4)
    total = vector("rp", samples).reshape(60, 24).sum(axis=1)
    np.testing.assert_allclose(total, weight * vector("rh", samples), rtol=1e-5)


def test_a_pattern_is_read_modulation_by_modulation():
    modulation = np.arange(24 * 60, dtype=np.float32).reshape(1, 24, 60)
    out = np.empty((1, 1440), dtype=np.float32)
    rhythm_pattern(modulation, np.ones(60, dtype=np.float32), out)
    np.testing.assert_array_equal(out[0], modulation[0].ravel(order="F"))


# --- clips -------------------------------------------------------------------------------------------


def clip(seconds):
    """Pulsing noise, drums and a chord, each coming in later than the other."""
    samples = signals.drum_loop(100.0, seconds) + signals.am_noise(3.0, seconds, amplitude=0.02)
    samples[len(samples) // 2 :] += signals.chord([60, 64, 67], seconds)[len(samples) // 2 :]
    return samples.astype(np.float32)


@pytest.fixture(scope="module")
def twins():
    return {seconds: slow.clip_vectors(clip(seconds)) for seconds in (2.5, 19.0)}


@pytest.mark.parametrize("seconds", [2.5, 19.0])
@pytest.mark.parametrize("name", WIDTHS)
def test_a_set_equals_its_slow_twin(name, seconds, twins):
    ours, twin = vector(name, clip(seconds)), twins[seconds][name]
    assert ours.shape == twin.shape == (WIDTHS[name],)
    # float32 sonograms; differences of almost equal segments lose more, shapes of them most
    np.testing.assert_allclose(ours, twin, rtol=1e-3, atol=1e-4)


def test_columns_are_named_and_ordered_as_in_rp_extract():
    names = {name: feature_set(name).columns for name in WIDTHS}
    for name, columns in names.items():
        assert len(columns) == len(set(columns)) == WIDTHS[name]
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in columns)
    assert names["ssd"][:2] == ("ssd_b01_mean", "ssd_b02_mean")
    assert names["ssd"][24::24] == tuple(
        f"ssd_b01_{statistic}" for statistic in ("var", "skewness", "kurtosis", "median", "min", "max")
    )
    assert names["rh"] == tuple(f"rh_m{m:02d}" for m in range(1, 61))
    assert names["rp"][:2] == ("rp_b01_m01", "rp_b02_m01")
    assert names["rp"][-1] == "rp_b24_m60"
    assert names["tssd"][:2] == ("ssd_b01_mean_mean", "ssd_b02_mean_mean")
    assert names["tssd"][168] == "ssd_b01_mean_var"
    assert names["trh"][60] == "rh_m01_var"
    assert names["mvd"][:2] == ("mvd_m01_mean", "mvd_m02_mean")


def test_an_empty_band_has_no_noise_of_cancellation_in_tssd():
    """The last critical band, into which a faint low tone does not spread: every deviation of it is 0."""
    faint = signals.tone(200.0, 25.0, amplitude=0.02) * np.linspace(0.5, 1.0, 25 * RATE)
    values = dict(zip(feature_set("tssd").columns, vector("tssd", faint), strict=True))
    assert values["ssd_b02_mean_var"] > 0
    last = {name: value for name, value in values.items() if name.startswith("ssd_b24_")}
    over_segments = re.compile(r".*_(var|skewness|kurtosis)$")
    over_time = re.compile(r"ssd_b24_(var|skewness|kurtosis)_")
    assert len(last) == 49
    assert all(
        (value == 0) == bool(over_segments.match(k) or over_time.match(k)) for k, value in last.items()
    )


def test_silence_has_no_rhythm_and_no_shape():
    silence = signals.silence(12.0)
    # what is left is the threshold of hearing of 511 windows in a transform of 512
    assert vector("rh", silence).max() < 3e-4
    assert vector("rp", silence).max() < 3e-5
    mean, variance, skewness, kurtosis, median, lowest, highest = vector("ssd", silence).reshape(7, 24)
    assert not variance.any()
    assert not skewness.any()
    assert not kurtosis.any()
    # 3 phon, but for the bands where the ear hears less than 0 dB
    np.testing.assert_allclose(mean[:12], (3 / 40) ** 2.642, rtol=1e-5)
    for level in (median, lowest, highest):
        np.testing.assert_allclose(level, mean, rtol=1e-6)


def test_a_constant_has_no_shape_either():
    _, variance, skewness, kurtosis, *_ = vector("ssd", signals.dc(6.0)).reshape(7, 24)
    assert not variance.any()
    assert not skewness.any()
    assert not kurtosis.any()


@pytest.mark.parametrize("name", ["ssd", "rp"])
def test_a_clip_shorter_than_a_segment_is_padded_and_flagged(name):
    short = clip(2.5)
    padded = np.concatenate([short, np.zeros(SEGMENT - len(short), dtype=np.float32)])
    (values, flags), (same, none) = analysed(name, short), analysed(name, padded)
    np.testing.assert_array_equal(values, same)
    assert "padded_131072" in flags
    assert "padded_131072" not in none


def test_a_rest_shorter_than_a_segment_is_not_heard():
    samples = clip(11.0)
    np.testing.assert_array_equal(vector("ssd", samples), vector("ssd", samples[:SEGMENT]))


@pytest.mark.parametrize("name", WIDTHS)
def test_the_numbers_do_not_depend_on_how_the_sound_arrives(name):
    samples = clip(12.5)
    whole = vector(name, samples)
    for piece in (1000, 100_000):
        np.testing.assert_array_equal(analysed(name, samples, piece)[0], whole)
