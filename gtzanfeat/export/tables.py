"""Writing and reading of feature tables: an `Extraction` and its `ClipTable` as Parquet or CSV.

The metadata hold the feature set with its hash, the versions of the libraries, the clips that failed, and
unit and meaning of every column. How they are stored is in `formats`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import ExportError, GtzanfeatError, UnknownNameError
from gtzanfeat.export.dataset_folder import is_dataset, read_dataset, read_dataset_metadata
from gtzanfeat.export.formats import FORMATS, Format
from gtzanfeat.extraction import Extraction, Failure
from gtzanfeat.feature_sets import FeatureSet, feature_set
from gtzanfeat.version import versions

LIBRARIES = ("numpy", "scipy", "numba", "soundfile", "soxr")  # whose versions may change feature values

# The columns before the features; others of the table of clips are written too.
IDENTITY = {
    "path": {"unit": "", "meaning": "the audio file; if relative, from the folder where extraction ran"},
    "label": {"unit": "", "meaning": "the class, such as the genre"},
    "recording": {"unit": "", "meaning": "what identifies the recording, whatever its format or folder"},
    "song": {"unit": "", "meaning": "the song that the recording is a part of"},
    "artist": {"unit": "", "meaning": "who plays; clips of one artist must not both train and test"},
    "split": {"unit": "", "meaning": "the part of a split that the dataset comes with"},
    "album": {"unit": "", "meaning": "the record it is from"},
    "labels": {"unit": "", "meaning": "its tags, with | between them; | alone if it has none"},
    "target": {"unit": "", "meaning": "a number to predict"},
    "offset": {"unit": "s", "meaning": "where in the recording the clip begins"},
    "duration": {"unit": "s", "meaning": "length of the clip; missing if it goes on to the end"},
    "fault_filtered": {"unit": "", "meaning": "its part of the split of GTZAN without faults, if any"},
    "artist_fold": {"unit": "", "meaning": "which of three folds of GTZAN, made of whole artists, tests it"},
    "time": {"unit": "s", "meaning": "the middle of the frame, after the start of the clip"},
    "seconds": {"unit": "s", "meaning": "length of what was analysed, counted while decoding"},
    "flags": {"unit": "", "meaning": "what to know of the clip, such as silent or no_beat"},
}
PASSED_ON = {"unit": "", "meaning": "as the dataset has it"}


def check_destination(
    path: str | os.PathLike[str], *, overwrite: bool = False, quote_formulas: bool = False
) -> Path:
    """Raise an error if a table cannot be written to `path`, for a check before a long extraction.

    Parameters
    ----------
    path : str or path
        The file to be written; its suffix is that of one of `FORMATS`.
    overwrite : bool, default=False
        Whether an existing file may be replaced.
    quote_formulas : bool, default=False
        Whether what a spreadsheet would take for a formula is to be quoted.

    Returns
    -------
    Path
        `path`, with ``~`` expanded.

    Raises
    ------
    UnknownNameError
        If no format has this suffix.
    ExportError
        If the folder does not exist or cannot be written to, the file exists and may not be replaced, or its
        format has no formulas to be quoted.

    Examples
    --------
    >>> check_destination("features.xls")
    Traceback (most recent call last):
        ...
    gtzanfeat.errors.UnknownNameError: unknown table format '.xls'. Known: .parquet, .csv.
    """
    where = Path(path).expanduser()
    if quote_formulas and not _format(where).has_formulas:
        raise ExportError(f"{where}: formulas are quoted in CSV only; leave quote_formulas out")
    for file in _format(where).files(where):
        check_place(file, overwrite)
    return where


def check_place(file: Path, overwrite: bool) -> None:
    """Raise ExportError if a file cannot be created, or exists and may not be replaced.

    Parameters
    ----------
    file : Path
        The file to be written.
    overwrite : bool
        Whether an existing file may be replaced.
    """
    if file.is_dir():
        raise ExportError(f"{file}: it is a folder; give the name of a file")
    if file.exists() and not overwrite:
        raise ExportError(
            f"{file}: the file exists already; choose another name or say overwrite (--overwrite)"
        )
    if not file.parent.is_dir():
        raise ExportError(f"{file}: there is no folder {file.parent}; make it first")
    if not os.access(file.parent, os.W_OK):
        raise ExportError(f"{file}: the folder {file.parent} cannot be written to")


def write_table(
    extraction: Extraction,
    clips: ClipTable,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    quote_formulas: bool = False,
) -> Path:
    """Write a feature table: one row per analysed clip, its identity first, then its features.

    The columns are those of `clips` (``path``, ``label``, ``recording``, ``artist`` ...), ``seconds``,
    ``flags`` and those of the feature set, float32 and the same bits as in the extraction; a column of
    `clips` with such a name is left out. A clip that failed is in the metadata only. The same input gives the
    same bytes.

    Parameters
    ----------
    extraction : Extraction
        From `extract`.
    clips : ClipTable
        The clips that were extracted, in the same order.
    path : str or path
        The file; its suffix chooses the format: ``.parquet``, or ``.csv`` and ``.meta.json``.
    overwrite : bool, default=False
        Whether an existing file is replaced.
    quote_formulas : bool, default=False
        Whether to put an apostrophe before text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a
        carriage return, which a spreadsheet that opens the CSV would compute: names of files and classes may
        come from strangers. `read_table` takes it away again; other readers see it. Numbers stay as they are.

    Returns
    -------
    Path
        `path`, with ``~`` expanded.

    Raises
    ------
    UnknownNameError
        If no format has this suffix.
    ExportError
        If the file cannot be created or may not be replaced, formulas are to be quoted elsewhere than in CSV,
        extraction and clips do not belong together, or writing fails. No half-written file is left.

    See Also
    --------
    read_table : Read it back.

    Examples
    --------
    >>> from gtzanfeat.datasets import load_dataset
    >>> from gtzanfeat.extraction import extract
    >>> clips = load_dataset("music")  # doctest: +SKIP
    >>> write_table(extract(clips.clips), clips, "features.parquet")  # doctest: +SKIP
    PosixPath('features.parquet')
    """
    where = check_destination(path, overwrite=overwrite, quote_formulas=quote_formulas)
    refuse_other_than_table(clips)
    if len(extraction.values) != len(clips):
        raise ExportError(
            f"{where}: an extraction of {len(extraction.values)} clips and a table of {len(clips)} do not "
            "belong together; give the table whose clips were extracted"
        )
    frame = _frame(extraction, clips)
    metadata = _metadata(extraction, clips, frame)
    if quote_formulas:
        metadata["quoted_formulas"] = True
    try:
        _format(where).write(frame, metadata, where)
    except OSError as error:
        raise ExportError(f"{where}: cannot be written ({error.strerror or error})") from error
    except pa.ArrowException as error:  # a column of the user's own, of mixed types
        raise ExportError(f"{where}: cannot be written ({' '.join(map(str, error.args))})") from error
    return where


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the metadata of a feature table.

    Parameters
    ----------
    path : str or path
        A file that `write_table` wrote, or the folder of a dataset.

    Returns
    -------
    dict
        ``feature_set``, ``spec_hash`` and ``spec_json``: what was computed; ``versions``: of the package,
        of Python and of libraries; ``array_backend``: what computed it, if not the CPU; ``dataset``: the
        name of the table of clips; ``failures``: a list of ``row`` (of that table, from 0), ``path`` and
        ``reason``; ``copies``: files that were left out as copies of others; ``columns``: by name, ``unit``
        and ``meaning``, and for features also ``formula``, ``source`` and ``family``.

    Raises
    ------
    UnknownNameError
        If no format has this suffix.
    ExportError
        If there is no such file, it was not written by `write_table`, or it is a dataset that is not
        finished.
    """
    where = Path(path).expanduser()
    with _reading_errors(where):
        return read_dataset_metadata(where) if where.is_dir() else _format(where).read_metadata(where)


