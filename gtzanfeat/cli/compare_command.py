"""``gtzanfeat compare``: saved evaluations side by side, with paired tests of the differences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import options, screen

if TYPE_CHECKING:
    import pandas as pd

    from gtzanfeat.evaluation import Evaluation


@click.command("compare")
@click.argument("results", nargs=-1, required=True, metavar="A B...", type=options.FilePath())
@options.as_json
def command(results: tuple[Path, ...], as_json: bool) -> int:
    """Set saved results side by side: scores, tests of the difference, and what else differs.

    A, B ... are folders that `gtzanfeat evaluate --save` or `--report` wrote. On the same folds the best is
    tested against each of the others: by the corrected resampled t-test over folds (Nadeau & Bengio 2003),
    and by McNemar's test over the clips of the first repeat (Dietterich 1998).
    """
    from gtzanfeat.evaluation import read_evaluation
    from gtzanfeat.inspection.comparison import compare

    named: dict[str, Evaluation] = {}
    for path in results:
        if str(path) in named:
            raise click.UsageError(f"{path} is given twice; give each result once.")
        named[str(path)] = read_evaluation(path)
    table = compare(named)
    if as_json:
        screen.print_json(_plain(table, named))
        return 0
    _show_scores(table, named)
    warnings: dict[str, list[str]] = {}
    for name, found in named.items():
        for warning in found.warnings:
            warnings.setdefault(warning, []).append(name)
    for warning, names in warnings.items():
        of = "" if len(names) == len(named) else f"{', '.join(names)}: "
        screen.show(f"warning: {of}{warning}")
    _show_differences(named)
    if len(named) == 2:
        _show_classes(named)
    return 0


def _plain(table: pd.DataFrame, named: dict[str, Evaluation]) -> dict[str, Any]:
    """Return a comparison as plain values: the results, ranked, and how each differs from the first given."""
    from gtzanfeat.evaluation.text import plain_values
    from gtzanfeat.inspection.comparison import differences

    (_, first), *others = named.items()
    results = [
        {"result": name, **row, "warnings": named[str(name)].warnings}
        for name, row in table.to_dict("index").items()
    ]
    differing = [
        {"result": name, "setting": setting, "value": row["second"], "value_of_first": row["first"]}
        for name, other in others
        for setting, row in differences(first, other).iterrows()
    ]
    plain: dict[str, Any] = plain_values(
        {
            "task": first.task,
            "target": first.target,
            "metric": first.headline,
            "results": results,
            "differences": differing,
            "per_class": {
                name: {}
                if found.task == "regression"
                else found.per_class.join(found.class_intervals).to_dict("index")
                for name, found in named.items()
            },
        }
    )
    return plain


def _class_scores(found: Evaluation) -> dict[Any, Any]:
    if found.task == "regression":
        return {}
    return found.per_class.join(found.class_intervals).to_dict("index")


def _show_scores(table: pd.DataFrame, named: dict[str, Evaluation]) -> None:
    from gtzanfeat.report.formatting import PLAIN, format_interval, format_score, metric_name

    metric = next(iter(named.values())).headline
    unit = "" if metric in PLAIN else " (per cent)"
    heads = ["result", "score", "95 % interval", "to the best", "folds lost", "p, folds", "p, clips"]
    rows = []
    for name, row in table.iterrows():
        best = row["difference"] == 0 and name == table.index[0]
        rows.append(
            [
                str(name),
                format_score(row["score"], metric, unit=False),
                format_interval(row["low"], row["high"], metric).removesuffix(" %") or "-",
                "best" if best else format_score(row["difference"], metric, unit=False),
                "" if best else format_score(row["folds_lost"]),
                "" if best else _p(row["p_t"]),
                "" if best else _p(row["p_mcnemar"]),
            ]
        )
    screen.show(f"{metric_name(metric)}{unit}, the best first")
    screen.table(heads, rows, right=heads[1:])
    unpaired = [str(name) for name in table.index[~table["paired"].astype(bool)]]
    if unpaired:
        screen.show(f"not tested, because not on the folds of the best: {', '.join(unpaired)}")
    if len(named) > 2:
        screen.show("each p is of one comparison: of many, some are small by chance")


def _show_differences(named: dict[str, Evaluation]) -> None:
    from gtzanfeat.inspection.comparison import differences

    (first_name, first), *others = named.items()
    for name, other in others:
        table = differences(first, other)
        screen.show(f"\nWhat differs between {first_name} and {name}")
        if table.empty:
            screen.show("nothing but the answers")
            continue
        rows = [[str(what), row["first"], row["second"]] for what, row in table.iterrows()]
        screen.table(["", first_name, name], rows)


def _show_classes(named: dict[str, Evaluation]) -> None:
    from gtzanfeat.report.formatting import format_score

    (first_name, first), (second_name, second) = named.items()
    if first.task == "regression":
        return
    left, right = first.per_class["f1"], second.per_class["f1"]
    labels = [label for label in left.index if label in right.index]
    ranked = sorted(labels, key=lambda label: -abs(float(right[label]) - float(left[label])))
    heads = ["", first_name, second_name, "difference"]
    screen.show("\nF1 by class (per cent), the greatest difference first")
    screen.table(
        heads,
        [
            [
                label,
                *(format_score(float(side[label]), unit=False) for side in (left, right)),
                f"{100 * (float(right[label]) - float(left[label])):+.1f}".replace("-", "−"),
            ]
            for label in ranked
        ],
        right=heads[1:],
    )


def _p(value: float) -> str:
    if value != value:  # NaN: there was nothing to test
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
