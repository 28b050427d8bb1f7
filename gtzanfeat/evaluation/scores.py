"""What an evaluation found: predictions, the scores that follow from them, and how they are printed.

Scores are computed from the predictions whenever asked for, so none can disagree with another. Nothing
here fits a model or divides a table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from gtzanfeat.extraction import Failure

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba")  # what moves the predictions


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """The result of `evaluate`; printing it gives the whole report.

    Parameters
    ----------
    estimator : str
        The name of the recipe, or the classifier in code.
    dataset : str
        The name of the table.
    protocol : str
        The name of the protocol.
    description : str
        What it did, with the numbers of folds, repeats, and clips that train and test.
    feature_set : str
        The name of the feature set.
    spec_hash : str or None
        The identity of the feature set; None where the caller brought values of unknown origin.
    n_columns : int or None
        Width of the clip vectors; None where the estimator made them itself.
    random_state : int
        The seed of the protocol, and of a recipe given by name.
    predictions : DataFrame
        One row per clip and test: ``repeat``, ``fold`` (both from 1), ``clip`` (its row in the table),
        ``recording``, ``path``, ``label`` (the truth), ``predicted``.
    n_clips : int
        Clips given, and those that failed before `values` were read from a table.
    n_used : int
        Clips that were trained or tested.
    failures : tuple of Failure
        The clips that could not be analysed, and why; these take no part.
    left_out : dict of str to int
        Why the protocol left clips out, and how many.
    warnings : tuple of str
        What a reader must know before the score.
    versions : dict of str to str
        Of this package, Python and the libraries that move the numbers.
    """

    estimator: str
    dataset: str
    protocol: str
    description: str
    feature_set: str
    spec_hash: str | None
    n_columns: int | None
    random_state: int
    predictions: pd.DataFrame
    n_clips: int
    n_used: int
    failures: tuple[Failure, ...]
    left_out: dict[str, int]
    warnings: tuple[str, ...]
    versions: dict[str, str]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        warned = f"; {len(self.warnings)} warnings" if self.warnings else ""
        return f"Evaluation({self.estimator!r}, {self.protocol!r}: {self.accuracy:.1%}{warned})"

    # --- the scores ----------------------------------------------------------------------------------

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of every table here."""
        return tuple(sorted(self.predictions["label"].unique()))

    @cached_property
    def fold_scores(self) -> pd.DataFrame:
        """One row per fold: ``repeat``, ``fold``, ``clips`` (tested) and ``accuracy``."""
        hits = self.predictions.assign(hit=self.predictions["label"] == self.predictions["predicted"])
        by_fold = hits.groupby(["repeat", "fold"])["hit"]
        return pd.DataFrame({"clips": by_fold.size(), "accuracy": by_fold.mean()}).reset_index()

    @property
    def accuracy(self) -> float:
        """Mean of the accuracies of all folds."""
        return float(self.fold_scores["accuracy"].mean())

    @property
    def spread_folds(self) -> float | None:
        """Standard deviation (n - 1) of the accuracies of all folds; None if there is only one."""
        return _deviation(self.fold_scores["accuracy"])

    @property
    def spread_repeats(self) -> float | None:
        """Standard deviation (n - 1) of the mean accuracies of the repeats; None if there is only one."""
        return _deviation(self.fold_scores.groupby("repeat")["accuracy"].mean())

    @property
    def majority(self) -> float:
        """Share of the commonest class in the tests: what one and the same answer could score at best."""
        return float(self.predictions["label"].value_counts(normalize=True).iloc[0])

    @cached_property
    def confusion(self) -> np.ndarray:
        """Tests of class i (row) answered as class j (column), as in scikit-learn, all repeats summed."""
        return confusion_matrix(*self._truth_and_answer(), labels=list(self.labels))

    @property
    def confusion_paper(self) -> np.ndarray:
        """Per cent of the tests of class j (column) answered as class i (row), as in the paper's tables."""
        counts = self.confusion
        return 100.0 * counts.T / counts.sum(axis=1)

    @cached_property
    def per_class(self) -> pd.DataFrame:
        """Precision, recall and F1 of each class over all tests, and how many clips of it were tested."""
        columns = ("precision", "recall", "f1")
        scores = precision_recall_fscore_support(
            *self._truth_and_answer(), labels=list(self.labels), zero_division=0.0
        )
        table = pd.DataFrame(dict(zip(columns, scores[:3], strict=True)), index=list(self.labels))
        tested = self.predictions.drop_duplicates("clip")
        return table.assign(clips=tested["label"].value_counts()).rename_axis("label")

    @property
    def macro_recall(self) -> float:
        """Mean of the recalls of the classes: the accuracy if all classes were equally common."""
        return float(self.per_class["recall"].mean())

    def _truth_and_answer(self) -> tuple[np.ndarray, np.ndarray]:
        truth, answer = (self.predictions[name].astype(object).to_numpy() for name in ("label", "predicted"))
        return truth, answer

    # --- ways out ------------------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """Return one row per fold that says all by itself what it is, for comparing many evaluations."""
        identity = ("estimator", "dataset", "feature_set", "spec_hash", "protocol", "random_state")
        same = {name: getattr(self, name) for name in identity} | {"warnings": " ".join(self.warnings)}
        return pd.concat([pd.DataFrame(same, index=self.fold_scores.index), self.fold_scores], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the single predictions as plain dicts, lists, strings and numbers, for JSON."""
        stated = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "predictions"}
        return stated | {
            "failures": [asdict(failure) for failure in self.failures],
            "warnings": list(self.warnings),
            "labels": list(self.labels),
            "accuracy": self.accuracy,
            "spread_folds": self.spread_folds,
            "spread_repeats": self.spread_repeats,
            "macro_recall": self.macro_recall,
            "majority": self.majority,
            "folds": self.fold_scores.to_dict("records"),
            "per_class": self.per_class.to_dict("index"),
            "confusion": self.confusion.tolist(),
            "confusion_paper": self.confusion_paper.tolist(),
        }

    def lines(self) -> list[str]:
        """Return the whole report as lines of plain text: what was done, warnings, then the scores."""
        counts, percents = self.confusion, self.confusion_paper
        repeats = self.predictions["repeat"].nunique()
        summed = f", {repeats} repeats summed" if repeats > 1 else ""
        return [
            *self._identity_lines(),
            "",
            *([f"warning: {warning}" for warning in self.warnings] + [""] if self.warnings else []),
            f"accuracy      {self._accuracy_words()}",
            f"macro recall  {self.macro_recall:.1%}",
            f"majority      {self.majority:.1%}  (always answering the commonest class)",
            "",
            *self._class_lines(),
            "",
            f"confusion: rows are the truth, columns predicted (tests{summed})",
            *self._matrix_lines([[str(count) for count in row] for row in counts]),
            "",
            "confusion as Tzanetakis & Cook print it: columns are the truth, rows predicted (per cent)",
            *self._matrix_lines([[f"{percent:.0f}" for percent in row] for row in percents]),
        ]

    def _identity_lines(self) -> list[str]:
        columns = "" if self.n_columns is None else f", {self.n_columns} columns"
        spec = "" if self.spec_hash is None else f", spec {self.spec_hash}"
        left_out = "".join(f", {number} {why}" for why, number in self.left_out.items())
        return [
            f"protocol      {self.protocol}: {self.description}",
            f"clips         {self.n_used} of {self.n_clips} ({self.dataset}), {len(self.labels)} classes",
            f"not used      {len(self.failures)} failed{left_out}",
            *(f"  failed      {failure.source}: {failure.reason}" for failure in self.failures),
            f"estimator     {self.estimator}",
            f"features      {self.feature_set}{columns}{spec}",
            f"seed          {self.random_state}",
            f"versions      {', '.join(f'{name} {number}' for name, number in self.versions.items())}",
        ]

    def _accuracy_words(self) -> str:
        folds, repeats = self.fold_scores, self.predictions["repeat"].nunique()
        words = f"{self.accuracy:.1%}"
        if self.spread_folds is None:
            return f"{words}  (one test part, so no spread)"
        words += f"  (mean of {len(folds)} folds; "
        words += f"standard deviation {100 * self.spread_folds:.1f} between folds"
        if self.spread_repeats is not None:
            words += f", {100 * self.spread_repeats:.1f} between the means of {repeats} repeats"
        return f"{words}: not a confidence interval)"

    def _class_lines(self) -> list[str]:
        rows = [
            [label, *(f"{score:.1%}" for score in scores), f"{clips:.0f}"]
            for label, (*scores, clips) in zip(self.labels, self.per_class.to_numpy(), strict=True)
        ]
        return _aligned(["class", "precision", "recall", "F1", "clips"], rows)

    def _matrix_lines(self, cells: list[list[str]]) -> list[str]:
        heads = ["", *_heads(self.labels)]
        return _aligned(heads, [[label, *row] for label, row in zip(self.labels, cells, strict=True)])


def _deviation(scores: pd.Series) -> float | None:
    return float(scores.std(ddof=1)) if len(scores) > 1 else None


def _heads(labels: tuple[str, ...]) -> list[str]:
    """Shorten labels to the first letters, as few as tell all of them apart but at least nine."""
    longest = max(map(len, labels), default=0)
    lengths = range(9, longest)
    cuts = ([label[:length].rstrip() for label in labels] for length in lengths)
    return next((cut for cut in cuts if len(set(cut)) == len(labels)), list(labels))


def _aligned(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Lay a table out in columns: names to the left, numbers to the right."""
    table = [heads, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
