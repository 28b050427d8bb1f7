"""Summaries: closed forms of texture windows, and an explicit double loop as oracle."""

import librosa
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.frames import texture as slow_texture
from reference.shape import deltas as slow_deltas

from gtzanfeat.declarations import Framing
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.feature_sets import FeatureItem, FeatureSet
from gtzanfeat.statistics.summaries import STARTS, SUMMARIES, find_summary, running, texture
from gtzanfeat.statistics.tracks import deltas

PAPER = {"window": 43, "start": "valid"}
ALL = {**PAPER, "reach": 2}


def test_a_constant_track_has_its_value_and_no_variance():
    track = np.full((200, 2), [3.3, -1e6], dtype=np.float32)
    for start in STARTS:
        mean, variance = texture(track, {"window": 43, "start": start})
        np.testing.assert_array_equal(mean, track[0])
        np.testing.assert_array_equal(variance, 0)


def test_a_ramp_has_the_variance_of_a_ramp():
    slope, width = 0.25, 43
    track = (slope * np.arange(300, dtype=np.float32))[:, None]
    mean, variance = texture(track, PAPER)
    assert variance[0] == pytest.approx(slope**2 * (width**2 - 1) / 12, rel=1e-9)  # a² · 154
    assert mean[0] == pytest.approx(slope * 299 / 2, rel=1e-9)


def test_a_step_weighs_the_windows_that_see_it():
    """0 for 100 frames, then 1: window mean p, variance p(1 - p), p = share of ones."""
    track = np.repeat(np.array([0, 1], dtype=np.float32), 100)[:, None]
    shares = np.array([max(0, min(43, t + 1 - 100)) / 43 for t in range(42, 200)])
    mean, variance = texture(track, PAPER)
    assert mean[0] == pytest.approx(shares.mean(), rel=1e-12)
    assert variance[0] == pytest.approx((shares * (1 - shares)).mean(), rel=1e-12)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("n_frames", [1, 2, 42, 43, 44, 150])
def test_the_summaries_equal_a_double_loop(start, n_frames, rng):
    track = (1e4 + 10 * rng.standard_normal((n_frames, 3))).astype(np.float32)
    means, variances = slow_texture(track, 43, start)
    params = {"window": 43, "start": start}
    np.testing.assert_allclose(
        texture(track, params), [means.mean(0), variances.mean(0)], rtol=1e-9, atol=1e-12
    )
    spreads = np.sqrt(variances)
    expected = [means.mean(0), spreads.mean(0), means.std(0), spreads.std(0)]
    # a spread over time that is all rounding is compared with the spread of the track
    np.testing.assert_allclose(running(track, params), expected, rtol=1e-6, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 120), st.integers(1, 60), st.sampled_from(sorted(STARTS)), st.floats(-1e3, 1e3))
