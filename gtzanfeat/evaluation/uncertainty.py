"""What chance could have done: intervals by bootstrap, and a permutation test of the headline metric.

Both treat as one what the protocol keeps together, so that ten windows of one recording do not pass for ten
recordings. What a metric is belongs to `metrics`.
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
    """95 % intervals of every metric, by groups of tests drawn with replacement.

    The percentiles of the drawn metrics, less their bias: who is drawn twice is easier to find twice, so a
    drawn average precision, say, is too high, by the mean of the draws less the value. The predictions stay
    as they are: what is told is how much the score hangs on which recordings were there to be tested, not how
    much on those that were trained.

    Parameters
    ----------
    tested : Outcome
        The tests; groups are what is drawn.
    values : dict of str to ndarray
        The metrics themselves, as `compute_metrics` gives them.
    random_state : int
        Seeds the drawing.
    draws : int, default=1000
        How often.

    Returns
    -------
    dict of str to (float, float)
        NaN where a metric is never defined.

    References
    ----------
    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 10 and 13.
    """
    n_groups = tested.n_groups
    rng = np.random.default_rng(random_state)
    weights = np.empty((draws, n_groups))
    for row in weights:
        row[:] = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    drawn = compute_metrics(tested, weights)
    return {name: _interval(name, drawn[name], float(value[0])) for name, value in values.items()}


def _interval(name: str, drawn: np.ndarray, value: float) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return np.nan, np.nan
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(known, [tail, 100.0 - tail]) - (known.mean() - value)
    least, greatest = RANGES.get(name, (0.0, 1.0))
    return float(max(low, least)), float(min(high, greatest))


@dataclass(frozen=True)
class PermutationTest:
    """How often the truth, shuffled among the recordings, agrees with the answers as well as it really does.

    Parameters
    ----------
    metric : str
        What was computed.
    value : float
        Its value with the truth as it is.
    chance : float
        Its mean over the permutations.
    p_value : float
        (1 + permutations that reach the value) / (1 + permutations).
    n_permutations : int
        How many.
    refitted : bool
        Whether the estimator was trained anew on every permutation; else its answers stayed.
    n_units : int
        How many things were permuted: recordings, or artists that have one truth.
    """

    metric: str
    value: float
    chance: float
    p_value: float
    n_permutations: int
    refitted: bool
    n_units: int


def permutation_units(group: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Number what is permuted: the tests of one group that share one truth, (n_tests,) int.

    Where a recording (or an artist) has one truth, the whole changes it together. That is why labels that
    depend on the artist alone are not taken for as many findings as there are recordings.

    Parameters
    ----------
    group : ndarray of shape (n_tests,)
        What belongs together.
    truth : ndarray of shape (n_tests,) or (n_tests, n_tags)
        What is true.

    Returns
    -------
    ndarray of shape (n_tests,), int
    """
    columns = truth.reshape(len(truth), -1)
    frame = pd.DataFrame(columns.astype(str) if columns.dtype == object else columns)
    return frame.assign(group=group).groupby([*frame, "group"]).ngroup().to_numpy()


def permuted(truth: np.ndarray, units: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give every unit the truth of another."""
    _, first = np.unique(units, return_index=True)
    return truth[first][rng.permutation(len(first))][units]


def headline_score(
    tested: Outcome, truth: np.ndarray | None = None, parts: list[np.ndarray] | None = None
) -> float:
    """The metric that stands for the others, alone and quickly; else as `compute_metrics` has it.

    Parameters
    ----------
    tested : Outcome
        The tests.
    truth : ndarray, optional
        In the place of what is true.
    parts : list of ndarray, optional
        From `headline_parts`, where it is asked for many times.

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
    """The rows over which the headline metric is taken, before their mean: folds, or repeats."""
    columns = [tested.repeat, tested.fold] if tested.task == "single-label" else [tested.repeat]
    _, part = np.unique(np.stack(columns), axis=1, return_inverse=True)
    return [np.flatnonzero(part == i) for i in range(part.max() + 1)]


def permutation_test(
    tested: Outcome, random_state: int, refits: tuple[float, ...] = (), permutations: int = PERMUTATIONS
) -> PermutationTest:
    """Test whether the answers have anything to do with the truth.

    The truth is permuted among units (see `permutation_units`), and every repeat is scored against the same
    permutation, so repeats do not pass for more evidence than the recordings give. The answers stay as they
    are, which is a test of the predictions at next to no cost; whoever wants to know what the estimator would
    find in labels without meaning trains it on them (`refits`).

    Parameters
    ----------
    tested : Outcome
        The tests.
    random_state : int
        Seeds the permutations.
    refits : tuple of float, default=()
        The headline metric of estimators trained and tested with permuted truth, where there are any.
    permutations : int, default=999
        How many, where there are no refits.

    Returns
    -------
    PermutationTest

    References
    ----------
    M. Ojala and G. Garriga, "Permutation tests for studying classifier performance", JMLR 11, 2010.
    """
    units = permutation_units(tested.group, tested.truth)
    value = headline_score(tested)
    found = np.array(refits)
    if not refits:
        rng, parts = np.random.default_rng(random_state), headline_parts(tested)
        found = np.array(
            [headline_score(tested, permuted(tested.truth, units, rng), parts) for _ in range(permutations)]
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
        n_units=int(units.max()) + 1,
    )
