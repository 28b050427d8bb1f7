"""Periodicity: the enhancement as it is published, step by step, and peaks found by looking everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import periodicity as slow

from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients.periodicity import (
    enhance_lanes,
    enhanced_peaks,
    find_enhanced_peaks,
    stretched_lags,
)
from gtzanfeat.jit.lanes import LANES

curves = arrays(np.float32, st.integers(4, 150), elements=st.floats(-1, 1, width=32))
factor_sets = st.sets(st.integers(2, 16), max_size=15).map(sorted)


def enhanced(r, factors, keep_lobe=False, n=None):
    """The first `n` lags, by default all, of a curve enhanced."""
    n = n or len(r)
    clipped, out = (np.full((m, LANES), np.nan, dtype=np.float32) for m in (n + 1, n))
    rows = among_others(r)
    enhance_lanes(rows, 0, *stretched_lags(tuple(factors), n), keep_lobe, clipped.ravel(), out.ravel())
    return out[:, LANE].copy()


LANE = 5


def among_others(r):
    """A curve in a lane of its own, beside others."""
    rows = np.cos(np.outer(np.arange(LANES), np.arange(len(r)))).astype(np.float32)
    rows[LANE] = r
    return rows


def series(period, n=120):
    """Equal peaks, one bin wide, at every multiple of a period, and something at lag 0."""
    r = np.full(n, -0.1, dtype=np.float32)
    r[::period] = 1.0
    return r


# --- enhancement --------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(curves, factor_sets, st.booleans())
def test_enhancing_is_the_published_procedure(r, factors, keep_lobe):
    """Clip, subtract the curve stretched by one factor after the other, and clip each time."""
    expected = slow.enhance(r.astype(float), factors, drop_lobe=not keep_lobe)
    # up to 15 subtractions of numbers up to 1, in float32
    np.testing.assert_allclose(enhanced(r, factors, keep_lobe), expected, atol=5e-6)


@settings(max_examples=100, deadline=None)
@given(curves, factor_sets, st.booleans())
def test_enhancing_adds_nothing_and_leaves_nothing_negative(r, factors, keep_lobe):
    before = r.copy()
    e = enhanced(r, factors, keep_lobe)
    assert (e >= 0).all()
    assert (e <= np.maximum(r, 0)).all()
    # more factors leave less
    assert (enhanced(r, [*factors, 17], keep_lobe) <= e).all()
    np.testing.assert_array_equal(r, before)


@settings(max_examples=100, deadline=None)
@given(curves, factor_sets, st.booleans(), st.data())
def test_the_beginning_of_a_curve_does_not_hang_on_its_end(r, factors, keep_lobe, data):
    """Nothing beyond a lag is needed to enhance up to it, so the rest is left out."""
    n = data.draw(st.integers(3, len(r)))
    whole, part = enhanced(r, factors, keep_lobe), enhanced(r, factors, keep_lobe, n)
    np.testing.assert_allclose(part[:-1], whole[: n - 1], atol=1e-6)


def test_stretching_says_where_a_fraction_of_a_lag_falls():
    factors = (2, 3, 4, 5, 16)
    before, share = stretched_lags(factors, 500)
    assert before.shape == share.shape == (500, 5)
    np.testing.assert_allclose(before + share, np.arange(500)[:, None] / factors, rtol=1e-6)
    assert (share >= 0).all()
    assert (share < 1).all()


@pytest.mark.parametrize("period", [7, 11, 20, 31])
def test_of_equal_peaks_the_first_is_left(period):
    r = series(period)
    largest = len(r) // period
    e = enhanced(r, range(2, largest + 1))
    assert np.flatnonzero(e).tolist() == [period]
    assert e[period] == 1.0


@pytest.mark.parametrize(
    ("factors", "left"), [((), [20, 40, 60, 80, 100]), ((2,), [20, 60, 100]), ((2, 3), [20, 100])]
)
def test_what_no_factor_reaches_survives(factors, left):
    assert np.flatnonzero(enhanced(series(20), factors)).tolist() == left


def test_between_lags_the_stretched_curve_is_interpolated():
    r = np.array([1, -1, 0.8, 0.4, 1, 1, 1, 1], dtype=np.float32)
    # q(4/2) = .8, q(5/2) = .6, q(6/2) = .4, q(7/2) = .7
    np.testing.assert_allclose(enhanced(r, (2,))[4:], [0.2, 0.4, 0.6, 0.3], atol=1e-6)


def test_the_lobe_goes_unless_it_is_kept():
    r = np.array([1, 0.6, 0.2, 0.0, 0.5, 0.7, 0.5], dtype=np.float32)
    np.testing.assert_array_equal(enhanced(r, ()), [0, 0, 0, 0, *r[4:]])
    np.testing.assert_array_equal(enhanced(r, (), keep_lobe=True), r)
    # stretched by 2 the lobe reaches lag 5: q(4/2) = .2, q(5/2) = .1
    np.testing.assert_allclose(enhanced(r, (2,), keep_lobe=True)[4:], [0.3, 0.6, 0.5], atol=1e-6)
    assert not enhanced([1, 0.9, 0.8, 0.7], ()).any()  # a curve that never comes down is all lobe


# --- peaks --------------------------------------------------------------------------------------------


def found(r, count=3, span=(1, 10_000), radius=1, refine=False, factors=(), keep_lobe=True):
    """Lags and amplitudes of the peaks of one curve."""
    out = np.full((LANES, count, 2), np.nan, dtype=np.float32)
    stretched = stretched_lags(tuple(factors), min(span[1] + radius + 1, len(r)))
    find_enhanced_peaks(among_others(r), *stretched, keep_lobe, *span, radius, refine, out)
    return out[LANE, :, 0].tolist(), out[LANE, :, 1].tolist()


@pytest.mark.parametrize(
    ("e", "lag", "radius", "expected"),
    [
        ([0, 1, 0], 1, 1, True),
        ([1, 1, 0], 1, 1, False),  # not above its left
        ([0, 1, 1, 0], 1, 1, True),  # the left end of a plateau
        ([0, 1, 1, 0], 2, 1, False),
        ([-2, -1, -2], 1, 1, False),  # not positive
        ([0, 1, 0, 0, 2, 0], 1, 2, True),
        ([0, 1, 0, 0, 2, 0], 1, 3, False),  # not the largest around
        ([2, 0, 0, 1, 0], 3, 3, False),
        ([0, 1, 0, 0, 1, 0], 1, 3, True),  # as large as another
        ([0, 1, 0], 1, 99, True),  # the radius may reach beyond either end
    ],
)
def test_what_a_peak_is(e, lag, radius, expected):
    assert (lag in found(e, count=len(e), radius=radius)[0]) == expected


def test_peaks_come_largest_first():
    e = np.zeros(60)
    e[[10, 20, 30, 40, 50]] = [0.3, 0.9, 0.5, 0.7, 0.1]
    assert found(e) == ([20, 40, 30], pytest.approx([0.9, 0.7, 0.5]))
    assert found(e, count=1)[0] == [20]
    assert found(e, count=5)[0] == [20, 40, 30, 10, 50]
    assert found(e[::-1], count=5)[0] == [39, 19, 29, 49, 9]


def test_of_equal_peaks_the_shorter_lag_comes_first():
    e = np.zeros(60)
    e[[10, 20, 30, 40]] = 0.5
    assert found(e)[0] == [10, 20, 30]


def test_what_is_not_found_is_zero():
    e = np.zeros(60)
    e[20] = 0.5
    assert found(e, refine=True) == ([20, 0, 0], [0.5, 0, 0])
    assert found(np.zeros(60), refine=True) == ([0, 0, 0], [0, 0, 0])
    assert found(np.zeros(2)) == ([0, 0, 0], [0, 0, 0])


def test_peaks_are_looked_for_between_two_lags_both_included():
    e = np.zeros(60)
    e[[10, 20, 30, 40]] = [0.9, 0.5, 0.6, 0.8]
    assert found(e, span=(20, 30))[0] == [30, 20, 0]
    assert found(e, span=(21, 29))[0] == [0, 0, 0]
    # the shoulder of a peak beyond the range is none
    e[41:45] = [1.0, 1.1, 1.2, 1.3]
    assert found(e, span=(20, 41))[0] == [30, 20, 0]


def test_of_a_cluster_of_peaks_a_radius_leaves_the_largest():
    e = np.zeros(100)
    e[[30, 33, 36, 60]] = [0.5, 0.8, 0.6, 0.4]
    assert found(e, radius=1)[0] == [33, 36, 30]
    assert found(e, radius=3)[0] == [33, 60, 0]


@pytest.mark.parametrize("top", [24.6, 25.0, 25.3])
def test_refining_finds_the_top_of_a_parabola(top):
    e = np.maximum(1 - 0.01 * (np.arange(60) - top) ** 2, 0)
    lags, amplitudes = found(e, refine=True)
    assert lags[0] == pytest.approx(top, abs=1e-4)  # differences of .01 in float32
    assert amplitudes[0] == pytest.approx(e.max())  # the amplitude is that of the lag itself
    assert found(e)[0][0] == round(top)


@settings(max_examples=100, deadline=None)
@given(curves, factor_sets, st.booleans(), st.booleans())
def test_peaks_are_those_that_a_slow_search_finds(r, factors, keep_lobe, refine):
    """Of the curve that was enhanced; neighbours that differ by rounding alone are the twin's affair."""
    e = enhanced(r, factors, keep_lobe).astype(float)
    expected = slow.peaks(e, 1, len(e) - 2)
    lags, amplitudes = found(r, refine=refine, factors=factors, keep_lobe=keep_lobe)
    assert amplitudes == [e[lag] for lag in expected] + [0] * (3 - len(expected))
    places = [slow.parabola(e, lag) if refine else lag for lag in expected]
    assert lags[: len(expected)] == pytest.approx(places, abs=1e-3)  # a flat top bends by little


def test_rows_do_not_hear_each_other(rng):
    rows = rng.uniform(-1, 1, (19, 400)).astype(np.float32)
    params = {
        "factors": (2, 3),
        "keep_lobe": False,
        "lags": (20, 367),
        "n_peaks": 3,
        "radius": 5,
        "refine": True,
    }
    pick = enhanced_peaks(Framing(1024, 512), 22050, params)
    together = pick(rows)
    assert together.shape == (19, 3, 2)
    assert together.dtype == np.float32
    for n in (1, 6, 8, 11):
        parts = [pick(rows[i : i + n]) for i in range(0, 19, n)]
        np.testing.assert_array_equal(np.concatenate(parts), together)
    np.testing.assert_array_equal(pick(rows[:0]), together[:0])
