"""Linear prediction: closed forms of resonances and noise, librosa's and numpy's answers."""

import librosa
import numpy as np
import pytest
import signals
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference import predictive as slow
from scipy.signal import lfilter

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.features import linear_prediction

RATE = signals.RATE
FRAMES = Framing(551, 220)  # 25 ms every 10 ms
EVEN = {order: np.arange(1, order + 1) / (order + 1) * RATE / 2 for order in (8, 16)}


def track(feature, samples, framing=FRAMES):
    request = Request(feature, framing)
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key]


def lines(r, order):
    """Line spectrum, float64, of autocorrelations."""
    out = np.full((len(r), order), np.nan)
    linear_prediction.line_spectral_frequencies(r, *linear_prediction.rate_and_cosines(FRAMES, RATE, {}), out)
    return out


def coefficients(r, order):
    out = np.full((len(r), order), np.nan)
    linear_prediction.predictor_coefficients(r, out)
    return out


def autocorrelation(samples):
    return slow.autocorrelation(np.atleast_2d(samples))


def tones(hertz, noise=1e-4, random_state=0):
    """One frame of sines and a little noise."""
    t = np.arange(551) / RATE
    rng = np.random.default_rng(random_state)
    phases = rng.uniform(0, 2 * np.pi, len(hertz))
    sines = np.sin(2 * np.pi * np.outer(hertz, t) + phases[:, None]).sum(axis=0)
    return sines + noise * rng.standard_normal(551)


@pytest.mark.parametrize("order", [8, 16])
def test_white_noise_and_silence_are_evenly_spaced(order):
    np.testing.assert_allclose(track(f"lsf{order}", np.zeros(2000)), np.tile(EVEN[order], (7, 1)), rtol=1e-6)
    assert not track(f"lpc{order}", np.zeros(2000)).any()
    noise = track(f"lsf{order}", signals.white_noise(20.0)).mean(axis=0)
    np.testing.assert_allclose(noise, EVEN[order], atol=60)  # Hz; frames of 551 samples have little to go by


@pytest.mark.parametrize("order", [8, 16])
def test_lines_rise_and_stay_within_the_spectrum(order):
    for samples in (signals.white_noise(2.0), signals.progression(), signals.drum_loop(seconds=2.0)):
        values = track(f"lsf{order}", samples)
        assert (np.diff(values, axis=1) > 0).all()
        assert values.min() > 0
        assert values.max() < RATE / 2


@pytest.mark.parametrize("order", [8, 16])
def test_the_predictor_can_be_rebuilt_from_its_lines(order):
    """A = (P + Q)/2; P has the odd lines and a root at -1, Q the even ones and a root at 1."""
    r = autocorrelation(np.cumsum(np.random.default_rng(0).standard_normal((20, 551)), axis=1))
    for a, hertz in zip(coefficients(r, order), lines(r, order), strict=True):
        omega = 2 * np.pi * hertz / RATE
        p, q = np.array([1.0, 1.0]), np.array([1.0, -1.0])
        for i in range(0, order, 2):
            p = np.convolve(p, [1, -2 * np.cos(omega[i]), 1])
            q = np.convolve(q, [1, -2 * np.cos(omega[i + 1]), 1])
        np.testing.assert_allclose((p + q)[1:-1] / 2, a, rtol=1e-7, atol=1e-7)


def test_a_resonance_pulls_two_lines_together_around_it():
    hertz, radius = 3000.0, 0.98
    poles = [1, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2]
    values = track("lsf8", lfilter([1], poles, signals.white_noise(4.0))).mean(axis=0)
    gaps = np.diff(values)
    closest = gaps.argmin()
    assert gaps[closest] < 250
    assert values[closest] < hertz < values[closest + 1]


def test_the_predictor_of_an_all_pole_sound_is_its_denominator():
    """And, the noise that is added apart, librosa's by another method (Burg)."""
    poles = [1, -1.2, 0.8, -0.3, 0.1]
    samples = lfilter([1], poles, signals.white_noise(20.0))
    a = track("lpc8", samples, Framing(8192, 8192)).mean(axis=0)
    np.testing.assert_allclose(a, [*poles[1:], 0, 0, 0, 0], atol=0.03)
    np.testing.assert_allclose(a, librosa.lpc(samples, order=8)[1:], atol=0.03)


@pytest.mark.parametrize("order", [8, 16])
@pytest.mark.parametrize("n_tones", [1, 2, 6])
def test_lines_of_tones_are_those_of_numpy_roots(order, n_tones):
    rng = np.random.default_rng(n_tones)
    r = autocorrelation([tones(rng.uniform(50, 10_000, n_tones), random_state=i) for i in range(50)])
    np.testing.assert_allclose(lines(r, order), slow.lsf(coefficients(r, order)), rtol=1e-8, atol=1e-5)


@settings(max_examples=60, deadline=None)
@example([0.546875, 0.546875, 0.546875, 0.001], False)
@given(st.lists(st.floats(0.001, np.pi - 0.001), min_size=1, max_size=8), st.booleans())
def test_roots_that_share_a_step_of_the_grid_are_found_all_the_same(omegas, crowd):
    """Π (x - cos ω) as a cosine series, its roots as close together as may be."""
    omegas = np.sort(np.array(omegas) / (50 if crowd else 1))
    m = len(omegas)
    c = np.polynomial.chebyshev.chebfromroots(np.cos(omegas)) * 2.0**m
    cosines = linear_prediction.rate_and_cosines(FRAMES, RATE, {})[1]
    roots = np.full(m, np.nan)
    linear_prediction.cosine_roots(
        c, cosines, np.empty(cosines.shape[1]), np.empty((max(m, 2) + 1, m + 1)), roots
    )
    assert (np.diff(roots) <= 1e-15).all()  # roots that coincide are one but for rounding
    # a root of multiplicity m is known to the m-th root of the rounding error
    series = np.polynomial.chebyshev.chebval(roots, c)
    np.testing.assert_allclose(series, 0.0, atol=1e-11 * np.abs(c).sum())


def test_close_roots_are_told_apart():
    """Two roots of one series within a step of the grid: only the derivative shows them."""
    omegas = np.array([0.7, 1.0001, 1.0002, 2.0])
    c = np.polynomial.chebyshev.chebfromroots(np.cos(omegas))
    cosines = linear_prediction.rate_and_cosines(FRAMES, RATE, {})[1]
    roots = np.full(4, np.nan)
    linear_prediction.cosine_roots(c, cosines, np.empty(cosines.shape[1]), np.empty((5, 5)), roots)
    np.testing.assert_allclose(np.arccos(roots), omegas, atol=1e-8)
