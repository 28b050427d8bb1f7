"""``gtzanfeat audit``: what of a dataset is both trained and tested under a protocol."""

from __future__ import annotations

from pathlib import Path

import click

from gtzanfeat.cli import options, screen


@click.command("audit")
@click.argument("dataset", type=options.DatasetPath())
@options.classes
@options.drop_lone
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
@options.as_json
@options.layout
@options.memory
@options.jobs()
@options.quiet
def command(
    dataset: Path | str,
    classes: tuple[str, ...] | None,
    drop_lone: bool,
    protocol: str,
    target: str,
    cv: int | None,
    repeats: int | None,
    near_duplicates: bool,
    seed: int,
    as_json: bool,
    layout: str | None,
    memory: Path | None,
    jobs: int,
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

    clips = load_dataset(dataset, layout)
    screen.note(clips.notes, quiet)
    clips = options.select_classes(clips, classes, drop_lone, protocol, target)
    screen.note([f"{number} clips {why} are left out" for why, number in clips.left_out.items()], quiet)
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
    if as_json:
        stated = {"protocol": protocol, "description": folds.description, "random_state": seed}
        screen.print_json(stated | {"left_out": dict(clips.left_out)} | found.to_dict())
    else:
        screen.show(f"protocol {protocol}: {folds.description}\n{found}")
    return 1 if found else 0
