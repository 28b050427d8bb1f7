"""Rows 1 to 11 of the test catalogue: timbral texture of signals known beforehand.

Both profiles, ``tzanetakis2002`` (paper) and ``classic30`` (robust), ask for the same timbre, which the first
test proves; so every claim is asked of one request alone.
"""

import librosa
import numpy as np
import pytest
import signals
from reference.frames import frames as slow_frames
from reference.frames import texture as slow_texture

from gtzanfeat.audio import load_audio
from gtzanfeat.declarations import Framing, Request
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet
from gtzanfeat.features.centroid_rolloff_flux import spectral_centroid, spectral_flux, spectral_rolloff
from gtzanfeat.features.cepstrum import cepstrum, dct_basis
from gtzanfeat.ingredients.filterbanks import slaney_filterbank

RATE, LENGTH = signals.RATE, 512
BIN_HZ = RATE / LENGTH
FRAMES = Framing(LENGTH, LENGTH)
TEXTURE = {"summary": "texture", "summary_params": {"window": 43, "start": "valid"}}
BOTH = ["tzanetakis2002", "classic30"]


def analyse(feature, samples, **params):
    request = Request(feature, FRAMES, params)
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key]


def track(feature, samples, **params):
    """The one column of a frame feature."""
    return analyse(feature, samples, **params)[:, 0]


def test_both_profiles_ask_for_the_same_timbre():
    paper, robust = ([i for i in FEATURE_SETS[name].items if i.framing.hop == LENGTH][:6] for name in BOTH)
    assert paper == robust
    assert [item.spec() for item in robust] == [item.spec() for item in FEATURE_SETS["timbre19"].items]
    assert robust[0] == FeatureItem("spectral_centroid", FRAMES, {"spectrum": "magnitude"}, **TEXTURE)
    assert robust[1].params["share"] == 0.85


# --- rows 1 to 3: centroid and rolloff ----------------------------------------------------------------


@pytest.mark.parametrize("hertz", [500, 1000, 2500, 5000, 7777, 10000])
def test_row_1_the_power_centroid_of_a_sine_is_its_frequency(hertz):
    centroid = track("spectral_centroid", signals.tone(hertz), spectrum="power")
    np.testing.assert_allclose(centroid, hertz, atol=1.0)  # Hz, the catalogue's


@pytest.mark.parametrize("hertz", [100, 440, 1000, 3000, 10000])
def test_row_1_the_magnitude_centroid_of_a_sine_is_pulled_to_the_middle(hertz):
    centroid = track("spectral_centroid", signals.tone(hertz), spectrum="magnitude")
    pull = (centroid.mean() - hertz) * np.sign(RATE / 4 - hertz)
    # about 250 Hz expected; the side lobes' sum also hangs on the phases at which frames are cut
    assert 0.0 < pull < 300.0


@pytest.mark.parametrize("hertz", [200, 440, 1000, 4321, 9000])
@pytest.mark.parametrize(("spectrum", "bins"), [("power", 1), ("magnitude", 2)])
def test_row_1_the_rolloff_of_a_sine_is_next_to_its_frequency(hertz, spectrum, bins):
    rolloff = track("spectral_rolloff", signals.tone(hertz), spectrum=spectrum, share=0.85)
    # magnitudes: a bin more than the catalogue's one; the main lobe is 4 bins wide
    np.testing.assert_allclose(rolloff, hertz, atol=bins * BIN_HZ)


def test_row_2_centroid_and_rolloff_of_any_magnitudes_are_librosas(rng):
    magnitudes = rng.random((300, 257)).astype(np.float32)
    ours, theirs = np.empty((2, 300, 1), dtype=np.float32), magnitudes.T.astype(np.float64)
    spectral_centroid(magnitudes, BIN_HZ, ours[0])
    spectral_rolloff(magnitudes, BIN_HZ, 0.85, ours[1])
    centroid = librosa.feature.spectral_centroid(S=theirs, sr=RATE)[0]
    rolloff = librosa.feature.spectral_rolloff(S=theirs, sr=RATE, roll_percent=0.85)[0]
    np.testing.assert_allclose(ours[0, :, 0], centroid, rtol=2e-6)  # a float32 sum of 257 products
    np.testing.assert_allclose(ours[1, :, 0], rolloff, rtol=1e-6)  # the same bin, in float32


