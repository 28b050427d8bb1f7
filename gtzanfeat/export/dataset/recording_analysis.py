"""One recording after another becomes a row of the ledger and, where it can be analysed, rows of features."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gtzanfeat.errors import ClipError, MissingClipError
from gtzanfeat.export.dataset.clip_rows import PROBE_RATE, ClipRows, probe_sound
from gtzanfeat.export.dataset.ledger import LedgerRow
from gtzanfeat.extraction.cache import content_hash
from gtzanfeat.extraction.parallel import ClipAnalyser
from gtzanfeat.extraction.worker_processes import Lost

Outcome = tuple[LedgerRow, tuple[np.ndarray, ...] | None]


@dataclass(frozen=True)
class RecordingAnalysis:
    """Analyses recordings, and keeps a record of those that fail.

    Parameters
    ----------
    rows : ClipRows
        What the rows of the dataset are.
    analyser : ClipAnalyser
        From `rows`.
    """

    rows: ClipRows
    analyser: ClipAnalyser

    def prepare(self) -> None:
        """Have all kernels compiled or loaded, by analysing a known sound."""
        replace(self.analyser, cache=None).analyse((probe_sound(), PROBE_RATE), 0)

    def __call__(self, task: Sequence[tuple[int, Any]]) -> list[Outcome]:
        """Analyse some recordings, one after the other.

        Parameters
        ----------
        task : sequence of (int, path or Clip)
            Each with its place in the list of inputs.

        Returns
        -------
        list of (LedgerRow, result)
            What became of each, and what the analyser gave of it, None if it failed.
        """
        own = replace(self.analyser)  # an analysis is for one thread
        return [self._outcome(own, index, clip) for index, clip in task]

    def _outcome(self, analyser: ClipAnalyser, index: int, clip: Any) -> Outcome:
        start = time.monotonic()
        row = _unread(index, clip)
        try:
            if row.size is not None:
                row = replace(row, content_hash=content_hash(row.path).hex())
        except OSError:
            pass  # of which the analysis says more
        result = None
        try:
            result = analyser.analyse(clip, index)
        except MissingClipError as error:
            row = replace(row, status="missing", message=f"{error.reason}; {error.remedy}")
        except ClipError as error:
            row = replace(row, status="undecodable", message=f"{error.reason}; {error.remedy}")
        except MemoryError:
            reason = "there is not enough memory for it; give fewer workers, or leave it out"
            row = replace(row, status="crashed", message=reason)
        except Exception as error:  # a mistake of this package must not end a run of days
            reason = f"{type(error).__name__}: {error}; please report it, with the file if you can"
            row = replace(row, status="crashed", message=reason)
        if result is not None:
            row = self._analysed(row, result)
        if row.message is not None:
            row = replace(row, message=row.message.encode("utf-8", "backslashreplace").decode())
        return replace(row, seconds_spent=time.monotonic() - start), result

    def _analysed(self, row: LedgerRow, result: tuple[np.ndarray, ...]) -> LedgerRow:
        rate, n_channels, peak, clipped = (None if np.isnan(x) else float(x) for x in result[3])
        return replace(
            row,
            status=_status(str(result[2])),
            rows=self.rows.n_rows(result),
            seconds=float(result[1]),
            channels=n_channels,
            rate=rate,
            peak=peak,
            clipped=clipped,
        )


def lost_outcomes(task: Sequence[tuple[int, Any]], lost: Lost) -> list[Outcome]:
    """Return what became of recordings that no worker finished.

    Parameters
    ----------
    task : sequence of (int, path or Clip)
        The recordings.
    lost : Lost
        How they were lost.

    Returns
    -------
    list of (LedgerRow, None)
        Like that of `RecordingAnalysis`.
    """
    status, remedy = "timed out", "give it more time, or leave it out"
    if lost.exit_code is not None:
        status, remedy = "crashed", "give fewer workers if memory is short, or leave it out"
    words = f"{lost.reason}; {remedy}"
    return [
        (replace(_unread(index, clip), status=status, message=words, seconds_spent=lost.seconds), None)
        for index, clip in task
    ]


def file_state(path: str) -> tuple[int | None, int | None]:
    """Return size in bytes and time stamp in ns of a file, None for both if there is none.

    Parameters
    ----------
    path : str
        A file.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return found.st_size, found.st_mtime_ns


def _unread(index: int, clip: Any) -> LedgerRow:
    path = os.fspath(getattr(clip, "source", clip))
    size, mtime_ns = file_state(path)
    nothing = (None,) * 5
    return LedgerRow(index, path, None, "undecodable", 0, *nothing, None, 0.0, size, mtime_ns)


def _status(flags: str) -> str:
    """Return the status of a recording that was analysed, by its flags (a line per window)."""
    windows = [set(line.split()) for line in flags.split("\n")]
    if any("truncated" in flags for flags in windows):
        return "truncated"
    if all("silent" in flags for flags in windows):
        return "silent"
    short = all(any(flag.startswith("padded_") for flag in flags) for flags in windows)
    return "short" if short else "ok"
