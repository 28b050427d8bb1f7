"""Scores of each class or tag, with bootstrap intervals over the same groups as those of all metrics.

The metrics themselves are in `metrics`, the drawing of groups is in `uncertainty`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gtzanfeat.evaluation.metrics import (
    Outcome,
    mean_ignoring_nan,
    one_hot,
    precision_recall_f1_of_each_name,
    ranking_of_each_name,
)
from gtzanfeat.evaluation.uncertainty import draw_weights, percentile_interval


def class_scores(tested: Outcome, names: Sequence[str]) -> pd.DataFrame:
    """Return precision, recall and F1 of each class or tag over all tests.

    Where scores are known, also ``roc_auc`` and ``average_precision``, as means over folds.

    Parameters
    ----------
    tested : Outcome
        The tests.
    names : sequence of str
        The classes or tags.

    Returns
    -------
    DataFrame
        Indexed by ``label``; 0 for a class that no test is of.
    """
    counts = [rows.sum(axis=0, keepdims=True) for rows in _counts_by_group(tested)]
    each = precision_recall_f1_of_each_name(*counts)
    table = pd.DataFrame(
        {name: np.nan_to_num(values[0]) for name, values in each.items()},
        index=pd.Index(list(names), name="label"),
    )
    if tested.scores is not None:
        parts = [
            ranking_of_each_name(one_hot(tested, part.truth), part.scores, np.ones((1, len(part.truth))))
            for part in tested.folds()
            if part.scores is not None
        ]
        table[["roc_auc", "average_precision"]] = mean_ignoring_nan(np.array(parts)[..., 0])
    return table


def class_intervals(tested: Outcome, names: Sequence[str], random_state: int) -> pd.DataFrame:
    """Return 95 % intervals of precision, recall and F1 of each class or tag.

    They are those of `uncertainty.bootstrap_intervals`: groups of tests are drawn with replacement.

    Parameters
    ----------
    tested : Outcome
        The tests; their groups are drawn.
    names : sequence of str
        The classes or tags.
    random_state : int
        Seeds the drawing.

    Returns
    -------
    DataFrame
        Indexed by ``label``: ``precision_low``, ``precision_high``, ``recall_low`` ...; NaN for a class that
        no test is of, and where there is only one group to draw from.
    """
    counts = _counts_by_group(tested)
    weights = draw_weights(tested.n_groups, random_state)
    values = precision_recall_f1_of_each_name(*(rows.sum(axis=0, keepdims=True) for rows in counts))
    drawn = precision_recall_f1_of_each_name(*(weights @ rows for rows in counts))
    table = pd.DataFrame(index=pd.Index(list(names), name="label"))
    for metric, each in drawn.items():
        spans = [
            percentile_interval(metric, each[:, i], float(value)) if tested.n_groups > 1 else (np.nan, np.nan)
            for i, value in enumerate(values[metric][0])
        ]
        table[[f"{metric}_low", f"{metric}_high"]] = np.array(spans).reshape(len(names), 2)
    return table


def _counts_by_group(tested: Outcome) -> list[np.ndarray]:
    """Return the tests of each group that are right, true and answered, each (n_groups, n_names)."""
    truth, answers = one_hot(tested, tested.truth), one_hot(tested, tested.answers)
    counts = []
    for rows in (truth & answers, truth, answers):
        of_group = np.zeros((tested.n_groups, rows.shape[1]))
        np.add.at(of_group, tested.group, rows)
        counts.append(of_group)
    return counts
