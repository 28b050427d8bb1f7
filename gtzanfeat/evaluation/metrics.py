"""Metrics of classes, tags and numbers, each for many weightings of the clips at once.

Weights of 1 give the score, drawn weights its bootstrap interval. A family of metrics is a function of
arrays; `compute_metrics` knows over which tests each is taken. The weights are drawn in `uncertainty`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

TOP = 3  # k of top-k accuracy
ORDER = (  # in which metrics are listed, whichever of them there are
    *("accuracy", "balanced_accuracy", "top_3_accuracy", "exact_match"),
    *(f"{name}_{mean}" for mean in ("macro", "weighted", "micro") for name in ("precision", "recall", "f1")),
    *(f"{name}_{mean}" for name in ("roc_auc", "average_precision") for mean in ("macro", "micro")),
    *("log_loss", "r2", "rmse", "mae", "pearson_r"),
)
CELLS = 250_000  # numbers in one array at a time, so that passing over it again finds it in the cache


@dataclass(frozen=True, eq=False)
class Outcome:
    """Truth and predictions of all tests, as arrays.

    Parameters
    ----------
    task : str
        A key of `TASKS`.
    truth, answers : ndarray
        Numbers of classes (n_tests,), tags (n_tests, n_tags) as bool, or numbers (n_tests,).
    scores : ndarray of shape (n_tests, n_names), or None
        Probability or decision value of each class or tag.
    probabilities : bool
        Whether `scores` are probabilities.
    repeat, fold : ndarray of shape (n_tests,), int
        Where each test was made.
    group : ndarray of shape (n_tests,), int
        Which tests belong together, and have one weight.
    """

    task: str
    truth: np.ndarray
    answers: np.ndarray
    scores: np.ndarray | None
    probabilities: bool
    repeat: np.ndarray
    fold: np.ndarray
    group: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Outcome:
        names = ("truth", "answers", "repeat", "fold", "group")
        scores = None if self.scores is None else self.scores[rows]
        return replace(self, scores=scores, **{name: getattr(self, name)[rows] for name in names})

    def repeats(self) -> Iterator[Outcome]:
        """Yield the tests of each repeat."""
        for repeat in np.unique(self.repeat):
            yield self[np.flatnonzero(self.repeat == repeat)]

    def folds(self) -> Iterator[Outcome]:
        """Yield the tests of each fold of each repeat."""
        for part in self.repeats():
            for fold in np.unique(part.fold):
                yield part[np.flatnonzero(part.fold == fold)]

    @property
    def n_groups(self) -> int:
        """Number of groups, each of which has one weight."""
        return int(self.group.max()) + 1


def compute_metrics(tested: Outcome, draws: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return every metric that the task and the predictions allow, for each weighting.

    Accuracy, and the metrics of ranked scores (ROC AUC, average precision), are means over folds, because
    scores of two fitted estimators do not compare; all others are taken over all tests of a repeat, because a
    fold has too few for them, and then averaged over repeats. Pearson's r is taken over deviations from the
    means of each fold: the mean of a training part is low where that of the test part is high, so that over
    all tests at once even a constant answer would correlate, negatively.

    Parameters
    ----------
    tested : Outcome
        The tests.
    draws : ndarray of shape (n_draws, n_groups), optional
        Weights of the groups; by default 1 for all.

    Returns
    -------
    dict of str to ndarray of shape (n_draws,)
        NaN where a metric is not defined.

    References
    ----------
    G. Forman and M. Scholz, "Apples-to-apples in cross-validation studies", SIGKDD Explorations 12(1), 2010.
    """
    if draws is None:
        draws = np.ones((1, tested.n_groups))
    found: dict[str, list[np.ndarray]] = defaultdict(list)

    def keep(metrics: dict[str, np.ndarray]) -> None:
        for name, values in metrics.items():
            found[name].append(values)

    if tested.task == "single-label":
        for part in tested.folds():
            keep({"accuracy": weighted_mean(part.truth == part.answers, draws[:, part.group])})
    for part in tested.repeats():
        weights = draws[:, part.group]
        if tested.task == "regression":
            keep(regression_metrics(part.truth, part.answers, weights, part.fold))
            continue
        truth, answers = (one_hot(tested, rows) for rows in (part.truth, part.answers))
        metrics = precision_recall_f1(truth, answers, weights)
        if tested.task == "single-label":
            metrics = {name: values for name, values in metrics.items() if not name.endswith("_micro")}
            keep({"balanced_accuracy": metrics["recall_macro"]})
            if part.scores is not None:
                keep(top_k_and_log_loss(part.truth, part.scores, weights, part.probabilities))
        else:
            keep({"exact_match": weighted_mean((truth == answers).all(axis=1), weights)})
        keep(metrics)
    for part in tested.folds():
        if part.scores is not None:
            keep(ranking_metrics(one_hot(tested, part.truth), part.scores, draws[:, part.group]))
    return {name: mean_ignoring_nan(np.array(values)) for name, values in found.items()}


