"""The one table that every dataset becomes: which recordings there are, what they are, whose they are.

Here live the table, what makes it valid, and its columns as plain numpy arrays. How a folder or a file
becomes a table belongs to the loaders beside this file, and how a table is cut into training and test
parts to `gtzanfeat.evaluation`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.audio import Clip
from gtzanfeat.errors import DatasetError, UnknownNameError

REQUIRED = ("path", "label", "recording")
TEXT = (*REQUIRED, "artist", "split")  # always there, in this order, as strings or missing
WINDOW = ("offset", "duration")  # optional, in seconds: the row is a window of its recording


@dataclass(frozen=True, eq=False, repr=False)
class ClipTable:
    """A dataset: one row per clip.

    Parameters
    ----------
    frame : DataFrame
        One row per clip. It is copied, its index renumbered, the text columns made strings and blank
        text made missing. Columns:

        ``path`` (required)
            The audio file, as a string that can be opened.
        ``label`` (required, may be missing in a row)
            The class, such as the genre.
        ``recording`` (required)
            What identifies the recording whatever its format or folder, such as ``blues.00012``.
        ``artist``
            Who plays: clips of one artist must never be divided between training and test. Missing where
            unknown; left out altogether, it is unknown for all.
        ``split``
            The part of a split the dataset comes with ("train", "test" ...), if any.
        ``offset``, ``duration``
            In seconds: the clip is this window of its recording. Only with an ``offset`` may a recording
            have several rows.
        anything else
            Is kept as it is: album, seconds, further labels, further splits.
    name : str
        What kind of dataset it is: the name of the loader, or "synthetic".
    notes : tuple of str, default=()
        Sentences a user should read, such as which files the loader left out.

    Attributes
    ----------
    paths, labels, recordings, splits : ndarray of shape (n_clips,), object
        The columns; None where missing.
    artists : ndarray of shape (n_clips,), object, or None
        The column, None where unknown; None instead of the array if no artist is known at all.
    groups : ndarray of shape (n_clips,), object
        What to keep together in a split.
    clips : ndarray of shape (n_clips,), object
        What to give to `ClipFeatures` or `extract`.
    classes : tuple of str
        The labels that occur, in order.

    Raises
    ------
    DatasetError
        If a required column or value is missing, a clip is there twice, one file is taken for several
        recordings, or the rows of one recording disagree about its artist.

    Examples
    --------
    >>> import pandas as pd
    >>> table = ClipTable(
    ...     pd.DataFrame({"path": ["a.wav", "b.wav"], "label": ["jazz", "pop"], "recording": ["a", "b"]}),
    ...     name="example",
    ... )
    >>> table
    ClipTable('example': 2 clips, 2 classes)
    >>> table.labels
    array(['jazz', 'pop'], dtype=object)
    >>> table.select(table.labels == "pop").paths
    array(['b.wav'], dtype=object)
    """

    frame: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", _validated(self.frame, self.name))
        object.__setattr__(self, "notes", tuple(self.notes))

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        return f"ClipTable({self.name!r}: {len(self)} clips, {len(self.classes)} classes)"

    def column(self, name: str) -> np.ndarray:
        """Return any column as a plain object array, with None where a value is missing.

        Parameters
        ----------
        name : str
            A column of `frame`.

        Returns
        -------
        ndarray of shape (n_clips,), object

        Raises
        ------
        UnknownNameError
            If there is no such column.
        """
        if name not in self.frame:
            raise UnknownNameError("column", name, map(str, self.frame.columns))
        values = self.frame[name]
        plain = values.astype(object).to_numpy(copy=True)
        plain[values.isna().to_numpy()] = None
        return plain

    @property
    def paths(self) -> np.ndarray:
        """The audio files, (n_clips,) strings."""
        return self.column("path")

    @property
    def labels(self) -> np.ndarray:
        """The classes, (n_clips,) strings, None where a clip has none."""
        return self.column("label")

    @property
    def recordings(self) -> np.ndarray:
        """The identities of the recordings, (n_clips,) strings."""
        return self.column("recording")

    @property
    def artists(self) -> np.ndarray | None:
        """The artists, (n_clips,) strings, None where unknown; None if all are unknown."""
        return None if self.frame["artist"].isna().all() else self.column("artist")

    @property
    def splits(self) -> np.ndarray:
        """The parts of the split that the dataset comes with, (n_clips,) strings or None."""
        return self.column("split")

    @property
    def groups(self) -> np.ndarray:
        """What a split must keep together, (n_clips,) strings: the artist, or else the recording.

        Recordings of unknown artists are groups of their own, not one large group: that they share an
        artist is not known. So they may still leak; a strict protocol leaves them out.
        """
        return self.frame["artist"].fillna(self.frame["recording"]).astype(object).to_numpy(copy=True)

    @property
    def clips(self) -> np.ndarray:
        """What to analyse, (n_clips,): the paths, or `Clip` objects where the table has windows."""
        if not any(column in self.frame for column in WINDOW):
            return self.paths
        unset = np.full(len(self), None)
        offsets, durations = (self.column(name) if name in self.frame else unset for name in WINDOW)
        clips = np.empty(len(self), dtype=object)
        for i, (path, offset, duration) in enumerate(zip(self.paths, offsets, durations, strict=True)):
            clips[i] = Clip(path, offset=offset or 0.0, duration=duration)
        return clips

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, in alphabetical order."""
        return tuple(sorted(self.frame["label"].dropna().unique()))

    def select(self, rows: Any) -> ClipTable:
        """Take some of the clips.

        Parameters
        ----------
        rows : array-like
            A mask of shape (n_clips,), in which a missing value counts as False, or row numbers.

        Returns
        -------
        ClipTable
            The chosen clips, in the order asked for.

        Raises
        ------
        ValueError
            If a mask has not one value per clip.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"path": ["a.wav", "b.wav"], "label": ["x", "x"], "recording": ["a", "b"]})
        >>> frame["fault_filtered"] = pd.array(["test", None], dtype="string")
        >>> table = ClipTable(frame, "example")
        >>> len(table.select(table.frame["fault_filtered"] == "test"))
        1
        """
        chosen = pd.Series(rows).convert_dtypes()
        if not len(chosen):
            where = np.empty(0, dtype=np.intp)
        elif pd.api.types.is_bool_dtype(chosen):
            if len(chosen) != len(self):
                raise ValueError(f"a mask of {len(chosen)} values does not fit a table of {len(self)} clips")
            where = np.flatnonzero(chosen.to_numpy(dtype=bool, na_value=False))
        else:
            where = chosen.to_numpy(dtype=np.intp)
        return ClipTable(self.frame.iloc[where], self.name, self.notes)


