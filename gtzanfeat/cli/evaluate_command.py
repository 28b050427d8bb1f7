"""``gtzanfeat evaluate``: how well a classifier does under a named protocol."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import estimator_options, options, screen
from gtzanfeat.cli.extract_command import extract_shown
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.evaluation import Evaluation
    from gtzanfeat.extraction import Extraction
    from gtzanfeat.inspection import Robustness


USUAL = {"single-label": "svm", "multi-label": "logistic", "regression": "ridge"}


NO_SET = "none"  # in the place of a feature set: nothing but what is joined


class ListingCommand(click.Command):
    """A command whose help ends with the names there are; the registries are read only then."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the line as it was given, for the report."""
        ctx.meta["command line"] = shlex.join([*ctx.command_path.split(), *args])
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of classifiers, regressors and protocols, each with its sentence."""
        from gtzanfeat.augmentation import DEGRADATIONS
        from gtzanfeat.evaluation import PROTOCOLS, REGRESSORS
        from gtzanfeat.recipes import RECIPES

        with formatter.section("Classifiers (for tags, NAME-chain learns each tag from those before it)"):
            formatter.write_dl([(row.name, row.sentence) for row in RECIPES.values()])
        with formatter.section("Regressors"):
            formatter.write_dl([(row.name, row.sentence) for row in REGRESSORS.values()])
        with formatter.section("Protocols"):
            formatter.write_dl([(row.name, row.sentence) for row in PROTOCOLS.values()])
        with formatter.section("Degradations, what their strength is, and what they simulate"):
            formatter.write_dl(
                [(row.name, f"{row.meaning} ({row.unit}): {row.simulates}") for row in DEGRADATIONS.values()]
            )


@click.command("evaluate", cls=ListingCommand)
@click.argument("dataset", type=options.FilePath())
@click.option("--set", "set_name", metavar="NAME", help="The feature set.  [default: classic30]")
@click.option(
    "--join",
    metavar="FILE",
    type=options.FilePath(),
    help="Parquet with columns by recording, to stand beside the set; alone with --set none.",
)
@click.option(
    "--recipe",
    "--classifier",
    "-c",
    "classifier",
    metavar="NAME",
    help="See below.  [default: svm; logistic for tags, ridge else]",
)
@click.option(
    "--target",
    "-t",
    metavar="COLUMN",
    default="label",
    show_default=True,
    help="What to predict: label (the class), labels (tags), or a column of numbers, as target.",
)
@click.option("--protocol", "-p", metavar="NAME", default="random", show_default=True, help="See below.")
@click.option("--folds", type=int, help="Folds per repeat.  [default: 10, or fewer if a class is small]")
@click.option("--repeats", type=int, help="How often folds are drawn anew.  [default: 10]")
@click.option("--balanced", is_flag=True, help="Weigh classes so that rare ones count as much.")
@click.option(
    "--search",
    metavar="NAME=V,V...",
    multiple=True,
    help="Settings to try inside every training part, as classify__C=0.1,1,10; may be repeated.",
)
@click.option(
    "--search-kind",
    type=click.Choice(["grid", "random", "halving"]),
    default="grid",
    show_default=True,
    help="All settings, ten drawn ones, or all on few clips and the better ones on more.",
)
@click.option(
    "--inner-folds", type=click.IntRange(2), default=3, show_default=True, help="Folds of --search."
)
@click.option(
    "--segments",
    metavar="SECONDS",
    type=options.Seconds(),
    help="Learn from windows of that length; their mean decides about the recording.",
)
@click.option(
    "--importance",
    "by",
    type=click.Choice(["family", "feature", "summary", "column"]),
    help="Tell what the score owes to each, by permutation on clips not trained on.",
)
@click.option("--naive", is_flag=True, help="Show beside it what a split that leaks would score.")
@click.option(
    "--permutations",
    metavar="N",
    type=click.IntRange(1),
    help="Train on N permutations of the truth, too.",
)
@click.option(
    "--audit", "near", is_flag=True, help="Compare recordings by ear, to find copies on both sides."
)
@click.option("--strict", is_flag=True, help="Refuse folds with anything on both sides; implies --audit.")
@click.option(
    "--degrade",
    metavar="NAME[=S,S...]",
    multiple=True,
    help="Degrade test clips ever more, and print the score of each strength; may be repeated. See below.",
)
@options.seed
@click.option(
    "--save",
    metavar="DIR",
    type=options.FilePath(),
    help="Keep the result there, predictions and all, for `gtzanfeat compare`.",
)
@click.option(
    "--report",
    metavar="DIR",
    type=options.FilePath(),
    help="Write a page to look at and to send there (report.html), and the result beside it, as --save does.",
)
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
    join: Path | None,
    classifier: str | None,
    target: str,
    protocol: str,
    folds: int | None,
    repeats: int | None,
    balanced: bool,
    search: tuple[str, ...],
    search_kind: str,
    inner_folds: int,
    segments: float | None,
    by: str | None,
    naive: bool,
    permutations: int | None,
    near: bool,
    strict: bool,
    degrade: tuple[str, ...],
    seed: int,
    save: Path | None,
    report: Path | None,
    json_file: Path | None,
    layout: str | None,
    on_error: str,
    memory: Path | None,
    jobs: int,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Train and test a classifier on a dataset, and print its score with all that qualifies it.

    DATASET is a copy of GTZAN or of another dataset (see `gtzanfeat datasets`), a folder with one folder per
    class, a manifest, or a table that `gtzanfeat extract` wrote; then nothing is analysed anew. Tags
    (--target labels) and numbers (--target COLUMN) are learnt in the same way.
    """
    from gtzanfeat.evaluation import evaluate, plan
    from gtzanfeat.evaluation.storage import check_folder
    from gtzanfeat.evaluation.systems import fixes_features, system, weighted
    from gtzanfeat.evaluation.tasks import OF_COLUMN
    from gtzanfeat.export.join import join_columns
    from gtzanfeat.export.tables import check_place
    from gtzanfeat.feature_sets import feature_set
    from gtzanfeat.inspection import robustness
    from gtzanfeat.inspection.feature_importance import check_explainable, importance

    # names and places first, so that nobody waits to be told that one is wrong
    task = OF_COLUMN.get(target, "regression")
    classifier = classifier or USUAL[task]
    alone = set_name == NO_SET
    if alone and join is None:
        raise click.UsageError(f"--set {NO_SET} leaves nothing to learn from; give --join too.")
    chosen = None if set_name is None or alone else feature_set(set_name)
    model = system(classifier, task, chosen, random_state=seed, memory=memory)
    sweeps = [_sweep(words) for words in degrade]
    own_features = fixes_features(classifier)
    whole = own_features or segments is not None
    estimator = estimator_options.build(
        classifier,
        model,
        search=search,
        kind=search_kind,
        inner_folds=inner_folds,
        segments=segments,
        whole=whole,
        features=chosen,
        task=task,
        seed=seed,
        jobs=jobs,
        memory=memory,
    )
    if by is not None:
        check_explainable(model if segments is None else estimator, by, joined=join is not None)
    if json_file is not None:
        check_place(json_file, overwrite)
    if save is not None:
        check_folder(save, overwrite)
    if report is not None:
        from gtzanfeat.report.page import check_report, write_report

        check_report(report, overwrite)
    clips, extraction = _open(dataset, layout)
    if sweeps and (extraction is not None or join is not None):
        raise click.UsageError("--degrade is for recordings; give them, and neither a table nor --join.")
    if sweeps and estimator is not classifier:
        raise click.UsageError("--degrade is for a classifier by name; leave --search and --segments out.")
    screen.note(clips.notes, quiet)
    code = 0 if extraction is None else screen.failed(extraction.lost)
    laid_out = plan(clips, protocol, folds=folds, repeats=repeats, random_state=seed, target=target)
    joined = None if join is None else join_columns(clips, join)
    if whole and (joined is not None or extraction is not None):
        itself = f"{classifier}{'' if own_features else ' on segments'} measures recordings itself"
        raise ExportError(f"{join or dataset}: {itself}; give the recordings, without --join")
    if alone:
        extraction = None
    elif extraction is None and not whole:
        chosen = chosen or feature_set("classic30")
        extraction = extract_shown(
            clips.clips, chosen, on_error=on_error, memory=memory, jobs=jobs, quiet=quiet
        )
        code = screen.failed(extraction.failures)
    elif (
        extraction is not None and chosen is not None and chosen.spec_hash != extraction.feature_set.spec_hash
    ):
        held = extraction.feature_set.name
        raise ExportError(
            f"{dataset}: it holds {held}, not {chosen.name}; leave --set out, or give the recordings"
        )
    values: Any = extraction
    if join is not None:
        values = joined if extraction is None else join_columns(clips, join, extraction)
    with screen.progress(f"{classifier}: training and testing", len(laid_out.folds), quiet) as advance:
        result = evaluate(
            estimator,
            clips,
            target=target,
            protocol=protocol,
            folds=folds,
            repeats=repeats,
            random_state=seed,
            n_jobs=jobs,
            values=values,
            class_weight="balanced" if balanced else None,
            naive=naive,
            permutations=permutations,
            near_duplicates=near or strict,
            strict=strict,
            memory=memory,
            on_error="skip" if on_error == "skip" else "raise",
            progress=advance,
        )
    if join is not None:
        sources = [join.name] if extraction is None else [extraction.feature_set.name, join.name]
        result = replace(result, feature_set=" + ".join(sources))
    elif extraction is None:
        code = screen.failed(result.failures)
    if save is not None and save != report:
        result.save(save, overwrite=overwrite)
    found = [
        robustness(
            weighted(model, "balanced") if balanced else classifier,
            clips,
            name,
            strengths,
            feature_set=chosen,
            memory=memory,
            target=target,
            protocol=protocol,
            folds=folds,
            repeats=repeats,
            random_state=seed,
            n_jobs=jobs,
            on_error="skip" if on_error == "skip" else "raise",
        )
        for name, strengths in sweeps
    ]
    owed = None
    if by is not None:
        owed = importance(
            estimator,
            clips,
            feature_set=chosen,
            target=target,
            protocol=protocol,
            folds=folds,
            repeats=repeats,
            by=by,
            random_state=seed,
            n_jobs=jobs,
            values=values,
            class_weight="balanced" if balanced else None,
            on_error="skip" if on_error == "skip" else "raise",
        )
    # files before words: who closes the pipe early must not lose them
    if json_file is not None:
        _write_json(json_file, result, found)
    if report is not None:
        asked = click.get_current_context().meta["command line"]
        page = write_report(
            result,
            report,
            clips=clips,
            command=asked,
            importance=owed,
            robustness=found or None,
            overwrite=overwrite,
        )
        screen.note([f"the report is {page}"], quiet)
    click.echo(str(result))
    if not screen.watched(sys.stdout):  # the report goes elsewhere, and its warnings with it
        for warning in result.warnings:
            screen.warn(warning)
    for further in (*found, *([] if owed is None else [owed])):
        click.echo(f"\n{further}")
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


def _sweep(words: str) -> tuple[str, list[float | str]]:
    """Read ``NAME=S,S...``."""
    from gtzanfeat.inspection.degradation_robustness import find_sweep

    name, given, strengths = words.partition("=")
    row, asked = find_sweep(name, [word.strip() for word in strengths.split(",")] if given else None)
    return row.name, asked


def _write_json(path: Path, result: Evaluation, sweeps: Sequence[Robustness]) -> None:
    from gtzanfeat.export.formats import put_in_place

    plain = result.to_dict()
    if sweeps:
        plain["robustness"] = [sweep.to_dict() for sweep in sweeps]
    text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    try:
        with put_in_place(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{path}: cannot be written ({error.strerror or error})") from error
