"""Experiments: an estimator, clips and a protocol, checked once, and every question asked of the same.

An `Experiment` resolves names, lays the protocol out and refuses what means nothing before any clip is
decoded; features are extracted once, and shared by the score, by importance and by robustness. What a fold
does is in `cross_validation`, what its predictions are worth in `metrics` and `uncertainty`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import controls, tabulation
from gtzanfeat.evaluation.cross_validation import CrossValidation
from gtzanfeat.evaluation.folds import Plan, fold_groups, plan
from gtzanfeat.evaluation.leakage import Audit, audit
from gtzanfeat.evaluation.precomputation import PrecomputedFeatures, Values, precompute_features
from gtzanfeat.evaluation.result import LIBRARIES, Evaluation
from gtzanfeat.evaluation.systems import describe_estimator, fixes_features, system, weighted
from gtzanfeat.evaluation.tasks import OF_COLUMN, Target, find_target
from gtzanfeat.export.tables import LIBRARIES as EXTRACTION_LIBRARIES
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.version import versions


@dataclass(frozen=True, eq=False, repr=False)
class Experiment:
    """An estimator, clips and a protocol: what `evaluate`, `importance` and `robustness` are asked of.

    Parameters
    ----------
    estimator : str or estimator
        A recipe's name (for tags also with ``-chain`` at its end; for numbers ``ridge``, ``svr`` ..., see
        `gtzanfeat.evaluation.REGRESSORS`); a Pipeline that begins with `ClipFeatures`, `FrameFeatures` or a
        FeatureUnion of them; a `SegmentClassifier`; or an estimator of clip vectors. It is never fitted
        itself. Since extraction learns nothing, it is done once for all folds; everything else is fitted anew
        in every fold. If `ClipFeatures` hides deeper (in a grid search over feature sets, say), the estimator
        gets the clips themselves in every fold. Where `fit` takes ``groups`` (to tune thresholds or settings
        inside the training part), it is given the artists of its training clips, if the folds keep artists
        apart, or else the recordings.
    clips : ClipTable
        The clips, what is to be learnt of them, and what else is known.
    target : str, default="label"
        The column to predict: "label" (classes), "labels" (tags), or one of numbers, as "target".
    task : {"single-label", "multi-label", "regression"}, optional
        What the column is, as a check.
    feature_set : str or FeatureSet, optional
        What is extracted, unless `estimator` or `values` say so themselves; by default "classic30".
    values : Extraction, array or DataFrame of shape (n_clips, n_columns), optional
        The clip vectors, where they are there already: one row per clip, in the order of `clips`.
    protocol : str, default="random"
        A key of `PROTOCOLS`.
    cv : int, optional
        Folds per repeat, as for `plan`.
    repeats : int, optional
        How often folds are drawn, as for `plan`.
    class_weight : dict or "balanced", optional
        Set on the estimator, wherever it has a parameter of that name.
    near_duplicates : bool, default=False
        Whether the audit of the folds also compares recordings by their fingerprints, which decodes every
        file once more. Without it, it looks for recordings, artists, albums and files of the same bytes on
        both sides.
    strict : bool, default=False
        Whether to refuse folds in which the audit finds anything, near-duplicates included; else what it
        finds is told with the result.
    random_state : int, default=0
        Seeds the drawing of folds, a recipe given by name, the intervals and permutations. It is not None,
        so that the same line gives the same score.
    n_jobs : int, optional
        Workers, first for clips and then for folds. The result does not depend on it.
    memory : path or joblib.Memory, optional
        A folder where what a recipe by name extracts is kept, as of `ClipFeatures`; fingerprints too.
    on_error : {"raise", "skip"}, default="raise"
        What becomes of a clip that cannot be analysed, or whose `values` are not finite: an error, or
        a line in the result. (An `Extraction` has its failures listed already, also those that a table
        has lost; these are skipped.)

    Raises
    ------
    UnknownNameError
        If there is no such recipe, feature set, protocol or column.
    ProtocolError
        If the protocol would mean nothing on these clips, the estimator is for another task, or the audit
        finds something and `strict` is set; all before any feature is extracted.
    ValueError
        If `on_error` is something else.

    Examples
    --------
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = np.arange(20.0)[:, None]
    >>> experiment = Experiment("knn1", ClipTable(frame, "ten and ten"), values=values, repeats=1)
    >>> experiment
    Experiment('knn1', 'ten and ten', 'random')
    >>> experiment.evaluate()
    Evaluation('knn1', 'random': 95.0%)
    """

    estimator: str | BaseEstimator
    clips: ClipTable
    target: str = field(default="label", kw_only=True)
    task: str | None = field(default=None, kw_only=True)
    feature_set: str | FeatureSet | None = field(default=None, kw_only=True)
    values: Values | None = field(default=None, kw_only=True)
    protocol: str = field(default="random", kw_only=True)
    cv: int | None = field(default=None, kw_only=True)
    repeats: int | None = field(default=None, kw_only=True)
    class_weight: Mapping[Any, float] | str | None = field(default=None, kw_only=True)
    near_duplicates: bool = field(default=False, kw_only=True)
    strict: bool = field(default=False, kw_only=True)
    random_state: int = field(default=0, kw_only=True)
    n_jobs: int | None = field(default=None, kw_only=True)
    memory: Any = field(default=None, kw_only=True)
    on_error: Literal["raise", "skip"] = field(default="raise", kw_only=True)

    def __post_init__(self) -> None:
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', not {self.on_error!r}")
        _ = self.planned, self.model  # a protocol or a name that is wrong is told of before hours of analysis
        if self.strict:
            self._audited.refuse()

    def __repr__(self) -> str:
        return f"Experiment({self.name!r}, {self.clips.name!r}, {self.protocol!r})"

    # --- before any clip is decoded ----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the estimator is called: its name, or what it is in code."""
        return self.estimator if isinstance(self.estimator, str) else describe_estimator(self.estimator)

    @cached_property
    def planned(self) -> Plan:
        """The protocol laid out on all clips."""
        return self._plan(self.clips)

    @cached_property
    def model(self) -> Any:
        """The unfitted estimator, with its class weights; features first, unless there are `values`."""
        model: Any = self.estimator
        if isinstance(self.estimator, str):
            task = find_target(self.clips, self.target).task.name
            model = system(
                self.estimator, task, self.feature_set, random_state=self.random_state, memory=self.memory
            )
            if self.values is not None and not fixes_features(self.estimator):
                model = model[1:]
        elif self.target in OF_COLUMN and is_regressor(self.estimator):
            raise ProtocolError(
                f"a regressor cannot learn the column {self.target!r}; give a classifier, or name a column "
                "of numbers as target"
            )
        elif self.target not in OF_COLUMN and is_classifier(self.estimator):
            raise ProtocolError(
                f"a classifier cannot learn the numbers of the column {self.target!r}; give a regressor"
            )
        return model if self.class_weight is None else weighted(clone(model), self.class_weight)

    @cached_property
    def _audited(self) -> Audit:
        """The audit of the folds of all clips."""
        return self._audit(self.clips, self.planned)

    def _plan(self, clips: ClipTable) -> Plan:
        return plan(
            clips,
            self.protocol,
            cv=self.cv,
            repeats=self.repeats,
            random_state=self.random_state,
            classes=self.clips.classes,
            target=self.target,
            task=self.task,
        )

    def _audit(self, clips: ClipTable, layout: Plan) -> Audit:
        return audit(
            clips,
            layout,
            near_duplicates=self.near_duplicates or self.strict,
            n_jobs=self.n_jobs,
            memory=self.memory,
        )

    # --- with features -----------------------------------------------------------------------------------

    @cached_property
    def features(self) -> PrecomputedFeatures:
        """The features of all clips, extracted when first asked for; and the estimator behind them."""
        return self.extract_features()

    def extract_features(self, progress: Callable[[int], object] | None = None) -> PrecomputedFeatures:
        """Extract the features of all clips, for all questions that are asked later.

        Parameters
        ----------
        progress : callable, optional
            Called with the number of clips done since the last call.

        Returns
        -------
        PrecomputedFeatures
            Also as `features`.

        Raises
        ------
        ClipError
            If a clip cannot be analysed and `on_error` is "raise".
        ValueError
            If `values` do not fit the clips or the estimator.
        """
        if "features" not in self.__dict__:
            self.__dict__["features"] = precompute_features(
                self.model,
                self.clips,
                self.feature_set,
                values=self.values,
                n_jobs=self.n_jobs,
                on_error=self.on_error,
                progress=progress,
            )
        return self.__dict__["features"]

    @cached_property
    def used(self) -> ClipTable:
        """The clips that have features."""
        return self.clips.select(self.features.ok)

    @cached_property
    def layout(self) -> Plan:
        """The protocol laid out on the clips that have features.

        Raises
        ------
        ProtocolError
            If too many clips failed for it.
        """
        if not self.features.failures:
            return self.planned
        try:
            return self._plan(self.used)
        except ProtocolError as error:
            first, number = self.features.failures[0], len(self.features.failures)
            raise ProtocolError(
                f"{number} of {len(self.clips)} clips failed (first {first.source}: {first.reason}), and "
                f"with the others {error}"
            ) from error

    @cached_property
    def asked(self) -> Target:
        """What is to be predicted of the clips that have features."""
        return find_target(self.used, self.target)

    @cached_property
    def audit(self) -> Audit:
        """What is on both sides of the folds.

        Raises
        ------
        ProtocolError
            If there is anything and `strict` is set.
        """
        if not self.features.failures:
            return self._audited
        found = self._audit(self.used, self.layout)
        if self.strict:
            found.refuse()
        return found

    @cached_property
    def cross_validation(self) -> CrossValidation:
        """The estimator behind the features, their rows, and what it is to learn of them."""
        return CrossValidation(
            self.features.model,
            self.features.rows[self.features.ok],
            self.asked,
            fold_groups(self.used, self.layout),
            self.n_jobs,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before any number of this experiment."""
        today = versions(*EXTRACTION_LIBRARIES)
        other = [f"{name} {n}" for name, n in self.features.versions.items() if today.get(name) != n]
        said = f"the features were extracted with {', '.join(other)}, not what is installed"
        return (
            *self.layout.warnings,
            # the plan has told of artists
            *(sentence for kind, sentence in self.audit.sentences.items() if kind != "artist"),
            *([said] if other else []),
        )

    def drawn_once(self) -> Experiment:
        """Return the same experiment with its folds drawn once, unless `repeats` says otherwise.

        Returns
        -------
        Experiment
            It shares the features.
        """
        if self.repeats is not None or not self.planned.drawn:
            return self
        return replace(self, repeats=1, strict=False)._with(features=self.features)

    def with_values(self, values: Values) -> Experiment:
        """Return the same experiment on clip vectors that are there already.

        Parameters
        ----------
        values : Extraction, array or DataFrame of shape (n_clips, n_columns)
            One row per clip, in the order of the clips.

        Returns
        -------
        Experiment
            Its folds are the same, and are not audited again before features are there.
        """
        known = {"_audited": self._audited} if self.strict else {}
        return replace(self, values=values, strict=False)._with(**known, strict=self.strict)

    def _with(self, **known: Any) -> Experiment:
        """Set what is known already, which another experiment has computed."""
        self.__dict__.update(known)
        return self

    # --- the score -----------------------------------------------------------------------------------------

    def evaluate(
        self,
        *,
        naive: bool = False,
        permutations: int | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Evaluation:
        """Train and test in every fold.

        Parameters
        ----------
        naive : bool, default=False
            Whether to score, beside the protocol, rows that are divided regardless of recordings and artists:
            what leakage is worth. No protocol does this, and nothing of it is kept but `Evaluation.naive`.
        permutations : int, optional
            How often to train and test on permuted truth for the permutation test; by default never, and the
            answers that are there are tested (see `gtzanfeat.evaluation.uncertainty.permutation_test`).
        progress : callable, optional
            Called with the number of folds done since the last call.

        Returns
        -------
        Evaluation

        Raises
        ------
        ProtocolError
            If the estimator cannot be trained or tested in some fold.
        """
        if permutations is not None and permutations < 1:
            raise ValueError(f"permutations must be 1 or more, not {permutations}; leave it out for none")
        if naive:
            controls.refuse_needless_naive_split(self.clips, self.planned)
        layout, asked, audited = self.layout, self.asked, self.audit
        tests = []
        for test in self.cross_validation.predictions(layout.folds):
            tests.append(test)
            if progress is not None:
                progress(1)
        notes = Counter(note for test in tests for note in test.notes)
        features = self.features
        tables = tabulation.tables(layout.folds, tests, self.used, asked, features.ok)
        tables.predictions["group"] = self.cross_validation.groups[
            np.searchsorted(features.ok, tables.predictions["clip"])
        ]
        return Evaluation(
            estimator=self.estimator
            if isinstance(self.estimator, str)
            else describe_estimator(features.model),
            dataset=self.clips.name,
            protocol=self.protocol,
            description=layout.description,
            feature_set=features.feature_set,
            spec_hash=features.spec_hash,
            n_columns=features.n_columns,
            random_state=self.random_state,
            predictions=tables.predictions,
            n_clips=len(self.clips) + len(features.lost),
            n_used=len(features.ok) - sum(layout.left_out.values()),
            failures=(*features.lost, *features.failures),
            left_out=layout.left_out,
            warnings=(
                *self.warnings,
                *(f"{note}, in {count} of {len(layout.folds)} folds" for note, count in notes.items()),
            ),
            versions=versions(*LIBRARIES),
            task=asked.task.name,
            target=self.target,
            names=asked.names,
            score_kind=tables.score_kind,
            folds=tables.folds,
            priors=tables.priors,
            segments=tables.segments,
            audit=audited,
            search=tables.search,
            naive=self._naive() if naive else None,
            refits=() if permutations is None else self._refits(permutations),
        )

    def _naive(self) -> float:
        return controls.naive_score(self.cross_validation, self.layout, self.random_state)

    def _refits(self, permutations: int) -> tuple[float, ...]:
        return controls.permuted_scores(self.cross_validation, self.layout, self.random_state, permutations)
