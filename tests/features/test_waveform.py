"""The waveform: crest, loudness and entropy of energy in closed form; pre-emphasis."""

import numpy as np
import pytest
import signals
from scipy.signal import lfilter

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.extraction.framed_analysis import BLOCK
from gtzanfeat.features import waveform, zero_crossings
from gtzanfeat.ingredients import envelopes

RATE, LENGTH = signals.RATE, 512
FRAMES = Framing(LENGTH, LENGTH)


def track(feature, samples, framing=FRAMES):
    request = Request(feature, framing)
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key][:, 0]


PERIODIC = 8 * RATE / LENGTH  # a whole number of periods in a frame


def test_crest_of_a_sine_a_square_wave_a_click_and_silence():
    np.testing.assert_allclose(track("crest", signals.tone(PERIODIC)), np.sqrt(2), rtol=1e-3)
    np.testing.assert_allclose(track("crest", signals.square_wave()), 1.0, rtol=1e-5)
    assert track("crest", signals.impulse(amplitude=0.3))[0] == pytest.approx(np.sqrt(LENGTH), rel=1e-5)
    assert track("crest", signals.silence())[0] == 1


def test_loudness_is_decibels_below_full_scale():
    np.testing.assert_allclose(track("loudness", signals.square_wave(amplitude=1.0)), 0.0, atol=1e-4)
    # a full-scale sine is 3.01 dB below
    np.testing.assert_allclose(track("loudness", signals.tone(PERIODIC, amplitude=1.0)), -3.0103, atol=1e-3)
    np.testing.assert_allclose(track("loudness", signals.silence()), -100.0, rtol=1e-6)
    softer = track("loudness", signals.white_noise()) - track("loudness", 0.1 * signals.white_noise())
    np.testing.assert_allclose(softer, 20.0, rtol=1e-4)


def test_energy_entropy_is_1_for_even_energy_and_0_for_one_click():
    np.testing.assert_allclose(track("energy_entropy", signals.dc()), 1.0, atol=1e-3)  # tenths of 51 or 52
    assert track("energy_entropy", signals.impulse())[0] == 0
    assert track("energy_entropy", signals.silence())[0] == 0
    half = np.zeros(500)
    half[:250] = 0.5
    assert track("energy_entropy", half, Framing(500, 500))[0] == pytest.approx(np.log(5) / np.log(10))


def test_preemphasis_is_a_filter_that_remembers(rng):
    samples = rng.standard_normal(10_000).astype(np.float32)
    stream = envelopes.preemphasis(RATE)
    got = np.concatenate([stream(part) for part in np.split(samples, [1, 2, 700, 7001])])
    expected = lfilter([1, -0.97], [1], samples.astype(float), zi=[-0.97 * float(samples[0])])[0]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert got.dtype == np.float32
    np.testing.assert_allclose(envelopes.preemphasis(RATE)(np.ones(9, dtype=np.float32)), 0.03, rtol=1e-5)


def test_features_of_preemphasized_sound_are_those_of_the_filtered_samples(rng):
    samples = rng.uniform(-0.5, 0.5, BLOCK + 5000).astype(np.float32)
    before = np.concatenate([samples[:1], samples[:-1]])
    emphasized = samples - np.float32(0.97) * before
    framing = Framing(551, 220, stream="preemphasis")
    np.testing.assert_array_equal(track("rms", samples, framing), track("rms", emphasized, Framing(551, 220)))


@pytest.mark.parametrize("kernel", [waveform.root_mean_square, zero_crossings.zero_crossings])
def test_frames_that_overlap_and_samples_that_lie_apart_are_frames_like_others(kernel, rng):
    """Kernels treat rows as contiguous where they are, which the type of overlapping frames does not say."""
    samples = rng.standard_normal((2000, 3)).astype(np.float32)
    mono = np.ascontiguousarray(samples[:, 1])
    strided = np.lib.stride_tricks.sliding_window_view(mono, 600)[::100]
    apart = np.lib.stride_tricks.sliding_window_view(samples[:, 1], 600)[::100]
    out = np.full((3, len(strided), 1), np.nan, dtype=np.float32)
    for frames, track in zip((strided, apart, strided.copy()), out, strict=True):
        kernel(frames.view(), track)
    np.testing.assert_array_equal(out[0], out[2])
    np.testing.assert_array_equal(out[1], out[2])
