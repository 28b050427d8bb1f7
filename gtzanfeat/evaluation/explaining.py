"""Why did it say that? What a score owes to each family, feature or summary, and what decided each clip.

`importance` asks any classifier, by permutation on clips that it has not heard in training; `contributions`
reads the exact shares out of linear models and Gaussian mixtures. Pictures are drawn in `gtzanfeat.report`.
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
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, NuSVC
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.classifiers import GaussianMixtureClassifier
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.evaluation.fitting import Run
from gtzanfeat.evaluation.measuring import Values, measure_clips
from gtzanfeat.evaluation.planning import Fold, kept_apart, plan
from gtzanfeat.evaluation.protocols import PROTOCOLS
from gtzanfeat.evaluation.systems import fixes_features, system, weighted
from gtzanfeat.evaluation.tasks import find_target
from gtzanfeat.extraction import Extraction
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.grouping import fit_grouped
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

BY = ("family", "feature", "summary", "column")
SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "single-label": accuracy_score,
    "multi-label": lambda truth, answers: f1_score(truth, answers, average="macro", zero_division=0.0),
    "regression": r2_score,
}
UNKNOWN = "nothing is known of the {} of these columns, which are of no feature set; choose by='column'"
# what may stand before a classifier without mixing columns
BY_COLUMN = (
    StandardScaler,
    MinMaxScaler,
    MaxAbsScaler,
    RobustScaler,
    PowerTransformer,
    QuantileTransformer,
)


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
    measured = measure_clips(model, clips, feature_set, values, n_jobs, on_error)
    groups = _groups_of(names, by, measured.n_columns)
    if measured.failures:
        layout = lay_out(clips.select(measured.ok), classes=clips.classes)
    left = clips.select(measured.ok)
    asked = find_target(left, target)
    run = Run(measured.model, measured.rows[measured.ok], asked, kept_apart(left, layout), n_jobs)
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


def _groups_of(columns: FeatureSet | list[str], by: str, n_columns: int | None) -> dict[str, np.ndarray]:
    """Numbers of the columns of each group, in the order in which groups first occur."""
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


# --- exact shares ------------------------------------------------------------------------------------------


def contributions(
    model: Any,
    X: Any,
    feature_set: str | FeatureSet | Sequence[str] | None = None,
    *,
    by: str = "family",
) -> pd.DataFrame:
    """Say exactly how much each group of columns speaks for each class, clip by clip.

    For a linear model these are parts of its decision function: Σ w_d x_d over the columns d of a group, and
    the intercept. For Gaussian mixtures, parts of log p(x | c) + log P(c): Σ_k r_k Σ_d log N(x_d; k), with
    the responsibilities r_k of the Gaussians k, and as the rest log P(c) + Σ_k r_k (log w_k - log r_k).
    Nothing is approximated: each row sums to what decides.

    Parameters
    ----------
    model : Pipeline or classifier
        Fitted: `ClipFeatures` or nothing, scalers that treat each column for itself or nothing, then a linear
        classifier with ``coef_`` (logistic regression, linear SVM, LDA ...) or a `GaussianMixtureClassifier`.
    X : list of clips, or array-like of shape (n_clips, n_columns)
        What the model is given.
    feature_set : str, FeatureSet or sequence of str, optional
        What the columns are, or their names; by default what ``ClipFeatures`` in `model` computes.
    by : {"family", "feature", "summary", "column"}, default="family"
        What is added up.

    Returns
    -------
    DataFrame
        One row per clip and class, indexed by both (of two classes of a linear model: the second only); a
        column per group, then ``rest`` and ``total``. A linear `SVC` of three classes or more decides between
        pairs: there a row is the sum over all pairs with that class.

    Raises
    ------
    UnknownNameError
        If there is no such grouping.
    GtzanfeatError
        If the model mixes columns (PCA, kernels, trees), so that no exact shares exist.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["jazz", "pop", "pop"])
    >>> table = contributions(model, [[1.0, 1.0]], ["tempo", "loudness"], by="column")
    >>> bool(np.isclose(table["total"].iloc[0], model.decision_function([[1.0, 1.0]])[0]))
    True
    """
    if by not in BY:
        raise UnknownNameError("grouping", by, BY)
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    if isinstance(steps[0], ClipFeatures):
        feature_set = steps[0].feature_set if feature_set is None else feature_set
        X = steps.pop(0).transform(X)
    Z = np.asarray(X, dtype=np.float64)
    *scalers, last = steps
    check_is_fitted(last)
    for scaler in scalers:
        if not isinstance(scaler, BY_COLUMN):
            raise GtzanfeatError(
                f"{type(scaler).__name__} mixes or drops columns, so that none has a share of its own; leave "
                "it out"
            )
        Z = scaler.transform(Z)
    if feature_set is None:
        raise GtzanfeatError("what the columns are is not known; give feature_set, or their names")
    named = isinstance(feature_set, str | FeatureSet)
    columns = find_feature_set(feature_set) if named else list(feature_set)  # type: ignore[arg-type]
    groups = _groups_of(columns, by, Z.shape[1])
    parts, rest, classes = _shares(last, Z)
    table = pd.DataFrame(
        {group: parts[:, :, chosen].sum(axis=2).ravel() for group, chosen in groups.items()},
        index=pd.MultiIndex.from_product([range(len(Z)), classes], names=["clip", "class"]),
    )
    table["rest"] = rest.ravel()
    table["total"] = table.sum(axis=1)
    return table


def _shares(model: Any, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray, Sequence[Any]]:
    """Per clip, class and column what it adds; per clip and class, the rest; and the classes."""
    if isinstance(model, GaussianMixtureClassifier):
        return _mixture_shares(model, Z)
    if not hasattr(model, "coef_"):
        raise GtzanfeatError(
            "exact contributions are for linear models and GaussianMixtureClassifier, not "
            f"{type(model).__name__}; use importance"
        )
    coef, intercept = np.asarray(model.coef_, dtype=np.float64), np.atleast_1d(model.intercept_)
    classes = list(model.classes_)
    if len(classes) == 2:
        coef, intercept, classes = coef[-1:], intercept[-1:], classes[1:]
    elif isinstance(model, SVC | NuSVC):  # one row per pair (i, j), for i where it is positive
        pairs = [(i, j) for i in range(len(classes)) for j in range(i + 1, len(classes))]
        sides = np.zeros((len(classes), len(pairs)))
        for row, (i, j) in enumerate(pairs):
            sides[i, row], sides[j, row] = 1.0, -1.0
        coef, intercept = sides @ coef, sides @ intercept
    rest = np.broadcast_to(intercept, (len(Z), len(classes)))
    return Z[:, None, :] * coef[None], rest, classes


def _mixture_shares(
    model: GaussianMixtureClassifier, Z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, Sequence[Any]]:
    parts = np.empty((len(Z), len(model.classes_), Z.shape[1]))
    rest = np.empty(parts.shape[:2])
    with np.errstate(divide="ignore"):  # a class that was given the prior 0
        log_prior = np.log(model.class_prior_)
    for c, (weights, means, variances) in enumerate(
        zip(model.weights_, model.means_, model.variances_, strict=True)
    ):
        by_column = -0.5 * (
            np.log(2 * np.pi * variances) + (Z[:, None] - means) ** 2 / variances
        )  # (n, K, d)
        log_joint = by_column.sum(axis=2) + np.log(weights)
        log_responsibility = log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True)
        responsibility = np.exp(log_responsibility)
        parts[:, c] = np.einsum("nk,nkd->nd", responsibility, by_column)
        # 0 · (log w - log 0) is 0, as its limit is
        unsure = np.where(responsibility > 0, np.log(weights) - log_responsibility, 0.0)
        rest[:, c] = log_prior[c] + (responsibility * unsure).sum(axis=1)
    return parts, rest, list(model.classes_)
