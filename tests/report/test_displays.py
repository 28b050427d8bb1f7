import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import soundfile
from matplotlib.figure import Figure
from signals import RATE, harmonic_tone

from gtzanfeat.errors import ClipError, GtzanfeatError, MissingClipError
from gtzanfeat.extraction import extract
from gtzanfeat.report import (
    BeatHistogramDisplay,
    ImportanceDisplay,
    PitchHistogramDisplay,
    SegmentTimelineDisplay,
)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def bars(ax):
    return [patch.get_height() for patch in ax.patches]


def texts(ax):
    return [text.get_text() for text in ax.texts]


# --- beat ------------------------------------------------------------------------------------------------


def test_beat_histogram_shows_its_strongest_tempi():
    histogram = np.zeros(161)
    histogram[[20, 80, 82]] = 0.5, 2.0, 1.0  # 60, 120 and 122 bpm
    display = BeatHistogramDisplay(histogram, name="song").plot()
    assert display.tempi == [120, 60]  # 122 is the neighbour of 120
    assert bars(display.ax_) == list(histogram)
    assert texts(display.ax_) == ["120", "60"]
    dark = [patch.get_x() + 0.5 for patch in display.ax_.patches if patch.get_facecolor()[0] < 0.5]
    assert dark == [60, 120]
    assert display.ax_.get_title("left") == "song"
    assert display.figure_ is display.ax_.figure
    assert plt.get_fignums() == [display.figure_.number]


