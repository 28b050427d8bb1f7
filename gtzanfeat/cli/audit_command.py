"""``gtzanfeat audit``: what of a dataset stands in training and in test under a protocol."""

from __future__ import annotations

import json
from pathlib import Path

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
@click.option("--folds", type=int, help="Folds per repeat.  [default: 10, or fewer if a class is small]")
@click.option("--repeats", type=int, help="How often folds are drawn anew.  [default: 10]")
@click.option(
    "--near/--no-near",
    default=True,
    show_default=True,
    help="Look for near-duplicate audio, for which every recording is decoded.",
)
@options.seed
@click.option(
    "--json", "json_file", metavar="FILE", type=options.FilePath(), help="Write what was found there too."
)
@options.layout
@options.memory
@options.jobs()
@options.overwrite
@options.quiet
def command(
    dataset: Path,
    protocol: str,
    target: str,
    folds: int | None,
    repeats: int | None,
    near: bool,
    seed: int,
    json_file: Path | None,
    layout: str | None,
    memory: Path | None,
    jobs: int,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Find what is on both sides of a split: recordings, artists, albums, copies of files and of sound.

    DATASET is a copy of GTZAN, a folder with one folder per class, or a manifest. The exit code is 1 if
    something is on both sides.
    """
    from gtzanfeat.datasets import load_dataset
    from gtzanfeat.evaluation import plan
    from gtzanfeat.evaluation.leakage import audit
    from gtzanfeat.export.formats import put_in_place
    from gtzanfeat.export.tables import check_place

    if json_file is not None:
        check_place(json_file, overwrite)
    clips = load_dataset(dataset, layout)
    screen.note(clips.notes, quiet)
    layout_of = plan(clips, protocol, folds=folds, repeats=repeats, random_state=seed, target=target)
    with screen.progress("comparing", len(set(clips.paths)), quiet) as advance:
        found = audit(clips, layout_of, near=near, n_jobs=jobs, memory=memory, progress=advance)
    click.echo(f"protocol {protocol}: {layout_of.description}\n{found}")
    if json_file is not None:
        words = {"protocol": protocol, "random_state": seed} | found.to_dict()
        with put_in_place(json_file) as part:
            part.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if found else 0
