"""Duplicate files: which recordings of a table are the same bytes, or the same sound in other bytes.

It is looked for once for a table, whatever its folds; what a duplicate on both sides of a split means for a
score is in `leakage`. How recordings are fingerprinted is in `gtzanfeat.extraction.fingerprints`.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.audio.remote_files import is_url, open_url
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.fingerprints import fingerprints, near_duplicate_pairs

PIECE = 4096  # bytes in the middle of a file


@dataclass(frozen=True)
class SoundMatch:
    """Two files that share five seconds of sound or more, and are not the same bytes.

    Parameters
    ----------
    a, b : str
        Their absolute paths.
    offset : float
        Where b begins in a, in seconds; negative if it begins before a does.
    seconds : float
        For how long both are there.
    similarity : float
        Share of equal bits of their fingerprints in that time, 1 for the same sound.
    """

    a: str
    b: str
    offset: float
    seconds: float
    similarity: float


@dataclass(frozen=True, eq=False)
class DuplicateFiles:
    """The files of a table that are the same bytes or the same sound.

    Parameters
    ----------
    digests : mapping of str to str
        By absolute path, SHA-256 of each file of which another recording has the same bytes.
    matches : tuple of SoundMatch or None
        Near-duplicates; None if they were not looked for.
    unread : frozenset of str
        Absolute paths of files that cannot be read.
    undecoded : frozenset of str
        Absolute paths of files whose sound was not compared, because they cannot be read or decoded.
    """

    digests: Mapping[str, str]
    matches: tuple[SoundMatch, ...] | None
    unread: frozenset[str]
    undecoded: frozenset[str]


def find_duplicates(
    clips: ClipTable,
    *,
    near_duplicates: bool = True,
    n_jobs: int | None = None,
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
) -> DuplicateFiles:
    """Find the files of a table that are the same bytes, and those that are the same sound.

    Parameters
    ----------
    clips : ClipTable
        The table.
    near_duplicates : bool, default=True
        Whether to compare fingerprints, for which every file is decoded.
    n_jobs : int, optional
        Workers for that, as in joblib.
    memory : path or joblib.Memory, optional
        Where fingerprints are kept for another time.
    progress : callable, optional
        Called with the number of files fingerprinted since the last call.

    Returns
    -------
    DuplicateFiles
    """
    file, paths = pd.factorize(absolute_paths(clips))
    recordings = clips.recordings[np.unique(file, return_index=True)[1]]
    digests, unread = _digests_of_identical(list(paths), recordings)
    if not near_duplicates:
        return DuplicateFiles(digests, None, unread, unread)
    there = [path for path in paths if is_url(path) or os.path.isfile(path)]
    prints, failures = fingerprints(there, n_jobs=n_jobs, on_error="skip", memory=memory, progress=progress)
    matches = []
    for pair in near_duplicate_pairs(prints):
        a, b = there[pair.a], there[pair.b]
        if a not in digests or digests[a] != digests.get(b):
            matches.append(SoundMatch(a, b, pair.offset, pair.seconds, pair.similarity))
    undecoded = {*paths} - {*there} | {there[failure.index] for failure in failures}
    return DuplicateFiles(digests, tuple(matches), unread, frozenset(undecoded))


def absolute_paths(clips: ClipTable) -> np.ndarray:
    """Return the absolute path or URL of each clip, (n_clips,) of str: what tells files apart here."""
    return np.array([path if is_url(path) else os.path.abspath(path) for path in clips.paths], dtype=object)


def _digests_of_identical(
    paths: Sequence[str], recordings: np.ndarray
) -> tuple[dict[str, str], frozenset[str]]:
    """SHA-256 of files whose bytes are those of another recording, by path; and what cannot be read.

    Files of one length are compared in the middle first, since recordings of one collection are often
    equally long; only those that agree there are read as a whole.
    """
    digests: dict[str, Any] = {}
    unread: set[str] = set()
    alike = [list(range(len(paths)))]
    for look in (_size, _middle, _sha256):
        narrower = []
        for numbers in alike:
            found: dict[Any, list[int]] = defaultdict(list)
            for number in numbers:
                try:
                    content = look(paths[number])
                except (OSError, ClipError):
                    unread.add(paths[number])
                else:
                    digests[paths[number]] = content
                    found[content].append(number)
            narrower += [part for part in found.values() if len(set(recordings[part])) > 1]
        alike = narrower
    same = {paths[number] for numbers in alike for number in numbers}
    return {path: digest for path, digest in digests.items() if path in same}, frozenset(unread)


def _opened(path: str) -> Any:
    return open_url(path) if is_url(path) else open(path, "rb")


def _size(path: str) -> int:
    if is_url(path):
        with open_url(path) as file:
            return file.seek(0, os.SEEK_END)
    if not os.path.isfile(path):  # a pipe or a device has no end
        raise OSError(f"{path}: it is not a regular file")
    return os.path.getsize(path)


def _middle(path: str) -> bytes:
    with _opened(path) as file:
        file.seek(file.seek(0, os.SEEK_END) // 2)
        middle: bytes = file.read(PIECE)
    return middle


def _sha256(path: str) -> str:
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