def one_hot(tested: Outcome, rows: np.ndarray) -> np.ndarray:
    """Return rows of truth or answers as indicators of classes or tags, (n_rows, n_names) bool."""
    if rows.ndim == 2:
        return rows
    n_classes = int(max(tested.truth.max(), tested.answers.max())) + 1
    if tested.scores is not None:
        n_classes = tested.scores.shape[1]
    return np.asarray(rows[:, None] == np.arange(n_classes))


# --- families --------------------------------------------------------------------------------------------


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean of values (n,) under each row of weights (n_draws, n); NaN where all weights are 0."""
    return _ratio(weights @ values.astype(float), weights.sum(axis=1))


def precision_recall_f1(truth: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return precision, recall and F1 of classes or tags: macro, micro, and weighted by support.

    Classes that are never true are left out of the macro means; one that is never predicted has precision 0.

    Parameters
    ----------
    truth, answers : ndarray of shape (n_tests, n_names), bool
        Truth and predictions.
    weights : ndarray of shape (n_draws, n_tests)
        Weight of each test.

    Returns
    -------
    dict of str to ndarray of shape (n_draws,)
    """
    hits, true, answered = (weights @ rows.astype(float) for rows in (truth & answers, truth, answers))
    metrics = {}
    sums = [counts.sum(axis=1, keepdims=True) for counts in (hits, true, answered)]
    micro = _precision_recall_f1(*sums)
    for name, each in precision_recall_f1_of_each_name(hits, true, answered).items():
        metrics[f"{name}_macro"] = mean_ignoring_nan(each.T)
        metrics[f"{name}_weighted"] = _ratio((np.nan_to_num(each) * true).sum(axis=1), true.sum(axis=1))
        metrics[f"{name}_micro"] = micro[name][:, 0]
    return metrics


def precision_recall_f1_of_each_name(
    hits: np.ndarray, true: np.ndarray, answered: np.ndarray
) -> dict[str, np.ndarray]:
    """Return precision, recall and F1 of each class or tag, from counts of tests.

    Parameters
    ----------
    hits, true, answered : ndarray of shape (n_draws, n_names)
        Tests of each class that are answered right, that are of it, and that are answered with it.

    Returns
    -------
    dict of str to ndarray of shape (n_draws, n_names)
        NaN for a class that is never true; one that is never answered has precision 0.
    """
    scores = _precision_recall_f1(hits, true, answered)
    return {name: np.where(true > 0, each, np.nan) for name, each in scores.items()}


def _precision_recall_f1(hits: np.ndarray, true: np.ndarray, answered: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "precision": _ratio(hits, answered, 0.0),
        "recall": _ratio(hits, true, 0.0),
        "f1": _ratio(2 * hits, true + answered, 0.0),
    }


def top_k_and_log_loss(
    truth: np.ndarray, scores: np.ndarray, weights: np.ndarray, probabilities: bool
) -> dict[str, np.ndarray]:
    """Return top-k accuracy (k = 3, ties counted in part) and log loss of classes.

    Parameters
    ----------
    truth : ndarray of shape (n_tests,), int
        Numbers of the true classes.
    scores : ndarray of shape (n_tests, n_classes)
        Of every class.
    weights : ndarray of shape (n_draws, n_tests)
        Weight of each test.
    probabilities : bool
        Whether scores are probabilities; else there is no log loss.

    Returns
    -------
    dict of str to ndarray of shape (n_draws,)
    """
    own = scores[np.arange(len(truth)), truth]
    metrics = {}
    if scores.shape[1] > TOP:
        higher = (scores > own[:, None]).sum(axis=1)
        equal = (scores == own[:, None]).sum(axis=1)
        metrics[f"top_{TOP}_accuracy"] = weighted_mean(np.clip((TOP - higher) / equal, 0.0, 1.0), weights)
    if probabilities:
        share = own / scores.sum(axis=1)
        metrics["log_loss"] = weighted_mean(-np.log(np.maximum(share, np.finfo(float).eps)), weights)
    return metrics


