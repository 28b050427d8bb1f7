"""``gtzanfeat verify``: rows of a feature table computed anew, and how far its numbers are from that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gtzanfeat.cli import options, screen

if TYPE_CHECKING:
    from gtzanfeat.export import TableVerification

SHOWN = 20  # columns


@click.command("verify")
@click.argument("table", metavar="TABLE | FOLDER", type=options.FilePath())
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="How many rows are computed anew, drawn at random.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0.0),
    default=0.001,
    show_default=True,
    help="Largest difference that counts as equal, in standard deviations of the column.",
)
@options.seed
@options.jobs()
@options.as_json
@options.quiet
def command(
    table: Path, sample: int, tolerance: float, seed: int, jobs: int, as_json: bool, quiet: bool
) -> int:
    """Compute some rows of a feature table anew, and report how far its columns have drifted.

    TABLE is a file that `gtzanfeat extract` wrote, or the FOLDER of a dataset. Exits with 0 if all is equal
    within the tolerance, and with 1 if a column has drifted, or recordings are missing or have changed.
    """
    from gtzanfeat.evaluation.text import plain_values
    from gtzanfeat.export import verify_table

    with screen.reported_progress(quiet):
        found = verify_table(table, sample=sample, tolerance=tolerance, random_state=seed, n_jobs=jobs)
    if as_json:
        screen.print_json(plain_values(found.to_dict()))
    elif not quiet:
        _show(found)
    for path in found.changed:
        screen.say(f"changed: {path}: it is not the recording that was analysed; extract it anew")
    screen.list_failures(found.failures)
    return 0 if found.ok else 1


def _show(found: TableVerification) -> None:
    identical = f"{found.n_identical} of {found.n_compared} are the same bits"
    screen.show(
        f"{found.table}: {found.n_sampled} of {found.n_rows} rows of {found.feature_set} "
        f"(spec {found.spec_hash}) computed anew; {identical}"
    )
    then, now = found.versions_then, found.versions_now
    moved = [
        f"{name} {then[name]} then, {now[name]} now"
        for name in now
        if then.get(name, "") != now[name] and name in then
    ]
    screen.show(f"versions: {'; '.join(moved) if moved else 'the same then and now'}")
    worst = max((column.relative for column in found.drift), default=0.0)
    n_drifted = len(found.drifted)
    screen.show(
        f"drift: {n_drifted} of {len(found.drift)} columns beyond {found.tolerance:g} standard deviations, "
        f"at most {worst:.2g}"
    )
    other = sorted((column for column in found.drift if not column.identical), key=lambda c: -c.relative)
    if other:
        rows = [[c.column, f"{c.largest:.3g}", f"{c.relative:.3g}"] for c in other[:SHOWN]]
        heads = ["column", "largest difference", "in standard deviations"]
        screen.table(heads, rows, right=heads[1:])
        if len(other) > SHOWN:
            screen.show(f"and {len(other) - SHOWN} more columns")
