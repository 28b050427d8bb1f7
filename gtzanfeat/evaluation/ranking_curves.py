"""ROC and precision-recall curves of tags and of two classes, as means over folds.

Scores of two fitted estimators do not compare, so each fold has curves of its own, and their means have the
areas that `metrics` gives as ROC AUC and average precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gtzanfeat.evaluation.metrics import mean_ignoring_nan, one_hot
from gtzanfeat.evaluation.result import Evaluation

POINTS = 201  # of a curve: steps of half a per cent


@dataclass(frozen=True, eq=False)
class RankingCurves:
    """The curves of one class or tag.

    Parameters
    ----------
    name : str
        The class or tag.
    share : float
        Share of the tests that are of it: the precision of guessing.
    grid : ndarray of shape (201,)
        0 to 1: the false positive rate of ROC, the recall of the precision-recall curve.
    true_positive_rate : ndarray of shape (201,)
        The ROC curve; NaN if no fold tested the class and another.
    precision : ndarray of shape (201,)
        The precision-recall curve; NaN if no fold tested the class.
    """

    name: str
    share: float
    grid: np.ndarray
    true_positive_rate: np.ndarray
    precision: np.ndarray


def ranking_curves(evaluation: Evaluation) -> tuple[RankingCurves, ...]:
    """Return the curves of each tag, or of each of two classes.

    Parameters
    ----------
    evaluation : Evaluation
        The result.

    Returns
    -------
    tuple of RankingCurves
        Empty without scores, for numbers, and for three classes or more.

    References
    ----------
    T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006, section 8.

    Examples
    --------
    >>> from gtzanfeat import ClipTable, evaluate
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> result = evaluate("lda", ClipTable(frame, "example"), values=np.arange(20.0)[:, None], cv=2)
    >>> [(curves.name, float(curves.true_positive_rate.mean())) for curves in ranking_curves(result)]
    [('jazz', 1.0), ('pop', 1.0)]
    """
    names, tested = evaluation.labels, evaluation.outcome
    if tested.scores is None or (evaluation.task == "single-label" and len(names) != 2):
        return ()
    grid = np.linspace(0.0, 1.0, POINTS)
    truth = one_hot(tested, tested.truth)
    parts = [(one_hot(tested, part.truth), np.asarray(part.scores)) for part in tested.folds()]
    curves = []
    for i, name in enumerate(names):
        folds = [fold_curves(rows[:, i], scores[:, i], grid) for rows, scores in parts]
        roc, precision = mean_ignoring_nan(np.array(folds))
        curves.append(RankingCurves(name, float(truth[:, i].mean()), grid, roc, precision))
    return tuple(curves)


def fold_curves(truth: np.ndarray, scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the curves of one class in one fold; equal scores share a threshold.

    Parameters
    ----------
    truth : ndarray of shape (n_tests,), bool
        Whether a test is of the class.
    scores : ndarray of shape (n_tests,)
        Scores of the class.
    grid : ndarray of shape (n_points,)
        False positive rates, and recalls.

    Returns
    -------
    ndarray of shape (2, n_points)
        The true positive rate by false positive rate, between thresholds on a straight line; and the
        precision at the highest threshold that reaches each recall. NaN as in `RankingCurves`.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each run of equal scores
    hits = np.cumsum(truth[order])[ends]
    misses = ends + 1 - hits
    curves = np.full((2, len(grid)), np.nan)
    if not hits[-1]:
        return curves
    recall = hits / hits[-1]
    if misses[-1]:
        # the last of equal abscissae is taken, which is the upper end of a vertical step
        curves[0] = np.interp(grid, np.append(0.0, misses / misses[-1]), np.append(0.0, recall))
    # rounding must not ask for the next recall; that of 0 is the first that is reached
    reached = np.searchsorted(recall, np.maximum(grid - 1e-9, 1e-12))
    curves[1] = (hits / (ends + 1))[reached]
    return curves
