"""The tables of an evaluation: predictions, folds, priors and windows, from what the folds answered.

Nothing is scored here; what the tables say is in `result`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation.cross_validation import FoldPredictions
from gtzanfeat.evaluation.folds import Fold
from gtzanfeat.evaluation.tasks import Target


@dataclass(frozen=True, eq=False)
class Tables:
    """What `Evaluation` takes under the same names."""

    predictions: pd.DataFrame
    folds: pd.DataFrame
    priors: np.ndarray
    segments: pd.DataFrame | None
    search: dict[str, Any] | None
    score_kind: str | None


def tables(
    folds: Sequence[Fold], tests: Sequence[FoldPredictions], clips: ClipTable, asked: Target, rows: np.ndarray
) -> Tables:
    """Put what all folds answered into tables.

    Parameters
    ----------
    folds : sequence of Fold
        Rows of `clips`.
    tests : sequence of FoldPredictions
        One for each fold.
    clips : ClipTable
        The clips that have features.
    asked : Target
        What is to be predicted of them.
    rows : ndarray of shape (n_clips,), int
        Their rows in the table that was given.

    Returns
    -------
    Tables
    """
    kinds = {test.score_kind for test in tests}
    score_kind = kinds.pop() if len(kinds) == 1 else None
    pairs = list(zip(folds, tests, strict=True))
    return Tables(
        predictions=pd.concat(
            [_predictions(fold, test, clips, asked, rows, score_kind) for fold, test in pairs],
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
        priors=np.array([_prior(asked, fold.train) for fold in folds]),
        segments=_segments(pairs, rows),
        search=_search(tests),
        score_kind=score_kind,
    )


def _predictions(
    fold: Fold,
    test: FoldPredictions,
    clips: ClipTable,
    asked: Target,
    rows: np.ndarray,
    score_kind: str | None,
) -> pd.DataFrame:
    """One row per test of a fold: the clip, the truth, the answer, the scores."""
    truth: Any = asked.truth[fold.test]
    answers: Any = test.answers
    if asked.task.name == "multi-label":
        truth, answers = (
            ["|".join(np.array(asked.names, dtype=object)[row > 0]) or "|" for row in flags]
            for flags in (truth, answers)
        )
    columns = {
        "repeat": fold.repeat,
        "fold": fold.fold,
        "clip": rows[fold.test],
        "recording": clips.recordings[fold.test],
        "path": clips.paths[fold.test],
        asked.task.truth: truth,
        "predicted": answers,
    }
    if score_kind is not None and test.scores is not None:
        columns |= {f"score_{name}": test.scores[:, i] for i, name in enumerate(asked.names)}
    return pd.DataFrame(columns)


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


def _prior(asked: Target, train: np.ndarray) -> np.ndarray:
    """What the training part says without any feature: shares of classes or tags, or the mean."""
    truth = asked.truth[train]
    if asked.task.name == "single-label":
        return np.array([np.mean(truth == name) for name in asked.names])
    return np.atleast_1d(truth.mean(axis=0))
