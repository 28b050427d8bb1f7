"""Frames as a data frame: a row per frame, with clip and time."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from gtzanfeat import Clip, Deltas, FrameFeatures, Framing, TimeDCT, frame_table
from gtzanfeat.errors import GtzanfeatError

RATE = 22050
SAMPLES = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("frames") / "noise.wav"
    soundfile.write(path, SAMPLES, RATE, subtype="FLOAT")
    return path


def test_a_row_is_a_frame_of_a_clip_at_its_time(path):
    frames = FrameFeatures(("zcr", "rms")).fit_transform(
        [path, SAMPLES[:5120], Clip(path, offset=0.5, duration=1)]
    )
    table = frame_table(frames)
    assert table.index.names == ["clip", "time"]
    assert table.columns.tolist() == ["zcr", "rms"]
    assert table.dtypes.tolist() == [np.float32] * 2
    clips = [str(path), "clip 1", f"{path}, from 0.5 s, 1 s long"]
    assert table.groupby("clip", sort=False).size().to_dict() == dict(
        zip(clips, map(len, frames), strict=True)
    )
    np.testing.assert_array_equal(table.loc["clip 1"], frames[1])
    np.testing.assert_allclose(table.loc["clip 1"].index, (np.arange(10) * 512 + 256) / RATE)
    last = frame_table(frames[[2, 1]])
    pd.testing.assert_frame_equal(last.loc[["clip 1"]], table.loc[["clip 1"]])


def test_times_are_where_the_sound_is():
    """A click at 1.000 s is in the frames whose times are within half a frame of it."""
    click = np.zeros(2 * RATE)
    click[RATE] = 1
    for framing in (Framing(1024, 256, "none"), Framing(1024, 256, "none", edges="zero")):
        for features in ("rms", ("rms", "spectral_flux")):  # flux has no value in the first frame
            table = frame_table(FrameFeatures(features, framing=framing).fit_transform([click])).reset_index()
            heard = table["time"][table["rms"] > 0]
            assert len(heard) == 4
            assert heard.mean() == pytest.approx(1, abs=256 / RATE)
            assert (heard - 1).abs().max() <= 512 / RATE


def test_deltas_keep_the_times_and_other_steps_lose_them(path):
    frames = FrameFeatures("zcr").fit_transform([path])
    both = frame_table(Deltas().fit_transform(frames))
    assert both.columns.tolist() == ["zcr", "zcr_delta"]
    pd.testing.assert_index_equal(both.index, frame_table(frames).index)
    for other in (
        TimeDCT().fit_transform(frames),
        FrameFeatures("zcr", silence=60).fit_transform([path]),
        list(frames),
    ):
        with pytest.raises(GtzanfeatError, match="do not know their times.*with silence=None"):
            frame_table(other)


def test_frames_from_a_cache_and_clips_that_failed(path, tmp_path):
    features = FrameFeatures("zcr", memory=tmp_path / "heard", on_error="skip")
    with pytest.warns(UserWarning, match="1 of 2 clips"):
        table = frame_table(features.fit_transform([path, tmp_path / "none.wav"]))
    assert set(table.index.get_level_values("clip")) == {str(path)}
    pd.testing.assert_frame_equal(table, frame_table(FrameFeatures("zcr").fit_transform([path])))
