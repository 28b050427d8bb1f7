"""The compiled autocorrelation of padded rows against numpy, however many rows there are."""

import numpy as np
import pytest

from gtzanfeat.ingredients import spectra
from gtzanfeat.ingredients.padded_autocorrelation import PaddedAutocorrelation

SOME = np.random.default_rng(0).random((11, 1024)).astype(np.float32)


@pytest.mark.parametrize("n", [256, 512, 4096])
def test_it_is_the_autocorrelation_of_rows_less_their_means(n):
    rows = np.random.default_rng(0).random((5, n)).astype(np.float32)
    x = rows - rows.mean(axis=1, keepdims=True, dtype=np.float64)
    expected = np.fft.irfft(np.abs(np.fft.rfft(x, 2 * n)) ** 2)[:, :n]
    r = PaddedAutocorrelation(n)(rows)
    assert r.dtype == np.float32
    # float32, of values up to 1
    np.testing.assert_allclose(r, expected / expected[:, :1], atol=5e-7)


def test_no_bit_depends_on_the_rows_beside_it():
    whole = PaddedAutocorrelation(1024)(SOME)
    one = PaddedAutocorrelation(1024)
    np.testing.assert_array_equal(np.concatenate([one(row[None]) for row in SOME]), whole)
    np.testing.assert_array_equal(np.concatenate([one(SOME[:4]), one(SOME[4:])]), whole)


def test_a_constant_has_none_and_a_level_changes_nothing():
    r = PaddedAutocorrelation(1024)
    assert not r(np.full((1, 1024), 0.3, dtype=np.float32)).any()
    np.testing.assert_array_equal(r(4 * SOME), r(SOME))  # a power of two is exact


def test_scipy_gives_the_same_where_kernels_are_not_compiled(monkeypatch):
    compiled = spectra.beat_autocorrelation(None, 22050, {})(SOME)
    np.testing.assert_array_equal(compiled, PaddedAutocorrelation(1024)(SOME))
    monkeypatch.setattr(spectra, "SWITCHED_OFF", True)
    np.testing.assert_allclose(spectra.beat_autocorrelation(None, 22050, {})(SOME), compiled, atol=5e-7)
