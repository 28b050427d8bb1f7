"""The text of an evaluation, as it is printed: protocol and clips, warnings, scores, confusion matrix.

It is made of the plain values that `Evaluation.to_dict` gives and that ``evaluation.json`` holds. No score is
computed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gtzanfeat.evaluation.confounders import Confounds

PLAIN = ("log_loss", "r2", "rmse", "mae", "pearson_r")  # all others are shares
WORDS = {"r2": "R²", "rmse": "RMSE", "mae": "MAE", "pearson_r": "Pearson r", "f1_macro": "macro F1"}
BASELINES = {
    "single-label": "always answering the commonest class",
    "multi-label": "always answering the tags that most clips have",
    "regression": "always answering the mean",
}


Stated = Mapping[str, Any]  # what `Evaluation.to_dict` gives


def plain_values(value: Any) -> Any:
    """Return a value as dicts, lists, strings and numbers that JSON knows.

    Parameters
    ----------
    value : object
        Of Python, numpy or pandas.

    Returns
    -------
    object
        NaN is None, and so is infinity, which JSON does not know either.
    """
    if isinstance(value, dict):
        return {str(key): plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float) else str(value)


def evaluation_lines(stated: Stated) -> list[str]:
    """Return the text of an evaluation, line by line.

    Parameters
    ----------
    stated : dict
        An evaluation as plain values.

    Returns
    -------
    list of str
    """
    warnings = [f"warning: {warning}" for warning in stated["warnings"]]
    warnings += _confound_lines(stated)
    report = [*_identity(stated), "", *warnings, *([""] if warnings else []), *_scores(stated), ""]
    report += _metrics(stated)
    if stated["task"] != "regression":
        report += ["", *_classes(stated)]
    if stated["task"] == "single-label":
        report += ["", *_confusion(stated)]
    return report


def failed_lines(failures: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each clip that could not be analysed, with the reason.

    Parameters
    ----------
    failures : iterable of (str, str)
        Source and reason of each.

    Returns
    -------
    list of str
    """
    return [f"  failed      {source}: {reason}" for source, reason in failures]


def _identity(stated: Stated) -> list[str]:
    n_columns, spec_hash = stated["n_columns"], stated["spec_hash"]
    columns = "" if n_columns is None else f", {n_columns} columns"
    spec = "" if spec_hash is None else f", spec {spec_hash}"
    left_out = "".join(f", {number} {why}" for why, number in stated["left_out"].items())
    kinds = {"single-label": "classes", "multi-label": "tags"}
    kind = kinds.get(stated["task"])
    asked = f"{stated['target']} as a number" if kind is None else f"{len(stated['labels'])} {kind}"
    return [
        f"protocol      {stated['protocol']}: {stated['description']}",
        f"clips         {stated['n_used']} of {stated['n_clips']} ({stated['dataset']}), {asked}",
        f"not used      {len(stated['failures'])} failed{left_out}",
        *failed_lines((failure["source"], failure["reason"]) for failure in stated["failures"]),
        f"estimator     {stated['estimator']}",
        f"features      {stated['feature_set']}{columns}{spec}",
        f"seed          {stated['random_state']}",
        *_audit_lines(stated),
        *_search_lines(stated),
        f"versions      {', '.join(f'{name} {number}' for name, number in stated['versions'].items())}",
    ]


def _audit_lines(stated: Stated) -> list[str]:
    """The kinds of leaks that were looked for and not found; those found are warnings."""
    if stated["audit"] is None:
        return []
    clean = [kind for kind, n_tests in stated["audit"]["exposed"].items() if not n_tests]
    return [f"audit         looked for on both sides and not found: {', '.join(clean)}"] if clean else []


def _confound_lines(stated: Stated) -> list[str]:
    """What each property of the files tells of the class, where one does."""
    told = None if stated["audit"] is None else stated["audit"].get("confounds")
    found = None if told is None else Confounds.from_dict(told)
    return ["", *found.lines()] if found else []


def _search_lines(stated: Stated) -> list[str]:
    """The search inside the training parts, and how often each setting was chosen."""
    if stated["search"] is None:
        return []
    chosen = [
        ", ".join(f"{name.rpartition('__')[2]}={value}" for name, value in sorted(settings.items()))
        for settings in stated["search"]["chosen"]
    ]
    often = Counter(chosen).most_common(3)
    said = "; ".join(f"{words} in {number} of {len(chosen)} folds" for words, number in often)
    return [f"inner         {stated['search']['inner']}; chosen: {said}"]


