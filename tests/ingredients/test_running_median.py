"""The running median against scipy and a slow twin."""

import numpy as np
import pytest
import scipy.ndimage
from reference import table57 as slow

from gtzanfeat.ingredients.running_median import running_median


def medians(x, axis=0):
    out = np.empty_like(x)
    running_median(x.view(np.int32), axis, 0, out.view(np.int32))
    return out


@pytest.mark.parametrize("shape", [(16, 64), (31, 1), (100, 65), (257, 200), (1025, 3), (90, 129)])
def test_medians_are_scipys(shape, rng):
    x = rng.exponential(size=shape).astype(np.float32)
    np.testing.assert_array_equal(medians(x), scipy.ndimage.median_filter(x, (31, 1), mode="reflect"))
    x = np.ascontiguousarray(x.T)
    np.testing.assert_array_equal(medians(x, 1), scipy.ndimage.median_filter(x, (1, 31), mode="reflect"))


@pytest.mark.parametrize("n", range(1, 34))
def test_short_signals_are_mirrored_as_often_as_it_takes(n, rng):
    """Where scipy may read beyond the ends of its input."""
    x = rng.exponential(size=(n, 5)).astype(np.float32)
    np.testing.assert_array_equal(medians(x), slow.running_median(x))
    np.testing.assert_array_equal(medians(np.ascontiguousarray(x.T), 1).T, slow.running_median(x))


def test_medians_of_numbers_that_are_alike(rng):
    """With ties and zeros, and subnormal numbers, in any order."""
    x = rng.choice(np.float32([0, 0, 1e-40, 1, 1, 2]), (200, 70))
    np.testing.assert_array_equal(medians(x), slow.running_median(x))


def test_a_part_of_the_medians(rng):
    x = rng.exponential(size=(90, 10)).astype(np.float32)
    out = np.empty((20, 10), dtype=np.float32)
    running_median(x.view(np.int32), 0, 33, out.view(np.int32))
    np.testing.assert_array_equal(out, medians(x)[33:53])
    across = np.ascontiguousarray(x.T)
    out = np.empty((10, 20), dtype=np.float32)
    running_median(across.view(np.int32), 1, 33, out.view(np.int32))
    np.testing.assert_array_equal(out, medians(across, 1)[:, 33:53])


def test_a_median_compiled_is_the_median_uncompiled(rng):
    x = rng.exponential(size=(20, 2)).astype(np.float32).view(np.int32)
    out = np.empty_like(x)
    running_median.py_func(x, 0, 0, out)
    np.testing.assert_array_equal(out.view(np.float32), medians(x.view(np.float32)))
