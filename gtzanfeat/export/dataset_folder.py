"""A dataset read as one table: the folder of Parquet files that `extract` writes part by part.

``dataset.json`` has the metadata, ``features/`` the rows, and ``ledger/`` what became of each recording. A
part counts when its ledger is there: features without it are left over from a run that was killed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gtzanfeat.errors import ExportError
from gtzanfeat.export.formats import PLAIN, STRUCTURED

DECLARATION = "dataset.json"
ANALYSED = ("ok", "short", "silent", "truncated", "duplicate")  # statuses of recordings that have features


def is_dataset(path: Path) -> bool:
    """Return whether a path is the folder of a dataset, finished or not."""
    return (path / DECLARATION).is_file()


def read_dataset(folder: Path) -> pd.DataFrame:
    """Return the rows of a finished dataset as one data frame, in the order of its inputs.

    Parameters
    ----------
    folder : Path
        The dataset.

    Raises
    ------
    ExportError
        If it is no dataset, is not finished, or a part is missing.
    """
    _finished(folder)
    files = [folder / "features" / path.name for path in ledger_files(folder)]
    for path in files:
        if not path.is_file():
            raise ExportError(
                f"{path}: this part is missing; remove {path.parents[1] / 'ledger' / path.name} and go on "
                "with the command that began the dataset"
            )
    parts = [pq.ParquetFile(path).read() for path in files]
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return frame


def read_dataset_metadata(folder: Path) -> dict[str, Any]:
    """Return the metadata of a finished dataset, as `gtzanfeat.read_metadata` gives those of a file.

    Parameters
    ----------
    folder : Path
        The dataset.

    Raises
    ------
    ExportError
        If it is no dataset, or is not finished.
    """
    words, ledger = _finished(folder)
    failed = ledger[~ledger["status"].isin(ANALYSED)]
    failures = [
        {"row": int(index), "path": path, "reason": message or status}
        for index, path, status, message in failed.itertuples(index=False)
    ]
    metadata = {key: words[key] for key in (*PLAIN, *STRUCTURED, "columns") if key != "failures"}
    return metadata | {"failures": failures}


def ledger_files(folder: Path) -> list[Path]:
    """Return the files of the ledger of a dataset, in the order of its inputs."""
    return sorted((folder / "ledger").glob("part-*.parquet"))


def _finished(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return what ``dataset.json`` says and the ledger, if all inputs are in it."""
    if not is_dataset(folder):
        raise ExportError(
            f"{folder}: it is a folder without {DECLARATION}, and so no dataset; check the path"
        )
    words: dict[str, Any] = json.loads((folder / DECLARATION).read_text(encoding="utf-8"))
    wanted = ["index", "path", "status", "message"]
    parts = [pq.ParquetFile(path).read(wanted).to_pandas() for path in ledger_files(folder)]
    ledger = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=wanted)
    n_done, n_inputs = ledger["index"].nunique(), int(words["n_inputs"])
    if n_done < n_inputs:
        merge = " on all shards, or merge them" if words.get("n_shards", 1) > 1 else ""
        raise ExportError(
            f"{folder}: {n_done} of {n_inputs} recordings are done; finish it with the command that began "
            f"it{merge}; the rows that are there can be read from {folder / 'features'}"
        )
    return words, ledger
