"""Experiments: an estimator, clips and a protocol, checked once and shared by every question asked of them.

An `Experiment` resolves names, draws the folds and refuses what cannot be run before any clip is decoded;
features are extracted once for score, importance and robustness. What a fold does is in `cross_validation`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import Any, Literal

from sklearn.base import BaseEstimator, clone

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import controls, systems, tabulation
from gtzanfeat.evaluation.column_leakage import leakage_warnings
from gtzanfeat.evaluation.confounders import Confounds, confounds
from gtzanfeat.evaluation.cross_validation import CrossValidation
from gtzanfeat.evaluation.duplicates import DuplicateFiles, find_duplicates
from gtzanfeat.evaluation.folds import Plan, fold_groups, plan
from gtzanfeat.evaluation.leakage import Audit, audit_folds
from gtzanfeat.evaluation.precomputation import PrecomputedFeatures, Values, precompute_features
from gtzanfeat.evaluation.protocols import PROTOCOLS
from gtzanfeat.evaluation.result import LIBRARIES, Evaluation
from gtzanfeat.evaluation.systems import describe_estimator, with_class_weight
from gtzanfeat.evaluation.tasks import Target, find_target
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.version import versions


@dataclass(frozen=True, eq=False, repr=False)
class Experiment:
    """An estimator, clips and a protocol, of which score, importance and robustness can be asked.

    Parameters
    ----------
    estimator : str or estimator
        A recipe's name (for tags also with ``-chain`` at its end; for numbers ``ridge``, ``svr`` ..., see
        `gtzanfeat.evaluation.REGRESSORS`); a Pipeline that begins with `ClipFeatures`, `FrameFeatures` or a
        FeatureUnion of them; a `SegmentClassifier`; or an estimator of clip vectors. It is never fitted
        itself. Extraction learns nothing and is done once for all folds; everything else is fitted anew in
        every fold. If `ClipFeatures` stands deeper (in a grid search over feature sets, say), the estimator
        gets the clips themselves in every fold. Where `fit` takes ``groups`` (to tune thresholds or settings
        inside the training part), it gets the artists of the training clips if the folds keep artists apart,
        or else the recordings.
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
        How often folds are drawn, as for `plan`; by default once if settings are searched in every fold.
    class_weight : dict or "balanced", optional
        Set on the estimator, wherever it has a parameter of that name.
    near_duplicates : bool, default=False
        Whether the audit of the folds also compares recordings by fingerprints, for which every file is
        decoded once more; recordings, artists, albums and files of the same bytes are always compared.
    strict : bool, default=False
        Whether to refuse folds in which the audit, near-duplicates included, finds anything.
    random_state : int, default=0
        Seeds folds, a recipe given by name, intervals and permutations; the same line gives the same score.
    n_jobs : int, optional
        Workers, first for clips and then for folds. The result does not depend on it.
    memory : path or joblib.Memory, optional
        A folder where what a recipe by name extracts is kept, as of `ClipFeatures`; fingerprints too.
    array_backend : {"cupy", "numpy"}, optional
        What extracts many clips at once ("cupy": a GPU), where the estimator does not say.
    on_error : {"raise", "skip"}, default="raise"
        What becomes of a clip that cannot be analysed, or whose `values` are not finite: an error, or
        a line in the result. Failures that an `Extraction` lists are skipped in any case.

    Raises
    ------
    UnknownNameError
        If there is no such recipe, feature set, protocol or column.
    ProtocolError
        If the protocol cannot be run on these clips, the estimator is for another task, or the audit finds
        something and `strict` is set; all before any feature is extracted.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> labels = [name.split(".")[0] for name in names]
    >>> frame = pd.DataFrame({"path": names, "recording": names, "label": labels})
    >>> values = np.arange(20.0)[:, None]
    >>> experiment = Experiment("knn1", ClipTable(frame, "ten and ten"), values=values, repeats=1)
    >>> experiment
    Experiment('knn1', 'ten and ten', 'random')
    >>> experiment.evaluate()
    Evaluation('knn1', 'random': 95.0%; 1 warnings)
    """

    estimator: str | BaseEstimator
    clips: ClipTable
    _: KW_ONLY
    target: str = "label"
    task: str | None = None
    feature_set: str | FeatureSet | None = None
    values: Values | None = None
    protocol: str = "random"
    cv: int | None = None
    repeats: int | None = None
    class_weight: Mapping[Any, float] | str | None = None
    near_duplicates: bool = False
    strict: bool = False
    random_state: int = 0
    n_jobs: int | None = None
    memory: Any = None
    array_backend: str | None = None
    on_error: Literal["raise", "skip"] = "raise"

    def __post_init__(self) -> None:
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', not {self.on_error!r}")
        refuse_other_than_table(self.clips)
        _ = self.initial_plan, self.model  # wrong names and protocols are refused before any analysis
        if self.strict:
            # what needs no decoding is refused first
            clips, folds = self.clips, self.initial_plan.folds
            audit_folds(clips, folds, find_duplicates(clips, near_duplicates=False)).refuse()
            audit_folds(clips, folds, self._duplicates).refuse()

    def __repr__(self) -> str:
        return f"Experiment({self.name!r}, {self.clips.name!r}, {self.protocol!r})"

    @property
    def name(self) -> str:
        """The name of the estimator, or its code."""
        return (
            self.estimator if isinstance(self.estimator, str) else systems.describe_estimator(self.estimator)
        )

    @cached_property
    def initial_plan(self) -> Plan:
        """The folds of all clips."""
        return self._plan(self.clips)

    @cached_property
    def model(self) -> Any:
        """The unfitted estimator, with its class weights; features first, unless there are `values`."""
        model: Any = self.estimator
        if isinstance(self.estimator, str):
            task = find_target(self.clips, self.target).task.name
            model = systems.system(
                self.estimator, task, self.feature_set, random_state=self.random_state, memory=self.memory
            )
            if self.values is not None and not systems.fixes_features(self.estimator):
                model = model[1:]
        else:
            systems.refuse_estimator_of_other_task(self.estimator, self.target)
        return model if self.class_weight is None else with_class_weight(clone(model), self.class_weight)

    def _plan(self, clips: ClipTable) -> Plan:
        row = PROTOCOLS.get(self.protocol)
        once = self.repeats is None and row and row.unit and systems.searches_settings(self.estimator)
        return plan(
            clips,
            self.protocol,
            cv=self.cv,
            repeats=1 if once else self.repeats,
            random_state=self.random_state,
            classes=self.clips.classes,
            target=self.target,
            task=self.task,
        )

    @cached_property
    def _duplicates(self) -> DuplicateFiles:
        decode = self.near_duplicates or self.strict
        return find_duplicates(self.clips, near_duplicates=decode, n_jobs=self.n_jobs, memory=self.memory)

    @cached_property
    def _confounds(self) -> Confounds | None:
        if self.target != "label" or len(self.clips.classes) < 2:
            return None
        return confounds(self.clips, random_state=self.random_state, n_jobs=self.n_jobs, memory=self.memory)

    @cached_property
    def features(self) -> PrecomputedFeatures:
        """The features of all clips, extracted at the first use; and the estimator behind them."""
        return self.extract_features()

    def extract_features(self, progress: Callable[[int], object] | None = None) -> PrecomputedFeatures:
        """Extract the features of all clips, unless that was done already.

        Parameters
        ----------
        progress : callable, optional
            Called with the number of clips done since the last call.

        Returns
        -------
        PrecomputedFeatures
            What `features` is from now on.

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
                array_backend=self.array_backend,
                on_error=self.on_error,
                progress=progress,
            )
        return self.features

    @cached_property
    def used_clips(self) -> ClipTable:
        """The clips that have features."""
        return self.clips.select(self.features.ok)

    @cached_property
    def plan(self) -> Plan:
        """The folds of the clips that have features.

        Raises
        ------
        ProtocolError
            If too many clips failed for it.
        """
        if not self.features.failures:
            return self.initial_plan
        try:
            return self._plan(self.used_clips)
        except ProtocolError as error:
            first, number = self.features.failures[0], len(self.features.failures)
            raise ProtocolError(
                f"{number} of {len(self.clips)} clips failed (first {first.source}: {first.reason}), and "
                f"with the others {error}"
            ) from error

    @cached_property
    def used_target(self) -> Target:
        """The classes, tags or numbers to be predicted of the clips that have features."""
        return find_target(self.used_clips, self.target)

    @cached_property
    def audit(self) -> Audit:
        """What is both trained and tested in some fold.

        Raises
        ------
        ProtocolError
            If there is anything and `strict` is set.
        """
        found = audit_folds(self.used_clips, self.plan.folds, self._duplicates, self._confounds)
        if self.strict:
            found.refuse()
        return found

    @cached_property
    def cross_validation(self) -> CrossValidation:
        """The estimator behind the features, their rows, and the target."""
        rows, groups = self.features.rows[self.features.ok], fold_groups(self.used_clips, self.plan)
        return CrossValidation(self.features.model, rows, self.used_target, groups, self.n_jobs)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before any number of this experiment."""
        told = (*self.audit.warnings, *leakage_warnings(self.values, self.clips, self.target))
        return (*self.plan.warnings, *told, *self.features.warnings)

    def with_one_repeat(self) -> Experiment:
        """Return the same experiment with its folds drawn once, unless `repeats` is set.

        Returns
        -------
        Experiment
            It has the same features.
        """
        if self.repeats is not None or not self.initial_plan.is_drawn:
            return self
        return self._derived(repeats=1, features=self.features)

    def with_values(self, values: Values) -> Experiment:
        """Return the same experiment, on the same folds, of clip vectors that are there already.

        Parameters
        ----------
        values : Extraction, array or DataFrame of shape (n_clips, n_columns)
            One row per clip, in the order of the clips.

        Returns
        -------
        Experiment
            Neither its folds nor its audit are made again.
        """
        return self._derived(values=values, initial_plan=self.initial_plan)

    def with_features(self, features: PrecomputedFeatures) -> Experiment:
        """Return the same experiment, on the same folds, with features that were extracted elsewhere.

        Parameters
        ----------
        features : PrecomputedFeatures
            One row per clip, in the order of the clips.

        Returns
        -------
        Experiment
            Neither its folds nor its audit are made again.
        """
        return self._derived(features=features, initial_plan=self.initial_plan)

    def _derived(self, **known: Any) -> Experiment:
        """The same but for what is known; its checks were passed, and its files are the same."""
        other: Experiment = object.__new__(type(self))
        names = [*(item.name for item in fields(self)), "_duplicates", "_confounds"]
        other.__dict__.update({name: getattr(self, name) for name in names} | known)
        return other

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
            The predictions of all folds, and the scores that follow from them.

        Raises
        ------
        ProtocolError
            If the estimator cannot be trained or tested in some fold, or a naive split would be no other.
        ValueError
            If `permutations` is less than 1.
        """
        if permutations is not None and permutations < 1:
            raise ValueError(f"permutations must be 1 or more, not {permutations}; leave it out for none")
        if naive:
            controls.refuse_needless_naive_split(self.clips, self.initial_plan)
        layout, features, target = self.plan, self.features, self.used_target
        audited, system = self.audit, self.cross_validation  # what is refused, is refused before training
        tests = list(system.predictions(layout.folds, progress=progress))
        tables = tabulation.tables(layout.folds, tests, self.used_clips, system, features.ok)
        refits = controls.permuted_scores(system, layout, self.random_state, permutations or 0)
        return Evaluation(
            estimator=self.name if isinstance(self.estimator, str) else describe_estimator(features.model),
            dataset=self.clips.name,
            protocol=self.protocol,
            description=layout.description,
            feature_set=features.feature_set,
            spec_hash=features.spec_hash,
            n_columns=features.n_columns,
            random_state=self.random_state,
            **vars(tables),
            n_clips=len(self.clips) + sum(self.clips.left_out.values()) + len(features.lost),
            n_used=len(features.ok) - sum(layout.left_out.values()),
            failures=(*features.lost, *features.failures),
            left_out=dict(Counter(self.clips.left_out) + Counter(layout.left_out)),
            warnings=(*self.warnings, *tabulation.notes(tests)),
            versions=versions(*LIBRARIES) | features.backend,
            task=target.task.name,
            target=self.target,
            names=target.names,
            audit=audited,
            naive=controls.naive_score(system, layout, self.random_state) if naive else None,
            refits=refits,
        )
