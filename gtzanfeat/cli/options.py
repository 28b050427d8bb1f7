"""Options that several commands share, so that they mean the same everywhere.

What only one command takes is declared beside that command.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FilePath(click.Path):
    """A path; an empty word, which `Path` would take for the current folder, is refused."""

    def __init__(self, file_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Make a `Path` of a word."""
        if value == "":
            self.fail("the path is empty.", param, ctx)
        return super().convert(value, param, ctx)


class DatasetPath(FilePath):
    """The path of a dataset or recording, or its URL, which stays a str: `Path` takes a slash out of it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Make a `Path` of a word, unless it is a URL."""
        from gtzanfeat.audio.remote_files import is_url

        return value if is_url(value) else super().convert(value, param, ctx)


class Seconds(click.FloatRange):
    """Seconds, a hundredth or more; `FloatRange` alone would let NaN and infinity by."""

    def __init__(self) -> None:
        super().__init__(min=0.01)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Make a number of a word."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return number


def names(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Read names with commas between them, as one line of CSV."""
    if value is None:
        return None
    found = tuple(filter(None, map(str.strip, next(csv.reader([value], skipinitialspace=True), []))))
    if not found:
        raise click.BadParameter("there is no name in it.")
    return found


def _workers(ctx: click.Context, option: click.Parameter, value: int) -> int:
    if value == 0:
        raise click.BadParameter("0 workers would never finish; give 1 or more, or -1 for one per core.")
    return value


def jobs(default: int = 1) -> Decorator:
    """Make the option ``--jobs``."""
    words = "Workers; -1 is one per core. The numbers do not depend on it."
    return click.option(
        "--jobs", "-j", type=int, default=default, show_default=True, callback=_workers, help=words
    )


on_error = click.option(
    "--on-error",
    type=click.Choice(["skip", "raise"]),
    default="skip",
    show_default=True,
    help="A clip that cannot be analysed: name it, go on and exit with 1; or stop there and exit with 2.",
)
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress and no notes.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
layout = click.option(
    "--layout",
    metavar="NAME",
    help="How the dataset lies on disk, see `gtzanfeat datasets`.  [default: as it looks]",
)
memory = click.option(
    "--memory",
    metavar="DIR",
    type=FilePath(),
    help="A folder where results are kept, so that no recording is analysed twice for a set.",
)
gpu = click.option(
    "--gpu",
    is_flag=True,
    help="Analyse recordings in batches on a GPU; pip install 'gtzanfeat[gpu]'. --jobs then counts decoders.",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="INTEGER",
    default=0,
    show_default=True,
    help="Seeds all that is random.",
)
protocol = click.option(
    "--protocol",
    "-p",
    metavar="NAME",
    default="random",
    show_default=True,
    help="How recordings are divided into training and test; listed by `gtzanfeat evaluate --help`.",
)
target = click.option(
    "--target",
    "-t",
    metavar="COLUMN",
    default="label",
    show_default=True,
    help="What to predict: label (the class), labels (tags), or a column of numbers, as target.",
)
classes = click.option(
    "--classes",
    metavar="A,B...",
    callback=names,
    help="Only these classes; one with a comma in its name stands in quotes.",
)
drop_lone = click.option(
    "--drop-lone",
    is_flag=True,
    help="Leave out classes with too few recordings or artists for the protocol.",
)
cv = click.option("--cv", type=int, help="Folds per repeat.  [default: 10, or fewer if a class is small]")
repeats = click.option("--repeats", type=int, help="How often folds are drawn anew.  [default: 10]")
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text, for programs."
)


def select_classes(
    clips: ClipTable, chosen: tuple[str, ...] | None, drop_lone: bool, protocol: str, target: str
) -> ClipTable:
    """Return the clips that ``--classes`` and ``--drop-lone`` leave."""
    from gtzanfeat.evaluation import drop_lone_classes

    if chosen is not None:
        clips = clips.select_classes(chosen)
    return drop_lone_classes(clips, protocol, target=target) if drop_lone else clips
