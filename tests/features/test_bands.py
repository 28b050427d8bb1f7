"""Bands: librosa as oracle of mel levels, cepstra and contrast; closed forms of flux, MPEG-7 and row 28."""

import librosa
import numpy as np
import pytest
import signals

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features import bands
from gtzanfeat.ingredients.filterbanks import mel_filterbank

RATE = signals.RATE
LONG = Framing(2048, 512, window="hann")
FRAMES = Framing(512, 512)
MEL = {"bands": 40, "low_hz": 0.0, "high_hz": 11025.0, "mel": "slaney", "floor": 1e-10}


def track(feature, samples, framing=LONG, rate=RATE, **params):
    request = Request(feature, framing, params)
    analysis = Analysis([request], rate)
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key]


@pytest.fixture(scope="module")
def sound():
    return (
        0.3 * signals.drum_loop(seconds=4.0)
        + signals.harmonic_tone(seconds=4.0)
        + signals.white_noise(4.0, 1e-3)
    )


def mel_power(sound, **kwargs):
    options = {"sr": RATE, "n_fft": 2048, "hop_length": 512, "center": False, **kwargs}
    return librosa.feature.melspectrogram(y=sound.astype(np.float32), **options)


# --- mel levels and cepstra ---------------------------------------------------------------------------


def test_mel_levels_are_librosas(sound):
    expected = librosa.power_to_db(mel_power(sound, n_mels=40), top_db=None).T
    np.testing.assert_allclose(track("mel", sound, **MEL), expected, atol=2e-3)  # dB of float32 sums


def test_librosa_mfcc_is_librosas(sound):
    logs = librosa.power_to_db(mel_power(sound), top_db=None)
    expected = librosa.feature.mfcc(S=logs, n_mfcc=20).T
    got = track("librosa_mfcc", sound, **{**MEL, "bands": 128})
    np.testing.assert_allclose(got, expected, atol=5e-3, rtol=1e-4)


def test_htk_mfcc_is_librosas_with_htks_settings(sound):
    power = mel_power(sound, n_mels=26, htk=True, norm=None)
    expected = librosa.feature.mfcc(S=np.log(np.maximum(power, 1e-10)), n_mfcc=13, lifter=22, norm="ortho").T
    # librosa's row 0 is divided by √2, HTK's is not; librosa's lifter is 1 + 11·sin(π(q + 1)/22)
    q = np.arange(13)
    expected = expected / (1 + 11 * np.sin(np.pi * (q + 1) / 22)) * (1 + 11 * np.sin(np.pi * q / 22))
    expected[:, 0] *= np.sqrt(2)
    got = track("htk_mfcc", sound, **{**MEL, "bands": 26, "mel": "htk"})
    np.testing.assert_allclose(got, expected, atol=5e-3, rtol=1e-4)


@pytest.mark.parametrize("feature", ["librosa_mfcc", "htk_mfcc"])
def test_gain_moves_the_first_coefficient_alone(feature):
    noise, gain = signals.white_noise(1.0), 10.0
    params = {**MEL, "bands": 26, "mel": "htk"}
    change = track(feature, gain * noise, **params) - track(feature, noise, **params)
    law = {"librosa_mfcc": np.sqrt(26) * 20, "htk_mfcc": np.sqrt(2 * 26) * np.log(gain**2)}[feature]
    np.testing.assert_allclose(change[:, 0], law, rtol=1e-5)
    np.testing.assert_allclose(change[:, 1:], 0.0, atol=1e-3)


def test_mel_filters_need_room():
    assert mel_filterbank(512, RATE, 40, 0.0, 8000.0, "slaney").shape == (40, 257)
    with pytest.raises(
        GtzanfeatError, match="reaches 11025 Hz, but at 16000 Hz the spectrum ends at 8000 Hz"
    ):
        mel_filterbank(512, 16000, 40, 0.0, 11025.0, "slaney")
    with pytest.raises(ValueError, match=r"unknown mel scale 'bark'\. Known: slaney, htk"):
        mel_filterbank(512, RATE, 40, 0.0, 8000.0, "bark")


