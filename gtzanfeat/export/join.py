"""Columns computed elsewhere, such as learned embeddings, joined to clips by recording.

They are then evaluated under the same protocols as features, alone or together with them. No value is imputed
and no clip dropped: a recording without a row is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import ExportError, UnknownNameError
from gtzanfeat.export.dataset_folder import is_dataset, read_dataset
from gtzanfeat.export.formats import FORMATS
from gtzanfeat.extraction import Extraction

KEY = "recording"
NOT_FEATURES = (  # columns of feature tables that describe a clip and are no features
    *("path", "label", "labels", "target", "song", "artist", "album", "split", "offset", "duration"),
    *("seconds", "flags", "number", "fault_filtered", "artist_fold"),
)


def read_columns(path: str | os.PathLike[str], *, drop: Iterable[str] = ()) -> pd.DataFrame:
    """Read columns of numbers, one row per recording, from a Parquet or CSV file.

    Parameters
    ----------
    path : str or path
        A file, ``.csv`` or Parquet, with a column (or a named index) ``recording`` and columns of numbers,
        such as a table that `write_table` wrote; or the folder of a dataset. What says which recording it is
        (path, label, artist ...) is left out.
    drop : iterable of str, default=()
        Further columns to leave out.

    Returns
    -------
    DataFrame of shape (n_recordings, n_columns), float32
        Indexed by recording, in the order of the file.

    Raises
    ------
    ExportError
        If there is no such file, it has no column of recordings, a recording occurs twice, or a value is
        missing, infinite or not a number.
    UnknownNameError
        If there is no column of a name in `drop`.

    See Also
    --------
    join_columns : Join them to clips.
    """
    return _checked(_read(path), str(Path(path).expanduser()), drop=drop)


def _read(path: str | os.PathLike[str]) -> pd.DataFrame:
    file = Path(path).expanduser()
    kind = FORMATS[".csv" if file.suffix.lower() == ".csv" else ".parquet"]
    try:
        frame = read_dataset(file) if is_dataset(file) else kind.read(file)
    except ExportError:
        raise
    except FileNotFoundError as error:
        raise ExportError(f"{file}: there is no such file; check the path") from error
    except (OSError, ValueError) as error:  # those of pyarrow and of pandas' reader are ValueErrors
        words = "CSV" if kind.suffix == ".csv" else "Parquet"
        raise ExportError(f"{file}: cannot be read as {words}; give a Parquet or CSV file") from error
    return frame.reset_index() if frame.index.name == KEY else frame


def join_columns(
    clips: ClipTable,
    columns: str | os.PathLike[str] | pd.DataFrame,
    extraction: Extraction | None = None,
    *,
    drop: Iterable[str] = (),
) -> pd.DataFrame:
    """Return for every clip the columns of its recording.

    Parameters
    ----------
    clips : ClipTable
        The clips. Windows of one recording get the same row.
    columns : path or DataFrame
        A file as for `read_columns`; or a table of numbers with a column or an index of recordings. Columns
        that the table of clips has too are left out, so that a target (arousal, say) does not become a
        feature.
    extraction : Extraction, optional
        Features of the same clips, which become the first columns.
    drop : iterable of str, default=()
        Columns to leave out, such as row numbers or codes of the classes, of which `evaluate` warns.

    Returns
    -------
    DataFrame of shape (n_clips, n_columns), float32
        In the order of the clips, to be given to `evaluate` as ``values``. Clips that failed in `extraction`
        have NaN there.

    Raises
    ------
    ExportError
        As `read_columns`; if a recording has no row, with their number; or if a column is in both.
    UnknownNameError
        If there is no column of a name in `drop`.

    Examples
    --------
    >>> frame = pd.DataFrame({"path": ["a.wav", "b.wav"], "recording": ["a", "b"], "label": ["x", "y"]})
    >>> embedding = pd.DataFrame({"recording": ["b", "a"], "e_0": [0.5, 1.5]})
    >>> join_columns(ClipTable(frame, "example"), embedding)
       e_0
    0  1.5
    1  0.5
    """
    refuse_other_than_table(clips)
    if isinstance(columns, pd.DataFrame):
        name = "the columns to join"
        named = columns if KEY in columns else columns.rename_axis(KEY).reset_index()
    else:
        name, named = str(columns), _read(columns)
    table = _checked(named, name, clips.frame.columns, drop)
    missing = sorted(set(clips.recordings) - set(table.index))
    if missing:
        raise ExportError(
            f"{name}: {len(missing)} of {len(set(clips.recordings))} recordings have no row, such as "
            f"{missing[0]!r} (its rows are of recordings such as {table.index[0]!r}); add them, or select "
            "the clips that have one"
        )
    joined = table.loc[list(clips.recordings)].reset_index(drop=True)
    return joined if extraction is None else _beside(extraction, joined, name, len(clips))


def _beside(extraction: Extraction, joined: pd.DataFrame, name: str, n_clips: int) -> pd.DataFrame:
    """Return the columns of an extraction followed by the joined ones, or raise ExportError."""
    if len(extraction.values) != n_clips:
        raise ExportError(
            f"{name}: features of {len(extraction.values)} clips cannot stand beside a table of {n_clips}; "
            "give those of the same clips"
        )
    both = sorted(set(joined.columns) & set(extraction.columns))
    if both:
        raise ExportError(f"{name}: the column {both[0]!r} is there and among the features; rename it")
    features = pd.DataFrame(extraction.values, columns=list(extraction.columns))
    return pd.concat([features, joined], axis=1)


def _checked(
    frame: pd.DataFrame, name: str, not_features: Iterable[str] = (), drop: Iterable[str] = ()
) -> pd.DataFrame:
    """Return the columns of numbers in float32, indexed by recording, or raise ExportError.

    Left out are `NOT_FEATURES` and the columns named in `not_features` and `drop`.
    """
    dropped = list(drop)
    for unknown in (column for column in dropped if column not in frame):
        raise UnknownNameError("column", unknown, map(str, frame.columns))
    if KEY not in frame:
        found = ", ".join(map(str, frame.columns[:8])) or "none"
        raise ExportError(f"{name}: no column {KEY!r}; columns found: {found}; it says whose row it is")
    recordings = frame[KEY].astype("string")
    if recordings.isna().any():
        row = int(recordings.isna().to_numpy().argmax()) + 1
        raise ExportError(f"{name}: row {row} names no recording; every row needs one")
    again = recordings[recordings.duplicated()]
    if len(again):
        raise ExportError(
            f"{name}: {len(again)} recordings are there more than once, such as {again.iloc[0]!r}; leave one "
            "row of each"
        )
    left_out = {KEY, *NOT_FEATURES, *not_features, *dropped}
    numbers = frame[[column for column in frame if column not in left_out]]
    if not len(numbers.columns) or frame.empty:
        raise ExportError(
            f"{name}: it holds no numbers, apart from what is said of the clips anyway; give one row, "
            "and one column, or more"
        )
    if not numbers.columns.is_unique:
        twice = numbers.columns[numbers.columns.duplicated()][0]
        raise ExportError(f"{name}: the column {twice!r} is there more than once; rename one")
    for column in numbers:
        kind = numbers[column].dtype
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            raise ExportError(
                f"{name}: the column {column!r} holds no numbers ({kind}); leave it out "
                f"(--drop {column!r}; in Python drop=[{column!r}]), or make it numbers"
            )
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused
        values = numbers.to_numpy(dtype=np.float32, na_value=np.nan)
    broken = ~np.isfinite(values)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise ExportError(
            f"{name}: {broken.any(axis=1).sum()} rows hold a value that is missing or infinite, such as "
            f"{numbers.columns[column]!r} of {recordings.iloc[row]!r}; fill them in or leave the column out"
        )
    return pd.DataFrame(
        values, index=pd.Index(recordings.astype(object), name=KEY), columns=numbers.columns.astype(str)
    )
