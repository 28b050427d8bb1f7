"""Spectra: windows, transforms, filterbanks, autocorrelations against numpy, librosa and definitions."""

from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients import filterbanks, fourier, spectra

RATE = 22050
FRAMES = Framing(512, 512)
CHANNELS = Framing(512, 512, stream="two_channels")


def build(name, framing=FRAMES):
    params = {each.name: each.default for each in spectra.SLANEY_PARAMS}
    return getattr(spectra, name)(framing, RATE, params)


def noise(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def power_of(frames):
    return build("power")(build("spectrum")(frames))


@pytest.mark.parametrize("exponent", [0.335, 0.5, 1.0])
def test_the_power_law_is_a_power(exponent, rng):
    """Over all that a power spectrum can be, to a few units in the last place of float32."""
    x = np.exp(rng.uniform(-80, 80, 5000)).astype(np.float32)
    result = [fourier.power_law(value, np.float32(exponent)) for value in x]
    np.testing.assert_allclose(result, x.astype(float) ** exponent, rtol=1e-5)
    assert fourier.power_law(np.float32(0), np.float32(exponent)) == 0
    assert fourier.power_law(np.float32(1), np.float32(exponent)) == pytest.approx(1, abs=1e-6)


# --- windows and transforms ---------------------------------------------------------------------------


def test_the_hamming_window_is_symmetric():
    taper = spectra.window("hamming", 512)
    n = np.arange(512)
    assert taper.dtype == np.float32
    np.testing.assert_allclose(taper, 0.54 - 0.46 * np.cos(2 * np.pi * n / 511), atol=1e-7)
    np.testing.assert_array_equal(taper, taper[::-1])  # a periodic one is not
    assert taper[[0, -1]] == pytest.approx([0.08, 0.08])


def test_no_window_leaves_frames_as_they_are():
    np.testing.assert_array_equal(spectra.window("none", 5), np.ones(5, dtype=np.float32))


def test_hann_is_periodic_as_in_librosa():
    expected = librosa.filters.get_window("hann", 512, fftbins=True)
    np.testing.assert_allclose(spectra.window("hann", 512), expected, atol=1e-7)


def test_an_unknown_window_is_named():
    with pytest.raises(ValueError, match="unknown window 'blackmen'. Known: hamming, hann, none, and"):
        spectra.window("blackmen", 512)


@pytest.mark.parametrize(("name", "taper"), [("hamming", np.hamming), ("none", np.ones)])
@pytest.mark.parametrize("length", [8, 256, 500, 512])
def test_a_spectrum_is_numpys(length, name, taper, rng):
    frames = noise(rng, 7, length)
    spectrum = build("spectrum", Framing(length, length, name))(frames)
    assert spectrum.dtype == np.complex64
    # float32 rounding of sums as large as √length
    expected = np.fft.rfft(frames.astype(float) * taper(length))
    np.testing.assert_allclose(spectrum, expected, atol=1e-6 * np.abs(expected).max())


def test_a_transform_may_be_used_again_for_more_or_fewer_frames(rng):
    transform, frames = build("spectrum"), noise(rng, 9, 512)
    before, first = frames.copy(), transform(frames[:3])
    kept = first.copy()
    for n in (9, 1, 5, 9):
        np.testing.assert_array_equal(transform(frames[:n]), transform(frames)[:n])
    np.testing.assert_array_equal(first, kept)  # what was given out is not written to again
    np.testing.assert_array_equal(frames, before)


def test_energy_is_the_same_in_time_and_frequency(rng):
    """Parseval: N Σ x² = P[0] + 2 Σ P[k] + P[N/2]."""
    frames = noise(rng, 20, 512)
    powers = power_of(frames).astype(float)
    tapered = frames * np.hamming(512)
    twice = np.full(257, 2.0)
    twice[[0, -1]] = 1.0
    np.testing.assert_allclose(powers @ twice, 512 * (tapered**2).sum(axis=1), rtol=1e-5)


def test_power_and_magnitude_are_those_of_the_spectrum(rng):
    spectrum = build("spectrum")(noise(rng, 4, 512))
    powers = build("power")(spectrum)
    assert powers.dtype == np.float32
    np.testing.assert_allclose(powers, np.abs(spectrum) ** 2, rtol=1e-5)
    magnitudes = build("magnitude")(powers)
    assert magnitudes.dtype == np.float32
    np.testing.assert_allclose(magnitudes, np.abs(spectrum), rtol=1e-5)


# --- logarithms ---------------------------------------------------------------------------------------


def test_logarithms_and_their_floors():
    energies = np.array([[0.0, 1e-30, 1e-10, 1.0, 1e6, 1e30]], dtype=np.float32)
    floored = build("log_bands")(energies)
    assert floored.dtype == np.float32
    np.testing.assert_allclose(floored[0], [-10, -10, -10, 0, 6, 30], rtol=1e-6, atol=1e-6)
    marsyas = build("marsyas_log_bands")(energies)
    scale = np.log10(1024**2)  # of frames of 512 samples
    np.testing.assert_allclose(
        marsyas[0], [0, *(np.array([-30, -10, 0, 6, 30]) - scale)], rtol=1e-6, atol=1e-6
    )
    marsyas = build("marsyas_log_power")(energies) / np.log(10)
    lowest = np.log10(np.finfo(np.float64).tiny)
    expected = [lowest, *(np.array([-30, -10, 0, 6, 30]) - scale)]
    np.testing.assert_allclose(marsyas[0], expected, rtol=1e-6, atol=1e-6)
    natural = build("log_power")(energies)
    np.testing.assert_allclose(natural[0] / np.log(10), [-10, -10, np.log10(2e-10), 0, 6, 30], rtol=1e-6)
    np.testing.assert_allclose(energies[0, :2], [0.0, 1e-30], rtol=1e-6)  # the input is not written to


# --- filterbanks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_fft", [256, 512, 2048])
def test_slaneys_filters_are_librosas(n_fft):
    ours = filterbanks.slaney_filterbank(n_fft, RATE)
    theirs = librosa.filters.mel(
        sr=RATE, n_fft=n_fft, n_mels=40, fmin=133.3333, fmax=6853.84, htk=False, norm="slaney"
    )
    assert ours.shape == theirs.shape == (40, n_fft // 2 + 1)
    # librosa spaces 42 mel evenly, Slaney's ratio is rounded: edges differ by up to 0.22 Hz
    assert np.abs(ours - theirs).max() < 0.0036 * theirs.max()
    assert (ours.max(axis=1) > 0).all()  # none falls between two bins


def test_slaneys_filters_have_unit_area_and_the_edges_of_the_toolbox():
    n_fft = 1 << 16
    bin_hz = RATE / n_fft
    filters = filterbanks.slaney_filterbank(n_fft, RATE).astype(float)
    np.testing.assert_allclose(filters.sum(axis=1) * bin_hz, 1.0, rtol=1e-3)
    linear = 133.3333 + 66.66667 * np.arange(13)
    edges = np.concatenate([linear, 933.3333 * 1.0711703 ** np.arange(1, 30)])
    assert edges[-1] == pytest.approx(6853.84, abs=0.01)
    for weights, lower, tip, upper in zip(filters, edges, edges[1:], edges[2:], strict=False):
        inside = np.flatnonzero(weights) * bin_hz
        assert inside[0] == pytest.approx(lower, abs=2 * bin_hz)
        assert weights.argmax() * bin_hz == pytest.approx(tip, abs=bin_hz)
        assert inside[-1] == pytest.approx(upper, abs=2 * bin_hz)
        assert weights.max() == pytest.approx(2 / (upper - lower), rel=0.01)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 40), st.integers(1, 50), st.integers(0, 10_000))
