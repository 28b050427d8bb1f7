"""Logarithms against float64, at the ends of float32, in every base and with every floor."""

import numpy as np
import pytest

from gtzanfeat.ingredients.logarithms import logarithms


def taken(values, added=0.0, floor=0.0, scale=1.0, offset=0.0, of_zero=-np.inf):
    values = np.atleast_2d(np.asarray(values, dtype=np.float32))
    out = np.full(values.shape, np.nan, dtype=np.float32)
    logarithms(values, *np.array([added, floor, scale, offset, of_zero], dtype=np.float32), out)
    return out


@pytest.mark.parametrize("base", [np.e, 10.0])
@pytest.mark.parametrize(("low", "high"), [(1e-37, 1e37), (0.7, 1.4)])
def test_they_are_right_to_three_units_in_the_last_place(base, low, high, rng):
    x = np.exp(rng.uniform(np.log(low), np.log(high), (7, 5003))).astype(np.float32)
    expected = np.log(x.astype(np.float64)) / np.log(base)
    error = np.abs(taken(x, scale=1 / np.log(base)) - expected)
    assert (error <= 3 * np.spacing(np.abs(expected).astype(np.float32))).all()


def test_ends_of_float32():
    x = np.array([1e-45, 1e-40, 1.1754943e-38, 1.0, 3.4e38], dtype=np.float32)
    np.testing.assert_allclose(taken(x)[0], np.log(x.astype(np.float64)), rtol=2e-7)
    assert taken([0.0, np.inf])[0].tolist() == [-np.inf, np.inf]


def test_what_is_added_the_floor_the_offset_and_what_zero_becomes():
    assert taken([0.0, 1e-12], floor=1e-10, scale=1 / np.log(10)) == pytest.approx(-10.0, rel=1e-6)
    assert taken([0.0], added=1e-10) == pytest.approx(np.log(1e-10), rel=1e-6)
    assert taken([0.0, np.e], offset=-3.0, of_zero=-708.0)[0] == pytest.approx([-708.0, -2.0], rel=1e-6)


def test_no_number_depends_on_how_the_rows_are_cut(rng):
    x = np.exp(rng.uniform(-30, 30, (9, 43))).astype(np.float32)
    np.testing.assert_array_equal(taken(x), np.concatenate([taken(row) for row in x]))
