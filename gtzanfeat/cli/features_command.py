"""``gtzanfeat features``: the feature sets, and the columns and parameters of one, or of one feature."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import options, screen

if TYPE_CHECKING:
    from gtzanfeat.feature_sets import FeatureSet

OF_SETS = ("set", "columns", "spec", "meaning")
NARROW = 100  # characters; in fewer, five columns side by side cannot be read
OF_COLUMNS = ("column", "unit", "hears", "formula", "source")
OF_PARAMETERS = ("feature", "parameter", "value", "default", "unit", "range", "meaning")
OF_FEATURE = tuple(head for head in OF_PARAMETERS if head not in ("feature", "value"))


@click.command("features")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, with all that is known.")
@options.as_json
def command(name: str | None, as_csv: bool, as_json: bool) -> None:
    """List the feature sets or, of one set or feature, its columns and parameters.

    Of each column: what it is, hears and comes from; of each parameter, which an item of a feature set can
    give: value in the set, default, unit and range. NAME is that of a set, or else of a feature, also of one
    that is in no set.
    """
    if as_json and as_csv:
        raise click.UsageError("--csv and --json exclude each other.")
    if name is None:
        _list_sets(as_csv, as_json)
        return
    identity, columns, heads, parameters = _of(name)
    if as_json:
        screen.print_json(identity | {"columns": columns, "parameters": parameters})
    elif as_csv:
        _write_csv(columns)
    else:
        _show(OF_COLUMNS, columns)
        if parameters:
            screen.show()
            _show(heads, parameters)


def _list_sets(as_csv: bool, as_json: bool) -> None:
    """Print what feature sets there are."""
    from gtzanfeat.feature_sets import FEATURE_SETS

    sets = FEATURE_SETS.values()
    cells = [(row.name, str(len(row.columns)), row.spec_hash, row.doc) for row in sets]
    if as_json:
        screen.print_json({"feature_sets": [_identity(row) for row in sets]})
    elif as_csv:
        _write_csv([dict(zip(OF_SETS, row, strict=True)) for row in cells])
    else:
        screen.table(OF_SETS, cells, right=["columns"])


def _of(
    name: str,
) -> tuple[dict[str, Any], list[dict[str, str]], Sequence[str], list[dict[str, str]]]:
    """What a set or a feature is, its columns, and its parameters with their headings."""
    from gtzanfeat.errors import UnknownNameError
    from gtzanfeat.extraction.array_analysis import on_arrays
    from gtzanfeat.extraction.frame_matrices import usual_item
    from gtzanfeat.feature_sets import FEATURE_SETS, RATE, feature_set
    from gtzanfeat.feature_sets.feature_parameters import parameter_rows
    from gtzanfeat.features import FEATURES

    if name.partition("@")[0] in FEATURE_SETS:  # also at another rate
        chosen = feature_set(name)
        on_gpu = [item.feature for item in chosen.items if on_arrays(item.request, chosen.rate)]
        identity = _identity(chosen) | {"on_gpu": list(dict.fromkeys(on_gpu))}
        return identity, chosen.feature_table(), OF_PARAMETERS, chosen.parameter_table()
    if name not in FEATURES:
        raise UnknownNameError("feature set or feature", name, dict.fromkeys([*FEATURE_SETS, *FEATURES]))
    item = usual_item(name)
    (columns,) = item.rows(frames=True)
    identity = {"name": name, "on_gpu": on_arrays(item.request, RATE)}
    return identity, columns, OF_FEATURE, parameter_rows(name, item.framing, RATE, item.params)


def _show(heads: Sequence[str], rows: list[dict[str, str]]) -> None:
    lines = [[row[head] for head in heads] for row in rows]
    if screen.width() < NARROW:
        screen.blocks(heads, lines)
    else:
        screen.table(heads, lines)


def _identity(row: FeatureSet) -> dict[str, Any]:
    """Return name, meaning and size of a feature set as plain values."""
    return {
        "name": row.name,
        "doc": row.doc,
        "rate": row.rate,
        "n_columns": len(row.columns),
        "spec_hash": row.spec_hash,
    }


def _write_csv(rows: list[dict[str, str]]) -> None:
    page = io.StringIO()
    writer = csv.DictWriter(page, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    screen.show(page.getvalue().removesuffix("\n"))
