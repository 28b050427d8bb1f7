"""MagnaTagATune: clips of 29 seconds with the tags that players of a game agreed on.

What is read is ``annotations_final.csv`` and ``clip_info_final.csv``, and the sixteen folders ``0`` to ``f``
that the parts of ``mp3.zip`` unpack to.

References
----------
E. Law, K. West, M. Mandel, M. Bay and J. S. Downie, "Evaluation of algorithms using games: the case of music
tagging", ISMIR 2009.
"""

from __future__ import annotations

import re
from itertools import compress
from pathlib import Path, PurePosixPath

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import cells, read_columns, table_of_present, tags
from gtzanfeat.errors import DatasetError

TOP = 50
ANNOTATIONS = "annotations_final.csv"
CLIP_INFO = "clip_info_final.csv"

_CUT = "this file holds no sound as it is distributed; do without it"
KNOWN_BAD = {
    "6/norine_braun-now_and_zen-08-gently-117-146": _CUT,
    "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233": _CUT,
    "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117"
    "": _CUT,
}


def recognises(path: Path) -> bool:
    """Return whether `path` holds the annotations."""
    return path.is_dir() and (path / ANNOTATIONS).is_file()


def catalogue(path: Path) -> pd.DataFrame:
    """List every annotated clip, whether or not its file is there."""
    return _read(path)[0]


def load(path: Path) -> ClipTable:
    """Load the clips of MagnaTagATune.

    The tags are the 50 most frequent of all 188, counted over all annotated clips, as most publications have
    them; a clip with none of them is kept. ``split`` is the common one by folder: 0 to b train, c is for
    validation, d to f test. It does not separate artists. Most songs are there in several clips, which no
    protocol divides: ``song``.

    Parameters
    ----------
    path : Path
        The folder of the annotations; the folders ``0`` to ``f`` are in it or in a folder of it.

    Returns
    -------
    ClipTable
        Sorted by file; artist and album as ``clip_info_final.csv`` has them.

    Raises
    ------
    DatasetError
        If the annotations or all audio are missing, or the annotations cannot be read.
    """
    frame, vocabulary, notes = _read(path)
    return table_of_present(frame, "magnatagatune", path, notes, vocabulary)


def _read(path: Path) -> tuple[pd.DataFrame, list[str], list[str]]:
    file = path / ANNOTATIONS
    header = next(cells(file, "\t"), [])
    names = [name for name in header if name not in ("clip_id", "mp3_path")]
    clips = read_columns(file, ("clip_id", "mp3_path", *names), separator="\t")
    clips = clips[clips["mp3_path"] != ""].sort_values("mp3_path").reset_index(drop=True)
    given = (clips[names] == "1").to_numpy()
    if clips.empty or not (given | (clips[names] == "0").to_numpy()).all():
        reason = "a tag is neither 0 nor 1" if len(clips) else "no clip has a file"
        raise DatasetError(f"{file}: it is damaged ({reason}); unpack it again")
    counts = given.sum(axis=0)
    ranked = sorted(range(len(names)), key=lambda tag: (-counts[tag], names[tag]))
    top = sorted(ranked[:TOP], key=lambda tag: names[tag])
    vocabulary = [names[tag] for tag in top]
    audio = _audio(path, clips["mp3_path"][0])
    frame = pd.DataFrame(
        {
            "path": [str(audio / name) for name in clips["mp3_path"]],
            "recording": [str(PurePosixPath(name).with_suffix("")) for name in clips["mp3_path"]],
            "song": [_song(name) for name in clips["mp3_path"]],
            "labels": [tags(set(compress(vocabulary, row))) for row in given[:, top]],
            "split": [_part(name) for name in clips["mp3_path"]],
            "artist": "",
        }
    )
    if not (path / CLIP_INFO).is_file():
        return frame, vocabulary, [f"{CLIP_INFO} is not there, so artists and albums are unknown"]
    info = read_columns(path / CLIP_INFO, ("clip_id", "artist", "album"), separator="\t")
    info = info.drop_duplicates("clip_id").set_index("clip_id").reindex(clips["clip_id"])
    frame[["artist", "album"]] = info[["artist", "album"]].to_numpy()
    return frame, vocabulary, []


def _song(name: str) -> str:
    """Name the song of which a file is a part, of 29 seconds: it ends in where they begin and end."""
    return re.sub(r"-\d+-\d+$", "", str(PurePosixPath(name).with_suffix("")))


def _part(name: str) -> str:
    return "train" if name[0] in "0123456789ab" else "valid" if name[0] == "c" else "test"


def _audio(path: Path, first: str) -> Path:
    """Find the folder of the folders 0 to f: `path` itself, or one in it."""
    part = PurePosixPath(first).parts[0]
    folders = (path, *sorted(folder for folder in path.iterdir() if folder.is_dir()))
    return next((folder for folder in folders if (folder / part).is_dir()), path)
