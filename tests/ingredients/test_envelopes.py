"""Filtered streams: the two channels against scipy."""

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, lfilter

from gtzanfeat.ingredients import envelopes
from gtzanfeat.ingredients.registry import STREAMS

RATE = signals.RATE


# --- the two channels ---------------------------------------------------------------------------------


def slow_channels(samples):
    lowpass, highpass = butter(2, 1000, "low", fs=RATE), butter(2, 1000, "high", fs=RATE)
    low = lfilter(*butter(1, 70, "high", fs=RATE), lfilter(*lowpass, samples))
    return np.stack([low, lfilter(*lowpass, np.maximum(lfilter(*highpass, samples), 0))])


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
@pytest.mark.parametrize(
    ("order", "edge", "kind"), [(1, 70.0, "highpass"), (2, 1e3, "lowpass"), (2, 1e3, "highpass")]
)
def test_butterworth_filters_are_those_of_scipy(rate, order, edge, kind):
    b, a = butter(order, edge, kind, fs=rate)
    # to a few roundings of float64
    np.testing.assert_allclose(envelopes.butterworth(order, edge, rate, kind), [*b, *a[1:]], rtol=1e-14)


def test_the_low_filter_is_a_butterworth_of_order_2_at_1_khz():
    b, a = butter(2, envelopes.CHANNEL_EDGE_HZ, "lowpass", fs=RATE)
    np.testing.assert_allclose([*b, *a], [0.01682, 0.03364, 0.01682, 1, -1.60109, 0.66837], atol=5e-6)


def test_the_channels_are_those_of_scipy(rng):
    samples = rng.standard_normal(5000).astype(np.float32)
    channels = envelopes.two_channels(RATE)(samples)
    assert channels.shape == (2, 5000)
    assert channels.dtype == np.float32
    np.testing.assert_allclose(channels, slow_channels(samples.astype(float)), rtol=1e-6, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_the_channels_keep_their_state_between_blocks(sizes):
    samples = np.random.default_rng(0).standard_normal(sum(sizes)).astype(np.float32)
    whole, pieces = envelopes.two_channels(RATE)(samples), envelopes.two_channels(RATE)
    cut = [pieces(part) for part in np.split(samples, np.cumsum(sizes)[:-1])]
    np.testing.assert_array_equal(np.concatenate(cut, axis=1), whole)


def test_every_pair_of_channels_begins_in_silence(rng):
    samples = rng.standard_normal(500).astype(np.float32)
    first = envelopes.two_channels(RATE)(samples)
    np.testing.assert_array_equal(envelopes.two_channels(RATE)(samples), first)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000])
def test_without_compiled_kernels_the_filters_are_the_same(n, rng, monkeypatch):
    """Any filters, and after n samples as many again."""
    sections = np.array([[1.0, *rng.uniform(-1, 1, 2), *rng.uniform(-0.4, 0.4, 2)] for _ in range(4)])
    samples = rng.standard_normal((2, n)).astype(np.float32)
    compiled = envelopes.filter_pairs(sections)
    monkeypatch.setattr(envelopes, "SWITCHED_OFF", True)
    interpreted = envelopes.filter_pairs(sections)
    for part in samples:
        np.testing.assert_allclose(compiled(part), interpreted(part), rtol=1e-6, atol=1e-7)  # float32


def settled(samples):
    return envelopes.two_channels(RATE)(samples.astype(np.float32))[:, RATE:]


def test_a_constant_is_in_neither_channel():
    np.testing.assert_allclose(settled(signals.dc(level=0.5)), 0.0, atol=1e-6)


def test_a_low_tone_is_in_the_low_channel_and_the_edge_is_half_way():
    low, high = settled(signals.tone(200.0, amplitude=1.0))
    assert np.abs(low).max() == pytest.approx(1 / np.hypot(1, 70 / 200), rel=0.01)  # but for the 70-Hz filter
    assert np.abs(high).max() < 0.05  # 24 times below the edge's half power, and rectified
    low, _ = settled(signals.tone(1000.0, amplitude=1.0))
    assert np.abs(low).max() == pytest.approx(1 / np.sqrt(2), rel=0.01)


def test_the_beating_of_high_partials_is_in_the_high_channel():
    """Partials 20 to 24 of 200 Hz: the envelope that the high channel hears has 200 Hz."""
    partials = sum(signals.tone(200.0 * h, amplitude=0.1) for h in range(20, 25))
    low, high = settled(partials)
    spectrum = np.abs(np.fft.rfft(high - high.mean()))
    assert spectrum.argmax() == 200  # bins of 1 Hz
    assert low.std() < 0.2 * high.std()


@pytest.mark.parametrize("name", STREAMS)
def test_no_bit_of_a_stream_depends_on_where_the_sound_is_cut(name, rng):
    samples = rng.standard_normal(40_000).astype(np.float32)
    whole = STREAMS[name].build(22050)(samples)
    for _ in range(5):
        cuts = np.sort(rng.choice(np.arange(1, samples.size), 30, replace=False))
        stream = STREAMS[name].build(22050)
        parts = [stream(part) for part in np.split(samples, cuts)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole)