def test_row_2_so_are_those_of_sound(rng):
    samples = rng.uniform(-1, 1, 40 * LENGTH).astype(np.float32)
    magnitudes = np.abs(np.fft.rfft(slow_frames(samples) * np.hamming(LENGTH))).T
    centroid = librosa.feature.spectral_centroid(S=magnitudes, sr=RATE)[0]
    rolloff = librosa.feature.spectral_rolloff(S=magnitudes, sr=RATE, roll_percent=0.85)[0]
    np.testing.assert_allclose(track("spectral_centroid", samples, spectrum="magnitude"), centroid, rtol=1e-5)
    np.testing.assert_allclose(
        track("spectral_rolloff", samples, spectrum="magnitude", share=0.85), rolloff, rtol=1e-6
    )


@pytest.mark.parametrize("k", [0, 1, 15, 16, 17, 128, 255, 256])
def test_row_2_all_energy_in_one_bin_is_the_centroid_and_the_rolloff(k):
    one_bin, out = np.zeros((1, 257), dtype=np.float32), np.empty((1, 1), dtype=np.float32)
    one_bin[0, k] = 3.0
    spectral_centroid(one_bin, BIN_HZ, out)
    assert out[0, 0] == pytest.approx(k * BIN_HZ, rel=1e-6)
    spectral_rolloff(one_bin, BIN_HZ, 0.85, out)
    assert out[0, 0] == pytest.approx(k * BIN_HZ, rel=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.85, 0.9, 1.0])
def test_row_2_the_rolloff_of_a_flat_spectrum_is_its_share(share):
    flat, out = np.ones((1, 256), dtype=np.float32), np.empty((1, 1), dtype=np.float32)
    spectral_rolloff(flat, 1.0, share, out)
    assert out[0, 0] == np.ceil(share * 256) - 1  # the first r with r + 1 >= share · 256


@pytest.mark.parametrize("random_state", range(3))
def test_row_3_white_noise_lies_in_the_middle(random_state):
    noise = signals.white_noise(30.0, random_state=random_state)
    centroid = track("spectral_centroid", noise, spectrum="magnitude")
    rolloff = track("spectral_rolloff", noise, spectrum="magnitude", share=0.85)
    # Hz, the catalogue's: about 3 standard errors over 1291 frames
    assert centroid.mean() == pytest.approx(RATE / 4, abs=50.0)
    assert rolloff.mean() == pytest.approx(0.85 * RATE / 2, abs=60.0)


# --- row 4: flux --------------------------------------------------------------------------------------


def test_row_4_flux():
    def flux(samples):
        return track("spectral_flux", samples, spectrum="magnitude")[1:]

    # independent Rayleigh magnitudes: 2 - 2 (E M)² / E M² = 2 - π/2
    assert flux(signals.white_noise(30.0)).mean() == pytest.approx(2 - np.pi / 2, abs=0.01)
    assert flux(signals.tone(440.0)).max() < 1e-3
    tones = [signals.tone(hertz)[: 40 * LENGTH].reshape(40, LENGTH) for hertz in (440.0, 4400.0)]
    alternate = np.where(np.arange(40)[:, None] % 2 == 0, *tones).ravel()
    assert flux(alternate).min() > 1.99  # of 2: spectra that share no bin
    # the first frame has nothing to differ from: 0, which summaries leave out
    assert track("spectral_flux", alternate, spectrum="magnitude")[0] == 0.0


def test_row_4_flux_at_the_edges_of_silence(rng):
    spectra = np.zeros((5, 257), dtype=np.float32)
    spectra[2:4] = rng.random(257)
    out = np.empty((5, 1), dtype=np.float32)
    spectral_flux(spectra, np.zeros((1, 257), dtype=np.float32), out)
    np.testing.assert_allclose(out[:, 0], [0, 0, 1, 0, 1], atol=1e-6)  # sound beside silence counts 1


