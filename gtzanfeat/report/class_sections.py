"""The sections of the report page on single classes and tags: scores with intervals, and curves.

Other sections are in `sections`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from gtzanfeat.evaluation import Evaluation
from gtzanfeat.evaluation.ranking_curves import RankingCurves, ranking_curves
from gtzanfeat.report.formatting import format_score
from gtzanfeat.report.score_pictures import unit_curve_svg
from gtzanfeat.report.sections import Section, gauge

MOST_CURVES = 12


def class_table(found: Evaluation) -> Section | None:
    """Return the table of precision, recall and F1 of classes or tags."""
    if found.task == "regression":
        return None
    table = found.per_class
    heads = {"precision": "precision", "recall": "recall", "f1": "F1"}
    if found.task == "multi-label":
        heads |= {"roc_auc": "ROC-AUC", "average_precision": "AP"}
    columns = [name for name in heads if name in table]
    what = "tag" if found.task == "multi-label" else "class"
    rows = table.join(found.class_intervals).to_dict("index").items()
    return {
        "title": f"{what.capitalize()} by {what}",
        "caption": "Per cent, of all tests together; intervals as above. The strip is F1, from 0 to 100 %.",
        "heads": [what, *(heads[name] for name in columns), "clips"],
        "rows": [
            {
                "label": label,
                "gauge": gauge(row["f1"], row["f1_low"], row["f1_high"]) if np.isfinite(row["f1"]) else None,
                "cells": [_score_and_interval(row, name) for name in columns],
                "clips": f"{row['clips']:.0f}",
            }
            for label, row in rows
        ],
    }


def _score_and_interval(row: Mapping[Hashable, Any], name: str) -> dict[str, str]:
    low, high = row.get(f"{name}_low", np.nan), row.get(f"{name}_high", np.nan)
    between = f"{100 * low:.0f} to {100 * high:.0f}" if np.isfinite(low) and np.isfinite(high) else ""
    return {"text": format_score(row[name], unit=False), "interval": between}


def curve_cards(found: Evaluation) -> Section | None:
    """Return the ROC and precision-recall curves of tags or of two classes, of the commonest of many."""
    curves = ranking_curves(found)
    if not curves:
        return None
    common = sorted(curves, key=lambda row: -row.share)[:MOST_CURVES]
    shown = [row for row in curves if row in common]
    what = "tags" if found.task == "multi-label" else "classes"
    caption = (
        "Per cent, as the threshold falls; means over folds. The dashed line is what guessing gives. The ROC "
        "curve, on the left: how many clips of others are taken for it, and how many of its own. AP is the "
        "average precision, the area below the curve on the right."
    )
    if len(shown) < len(curves):
        caption += f" These are the {len(shown)} commonest of {len(curves)} {what}."
    return {"caption": caption, "cards": [_curve_card(found, row) for row in shown]}


def _curve_card(found: Evaluation, row: RankingCurves) -> dict[str, str]:
    said = found.per_class.loc[row.name].to_dict()
    area, precision = format_score(said["roc_auc"]), format_score(said["average_precision"])
    return {
        "name": row.name,
        "words": f"ROC-AUC {area}, AP {precision}",
        "roc": unit_curve_svg(
            row.grid,
            row.true_positive_rate,
            (0.0, 1.0),
            ("false positives", "true positives"),
            f"ROC curve of {row.name}: area {area}",
        ),
        "precision": unit_curve_svg(
            row.grid,
            row.precision,
            (row.share, row.share),
            ("recall", "precision"),
            f"Precision and recall of {row.name}: average precision {precision}",
        ),
    }
