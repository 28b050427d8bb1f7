"""Harmonic and percussive parts against librosa and a slow twin."""

import librosa
import numpy as np
import pytest
import signals
from reference import table57 as slow

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.ingredients.hpss import FRAMING, PARTS, Separation
from gtzanfeat.ingredients.spectra import power, spectrum

RATE = signals.RATE


def separated(samples, n_frames=100):
    """Both parts, from blocks of `n_frames` spectra."""
    separation = Separation()
    framed = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 1024), 2048)[::512].astype(np.float32)
    transform, square = spectrum(FRAMING, RATE, {}), power(FRAMING, RATE, {})
    given = []
    for start in range(0, len(framed), n_frames):
        block = framed[start : start + n_frames]
        transformed = transform(block)
        separation.push(block, transformed, square(transformed))
        given.append(separation.take())
    given.append(separation.flush(len(samples)))
    return [np.concatenate(part) for part in zip(*given, strict=True)]


def test_a_tone_is_harmonic_and_clicks_are_percussive():
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE).astype(np.float32)
    clicks = np.zeros(3 * RATE, dtype=np.float32)
    clicks[RATE // 4 :: RATE // 2] = 1
    inner = slice(RATE // 2, -RATE // 2)  # away from the start and end of the tone, which are clicks
    harmonic, percussive = separated(tone)
    assert (percussive[inner] ** 2).sum() < 1e-4 * (tone[inner] ** 2).sum()
    harmonic, percussive = separated(clicks)
    assert (harmonic**2).sum() < 1e-4 * (clicks**2).sum()


def mixture(n, rng):
    t = np.arange(n) / RATE
    beat = np.exp(-30 * (t % 0.5)) * rng.standard_normal(n)
    return (0.2 * np.sin(2 * np.pi * 330 * t) + 0.2 * beat).astype(np.float32)


@pytest.mark.parametrize("n", [1, 100, 511, 512, 1000, 2048, 7_000, 8_192, 20_000])
def test_parts_equal_their_slow_twin(n, rng):
    samples = mixture(n, rng)
    for ours, twin in zip(separated(samples), slow.parts(samples), strict=True):
        assert ours.shape == (n,)
        np.testing.assert_allclose(ours, twin, rtol=0, atol=1e-6)  # float32 transforms there and back


@pytest.mark.parametrize("n", [50_000, 131_072, 200_001])
def test_parts_equal_librosas(n, rng):
    samples = mixture(n, rng)
    for ours, theirs in zip(separated(samples), librosa.effects.hpss(samples), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_frames", [1, 7, 31, 500])
def test_the_bits_do_not_depend_on_the_blocks(n_frames, rng):
    samples = mixture(60_000, rng)
    for ours, whole in zip(separated(samples, n_frames), separated(samples), strict=True):
        np.testing.assert_array_equal(ours, whole)


def test_the_parts_together_are_the_sound(rng):
    samples = mixture(100_000, rng)
    np.testing.assert_allclose(sum(separated(samples)), samples, rtol=0, atol=1e-7)


@pytest.mark.parametrize("samples", [np.zeros(30_000), np.ones(30_000), np.eye(1, 30_000, 15_000)[0]])
def test_plain_signals_have_finite_parts(samples):
    harmonic, percussive = separated(samples.astype(np.float32))
    assert np.isfinite(harmonic).all()
    assert np.isfinite(percussive).all()
    np.testing.assert_allclose(harmonic + percussive, samples, rtol=0, atol=1e-6)


# --- features of the parts --------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1_000, 131_072, 300_000])
def test_any_feature_can_be_taken_from_either_part(step, rng):
    # noise throughout, lest a centroid be that of rounding errors
    samples = mixture(300_000, rng) + (0.05 * rng.standard_normal(300_000)).astype(np.float32)
    requests = [
        Request(name, Framing(1024, 256, stream=part), params)
        for part in PARTS
        for name, params in (("rms", {}), ("spectral_centroid", {"spectrum": "power"}))
    ]
    analysis = Analysis(requests)
    for start in range(0, len(samples), step):
        analysis.push(samples[start : start + step])
    results = analysis.finish()
    for name, part in zip(PARTS, librosa.effects.hpss(samples), strict=True):
        for request in requests:
            if request.framing.stream == name:
                of_part = Request(request.feature, Framing(1024, 256), request.params)
                alone = Analysis([of_part])
                alone.push(part)
                track = alone.finish()[of_part.key]
                assert results[request.key].shape == track.shape
                np.testing.assert_allclose(results[request.key], track, rtol=1e-4, atol=1e-6)


def test_the_spectra_of_the_parts_are_shared_with_the_features(rng):
    """What is framed as the separation frames it costs no second transform."""
    requests = [Request("rms", Framing(512, 512, stream="harmonic")), Request("rms", FRAMING)]
    alone = Analysis(requests[:1])
    both = Analysis(requests)
    samples = mixture(50_000, rng)
    for analysis in (alone, both):
        analysis.push(samples)
    np.testing.assert_array_equal(alone.finish()[requests[0].key], both.finish()[requests[0].key])
    assert len(alone._framed) == len(both._framed) == 2


def test_an_analysis_of_parts_may_be_used_again(rng):
    request = Request("rms", Framing(512, 512, stream="percussive"))
    analysis = Analysis([request])
    samples = mixture(40_000, rng)
    analysis.push(mixture(30_000, rng))  # and cut short
    results = []
    for _ in range(2):
        analysis.reset()
        analysis.push(samples)
        results.append(analysis.finish()[request.key])
    np.testing.assert_array_equal(*results)


def test_memory_of_the_separation_does_not_grow(rng):
    separation = Separation()
    frames = rng.standard_normal((256, 2048)).astype(np.float32)
    transformed = spectrum(FRAMING, RATE, {})(frames)
    sizes = []
    for _ in range(6):
        separation.push(frames, transformed, power(FRAMING, RATE, {})(transformed))
        separation.take()
        held = [a for a in vars(separation).values() if isinstance(a, np.ndarray)]
        held += [a for pair in separation._pending for a in pair]
        sizes.append(sum(a.size for a in held))
    assert len(set(sizes[1:])) == 1
