"""``gtzanfeat reproduce``: a published experiment on other recordings, beside the published numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import options, screen
from gtzanfeat.cli.extract_command import extract_with_progress

if TYPE_CHECKING:
    from gtzanfeat.inspection.reproduction import Reproduction


Rows = Mapping[tuple[Any, Any], Mapping[Hashable, Any]]  # by classifier and family of columns


@click.command("reproduce")
@click.argument("experiment")
@click.argument("dataset", type=options.DatasetPath())
@click.option(
    "--repeats", type=click.IntRange(1), default=10, show_default=True, help="How often 10 folds are drawn."
)
@options.seed
@options.layout
@options.on_error
@options.memory
@options.jobs()
@options.quiet
def command(
    experiment: str,
    dataset: Path | str,
    repeats: int,
    seed: int,
    layout: str | None,
    on_error: str,
    memory: Path | None,
    jobs: int,
    quiet: bool,
) -> int:
    """Run a published experiment again, and print its tables beside the published ones.

    EXPERIMENT is tzanetakis2002: each family of features and all 30, with a Gaussian (GS), mixtures
    (GMM2 to GMM5) and nearest neighbours (k-NN1, 3, 5), on random tenths. DATASET is a copy of GTZAN, or
    any other with labels.
    """
    from gtzanfeat.datasets import load_dataset
    from gtzanfeat.errors import UnknownNameError
    from gtzanfeat.evaluation import plan
    from gtzanfeat.feature_sets import feature_set
    from gtzanfeat.inspection.reproduction import PUBLISHED_EXPERIMENTS, reproduce

    if experiment not in PUBLISHED_EXPERIMENTS:
        raise UnknownNameError("experiment", experiment, PUBLISHED_EXPERIMENTS)
    chosen = PUBLISHED_EXPERIMENTS[experiment]
    clips = load_dataset(dataset, layout)
    screen.note(clips.notes, quiet)
    n_folds = len(plan(clips, "random", repeats=repeats, random_state=seed).folds)
    measured = extract_with_progress(
        clips.clips,
        feature_set(chosen.feature_set),
        on_error=on_error,
        memory=memory,
        jobs=jobs,
        quiet=quiet,
    )
    code = screen.list_failures(measured.failures)
    parts = (len(chosen.families) + 1) * len(chosen.classifiers)
    with screen.progress(f"{experiment}: training and testing", parts * n_folds, quiet) as advance:
        found = reproduce(
            experiment,
            clips,
            repeats=repeats,
            random_state=seed,
            n_jobs=jobs,
            values=measured,
            progress=advance,
        )
    _show(found)
    return code


def _show(found: Reproduction) -> None:
    _show_setting(found)
    rows = {(row["classifier"], row["family"]): row for row in found.to_frame().to_dict("records")}
    _show_accuracies(found, rows)
    _show_families(found, rows)
    main = found.main
    screen.show(
        f"\nConfusion of {found.experiment.matrix} with all columns, as the paper prints it: "
        "columns are the truth, rows predicted (per cent)"
    )
    cells = [
        [label, *(f"{percent:.0f}" for percent in row)]
        for label, row in zip(main.labels, main.confusion_paper, strict=True)
    ]
    screen.table(["", *main.labels], cells, right=main.labels)


def _show_setting(found: Reproduction) -> None:
    experiment, main = found.experiment, found.main
    wanted = f"{experiment.n_clips} clips of {experiment.n_classes} classes"
    whole = "the size of the paper's set" if found.is_complete else f"NOT the paper's {wanted}"
    screen.show(f"experiment    {experiment.name}: {experiment.source}")
    screen.show(f"clips         {main.n_used} of {len(main.labels)} classes ({main.dataset}): {whole}")
    screen.show(f"protocol      {main.protocol}: {main.description}; seed {main.random_state}")
    screen.show(f"features      {experiment.feature_set}, extracted once for all tables")
    screen.show(f"published     {experiment.caveat}")
    for warning in dict.fromkeys(w for part in found.evaluations.values() for w in part.warnings):
        screen.show(f"warning       {warning}")


def _show_accuracies(found: Reproduction, rows: Rows) -> None:
    """Print the accuracies of all classifiers with all columns."""
    screen.show("\nAccuracy with all columns: per cent, mean ± standard deviation over folds")
    chance = ["chance", f"{100 / len(found.main.labels):.0f}", f"{100 / found.experiment.n_classes:.0f}"]
    cells = [
        [name, _here(rows[name, "all"]), _published(rows[name, "all"])]
        for name in found.experiment.classifiers
    ]
    screen.table(["classifier", "here", "published"], [chance, *cells], right=["here", "published"])


def _show_families(found: Reproduction, rows: Rows) -> None:
    """Print the accuracies of all classifiers with each family of columns."""
    families, classifiers = [*found.experiment.families, "all"], found.experiment.classifiers
    screen.show("\nAccuracy by family of columns: per cent, mean ± standard deviation over folds")
    gaussian = next(iter(classifiers))
    heads = [f"{family} ({rows[gaussian, family]['columns']})" for family in families]
    cells = [[name, *(_here(rows[name, part]) for part in families)] for name in classifiers]
    published = [f"{gaussian}, published", *(_published(rows[gaussian, part]) for part in families)]
    screen.table(["classifier", *heads], [*cells, published], right=heads)


def _here(row: Mapping[Hashable, Any]) -> str:
    return _cell(row["accuracy"], row["deviation"])


def _published(row: Mapping[Hashable, Any]) -> str:
    return _cell(row["published"], row["published_deviation"])


def _cell(mean: float, deviation: float) -> str:
    if mean != mean:  # NaN: the paper has no number there
        return "-"
    return f"{mean:.0f}" if deviation != deviation else f"{mean:.0f} ± {deviation:.0f}"