def test_a_packed_filterbank_is_the_dense_product(n_filters, n_bins, n_frames, seed):
    rng = np.random.default_rng(seed)
    filters = np.zeros((n_filters, n_bins), dtype=np.float32)
    for row in filters:  # a stretch of bins, perhaps none, perhaps up to the last
        first, last = np.sort(rng.integers(0, n_bins + 1, 2))
        row[first:last] = rng.random(last - first)
    powers = rng.random((n_frames, n_bins)).astype(np.float32)
    out = np.full((n_frames, n_filters), np.nan, dtype=np.float32)
    spectra.apply_filterbank(powers, *filterbanks.packed_filterbank(filters), out)
    np.testing.assert_allclose(out, powers @ filters.T, rtol=1e-5, atol=1e-6)


def test_the_bands_are_the_filterbank_times_the_power(rng):
    powers = power_of(noise(rng, 21, 512))
    bands = build("slaney_bands")(powers)
    assert bands.shape == (21, 40)
    assert bands.dtype == np.float32
    np.testing.assert_allclose(bands, powers @ filterbanks.slaney_filterbank(512, RATE).T, rtol=1e-5)


# --- autocorrelations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [64, 1000, 4096])
def test_the_beat_autocorrelation_is_the_direct_one(n, rng):
    envelope = np.abs(noise(rng, 3, n)) + np.float32(5)
    r = build("beat_autocorrelation")(envelope)
    assert r.shape == (3, n)
    assert r.dtype == np.float32
    for row, ours in zip(envelope.astype(float), r, strict=True):
        v = row - row.mean()
        direct = np.correlate(v, v, "full")[n - 1 :]
        np.testing.assert_allclose(ours, direct / direct[0], atol=2e-6)  # float32, of values up to 1


