"""Control scores of an estimator: under a split that leaks, and under permuted truth.

Rows that are divided regardless of recordings and artists show how much leakage raises the score; permuted
truth shows the score at chance. Neither is a protocol, and neither score is a result.
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
    """Raise ProtocolError if no recording or artist has several rows that the protocol keeps together."""
    groups = clips.songs if layout.protocol == "random" else clips.groups
    if len(set(groups)) == len(clips):
        raise ProtocolError(
            "there is no naive split beside this one: no recording has several rows, and no artist several "
            "recordings that the protocol keeps together; leave naive out"
        )


def naive_score(system: CrossValidation, layout: Plan, random_state: int) -> float:
    """Return the main metric where rows are divided regardless of recordings and artists.

    Parameters
    ----------
    system : CrossValidation
        The estimator, its features and target.
    layout : Plan
        The folds of the protocol; the rows that take part, and the number of folds, are theirs.
    random_state : int
        Seed of the division.

    Returns
    -------
    float
    """
    rows_as_groups = replace(system, groups=np.arange(len(system.groups)))
    return rows_as_groups.score(_folds_by_row(system.target, layout, random_state))


def permuted_scores(
    system: CrossValidation, layout: Plan, random_state: int, permutations: int
) -> tuple[float, ...]:
    """Return the main metric of estimators that are trained and tested on permuted truth.

    Parameters
    ----------
    system : CrossValidation
        The estimator, its features and target.
    layout : Plan
        The folds.
    random_state : int
        Seed of the permutations.
    permutations : int
        Number of permutations.

    Returns
    -------
    tuple of float
    """
    used = _used(layout)
    groups = system.groups[used]
    places = uncertainty.places_in_group(groups)
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(permutations):
        truth = system.target.truth.copy()
        truth[used] = uncertainty.permute_truth(truth[used], groups, places, rng)
        found.append(system.score(layout.folds, truth))
    return tuple(found)


def _used(layout: Plan) -> np.ndarray:
    """Rows that train or test in some fold."""
    return np.unique(np.concatenate([np.union1d(fold.train, fold.test) for fold in layout.folds]))


def _folds_by_row(target: Target, layout: Plan, random_state: int) -> list[Fold]:
    """Stratified folds of rows, drawn once, as many as the protocol has."""
    used = _used(layout)
    n_folds = max(fold.fold for fold in layout.folds)
    strata = target.strata[used].astype(str)
    fewest = int(np.unique(strata, return_counts=True)[1].min())
    splitter = StratifiedKFold(
        min(n_folds if n_folds > 1 else DEFAULT_CV, fewest), shuffle=True, random_state=random_state
    )
    parts = enumerate(splitter.split(strata, strata), start=1)
    return [Fold(1, number, used[train], used[test]) for number, (train, test) in parts]
