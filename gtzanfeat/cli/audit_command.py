"""``gtzanfeat audit``: what of a dataset stands in training and in test under a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gtzanfeat.cli import options, screen


@click.command("audit")
@click.argument("dataset", type=options.FilePath())
@click.option(
    "--protocol", "-p", metavar="NAME", default="random", show_default=True, help="As `gtzanfeat evaluate`."
)
@click.option(
    "--target",
    "-t",
    metavar="COLUMN",
    default="label",
    show_default=True,
    help="What is to be predicted, as of `gtzanfeat evaluate`: it decides which clips take part.",
)
@options.cv
@options.repeats
@click.option(
    "--near-duplicates/--no-near-duplicates",
    default=True,
    show_default=True,
    help="Look for near-duplicate audio, for which every recording is decoded.",
)
@options.seed
@options.json_file
@options.layout
@options.memory
@options.jobs()
@options.overwrite
@options.quiet
def command(dataset: Path, layout: str | None, json_file: Path | None, **asked: Any) -> int:
    """Find what is on both sides of a split: recordings, artists, albums, copies of files and of sound.

    DATASET is a copy of GTZAN, a folder with one folder per class, or a manifest. The exit code is 1 if
    something is on both sides.
    """
    from gtzanfeat.datasets import load_dataset
    from gtzanfeat.evaluation import plan
    from gtzanfeat.evaluation.leakage import audit
    from gtzanfeat.export.tables import check_place

    if json_file is not None:
        check_place(json_file, asked["overwrite"])
    clips = load_dataset(dataset, layout)
    screen.note(clips.notes, asked["quiet"])
    protocol, seed = asked["protocol"], asked["seed"]
    folds = plan(
        clips,
        protocol,
        cv=asked["cv"],
        repeats=asked["repeats"],
        random_state=seed,
        target=asked["target"],
    )
    with screen.progress("comparing", len(set(clips.paths)), asked["quiet"]) as advance:
        found = audit(
            clips,
            folds,
            near_duplicates=asked["near_duplicates"],
            n_jobs=asked["jobs"],
            memory=asked["memory"],
            progress=advance,
        )
    click.echo(f"protocol {protocol}: {folds.description}\n{found}")
    if json_file is not None:
        screen.write_json({"protocol": protocol, "random_state": seed} | found.to_dict(), json_file)
    return 1 if found else 0