def test_the_beat_autocorrelation_of_a_constant_is_nothing():
    assert not build("beat_autocorrelation")(np.full((2, 256), 0.3, dtype=np.float32)).any()


def test_an_autocorrelation_does_not_wrap_around():
    """Two clicks 90 samples apart in 100: with less padding they would also be 10 apart."""
    envelope = np.zeros((1, 100), dtype=np.float32)
    envelope[0, [5, 95]] = 1.0
    r = build("beat_autocorrelation")(envelope)[0]
    assert r[90] == pytest.approx(0.5, abs=0.03)  # of the energy at lag 0, less the mean's
    assert abs(r[10]) < 0.05


CACHED = spectra.CACHED_FRAMES


@pytest.mark.parametrize("n_frames", [1, 2, CACHED - 1, CACHED, CACHED + 1, 2 * CACHED, 2 * CACHED + 3])
@pytest.mark.parametrize("length", [512, 1024])
def test_the_summary_autocorrelation_is_its_definition(length, n_frames, rng):
    frames = noise(rng, 2, n_frames, length)
    frames[1] = np.abs(frames[1])  # as the high channel is
    s = build("summary_autocorrelation", replace(CHANNELS, length=length))(frames)
    assert s.shape == (n_frames, length)
    assert s.dtype == np.float32
    low, high = np.fft.rfft(frames * np.hamming(length), 2 * length)
    slow = np.fft.irfft(np.abs(low) ** 0.67 + np.abs(high) ** 0.67)[:, :length]
    np.testing.assert_allclose(s, slow / slow[:, :1], atol=2e-6)  # float32, of values up to 1


def test_the_summary_autocorrelation_leaves_its_input_and_the_frames_before_alone(rng):
    """Many frames, then few, then many: nothing of one call is in the next."""
    summary = build("summary_autocorrelation", CHANNELS)
    frames = noise(rng, 2, CACHED + 5, 512)
    before, first = frames.copy(), summary(frames)
    kept = first.copy()
    np.testing.assert_array_equal(summary(frames[:, :3]), first[:3])
    np.testing.assert_array_equal(summary(frames), kept)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(frames, before)


def test_the_summary_autocorrelation_of_silence_is_nothing(rng):
    frames = noise(rng, 2, 4, 512)
    frames[:, 2] = 0.0
    s = build("summary_autocorrelation", CHANNELS)(frames)
    assert not s[2].any()
    np.testing.assert_allclose(s[[0, 1, 3], 0], 1.0, rtol=1e-6)


def test_the_summary_autocorrelation_has_the_period_of_a_tone():
    period = 100
    pulses = (np.arange(1024) % period == 0).astype(np.float32)
    s = build("summary_autocorrelation", replace(CHANNELS, length=1024))(np.stack([pulses, pulses])[:, None])[
        0
    ]
    assert 50 + s[50:150].argmax() == period


@pytest.mark.parametrize("length", [512, 1024, 550])
def test_powers_of_frames_are_the_bits_of_those_by_way_of_the_spectrum(length, rng):
    framing = Framing(length, length)
    frames = noise(rng, 9, length)
    by_way = build("power", framing)(build("spectrum", framing)(frames))
    np.testing.assert_array_equal(build("power_of_frames", framing)(frames), by_way)


@pytest.mark.skipif(spectra.SWITCHED_OFF, reason="kernels are not compiled here, and scipy takes their place")
def test_powers_of_two_are_transformed_by_the_compiled_kernel():
    assert build("power_of_frames").kernel is fourier.transform_frames
    assert build("spectrum").kernel is fourier.transform_frames
    assert isinstance(build("summary_autocorrelation", CHANNELS), fourier.SummaryAutocorrelation)
    assert not hasattr(build("spectrum", Framing(500, 500)), "kernel")


def test_without_a_compiler_scipy_gives_the_same_to_rounding(rng, monkeypatch):
    channels, frames = noise(rng, 2, 9, 512), noise(rng, 9, 512)
    compiled = build("power_of_frames")(frames), build("summary_autocorrelation", CHANNELS)(channels)
    monkeypatch.setattr(spectra, "SWITCHED_OFF", True)
    plain = build("power_of_frames")(frames), build("summary_autocorrelation", CHANNELS)(channels)
    for one, other in zip(compiled, plain, strict=True):
        assert np.abs(one - other).max() <= 6e-7 * other.max()  # twice what each may be from float64
