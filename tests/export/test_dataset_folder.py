"""A dataset folder read as a table is the table that one file would have been."""

import duckdb
import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from dataset_parts import write_dataset
from signals import RATE, tone

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.evaluation import evaluate
from gtzanfeat.export import is_table, join_columns, read_metadata, read_table, write_table
from gtzanfeat.export.dataset import extract_dataset
from gtzanfeat.extraction import Extraction, Failure, extract
from gtzanfeat.feature_sets import feature_set


@pytest.fixture
def clips():
    names = [f"{label}{i}" for label in ("hum", "hiss") for i in range(6)]
    labels = [name.rstrip("0123456789") for name in names]
    frame = pd.DataFrame({"path": [f"{name}.wav" for name in names], "recording": names, "label": labels})
    return ClipTable(frame, "example", copies=("hum0.flac",))


@pytest.fixture
def extraction(clips, rng):
    chosen = feature_set("pitch5")
    values = rng.standard_normal((len(clips), 5)).astype(np.float32)
    values[:6] += 9
    values[4] = np.nan
    failure = Failure(4, "hum4.wav", "it is empty; leave it out")
    return Extraction(chosen, values, np.where(np.arange(12) == 4, np.nan, 1.0), ("",) * 12, (failure,))


@pytest.fixture
def folder(tmp_path, extraction, clips):
    return write_dataset(tmp_path / "features", extraction, clips, [4, 5, 11])


def test_it_is_what_one_file_would_have_been(folder, extraction, clips):
    file = write_table(extraction, clips, folder.parent / "one.parquet")
    assert is_table(folder)
    assert read_metadata(folder) == read_metadata(file)
    (table, values), (expected_table, expected) = read_table(folder), read_table(file)
    pd.testing.assert_frame_equal(table.frame, expected_table.frame)
    assert (table.name, table.copies) == (expected_table.name, expected_table.copies)
    assert values.values.tobytes() == expected.values.tobytes()
    assert (values.flags, values.lost, values.versions) == (expected.flags, expected.lost, expected.versions)


def test_it_is_evaluated_joined_and_queried(folder, clips, monkeypatch):
    monkeypatch.chdir(folder.parent)
    table, values = read_table(folder)
    assert evaluate("knn1", table, values=values, cv=2, repeats=1).n_used == 11
    words = ["--recipe", "knn1", "--cv", "2", "--repeats", "1"]
    done = CliRunner().invoke(main, ["evaluate", "features", *words])
    assert done.exit_code == 1  # one clip failed, and is told of
    assert "gtzanfeat: failed: hum4.wav: it is empty; leave it out" in done.stderr
    assert "pitch5" in done.stdout
    rows = np.arange(len(clips)) != 4
    assert join_columns(clips.select(rows), folder).shape == (11, 5)
    query = "select count(*) from 'features/features/*.parquet'"
    assert duckdb.sql(query).fetchall() == [(11,)]
    assert len(pd.read_parquet(folder / "features")) == 11


def test_features_without_a_ledger_do_not_count(folder):
    whole = pd.read_parquet(folder / "features" / "part-000000011-000000011.parquet")
    whole.to_parquet(folder / "features" / "part-000000011-000000099.parquet")
    assert len(read_table(folder)[0]) == 11


def test_one_that_is_not_finished_is_refused_with_what_to_do(folder, clips):
    (folder / "ledger" / "part-000000011-000000011.parquet").unlink()
    line = "11 of 12 recordings are done; finish it with the command that began it; the rows that are there"
    for read in (read_table, read_metadata, lambda path: join_columns(clips, path)):
        with pytest.raises(ExportError, match=line):
            read(folder)
    assert is_table(folder)


def test_another_folder_and_a_damaged_one_are_refused(folder, tmp_path):
    (tmp_path / "music").mkdir()
    assert not is_table(tmp_path / "music")
    with pytest.raises(ExportError, match="music: it is a folder without dataset.json, and so no dataset"):
        read_table(tmp_path / "music")
    (folder / "features" / "part-000000004-000000004.parquet").unlink()
    with pytest.raises(ExportError, match="part-000000004-000000004.parquet: this part is missing; remove "):
        read_table(folder)
    (folder / "dataset.json").write_text("{")
    with pytest.raises(ExportError, match="it is not a table that write_table wrote; extract it anew"):
        read_metadata(folder)


def test_it_reads_what_an_extraction_wrote(tmp_path):
    for i in range(3):
        soundfile.write(tmp_path / f"{i}.wav", tone(300 + i, 0.2), RATE)
    (tmp_path / "3.wav").write_text("nothing")
    paths = [str(tmp_path / f"{i}.wav") for i in range(4)]
    clips = ClipTable(
        pd.DataFrame({"path": paths, "recording": list("abcd"), "label": list("xxyy")}), "files"
    )
    extract_dataset(clips, tmp_path / "features", "pitch5")
    table, values = read_table(tmp_path / "features")
    file = write_table(extract(clips.clips, "pitch5", on_error="skip"), clips, tmp_path / "one.parquet")
    expected_table, expected = read_table(file)
    pd.testing.assert_frame_equal(table.frame, expected_table.frame)
    assert values.values.tobytes() == expected.values.tobytes()
    assert (values.flags, values.lost) == (expected.flags, expected.lost)
