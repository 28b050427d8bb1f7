"""Constant-Q chroma and what is made of it: closed forms, librosa, real clips, bad framings."""

import librosa
import numpy as np
import pytest
import signals
from recordings import GTZAN100, needs_gtzan100
from reference import constant_q as twin
from reference.frames import frames

from gtzanfeat.audio import load_audio
from gtzanfeat.declarations import Framing
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.tonality import chroma_cens
from gtzanfeat.ingredients.constant_q import (
    BINS,
    C1_HZ,
    N_OCTAVES,
    constant_q_thirds,
    decimate,
    half_band,
    octave_weights,
)
from gtzanfeat.ingredients.pitch_classes import NAMES

RATE = signals.RATE
REQUESTS = {item.feature: item.request for item in FEATURE_SETS["harmony"].items}
FRAMES = REQUESTS["chroma_cqt"].framing
EDGE = 18  # frames at either end that reach beyond the clip


def analyse(feature, samples):
    analysis = Analysis([REQUESTS[feature]])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[REQUESTS[feature].key]


def correlations(ours, theirs):
    """Pearson's correlation of each row with its counterpart."""
    ours, theirs = (x - x.mean(axis=1, keepdims=True) for x in (ours, theirs))
    return (ours * theirs).sum(axis=1) / np.sqrt((ours**2).sum(axis=1) * (theirs**2).sum(axis=1))


# --- the transform ---------------------------------------------------------------------------------


def test_the_half_band_filter_lets_the_lower_octaves_through_and_stops_what_would_fold_onto_them():
    middle, taps = half_band()
    hertz = np.linspace(0, 0.5, 1001)
    away = np.arange(1, 2 * taps.size, 2)
    response = middle + 2 * np.cos(2 * np.pi * hertz[:, None] * away) @ taps
    # B7 and its window reach to 0.19 of the rate, 0.095 of that before decimation
    np.testing.assert_allclose(response[hertz <= 0.1], 1.0, atol=3e-6)
    assert np.abs(response[hertz >= 0.4]).max() < 3e-6


