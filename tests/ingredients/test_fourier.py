"""Transforms of frames against numpy in float64, and frames that know nothing of each other."""

import numpy as np
import pytest

from gtzanfeat.ingredients import fourier
from gtzanfeat.ingredients.fourier import LENGTHS, FrameTransform, SummaryAutocorrelation
from gtzanfeat.jit import recursive_kernel
from gtzanfeat.jit.lanes import LANES, load_reals, power_law, store_reals

NEAR = 3e-7  # of the largest value: some units in the last place of float32


def oracle(frames, taper):
    return np.fft.rfft(frames.astype(float) * taper)


def noise(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def assert_near(found, expected):
    assert np.abs(found - expected).max() <= NEAR * np.abs(expected).max()


@pytest.mark.parametrize("length", sorted(LENGTHS))
def test_spectra_and_powers_are_those_of_numpy(length, rng):
    taper = np.hanning(length).astype(np.float32)
    frames = noise(rng, 9, length)
    transform = FrameTransform(taper)
    expected = oracle(frames, taper)
    spectrum, power = transform.spectrum(frames), transform.power(frames)
    assert (spectrum.dtype, power.dtype) == (np.complex64, np.float32)
    assert spectrum.shape == power.shape == (9, length // 2 + 1)
    assert_near(spectrum, expected)
    assert_near(power, np.abs(expected) ** 2)


@pytest.mark.parametrize("length", [256, 512, 2048])
def test_every_bin_hears_its_tone(length):
    """A cosine of k periods is N/2 in bin k, and N in the bins 0 and N/2."""
    k = np.arange(length // 2 + 1)
    tones = np.cos(2 * np.pi * np.outer(k, np.arange(length)) / length).astype(np.float32)
    expected = np.eye(k.size) * (length / 2) ** 2
    expected[[0, -1], [0, -1]] *= 4
    power = FrameTransform(np.ones(length, dtype=np.float32)).power(tones)
    np.testing.assert_allclose(power, expected, atol=NEAR * length**2)


def test_an_impulse_is_flat_and_turns_with_its_place():
    impulse = np.zeros((1, 512), dtype=np.float32)
    impulse[0, 3] = 1
    transform = FrameTransform(np.ones(512, dtype=np.float32))
    expected = np.exp(-2j * np.pi * 3 * np.arange(257) / 512)
    np.testing.assert_allclose(transform.spectrum(impulse)[0], expected, atol=NEAR)
    np.testing.assert_allclose(transform.power(impulse)[0], np.ones(257), atol=2 * NEAR)


def test_silence_is_zero_beside_sound_too(rng):
    frames = noise(rng, 8, 512)
    frames[3] = 0
    transform = FrameTransform(np.hanning(512).astype(np.float32))
    assert not transform.power(frames)[3].any()
    assert not transform.spectrum(frames)[3].any()
    assert not transform.power(frames[3:4]).any()


@pytest.mark.parametrize("length", [512, 1024])
def test_a_frame_is_the_same_bits_in_any_block_and_lane(length, rng):
    """Alone, in full blocks and in rests, as rows of a matrix and as a view of overlapping samples."""
    samples = noise(rng, 100 * 19 + length)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::100]
    transform = FrameTransform(np.hanning(length).astype(np.float32))
    for whole in (transform.power, transform.spectrum):
        expected = whole(frames)
        for n in (1, 3, 8, 11, 16):
            blocks = [whole(frames[i : i + n]) for i in range(0, len(frames), n)]
            np.testing.assert_array_equal(np.concatenate(blocks), expected)
        np.testing.assert_array_equal(whole(np.ascontiguousarray(frames)), expected)
        np.testing.assert_array_equal(whole(np.asfortranarray(frames)), expected)
        np.testing.assert_array_equal(whole(frames[::-2]), expected[::-2])
    assert len(fourier.transform_frames.signatures) == 1  # a view that is read-only compiles nothing anew


def test_a_result_is_not_overwritten_by_the_next(rng):
    frames = noise(rng, 2, 256)
    transform = FrameTransform(np.ones(256, dtype=np.float32))
    first = transform.power(frames)
    kept = first.copy()
    transform.power(2 * frames)
    np.testing.assert_array_equal(first, kept)


def test_no_frames_give_no_rows():
    transform = FrameTransform(np.ones(256, dtype=np.float32))
    assert transform.power(np.empty((0, 256), dtype=np.float32)).shape == (0, 129)


def test_what_is_not_a_number_stays_in_its_frame(rng):
    frames = noise(rng, 8, 256)
    expected = FrameTransform(np.ones(256, dtype=np.float32)).power(frames)
    frames[2, 7] = np.nan
    power = FrameTransform(np.ones(256, dtype=np.float32)).power(frames)
    assert np.isnan(power[2]).all()
    np.testing.assert_array_equal(np.delete(power, 2, 0), np.delete(expected, 2, 0))


# --- the power law and the summary autocorrelation ----------------------------------------------------


@recursive_kernel
def powers(x, exponent, out):
    for i in range(0, x.size, LANES):
        store_reals(out, i, power_law(load_reals(x, i), exponent))


@pytest.mark.parametrize("exponent", [0.335, 0.5, 1.0])
def test_the_power_law_is_a_power(exponent, rng):
    """Over all that a power spectrum can be; 0 and 1 stay what they are, and what is below normal is 0."""
    x = np.exp(rng.uniform(-80, 80, 800)).astype(np.float32)
    x[:3] = 0, 1, 1e-40
    result = np.empty_like(x)
    powers(x, np.float32(exponent), result)
    assert result[:3].tolist() == [0, 1, 0]
    np.testing.assert_allclose(result[3:], x[3:].astype(float) ** exponent, rtol=1e-5)


@pytest.mark.parametrize("length", [128, 256, 512, 1024])
def test_a_summary_autocorrelation_is_the_same_bits_in_any_block_and_lane(length, rng):
    samples = noise(rng, 2, 100 * 19 + length)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length, axis=1)[:, ::100]
    summary = SummaryAutocorrelation(np.hamming(length).astype(np.float32))
    expected = summary(frames)
    for n in (1, 3, 8, 11):
        blocks = [summary(frames[:, i : i + n]) for i in range(0, frames.shape[1], n)]
        np.testing.assert_array_equal(np.concatenate(blocks), expected)
