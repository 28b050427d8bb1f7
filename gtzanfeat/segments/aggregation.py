"""How windows are put together: which of them are learnt from, and how they decide about a recording.

Arrays only; what makes the numbers, and which estimator they are for, is said in `classifier`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

IMPOSSIBLE = 1e-6  # a window that gives a class less than this does not rule it out for the recording


def mean_score(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """1/n Σ_i s_ic."""
    return scores.mean(axis=0)


def log_product(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Σ_i log max(p_ic, 1e-6): as if windows were independent, which makes it sure of itself."""
    return np.log(np.maximum(scores, IMPOSSIBLE)).sum(axis=0)


def votes(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Σ_i [i answers c] + t_c: what decides a tie, t, is positive and sums to 1."""
    return answers.sum(axis=0) + scores.mean(axis=0)


def greatest_score(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """max_i s_ic: the surest window decides."""
    return scores.max(axis=0)


# From what the windows of a recording say to what the recording is: scores and answers (one 1 per row), each
# (n_windows, n_classes), to a number per class.
AGGREGATES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": mean_score,
    "product": log_product,
    "vote": votes,
    "max": greatest_score,
}


def tie_breaks(scores: np.ndarray | None, answers: np.ndarray, probable: bool) -> np.ndarray:
    """Scores that are positive and sum to 1 for each window, to decide between equal numbers of votes.

    Decision scores are put through a softmax, which serves for this and for nothing else.
    """
    if scores is None or scores.shape != answers.shape:
        return np.full(answers.shape, 1.0 / answers.shape[1])
    if probable:
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def balanced(counts: np.ndarray, label: np.ndarray) -> list[np.ndarray]:
    """Choose windows of each recording so that classes have equally many, or the fewest more than that."""
    fewest = int(np.bincount(label, weights=counts).min())
    limits = []  # windows of a recording, by class
    for c in range(label.max() + 1):
        totals = np.minimum.outer(np.arange(1, counts[label == c].max() + 1), counts[label == c]).sum(axis=1)
        limits.append(1 + int(np.argmax(totals >= fewest)))
    chosen = []
    for count, c in zip(counts.tolist(), label.tolist(), strict=True):
        n = min(count, limits[c])
        chosen.append((2 * np.arange(n) + 1) * count // (2 * n))
    return chosen
