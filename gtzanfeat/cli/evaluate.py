"""``gtzanfeat evaluate``: how well a classifier does under a named protocol."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gtzanfeat.cli import options, screen
from gtzanfeat.cli.extract import extract_shown
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.evaluation import Evaluation
    from gtzanfeat.extraction import Extraction


class ListingCommand(click.Command):
    """A command whose help ends with the names there are; the registries are read only then."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of classifiers and protocols, each with its sentence."""
        from gtzanfeat.evaluation import PROTOCOLS
        from gtzanfeat.recipes import RECIPES

        with formatter.section("Classifiers"):
            formatter.write_dl([(row.name, row.sentence) for row in RECIPES.values()])
        with formatter.section("Protocols"):
            formatter.write_dl([(row.name, row.sentence) for row in PROTOCOLS.values()])


@click.command("evaluate", cls=ListingCommand)
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--set", "set_name", metavar="NAME", help="The feature set.  [default: classic30]")
@click.option("--classifier", "-c", metavar="NAME", default="svm", show_default=True, help="See below.")
@click.option("--protocol", "-p", metavar="NAME", default="random", show_default=True, help="See below.")
@click.option("--folds", type=int, help="Folds per repeat.  [default: 10, or fewer if a class is small]")
@click.option("--repeats", type=int, help="How often folds are drawn anew.  [default: 10]")
@options.seed
@click.option(
    "--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the result there too."
)
@options.layout
@options.on_error
@options.jobs()
@options.overwrite
@options.quiet
def command(
    dataset: Path,
    set_name: str | None,
    classifier: str,
    protocol: str,
    folds: int | None,
    repeats: int | None,
    seed: int,
    json_file: Path | None,
    layout: str | None,
    on_error: str,
    jobs: int,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Train and test a classifier on a dataset, and print its score with all that qualifies it.

    DATASET is a copy of GTZAN, a folder with one folder per class, a manifest, or a table that
    `gtzanfeat extract` wrote; then nothing is analysed anew.
    """
    from gtzanfeat.evaluation import evaluate, plan
    from gtzanfeat.feature_sets import feature_set
    from gtzanfeat.recipes import classifier as build

    build(classifier)  # names and places first, so that nobody waits for the news that one is wrong
    chosen = None if set_name is None else feature_set(set_name)
    if json_file is not None and json_file.exists() and not overwrite:
        raise ExportError(f"{json_file}: the file exists already; choose another name or allow overwriting")
    clips, extraction, code = _open(dataset, layout, set_name)
    screen.note(clips.notes, quiet)
    drawn = {"folds": folds, "repeats": repeats, "random_state": seed}
    n_folds = len(plan(clips, protocol, folds=folds, repeats=repeats, random_state=seed).folds)
    if extraction is None:
        chosen = feature_set(set_name or "classic30")
        extraction = extract_shown(clips, chosen, on_error=on_error, jobs=jobs, quiet=quiet)
        code = screen.failed(extraction.failures)
    ...
    return code
