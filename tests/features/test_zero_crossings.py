"""Zero crossings after three definitions: those of the paper (row 5), of librosa and of Marsyas."""

import numpy as np
import pytest
import signals

from gtzanfeat.declarations import Framing, Request
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.features.zero_crossings import (
    librosa_zero_crossing_rate,
    marsyas_zero_crossings,
    zero_crossings,
)

RATE, LENGTH = signals.RATE, 512


def track(feature, samples):
    """The one column of a frame feature."""
    request = Request(feature, Framing(LENGTH, LENGTH))
    analysis = Analysis([request])
    analysis.push(np.asarray(samples, dtype=np.float32))
    return analysis.finish()[request.key][:, 0]


def rate_of(kernel, row):
    out = np.empty((1, 1), dtype=np.float32)
    kernel(np.array([row], dtype=np.float32), out)
    return out[0, 0]


def test_three_definitions_of_one_frame():
    frame = [1, 0, -1, 0, 1, -1, 1, 1e-11, -1e-11, 1]
    assert rate_of(zero_crossings, frame) == pytest.approx(6 / 9)
    assert rate_of(librosa_zero_crossing_rate, frame) == pytest.approx(4 / 10)
    assert rate_of(marsyas_zero_crossings, frame) == pytest.approx((1 + 4) / 10)


# --- as in the paper ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hertz", [440, 1000, 3000, 5000])
@pytest.mark.parametrize("wave", [signals.tone, signals.square_wave])
def test_row_5_a_wave_crosses_zero_twice_a_period(hertz, wave):
    zcr = track("zcr", wave(hertz))
    np.testing.assert_allclose(zcr, 2 * hertz / RATE, atol=2 / LENGTH)  # a crossing more or less at each end


def test_row_5_noise_crosses_zero_every_other_sample():
    zcr = track("zcr", signals.white_noise(30.0))
    assert zcr.mean() == pytest.approx(0.5, abs=0.002)  # 3 standard errors of 660,000 coin throws


def test_row_5_zero_counts_as_positive():
    samples = np.zeros(LENGTH)
    samples[:5] = [1, 0, -1, 0, 1]
    assert track("zcr", samples) == pytest.approx([2 / 511])


def test_row_5_an_offset_is_left_in():
    """It makes the number meaningless, but nothing is subtracted unasked."""
    assert not track("zcr", signals.tone(440.0, amplitude=0.05) + 0.1).any()


# --- as in librosa ------------------------------------------------------------------------------------


def test_zero_crossings_do_not_count_rounding_errors():
    request = Request("zero_crossing_rate", Framing(2048, 512, window="none", edges="copy"))
    for level, expected in ((1e-11, 0.0), (1e-9, 2047 / 2048)):
        analysis = Analysis([request])
        analysis.push((level * (-1.0) ** np.arange(10_000)).astype(np.float32))
        assert analysis.finish()[request.key][5, 0] == pytest.approx(expected)


# --- as in Marsyas ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "changes"),
    [([1, -1, 1, -1], 3), ([1, 0, -1, 1], 1), ([0, 0, 0, 0], 0), ([1e-30, -1e-30, 2, 3], 2)],
)
def test_the_count_starts_at_1_and_a_zero_breaks_a_crossing(row, changes):
    assert rate_of(marsyas_zero_crossings, row) == pytest.approx((1 + changes) / 4)


def test_a_sine_crosses_twice_in_a_period():
    assert rate_of(marsyas_zero_crossings, signals.tone(1000.0, 2.0)) == pytest.approx(
        2000 / RATE, abs=2 / RATE
    )
