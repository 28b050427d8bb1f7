"""``gtzanfeat cache``: what ``--memory`` keeps, and how to have less of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gtzanfeat.cli import options, screen

MB = 10**6


@click.group("cache", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look into a folder given as --memory, make it smaller, or empty it."""
    if ctx.invoked_subcommand is None:
        screen.show(ctx.get_help())


folder = click.argument("folder", metavar="DIR", type=options.FilePath())


@command.command("info")
@folder
def info_command(folder: Path) -> None:
    """Say how many clips DIR remembers of which feature set, and their size.

    What another version of gtzanfeat or of its libraries has computed ("current: no") is never used.
    """
    from gtzanfeat.extraction.cache import contents
    from gtzanfeat.feature_sets import FEATURE_SETS

    names = {row.spec_hash: row.name for row in FEATURE_SETS.values()}
    shelves = contents(folder)
    rows = [
        (
            names.get(shelf.spec_hash, "(of your own)"),
            shelf.spec_hash,
            str(shelf.n_entries),
            _megabytes(shelf.n_bytes),
            "yes" if shelf.current else "no",
        )
        for shelf in shelves
    ]
    screen.table(["set", "spec", "clips", "MB", "current"], rows, right=["clips", "MB"])
    n_entries, n_bytes = _total(shelves)
    screen.show(f"\n{folder}: {n_entries} results, {_megabytes(n_bytes)} MB")


@command.command("prune")
@folder
@click.option(
    "--megabytes",
    "-m",
    type=click.FloatRange(min=0),
    required=True,
    metavar="NUMBER",
    help="How much may stay, in units of a million bytes.",
)
def prune_command(folder: Path, megabytes: float) -> None:
    """Remove results from DIR, those unused for longest first, until it is small enough."""
    from gtzanfeat.extraction.cache import contents, prune

    n_removed = prune(folder, int(megabytes * MB))
    n_entries, n_bytes = _total(contents(folder))
    screen.show(f"{folder}: {n_removed} results removed; {n_entries} left, {_megabytes(n_bytes)} MB")


@command.command("clear")
@folder
def clear_command(folder: Path) -> None:
    """Remove all results from DIR, and nothing else that it holds."""
    from gtzanfeat.extraction.cache import clear

    screen.show(f"{folder}: {clear(folder)} results removed")


def _total(shelves: list[Any]) -> tuple[int, int]:
    return sum(shelf.n_entries for shelf in shelves), sum(shelf.n_bytes for shelf in shelves)


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / MB:.2f}"
