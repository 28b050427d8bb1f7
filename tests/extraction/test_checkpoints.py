"""What is done is handed out while the work goes on, and once more where it is broken off."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from signals import RATE, white_noise

from gtzanfeat.datasets import ClipTable
from gtzanfeat.extraction import checkpoints, extract
from gtzanfeat.segments import segment_table


@pytest.fixture
def at_once(monkeypatch):
    """A checkpoint after every clip."""
    monkeypatch.setattr(checkpoints, "CHECKPOINT_SECONDS", 0.0)


SOUNDS = [white_noise(0.2, random_state=i) for i in range(3)]


def test_a_checkpoint_is_the_extraction_of_what_is_done(at_once):
    parts = []
    clips = [SOUNDS[0], np.zeros(0), SOUNDS[2]]
    whole = extract(clips, "timbre19", on_error="skip", checkpoint=lambda *part: parts.append(part))
    assert [done.tolist() for done, _ in parts] == [[0], [0, 1], [0, 1, 2]]
    for done, part in parts:
        np.testing.assert_array_equal(part.values, whole.values[done])
    assert [failure.index for failure in parts[1][1].failures] == [1]
    assert parts[-1][1].failures == whole.failures


def test_short_work_hands_out_nothing():
    with pytest.raises(ValueError, match="clip 1: "):
        extract([SOUNDS[0], np.zeros(0)], "timbre19", checkpoint=lambda *part: pytest.fail("so soon"))


def test_work_broken_off_hands_out_once_more(monkeypatch):
    clock = iter([0.0, 200.0, 201.0, 202.0])
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: next(clock))
    parts = []

    def broken_off():
        with checkpoints.checkpoints(3, lambda done: parts.append(done.tolist())) as finished:
            finished(2)
            finished(0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert parts == [[2], [0, 2]]


def test_windows_have_checkpoints(at_once, tmp_path):
    paths = [str(tmp_path / f"{name}.wav") for name in "ab"]
    for path in paths:
        soundfile.write(path, white_noise(0.5), RATE)
    clips = ClipTable(pd.DataFrame({"path": paths, "recording": ["a", "b"], "label": "x"}), "example")
    parts = []
    table, _ = segment_table(clips, "timbre19", 0.2, checkpoint=lambda *part: parts.append(part))
    assert [len(part) for part, _ in parts] == [2, 4]
    assert parts[0][0].recordings.tolist() == ["a", "a"]
    assert table.recordings.tolist() == ["a", "a", "b", "b"]
