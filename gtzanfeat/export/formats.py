"""File formats of feature tables: one row of `FORMATS` per format, with its writer and readers.

A format stores a data frame and its metadata, and replaces files atomically. Columns and metadata are made in
`tables`.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gtzanfeat.datasets.table_columns import EXACTLY

PREFIX = "gtzanfeat."  # of the keys in the schema metadata of a Parquet file
PLAIN = ("feature_set", "spec_hash", "spec_json", "dataset")  # metadata stored as text
OPTIONAL = ("array_backend",)  # the same, where there are any
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
    has_formulas : bool, default=False
        Whether spreadsheets that open it take some text for formulas, which `write` quotes where the metadata
        hold ``quoted_formulas``.
    """

    suffix: str
    meaning: str
    files: Callable[[Path], tuple[Path, ...]]
    write: Callable[[pd.DataFrame, dict[str, Any], Path], None]
    read: Callable[[Path], pd.DataFrame]
    read_metadata: Callable[[Path], dict[str, Any]]
    has_formulas: bool = False


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
    with put_in_place(path) as part:
        pq.write_table(bare.cast(parquet_schema(bare.schema, metadata)), part)


def parquet_schema(bare: pa.Schema, metadata: dict[str, Any]) -> pa.Schema:
    """Return a schema with the metadata of a feature table.

    Parameters
    ----------
    bare : Schema
        Columns and types, and what pandas says of them.
    metadata : dict
        As `gtzanfeat.read_metadata` gives it back.

    Returns
    -------
    Schema
        Unit and meaning are in the fields, all else in the schema.
    """
    fields = [field.with_metadata(metadata["columns"][field.name]) for field in bare]
    words = {PREFIX + key: metadata[key] for key in (*PLAIN, *OPTIONAL) if key in (*PLAIN, *metadata)}
    words |= {PREFIX + key: json.dumps(metadata[key], ensure_ascii=False) for key in STRUCTURED}
    encoded = {key.encode(): value.encode() for key, value in words.items()}  # as those that are there
    return pa.schema(fields, (bare.metadata or {}) | encoded)


def _read_parquet_metadata(path: Path) -> dict[str, Any]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        # what was added in the end, as of frames, is in the file's own metadata alone
        stated_in_all = (schema.metadata or {}) | (file.metadata.metadata or {})
    stated = {key.decode(): value.decode() for key, value in stated_in_all.items()}
    plain = {key: stated[PREFIX + key] for key in PLAIN}
    plain |= {key: stated[PREFIX + key] for key in OPTIONAL if PREFIX + key in stated}
    parsed = {key: json.loads(stated[PREFIX + key]) for key in STRUCTURED}
    columns = {field.name: _decode(field.metadata) for field in schema}
    return plain | parsed | {"columns": columns}


def _decode(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    pairs = ((key.decode(), value.decode()) for key, value in (metadata or {}).items())
    return {key: value for key, value in pairs if not key.startswith("PARQUET:")}


# --- CSV: the metadata in a file beside it ----------------------------------------------------------


def _csv_files(path: Path) -> tuple[Path, ...]:
    return path, path.with_suffix(".meta.json")


# text that a spreadsheet computes instead of showing it; an apostrophe before it makes it text, and one more
# before what begins so already tells the two apart when it is read back
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def _quoted(text: Any) -> Any:
    return f"'{text}" if isinstance(text, str) and _FORMULA.match(text) else text


def _unquoted(text: Any) -> Any:
    return text[1:] if isinstance(text, str) and text[:1] == "'" and _FORMULA.match(text) else text


def _changed(frame: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """Change the text of a data frame, and the names of its columns."""
    columns = {name: frame[name] for name in frame}
    for name, column in columns.items():
        if not pd.api.types.is_numeric_dtype(column.dtype):
            columns[name] = column.map(change).astype(column.dtype)
    return pd.DataFrame(columns).rename(columns=change)


def _write_csv(frame: pd.DataFrame, metadata: dict[str, Any], path: Path) -> None:
    path, metadata_path = _csv_files(path)
    if metadata.get("quoted_formulas"):
        frame = _changed(frame, _quoted)
    with put_in_place(path) as part, put_in_place(metadata_path) as metadata_part:
        # a carriage return ends a line for those who read, but is not quoted by pandas unless all text is
        returns = any("\r" in text for name in frame for text in frame[name] if isinstance(text, str))
        quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
        # pandas writes the fewest digits that give the same float32 back
        frame.to_csv(part, index=False, lineterminator="\n", encoding="utf-8", quoting=quoting)
        metadata_part.write_text(json.dumps(metadata, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_csv(path: Path) -> pd.DataFrame:
    text = dict.fromkeys(
        ("path", "label", "labels", "recording", "song", "artist", "album", "split", "flags"), "string"
    )
    # only an empty cell is missing: an artist may be called NA
    frame: pd.DataFrame = pd.read_csv(
        path, dtype=text, keep_default_na=False, na_values=[""], encoding="utf-8", **EXACTLY
    )
    is_ours = _csv_files(path)[1].exists()  # a CSV of others, to be joined, has no metadata
    return _changed(frame, _unquoted) if is_ours and _stated(path).get("quoted_formulas") else frame


def _stated(path: Path) -> dict[str, Any]:
    stated: dict[str, Any] = json.loads(_csv_files(path)[1].read_text(encoding="utf-8"))
    return stated


def _read_csv_metadata(path: Path) -> dict[str, Any]:
    stated = _stated(path)
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
            has_formulas=True,
        ),
    )
}
