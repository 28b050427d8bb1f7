"""Passing of groups (recordings, artists) to the estimators whose `fit` takes the parameter ``groups``.

Folds over groups are made in `grouped_search` and in `gtzanfeat.evaluation`.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def groups_parameter(model: Any) -> str | None:
    """Return the keyword by which `fit` of an estimator takes groups.

    Parameters
    ----------
    model : estimator
        Any estimator; of a Pipeline, the last step counts.

    Returns
    -------
    str or None
        "groups", "step__groups" for the last step of a Pipeline, or None if groups are not taken.

    Examples
    --------
    >>> from gtzanfeat.classifiers import TagClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> groups_parameter(Pipeline([("tags", TagClassifier(LogisticRegression()))]))
    'tags__groups'
    """
    if isinstance(model, Pipeline):
        step, last = model.steps[-1]
        name = groups_parameter(last)
        return None if name is None else f"{step}__{name}"
    return "groups" if has_fit_parameter(model, "groups") else None


def fit_grouped(model: Any, X: Any, y: Any, groups: NDArray[Any] | None) -> Any:
    """Fit an estimator, with groups if it, or the last step of a Pipeline, takes them.

    Parameters
    ----------
    model : estimator
        The estimator to fit.
    X : array-like or sequence of length n_rows
        What it learns from.
    y : array-like of shape (n_rows,) or (n_rows, n_tags)
        The target.
    groups : ndarray of shape (n_rows,), or None
        Recordings or artists.

    Returns
    -------
    estimator
        The same estimator, fitted.
    """
    name = groups_parameter(model)
    return model.fit(X, y) if name is None or groups is None else model.fit(X, y, **{name: groups})
