"""Shards brought together: checked, then whole, in few parts or in one file."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from small_datasets import SET, features_of, is_the_same, ledger_of, write_music

from gtzanfeat import extract, extract_dataset, merge_datasets, read_metadata, read_table, write_table
from gtzanfeat.errors import ExportError, UnknownNameError
from gtzanfeat.export.dataset import parts


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Eight recordings, a dataset of them, and two shards in folders of their own, in small parts."""
    folder = tmp_path_factory.mktemp("music")
    clips = write_music(folder / "music")
    extract_dataset(clips, folder / "whole", SET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", 1)
        for shard in (1, 2):
            extract_dataset(clips, folder / f"shard{shard}", SET, shard=(shard, 2))
    write_table(extract(clips.clips, SET, on_error="skip"), clips, folder / "table.parquet")
    return folder


def shards(music):
    return [music / "shard1", music / "shard2"]


def test_shards_become_one_dataset_with_duplicates_marked(music, tmp_path):
    assert "duplicate" not in set(ledger_of(music / "shard1")["status"])
    found = merge_datasets(shards(music)[::-1], tmp_path / "out")
    is_the_same(tmp_path / "out", music / "whole")
    assert os.listdir(tmp_path / "out" / "ledger") == ["part-000000000-000000007.parquet"]
    assert found.counts["duplicate"] == 1
    assert [failure.index for failure in found.failures] == [5]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_shards_become_one_table(music, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    merge_datasets(shards(music), path)
    assert read_metadata(path) == read_metadata(music / "table.parquet")
    again, values = read_table(path)
    clips, expected = read_table(music / "table.parquet")
    assert values.values.tobytes() == expected.values.tobytes()
    assert values.lost == expected.lost
    pd.testing.assert_frame_equal(again.frame, clips.frame)


def test_a_merged_dataset_is_gone_on_with(music, tmp_path):
    merge_datasets(shards(music), tmp_path / "out")
    clips = write_music(tmp_path / "music")
    with pytest.raises(ExportError, match="are not among them"):
        extract_dataset(clips, tmp_path / "out", SET)
    assert merge_datasets([tmp_path / "out"], tmp_path / "again").n_done == 8
    is_the_same(tmp_path / "again", tmp_path / "out")


def refused(words, folders, destination, **how):
    with pytest.raises(ExportError, match=words):
        merge_datasets(folders, destination, **how)


def test_what_is_missing_or_there_twice_is_said(music, tmp_path):
    one, two = shards(music)
    words = r"shard1: 4 of 8 recordings are not there \(shard 2 of 2\), the first is input 1; finish the"
    refused(words, [one], tmp_path / "out")
    shutil.copytree(one, tmp_path / "again")
    refused(
        r"input 0 is also in .*shard1|input 0 is also in .*again",
        [one, two, tmp_path / "again"],
        tmp_path / "out",
    )
    assert not (tmp_path / "out").exists()


def test_what_does_not_belong_together_is_refused(music, tmp_path):
    one, two = shards(music)
    refused("whole: it has another number of shards than .*shard1", [one, music / "whole"], tmp_path / "out")
    for key, value, words in (
        ("list_hash", "0", "another list of recordings"),
        ("spec_hash", "0", "another feature set"),
        ("probe", [0.0], "other numbers of the same sound"),
    ):
        other = tmp_path / key
        shutil.copytree(two, other)
        declared = json.loads((other / "dataset.json").read_text())
        (other / "dataset.json").write_text(json.dumps(declared | {key: value}))
        refused(words, [one, other], tmp_path / "out")
    refused("it is not a dataset", [one, tmp_path], tmp_path / "out")
    refused("nothing to be merged", [], tmp_path / "out")


def test_a_damaged_part_is_named(music, tmp_path):
    shutil.copytree(music / "whole", tmp_path / "damaged")
    (part,) = (tmp_path / "damaged" / "features").iterdir()
    part.write_bytes(part.read_bytes()[:-10])
    refused("part-000000000-000000007.parquet: it cannot be read", [tmp_path / "damaged"], tmp_path / "out")
    assert not list(tmp_path.glob(".out*"))


def test_what_is_there_is_replaced_only_if_that_is_said(music, tmp_path):
    merge_datasets(shards(music), tmp_path / "out")
    refused("out: it is there already; choose another name or say overwrite", shards(music), tmp_path / "out")
    merge_datasets(shards(music), tmp_path / "out", overwrite=True)
    is_the_same(tmp_path / "out", music / "whole")
    refused("it is one of the datasets to be merged", [tmp_path / "out"], tmp_path / "out", overwrite=True)
    Path(tmp_path, "other").mkdir()
    Path(tmp_path, "other", "thesis.tex").write_text("")
    refused("it holds other things", shards(music), tmp_path / "other", overwrite=True)
    with pytest.raises(UnknownNameError, match="unknown table format"):
        merge_datasets(shards(music), tmp_path / "out.xls")
    assert len(features_of(tmp_path / "out")) == 7
