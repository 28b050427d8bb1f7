"""A manifest: a CSV, TSV or Parquet file with one row per clip, or a list of paths, one a line.

The file is read and its columns are named; whether the recordings are there is for `check` to say.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from os.path import normpath, splitext
from pathlib import Path
from typing import Any

import pandas as pd

from gtzanfeat.audio.remote_files import beside, file_name, is_url, open_url
from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import is_utf8
from gtzanfeat.datasets.table_columns import ANSWERS, EXACTLY, OPTIONAL, TEXT
from gtzanfeat.errors import ClipError, DatasetError

TABLES = (".csv", ".tsv", ".parquet")
PLAYLISTS = (".m3u", ".m3u8")
SUFFIXES = (*TABLES, ".txt", *PLAYLISTS)
_TEXT = (*TEXT, "song", "album", "labels")
ALIASES = {"genre": "label", "artist_group": "artist"}
_EXPECTED = (
    "it needs the column path, and may have label (or labels, or target), recording, song, artist, album, "
    "split, offset, duration"
)


def _file(path: Path) -> Path | None:
    """Find the manifest: `path` itself, or ``manifest.csv`` (.tsv, .parquet) in it."""
    candidates = [path, *(path / f"manifest{suffix}" for suffix in TABLES)]
    return next((file for file in candidates if file.is_file() and file.suffix.lower() in SUFFIXES), None)


def recognises(path: Path) -> bool:
    """Return whether `path` is a file with the suffix of a manifest, or a folder with a ``manifest.csv``."""
    return _file(path) is not None


def load(path: Path | str) -> ClipTable:
    """Load the clips that a manifest lists.

    Paths are relative to the manifest, unless they are URLs. A recording that has no name in the column
    ``recording`` is identified by its path as written, without the suffix unless another file has the same
    name but for it. ``genre`` is taken for ``label`` and ``artist_group`` for ``artist`` where those are
    absent; the case of column names does not matter; all other columns are kept. Blank cells, and the usual
    words for nothing such as NA, are missing values; a ``|`` alone in ``labels`` says that a clip has no tag.
    Labels are unknown in a list of paths (``.txt``, ``.m3u``), and in a table that has no column of labels,
    tags or a target.

    Parameters
    ----------
    path : Path or str
        The manifest or list, or a folder that holds a ``manifest.csv``, ``manifest.tsv`` or
        ``manifest.parquet``; a str is the URL of a manifest or list.

    Returns
    -------
    ClipTable
        The rows in the order of the file.

    Raises
    ------
    DatasetError
        If the file cannot be read, lacks a path or the column of paths, lists no clip, or lists one twice;
        if a list names no file that is there.
    """
    file = path if isinstance(path, str) else _file(path)
    if file is None:
        raise DatasetError(f"{path}: no manifest here; expected a file ending in {', '.join(SUFFIXES)}")
    suffix = _suffix(file)
    frame = _read(file) if suffix in TABLES else _read_list(file)
    frame = frame.rename(columns=_plain_names(frame))
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DatasetError(f"{file}: two columns can be read as {twice!r}; rename one")
    found = ", ".join(map(str, frame.columns))
    if "path" not in frame:
        raise DatasetError(f"{file}: no column 'path'; columns found: {found or 'none'}; {_EXPECTED}")
    if frame.empty:
        raise DatasetError(f"{file}: this manifest lists no clips; {_EXPECTED}")
    written = frame["path"].astype("string")
    if written.isna().any():
        row = int(written.isna().to_numpy().argmax()) + 1
        raise DatasetError(f"{file}: row {row} has no path; every clip needs one")
    names = pd.Series(_names(list(written)), frame.index)
    if "recording" in frame:
        names = frame["recording"].astype("string").fillna(names)
    frame = frame.assign(path=[_beside(file, path) for path in written], recording=names)
    notes = []
    if not any(column in frame for column in ANSWERS):
        frame["label"] = None
        if suffix in TABLES:
            notes.append(
                f"{file}: no column {', '.join(ANSWERS[:-1])} or {ANSWERS[-1]}, so there is nothing to learn"
                f"; columns found: {found}"
            )
    if os.sep == "/" and written.str.contains("\\", regex=False).any():
        notes.append(f"{file}: some paths hold a backslash, which is part of a name here; folders end in /")
    try:
        return ClipTable(frame, "manifest", tuple(notes))
    except DatasetError as error:
        raise DatasetError(f"{file}: {str(error).removeprefix('manifest: ')}") from error


def _names(paths: list[str]) -> list[str]:
    """Name recordings by their files: without the suffix, unless several files would have that name."""
    files = [path if is_url(path) else normpath(path).replace(os.sep, "/") for path in paths]
    stems = [splitext(file)[0] for file in files]
    n_files = Counter(stem for stem, _ in set(zip(stems, files, strict=True)))
    return [stem if n_files[stem] == 1 else file for stem, file in zip(stems, files, strict=True)]


def _suffix(file: Path | str) -> str:
    return file_name(str(file)).suffix.lower()


def _beside(file: Path | str, path: str) -> str:
    """Return the path or URL of a clip, as one writes it who is not where the manifest is."""
    if is_url(path) or (isinstance(file, str) and path.startswith("/")):
        return path
    return beside(file, path) if isinstance(file, str) else str(file.parent / path)


def _bytes(file: Path | str) -> bytes:
    """Read a file; what is wrong with one that is named by a URL is a ClipError, and so a ValueError."""
    if isinstance(file, Path):
        return file.read_bytes()
    with open_url(file) as opened:
        return opened.read()


def _read(file: Path | str) -> pd.DataFrame:
    """Read any of the formats; text columns stay text even where they look like numbers (artist 007)."""
    try:
        data = _bytes(file)
        if _suffix(file) == ".parquet":
            return pd.read_parquet(io.BytesIO(data))
        separator = "\t" if _suffix(file) == ".tsv" else ","
        # utf-8-sig: spreadsheets write a byte-order mark. A blank before a quote would make quotes part of
        # the cell; one before a file name may belong to it.
        options: dict[str, Any] = {
            "sep": separator,
            "encoding": "utf-8-sig",
            "skipinitialspace": f'{separator} "'.encode() in data,
        }
        names = pd.read_csv(io.BytesIO(data), **options, nrows=1, header=None, dtype="string")
        if names.iloc[0].dropna().duplicated().any():  # pandas would rename the second
            raise ValueError("two of its columns have the same name")
        if len(names.columns) == 1 and ";" in str(names.iloc[0, 0]):
            raise ValueError(f"its cells are parted by ';'; save it with {separator!r} between them")
        header = pd.read_csv(io.BytesIO(data), **options, nrows=0)
        text = {column: "string" for column, name in _plain_names(header).items() if name in _TEXT}
        frame: pd.DataFrame = pd.read_csv(io.BytesIO(data), **options, dtype=text, **EXACTLY)
        if not isinstance(frame.index, pd.RangeIndex):  # pandas took the first column for row names
            raise ValueError("its rows have more cells than its header")
        return frame
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{file}: cannot be read as a manifest (it is not UTF-8); save it as UTF-8"
        ) from error
    except ClipError as error:
        raise DatasetError(str(error)) from error
    except (OSError, ValueError) as error:  # pandas' and pyarrow's complaints are ValueErrors
        reason = " ".join(str(error).split())
        raise DatasetError(f"{file}: cannot be read as a manifest ({reason}); {_EXPECTED}") from error


def _read_list(file: Path | str) -> pd.DataFrame:
    """Read a list of paths, one a line, or a playlist, whose lines that begin with # say something else."""
    playlist = _suffix(file) in PLAYLISTS
    try:
        data = _bytes(file)
        # older playlists are in Latin-1
        text = data.decode("latin-1" if playlist and not is_utf8(data) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: cannot be read as a list (it is not UTF-8); save it as UTF-8") from error
    except ClipError as error:
        raise DatasetError(str(error)) from error
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read as a list ({error.strerror or error})") from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    lines = [line for line in lines if line.strip() and not (playlist and line.startswith("#"))]
    if not lines:
        raise DatasetError(f"{file}: it lists nothing; give one path a line")
    if isinstance(file, Path) and not any(is_url(line) or (file.parent / line).is_file() for line in lines):
        raise DatasetError(
            f"{file}: no line of {len(lines)} is the path of a file, such as {lines[0][:60]!r}; give one "
            "path a line, relative to the folder of the list"
        )
    return pd.DataFrame({"path": lines}, dtype="string")


def _plain_names(frame: pd.DataFrame) -> dict[str, str]:
    """Map the column names as written to ours: trimmed, in lower case where we know them, no aliases."""
    names = {written: str(written).strip() for written in frame.columns}
    known = {*TEXT, *OPTIONAL, *ALIASES}
    names = {written: name.lower() if name.lower() in known else name for written, name in names.items()}
    taken = set(names.values())
    return {
        written: ALIASES[name] if name in ALIASES and ALIASES[name] not in taken else name
        for written, name in names.items()
    }
