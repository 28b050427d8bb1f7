"""Contributions: exact shares of families, features or columns in the decision about a clip.

They exist for linear models and for Gaussian mixtures. The importance of columns for the score of any
estimator is in `feature_importance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, NuSVC
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.classifiers import GaussianMixtureClassifier
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.evaluation import Experiment
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.inspection.feature_importance import BY, column_groups, named_columns
from gtzanfeat.transformers import ClipFeatures

# what may stand before a classifier without mixing columns
BY_COLUMN = (
    StandardScaler,
    MinMaxScaler,
    MaxAbsScaler,
    RobustScaler,
    PowerTransformer,
    QuantileTransformer,
)


def contributions(
    model: Any,
    X: Any,
    feature_set: str | FeatureSet | Sequence[str] | None = None,
    *,
    by: str = "family",
) -> pd.DataFrame:
    """Return the exact share of each group of columns in the decision of a fitted model, clip by clip.

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
    groups = column_groups(columns, by, Z.shape[1])
    parts, rest, classes = _shares(last, Z)
    table = pd.DataFrame(
        {group: parts[:, :, chosen].sum(axis=2).ravel() for group, chosen in groups.items()},
        index=pd.MultiIndex.from_product([range(len(Z)), classes], names=["clip", "class"]),
    )
    table["rest"] = rest.ravel()
    table["total"] = table.sum(axis=1)
    return table


def held_out_contributions(experiment: Experiment, *, by: str = "family") -> pd.DataFrame:
    """Return the exact share of each group of columns in the decision about each clip, when it was tested.

    In every fold a model is fitted on the training clips, and `contributions` are those of its test clips. So
    they explain decisions about clips that were not trained on.

    Parameters
    ----------
    experiment : Experiment
        Of a model that `contributions` takes, for classes. Its folds are drawn once, unless its `repeats` is
        set.
    by : {"family", "feature", "summary", "column"}, default="family"
        The grouping of columns.

    Returns
    -------
    DataFrame
        As of `contributions`, with the number of the repeat before clip and class in the index; clips are
        numbered as in the table of the experiment.

    Raises
    ------
    UnknownNameError
        If there is no such grouping.
    GtzanfeatError
        If the model mixes columns, or does not learn from named columns.
    ClipError
        If a clip cannot be analysed and the experiment's `on_error` is "raise".

    Examples
    --------
    >>> from gtzanfeat import ClipTable
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop", "rock") for i in range(4)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = pd.DataFrame({"tempo": np.arange(12.0), "loudness": np.arange(12.0) % 2})
    >>> experiment = Experiment("lda", ClipTable(frame, "example"), values=values)
    >>> held_out_contributions(experiment, by="column").loc[(1, 0)].columns.tolist()
    ['tempo', 'loudness', 'rest', 'total']
    """
    columns = named_columns(experiment, by)
    once = experiment.with_one_repeat()
    system, rows = once.cross_validation, once.features.ok
    parts = []
    for fold in once.plan.folds:
        fitted = system.fit(fold)
        table = contributions(fitted, system.rows[fold.test], columns, by=by)
        clip = rows[fold.test][table.index.get_level_values("clip")]
        parts.append(table.assign(repeat=fold.repeat, clip=clip).set_index(["repeat", "clip"], append=True))
    return pd.concat(parts).droplevel(0).reorder_levels(["repeat", "clip", "class"]).sort_index()


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