def test_the_level_of_a_track_moves_means_alone(n_frames, window, start, level):
    track = np.random.default_rng(n_frames).standard_normal((n_frames, 2))
    params = {"window": window, "start": start}
    (mean, variance), (mean2, variance2) = texture(track, params), texture(track + level, params)
    np.testing.assert_allclose(mean2, mean + level, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(variance2, variance, rtol=1e-6, atol=1e-9)
    assert (variance >= 0).all()


def test_a_long_track_does_not_drift():
    """Sliding sums over an hour of frames stay as good as new ones."""
    track = np.random.default_rng(0).normal(5e3, 1e3, (150_000, 1)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(track[:, 0].astype(float), 43)
    mean, variance = texture(track, PAPER)
    assert mean[0] == pytest.approx(windows.mean(1).mean(), rel=1e-10)
    assert variance[0] == pytest.approx(windows.var(1).mean(), rel=1e-10)


@pytest.mark.parametrize("name", [name for name, row in SUMMARIES.items() if row.joint is None])
def test_every_summary_keeps_its_promises(name, rng):
    row = SUMMARIES[name]
    track = rng.standard_normal((60, 4)).astype(np.float32)
    before = track.copy()
    values = row.compute(track, ALL)
    assert values.shape == (len(row.suffixes), 4)
    assert len(row.units) == len(row.formulas) == len(row.suffixes)
    assert all("{}" in formula for formula in row.formulas)
    assert all("{}" in unit or unit in ("1", "share of the clip") for unit in row.units)
    np.testing.assert_array_equal(track, before)
    # columns do not hear each other
    np.testing.assert_allclose(row.compute(track[:, [2]], ALL), values[:, [2]], rtol=1e-12)
    # one frame, and no frame at all (the flux of a clip of one frame), are defined
    assert np.isfinite(row.compute(track[:1], ALL)).all()
    np.testing.assert_array_equal(row.compute(track[:0], ALL), 0)


# --- statistics over the whole clip -------------------------------------------------------------------


def statistic(name, track):
    return find_summary(name).compute(track, ALL)


ORACLES = {
    "mean": lambda x: x.mean(0),
    "std": lambda x: x.std(0),
    "var": lambda x: x.var(0),
    "min": lambda x: x.min(0),
    "max": lambda x: x.max(0),
    "median": lambda x: np.median(x, 0),
    "skewness": lambda x: scipy.stats.skew(x),
    "kurtosis": lambda x: scipy.stats.kurtosis(x, fisher=False),
    "p05": lambda x: np.quantile(x, 0.05, axis=0),
    "p25": lambda x: np.quantile(x, 0.25, axis=0),
    "p75": lambda x: np.quantile(x, 0.75, axis=0),
    "p95": lambda x: np.quantile(x, 0.95, axis=0),
    "iqr": lambda x: scipy.stats.iqr(x, axis=0),
    "max_at": lambda x: x.argmax(0) / (len(x) - 1),
    "min_at": lambda x: x.argmin(0) / (len(x) - 1),
    "slope": lambda x: np.polyfit(np.arange(len(x)), x, 1)[0],
    "slope_error": lambda x: np.sqrt(np.polyfit(np.arange(len(x)), x, 1, full=True)[1] / len(x)),
    "delta_mean": lambda x: librosa.feature.delta(x.T, width=5, mode="nearest").mean(1),
    "delta_std": lambda x: librosa.feature.delta(x.T, width=5, mode="nearest").std(1),
    "delta2_mean": lambda x: slow_deltas(slow_deltas(x, 2), 2).mean(0),
    "delta2_std": lambda x: slow_deltas(slow_deltas(x, 2), 2).std(0),
    "segment_mean": lambda x: x.mean(0),
    "segment_median": lambda x: np.median(x, 0),
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("n_frames", [5, 6, 97])
def test_a_statistic_equals_its_oracle(name, n_frames):
    track = np.random.default_rng(1).gamma(2.0, 3.0, (n_frames, 4)) - 5.0
    np.testing.assert_allclose(statistic(name, track)[0], ORACLES[name](track), rtol=1e-9, atol=1e-12)


def test_a_constant_track_has_no_shape():
    track = np.full((50, 2), [0.1, -3e4], dtype=np.float32)
    names = "std+var+skewness+kurtosis+iqr+max_at+min_at+slope+slope_error+delta_mean+delta_std"
    np.testing.assert_array_equal(statistic(names, track), 0)
    np.testing.assert_array_equal(statistic("mean+min+max+median+p05+p95", track), track[:6])


def test_a_ramp_is_a_straight_line():
    track = (3.0 + 0.5 * np.arange(101))[:, None]
    slope, error, first, last, median = statistic("slope+slope_error+min_at+max_at+median", track)[:, 0]
    assert (slope, median) == pytest.approx((0.5, 28.0))
    assert error == pytest.approx(0.0, abs=1e-12)
    assert (first, last) == (0.0, 1.0)


def test_summaries_are_put_together_by_name():
    track = np.random.default_rng(0).standard_normal((40, 3))
    together = find_summary("mean+p10+texture")
    assert together.suffixes == ("mean", "p10", "tmean", "tvar")
    assert together.units == ("{}", "{}", "{}", "({})²")
    np.testing.assert_array_equal(
        together.compute(track, ALL),
        np.concatenate([statistic(name, track) for name in ("mean", "p10", "texture")]),
    )
    np.testing.assert_allclose(statistic("p10", track)[0], np.quantile(track, 0.1, axis=0))
    assert find_summary("p05") is SUMMARIES["p05"]
    with pytest.raises(UnknownNameError, match=r"unknown summary 'meen'\. .* Did you mean 'mean'\?"):
        find_summary("mean+meen")


def test_a_gaussian_of_one_frame_or_none_is_defined():
    compute = find_summary("gaussian").compute
    np.testing.assert_array_equal(compute(np.ones((1, 2)), {}), [[1, 1, 0, 0, 0]])
    np.testing.assert_array_equal(compute(np.ones((0, 2)), {}), np.zeros((1, 5)))


def test_a_gaussian_is_mean_and_covariance():
    track = np.random.default_rng(4).standard_normal((50, 5)).astype(np.float32)
    values = find_summary("gaussian").compute(track, {})[0]
    np.testing.assert_allclose(values[:5], track.mean(0), atol=1e-6)
    covariance = np.cov(track.T.astype(float), ddof=0)
    np.testing.assert_allclose(values[5:], covariance[np.triu_indices(5)], rtol=1e-6)


def test_the_gaussian_of_thirteen_cepstra_has_104_names():
    chosen = FeatureSet("g", "", (FeatureItem("mfcc", Framing(512, 512), summary="gaussian"),))
    assert len(chosen.columns) == len(set(chosen.columns)) == 104
    assert chosen.columns[:2] == ("mfcc_00_mean", "mfcc_01_mean")
    assert chosen.columns[13:15] == ("mfcc_00_00_cov", "mfcc_00_01_cov")
    assert chosen.columns[-1] == "mfcc_12_12_cov"
    alone = FeatureSet("g", "", (FeatureItem("zcr", Framing(512, 512), summary="gaussian"),))
    assert alone.columns == ("zcr_mean", "zcr_cov")
    with pytest.raises(ValueError, match="it stands alone"):
        find_summary("gaussian+mean")


# --- deltas: row 24 of the test catalogue -------------------------------------------------------------


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_row_24_the_deltas_of_a_ramp_are_its_slope(reach):
    ramp = (7.0 - 0.25 * np.arange(60))[:, None]
    first = deltas(ramp, reach)
    second = deltas(first, reach)
    np.testing.assert_allclose(first[reach:-reach], -0.25, rtol=1e-12)
    np.testing.assert_allclose(second[2 * reach : -2 * reach], 0.0, atol=1e-12)
    np.testing.assert_array_equal(deltas(np.full((60, 2), 0.3), reach), 0.0)


@pytest.mark.parametrize("reach", [1, 2, 4])
@pytest.mark.parametrize("n_frames", [1, 2, 3, 9, 200])
def test_row_24_deltas_equal_their_slow_twin_and_librosas(reach, n_frames):
    track = np.random.default_rng(2).standard_normal((n_frames, 3))
    got = deltas(track, reach)
    np.testing.assert_allclose(got, slow_deltas(track, reach), rtol=1e-12, atol=1e-12)
    width = 2 * reach + 1
    nearest = librosa.feature.delta(track.T, width=width, mode="nearest").T
    np.testing.assert_allclose(got, nearest, rtol=1e-9, atol=1e-12)
    if n_frames > width:
        inner = slice(reach, -reach)
        np.testing.assert_allclose(
            got[inner], librosa.feature.delta(track.T, width=width).T[inner], rtol=1e-9, atol=1e-12
        )


def test_deltas_keep_the_type_and_the_input():
    track = np.random.default_rng(3).standard_normal((20, 2)).astype(np.float32)
    before = track.copy()
    assert deltas(track).dtype == np.float32
    np.testing.assert_array_equal(track, before)
    with pytest.raises(ValueError, match="reach is 0; it must be at least 1 frame"):
        deltas(track, 0)


@pytest.mark.parametrize("start", ["valid", "grow", "prefill"])
def test_texture_of_a_column_does_not_depend_on_the_columns_beside_it(start, rng):
    track = rng.standard_normal((120, 9)).astype(np.float32)
    params = {"window": 43, "start": start}
    alone = np.hstack([running(np.ascontiguousarray(track[:, c : c + 1]), params) for c in range(9)])
    np.testing.assert_array_equal(running(track, params), alone)
