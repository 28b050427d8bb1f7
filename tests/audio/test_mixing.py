"""Mixing by the compiled kernels is mixing by numpy, and so is what is found in the samples."""

import numpy as np
import pytest

from gtzanfeat.audio.levels import Levels


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
@pytest.mark.parametrize("n", [1, 50, 40_000])
def test_samples_and_what_is_found_in_them_are_those_of_numpy(n_channels, dtype, n, rng):
    sound = np.clip(0.5 * rng.standard_normal((n, n_channels)), -1, 1)
    scale = 2.0**-15 if dtype == "int16" else 1.0
    block = np.clip(sound / scale, -32768, 32767).astype(dtype) if dtype == "int16" else sound.astype(dtype)
    ours, plain = Levels(), Levels()
    for _ in range(2):
        mixed = ours.mix(block, scale)
        expected = plain._mix_by_numpy(block, scale, np.float32(scale / n_channels))
        assert mixed.dtype == np.float32
        np.testing.assert_array_equal(mixed, expected)
    assert (ours.peak, ours.n_values, ours.n_clipped) == (plain.peak, plain.n_values, plain.n_clipped)
    assert n < 1000 or ours.n_clipped > 0
    assert ours.channels == pytest.approx(plain.channels, rel=1e-5)
    assert ours.mixed == pytest.approx(plain.mixed, rel=1e-5)


@pytest.mark.parametrize("sample", [-32768, 32767, 0])
def test_the_ends_of_16_bits_are_full_scale(sample):
    levels = Levels()
    levels.mix(np.full((10, 2), sample, dtype=np.int16), 2.0**-15)
    assert levels.peak == abs(sample) / 32768
    assert levels.n_clipped == (20 if sample else 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_sample_is_not_lost(value):
    block = np.zeros((10, 2), dtype=np.float32)
    block[3, 1] = value
    mixed = Levels().mix(block)
    assert not np.isfinite(mixed[3])
    assert np.isfinite(np.delete(mixed, 3)).all()
