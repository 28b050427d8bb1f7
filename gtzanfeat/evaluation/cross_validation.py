"""Cross-validation: in each fold a clone learns from the training clips and predicts the test clips.

Which clips these are is decided in `folds`; what the predictions are worth is computed in `metrics`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from gtzanfeat.classifiers.group_routing import fit_grouped
from gtzanfeat.errors import GtzanfeatError, ProtocolError
from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.folds import Fold
from gtzanfeat.evaluation.metrics import Outcome
from gtzanfeat.evaluation.tasks import Target
from gtzanfeat.progress import ordered_results, report_progress


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
    """An estimator, its rows of features and the target: everything that is fitted and tested in folds.

    Parameters
    ----------
    model : estimator
        It is cloned in every fold, never fitted itself.
    rows : array-like of shape (n_clips, n_columns), or sequence
        What it is given: clip vectors, or a matrix of frames or windows per clip, or clips.
    target : Target
        What it is to learn.
    groups : ndarray of shape (n_clips,)
        What belongs together inside a training part, too: artists or recordings.
    n_jobs : int or None
        Folds at a time, as joblib counts them.
    """

    model: Any
    rows: Any
    target: Target
    groups: np.ndarray
    n_jobs: int | None

    def fit(self, fold: Fold) -> Any:
        """Return a clone of the estimator, fitted on the training clips of a fold."""
        X, y, groups = (part[fold.train] for part in (self.rows, self.target.truth, self.groups))
        return fit_grouped(clone(self.model), X, y, groups)

    def predictions(
        self,
        folds: Sequence[Fold],
        truth: np.ndarray | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[FoldPredictions]:
        """Fit and predict fold after fold, in order.

        Parameters
        ----------
        folds : sequence of Fold
            Rows that train and rows that test.
        truth : ndarray, optional
            What is learnt and tested in the place of the truth, such as a permutation of it.
        progress : callable, optional
            Called with the number of folds done since the last call.

        Yields
        ------
        FoldPredictions
            One for each fold.
        """
        truth = self.target.truth if truth is None else truth
        given = len(folds), self.model, self.rows, truth, self.groups, self.target
        tasks = (delayed(_fit_and_predict_single_threaded)(*given, fold) for fold in folds)
        running = ordered_results(tasks, self.n_jobs, parallel=Parallel)
        with contextlib.closing(running), report_progress("training and testing", len(folds)) as advance:
            for done in running:
                yield done
                advance(1)
                if progress is not None:
                    progress(1)

    def score(self, folds: Sequence[Fold], truth: np.ndarray | None = None) -> float:
        """Return the headline metric over folds.

        Parameters
        ----------
        folds : sequence of Fold
            Rows that train and rows that test.
        truth : ndarray, optional
            What is learnt and tested in the place of the truth, such as a permutation of it.

        Returns
        -------
        float
        """
        truth = self.target.truth if truth is None else truth
        answers = [test.answers for test in self.predictions(folds, truth)]
        return uncertainty.headline_score(
            join_folds(self.target.task.name, folds, truth, answers, self.groups)
        )


def join_folds(
    task: str, folds: Sequence[Fold], truth: np.ndarray, answers: Sequence[np.ndarray], groups: np.ndarray
) -> Outcome:
    """Return what all folds predicted, in the form in which metrics take it.

    Parameters
    ----------
    task : str
        A key of `TASKS`.
    folds : sequence of Fold
        The folds.
    truth : ndarray of shape (n_clips,) or (n_clips, n_tags)
        Classes, tags or numbers of all clips.
    answers : sequence of ndarray
        What was predicted of the test clips of each fold.
    groups : ndarray of shape (n_clips,)
        What is drawn for intervals.

    Returns
    -------
    Outcome
        Without scores.
    """
    test = np.concatenate([fold.test for fold in folds])
    true, given = truth[test], np.concatenate(answers)
    if task == "single-label":
        _, numbers = np.unique(np.concatenate([true, given]).astype(str), return_inverse=True)
        true, given = numbers[: len(true)], numbers[len(true) :]
    elif task == "multi-label":
        true, given = true > 0, given > 0
    sizes = [len(fold.test) for fold in folds]
    group, _ = pd.factorize(groups[test])  # numbered as in `Evaluation.outcome`, for the same draws
    repeat, number = (
        np.repeat([getattr(fold, name) for fold in folds], sizes) for name in ("repeat", "fold")
    )
    return Outcome(task, true, given, None, False, repeat, number, group)


def _fit_and_predict_single_threaded(n_folds: int, *what: Any) -> FoldPredictions:
    """`_fit_and_predict`, with one thread for each of many folds: small fits gain nothing by more."""
    with threadpool_limits(1 if n_folds > 1 else None):
        return _fit_and_predict(*what)


def _fit_and_predict(
    model: Any, X: Any, truth: np.ndarray, groups: np.ndarray, target: Target, fold: Fold
) -> FoldPredictions:
    """Fit a clone on the training clips of a fold, and predict its test clips."""
    tested = X[fold.test]
    try:
        start = time.perf_counter()
        fitted = fit_grouped(clone(model), X[fold.train], truth[fold.train], groups[fold.train])
        middle = time.perf_counter()
        answers = np.asarray(fitted.predict(tested))
        end = time.perf_counter()
        scores, kind = prediction_scores(fitted, tested, target)
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


def prediction_scores(fitted: Any, X: Any, target: Target) -> tuple[np.ndarray | None, str | None]:
    """Return probabilities or decision values of classes or tags, and which of the two.

    Parameters
    ----------
    fitted : estimator
        It is asked for probabilities first.
    X : array-like or sequence
        What it is given.
    target : Target
        What it has learnt.

    Returns
    -------
    scores : ndarray of shape (n_test, n_names), or None
        In the order of the target's names; None if it gives none, or only those of pairs of classes.
    kind : {"probability", "decision"} or None
    """
    if target.task.name == "regression":
        return None, None
    for kind, method in (("probability", "predict_proba"), ("decision", "decision_function")):
        if hasattr(fitted, method):
            if kind == "decision" and _scores_of_pairs(fitted):
                return None, None
            given = getattr(fitted, method)(X)
            if target.task.name == "multi-label":
                return _tag_scores(given, fitted), kind
            return _class_scores(np.asarray(given), fitted, target), kind
    return None, None


def _scores_of_pairs(fitted: Any) -> bool:
    """Whether decision scores are of pairs of classes (SVC as "ovo"), and so of no single class."""
    last = fitted[-1] if isinstance(fitted, Pipeline) else fitted
    if hasattr(last, "best_estimator_"):
        return _scores_of_pairs(last.best_estimator_)
    return getattr(last, "decision_function_shape", None) == "ovo" and len(last.classes_) > 2


def _tag_scores(given: Any, fitted: Any) -> np.ndarray:
    """Scores of tags as one matrix, also from estimators that give a matrix (n_test, 2) for each tag."""
    if not isinstance(given, list):
        return np.asarray(given, dtype=float)
    columns = []
    for matrix, classes in zip(given, fitted.classes_, strict=True):
        columns.append(matrix[:, list(classes).index(1)] if 1 in classes else np.zeros(len(matrix)))
    return np.stack(columns, axis=1)


def _class_scores(given: np.ndarray, fitted: Any, target: Target) -> np.ndarray:
    """Scores of classes in the order of the target's names; two classes have opposite decision values."""
    if given.ndim == 1:
        given = np.stack([-given, given], axis=1)
    scores = np.full((len(given), len(target.names)), given.min(initial=0.0))
    for column, name in zip(given.T, fitted.classes_, strict=True):
        scores[:, target.names.index(name)] = column
    return scores
