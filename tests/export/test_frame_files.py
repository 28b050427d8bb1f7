"""Frames on disk: those of FrameFeatures, with their times, however they were written."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, white_noise

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.export import FrameRows, frame_files, frame_table, read_metadata, read_table, write_frames
from gtzanfeat.export.dataset import extract_dataset
from gtzanfeat.extraction.frame_matrices import frame_spec
from gtzanfeat.transformers import FrameFeatures

FEATURES = ("mfcc", "rms")


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Four recordings of other lengths, of which one cannot be decoded."""
    monkeypatch.chdir(tmp_path)
    Path("music/hiss").mkdir(parents=True)
    for i in range(4):
        soundfile.write(f"music/hiss/{i}.wav", white_noise(0.1 * (i + 1), random_state=i), RATE)
    Path("music/hiss/1.wav").write_text("nothing")
    paths = [f"music/hiss/{i}.wav" for i in range(4)]
    frame = pd.DataFrame({"path": paths, "recording": list("abcd"), "label": "hiss"})
    return ClipTable(frame, "files")


def expected(clips):
    whole = frame_table(FrameFeatures(FEATURES).transform(list(clips.paths[[0, 2, 3]])))
    names = dict(zip(clips.paths, clips.recordings, strict=True))
    whole = whole.reset_index().rename(columns={"clip": "recording"})
    return whole.assign(recording=whole["recording"].map(names))


@pytest.mark.parametrize("how", [{}, {"n_jobs": 2}, {"memory": "cache"}], ids=str)
def test_a_file_holds_the_frames_of_all_clips_in_order(clips, how, monkeypatch):
    monkeypatch.setattr(frame_files, "OUT_OF_ORDER", 3)
    monkeypatch.setattr(frame_files, "GROUP_BYTES", 500)
    n_frames, failures = write_frames(clips, "f.parquet", FEATURES, on_error="skip", **how)
    table = pd.read_parquet("f.parquet")
    pd.testing.assert_frame_equal(table, expected(clips), check_dtype=False)
    assert n_frames == len(table)
    assert (table.dtypes[2:] == np.float32).all()
    assert [(failure.index, failure.source) for failure in failures] == [(1, "music/hiss/1.wav")]
    assert pq.ParquetFile("f.parquet").num_row_groups > 1
    query = "select recording, count(*) from 'f.parquet' group by 1 order by 1"
    assert [name for name, _ in duckdb.sql(query).fetchall()] == ["a", "c", "d"]
    assert list(Path().glob(".*.part*")) == []


def test_a_file_tells_what_it_holds(clips):
    write_frames(clips, "f.parquet", FEATURES, on_error="skip")
    found = read_metadata("f.parquet")
    spec = frame_spec(FEATURES)
    assert (found["feature_set"], found["spec_hash"]) == ("frames of mfcc, rms", spec.spec_hash)
    assert json.loads(found["spec_json"])["audio"]["rate"] == RATE
    assert [(failed["row"], failed["path"]) for failed in found["failures"]] == [(1, "music/hiss/1.wav")]
    assert list(found["columns"]) == ["recording", "time", *spec.columns]
    assert found["columns"]["time"]["unit"] == "s"
    assert {"unit", "meaning", "formula"} <= set(found["columns"]["rms"])
    with pytest.raises(ExportError, match="f.parquet: its rows are frames"):
        read_table("f.parquet")


def test_windows_have_an_offset(clips):
    frame = clips.frame.iloc[[3, 3]].assign(offset=[0.0, 0.2], duration=0.1)
    write_frames(ClipTable(frame, "files"), "f.parquet", "rms")
    table = pd.read_parquet("f.parquet")
    assert list(table) == ["recording", "offset", "time", "rms"]
    assert table.groupby("offset")["time"].max().max() < 0.1


def test_a_dataset_holds_the_same_frames(clips):
    extract_dataset(clips, "d", FrameRows(frame_spec(FEATURES)))
    table = pd.concat(pd.read_parquet(part) for part in sorted(Path("d/features").iterdir()))
    pd.testing.assert_frame_equal(table.reset_index(drop=True), expected(clips), check_dtype=False)
    assert read_metadata("d")["failures"][0]["path"] == "music/hiss/1.wav"


def test_only_whole_parquet_files_are_written(clips, monkeypatch):
    with pytest.raises(ExportError, match="f.csv: frames are written as Parquet; give a name that ends in"):
        write_frames(clips, "f.csv")
    with pytest.raises(ValueError, match="music/hiss/1.wav: "):
        write_frames(clips, "f.parquet")
    assert not list(Path().glob("*f.parquet"))


def test_frames_on_the_command_line(clips):
    run = CliRunner()
    words = ["extract", "music", "--level", "frames"]
    done = run.invoke(main, [*words, "--features", "mfcc,rms", "-o", "f.parquet", "--on-error", "skip"])
    spec = frame_spec(FEATURES)
    line = f"f.parquet: {len(expected(clips))} frames of 3 of 4 clips, 14 columns of {spec.name}"
    assert (done.exit_code, done.stdout) == (1, f"{line} (spec {spec.spec_hash})\n")
    done = run.invoke(main, [*words, "--set", "timbre19", "-o", "d"])
    assert done.exit_code == 1
    assert done.stdout.startswith("d: 3 of 4 recordings, 9 columns of frames of spectral_centroid")
    # flux has no value for the first frame of each of three recordings
    assert len(pd.read_parquet("d/features")) == len(expected(clips)) - 3
    for more, line in (
        (["--set", "rhythm6"], "has no frame features"),
        (["--set", "full"], "do not go into one matrix; give one framing for all. Choose features by --feat"),
        (["--features", "mfcd"], "unknown frame feature 'mfcd'"),
        (["--segments", "1"], "--segments is for windows; leave it out, or --level frames."),
        (["-o", "f.csv"], "f.csv: frames are written as Parquet"),
    ):
        done = run.invoke(main, [*words, "-o", "g.parquet", *more])
        assert (done.exit_code, done.stdout) == (2, "")
        assert line in done.stderr
    done = run.invoke(main, ["extract", "music", "--features", "mfcc", "-o", "g.parquet"])
    assert "--features is for frames; give --level frames too." in done.stderr
