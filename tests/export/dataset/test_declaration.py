"""What a dataset says of itself, and what is left where none can be read."""

import json

import pandas as pd
import pytest
from small_datasets import SET, write_music

from gtzanfeat import extract_dataset
from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset.declaration import Declaration, inputs_of, list_hash


def test_the_hash_of_a_list_is_of_all_of_its_values():
    frame = pd.DataFrame({"path": ["a.wav", "b.wav"], "year": [1959, 1960]})
    hashes = {
        list_hash(other)
        for other in (
            frame,
            frame.iloc[::-1],
            frame.iloc[:1],
            frame.assign(year=[1959, 1961]),
            frame.rename(columns={"year": "age"}),
        )
    }
    assert len(hashes) == 5
    assert list_hash(frame.astype({"path": "string"})) == list_hash(frame)


def test_the_list_comes_back_as_it_was(tmp_path):
    clips = write_music(tmp_path / "music")
    frame = clips.frame.assign(offset=0.05, year=range(8), odd=[None, "x", *[None] * 6])
    clips = type(clips)(frame, "odd", copies=("c.wav",))
    extract_dataset(clips, tmp_path / "out", SET)
    again = inputs_of(tmp_path / "out", Declaration.read(tmp_path / "out"))
    assert (again.name, again.copies) == ("odd", ("c.wav",))
    pd.testing.assert_frame_equal(again.frame, clips.frame, check_dtype=False)
    extract_dataset(clips, tmp_path / "out", SET)


def test_what_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(ExportError, match=r"it is not a dataset \(dataset.json is missing or damaged\)"):
        Declaration.read(tmp_path)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(ExportError, match=r"it is not a dataset"):
        Declaration.read(tmp_path)
    words = {"format_version": 2, "versions": {"gtzanfeat": "3.0"}}
    (tmp_path / "dataset.json").write_text(json.dumps(words))
    with pytest.raises(ExportError, match=r"of format 2, and this version .* reads 1; .* wrote it \(3.0\)"):
        Declaration.read(tmp_path)
