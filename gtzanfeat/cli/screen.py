"""Output: lines on standard error, tables or JSON on standard output, progress bars on terminals.

No other file of this room writes to a terminal, so that names of files and classes reach it only through
`visible`. Nothing is computed here.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from gtzanfeat.extraction import Failure

WIDE = 100_000  # characters in a line, where there is no terminal

# what a terminal obeys instead of showing it: control characters (escape among them, and those of 8 bits),
# the ends of lines and the directions of writing of Unicode, halves of characters
_OBEYED = re.compile("[\0-\t\v-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, stream: TextIO | None = None) -> str:
    r"""Write what a terminal would obey, and what its encoding lacks, as an escape such as ``\x1b``.

    Parameters
    ----------
    text : str
        Any text; ends of lines stay as they are.
    stream : text file, optional
        Where it will be written, whose encoding counts; by default any character can be.

    Returns
    -------
    str

    Examples
    --------
    >>> print(visible("\x1b[31mred.wav"))
    \x1b[31mred.wav
    """
    shown = _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def accept_all_characters() -> None:
    """Let nothing that is written fail for want of a character, the help that click writes included."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show(text: str = "") -> None:
    """Write lines to standard output."""
    click.echo(visible(text, sys.stdout))


def say(sentence: str) -> None:
    """Write one line to standard error, whatever line breaks are in the sentence."""
    click.echo(visible(f"gtzanfeat: {' '.join(sentence.split())}", sys.stderr), err=True)


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
    from gtzanfeat.progress import report_progress

    if quiet:
        yield lambda done: None
        return
    with reported_progress(quiet), report_progress(visible(words), total) as advance:
        yield advance


@contextlib.contextmanager
def reported_progress(quiet: bool) -> Iterator[None]:
    """Show what work says of itself, how far it is included, as `progress` does."""
    from gtzanfeat.progress import show_progress

    with contextlib.nullcontext() if quiet else show_progress(_Sayer()):
        yield


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
        show(first)
        for head, cell in zip(heads[1:], others, strict=True):
            if cell:
                start = f"  {head}".ljust(margin)
                show(
                    textwrap.fill(_cell(cell), width(), initial_indent=start, subsequent_indent=" " * margin)
                )


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
        grid.add_column(_cell(head), justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*map(_cell, row))
    page = io.StringIO()
    plain = Console(file=page, width=width(), color_system=None, markup=False, highlight=False, emoji=False)
    plain.print(grid)
    show("\n".join(line.rstrip() for line in page.getvalue().splitlines()))


def _cell(text: str) -> str:
    """Make one line of a cell, before it is fitted in: afterwards an escape would be too long."""
    return visible(text, sys.stdout).replace("\n", "\\n")


def print_json(plain: Mapping[str, Any]) -> None:
    """Print plain values as one JSON document.

    Parameters
    ----------
    plain : dict
        Of dicts, lists, strings, numbers and None; what is not defined (NaN) is None already.
    """
    # letters beyond ASCII as escapes, which no terminal or pipe can garble or refuse
    show(json.dumps(plain, indent=1, allow_nan=False))
