"""The completeness of a dataset: missing clips, unreadable recordings, classes that are one artist.

Every recording is decoded to its end, because a header may promise what the file does not hold. How the
result looks on a screen is the business of the command line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd

from gtzanfeat import audio
from gtzanfeat.audio import FileProperties
from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.table_columns import ANSWERS
from gtzanfeat.errors import ClipError, MissingClipError
from gtzanfeat.progress import ordered_results

SPLIT_PARTS = ("train", "valid", "test")
FAULT_FILTERED_PARTS = ("train", "valid", "test")
ARTIST_FOLDS = (1, 2, 3)


@dataclass(frozen=True)
class PartCount:
    """Number of clips of one part of a protocol.

    Parameters
    ----------
    protocol : str
        Such as "fault-filtered".
    part : str
        Such as "train", "fold 1", or "all" for a protocol without fixed parts.
    known : int
        Clips that belong to the part.
    found : int
        Those of them whose file is there.
    unreadable : int
        Those of the found that cannot be decoded.
    """

    protocol: str
    part: str
    known: int
    found: int
    unreadable: int


@dataclass(frozen=True)
class Unreadable:
    """A file that is there but cannot be analysed.

    Parameters
    ----------
    recording : str
        Its recording in the table.
    path : str
        The file.
    reason : str
        Why it cannot be analysed.
    """

    recording: str
    path: str
    reason: str


@dataclass(frozen=True)
class DatasetCheck:
    """What a dataset on disk holds, lacks, and has that cannot be read.

    Parameters
    ----------
    path : str
        What was checked.
    layout : str
        How it was read: the name of a layout.
    n_clips : int
        Rows of the dataset's table.
    classes : dict of str to int
        Clips per class.
    tags : dict of str to int
        Clips per tag; empty where the dataset has none.
    n_unlabelled : int
        Clips with nothing to learn: no class, no tags and no target.
    seconds : float
        Length of all readable recordings together, as decoded.
    truncated : tuple of str
        Paths of the files that end before their header or structure says.
    protocols : tuple of PartCount
        What each protocol finds; the first is "random", which takes every clip.
    n_missing : int
        Clips that should be there and are not: of a known collection, or of the rows of a manifest.
    missing : tuple of str
        Which: the recordings of a manifest; of a known collection the numbers in short, "blues 10-99".
    unreadable : tuple of Unreadable
        Files that cannot be decoded.
    one_artist_classes : tuple of str
        Classes whose clips are all by one artist. A classifier can learn the artist instead of the class,
        and no protocol that keeps artists together can both train and test on it.
    notes : tuple of str
        Further sentences a user should read.
    """

    path: str
    layout: str
    n_clips: int
    classes: dict[str, int]
    tags: dict[str, int]
    n_unlabelled: int
    seconds: float
    truncated: tuple[str, ...]
    protocols: tuple[PartCount, ...]
    n_missing: int
    missing: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    one_artist_classes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether clips are there and all of them can be read; an incomplete copy may still be ok."""
        return self.n_found > 0 and not self.unreadable

    @property
    def n_found(self) -> int:
        """Clips whose file is there."""
        return self.protocols[0].found

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON.

        Returns
        -------
        dict
            Of dicts, lists, strings and numbers, by the names of the parameters.
        """
        plain = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def check_table(
    table: ClipTable,
    path: str,
    *,
    catalogue: pd.DataFrame | None = None,
    known_bad: Mapping[str, str] | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> DatasetCheck:
    """Check the clips of a table against what should be there.

    Parameters
    ----------
    table : ClipTable
        What to check.
    path : str
        Where it came from, for the report.
    catalogue : DataFrame, optional
        All clips that the dataset should have, with the columns ``recording``, ``artist`` and those of the
        protocols; by default the table itself.
    known_bad : mapping of str to str, optional
        What to add where a recording of this name cannot be read.
    n_jobs : int, optional
        Recordings decoded at a time, as joblib counts them.
    progress : callable, optional
        Called with the number of clips done since the last call.

    Returns
    -------
    DatasetCheck
    """
    whole = table.frame if catalogue is None else catalogue
    lengths = _lengths(table, n_jobs, progress)
    decoded = {name: found for name, found in lengths.items() if not isinstance(found, ClipError)}
    reasons = [_reason(clip, lengths) for clip in table.clips]
    present = np.array([not isinstance(lengths[path], MissingClipError) for path in table.paths], dtype=bool)
    bad = np.array([reason is not None for reason in reasons], dtype=bool) & present
    missing = sorted(set(whole["recording"]) - set(table.recordings[present]))
    known = {key: int(members.sum()) for key, members in _parts(whole)}
    counts = tuple(
        PartCount(*key, known[key], int((members & present).sum()), int((members & bad).sum()))
        for key, members in _parts(table.frame)
    )
    notes = [text for recording, text in (known_bad or {}).items() if recording in table.recordings[bad]]
    return DatasetCheck(
        path=path,
        layout=table.name,
        n_clips=len(table),
        classes={str(label): int((table.labels == label).sum()) for label in table.classes},
        tags={tag: int(count) for tag, count in zip(table.tags, table.tag_matrix.sum(axis=0), strict=True)},
        n_unlabelled=int(table.frame.filter(ANSWERS).isna().all(axis=1).sum()),
        seconds=float(sum(found.seconds for found in decoded.values())),
        truncated=tuple(name for name, found in decoded.items() if found.truncated),
        protocols=counts,
        n_missing=len(missing),
        missing=tuple(missing if catalogue is None else in_ranges(missing)),
        unreadable=tuple(
            Unreadable(table.recordings[i], table.paths[i], str(reasons[i])) for i in np.flatnonzero(bad)
        ),
        one_artist_classes=one_artist_classes(table),
        notes=(*table.notes, *notes),
    )


def one_artist_classes(table: ClipTable) -> tuple[str, ...]:
    """Return the classes whose clips, two or more, are all by one known artist (or of one album).

    Parameters
    ----------
    table : ClipTable
        The clips.

    Returns
    -------
    tuple of str
        In the order of the table's classes.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"recording": list("abcd"), "label": ["blues", "blues", "pop", "pop"]})
    >>> frame["artist"] = ["Hooker", "Hooker", "Abba", "Cher"]
    >>> one_artist_classes(ClipTable(frame.assign(path=frame["recording"] + ".wav"), "example"))
    ('blues',)
    """
    groups, labels = table.groups, table.labels
    return tuple(
        label
        for label in table.classes
        if (labels == label).sum() > 1 and len(set(groups[labels == label])) == 1
    )


def in_ranges(names: Iterable[str]) -> list[str]:
    """Shorten a list of numbered names for people to read.

    Examples
    --------
    >>> in_ranges(["blues.00003", "blues.00004", "blues.00009", "pop.00000", "x"])
    ['blues 3-4 9', 'pop 0', 'x']
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    others = []
    for name in names:
        numbered = re.fullmatch(r"(.+)\.(\d+)", name)
        if numbered:
            numbers[numbered[1]].append(int(numbered[2]))
        else:
            others.append(name)
    return [f"{stem} {_runs(sorted(found))}" for stem, found in sorted(numbers.items())] + others


