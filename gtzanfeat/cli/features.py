"""``gtzanfeat features``: what there is to be heard, column by column."""

from __future__ import annotations

import csv
import sys

import click

from gtzanfeat.cli import screen

IN_SETS = ("set", "columns", "spec", "what it is")
IN_COLUMNS = ("column", "unit", "hears", "formula", "source")


@click.command("features")
@click.argument("set_name", metavar="[SET]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, with all that is known.")
def command(set_name: str | None, as_csv: bool) -> None:
    """List the feature sets or, of one SET, what each column is, hears and comes from."""
    from gtzanfeat.feature_sets import FEATURE_SETS, feature_set

    if set_name is None:
        sets = FEATURE_SETS.values()
        rows = [dict(zip(IN_SETS, (s.name, str(len(s.columns)), s.spec_hash, s.doc), strict=True)) for s in sets]
        shown = IN_SETS
    else:
        rows, shown = feature_set(set_name).feature_table(), IN_COLUMNS
    if as_csv:
        writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        screen.table(shown, [[row[head] for head in shown] for row in rows], right=["columns"])
