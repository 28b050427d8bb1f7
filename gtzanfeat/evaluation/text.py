"""The text of an evaluation, for people: what was done, what must be known of it, and then the scores.

Nothing is computed here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gtzanfeat.evaluation.result import Evaluation

PLAIN = ("log_loss", "r2", "rmse", "mae", "pearson_r")  # all others are shares
WORDS = {"r2": "R²", "rmse": "RMSE", "mae": "MAE", "pearson_r": "Pearson r", "f1_macro": "macro F1"}
BASELINES = {
    "single-label": "always answering the commonest class",
    "multi-label": "always answering the tags that most clips have",
    "regression": "always answering the mean",
}


def lines(found: Evaluation) -> list[str]:
    """Return the whole report as lines of plain text.

    Parameters
    ----------
    found : Evaluation
        What to print.

    Returns
    -------
    list of str
    """
    report = [
        *_identity(found),
        "",
        *([f"warning: {warning}" for warning in found.warnings] + [""] if found.warnings else []),
        *_scores(found),
        "",
        *_metrics(found),
    ]
    if found.task != "regression":
        report += ["", *_classes(found)]
    if found.task == "single-label":
        report += ["", *_confusion(found)]
    return report


def _identity(found: Evaluation) -> list[str]:
    columns = "" if found.n_columns is None else f", {found.n_columns} columns"
    spec = "" if found.spec_hash is None else f", spec {found.spec_hash}"
    left_out = "".join(f", {number} {why}" for why, number in found.left_out.items())
    kinds = {"single-label": "classes", "multi-label": "tags"}
    asked = (
        f"{len(found.labels)} {kinds[found.task]}" if found.task in kinds else f"{found.target} as a number"
    )
    return [
        f"protocol      {found.protocol}: {found.description}",
        f"clips         {found.n_used} of {found.n_clips} ({found.dataset}), {asked}",
        f"not used      {len(found.failures)} failed{left_out}",
        *(f"  failed      {failure.source}: {failure.reason}" for failure in found.failures),
        f"estimator     {found.estimator}",
        f"features      {found.feature_set}{columns}{spec}",
        f"seed          {found.random_state}",
        *_audited(found),
        *_searched(found),
        f"versions      {', '.join(f'{name} {number}' for name, number in found.versions.items())}",
    ]


def _audited(found: Evaluation) -> list[str]:
    """What was looked for on both sides, and not found; what was found is a warning."""
    if found.audit is None:
        return []
    clean = [kind for kind, n_tests in found.audit.exposed.items() if not n_tests]
    return [f"audit         looked for on both sides and not found: {', '.join(clean)}"] if clean else []


def _searched(found: Evaluation) -> list[str]:
    """What was searched inside the training parts, and how often each setting was chosen."""
    if found.search is None:
        return []
    chosen = [
        ", ".join(f"{name.rpartition('__')[2]}={value}" for name, value in sorted(settings.items()))
        for settings in found.search["chosen"]
    ]
    often = Counter(chosen).most_common(3)
    said = "; ".join(f"{words} in {number} of {len(chosen)} folds" for words, number in often)
    return [f"inner         {found.search['inner']}; chosen: {said}"]


def _scores(found: Evaluation) -> list[str]:
    """The headline metric, and beside it what chance, the commonest class and leakage would make of it."""
    name, test = found.headline, found.permutation_test
    value = dict(found.metrics.set_index("metric").loc[name])
    said = [f"{WORDS.get(name, name):<14}{_headline(found)}"]
    if test.n_units > 1:
        what = f"95 %, bootstrap over {found.n_groups} {_groups(found)}"
        said.append(f"interval      {_span(name, value['low'], value['high'])}  ({what})")
    if found.task == "single-label":
        said.append(f"macro recall  {found.macro_recall:.1%}")
        said.append(f"majority      {found.majority:.1%}  ({BASELINES[found.task]})")
    elif not np.isnan(value["baseline"]):
        said.append(f"baseline      {_number(name, value['baseline'])}  ({BASELINES[found.task]})")
    if test.n_units > 1 and not np.isnan(test.p_value):
        trained = "estimators trained on" if test.refitted else "the same answers, tested against"
        said.append(
            f"permutation   p = {test.p_value:.3g}  ({trained} {test.n_permutations} permutations among "
            f"{test.n_units} {_groups(found)}: {_number(name, test.chance)})"
        )
    if found.naive is not None:
        why = "rows divided regardless of recordings and artists: what leakage is worth, not a score"
        said.append(f"naive split   {_number(name, found.naive)}  ({why})")
    if found.untested:
        named = ", ".join(found.untested)
        said.append(f"left out      {len(found.untested)} of {len(found.labels)} without a test: {named}")
    return said


def _groups(found: Evaluation) -> str:
    rows = found.predictions
    if "group" not in rows or (rows["group"] == rows["recording"]).all():
        return "recordings"
    return "artists or songs"


def _headline(found: Evaluation) -> str:
    folds, repeats = found.fold_scores, found.predictions["repeat"].nunique()
    words = _number(found.headline, found.score)
    if found.spread_folds is None:
        return f"{words}  (one test part, so no spread)"
    of = f"mean of {len(folds)} folds" if found.task == "single-label" else f"over {len(folds)} folds"
    words += f"  ({of}; standard deviation {_spread(found, found.spread_folds)} between folds"
    if found.spread_repeats is not None:
        words += f", {_spread(found, found.spread_repeats)} between the means of {repeats} repeats"
    return f"{words}: not a confidence interval)"


def _spread(found: Evaluation, deviation: float) -> str:
    return f"{deviation:.3f}" if found.headline in PLAIN else f"{100 * deviation:.1f}"


def _number(metric: str, value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.3f}" if metric in PLAIN else f"{value:.1%}"


def _span(metric: str, low: float, high: float) -> str:
    if np.isnan(low):
        return "-"
    if metric in PLAIN:
        return f"{low:.3f} to {high:.3f}"
    return f"{100 * low:.1f}-{high:.1%}"


def _metrics(found: Evaluation) -> list[str]:
    rows = [
        [name, _number(name, value), _span(name, low, high), _number(name, baseline)]
        for name, value, low, high, baseline in found.metrics.itertuples(index=False)
    ]
    return _aligned(["metric", "value", "95 % interval", "baseline"], rows)


def _classes(found: Evaluation) -> list[str]:
    heads = {"precision": "precision", "recall": "recall", "f1": "F1", "clips": "clips"}
    if found.task == "multi-label":
        heads |= {"roc_auc": "ROC-AUC", "average_precision": "AP"}
    shown = [column for column in heads if column in found.per_class]
    rows = [
        [str(label), *(f"{row[name]:.0f}" if name == "clips" else _number(name, row[name]) for name in shown)]
        for label, row in found.per_class.iterrows()
    ]
    kind = "class" if found.task == "single-label" else "tag"
    return _aligned([kind, *(heads[name] for name in shown)], rows)


def _confusion(found: Evaluation) -> list[str]:
    counts, percents = found.confusion, found.confusion_paper
    repeats = found.predictions["repeat"].nunique()
    summed = f", {repeats} repeats summed" if repeats > 1 else ""
    return [
        f"confusion: rows are the truth, columns predicted (tests{summed})",
        *_matrix(found.labels, [[str(count) for count in row] for row in counts]),
        "",
        "confusion as Tzanetakis & Cook print it: columns are the truth, rows predicted (per cent)",
        *_matrix(found.labels, [[f"{percent:.0f}" for percent in row] for row in percents]),
    ]


def _matrix(labels: tuple[str, ...], cells: list[list[str]]) -> list[str]:
    return _aligned(["", *_heads(labels)], [[label, *row] for label, row in zip(labels, cells, strict=True)])


def _heads(labels: tuple[str, ...]) -> list[str]:
    """Shorten labels to the first letters, as few as tell all of them apart but at least nine."""
    longest = max(map(len, labels), default=0)
    lengths = range(9, longest)
    cuts = ([label[:length].rstrip() for label in labels] for length in lengths)
    return next((cut for cut in cuts if len(set(cut)) == len(labels)), list(labels))


def _aligned(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Lay a table out in columns: names to the left, numbers to the right."""
    table = [heads, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
