"""Ballroom: excerpts of dance music in eight dances, with their tempo.

What is read is what ``data1.tar.gz`` unpacks to, the folder ``BallroomData`` with the list
``allBallroomFiles``; and, where it is there, what ``data2.tar.gz`` unpacks to, one file with the tempo for
each excerpt, in ``BallroomAnnotations/ballroomGroundTruth``.

References
----------
F. Gouyon, A. Klapuri, S. Dixon, M. Alonso, G. Tzanetakis, C. Uhle and P. Cano, "An experimental comparison of
audio tempo induction algorithms", IEEE Trans. Audio, Speech and Language Processing 14(5), 2006.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import cells, table_of_present
from gtzanfeat.errors import DatasetError

LIST = "allBallroomFiles"
FOLDER = "BallroomData"
TEMPI = ("ballroomGroundTruth", "BallroomAnnotations/ballroomGroundTruth")


def _folder(path: Path) -> Path | None:
    return next((folder for folder in (path, path / FOLDER) if (folder / LIST).is_file()), None)


def recognises(path: Path) -> bool:
    """Return whether `path`, or ``BallroomData`` in it, holds the list of files."""
    return path.is_dir() and _folder(path) is not None


def catalogue(path: Path) -> pd.DataFrame:
    """List every excerpt, whether or not its file is there."""
    folder = _folder(path)
    if folder is None:
        raise DatasetError(f"{path}: no {LIST} here or in {FOLDER}; unpack data1.tar.gz of the collection")
    listed = sorted(PurePosixPath(row[0]) for row in cells(folder / LIST) if row[0].endswith(".wav"))
    if not listed or any(len(file.parts) != 2 for file in listed):
        raise DatasetError(
            f"{folder / LIST}: it is damaged, for its lines are not such as ./Waltz/Media-105901.wav; "
            "unpack it again"
        )
    frame = pd.DataFrame(
        {
            "path": [str(folder / file) for file in listed],
            # Rumba-American, -International and -Misc are one dance
            "label": [file.parts[0].partition("-")[0] for file in listed],
            "recording": [file.stem for file in listed],
            "artist": "",
            "album": [_album(file.stem) for file in listed],
        }
    )
    tempi = _tempi(path, folder)
    if tempi is not None:
        frame["target"] = [_tempo(tempi / f"{name}.bpm") for name in frame["recording"]]
    return frame


def load(path: Path) -> ClipTable:
    """Load the excerpts of Ballroom.

    The class is the dance, the target the tempo in beats per minute. Of the artists nothing is known; of the
    excerpts from CDs, the album is.

    Parameters
    ----------
    path : Path
        ``BallroomData``, or the folder that holds it.

    Returns
    -------
    ClipTable
        Sorted by dance and file.

    Raises
    ------
    DatasetError
        If the list or all audio are missing, or a file of the annotations holds no tempo.
    """
    frame = catalogue(path)
    notes = []
    if "target" not in frame:
        notes.append(f"no tempi, since {TEMPI[-1]} is not there; data2.tar.gz has them")
    return table_of_present(frame, "ballroom", path, notes)


def _album(name: str) -> str:
    """Name the CD of an excerpt that says it: ``Albums-Cafe_Paradiso-05``."""
    album = re.fullmatch(r"Albums-(.+)-\d+", name)
    return album[1] if album else ""


def _tempi(path: Path, folder: Path) -> Path | None:
    places = [near / name for near in (path, folder, folder.parent) for name in TEMPI]
    return next((place for place in places if place.is_dir()), None)


def _tempo(file: Path) -> float | None:
    if not file.is_file():
        return None
    text = file.read_text(encoding="latin-1").split()
    try:
        return float(text[0])
    except (IndexError, ValueError) as error:
        raise DatasetError(
            f"{file}: expected a tempo in beats per minute, found {' '.join(text)[:20]!r}; unpack it again"
        ) from error