@pytest.mark.parametrize("n", [1, 2, 3, 50, 51])
def test_decimation_is_a_convolution_of_which_every_second_sample_is_kept(n, rng):
    middle, taps = half_band()
    whole = np.zeros(4 * taps.size - 1)
    whole[2 * taps.size - 1] = middle
    whole[2 * taps.size :: 2] = taps
    whole[2 * taps.size - 2 :: -2] = taps
    x = rng.standard_normal(n).astype(np.float32)
    out = np.empty((n + 1) // 2, dtype=np.float32)
    decimate(x, middle, taps, out)
    full = np.convolve(x, whole)[2 * taps.size - 1 :][:n]
    np.testing.assert_allclose(out, full[::2], atol=1e-6)


@pytest.mark.parametrize("bin_", [0, 1, 50, 125, 180, 251])
def test_a_sine_on_a_bin_gives_half_its_amplitude_times_the_root_of_the_window(bin_):
    hertz = C1_HZ * 2 ** (bin_ / BINS)
    framed = frames(signals.tone(hertz, seconds=1.8, amplitude=0.4), FRAMES.length, FRAMES.hop)
    thirds = constant_q_thirds(FRAMES, RATE, {"a4_hz": 440.0})(framed.astype(np.float32))
    quality = 1 / (2 * np.tanh(np.log(2) / BINS) / 2)
    # neighbours within the third's own octave hear it too, but other octaves add no more than leakage
    np.testing.assert_allclose(thirds[:, bin_ % BINS], 0.2 * np.sqrt(quality * RATE / hertz), rtol=2e-3)
    assert (thirds.argmax(axis=1) == bin_ % BINS).all()


def test_the_windows_of_the_top_octave_serve_all_octaves():
    half, cosine, sine = octave_weights(RATE)
    assert cosine.shape == sine.shape == (BINS, half.max() + 1)
    assert FRAMES.length >= 2 * half.max() * 2 ** (N_OCTAVES - 1)
    assert not sine[:, 0].any()


@pytest.mark.parametrize(
    ("framing", "rate", "match"),
    [
        (Framing(32768, 1024), RATE, "frames of 32768 samples every 1024 .* from 36"),
        (Framing(36865, 1024), RATE, "multiple of 128 from"),
        (Framing(36864, 1000), RATE, "every multiple of 64"),
        (FRAMES, 16000, "a rate of 16000 Hz is too low for it, take at least 20930 Hz"),
    ],
)
def test_framings_and_rates_that_do_not_suit_are_refused(framing, rate, match):
    with pytest.raises(GtzanfeatError, match=match):
        constant_q_thirds(framing, rate, {"a4_hz": 440.0})


# --- chroma ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("note", [24, 33, 57, 64, 81, 106])
def test_a_tone_is_its_class(note):
    track = analyse("chroma_cqt", signals.tone(signals.midi_to_hertz(note), seconds=2.0))[EDGE:-EDGE]
    np.testing.assert_allclose(track[:, note % 12], 1.0, rtol=1e-6)
    # the window of the neighbouring semitone's nearest third is down to a few percent two thirds away
    assert (np.delete(track, note % 12, axis=1) < 0.2).all()


@pytest.mark.parametrize("semitones", [1, 5, 11])
def test_transposition_rotates_chroma(semitones):
    low = analyse("chroma_cqt", signals.harmonic_tone(signals.midi_to_hertz(48), partials=4)).mean(axis=0)
    high = analyse("chroma_cqt", signals.harmonic_tone(signals.midi_to_hertz(48 + semitones), partials=4))
    # bins move with the note; windows shrink with pitch, so that the ends of the clip count otherwise
    np.testing.assert_allclose(high.mean(axis=0), np.roll(low, semitones), atol=0.02)


def test_silence_is_in_no_class():
    for feature in ("chroma_cqt", "chroma_cens", "chroma_entropy", "harmonic_change", "chroma_cqt_key"):
        assert not analyse(feature, signals.silence()).any()


def test_it_is_librosas_chroma(rng):
    samples = (signals.progression() + 0.02 * rng.standard_normal(4 * RATE)).astype(np.float32)
    ours = analyse("chroma_cqt", samples)
    theirs = librosa.feature.chroma_cqt(y=samples, sr=RATE, hop_length=FRAMES.hop, tuning=0.0).T
    assert ours.shape == theirs.shape
    # librosa decimates with another filter, and leaves out the smallest hundredth of each window's spectrum
    np.testing.assert_allclose(ours, theirs, atol=0.02)
    assert correlations(ours, theirs).min() > 0.999


def test_it_does_not_depend_on_how_the_sound_arrives(rng):
    samples = (0.1 * rng.standard_normal(150_000)).astype(np.float32)
    analysis = Analysis([REQUESTS["chroma_cqt"]])
    for piece in np.split(samples, [1, 777, 60_000, 131_073]):
        analysis.push(piece)
    np.testing.assert_array_equal(
        analysis.finish()[REQUESTS["chroma_cqt"].key], analyse("chroma_cqt", samples)
    )


def test_blocks_agree_where_they_meet():
    # frames of the second block are decimated from another stretch of sound than those of the first
    samples = signals.progression(seconds=2.5)
    framed = frames(np.pad(samples, FRAMES.length // 2), FRAMES.length, FRAMES.hop)
    meeting = range((131072 // FRAMES.hop) - 3, (131072 // FRAMES.hop) + 3)
    expected = twin.chroma(framed[list(meeting)])
    np.testing.assert_allclose(analyse("chroma_cqt", samples)[list(meeting)], expected, atol=3e-5)


# --- what is made of it ------------------------------------------------------------------------------


@pytest.mark.parametrize("smooth", [1, 21, 41])
@pytest.mark.parametrize("n_frames", [1, 10, 200])
def test_cens_is_librosas_of_the_same_chroma(n_frames, smooth, rng):
    track = (rng.random((n_frames, 12)) ** 4).astype(np.float32)
    track[3:5] = 0.0
    track /= np.maximum(track.max(axis=1, keepdims=True), 1e-9)
    theirs = librosa.feature.chroma_cens(
        C=np.repeat(track.T, 1, axis=0), bins_per_octave=12, n_octaves=1, win_len_smooth=smooth, fmin=C1_HZ
    )
    np.testing.assert_allclose(chroma_cens(track, smooth).T, theirs, atol=1e-6)


def test_cens_of_a_held_note_is_that_note():
    track = analyse("chroma_cens", signals.tone(440.0, seconds=4.0))
    assert NAMES[9] == "a"
    np.testing.assert_allclose(track[:, 9], 1.0, atol=0.1)
    np.testing.assert_allclose(np.linalg.norm(track, axis=1), 1.0, rtol=1e-6)


def test_entropy_grows_from_one_note_to_noise():
    tone, chord, noise = (
        analyse("chroma_entropy", samples).mean()
        for samples in (signals.tone(440.0), signals.chord([57, 61, 64]), signals.white_noise())
    )
    assert tone < 0.5 < chord < 0.9 < noise <= 1.0


def test_harmony_changes_where_the_chord_does():
    chords = [signals.chord(notes, 2.0) for notes in ([60, 64, 67], [62, 66, 69])]
    track = analyse("harmonic_change", np.concatenate(chords))[:, 0]
    change = 2 * RATE // FRAMES.hop
    inner = track[EDGE:-EDGE]
    assert abs(EDGE + inner.argmax() - change) <= 3
    # a chord that is held stays where it is
    assert np.median(inner) < 0.2 * inner.max()


@pytest.mark.parametrize("cents", [-40, -10, 0, 20, 45])
def test_tuning_is_how_far_all_notes_are_off(cents):
    samples = signals.chord([76 + cents / 100, 81 + cents / 100, 85 + cents / 100], partials=3)
    # a parabola through bins that are 11 Hz apart errs by a few cents, and librosa's as far
    found = analyse("tuning", samples)
    np.testing.assert_allclose(found, [cents / 100], atol=0.05)
    spectra = np.abs(librosa.stft(samples.astype(np.float32))) ** 2
    np.testing.assert_allclose(found, librosa.estimate_tuning(S=spectra, sr=RATE), atol=0.011)


@pytest.mark.parametrize("cents", [-33, 0, 33])
@pytest.mark.parametrize("tonic", [60, 65])
def test_a_cadence_is_in_its_key_however_it_is_tuned(tonic, cents):
    values = analyse("chroma_cqt_key", signals.progression(tonic + cents / 100))
    for profile in range(2):
        assert tuple(values[4 * profile : 4 * profile + 2]) == (tonic % 12, 1)


# --- real clips ------------------------------------------------------------------------------------


@needs_gtzan100
@pytest.mark.parametrize("name", ["blues.00000", "classical.00000", "hiphop.00002", "metal.00000"])
def test_real_clips_have_librosas_chroma(name):
    path = GTZAN100 / name.split(".")[0] / f"{name}.wav"
    samples = load_audio(path)
    ours = analyse("chroma_cqt", samples)
    theirs = librosa.feature.chroma_cqt(y=samples, sr=RATE, hop_length=FRAMES.hop, tuning=0.0).T
    found = correlations(ours, theirs)
    assert found.mean() > 0.9995
    assert np.percentile(found, 1) > 0.99
