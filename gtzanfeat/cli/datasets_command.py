"""``gtzanfeat datasets``: what is there of a dataset, and one that makes itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gtzanfeat.cli import options, screen

if TYPE_CHECKING:
    from gtzanfeat.datasets import DatasetCheck

NAMED = 10  # clips in a list that people read


class LayoutsGroup(click.Group):
    """A group whose help ends with the layouts; their registry is read only then."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each layout with its sentence."""
        from gtzanfeat.datasets import LAYOUTS

        with formatter.section("Layouts that are read"):
            formatter.write_dl([(layout.name, layout.meaning) for layout in LAYOUTS.values()])


@click.group("datasets", cls=LayoutsGroup, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check a dataset, or synthesize one."""
    if ctx.invoked_subcommand is None:
        screen.show(ctx.get_help())


@command.command("check")
@click.argument("dataset", type=options.DatasetPath())
@options.layout
@options.jobs()
@options.as_json
@options.quiet
def check_command(dataset: Path | str, layout: str | None, jobs: int, as_json: bool, quiet: bool) -> int:
    """Say how many clips each protocol finds, what is missing and what cannot be read.

    Every recording is decoded to its end. The exit code is 1 if one cannot be, or if none is there.
    """
    from gtzanfeat.datasets import check, load_dataset

    n_clips = len(load_dataset(dataset, layout))
    with screen.progress("decoding", n_clips, quiet) as advance:
        found = check(dataset, layout, n_jobs=jobs, progress=advance)
    if as_json:
        screen.print_json(found.to_dict() | {"n_found": found.n_found, "ok": found.ok})
    else:
        _show(found)
    return 0 if found.ok else 1


def _show(found: DatasetCheck) -> None:
    """Print what a check found."""
    minutes, seconds = divmod(round(found.seconds), 60)
    screen.show(f"{found.path}: layout {found.layout}, {found.n_clips} clips, {minutes} min {seconds} s\n")
    rows = [*found.classes.items()]
    if found.n_unlabelled:
        rows.append(("(nothing known)" if found.tags else "(no class)", found.n_unlabelled))
    if rows:
        screen.table(["class", "clips"], [(label, str(count)) for label, count in rows], right=["clips"])
        screen.show()
    if found.tags:
        tagged = [(tag, str(n)) for tag, n in found.tags.items() if n]
        if tagged:
            screen.table(["tag", "clips"], tagged, right=["clips"])
        if n_others := len(found.tags) - len(tagged):
            screen.show(f"tags that no clip here has: {n_others}")
        screen.show()
    counts = ["known", "found", "unreadable"]
    parts = [
        (part.protocol, part.part, str(part.known), str(part.found), str(part.unreadable))
        for part in found.protocols
    ]
    screen.table(["protocol", "part", *counts], parts, right=counts)
    screen.show()
    if found.n_missing:
        more = f" and {len(found.missing) - NAMED} more" if len(found.missing) > NAMED else ""
        screen.show(f"missing: {found.n_missing} clips ({', '.join(found.missing[:NAMED])}{more})")
    if found.one_artist_classes:
        screen.show(
            f"one artist only: {', '.join(found.one_artist_classes)}; a classifier may learn the artist "
            "instead of the class"
        )
    for clip in found.unreadable:
        screen.show(f"unreadable: {clip.path}: {clip.reason}")
    if found.truncated:
        more = f" and {len(found.truncated) - NAMED} more" if len(found.truncated) > NAMED else ""
        named = ", ".join(found.truncated[:NAMED])
        files = "file" if len(found.truncated) == 1 else "files"
        screen.show(f"truncated: {len(found.truncated)} {files} ({named}{more})")
    for sentence in found.notes:
        screen.show(f"note: {sentence}")
    if not found.n_found:
        screen.show(f"none of the {found.n_clips} files is there")
    elif found.ok:
        screen.show("every clip that is there can be read")


@command.command("synthesize")
@click.argument("folder", type=options.FilePath())
@click.option("--per-style", type=int, default=20, show_default=True, help="Clips of each style.")
@click.option("--seconds", type=float, default=10.0, show_default=True, help="Length of a clip.")
@options.seed
@options.jobs()
@options.overwrite
@options.quiet
def synthesize_command(
    folder: Path, per_style: int, seconds: float, seed: int, jobs: int, overwrite: bool, quiet: bool
) -> None:
    """Compose a corpus of ten styles into FOLDER, as WAV with a manifest that holds the truth.

    Tempo, metre, key and artist of every clip are known. It stands in for music; a score on it says nothing
    about music.
    """
    from gtzanfeat.datasets.synthetic import STYLES, write_corpus

    with screen.progress("composing", per_style * len(STYLES), quiet) as advance:
        clips = write_corpus(
            folder,
            per_style,
            seconds=seconds,
            random_state=seed,
            n_jobs=jobs,
            overwrite=overwrite,
            progress=advance,
        )
    if not quiet:
        screen.show(
            f"{folder}: {len(clips)} clips of {seconds:g} s, {len(clips.classes)} styles, manifest.csv"
        )
