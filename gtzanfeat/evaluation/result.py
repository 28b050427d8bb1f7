"""The result of an evaluation: predictions, and the scores that are computed from them.

Every score is computed from the predictions, so none can disagree with another. Its text is made in `text`,
its files in `storage`, its pictures in `gtzanfeat.report`. Nothing here fits a model or divides a table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.class_scores import class_intervals, class_scores
from gtzanfeat.evaluation.leakage import Audit
from gtzanfeat.evaluation.metrics import ORDER, Outcome, compute_metrics, one_hot
from gtzanfeat.evaluation.tasks import TASKS
from gtzanfeat.evaluation.text import evaluation_lines, plain_values
from gtzanfeat.extraction import Failure

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba")  # what moves the predictions
TABLES = ("predictions", "segments")  # kept as tables, not as plain values
# computed from the predictions, and held by `to_dict` beside the fields: for every task, and for classes
COMPUTED = (
    *("names", "labels", "headline", "score", "spread_folds", "spread_repeats"),
    *("untested", "n_groups", "group_kind"),
)
COMPUTED_OF_CLASSES = ("accuracy", "macro_recall", "majority")


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """The result of `evaluate`: predictions, scores and all that qualifies them; printing it gives the text.

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
        The seed of the protocol, and of a recipe given by name; also of intervals and permutations.
    predictions : DataFrame
        One row per clip and test: ``repeat``, ``fold`` (both from 1), ``clip`` (its row in the table),
        ``recording``, ``path``, ``group`` (what is drawn for intervals: the recording or song, or the artist
        where none is both trained and tested), the truth (``label``, ``labels`` with ``|`` between tags, or
        ``target``), ``predicted`` in the same form, and ``score_<name>`` for every class or tag, where the
        estimator gives such scores.
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
    task : str, default="single-label"
        A key of `TASKS`.
    target : str, default="label"
        The column that was predicted.
    names : tuple of str, default=()
        The classes or tags there are; by default those that were tested.
    score_kind : {"probability", "decision"} or None, default=None
        What ``score_<name>`` is.
    folds : DataFrame, optional
        One row per fold: ``repeat``, ``fold``, ``n_train``, ``n_test``, ``fit_seconds``, ``predict_seconds``.
    priors : ndarray of shape (n_folds, n_names) or (n_folds, 1), optional
        What the training part of each fold says without any feature: the share of every class or tag, or the
        mean of the numbers.
    naive : float or None, default=None
        The main metric if rows are divided regardless of recordings and artists: what leakage is worth.
    refits : tuple of float, default=()
        The main metric of estimators trained on permuted truth.
    segments : DataFrame, optional
        The predictions of the windows of all tests of the first repeat, where the estimator gives them:
        ``clip``, ``start`` and ``end`` in seconds, ``predicted``, ``score_<name>``.
    audit : Audit, optional
        What is on both sides of the folds.
    search : dict, optional
        Where settings were searched inside the training parts: ``inner``, what was done, and ``chosen``, the
        settings of each fold.
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
    task: str = "single-label"
    target: str = "label"
    names: tuple[str, ...] = ()
    score_kind: str | None = None
    folds: pd.DataFrame | None = None
    priors: np.ndarray | None = None
    naive: float | None = None
    refits: tuple[float, ...] = ()
    segments: pd.DataFrame | None = None
    audit: Audit | None = None
    search: dict[str, Any] | None = None

    def __str__(self) -> str:
        return "\n".join(evaluation_lines(self.to_dict()))

    def __repr__(self) -> str:
        warned = f"; {len(self.warnings)} warnings" if self.warnings else ""
        score = f"{self.score:.1%}" if self.task == "single-label" else f"{self.headline} {self.score:.3f}"
        return f"Evaluation({self.estimator!r}, {self.protocol!r}: {score}{warned})"

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes or tags, in the order of every table here."""
        if self.names or self.task == "regression":
            return self.names
        return tuple(sorted(self.predictions["label"].unique()))

    @cached_property
    def truth(self) -> np.ndarray:
        """True classes (n_tests,), tags (n_tests, n_tags) as bool, or numbers (n_tests,)."""
        return self._column(TASKS[self.task].truth)

    @cached_property
    def answers(self) -> np.ndarray:
        """Predicted classes, tags or numbers, in the form of `truth`."""
        return self._column("predicted")

    @cached_property
    def scores(self) -> np.ndarray | None:
        """Probability or decision value of each class or tag, (n_tests, n_names); None if not known."""
        if self.score_kind is None:
            return None
        return self.predictions[[f"score_{name}" for name in self.labels]].to_numpy(dtype=float)

    def _column(self, name: str) -> np.ndarray:
        if self.task == "regression":
            return self.predictions[name].to_numpy(dtype=float)
        if self.task == "single-label":
            return self.predictions[name].astype(object).to_numpy()
        given = [set(text.split("|")) for text in self.predictions[name]]
        flags = [[tag in tags for tag in self.labels] for tags in given]
        return np.array(flags, dtype=bool).reshape(len(given), len(self.labels))

    @cached_property
    def outcome(self) -> Outcome:
        """Truth and answers as arrays, classes and groups numbered, for `gtzanfeat.evaluation.metrics`."""
        rows = self.predictions
        truth, answers = self.truth, self.answers
        if self.task == "single-label":
            number = {name: i for i, name in enumerate(self.labels)}
            truth, answers = (
                np.array([number.get(name, -1) for name in column]) for column in (truth, answers)
            )
        group, _ = pd.factorize(rows["group"] if "group" in rows else rows["recording"])
        return Outcome(
            self.task,
            truth,
            answers,
            self.scores,
            self.score_kind == "probability",
            rows["repeat"].to_numpy(),
            rows["fold"].to_numpy(),
            group,
        )

    @property
    def headline(self) -> str:
        """Name of the main metric of the task: ``accuracy``, ``f1_macro`` or ``r2``."""
        return TASKS[self.task].headline

    @property
    def score(self) -> float:
        """Value of the main metric."""
        return uncertainty.headline_score(self.outcome)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """All metrics: ``metric``, ``value``, ``low`` and ``high`` (95 %), ``baseline``.

        The interval is a bootstrap over ``group`` of `predictions` (see `uncertainty`). The baseline is the
        same metric, on the same folds, of always answering the commonest class of the training part, the tags
        that most of its clips have, or its mean. Over which tests each metric is taken is said in
        `gtzanfeat.evaluation.metrics.compute_metrics`.
        """
        values = compute_metrics(self.outcome)
        spans = uncertainty.bootstrap_intervals(self.outcome, values, self.random_state)
        baseline = {} if self.priors is None else compute_metrics(self._baseline_outcome())
        names = [name for name in ORDER if name in values]
        return pd.DataFrame(
            {
                "metric": names,
                "value": [float(values[name][0]) for name in names],
                "low": [spans[name][0] for name in names],
                "high": [spans[name][1] for name in names],
                "baseline": [float(baseline[name][0]) if name in baseline else np.nan for name in names],
            }
        )

    def _baseline_outcome(self) -> Outcome:
        """The same tests, answered from the `priors` of the training parts alone."""
        assert self.folds is not None
        place = {key: i for i, key in enumerate(zip(self.folds["repeat"], self.folds["fold"], strict=True))}
        keys = zip(self.predictions["repeat"], self.predictions["fold"], strict=True)
        prior = np.asarray(self.priors)[[place[key] for key in keys]]
        if self.task == "regression":
            return replace(self.outcome, answers=prior[:, 0])
        answers = prior.argmax(axis=1) if self.task == "single-label" else prior > 0.5
        scores = None if self.scores is None else prior
        return replace(self.outcome, answers=answers, scores=scores)

    @cached_property
    def permutation_test(self) -> uncertainty.PermutationTest:
        """Permutation test of the main metric, among recordings or artists."""
        return uncertainty.permutation_test(self.outcome, self.random_state, self.refits)

    @property
    def group_kind(self) -> str:
        """What intervals are drawn from: "recordings", or "artists or songs"."""
        rows = self.predictions
        by_recording = "group" not in rows or (rows["group"] == rows["recording"]).all()
        return "recordings" if by_recording else "artists or songs"

    @property
    def n_groups(self) -> int:
        """How many recordings or artists intervals are drawn from."""
        return self.outcome.n_groups

    @property
    def untested(self) -> tuple[str, ...]:
        """Classes or tags of which no clip was tested: the macro metrics leave them out."""
        if self.task == "regression":
            return ()
        found = set(self.truth) if self.task == "single-label" else set()
        if self.task == "multi-label":
            found = {name for name, n in zip(self.labels, self.truth.sum(axis=0), strict=True) if n}
        return tuple(name for name in self.labels if name not in found)

    @cached_property
    def fold_scores(self) -> pd.DataFrame:
        """One row per fold: ``repeat``, ``fold``, ``clips`` (tested) and the main metric."""
        return pd.DataFrame(
            {
                "repeat": int(part.repeat[0]),
                "fold": int(part.fold[0]),
                "clips": len(part.repeat),
                self.headline: uncertainty.headline_score(part),
            }
            for part in self.outcome.folds()
        )

    @property
    def accuracy(self) -> float:
        """Mean of the accuracies of all folds, where there are classes."""
        self._only("accuracy", "single-label")
        return self.score

    @property
    def spread_folds(self) -> float | None:
        """Standard deviation (n - 1) of the main metric between folds; None if there is only one."""
        return _deviation(self.fold_scores[self.headline])

    @property
    def spread_repeats(self) -> float | None:
        """Standard deviation (n - 1) of the means of the repeats; None if there is only one."""
        return _deviation(self.fold_scores.groupby("repeat")[self.headline].mean())

    @property
    def majority(self) -> float:
        """Accuracy of always answering the class that is commonest in the tests."""
        self._only("majority", "single-label")
        return float(pd.Series(self.truth).value_counts(normalize=True).iloc[0])

    @cached_property
    def confusion(self) -> np.ndarray:
        """Confusion matrix, rows the truth and columns the predictions, all repeats summed."""
        self._only("confusion", "single-label")
        counts: np.ndarray = confusion_matrix(self.truth, self.answers, labels=list(self.labels))
        return counts

    @property
    def confusion_paper(self) -> np.ndarray:
        """Confusion matrix as in Tzanetakis & Cook: columns the truth, rows the predictions, in per cent."""
        counts = self.confusion
        shares: np.ndarray = 100.0 * counts.T / np.maximum(counts.sum(axis=1), 1)
        return shares

    @cached_property
    def per_class(self) -> pd.DataFrame:
        """Precision, recall and F1 of each class or tag over all tests, and its number of tested clips.

        Where scores are known, also ``roc_auc`` and ``average_precision``, as means over folds.
        """
        self._only("per_class", "single-label", "multi-label")
        table = class_scores(self.outcome, self.labels)
        once = ~self.predictions.duplicated("clip").to_numpy()
        table.insert(3, "clips", one_hot(self.outcome, self.outcome.truth[once]).sum(axis=0))
        return table

    @cached_property
    def class_intervals(self) -> pd.DataFrame:
        """95 % intervals of precision, recall and F1 of each class or tag, over the groups of `metrics`.

        Columns ``precision_low``, ``precision_high`` and so on; see `class_scores`.
        """
        self._only("class_intervals", "single-label", "multi-label")
        return class_intervals(self.outcome, self.labels, self.random_state)

    @property
    def macro_recall(self) -> float:
        """Mean of the recalls of the classes (balanced accuracy, over all repeats at once)."""
        return float(self.per_class["recall"].mean())

    def _only(self, what: str, *tasks: str) -> None:
        if self.task not in tasks:
            raise AttributeError(f"there is no {what} in an evaluation of the task {self.task}; see metrics")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per fold, with what identifies the evaluation, to be joined with those of others.

        Returns
        -------
        DataFrame
            Estimator, dataset, features, protocol, seed and warnings, then the columns of `fold_scores`.
        """
        identity = ("estimator", "dataset", "feature_set", "spec_hash", "protocol", "random_state")
        same = {name: getattr(self, name) for name in identity} | {"warnings": " ".join(self.warnings)}
        return pd.concat([pd.DataFrame(same, index=self.fold_scores.index), self.fold_scores], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the single predictions as plain dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
            What is not defined (NaN) is None.
        """
        folds = self.fold_scores if self.folds is None else self.fold_scores.merge(self.folds)
        stated = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in TABLES}
        stated |= {
            "failures": [asdict(failure) for failure in self.failures],
            "audit": None if self.audit is None else self.audit.to_dict(),
            "priors": None if self.priors is None else np.asarray(self.priors).tolist(),
            "metrics": self.metrics.to_dict("records"),
            "permutation_test": asdict(self.permutation_test),
            "folds": folds.to_dict("records"),
            **{name: getattr(self, name) for name in COMPUTED},
        }
        if self.task != "regression":
            stated["per_class"] = self.per_class.join(self.class_intervals).to_dict("index")
        if self.task == "single-label":
            stated |= {name: getattr(self, name) for name in COMPUTED_OF_CLASSES}
            stated |= {name: getattr(self, name).tolist() for name in ("confusion", "confusion_paper")}
        plain: dict[str, Any] = plain_values(stated)
        return plain


def _deviation(scores: pd.Series) -> float | None:
    return float(scores.std(ddof=1)) if len(scores) > 1 else None
