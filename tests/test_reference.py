"""The slow twins of frames and timbre against closed forms and other libraries."""

import librosa
import numpy as np
import pytest
import signals
from reference import frames, timbre
from scipy.fft import dct

RATE = signals.RATE


def one_frame(rng):
    return timbre.power(rng.standard_normal((1, 512)))


# --- frames and texture windows --------------------------------------------------------------------


@pytest.mark.parametrize(("length", "count"), [(100, 1), (512, 1), (1023, 1), (1024, 2), (661500, 1291)])
def test_frame_count(length, count):
    assert frames.frames(np.ones(length)).shape == (count, 512)


def test_short_clip_is_padded_at_its_end():
    np.testing.assert_array_equal(frames.frames(np.ones(100))[0], np.r_[np.ones(100), np.zeros(412)])


def test_texture_of_constant_and_ramp():
    means, variances = frames.texture(np.full(100, 3.0))
    np.testing.assert_array_equal(means, np.full(58, 3.0))
    np.testing.assert_array_equal(variances, np.zeros(58))
    means, variances = frames.texture(2.0 * np.arange(100))
    np.testing.assert_allclose(means, 2.0 * (np.arange(58) + 21), rtol=1e-12)
    np.testing.assert_allclose(variances, 4.0 * 154.0, rtol=1e-12)  # a²(W² - 1)/12 with W = 43


def test_texture_of_step_counts_the_frames_after_it():
    means, variances = frames.texture(np.r_[np.zeros(50), np.ones(50)])
    share = np.clip(np.arange(58) - 7, 0, 43) / 43.0
    np.testing.assert_allclose(means, share, atol=1e-12)
    np.testing.assert_allclose(variances, share * (1.0 - share), atol=1e-12)


def test_texture_starts():
    track = np.arange(5.0)
    np.testing.assert_allclose(frames.texture(track, 3, "valid")[0], [1, 2, 3])
    np.testing.assert_allclose(frames.texture(track, 3, "grow")[0], [0, 0.5, 1, 2, 3])
    np.testing.assert_allclose(frames.texture(track, 3, "prefill")[0], [0, 1 / 3, 1, 2, 3])
    assert frames.texture(track, 3, "prefill")[1][0] == 0.0
    with pytest.raises(ValueError, match="not valid, grow or prefill"):
        frames.texture(track, 3, "reflect")


def test_track_shorter_than_a_texture_window_is_one_window():
    means, variances = frames.texture([1.0, 3.0])
    assert (means, variances) == ([2.0], [1.0])
    assert frames.texture([5.0])[1] == [0.0]


# --- spectral shape --------------------------------------------------------------------------------


@pytest.mark.parametrize("hertz", [500, 1000, 2500, 5000, 10000])
def test_centroid_of_a_sine_is_its_frequency(hertz):
    powers = timbre.power(frames.frames(signals.tone(hertz, 1.0)))
    np.testing.assert_allclose(timbre.centroid(powers), hertz, atol=1.0)  # Hz: row 1


@pytest.mark.parametrize("hertz", [440, 1000, 3000, 10000])
def test_magnitude_centroid_of_a_sine_is_pulled_to_the_middle(hertz):
    # by the side lobes of the Hamming window: up to 250 Hz, more or less of it with the phase (§1.2)
    bias = timbre.centroid(timbre.magnitude(frames.frames(signals.tone(hertz, 1.0)))).mean() - hertz
    assert 0.0 < bias * np.sign(RATE / 4 - hertz) < 250.0


@pytest.mark.parametrize("hertz", [200, 1000, 4321, 9000])
def test_rolloff_of_a_sine_is_within_two_bins(hertz):
    powers = timbre.power(frames.frames(signals.tone(hertz, 0.5)))
    np.testing.assert_allclose(timbre.rolloff(powers), hertz, atol=2 * RATE / 512)


def test_centroid_and_rolloff_equal_librosa(rng):
    magnitudes = timbre.magnitude(rng.standard_normal((20, 512)))
    centroid = librosa.feature.spectral_centroid(S=magnitudes.T, sr=RATE)[0]
    rolloff = librosa.feature.spectral_rolloff(S=magnitudes.T, sr=RATE, roll_percent=0.85)[0]
    np.testing.assert_allclose(timbre.centroid(magnitudes), centroid, rtol=1e-12)
    np.testing.assert_allclose(timbre.rolloff(magnitudes), rolloff, rtol=1e-12)


