"""One folder per class: ``pop/a.wav``, ``jazz/live/b.mp3``; and the finding of audio files on disk.

Nothing is known here of any particular dataset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.table_columns import printable
from gtzanfeat.errors import DatasetError

# What counts as a recording, by suffix; of a recording in several formats, the first in this order is taken.
AUDIO_SUFFIXES = (
    *(".wav", ".flac", ".aiff", ".aif", ".au", ".snd", ".w64", ".caf"),
    *(".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".wma"),
)


def audio_files(root: Path) -> list[PurePosixPath]:
    """Find the recordings below a folder, at any depth.

    Hidden files and folders are passed over, and so are the ``._`` files that macOS leaves beside real
    ones. Links are followed; a folder that is reached twice is searched once.

    Parameters
    ----------
    root : Path
        Where to search.

    Returns
    -------
    list of PurePosixPath
        Relative to `root`, sorted as text.

    Raises
    ------
    DatasetError
        If a folder cannot be read.
    """

    def refuse(error: OSError) -> NoReturn:
        raise DatasetError(f"{error.filename}: this folder cannot be read ({error.strerror})") from error

    found: list[PurePosixPath] = []
    searched: set[str] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=refuse):
        if os.path.realpath(folder) in searched:
            subfolders.clear()
            continue
        searched.add(os.path.realpath(folder))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        here = PurePosixPath(Path(folder).relative_to(root).as_posix())
        found += [
            here / name
            for name in files
            if not name.startswith(".") and PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES
        ]
    return sorted(found, key=str)


def one_file_each(recordings: Mapping[PurePosixPath, str]) -> tuple[dict[str, PurePosixPath], list[str]]:
    """Choose one file per recording: WAV before other formats, then the first in order of path.

    A file whose name is not UTF-8 is left out, for no table can hold that name.

    Parameters
    ----------
    recordings : mapping of PurePosixPath to str
        The recording that each file holds.

    Returns
    -------
    files : dict of str to PurePosixPath
        One file per recording, sorted by recording.
    notes : list of str
        Sentences about the files that were left out, if any were.
    """
    nameless = sorted((file for file in recordings if printable(file) != str(file)), key=str)
    named = recordings.keys() - set(nameless)
    chosen: dict[str, PurePosixPath] = {}
    for file in sorted(named, key=lambda file: (AUDIO_SUFFIXES.index(file.suffix.lower()), str(file))):
        chosen.setdefault(recordings[file], file)
    spare = sorted(named - set(chosen.values()), key=str)
    notes = []
    if nameless:
        notes.append(f"left out, because a name is not UTF-8: {and_more(nameless)}")
    if spare:
        instead = chosen[recordings[spare[0]]]
        notes.append(f"left out, because {instead} is the same recording: {and_more(spare)}")
    return dict(sorted(chosen.items())), notes


def and_more(files: Sequence[PurePosixPath]) -> str:
    """Name the first of some files and count the rest."""
    return printable(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def recognises(path: Path) -> bool:
    """Return whether this layout can be read there: any folder will do."""
    return path.is_dir()


def load(path: Path) -> ClipTable:
    """Load a folder whose subfolders are the classes.

    The label is the name of the first folder below `path`; a recording that lies in `path` itself has no
    label, so that a flat folder of recordings can be analysed, though not be learnt from. A recording is
    identified by its place below `path` without the suffix.

    Parameters
    ----------
    path : Path
        The folder that holds the folders of classes.

    Returns
    -------
    ClipTable
        Sorted by recording; artists and splits are unknown.

    Raises
    ------
    DatasetError
        If there is no recording.
    """
    files, notes = one_file_each({file: str(file.with_suffix("")) for file in audio_files(path)})
    if not files:
        raise DatasetError(
            f"{path}: no recordings in this folder; expected one folder per class, with audio files "
            f"({', '.join(AUDIO_SUFFIXES)}){''.join(f'; {note}' for note in notes)}"
        )
    frame = pd.DataFrame(
        {
            "path": [str(path / file) for file in files.values()],
            "label": [file.parts[0] if len(file.parts) > 1 else None for file in files.values()],
            "recording": list(files),
        }
    )
    return ClipTable(frame, "folder", tuple(notes))
