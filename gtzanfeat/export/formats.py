"""Kinds of file that a table can be written as; each is one row at the foot of this file.

A format knows how a frame and its metadata become bytes and come back, whole or not at all; what they mean is
the business of the package around it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

PREFIX = "gtzanfeat."  # of the keys in the schema metadata of a Parquet file
PLAIN = ("feature_set", "spec_hash", "spec_json", "dataset")  # what the metadata hold as they are
STRUCTURED = ("versions", "failures")  # and as JSON; what they say of columns is in the fields


@dataclass(frozen=True)
class Format:
    """A kind of file that a table can be written as.

    Parameters
    ----------
    suffix : str
        The end of its files' names, in lower case; this is how a user chooses it.
    meaning : str
        One sentence for the user.
    files : callable
        ``files(path)`` lists all files that a table at `path` consists of.
    write : callable
        ``write(path, frame, metadata)`` puts them in place, whole or not at all.
    read : callable
        ``read(path)`` gives the frame back.
    read_metadata : callable
        ``read_metadata(path)`` gives the metadata back; KeyError where there is none.
    """

    suffix: str
    meaning: str
    files: Callable[[Path], tuple[Path, ...]]
    write: Callable[[Path, pd.DataFrame, dict[str, Any]], None]
    read: Callable[[Path], pd.DataFrame]
    read_metadata: Callable[[Path], dict[str, Any]]


@contextlib.contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder; what was written there becomes `path` if nothing broke."""
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


# --- Parquet: the metadata of the schema and of its fields ------------------------------------------


def _write_parquet(path: Path, frame: pd.DataFrame, metadata: dict[str, Any]) -> None:
    bare = pa.Table.from_pandas(frame, preserve_index=False)  # with a note that makes pandas read it well
    fields = [field.with_metadata(metadata["columns"][field.name]) for field in bare.schema]
    words = {PREFIX + key: metadata[key] for key in PLAIN}
    words |= {PREFIX + key: json.dumps(metadata[key], ensure_ascii=False) for key in STRUCTURED}
    with put_in_place(path) as part:
        pq.write_table(bare.cast(pa.schema(fields, bare.schema.metadata | words)), part)


def _read_parquet_metadata(path: Path) -> dict[str, Any]:
    schema = pq.read_schema(path)
    stated = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    plain = {key: stated[PREFIX + key] for key in PLAIN}
    parsed = {key: json.loads(stated[PREFIX + key]) for key in STRUCTURED}
    columns = {field.name: _decoded(field.metadata) for field in schema}
    return plain | parsed | {"columns": columns}


def _decoded(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    pairs = ((key.decode(), value.decode()) for key, value in (metadata or {}).items())
    return {key: value for key, value in pairs if not key.startswith("PARQUET:")}


# --- CSV: the metadata in a file beside it ----------------------------------------------------------


def _csv_files(path: Path) -> tuple[Path, ...]:
    return path, path.with_suffix(".meta.json")


def _write_csv(path: Path, frame: pd.DataFrame, metadata: dict[str, Any]) -> None:
    path, beside = _csv_files(path)
    with put_in_place(path) as part, put_in_place(beside) as part_beside:
        # floats in the fewest digits that give the same float32 back
        frame.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
        part_beside.write_text(json.dumps(metadata, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_csv(path: Path) -> pd.DataFrame:
    text = dict.fromkeys(
        ("path", "label", "labels", "recording", "song", "artist", "album", "split", "flags"), "string"
    )
    # only an empty cell is missing: an artist may be called NA
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""], encoding="utf-8")


def _read_csv_metadata(path: Path) -> dict[str, Any]:
    stated = json.loads(_csv_files(path)[1].read_text(encoding="utf-8"))
    return {key: stated[key] for key in (*PLAIN, *STRUCTURED, "columns")}


FORMATS: dict[str, Format] = {
    row.suffix: row
    for row in (
        Format(
            suffix=".parquet",
            meaning="one typed file with everything in it; for pandas, Polars, DuckDB, R and Spark",
            files=lambda path: (path,),
            write=_write_parquet,
            read=pd.read_parquet,
            read_metadata=_read_parquet_metadata,
        ),
        Format(
            suffix=".csv",
            meaning="text, with what the columns mean in NAME.meta.json beside it",
            files=_csv_files,
            write=_write_csv,
            read=_read_csv,
            read_metadata=_read_csv_metadata,
        ),
    )
}
