"""Groups on their way to whoever divides rows: a threshold, a search, anything whose `fit` takes ``groups``.

What a group is, a recording or an artist, is for the caller to say; folds are drawn elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def groups_name(model: Any) -> str | None:
    """Return under which name `fit` takes groups: "groups", "step__groups" of a Pipeline, or None.

    Parameters
    ----------
    model : estimator
        Of a Pipeline, its last step is asked.

    Returns
    -------
    str or None

    Examples
    --------
    >>> from gtzanfeat.classifiers import TagClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> groups_name(Pipeline([("tags", TagClassifier(LogisticRegression()))]))
    'tags__groups'
    """
    if isinstance(model, Pipeline):
        step, last = model.steps[-1]
        name = groups_name(last)
        return None if name is None else f"{step}__{name}"
    return "groups" if has_fit_parameter(model, "groups") else None


def fit_grouped(model: Any, X: Any, y: Any, groups: np.ndarray | None) -> Any:
    """Fit an estimator; where it, or the last step of a Pipeline, takes groups, it is given them.

    Parameters
    ----------
    model : estimator
        What is fitted.
    X, y
        What it learns from.
    groups : ndarray of shape (n_rows,), or None
        What belongs together: recordings or artists.

    Returns
    -------
    estimator
        The same, fitted.
    """
    name = groups_name(model)
    return model.fit(X, y) if name is None or groups is None else model.fit(X, y, **{name: groups})
