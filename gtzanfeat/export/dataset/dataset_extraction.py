"""Extraction into a dataset: a folder that outlives whatever ends the run, and is gone on with by the next.

A recording is done when it is in the ledger, and then it is not analysed again unless its file changes. What
a dataset is stands in `declaration`, how it lies on disk in `parts`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import ClipError, ExportError
from gtzanfeat.export.dataset import parts
from gtzanfeat.export.dataset.clip_rows import ClipRows
from gtzanfeat.export.dataset.declaration import features_schema, identity_table
from gtzanfeat.export.dataset.recording_analysis import Outcome, RecordingAnalysis, file_state, lost_outcomes
from gtzanfeat.export.dataset.resumption import DatasetSummary, begun, mark_duplicates, summary
from gtzanfeat.extraction.parallel import CLIPS_PER_TASK, in_workers
from gtzanfeat.extraction.worker_processes import Lost, in_processes
from gtzanfeat.feature_sets import FeatureSet, feature_set
from gtzanfeat.progress import LOGGER, report_progress

WINDOW = 1000  # recordings that are handed to joblib's workers at once
TASK_BYTES = 16 << 20  # of files in one task; long recordings go one by one


def extract_dataset(
    clips: ClipTable,
    folder: str | os.PathLike[str],
    features: str | FeatureSet | ClipRows = "classic30",
    *,
    shard: tuple[int, int] = (1, 1),
    n_jobs: int | None = None,
    timeout: float | None = None,
    memory: Any = None,
    on_error: str = "skip",
    overwrite: bool = False,
) -> DatasetSummary:
    """Extract features into a folder of Parquet files, or go on where an earlier run has ended.

    The folder holds ``features/`` and ``ledger/`` in parts of at most 1000 recordings, the list of
    ``inputs.parquet``, and ``dataset.json``, which says what it is. A part is written when it is full or 30
    seconds old, under another name, flushed to the disk and moved into place. So a run may be killed at any
    moment: called again, it analyses what is not in the ledger, and the rows are those of a run that was not
    disturbed. Rows are in the order of `clips`, the same bits for any number of workers.

    Analysed again are files that have changed (size or time stamp, and then content), that were missing and
    are there now, that were given up after less time than `timeout`, or that took the life of a worker.

    Parameters
    ----------
    clips : ClipTable
        The recordings, or windows of them. It must be the list with which the dataset was begun; recordings
        may be gone from it since, but none may be new.
    folder : str or path
        The dataset; made if it is not there.
    features : str, FeatureSet or ClipRows, default="classic30"
        What to compute of each clip; or rows of another kind, as `gtzanfeat.segments.SegmentRows`.
    shard : (int, int), default=(1, 1)
        ``(i, n)``: analyse the i-th of n parts of the list, from 1. All machines are given the same list, and
        write into one shared folder or each into its own, for `merge_datasets`. No shard at all goes on with
        whatever is left of all shards of a folder.
    n_jobs : int, optional
        Workers, as of `gtzanfeat.extract`; with `timeout` they are processes.
    timeout : float, optional
        Seconds after which a recording is given up and recorded as timed out; the worker process is killed.
    memory : path or joblib.Memory, optional
        Where results are kept, as of `gtzanfeat.extract`.
    on_error : {"skip", "raise"}, default="skip"
        What to do with a recording that cannot be analysed: record it and go on, or raise its error.
    overwrite : bool, default=False
        Whether a dataset that is there is removed, and begun afresh.

    Returns
    -------
    DatasetSummary
        How many recordings there are of each status, and which failed.

    Raises
    ------
    ExportError
        If the folder cannot be written to, holds other things, is a dataset of another list, of other
        features or of numbers that have changed, or is being written by another run.
    ClipError
        If a recording cannot be analysed and `on_error` is "raise".
    UnknownNameError
        If there is no such feature set.

    See Also
    --------
    merge_datasets : Bring shards together, and small parts into large ones.

    Examples
    --------
    >>> import tempfile
    >>> import soundfile
    >>> from gtzanfeat.datasets import load_dataset
    >>> with tempfile.TemporaryDirectory() as place:
    ...     for label in ("hum", "hiss"):
    ...         path = Path(place, "music", label, "0.wav")
    ...         path.parent.mkdir(parents=True)
    ...         soundfile.write(path, np.sin(np.arange(22050) / (2 if label == "hiss" else 50)), 22050)
    ...     extract_dataset(load_dataset(Path(place, "music")), Path(place, "features"), "timbre19").counts
    {'ok': 2}
    """
    refuse_other_than_table(clips)
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; it can be 'raise' or 'skip'")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout is {timeout!r}; give seconds, more than 0")
    if not 1 <= shard[0] <= shard[1]:
        raise ValueError(f"shard is {shard!r}; give (i, n) with i from 1 to n")
    rows = features if isinstance(features, ClipRows) else ClipRows(feature_set(features))
    where = Path(folder).expanduser()
    with begun(where, rows, clips, shard, timeout=timeout, overwrite=overwrite) as work:
        for note in work.notes:
            LOGGER.info(note)
        writer = _Writer(where, rows, work.inputs, work.declaration.words)
        analysis = RecordingAnalysis(rows, rows.analyser(memory))
        outcomes = _outcomes(analysis, work.order, work.inputs.clips, n_jobs, timeout)
        words = f"{rows.feature_set.name}: analysing"
        with report_progress(words, len(work.order)) as advance, contextlib.closing(outcomes):
            known = _told(outcomes, advance, on_error)
            for part, indices in work.redone:
                writer.write_anew(part, list(itertools.islice(known, len(indices))))
            with writer.closing_in_time():
                for outcome in known:
                    writer.add(outcome)
        mark_duplicates(where, work.inputs)
        return summary(where, work.declaration, [(part, where) for part in parts.parts_in(where)], work.mine)


def _told(outcomes: Iterator[Outcome], advance: Callable[[int], None], on_error: str) -> Iterator[Outcome]:
    """Pass outcomes on, tell of each, and raise the error of one that failed if it is asked for."""
    for row, result in outcomes:
        if on_error == "raise" and result is None:
            raise ClipError(row.path, *str(row.message).split("; ", 1))
        yield row, result
        advance(1)


# --- outcomes, in the order in which they are asked for ----------------------------------------------


def _outcomes(
    analysis: RecordingAnalysis,
    order: np.ndarray,
    clips: np.ndarray,
    n_jobs: int | None,
    timeout: float | None,
) -> Generator[Outcome]:
    """Analyse recordings in workers, by their places in the list of inputs."""
    if timeout is not None:
        alone = ([(int(index), clips[index])] for index in order)
        yield from _of_processes(analysis, alone, n_jobs, timeout) if len(order) else ()
        return
    for start in range(0, len(order), WINDOW):
        tasks = list(_tasks([(int(index), clips[index]) for index in order[start : start + WINDOW]]))
        n_done = 0
        try:
            with in_workers(analysis, tasks, n_jobs) as done:
                for outcomes in done:
                    yield from outcomes
                    n_done += 1
        except BrokenProcessPool:  # of loky: a process died, and nobody knows which recording it had
            LOGGER.info("a worker process died; its recordings are analysed again, one by one")
            left = [[one] for task in tasks[n_done:] for one in task]
            yield from _of_processes(analysis, left, n_jobs, None)


def _of_processes(
    analysis: RecordingAnalysis,
    tasks: Iterable[list[tuple[int, Any]]],
    n_jobs: int | None,
    timeout: float | None,
) -> Iterator[Outcome]:
    given: dict[int, list[tuple[int, Any]]] = {}

    def noted() -> Iterator[list[tuple[int, Any]]]:
        for number, task in enumerate(tasks):
            given[number] = task
            yield task

    with in_processes(analysis, noted(), n_jobs, timeout) as done:
        for number, result in enumerate(done):
            task = given.pop(number)
            yield from lost_outcomes(task, result) if isinstance(result, Lost) else result


def _tasks(numbered: Sequence[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    """Put recordings together that are short, so that handing them over does not count."""
    task: list[tuple[int, Any]] = []
    n_bytes = 0
    for index, clip in numbered:
        size = file_state(os.fspath(getattr(clip, "source", clip)))[0] or 0
        if task and (len(task) == CLIPS_PER_TASK or n_bytes + size > TASK_BYTES):
            yield task
            task, n_bytes = [], 0
        task.append((index, clip))
        n_bytes += size
    if task:
        yield task


# --- parts, as they are filled ----------------------------------------------------------------------


@dataclass(eq=False)
class _Writer:
    """Takes outcomes in order, and writes a part when it is full or old."""

    folder: Path
    rows: ClipRows
    inputs: ClipTable
    words: dict[str, Any]  # of the declaration
    held: list[Outcome] = field(default_factory=list)
    n_bytes: int = 0
    opened: float = 0.0
    error: ExportError | None = None  # of the thread that closes old parts

    def __post_init__(self) -> None:
        self.schema = features_schema(self.rows, self.inputs, self.words)
        self.identity = identity_table(self.inputs)
        self.lock = threading.Lock()

    def add(self, outcome: Outcome) -> None:
        """Take what became of the next recording."""
        with self.lock:
            if self.error is not None:
                raise self.error
            if self.held and outcome[0].index != self.held[-1][0].index + 1:
                self._write()
            if not self.held:
                self.opened, self.n_bytes = time.monotonic(), 0
            self.held.append(outcome)
            self.n_bytes += 0 if outcome[1] is None else outcome[1][0].nbytes
            if len(self.held) >= parts.PART_ROWS or self.n_bytes >= parts.PART_BYTES:
                self._write()
        self.write_if_old()

    def write_if_old(self) -> None:
        """Write what is held if that is so for long."""
        with self.lock:
            if self.held and time.monotonic() - self.opened >= parts.PART_SECONDS:
                self._write()

    @contextlib.contextmanager
    def closing_in_time(self) -> Iterator[None]:
        """Write what is held when it is old, also while a long recording is waited for, and at the end."""
        finished = threading.Event()

        def watch() -> None:
            while not finished.wait(parts.PART_SECONDS / 2):
                try:
                    self.write_if_old()
                except ExportError as error:
                    self.error = error
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        except ExportError:  # there is no place for more
            raise
        except BaseException:  # interrupted: what is done shall not be lost
            with contextlib.suppress(ExportError), self.lock:
                self._write()
            raise
        finally:
            finished.set()
        watcher.join()
        with self.lock:
            self._write()

    def _write(self) -> None:
        if self.held:
            parts.write_part(self.folder, self.features(self.held), [row for row, _ in self.held])
            self.held = []

    def features(self, outcomes: Sequence[Outcome]) -> pa.Table:
        """Return the rows of features of some recordings."""
        analysed = [(row.index, result) for row, result in outcomes if result is not None]
        identity = self.identity.take(pa.array([index for index, _ in analysed], pa.int64()))
        return self.rows.table(identity, [result for _, result in analysed]).cast(self.schema)

    def write_anew(self, part: parts.Range, outcomes: Sequence[Outcome]) -> None:
        """Replace some recordings of a part that is whole."""
        new = {row.index: (row, result) for row, result in outcomes}
        before = parts.read_features(self.folder, part)
        pieces, ledger, n_before = [], [], 0
        for row in parts.read_ledger(self.folder, part):
            piece = before.slice(n_before, row.rows)
            n_before += row.rows
            ledger.append(new[row.index][0] if row.index in new else row)
            pieces.append(self.features([new[row.index]]) if row.index in new else piece)
        parts.write_part(self.folder, pa.concat_tables(pieces).combine_chunks(), ledger)
