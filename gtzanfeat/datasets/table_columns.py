"""Columns of a table of clips: which there are, what each may hold, and the one form they are put into.

What a column is good for is said where it is used, in `clip_table` and above.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.audio.remote_files import is_url
from gtzanfeat.errors import DatasetError

REQUIRED = ("path", "recording")
ANSWERS = ("label", "labels", "target")  # what can be learnt; one of them must be there
TEXT = ("path", "label", "recording", "artist", "split")  # always there, in this order, or missing
WINDOW = ("offset", "duration")  # optional, in seconds: the row is a window of its recording
OPTIONAL = ("labels", "target", "song", "album", *WINDOW)  # have a meaning where they are
SEPARATOR = "|"  # between the tags of a clip; alone it says that there are none

# parts of a split, by what folders of them are called
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "development"), "valid"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}

# for `read_csv`: numbers to the last bit, which pandas 3.1 reads by itself, where the wish is deprecated
EXACTLY: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)


def validated(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Copy `frame` into the form that `ClipTable` promises, or say why that cannot be."""
    absent = [column for column in REQUIRED if column not in frame]
    if not any(column in frame for column in ANSWERS):
        absent.insert(1 if "path" in absent else 0, "label")
    if absent:
        found = ", ".join(map(str, frame.columns)) or "none"
        raise DatasetError(f"{name}: no column {' or '.join(map(repr, absent))}; columns found: {found}")
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DatasetError(f"{name}: the column {twice!r} is there more than once; rename one")
    columns = {column: _text(frame, column, name) for column in TEXT}
    columns |= {str(other): frame[other] for other in frame.columns if other not in TEXT}
    columns |= {column: _seconds(frame, column, name) for column in WINDOW if column in frame}
    columns |= {column: _text(frame, column, name) for column in ("song", "album") if column in frame}
    if "labels" in frame:
        columns["labels"] = _tags(frame, name)
    if "target" in frame:
        columns["target"] = numbers(frame, "target", name)
    table = pd.DataFrame(columns).reset_index(drop=True)
    for column in ("path", "recording"):
        blank = np.flatnonzero(table[column].isna())
        if blank.size:
            raise DatasetError(f"{name}: row {blank[0] + 1} has no {column}; every clip needs one")
    start = table["offset"].fillna(0) if "offset" in table else pd.Series(0.0, table.index)
    # ``a.wav`` and ``./a.wav`` are one
    file = table["path"].map(lambda path: path if is_url(path) else os.path.abspath(path))
    for column, same in (("path", file), ("recording", table["recording"])):
        again = pd.DataFrame({column: same, "offset": start}).duplicated().to_numpy()
        if again.any():
            row = int(np.argmax(again))
            value = table[column][row]
            files = ", ".join(table["path"][same == same[row]].unique()[:3])
            raise DatasetError(
                f"{name}: the {column} {value!r} is there more than once ({files}); a clip is one row, and "
                "several windows of a recording need different values in a column 'offset'"
            )
    recordings = table["recording"].groupby(file).nunique()
    if (recordings > 1).any():
        rows = table[file == recordings.idxmax()]
        names = ", ".join(map(repr, rows["recording"].unique()[:3]))
        raise DatasetError(
            f"{name}: the file {rows['path'].iloc[0]!r} is taken for {recordings.max()} recordings "
            f"({names}); its windows are told apart by their offset, so give all of them one recording"
        )
    for column in ("artist", "album"):
        if column in table:
            said = table[column].fillna("").groupby(table["recording"]).nunique()
            if (said > 1).any():
                raise DatasetError(
                    f"{name}: the rows of recording {said.idxmax()!r} disagree about its {column}; "
                    "name one in all"
                )
    return table


def printable(path: object) -> str:
    r"""Write a file name for people, even one whose bytes are not UTF-8.

    Examples
    --------
    >>> print(printable("caf\udce9.wav"))
    caf\xe9.wav
    """
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _text(frame: pd.DataFrame, column: str, name: str) -> pd.Series:
    if column not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    strange = [value for value in frame[column] if printable(value) != str(value)]
    if strange:
        raise DatasetError(f"{name}: the {column} '{printable(strange[0])}' is not UTF-8; rename it")
    text = frame[column].astype("string")
    if column != "path":  # a file name may well begin with a space
        text = text.str.strip()
    return text.mask(text == "")


def _tags(frame: pd.DataFrame, name: str) -> pd.Series:
    """Write the tags of each clip in one way: sorted, each once, ``|`` for none."""
    text = frame["labels"].astype("string")
    known = text.notna()
    sets = [{tag.strip() for tag in cell.split(SEPARATOR)} - {""} for cell in text[known]]
    plain = pd.Series([SEPARATOR.join(sorted(tags)) or SEPARATOR for tags in sets], dtype="string")
    text[known.to_numpy()] = plain.to_numpy()
    frame = frame.assign(labels=text)
    return _text(frame, "labels", name)


def numbers(frame: pd.DataFrame, column: str, name: str) -> pd.Series:
    """Make float64 of a column, NaN where a value is missing, or raise DatasetError."""
    try:
        values = pd.to_numeric(frame[column]).astype(float)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{name}: the column {column!r} must hold numbers ({error})") from error
    if np.isinf(values).any():
        raise DatasetError(f"{name}: the column {column!r} must hold finite numbers, but one is infinite")
    return values


def _seconds(frame: pd.DataFrame, column: str, name: str) -> pd.Series:
    try:
        seconds = pd.to_numeric(frame[column]).astype(float)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{name}: the column {column!r} must hold seconds ({error})") from error
    impossible = (seconds <= 0 if column == "duration" else seconds < 0) | np.isinf(seconds)
    if impossible.any():
        value = seconds[impossible].iloc[0]
        raise DatasetError(f"{name}: the column {column!r} must hold seconds, but one is {value:g}")
    return seconds
