"""Harmonic partials of tones that are known: tristimulus, odd-even ratio, inharmonicity, noise."""

import numpy as np
import pytest
import signals
from reference import note

from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features import FEATURES

RATE = signals.RATE
NOTE = next(item.request for item in FEATURE_SETS["single-note"].items if item.feature == "note_harmonics")
COLUMNS = [column.name for column in FEATURES["note_harmonics"].columns]


def harmonics(samples):
    analysis = Analysis([NOTE])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return dict(zip(COLUMNS, analysis.finish()[NOTE.key], strict=True))


def tone(hertz, amplitudes, stiffness=0.0, seconds=0.5):
    """Partials at h f0 √(1 + B h²), B the stiffness."""
    t = signals.times(seconds)
    return sum(
        a * np.sin(2 * np.pi * h * hertz * np.sqrt(1 + stiffness * h * h) * t)
        for h, a in enumerate(amplitudes, 1)
    )


@pytest.mark.parametrize("hertz", [110.0, 261.6, 784.0])
def test_tristimulus_ratio_centroid_and_spread_of_given_amplitudes(hertz):
    a = np.array([1.0, 0.5, 0.8, 0.2, 0.4, 0.1])
    found = harmonics(0.1 * tone(hertz, a))
    f = hertz * np.arange(1, 7)
    centroid = (f * a).sum() / a.sum()
    expected = {
        "tristimulus_1": 1 / 3,
        "tristimulus_2": 0.5,
        "tristimulus_3": 1 / 6,
        "centroid": centroid,
        "spread": np.sqrt((((f - centroid) * a) ** 2).sum() / (a**2).sum()) / centroid,
    }
    for name, value in expected.items():
        assert found[f"{name}_mean"] == pytest.approx(value, rel=0.03)
        assert found[f"{name}_std"] < 0.01 * value
    ratio = 10 * np.log10((1 + 0.64 + 0.16) / (0.25 + 0.04 + 0.01))
    assert found["odd_even_ratio_mean"] == pytest.approx(ratio, abs=0.3)
    assert found["noisiness_mean"] < 0.01


def test_a_square_wave_is_hollow_and_jagged():
    square, saw = [1, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7], [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7]
    hollow, full = harmonics(0.1 * tone(220.0, square)), harmonics(0.1 * tone(220.0, saw))
    assert hollow["odd_even_ratio_mean"] > 40
    assert hollow["deviation_mean"] > 3 * full["deviation_mean"]


def test_a_pure_tone_is_its_first_partial():
    found = harmonics(signals.tone(440.0, 0.5))
    assert found["tristimulus_1_mean"] > 0.98
    assert found["odd_even_ratio_mean"] > 50


@pytest.mark.parametrize("stiffness", [2e-4, 1e-3])
def test_inharmonicity_of_a_stiff_string(stiffness):
    a = 1 / np.arange(1, 9)
    h = np.arange(1, 9)
    found = harmonics(0.1 * tone(196.0, a, stiffness))
    # of deviations from the f0 that fits them best, near that of the first partials
    f = h * np.sqrt(1 + stiffness * h * h)
    fits = [2 / f0 * (np.abs(f - h * f0) * a**2).sum() / (a**2).sum() for f0 in np.linspace(1, 1.01, 200)]
    assert 0.8 * min(fits) < found["inharmonicity_mean"] < 2.0 * max(fits[0], min(fits))
    assert found["inharmonicity_mean"] > 3 * harmonics(0.1 * tone(196.0, a))["inharmonicity_mean"]


def test_noise_beside_the_tone_is_its_share_of_the_power(rng):
    noise = 0.05 * rng.standard_normal(RATE)
    samples = tone(880.0, [0.2, 0.1], seconds=1.0) + noise
    share = (noise**2).mean() / (samples**2).mean()
    away = 1 - 5 * RATE / 2048 / 880  # five bins of each multiple are the tone's
    assert harmonics(samples)["noisiness_mean"] == pytest.approx(share * away, rel=0.15)


def test_without_a_fundamental_all_are_zero():
    assert not any(harmonics(signals.white_noise(0.3)).values())


def test_the_harmonics_equals_its_slow_twin(rng):
    samples = np.concatenate([0.2 * tone(196.0, [1.0, 0.4, 0.6, 0.2]), 0.1 * tone(233.1, [0.3, 1.0, 0.3])])
    samples = (samples + 0.01 * rng.standard_normal(samples.size)).astype(np.float32)
    # of float32 spectra
    np.testing.assert_allclose(
        list(harmonics(samples).values()), note.note_harmonics(samples), rtol=1e-3, atol=1e-4
    )
