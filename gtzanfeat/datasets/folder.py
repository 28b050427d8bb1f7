"""One folder per class: ``pop/a.wav``, ``jazz/live/b.mp3``; and what else folders can mean.

Nothing is known here of any particular dataset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from gtzanfeat.audio.suffixes import DECODED_SUFFIXES
from gtzanfeat.datasets.audio_files import and_more, different_sounds, said_of_others, sound_files
from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.folder_names import NAMED, only_numbered, said_of_parts, split_parts, without_part
from gtzanfeat.errors import DatasetError


def recognises(path: Path) -> bool:
    """Return whether this layout can be read there: any folder will do."""
    return path.is_dir()


def load(path: Path) -> ClipTable:
    """Load a folder whose subfolders are the classes.

    The label is the name of the first folder below `path`; a recording that lies in `path` itself has no
    label, so that a flat folder of recordings can be analysed, though not be learnt from. Where the first
    folders are named as the parts of a split are (train, valid, test ...), or hold the same two folders or
    more each, they are the column ``split``, and the folders in them the classes; where the folders in them
    are named so, it is the other way round. A recording is identified
    by its place below `path` without the suffix; files of one name that hold the same sound are one recording
    in several formats, of which the best is taken, and files that do not are recordings of their own, which
    keep their suffix in the name.

    Parameters
    ----------
    path : Path
        The folder that holds the folders of classes.

    Returns
    -------
    ClipTable
        Sorted by recording; artists are unknown, and so are splits but for the folders that say them. A
        note says what the folders were taken for wherever they can be understood in two ways.

    Raises
    ------
    DatasetError
        If there is no recording, or the folders are only numbered (000, fold1, Actor_01), so that they are
        not classes.
    """
    recordings, others = sound_files(path)
    sounds = different_sounds(path, {file: str(file.with_suffix("")) for file in recordings})
    notes = [*sounds.notes, *said_of_others(others)]
    files = _files_by_recording(sounds.files)
    if not files:
        raise DatasetError(
            f"{path}: no recordings in this folder; expected one folder per class, with audio files "
            f"({', '.join(DECODED_SUFFIXES)}){''.join(f'; {note}' for note in notes)}"
        )
    parts, depth = split_parts(list(files.values()))
    bare = [without_part(file, depth) if parts else file for file in files.values()]
    labels = [file.parts[0] if len(file.parts) > 1 else None for file in bare]
    classes = sorted({label for label in labels if label is not None})
    if only_numbered(classes):
        raise DatasetError(
            f"{path}: the folders {and_more(classes, NAMED)} are only numbered, and so no classes; name "
            "them after their classes, or list the recordings: in a manifest with the columns path and label "
            "or, without classes, in a text file with one path a line; a published collection needs its own "
            "lists"
        )
    frame = pd.DataFrame(
        {
            "path": [os.path.join(path, file) for file in files.values()],
            "label": labels,
            "recording": list(files),
            "split": [
                parts.get(file.parts[depth]) if file.parts[depth:] else None for file in files.values()
            ],
        }
    )
    namesakes = [str(file) for name, file in files.items() if name == str(file)]
    if namesakes:
        notes.append(f"recordings of their own, for they share a name but no sound: {and_more(namesakes)}")
    notes += said_of_parts(parts, depth, classes)
    notes += _said_of_classes(classes, [file for file in bare if len(file.parts) > 1])
    copies = tuple(str(path / file) for file in sounds.copies)
    return ClipTable(frame, "folder", tuple(notes), copies=copies)


def _files_by_recording(files: Mapping[str, Sequence[PurePosixPath]]) -> dict[str, PurePosixPath]:
    """Name recordings by their files: without the suffix, unless there are two sounds of that name."""
    named = {
        name if len(sounds) == 1 else str(file): file for name, sounds in files.items() for file in sounds
    }
    return dict(sorted(named.items()))


def _said_of_classes(classes: Sequence[str], files: Sequence[PurePosixPath]) -> list[str]:
    """Ask whether this is the right folder where the classes look as if they were not."""
    if len(classes) == 1:
        above = PurePosixPath(os.path.commonpath([file.parent for file in files]))
        depth = len(above.parts)
        folders = sorted({file.parts[depth] for file in files if len(file.parts) > depth + 1})
        holds = f"{above} holds the folders {and_more(folders, NAMED)}"
        return [
            f"1 class, {classes[0]}: is this the right folder? "
            + (holds if folders else f"it holds only the folder {above}")
        ]
    whole = {file.parts[0] for file in files if len(file.parts) == 2}
    hollow = [label for label in classes if label not in whole]
    if not hollow:
        return []
    inner = sorted({"/".join(file.parts[:2]) for file in files if file.parts[0] in hollow})
    return [
        f"{len(classes)} classes, by the outer folders: is this the right folder? {and_more(hollow, NAMED)} "
        f"hold no recordings but folders ({and_more(inner, NAMED)})"
    ]
