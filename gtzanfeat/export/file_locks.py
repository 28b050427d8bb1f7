"""Files that are held by one process at a time: a lock file says which, and ends with it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from gtzanfeat.errors import ExportError

fcntl: Any
try:
    import fcntl
except ImportError:  # on Windows, where nothing is held
    fcntl = None


@contextlib.contextmanager
def hold(place: Path, what: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold something by a lock file; the next run takes over what a killed one has left.

    Parameters
    ----------
    place : Path
        The lock file, which is made, and removed in the end.
    what : Path
        What is held by it, for the words of errors.
    wait : bool, default=False
        Whether to wait for another run that holds it, instead of raising an error.

    Raises
    ------
    ExportError
        If another run holds it, or the lock file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, hold(Path(folder, ".lock"), Path(folder)):
    ...     [path.name for path in Path(folder).iterdir()]
    ['.lock']
    """
    lock = _locked(place, what, wait)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone
            place.unlink()
        lock.close()


def _locked(place: Path, what: Path, wait: bool) -> IO[str]:
    """Open and lock a lock file."""
    while True:
        try:
            lock = place.open("a+", encoding="utf-8")
        except OSError as error:
            raise ExportError(f"{what}: it cannot be written ({error.strerror or error})") from error
        lock.seek(0)
        if not _is_ours(lock, wait):
            with lock:
                process, _, host = lock.read().strip().partition(" on ")
            where = f" on {host}" if host not in ("", socket.gethostname()) else ""
            raise ExportError(
                f"{what}: another run (process {process}{where}) is writing it; wait for it, or choose "
                "another name"
            )
        if place.exists() and os.path.samestat(os.fstat(lock.fileno()), place.stat()):
            break
        lock.close()  # the run that held it has just removed it
    lock.truncate(0)
    lock.write(f"{os.getpid()} on {socket.gethostname()}\n")
    lock.flush()
    return lock


def _is_ours(lock: IO[str], wait: bool) -> bool:
    """Lock an open file, unless another process has; where files cannot be locked, nothing is held."""
    if fcntl is not None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True
