"""Output: lines on standard error, tables on standard output, progress bars on terminals, JSON files.

Nothing is computed here.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    from gtzanfeat.extraction import Failure

WIDE = 100_000  # characters in a line, where there is no terminal


def say(sentence: str) -> None:
    """Write one line to standard error, whatever line breaks are in the sentence."""
    click.echo(f"gtzanfeat: {' '.join(sentence.split())}", err=True)


def error(sentence: str) -> None:
    """Write an error."""
    say(f"error: {sentence}")


def warn(sentence: str) -> None:
    """Write a warning."""
    say(f"warning: {sentence}")


def note(sentences: Iterable[str], quiet: bool) -> None:
    """Write notes, unless they are not wanted."""
    if not quiet:
        for sentence in sentences:
            say(f"note: {sentence}")


def list_failures(failures: Sequence[Failure]) -> int:
    """List the clips that failed; return the exit code, 1 if there are any."""
    for failure in failures:
        say(f"failed: {failure.source}: {failure.reason}")
    return 1 if failures else 0


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a Python warning as one line (takes the place of `warnings.showwarning`)."""
    warn(str(message))


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; it may have been closed from outside."""
    return stream is not None and stream.isatty()


class _Sayer(logging.Handler):
    """Writes what is logged as lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


@contextlib.contextmanager
def progress(words: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal, if the work takes a second or more; else a line every ten seconds.

    Parameters
    ----------
    words : str
        What is being done.
    total : int
        How many things there are to do.
    quiet : bool
        Show nothing.

    Yields
    ------
    callable
        To be called with the number of things just done.
    """
    from gtzanfeat.progress import report_progress, show_progress

    if quiet:
        yield lambda done: None
        return
    with show_progress(_Sayer()), report_progress(words, total) as advance:
        yield advance


def width() -> int:
    """Return the width of standard output in characters."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else WIDE


def blocks(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print each row as a block: its first cell, and below it the others, each after its heading.

    Parameters
    ----------
    heads : sequence of str
        Headings.
    rows : iterable of sequences of str
        The cells; an empty one is passed over.
    """
    margin = max(map(len, heads[1:])) + 4
    for first, *others in rows:
        click.echo(first)
        for head, cell in zip(heads[1:], others, strict=True):
            if cell:
                start = f"  {head}".ljust(margin)
                click.echo(textwrap.fill(cell, width(), initial_indent=start, subsequent_indent=" " * margin))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print a table, fitted to the terminal; without a terminal each row is one line.

    Parameters
    ----------
    heads : sequence of str
        Headings of the columns.
    rows : iterable of sequences of str
        The cells.
    right : sequence of str
        Headings of the columns that are aligned to the right.
    """
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        grid.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*row)
    page = io.StringIO()
    plain = Console(file=page, width=width(), color_system=None, markup=False, highlight=False, emoji=False)
    plain.print(grid)
    click.echo("\n".join(line.rstrip() for line in page.getvalue().splitlines()))


def write_json(plain: Mapping[str, Any], path: Path) -> None:
    """Write plain values as JSON, whole or not at all.

    Parameters
    ----------
    plain : dict
        Of dicts, lists, strings and numbers.
    path : Path
        Where to.

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    from gtzanfeat.export.formats import put_in_place

    text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    try:
        with put_in_place(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{path}: cannot be written ({error.strerror or error})") from error
