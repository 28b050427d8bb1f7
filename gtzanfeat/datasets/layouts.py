"""From recordings on disk to one `ClipTable`: the layouts that can be read, and the facts about GTZAN.

To add a layout, write ``datasets/<name>.py`` with the functions ``recognises(path)`` and ``load(path)``, and
add one row to `LAYOUTS` at the foot of this file; the command line and the contract tests find it there.
What the loaders of published collections share is in `published_lists`.
Features, classifiers and scores do not belong here, and nothing is ever downloaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gtzanfeat.audio.remote_files import file_name, is_url
from gtzanfeat.datasets import (
    ballroom,
    emotion,
    fma,
    folder,
    gtzan,
    ismir2004,
    magnatagatune,
    manifest,
    mtg_jamendo,
    nsynth,
)
from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.completeness import DatasetCheck, check_table
from gtzanfeat.datasets.table_columns import printable
from gtzanfeat.errors import DatasetError, UnknownNameError


@dataclass(frozen=True)
class Layout:
    """A way in which a dataset lies on disk.

    Parameters
    ----------
    name : str
        What a user calls it; also the `name` of the tables it gives.
    recognises : callable
        Tells whether a path that exists looks like this layout.
    load : callable
        Makes the table of a path (or URL, where it is a manifest); raises DatasetError.
    meaning : str
        One sentence for the user.
    catalogue : callable, optional
        Gives all clips that the dataset at a path should have, under the column names of a `ClipTable`.
    known_bad : mapping of str to str
        Recordings known to be damaged in some copies, and what to do about it.
    """

    name: str
    recognises: Callable[[Path], bool]
    load: Callable[[Any], ClipTable]
    meaning: str
    catalogue: Callable[[Any], pd.DataFrame] | None = None
    known_bad: Mapping[str, str] = field(default_factory=dict)


def load_dataset(path: str | os.PathLike[str], layout: str | None = None) -> ClipTable:
    """Load a dataset from a folder or a manifest.

    Parameters
    ----------
    path : str or path
        What the official distribution of a published collection unpacks to, a folder with one folder per
        class, a CSV, TSV or Parquet manifest, or a list of paths (``.txt``, ``.m3u``). A folder that holds a
        ``manifest.csv`` is read by it, unless it is a collection known by name. The manifest or list may
        have a URL, such as ``s3://bucket/manifest.csv``, and may name recordings by theirs.
    layout : str, optional
        The name of a layout in `LAYOUTS`; by default the first that recognises the path.

    Returns
    -------
    ClipTable
        In an order that depends on names only. Read its `notes`: they say what was left out.

    Raises
    ------
    DatasetError
        If there is nothing at `path`, or it is not a dataset.
    UnknownNameError
        If there is no such layout.

    Examples
    --------
    >>> load_dataset("no/such/folder")
    Traceback (most recent call last):
        ...
    gtzanfeat.errors.DatasetError: no/such/folder: there is no such file or folder; check the path
    """
    where = _place(path)
    return _layout(where, layout).load(where)


def check(
    path: str | os.PathLike[str],
    layout: str | None = None,
    *,
    n_jobs: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> DatasetCheck:
    """Return which clips of a dataset are there, missing or unreadable; all of it is decoded.

    Parameters
    ----------
    path : str or path
        As for `load_dataset`.
    layout : str, optional
        As for `load_dataset`.
    n_jobs : int, optional
        Recordings decoded at a time, as joblib counts them.
    progress : callable, optional
        Called with the number of clips done since the last call.

    Returns
    -------
    DatasetCheck
        Counts by class and protocol, and the clips that are missing or cannot be read.

    Raises
    ------
    DatasetError, UnknownNameError
        As `load_dataset`. A recording that is missing or cannot be read is no error but a finding.
    """
    where = _place(path)
    chosen = _layout(where, layout)
    return check_table(
        chosen.load(where),
        str(where),
        catalogue=None if chosen.catalogue is None else chosen.catalogue(where),
        known_bad=chosen.known_bad,
        n_jobs=n_jobs,
        progress=progress,
    )


def _place(path: str | os.PathLike[str]) -> Path | str:
    """Return a path, or a URL as it is: `pathlib` would take a slash out of it."""
    if not isinstance(path, str | os.PathLike):
        raise DatasetError(f"{type(path).__name__} is not a path; give that of a folder or of a manifest")
    if not os.fspath(path):  # which Path takes for the current folder
        raise DatasetError("the path of the dataset is empty; give '.' for the current folder")
    return str(path) if is_url(path) else Path(path).expanduser()


def _layout(path: Path | str, name: str | None) -> Layout:
    if name is not None and name not in LAYOUTS:
        raise UnknownNameError("dataset layout", name, LAYOUTS)
    if isinstance(path, str):
        if name in (None, "manifest") and file_name(path).suffix.lower() in manifest.SUFFIXES:
            return LAYOUTS["manifest"]
        raise DatasetError(
            f"{path}: a folder that has a URL is not looked through; give a manifest "
            f"({', '.join(manifest.SUFFIXES)}) that lists the recordings, by their URLs or relative to it"
        )
    if printable(path) != str(path):
        raise DatasetError(f"{printable(path)}: the name is not UTF-8; rename it")
    if not path.exists():
        raise DatasetError(f"{path}: there is no such file or folder; check the path")
    if name is not None:
        return LAYOUTS[name]
    for layout in LAYOUTS.values():
        if layout.recognises(path):
            return layout
    raise DatasetError(
        f"{path}: not a dataset; give a folder of recordings, or a manifest ({', '.join(manifest.SUFFIXES)})"
    )


# In the order in which they are tried: the most particular first.
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            name="fma",
            recognises=fma.recognises,
            load=fma.load,
            meaning="FMA: fma_metadata/tracks.csv beside fma_small, fma_medium, fma_large or fma_full",
            catalogue=fma.catalogue,
            known_bad=fma.KNOWN_BAD,
        ),
        Layout(
            name="magnatagatune",
            recognises=magnatagatune.recognises,
            load=magnatagatune.load,
            meaning="MagnaTagATune: annotations_final.csv and the folders 0 to f; the 50 most frequent tags",
            catalogue=magnatagatune.catalogue,
            known_bad=magnatagatune.KNOWN_BAD,
        ),
        Layout(
            name="nsynth",
            recognises=nsynth.recognises,
            load=nsynth.load,
            meaning="NSynth: nsynth-train, nsynth-valid or nsynth-test, each with examples.json and audio",
            catalogue=nsynth.catalogue,
        ),
        Layout(
            name="ballroom",
            recognises=ballroom.recognises,
            load=ballroom.load,
            meaning="Ballroom: BallroomData with allBallroomFiles; tempi of ballroomGroundTruth where there",
            catalogue=ballroom.catalogue,
        ),
        Layout(
            name="ismir2004",
            recognises=ismir2004.recognises,
            load=ismir2004.load,
            meaning="ISMIR2004: training, development and evaluation, each with its tracklist.csv",
            catalogue=ismir2004.catalogue,
        ),
        Layout(
            name="emotion",
            recognises=emotion.recognises,
            load=emotion.load,
            meaning="EmoMusic or DEAM: arousal and valence in annotations, clips_45seconds or MEMD_audio",
            catalogue=emotion.catalogue,
        ),
        Layout(
            name="mtg-jamendo",
            recognises=mtg_jamendo.recognises,
            load=mtg_jamendo.load,
            meaning="MTG-Jamendo: data/autotagging.tsv or another of its lists, and the folders 00 to 99",
            catalogue=mtg_jamendo.catalogue,
        ),
        Layout(
            name="gtzan",
            recognises=gtzan.recognises,
            load=gtzan.load,
            meaning="a whole or partial copy of GTZAN: blues/blues.00000.wav (or .au ...), at any depth",
            catalogue=gtzan.catalogue,
            known_bad=gtzan.KNOWN_BAD,
        ),
        Layout(
            name="manifest",
            recognises=manifest.recognises,
            load=manifest.load,
            meaning="a CSV, TSV or Parquet file with columns path and label, a folder with a manifest.csv, "
            "or a list of paths (.txt, .m3u)",
        ),
        Layout(
            name="folder",
            recognises=folder.recognises,
            load=folder.load,
            meaning="one folder per class, audio files at any depth in it; or such in train, valid, test",
        ),
    )
}
