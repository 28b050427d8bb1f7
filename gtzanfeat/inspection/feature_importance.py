"""Permutation importance of families, features, summaries or columns, on clips not trained on.

The exact shares of columns in a single decision are in `feature_contributions`. Pictures are drawn in
`gtzanfeat.report`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, r2_score
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.parallel import Parallel, delayed

from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.evaluation import Experiment, Fold
from gtzanfeat.evaluation.cross_validation import CrossValidation
from gtzanfeat.evaluation.text import failed_lines, plain_values
from gtzanfeat.extraction import Extraction, Failure
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

BY = ("family", "feature", "summary", "column")
SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "single-label": accuracy_score,
    "multi-label": lambda truth, answers: f1_score(truth, answers, average="macro", zero_division=0.0),
    "regression": r2_score,
}
UNKNOWN = "nothing is known of the {} of these columns, which are of no feature set; choose by='column'"


@dataclass(frozen=True, eq=False)
class Importance:
    """The loss of score when a group of columns is permuted, for each group.

    Parameters
    ----------
    score : str
        The name of the score: "accuracy", "f1_macro" (of tags) or "r2".
    value : float
        The score with all columns as they are, mean of all folds.
    by : str
        The grouping of columns: "family", "feature", "summary" or "column".
    table : DataFrame
        Indexed by group, largest loss first: ``importance``, the mean loss of score when the group's columns
        are permuted among test clips; ``spread``, its standard deviation over folds; ``columns``, their
        number.
    description : str
        The protocol in plain words.
    warnings : tuple of str, default=()
        What a reader must know before the numbers.
    failures : tuple of Failure, default=()
        The clips that could not be analysed, and why; these take no part.
    """

    score: str
    value: float
    by: str
    table: pd.DataFrame
    description: str
    warnings: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the table.

        Returns
        -------
        DataFrame
            ``importance``, ``spread`` and ``columns`` by group.
        """
        return self.table

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
            All fields, the table as one dict per group; what is not defined (NaN) is None.
        """
        stated = {name: getattr(self, name) for name in ("score", "value", "by", "description", "warnings")}
        rows = self.table.rename_axis(index="group").reset_index().to_dict("records")
        failures = [{"source": failure.source, "reason": failure.reason} for failure in self.failures]
        plain: dict[str, Any] = plain_values(stated | {"table": rows, "failures": failures})
        return plain

    def __str__(self) -> str:
        width = max(map(len, self.table.index))
        rows = [
            f"{group:{width}}  {row.importance:+.3f} ± {row.spread:.3f}  ({row.columns:.0f} columns)"
            for group, row in self.table.iterrows()
        ]
        head = f"{self.score} {self.value:.3f}, {self.description}; what it loses without each {self.by}:"
        said = [f"warning: {warning}" for warning in self.warnings]
        if self.failures:
            said.append(f"not used      {len(self.failures)} failed")
            said += failed_lines((failure.source, failure.reason) for failure in self.failures)
        return "\n".join([*said, head, *rows])


def importance(experiment: Experiment, *, by: str = "family", permutations: int = 10) -> Importance:
    """Return the permutation importance of families, features, summaries or columns, on held-out clips.

    In every fold the estimator is fitted once; then the columns of one group at a time are permuted among the
    test clips, all columns of the group together, and the loss of score is taken. A group without information
    about the target, or with none that other groups lack, has an importance around 0.

    Parameters
    ----------
    experiment : Experiment
        Of an estimator of clip vectors. Its folds are drawn once, unless its `repeats` is set.
    by : {"family", "feature", "summary", "column"}, default="family"
        The columns that are permuted together; of `values` without a feature set, only "column" is known.
    permutations : int, default=10
        How often each group is permuted, in every fold.

    Returns
    -------
    Importance
        The loss of score by group.

    Raises
    ------
    UnknownNameError
        If there is no such grouping.
    GtzanfeatError
        If the estimator does not learn from named columns.
    ClipError
        If a clip cannot be analysed and the experiment's `on_error` is "raise".

    References
    ----------
    L. Breiman, "Random forests", Machine Learning 45, 2001, section 10; for groups, Q. Au, J. Herbinger,
    C. Stachl, B. Bischl and G. Casalicchio, "Grouped feature importance and combined features effect plot",
    Data Mining and Knowledge Discovery 36, 2022.

    Examples
    --------
    >>> from gtzanfeat import ClipTable
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = pd.DataFrame({"useful": np.arange(20.0), "noise": np.arange(20.0) % 3})
    >>> experiment = Experiment("knn1", ClipTable(frame, "example"), values=values)
    >>> list(importance(experiment, by="column").table.index)
    ['useful', 'noise']
    """
    if permutations < 1:
        raise ValueError(f"permutations must be 1 or more, not {permutations}")
    columns = named_columns(experiment, by)  # before anything is extracted
    once = experiment.with_one_repeat()
    groups = column_groups(columns, by, once.features.n_columns)
    system, seed = once.cross_validation, once.random_state
    done = Parallel(n_jobs=once.n_jobs)(
        delayed(_losses)(system, fold, list(groups.values()), permutations, [seed, number])
        for number, fold in enumerate(once.plan.folds)
    )
    losses = np.array([loss for _, loss in done])
    table = pd.DataFrame(
        {
            "importance": losses.mean(axis=0),
            "spread": losses.std(axis=0, ddof=1) if len(losses) > 1 else np.nan,
            "columns": [len(members) for members in groups.values()],
        },
        index=pd.Index(list(groups), name=by, dtype=object),
    ).sort_values("importance", ascending=False, kind="stable")
    return Importance(
        score=once.used_target.task.headline,
        value=float(np.mean([score for score, _ in done])),
        by=by,
        table=table,
        description=once.plan.description,
        warnings=once.warnings,
        failures=(*once.features.lost, *once.features.failures),
    )


def named_columns(experiment: Experiment, by: str) -> FeatureSet | list[str]:
    """Return the columns of an experiment: a feature set, or the names of the columns of its values.

    Parameters
    ----------
    experiment : Experiment
        No feature is extracted.
    by : {"family", "feature", "summary", "column"}
        The grouping of columns.

    Returns
    -------
    FeatureSet or list of str
        In the order of the columns.

    Raises
    ------
    UnknownNameError
        If there is no such grouping.
    GtzanfeatError
        If the columns have no names, or nothing is known of them but their names.
    """
    if by not in BY:
        raise UnknownNameError("grouping", by, BY)
    values, model = experiment.values, experiment.model
    if isinstance(values, Extraction):
        return values.feature_set
    if values is not None:
        if by != "column":
            raise GtzanfeatError(UNKNOWN.format(by))
        names = values.columns if isinstance(values, pd.DataFrame) else range(np.shape(values)[1])
        return [str(name) for name in names]
    step = model[0] if isinstance(model, Pipeline) else None
    if isinstance(step, ClipFeatures):
        return find_feature_set(step.feature_set)
    if hasattr(model, "measure") or isinstance(step, FrameFeatures | FeatureUnion):
        raise GtzanfeatError(
            "importance is of named columns; give an estimator of clip vectors (ClipFeatures)"
        )
    return find_feature_set("classic30" if experiment.feature_set is None else experiment.feature_set)


def column_groups(columns: FeatureSet | list[str], by: str, n_columns: int | None) -> dict[str, np.ndarray]:
    """Return the numbers of the columns of each group, in the order in which groups first occur.

    Parameters
    ----------
    columns : FeatureSet or list of str
        A feature set, or the names of the columns.
    by : str
        The grouping of columns.
    n_columns : int or None
        Number of columns that the estimator learns from; None if it learns from something else.

    Returns
    -------
    dict of str to ndarray
        Column numbers by group.
    """
    if isinstance(columns, FeatureSet):
        said = [row[by] or row["feature"] for row in columns.feature_table()]
    elif by == "column":
        said = columns
    else:
        raise GtzanfeatError(UNKNOWN.format(by))
    if n_columns != len(said):
        raise GtzanfeatError(
            "importance is of named columns, but this estimator learns from something else (frames, windows, "
            "several things at once); give an estimator of clip vectors"
        )
    return {group: np.flatnonzero(np.array(said, dtype=object) == group) for group in dict.fromkeys(said)}


def _losses(
    system: CrossValidation, fold: Fold, groups: Sequence[np.ndarray], permutations: int, seed: list[int]
) -> tuple[float, list[float]]:
    """Return the score of a fold, and its losses when each group of columns is permuted among test clips."""
    rng = np.random.default_rng(seed)
    truth, score = system.target.truth, SCORES[system.target.task.name]
    fitted = system.fit(fold)
    tested, known = system.rows[fold.test], truth[fold.test]
    whole = score(known, fitted.predict(tested))
    losses = []
    for columns in groups:
        permuted = np.tile(tested, (permutations, 1))
        for part in np.split(permuted, permutations):
            part[:, columns] = part[rng.permutation(len(part))][:, columns]
        answers = np.split(np.asarray(fitted.predict(permuted)), permutations)
        losses.append(whole - float(np.mean([score(known, answer) for answer in answers])))
    return whole, losses
