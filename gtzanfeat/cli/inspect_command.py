"""``gtzanfeat inspect``: what the file of a model says of it."""

from __future__ import annotations

from pathlib import Path

import click

from gtzanfeat.cli import options, screen


@click.command("inspect")
@click.argument("model", type=options.FilePath())
@options.as_json
def command(model: Path, as_json: bool) -> int:
    """Print what a model was trained on, what it scores, and what it is not to be used for.

    MODEL is a file that `gtzanfeat train` wrote. Nothing in it is built or executed; its checksums are
    compared.
    """
    from gtzanfeat.models import read_model

    record = read_model(model)
    if as_json:
        screen.print_json(record.to_dict())
    else:
        screen.show(record.card.rstrip("\n"))
    return 0