def test_white_noise():
    framed = frames.frames(signals.white_noise(30.0))
    magnitudes = timbre.magnitude(framed)
    assert timbre.centroid(magnitudes).mean() == pytest.approx(RATE / 4, abs=50.0)
    assert timbre.rolloff(magnitudes).mean() == pytest.approx(0.85 * RATE / 2, abs=60.0)
    assert timbre.flux(magnitudes)[1:].mean() == pytest.approx(2 - np.pi / 2, abs=0.01)
    assert timbre.flux(magnitudes, "l1")[1:].mean() == pytest.approx(0.0021, abs=0.0001)
    assert timbre.zcr(framed).mean() == pytest.approx(0.5, abs=0.005)
    assert timbre.low_energy(timbre.rms(framed)).mean() == pytest.approx(0.5, abs=0.02)


def test_flux_of_steady_and_of_alternating_tones():
    period = 512 * 8  # frames of one tone, then of the other
    steady, other = signals.tone(440.0, 1.0)[:period], signals.tone(4400.0, 1.0)[:period]
    assert timbre.flux(timbre.magnitude(frames.frames(steady)))[1:].max() < 1e-3
    both = timbre.magnitude(frames.frames(np.concatenate([steady, other])))
    assert timbre.flux(both)[8] > 1.99


def test_flux_at_the_edges_of_silence(rng):
    spectra = np.stack([np.zeros(257), np.zeros(257), rng.random(257), np.zeros(257)])
    np.testing.assert_allclose(timbre.flux(spectra), [0.0, 0.0, 1.0, 1.0], rtol=1e-12)


def test_unnormalised_flux():
    np.testing.assert_array_equal(timbre.flux(np.array([[1.0, 2.0], [4.0, 6.0]]), "none"), [0.0, 25.0])


# --- zero crossings and low energy -----------------------------------------------------------------


@pytest.mark.parametrize("hertz", [440, 1000, 3000])
def test_zcr_of_a_sine_and_of_a_square_wave(hertz):
    for samples in (signals.tone(hertz, 1.0, phase=0.3), signals.square_wave(hertz, 1.0)):
        np.testing.assert_allclose(timbre.zcr(frames.frames(samples)), 2 * hertz / RATE, atol=2 / 512)


def test_zcr_counts_zero_as_positive():
    alternate = np.array([[1.0, 0.0, -1.0, 0.0, 1.0]])
    assert timbre.zcr(alternate) == [0.5]
    assert timbre.marsyas_zcr(alternate) == [1 / 5]  # a zero breaks a strict crossing
    assert timbre.zcr(np.zeros((1, 512))) == [0.0]
    assert timbre.marsyas_zcr(np.zeros((1, 512))) == [1 / 512]


def test_low_energy():
    levels = np.tile(np.r_[1.0, np.full(9, 0.1)], 4)
    np.testing.assert_allclose(timbre.low_energy(levels, 10), 0.9, rtol=1e-12)
    whole_periods = frames.frames(signals.tone(10 * RATE / 512, 2.0))
    np.testing.assert_array_equal(timbre.low_energy(timbre.rms(whole_periods)), 0.0)
    np.testing.assert_array_equal(timbre.low_energy(np.zeros(50)), 0.0)


# --- cepstra ---------------------------------------------------------------------------------------


def test_slaney_bank_is_the_mel_bank_of_librosa():
    bank = timbre.slaney_bank()
    mel = librosa.filters.mel(sr=RATE, n_fft=512, n_mels=40, fmin=133.3333, fmax=6853.84, norm="slaney")
    assert np.abs(bank - mel).max() < 0.0036 * mel.max()  # edges differ by up to 0.22 Hz, §1.2
    assert (bank.sum(axis=1) > 0.0).all()
    assert (timbre.slaney_bank(256).sum(axis=1) > 0.0).all()
    with pytest.raises(ValueError, match="the bank ends at 6854 Hz"):
        timbre.slaney_bank(rate=12000)


def test_mfcc_is_an_orthonormal_dct_of_the_log_bands(rng):
    powers = one_frame(rng)
    logs = np.log10(powers @ timbre.slaney_bank().T)
    np.testing.assert_allclose(timbre.mfcc(powers), dct(logs, norm="ortho")[:, :13], rtol=0, atol=1e-12)


