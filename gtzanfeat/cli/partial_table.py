"""The part of a table that is done: written beside it while a command works, removed when the table is there.

How a table is written is the business of `gtzanfeat.export`, and when, of `gtzanfeat.extraction`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gtzanfeat.cli import screen
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.extraction import Extraction

TO_GO_ON = "to go on where a run stopped, give --memory DIR, or a folder instead of a file"


@contextlib.contextmanager
def written_meanwhile(
    where: Path, *, overwrite: bool, quote_formulas: bool = False
) -> Iterator[Callable[[ClipTable, Extraction], None]]:
    """Keep what is done in a table ``NAME.part.parquet`` (or .csv) while all of it is computed.

    Each writing replaces the last as a whole, so that it can be read at any moment. One that fails is a
    warning, and the work goes on.

    Parameters
    ----------
    where : Path
        The table to be, with the suffix of one of `FORMATS`.
    overwrite : bool
        Whether what an earlier run has left may be replaced.
    quote_formulas : bool, default=False
        As of `write_table`.

    Yields
    ------
    callable
        ``write(clips, extraction)`` writes what is done.

    Raises
    ------
    ExportError
        If an earlier run has left such a table.
    """
    from gtzanfeat.export import FORMATS, write_table

    part = where.with_name(f"{where.stem}.part{where.suffix}")
    files = FORMATS[where.suffix.lower()].files(part)
    if part.exists() and not overwrite:
        raise ExportError(
            f"{part}: an earlier run was broken off and left here what it had; move it away, or say "
            f"overwrite (--overwrite); {TO_GO_ON}"
        )
    written = False

    def write(clips: ClipTable, extraction: Extraction) -> None:
        nonlocal written
        try:
            write_table(extraction, clips, part, overwrite=True, quote_formulas=quote_formulas)
            written = True
        except ExportError as error:
            screen.warn(f"{error}; the work goes on without")

    try:
        yield write
    except BaseException:
        if written:
            screen.say(f"what was done is in {part}; {TO_GO_ON}")
        raise
    for file in files:
        file.unlink(missing_ok=True)
