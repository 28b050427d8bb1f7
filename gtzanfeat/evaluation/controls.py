"""Controls: scores of the same estimator where they should be too high, or at chance.

A split that divides rows regardless of recordings and artists shows what leakage is worth; permuted truth
shows what the estimator finds where there is nothing. Neither is a protocol, and neither score is a result.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedKFold

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.cross_validation import CrossValidation
from gtzanfeat.evaluation.folds import DEFAULT_CV, Fold, Plan
from gtzanfeat.evaluation.tasks import Target


def refuse_needless_naive_split(clips: ClipTable, layout: Plan) -> None:
    """Raise ProtocolError where a division by rows is no other than that of the protocol."""
    groups = clips.songs if layout.protocol == "random" else clips.groups
    if len(set(groups)) == len(clips):
        raise ProtocolError(
            "there is no naive split beside this one: no recording has several rows, and no artist several "
            "recordings that the protocol keeps together; leave naive out"
        )


def naive_score(system: CrossValidation, layout: Plan, random_state: int) -> float:
    """The headline metric where rows are divided regardless of recordings and artists.

    Parameters
    ----------
    system : CrossValidation
        What learns, and from what.
    layout : Plan
        The protocol beside which it is asked; the rows that take part, and the number of folds, are its own.
    random_state : int
        Seeds the division.

    Returns
    -------
    float
    """
    rows_as_groups = replace(system, groups=np.arange(len(system.groups)))
    return rows_as_groups.score(_folds_by_row(system.asked, layout, random_state))


def permuted_scores(
    system: CrossValidation, layout: Plan, random_state: int, permutations: int
) -> tuple[float, ...]:
    """The headline metric of estimators that are trained and tested on permuted truth.

    Parameters
    ----------
    system : CrossValidation
        What learns, and from what.
    layout : Plan
        Its folds.
    random_state : int
        Seeds the permutations.
    permutations : int
        How many.

    Returns
    -------
    tuple of float
    """
    used = _used(layout)
    units = uncertainty.permutation_units(system.groups[used], system.asked.truth[used])
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(permutations):
        truth = system.asked.truth.copy()
        truth[used] = uncertainty.permuted(truth[used], units, rng)
        found.append(system.score(layout.folds, truth))
    return tuple(found)


def _used(layout: Plan) -> np.ndarray:
    """Rows that train or test in some fold."""
    return np.unique(np.concatenate([np.union1d(fold.train, fold.test) for fold in layout.folds]))


def _folds_by_row(asked: Target, layout: Plan, random_state: int) -> list[Fold]:
    """Stratified folds of rows, drawn once, as many as the protocol has."""
    used = _used(layout)
    n_folds = max(fold.fold for fold in layout.folds)
    strata = asked.strata[used].astype(str)
    fewest = int(np.unique(strata, return_counts=True)[1].min())
    splitter = StratifiedKFold(
        min(n_folds if n_folds > 1 else DEFAULT_CV, fewest), shuffle=True, random_state=random_state
    )
    parts = enumerate(splitter.split(strata, strata), start=1)
    return [Fold(1, number, used[train], used[test]) for number, (train, test) in parts]
