"""Summaries: closed forms of texture windows, and an explicit double loop as oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.frames import texture as slow_texture

from gtzanfeat.summaries import STARTS, SUMMARIES, running, texture

PAPER = {"window": 43, "start": "valid"}


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


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_summary_keeps_its_promises(name, rng):
    row = SUMMARIES[name]
    track = rng.standard_normal((60, 4)).astype(np.float32)
    before = track.copy()
    values = row.compute(track, PAPER)
    assert values.shape == (len(row.suffixes), 4)
    assert len(row.units) == len(row.formulas) == len(row.suffixes)
    assert all("{}" in text for text in row.units + row.formulas)
    np.testing.assert_array_equal(track, before)
    # columns do not hear each other
    np.testing.assert_allclose(row.compute(track[:, [2]], PAPER), values[:, [2]], rtol=1e-12)
    # one frame, and no frame at all (the flux of a clip of one frame), are defined
    assert np.isfinite(row.compute(track[:1], PAPER)).all()
    np.testing.assert_array_equal(row.compute(track[:0], PAPER), 0)
