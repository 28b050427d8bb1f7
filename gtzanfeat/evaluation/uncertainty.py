"""Uncertainty of scores: bootstrap intervals of all metrics, and a permutation test of the main metric.

Both draw or permute groups, the recordings or artists that a protocol keeps together, so that ten windows of
one recording do not count as ten recordings. The metrics themselves are in `metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtzanfeat.evaluation.metrics import (
    Outcome,
    compute_metrics,
    mean_ignoring_nan,
    precision_recall_f1,
    regression_metrics,
)
from gtzanfeat.evaluation.tasks import TASKS

DRAWS = 1000
PERMUTATIONS = 999
LEVEL = 0.95
RANGES = {  # of the metrics that are not shares
    "log_loss": (0.0, np.inf),
    "r2": (-np.inf, 1.0),
    "rmse": (0.0, np.inf),
    "mae": (0.0, np.inf),
    "pearson_r": (-1.0, 1.0),
}


def bootstrap_intervals(
    tested: Outcome, values: dict[str, np.ndarray], random_state: int, draws: int = DRAWS
) -> dict[str, tuple[float, float]]:
    """Return 95 % bootstrap intervals of every metric, by groups of tests drawn with replacement.

    They are percentiles of the drawn metrics, less their bias (the mean of the draws less the value), which
    some metrics have because a group that is drawn twice is ranked twice. The predictions stay as they are,
    so the intervals account for the choice of the tested recordings, not of the training recordings.

    Parameters
    ----------
    tested : Outcome
        The tests; their groups are drawn.
    values : dict of str to ndarray
        The metrics themselves, as `compute_metrics` gives them.
    random_state : int
        Seeds the drawing.
    draws : int, default=1000
        Number of draws.

    Returns
    -------
    dict of str to (float, float)
        NaN where a metric is never defined.

    References
    ----------
    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 10 and 13.
    """
    drawn = compute_metrics(tested, draw_weights(tested.n_groups, random_state, draws))
    return {name: percentile_interval(name, drawn[name], float(value[0])) for name, value in values.items()}


def draw_weights(n_groups: int, random_state: int, draws: int = DRAWS) -> np.ndarray:
    """Return how often each group is drawn, with replacement, in each of several draws.

    Parameters
    ----------
    n_groups : int
        Number of groups, and of groups in a draw.
    random_state : int
        Seeds the drawing.
    draws : int, default=1000
        Number of draws.

    Returns
    -------
    ndarray of shape (draws, n_groups)
    """
    rng = np.random.default_rng(random_state)
    weights = np.empty((draws, n_groups))
    for row in weights:
        row[:] = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    return weights


def percentile_interval(name: str, drawn: np.ndarray, value: float) -> tuple[float, float]:
    """Return the 95 % interval of a metric from its values in the draws, less their bias.

    Parameters
    ----------
    name : str
        The metric, whose range bounds the interval.
    drawn : ndarray of shape (n_draws,)
        Its values; NaN is left out.
    value : float
        The metric itself.

    Returns
    -------
    (float, float)
        NaN if the metric is never defined.
    """
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return np.nan, np.nan
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(known, [tail, 100.0 - tail]) - (known.mean() - value)
    least, greatest = RANGES.get(name, (0.0, 1.0))
    return float(max(low, least)), float(min(high, greatest))


@dataclass(frozen=True)
class PermutationTest:
    """The result of a permutation test: the main metric under permuted truth, and the p-value.

    Parameters
    ----------
    metric : str
        The main metric of the task.
    value : float
        Its value with the truth as it is.
    chance : float
        Its mean over the permutations, the chance level.
    p_value : float
        (1 + permutations that reach the value) / (1 + permutations).
    n_permutations : int
        Number of permutations.
    refitted : bool
        Whether the estimator was trained anew on every permutation; else its predictions are the same.
    n_units : int
        Number of units that were permuted: the recordings or artists that the folds keep apart.
    """

    metric: str
    value: float
    chance: float
    p_value: float
    n_permutations: int
    refitted: bool
    n_units: int


def places_in_group(group: np.ndarray, repeat: np.ndarray | None = None) -> np.ndarray:
    """Return for each test how many of its group come before it (in its repeat), (n_tests,) int.

    Parameters
    ----------
    group : ndarray of shape (n_tests,)
        The recording or artist of each test.
    repeat : ndarray of shape (n_tests,), optional
        The repeat of each test; the clips of a group come in the same order in all.

    Returns
    -------
    ndarray of shape (n_tests,), int
    """
    frame = pd.DataFrame({"group": group, "repeat": 0 if repeat is None else repeat})
    places: np.ndarray = frame.groupby(["group", "repeat"]).cumcount().to_numpy()
    return places


def permute_truth(
    truth: np.ndarray, group: np.ndarray, place: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the truth permuted among groups: each gets that of another as a whole.

    The clips of a group get the truths of the other in their order, and those from the first on again where
    it has fewer. So truths of one artist stay together, alike or not, and there is no more evidence than
    there are artists.

    Parameters
    ----------
    truth : ndarray of shape (n_tests,) or (n_tests, n_tags)
        The truth.
    group : ndarray of shape (n_tests,)
        The recording or artist of each test: what the folds keep apart.
    place : ndarray of shape (n_tests,), int
        From `places_in_group`.
    rng : Generator
        Draws the permutation.

    Returns
    -------
    ndarray of the shape of `truth`
    """
    number, _ = pd.factorize(group)
    size = np.zeros(number.max() + 1, dtype=int)
    np.maximum.at(size, number, place + 1)
    start = np.cumsum(size) - size
    row = np.empty(size.sum(), dtype=int)
    row[start[number[::-1]] + place[::-1]] = np.arange(len(truth))[::-1]  # of its first test
    giver = rng.permutation(len(size))[number]
    permuted: np.ndarray = truth[row[start[giver] + place % size[giver]]]
    return permuted


