"""Run a classifier under a protocol: measure every clip once, then fit and predict fold by fold.

Whatever is learnt is learnt from the training clips of its fold, by a fresh clone. Which clips these are
is decided in `protocols`; what the predictions are worth is computed in `scores`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, GtzanfeatError, ProtocolError
from gtzanfeat.evaluation.planning import Fold, plan
from gtzanfeat.evaluation.scores import LIBRARIES, Evaluation
from gtzanfeat.export import LIBRARIES as OF_EXTRACTION
from gtzanfeat.extraction import Extraction, Failure, extract
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.frames import Frames, extract_frames, frame_recipe
from gtzanfeat.recipes import classifier
from gtzanfeat.transformers import ClipFeatures, FrameFeatures
from gtzanfeat.version import versions


def evaluate(
    estimator: str | BaseEstimator,
    clips: ClipTable,
    *,
    feature_set: str | FeatureSet = "classic30",
    protocol: str = "random",
    folds: int | None = None,
    repeats: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    values: Extraction | np.ndarray | pd.DataFrame | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Train and test a classifier under a named protocol.

    Parameters
    ----------
    estimator : str or estimator
        A recipe's name; a Pipeline that begins with `ClipFeatures`; or a classifier of clip vectors. It
        is never fitted itself. Since `ClipFeatures` learns nothing, a Pipeline's first step is run once
        for all folds; the other steps are fitted anew in every fold. If `ClipFeatures` hides deeper (in
        a grid search over feature sets, say), the estimator gets the clips themselves in every fold.
    clips : ClipTable
        The clips, their labels and what else is known of them.
    feature_set : str or FeatureSet, default="classic30"
        What is measured, unless `estimator` or `values` say so themselves.
    protocol : str, default="random"
        A key of `PROTOCOLS`.
    folds, repeats : int, optional
        As for `plan`.
    random_state : int, default=0
        Seeds the drawing of folds, and a recipe given by name.
    n_jobs : int, optional
        Workers, first for clips and then for folds. The result does not depend on it.
    values : Extraction, array or DataFrame of shape (n_clips, n_columns), optional
        The clip vectors, where they are there already: one row per clip, in the order of `clips`.
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
        If there is no such recipe, feature set or protocol.
    ProtocolError
        If the protocol would mean nothing on these clips; said before any clip is analysed.
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

    lay_out = partial(plan, protocol=protocol, folds=folds, repeats=repeats, random_state=random_state)
    layout = lay_out(clips)  # a protocol that cannot be run says so before hours of analysis
    model, step = _take_apart(estimator, random_state)
    measured = _measure(clips, model, step, feature_set, values, n_jobs, on_error)
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

    rows, labels = measured.rows[ok], clips.labels[ok]
    tests = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_test)(model, rows, labels, fold) for fold in layout.folds
    )
    predictions = []
    notes: Counter[str] = Counter()
    for fold, (answers, noted) in zip(layout.folds, tests, strict=True):
        notes.update(noted)
        clip = ok[fold.test]
        named = {"clip": clip, "recording": clips.recordings[clip], "path": clips.paths[clip]}
        given = {"label": clips.labels[clip], "predicted": answers}
        predictions.append(pd.DataFrame({"repeat": fold.repeat, "fold": fold.fold} | named | given))
        if progress is not None:
            progress(1)
    return Evaluation(
        estimator=estimator if isinstance(estimator, str) else _in_words(model),
        dataset=clips.name,
        protocol=protocol,
        description=layout.description,
        feature_set=measured.feature_set,
        spec_hash=measured.spec_hash,
        n_columns=rows.shape[1] if len(rows.shape) == 2 else None,
        random_state=random_state,
        predictions=pd.concat(predictions, ignore_index=True),
        n_clips=len(clips) + len(measured.lost),
        n_used=len(ok) - sum(layout.left_out.values()),
        failures=(*measured.lost, *measured.failures),
        left_out=layout.left_out,
        warnings=(
            *layout.warnings,
            *_other_versions(measured.versions),
            *(f"{note}, in {count} of {len(layout.folds)} folds" for note, count in notes.items()),
        ),
        versions=versions(*LIBRARIES),
    )


def _other_versions(of_values: Mapping[str, str]) -> list[str]:
    """Warn if the values were computed with other versions than those of today."""
    today = versions(*OF_EXTRACTION)
    other = [f"{name} {number}" for name, number in of_values.items() if today.get(name) != number]
    return [f"the features were extracted with {', '.join(other)}, not what is installed"] if other else []


def _test(
    model: BaseEstimator, X: np.ndarray | Frames, y: np.ndarray, fold: Fold
) -> tuple[np.ndarray, Sequence[str]]:
    """Answer the test clips of a fold with a clone that has seen its training clips only.

    Returned with the answers is what the classifier notes of its training, in ``notes_`` if it has that.
    """
    try:
        fitted = clone(model).fit(X[fold.train], y[fold.train])
        last = fitted[-1] if isinstance(fitted, Pipeline) else fitted
        return fitted.predict(X[fold.test]), getattr(last, "notes_", ())
    except GtzanfeatError:
        raise
    except ValueError as error:  # more neighbours than clips, say
        raise ProtocolError(
            f"the classifier cannot be trained and tested in fold {fold.fold} of repeat {fold.repeat}, which "
            f"trains on {len(fold.train)} clips and tests {len(fold.test)}: {' '.join(str(error).split())}"
        ) from error


def _in_words(estimator: BaseEstimator) -> str:
    steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else [estimator]
    return " > ".join(" ".join(repr(step).split()) for step in steps)


@dataclass(frozen=True)
class Measured:
    """What the classifier is given: one row per clip, and where the rows come from."""

    # (n_clips, n_columns); frames; or, for an estimator that measures them itself, clips
    rows: np.ndarray | Frames
    failures: tuple[Failure, ...]
    feature_set: str
    spec_hash: str | None
    lost: tuple[Failure, ...] = ()  # clips that failed before, and have no row
    versions: Mapping[str, str] = field(default_factory=dict)  # with which the rows were made, if not here

    @property
    def ok(self) -> np.ndarray:
        """Numbers of the rows that have values."""
        failed = [failure.index for failure in self.failures]
        return np.setdiff1d(np.arange(len(self.rows)), np.array(failed, dtype=int))


def _take_apart(
    estimator: str | BaseEstimator, random_state: int
) -> tuple[BaseEstimator, ClipFeatures | FrameFeatures | None]:
    """Return what is to be fitted in every fold, and the step before it that measures clips, if any."""
    if isinstance(estimator, str):
        return classifier(estimator, random_state=random_state), None
    if isinstance(estimator, Pipeline) and isinstance(estimator[0], ClipFeatures | FrameFeatures):
        return estimator[1:], estimator[0]
    return estimator, None


def _measure(
    clips: ClipTable,
    model: BaseEstimator,
    step: ClipFeatures | FrameFeatures | None,
    wanted: str | FeatureSet,
    values: Extraction | np.ndarray | pd.DataFrame | None,
    n_jobs: int | None,
    on_error: str,
) -> Measured:
    """Return the rows that `model` learns from: extracted here, brought by the caller, or the clips."""
    if any(isinstance(part, ClipFeatures | FrameFeatures) for part in model.get_params().values()):
        if values is not None:
            raise ValueError("this estimator measures the clips itself, inside; leave values out")
        return Measured(clips.clips, (), "as the estimator chooses", None)
    if isinstance(step, FrameFeatures):
        if values is not None:
            raise ValueError("this estimator learns from frames, not from values; leave values out")
        chosen = frame_recipe(step.features, step.framing)
        frames, failures = extract_frames(
            clips.clips,
            chosen,
            rate=step.rate,
            n_jobs=n_jobs if step.n_jobs is None else step.n_jobs,
            on_error="skip" if on_error == "skip" or step.on_error == "empty" else "raise",
            memory=step.memory,
        )
        names = ", ".join(item.feature for item in chosen.items)
        return Measured(frames, failures, f"frames of {names}", chosen.spec_hash)
    if values is None:
        features = ClipFeatures(wanted) if step is None else step
        values = extract(
            clips.clips,
            features.feature_set,
            rate=features.rate,
            n_jobs=n_jobs if features.n_jobs is None else features.n_jobs,
            on_error="skip" if on_error == "skip" or features.on_error == "nan" else "raise",
            memory=features.memory,
        )
    if len(values if isinstance(values, np.ndarray | pd.DataFrame) else values.values) != len(clips):
        raise ValueError(f"values must have one row for each of the {len(clips)} clips")
    if isinstance(values, Extraction):
        source = values.feature_set
        if step is not None and find_feature_set(step.feature_set).spec_hash != source.spec_hash:
            raise ValueError(f"the estimator wants {step.feature_set!r}, but values are {source.name!r}")
        return Measured(
            values.values, values.failures, source.name, source.spec_hash, values.lost, values.versions
        )
    matrix = np.asarray(values)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise ValueError(
            f"values must be a table of numbers, one row per clip, not {matrix.ndim}-D of type {matrix.dtype}"
        )
    broken = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    failures = tuple(Failure(int(i), clips.paths[i], "its values are not finite") for i in broken)
    if failures and on_error == "raise":
        raise ClipError(failures[0].source, failures[0].reason, "on_error='skip' leaves such clips out")
    return Measured(matrix, failures, "values as given", None)
