"""``gtzanfeat evaluate``: the score of a classifier under a named protocol, and what qualifies it.

Options become an `Experiment`, which is evaluated; what the options of the estimator stand for is in
`estimator_options`, and results are written and printed in `evaluate_results`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import estimator_options, evaluate_results, experiments, options, outputs, screen
from gtzanfeat.cli.evaluate_options import EvaluateOptions

if TYPE_CHECKING:
    from gtzanfeat.cli.estimator_options import NamedSystem


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
@estimator_options.set_name
@estimator_options.join
@estimator_options.drop
@estimator_options.recipe
@options.target
@options.classes
@options.drop_lone
@options.protocol
@options.cv
@options.repeats
@estimator_options.balanced
@estimator_options.search
@estimator_options.search_kind
@estimator_options.inner_cv
@estimator_options.segments
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
    # names and places first, so that nobody waits to be told that one is wrong
    system = estimator_options.named_system(chosen)
    sweeps = [_sweep(sweep) for sweep in chosen.degrade]
    with outputs.held(*evaluate_results.check_places(chosen)):
        return _evaluate(chosen, system, sweeps)


def _evaluate(
    chosen: EvaluateOptions, system: NamedSystem, sweeps: Sequence[tuple[str, list[float | str]]]
) -> int:
    """Evaluate, write and print; return the exit code."""
    from gtzanfeat.evaluation.controls import refuse_needless_naive_split
    from gtzanfeat.inspection import importance, robustness
    from gtzanfeat.inspection.feature_importance import named_columns

    clips, table = experiments.open_clips(chosen)
    if sweeps and (table is not None or chosen.join is not None):
        raise click.UsageError("--degrade is for recordings; give them, and neither a table nor --join.")
    screen.note(clips.notes, chosen.quiet)
    code = 0 if table is None else screen.list_failures(table.lost)
    experiment, joined = experiments.checked(chosen, system, clips, table)
    if chosen.by is not None:
        named_columns(experiment, chosen.by)
    if chosen.naive:
        refuse_needless_naive_split(clips, experiment.initial_plan)
    experiment = experiments.with_features(chosen, system, experiment, table, joined)
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


def _sweep(words: str) -> tuple[str, list[float | str]]:
    """Read ``NAME=S,S...``."""
    from gtzanfeat.inspection.degradation_robustness import check_sweep

    name, given, strengths = words.partition("=")
    row, checked = check_sweep(name, [word.strip() for word in strengths.split(",")] if given else None)
    return row.name, checked