def _runs(numbers: list[int]) -> str:
    """Write sorted numbers as ``3-4 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _lengths(
    table: ClipTable, n_jobs: int | None, progress: Callable[[int], object] | None
) -> dict[str, FileProperties | ClipError]:
    """Decode every file once: what it is, or what is wrong with it."""
    rows = table.frame["path"].value_counts(sort=False)
    # threads: decoding releases the interpreter's lock
    tasks = (joblib.delayed(_length)(path) for path in rows.index)
    decoded = ordered_results(tasks, n_jobs, prefer="threads")
    lengths: dict[str, FileProperties | ClipError] = {}
    for (path, n_rows), length in zip(rows.items(), decoded, strict=True):
        lengths[str(path)] = length
        if progress is not None:
            progress(int(n_rows))
    return lengths


def _length(path: str) -> FileProperties | ClipError:
    try:
        return audio.probe(path)
    except ClipError as error:
        return error


def _reason(clip: str | audio.Clip, lengths: Mapping[str, FileProperties | ClipError]) -> str | None:
    """Say why a clip cannot be analysed; None if it can."""
    length = lengths[str(clip)]
    if isinstance(length, ClipError):
        return length.reason
    if isinstance(clip, audio.Clip) and clip.offset >= length.seconds:
        return f"nothing is left after {clip.offset:g} s, it is {length.seconds:g} s long"
    return None


def _parts(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """Yield the parts of every protocol that the columns allow, and which rows belong to each."""
    yield ("random", "all"), np.ones(len(frame), dtype=bool)
    yield ("artist", "all"), (frame["artist"].fillna("") != "").to_numpy(dtype=bool)
    if "split" in frame and frame["split"].notna().any():
        for part in SPLIT_PARTS:
            yield ("split", part), (frame["split"] == part).to_numpy(dtype=bool, na_value=False)
    if "fault_filtered" in frame:
        for part in FAULT_FILTERED_PARTS:
            members = frame["fault_filtered"] == part
            yield ("fault-filtered", part), members.to_numpy(dtype=bool, na_value=False)
    if "artist_fold" in frame:
        folds = pd.to_numeric(frame["artist_fold"], errors="coerce")
        for fold in ARTIST_FOLDS:
            yield ("artist-3fold", f"fold {fold}"), (folds == fold).to_numpy(dtype=bool, na_value=False)
