"""Scalars of fluctuation patterns: noise that pulses at a known rate and in known bands, slow twin."""

import numpy as np
import pytest
import signals
from reference import fluctuation as twin

from gtzanfeat.declarations import Framing
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.features.fluctuation import fluctuation, frequencies_and_weights

CONSTANTS = frequencies_and_weights(Framing(2**17, 2**17, window="none"), 22050, {})
COLUMNS = FEATURE_SETS["fluctuation"].columns


def scalars(modulation):
    out = np.full((1, 4), np.nan, dtype=np.float32)
    fluctuation(modulation[None].astype(np.float32), *CONSTANTS, out)
    return out[0].astype(float)


def heard(samples):
    return dict(zip(COLUMNS, extract([samples], "fluctuation").values[0].astype(float), strict=True))


def test_the_kernel_equals_its_slow_twin(rng):
    modulation = rng.random((24, 60)) ** 4
    np.testing.assert_allclose(scalars(modulation), twin.scalars(modulation), rtol=1e-5)
    assert not scalars(np.zeros((24, 60))).any()


@pytest.mark.parametrize("m", [3, 12, 24, 50])
def test_a_single_fluctuation_is_all_there_is(m):
    modulation = np.zeros((24, 60))
    modulation[10, m - 1] = 2.0
    hz = m * 22050 / 2**17
    expected = [2 / (hz / 4 + 4 / hz), hz, 0.0, 1 / (24 * 60)]
    np.testing.assert_allclose(scalars(modulation), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("band", "m", "counts"), [(0, 10, True), (1, 10, True), (2, 10, False), (0, 5, False)]
)
def test_bass_is_the_two_lowest_bands_above_1_hz(band, m, counts):
    modulation = np.zeros((24, 60))
    modulation[band, m - 1] = 1.0
    assert (scalars(modulation)[2] > 0) == counts


def test_fast_pulses_have_a_higher_gravity_and_pulses_more_focus_than_noise():
    slow, fast = heard(signals.am_noise(2.0, 12.0)), heard(signals.am_noise(7.0, 12.0))
    noise = heard(signals.white_noise(12.0))
    assert slow["fluctuation_gravity"] < noise["fluctuation_gravity"] < fast["fluctuation_gravity"]
    assert max(slow["fluctuation_focus"], fast["fluctuation_focus"]) < noise["fluctuation_focus"] / 2
    assert min(slow["fluctuation_max"], fast["fluctuation_max"]) > 3 * noise["fluctuation_max"]


def test_a_pulse_in_the_bass_is_heard_as_bass():
    bass, treble = (heard(signals.am(signals.tone(hz, 12.0), 3.0)) for hz in (80.0, 2000.0))
    assert bass["fluctuation_bass"] > 5 * treble["fluctuation_bass"]
