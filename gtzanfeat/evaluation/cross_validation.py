"""Run an estimator under a protocol: measure every clip once, then fit and predict fold by fold.

Whatever is learnt is learnt from the training clips of its fold, by a fresh clone. Which clips these are
is decided in `protocols`; what the predictions are worth is computed in `scores`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.model_selection import StratifiedKFold

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.folds import DEFAULT_FOLDS, Fold, Plan, fold_groups, plan
from gtzanfeat.evaluation.leakage import audit
from gtzanfeat.evaluation.precomputation import Values, precompute_features
from gtzanfeat.evaluation.predictions import FoldPredictions, Run
from gtzanfeat.evaluation.result import LIBRARIES, Evaluation
from gtzanfeat.evaluation.systems import describe_estimator, fixes_features, system, weighted
from gtzanfeat.evaluation.tasks import OF_COLUMN, Target, find_target
from gtzanfeat.export.tables import LIBRARIES as OF_EXTRACTION
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.version import versions


def evaluate(
    estimator: str | BaseEstimator,
    clips: ClipTable,
    *,
    target: str = "label",
    task: str | None = None,
    feature_set: str | FeatureSet | None = None,
    protocol: str = "random",
    folds: int | None = None,
    repeats: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    values: Values | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    naive: bool = False,
    permutations: int | None = None,
    near_duplicates: bool = False,
    strict: bool = False,
    memory: Any = None,
    on_error: Literal["raise", "skip"] = "raise",
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Train and test an estimator under a named protocol: of classes, of tags, or of numbers.

    Parameters
    ----------
    estimator : str or estimator
        A recipe's name (for tags also with ``-chain`` at its end; for numbers ``ridge``, ``svr`` ..., see
        `gtzanfeat.evaluation.REGRESSORS`); a Pipeline that begins with `ClipFeatures`, `FrameFeatures` or a
        FeatureUnion of them; a `SegmentClassifier`; or an estimator of clip vectors. It is never fitted
        itself. Since measuring learns nothing, it is done once for all folds; everything else is fitted anew
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
        What is measured, unless `estimator` or `values` say so themselves; by default "classic30".
    protocol : str, default="random"
        A key of `PROTOCOLS`.
    folds, repeats : int, optional
        As for `plan`.
    random_state : int, default=0
        Seeds the drawing of folds, a recipe given by name, the intervals and permutations.
    n_jobs : int, optional
        Workers, first for clips and then for folds. The result does not depend on it.
    values : Extraction, array or DataFrame of shape (n_clips, n_columns), optional
        The clip vectors, where they are there already: one row per clip, in the order of `clips`.
    class_weight : dict or "balanced", optional
        Set on the estimator, wherever it has a parameter of that name.
    naive : bool, default=False
        Whether to score, beside the protocol, rows that are divided regardless of recordings and artists:
        what leakage is worth. No protocol does this, and nothing of it is kept but `Evaluation.naive`.
    permutations : int, optional
        How often to train and test on permuted truth for the permutation test; by default never, and the
        answers that are there are tested (see `gtzanfeat.evaluation.uncertainty.permutation_test`).
    near_duplicates : bool, default=False
        Whether the audit of the folds also compares recordings by ear, which decodes every file once more.
        Without it, it looks for recordings, artists, albums and files of the same bytes on both sides.
    strict : bool, default=False
        Whether to refuse folds in which the audit finds anything; else it is told with the result.
    memory : path or joblib.Memory, optional
        A folder where what a recipe by name measures is kept, as of `ClipFeatures`; fingerprints too.
    on_error : {"raise", "skip"}, default="raise"
        What becomes of a clip that cannot be analysed, or whose `values` are not finite: an error, or
        a line in the result. (An `Extraction` has its failures listed already, also those that a table
        has lost; these are skipped.)
    progress : callable, optional
        Called with the number of folds done since the last call.

    Returns
    -------
    Evaluation

    Raises
    ------
    UnknownNameError
        If there is no such recipe, feature set, protocol or column.
    ProtocolError
        If the protocol would mean nothing on these clips, which is said before any clip is analysed; or if
        the audit finds something and `strict` is set.
    ClipError
        If a clip cannot be analysed and `on_error` is "raise".
    ValueError
        If `values` do not fit the clips or the estimator.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names, "artist": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> values = np.arange(20.0)[:, None]
    >>> result = evaluate("knn1", ClipTable(frame, "example"), values=values, protocol="artist", repeats=1)
    >>> result
    Evaluation('knn1', 'artist': 95.0%)
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {on_error!r}")
    if permutations is not None and permutations < 1:
        raise ValueError(f"permutations must be 1 or more, not {permutations}; leave it out for none")

    lay_out = partial(
        plan,
        protocol=protocol,
        folds=folds,
        repeats=repeats,
        random_state=random_state,
        target=target,
        task=task,
    )
    layout = lay_out(clips)  # a protocol that cannot be run says so before hours of analysis
    if naive:
        _refuse_needless(clips, layout)
    if strict:
        audit(clips, layout, near=False).refuse()
    model: Any = estimator
    if isinstance(estimator, str):
        model = system(
            estimator,
            find_target(clips, target).task.name,
            feature_set,
            random_state=random_state,
            memory=memory,
        )
        if values is not None and not fixes_features(estimator):
            model = model[1:]
    elif target in OF_COLUMN and is_regressor(estimator):
        raise ProtocolError(
            f"a regressor cannot learn the column {target!r}; give a classifier, or name a column of numbers "
            "as target"
        )
    if class_weight is not None:
        model = weighted(clone(model), class_weight)
    measured = precompute_features(model, clips, feature_set, values, n_jobs, on_error)
    ok = measured.ok
    if measured.failures:
        try:
            layout = lay_out(clips.select(ok), classes=clips.classes)
        except ProtocolError as error:
            first, number = measured.failures[0], len(measured.failures)
            raise ProtocolError(
                f"{number} of {len(clips)} clips failed (first {first.source}: {first.reason}), and with the "
                f"others {error}"
            ) from error

    left = clips.select(ok)
    audited = audit(left, layout, near=near_duplicates, n_jobs=n_jobs, memory=memory)
    if strict:
        audited.refuse()
    asked = find_target(left, target)
    groups = fold_groups(left, layout)
    run = Run(measured.model, measured.rows[ok], asked, groups, n_jobs)
    tests = []
    for test in run.tests(layout.folds):
        tests.append(test)
        if progress is not None:
            progress(1)
    notes = Counter(note for test in tests for note in test.notes)
    names = asked.names
    kinds = {test.score_kind for test in tests}
    score_kind = kinds.pop() if len(kinds) == 1 else None
    predictions = pd.concat(
        [
            _predictions(fold, test, left, ok, asked, score_kind)
            for fold, test in zip(layout.folds, tests, strict=True)
        ],
        ignore_index=True,
    )
    predictions["group"] = groups[np.searchsorted(ok, predictions["clip"])]
    found = Evaluation(
        estimator=estimator if isinstance(estimator, str) else describe_estimator(measured.model),
        dataset=clips.name,
        protocol=protocol,
        description=layout.description,
        feature_set=measured.feature_set,
        spec_hash=measured.spec_hash,
        n_columns=measured.n_columns,
        random_state=random_state,
        predictions=predictions,
        n_clips=len(clips) + len(measured.lost),
        n_used=len(ok) - sum(layout.left_out.values()),
        failures=(*measured.lost, *measured.failures),
        left_out=layout.left_out,
        warnings=(
            *layout.warnings,
            *(
                said for kind, said in audited.sentences.items() if kind != "artist"
            ),  # which the plan has said
            *_other_versions(measured.versions),
            *(f"{note}, in {count} of {len(layout.folds)} folds" for note, count in notes.items()),
        ),
        versions=versions(*LIBRARIES),
        task=asked.task.name,
        target=target,
        names=names,
        score_kind=score_kind,
        folds=pd.DataFrame(
            {
                "repeat": fold.repeat,
                "fold": fold.fold,
                "n_train": len(fold.train),
                "n_test": len(fold.test),
                "fit_seconds": test.fit_seconds,
                "predict_seconds": test.predict_seconds,
            }
            for fold, test in zip(layout.folds, tests, strict=True)
        ),
        priors=np.array([_prior(asked, fold.train) for fold in layout.folds]),
        segments=_segments(tests, layout.folds, ok),
        audit=audited,
        search=_search(tests),
    )
    if naive:
        rows_as_groups = replace(run, groups=np.arange(len(left)))
        found = replace(found, naive=rows_as_groups.score(_by_row(asked, layout, random_state)))
    if permutations is not None:
        found = replace(found, refits=_refits(run, layout, random_state, permutations))
    return found


def _refuse_needless(clips: ClipTable, layout: Plan) -> None:
    groups = clips.songs if layout.protocol == "random" else clips.groups
    if len(set(groups)) == len(clips):
        raise ProtocolError(
            "there is no naive split beside this one: no recording has several rows, and no artist several "
            "recordings that the protocol keeps together; leave naive out"
        )


def _other_versions(of_values: Mapping[str, str]) -> list[str]:
    """Warn if the values were computed with other versions than those of today."""
    today = versions(*OF_EXTRACTION)
    other = [f"{name} {number}" for name, number in of_values.items() if today.get(name) != number]
    return [f"the features were extracted with {', '.join(other)}, not what is installed"] if other else []


# --- what is put together ----------------------------------------------------------------------------------


def _predictions(
    fold: Fold, test: FoldPredictions, left: ClipTable, ok: np.ndarray, asked: Target, score_kind: str | None
) -> pd.DataFrame:
    truth: Any = asked.truth[fold.test]
    answers: Any = test.answers
    if asked.task.name == "multi-label":
        truth, answers = (
            ["|".join(np.array(asked.names, dtype=object)[row > 0]) or "|" for row in rows]
            for rows in (truth, answers)
        )
    columns = {
        "repeat": fold.repeat,
        "fold": fold.fold,
        "clip": ok[fold.test],
        "recording": left.recordings[fold.test],
        "path": left.paths[fold.test],
        asked.task.truth: truth,
        "predicted": answers,
    }
    if score_kind is not None and test.scores is not None:
        columns |= {f"score_{name}": test.scores[:, i] for i, name in enumerate(asked.names)}
    return pd.DataFrame(columns)


def _segments(tests: Sequence[FoldPredictions], folds: Sequence[Fold], ok: np.ndarray) -> pd.DataFrame | None:
    """The windows of all tests of the first repeat, by clip, where the estimator tells of windows."""
    tables = [
        test.segments.assign(clip=ok[fold.test][test.segments["recording"]]).drop(columns="recording")
        for fold, test in zip(folds, tests, strict=True)
        if test.segments is not None
    ]
    return pd.concat(tables, ignore_index=True) if tables else None


def _search(tests: Sequence[FoldPredictions]) -> dict[str, Any] | None:
    """What a search inside the training parts did, and what it chose in each."""
    if any(test.inner is None or test.chosen is None for test in tests):
        return None
    return {"inner": tests[0].inner, "chosen": [test.chosen for test in tests]}


def _prior(asked: Target, train: np.ndarray) -> np.ndarray:
    """What the training part says without any feature: shares of classes or tags, or the mean."""
    truth = asked.truth[train]
    if asked.task.name == "single-label":
        return np.array([np.mean(truth == name) for name in asked.names])
    return np.atleast_1d(truth.mean(axis=0))


def _by_row(asked: Target, layout: Plan, random_state: int) -> list[Fold]:
    """Divide rows regardless of recordings and artists: once, in as many folds as the protocol has."""
    used = np.unique(np.concatenate([np.union1d(fold.train, fold.test) for fold in layout.folds]))
    n_folds = max(fold.fold for fold in layout.folds)
    strata = asked.strata[used].astype(str)
    fewest = int(np.unique(strata, return_counts=True)[1].min())
    splitter = StratifiedKFold(
        min(n_folds if n_folds > 1 else DEFAULT_FOLDS, fewest), shuffle=True, random_state=random_state
    )
    parts = enumerate(splitter.split(strata, strata), start=1)
    return [Fold(1, number, used[train], used[test]) for number, (train, test) in parts]


def _refits(run: Run, layout: Plan, random_state: int, permutations: int) -> tuple[float, ...]:
    """The headline metric with permuted truth, trained and tested anew each time."""
    used = np.unique(np.concatenate([np.union1d(fold.train, fold.test) for fold in layout.folds]))
    units = uncertainty.units_of(run.groups[used], run.asked.truth[used])
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(permutations):
        truth = run.asked.truth.copy()
        truth[used] = uncertainty.shuffled(truth[used], units, rng)
        found.append(run.score(layout.folds, truth))
    return tuple(found)
