"""The score of an experiment, in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from sklearn.base import BaseEstimator

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation.experiment import Experiment
from gtzanfeat.evaluation.precomputation import Values
from gtzanfeat.evaluation.result import Evaluation
from gtzanfeat.feature_sets import FeatureSet


def evaluate(
    estimator: str | BaseEstimator,
    clips: ClipTable,
    *,
    target: str = "label",
    task: str | None = None,
    feature_set: str | FeatureSet | None = None,
    values: Values | None = None,
    protocol: str = "random",
    cv: int | None = None,
    repeats: int | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    near_duplicates: bool = False,
    strict: bool = False,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory: Any = None,
    array_backend: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    naive: bool = False,
    permutations: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Return the evaluation of an estimator under a named protocol: of classes, of tags, or of numbers.

    The short way to ``Experiment(...).evaluate(...)``.

    Parameters
    ----------
    estimator : str or estimator
        As for `Experiment`, as are all parameters but the last three.
    clips : ClipTable
        The clips, what is to be learnt of them, and what else is known.
    target : str, default="label"
        The column to predict: "label" (classes), "labels" (tags), or one of numbers, as "target".
    task : {"single-label", "multi-label", "regression"}, optional
        What the column is, as a check.
    feature_set : str or FeatureSet, optional
        What is extracted, unless `estimator` or `values` say so themselves; by default "classic30".
    values : Extraction, array or DataFrame of shape (n_clips, n_columns), optional
        The clip vectors, where they are there already.
    protocol : str, default="random"
        A key of `PROTOCOLS`.
    cv : int, optional
        Folds per repeat.
    repeats : int, optional
        How often folds are drawn; by default 10 times, or once if settings are searched in every fold.
    class_weight : dict or "balanced", optional
        Set on the estimator, wherever it has a parameter of that name.
    near_duplicates : bool, default=False
        Whether the audit of the folds also compares recordings by their fingerprints.
    strict : bool, default=False
        Whether to refuse folds in which the audit finds anything, near-duplicates included.
    random_state : int, default=0
        Seeds folds, a recipe given by name, intervals and permutations; the same line gives the same score.
    n_jobs : int, optional
        Workers. The result does not depend on it.
    memory : path or joblib.Memory, optional
        A folder where what a recipe by name extracts is kept.
    array_backend : {"cupy", "numpy"}, optional
        What extracts features of many clips at once: "cupy" is a GPU.
    on_error : {"raise", "skip"}, default="raise"
        What becomes of a clip that cannot be analysed.
    naive : bool, default=False
        Whether to score, beside the protocol, rows that are divided regardless of recordings and artists.
    permutations : int, optional
        How often to train and test on permuted truth for the permutation test.
    progress : callable, optional
        Called with the number of folds done since the last call.

    Returns
    -------
    Evaluation
        The predictions of all folds, and the scores that follow from them.

    Raises
    ------
    UnknownNameError
        If there is no such recipe, feature set, protocol or column.
    ProtocolError
        If the protocol cannot be run on these clips, the estimator is for another task, or the audit finds
        something and `strict` is set; all before any feature is extracted.
    ClipError
        If a clip cannot be analysed and `on_error` is "raise".
    ValueError
        If `values` do not fit the clips or the estimator.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names, "artist": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = np.arange(20.0)[:, None]
    >>> result = evaluate("knn1", ClipTable(frame, "example"), values=values, protocol="artist", repeats=1)
    >>> result
    Evaluation('knn1', 'artist': 95.0%)
    """
    experiment = Experiment(
        estimator,
        clips,
        target=target,
        task=task,
        feature_set=feature_set,
        values=values,
        protocol=protocol,
        cv=cv,
        repeats=repeats,
        class_weight=class_weight,
        near_duplicates=near_duplicates,
        strict=strict,
        random_state=random_state,
        n_jobs=n_jobs,
        memory=memory,
        array_backend=array_backend,
        on_error=on_error,
    )
    return experiment.evaluate(naive=naive, permutations=permutations, progress=progress)
