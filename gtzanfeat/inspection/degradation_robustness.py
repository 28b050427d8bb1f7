"""Robustness: how a score falls when test clips are degraded, and training clips are not.

Every fold is fitted once, on clips as they were recorded, and predicts its test clips at every strength. The
degradations are in `gtzanfeat.augmentation`; pictures are drawn in `gtzanfeat.report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.augmentation import Degradation, degrade_clips, degrade_samples
from gtzanfeat.augmentation.degradations import Strength, check_strength, find_degradation
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.evaluation import Experiment, uncertainty
from gtzanfeat.evaluation.cross_validation import join_folds
from gtzanfeat.evaluation.metrics import Outcome, compute_metrics
from gtzanfeat.evaluation.precomputation import PrecomputedFeatures, precompute_features
from gtzanfeat.evaluation.text import failed_lines
from gtzanfeat.extraction import Failure

RATE = 22050  # Hz, at which strengths are tried


@dataclass(frozen=True, eq=False)
class Robustness:
    """A score by the strength of a degradation.

    Parameters
    ----------
    degradation : str
        Its name.
    meaning, unit : str
        The meaning of its strength, and its unit.
    metric : str
        The headline metric of the task: "accuracy", "f1_macro" or "r2".
    table : DataFrame
        One row per strength, from clips as they were recorded (missing strength) in the order asked for:
        ``strength``, the metric by its name, ``low`` and ``high``, a 95 % interval by bootstrap over
        recordings (or artists, as of `evaluate`), and ``clips``, the number of tests.
    estimator : str
        The estimator.
    dataset, protocol, description : str
        The dataset, the protocol, and the protocol in words.
    random_state : int
        The seed of the folds and of the degradation.
    warnings : tuple of str, default=()
        What a reader must know before the numbers.
    failures : tuple of Failure, default=()
        Clips left out because they, or a degraded version, could not be analysed.
    """

    degradation: str
    meaning: str
    unit: str
    metric: str
    table: pd.DataFrame
    estimator: str
    dataset: str
    protocol: str
    description: str
    random_state: int
    warnings: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()

    def __repr__(self) -> str:
        clean, *_, last = self.table[self.metric]
        return f"Robustness({self.degradation!r}: {self.metric} {clean:.3f} to {last:.3f})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the table and what qualifies it as lines of plain text.

        Returns
        -------
        list of str
            Degradation, estimator, protocol and warnings, then one line per strength.
        """
        columns = (self.table[name] for name in (self.metric, "low", "high"))
        rows = [
            f"{word:>16}  {value:9.3f}  {low:.3f} to {high:.3f}"
            for word, value, low, high in zip(self.words, *columns, strict=True)
        ]
        left_out = f" ({len(self.failures)} failed)" if self.failures else ""
        return [
            f"degradation   {self.degradation}: {self.meaning}; of test clips only",
            f"estimator     {self.estimator}",
            f"protocol      {self.protocol}: {self.description}",
            f"clips         {self.dataset}{left_out}",
            *failed_lines((failure.source, failure.reason) for failure in self.failures),
            *(f"warning: {warning}" for warning in self.warnings),
            "",
            f"{'strength':>16}  {self.metric:>9}  95 % interval",
            *rows,
        ]

    @property
    def words(self) -> tuple[str, ...]:
        """Strengths with their unit, one per row: "as recorded", "40 dB" ..."""
        return tuple(_strength_label(strength, self.unit) for strength in self.table["strength"])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
            All fields, the table as one dict per strength.
        """
        names = ("degradation", "meaning", "unit", "metric", "estimator", "dataset", "protocol")
        table = self.table.astype(object).where(self.table.notna(), None)
        return {name: getattr(self, name) for name in names} | {
            "description": self.description,
            "random_state": self.random_state,
            "table": table.to_dict("records"),
            "warnings": list(self.warnings),
            "failures": [{"source": failure.source, "reason": failure.reason} for failure in self.failures],
        }


def robustness(
    experiment: Experiment, degradation: str, strengths: Sequence[Strength] | None = None
) -> Robustness:
    """Return the score by the strength of a degradation of test clips; training clips stay as recorded.

    Parameters
    ----------
    experiment : Experiment
        Its clips are recordings; it has no `values`.
    degradation : str
        A key of `gtzanfeat.DEGRADATIONS`.
    strengths : sequence of float, optional
        By default those of its row, from mild to hard.

    Returns
    -------
    Robustness
        Its first row is the score that `evaluate` gives.

    Raises
    ------
    UnknownNameError
        If there is no such degradation.
    GtzanfeatError
        If the degradation cannot have a strength, or the experiment has `values`.
    ClipError
        If a clip, degraded or not, cannot be analysed and the experiment's `on_error` is "raise".
    ProtocolError
        If too many clips failed for the protocol.

    Examples
    --------
    >>> from gtzanfeat import Experiment, load_dataset
    >>> experiment = Experiment("svm", load_dataset("music"))  # doctest: +SKIP
    >>> print(robustness(experiment, "white_noise", [40, 20, 0]))  # doctest: +SKIP
    """
    row, checked = check_sweep(degradation, strengths)
    if experiment.values is not None:
        raise GtzanfeatError(
            "robustness degrades recordings, and values cannot be degraded; give an experiment without values"
        )
    features = _features_of_versions(experiment, row.name, checked)
    intact = experiment.with_features(_without_failures(features, len(experiment.clips)))
    target, folds = intact.used_target, intact.plan.folds
    # one fit per fold: each tests its clips in all versions, which lie one after the other
    n_versions, ok = 1 + len(checked), intact.features.ok
    rows = np.concatenate([ok + k * len(experiment.clips) for k in range(n_versions)])
    stacked = replace(intact.cross_validation, model=features.model, rows=features.rows[rows])
    all_versions = [
        replace(fold, test=np.concatenate([fold.test + k * len(ok) for k in range(n_versions)]))
        for fold in folds
    ]
    truth = np.concatenate([target.truth] * n_versions)
    answers = [np.split(test.answers, n_versions) for test in stacked.predictions(all_versions, truth)]
    task, seed = target.task, experiment.random_state
    table = [
        _row(strength, task.headline, join_folds(task.name, folds, target.truth, parts, stacked.groups), seed)
        for strength, parts in zip([None, *checked], zip(*answers, strict=True), strict=True)
    ]
    return Robustness(
        degradation=row.name,
        meaning=row.meaning,
        unit=row.unit,
        metric=task.headline,
        table=pd.DataFrame(table),
        estimator=experiment.name,
        dataset=experiment.clips.name,
        protocol=experiment.protocol,
        description=intact.plan.description,
        random_state=seed,
        warnings=intact.warnings,
        failures=intact.features.failures,
    )


def check_sweep(
    degradation: str, strengths: Sequence[Strength] | None = None
) -> tuple[Degradation, list[float | str]]:
    """Return a degradation and its strengths, checked and tried on silence.

    Parameters
    ----------
    degradation : str
        A key of `gtzanfeat.DEGRADATIONS`.
    strengths : sequence of float, optional
        By default those of its row.

    Returns
    -------
    row : Degradation
    strengths : list of float or str
        Checked.

    Raises
    ------
    UnknownNameError
        If there is no such degradation.
    GtzanfeatError
        If it cannot have a strength, or its library is not installed.
    """
    row = find_degradation(degradation)
    checked = [check_strength(row, s) for s in (row.strengths if strengths is None else strengths)]
    if not checked:
        raise GtzanfeatError("no strengths are asked for; leave them out for those of the degradation")
    for strength in checked:
        degrade_samples(np.zeros(RATE // 10), RATE, row.name, strength)
    return row, checked


def _features_of_versions(
    experiment: Experiment, degradation: str, strengths: Sequence[Strength]
) -> PrecomputedFeatures:
    """Features of all clips as recorded, then of all clips at each strength, one after the other."""
    clips = experiment.clips
    degraded = [
        degrade_clips(clips, degradation, strength, random_state=experiment.random_state)
        for strength in strengths
    ]
    versions = [np.asarray(version, dtype=object) for version in (clips.clips, *degraded)]
    return precompute_features(
        experiment.model,
        _Versions(clips, np.concatenate(versions)),  # type: ignore[arg-type]
        experiment.feature_set,
        n_jobs=experiment.n_jobs,
        array_backend=experiment.array_backend,
        on_error=experiment.on_error,
    )


def _without_failures(features: PrecomputedFeatures, n_clips: int) -> PrecomputedFeatures:
    """The features of clips as recorded, where a clip has failed that failed in any version."""
    failed = {failure.index % n_clips: failure for failure in features.failures[::-1]}
    failures = tuple(replace(failed[index], index=index) for index in sorted(failed))
    return replace(features, rows=features.rows[np.arange(n_clips)], failures=failures)


class _Versions:
    """Clips of a table in several versions, one after the other, as far as extraction looks at a table."""

    def __init__(self, table: ClipTable, clips: np.ndarray) -> None:
        self.clips = clips
        self.paths = np.tile(table.paths, len(clips) // len(table))
        self.name = table.name

    def __len__(self) -> int:
        return len(self.clips)


def _row(strength: float | str | None, metric: str, tested: Outcome, random_state: int) -> dict[str, Any]:
    value = compute_metrics(tested)[metric]
    low, high = uncertainty.bootstrap_intervals(tested, {metric: value}, random_state)[metric]
    found = {"strength": strength, metric: float(value[0]), "low": low, "high": high}
    return found | {"clips": len(tested.truth)}


def _strength_label(strength: Any, unit: str) -> str:
    if strength is None or strength != strength:  # which is so for NaN alone
        return "as recorded"
    return f"{strength:g} {unit}" if isinstance(strength, float) else str(strength)
