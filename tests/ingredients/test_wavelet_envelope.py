"""The wavelet envelope of the beat histogram against PyWavelets and scipy, however its frames are cut."""

import numpy as np
import pytest
import pywt
import signals
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from gtzanfeat.declarations import Framing
from gtzanfeat.ingredients import wavelet_envelope

RATE = signals.RATE


# --- smoothing ----------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 40), st.floats(0.0, 0.999), st.integers(0, 9))
def test_what_is_left_of_the_values_before_is_added_to_each_frame(n_frames, n, pole, seed):
    u = np.abs(np.random.default_rng(seed).standard_normal((n_frames, n))).astype(np.float32)
    out = u.copy()
    wavelet_envelope.decay(pole, out)
    # float32 sums of a few positive numbers
    np.testing.assert_allclose(out, lfilter([1], [1, -(pole**16)], u.astype(float)), rtol=1e-5, atol=1e-7)


def test_smoothing_forgets_by_the_pole():
    """A click dies away by α per sample; a constant is left as it is once the start is forgotten."""
    click = np.eye(1, 100, 0, dtype=np.float32)
    wavelet_envelope.decay(0.99, click)
    np.testing.assert_allclose(click[0], 0.99 ** (16.0 * np.arange(100)), rtol=1e-5)
    constant = np.full((1, 1600), 0.5, dtype=np.float32)
    out = wavelet_envelope.beat_envelope(Framing(1600, 1600, "none"), RATE, {})(constant)
    np.testing.assert_allclose(out[0], 0.5 * (1 - 0.99 ** (16.0 * np.arange(100) + 1)), rtol=1e-5)


# --- the beat envelope --------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [64, 192, 1024, 65536])
def test_the_beat_envelope_is_that_of_pywts_bands(length, rng):
    frames = rng.standard_normal((2, length)).astype(np.float32)
    before = frames.copy()
    ours = wavelet_envelope.beat_envelope(Framing(length, length, "none"), RATE, {})(frames)
    assert ours.shape == (2, length // 16)
    assert ours.dtype == np.float32
    for frame, envelope in zip(frames.astype(float), ours, strict=True):
        details = []
        for _ in range(6):
            frame, detail = pywt.dwt(frame, "db2", mode="periodization")
            details.append(detail)
        bands = [risen(frame, 6, details=False)]
        bands += [risen(detail, level, details=True) for level, detail in enumerate(details, start=1)]
        smooth = lfilter([0.01], [1, -0.99], np.abs(bands), axis=1)[:, ::16]
        np.testing.assert_allclose(envelope, smooth.sum(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(frames, before)


def risen(c, levels, details):
    c = (
        pywt.idwt(None, c, "db2", mode="periodization")
        if details
        else pywt.idwt(c, None, "db2", "periodization")
    )
    for _ in range(levels - 1):
        c = pywt.idwt(c, None, "db2", mode="periodization")
    return c


def overlapping(samples, length, step):
    """Frames that share the memory of the samples."""
    return np.lib.stride_tricks.as_strided(
        samples, ((samples.size - length) // step + 1, length), (4 * step, 4), writeable=True
    )


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (64, 64),
        (192, 64),
        (1024, 512),
        (1024, 1000),
        (4096, 1024),
        (4096, 4096),
        (1024, 1984),
        (65536, 32768),
    ],
)
def test_no_bit_of_a_beat_envelope_depends_on_the_frames_beside_it(length, step, rng):
    """Ten frames that share samples or leave some out, each alone, and in memory that nobody may write to."""
    samples = rng.standard_normal(length + (3 if length > 5000 else 9) * step).astype(np.float32)
    frames = overlapping(samples, length, step)
    envelope = wavelet_envelope.beat_envelope(Framing(length, length, "none"), RATE, {})
    whole = envelope(frames)
    np.testing.assert_array_equal([envelope(frame[None])[0] for frame in frames], whole)
    locked = frames.copy()
    locked.flags.writeable = False
    np.testing.assert_array_equal(envelope(locked), whole)
    np.testing.assert_array_equal(envelope(frames[::-1]), whole[::-1])


def test_without_compiled_kernels_the_envelope_is_the_same(rng, monkeypatch):
    frames = rng.standard_normal((3, 4096)).astype(np.float32)
    framing = Framing(4096, 4096, "none")
    compiled = wavelet_envelope.beat_envelope(framing, RATE, {})(frames)
    monkeypatch.setattr(wavelet_envelope, "SWITCHED_OFF", True)
    interpreted = wavelet_envelope.beat_envelope(framing, RATE, {})(frames)
    assert interpreted.dtype == np.float32
    np.testing.assert_allclose(interpreted, compiled, rtol=1e-5)  # of positive numbers


def test_a_beat_envelope_may_be_used_again(rng):
    frames = rng.standard_normal((3, 1024)).astype(np.float32)
    envelope = wavelet_envelope.beat_envelope(Framing(1024, 1024, "none"), RATE, {})
    first = envelope(frames)
    kept = first.copy()
    np.testing.assert_array_equal(envelope(frames[1:2])[0], kept[1])
    np.testing.assert_array_equal(first, kept)


def test_a_beat_envelope_follows_level_and_ignores_sign(rng):
    frames = rng.standard_normal((1, 1024)).astype(np.float32)
    envelope = wavelet_envelope.beat_envelope(Framing(1024, 1024, "none"), RATE, {})
    np.testing.assert_array_equal(envelope(-frames), envelope(frames))
    np.testing.assert_array_equal(envelope(4 * frames), 4 * envelope(frames))  # a power of two is exact
    assert not envelope(0 * frames).any()
