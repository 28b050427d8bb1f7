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
@click.argument("dataset", type=options.FilePath())
@click.option("--set", "set_name", metavar="NAME", help="The feature set.  [default: classic30]")
@click.option("--classifier", "-c", metavar="NAME", default="svm", show_default=True, help="See below.")
@click.option("--protocol", "-p", metavar="NAME", default="random", show_default=True, help="See below.")
@click.option("--folds", type=int, help="Folds per repeat.  [default: 10, or fewer if a class is small]")
@click.option("--repeats", type=int, help="How often folds are drawn anew.  [default: 10]")
@options.seed
@click.option(
    "--json", "json_file", metavar="FILE", type=options.FilePath(), help="Write the result there too."
)
@options.layout
@options.on_error
@options.memory
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
    memory: Path | None,
    jobs: int,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Train and test a classifier on a dataset, and print its score with all that qualifies it.

    DATASET is a copy of GTZAN, a folder with one folder per class, a manifest, or a table that
    `gtzanfeat extract` wrote; then nothing is analysed anew.
    """
    from gtzanfeat.evaluation import evaluate, plan
    from gtzanfeat.export import check_place
    from gtzanfeat.feature_sets import feature_set
    from gtzanfeat.recipes import classifier as build

    # names and places first, so that nobody waits to be told that one is wrong
    build(classifier)
    chosen = None if set_name is None else feature_set(set_name)
    if json_file is not None:
        check_place(json_file, overwrite)
    clips, extraction = _open(dataset, layout)
    screen.note(clips.notes, quiet)
    code = 0 if extraction is None else screen.failed(extraction.lost)
    n_folds = len(plan(clips, protocol, folds=folds, repeats=repeats, random_state=seed).folds)
    if extraction is None:
        chosen = chosen or feature_set("classic30")
        extraction = extract_shown(
            clips.clips, chosen, on_error=on_error, memory=memory, jobs=jobs, quiet=quiet
        )
        code = screen.failed(extraction.failures)
    elif chosen is not None and chosen.spec_hash != extraction.feature_set.spec_hash:
        held = extraction.feature_set.name
        raise ExportError(
            f"{dataset}: it holds {held}, not {chosen.name}; leave --set out, or give the recordings"
        )
    with screen.progress(f"{classifier}: training and testing", n_folds, quiet) as advance:
        result = evaluate(
            classifier,
            clips,
            protocol=protocol,
            folds=folds,
            repeats=repeats,
            random_state=seed,
            n_jobs=jobs,
            values=extraction,
            progress=advance,
        )
    click.echo(str(result))
    if not screen.watched(sys.stdout):  # the report goes elsewhere, and its warnings with it
        for warning in result.warnings:
            screen.warn(warning)
    if json_file is not None:
        _write_json(json_file, result)
    return code


def _open(path: Path, layout: str | None) -> tuple[ClipTable, Extraction | None]:
    """Load a dataset; or, if that is what it is, a table of features."""
    from gtzanfeat.datasets import load_dataset
    from gtzanfeat.export import FORMATS, read_metadata, read_table

    if layout is None and path.is_file() and path.suffix.lower() in FORMATS:
        try:
            read_metadata(path)
        except ExportError:
            pass  # a manifest, which says nothing of features
        else:
            return read_table(path)
    return load_dataset(path, layout), None


def _write_json(path: Path, result: Evaluation) -> None:
    from gtzanfeat.export import put_in_place

    text = json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n"
    try:
        with put_in_place(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{path}: cannot be written ({error.strerror or error})") from error