def test_mfcc_is_a_tenth_of_librosas(rng):
    powers = one_frame(rng)
    decibels = librosa.power_to_db(timbre.slaney_bank() @ powers.T, amin=1e-10, top_db=None)
    theirs = librosa.feature.mfcc(S=decibels, n_mfcc=13)[:, 0]
    np.testing.assert_allclose(timbre.mfcc(powers)[0], 0.1 * theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("gain", [0.01, 10.0])
def test_gain_moves_only_the_first_coefficient(rng, gain):
    powers = one_frame(rng)
    moved = timbre.mfcc(gain**2 * powers) - timbre.mfcc(powers)
    np.testing.assert_allclose(moved[0, 0], 2 * np.sqrt(40) * np.log10(gain), rtol=1e-12)
    np.testing.assert_allclose(moved[0, 1:], 0.0, atol=1e-12)


def test_mfcc_of_silence():
    np.testing.assert_allclose(
        timbre.mfcc(np.zeros((1, 257)))[0], np.r_[-10 * np.sqrt(40), np.zeros(12)], atol=1e-12
    )
    np.testing.assert_array_equal(timbre.mfcc(np.zeros((1, 257)), empty=0.0), np.zeros((1, 13)))


# --- Marsyas' definitions --------------------------------------------------------------------------


def test_marsyas_shape_against_the_plain_one(rng):
    powers = timbre.power(rng.standard_normal((10, 512)))
    np.testing.assert_allclose(
        timbre.marsyas_centroid(powers) * 257 * RATE / 512, timbre.centroid(powers), rtol=1e-12
    )
    bins = timbre.rolloff(powers) * 512 / RATE
    np.testing.assert_allclose(timbre.marsyas_rolloff(powers) * 257, bins - 1, rtol=1e-12)


def test_marsyas_shape_of_silence():
    silence = np.zeros((2, 257))
    np.testing.assert_array_equal(timbre.marsyas_centroid(silence), 0.5)
    np.testing.assert_array_equal(timbre.marsyas_rolloff(silence), 1.0)
    # the first frame is compared with the logarithm 0 in each of 256 bins of 257
    np.testing.assert_allclose(timbre.marsyas_flux(silence), [256 / 257, 0.0], rtol=1e-12)


def test_marsyas_flux_of_a_change_of_level(rng):
    powers = one_frame(rng)
    # every bin but the first moves by the same logarithm: 256 equal squares over 257 times their maximum
    # and the first frame is compared with a power of 1, that is (2N)² of the plain one
    first = np.log(powers[0, 1:] / 1024**2) ** 2
    np.testing.assert_allclose(
        timbre.marsyas_flux(np.concatenate([powers, 9.0 * powers])),
        [first.sum() / first.max() / 257, 256 / 257],
        rtol=1e-8,
    )


# --- clip vectors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("vector", "size"), [(timbre.paper19, 19), (timbre.marsyas64, 64)])
def test_clip_vectors_are_finite(vector, size):
    edge_cases = (
        signals.white_noise(3.0),
        signals.silence(),
        signals.dc(),
        np.ones(100),
        np.zeros(1),
        signals.impulse(),
    )
    for samples in edge_cases:
        values = vector(samples)
        assert values.shape == (size,)
        assert np.isfinite(values).all()


def test_paper19_does_not_hear_the_gain():
    noise = signals.white_noise(3.0)
    np.testing.assert_allclose(timbre.paper19(0.01 * noise), timbre.paper19(noise), rtol=1e-7, atol=1e-9)


def test_paper19_of_silence():
    np.testing.assert_allclose(timbre.paper19(signals.silence()), np.zeros(19), atol=1e-12)


def test_marsyas64_hears_the_gain_in_c0_and_in_the_flux_of_its_first_frame():
    noise = signals.white_noise(3.0)
    moved = timbre.marsyas64(10.0 * noise) - timbre.marsyas64(noise)
    assert moved[3] == pytest.approx(2 * np.sqrt(40), rel=1e-9)
    flux = [2, 18, 34, 50]
    assert np.abs(moved[flux]).min() > 1e-6
    np.testing.assert_allclose(np.delete(moved, [3, *flux]), 0.0, atol=1e-7)
