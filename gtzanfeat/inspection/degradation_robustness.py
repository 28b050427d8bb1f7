"""How a score falls when what is tested is degraded, and what was learnt from is not.

Every fold is fitted once, on clips as they were recorded, and answers its test clips at every strength. What
can be done to clips is said in `gtzanfeat.augmentation`; pictures are drawn in `gtzanfeat.report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from gtzanfeat.augmentation import Degradation, degrade_clips, degrade_samples
from gtzanfeat.augmentation.degradations import Strength, check_strength, find_degradation
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import GtzanfeatError, ProtocolError
from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.folds import Fold, fold_groups, plan
from gtzanfeat.evaluation.metrics import Outcome, measure
from gtzanfeat.evaluation.precomputation import precompute_features
from gtzanfeat.evaluation.predictions import Run
from gtzanfeat.evaluation.systems import describe_estimator, system
from gtzanfeat.evaluation.tasks import TASKS, find_target
from gtzanfeat.extraction import Failure
from gtzanfeat.feature_sets import FeatureSet

RATE = 22050  # Hz at which a sweep is tried


@dataclass(frozen=True, eq=False)
class Robustness:
    """A score by the strength of a degradation.

    Parameters
    ----------
    degradation : str
        Its name.
    meaning, unit : str
        What its strength is, and in what.
    metric : str
        The headline metric of the task: "accuracy", "f1_macro" or "r2".
    table : DataFrame
        One row per strength, from clips as they were recorded (missing strength) in the order asked for:
        ``strength``, the metric by its name, ``low`` and ``high``, a 95 % interval by bootstrap over
        recordings (or artists, as of `evaluate`), and ``clips``, the number of tests.
    estimator : str
        What was tried.
    dataset, protocol, description : str
        On what, and how it was divided.
    random_state : int
        What seeded the folds and the degradation.
    failures : tuple of Failure
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
    failures: tuple[Failure, ...] = ()

    def __repr__(self) -> str:
        clean, *_, last = self.table[self.metric]
        return f"Robustness({self.degradation!r}: {self.metric} {clean:.3f} to {last:.3f})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return what is to be read, line by line."""
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
            *(f"  failed      {failure.source}: {failure.reason}" for failure in self.failures),
            "",
            f"{'strength':>16}  {self.metric:>9}  95 % interval",
            *rows,
        ]

    @property
    def words(self) -> tuple[str, ...]:
        """The strengths with their unit, one per row: "as recorded", "40 dB" ..."""
        return tuple(_in_words(strength, self.unit) for strength in self.table["strength"])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists, strings and numbers, ready for JSON."""
        names = ("degradation", "meaning", "unit", "metric", "estimator", "dataset", "protocol")
        table = self.table.astype(object).where(self.table.notna(), None)
        return {name: getattr(self, name) for name in names} | {
            "description": self.description,
            "random_state": self.random_state,
            "table": table.to_dict("records"),
            "failures": [{"source": failure.source, "reason": failure.reason} for failure in self.failures],
        }


def robustness(
    estimator: str | BaseEstimator,
    clips: ClipTable,
    degradation: str,
    strengths: Sequence[Strength] | None = None,
    *,
    target: str = "label",
    feature_set: str | FeatureSet | None = None,
    protocol: str = "random",
    folds: int | None = None,
    repeats: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory: Any = None,
    on_error: Literal["raise", "skip"] = "raise",
) -> Robustness:
    """Train on clips as they were recorded, and test on ever more degraded ones.

    Parameters
    ----------
    estimator : str or estimator
        As for `evaluate`.
    clips : ClipTable
        The clips, whose recordings are there.
    degradation : str
        A key of `gtzanfeat.DEGRADATIONS`.
    strengths : sequence of float, optional
        By default those of its row, from mild to hard.
    target, feature_set, protocol, folds, repeats, random_state, n_jobs : optional
        As for `evaluate`; `random_state` seeds the degradation, too.
    memory : path or joblib.Memory, optional
        A folder where results are kept, for an estimator given by name; others have their own ``memory``.
    on_error : {"raise", "skip"}, default="raise"
        What becomes of a clip that cannot be analysed, degraded or not: an error, or left out of all rows.

    Returns
    -------
    Robustness
        Its first row is the score that `evaluate` gives.

    Raises
    ------
    UnknownNameError, ProtocolError, ClipError
        As `evaluate`.
    GtzanfeatError
        If the degradation cannot have a strength.

    Examples
    --------
    >>> from gtzanfeat.datasets import load_dataset
    >>> clips = load_dataset("music")  # doctest: +SKIP
    >>> print(robustness("svm", clips, "white_noise", [40, 20, 0]))  # doctest: +SKIP
    """
    row, asked = find_sweep(degradation, strengths)
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {on_error!r}")
    lay_out = partial(
        plan, protocol=protocol, folds=folds, repeats=repeats, random_state=random_state, target=target
    )
    layout = lay_out(clips)  # what cannot be run is said before hours of analysis
    task = find_target(clips, target).task.name
    model: Any = estimator
    if isinstance(estimator, str):
        model = system(estimator, task, feature_set, random_state=random_state, memory=memory)
    versions = [
        clips.clips,
        *(degrade_clips(clips, degradation, s, random_state=random_state) for s in asked),
    ]
    measured = precompute_features(model, _Versions(clips, versions), feature_set, None, n_jobs, on_error)  # type: ignore[arg-type]
    failed = {failure.index % len(clips): failure for failure in measured.failures[::-1]}
    ok = np.setdiff1d(np.arange(len(clips)), sorted(failed))
    if failed:
        try:
            layout = lay_out(clips.select(ok), classes=clips.classes)
        except ProtocolError as error:
            raise ProtocolError(
                f"{len(failed)} of {len(clips)} clips failed, and with the others {error}"
            ) from error
    left = clips.select(ok)
    found = find_target(left, target)
    # one fit per fold: each tests its clips in all versions, which lie one after the other
    rows = measured.rows[np.concatenate([ok + k * len(clips) for k in range(len(versions))])]
    groups = fold_groups(left, layout)
    stacked = Run(measured.model, rows, found, groups, n_jobs)
    truth = np.concatenate([found.truth] * len(versions))
    together = [
        Fold(
            fold.repeat,
            fold.fold,
            fold.train,
            np.concatenate([fold.test + k * len(ok) for k in range(len(versions))]),
        )
        for fold in layout.folds
    ]
    answers = [np.split(test.answers, len(versions)) for test in stacked.tests(together, truth)]
    metric = TASKS[task].headline
    table = [
        _row(strength, metric, _tested(task, layout.folds, found.truth, groups, parts), random_state)
        for strength, parts in zip([None, *asked], zip(*answers, strict=True), strict=True)
    ]
    return Robustness(
        degradation=row.name,
        meaning=row.meaning,
        unit=row.unit,
        metric=metric,
        table=pd.DataFrame(table),
        estimator=estimator if isinstance(estimator, str) else describe_estimator(estimator),
        dataset=clips.name,
        protocol=protocol,
        description=layout.description,
        random_state=random_state,
        failures=tuple(failed[index] for index in sorted(failed)),
    )


def find_sweep(
    degradation: str, strengths: Sequence[Strength] | None = None
) -> tuple[Degradation, list[float | str]]:
    """Find a degradation and its strengths, and try them on silence, before hours of analysis.

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
    asked = [check_strength(row, s) for s in (row.strengths if strengths is None else strengths)]
    if not asked:
        raise GtzanfeatError("no strengths are asked for; leave them out for those of the degradation")
    for strength in asked:
        degrade_samples(np.zeros(RATE // 10), RATE, row.name, strength)
    return row, asked


class _Versions:
    """The clips of a table in several versions, one after the other, as far as measuring looks at them."""

    def __init__(self, clips: ClipTable, versions: Sequence[np.ndarray]) -> None:
        self.clips = np.concatenate([_objects(version) for version in versions])
        self.paths = np.concatenate([clips.paths] * len(versions))
        self.name = clips.name

    def __len__(self) -> int:
        return len(self.clips)


def _objects(version: np.ndarray) -> np.ndarray:
    return np.asarray(version, dtype=object)


def _tested(
    task: str,
    folds: Sequence[Fold],
    truth: np.ndarray,
    groups: np.ndarray,
    answers: Sequence[np.ndarray],
) -> Outcome:
    """Put the answers of all folds together, as the metrics take them."""
    test = np.concatenate([fold.test for fold in folds])
    true, given = truth[test], np.concatenate(answers)
    if task == "single-label":
        _, numbers = np.unique(np.concatenate([true, given]).astype(str), return_inverse=True)
        true, given = numbers[: len(true)], numbers[len(true) :]
    elif task == "multi-label":
        true, given = true > 0, given > 0
    sizes = [len(fold.test) for fold in folds]
    group, _ = pd.factorize(groups[test])  # numbered as in `Evaluation.outcome`, for the same draws
    return Outcome(
        task,
        true,
        given,
        None,
        False,
        np.repeat([fold.repeat for fold in folds], sizes),
        np.repeat([fold.fold for fold in folds], sizes),
        group,
    )


def _row(strength: float | str | None, metric: str, tested: Outcome, random_state: int) -> dict[str, Any]:
    value = measure(tested)[metric]
    low, high = uncertainty.intervals(tested, {metric: value}, random_state)[metric]
    found = {"strength": strength, metric: float(value[0]), "low": low, "high": high}
    return found | {"clips": len(tested.truth)}


def _in_words(strength: Any, unit: str) -> str:
    if strength is None or strength != strength:  # which is so for NaN alone
        return "as recorded"
    return f"{strength:g} {unit}" if isinstance(strength, float) else str(strength)
