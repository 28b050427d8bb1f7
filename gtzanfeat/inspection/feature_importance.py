"""What a score owes to each family, feature or summary: any classifier is asked, on clips it has not heard.

What decided a single clip is read out of a model in `contributing`. Pictures are drawn in `gtzanfeat.report`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, r2_score
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.parallel import Parallel, delayed

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.evaluation.folds import Fold, fold_groups, plan
from gtzanfeat.evaluation.precomputation import Values, precompute_features
from gtzanfeat.evaluation.predictions import Run
from gtzanfeat.evaluation.protocols import PROTOCOLS
from gtzanfeat.evaluation.systems import fixes_features, system, weighted
from gtzanfeat.evaluation.tasks import find_target
from gtzanfeat.extraction import Extraction
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.model_selection.group_routing import fit_grouped
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
    """What a score owes to each group of columns.

    Parameters
    ----------
    score : str
        Which score: "accuracy", "f1_macro" (of tags) or "r2".
    value : float
        The score with all columns as they are, mean of all folds.
    by : str
        What groups are: "family", "feature", "summary" or "column".
    table : DataFrame
        Indexed by group, largest loss first: ``importance``, the mean loss of score when the group's columns
        are exchanged between test clips; ``spread``, its standard deviation over folds; ``columns``, their
        number.
    description : str
        Under which protocol, in plain words.
    """

    score: str
    value: float
    by: str
    table: pd.DataFrame
    description: str

    def to_frame(self) -> pd.DataFrame:
        """The table: ``importance``, ``spread`` and ``columns`` by group."""
        return self.table

    def __str__(self) -> str:
        width = max(map(len, self.table.index))
        rows = [
            f"{group:{width}}  {row.importance:+.3f} ± {row.spread:.3f}  ({row.columns:.0f} columns)"
            for group, row in self.table.iterrows()
        ]
        head = f"{self.score} {self.value:.3f}, {self.description}; what it loses without each {self.by}:"
        return "\n".join([head, *rows])


def importance(
    estimator: Any,
    clips: ClipTable,
    *,
    feature_set: str | FeatureSet | None = None,
    target: str = "label",
    protocol: str = "random",
    folds: int | None = None,
    repeats: int | None = None,
    by: str = "family",
    permutations: int = 10,
    random_state: int = 0,
    n_jobs: int | None = None,
    values: Values | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
) -> Importance:
    """Measure what the score on held-out clips owes to each group of columns.

    In every fold the estimator learns as it always does. Then the columns of one group, all together, are
    exchanged at random between the test clips, and it answers again: what the score loses is what the group
    tells that no other column does. Two groups that tell the same lose little each.

    Parameters
    ----------
    estimator : estimator or str
        As for `evaluate`, of clip vectors.
    clips : ClipTable
        The clips, and what is to be learnt of them.
    feature_set : str or FeatureSet, optional
        As for `evaluate`.
    target : str, default="label"
        The column to predict.
    protocol, folds, repeats
        As for `plan`; but folds that are drawn are drawn once unless `repeats` says otherwise.
    by : {"family", "feature", "summary", "column"}, default="family"
        What is exchanged together.
    permutations : int, default=10
        How often each group is exchanged, in every fold.
    random_state : int, default=0
        Seeds folds, exchanges, and a recipe given by name.
    n_jobs : int, optional
        Workers. The result does not depend on it.
    values : Extraction, array or DataFrame of shape (n_clips, n_columns), optional
        As for `evaluate`; of a DataFrame without a feature set, only ``by="column"`` is known.
    class_weight, on_error : optional
        As for `evaluate`.

    Returns
    -------
    Importance

    Raises
    ------
    UnknownNameError
        If there is no such recipe, feature set, protocol, column or grouping.
    ProtocolError
        If the protocol would mean nothing on these clips.
    GtzanfeatError
        If the estimator does not learn from named columns.

    References
    ----------
    L. Breiman, "Random forests", Machine Learning 45, 2001, section 10; for groups, Q. Au, J. Herbinger,
    C. Stachl, B. Bischl and G. Casalicchio, "Grouped feature importance and combined features effect plot",
    Data Mining and Knowledge Discovery 36, 2022.

    Examples
    --------
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = pd.DataFrame({"useful": np.arange(20.0), "noise": np.arange(20.0) % 3})
    >>> found = importance("knn1", ClipTable(frame, "example"), values=values, by="column")
    >>> list(found.table.index)
    ['useful', 'noise']
    """
    if by not in BY:
        raise UnknownNameError("grouping", by, BY)
    if permutations < 1:
        raise ValueError(f"permutations must be 1 or more, not {permutations}")
    if repeats is None and protocol in PROTOCOLS and PROTOCOLS[protocol].unit is not None:
        repeats = 1
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {on_error!r}")
    lay_out = partial(
        plan, protocol=protocol, folds=folds, repeats=repeats, random_state=random_state, target=target
    )
    layout = lay_out(clips)
    model = estimator
    if isinstance(estimator, str):
        task = find_target(clips, target).task.name
        model = system(estimator, task, feature_set, random_state=random_state)
        if values is not None and not fixes_features(estimator):
            model = model[1:]
    if class_weight is not None:
        model = weighted(clone(model), class_weight)
    names = _names(model, feature_set, values)
    measured = precompute_features(model, clips, feature_set, values, n_jobs, on_error)
    groups = groups_of(names, by, measured.n_columns)
    if measured.failures:
        layout = lay_out(clips.select(measured.ok), classes=clips.classes)
    left = clips.select(measured.ok)
    asked = find_target(left, target)
    run = Run(measured.model, measured.rows[measured.ok], asked, fold_groups(left, layout), n_jobs)
    done = Parallel(n_jobs=n_jobs)(
        delayed(_losses)(run, fold, list(groups.values()), permutations, [random_state, number])
        for number, fold in enumerate(layout.folds)
    )
    losses = np.array([loss for _, loss in done])
    table = pd.DataFrame(
        {
            "importance": losses.mean(axis=0),
            "spread": losses.std(axis=0, ddof=1) if len(losses) > 1 else np.nan,
            "columns": [len(columns) for columns in groups.values()],
        },
        index=pd.Index(list(groups), name=by, dtype=object),
    ).sort_values("importance", ascending=False, kind="stable")
    return Importance(
        asked.task.headline, float(np.mean([score for score, _ in done])), by, table, layout.description
    )


def check_explainable(model: Any, by: str, joined: bool = False) -> None:
    """Raise the error that `importance` would raise in the end, before anything is measured.

    Parameters
    ----------
    model : estimator
        What is to be explained, features first.
    by : str
        What groups are to be.
    joined : bool, default=False
        Whether columns of no feature set are among those that it learns from.

    Raises
    ------
    GtzanfeatError
        If the columns have no names, or nothing is known of them but their names.
    """
    _names(model, None, None)
    if joined and by != "column":
        raise GtzanfeatError(UNKNOWN.format(by))


def _names(model: Any, feature_set: Any, values: Values | None) -> FeatureSet | list[str]:
    """What the columns are: of a feature set, or as a table of values names them."""
    if isinstance(values, Extraction):
        return values.feature_set
    if isinstance(values, pd.DataFrame):
        return [str(name) for name in values.columns]
    if values is not None:
        return [str(i) for i in range(np.shape(values)[1])]
    step = model[0] if isinstance(model, Pipeline) else None
    if isinstance(step, ClipFeatures):
        return find_feature_set(step.feature_set)
    if hasattr(model, "measure") or isinstance(step, FrameFeatures | FeatureUnion):
        raise GtzanfeatError(
            "importance is of named columns; give an estimator of clip vectors (ClipFeatures)"
        )
    return find_feature_set("classic30" if feature_set is None else feature_set)


def groups_of(columns: FeatureSet | list[str], by: str, n_columns: int | None) -> dict[str, np.ndarray]:
    """Find the numbers of the columns of each group, in the order in which groups first occur.

    Parameters
    ----------
    columns : FeatureSet or list of str
        What the columns are.
    by : str
        What groups are to be.
    n_columns : int or None
        How many there are.

    Returns
    -------
    dict of str to ndarray
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
    run: Run, fold: Fold, groups: Sequence[np.ndarray], permutations: int, seed: list[int]
) -> tuple[float, list[float]]:
    """The score of a fold, and what it loses when each group of columns is exchanged between its clips."""
    rng = np.random.default_rng(seed)
    truth, score = run.asked.truth, SCORES[run.asked.task.name]
    fitted = fit_grouped(clone(run.model), run.rows[fold.train], truth[fold.train], run.groups[fold.train])
    tested, known = run.rows[fold.test], truth[fold.test]
    whole = score(known, fitted.predict(tested))
    losses = []
    for columns in groups:
        exchanged = np.tile(tested, (permutations, 1))
        for part in np.split(exchanged, permutations):
            part[:, columns] = part[rng.permutation(len(part))][:, columns]
        answers = np.split(np.asarray(fitted.predict(exchanged)), permutations)
        losses.append(whole - float(np.mean([score(known, answer) for answer in answers])))
    return whole, losses