# --- rows 6 and 7: cepstra ----------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [0.01, 10.0])
def test_row_6_gain_moves_only_the_first_coefficient(gain, rng):
    samples = rng.standard_normal(20 * LENGTH)
    moved = analyse("mfcc", gain * samples) - analyse("mfcc", samples)
    # 12.649 for ×10; float32 logarithms of up to 6, 40 of them
    np.testing.assert_allclose(moved[:, 0], 2 * np.sqrt(40) * np.log10(gain), rtol=1e-5)
    np.testing.assert_allclose(moved[:, 1:], 0.0, atol=2e-5)


def test_row_7_mfcc_is_a_tenth_of_librosas(rng):
    samples = rng.standard_normal(20 * LENGTH).astype(np.float32)
    powers = np.abs(np.fft.rfft(slow_frames(samples) * np.hamming(LENGTH))).T ** 2

    def tenth(bank):
        decibels = librosa.power_to_db(bank.astype(np.float64) @ powers, amin=1e-10, top_db=None)
        return 0.1 * librosa.feature.mfcc(S=decibels, n_mfcc=13).T

    ours = analyse("mfcc", samples)
    np.testing.assert_allclose(ours, tenth(slaney_filterbank(LENGTH, RATE)), atol=2e-5)  # float32
    bank = librosa.filters.mel(sr=RATE, n_fft=LENGTH, n_mels=40, fmin=133.3333, fmax=6853.84, norm="slaney")
    # librosa's own bank has edges up to 0.22 Hz off
    np.testing.assert_allclose(ours, tenth(bank), atol=0.005)


def test_row_7_the_cosines_are_orthonormal():
    basis = dct_basis(40, 40).astype(np.float64)
    np.testing.assert_allclose(basis @ basis.T, np.eye(40), atol=1e-6)
    flat, out = np.full((1, 40), 2.5, dtype=np.float32), np.empty((1, 40), dtype=np.float32)
    cepstrum(flat, dct_basis(40, 40), out)
    np.testing.assert_allclose(out[0], np.r_[2.5 * np.sqrt(40), np.zeros(39)], atol=1e-5)


# --- rows 8 and 9: low energy and texture -------------------------------------------------------------


def frames_at(levels):
    """A square wave of 32 samples a period, one frame at each level: RMS is the level."""
    wave = np.where(np.arange(LENGTH) % 32 < 16, 1.0, -1.0)
    return np.outer(levels, wave).ravel()


def low_energy(samples):
    return analyse("low_energy", samples, window=43)[0]


def test_row_8_low_energy():
    for period in (3, 10):  # one loud frame in so many
        levels = np.r_[1.0, np.full(period - 1, 0.1)]
        # 42 frames more than periods make whole rounds of windows, which meet every phase
        loud = np.tile(levels, 20)[: 42 + 3 * period]
        assert low_energy(frames_at(loud)) == pytest.approx(1 - 1 / period, abs=1e-7)
    assert low_energy(frames_at(np.full(60, 0.3))) == 0.0
    assert low_energy(signals.tone(10 * BIN_HZ)) == 0.0  # whole periods in a frame
    assert low_energy(signals.white_noise(30.0)) == pytest.approx(0.5, abs=0.03)
    # RMS wobbles with the phase at which a frame cuts the sine, evenly about its mean
    assert low_energy(signals.tone(441.3)) == pytest.approx(0.5, abs=0.05)


def texture(levels):
    """Mean and variance over texture windows of the level of each frame."""
    level = FeatureSet("level", "", (FeatureItem("rms", FRAMES, **TEXTURE),))
    return extract([frames_at(levels)], level).values[0]


