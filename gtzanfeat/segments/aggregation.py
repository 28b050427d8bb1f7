"""Combination rules: from predictions for the windows of a recording to one score per class of the recording.

Functions of arrays; the estimator that makes the predictions is in `segment_classifier`.

References
----------
J. Kittler, M. Hatef, R. P. W. Duin and J. Matas, "On combining classifiers", IEEE Transactions on Pattern
Analysis and Machine Intelligence 20(3), 1998.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALLEST = 1e-6  # bounds probabilities from below, so that one window alone cannot rule out a class


def mean_rule(scores: Floats, votes: Floats) -> Floats:
    """Return the mean score of each class over windows, 1/n Σ_i s_ic; scores (n_windows, n_classes)."""
    return np.asarray(scores.mean(axis=0))


def product_rule(scores: Floats, votes: Floats) -> Floats:
    """Return the log of the product of probabilities of each class, Σ_i log max(p_ic, 1e-6).

    It takes windows for independent, so its probabilities are too close to 0 and 1.
    """
    return np.asarray(np.log(np.maximum(scores, SMALLEST)).sum(axis=0))


def vote_rule(scores: Floats, votes: Floats) -> Floats:
    """Return the number of votes of each class plus its mean score to break ties, Σ_i v_ic + 1/n Σ_i s_ic."""
    return np.asarray(votes.sum(axis=0) + scores.mean(axis=0))


def max_rule(scores: Floats, votes: Floats) -> Floats:
    """Return the greatest score of each class over windows, max_i s_ic."""
    return np.asarray(scores.max(axis=0))


# By name, functions of the scores and the votes (one-hot predictions) of the windows of a recording, both
# (n_windows, n_classes), that return one score per class, (n_classes,).
AGGREGATES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "mean": mean_rule,
    "product": product_rule,
    "vote": vote_rule,
    "max": max_rule,
}


def tie_break_scores(scores: Floats | None, votes: Floats, probabilities: bool) -> Floats:
    """Return scores that are positive and sum to 1 per window, to break ties between votes.

    Parameters
    ----------
    scores : ndarray of shape (n_windows, n_classes), or None
        Probabilities or decision functions, of which the softmax is taken.
    votes : ndarray of shape (n_windows, n_classes)
        One-hot predictions.
    probabilities : bool
        Whether `scores` are probabilities.

    Returns
    -------
    ndarray of shape (n_windows, n_classes)
        Uniform if there are no scores of that shape.
    """
    if scores is None or scores.shape != votes.shape:
        return np.full(votes.shape, 1.0 / votes.shape[1])
    if probabilities:
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def balanced_windows(counts: NDArray[np.intp], label: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return windows of each recording such that classes have equally many, or the smallest excess.

    Every recording of a class gives the same number of windows, evenly spaced, or all if it has fewer.

    Parameters
    ----------
    counts : ndarray of int, shape (n_recordings,)
        Number of windows of each recording.
    label : ndarray of int, shape (n_recordings,)
        Class of each recording, from 0.

    Returns
    -------
    list of ndarray of int
        Indices of the chosen windows of each recording.
    """
    fewest = int(np.bincount(label, weights=counts).min())
    limits = []  # windows per recording, by class
    for c in range(label.max() + 1):
        totals = np.minimum.outer(np.arange(1, counts[label == c].max() + 1), counts[label == c]).sum(axis=1)
        limits.append(1 + int(np.argmax(totals >= fewest)))
    chosen = []
    for count, c in zip(counts.tolist(), label.tolist(), strict=True):
        n = min(count, limits[c])
        chosen.append((2 * np.arange(n) + 1) * count // (2 * n))
    return chosen
