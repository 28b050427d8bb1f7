"""``gtzanfeat features``: the feature sets, and the columns and parameters of one, or of one feature."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import click

from gtzanfeat.cli import screen

OF_SETS = ("set", "columns", "spec", "meaning")
NARROW = 100  # characters; in fewer, five columns side by side cannot be read
OF_COLUMNS = ("column", "unit", "hears", "formula", "source")
OF_PARAMETERS = ("feature", "parameter", "value", "default", "unit", "range", "meaning")
OF_FEATURE = tuple(head for head in OF_PARAMETERS if head not in ("feature", "value"))


@click.command("features")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, with all that is known.")
def command(name: str | None, as_csv: bool) -> None:
    """List the feature sets or, of one set or feature, its columns and parameters.

    Of each column: what it is, hears and comes from; of each parameter, which an item of a feature set can
    give: value in the set, default, unit and range. NAME is that of a set, or else of a feature, also of one
    that is in no set.
    """
    from gtzanfeat.feature_sets import FEATURE_SETS

    if name is None:
        sets = FEATURE_SETS.values()
        cells = [(row.name, str(len(row.columns)), row.spec_hash, row.doc) for row in sets]
        rows = [dict(zip(OF_SETS, row, strict=True)) for row in cells]
        if as_csv:
            _write_csv(rows)
        else:
            screen.table(OF_SETS, cells, right=["columns"])
        return
    columns, heads, parameters = _of(name)
    if as_csv:
        _write_csv(columns)
        return
    _show(OF_COLUMNS, columns)
    if parameters:
        click.echo()
        _show(heads, parameters)


def _of(name: str) -> tuple[list[dict[str, str]], Sequence[str], list[dict[str, str]]]:
    """The columns of a set or a feature, and its parameters with their headings."""
    from gtzanfeat.errors import UnknownNameError
    from gtzanfeat.extraction.frame_matrices import usual_item
    from gtzanfeat.feature_sets import FEATURE_SETS, RATE, feature_set
    from gtzanfeat.feature_sets.feature_parameters import parameter_rows
    from gtzanfeat.features import FEATURES

    if name.partition("@")[0] in FEATURE_SETS:
        chosen = feature_set(name)
        return chosen.feature_table(), OF_PARAMETERS, chosen.parameter_table()
    if name not in FEATURES:
        raise UnknownNameError("feature set or feature", name, dict.fromkeys([*FEATURE_SETS, *FEATURES]))
    item = usual_item(name)
    (columns,) = item.rows(frames=True)
    return columns, OF_FEATURE, parameter_rows(name, item.framing, RATE, item.params)


def _show(heads: Sequence[str], rows: list[dict[str, str]]) -> None:
    lines = [[row[head] for head in heads] for row in rows]
    if screen.width() < NARROW:
        screen.blocks(heads, lines)
    else:
        screen.table(heads, lines)


def _write_csv(rows: list[dict[str, str]]) -> None:
    page = io.StringIO()
    writer = csv.DictWriter(page, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    click.echo(page.getvalue(), nl=False)
