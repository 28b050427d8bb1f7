"""EmoMusic and DEAM: songs with the arousal and valence that listeners gave them, from 1 to 9.

Of EmoMusic (1000 songs) the folders ``annotations`` and ``clips_45seconds`` are read; of DEAM what
``DEAM_Annotations.zip``, ``DEAM_audio.zip`` and ``metadata.zip`` unpack to.

References
----------
M. Soleymani, M. N. Caro, E. M. Schmidt, C.-Y. Sha and Y.-H. Yang, "1000 songs for emotional analysis of
music", CrowdMM 2013: EmoMusic.

A. Aljanaki, Y.-H. Yang and M. Soleymani, "Developing a benchmark for emotional analysis of music", PLOS ONE
12(3), 2017: DEAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import cells, read_columns, table_of_present
from gtzanfeat.datasets.table_columns import numbers
from gtzanfeat.errors import DatasetError


@dataclass(frozen=True)
class _Edition:
    """Where one of the two collections keeps what."""

    annotations: tuple[str, ...]
    arousal: str
    valence: str
    songs: str  # files that name the artists, as a pattern
    audio: str


_DEAM = "annotations/annotations averaged per song/song_level/static_annotations_averaged_songs"
_EDITIONS = {
    "EmoMusic": _Edition(
        annotations=("annotations/static_annotations.csv",),
        arousal="mean_arousal",
        valence="mean_valence",
        songs="annotations/songs_info.csv",
        audio="clips_45seconds",
    ),
    "DEAM": _Edition(
        annotations=(f"{_DEAM}_1_2000.csv", f"{_DEAM}_2000_2058.csv"),
        arousal="arousal_mean",
        valence="valence_mean",
        songs="metadata/metadata_*.csv",
        audio="MEMD_audio",
    ),
}


def _edition(path: Path) -> tuple[_Edition, list[Path]] | None:
    """Find which of the two is there, and its annotations."""
    for edition in _EDITIONS.values():
        files = [path / name for name in edition.annotations if (path / name).is_file()]
        if files:
            return edition, files
    return None


def recognises(path: Path) -> bool:
    """Return whether `path` holds the annotations of whole songs of one of the two."""
    return path.is_dir() and _edition(path) is not None


def catalogue(path: Path) -> pd.DataFrame:
    """List every annotated song, whether or not its file is there."""
    found = _edition(path)
    if found is None:
        raise DatasetError(
            f"{path}: no annotations of songs here; expected "
            f"{' or '.join(edition.annotations[0] for edition in _EDITIONS.values())}"
        )
    edition, files = found
    wanted = ("song_id", edition.arousal, edition.valence)
    tables = []
    for file in files:
        table = read_columns(file, wanted)
        for column in wanted:
            table[column] = numbers(table, column, str(file))
        if table[list(wanted)].isna().any(axis=None):
            raise DatasetError(f"{file}: a song lacks its number, arousal or valence; unpack it again")
        tables.append(table)
    songs = pd.concat(tables).drop_duplicates("song_id").sort_values("song_id", ignore_index=True)
    names = [str(int(number)) for number in songs["song_id"]]
    known = _songs(path, edition.songs).reindex(names)
    return pd.DataFrame(
        {
            "path": [str(path / edition.audio / f"{name}.mp3") for name in names],
            "recording": names,
            "artist": known["artist"].to_numpy(),
            "split": known["split"].to_numpy(),
            "target": songs[edition.arousal],
            "arousal": songs[edition.arousal],
            "valence": songs[edition.valence],
        }
    )


def load(path: Path) -> ClipTable:
    """Load the songs of EmoMusic or of DEAM.

    Parameters
    ----------
    path : Path
        The folder that holds ``annotations`` and the folder of audio.

    Returns
    -------
    ClipTable
        Sorted by number of the song; the columns ``arousal`` and ``valence`` are the means over listeners of
        a whole song, and ``target`` is the arousal. ``split`` of EmoMusic is that of MediaEval 2013; DEAM has
        none.

    Raises
    ------
    DatasetError
        If the annotations or all audio are missing, or a list cannot be read.
    """
    frame = catalogue(path)
    notes = [] if frame["artist"].notna().any() else ["no list of songs is there, so artists are unknown"]
    return table_of_present(frame, "emotion", path, notes)


def _songs(path: Path, pattern: str) -> pd.DataFrame:
    """Read artist and part of every song, by number; lists of DEAM have rows longer than their header."""
    known = {}
    for file in sorted(path.glob(pattern)):
        rows = cells(file)
        header = [name.lower() for name in next(rows, [])]
        number = next((header.index(name) for name in ("song_id", "id") if name in header), None)
        if number is None or "artist" not in header:
            raise DatasetError(f"{file}: no columns 'song_id' and 'Artist'; unpack it again")
        artist = header.index("artist")
        part = header.index("mediaeval 2013 set") if "mediaeval 2013 set" in header else None
        for row in rows:
            if len(row) > max(number, artist, part or 0):
                split = {"development": "train", "evaluation": "test"}.get(row[part]) if part else None
                known[row[number]] = (row[artist] or None, split)
    return pd.DataFrame.from_dict(known, orient="index", columns=["artist", "split"])
