"""GTZAN: its ten genres, its folder layout, and what has since been found out about its 1000 clips.

The facts are data: ``gtzan.csv`` beside this file. How a protocol uses them belongs to
`gtzanfeat.evaluation`.

References
----------
G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE Trans. Speech and Audio
Processing 10(5), 2002: the collection.

B. L. Sturm, "The GTZAN dataset: its contents, its faults, their effects on evaluation, and its future use",
arXiv:1306.1461, 2013: artists, replicas and distortions.

C. Kereliuk, B. L. Sturm and J. Larsen, "Deep learning and music adversaries", IEEE Trans. Multimedia 17(11),
2015: the fault-filtered split.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path, PurePosixPath

import pandas as pd

from gtzanfeat.datasets.audio_files import and_more, different_sounds, said_of_others, sound_files
from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.folder_names import NAMED, split_parts
from gtzanfeat.errors import DatasetError

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")

# The fault-filtered split counts jazz.00054 among its training clips, as it should: only one copy is bad.
KNOWN_BAD = {
    "jazz.00054": "jazz.00054.wav is damaged in the copy that most people fetch from Kaggle; "
    "the original .au file is sound, so convert that one or do without the clip"
}

_CLIP_NAME = re.compile(rf"({'|'.join(GENRES)})\.000\d\d", re.IGNORECASE)


def facts() -> pd.DataFrame:
    """Return what is known of each of the 1000 clips, whether or not they are on this disk.

    Returns
    -------
    DataFrame
        One row per clip, sorted, with the columns

        ``clip``, ``genre``, ``number``
            Such as ``blues.00012``, ``blues``, 12.
        ``artist_group``
            Clips of one group are by the same artist (412 groups, numbered within a genre, such as
            ``blues-01``). Missing for the 52 clips that the catalogue leaves out as replicas of others or
            as distorted.
        ``fault_filtered``
            "train" (443 clips), "valid" (197) or "test" (290); missing for the 70 clips left out.
        ``artist_fold``
            1, 2 or 3: the fold in which the clip is tested. Folds are made of whole artist groups and hold
            the 948 clips that have one.

    Notes
    -----
    The fault-filtered split separates artists but for one group: by the catalogue, ``disco.00069`` (test) is
    by the artist of ``disco.00049`` and ``disco.00073`` (train). The split is kept as published, so that
    scores compare. It also uses 43 clips that the catalogue leaves out.

    Examples
    --------
    >>> facts()["fault_filtered"].value_counts().to_dict()
    {'train': 443, 'test': 290, 'valid': 197}
    """
    text = dict.fromkeys(("clip", "genre", "artist_group", "fault_filtered"), "string")
    with resources.files("gtzanfeat.datasets").joinpath("gtzan.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=text | {"artist_fold": "Int64"})


def catalogue(path: Path | None = None) -> pd.DataFrame:
    """Return `facts` under the column names of a `ClipTable`, without paths; wherever a copy lies."""
    return facts().rename(columns={"clip": "recording", "genre": "label", "artist_group": "artist"})


def _clip(file: PurePosixPath) -> str | None:
    """Return the clip that a file holds: the file says so, and its folder is not that of another genre."""
    name, folder = file.stem.lower(), file.parent.name.lower()
    if not _CLIP_NAME.fullmatch(name):
        return None
    return None if folder in GENRES and not name.startswith(folder) else name


def recognises(path: Path) -> bool:
    """Return whether at least half of the recordings below a folder are named as clips of GTZAN are."""
    if not path.is_dir():
        return False
    clips = [_clip(file) for file in sound_files(path)[0]]
    return bool(clips) and 2 * clips.count(None) <= len(clips)


def load(path: Path) -> ClipTable:
    """Load a whole or partial copy of GTZAN.

    Clips are told by their file names, ``blues.00012.wav`` (or .au, .mp3 ...), in any case, at any depth
    below `path`; so the folder of genres will do as well as one above it. A clip that lies in the folder of
    another genre was put there by someone's own judgement, and is left out with a note, as is any other
    recording. Where the folders are named as the parts of a split are (train, valid, test ...), they are the
    column ``split``.

    Parameters
    ----------
    path : Path
        The folder of genres, or a folder above it.

    Returns
    -------
    ClipTable
        Sorted by recording, such as ``blues.00012``; ``artist`` is the artist group, and the columns
        ``number``, ``fault_filtered`` and ``artist_fold`` are those of `facts`.

    Raises
    ------
    DatasetError
        If there is no clip of GTZAN.
    """
    recordings, other_sound = sound_files(path)
    found = {file: _clip(file) for file in recordings}
    sounds = different_sounds(path, {file: clip for file, clip in found.items() if clip is not None})
    files = {clip: same_name[0] for clip, same_name in sounds.files.items()}
    notes = [*sounds.notes, *said_of_others(other_sound)]
    if not files:
        raise DatasetError(
            f"{path}: no clips of GTZAN here; expected files such as blues/blues.00000.wav"
            f"{''.join(f'; {note}' for note in notes)}"
        )
    strange = [file for same_name in sounds.files.values() for file in same_name[1:]]
    if strange:
        notes.append(f"left out, for another file of that name holds another sound: {and_more(strange)}")
    others = [file for file, clip in found.items() if clip is None]
    if others:
        notes.append(
            f"left out, as no clips of GTZAN by name and folder: {and_more(others)} "
            "(the layout 'folder' takes every recording)"
        )
    parts, depth = split_parts(list(files.values()))
    if parts:
        notes.append(f"the folders {and_more(sorted(parts), NAMED)} are taken for parts of a split")
    known = catalogue().set_index("recording", drop=False).loc[list(files)]
    frame = known.assign(path=[str(path / file) for file in files.values()])
    if parts:  # somebody has shared the clips out, as the layout "folder" understands it
        frame["split"] = [parts.get(file.parts[depth]) for file in files.values()]
    return ClipTable(frame, "gtzan", tuple(notes), copies=tuple(str(path / file) for file in sounds.copies))
