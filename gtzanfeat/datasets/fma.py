"""FMA: tracks of the Free Music Archive in three sizes, with one top genre or all genres of each track.

What is read is what ``fma_metadata.zip`` and one of ``fma_small.zip``, ``fma_medium.zip``, ``fma_large.zip``
and ``fma_full.zip`` unpack to, side by side.

References
----------
M. Defferrard, K. Benzi, P. Vandergheynst and X. Bresson, "FMA: a dataset for music analysis", ISMIR 2017.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import cells, read_columns, table_of_present, tags
from gtzanfeat.datasets.table_columns import PARTS
from gtzanfeat.errors import DatasetError

SUBSETS = {  # by folder, the largest first: which values of the column (set, subset) it holds
    "fma_full": ("small", "medium", "large"),
    "fma_large": ("small", "medium", "large"),
    "fma_medium": ("small", "medium"),
    "fma_small": ("small",),
}
_EMPTY = "this clip has no sound in fma_small as it is distributed; do without it"
KNOWN_BAD = dict.fromkeys(("099134", "108925", "133297"), _EMPTY)

_COLUMNS = (
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "genres_all"),
    ("artist", "id"),
    ("artist", "name"),
    ("album", "id"),
    ("album", "title"),
)


def _metadata(path: Path) -> Path | None:
    """Find ``tracks.csv``: in a folder beside the audio, which `path` holds or is."""
    folders = [path / "fma_metadata"]
    if path.resolve().name in SUBSETS or path.resolve().name == "fma_metadata":
        folders.append(path.resolve().parent / "fma_metadata")
    return next((folder for folder in folders if (folder / "tracks.csv").is_file()), None)


def recognises(path: Path) -> bool:
    """Return whether ``fma_metadata/tracks.csv`` is in `path`, or beside it if it is a folder of audio."""
    return path.is_dir() and _metadata(path) is not None


def catalogue(path: Path) -> pd.DataFrame:
    """List every track of the set that is there, whether or not its file is."""
    metadata = _metadata(path)
    if metadata is None:
        raise DatasetError(
            f"{path}: no fma_metadata/tracks.csv here; unpack fma_metadata.zip beside the folder of audio"
        )
    audio = _audio(path, metadata)
    tracks = _tracks(metadata / "tracks.csv")
    tracks = tracks[tracks["set subset"].isin(SUBSETS[audio.resolve().name])].sort_index()
    if tracks.empty:
        raise DatasetError(f"{metadata / 'tracks.csv'}: it lists no track of {audio}; unpack it again")
    genres = read_columns(metadata / "genres.csv", ("genre_id", "title"))
    title = dict(zip(genres["genre_id"], genres["title"], strict=True))
    recordings = [f"{track:06d}" for track in tracks.index]
    return pd.DataFrame(
        {
            "path": [str(audio / name[:3] / f"{name}.mp3") for name in recordings],
            "label": tracks["track genre_top"].to_numpy(),
            "recording": recordings,
            "artist": _named(tracks["artist name"], tracks["artist id"]),
            "split": tracks["set split"].replace(PARTS).to_numpy(),
            "album": _named(tracks["album title"], tracks["album id"]),
            "labels": [
                tags({title.get(number, number) for number in re.findall(r"\d+", numbers)})
                for numbers in tracks["track genres_all"]
            ],
        }
    )


def load(path: Path) -> ClipTable:
    """Load the tracks of one size of FMA.

    The class is the top genre, missing for the many tracks of ``fma_large`` that have none; the tags are all
    genres of a track with those above them. Artists and albums bear their number, since names recur.

    Parameters
    ----------
    path : Path
        The folder that holds ``fma_metadata`` and folders of audio, of which the largest is taken; or a
        folder of audio itself, such as ``fma_small``.

    Returns
    -------
    ClipTable
        Sorted by track number; ``split`` is the split of the authors.

    Raises
    ------
    DatasetError
        If metadata or all audio are missing, or the metadata cannot be read.
    """
    return table_of_present(catalogue(path), "fma", path)


def _audio(path: Path, metadata: Path) -> Path:
    """Find the folder of audio: what the user gave, or the largest beside the metadata."""
    if path.resolve().name in SUBSETS:
        return path
    beside = metadata.parent
    found = next((beside / name for name in SUBSETS if (beside / name).is_dir()), None)
    if found is None:
        raise DatasetError(
            f"{beside}: no folder of audio beside the metadata; unpack {', '.join(reversed(SUBSETS))} there"
        )
    return found


def _tracks(file: Path) -> pd.DataFrame:
    """Read the columns that matter of ``tracks.csv``, whose header has two rows; by track number."""
    rows = cells(file)
    header = list(zip(next(rows, []), next(rows, []), strict=False))
    absent = [column for column in _COLUMNS if column not in header]
    if absent:
        raise DatasetError(f"{file}: no column {absent[0]} in its two header rows; unpack it again")
    places = [header.index(column) for column in _COLUMNS]
    # the third row names the first column and holds nothing
    kept = {int(row[0]): row for row in rows if row[0].isdecimal()}
    short = [track for track, row in kept.items() if len(row) != len(header)]
    if short or not kept:
        reason = f"track {short[0]} has another number of cells than the header" if short else "no tracks"
        raise DatasetError(f"{file}: it is damaged ({reason}); unpack it again")
    names = [" ".join(column) for column in _COLUMNS]
    return pd.DataFrame(
        [[row[place] for place in places] for row in kept.values()], index=list(kept), columns=names
    )


def _named(names: pd.Series, numbers: pd.Series) -> list[str]:
    return [f"{name} ({number})" if name else "" for name, number in zip(names, numbers, strict=True)]
