"""Probabilities from the scores of a classifier: temperature scaling on scores of clips not trained on.

Inner folds keep groups (recordings, artists) whole; those of `sklearn.calibration` do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_random_state

from gtzanfeat.classifiers.group_routing import fit_grouped

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]
STEEPEST = 10.0  # |ln β| of an inverse temperature β
LEAST_PROBABILITY = 1e-6  # of a classifier that gives no scores; its logarithm is taken


def inner_folds(y: NDArray[Any], groups: Any, n_folds: int, random_state: Any) -> Folds:
    """Return folds of the training clips that keep groups whole and leave no class out of training.

    The groups of each class are dealt to the folds in random order. Clips of a class that would be in no
    training part, because all its groups are in one fold, stay in it and are not tested.

    Parameters
    ----------
    y : ndarray of shape (n_clips,)
        Labels.
    groups : array-like of shape (n_clips,), or None
        Groups to keep whole; None: each clip is one.
    n_folds : int
        Number of folds; fewer if there are fewer groups.
    random_state : int, RandomState instance or None
        Seed of the order.

    Returns
    -------
    list of (train, test)
        Row numbers of each fold, ascending; none where nothing can be tested.

    Examples
    --------
    >>> for train, test in inner_folds(np.array(list("aabbc")), [0, 1, 2, 3, 4], 2, 0):
    ...     print(train, test)
    [0 3 4] [1 2]
    [1 2 4] [0 3]
    """
    codes = np.unique(y, return_inverse=True)[1]
    number = np.arange(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    firsts = np.unique(number, return_index=True)[1]
    shuffled = check_random_state(random_state).permutation(len(firsts))
    dealt = np.empty(len(firsts), dtype=int)
    dealt[np.lexsort((shuffled, codes[firsts]))] = np.arange(len(firsts)) % n_folds
    folds = []
    for fold in range(n_folds):
        train = dealt[number] != fold
        train |= ~np.isin(codes, codes[train])
        if not train.all():
            folds.append((np.flatnonzero(train), np.flatnonzero(~train)))
    return folds


def class_scores(model: Any, X: Any) -> NDArray[np.float64]:
    """Return one score per class: the decision function or, if there is none, logarithms of probabilities.

    Parameters
    ----------
    model : classifier
        Fitted.
    X : array-like or sequence of length n_clips
        What it takes.

    Returns
    -------
    ndarray of shape (n_clips, n_classes)
        Of two classes, 0 for the first and the decision function for the second.

    Raises
    ------
    ValueError
        If the classifier gives neither, or scores of pairs of classes.
    """
    if hasattr(model, "decision_function"):
        scores = np.asarray(model.decision_function(X), dtype=float)
    elif hasattr(model, "predict_proba"):
        return np.asarray(np.log(np.maximum(model.predict_proba(X), LEAST_PROBABILITY)))
    else:
        raise ValueError(
            f"{type(model).__name__} gives neither scores nor probabilities; give a classifier with "
            "decision_function or predict_proba"
        )
    if scores.ndim == 1:
        return np.column_stack([np.zeros(len(scores)), scores])
    if scores.shape[1] != len(model.classes_):
        raise ValueError(
            f"{type(model).__name__} gives scores of pairs of classes; set decision_function_shape='ovr'"
        )
    return scores


def out_of_fold_scores(
    model: Any, X: Any, y: NDArray[Any], folds: Folds, groups: NDArray[Any] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return scores of the training clips by models that were trained on others.

    Parameters
    ----------
    model : classifier
        Is cloned for each fold.
    X : array-like or sequence of length n_clips
        The training clips.
    y : ndarray of shape (n_clips,)
        Labels.
    folds : list of (train, test)
        From `inner_folds`.
    groups : ndarray of shape (n_clips,), optional
        Passed on to a model that takes them.

    Returns
    -------
    scores : ndarray of shape (n_scored, n_classes)
        Of the clips that a fold tests.
    rows : ndarray of shape (n_scored,), int
        Which clips these are.
    """
    scores, rows = [np.empty((0, len(np.unique(y))))], [np.empty(0, dtype=np.intp)]
    for train, test in folds:
        inner = fit_grouped(
            clone(model), _safe_indexing(X, train), y[train], None if groups is None else groups[train]
        )
        scores.append(class_scores(inner, _safe_indexing(X, test)))
        rows.append(test)
    return np.concatenate(scores), np.concatenate(rows)


def inverse_temperature(scores: NDArray[np.float64], codes: NDArray[np.intp]) -> float:
    """Return the β of greatest likelihood of the classes under softmax(β · scores); 1 without clips.

    Parameters
    ----------
    scores : ndarray of shape (n_clips, n_classes)
        Of clips that were not trained on.
    codes : ndarray of shape (n_clips,), int
        The number of each clip's class.

    Returns
    -------
    float
        Between exp(-10) and exp(10).

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks", ICML 2017,
    section 4.2.

    Examples
    --------
    >>> scores = np.array([[4.0, 0.0]] * 4)  # sure of the first class, and right three times of four
    >>> beta = inverse_temperature(scores, np.array([0, 0, 0, 1]))
    >>> np.exp(log_softmax(beta * scores[0])).round(3).tolist()
    [0.75, 0.25]
    """
    if not len(codes):
        return 1.0
    own = np.arange(len(codes)), codes

    def loss(log_beta: float) -> float:
        return -float(log_softmax(np.exp(log_beta) * scores, axis=1)[own].mean())

    found = minimize_scalar(loss, bounds=(-STEEPEST, STEEPEST), method="bounded")
    return float(np.exp(found.x))
