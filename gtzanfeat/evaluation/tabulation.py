"""The tables of an evaluation: predictions, folds, priors and windows, from the predictions of all folds.

Nothing is scored here; `result` computes every score from these tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation.cross_validation import CrossValidation, FoldPredictions
from gtzanfeat.evaluation.folds import Fold
from gtzanfeat.evaluation.tasks import Target


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables that `Evaluation` takes under the same names."""

    predictions: pd.DataFrame
    folds: pd.DataFrame
    priors: np.ndarray
    segments: pd.DataFrame | None
    search: dict[str, Any] | None
    score_kind: str | None


def tables(
    folds: Sequence[Fold],
    tests: Sequence[FoldPredictions],
    clips: ClipTable,
    system: CrossValidation,
    rows: np.ndarray,
) -> Tables:
    """Put the predictions of all folds into tables.

    Parameters
    ----------
    folds : sequence of Fold
        Rows of `clips`.
    tests : sequence of FoldPredictions
        One for each fold.
    clips : ClipTable
        The clips that have features.
    system : CrossValidation
        What was tested; its target and groups are those of `clips`.
    rows : ndarray of shape (n_clips,), int
        Their rows in the table that was given.

    Returns
    -------
    Tables
    """
    target = system.target
    kinds = {test.score_kind for test in tests}
    score_kind = kinds.pop() if len(kinds) == 1 else None
    pairs = list(zip(folds, tests, strict=True))
    return Tables(
        predictions=pd.concat(
            [_predictions(fold, test, clips, system, rows, score_kind) for fold, test in pairs],
            ignore_index=True,
        ),
        folds=pd.DataFrame(
            {
                "repeat": fold.repeat,
                "fold": fold.fold,
                "n_train": len(fold.train),
                "n_test": len(fold.test),
                "fit_seconds": test.fit_seconds,
                "predict_seconds": test.predict_seconds,
            }
            for fold, test in pairs
        ),
        priors=np.array([_prior(target, fold.train) for fold in folds]),
        segments=_segments(pairs, rows),
        search=_search(tests),
        score_kind=score_kind,
    )


def notes(tests: Sequence[FoldPredictions]) -> tuple[str, ...]:
    """Return what the estimators had to say of their training, and in how many folds."""
    counts = Counter(note for test in tests for note in test.notes)
    return tuple(f"{note}, in {count} of {len(tests)} folds" for note, count in counts.items())


def _predictions(
    fold: Fold,
    test: FoldPredictions,
    clips: ClipTable,
    system: CrossValidation,
    rows: np.ndarray,
    score_kind: str | None,
) -> pd.DataFrame:
    """One row per test of a fold: the clip, the truth, the answer, the scores."""
    target = system.target
    truth: Any = target.truth[fold.test]
    answers: Any = test.answers
    if target.task.name == "multi-label":
        truth, answers = (
            ["|".join(np.array(target.names, dtype=object)[row > 0]) or "|" for row in flags]
            for flags in (truth, answers)
        )
    columns = {
        "repeat": fold.repeat,
        "fold": fold.fold,
        "clip": rows[fold.test],
        "recording": clips.recordings[fold.test],
        "path": clips.paths[fold.test],
        target.task.truth: truth,
        "predicted": answers,
    }
    if score_kind is not None and test.scores is not None:
        columns |= {f"score_{name}": test.scores[:, i] for i, name in enumerate(target.names)}
    return pd.DataFrame(columns | {"group": system.groups[fold.test]})


def _segments(pairs: Sequence[tuple[Fold, FoldPredictions]], rows: np.ndarray) -> pd.DataFrame | None:
    """The windows of all tests of the first repeat, by clip, where the estimator tells of windows."""
    found = [
        test.segments.assign(clip=rows[fold.test][test.segments["recording"]]).drop(columns="recording")
        for fold, test in pairs
        if test.segments is not None
    ]
    return pd.concat(found, ignore_index=True) if found else None


def _search(tests: Sequence[FoldPredictions]) -> dict[str, Any] | None:
    """What a search inside the training parts did, and what it chose in each."""
    if any(test.inner is None or test.chosen is None for test in tests):
        return None
    return {"inner": tests[0].inner, "chosen": [test.chosen for test in tests]}


def _prior(target: Target, train: np.ndarray) -> np.ndarray:
    """What the training part says without any feature: shares of classes or tags, or the mean."""
    truth = target.truth[train]
    if target.task.name == "single-label":
        return np.array([np.mean(truth == name) for name in target.names])
    return np.atleast_1d(truth.mean(axis=0))
