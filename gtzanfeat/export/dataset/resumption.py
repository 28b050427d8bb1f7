"""What of a dataset is done, and what is left to do: the beginning of a run, and the end of one.

Nothing is analysed here.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.export.dataset import declaration as declarations
from gtzanfeat.export.dataset import parts
from gtzanfeat.export.dataset.clip_rows import ClipRows
from gtzanfeat.export.dataset.declaration import Declaration
from gtzanfeat.export.dataset.ledger import STATUSES, Duplicates, LedgerRow
from gtzanfeat.export.dataset.recording_analysis import file_state
from gtzanfeat.export.dataset_folder import ANALYSED, DECLARATION
from gtzanfeat.export.file_locks import hold
from gtzanfeat.extraction.cache import content_hash
from gtzanfeat.extraction.parallel import Failure

_LEFT_OVER = re.compile(r"\.part-(\d+)-\d+\.\d+\.tmp")  # of a run that was killed while it wrote


@dataclass(frozen=True, eq=False)
class Work:
    """What a run has to do.

    Parameters
    ----------
    declaration : Declaration
        What the dataset is.
    inputs : ClipTable
        Its recordings.
    mine : ndarray of shape (n_inputs,), bool
        Which of them belong to the shard.
    redone : list of (part, indices)
        Parts that are whole, with the places of those recordings that are analysed again.
    left : ndarray of int
        Places of the recordings that are not done.
    notes : tuple of str
        Sentences that a user should read.
    """

    declaration: Declaration
    inputs: ClipTable
    mine: np.ndarray
    redone: list[tuple[parts.Range, list[int]]]
    left: np.ndarray
    notes: tuple[str, ...]

    @property
    def order(self) -> np.ndarray:
        """Places of all recordings that are analysed, in that order."""
        again = [index for _, indices in self.redone for index in indices]
        return np.concatenate([np.array(again, dtype=np.intp), self.left])


@dataclass(frozen=True)
class DatasetSummary:
    """What a dataset holds.

    Parameters
    ----------
    place : Path
        The folder, or the file of one that was merged.
    n_inputs : int
        How many recordings there are in all.
    counts : dict of str to int
        How many of them have each status, of those that are done; see the column ``status`` of the ledger.
    failures : tuple of Failure
        The recordings that could not be analysed, of this shard.
    metadata : dict
        Of its tables, as of `gtzanfeat.read_metadata`; failures are in the ledger alone.
    """

    place: Path
    n_inputs: int
    counts: dict[str, int]
    failures: tuple[Failure, ...]
    metadata: dict[str, Any] = field(repr=False)

    @property
    def n_done(self) -> int:
        """How many recordings are in the ledger."""
        return sum(self.counts.values())

    @property
    def n_analysed(self) -> int:
        """How many recordings have features."""
        return sum(self.counts.get(status, 0) for status in ANALYSED)


@contextlib.contextmanager
def begun(
    folder: Path,
    rows: ClipRows,
    clips: ClipTable,
    shard: tuple[int, int],
    *,
    timeout: float | None,
    overwrite: bool,
) -> Iterator[Work]:
    """Begin a dataset or go on with one, and hold its shard while in this context.

    Parameters
    ----------
    folder, rows, clips, shard, timeout, overwrite
        As of `extract_dataset`.

    Yields
    ------
    Work
        What is left to do.

    Raises
    ------
    ExportError
        As `extract_dataset`.
    """
    declarations.check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: it cannot be made ({error.strerror or error})") from error
    with contextlib.ExitStack() as shards:
        # one at a time: machines of several shards begin together
        with hold(folder / ".begin.lock", folder, wait=True):
            is_there = (folder / DECLARATION).exists()
            old = Declaration.read(folder) if is_there else None
            if old is not None and not overwrite:
                declarations.check_agreement(old, rows, shard[1], folder)
                inputs, note = declarations.known_inputs(folder, old, clips)
            n_shards = shard[1] if old is None or overwrite else old.n_shards
            held = range(1, n_shards + 1) if shard == (1, 1) else [shard[0]]
            if overwrite and old is not None:
                _hold_shards(shards, folder, range(1, old.n_shards + 1), old.n_shards)
                shards.close()
            _hold_shards(shards, folder, held, n_shards)
            if old is None or overwrite:
                inputs, note = clips, ""
                declarations.clear(folder)
                declarations.write_inputs(folder, clips)
                old = declarations.declared(rows, clips, n_shards)
                old.write(folder)
        mine = np.zeros(len(inputs), dtype=bool)
        for number in held:
            mine |= parts.in_shard(len(inputs), number, n_shards)
        yield _work(folder, old, inputs, mine, timeout, note)


def _hold_shards(
    stack: contextlib.ExitStack, folder: Path, numbers: range | list[int], n_shards: int
) -> None:
    for number in numbers:
        stack.enter_context(hold(folder / f".shard-{number}-of-{n_shards}.lock", folder))


def _work(
    folder: Path,
    declaration: Declaration,
    inputs: ClipTable,
    mine: np.ndarray,
    timeout: float | None,
    note: str,
) -> Work:
    """Find out what is done; remove what killed runs have left over."""
    whole = parts.parts_in(folder)
    known = set(whole)
    for part in parts.parts_in(folder, parts.FEATURES):
        if part not in known and mine[part[0]]:
            parts.remove_part(folder, part)
    for path in folder.iterdir():
        found = _LEFT_OVER.fullmatch(path.name)
        if found and mine[int(found[1])]:
            path.unlink(missing_ok=True)
    done = np.zeros(len(inputs), dtype=bool)
    redone = []
    changed: set[str] = set()  # contents that are no more
    duplicates: list[tuple[parts.Range, LedgerRow]] = []
    for part in whole:
        done[part[0] : part[1] + 1] = True
        if not mine[part[0]]:
            continue
        again = []
        for row in parts.read_ledger(folder, part):
            if _is_out_of_date(row, timeout):
                again.append(row.index)
                changed |= {row.content_hash} if row.content_hash else set()
            elif row.status == "duplicate":
                duplicates.append((part, row))
        if again:
            redone.append((part, again))
    redone = _with_duplicates(redone, [pair for pair in duplicates if pair[1].content_hash in changed])
    left = np.flatnonzero(mine & ~done)
    notes = [note] if note else []
    n_done = int((mine & done).sum())
    if n_done:
        n_again = sum(len(indices) for _, indices in redone)
        again_words = f", {n_again} are analysed again" if n_again else ""
        notes.append(f"{folder}: {n_done} of {int(mine.sum())} recordings are done{again_words}")
    return Work(declaration, inputs, mine, redone, left, tuple(notes))


def _with_duplicates(
    redone: list[tuple[parts.Range, list[int]]], duplicates: list[tuple[parts.Range, LedgerRow]]
) -> list[tuple[parts.Range, list[int]]]:
    """Add recordings that are no duplicates any more, whose own status is not known."""
    by_part = {part: set(indices) for part, indices in redone}
    for part, row in duplicates:
        by_part.setdefault(part, set()).add(row.index)
    return [(part, sorted(by_part[part])) for part in sorted(by_part)]


def _is_out_of_date(row: LedgerRow, timeout: float | None) -> bool:
    """Whether a recording of the ledger has to be analysed again."""
    if row.status == "crashed":
        return True
    if row.status == "timed out" and (timeout is None or timeout > row.seconds_spent):
        return True
    size, mtime_ns = file_state(row.path)
    if (size, mtime_ns) == (row.size, row.mtime_ns) or size is None:
        return False  # what is gone by now was analysed while it was there
    try:
        return content_hash(row.path).hex() != row.content_hash
    except OSError:
        return True


# --- the end of a run -------------------------------------------------------------------------------


def mark_duplicates(folder: Path, inputs: ClipTable) -> None:
    """Mark in the ledger what holds the same bytes as an earlier recording, once all recordings are done.

    Parameters
    ----------
    folder : Path
        The dataset.
    inputs : ClipTable
        Its recordings.
    """
    whole = parts.parts_in(folder)
    if sum(last - first + 1 for first, last in whole) < len(inputs):
        return
    for part in set(parts.parts_in(folder, parts.FEATURES)).difference(whole):
        parts.remove_part(folder, part)  # left over from a shard that another run has finished
    windows = [inputs.column(name) for name in ("offset", "duration") if name in inputs.frame]
    indices: list[int] = []
    contents: list[bytes] = []
    for part in whole:
        for row in parts.read_ledger(folder, part):
            if row.rows and row.content_hash:
                window = str([column[row.index] for column in windows])
                indices.append(row.index)
                contents.append(
                    hashlib.blake2b((row.content_hash + window).encode(), digest_size=12).digest()
                )
    found = Duplicates.found(
        np.array(indices, dtype=np.int64), np.array([c.hex() for c in contents], dtype="S24")
    )
    paths = inputs.paths if found.first else ()
    marked_parts = {part for part in whole if any(part[0] <= index <= part[1] for index in found.first)}
    for part in sorted(marked_parts):
        rows = parts.read_ledger(folder, part)
        marked = found.marked(rows, paths)
        if marked != rows:
            parts.write_ledger(folder, marked)


def summary(
    place: Path, declaration: Declaration, pieces: Iterable[tuple[parts.Range, Path]], mine: np.ndarray
) -> DatasetSummary:
    """Return what a dataset holds.

    Parameters
    ----------
    place : Path
        Where it is.
    declaration : Declaration
        What it is.
    pieces : iterable of (part, folder)
        Its parts, in order, each with the dataset that it is in.
    mine : ndarray of shape (n_inputs,), bool
        Of which recordings the failures are told.
    """
    counts: Counter[str] = Counter()
    failures = []
    for part, folder in pieces:
        for row in parts.read_ledger(folder, part):
            counts[row.status] += 1
            if row.status not in ANALYSED and mine[row.index]:
                failures.append(Failure(row.index, row.path, str(row.message)))
    in_order = {status: counts[status] for status in STATUSES if counts[status]}
    return DatasetSummary(place, len(mine), in_order, tuple(failures), declaration.metadata)