def test_row_9_texture_of_a_constant_a_ramp_and_a_step():
    np.testing.assert_allclose(texture(np.full(100, 0.25)), [0.25, 0.0], rtol=1e-6)
    ramp = 0.001 * np.arange(200)
    mean, variance = texture(ramp)
    assert mean == pytest.approx(ramp.mean(), rel=1e-5)
    assert variance == pytest.approx(1e-6 * (43**2 - 1) / 12, rel=1e-4)  # a²·154; float32 levels
    step = np.repeat([0.0, 1.0], 100)
    shares = np.clip(np.arange(158) - 57, 0, 43) / 43
    np.testing.assert_allclose(texture(step), [shares.mean(), (shares * (1 - shares)).mean()], rtol=1e-5)


def test_row_9_texture_of_anything_is_that_of_a_double_loop(rng):
    levels = rng.random(150)
    means, variances = slow_texture(levels, 43)
    np.testing.assert_allclose(texture(levels), [means.mean(), variances.mean()], rtol=1e-5)
    np.testing.assert_allclose(texture(levels[:5]), [levels[:5].mean(), levels[:5].var()], rtol=1e-5)


# --- rows 10 and 11: whole vectors --------------------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), [("timbre19", 19), ("tzanetakis2002", 30), ("classic30", 30)])
def test_row_10_the_vector_of_noise(name, size):
    extraction = extract([signals.white_noise(30.0)], name)
    assert extraction.values.shape == (1, size)
    assert extraction.values.dtype == np.float32
    assert np.isfinite(extraction.values).all()
    assert len(set(extraction.columns)) == size


@pytest.mark.parametrize("name", BOTH)
def test_row_11_silence_is_zero(name):
    extraction = extract([signals.silence(), np.zeros(100), np.zeros(1)], name)
    # mfcc 1 to 5: cosines over 40 equal logarithms, -10 each, in float32: 40 products of at most 2.24, each
    # rounded by at most 2^-24 of it, 5.4e-6 in all; how much remains depends on the order of summation

    np.testing.assert_allclose(extraction.values, 0.0, atol=5.4e-6)

    flags = "silent {}padded_65536 no_beat no_pitch"
    short = "padded_512 " + ("padded_1024 " if name == "classic30" else "")
    assert extraction.flags == (flags.format(""), flags.format(short), flags.format(short))


@pytest.mark.parametrize("name", BOTH)
def test_row_11_a_constant_changes_nothing(name):
    row = extract([signals.dc()], name)
    values = dict(zip(row.columns, row.values[0], strict=True))
    for column, value in values.items():
        if column.endswith("_tvar") or column.startswith(("zcr", "low_energy", "spectral_flux", "beat")):
            assert value == pytest.approx(0.0, abs=1e-9), column
    assert values["pitch_sum"] == 0.0
    # what little is not in bin 0 is the window's main lobe
    assert 0.0 < values["spectral_centroid_tmean"] < BIN_HZ
    assert values["spectral_rolloff_tmean"] == pytest.approx(BIN_HZ)


@pytest.mark.parametrize("name", BOTH)
def test_row_11_a_hundred_samples_are_a_frame_filled_with_zeros(name, rng):
    samples = rng.standard_normal(100)
    row = extract([samples], name)
    assert np.isfinite(row.values).all()
    assert "padded_512" in row.flags[0]
    filled = np.concatenate([samples, np.zeros(LENGTH - 100)])
    np.testing.assert_array_equal(row.values[0, :19], extract([filled], name).values[0, :19])
    variances = [c.endswith("_tvar") for c in row.columns]
    assert not row.values[0, variances].any()


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("value", "reason"), [(np.nan, "NaN samples"), (np.inf, "infinite samples"), (-np.inf, "infinite")]
)
def test_row_11_a_sample_that_is_no_number_is_refused(name, value, reason):
    samples = signals.white_noise(0.5)
    samples[777] = value
    with pytest.raises(ClipError, match=f"clip 0: it holds {reason}"):
        extract([samples], name)
    with pytest.raises(ValueError, match=reason):
        load_audio(samples)


@pytest.mark.parametrize("name", BOTH)
def test_row_11_no_samples_are_refused(name):
    with pytest.raises(ValueError, match="clip 1: it holds no samples"):
        extract([signals.white_noise(0.5), np.array([])], name)
