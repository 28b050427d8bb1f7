"""``gtzanfeat features``: the feature sets, and the columns of one."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import options, screen

if TYPE_CHECKING:
    from gtzanfeat.feature_sets import FeatureSet

OF_SETS = ("set", "columns", "spec", "meaning")
NARROW = 100  # characters; in fewer, five columns side by side cannot be read
OF_COLUMNS = ("column", "unit", "hears", "formula", "source")


@click.command("features")
@click.argument("set_name", metavar="[SET]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, with all that is known.")
@options.as_json
def command(set_name: str | None, as_csv: bool, as_json: bool) -> None:
    """List the feature sets or, of one SET, what each column is, hears and comes from."""
    from gtzanfeat.feature_sets import FEATURE_SETS, feature_set

    if as_json:
        if as_csv:
            raise click.UsageError("--csv and --json exclude each other.")
        if set_name is None:
            screen.print_json({"feature_sets": [_identity(row) for row in FEATURE_SETS.values()]})
        else:
            chosen = feature_set(set_name)
            screen.print_json(_identity(chosen) | {"columns": chosen.feature_table()})
        return
    if set_name is None:
        sets = FEATURE_SETS.values()
        cells = [(row.name, str(len(row.columns)), row.spec_hash, row.doc) for row in sets]
        heads: tuple[str, ...] = OF_SETS
        rows = [dict(zip(heads, row, strict=True)) for row in cells]
    else:
        heads = OF_COLUMNS
        rows = feature_set(set_name).feature_table()
    if as_csv:
        page = io.StringIO()
        writer = csv.DictWriter(page, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        screen.show(page.getvalue().removesuffix("\n"))
        return
    lines = [[row[head] for head in heads] for row in rows]
    if set_name is not None and screen.width() < NARROW:
        screen.blocks(heads, lines)
    else:
        screen.table(heads, lines, right=["columns"])


def _identity(row: FeatureSet) -> dict[str, Any]:
    """Return name, meaning and size of a feature set as plain values."""
    return {
        "name": row.name,
        "doc": row.doc,
        "rate": row.rate,
        "n_columns": len(row.columns),
        "spec_hash": row.spec_hash,
    }
