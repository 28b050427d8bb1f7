"""Contents of the sections of the report page: one function per section, from a result to template variables.

A function returns text and formatted numbers, or None if the result has nothing of that kind; the section is
then left out. Scores are those of the result. The section on the worst predicted clips is in `mistakes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.evaluation import Audit, Evaluation
from gtzanfeat.evaluation.leakage import KINDS
from gtzanfeat.inspection import Robustness
from gtzanfeat.inspection.feature_importance import Importance
from gtzanfeat.report.displays import check_importances
from gtzanfeat.report.formatting import PLAIN, as_sentence, format_interval, format_score, metric_name
from gtzanfeat.report.vector_pictures import curve_svg, scatter_svg

PALE = 0.6  # the colour of a fold against that of the same share in the confusion matrix
MOST_PAIRS, MOST_FINDINGS, MOST_FOLDS = 10, 30, 20

Section = dict[str, Any]


def headline_score(found: Evaluation) -> Section:
    """Return the headline score with its interval and the baselines it is compared with."""
    headline = found.headline
    table = found.metrics
    row = table[table["metric"] == headline].to_dict("records")[0]
    marks = []
    if found.task == "single-label":
        marks.append(("chance", 1 / len(found.labels)))
    if np.isfinite(row["baseline"]):
        words = "commonest class" if found.task == "single-label" else "baseline"
        marks.append((words, float(row["baseline"])))
    if found.naive is not None:
        marks.append(("split by rows, leaking", float(found.naive)))
    if len(marks) > 1 and format_score(marks[0][1]) == format_score(marks[1][1]):
        marks[:2] = [(f"{marks[0][0]} and {marks[1][0]}", marks[0][1])]
    name, value, between = (
        metric_name(headline),
        format_score(found.score, headline),
        format_interval(row["low"], row["high"], headline) if found.n_groups > 1 else "",
    )
    said = [f"{name} {value}", f"95 % interval {between}" if between else ""]
    said += [f"{mark} {format_score(at, headline)}" for mark, at in marks]
    return {
        "name": name,
        "value": value,
        "interval": between,
        "words": "; ".join(part for part in said if part),
        "ends": ["0", "1"] if headline in PLAIN else ["0 %", "100 %"],
        "marks": [
            {"name": mark, "value": format_score(at, headline), "at": _percent(at)} for mark, at in marks
        ],
        "gauge": gauge(found.score, row["low"], row["high"]) if np.isfinite(found.score) else None,
    }


def gauge(value: float, low: float, high: float) -> Section:
    """Return the places of a share and its interval on a gauge from 0 to 1, in per cent of its length."""
    places: Section = {"at": _percent(value), "low": None, "width": None}
    if np.isfinite(low) and np.isfinite(high):
        places["low"] = _percent(low)
        places["width"] = round(_percent(high) - _percent(low), 2)
    return places


def _percent(share: float) -> float:
    return round(100 * float(np.clip(share, 0.0, 1.0)), 2)


def setting_rows(found: Evaluation) -> list[tuple[str, str, str]]:
    """Return the settings of the evaluation as rows of term, text and typeface."""
    left_out = [f"{count} {why}" for why, count in found.left_out.items()]
    clips = f"{found.n_used} of {found.n_clips}"
    if found.task != "regression":
        clips += f", {len(found.labels)} {'classes' if found.task == 'single-label' else 'tags'}"
    rows = [
        ("Dataset", found.dataset, ""),
        ("Target", found.target, ""),
        ("Clips", clips, ""),
        ("Left out", ", ".join(left_out), ""),
        ("Protocol", f"{found.protocol}: {found.description}", ""),
        ("Estimator", found.estimator, "code"),
        ("Settings", _search_summary(found), ""),
        ("Features", found.feature_set, ""),
        ("Columns", "" if found.n_columns is None else str(found.n_columns), ""),
        ("Spec hash", found.spec_hash or "", "code"),
        ("Seed", str(found.random_state), ""),
        ("Versions", ", ".join(f"{name} {version}" for name, version in found.versions.items()), ""),
    ]
    return [row for row in rows if row[1]]


def _search_summary(found: Evaluation) -> str:
    """Return the inner search in words, with the settings that were chosen most often."""
    if found.search is None:
        return ""
    chosen = Counter(
        ", ".join(f"{name.rpartition('__')[2]}={value}" for name, value in sorted(settings.items()))
        for settings in found.search["chosen"]
    )
    often = "; ".join(
        f"{words} in {count} of {chosen.total()} folds" for words, count in chosen.most_common(3)
    )
    return f"{found.search['inner']}; chosen: {often}"


def metric_rows(found: Evaluation) -> list[Section]:
    """Return one row per metric, the headline first."""
    table = found.metrics
    order = [*table.index[table["metric"] == found.headline], *table.index[table["metric"] != found.headline]]
    return [
        {
            "lead": row["metric"] == found.headline,
            "name": metric_name(row["metric"]),
            "value": format_score(row["value"], row["metric"]),
            "interval": format_interval(row["low"], row["high"], row["metric"]) or "–",
            "baseline": format_score(row["baseline"], row["metric"]),
        }
        for row in table.loc[order].to_dict("records")
    ]


BASELINES = {
    "single-label": "always answers the commonest class of the training part",
    "multi-label": "always answers the tags that most training clips have",
    "regression": "always answers the mean of the training part",
}


def interval_caption(found: Evaluation) -> str:
    """Return the caption that explains the intervals and the baseline."""
    rows = found.predictions
    drawn = (
        "recordings"
        if "group" not in rows or (rows["group"] == rows["recording"]).all()
        else "artists or songs"
    )
    return (
        f"Intervals are where 95 % of the scores fall if the {found.n_groups} {drawn} are drawn anew "
        f"(bootstrap). The baseline {BASELINES[found.task]}."
    )


def score_remarks(found: Evaluation) -> list[str]:
    """Return sentences on the permutation test, untested classes and the spread over folds."""
    said = []
    test = found.permutation_test
    if test.n_units > 1 and np.isfinite(test.p_value):
        how = "estimators trained on each" if test.refitted else "the same answers, tested against each"
        said.append(
            f"Permutation test of {metric_name(test.metric)}: p = {test.p_value:.2g}. With shuffled truth "
            f"it was {format_score(test.chance, test.metric)} on average ({test.n_permutations} permutations "
            f"among {test.n_units} units; {how})."
        )
    if found.untested:
        said.append(f"Without a test, and so left out of the means: {', '.join(found.untested)}.")
    if found.task == "single-label" and found.spread_folds is not None:
        words = f"Standard deviation between folds: {100 * found.spread_folds:.1f} points"
        if found.spread_repeats is not None:
            words += f"; between means of repeats: {100 * found.spread_repeats:.1f}"
        said.append(f"{words}. Folds share training clips, so these are no confidence intervals.")
    return said


def confusion_rows(found: Evaluation) -> list[Section] | None:
    """Return the rows of the confusion matrix, one per true class."""
    if found.task != "single-label":
        return None
    percents = found.confusion_paper.T
    rows = []
    for i, label in enumerate(found.labels):
        cells = []
        for j, percent in enumerate(percents[i]):
            never = found.confusion[i, j] == 0
            cells.append(_cell(percent / 100, "·" if never else f"{percent:.0f}", i == j, never))
        rows.append({"label": label, "cells": cells})
    return rows


def _cell(share: float, text: str, right: bool = False, never: bool = False) -> Section:
    kinds = [("right", right), ("never", never and not right)]
    return {
        "text": text,
        "share": 0 if never else round(min(100 * share, 100.0), 1),
        "kind": " ".join(kind for kind, holds in kinds if holds),
    }


def confused_pairs(found: Evaluation) -> list[Section] | None:
    """Return the pairs of true and predicted class that were confused most often."""
    if found.task != "single-label":
        return None
    counts = found.confusion.copy()
    tests = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:MOST_PAIRS]
    rows = []
    for i, j in zip(*np.unravel_index(order, counts.shape), strict=True):
        if counts[i, j]:
            truth, answer = found.labels[i], found.labels[j]
            share = format_score(counts[i, j] / tests[i])
            rows.append({"truth": truth, "answer": answer, "tests": int(counts[i, j]), "share": share})
    return rows or None


def regression_scatter(found: Evaluation) -> str | None:
    """Return the scatter plot of a regression."""
    if found.task != "regression":
        return None
    truth = found.predictions["target"].to_numpy(dtype=float)
    return scatter_svg(truth, found.predictions["predicted"].to_numpy(dtype=float))


def fold_table(found: Evaluation) -> Section | None:
    """Return the headline score of every fold, one row per repeat."""
    table = found.fold_scores
    wide = table.pivot(index="repeat", columns="fold", values=found.headline)
    if wide.size < 2 or wide.shape[1] > MOST_FOLDS:
        return None
    plain = found.headline in PLAIN
    rows = []
    for repeat, values in wide.iterrows():
        scores = values.to_numpy(dtype=float)
        shares = np.zeros(len(scores)) if plain else PALE * np.nan_to_num(scores)
        cells = [
            _cell(share, _rounded_score(v, found.headline)) for share, v in zip(shares, scores, strict=True)
        ]
        mean = format_score(float(values.mean()), found.headline, unit=False)
        rows.append({"name": f"repeat {repeat}", "cells": cells, "mean": mean})
    unit = "" if plain else ", in per cent"
    tested = table["clips"]
    size = f"{tested.min()}" if tested.min() == tested.max() else f"{tested.min()} to {tested.max()}"
    return {
        "caption": f"{metric_name(found.headline)} of each fold, which tests {size} clips{unit}.",
        "numbers": [str(number) for number in wide.columns],
        "rows": rows,
    }


def _rounded_score(value: float, metric: str) -> str:
    if metric in PLAIN or not np.isfinite(value):
        return format_score(value, metric)
    return f"{100 * value:.0f}"


def importance_table(given: Importance | pd.DataFrame | None, score: str) -> Section | None:
    """Return the table of permutation importances of groups of columns."""
    if given is None:
        return None
    frame, about = (
        (given, "") if isinstance(given, pd.DataFrame) else (given.table, as_sentence(given.description))
    )
    check_importances(frame)
    frame = frame.sort_values("importance", ascending=False, kind="stable")
    top = max(float(frame["importance"].max()), np.finfo(float).tiny)
    spreads = "spread" in frame
    name, unit = metric_name(score), "" if score in PLAIN else ", in points"
    return {
        "caption": f"Loss of the score ({name}{unit}) when these columns are exchanged between clips that "
        f"were not trained on. {as_sentence(about) if about else ''}".strip(),
        "spreads": spreads,
        "rows": [
            {
                "name": str(group),
                "value": format_score(row["importance"], score, unit=False),
                "spread": format_score(row["spread"], score, unit=False) if spreads else "",
                "share": _percent(row["importance"] / top),
            }
            for group, row in frame.iterrows()
        ],
    }


def audit_section(found: Audit | None) -> Section | None:
    """Return the findings of the audit of the folds."""
    if found is None:
        return None
    rows = [
        {
            "kind": finding.kind,
            "what": finding.what,
            "train": Path(finding.train).name,
            "test": Path(finding.test).name,
            "fold": f"{finding.repeat}.{finding.fold}",
            "tests": finding.n_tests,
        }
        for finding in found.findings[:MOST_FINDINGS]
    ]
    hidden = len(found.findings) - len(rows)
    return {
        "sentences": [as_sentence(line) for line in found.sentences.values()],
        "clean": ", ".join(KINDS[kind][0] for kind, n_tests in found.exposed.items() if not n_tests),
        "rows": rows,
        "more": f" ({hidden} more were found)" if hidden else "",
        "notes": [as_sentence(note) for note in found.notes],
    }


def confound_table(found: Audit | None) -> Section | None:
    """Return the table of what properties of the files tell of the class, if one does."""
    told = None if found is None else found.confounds
    if not told:
        return None
    telling = {each.name for each in told.found}
    return {
        "caption": f"How often a property of the files alone tells the class of {told.n_groups} artists or "
        f"recordings; always the commonest class: {format_score(told.majority)}.",
        "rows": [
            {
                "name": each.name.capitalize(),
                "values": each.values,
                "right": format_score(each.accuracy),
                "p": f"{each.p_value:.3f}",
                "lead": each.name in telling,
            }
            for each in told.properties
            if each.accuracy is not None  # the same for all
        ],
    }


def robustness_curves(sweeps: Robustness | Sequence[Robustness] | None) -> list[Section] | None:
    """Return the scores as a function of the strength of a degradation, one curve for each."""
    if sweeps is None:
        return None
    sections = []
    for sweep in [sweeps] if isinstance(sweeps, Robustness) else sweeps:
        metric, table = sweep.metric, sweep.table
        name = sweep.degradation.replace("_", " ")
        scores, low, high = (table[column].to_numpy(dtype=float) for column in (metric, "low", "high"))
        said = [format_score(score, metric) for score in scores]
        words = ", ".join(f"{word} {score}" for word, score in zip(sweep.words, said, strict=True))
        between = [format_interval(a, b, metric) or "–" for a, b in zip(low, high, strict=True)]
        sections.append(
            {
                "name": name.capitalize(),
                "score": metric_name(metric),
                "caption": f"{as_sentence(sweep.meaning)} Trained on clips as they were "
                f"recorded: {sweep.estimator}, {sweep.protocol}.",
                "picture": curve_svg(scores, low, high, f"{metric_name(metric)}: {words}"),
                "rows": list(zip(sweep.words, said, between, strict=True)),
            }
        )
    return sections
