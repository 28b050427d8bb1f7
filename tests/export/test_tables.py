"""Tables: whole or absent, bit by bit what was extracted, and telling what they hold."""

import csv
import hashlib
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ExportError, UnknownNameError
from gtzanfeat.export import FORMATS, check_destination, read_metadata, read_table, write_table
from gtzanfeat.export.formats import put_in_place
from gtzanfeat.extraction import Extraction, Failure
from gtzanfeat.feature_sets import FEATURE_SETS, feature_set

IDENTITY = ["path", "label", "recording", "artist", "split"]
every_format = pytest.mark.parametrize("suffix", FORMATS)


@pytest.fixture
def clips():
    """Four clips; the third, which will fail, has a comma and a line break in its name."""
    frame = pd.DataFrame(
        {
            "path": ["jazz/a.wav", "jazz/b.wav", 'pop/"c",\nlive.wav', "pop/Ä.wav"],
            "label": ["jazz", "jazz", "pop", "pop"],
            "recording": ["a", "b", "c", "d"],
            "artist": ["NA", None, "007", "Ö, Ü"],
            "year": [1959, 1960, 1961, 1962],
            "Seconds": [30.0, 30.0, 30.0, 30.0],
        }
    )
    return ClipTable(frame, "example")


@pytest.fixture
def extraction():
    """Numbers that a careless writer would change."""
    values = np.array(
        [
            [0.1, 1 / 3, -0.0, 1e-45, 3.4e38],
            [1e-7, 123456.79, 16777217, 2.0**-126, np.pi],
            [np.nan] * 5,
            [0, 1, -12, 4, 0.30000001],
        ],
        dtype=np.float32,
    )
    failure = Failure(2, "c.wav", "the file is empty; leave it out")
    seconds = np.array([10.1, 661501 / 22050, np.nan, 0.5])
    return Extraction(feature_set("pitch5"), values, seconds, ("", "silent", "", "padded_1024"), (failure,))


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


# --- what is written ---------------------------------------------------------------------------------


@every_format
def test_what_is_read_back_is_what_was_written(tmp_path, clips, extraction, suffix):
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    assert path == tmp_path / f"features{suffix}"
    again, values = read_table(path)
    ok = extraction.ok
    assert values.values.dtype == np.float32
    assert values.values.tobytes() == extraction.values[ok].tobytes()
    np.testing.assert_array_equal(values.seconds, extraction.seconds[ok])
    assert values.flags == ("", "silent", "padded_1024")
    assert values.feature_set is extraction.feature_set
    assert values.failures == ()
    assert values.lost == (Failure(2, 'pop/"c",\nlive.wav', "the file is empty; leave it out"),)
    assert values.versions == read_metadata(path)["versions"]
    twice = write_table(values, again, tmp_path / f"twice{suffix}")
    assert read_metadata(twice) == read_metadata(path)
    assert again.name == "example"
    for column in (*IDENTITY, "year"):
        np.testing.assert_array_equal(again.column(column), clips.select(ok).column(column))


@every_format
def test_columns_are_identity_then_features(tmp_path, clips, extraction, suffix):
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    frame = FORMATS[suffix].read(path)
    # the seconds that were counted take the place of the "Seconds" of the table: SQL knows no case
    assert list(frame.columns) == [*IDENTITY, "year", "seconds", "flags", *extraction.columns]
    assert len(frame) == 3


@every_format
def test_a_failed_clip_has_no_row_but_a_reason(tmp_path, clips, extraction, suffix):
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    lost = {"row": 2, "path": 'pop/"c",\nlive.wav', "reason": "the file is empty; leave it out"}
    assert read_metadata(path)["failures"] == [lost]
    assert "c" not in read_table(path)[0].recordings


@every_format
def test_a_table_of_failures_alone_has_all_columns(tmp_path, clips, extraction, suffix):
    failures = tuple(Failure(i, path, "empty") for i, path in enumerate(clips.paths))
    nothing = replace(extraction, values=extraction.values * np.nan, failures=failures)
    path = write_table(nothing, clips, tmp_path / f"features{suffix}")
    assert len(FORMATS[suffix].read(path)) == 0
    assert len(read_metadata(path)["failures"]) == 4