def _scores(stated: Stated) -> list[str]:
    """The main metric with its interval, the baseline, the permutation test and the naive split."""
    name, task, test = stated["headline"], stated["task"], stated["permutation_test"]
    value = next(row for row in stated["metrics"] if row["metric"] == name)
    said = [f"{WORDS.get(name, name):<14}{_headline(stated)}"]
    if test["n_units"] > 1:
        what = f"95 %, bootstrap over {stated['n_groups']} {stated['group_kind']}"
        said.append(f"interval      {interval_words(name, value['low'], value['high'])}  ({what})")
    if task == "single-label":
        said.append(f"macro recall  {stated['macro_recall']:.1%}")
        said.append(f"majority      {stated['majority']:.1%}  ({BASELINES[task]})")
    elif value["baseline"] is not None:
        said.append(f"baseline      {metric_words(name, value['baseline'])}  ({BASELINES[task]})")
    if test["n_units"] > 1 and test["p_value"] is not None:
        trained = "estimators trained on" if test["refitted"] else "the same answers, tested against"
        said.append(
            f"permutation   p = {test['p_value']:.3g}  ({trained} {test['n_permutations']} permutations "
            f"among {test['n_units']} {stated['group_kind']}: {metric_words(name, test['chance'])})"
        )
    if stated["naive"] is not None:
        why = "rows divided regardless of recordings and artists: what leakage is worth, not a score"
        said.append(f"naive split   {metric_words(name, stated['naive'])}  ({why})")
    if untested := stated["untested"]:
        said.append(
            f"left out      {len(untested)} of {len(stated['labels'])} without a test: {', '.join(untested)}"
        )
    return said


def _headline(stated: Stated) -> str:
    name, n_folds = stated["headline"], len(stated["folds"])
    n_repeats = len({fold["repeat"] for fold in stated["folds"]})
    words = metric_words(name, stated["score"])
    if stated["spread_folds"] is None:
        return f"{words}  (one test part, so no spread)"
    of = f"mean of {n_folds} folds" if stated["task"] == "single-label" else f"over {n_folds} folds"
    words += f"  ({of}; standard deviation {_spread(name, stated['spread_folds'])} between folds"
    if stated["spread_repeats"] is not None:
        between = _spread(name, stated["spread_repeats"])
        words += f", {between} between the means of {n_repeats} repeats"
    return f"{words}: not a confidence interval)"


def _spread(metric: str, deviation: float) -> str:
    return f"{deviation:.3f}" if metric in PLAIN else f"{100 * deviation:.1f}"


def metric_words(metric: str, value: float | None) -> str:
    """Return a value of a metric in words: a share in per cent, anything else as a number."""
    if value is None:
        return "-"
    return f"{value:.3f}" if metric in PLAIN else f"{value:.1%}"


def interval_words(metric: str, low: float | None, high: float | None) -> str:
    """Return an interval of a metric in words."""
    if low is None or high is None:
        return "-"
    if metric in PLAIN:
        return f"{low:.3f} to {high:.3f}"
    return f"{100 * low:.1f}-{high:.1%}"


def _metrics(stated: Stated) -> list[str]:
    rows = [
        [
            row["metric"],
            metric_words(row["metric"], row["value"]),
            interval_words(row["metric"], row["low"], row["high"]),
            metric_words(row["metric"], row["baseline"]),
        ]
        for row in stated["metrics"]
    ]
    return _align(["metric", "value", "95 % interval", "baseline"], rows)


def _classes(stated: Stated) -> list[str]:
    heads = {"precision": "precision", "recall": "recall", "f1": "F1", "clips": "clips"}
    if stated["task"] == "multi-label":
        heads |= {"roc_auc": "ROC-AUC", "average_precision": "AP"}
    per_class = stated["per_class"]
    shown = [column for column in heads if all(column in row for row in per_class.values())]
    rows = [
        [label, *(f"{row[name]:.0f}" if name == "clips" else metric_words(name, row[name]) for name in shown)]
        for label, row in per_class.items()
    ]
    kind = "class" if stated["task"] == "single-label" else "tag"
    return _align([kind, *(heads[name] for name in shown)], rows)


def _confusion(stated: Stated) -> list[str]:
    labels, n_repeats = stated["labels"], len({fold["repeat"] for fold in stated["folds"]})
    summed = f", {n_repeats} repeats summed" if n_repeats > 1 else ""
    return [
        f"confusion: rows are the truth, columns predicted (tests{summed})",
        *_matrix(labels, [[str(count) for count in row] for row in stated["confusion"]]),
        "",
        "confusion as Tzanetakis & Cook print it: columns are the truth, rows predicted (per cent)",
        *_matrix(labels, [[f"{percent:.0f}" for percent in row] for row in stated["confusion_paper"]]),
    ]


def _matrix(labels: Sequence[str], cells: list[list[str]]) -> list[str]:
    return _align(["", *_heads(labels)], [[label, *row] for label, row in zip(labels, cells, strict=True)])


def _heads(labels: Sequence[str]) -> list[str]:
    """Shorten labels to their first letters: at least nine, and as many as tell them apart."""
    longest = max(map(len, labels), default=0)
    lengths = range(9, longest)
    cuts = ([label[:length].rstrip() for label in labels] for length in lengths)
    return next((cut for cut in cuts if len(set(cut)) == len(labels)), list(labels))


def _align(heads: list[str], rows: list[list[str]]) -> list[str]:
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
