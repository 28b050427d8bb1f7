"""``gtzanfeat merge``: shards of a dataset brought together, or made one file."""

from __future__ import annotations

from pathlib import Path

import click

from gtzanfeat.cli import dataset_output, options


@click.command("merge")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=options.FilePath())
@click.option(
    "--output",
    "-o",
    required=True,
    type=options.FilePath(),
    help="A new folder, or one file: NAME.parquet or NAME.csv.",
)
@options.overwrite
@options.quiet
def command(folders: tuple[Path, ...], output: Path, overwrite: bool, quiet: bool) -> int:
    """Bring together the shards that `gtzanfeat extract` wrote into folders, with few large parts.

    Before that it is checked that they are of one list of recordings and one feature set, and that every
    recording is there once. A single folder with many small parts becomes one with few, or one file.
    """
    from gtzanfeat.export.dataset import merge_datasets

    return dataset_output.tell(merge_datasets(folders, output, overwrite=overwrite), quiet)