def _validated(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Copy `frame` into the form that `ClipTable` promises, or say why that cannot be."""
    absent = [column for column in REQUIRED if column not in frame]
    if absent:
        found = ", ".join(map(str, frame.columns)) or "none"
        raise DatasetError(f"{name}: no column {' or '.join(map(repr, absent))}; columns found: {found}")
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DatasetError(f"{name}: the column {twice!r} is there more than once; rename one")
    columns = {column: _text(frame, column, name) for column in TEXT}
    columns |= {str(other): frame[other] for other in frame.columns if other not in TEXT}
    columns |= {column: _seconds(frame, column, name) for column in WINDOW if column in frame}
    table = pd.DataFrame(columns).reset_index(drop=True)
    for column in ("path", "recording"):
        blank = np.flatnonzero(table[column].isna())
        if blank.size:
            raise DatasetError(f"{name}: row {blank[0] + 1} has no {column}; every clip needs one")
    start = table["offset"].fillna(0) if "offset" in table else pd.Series(0.0, table.index)
    file = table["path"].map(os.path.abspath)  # ``a.wav`` and ``./a.wav`` are one
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
    artists = table["artist"].fillna("").groupby(table["recording"]).nunique()
    if (artists > 1).any():
        raise DatasetError(
            f"{name}: the rows of recording {artists.idxmax()!r} disagree about its artist; name one in all"
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
