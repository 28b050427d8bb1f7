"""Verification of a feature table: a sample of its rows is computed anew, and set against what it holds.

So it is found out whether other versions of libraries, another machine or changed recordings give others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gtzanfeat.audio import Clip, load_audio
from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.errors import ClipError, ExportError
from gtzanfeat.export.dataset_folder import ledger_files
from gtzanfeat.export.tables import LIBRARIES, read_table
from gtzanfeat.extraction import Extraction, Failure, extract
from gtzanfeat.extraction.cache import content_hash
from gtzanfeat.version import versions

SAMPLE = 100
# in standard deviations of a column: what no classifier notices, and what other machines do not reach
TOLERANCE = 1e-3


@dataclass(frozen=True)
class ColumnDrift:
    """How far the numbers of a column are from those computed anew.

    Parameters
    ----------
    column : str
        The column.
    largest : float
        The largest absolute difference, in the unit of the column.
    relative : float
        The same over the standard deviation of the column in the whole table; of a constant column, over its
        magnitude.
    identical : bool
        Whether all numbers are the same bits.
    """

    column: str
    largest: float
    relative: float
    identical: bool


@dataclass(frozen=True)
class TableVerification:
    """What came of computing a sample of a table anew.

    Parameters
    ----------
    table : str
        The table.
    feature_set, spec_hash : str
        What it holds.
    n_rows, n_sampled : int
        Rows of the table, and of the sample.
    n_compared : int
        Rows of the sample whose recordings are there, unchanged as far as can be told.
    n_identical : int
        Rows of which all numbers are the same bits.
    drift : tuple of ColumnDrift
        Of every column, in their order.
    changed : tuple of str
        Recordings of another length than they had or, in a dataset, of other bytes.
    failures : tuple of Failure
        Rows of the table whose recordings are missing or cannot be analysed any more.
    tolerance : float
        Largest `relative` that counts as equal.
    versions_then, versions_now : dict of str to str
        With what the table was computed, and with what it was now.
    """

    table: str
    feature_set: str
    spec_hash: str
    n_rows: int
    n_sampled: int
    n_compared: int
    n_identical: int
    drift: tuple[ColumnDrift, ...]
    changed: tuple[str, ...]
    failures: tuple[Failure, ...]
    tolerance: float
    versions_then: dict[str, str]
    versions_now: dict[str, str]

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that differ by more than the tolerance, the worst first."""
        over = [column for column in self.drift if column.relative > self.tolerance]
        return tuple(sorted(over, key=lambda column: -column.relative))

    @property
    def ok(self) -> bool:
        """Whether all recordings of the sample are there, unchanged, and give equal numbers."""
        return not (self.drifted or self.changed or self.failures)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values.

        Returns
        -------
        dict
            The parameters, ``drifted`` (names of columns) and ``ok``.
        """
        return {
            **vars(self),
            "drift": [vars(column) for column in self.drift],
            "changed": list(self.changed),
            "failures": [vars(failure) for failure in self.failures],
            "drifted": [column.column for column in self.drifted],
            "ok": self.ok,
        }


def verify_table(
    path: str | os.PathLike[str],
    *,
    sample: int = SAMPLE,
    tolerance: float = TOLERANCE,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> TableVerification:
    """Compute a sample of the rows of a feature table anew, and say how far its numbers are from that.

    Windows of `segment_table` are cut out of their whole recordings, as there. Nothing is written, and no
    cache is asked. Where recordings are known by their length alone, as in a file, changed content shows as
    drift.

    Parameters
    ----------
    path : str or path
        A file that `write_table` wrote, or the folder of a dataset. Relative paths in it are taken from the
        current folder.
    sample : int, default=100
        How many rows, drawn at random; all, if there are fewer.
    tolerance : float, default=0.001
        Largest difference that counts as equal, in standard deviations of the column.
    random_state : int, default=0
        Seeds the choice of rows.
    n_jobs : int, optional
        Workers, as of `gtzanfeat.extract`.

    Returns
    -------
    TableVerification
        Drift per column, and the recordings that are missing or have changed.

    Raises
    ------
    ExportError, UnknownNameError
        As `read_table`; also if the table has no rows.
    ValueError
        If `sample` is less than 1 or `tolerance` negative.

    Examples
    --------
    >>> verify_table("features.parquet").ok  # doctest: +SKIP
    True
    """
    if sample < 1:
        raise ValueError(f"sample is {sample}; give a number of rows, 1 or more")
    if not 0 <= tolerance < np.inf:
        raise ValueError(f"tolerance is {tolerance}; give a number of standard deviations, such as 0.001")
    where = Path(path).expanduser()
    clips, held = read_table(where)
    if not len(clips):
        raise ExportError(f"{where}: it has no rows to be computed anew")
    rng = np.random.default_rng(random_state)
    rows = np.sort(rng.choice(len(clips), min(sample, len(clips)), replace=False))
    chosen, then = clips.select(rows), held.select(rows)
    now = _computed(chosen, then, n_jobs)
    failures = tuple(Failure(int(rows[f.index]), chosen.paths[f.index], f.reason) for f in now.failures)
    other = np.abs(now.seconds - then.seconds) > 0.5 / held.feature_set.rate  # False where it failed
    other |= _other_bytes(where, chosen.paths) & now.ok
    compared = now.ok & ~other
    before, anew = then.values[compared], now.values[compared]
    return TableVerification(
        table=str(where),
        feature_set=held.feature_set.name,
        spec_hash=held.feature_set.spec_hash,
        n_rows=len(clips),
        n_sampled=len(rows),
        n_compared=int(compared.sum()),
        n_identical=int(_same_bits(before, anew).all(axis=1).sum()),
        drift=_drift(held, before, anew),
        changed=tuple(dict.fromkeys(chosen.paths[other].tolist())),
        failures=failures,
        tolerance=float(tolerance),
        versions_then=dict(held.versions),
        versions_now=versions(*LIBRARIES),
    )


def _same_bits(before: NDArray[np.float32], anew: NDArray[np.float32]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = before.view(np.uint32) == anew.view(np.uint32)
    return same


def _drift(
    held: Extraction, before: NDArray[np.float32], anew: NDArray[np.float32]
) -> tuple[ColumnDrift, ...]:
    """Return the drift of each column, relative to its spread in the whole table."""
    differences = np.abs(before.astype(np.float64) - anew).max(axis=0, initial=0.0)
    spread = held.values.std(axis=0, dtype=np.float64)
    magnitude = np.abs(held.values).max(axis=0, initial=0.0).astype(np.float64)
    spread = np.where(spread > 1e-9 * magnitude, spread, magnitude)
    relative = np.divide(differences, spread, out=np.where(differences > 0, np.inf, 0.0), where=spread > 0)
    same = [bool(column.all()) for column in _same_bits(before, anew).T]
    return tuple(
        ColumnDrift(name, float(largest), float(share), bool(identical))
        for name, largest, share, identical in zip(held.columns, differences, relative, same, strict=True)
    )


def _computed(clips: ClipTable, then: Extraction, n_jobs: int | None) -> Extraction:
    """Return the extraction of clips as it is today."""
    chosen = then.feature_set
    if not {"offset", "start", "end"} <= set(clips.frame):
        return extract(clips.clips, chosen, n_jobs=n_jobs, on_error="skip")
    values, seconds = np.full_like(then.values, np.nan), np.full(len(clips), np.nan)
    failures: dict[int, Failure] = {}
    for path, rows in clips.frame.groupby("path", sort=False).indices.items():
        try:
            windows = _windows(str(path), clips.frame.iloc[rows], chosen.rate)
        except ClipError as error:
            reason = f"{error.reason}; {error.remedy}"
            failures |= {int(row): Failure(int(row), str(path), reason) for row in rows}
            continue
        found = extract(windows, chosen, n_jobs=n_jobs, on_error="skip")
        values[rows], seconds[rows] = found.values, found.seconds
        for failed in found.failures:
            failures[int(rows[failed.index])] = Failure(int(rows[failed.index]), str(path), failed.reason)
    in_order = tuple(failures[row] for row in sorted(failures))
    return Extraction(chosen, values, seconds, ("",) * len(clips), in_order)


def _windows(path: str, frame: Any, rate: int) -> list[Clip]:
    """Return windows of a recording, cut where it was cut before: after resampling."""
    samples = load_audio(path, rate)
    starts = np.rint(frame["offset"].to_numpy(dtype=np.float64) * rate).astype(int)
    lengths = np.rint(frame["duration"].to_numpy(dtype=np.float64) * rate).astype(int)
    return [
        Clip(samples[start : start + length], rate) for start, length in zip(starts, lengths, strict=True)
    ]


def _other_bytes(where: Path, paths: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which files are not those of the ledger, where the table is a dataset."""
    known: dict[str, str | None] = {}
    for file in ledger_files(where) if where.is_dir() else ():
        part = pq.ParquetFile(file).read(["path", "content_hash"])
        known.update(zip(part["path"].to_pylist(), part["content_hash"].to_pylist(), strict=True))
    other = np.zeros(len(paths), dtype=bool)
    for i, path in enumerate(paths):
        if known.get(path) is not None and os.path.isfile(path):
            other[i] = content_hash(path).hex() != known[path]
    return other