@every_format
def test_metadata_say_what_was_computed(tmp_path, clips, extraction, suffix):
    metadata = read_metadata(write_table(extraction, clips, tmp_path / f"features{suffix}"))
    chosen = extraction.feature_set
    assert metadata["feature_set"] == "pitch5"
    assert metadata["dataset"] == "example"
    assert metadata["spec_hash"] == chosen.spec_hash
    assert hashlib.sha256(metadata["spec_json"].encode()).hexdigest().startswith(chosen.spec_hash)
    assert {"gtzanfeat", "python", "numpy", "scipy", "numba", "soundfile", "soxr"} == set(
        metadata["versions"]
    )
    row = chosen.feature_table()[0]
    assert metadata["columns"]["pitch_fa0"] == {
        "unit": row["unit"],
        "meaning": row["hears"],
        "formula": row["formula"],
        "source": row["source"],
        "family": "pitch",
    }
    assert metadata["columns"]["seconds"]["unit"] == "s"
    assert all(column["meaning"] for column in metadata["columns"].values())


def test_all_formats_tell_the_same(tmp_path, clips, extraction):
    paths = [write_table(extraction, clips, tmp_path / f"features{suffix}") for suffix in FORMATS]
    first, *others = [read_metadata(path) for path in paths]
    assert all(other == first for other in others)


@every_format
def test_same_input_gives_the_same_bytes(tmp_path, clips, extraction, suffix):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_table(extraction, clips, tmp_path / name / f"features{suffix}")
    names = contents(tmp_path / "one")
    assert names == contents(tmp_path / "two")
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@every_format
def test_windows_of_recordings_stay_windows(tmp_path, extraction, suffix):
    frame = pd.DataFrame(
        {"path": "a.wav", "label": "jazz", "recording": "a", "offset": [0.0, 5.0, 10.0, 15.0]}
    )
    clips = ClipTable(frame.assign(duration=5.0, artist_fold=2), "example")
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    again, _ = read_table(path)
    columns = read_metadata(path)["columns"]
    assert columns["offset"]["unit"] == columns["duration"]["unit"] == "s"
    assert "three folds of GTZAN" in columns["artist_fold"]["meaning"]
    assert [(clip.offset, clip.duration) for clip in again.clips] == [(0, 5), (5, 5), (15, 5)]


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_names_of_columns_need_no_quoting(name):
    # as an SQL identifier, and none of the words that it reserves
    reserved = duckdb.sql("select keyword_name from duckdb_keywords() where keyword_category = 'reserved'")
    words = {word for (word,) in reserved.fetchall()}
    for column in (*IDENTITY, "seconds", "flags", *feature_set(name).columns):
        assert re.fullmatch("[a-z][a-z0-9_]*", column)
        assert column not in words


# --- who can read it ---------------------------------------------------------------------------------


def test_pandas_reads_parquet_with_its_types(tmp_path, clips, extraction):
    frame = pd.read_parquet(write_table(extraction, clips, tmp_path / "features.parquet"))
    assert (frame.dtypes[list(extraction.columns)] == np.float32).all()
    assert frame["seconds"].dtype == np.float64
    assert frame["year"].dtype == np.int64
    assert pd.api.types.is_string_dtype(frame["label"])
    assert frame["artist"].isna().tolist() == [False, True, False]
    assert isinstance(frame.index, pd.RangeIndex)


@every_format
def test_duckdb_reads_it_without_quotes(tmp_path, clips, extraction, suffix):
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    query = f"select label, count(*), max(pitch_up0) from '{path}' group by label order by label"
    assert duckdb.sql(query).fetchall() == [("jazz", 2, pytest.approx(123456.79)), ("pop", 1, 1.0)]


def test_a_parquet_file_explains_itself_to_any_reader(tmp_path, clips, extraction):
    schema = pq.read_schema(write_table(extraction, clips, tmp_path / "features.parquet"))
    assert schema.metadata[b"gtzanfeat.spec_hash"].decode() == extraction.feature_set.spec_hash
    assert json.loads(schema.metadata[b"gtzanfeat.failures"])[0]["row"] == 2
    assert schema.field("pitch_up0").metadata[b"unit"]
    assert schema.field("pitch_up0").type == pa.float32()


