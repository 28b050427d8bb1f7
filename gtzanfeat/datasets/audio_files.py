"""Audio files on disk: those below a folder, and which of them are copies of one recording.

Nothing is known here of what their folders mean.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

from gtzanfeat.audio.suffixes import DECODED_SUFFIXES, is_decoded, is_other_sound
from gtzanfeat.datasets.same_sound import same_sound
from gtzanfeat.datasets.table_columns import printable
from gtzanfeat.errors import DatasetError
from gtzanfeat.progress import report_progress


def sound_files(root: Path) -> tuple[list[PurePosixPath], list[PurePosixPath]]:
    """Find the recordings below a folder, at any depth, by their suffix in any case.

    Hidden files and folders are passed over, and so are the ``._`` files that macOS leaves beside real
    ones. Links are followed; a folder that is reached twice is searched once.

    Parameters
    ----------
    root : Path
        Where to search.

    Returns
    -------
    recordings : list of PurePosixPath
        Relative to `root`, sorted as text.
    others : list of PurePosixPath
        Likewise, what looks like sound but is not decoded here.

    Raises
    ------
    DatasetError
        If a folder cannot be read.
    """
    files = _files(root)
    return [file for file in files if is_decoded(file)], [file for file in files if is_other_sound(file)]


def said_of_others(others: Sequence[PurePosixPath]) -> list[str]:
    """Count files that look like sound and are not decoded: one sentence, or none."""
    if not others:
        return []
    counts = sorted(Counter(file.suffix.lower() for file in others).items())
    words = ", ".join(f"{n} {suffix}" for suffix, n in counts)
    return [
        f"not taken, since these formats are not decoded: {words} (such as {printable(others[0])}); convert "
        "them, e.g. with `ffmpeg -i IN OUT.wav`"
    ]


def _files(root: Path) -> list[PurePosixPath]:
    """List the files below a folder, sorted."""

    def refuse(error: OSError) -> NoReturn:
        raise DatasetError(f"{error.filename}: this folder cannot be read ({error.strerror})") from error

    found: list[str] = []  # paths are made of them in the end: joining one by one takes twice the time
    searched: set[str] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=refuse):
        if os.path.realpath(folder) in searched:
            subfolders.clear()
            continue
        searched.add(os.path.realpath(folder))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        here = Path(folder).relative_to(root).as_posix()
        above = "" if here == "." else f"{here}/"
        found += [above + name for name in files if not name.startswith(".")]
    return list(map(PurePosixPath, sorted(found)))


@dataclass(frozen=True)
class Sounds:
    """Files by the recording that they may hold.

    Parameters
    ----------
    files : dict of str to list of PurePosixPath
        By name, sorted: its files, one of each sound, the best format first.
    copies : list of PurePosixPath
        Files whose sound is that of one of these.
    notes : list of str
        Sentences about the files that were left out, if any were.
    """

    files: dict[str, list[PurePosixPath]]
    copies: list[PurePosixPath]
    notes: list[str]


def different_sounds(root: Path, names: Mapping[PurePosixPath, str]) -> Sounds:
    """Leave out copies: of files of one name and one sound, the first by format, then by path, is taken.

    Only files that share a name are compared. A file whose name is not UTF-8 is left out, for no table can
    hold that name.

    Parameters
    ----------
    root : Path
        The folder that the files are relative to.
    names : mapping of PurePosixPath to str
        The recording that each file may hold, by what it is called.

    Returns
    -------
    Sounds
    """
    nameless = sorted((file for file in names if printable(file) != str(file)), key=str)
    namesakes: dict[str, list[PurePosixPath]] = defaultdict(list)
    named = names.keys() - set(nameless)
    for file in sorted(named, key=lambda file: (DECODED_SUFFIXES.index(file.suffix.lower()), str(file))):
        namesakes[names[file]].append(file)
    files = dict(sorted(namesakes.items()))
    several = [name for name, same_name in files.items() if len(same_name) > 1]
    copy_of: dict[PurePosixPath, PurePosixPath] = {}
    with (
        ThreadPoolExecutor(os.cpu_count()) as workers,  # decoding releases the GIL
        report_progress("comparing files of one name", len(several)) as advance,
    ):
        compared = workers.map(lambda name: _copies(root, files[name]), several)
        for name, copies_of_one in zip(several, compared, strict=True):
            files[name] = [file for file in files[name] if file not in copies_of_one]
            copy_of |= copies_of_one
            advance(1)
    copies = sorted(copy_of, key=str)
    notes = []
    if nameless:
        notes.append(f"left out, because a name is not UTF-8: {and_more(nameless)}")
    if copies:
        notes.append(f"left out, because {copy_of[copies[0]]} is the same recording: {and_more(copies)}")
    return Sounds(files, copies, notes)


def _copies(root: Path, files: Sequence[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Return the files that sound like an earlier one, with that one."""
    taken: list[PurePosixPath] = []
    copy_of = {}
    for file in files:
        same = next((other for other in taken if same_sound(root / other, root / file)), None)
        if same is None:
            taken.append(file)
        else:
            copy_of[file] = same
    return copy_of


def and_more(names: Sequence[object], named: int = 1) -> str:
    """Name the first of some files or folders and count the rest."""
    rest = f" and {len(names) - named} more" if len(names) > named else ""
    return ", ".join(map(printable, names[:named])) + rest
