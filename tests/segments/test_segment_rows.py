"""Windows in a dataset: the rows of `segment_table`."""

import pandas as pd
import pytest
from small_datasets import (
    SET,
    features_of,
    in_a_process_of_its_own,
    is_the_same,
    killed_at,
    ledger_of,
    write_music,
)

from gtzanfeat import extract_dataset, feature_set, segment_table, write_table
from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset import parts
from gtzanfeat.segments import SegmentRows


@pytest.mark.parametrize("offset", [None, 0.02])
def test_windows_are_those_of_a_segment_table(tmp_path, offset):
    clips = write_music(tmp_path / "music")
    if offset is not None:
        clips = type(clips)(clips.frame.assign(offset=offset), clips.name)
    extract_dataset(clips, tmp_path / "out", SegmentRows(feature_set(SET), 0.08, 0.04))
    table, extraction = segment_table(clips, SET, 0.08, hop_seconds=0.04, on_error="skip")
    path = write_table(extraction, table, tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(features_of(tmp_path / "out"), pd.read_parquet(path))
    ledger = ledger_of(tmp_path / "out")
    assert ledger["rows"].sum() == len(table)
    assert ledger["status"][4] == "silent"


def test_windows_of_another_length_are_refused(tmp_path):
    clips = write_music(tmp_path / "music")
    extract_dataset(clips, tmp_path / "out", SegmentRows(feature_set(SET), 0.1))
    with pytest.raises(
        ExportError, match="its segments were made with .'segment_length': 2205, 'hop': 2205., not"
    ):
        extract_dataset(clips, tmp_path / "out", SegmentRows(feature_set(SET), 0.2))
    with pytest.raises(ExportError, match="it holds segments of timbre19 .*, not clips of timbre19"):
        extract_dataset(clips, tmp_path / "out", SET)


def test_killed_and_changed_they_are_gone_on_with(tmp_path, monkeypatch):
    import os

    monkeypatch.setattr(parts, "PART_ROWS", 3)
    clips, rows = write_music(tmp_path / "music"), SegmentRows(feature_set(SET), 0.08)
    extract_dataset(clips, tmp_path / "whole", rows)

    def act():
        killed_at(os, "replace", 5, after=False)
        extract_dataset(clips, tmp_path / "out", rows)

    in_a_process_of_its_own(act)
    extract_dataset(clips, tmp_path / "out", rows)
    is_the_same(tmp_path / "out", tmp_path / "whole")
