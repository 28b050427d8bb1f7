"""Sums of real numbers, a vector at a time; lanes of complex numbers are tested by Fourier transforms."""

import numpy as np
import pytest

from gtzanfeat.jit import kernel
from gtzanfeat.jit.lanes import LANES
from gtzanfeat.jit.vector_sums import dot_product, sum_of_lanes


@kernel
def products(x, first, n):
    return dot_product(x, first, x, 0, n)


@kernel
def sums(x, first):
    return sum_of_lanes(x, first)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 16, 27])
def test_a_dot_product_reads_as_many_numbers_as_it_is_told(n):
    x = np.full((3, 20), np.nan, dtype=np.float32)  # what lies behind them is no number
    x.ravel()[: n + 2] = np.arange(n + 2)
    expected = sum((k + 2) * k for k in range(n))
    assert products(x, 2, n) == expected == products.py_func(x, 2, n)


def test_no_number_depends_on_where_a_dot_product_begins(rng):
    x = rng.standard_normal(64).astype(np.float32)
    moved = np.concatenate([np.zeros(3, dtype=np.float32), x])
    assert products(x, 0, 30) == products(np.ascontiguousarray(moved[3:]), 0, 30)


def test_a_sum_of_lanes_is_in_float64(rng):
    x = rng.standard_normal((2, 13)).astype(np.float32)
    expected = x.ravel()[5 : 5 + LANES].astype(np.float64).sum()
    assert sums(x, 5) == pytest.approx(expected, rel=1e-14)
    assert sums.py_func(x, 5) == pytest.approx(expected, rel=1e-14)
