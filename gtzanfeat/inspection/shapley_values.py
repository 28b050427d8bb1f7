"""Shapley values: shares of families or features in the decision about a clip, of any classifier with scores.

Of linear models and Gaussian mixtures there are exact shares of every column, in `feature_contributions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.evaluation import Experiment
from gtzanfeat.evaluation.cross_validation import CrossValidation, prediction_scores
from gtzanfeat.evaluation.folds import Fold
from gtzanfeat.inspection.feature_importance import column_groups, named_columns

MOST_GROUPS = 8  # there are 2^8 = 256 subsets of them
BACKGROUND = 100  # training clips that stand for all of a fold


def held_out_shapley_values(
    experiment: Experiment, *, by: str = "family", clips: Iterable[int] | None = None
) -> pd.DataFrame:
    """Return the Shapley values of groups of columns for the scores of each clip, when it was tested.

    The value of a set of groups is the mean score if the clip keeps their columns, and gets all others from
    the training clips, one after the other. A group's Shapley value is what it adds to that, as the mean over
    all orders in which groups may be added. Of a linear model with scaled columns these are the exact
    `contributions`.

    Parameters
    ----------
    experiment : Experiment
        Of a classifier of clip vectors with probabilities or decision values of classes. Its folds are drawn
        once, unless its `repeats` is set.
    by : {"family", "feature", "summary", "column"}, default="family"
        The grouping of columns, into eight groups at most.
    clips : iterable of int, optional
        Rows of the table of the experiment to which it is limited; folds that test none are not trained.

    Returns
    -------
    DataFrame
        As of `held_out_contributions`: one row per repeat, clip and class; a column per group, ``rest`` (the
        mean score of the training clips), and ``total``, the score that decided.

    Raises
    ------
    UnknownNameError
        If there is no such grouping.
    GtzanfeatError
        If the classifier does not learn from named columns or gives no scores, or there are too many groups.

    References
    ----------
    L. Shapley, "A value for n-person games", 1953; E. Štrumbelj and I. Kononenko, "Explaining prediction
    models and individual predictions with feature contributions", Knowledge and Information Systems 41, 2014.

    Examples
    --------
    >>> from gtzanfeat import ClipTable
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop", "rock") for i in range(4)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = pd.DataFrame({"tempo": np.arange(12.0), "loudness": np.arange(12.0) % 2})
    >>> experiment = Experiment("random-forest", ClipTable(frame, "example"), values=values)
    >>> held_out_shapley_values(experiment, by="column", clips=[0]).columns.tolist()
    ['tempo', 'loudness', 'rest', 'total']
    """
    columns = named_columns(experiment, by)
    once = experiment.with_one_repeat()
    groups = column_groups(columns, by, once.features.n_columns)
    if len(groups) > MOST_GROUPS:
        raise GtzanfeatError(
            f"Shapley values are of {MOST_GROUPS} groups of columns or fewer, not {len(groups)}; choose "
            "by='family'"
        )
    system, rows = once.cross_validation, once.features.ok
    chosen = np.arange(len(rows)) if clips is None else np.flatnonzero(np.isin(rows, list(clips)))
    rng = np.random.default_rng(once.random_state)
    tables = []
    for fold in once.plan.folds:
        tested = np.intersect1d(fold.test, chosen)
        if len(tested):
            values = _shapley_values(system, fold, tested, list(groups.values()), rng)
            index = pd.MultiIndex.from_product(
                [[fold.repeat], rows[tested], system.target.names], names=["repeat", "clip", "class"]
            )
            tables.append(pd.DataFrame(values, index=index, columns=[*groups, "rest", "total"]))
    return pd.concat(tables).sort_index()


def _shapley_values(
    system: CrossValidation,
    fold: Fold,
    tested: np.ndarray,
    groups: list[np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the values of each clip and class, (n_tested · n_classes, n_groups + 2): groups, rest, total."""
    fitted = system.fit(fold)
    background = system.rows[rng.permutation(fold.train)[:BACKGROUND]]
    n_groups = len(groups)
    subsets = [chosen for size in range(n_groups + 1) for chosen in combinations(range(n_groups), size)]
    found = []
    for clip in tested:
        mixed = np.tile(background, (len(subsets), 1))
        for part, subset in zip(np.split(mixed, len(subsets)), subsets, strict=True):
            for group in subset:
                part[:, groups[group]] = system.rows[clip, groups[group]]
        scores = _scores(fitted, mixed, system).reshape(len(subsets), len(background), -1).mean(axis=1)
        worth = dict(zip(subsets, scores, strict=True))
        shares = [_mean_gain(worth, group, n_groups) for group in range(n_groups)]
        found.append(np.array([*shares, worth[()], worth[tuple(range(n_groups))]]).T)
    return np.concatenate(found)


def _mean_gain(worth: dict[tuple[int, ...], np.ndarray], group: int, n_groups: int) -> Any:
    """Return what a group adds to the sets of others, as the mean over all orders of the groups."""
    return sum(
        factorial(len(others))
        * factorial(n_groups - len(others) - 1)
        / factorial(n_groups)
        * (worth[tuple(sorted((*others, group)))] - value)
        for others, value in worth.items()
        if group not in others
    )


def _scores(fitted: Any, X: np.ndarray, system: CrossValidation) -> np.ndarray:
    scores, _ = prediction_scores(fitted, X, system.target)
    if scores is None:
        raise GtzanfeatError("Shapley values are shares of scores, and this estimator gives none of classes")
    return scores
