"""The ledger of a dataset: one row per recording that is done, with what it is and what became of it.

Reading recordings is the business of `recording_analysis`, parts on disk that of `parts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

# what can become of a recording, and what that means
STATUSES = {
    "ok": "analysed",
    "short": "analysed, but shorter than a frame",
    "silent": "analysed, and silent",
    "truncated": "analysed, but the end of the file is missing",
    "duplicate": "analysed; the same bytes as an earlier recording of the list",
    "undecodable": "not analysed: no sound, damaged, or with samples that are no numbers",
    "missing": "not analysed: there is no such file",
    "timed out": "not analysed: given up after the time that a recording may take",
    "crashed": "not analysed: it took the life of its worker",
}

# name -> type, unit, meaning
COLUMNS: dict[str, tuple[pa.DataType, str, str]] = {
    "index": (pa.int64(), "", "its place in the list of inputs, from 0"),
    "path": (pa.string(), "", "the audio file"),
    "content_hash": (pa.string(), "", "BLAKE2b of the bytes of the file, in hexadecimal digits"),
    "status": (pa.string(), "", "what became of it: " + ", ".join(STATUSES)),
    "rows": (pa.int64(), "", "how many rows of features it has"),
    "seconds": (pa.float64(), "s", "length of what was analysed, counted while decoding"),
    "channels": (pa.float64(), "", "how many channels it has"),
    "rate": (pa.float64(), "Hz", "its own sample rate"),
    "peak": (pa.float64(), "", "the largest magnitude of a sample of any channel; 1 is full scale"),
    "clipped": (pa.float64(), "", "share of the samples that are at full scale"),
    "message": (pa.string(), "", "why it was not analysed and what to do, or what it is a duplicate of"),
    "seconds_spent": (pa.float64(), "s", "time that reading and analysis took"),
    "size": (pa.int64(), "byte", "size of the file; missing if there is none"),
    "mtime_ns": (pa.int64(), "ns", "when the file was last changed, since 1970"),
}
SCHEMA = pa.schema(
    [
        pa.field(name, kind, metadata={"unit": unit, "meaning": meaning})
        for name, (kind, unit, meaning) in COLUMNS.items()
    ]
)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What became of one recording; the columns of the ledger.

    Parameters
    ----------
    index : int
        Its place in the list of inputs.
    path : str
        The audio file.
    content_hash : str or None
        Of the bytes of the file.
    status : str
        One of `STATUSES`.
    rows : int
        How many rows of features it has.
    seconds, channels, rate, peak, clipped : float or None
        What the sound is.
    message : str or None
        Why it was not analysed.
    seconds_spent : float
        Time that it took.
    size, mtime_ns : int or None
        Size in bytes and time stamp in ns of the file.
    """

    index: int
    path: str
    content_hash: str | None
    status: str
    rows: int
    seconds: float | None
    channels: float | None
    rate: float | None
    peak: float | None
    clipped: float | None
    message: str | None
    seconds_spent: float
    size: int | None
    mtime_ns: int | None


def ledger_table(rows: Iterable[LedgerRow]) -> pa.Table:
    """Return rows of the ledger as a table.

    Parameters
    ----------
    rows : iterable of LedgerRow
        In the order of the inputs.

    Returns
    -------
    Table
        Of `SCHEMA`.
    """
    held = list(rows)
    columns = {name: [getattr(row, name) for row in held] for name in COLUMNS}
    return pa.table(columns, SCHEMA)


def ledger_rows(table: pa.Table) -> list[LedgerRow]:
    """Return the rows of a table of `SCHEMA`.

    Parameters
    ----------
    table : Table
        A part of a ledger.

    Returns
    -------
    list of LedgerRow
        In its order.
    """
    return [LedgerRow(**row) for row in table.select(list(COLUMNS)).to_pylist()]


@dataclass(frozen=True)
class Duplicates:
    """Which recordings hold the same bytes as an earlier one of the list.

    Parameters
    ----------
    first : dict of int to int
        For each of them, the place of the first that holds these bytes.
    """

    first: dict[int, int]

    @classmethod
    def found(cls, indices: np.ndarray, contents: np.ndarray) -> Duplicates:
        """Find them.

        Parameters
        ----------
        indices : ndarray of int
            Places of the recordings that were analysed.
        contents : ndarray of bytes
            For each, what is the same for the same bytes (and window of them).
        """
        order = np.argsort(indices)
        indices, contents = indices[order], contents[order]
        _, firsts, groups = np.unique(contents, return_index=True, return_inverse=True)
        first = indices[firsts[groups.ravel()]]
        again = np.flatnonzero(first != indices)
        return cls(dict(zip(indices[again].tolist(), first[again].tolist(), strict=True)))

    def marked(self, rows: list[LedgerRow], paths: Any) -> list[LedgerRow]:
        """Return rows of a ledger in which they are marked.

        Parameters
        ----------
        rows : list of LedgerRow
            Of a part.
        paths : sequence of str
            The paths of all inputs.
        """
        return [
            replace(row, status="duplicate", message=f"the same bytes as {paths[self.first[row.index]]}")
            if row.index in self.first and row.rows
            else row
            for row in rows
        ]
