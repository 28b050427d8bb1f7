"""ISMIR2004: the six classes of the genre contest of that conference.

What is read is what the distribution unpacks to: the audio of ``training``, ``development`` and
``evaluation``, and for each of them a ``tracklist.csv``, which says class, artist, album, track, track number
and file, without a header.

References
----------
P. Cano, E. Gomez, F. Gouyon, P. Herrera, M. Koppenberger, B. Ong, X. Serra, S. Streich and N. Wack, "ISMIR
2004 audio description contest", Technical report MTG-TR-2006-02, Universitat Pompeu Fabra, 2006.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import cells, table_of_present
from gtzanfeat.datasets.table_columns import PARTS
from gtzanfeat.errors import DatasetError

FOLDERS = ("training", "development", "evaluation")
LIST = "tracklist.csv"
COLUMNS = ("class", "artist", "album", "track", "number", "file")
_NUMBERED = r"^artist_(\d+)$"


def _lists(path: Path) -> dict[str, Path]:
    """Find the list of each part: with the metadata, or beside the audio."""
    places = {name: (path / "metadata" / name / LIST, path / name / LIST) for name in FOLDERS}
    found = {name: [file for file in files if file.is_file()] for name, files in places.items()}
    return {name: files[0] for name, files in found.items() if files}


def recognises(path: Path) -> bool:
    """Return whether there is a list of tracks of ``training`` or another part in `path`."""
    return path.is_dir() and bool(_lists(path))


def catalogue(path: Path) -> pd.DataFrame:
    """List every track of the parts that are there, whether or not its file is."""
    return _read(path)[0]


def load(path: Path) -> ClipTable:
    """Load the tracks of the genre contest.

    Parameters
    ----------
    path : Path
        The folder with the parts, or with ``audio`` and ``metadata`` that hold them.

    Returns
    -------
    ClipTable
        Sorted by part and file. ``split`` has the training part as "train" and the development part as
        "test", as most publications do; but if the evaluation part is there, which was secret at the time,
        that one is "test" and the development part "valid".

    Raises
    ------
    DatasetError
        If the lists or all audio are missing, or a list cannot be read.

    Notes
    -----
    The list of the development part only numbers artists, artist_1 to artist_128, and the albums of each. All
    parts were drawn from the same artists, class by class: the i-th of the training list and artist_i have
    the same class for every i, and their numbers of tracks go together (r = 0.99). So artist_i gets the name
    of the i-th, if each has the class of the other; if not, artists of the development part are unknown. Its
    albums are unknown in any case.
    """
    frame, notes = _read(path)
    return table_of_present(frame, "ismir2004", path, notes)


def _read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    lists = _lists(path)
    if not lists:
        raise DatasetError(
            f"{path}: no {LIST} in {', '.join(FOLDERS)} here or in metadata; unpack at least one of them"
        )
    parts = {name: _tracks(path, name, file) for name, file in lists.items()}
    others = {name: part for name, part in parts.items() if name != "development"}
    notes = _name_artists(parts["development"], others) if "development" in parts else []
    frame = pd.concat([part.sort_values("path") for part in parts.values()], ignore_index=True)
    if "evaluation" not in lists:  # then, and in most publications, the development part tests
        frame["split"] = frame["split"].replace("valid", "test")
    return frame, notes


def _tracks(path: Path, part: str, file: Path) -> pd.DataFrame:
    """Read the list of one part, in its order."""
    rows = [row for row in cells(file) if row[0].lower() != "class"]
    short = [number for number, row in enumerate(rows, start=1) if len(row) < len(COLUMNS)]
    if short or not rows:
        reason = f"row {short[0]} has fewer than {len(COLUMNS)} cells" if short else "it lists nothing"
        raise DatasetError(f"{file}: it is damaged ({reason}); unpack it again")
    place = COLUMNS.index("file")
    tracks = pd.DataFrame([row[:place] for row in rows], columns=COLUMNS[:place], dtype=object)
    tracks["file"] = [PurePosixPath(row[place]).as_posix() for row in rows]  # which drops a leading ./
    audio = next((path / name for name in (f"audio/{part}", part) if (path / name).is_dir()), path / part)
    return pd.DataFrame(
        {
            "path": [str(audio / name) for name in tracks["file"]],
            "label": tracks["class"],
            "recording": [f"{part}/{PurePosixPath(name).with_suffix('')}" for name in tracks["file"]],
            "artist": tracks["artist"],
            "split": PARTS[part],
            "album": tracks["album"],
        }
    )


def _name_artists(development: pd.DataFrame, others: dict[str, pd.DataFrame]) -> list[str]:
    """Name the artists that the development part only numbers, in place; return what there is to say."""
    numbers = development["artist"].str.extract(_NUMBERED, expand=False).fillna("0").astype(int)
    if not numbers.any():
        return []
    development["album"] = ""
    if not others:  # alone, its numbers tell artists apart
        return []
    part, tracks = next(iter(others.items()))
    named = tracks[tracks["artist"] != ""].drop_duplicates("artist").reset_index(drop=True)
    same = named.reindex(numbers - 1).set_axis(development.index)  # the track's artist there
    if numbers.max() != len(named) or (same["label"] != development["label"])[numbers > 0].any():
        development["artist"] = ""
        return [
            f"artists and albums of the development part are unknown, since its list only numbers them, and "
            f"that of the {part} part does not name as many artists of the same classes"
        ]
    development["artist"] = same["artist"].fillna("")
    return [
        f"artists of the development part, which its list only numbers, are taken for those of the {part} "
        "part, in their order there; its albums are unknown"
    ]
