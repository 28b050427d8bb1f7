"""Cross-validation: in each fold a clone learns from the training clips and predicts the test clips.

Which clips these are is decided in `folds`; what becomes of the predictions, in `experiment`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from gtzanfeat.errors import GtzanfeatError, ProtocolError
from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.folds import Fold
from gtzanfeat.evaluation.metrics import Outcome
from gtzanfeat.evaluation.tasks import Target
from gtzanfeat.model_selection.group_routing import fit_grouped


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """The predictions of one fold."""

    answers: np.ndarray
    scores: np.ndarray | None  # (n_test, n_names)
    score_kind: str | None
    segments: pd.DataFrame | None
    notes: Sequence[str]
    inner: str | None  # what a search inside the training part did
    chosen: dict[str, Any] | None  # the settings that it chose
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """An estimator, the rows it learns from and what it is to learn of them.

    Parameters
    ----------
    model : estimator
        It is cloned in every fold, never fitted itself.
    rows : array-like of shape (n_clips, n_columns), or sequence
        What it is given: clip vectors, or a matrix of frames or windows per clip, or clips.
    asked : Target
        What it is to learn.
    groups : ndarray of shape (n_clips,)
        What belongs together inside a training part, too: artists or recordings.
    n_jobs : int or None
        Folds at a time, as joblib counts them.
    """

    model: Any
    rows: Any
    asked: Target
    groups: np.ndarray
    n_jobs: int | None

    def predictions(
        self, folds: Sequence[Fold], truth: np.ndarray | None = None
    ) -> Iterator[FoldPredictions]:
        """Fit and predict fold after fold, in order, perhaps of another truth."""
        truth = self.asked.truth if truth is None else truth
        given = len(folds), self.model, self.rows, truth, self.groups, self.asked
        return Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(_fit_and_predict_one_of)(*given, fold) for fold in folds
        )

    def score(self, folds: Sequence[Fold], truth: np.ndarray | None = None) -> float:
        """The headline metric over some folds, perhaps of another truth."""
        truth = self.asked.truth if truth is None else truth
        tests = self.predictions(folds, truth)
        parts = [(fold, truth[fold.test], test.answers) for fold, test in zip(folds, tests, strict=True)]
        sizes = [len(fold.test) for fold in folds]
        true, answers = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        if self.asked.task.name == "multi-label":
            true, answers = true > 0, answers > 0
        return uncertainty.headline_score(
            Outcome(
                self.asked.task.name,
                true,
                answers,
                None,
                False,
                np.repeat([fold.repeat for fold in folds], sizes),
                np.repeat([fold.fold for fold in folds], sizes),
                np.zeros(sum(sizes), dtype=int),
            )
        )


def _fit_and_predict_one_of(n_folds: int, *what: Any) -> FoldPredictions:
    """`_fit_and_predict`; one of many folds has one thread, so that small fits do not wait for each other."""
    with threadpool_limits(1 if n_folds > 1 else None):
        return _fit_and_predict(*what)


def _fit_and_predict(
    model: Any, X: Any, truth: np.ndarray, groups: np.ndarray, asked: Target, fold: Fold
) -> FoldPredictions:
    """Answer the test clips of a fold with a clone that has seen its training clips only."""
    tested = X[fold.test]
    try:
        start = time.perf_counter()
        fitted = fit_grouped(clone(model), X[fold.train], truth[fold.train], groups[fold.train])
        middle = time.perf_counter()
        answers = np.asarray(fitted.predict(tested))
        end = time.perf_counter()
        scores, kind = _scores(fitted, tested, asked)
        segments = None
        if fold.repeat == 1 and hasattr(fitted, "predict_segments"):
            segments = fitted.predict_segments(tested)
    except GtzanfeatError:
        raise
    except ValueError as error:  # more neighbours than clips, say
        raise ProtocolError(
            f"the estimator cannot be trained and tested in fold {fold.fold} of repeat {fold.repeat}, which "
            f"trains on {len(fold.train)} clips and tests {len(fold.test)}: {' '.join(str(error).split())}"
        ) from error
    if answers.shape[:1] + truth.shape[1:] != answers.shape:
        answers = answers.reshape(truth[fold.test].shape)
    last = fitted[-1] if isinstance(fitted, Pipeline) else fitted
    inner, chosen = getattr(last, "inner_", None), getattr(last, "best_params_", None)
    notes = getattr(last, "notes_", ())
    return FoldPredictions(
        answers, scores, kind, segments, notes, inner, chosen, middle - start, end - middle
    )


def _scores(fitted: Any, X: Any, asked: Target) -> tuple[np.ndarray | None, str | None]:
    """How strongly each class or tag was spoken for, (n_test, n_names), and what kind of number that is."""
    if asked.task.name == "regression":
        return None, None
    for kind, method in (("probability", "predict_proba"), ("decision", "decision_function")):
        if hasattr(fitted, method):
            if kind == "decision" and _scores_of_pairs(fitted):
                return None, None
            given = getattr(fitted, method)(X)
            if asked.task.name == "multi-label":
                return _of_tags(given, fitted), kind
            return _of_classes(np.asarray(given), fitted, asked), kind
    return None, None


def _scores_of_pairs(fitted: Any) -> bool:
    """Whether decision scores are of pairs of classes (SVC as "ovo"), and so of no single class."""
    last = fitted[-1] if isinstance(fitted, Pipeline) else fitted
    if hasattr(last, "best_estimator_"):
        return _scores_of_pairs(last.best_estimator_)
    return getattr(last, "decision_function_shape", None) == "ovo" and len(last.classes_) > 2


def _of_tags(given: Any, fitted: Any) -> np.ndarray:
    """Scores of tags as one matrix; a forest, say, gives a matrix of no and yes for each."""
    if not isinstance(given, list):
        return np.asarray(given, dtype=float)
    columns = []
    for matrix, classes in zip(given, fitted.classes_, strict=True):
        columns.append(matrix[:, list(classes).index(1)] if 1 in classes else np.zeros(len(matrix)))
    return np.stack(columns, axis=1)


def _of_classes(given: np.ndarray, fitted: Any, asked: Target) -> np.ndarray:
    """Scores of classes in the order of their names; what speaks for one of two speaks against the other."""
    if given.ndim == 1:
        given = np.stack([-given, given], axis=1)
    scores = np.full((len(given), len(asked.names)), given.min(initial=0.0))
    for column, name in zip(given.T, fitted.classes_, strict=True):
        scores[:, asked.names.index(name)] = column
    return scores
