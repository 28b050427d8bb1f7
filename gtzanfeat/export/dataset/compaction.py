"""Shards brought together, and small parts made into large ones, or into one file.

Nothing is analysed here: parts are copied in the order of the inputs, a few at a time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset import declaration as declarations
from gtzanfeat.export.dataset import parts
from gtzanfeat.export.dataset.declaration import Declaration
from gtzanfeat.export.dataset.ledger import LedgerRow
from gtzanfeat.export.dataset.resumption import DatasetSummary, mark_duplicates, summary
from gtzanfeat.export.dataset_folder import ANALYSED
from gtzanfeat.export.file_locks import hold
from gtzanfeat.export.formats import FORMATS, parquet_schema, put_in_place
from gtzanfeat.export.tables import check_destination

Piece = tuple[parts.Range, Path]  # a part, and the dataset that it is in


def merge_datasets(
    folders: Sequence[str | os.PathLike[str]], destination: str | os.PathLike[str], *, overwrite: bool = False
) -> DatasetSummary:
    """Bring the shards of a dataset together, with few large parts instead of many small ones.

    Checked first: that all folders are of the same list of recordings, feature set and numbers, that none is
    being written, and that every recording is in the ledger once. Marked are recordings with the same bytes
    as an earlier one, over all shards.

    Parameters
    ----------
    folders : sequence of str or path
        Datasets, of `extract_dataset`: one per shard, or a single one with many small parts.
    destination : str or path
        A new folder, whose name has no suffix; or a file, ``.parquet`` or ``.csv``, as of
        `gtzanfeat.write_table`, with the recordings that failed in its metadata. A Parquet file is written
        part by part, in little memory.
    overwrite : bool, default=False
        Whether a dataset or file that is there is replaced.

    Returns
    -------
    DatasetSummary
        What it holds.

    Raises
    ------
    ExportError
        If the folders do not belong together, recordings are missing or there twice, one is being written, or
        the destination cannot be written to.
    UnknownNameError
        If no format has the suffix of the file.

    See Also
    --------
    extract_dataset : Write a dataset.

    Examples
    --------
    >>> merge_datasets(["shard1", "shard2"], "features")  # doctest: +SKIP
    >>> merge_datasets(["features"], "features.parquet")  # doctest: +SKIP
    """
    where = Path(destination).expanduser()
    sources = [Path(folder).expanduser() for folder in folders]
    if not sources:
        raise ExportError("there is nothing to be merged; give one dataset or more")
    is_file = where.suffix != ""
    if is_file:
        check_destination(where, overwrite=overwrite)
    elif any(source.resolve() == where.resolve() for source in sources):
        raise ExportError(f"{where}: it is one of the datasets to be merged; give another folder")
    else:
        _check_new(where, overwrite)
    with contextlib.ExitStack() as held:
        first = _agreeing(sources)
        for source in sources:
            for number in range(1, first.n_shards + 1):
                held.enter_context(hold(source / f".shard-{number}-of-{first.n_shards}.lock", source))
        pieces = _complete(sources, first)
        inputs = declarations.inputs_of(sources[0], first)
        if is_file:
            _write_file(where, first, pieces)
        else:
            _write_folder(where, first, inputs, pieces)
            pieces = [(part, where) for part in parts.parts_in(where)]
        return summary(where, first, pieces, np.ones(len(inputs), dtype=bool))


def _check_new(where: Path, overwrite: bool) -> None:
    declarations.check_folder(where)
    if where.is_dir() and any(where.iterdir()) and not overwrite:
        raise ExportError(f"{where}: it is there already; choose another name or say overwrite (--overwrite)")


def _agreeing(sources: Sequence[Path]) -> Declaration:
    """Return the declaration of all datasets, if it is the same."""
    first, *others = (Declaration.read(source) for source in sources)
    for source, other in zip(sources[1:], others, strict=True):
        for key, what in (
            ("list_hash", "another list of recordings"),
            ("spec_hash", "another feature set"),
            ("level", "rows of another kind"),
            ("options", "other options"),
            ("n_shards", "another number of shards"),
            ("probe", "other numbers of the same sound, by other versions of libraries"),
        ):
            if other.words[key] != first.words[key]:
                raise ExportError(
                    f"{source}: it has {what} than {sources[0]}; only shards of one dataset are merged"
                )
    return first


def _complete(sources: Sequence[Path], first: Declaration) -> list[Piece]:
    """Return all parts in order, if every input is in one of them."""
    pieces = sorted((part, source) for source in sources for part in parts.parts_in(source))
    done = np.zeros(first.n_inputs, dtype=bool)
    for number, (part, source) in enumerate(pieces):
        if number and part[0] <= pieces[number - 1][0][1]:
            other = pieces[number - 1]
            raise ExportError(
                f"{source}: input {part[0]} is also in {other[1]}; give each shard once, or "
                "extract one of them anew"
            )
        done[part[0] : part[1] + 1] = True
    if not done.all():
        lacking = [
            f"{number} of {first.n_shards}"
            for number in range(1, first.n_shards + 1)
            if not done[parts.in_shard(first.n_inputs, number, first.n_shards)].all()
        ]
        n_missing = int((~done).sum())
        shards = f" (shard {', '.join(lacking)})" if first.n_shards > 1 else ""
        raise ExportError(
            f"{sources[0]}: {n_missing} of {first.n_inputs} recordings are not there{shards}, the first is "
            f"input {int(np.argmin(done))}; finish the extraction, and merge all shards"
        )
    return pieces


def _chunks(pieces: Sequence[Piece]) -> Iterator[tuple[list[pa.Table], list[LedgerRow]]]:
    """Yield features and ledger of parts that together make a large one."""
    tables: list[pa.Table] = []
    ledger: list[LedgerRow] = []
    for part, source in pieces:
        table, rows = parts.read_features(source, part), parts.read_ledger(source, part)
        if sum(row.rows for row in rows) != table.num_rows:
            raise ExportError(
                f"{source}: {parts.part_name(part)} has {table.num_rows} rows of features, and its ledger "
                f"speaks of {sum(row.rows for row in rows)}; remove both files and extract again"
            )
        n_bytes = sum(other.nbytes for other in tables)
        if ledger and (
            len(ledger) + len(rows) > parts.PART_ROWS or n_bytes + table.nbytes > parts.PART_BYTES
        ):
            yield tables, ledger
            tables, ledger = [], []
        tables.append(table)
        ledger += rows
    if ledger:
        yield tables, ledger


def _write_folder(where: Path, first: Declaration, inputs: ClipTable, pieces: Sequence[Piece]) -> None:
    """Write a dataset beside its place, and move it there."""
    beside = where.with_name(f".{where.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True)
        declarations.write_inputs(beside, inputs)
        for tables, ledger in _chunks(pieces):
            parts.write_part(beside, pa.concat_tables(tables).combine_chunks(), ledger)
        mark_duplicates(beside, inputs)
        Declaration(first.words | {"n_shards": 1}).write(beside)
        declarations.clear(where)
        if where.is_dir():
            where.rmdir()
        os.replace(beside, where)
    except OSError as error:
        raise ExportError(f"{where}: it cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write_file(where: Path, first: Declaration, pieces: Sequence[Piece]) -> None:
    """Write a table, part by part if its format can be."""
    rows = [
        row
        for part, folder in pieces
        for row in parts.read_ledger(folder, part)
        if row.status not in ANALYSED
    ]
    failures = [{"row": row.index, "path": row.path, "reason": row.message} for row in rows]
    metadata: dict[str, Any] = first.metadata | {"failures": failures}
    try:
        if where.suffix.lower() == ".parquet":
            bare = parts.read_features(pieces[0][1], pieces[0][0]).schema
            schema = parquet_schema(bare, metadata)
            with put_in_place(where) as part, pq.ParquetWriter(part, schema) as writer:
                for tables, _ in _chunks(pieces):
                    writer.write_table(pa.concat_tables(tables).combine_chunks().cast(schema))
        else:
            tables = [parts.read_features(folder, part) for part, folder in pieces]
            frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
            FORMATS[where.suffix.lower()].write(frame, metadata, where)
    except OSError as error:
        raise ExportError(f"{where}: cannot be written ({error.strerror or error})") from error
