"""``gtzanfeat demo``: the whole way once, from sound to scores, on music that composes itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gtzanfeat.cli import options, screen
from gtzanfeat.cli.extract_command import extract_with_progress

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.evaluation import Evaluation
    from gtzanfeat.extraction import Extraction

PER_STYLE = 20
FOLDS, REPEATS = 5, 2  # each style has five artists, so five folds can keep them apart
PROTOCOLS = ("random", "artist")
WHOLE = "classic30"
CONTESTS = (  # classifier, feature set
    *((classifier, WHOLE) for classifier in ("knn3", "gmm3", "svm", "random-forest")),
    *(("svm", family) for family in ("timbre19", "rhythm6", "pitch5")),
)


@click.command("demo")
@click.option(
    "--out",
    type=options.FilePath(file_okay=False),
    default=Path("gtzanfeat-demo"),
    show_default=True,
    help="The folder for a table and a picture; those of an earlier demo are replaced.",
)
@options.seed
@options.jobs(-1)
@options.quiet
def command(out: Path, seed: int, jobs: int, quiet: bool) -> None:
    """Compose music in ten styles, extract its features, cross-validate, and show how well it went.

    No recording is needed. The first time takes longer, since everything is compiled.
    """
    from gtzanfeat.datasets.synthetic import STYLES, synthesize, table_of
    from gtzanfeat.export import write_table
    from gtzanfeat.export.formats import put_in_place
    from gtzanfeat.feature_sets import feature_set
    from gtzanfeat.report import confusion_matrix_figure, save_figure

    out.mkdir(parents=True, exist_ok=True)
    with screen.progress("composing", PER_STYLE * len(STYLES), quiet) as advance:
        music = synthesize(PER_STYLE, random_state=seed, n_jobs=jobs, progress=advance)
    clips = table_of(music)
    sounds = [clip.samples for clip in music]
    features = extract_with_progress(sounds, feature_set(WHOLE), on_error="raise", jobs=jobs, quiet=quiet)
    table = write_table(features, clips, out / "features.parquet", overwrite=True)
    results = _contests(clips, features, seed, jobs, quiet)
    *_, best = sorted(
        (by_protocol["artist"] for by_protocol in results if by_protocol["artist"].feature_set == WHOLE),
        key=lambda result: result.accuracy,
    )
    picture = out / "confusion_matrix.png"
    with put_in_place(picture) as part:
        save_figure(confusion_matrix_figure(best), part)
    _show(clips, results, best)
    screen.show(f"\n{table}: the features of {len(clips)} clips\n{picture}: this matrix as a picture")
    screen.show(f"\nTo go on: gtzanfeat evaluate {table} --classifier svm --protocol artist")


def _contests(
    clips: ClipTable, features: Extraction, seed: int, jobs: int, quiet: bool
) -> list[dict[str, Evaluation]]:
    """Return, for each of `CONTESTS`, the result under each of `PROTOCOLS`."""
    from gtzanfeat.evaluation import evaluate

    results = []
    n_folds = len(CONTESTS) * len(PROTOCOLS) * FOLDS * REPEATS
    with screen.progress("training and testing", n_folds, quiet) as advance:
        for classifier, chosen in CONTESTS:
            by_protocol = {
                protocol: evaluate(
                    classifier,
                    clips,
                    protocol=protocol,
                    cv=FOLDS,
                    repeats=REPEATS,
                    random_state=seed,
                    n_jobs=jobs,
                    values=_part(features, chosen),
                    progress=advance,
                )
                for protocol in PROTOCOLS
            }
            results.append(by_protocol)
    return results


def _part(features: Extraction, name: str) -> Extraction:
    """Take the columns of a feature set out of those of a larger one, where they are the same bits."""
    from gtzanfeat.feature_sets import feature_set

    chosen = feature_set(name)
    places = [features.columns.index(column) for column in chosen.columns]
    return replace(features, feature_set=chosen, values=features.values[:, places])


def _show(clips: ClipTable, results: list[dict[str, Evaluation]], best: Evaluation) -> None:
    """Print the scores and one confusion matrix."""
    n_artists = len(set(clips.groups))
    screen.show(
        f"{len(clips)} clips in {len(clips.classes)} styles by {n_artists} artists, composed by rule.\n"
    )
    rows = []
    for by_protocol in results:
        any_result = by_protocol["random"]
        accuracies = [f"{by_protocol[protocol].accuracy:.1%}" for protocol in PROTOCOLS]
        rows.append([any_result.feature_set, str(any_result.n_columns), any_result.estimator, *accuracies])
    screen.table(["features", "columns", "classifier", *PROTOCOLS], rows, right=["columns", *PROTOCOLS])
    screen.show(
        f"\nMean accuracy of {FOLDS} folds, drawn {REPEATS} times: of recordings (random), or of artists, "
        "so that\nnone is both trained and tested (artist). It says nothing about real music.\n"
    )
    screen.show(
        f"{best.estimator}, {best.feature_set}, {best.protocol} ({best.accuracy:.1%}): rows are the truth, "
        "columns predicted\n"
    )
    rows = [[label, *map(str, counts)] for label, counts in zip(best.labels, best.confusion, strict=True)]
    screen.table(["", *best.labels], rows, right=best.labels)
