"""``gtzanfeat evaluate``: the score of a classifier under a named protocol, and what qualifies it.

Options become an `Experiment`, which is evaluated; what the options of the estimator stand for is in
`estimator_options`, and results are written and printed in `evaluate_results`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import estimator_options, evaluate_results, options, outputs, screen
from gtzanfeat.cli.evaluate_options import EvaluateOptions
from gtzanfeat.cli.extract_command import extract_with_progress
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    from gtzanfeat.cli.estimator_options import NamedSystem
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.evaluation import Experiment
    from gtzanfeat.extraction import Extraction


class ListingCommand(click.Command):
    """A command whose help ends with the names of classifiers, regressors, protocols and degradations."""

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
    help="Parquet or CSV with columns by recording, to stand beside the set; alone with --set none.",
)
@click.option(
    "--drop",
    metavar="COLUMN",
    multiple=True,
    help="A column of --join to leave out, such as one that numbers the rows; may be repeated.",
)
@click.option(
    "--recipe",
    "--classifier",
    "-c",
    "classifier",
    metavar="NAME",
    help="See below.  [default: svm; logistic for tags, ridge else]",
)
@options.target
@options.classes
@options.drop_lone
@options.protocol
@options.cv
@options.repeats
@click.option("--balanced", is_flag=True, help="Weigh classes so that rare ones count as much.")
@click.option(
    "--search",
    metavar="NAME=V,V...",
    multiple=True,
    help="Settings to try inside every training part, as classify__C=0.1,1,10; may be repeated. Folds are "
    "then drawn once, unless --repeats says more.",
)
@click.option(
    "--search-kind",
    type=click.Choice(["grid", "random", "halving"]),
    default="grid",
    show_default=True,
    help="All settings, ten drawn ones, or all on few clips and the better ones on more.",
)
@click.option("--inner-cv", type=click.IntRange(2), default=3, show_default=True, help="Folds of --search.")
@click.option(
    "--segments",
    metavar="SECONDS",
    type=options.Seconds(),
    help="Learn from windows of that length; their mean decides about the recording. The last partial window "
    "is left out, unless it is the only one.",
)
@click.option(
    "--importance",
    "by",
    type=click.Choice(["family", "feature", "summary", "column"]),
    help="Permutation importance of each, on clips not trained on.",
)
@click.option("--naive", is_flag=True, help="Show beside it what a split that leaks would score.")
@click.option(
    "--permutations",
    metavar="N",
    type=click.IntRange(1),
    help="Train on N permutations of the truth, too.",
)
@click.option(
    "--near-duplicates",
    is_flag=True,
    help="Compare recordings by their fingerprints, too, to find copies on both sides.",
)
@click.option(
    "--strict", is_flag=True, help="Refuse folds with anything on both sides, near-duplicates included."
)
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
    "--links", is_flag=True, help="Let the page of --report link to the recordings, relative to the page."
)
@options.as_json
@options.layout
@options.on_error
@options.memory
@options.gpu
@options.jobs()
@options.overwrite
@options.quiet
def command(**words: Any) -> int:
    """Train and test a classifier on a dataset, and print its score with all that qualifies it.

    DATASET is a copy of GTZAN or of another dataset (see `gtzanfeat datasets`), a folder with one folder per
    class, a manifest, or a table that `gtzanfeat extract` wrote; then nothing is analysed anew. Tags
    (--target labels) and numbers (--target COLUMN) are learnt in the same way.
    """
    chosen = EvaluateOptions(**words)
    if chosen.links and chosen.report is None:
        raise click.UsageError("--links are on the page of --report; give it, too.")
    if chosen.gpu and (chosen.segments is not None or chosen.without_set):
        raise click.UsageError("--gpu is for whole recordings; leave out --segments, and --set none.")
    # names and places first, so that nobody waits to be told that one is wrong
    system = estimator_options.named_system(chosen)
    if chosen.drop and chosen.join is None:
        raise click.UsageError("--drop is for columns of --join; give it too.")
    sweeps = [_sweep(sweep) for sweep in chosen.degrade]
    with outputs.held(*evaluate_results.check_places(chosen)):
        return _evaluate(chosen, system, sweeps)


def _evaluate(
    chosen: EvaluateOptions, system: NamedSystem, sweeps: Sequence[tuple[str, list[float | str]]]
) -> int:
    """Evaluate, write and print; return the exit code."""
    from gtzanfeat.inspection import importance, robustness

    clips, table = _selected(chosen, *_open(chosen.dataset, chosen.layout))
    if sweeps and (table is not None or chosen.join is not None):
        raise click.UsageError("--degrade is for recordings; give them, and neither a table nor --join.")
    if chosen.gpu and table is not None:
        raise click.UsageError("--gpu is for recordings; a table has its features already.")
    screen.note(clips.notes, chosen.quiet)
    code = 0 if table is None else screen.list_failures(table.lost)
    experiment = _experiment(chosen, system, clips, table)
    code |= screen.list_failures(experiment.features.failures)
    n_folds = len(experiment.plan.folds)
    with screen.progress(f"{system.name}: training and testing", n_folds, chosen.quiet) as advance:
        result = experiment.evaluate(naive=chosen.naive, permutations=chosen.permutations, progress=advance)
    robustness_results = [robustness(experiment, name, strengths) for name, strengths in sweeps]
    importance_result = None if chosen.by is None else importance(experiment, by=chosen.by)
    # files before words: who closes the pipe early must not lose them
    try:
        whole = evaluate_results.write(chosen, experiment, result, robustness_results, importance_result)
    finally:
        evaluate_results.show(chosen, result, robustness_results, importance_result)
    return code if whole else outputs.ELSEWHERE


def _experiment(
    chosen: EvaluateOptions, system: NamedSystem, clips: ClipTable, table: Extraction | None
) -> Experiment:
    """Return the experiment, checked as a whole before its features are extracted or joined."""
    from gtzanfeat.evaluation import Experiment
    from gtzanfeat.evaluation.controls import refuse_needless_naive_split
    from gtzanfeat.export import join_columns
    from gtzanfeat.inspection.feature_importance import named_columns

    experiment = Experiment(
        system.estimator,
        clips,
        target=chosen.target,
        feature_set=system.features,
        protocol=chosen.protocol,
        cv=chosen.cv,
        repeats=chosen.repeats,
        class_weight="balanced" if chosen.balanced else None,
        near_duplicates=chosen.near_duplicates,
        strict=chosen.strict,
        random_state=chosen.seed,
        n_jobs=chosen.jobs,
        memory=chosen.memory,
        array_backend="cupy" if chosen.gpu else None,
        on_error=chosen.on_error,
    )
    if system.extracts and (chosen.join is not None or table is not None):
        whose = system.name if chosen.segments is None else f"{system.name} on segments"
        raise ExportError(
            f"{chosen.join or chosen.dataset}: {whose} extracts features of recordings itself; give the "
            "recordings, without --join"
        )
    # what does not fit is told of before hours of analysis
    joined = None if chosen.join is None else join_columns(clips, chosen.join, drop=chosen.drop)
    _refuse_other_set(chosen, system, table)
    values = table if joined is None else joined
    if values is not None:
        experiment = experiment.with_values(values)
    if chosen.by is not None:
        named_columns(experiment, chosen.by)
    if chosen.naive:
        refuse_needless_naive_split(clips, experiment.initial_plan)
    if joined is not None:
        return _joined(chosen, system, experiment, table)
    with screen.progress(f"{system.name}: analysing", len(clips), chosen.quiet) as advance:
        experiment.extract_features(advance)
    return experiment


def _refuse_other_set(chosen: EvaluateOptions, system: NamedSystem, table: Extraction | None) -> None:
    """Raise ExportError if a table holds another feature set than the one that was asked for."""
    wanted = system.features
    if table is not None and wanted is not None and wanted.spec_hash != table.feature_set.spec_hash:
        raise ExportError(
            f"{chosen.dataset}: it holds {table.feature_set.name}, not {wanted.name}; leave --set out, or "
            "give the recordings"
        )


def _joined(
    chosen: EvaluateOptions, system: NamedSystem, experiment: Experiment, table: Extraction | None
) -> Experiment:
    """Return an experiment on joined columns, alone or beside those of a table or of the feature set."""
    from gtzanfeat.export import join_columns
    from gtzanfeat.feature_sets import feature_set

    assert chosen.join is not None
    if chosen.without_set:
        lost = () if table is None else table.lost
        alone = replace(experiment.features, feature_set=chosen.join.name, lost=lost)
        return experiment.with_features(alone)
    if table is None:
        table = extract_with_progress(
            experiment.clips.clips,
            feature_set("classic30") if system.features is None else system.features,
            on_error=chosen.on_error,
            memory=chosen.memory,
            gpu=chosen.gpu,
            jobs=chosen.jobs,
            quiet=chosen.quiet,
        )
    experiment = experiment.with_values(join_columns(experiment.clips, chosen.join, table, drop=chosen.drop))
    reasons = {failure.index: failure for failure in table.failures}
    beside = replace(
        experiment.features,
        feature_set=f"{table.feature_set.name} + {chosen.join.name}",
        failures=tuple(reasons.get(failure.index, failure) for failure in experiment.features.failures),
        lost=table.lost,
        versions=table.versions,
    )
    return experiment.with_features(beside)


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


def _selected(
    chosen: EvaluateOptions, clips: ClipTable, table: Extraction | None
) -> tuple[ClipTable, Extraction | None]:
    """Return the clips that ``--classes`` and ``--drop-lone`` leave, and their rows of a table."""
    kept = options.select_classes(clips, chosen.classes, chosen.drop_lone, chosen.protocol, chosen.target)
    if table is None or len(kept) == len(clips):
        return kept, table
    return kept, table.select([label in kept.classes for label in clips.labels])


def _sweep(words: str) -> tuple[str, list[float | str]]:
    """Read ``NAME=S,S...``."""
    from gtzanfeat.inspection.degradation_robustness import check_sweep

    name, given, strengths = words.partition("=")
    row, checked = check_sweep(name, [word.strip() for word in strengths.split(",")] if given else None)
    return row.name, checked
