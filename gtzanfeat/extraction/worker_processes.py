"""Workers that can be killed: processes that do one task at a time, and are replaced when they hang or die.

joblib's workers (`parallel`) are quicker and are the usual way. These are for recordings that may hang the
decoder, or take a worker's life.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection
from typing import Any

from gtzanfeat.errors import GtzanfeatError

AHEAD = 32  # tasks per worker that may be done while an earlier one is still waited for
ATTEMPTS = 2  # a worker may have been killed for what another program did
STARTS = 5  # workers that may be killed, one after the other, before any can work


@dataclass(frozen=True)
class Lost:
    """What becomes of a task that no worker finished.

    Parameters
    ----------
    seconds : float
        How long the last worker was at it.
    exit_code : int, optional
        How the worker ended, negative for a signal; None if the time was up.
    """

    seconds: float
    exit_code: int | None = None

    @property
    def reason(self) -> str:
        """What happened, in words."""
        if self.exit_code is None:
            return f"it was given up after {self.seconds:.3g} s"
        return f"the worker process at it ended {_how(self.exit_code)}, {ATTEMPTS} times"


def _how(exit_code: int) -> str:
    """Say how a process ended."""
    return f"by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"with exit code {exit_code}"


@contextlib.contextmanager
def in_processes(
    work: Callable[[Any], Any], tasks: Iterable[Any], n_jobs: int | None, timeout: float | None = None
) -> Iterator[Iterator[Any]]:
    """Do tasks in processes that are killed when a task takes too long; all end with the context.

    Parameters
    ----------
    work : callable
        ``work(task)``; it travels to each process once. If it has a method ``prepare``, that is called there
        before any time is taken. An error that it raises is raised here.
    tasks : iterable
        What to call it with. No more of them are taken than are worked on, or wait for an earlier one.
    n_jobs : int or None
        How many processes, as of `gtzanfeat.extract`.
    timeout : float, optional
        Seconds that a task may take.

    Yields
    ------
    iterator
        The result of each task, in their order; `Lost` for one that took longer, or whose worker died twice.

    Raises
    ------
    GtzanfeatError
        If a process ends before it can work.
    """
    import joblib

    pool = _Pool(work, joblib.effective_n_jobs(n_jobs), timeout)
    try:
        yield pool.results(tasks)
    finally:
        for worker in pool.workers:
            worker.kill()


@dataclass(eq=False)
class _Worker:
    """One process, and the task that it has, if any."""

    process: Any
    pipe: connection.Connection
    ready: bool = False
    number: int | None = None  # of the task
    task: Any = None
    start: float = 0.0

    @classmethod
    def started(cls, work: Callable[[Any], Any]) -> _Worker:
        # not forked: a copy of a process that has threads may stand still for ever
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, number: int, task: Any) -> None:
        self.number, self.task, self.start = number, task, time.monotonic()
        with contextlib.suppress(OSError):  # it has just died, which is seen when it is listened to
            self.pipe.send(task)

    def kill(self) -> int:
        """End it; return its exit code."""
        self.process.kill()
        self.process.join()
        code: int = self.process.exitcode
        self.process.close()
        self.pipe.close()
        return code


@dataclass(eq=False)
class _Pool:
    work: Callable[[Any], Any]
    n_workers: int
    timeout: float | None
    workers: list[_Worker] = field(default_factory=list)
    n_stillborn: int = 0  # workers killed since the last that could work

    def results(self, tasks: Iterable[Any]) -> Iterator[Any]:
        waiting = enumerate(tasks)
        again: deque[tuple[int, Any]] = deque()  # tasks whose worker died
        attempts: dict[int, int] = {}
        done: dict[int, Any] = {}
        upcoming = 0  # number of the result that is given out next
        exhausted = False
        while True:
            while upcoming in done:
                yield done.pop(upcoming)
                upcoming += 1
            self._fill(exhausted)
            for worker in self.workers:
                if not worker.ready or worker.number is not None:
                    continue
                if again:
                    worker.give(*again.popleft())
                elif len(done) < AHEAD * self.n_workers:
                    following = next(waiting, None)
                    exhausted = exhausted or following is None
                    if following is not None:
                        worker.give(*following)
            if exhausted and not again and all(worker.number is None for worker in self.workers):
                yield from (done[number] for number in sorted(done))
                return
            for number, task, result in self._heard():
                if isinstance(result, Lost) and result.exit_code is not None:
                    attempts[number] = attempts.get(number, 0) + 1
                    if attempts[number] < ATTEMPTS:
                        again.append((number, task))
                        continue
                attempts.pop(number, None)
                done[number] = result

    def _fill(self, exhausted: bool) -> None:
        """Start what is missing of workers."""
        if not exhausted or not self.workers:
            missing = self.n_workers - len(self.workers)
            self.workers += [_Worker.started(self.work) for _ in range(missing)]

    def _heard(self) -> list[tuple[int, Any, Any]]:
        """Wait for workers; return number, task and result of what is done or lost."""
        now = time.monotonic()
        busy = [worker for worker in self.workers if worker.number is not None]
        wait = None
        if self.timeout is not None and busy:
            wait = max(0.0, min(worker.start for worker in busy) + self.timeout - now)
        talking = connection.wait([worker.pipe for worker in self.workers], wait)
        heard = []
        for worker in list(self.workers):
            if worker.pipe in talking:
                heard += self._message(worker)
            elif worker.number is not None and self.timeout is not None:
                spent = time.monotonic() - worker.start
                if spent >= self.timeout:
                    heard.append((worker.number, worker.task, Lost(spent)))
                    self.workers.remove(worker)
                    worker.kill()
        return heard

    def _message(self, worker: _Worker) -> list[tuple[int, Any, Any]]:
        """Take in what a worker says, or that it says nothing any more."""
        number, task, spent = worker.number, worker.task, time.monotonic() - worker.start
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            self.workers.remove(worker)
            worker.process.join(1.0)
            code = worker.kill()
            if not worker.ready:
                self.n_stillborn += 1
                if code >= 0 or self.n_stillborn == STARTS:
                    raise GtzanfeatError(
                        f"a worker process cannot start (it ended {_how(code)}); give fewer workers if "
                        "memory is short, and in a script, put what it does under "
                        '`if __name__ == "__main__":`'
                    ) from None
            return [] if number is None else [(number, task, Lost(spent, code))]
        if isinstance(result, BaseException):
            raise result
        worker.ready, worker.number, worker.task = True, None, None
        self.n_stillborn = 0
        return [] if number is None else [(number, task, result)]


def _serve(pipe: connection.Connection, work: Callable[[Any], Any]) -> None:
    """Be a worker: take tasks and give results, until there is nobody to give them to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    getattr(work, "prepare", lambda: None)()
    pipe.send(None)  # ready
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                result = work(task)
            except Exception as error:
                result = error
            pipe.send(result)


def _end_with_parent() -> None:
    """End this process with the one that started it, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
