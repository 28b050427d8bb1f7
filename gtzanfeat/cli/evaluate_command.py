"""``gtzanfeat evaluate``: the score of a classifier under a named protocol, and what qualifies it.

Options become an `Experiment`, the experiment is evaluated, and the results are written and printed; what the
options of the estimator stand for is in `estimator_options`.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import estimator_options, options, screen
from gtzanfeat.cli.evaluate_options import EvaluateOptions
from gtzanfeat.cli.extract_command import extract_shown
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    import pandas as pd

    from gtzanfeat.cli.estimator_options import NamedSystem
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.evaluation import Evaluation, Experiment
    from gtzanfeat.extraction import Extraction
    from gtzanfeat.inspection import Importance, Robustness


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
@options.target
@options.protocol
@options.cv
@options.repeats
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
@click.option("--inner-cv", type=click.IntRange(2), default=3, show_default=True, help="Folds of --search.")
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
@options.json_file
@options.layout
@options.on_error
@options.memory
@options.jobs()
@options.overwrite
@options.quiet
def command(**words: Any) -> int:
    """Train and test a classifier on a dataset, and print its score with all that qualifies it.

    DATASET is a copy of GTZAN or of another dataset (see `gtzanfeat datasets`), a folder with one folder per
    class, a manifest, or a table that `gtzanfeat extract` wrote; then nothing is analysed anew. Tags
    (--target labels) and numbers (--target COLUMN) are learnt in the same way.
    """
    from gtzanfeat.inspection import importance, robustness

    asked = EvaluateOptions(**words)
    # names and places first, so that nobody waits to be told that one is wrong
    system = estimator_options.named_system(asked)
    sweeps = [_sweep(sweep) for sweep in asked.degrade]
    _check_places(asked)
    clips, table = _open(asked.dataset, asked.layout)
    if sweeps and (table is not None or asked.join is not None):
        raise click.UsageError("--degrade is for recordings; give them, and neither a table nor --join.")
    screen.note(clips.notes, asked.quiet)
    experiment = _experiment(asked, system, clips, table)
    code = screen.failed((*experiment.features.lost, *experiment.features.failures))
    n_folds = len(experiment.layout.folds)
    with screen.progress(f"{system.name}: training and testing", n_folds, asked.quiet) as advance:
        result = experiment.evaluate(naive=asked.naive, permutations=asked.permutations, progress=advance)
    if asked.join is not None:
        result = replace(result, feature_set=_sources(asked, system, table))
    swept = [robustness(experiment, name, strengths) for name, strengths in sweeps]
    owed = None if asked.by is None else importance(experiment, by=asked.by)
    # files before words: who closes the pipe early must not lose them
    _write(asked, result, clips, swept, owed)
    _show(result, swept, owed)
    return code


def _check_places(asked: EvaluateOptions) -> None:
    """Refuse files that cannot be written, or may not be replaced."""
    from gtzanfeat.evaluation.storage import check_folder
    from gtzanfeat.export.tables import check_place

    if asked.json_file is not None:
        check_place(asked.json_file, asked.overwrite)
    if asked.save is not None:
        check_folder(asked.save, asked.overwrite)
    if asked.report is not None:
        from gtzanfeat.report.page import check_report

        check_report(asked.report, asked.overwrite)


def _experiment(
    asked: EvaluateOptions, system: NamedSystem, clips: ClipTable, table: Extraction | None
) -> Experiment:
    """Check all that is asked for, then extract the features, or take them from a table or a file."""
    from gtzanfeat.evaluation import Experiment
    from gtzanfeat.evaluation.controls import refuse_needless_naive_split
    from gtzanfeat.inspection.feature_importance import named_columns

    experiment = Experiment(
        system.estimator,
        clips,
        target=asked.target,
        feature_set=system.features,
        protocol=asked.protocol,
        cv=asked.cv,
        repeats=asked.repeats,
        class_weight="balanced" if asked.balanced else None,
        near_duplicates=asked.near_duplicates,
        strict=asked.strict,
        random_state=asked.seed,
        n_jobs=asked.jobs,
        memory=asked.memory,
        on_error=asked.on_error,
    )
    if system.extracts and (asked.join is not None or table is not None):
        whose = system.name if asked.segments is None else f"{system.name} on segments"
        raise ExportError(
            f"{asked.join or asked.dataset}: {whose} extracts features of recordings itself; give the "
            "recordings, without --join"
        )
    values = _values(asked, system, clips, table)
    if values is not None:
        experiment = experiment.with_values(values)
    if asked.by is not None:
        named_columns(experiment, asked.by)
    if asked.naive:
        refuse_needless_naive_split(clips, experiment.planned)
    with screen.progress(f"{system.name}: analysing", len(clips), asked.quiet) as advance:
        experiment.extract_features(advance)
    return experiment


def _values(
    asked: EvaluateOptions, system: NamedSystem, clips: ClipTable, table: Extraction | None
) -> Extraction | pd.DataFrame | None:
    """Clip vectors that are there already: those of a table, and what is joined."""
    from gtzanfeat.export import join_columns
    from gtzanfeat.feature_sets import feature_set

    wanted = system.features
    if table is not None and wanted is not None and wanted.spec_hash != table.feature_set.spec_hash:
        raise ExportError(
            f"{asked.dataset}: it holds {table.feature_set.name}, not {wanted.name}; leave --set out, or "
            "give the recordings"
        )
    if asked.join is None:
        return table
    if asked.without_set:
        return join_columns(clips, asked.join)
    join_columns(clips, asked.join)  # a file that does not fit is told of before hours of analysis
    if table is None:
        table = extract_shown(
            clips.clips,
            feature_set("classic30") if wanted is None else wanted,
            on_error=asked.on_error,
            memory=asked.memory,
            jobs=asked.jobs,
            quiet=asked.quiet,
        )
        screen.failed(table.failures)
    return join_columns(clips, asked.join, table)


def _sources(asked: EvaluateOptions, system: NamedSystem, table: Extraction | None) -> str:
    """Where the columns come from, where some are joined."""
    assert asked.join is not None
    held = "classic30" if system.features is None else system.features.name
    sources = [] if asked.without_set else [held if table is None else table.feature_set.name]
    return " + ".join([*sources, asked.join.name])


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
    from gtzanfeat.inspection.degradation_robustness import check_sweep

    name, given, strengths = words.partition("=")
    row, asked = check_sweep(name, [word.strip() for word in strengths.split(",")] if given else None)
    return row.name, asked


def _write(
    asked: EvaluateOptions,
    result: Evaluation,
    clips: ClipTable,
    swept: Sequence[Robustness],
    owed: Importance | None,
) -> None:
    """Write what ``--save``, ``--json`` and ``--report`` ask for."""
    from gtzanfeat.evaluation import write_evaluation

    if asked.save is not None and asked.save != asked.report:
        write_evaluation(result, asked.save, overwrite=asked.overwrite)
    if asked.json_file is not None:
        plain = result.to_dict()
        if swept:
            plain["robustness"] = [sweep.to_dict() for sweep in swept]
        screen.write_json(plain, asked.json_file)
    if asked.report is not None:
        from gtzanfeat.report import write_report

        page = write_report(
            result,
            asked.report,
            clips=clips,
            command=click.get_current_context().meta["command line"],
            importance=owed,
            robustness=swept or None,
            overwrite=asked.overwrite,
        )
        screen.note([f"the report is {page}"], asked.quiet)


def _show(result: Evaluation, swept: Sequence[Robustness], owed: Importance | None) -> None:
    click.echo(str(result))
    if not screen.watched(sys.stdout):  # the report goes elsewhere, and its warnings with it
        for warning in result.warnings:
            screen.warn(warning)
    for further in (*swept, *([] if owed is None else [owed])):
        click.echo(f"\n{further}")