def test_csv_floats_are_the_shortest_that_come_back(tmp_path, clips, extraction):
    path = write_table(extraction, clips, tmp_path / "features.csv")
    assert path.read_text(encoding="utf-8").splitlines()[1].endswith(",0.1,0.33333334,-0.0,1e-45,3.4e+38")
    assert contents(tmp_path) == ["features.csv", "features.meta.json"]


# --- what is refused ---------------------------------------------------------------------------------


def test_an_unknown_suffix_names_the_known(tmp_path, clips, extraction):
    with pytest.raises(UnknownNameError, match=r"^unknown table format '.xlsx'. Known: .parquet, .csv.$"):
        write_table(extraction, clips, tmp_path / "features.xlsx")


def test_a_suffix_may_be_in_capitals(tmp_path, clips, extraction):
    assert len(read_table(write_table(extraction, clips, tmp_path / "F.PARQUET"))[0]) == 3


@every_format
def test_an_existing_file_is_replaced_only_when_told(tmp_path, clips, extraction, suffix):
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    with pytest.raises(ExportError, match="features.*: the file exists already; choose another name"):
        write_table(extraction, clips, path)
    write_table(replace(extraction, failures=()), clips, path, overwrite=True)
    assert read_metadata(path)["failures"] == []


def test_somebody_elses_file_beside_a_csv_is_not_replaced(tmp_path, clips, extraction):
    (tmp_path / "features.meta.json").write_text("mine")
    with pytest.raises(ExportError, match=r"features.meta.json: the file exists already"):
        write_table(extraction, clips, tmp_path / "features.csv")


def test_a_folder_that_does_not_exist_is_not_made(tmp_path, clips, extraction):
    with pytest.raises(ExportError, match=r"there is no folder .*nowhere; make it first"):
        write_table(extraction, clips, tmp_path / "nowhere" / "features.csv")


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "features.csv").mkdir()
    with pytest.raises(ExportError, match="it is a folder; give the name of a file"):
        check_destination(tmp_path / "features.csv", overwrite=True)


def test_a_closed_folder_is_told_beforehand(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ExportError, match="cannot be written to"):
        check_destination(tmp_path / "features.csv")


def test_extraction_and_table_must_belong_together(tmp_path, clips, extraction):
    with pytest.raises(ExportError, match="an extraction of 4 clips and a table of 3 do not belong together"):
        write_table(extraction, clips.select([0, 1, 2]), tmp_path / "features.csv")


def test_a_column_that_arrow_cannot_hold_is_an_error(tmp_path, clips, extraction):
    mixed = ClipTable(clips.frame.assign(mixed=[1, "one", 2.0, None]), "example")
    with pytest.raises(ExportError, match=r"cannot be written .*mixed"):
        write_table(extraction, mixed, tmp_path / "features.parquet")
    assert contents(tmp_path) == []


# --- spreadsheets ------------------------------------------------------------------------------------


def test_formulas_are_quoted_and_read_back(tmp_path, extraction):
    names = ["=1+1", "+a", "-b", "@c", "\td", "\re", "'=f", "''@g", "'h", "i=j", "a"]
    frame = pd.DataFrame({"path": [f"{name}.wav" for name in names], "recording": [f"r{n}" for n in names]})
    frame = frame.assign(
        **{"label": "=cmd|' /C calc'!A0", "artist": names, "=year": -1, "gain": -0.5, "note": names}
    )
    frame.loc[10, ["label", "artist", "note"]] = np.nan
    few = replace(extraction, failures=())
    rows = np.resize(np.array([0, 1, 3]), len(names))
    many = replace(few, values=few.values[rows], seconds=few.seconds[rows], flags=("",) * len(names))
    for quote in (True, False):
        path = tmp_path / f"{quote}.csv"
        write_table(many, ClipTable(frame, "example"), path, quote_formulas=quote)
        clips, read = read_table(path)
        expected = ClipTable(frame, "example").frame
        pd.testing.assert_frame_equal(clips.frame, expected, check_dtype=False)
        np.testing.assert_array_equal(read.values, many.values)
        cells = [cell for row in csv.reader(io.StringIO(path.read_bytes().decode())) for cell in row]
        text = [cell for cell in cells if not re.fullmatch(r"-?[\d.e+-]+", cell)]
        computed = [cell for cell in text if cell[:1] in tuple("=+-@\t\r")]
        assert bool(computed) is not quote
    quoted = pd.read_csv(tmp_path / "True.csv")
    assert quoted["path"][0] == "'=1+1.wav"
    assert (quoted["gain"] == -0.5).all()  # numbers are numbers
    assert quoted.columns[5] == "'=year"
    assert read_metadata(tmp_path / "True.csv") == read_metadata(tmp_path / "False.csv")


