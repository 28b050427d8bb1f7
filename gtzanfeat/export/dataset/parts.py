"""Parts of a dataset on disk: a file of features and one of the ledger for a range of the list of inputs.

The file of features comes first and that of the ledger second, both flushed to the disk before they are moved
into place. So a part is whole as soon as its ledger is there; features without it are left over from a run
that was killed in between.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset.ledger import LedgerRow, ledger_rows, ledger_table

FEATURES = "features"  # the two folders
LEDGER = "ledger"
PART_ROWS = 1000  # recordings in a part at most
PART_SECONDS = 30.0  # after which a part is closed, so that little is lost with a killed run
PART_BYTES = 64 << 20  # of features, after which it is closed

_NAME = re.compile(r"part-(\d+)-(\d+)\.parquet")
Range = tuple[int, int]  # first and last input of a part


def part_name(part: Range) -> str:
    """Return the name of the files of a part.

    Examples
    --------
    >>> part_name((0, 999))
    'part-000000000-000000999.parquet'
    """
    return f"part-{part[0]:09d}-{part[1]:09d}.parquet"


def parts_in(folder: Path, kind: str = LEDGER) -> list[Range]:
    """Return the parts of a dataset in order; by default those that are whole.

    Parameters
    ----------
    folder : Path
        The dataset.
    kind : {"ledger", "features"}
        Whose files are counted.

    Raises
    ------
    ExportError
        If two whole parts overlap.
    """
    with contextlib.suppress(FileNotFoundError):
        names = os.listdir(folder / kind)
        found = [(int(m[1]), int(m[2])) for m in map(_NAME.fullmatch, names) if m]
        found.sort()
        if kind == LEDGER:
            check_no_overlap(found, folder)
        return found
    return []


def check_no_overlap(parts: Iterable[Range], folder: Path) -> None:
    """Raise ExportError if parts, in order of their beginnings, have an input in common."""
    last = -1
    for part in parts:
        if part[0] <= last:
            raise ExportError(
                f"{folder}: input {part[0]} is there twice, in {part_name(part)} and in the part before; "
                "two runs wrote the same shard: remove one of the two files of the ledger and start again"
            )
        last = part[1]


def read_ledger(folder: Path, part: Range) -> list[LedgerRow]:
    """Return the rows of the ledger of a part.

    Parameters
    ----------
    folder : Path
        The dataset.
    part : tuple of int
        First and last input.

    Raises
    ------
    ExportError
        If the file is damaged.
    """
    return ledger_rows(_read(folder / LEDGER / part_name(part)))


def read_features(folder: Path, part: Range) -> pa.Table:
    """Return the features of a part.

    Parameters
    ----------
    folder : Path
        The dataset.
    part : tuple of int
        First and last input.

    Raises
    ------
    ExportError
        If the file is damaged.
    """
    return _read(folder / FEATURES / part_name(part))


def _read(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read()  # not read_table, which would take the folder for a partition
    except (OSError, pa.ArrowException) as error:
        raise ExportError(
            f"{path}: it cannot be read ({error}); remove it and the file of that name beside its folder, "
            "and start again with the same command"
        ) from error


def write_part(folder: Path, features: pa.Table, ledger: list[LedgerRow]) -> Range:
    """Write a part, or write it anew; killed at any moment, it is there as a whole or is not.

    Parameters
    ----------
    folder : Path
        The dataset.
    features : Table
        The rows of features, in the order of the inputs.
    ledger : list of LedgerRow
        One row per input, without a gap.

    Returns
    -------
    tuple of int
        First and last input.

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    part = ledger[0].index, ledger[-1].index
    put_durably(folder, Path(FEATURES, part_name(part)), _parquet(features))
    write_ledger(folder, ledger)
    return part


def write_ledger(folder: Path, ledger: list[LedgerRow]) -> None:
    """Write the ledger of a part, as `write_part` does."""
    part = ledger[0].index, ledger[-1].index
    put_durably(folder, Path(LEDGER, part_name(part)), _parquet(ledger_table(ledger)))


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()  # so that errors of the disk are those of Python, with their reasons
    pq.write_table(table, stream)
    return stream.getvalue()


def put_durably(folder: Path, name: Path, content: bytes) -> None:
    """Write a file under another name, flush it to the disk, and move it into place.

    Parameters
    ----------
    folder : Path
        The dataset, in which the other name is.
    name : Path
        Where it goes, in the folder.
    content : bytes
        What it holds.

    Raises
    ------
    ExportError
        If it cannot be written; what was there before is there still.
    """
    place = folder / name
    other = folder / f".{name.stem}.{os.getpid()}.tmp"
    try:
        place.parent.mkdir(exist_ok=True)
        with other.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(other, place)
        _flush_folder(place.parent)
    except OSError as error:
        raise ExportError(
            f"{folder}: it cannot be written ({error.strerror or error}); what was written before can be "
            "read, and the same command goes on from there"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            other.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not everywhere can a folder be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_part(folder: Path, part: Range) -> None:
    """Remove a part, its ledger first.

    Parameters
    ----------
    folder : Path
        The dataset.
    part : tuple of int
        First and last input.
    """
    for kind in (LEDGER, FEATURES):
        (folder / kind / part_name(part)).unlink(missing_ok=True)


# --- shards: which inputs belong to which machine ----------------------------------------------------


def in_shard(n_inputs: int, shard: int, n_shards: int) -> np.ndarray:
    """Return which inputs belong to a shard.

    The list is cut into blocks, at least four per shard where there are enough inputs, and of no more than
    the recordings of a part; every `n_shards`-th block belongs to the shard. So a class or a folder of long
    recordings is spread over all shards, and a part lies in one block.

    Parameters
    ----------
    n_inputs : int
        Length of the list.
    shard, n_shards : int
        Which of how many, from 1.

    Returns
    -------
    ndarray of shape (n_inputs,), bool
        The same on every machine.

    Examples
    --------
    >>> in_shard(8, 2, 2).astype(int)
    array([0, 1, 0, 1, 0, 1, 0, 1])
    """
    block = max(1, min(PART_ROWS, n_inputs // (4 * n_shards)))
    numbers = np.arange(n_inputs) // block
    mine: np.ndarray = numbers % n_shards == shard - 1
    return mine
