"""Frame features over the spectrogram: lines where the sound is."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import soundfile
from matplotlib.figure import Figure

from gtzanfeat import FeatureItem, FrameDisplay, FrameFeatures, Framing, frame_table
from gtzanfeat.errors import ClipError, UnknownNameError

RATE = 22050
TONE = np.sin(2 * np.pi * 2000 * np.arange(2 * RATE) / RATE).astype(np.float32)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_a_line_lies_on_the_tone_that_it_measures(tmp_path):
    samples = np.where(np.arange(2 * RATE) < RATE, 0, TONE)
    soundfile.write(tmp_path / "tone.wav", samples, RATE, subtype="FLOAT")
    centroid = FeatureItem("spectral_centroid", Framing(512, 512), {"spectrum": "power"})
    display = FrameDisplay.from_clip(tmp_path / "tone.wav", centroid)
    ax = display.ax_
    (line,) = ax.lines
    table = frame_table(FrameFeatures(centroid).fit_transform([tmp_path / "tone.wav"]))
    np.testing.assert_array_equal(line.get_xdata(), table.index.get_level_values("time"))
    np.testing.assert_allclose(line.get_ydata(), table["spectral_centroid"])
    (image,) = ax.images
    picture, (left, right, low, high) = image.get_array(), image.get_extent()
    # the darkest row of the picture is at 2 kHz, and only in the second half
    place = picture.mean(axis=1).argmax()
    assert low + (place + 0.5) / len(picture) * (high - low) == pytest.approx(2000, abs=15)
    dark = np.flatnonzero(picture[place] > -3)
    assert left + dark[0] / picture.shape[1] * (right - left) == pytest.approx(1.0, abs=0.03)
    assert np.median(line.get_ydata()[-40:]) == pytest.approx(2000, abs=20)
    assert ax.get_title("left") == "tone.wav"
    assert ax.get_xlim() == pytest.approx((0, 2))
    assert display.right_ax_ is None


def test_what_is_not_in_hertz_has_an_axis_of_its_own():
    ax = Figure().add_subplot()
    display = FrameDisplay.from_clip(TONE, ("spectral_rolloff", "rms"), framing=Framing(2048, 512), ax=ax)
    assert display.ax_ is ax
    assert len(ax.lines) == len(display.right_ax_.lines) == 1
    assert display.right_ax_.get_ylabel() == "full scale"
    np.testing.assert_allclose(display.right_ax_.lines[0].get_ydata(), np.sqrt(0.5), rtol=1e-3)
    names = [text.get_text() for text in display.right_ax_.get_legend().get_texts()]
    assert names == ["spectral_rolloff (Hz)", "rms (full scale)"]
    assert FrameDisplay.from_clip(TONE, "mfcc", ax=Figure().add_subplot()).right_ax_.get_legend() is None


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.ones(1), TONE[:100]])
def test_any_clip_can_be_drawn(samples):
    FrameDisplay.from_clip(samples, ("spectral_centroid", "zcr"), ax=Figure().add_subplot())


def test_what_cannot_be_drawn_is_told(tmp_path):
    with pytest.raises(ClipError, match="NaN"):
        FrameDisplay.from_clip(np.full(RATE, np.nan, dtype=np.float32))
    with pytest.raises(UnknownNameError, match="unknown frame feature 'tempo'"):
        FrameDisplay.from_clip(TONE, "tempo")
    with pytest.raises(ValueError, match=r"shape \(2, 1\) are not of 3 times and 1 columns with 1 units"):
        FrameDisplay(TONE, RATE, [0, 1, 2], [[1], [2]], ["a"], ["Hz"])
