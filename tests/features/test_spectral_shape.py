"""The shape of a spectrum: closed forms, librosa and scipy as oracles, and white noise."""

import librosa
import numpy as np
import pytest
import scipy.stats
import signals

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets.feature_parameters import feature_parameters
from gtzanfeat.features import flatness, spectral_shape

RATE, LENGTH = signals.RATE, 512
BIN_HZ = RATE / LENGTH
FRAMES = Framing(LENGTH, LENGTH)
HERTZ = np.arange(LENGTH // 2 + 1) * BIN_HZ


def track(feature, samples, spectrum="magnitude", framing=FRAMES):
    params = {"spectrum": spectrum} if "spectrum" in feature_parameters(feature) else {}
    request = Request(feature, framing, params)
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key][:, 0]


def one(kernel, spectrum, *constants):
    """What a kernel makes of spectra given as they are."""
    spectrum = np.atleast_2d(np.asarray(spectrum, dtype=np.float32))
    out = np.full((len(spectrum), 1), np.nan, dtype=np.float32)
    kernel(spectrum, *constants, out)
    return out[:, 0]


def random_spectra(n=40, bins=257, seed=0):
    return np.random.default_rng(seed).gamma(0.7, 1.0, (n, bins)).astype(np.float32)


# --- a distribution over frequency --------------------------------------------------------------------


def test_bandwidth_is_librosas():
    s = random_spectra()
    expected = librosa.feature.spectral_bandwidth(S=s.T.astype(float), sr=RATE, n_fft=LENGTH)[0]
    np.testing.assert_allclose(one(spectral_shape.spectral_bandwidth, s, BIN_HZ), expected, rtol=1e-5)


def test_two_equal_lines_are_half_their_distance_wide():
    s = np.zeros(257)
    s[[40, 60]] = 3.0
    assert one(spectral_shape.spectral_bandwidth, s, BIN_HZ)[0] == pytest.approx(10 * BIN_HZ, rel=1e-6)
    assert one(spectral_shape.spectral_skewness, s)[0] == pytest.approx(0.0, abs=1e-6)
    assert one(spectral_shape.spectral_kurtosis, s)[0] == pytest.approx(1.0, rel=1e-6)


def test_a_flat_spectrum_is_a_uniform_distribution():
    n = 257
    s = np.full(n, 0.3)
    assert one(spectral_shape.spectral_bandwidth, s, BIN_HZ)[0] == pytest.approx(
        BIN_HZ * np.sqrt((n**2 - 1) / 12), rel=1e-5
    )
    assert one(spectral_shape.spectral_skewness, s)[0] == pytest.approx(0.0, abs=1e-6)
    assert one(spectral_shape.spectral_kurtosis, s)[0] == pytest.approx(1.8, rel=1e-4)
    assert one(spectral_shape.spectral_slope, s, BIN_HZ / 1000)[0] == pytest.approx(0.0, abs=1e-6)
    assert one(flatness.spectral_flatness, s)[0] == pytest.approx(1.0, rel=1e-6)
    assert one(flatness.spectral_crest, s)[0] == pytest.approx(1.0, rel=1e-5)


def test_moments_are_scipys_of_a_histogram():
    """As many values at each bin as the spectrum is high."""
    counts = np.random.default_rng(1).integers(0, 9, 257)
    values = np.repeat(np.arange(257), counts)
    assert one(spectral_shape.spectral_skewness, counts)[0] == pytest.approx(
        scipy.stats.skew(values), rel=1e-5
    )
    kurtosis = scipy.stats.kurtosis(values, fisher=False)
    assert one(spectral_shape.spectral_kurtosis, counts)[0] == pytest.approx(kurtosis, rel=1e-5)


def test_a_single_bin_has_no_width():
    s = np.eye(1, 257, 77)[0]
    assert one(spectral_shape.spectral_bandwidth, s, BIN_HZ)[0] == 0
    assert one(spectral_shape.spectral_skewness, s)[0] == 0
    assert one(spectral_shape.spectral_kurtosis, s)[0] == 0
    assert one(flatness.spectral_flatness, s)[0] < 1e-9
    assert one(flatness.spectral_crest, s)[0] == pytest.approx(257)