@pytest.mark.parametrize("mel", ["slaney", "htk"])
@pytest.mark.parametrize("band", [(0.0, 11025.0), (133.3, 6854.0), (20.0, 900.0)])
def test_mel_filters_are_the_same_bits_as_those_of_librosa(mel, band):
    htk = mel == "htk"
    limits = {"n_mels": 12, "fmin": band[0], "fmax": band[1], "htk": htk, "norm": None if htk else "slaney"}
    expected = librosa.filters.mel(sr=RATE, n_fft=2048, **limits)
    np.testing.assert_array_equal(mel_filterbank(2048, RATE, 12, *band, mel), expected)


def test_features_with_a_number_of_bands_in_their_name_refuse_other_numbers():
    with pytest.raises(GtzanfeatError, match="band_flux64: bands is 40; it must be one of 64"):
        track("band_flux64", np.zeros(2048), **{**MEL, "bands": 40})


# --- band flux ----------------------------------------------------------------------------------------


def test_band_flux_of_noise_made_louder_is_the_logarithm_of_the_power():
    """The same frame over and over, e times as loud each time: every band rises by 2, and then falls."""
    frame = signals.white_noise(1.0)[:512]
    steps = np.exp(np.array([0, 1, 2, 3, 2, 1.0])) / 100
    flux = track("band_flux", np.concatenate([g * frame for g in steps]), FRAMES, **{**MEL, "floor": 1e-12})
    rise, fall = flux[:, :40], flux[:, 40:]
    np.testing.assert_array_equal(flux[0], 0.0)
    np.testing.assert_allclose(rise[1:4], 2.0, rtol=1e-4)
    np.testing.assert_allclose(fall[4:], 2.0, rtol=1e-4)
    assert not rise[4:].any()
    assert not fall[:4].any()


@pytest.mark.parametrize("bands", [24, 40, 64])
@pytest.mark.parametrize("lag", [1, 3, 6])
def test_band_flux_over_several_frames_adds_up(bands, lag):
    """A level that rises evenly has risen k times as much over k frames, in each of however many bands."""
    frame = signals.white_noise(1.0)[:512]
    name = f"band_flux{bands if bands != 40 else ''}{f'_lag{lag}' if lag > 1 else ''}"
    steps = np.exp(0.1 * np.arange(300)) * 1e-12  # more than one block
    flux = track(
        name, np.concatenate([g * frame for g in steps]), FRAMES, **{**MEL, "bands": bands, "floor": 1e-38}
    )
    assert flux.shape == (300, 2 * bands)
    assert not flux[:lag].any()
    np.testing.assert_allclose(flux[lag:, :bands], 0.2 * lag, rtol=1e-3)
    assert not flux[lag:, bands:].any()


def test_a_steady_tone_has_no_band_flux():
    steady = signals.tone(20 * RATE / 512, 2.0)  # a whole number of periods in a frame
    flux = track("band_flux", steady, FRAMES, **{**MEL, "floor": 1e-6})
    assert flux.max() < 0.05


# --- contrast: row 28 of the test catalogue -------------------------------------------------------------


def test_contrast_is_librosas(sound):
    magnitude = np.abs(librosa.stft(sound.astype(np.float32), n_fft=2048, hop_length=512, center=False))
    expected = librosa.feature.spectral_contrast(S=magnitude, sr=RATE).T
    got = track("spectral_contrast", sound, spectrum="magnitude")
    np.testing.assert_allclose(got, expected, atol=2e-2)  # dB; the weakest bins are near float32's rounding


def test_row_28_contrast_tells_a_tone_from_noise():
    """Expected: 54.6 dB in the octave of a 1-kHz tone, 9 to 13 dB in the others; noise 10 to 13."""
    noise = signals.white_noise(2.0, 1e-3)
    loud = track("spectral_contrast", signals.tone(1000.0) + noise, spectrum="magnitude").mean(axis=0)
    assert loud.argmax() == 3
    assert loud[3] > 40
    assert (np.delete(loud, 3) < 20).all()
    even = track("spectral_contrast", noise, spectrum="magnitude").mean(axis=0)
    assert ((even > 7) & (even < 16)).all()