def test_beat_histogram_of_a_file_is_that_of_the_feature_set(tmp_path):
    clicks = np.zeros(5 * RATE, dtype=np.float32)
    clicks[:: RATE // 2] = 1.0
    soundfile.write(tmp_path / "clicks.wav", clicks, RATE, subtype="FLOAT")
    ax = Figure().add_subplot()
    display = BeatHistogramDisplay.from_clip(tmp_path / "clicks.wav", ax=ax)
    assert display.tempi[0] == 120
    np.testing.assert_array_equal(bars(ax), extract([clicks], "beat-histogram").values[0])
    assert display.ax_ is ax
    assert ax.get_title("left").endswith("clicks.wav")
    assert plt.get_fignums() == []  # axes that were given need no pyplot


def test_silence_is_said_not_drawn_empty():
    silence = np.zeros(RATE, dtype=np.float32)
    assert texts(BeatHistogramDisplay.from_clip(silence).ax_) == ["no beat found"]
    for kind in ("unfolded", "folded"):
        assert texts(PitchHistogramDisplay.from_clip(silence, kind=kind).ax_) == ["no pitch found"]
    assert BeatHistogramDisplay(np.zeros(161)).tempi == []
    BeatHistogramDisplay.from_clip(np.ones(1, dtype=np.float32))  # one sample


@pytest.mark.parametrize("display", [BeatHistogramDisplay, PitchHistogramDisplay])
def test_a_clip_that_cannot_be_analysed(display, tmp_path):
    with pytest.raises(ClipError, match="NaN"):
        display.from_clip(np.full(RATE, np.nan, dtype=np.float32))
    with pytest.raises(MissingClipError, match=r"none\.wav"):
        display.from_clip(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ClipError, match="libsndfile cannot read it"):
        display.from_clip(tmp_path / "text.wav")
    with pytest.raises(ValueError, match=r"must have the shape \(\d+,\), not \(3,\)"):
        display([1, 2, 3])


# --- pitch -----------------------------------------------------------------------------------------------


def test_pitch_histogram_note_by_note_and_on_the_circle():
    unfolded = np.zeros(128)
    unfolded[[60, 72, 67]] = 1.0, 1.0, 0.5  # C, C, G
    display = PitchHistogramDisplay(unfolded)
    np.testing.assert_array_equal(display.folded, [2, 0.5] + [0] * 10)
    assert bars(display.plot().ax_) == list(unfolded)
    ax = display.plot(kind="folded").ax_
    assert ax.name == "polar"
    assert bars(ax) == list(display.folded)
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["C", "G", "D", "A", "E", "B", "F♯", "C♯", "G♯", "D♯", "A♯", "F"]
    line = Figure().add_subplot()
    assert display.plot(line, kind="folded").ax_ is line  # the circle cut open
    assert bars(line) == list(display.folded)
    with pytest.raises(ValueError, match="kind must be 'unfolded' or 'folded', not 'both'"):
        display.plot(kind="both")


def test_pitch_histogram_of_a_tone():
    display = PitchHistogramDisplay.from_clip(harmonic_tone(440.0), kind="folded", name="a")
    assert display.folded.argmax() == 3  # A on the circle of fifths
    assert display.histogram.argmax() == 69
    assert display.ax_.get_title("left") == "a"


# --- segments --------------------------------------------------------------------------------------------


def segments(scores):
    rows = pd.DataFrame({"recording": 0, "start": [0.0, 3.0], "end": [3.0, 6.0], "predicted": ["a", "b"]})
    return rows.assign(score_a=scores[0], score_b=scores[1])


def test_timeline_frames_the_likeliest_class_of_each_segment():
    display = SegmentTimelineDisplay.from_frame(segments([[0.9, 0.4], [0.1, 0.6]]), truth="b", name="song")
    assert display.answers == ["a", "b"]
    strips = [patch for patch in display.ax_.patches if patch.get_fill()]
    assert [round(patch.get_alpha(), 2) for patch in strips] == [0.9, 0.1, 0.4, 0.6]
    assert [(patch.get_x(), patch.get_width()) for patch in strips[::2]] == [(0, 3), (3, 3)]
    framed = [patch for patch in display.ax_.patches if not patch.get_fill()]
    assert [(patch.get_x(), patch.get_y() + 0.43) for patch in framed] == [(0, 0), (3, 1)]
    weights = {label.get_text(): label.get_fontweight() for label in display.ax_.get_yticklabels()}
    assert weights == {"a": "normal", "b": "bold"}


def test_distances_from_borders_become_shares():
    display = SegmentTimelineDisplay.from_frame(segments([[2.0, -1.0], [1.0, -1.0]]))
    softmax = np.exp([2.0, 1.0]) / np.exp([2.0, 1.0]).sum()
    np.testing.assert_allclose(display.probabilities, [softmax, [0.5, 0.5]])


def test_timeline_of_an_estimator():
    class Said:
        def predict_segments(self, clips):
            assert len(clips) == 1
            return segments([[1.0, 0.0], [0.0, 1.0]])

    display = SegmentTimelineDisplay.from_estimator(Said(), "song.wav", truth="a")
    assert display.ax_.get_title("left") == "song.wav"
    assert display.answers == ["a", "b"]


def test_what_is_no_timeline():
    rows = segments([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(GtzanfeatError, match="start, end and score_<class> per segment; it has start, end"):
        SegmentTimelineDisplay.from_frame(rows[["start", "end"]])
    with pytest.raises(GtzanfeatError, match="these rows are of 2: pick one"):
        SegmentTimelineDisplay.from_frame(rows.assign(recording=[0, 1]))
    with pytest.raises(ValueError, match="at least one segment"):
        SegmentTimelineDisplay.from_frame(rows[:0])
    with pytest.raises(ValueError, match=r"each of the 2 classes; given were 1 starts, 1 ends .* \(1, 3\)"):
        SegmentTimelineDisplay([0], [1], [[1, 0, 0]], ["a", "b"])


# --- importance ------------------------------------------------------------------------------------------


def test_importance_puts_the_greatest_loss_on_top():
    table = pd.DataFrame({"importance": [0.1, 0.3, -0.01]}, index=["pitch", "timbre", "rhythm"])
    display = ImportanceDisplay.from_frame(table.assign(spread=0.02), score="f1_macro")
    assert display.ranked == ["timbre", "pitch", "rhythm"]
    assert [patch.get_width() for patch in display.ax_.patches] == [0.3, 0.1, -0.01]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == display.ranked
    assert display.ax_.get_xlabel() == "loss of f1_macro when shuffled"
    assert len(display.ax_.containers) == 2  # bars and their spreads
    assert len(ImportanceDisplay.from_frame(table).ax_.containers) == 1
    with pytest.raises(GtzanfeatError, match="needs the column 'importance'; it has loss"):
        ImportanceDisplay.from_frame(table.rename(columns={"importance": "loss"}))
    with pytest.raises(ValueError, match="as many importances as names"):
        ImportanceDisplay(["a"], [1, 2])
