"""``gtzanfeat audit``: what of a dataset is both trained and tested under a protocol."""

from __future__ import annotations

from pathlib import Path

import click

from gtzanfeat.cli import options, screen


@click.command("audit")
@click.argument("dataset", type=options.FilePath())
@options.protocol
@options.target
@options.cv
@options.repeats
@click.option(
    "--near-duplicates/--no-near-duplicates",
    default=True,
    show_default=True,
    help="Compare recordings by their fingerprints, too, for which every one is decoded.",
)
@options.seed
@options.json_file
@options.layout
@options.memory
@options.jobs()
@options.overwrite
@options.quiet
def command(
    dataset: Path,
    protocol: str,
    target: str,
    cv: int | None,
    repeats: int | None,
    near_duplicates: bool,
    seed: int,
    json_file: Path | None,
    layout: str | None,
    memory: Path | None,
    jobs: int,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Find what is on both sides of a split: recordings, artists, albums, copies of files and of sound.

    Where there are classes, it is also said how often sample rate, channels, format, duration, level and
    cut-off of the files alone tell the class.

    DATASET is a copy of GTZAN, a folder with one folder per class, or a manifest. The exit code is 1 if
    something is on both sides.
    """
    from gtzanfeat.datasets import load_dataset
    from gtzanfeat.evaluation import audit, plan
    from gtzanfeat.export.tables import check_place

    if json_file is not None:
        check_place(json_file, overwrite)
    clips = load_dataset(dataset, layout)
    screen.note(clips.notes, quiet)
    folds = plan(clips, protocol, cv=cv, repeats=repeats, random_state=seed, target=target)
    with screen.progress("comparing", len(set(clips.paths)), quiet) as advance:
        found = audit(
            clips,
            folds,
            near_duplicates=near_duplicates,
            n_jobs=jobs,
            memory=memory,
            progress=advance,
        )
    click.echo(f"protocol {protocol}: {folds.description}\n{found}")
    if json_file is not None:
        screen.write_json({"protocol": protocol, "random_state": seed} | found.to_dict(), json_file)
    return 1 if found else 0
