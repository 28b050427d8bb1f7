"""``gtzanfeat demo``: the whole way once, from sound to scores, on music that composes itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gtzanfeat.cli import options, screen
from gtzanfeat.cli.extract import extract_shown

if TYPE_CHECKING:
    from gtzanfeat.evaluation import Evaluation
    from gtzanfeat.extraction import Extraction

PER_STYLE = 20
FOLDS, REPEATS = 5, 2  # an artist is in one fold of five, as each style has five
CLASSIFIERS = ("knn3", "gmm3", "svm", "random-forest")
FAMILIES = ("timbre19", "rhythm6", "pitch5")
FAMILY_CLASSIFIER = "svm"
PROTOCOLS = ("random", "artist")


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("gtzanfeat-demo"),
    show_default=True,
    help="The folder for a table and a picture; those of an earlier demo are replaced.",
)
@options.seed
@options.jobs(-1)
@options.quiet
def command(out: Path, seed: int, jobs: int, quiet: bool) -> None:
    """Compose music in ten styles, extract classic30, cross-validate, and show how well it went.

    No recording is needed. It takes about a minute the first time, when everything is compiled.
    """
    from gtzanfeat.datasets.synthetic import STYLES, clip_table, synthesize
    from gtzanfeat.evaluation import evaluate
    from gtzanfeat.export import put_in_place, write_table
    from gtzanfeat.feature_sets import feature_set
    from gtzanfeat.report import confusion_matrix_figure, save_figure

    out.mkdir(parents=True, exist_ok=True)
    with screen.progress("composing", PER_STYLE * len(STYLES), quiet) as advance:
        music = synthesize(PER_STYLE, random_state=seed, n_jobs=jobs, progress=advance)
    clips = clip_table(music)
    classic = feature_set("classic30")
    extraction = extract_shown(clips, classic, sounds=[clip.samples for clip in music], jobs=jobs, quiet=quiet)
    table = write_table(out / "features.parquet", extraction, clips, overwrite=True)
