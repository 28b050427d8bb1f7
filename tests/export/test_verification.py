"""Verification: the same numbers where nothing has changed, and what has, by column and by recording."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, tone, white_noise

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.export import read_table, tables, verify_table, write_table
from gtzanfeat.export.dataset import extract_dataset
from gtzanfeat.extraction import extract
from gtzanfeat.segments import segment_table


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Six recordings, of which one has another rate and two are two windows of a file."""
    monkeypatch.chdir(tmp_path)
    for i in range(5):
        soundfile.write(f"{i}.wav", 0.3 * white_noise(0.6, random_state=i), RATE if i else 44100)
    frame = pd.DataFrame({"path": [f"{i}.wav" for i in (0, 1, 2, 3, 4, 4)], "label": list("xyxyxy")})
    frame = frame.assign(recording=frame["path"], offset=[0, 0, 0, 0, 0.1, 0.3], duration=0.25)
    return ClipTable(frame, "files")


@pytest.fixture
def table(clips):
    return write_table(extract(clips.clips, "timbre19"), clips, "f.parquet")


def moved(path, column, amount):
    """Write a table anew with a column moved by standard deviations."""
    clips, extraction = read_table(path)
    values = extraction.values.copy()
    values[:, column] += amount * values[:, column].std()
    return write_table(replace(extraction, values=values), clips, path, overwrite=True)


def verify(*words):
    return CliRunner().invoke(main, ["verify", *map(str, words)])


def test_what_has_not_changed_is_the_same_bits(table, clips):
    found = verify_table(table, n_jobs=2)
    assert found.ok
    assert (found.n_rows, found.n_sampled, found.n_compared, found.n_identical) == (6, 6, 6, 6)
    assert all(column.identical and column.largest == column.relative == 0 for column in found.drift)
    assert found.versions_then == found.versions_now
    assert verify_table(table, sample=2).n_sampled == 2
    done = verify(table)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == [
        "versions: the same then and now",
        "drift: 0 of 19 columns beyond 0.001 standard deviations, at most 0",
    ]
    assert done.stdout.startswith("f.parquet: 6 of 6 rows of timbre19 (spec ")


def test_drift_is_told_by_column(table, monkeypatch):
    moved(table, 3, 0.5)
    moved(table, 4, 1e-5)
    found = verify_table(table)
    assert [column.column for column in found.drifted] == [found.drift[3].column]
    assert found.drift[3].relative == pytest.approx(0.5, rel=1e-3)
    assert not found.drift[4].identical
    assert found.n_identical == 0
    monkeypatch.setattr("gtzanfeat.export.verification.versions", lambda *names: {"numpy": "9.9"})
    done = verify(table)
    assert done.exit_code == 1
    assert f"numpy {np.__version__} then, 9.9 now" in done.stdout
    assert "drift: 1 of 19 columns beyond 0.001 standard deviations, at most 0.5\n" in done.stdout
    assert verify(table, "--tolerance", 1).exit_code == 0
    document = json.loads(verify(table, "--json").stdout)
    assert (document["drifted"], document["ok"]) == ([found.drift[3].column], False)


@pytest.mark.parametrize("hop", [None, 0.1])
def test_windows_are_cut_out_of_their_recordings(clips, hop):
    whole = ClipTable(clips.frame.iloc[:3].drop(columns=["offset", "duration"]), "files")
    windows, extraction = segment_table(whole, "timbre19", 0.2, hop_seconds=hop)
    found = verify_table(write_table(extraction, windows, "s.csv"))
    assert found.ok
    assert found.n_identical == found.n_sampled == len(windows)
    Path("1.wav").unlink()
    assert {failure.source for failure in verify_table("s.csv").failures} == {"1.wav"}


def test_missing_and_changed_recordings_are_named(table):
    Path("1.wav").unlink()
    soundfile.write("2.wav", tone(300, 0.1), RATE)
    found = verify_table(table)
    assert [(failure.index, failure.source) for failure in found.failures] == [(1, "1.wav")]
    assert (found.changed, found.drifted, found.n_compared) == (("2.wav",), (), 4)
    done = verify(table, "--quiet")
    assert (done.exit_code, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "gtzanfeat: changed: 2.wav: it is not the recording that was analysed; extract it anew"
    assert lines[1].startswith("gtzanfeat: failed: 1.wav: ")


def test_a_dataset_knows_the_bytes_of_its_recordings(clips):
    extract_dataset(clips, "d", "timbre19")
    assert verify_table("d").n_identical == 6
    soundfile.write("3.wav", 0.3 * white_noise(0.6, random_state=9), RATE)
    found = verify_table("d")
    assert (found.changed, found.drifted, found.n_compared) == (("3.wav",), (), 5)


def test_what_cannot_be_verified_is_an_error(table, monkeypatch):
    for words, line in (
        (["nothing.parquet"], "nothing.parquet: there is no such file; check the path"),
        ([table, "--sample", 0], "Invalid value for '--sample'"),
    ):
        done = verify(*words)
        assert done.exit_code == 2
        assert line in done.stderr
    with pytest.raises(ValueError, match="sample is 0; give a number of rows"):
        verify_table(table, sample=0)
    with pytest.raises(ValueError, match="tolerance is -1"):
        verify_table(table, tolerance=-1)
    chosen = read_table(table)[1].feature_set
    monkeypatch.setattr(tables, "feature_set", lambda name: replace(chosen, rate=44100))
    done = verify(table)
    assert done.exit_code == 2
    assert "as in this version; extract it anew" in done.stderr


def test_a_table_without_rows_is_an_error(clips):
    none = extract([os.devnull], "timbre19", on_error="skip")
    write_table(none, clips.select([0]), "empty.parquet")
    with pytest.raises(ExportError, match="empty.parquet: it has no rows to be computed anew"):
        verify_table("empty.parquet")