def headline_score(
    tested: Outcome, truth: np.ndarray | None = None, parts: list[np.ndarray] | None = None
) -> float:
    """Return the main metric of the task (accuracy, macro F1 or R²), without computing the others.

    Parameters
    ----------
    tested : Outcome
        The tests.
    truth : ndarray, optional
        In the place of the truth of `tested`.
    parts : list of ndarray, optional
        From `headline_parts`, computed once for many calls.

    Returns
    -------
    float
        NaN where it is not defined.
    """
    truth = tested.truth if truth is None else truth
    parts = headline_parts(tested) if parts is None else parts
    if tested.task == "single-label":
        hits = truth == tested.answers
        return float(np.mean([hits[part].mean() for part in parts]))
    family = regression_metrics if tested.task == "regression" else precision_recall_f1
    name = TASKS[tested.task].headline
    ones = np.ones((1, max(map(len, parts))))
    values = [family(truth[part], tested.answers[part], ones[:, : len(part)])[name] for part in parts]
    return float(mean_ignoring_nan(np.array(values))[0])


def headline_parts(tested: Outcome) -> list[np.ndarray]:
    """Return the tests of each fold (of classes) or repeat, over whose means the main metric is taken."""
    columns = [tested.repeat, tested.fold] if tested.task == "single-label" else [tested.repeat]
    _, part = np.unique(np.stack(columns), axis=1, return_inverse=True)
    return [np.flatnonzero(part == i) for i in range(part.max() + 1)]


def permutation_test(
    tested: Outcome, random_state: int, refits: tuple[float, ...] = (), permutations: int = PERMUTATIONS
) -> PermutationTest:
    """Test whether the main metric is higher than under permuted truth.

    The truth is permuted among groups (see `permute_truth`), and every repeat is scored against the same
    permutation, so that repeats do not count as further evidence. The predictions stay as they are, unless
    `refits` holds the scores of estimators that were trained anew on permuted truth.

    Parameters
    ----------
    tested : Outcome
        The tests.
    random_state : int
        Seeds the permutations.
    refits : tuple of float, default=()
        The main metric of estimators trained and tested with permuted truth, where there are any.
    permutations : int, default=999
        Number of permutations, where there are no refits.

    Returns
    -------
    PermutationTest

    References
    ----------
    M. Ojala and G. Garriga, "Permutation tests for studying classifier performance", JMLR 11, 2010.
    """
    place = places_in_group(tested.group, tested.repeat)
    value = headline_score(tested)
    found = np.array(refits)
    if not refits:
        rng, parts = np.random.default_rng(random_state), headline_parts(tested)
        found = np.array(
            [
                headline_score(tested, permute_truth(tested.truth, tested.group, place, rng), parts)
                for _ in range(permutations)
            ]
        )
    found = found[~np.isnan(found)]
    reached = (found >= value - 1e-12).sum()  # equal within rounding counts as equal
    return PermutationTest(
        metric=TASKS[tested.task].headline,
        value=value,
        chance=float(found.mean()) if len(found) else np.nan,
        p_value=np.nan if np.isnan(value) else float((1 + reached) / (1 + len(found))),
        n_permutations=len(found),
        refitted=bool(refits),
        n_units=tested.n_groups,
    )
