"""Files that a command writes: held while it works, and written elsewhere if in the end they cannot be.

What is in them is the business of `gtzanfeat.export`, `evaluation` and `report`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gtzanfeat.cli import screen
from gtzanfeat.errors import ExportError

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
    from gtzanfeat.export.file_locks import hold

    with contextlib.ExitStack() as stack:
        for file in {file.resolve(): file for file in files}.values():  # one file may have two names
            stack.callback(_remove_empty, _made(file.parent, file))
            stack.enter_context(hold(file.with_name(f".{file.name}.lock"), file))
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
