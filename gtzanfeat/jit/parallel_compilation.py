"""Kernels that are not compiled yet are shared out among processes: one core alone takes ten seconds.

numba compiles one function at a time in a process. So when a kernel is missing in the cache on disk, other
processes are started, which do the same work without running a kernel, and then compile what it called from
the end. This process meanwhile goes on from the beginning, and finds there what they have made.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator

from gtzanfeat.jit.compilation import Kernel
from gtzanfeat.jit.kernel_cache import DurableCache, fcntl

MOST = 4  # processes that compile, this one included: a set has ten to forty kernels, and some take long
COMMAND = "from gtzanfeat.jit.parallel_compilation import compile_calls; compile_calls"


@contextlib.contextmanager
def compiling_in_parallel(work: Callable[[], object]) -> Iterator[None]:
    """Within the context, let other processes compile what some work needs, once a kernel is missing.

    There are as many as other cores that are idle, three at most, no more for all programs of a user; they
    end with this process. None are started by daemonic processes, where files cannot be locked (Windows), by
    programs whose interpreter is not a file called python, and more than ``GTZANFEAT_COMPILERS``, if that
    variable of the environment is set.

    Parameters
    ----------
    work : callable
        Calls the kernels. It is pickled, and called there in vain: kernels return zeros.

    Yields
    ------
    None
        Nothing: it is the same work within the context, or more.
    """
    number = _places()
    if number:
        DurableCache.when_missing = functools.partial(_start, work, number)
    try:
        yield
    finally:
        DurableCache.when_missing = None


def _places() -> int:
    """Return how many processes this one may start."""
    python = os.path.basename(sys.executable or "").startswith("python") and not hasattr(sys, "frozen")
    if fcntl is None or not python or _is_daemonic():
        return 0
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    n_idle = max(0, round(n_cores - os.getloadavg()[0]))
    asked = os.environ.get("GTZANFEAT_COMPILERS", str(MOST))
    if not asked.isdecimal():
        said = f"GTZANFEAT_COMPILERS is {asked!r}, and none are started; give a number of processes, or 0"
        warnings.warn(said, RuntimeWarning, stacklevel=2)
        return 0
    return min(n_cores - 1, n_idle, MOST - 1, int(asked))


def _is_daemonic() -> bool:
    """Return whether this process was started by another to serve it, and may start none."""
    multiprocessing = sys.modules.get("multiprocessing")  # which its own processes have imported
    return multiprocessing is not None and multiprocessing.current_process().daemon


def _start(work: Callable[[], object], number: int) -> None:
    """Start processes, as far as those that others have started leave places for them."""
    with contextlib.suppress(Exception):  # what is not shared out is compiled here
        pickled = pickle.dumps(work)
        for place in range(number):
            path = os.path.join(tempfile.gettempdir(), f"gtzanfeat-{os.getuid()}-compiler{place}.lock")
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                # the lock belongs to the open file, which the child inherits: it is let go of as that ends
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                process = subprocess.Popen(
                    [sys.executable, "-P", "-c", f"{COMMAND}({place}, {number})"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    pass_fds=[file],
                )
            except BlockingIOError:
                continue
            finally:
                os.close(file)
            atexit.register(_end, process)
            threading.Thread(target=_give, args=(process, pickled), daemon=True).start()


def _give(process: subprocess.Popen[bytes], pickled: bytes) -> None:
    """Give a process its work, and wait for its end: its input stays open as long as this process lives."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.write(pickled)
        process.stdin.flush()
    process.wait()
    with contextlib.suppress(OSError):
        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def compile_calls(place: int, number: int) -> None:
    """Be one of the processes: compile from the last kernel to the first, to meet who began with the first.

    Parameters
    ----------
    place, number : int
        Which of how many it is; each begins elsewhere.
    """
    work = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_input, daemon=True).start()
    Kernel.calls = []
    with contextlib.suppress(Exception):  # zeros are not what it expects; what has been noted by then counts
        work()
    calls = list(dict.fromkeys(Kernel.calls))[::-1]
    first = place * len(calls) // number
    for kernel, types in calls[first:] + calls[:first]:
        if not kernel.is_taken():
            kernel.compile(types)
    os._exit(0)


def _end_with_input() -> None:
    """End this process with the one that started it, even if that was killed."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)
