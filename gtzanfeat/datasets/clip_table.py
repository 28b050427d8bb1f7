"""The table of clips that every dataset becomes: paths, labels, recordings, artists and other columns.

What each column may hold is said in `table_columns`. How a folder or a file becomes a table belongs to the
loaders beside this file, and how a table is divided into training and test parts to `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.audio import Clip
from gtzanfeat.datasets.table_columns import SEPARATOR, WINDOW, numbers, validated
from gtzanfeat.errors import DatasetError, UnknownNameError


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
        ``recording`` (required)
            What identifies the recording whatever its format or folder, such as ``blues.00012``.
        ``label``
            The class, such as the genre. Missing where unknown; it may be left out altogether where
            ``labels`` or ``target`` says what there is to learn.
        ``labels``
            Tags with ``|`` between them, such as ``guitar|slow``. Missing where unknown; ``|`` alone (or
            empty text in `frame`) where it is known that none applies.
        ``target``
            A number to predict, such as the arousal. Missing where unknown.
        ``artist``
            Who plays: clips of one artist must never be divided between training and test. Missing where
            unknown; left out altogether, it is unknown for all.
        ``song``
            The song that the recording is a part of, where a song was cut into several files: its parts are
            never divided, as the windows of a recording are not. By default each recording is a song.
        ``album``
            What it was published on; clips of one album belong together as those of one artist do.
        ``split``
            The part of a split the dataset comes with ("train", "test" ...), if any.
        ``offset``, ``duration``
            In seconds: the clip is this window of its recording. Only with an ``offset`` may a recording
            have several rows.
        anything else
            Is kept as it is: seconds, further targets, further splits.
    name : str
        What kind of dataset it is: the name of the loader, or "synthetic".
    notes : tuple of str, default=()
        Sentences a user should read, such as which files the loader left out.
    tags : tuple of str, default=()
        The tags there can be, which `select` hands on: every part of a table has the same `tag_matrix`
        columns. By default those that occur; always sorted.
    copies : tuple of str, default=()
        Files that the loader left out because they hold the sound of another file that bears their name.
    left_out : mapping of str to int, default={}
        How many clips of the dataset `select_classes` left out, by reason; they are in the result of
        `evaluate`.

    Attributes
    ----------
    paths, labels, recordings, splits : ndarray of shape (n_clips,), object
        The columns path, label (the class), recording and split; None where missing.
    artists, albums : ndarray of shape (n_clips,), object, or None
        The column, None where unknown; None instead of the array if none is known at all.
    tag_matrix : ndarray of shape (n_clips, n_tags), bool
        Which of `tags` each clip has.
    tagged : ndarray of shape (n_clips,), bool
        Whether the tags of a clip are known.
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
        recordings, the rows of one recording disagree about its artist or album, a target is not a number,
        or a tag is not among `tags`.

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
    tags: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", validated(self.frame, self.name))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "copies", tuple(self.copies))
        occurring = set().union(*self._tag_sets())
        unknown = sorted(occurring.difference(self.tags))
        if self.tags and unknown:
            raise DatasetError(
                f"{self.name}: the tag {unknown[0]!r} is not among the {len(self.tags)} tags there can be; "
                "leave tags out, or name all of them"
            )
        object.__setattr__(self, "tags", tuple(sorted({*self.tags} or occurring)))

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        words = f"{len(self)} clips, {len(self.classes)} classes"
        return f"ClipTable({self.name!r}: {words}{f', {len(self.tags)} tags' if self.tags else ''})"

    def column(self, name: str) -> np.ndarray:
        """Return any column as a plain object array, with None where a value is missing.

        Parameters
        ----------
        name : str
            A column of `frame`.

        Returns
        -------
        ndarray of shape (n_clips,), object
            In the order of the rows.

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
    def albums(self) -> np.ndarray | None:
        """The albums, (n_clips,) strings, None where unknown; None if all are unknown."""
        if "album" not in self.frame or self.frame["album"].isna().all():
            return None
        return self.column("album")

    @property
    def tag_matrix(self) -> np.ndarray:
        """Which tags each clip has, (n_clips, n_tags) bool, in the order of `tags`.

        A clip whose tags are unknown has none here: see `tagged`.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"path": ["a.wav", "b.wav", "c.wav"], "recording": ["a", "b", "c"]})
        >>> table = ClipTable(frame.assign(labels=["slow|guitar", "|", None]), "example")
        >>> table.tags
        ('guitar', 'slow')
        >>> table.tag_matrix.tolist()
        [[True, True], [False, False], [False, False]]
        >>> table.tagged.tolist()
        [True, True, False]
        """
        number = {tag: i for i, tag in enumerate(self.tags)}
        matrix = np.zeros((len(self), len(self.tags)), dtype=bool)
        for row, tags in zip(matrix, self._tag_sets(), strict=False):  # without the column, no row
            row[[number[tag] for tag in tags]] = True
        return matrix

    @property
    def tagged(self) -> np.ndarray:
        """Whether the tags of a clip are known, (n_clips,) bool."""
        if "labels" not in self.frame:
            return np.zeros(len(self), dtype=bool)
        return self.frame["labels"].notna().to_numpy(dtype=bool)

    def _tag_sets(self) -> list[set[str]]:
        """Return the tags of each clip; nothing at all if there is no column of them."""
        if "labels" not in self.frame:
            return []
        return [set((text or "").split(SEPARATOR)) - {""} for text in self.column("labels")]

    def numeric(self, name: str = "target") -> np.ndarray:
        """Return a column of numbers, such as one to predict.

        Parameters
        ----------
        name : str, default="target"
            A column of `frame`.

        Returns
        -------
        ndarray of shape (n_clips,), float64
            NaN where a value is missing.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        DatasetError
            If it does not hold numbers.
        """
        self.column(name)
        return numbers(self.frame, name, self.name).to_numpy(dtype=float)

    @property
    def splits(self) -> np.ndarray:
        """The parts of the split that the dataset comes with, (n_clips,) strings or None."""
        return self.column("split")

    @property
    def groups(self) -> np.ndarray:
        """What a split must keep together, (n_clips,) strings: the artist, or else album, or song.

        Recordings of unknown artists are groups of their own, not one large group: that they share an
        artist is not known. So they may still leak; a strict protocol leaves them out.
        """
        group = self.frame["artist"]
        if "album" in self.frame:
            group = group.fillna(self.frame["album"])
        return group.fillna(pd.Series(self.songs, dtype="string")).astype(object).to_numpy(copy=True)

    @property
    def songs(self) -> np.ndarray:
        """What no protocol divides, (n_clips,) strings: the song, or else the recording."""
        if "song" not in self.frame:
            return self.recordings
        return self.frame["song"].fillna(self.frame["recording"]).astype(object).to_numpy(copy=True)

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
        return replace(self, frame=self.frame.iloc[where])

    def select_classes(self, classes: Iterable[str], *, reason: str = "of classes not chosen") -> ClipTable:
        """Take the clips of some classes, and keep count of the others.

        Parameters
        ----------
        classes : iterable of str
            Their labels.
        reason : str, default="of classes not chosen"
            Why the clips of the other classes are left out, for `left_out`.

        Returns
        -------
        ClipTable
            The chosen clips, in the order of the table.

        Raises
        ------
        UnknownNameError
            If there is no such class.
        ValueError
            If `classes` is one string instead of a list.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"path": list("abc"), "recording": list("abc"), "label": ["x", "y", "z"]})
        >>> table = ClipTable(frame, "example").select_classes(["x", "z"])
        >>> table.classes, table.left_out
        (('x', 'z'), {'of classes not chosen': 1})
        """
        if isinstance(classes, str):
            raise ValueError(f"classes must be a list, not {classes!r}; give [{classes!r}]")
        wanted = list(classes)
        for name in wanted:
            if name not in self.classes:
                raise UnknownNameError("class", name, self.classes)
        chosen = self.frame["label"].isin(wanted).to_numpy(dtype=bool)
        unlabelled = int(self.frame["label"].isna().sum())
        counts = {reason: int((~chosen).sum()) - unlabelled, "without a label": unlabelled}
        left_out = {**self.left_out, **{why: n + self.left_out.get(why, 0) for why, n in counts.items() if n}}
        return replace(self.select(chosen), left_out=left_out)


def refuse_other_than_table(clips: object) -> None:
    """Raise DatasetError if something is not a `ClipTable`, and say how to make one of it."""
    if not isinstance(clips, ClipTable):
        raise DatasetError(
            f"{type(clips).__name__} is not a table of clips; give load_dataset(folder), or ClipTable(frame, "
            "name) of a data frame with the columns path, recording and label"
        )