def is_table(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a feature table: a file with its metadata, or the folder of a dataset.

    Parameters
    ----------
    path : str or path
        Any path.

    Returns
    -------
    bool
        True also of a dataset that is not finished, which `read_table` refuses with what to do.

    Examples
    --------
    >>> is_table("nothing.parquet")
    False
    """
    where = Path(path).expanduser()
    if where.is_dir():
        return is_dataset(where)
    try:
        read_metadata(where)
    except (ExportError, UnknownNameError):
        return False
    return True


def read_table(path: str | os.PathLike[str]) -> tuple[ClipTable, Extraction]:
    """Read a feature table as the clips and the extraction that it was written from, without failed clips.

    Parameters
    ----------
    path : str or path
        A file that `write_table` wrote, or the folder of a dataset.

    Returns
    -------
    clips : ClipTable
        The clips that were analysed.
    extraction : Extraction
        Their features, to be given to `evaluate` as ``values``; the clips that failed are in ``lost``.

    Raises
    ------
    UnknownNameError, ExportError
        As `read_metadata`; also if the feature set has another spec hash in this version of the package, or
        its rows are frames.
    """
    where = Path(path).expanduser()
    metadata = read_metadata(where)
    if "flags" not in metadata["columns"]:
        raise ExportError(f"{where}: its rows are frames; read them with pandas.read_parquet, or in DuckDB")
    try:
        chosen = feature_set(metadata["feature_set"])
    except UnknownNameError as error:
        raise ExportError(f"{where}: {error}") from error
    if chosen.spec_hash != metadata["spec_hash"]:
        raise ExportError(
            f"{where}: its {chosen.name} has the spec {metadata['spec_hash']}, not {chosen.spec_hash} as in "
            "this version; extract it anew"
        )
    with _reading_errors(where):
        frame = read_dataset(where) if where.is_dir() else _format(where).read(where)
        identity = frame.drop(columns=["seconds", "flags", *chosen.columns])
        clips = ClipTable(identity, metadata["dataset"], copies=tuple(metadata["copies"]))
        values = frame[list(chosen.columns)].to_numpy(dtype="float32")
        seconds = frame["seconds"].to_numpy(dtype="float64")
        flags = tuple(frame["flags"].fillna("").astype(object))
        lost = tuple(Failure(clip["row"], clip["path"], clip["reason"]) for clip in metadata["failures"])
    backend = metadata.get("array_backend", "")
    return clips, Extraction(chosen, values, seconds, flags, (), lost, metadata["versions"], backend)


def _format(path: Path) -> Format:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UnknownNameError("table format", suffix, FORMATS)
    return FORMATS[suffix]


@contextlib.contextmanager
def _reading_errors(path: Path) -> Iterator[None]:
    """Turn errors of reading `path` into an `ExportError`: it does not exist, or is no feature table."""
    try:
        yield
    except GtzanfeatError:
        raise
    except FileNotFoundError as error:
        raise ExportError(f"{error.filename or path}: there is no such file; check the path") from error
    except (OSError, LookupError, TypeError, ValueError) as error:  # of pyarrow and json, too
        raise ExportError(f"{path}: it is not a table that write_table wrote; extract it anew") from error


def _frame(extraction: Extraction, table: ClipTable) -> pd.DataFrame:
    """Return the table as it is written, with one row per analysed clip."""
    measured = pd.DataFrame({"seconds": extraction.seconds, "flags": extraction.flags})
    measured["flags"] = measured["flags"].astype("string")
    features = pd.DataFrame(extraction.values, columns=list(extraction.columns), dtype="float32")
    identity = table.frame[identity_columns(table.frame.columns, [*measured.columns, *features.columns])]
    whole = pd.concat([identity, measured, features], axis=1)
    return whole.loc[extraction.ok].reset_index(drop=True)


def identity_columns(names: Iterable[str], measured: Iterable[str]) -> list[str]:
    """Return the columns of a table of clips that stand before what was measured.

    Parameters
    ----------
    names : iterable of str
        Its columns.
    measured : iterable of str
        The columns after them.

    Returns
    -------
    list of str
        All but those of a name that is taken; SQL ignores case, so a table cannot have both `Seconds` and
        `seconds`.
    """
    taken = {name.lower() for name in measured}
    return [name for name in names if name.lower() not in taken]


def table_metadata(
    chosen: FeatureSet, dataset: str, columns: Iterable[str], copies: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the metadata of a table without failures, computed by what is installed here.

    Parameters
    ----------
    chosen : FeatureSet
        What was computed.
    dataset : str
        The name of the table of clips.
    columns : iterable of str
        All columns of the table.
    copies : iterable of str
        Files that were left out as copies.

    Returns
    -------
    dict
        As `read_metadata` gives it back; it does not depend on time or machine.
    """
    meanings = {
        row["column"]: {"unit": row["unit"], "meaning": row["hears"]}
        | {key: row[key] for key in ("formula", "source", "family")}
        for row in chosen.feature_table()
    }
    known = IDENTITY | meanings
    words: dict[str, Any] = {
        "feature_set": chosen.name,
        "spec_hash": chosen.spec_hash,
        "spec_json": chosen.spec_json,
        "versions": versions(*LIBRARIES),
        "dataset": dataset,
        "failures": [],
        "copies": list(copies),
        "columns": {name: known.get(name, PASSED_ON) for name in columns},
    }
    return words


def _metadata(extraction: Extraction, table: ClipTable, frame: pd.DataFrame) -> dict[str, Any]:
    """Return the metadata of an extraction and its clips."""
    words = table_metadata(extraction.feature_set, table.name, frame.columns, table.copies)
    words["versions"] = dict(extraction.versions) or words["versions"]
    if extraction.array_backend:
        words["array_backend"] = extraction.array_backend
    words["failures"] = [
        *({"row": lost.index, "path": lost.source, "reason": lost.reason} for lost in extraction.lost),
        *(
            {"row": failure.index, "path": table.paths[failure.index], "reason": failure.reason}
            for failure in extraction.failures
        ),
    ]
    return words
