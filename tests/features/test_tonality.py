"""Row 29 of the test catalogue: chroma and tonnetz in closed form and against librosa."""

import librosa
import numpy as np
import pytest
import signals

from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.tonality import normalised_chroma, tonnetz, tonnetz_basis
from gtzanfeat.ingredients.chroma import HIGHEST_HZ, LOWEST_HZ, chroma_filterbank
from gtzanfeat.ingredients.pitch_classes import NAMES

RATE = signals.RATE
REQUESTS = {item.feature: item.request for item in FEATURE_SETS["tonal"].items}
FRAMES = REQUESTS["chroma"].framing


def analyse(feature, samples):
    analysis = Analysis([REQUESTS[feature]])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[REQUESTS[feature].key]


def tonnetz_of(energies):
    energies = np.atleast_2d(np.asarray(energies, dtype=np.float32))
    out = np.empty((len(energies), 6), dtype=np.float32)
    tonnetz(energies, *tonnetz_basis(FRAMES, RATE, {}), out)
    return out


def spectra(samples):
    """Power spectra of the frames that chroma is made of, (n_bins, n_frames) as librosa wants them."""
    framed = np.lib.stride_tricks.sliding_window_view(samples, FRAMES.length)[:: FRAMES.hop]
    return np.abs(np.fft.rfft(framed * np.hamming(FRAMES.length))).T ** 2


# --- chroma ----------------------------------------------------------------------------------------


def test_row_29_an_a_of_8_partials_is_an_a():
    track = analyse("chroma", signals.harmonic_tone(440.0, partials=8))
    assert NAMES[9] == "a"
    assert (track.argmax(axis=1) == 9).all()
    np.testing.assert_allclose(track[:, 9], 1.0, rtol=1e-6)  # a float32 reciprocal away


@pytest.mark.parametrize("semitones", range(1, 12))
def test_row_29_transposition_rotates_mean_chroma(semitones):
    low = analyse("chroma", signals.harmonic_tone(signals.midi_to_hertz(57), partials=4)).mean(axis=0)
    high = analyse("chroma", signals.harmonic_tone(signals.midi_to_hertz(57 + semitones), partials=4))
    assert high.mean(axis=0).argmax() == (9 + semitones) % 12
    # bins are as wide as a semitone at 90 Hz, and how they fall differs from note to note
    np.testing.assert_allclose(high.mean(axis=0), np.roll(low, semitones), atol=0.1)


@pytest.mark.parametrize("tuning", [-0.5, -0.13, 0.0, 0.37])
def test_the_filters_are_librosas(tuning):
    for n_fft in (1024, 2048, 4096):
        theirs = librosa.filters.chroma(sr=RATE, n_fft=n_fft, tuning=tuning)
        np.testing.assert_array_equal(chroma_filterbank(n_fft, RATE, tuning), theirs)


def test_nothing_outside_the_range_has_weight():
    ours = chroma_filterbank(4096, RATE, 0.0, LOWEST_HZ, HIGHEST_HZ)
    hz = np.arange(2049) * RATE / 4096
    inside = (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)
    np.testing.assert_array_equal(ours[:, inside], chroma_filterbank(4096, RATE)[:, inside])
    assert not ours[:, ~inside].any()


def test_row_29_chroma_is_librosas_of_the_same_spectra(rng):
    samples = signals.progression() + 0.01 * rng.standard_normal(4 * RATE)
    power = spectra(samples)
    hz = np.arange(len(power)) * RATE / FRAMES.length
    power[(hz < LOWEST_HZ) | (hz > HIGHEST_HZ)] = 0.0
    theirs = librosa.feature.chroma_stft(S=power, sr=RATE, tuning=0.0)
    # float32 spectra against float64
    np.testing.assert_allclose(analyse("chroma", samples).T, theirs, atol=2e-5)


def test_a_rate_with_no_bin_in_range_has_no_chroma():
    assert not chroma_filterbank(4, 96_000, 0.0, LOWEST_HZ, HIGHEST_HZ).any()


# --- tonnetz ---------------------------------------------------------------------------------------


def test_row_29_tonnetz_of_c_major():
    c_e_g = np.zeros(12)
    c_e_g[[0, 4, 7]] = 0.7
    np.testing.assert_allclose(tonnetz_of(c_e_g)[0], [0.455, 0.455, 0.333, 0.667, 0.289, 0.0], atol=5e-4)


def test_row_29_tonnetz_is_librosas_of_the_same_chroma(rng):
    energies = rng.random((20, 12)).astype(np.float32)
    theirs = librosa.feature.tonnetz(chroma=energies.T.astype(np.float64))
    np.testing.assert_allclose(tonnetz_of(energies).T, theirs, atol=1e-6)


def test_nothing_and_everything_are_in_the_middle_of_tonal_space():
    np.testing.assert_allclose(tonnetz_of([np.zeros(12), np.ones(12)]), 0.0, atol=1e-7)
    out = np.empty((1, 12), dtype=np.float32)
    normalised_chroma(np.zeros((1, 12), dtype=np.float32), out)
    assert not out.any()
