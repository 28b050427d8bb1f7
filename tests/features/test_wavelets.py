"""DWCH: its wavelet against PyWavelets, its moments against scipy, octaves of noise."""

import numpy as np
import pytest
import pywt
import scipy.stats
import signals
from reference import wavelet as twin

from gtzanfeat.declarations import Framing
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet
from gtzanfeat.features.wavelets import HIGH, LEVELS, LOW, wavelet_analysis_step, wavelet_moments

RATE = 22050
COLUMNS = FEATURE_SETS["dwch"].columns


def moments(samples):
    """Moments of one window, (8, 4)."""
    out = np.full((1, 32), np.nan, dtype=np.float32)
    low, high = LOW.astype(np.float32), HIGH.astype(np.float32)
    wavelet_moments(np.asarray(samples, dtype=np.float32)[None], low, high, LEVELS, out)
    return out.reshape(8, 4).astype(float)


def test_the_filters_are_those_of_pywavelets_and_of_the_polynomial():
    wavelet = pywt.Wavelet("db8")
    np.testing.assert_array_equal(LOW, wavelet.dec_lo)
    np.testing.assert_array_equal(HIGH, wavelet.dec_hi)
    np.testing.assert_allclose(twin.daubechies(), LOW, atol=1e-10)  # roots close to each other


@pytest.mark.parametrize("n", [16, 32, 100, 4096])
def test_a_step_is_that_of_pywavelets(n, rng):
    x = rng.standard_normal(n).astype(np.float32)
    even, odd = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.float32)
    a, d = np.empty(n // 2, dtype=np.float32), np.empty(n // 2, dtype=np.float32)
    wavelet_analysis_step(x, LOW.astype(np.float32), HIGH.astype(np.float32), even, odd, a, d)
    theirs = pywt.dwt(x.astype(float), "db8", mode="periodization")
    np.testing.assert_allclose([a, d], theirs, atol=5e-6)


def test_the_moments_are_those_of_pywavelets_and_scipy(rng):
    x = (rng.standard_normal(8192) ** 3).astype(np.float32)  # not normal: it has skewness
    c = pywt.wavedec(x.astype(float), "db8", mode="periodization", level=7)
    expected = [[b.mean(), b.var(), scipy.stats.skew(b), np.abs(b).mean()] for b in c]
    np.testing.assert_allclose(moments(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("band", range(1, 8))
def test_noise_in_an_octave_is_heard_in_that_band(band, rng):
    n = 65536
    low, high = 11025 / 2 ** (8 - band), 11025 / 2 ** (7 - band)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[(hz < low) | (hz >= high)] = 0.0
    got = moments(np.fft.irfft(spectrum, n))
    assert got[:, 3].argmax() == band
    counts = np.array([n // 2**7, *(n // 2 ** (8 - b) for b in range(1, 8))])
    assert got[band, 1] * counts[band] > 0.8 * (got[:, 1] * counts).sum()


def test_the_energy_of_the_sound_is_that_of_the_bands(rng):
    n = 8192
    x = rng.standard_normal(n)
    counts = np.array([n // 2**7, *(n // 2 ** (8 - b) for b in range(1, 8))])
    got = moments(x)
    assert (counts * (got[:, 1] + got[:, 0] ** 2)).sum() == pytest.approx((x**2).sum(), rel=1e-5)


def test_gain_moves_mean_and_energy_once_and_variance_twice(rng):
    x = rng.standard_normal(8192)
    soft, loud = moments(x), moments(8 * x)
    np.testing.assert_allclose(loud, soft * [8, 64, 1, 8], rtol=1e-6)


def test_a_constant_is_all_in_the_lowest_band_and_has_no_skewness():
    got = moments(np.full(8192, 0.5))
    assert got[0, 0] == pytest.approx(0.5 * 2**3.5, rel=1e-6)
    assert np.abs(got[1:, :2]).max() < 1e-5
    assert not got[:, 2].any()


def test_the_set_is_the_mean_over_windows():
    samples = signals.am_noise(2.0, 7.0)
    framed = samples[: 2 * 65536].reshape(2, 65536)
    values = extract([samples], "dwch").values[0]
    assert len(COLUMNS) == 32
    assert COLUMNS[:5] == (
        "dwch_b0_mean",
        "dwch_b0_var",
        "dwch_b0_skewness",
        "dwch_b0_energy",
        "dwch_b1_mean",
    )
    np.testing.assert_allclose(values, twin.dwch(framed).mean(axis=0), rtol=1e-4, atol=1e-6)


def test_a_window_that_cannot_be_halved_is_refused():
    wrong = FeatureSet("x", "", (FeatureItem("dwch", Framing(65500, 65500, "none"), summary="mean"),))
    with pytest.raises(GtzanfeatError, match="65500 samples cannot be halved 7 times; take a mult"):
        extract([signals.white_noise(4.0)], wrong)