def test_formulas_are_of_csv_only(tmp_path, clips, extraction):
    with pytest.raises(
        ExportError, match=r"f.parquet: formulas are quoted in CSV only; leave quote_formulas out"
    ):
        write_table(extraction, clips, tmp_path / "f.parquet", quote_formulas=True)
    assert contents(tmp_path) == []


# --- a crash leaves nothing behind -------------------------------------------------------------------


@every_format
@pytest.mark.parametrize(
    "crash", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()]
)
def test_a_crash_leaves_what_was_there(tmp_path, clips, extraction, monkeypatch, suffix, crash):
    path = write_table(extraction, clips, tmp_path / f"features{suffix}")
    before = {name: (tmp_path / name).read_bytes() for name in contents(tmp_path)}

    def write_half(*args, **options):
        part = next(arg for arg in args if isinstance(arg, os.PathLike))
        part.write_bytes(b"half")
        raise crash

    monkeypatch.setattr(pq, "write_table", write_half)
    monkeypatch.setattr(pd.DataFrame, "to_csv", write_half)
    expected = ExportError if isinstance(crash, OSError) else type(crash)
    with pytest.raises(expected, match="No space left on device" if expected is ExportError else None):
        write_table(extraction, clips, path, overwrite=True)
    assert {name: (tmp_path / name).read_bytes() for name in contents(tmp_path)} == before


def test_csv_and_its_metadata_come_together_or_not_at_all(tmp_path, clips, extraction, monkeypatch):
    def refuse(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(ExportError, match="No space left on device"):
        write_table(extraction, clips, tmp_path / "features.csv")
    assert contents(tmp_path) == []


def test_a_file_put_in_place_has_ordinary_permissions(tmp_path):
    (tmp_path / "ordinary").write_text("")
    with put_in_place(tmp_path / "placed") as part:
        part.write_text("")
    assert (tmp_path / "placed").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


# --- what is not a table of ours ---------------------------------------------------------------------


@every_format
def test_a_missing_table_is_named(tmp_path, suffix):
    with pytest.raises(ExportError, match="there is no such file; check the path"):
        read_metadata(tmp_path / f"features{suffix}")


def test_a_foreign_table_is_told(tmp_path):
    pd.DataFrame({"path": ["a.wav"]}).to_parquet(tmp_path / "other.parquet")
    (tmp_path / "other.meta.json").write_text("[1, 2]")
    (tmp_path / "text.parquet").write_text("no table")
    for name in ("other.parquet", "other.csv", "text.parquet"):
        with pytest.raises(ExportError, match=f"{name}: it is not a table that write_table wrote"):
            read_metadata(tmp_path / name)


def test_features_of_another_meaning_are_not_read(tmp_path, clips, extraction, monkeypatch):
    path = write_table(extraction, clips, tmp_path / "features.parquet")
    changed = replace(feature_set("pitch5"), rate=44100)
    monkeypatch.setitem(FEATURE_SETS, "pitch5", changed)
    with pytest.raises(ExportError, match=f"its pitch5 has the spec .*, not {changed.spec_hash}"):
        read_table(path)
    monkeypatch.delitem(FEATURE_SETS, "pitch5")
    with pytest.raises(ExportError, match=r"features.parquet: unknown feature set 'pitch5'"):
        read_table(path)