def test_row_28_octave_contrast_tells_a_tone_from_noise():
    noise = signals.white_noise(2.0, 1e-3)
    values = track("octave_contrast", signals.tone(1000.0) + noise, spectrum="magnitude").mean(axis=0)
    contrast, valley = values[:6], values[6:]
    assert contrast.argmax() == 3
    assert contrast[3] > 2 * np.delete(contrast, 3).max()
    # gain moves valleys by ln g and leaves contrasts alone
    louder = track("octave_contrast", 10 * (signals.tone(1000.0) + noise), spectrum="magnitude").mean(axis=0)
    np.testing.assert_allclose(louder[:6], contrast, atol=1e-3)
    np.testing.assert_allclose(louder[6:], valley + np.log(10), atol=1e-3)


def test_silence_has_no_contrast():
    assert not track("spectral_contrast", np.zeros(4096), spectrum="power").any()
    silent = track("octave_contrast", np.zeros(4096), spectrum="power")
    assert not silent[:, :6].any()
    np.testing.assert_allclose(silent[:, 6:], np.log(1e-10), rtol=1e-6)


def test_contrast_needs_bins_in_every_band():
    with pytest.raises(
        GtzanfeatError, match="band from 200 Hz has no bin in frames of 32 samples at 22050 Hz"
    ):
        track("spectral_contrast", np.zeros(4096), Framing(32, 32), spectrum="power")


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_extremes_are_those_of_the_sorted_band(n, rng):
    for band in (rng.standard_normal(40), np.arange(40.0), -np.arange(40.0), np.full(40, 0.5)):
        smallest, largest = bands.mean_extremes(band, n, np.empty(n), np.empty(n))
        assert smallest == pytest.approx(np.sort(band)[:n].mean())
        assert largest == pytest.approx(np.sort(band)[-n:].mean())


# --- MPEG-7: row 28 -----------------------------------------------------------------------------------


def test_row_28_a_tone_is_peaked_in_its_own_quarter_octave():
    samples = signals.tone(3100.0) + signals.white_noise(2.0, 1e-3)  # between 2828 and 3364 Hz: band 14
    flatness = track("mpeg7_flatness", samples, FRAMES).mean(axis=0)
    crest = track("mpeg7_crest", samples, FRAMES).mean(axis=0)
    assert flatness.argmin() == 14
    assert flatness[14] < 0.05
    assert crest.argmax() == 14


def test_row_28_wide_bands_of_noise_are_nearly_as_flat_as_all_of_it():
    flatness = track("mpeg7_flatness", signals.white_noise(10.0), FRAMES).mean(axis=0)
    assert flatness[-1] == pytest.approx(np.exp(-np.euler_gamma), abs=0.03)
    assert (flatness > 0.5).all()


def test_the_last_valid_band_is_the_twenty_first():
    """At 22050 Hz and 512 samples 21 bands fit; at 16000 Hz those above 8 kHz count as silent."""
    noise = signals.white_noise(1.0)
    assert (track("mpeg7_crest", noise, FRAMES)[:, 20] > 1).all()
    crest = track("mpeg7_crest", noise, FRAMES, rate=16000)
    np.testing.assert_array_equal(crest[:, 20], 1.0)
    np.testing.assert_array_equal(track("mpeg7_flatness", np.zeros(512), FRAMES), 1.0)


# --- the set of cepstra -------------------------------------------------------------------------------


def test_the_mfcc_set_is_mean_and_std_of_cepstra_and_deltas(sound):
    chosen = FEATURE_SETS["mfcc"]
    assert len(chosen.columns) == 52
    assert chosen.columns[:5] == (
        "mfcc_00_mean",
        "mfcc_00_std",
        "mfcc_00_delta_mean",
        "mfcc_00_delta_std",
        "mfcc_01_mean",
    )
    cepstra = track("mfcc", sound, FRAMES).astype(float)
    change = librosa.feature.delta(cepstra.T, width=5, mode="nearest").T
    expected = [cepstra.mean(0), cepstra.std(0), change.mean(0), change.std(0)]
    values = extract([sound], chosen).values[0]
    np.testing.assert_allclose(values, np.stack(expected, axis=1).ravel(), rtol=1e-4, atol=1e-6)
