"""Files that a command writes: held while it works, and written elsewhere if in the end they cannot be.

What is in them is the business of `gtzanfeat.export`, `evaluation` and `report`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from gtzanfeat.cli import screen
from gtzanfeat.errors import ExportError

fcntl: Any
try:
    import fcntl
except ImportError:  # on Windows, where nothing is held
    fcntl = None

ELSEWHERE = 2  # the exit code where something was not written to where it was asked for


@contextlib.contextmanager
def held(*files: Path) -> Iterator[None]:
    """Keep files from other runs; what is wrong with their folders is found out at once.

    A file is held by an open, locked file ``.NAME.lock`` beside it. The lock ends with the process, in
    whatever way, and the next run takes over and removes what a killed one has left.

    Parameters
    ----------
    *files : Path
        What will be written. Folders that are not there are made, and removed if nothing came into them.

    Raises
    ------
    ExportError
        If another run holds one of them, or a folder cannot be made or written to.
    """
    with contextlib.ExitStack() as stack:
        for file in {file.resolve(): file for file in files}.values():  # one file may have two names
            stack.callback(_remove_empty, _made(file.parent, file))
            stack.callback(_release, *_locked(file))
        yield


def write_somewhere(path: Path, write: Callable[[Path], object]) -> Path:
    """Write to a place, or else near it, so that nothing computed is lost; say where in an error.

    Parameters
    ----------
    path : Path
        The file or folder.
    write : callable
        ``write(path)`` writes it.

    Returns
    -------
    Path
        Where it was written; not `path` if that has become impossible.

    Raises
    ------
    ExportError
        If it cannot be written anywhere.
    """
    try:
        write(path)
        return path
    except (ExportError, OSError) as error:
        for folder in (path.absolute().parent, Path(), Path(tempfile.gettempdir())):
            other = folder / f"{path.stem}-{os.getpid()}{path.suffix}"
            with contextlib.suppress(ExportError, OSError):
                write(other)
                screen.error(f"{error}. What was computed is in {other}")
                return other
        raise


def _made(folder: Path, file: Path) -> list[Path]:
    """Make a folder; return those that were made, the innermost first."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{file}: its folder cannot be made ({error.strerror or error})") from error
    return made


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # it is not empty, or not there any more
            folder.rmdir()


def _locked(file: Path) -> tuple[Path, IO[str]]:
    """Open and lock the file that holds another."""
    place = file.with_name(f".{file.name}.lock")
    while True:
        try:
            lock = place.open("a+", encoding="utf-8")
        except OSError as error:
            raise ExportError(f"{file}: it cannot be written ({error.strerror or error})") from error
        lock.seek(0)
        if not _is_ours(lock):
            with lock:
                process = lock.read().strip()
            raise ExportError(
                f"{file}: another run (process {process}) is writing it; wait for it, or choose another name"
            )
        if place.exists() and os.path.samestat(os.fstat(lock.fileno()), place.stat()):
            break
        lock.close()  # the run that held it has just removed it
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return place, lock


def _is_ours(lock: IO[str]) -> bool:
    """Lock an open file, unless another process has; where files cannot be locked, nothing is held."""
    if fcntl is not None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def _release(place: Path, lock: IO[str]) -> None:
    with contextlib.suppress(OSError):  # the folder may be gone
        place.unlink()
    lock.close()
