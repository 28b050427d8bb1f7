"""Text of scores, intervals and metric names, as in the report and on the command line."""

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
PLAIN = ("log_loss", "r2", "rmse", "mae", "pearson_r")  # not shares, and so not given in per cent
MEANS = ("macro", "micro", "weighted")


def metric_name(metric: str) -> str:
    """Return the name of a metric in words, e.g. "F1, macro" of "f1_macro"."""
    if metric in NAMES:
        return NAMES[metric]
    start, _, end = metric.rpartition("_")
    if end in MEANS and start in NAMES:
        return f"{NAMES[start]}, {end}"
    if metric.startswith("top_"):
        return f"Truth among the first {metric.split('_')[1]}"
    return metric.replace("_", " ").capitalize()


def format_score(value: float | None, metric: str = "accuracy", *, unit: bool = True) -> str:
    """Return a score as text: shares in per cent, others with three digits; a dash for missing values."""
    if value is None or not math.isfinite(value):
        return "–"
    if metric in PLAIN:
        return f"{value:.3g}" if metric in ("rmse", "mae") else f"{value:.2f}".replace("-", "−")
    return f"{100 * value:.1f}".replace("-", "−") + (" %" if unit else "")


def format_interval(low: float | None, high: float | None, metric: str = "accuracy") -> str:
    """Return a confidence interval as text, e.g. "71.2 to 80.4 %"; empty if a bound is missing."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{format_score(low, metric, unit=False)} to {format_score(high, metric)}"


def as_sentence(text: str) -> str:
    """Return text with a capital at the start and a full stop at the end."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
