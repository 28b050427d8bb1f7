"""MTG-Jamendo: whole tracks with tags of genre, instrument and mood.

What is read is a clone of the collection's repository, whose folder ``data`` holds ``autotagging.tsv``, its
subsets and the splits; and the audio, in the folders ``00`` to ``99``.

References
----------
D. Bogdanov, M. Won, P. Tovstogan, A. Porter and X. Serra, "The MTG-Jamendo dataset for automatic music
tagging", Machine Learning for Music Discovery Workshop, ICML 2019.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import cells, followed, read_columns, table_of_present, tags
from gtzanfeat.errors import DatasetError

LIST = "autotagging.tsv"
COLUMNS = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION")
SPLIT = "split-0"
PARTS = {"train": "train", "validation": "valid", "test": "test"}
# what folders of the numbered folders are called: by the authors' script, by their server, and by others
AUDIO = (
    "",
    *("audio", "audio-low", "audios"),
    *(
        f"{subset}/{kind}"
        for subset in ("raw_30s", "autotagging_moodtheme", "autotagging-moodtheme")
        for kind in ("audio", "audio-low")
    ),
)


def _list(path: Path) -> Path | None:
    if path.is_file():
        with contextlib.suppress(OSError), followed(path).open("rb") as file:  # not ours to read: no list
            return path if file.readline(64).startswith(b"TRACK_ID\tARTIST_ID\tALBUM_ID\t") else None
        return None
    return next((file for file in (path / "data" / LIST, path / LIST) if file.is_file()), None)


def recognises(path: Path) -> bool:
    """Return whether `path` is a list of tracks with their tags, or a folder with ``autotagging.tsv``."""
    return _list(path) is not None


def catalogue(path: Path) -> pd.DataFrame:
    """List every track of the list, whether or not its file is there."""
    file = _list(path)
    if file is None:
        raise DatasetError(
            f"{path}: no {LIST} here or in the folder data; clone the repository of the collection, or give "
            "one of its lists of tracks"
        )
    # a track has as many cells as it has tags
    tracks = read_columns(file, (*COLUMNS, "TAGS"), separator="\t", ragged=True)
    tracks = tracks.sort_values("TRACK_ID", ignore_index=True)
    audio = _audio(file, tracks["PATH"])
    return pd.DataFrame(
        {
            "path": [str(_recording(audio, name)) for name in tracks["PATH"]],
            "recording": tracks["TRACK_ID"],
            "labels": [
                tags({first, *rest} - {""})
                for first, rest in zip(tracks["TAGS"], tracks["rest"], strict=True)
            ],
            "artist": tracks["ARTIST_ID"],
            "album": tracks["ALBUM_ID"],
            "split": tracks["TRACK_ID"].map(_splits(file)),
        }
    )


def load(path: Path) -> ClipTable:
    """Load the tracks of MTG-Jamendo with all their tags, such as ``genre---rock``.

    Parameters
    ----------
    path : Path
        The clone of the repository, for ``autotagging.tsv``; or one of its lists, such as
        ``data/autotagging_moodtheme.tsv``. The folders ``00`` to ``99`` are looked for beside the list, in
        the clone and beside it: there, in ``audio``, ``audio-low`` or ``audios``, and in ``audio`` or
        ``audio-low`` of ``raw_30s`` or ``autotagging_moodtheme``.

    Returns
    -------
    ClipTable
        Sorted by track; ``split`` is the first of the five splits, missing for tracks that it leaves out.

    Raises
    ------
    DatasetError
        If the list or all audio are missing, or a list cannot be read.
    """
    frame = catalogue(path)
    notes = [] if frame["split"].notna().any() else [f"no split, since data/splits/{SPLIT} is not there"]
    return table_of_present(frame, "mtg-jamendo", path, notes)


def _splits(file: Path) -> dict[str, str]:
    """Say in which part of the first split a track is, for each that is in one."""
    places = {part: file.parent / "splits" / SPLIT / f"{file.stem}-{part}.tsv" for part in PARTS}
    return {
        row[0]: PARTS[part] for part, place in places.items() if place.is_file() for row in cells(place, "\t")
    }


def _audio(file: Path, names: pd.Series) -> Path:
    """Find the folder of the folders 00 to 99, by the first track that is in one."""
    beside = file.parent
    # by absolute paths where a relative one has no such parents
    roots = (beside, *beside.parents[:2], *Path(os.path.abspath(beside)).parents[:2])
    folders = [root / name for root in roots for name in AUDIO]
    there = [folder for folder in folders if folder.is_dir()]
    numbered = sorted({PurePosixPath(name).parts[0] for name in names})
    return next((folder for folder in there for name in numbered if (folder / name).is_dir()), roots[1])


def _recording(audio: Path, name: str) -> Path:
    """Name the file of a track; ``audio-low`` has ``14/214.low.mp3`` for ``14/214.mp3``."""
    low = audio / PurePosixPath(name).with_suffix(".low.mp3")
    return low if low.is_file() else audio / name