def test_slope_is_that_of_the_regression_line():
    s = random_spectra(5)
    expected = [scipy.stats.linregress(HERTZ / 1000, row / row.mean()).slope for row in s.astype(float)]
    np.testing.assert_allclose(
        one(spectral_shape.spectral_slope, s, BIN_HZ / 1000), expected, rtol=1e-4, atol=1e-6
    )
    falling = 11.025 - HERTZ / 1000  # mean 5.5125, slope -1
    assert one(spectral_shape.spectral_slope, falling, BIN_HZ / 1000)[0] == pytest.approx(
        -1 / 5.5125, rel=1e-5
    )


# --- a set of values ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bins", [256, 257, 258, 259, 3])
def test_flatness_is_librosas_and_scipys(bins):
    p = random_spectra(bins=bins) + np.float32(1e-4)
    got = one(flatness.spectral_flatness, p)
    np.testing.assert_allclose(got, scipy.stats.gmean(p.astype(float), axis=1) / p.mean(1), rtol=1e-5)
    expected = librosa.feature.spectral_flatness(S=np.sqrt(p.T.astype(float)))[0]
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_row_28_the_flatness_of_white_noise_is_e_to_minus_gamma():
    """One frame of power is exponentially distributed: E ln P - ln E P = -γ."""
    values = track("spectral_flatness", signals.white_noise(30.0))
    assert values.mean() == pytest.approx(np.exp(-np.euler_gamma), abs=0.01)


def test_row_28_a_tone_is_not_flat():
    values = track("spectral_flatness", signals.tone(1000.0))
    assert values.max() < 1e-3
    assert track("spectral_crest", signals.tone(1000.0)).min() > 20


def test_one_empty_bin_does_not_make_a_spectrum_a_tone():
    """Rounding can leave exactly nothing at DC or at half the rate."""
    p = np.ones(257)
    p[0] = 0
    assert one(flatness.spectral_flatness, p)[0] == pytest.approx(1e-10 ** (1 / 257), rel=1e-2)


def test_silence_is_defined():
    zeros = np.zeros(2048)
    for name in ("bandwidth", "skewness", "kurtosis", "slope", "flux_l1", "flux_rising", "flux_log"):
        np.testing.assert_array_equal(track(f"spectral_{name}", zeros), 0)
    np.testing.assert_array_equal(track("spectral_flatness", zeros), 1)
    np.testing.assert_array_equal(track("spectral_crest", zeros), 1)


# --- change -------------------------------------------------------------------------------------------


def test_flux_l1_has_its_closed_forms():
    assert track("spectral_flux_l1", signals.white_noise(30.0))[1:].mean() == pytest.approx(0.0021, rel=0.05)
    tones = np.concatenate([signals.tone(f, LENGTH / RATE) for f in (440.0, 4400.0) * 8])
    assert track("spectral_flux_l1", tones)[1:].mean() == pytest.approx(0.645, abs=0.02)


def test_log_flux_is_librosas_onset_strength():
    samples = signals.drum_loop(seconds=3.0)
    framed = librosa.util.frame(samples, frame_length=LENGTH, hop_length=LENGTH) * np.hamming(LENGTH)[:, None]
    logs = np.log(np.abs(np.fft.rfft(framed, axis=0)) ** 2 + 1e-10)
    expected = librosa.onset.onset_strength(S=logs, sr=RATE, center=False, lag=1)
    got = track("spectral_flux_log", samples)
    np.testing.assert_allclose(got[1:], expected[1:], rtol=1e-3, atol=1e-4)  # float32 before a logarithm


def test_rising_flux_hears_onsets_and_not_ends():
    burst = np.zeros(LENGTH * 8)
    burst[3 * LENGTH : 5 * LENGTH] = signals.tone(1000.0, 2 * LENGTH / RATE)
    rising = track("spectral_flux_rising", burst)
    assert rising.argmax() == 3
    assert rising[5] == 0
    louder = track("spectral_flux_rising", 2 * burst)
    np.testing.assert_allclose(louder, 2 * rising, rtol=1e-5)