def ranking_metrics(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return ROC AUC and average precision of classes or tags, macro and micro.

    Those without a positive are left out of the means, and those without a negative of that of ROC AUC.

    Parameters
    ----------
    truth : ndarray of shape (n_tests, n_names), bool
        The truth.
    scores : ndarray of shape (n_tests, n_names)
        Scores of each.
    weights : ndarray of shape (n_draws, n_tests)
        Weight of each test.

    Returns
    -------
    dict of str to ndarray of shape (n_draws,)
    """
    areas, precisions = mean_ignoring_nan(ranking_of_each_name(truth, scores, weights))
    metrics = {"roc_auc_macro": areas, "average_precision_macro": precisions}
    known = truth.any(axis=0)
    if known.any():
        pairs = truth[:, known].ravel(), scores[:, known].ravel()
        test = np.repeat(np.arange(len(truth)), known.sum())
        metrics["roc_auc_micro"], metrics["average_precision_micro"] = roc_auc_and_average_precision(
            *pairs, weights, test
        )
    return metrics


def ranking_of_each_name(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return `roc_auc_and_average_precision` of every class or tag, (n_names, 2, n_draws)."""
    return np.array(
        [roc_auc_and_average_precision(truth[:, i], scores[:, i], weights) for i in range(truth.shape[1])]
    )


def roc_auc_and_average_precision(
    truth: np.ndarray, scores: np.ndarray, weights: np.ndarray, test: np.ndarray | None = None
) -> np.ndarray:
    """Return ROC AUC and average precision of one class or tag, (2, n_draws); equal scores share a threshold.

    Parameters
    ----------
    truth : ndarray of shape (n_answers,), bool
        Whether it is true.
    scores : ndarray of shape (n_answers,)
        Its scores.
    weights : ndarray of shape (n_draws, n_tests)
        Weight of each test.
    test : ndarray of shape (n_answers,), int, optional
        The test that each answer is of; by default there is one answer of each.

    Returns
    -------
    ndarray of shape (2, n_draws)
        NaN without a positive; of ROC AUC also without a negative.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each run of equal scores
    truth, test = truth[order], order if test is None else test[order]
    step = max(1, CELLS // max(1, len(order)))
    found = np.empty((2, len(weights)))
    for i in range(0, len(weights), step):
        drawn = weights[i : i + step, test]
        passed = np.cumsum(drawn, axis=1)[:, ends]
        hits = np.cumsum(drawn * truth, axis=1)[:, ends]
        misses = passed - hits
        new_hits, new_misses = (np.diff(counts, axis=1, prepend=0.0) for counts in (hits, misses))
        area = (new_misses * (hits - new_hits / 2)).sum(axis=1)
        found[0, i : i + step] = _ratio(area, hits[:, -1] * misses[:, -1])
        found[1, i : i + step] = _ratio((new_hits * _ratio(hits, passed, 0.0)).sum(axis=1), hits[:, -1])
    return found


def regression_metrics(
    truth: np.ndarray, answers: np.ndarray, weights: np.ndarray, fold: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return R², root mean square error, mean absolute error and Pearson's r of predicted numbers.

    R² = 1 - Σ(t - a)² / Σ(t - mean t)² of truth t and answers a. Pearson's r is that within folds: both are
    taken as deviations from their means in the fold.

    Parameters
    ----------
    truth, answers : ndarray of shape (n_tests,)
        Numbers.
    weights : ndarray of shape (n_draws, n_tests)
        Weight of each test.
    fold : ndarray of shape (n_tests,), optional
        The fold of each test; by default there is one.

    Returns
    -------
    dict of str to ndarray of shape (n_draws,)
        R² is NaN where the truth is constant; r where truth or predictions are constant within all folds.
    """
    error = truth - answers
    # about a centre near both means, lest squares of large numbers drown their differences
    centred_truth, centred_answers = truth - truth.mean(), answers - answers.mean()
    tiny = 1e-12 * max(float(np.abs(truth).max()), float(np.abs(answers).max())) ** 2
    square = weighted_mean(error**2, weights)
    spread = weighted_mean(centred_truth**2, weights) - weighted_mean(centred_truth, weights) ** 2
    products = np.zeros((3, len(weights)))
    for rows in [slice(None)] if fold is None else [fold == number for number in np.unique(fold)]:
        products += _centred_products(centred_truth[rows], centred_answers[rows], weights[:, rows])
    within_truth, within_answers, together = products / np.maximum(weights.sum(axis=1), 1e-300)
    known = (within_truth > tiny) & (within_answers > tiny)
    return {
        "r2": 1.0 - _ratio(square, np.where(spread > tiny, spread, 0.0)),
        "rmse": np.sqrt(square),
        "mae": weighted_mean(np.abs(error), weights),
        "pearson_r": _ratio(together, np.sqrt(np.where(known, within_truth * within_answers, 0.0))),
    }


def _centred_products(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return Σw(x - mean x)², Σw(y - mean y)² and Σw(x - mean x)(y - mean y), (3, n_draws)."""
    total = weights.sum(axis=1)
    sum_x, sum_y = weights @ x, weights @ y
    pairs = [(x * x, sum_x * sum_x), (y * y, sum_y * sum_y), (x * y, sum_x * sum_y)]
    return np.array([weights @ product - _ratio(sums, total, 0.0) for product, sums in pairs])


def _ratio(above: np.ndarray, below: np.ndarray, otherwise: float = np.nan) -> np.ndarray:
    """Divide; `otherwise` where the denominator is not positive."""
    ratio = np.full(np.broadcast(above, below).shape, otherwise)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def mean_ignoring_nan(values: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis of values that are not NaN; NaN where all are."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0))
