"""NSynth: single notes of a thousand instruments of eleven families.

What is read is what ``nsynth-train.jsonwav.tar.gz``, ``nsynth-valid`` and ``nsynth-test`` unpack to: a folder
each with ``examples.json`` and ``audio``.

References
----------
J. Engel, C. Resnick, A. Roberts, S. Dieleman, D. Eck, K. Simonyan and M. Norouzi, "Neural audio synthesis of
musical notes with WaveNet autoencoders", ICML 2017.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.published_lists import table_of_present, tags
from gtzanfeat.errors import DatasetError

FOLDERS = {f"nsynth-{part}": part for part in ("train", "valid", "test")}
_WANTED = ("instrument_family_str", "instrument_str", "pitch", "velocity")


def _parts(path: Path) -> list[Path]:
    folders = [path] if path.resolve().name in FOLDERS else [path / name for name in FOLDERS]
    return [folder for folder in folders if (folder / "examples.json").is_file()]


def recognises(path: Path) -> bool:
    """Return whether `path` is one of the folders of NSynth, or holds one."""
    return path.is_dir() and bool(_parts(path))


def catalogue(path: Path) -> pd.DataFrame:
    """List every note of the parts that are there."""
    parts = _parts(path)
    if not parts:
        raise DatasetError(
            f"{path}: no examples.json in {', '.join(FOLDERS)} here; unpack at least one of them"
        )
    return pd.concat([_notes(folder) for folder in parts], ignore_index=True)


def load(path: Path) -> ClipTable:
    """Load the notes of NSynth.

    The class is the family of the instrument, the tags are the qualities of the note (bright, percussive
    ...). Notes of one instrument belong together as those of one artist do, so ``artist`` is the instrument.

    Parameters
    ----------
    path : Path
        ``nsynth-train``, ``nsynth-valid`` or ``nsynth-test``, or the folder that holds them.

    Returns
    -------
    ClipTable
        Sorted by note within its part; with the columns ``pitch`` (MIDI) and ``velocity``.

    Raises
    ------
    DatasetError
        If the lists or all audio are missing, or a list cannot be read.
    """
    frame = catalogue(path)
    missing = [name for name, part in FOLDERS.items() if part not in set(frame["split"])]
    alone = path.resolve().name in FOLDERS
    notes = [] if alone or not missing else [f"{' and '.join(missing)} not there"]
    return table_of_present(frame, "nsynth", path, notes)


def _notes(folder: Path) -> pd.DataFrame:
    file = folder / "examples.json"
    try:
        notes = json.loads(file.read_text(encoding="utf-8"))
        rows = [
            {name: note[name] for name in _WANTED} | {"name": key, "labels": tags(note["qualities_str"])}
            for key, note in sorted(notes.items())
        ]
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file}: cannot be read ({error}); unpack it again") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise DatasetError(f"{file}: it is not the list of NSynth ({error!r}); unpack it again") from error
    if not rows:
        raise DatasetError(f"{file}: it lists no notes; unpack it again")
    notes = pd.DataFrame(rows)
    return pd.DataFrame(
        {
            "path": [str(folder / "audio" / f"{name}.wav") for name in notes["name"]],
            "label": notes["instrument_family_str"],
            "recording": notes["name"],
            "artist": notes["instrument_str"],
            "split": FOLDERS[folder.resolve().name],
            "labels": notes["labels"],
            "pitch": notes["pitch"],
            "velocity": notes["velocity"],
        }
    )
