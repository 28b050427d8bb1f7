"""Longer work: results of many tasks as they become ready, and how far the work is.

Tasks run under joblib, so that `joblib.parallel_config` decides where. Work reports itself; what is reported
is heard by whoever listens to the logger "gtzanfeat", and shown where `show_progress` asks for it. Nothing is
printed otherwise.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import logging
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["show_progress"]

LOGGER = logging.getLogger("gtzanfeat")
LOGGER.addHandler(logging.NullHandler())

PATIENCE = 1.0  # seconds; shorter work shows no bar
EVERY = 10.0  # seconds from line to line
TASKS_PER_WORKER = 8  # run at a time by a backend that gives results only when all are there

_working = threading.Lock()  # held by the work that is reported
_watchers = 0  # how many `show_progress` are open


def needs_joblib(n_jobs: int | None) -> bool:
    """Return whether joblib has a say in where work is done; if not, it is not imported, which takes long.

    Parameters
    ----------
    n_jobs : int or None
        Workers, as in joblib.

    Returns
    -------
    bool
        False for one worker or None, if nobody has imported joblib: then nobody has configured it either.
    """
    return n_jobs not in (None, 1) or "joblib" in sys.modules


def ordered_results(
    tasks: Iterable[Any], n_jobs: int | None, *, prefer: str | None = None, parallel: Any = None
) -> Generator[Any, None, None]:
    """Run tasks in parallel, and yield their results in the order of the tasks, each as soon as it can be.

    Parameters
    ----------
    tasks : iterable
        Of `joblib.delayed` calls; they are taken as workers become free.
    n_jobs : int or None
        Workers, as in joblib.
    prefer : {"threads", "processes"}, optional
        Kind of worker where `joblib.parallel_config` names no backend.
    parallel : type, optional
        What runs them, by default `joblib.Parallel`: scikit-learn's `Parallel` hands its configuration on.

    Yields
    ------
    object
        The result of a task. Backends that give a list when all tasks are done (ray, multiprocessing) run
        them in rounds of eight per worker, so that memory is bounded and progress is seen.

    Examples
    --------
    >>> import joblib
    >>> list(ordered_results((joblib.delayed(abs)(i) for i in (-1, 2, -3)), n_jobs=2, prefer="threads"))
    [1, 2, 3]
    """
    import joblib

    parallel = parallel or joblib.Parallel
    try:
        running = parallel(n_jobs=n_jobs, prefer=prefer, return_as="generator")
    except ValueError:  # the backend has no generators
        waiting = iter(tasks)
        with parallel(n_jobs=n_jobs, prefer=prefer) as workers:  # which stay from round to round
            n_tasks = TASKS_PER_WORKER * joblib.effective_n_jobs(workers.n_jobs)
            while part := list(itertools.islice(waiting, n_tasks)):
                yield from workers(part)
        return
    with contextlib.closing(running(tasks)) as results:
        yield from results


@dataclass
class _Work:
    """Something that takes a while, and how far it is."""

    words: str
    total: int
    done: int = 0
    start: float = field(default_factory=time.monotonic)

    def advance(self, done: int) -> None:
        self.done += done

    def line(self) -> str:
        if not 0 < self.done <= self.total:
            return f"{self.words}: {self.done} of {self.total}"
        left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
        return f"{self.words}: {self.done} of {self.total}, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{round(minutes / 60)} h"


@contextlib.contextmanager
def report_progress(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """Report how far some work is; within other work, which is reported as a whole, do nothing.

    Parameters
    ----------
    words : str
        What is being done.
    total : int
        How many things there are to do.

    Yields
    ------
    callable
        To be called with the number of things just done.
    """
    if not _working.acquire(blocking=False):
        yield lambda done: None
        return
    try:
        work = _Work(words, total)
        with (_bar if _watchers and _can_draw() else _lines)(work) as advance:
            yield advance
    finally:
        _working.release()


@contextlib.contextmanager
def show_progress(handler: logging.Handler | None = None) -> Iterator[None]:
    """Show how far the extraction of features and the training in folds are, while in this context.

    On a terminal, and in a notebook with ipywidgets, it is a bar with the time that is left; elsewhere a line
    on standard error every ten seconds. The same lines are always given to the logger ``"gtzanfeat"`` at the
    level INFO, for programs that log.

    Parameters
    ----------
    handler : logging.Handler, optional
        What writes the lines; by default those of the program, or one for standard error if it has none.

    Yields
    ------
    None
        There is nothing to be had.

    Examples
    --------
    >>> import numpy as np
    >>> from gtzanfeat import ClipFeatures
    >>> noise = np.random.default_rng(0).uniform(-1, 1, (4, 22050))
    >>> with show_progress():
    ...     table = ClipFeatures("timbre19").fit_transform(noise)
    """
    global _watchers
    if handler is None and logging.getLogger().handlers:
        handler = logging.NullHandler()  # the program logs, and a second line would say the same
    if handler is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("gtzanfeat: %(message)s"))
    level = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(min(LOGGER.getEffectiveLevel(), logging.INFO))
    _watchers += 1
    try:
        yield
    finally:
        _watchers -= 1
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)


def _can_draw() -> bool:
    """Whether standard error is a terminal, or this is a notebook that can show a bar."""
    if sys.stderr is None:
        return False
    if sys.stderr.isatty():
        return True
    shell = sys.modules.get("IPython")
    notebook = shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
    return notebook and importlib.util.find_spec("ipywidgets") is not None


@contextlib.contextmanager
def _bar(work: _Work) -> Iterator[Callable[[int], None]]:
    """Draw a bar, if the work takes a second or more."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    display = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = display.add_task(work.words, total=work.total)
    # by a clock and not by the first report: the first clip may have to wait for the compiler
    start = threading.Timer(PATIENCE, display.start)
    start.start()
    try:
        yield lambda done: display.advance(task, done)
    finally:
        start.cancel()
        start.join()
        display.stop()


@contextlib.contextmanager
def _lines(work: _Work) -> Iterator[Callable[[int], None]]:
    """Log a line every ten seconds, if anybody listens."""
    if not LOGGER.isEnabledFor(logging.INFO):
        yield work.advance
        return
    finished = threading.Event()

    def say() -> None:
        while not finished.wait(EVERY):
            LOGGER.info(work.line())

    sayer = threading.Thread(target=say, daemon=True)
    sayer.start()
    try:
        yield work.advance
    finally:
        finished.set()
        sayer.join()
