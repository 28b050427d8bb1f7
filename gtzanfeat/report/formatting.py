"""Numbers and names as people read them: per cent, intervals, metrics by their full names."""

from __future__ import annotations

import math

NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "exact_match": "All tags right",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "roc_auc": "ROC-AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss",
    "r2": "R²",
    "rmse": "Root mean square error",
    "mae": "Mean absolute error",
    "pearson_r": "Pearson’s r",
}
PLAIN = ("log_loss", "r2", "rmse", "mae", "pearson_r")  # not shares, and so not said in per cent
MEANS = ("macro", "micro", "weighted")


def metric_name(metric: str) -> str:
    """Return a metric's name in words: "f1_macro" is "F1, macro"."""
    if metric in NAMES:
        return NAMES[metric]
    start, _, end = metric.rpartition("_")
    if end in MEANS and start in NAMES:
        return f"{NAMES[start]}, {end}"
    if metric.startswith("top_"):
        return f"Truth among the first {metric.split('_')[1]}"
    return metric.replace("_", " ").capitalize()


def number(value: float | None, metric: str = "accuracy", *, unit: bool = True) -> str:
    """Return a score as it is read: shares in per cent, others with three digits; a dash for what is not."""
    if value is None or not math.isfinite(value):
        return "–"
    if metric in PLAIN:
        return f"{value:.3g}" if metric in ("rmse", "mae") else f"{value:.2f}".replace("-", "−")
    return f"{100 * value:.1f}".replace("-", "−") + (" %" if unit else "")


def interval(low: float | None, high: float | None, metric: str = "accuracy") -> str:
    """Return an interval as it is read, or nothing where there is none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{number(low, metric, unit=False)} to {number(high, metric)}"


def sentence(words: str) -> str:
    """Return words with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
