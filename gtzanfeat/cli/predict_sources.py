"""What ``gtzanfeat predict`` is given: files, folders, manifests, or a list of paths on standard input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from gtzanfeat.datasets import ClipTable


def find_clips(sources: Sequence[Path], labels: Sequence[str]) -> ClipTable:
    """Make one table of files, folders and manifests, in the order given; what is there twice is taken once.

    Parameters
    ----------
    sources : sequence of Path
        A folder is a dataset if it holds classes that the model knows; otherwise all audio files below it.
    labels : sequence of str
        The classes of the model.

    Returns
    -------
    ClipTable
        Labels are those that datasets and manifests say.

    Raises
    ------
    DatasetError
        If there is nothing at a path, a folder holds no audio file, or a manifest cannot be read.
    """
    import pandas as pd

    from gtzanfeat.datasets import ClipTable

    tables, notes = [], []
    for source in sources:
        found = _found(source, labels)
        tables.append(found.frame if isinstance(found, ClipTable) else found)
        notes += list(found.notes) if isinstance(found, ClipTable) else []
    frame = (
        tables[0] if len(tables) == 1 else pd.concat([t.astype(object) for t in tables], ignore_index=True)
    )
    window = [name for name in ("path", "offset", "duration") if name in frame]
    frame = frame.loc[~frame.duplicated(window)].reset_index(drop=True)
    return ClipTable(frame, "sources", tuple(notes))


def listed_clips(text: bytes, labels: Sequence[str]) -> ClipTable:
    """Make a table of the paths that stand in a text, one a line.

    Parameters
    ----------
    text : bytes
        UTF-8, or as file names are.
    labels : sequence of str
        The classes of the model.

    Returns
    -------
    ClipTable
        In the order of the lines; empty lines are passed over.

    Raises
    ------
    DatasetError
        If there is no path, or nothing at one of the paths.
    """
    from gtzanfeat.errors import DatasetError

    lines = [os.fsdecode(line.rstrip(b"\r")) for line in text.split(b"\n")]
    paths = [Path(line) for line in lines if line.strip()]
    if not paths:
        raise DatasetError("the standard input names no file; send paths, one a line, or a WAV")
    return find_clips(paths, labels)


def _found(source: Path, labels: Sequence[str]) -> pd.DataFrame | ClipTable:
    from gtzanfeat.datasets import load_dataset, manifest
    from gtzanfeat.datasets.audio_files import sound_files
    from gtzanfeat.errors import DatasetError

    if source.is_dir():
        try:
            dataset = load_dataset(source)
        except DatasetError:
            dataset = None
        if dataset is not None and (set(dataset.classes) & set(labels) or manifest.recognises(source)):
            return dataset
        files, _ = sound_files(source)
        if not files:
            raise DatasetError(f"{source}: there is no audio file in this folder; give another")
        return _unlabelled([str(source / file) for file in files])
    if source.suffix.lower() in manifest.SUFFIXES and source.exists():
        return load_dataset(source)
    return _unlabelled([str(source)])


def _unlabelled(paths: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"path": paths, "label": None, "recording": paths}, dtype=object)
