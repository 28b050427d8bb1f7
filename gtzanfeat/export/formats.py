"""File formats of feature tables: one row of `FORMATS` per format, with its writer and readers.

A format stores a data frame and its metadata, and replaces files atomically. Columns and metadata are made in
`tables`.
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

from gtzanfeat.datasets.table_columns import EXACTLY

PREFIX = "gtzanfeat."  # of the keys in the schema metadata of a Parquet file
PLAIN = ("feature_set", "spec_hash", "spec_json", "dataset")  # metadata stored as text
STRUCTURED = ("versions", "failures", "copies")  # metadata stored as JSON; those of columns are in the fields


@dataclass(frozen=True)
class Format:
    """A file format of feature tables.

    Parameters
    ----------
    suffix : str
        Suffix of the file name, in lower case, by which the format is chosen.
    meaning : str
        One sentence about it for users.
    files : callable
        ``files(path)`` returns the paths of all files that a table at `path` consists of.
    write : callable
        ``write(frame, metadata, path)`` writes them, all or none.
    read : callable
        ``read(path)`` returns the data frame.
    read_metadata : callable
        ``read_metadata(path)`` returns the metadata; KeyError if there are none.
    """

    suffix: str
    meaning: str
    files: Callable[[Path], tuple[Path, ...]]
    write: Callable[[pd.DataFrame, dict[str, Any], Path], None]
    read: Callable[[Path], pd.DataFrame]
    read_metadata: Callable[[Path], dict[str, Any]]


@contextlib.contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, which is renamed to `path` if no error is raised.

    Parameters
    ----------
    path : Path
        The file to create or replace.

    Yields
    ------
    Path
        Where to write.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


# --- Parquet: the metadata of the schema and of its fields ------------------------------------------


def _write_parquet(frame: pd.DataFrame, metadata: dict[str, Any], path: Path) -> None:
    bare = pa.Table.from_pandas(frame, preserve_index=False)  # with metadata from which pandas restores types
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
    columns = {field.name: _decode(field.metadata) for field in schema}
    return plain | parsed | {"columns": columns}


def _decode(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    pairs = ((key.decode(), value.decode()) for key, value in (metadata or {}).items())
    return {key: value for key, value in pairs if not key.startswith("PARQUET:")}


# --- CSV: the metadata in a file beside it ----------------------------------------------------------


def _csv_files(path: Path) -> tuple[Path, ...]:
    return path, path.with_suffix(".meta.json")


def _write_csv(frame: pd.DataFrame, metadata: dict[str, Any], path: Path) -> None:
    path, metadata_path = _csv_files(path)
    with put_in_place(path) as part, put_in_place(metadata_path) as metadata_part:
        # pandas writes the fewest digits that give the same float32 back
        frame.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
        metadata_part.write_text(json.dumps(metadata, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_csv(path: Path) -> pd.DataFrame:
    text = dict.fromkeys(
        ("path", "label", "labels", "recording", "song", "artist", "album", "split", "flags"), "string"
    )
    # only an empty cell is missing: an artist may be called NA
    frame: pd.DataFrame = pd.read_csv(
        path, dtype=text, keep_default_na=False, na_values=[""], encoding="utf-8", **EXACTLY
    )
    return frame


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
