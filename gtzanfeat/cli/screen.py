"""Output: lines on standard error, tables or JSON on standard output, progress bars on terminals.

Nothing is computed here.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from gtzanfeat.extraction import Failure

PATIENCE = 1.0  # seconds; shorter work shows no progress
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


@contextlib.contextmanager
def progress(words: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar, if the work takes a second or more and standard error is a terminal.

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
    if quiet or not is_terminal(sys.stderr):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    display = Progress(*columns, console=Console(stderr=True), transient=True)
    task = display.add_task(words, total=total)
    # by a clock and not by the first report: the first clip may have to wait for the compiler
    start = threading.Timer(PATIENCE, display.start)
    start.start()
    try:
        yield lambda done: display.advance(task, done)
    finally:
        start.cancel()
        start.join()
        display.stop()


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


def print_json(plain: Mapping[str, Any]) -> None:
    """Print plain values as one JSON document.

    Parameters
    ----------
    plain : dict
        Of dicts, lists, strings, numbers and None; what is not defined (NaN) is None already.
    """
    # letters beyond ASCII as escapes, which no terminal or pipe can garble or refuse
    click.echo(json.dumps(plain, indent=1, allow_nan=False))
