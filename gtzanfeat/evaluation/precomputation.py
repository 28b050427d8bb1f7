"""Precomputed features: extraction, which learns nothing, is done once for all folds.

The step that extracts is taken off an estimator; all other steps are left, to be fitted in every fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import FeatureUnion, Pipeline

from gtzanfeat.array_backend import array_backend as find_backend
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.export.join import KEY
from gtzanfeat.export.tables import LIBRARIES
from gtzanfeat.extraction import Extraction, Failure, extract
from gtzanfeat.extraction.frame_matrices import extract_frames, frame_spec
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set
from gtzanfeat.transformers import ClipFeatures, FrameFeatures
from gtzanfeat.version import versions

Values = Extraction | np.ndarray | pd.DataFrame


@dataclass(frozen=True, eq=False)
class PrecomputedFeatures:
    """The features of clips, and what remains of the estimator behind the extracting step.

    Parameters
    ----------
    model : estimator
        To be fitted in every fold.
    rows : ndarray or sequence
        (n_clips, n_columns); or frames or windows, a matrix per clip; or the row numbers of clips whose
        features `model` holds; or, for an estimator that extracts features itself, clips.
    failures : tuple of Failure
        Clips whose row is not valid, and why.
    feature_set : str
        The name of the features.
    spec_hash : str or None
        The hash of their specification.
    lost : tuple of Failure, default=()
        Clips that failed in an earlier extraction, and have no row.
    versions : mapping of str to str, default={}
        The versions of the libraries that computed the rows, if they were given.
    backend : dict of str to str, default={}
        Under "array_backend", the name and version of what computed the rows, if that was not the CPU.
    """

    model: Any
    rows: Any
    failures: tuple[Failure, ...]
    feature_set: str
    spec_hash: str | None
    lost: tuple[Failure, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    backend: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> np.ndarray:
        """Numbers of the valid rows."""
        failed = [failure.index for failure in self.failures]
        return np.setdiff1d(np.arange(len(self.rows)), np.array(failed, dtype=int))

    @property
    def n_columns(self) -> int | None:
        """Number of columns, where the rows are a table."""
        return self.rows.shape[1] if len(self.rows.shape) == 2 else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence if other versions of the libraries computed the rows than those installed."""
        today = versions(*LIBRARIES)
        other = [f"{name} {number}" for name, number in self.versions.items() if today.get(name) != number]
        said = f"the features were extracted with {', '.join(other)}, not what is installed"
        return (said,) if other else ()


class PrecomputedTransformer(TransformerMixin, BaseEstimator):
    """A step that returns features which were computed before, in the place of the one that extracts them.

    Its X is the row numbers of the clips.

    Parameters
    ----------
    rows : ndarray or Frames
        The features, one row per clip.
    """

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __sklearn_clone__(self) -> PrecomputedTransformer:
        return self  # a copy per fold would be a copy of all features

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> PrecomputedTransformer:
        """Do nothing."""
        return self

    def transform(self, X: np.ndarray) -> Any:
        """Return the rows of some clips."""
        return self.rows[np.asarray(X).ravel()]


def precompute_features(
    estimator: Any,
    clips: ClipTable,
    feature_set: str | FeatureSet | None = None,
    *,
    values: Values | None = None,
    n_jobs: int | None = None,
    array_backend: str | None = None,
    on_error: str = "raise",
    progress: Callable[[int], Any] | None = None,
) -> PrecomputedFeatures:
    """Extract the features of clips, and return them with what remains of the estimator behind them.

    Parameters
    ----------
    estimator : estimator
        A Pipeline whose first step is `ClipFeatures`, `FrameFeatures` or a FeatureUnion of such and of
        Pipelines that begin so; an estimator with a method `measure`, as `SegmentClassifier`; one of clip
        vectors; or one that hides `ClipFeatures` deeper, and gets the clips themselves.
    clips : ClipTable
        The clips.
    feature_set : str or FeatureSet, optional
        The features for an estimator of clip vectors; by default "classic30".
    values : Extraction, array or DataFrame, optional
        Clip vectors that are there already.
    n_jobs : int, optional
        Workers, where the step does not say.
    array_backend : str, optional
        As of `gtzanfeat.extract`, where the step does not say.
    on_error : {"raise", "skip"}, default="raise"
        Whether a clip that fails is an error, or left out.
    progress : callable, optional
        Called with the number of clips done since the last call, where clip vectors or frames are extracted.

    Returns
    -------
    PrecomputedFeatures
        One row per clip.

    Raises
    ------
    ClipError
        If a clip cannot be analysed and `on_error` is "raise".
    ValueError
        If `values` do not fit the clips or the estimator.
    """
    how: dict[str, Any] = {"n_jobs": n_jobs, "on_error": on_error, "progress": progress}
    how["array_backend"] = array_backend
    step = estimator[0] if isinstance(estimator, Pipeline) else None
    if isinstance(step, ClipFeatures):
        return _vectors(estimator[1:], clips, step, values, **how)
    if isinstance(step, FrameFeatures):
        _refuse(values, "learns from frames, not from values")
        return _frames(estimator[1:], clips, step, **how)
    if isinstance(step, FeatureUnion) and all(_extracts(part) for _, part in step.transformer_list):
        _refuse(values, "extracts several kinds of features itself")
        return _union(estimator, clips, **how)
    if array_backend is not None and _extracts_inside(estimator):
        raise ValueError("this estimator extracts features itself, inside; leave array_backend out")
    if hasattr(estimator, "measure"):
        _refuse(values, "learns from windows of recordings, not from values")
        rows = estimator.measure(clips.clips, on_error=on_error)
        return PrecomputedFeatures(estimator, rows, rows.failures, rows.spec.name, rows.spec.spec_hash)
    if _extracts_inside(estimator):
        _refuse(values, "extracts features itself, inside")
        return PrecomputedFeatures(estimator, clips.clips, (), "as the estimator chooses", None)
    wanted = ClipFeatures("classic30" if feature_set is None else feature_set)
    return _vectors(estimator, clips, wanted, values, **how, any_set=feature_set is None)


def _refuse(values: Values | None, why: str) -> None:
    if values is not None:
        raise ValueError(f"this estimator {why}; leave values out")


def _extracts_inside(estimator: Any) -> bool:
    """Whether an estimator extracts features in every fold: it learns from windows, or some part extracts."""
    parts = (estimator, *estimator.get_params().values())
    return any(isinstance(part, ClipFeatures | FrameFeatures) or hasattr(part, "measure") for part in parts)


def _extracts(part: Any) -> bool:
    """Whether a part of a union begins by extracting features."""
    return isinstance(part[0] if isinstance(part, Pipeline) else part, ClipFeatures | FrameFeatures)


def _vectors(
    model: Any,
    clips: ClipTable,
    step: ClipFeatures,
    values: Values | None,
    *,
    n_jobs: int | None,
    array_backend: str | None,
    on_error: str,
    progress: Callable[[int], Any] | None,
    any_set: bool = False,
) -> PrecomputedFeatures:
    backend = step.array_backend or array_backend
    if values is None:
        values = extract(
            clips.clips,
            step.feature_set,
            rate=step.rate,
            n_jobs=n_jobs if step.n_jobs is None else step.n_jobs,
            on_error="skip" if on_error == "skip" or step.on_error == "skip" else "raise",
            memory=step.memory,
            array_backend=backend,
            progress=progress,
        )
    given = values.values if isinstance(values, Extraction) else np.asarray(values)
    if not given.ndim or len(given) != len(clips):
        raise ValueError(f"values must have one row for each of the {len(clips)} clips")
    index = values.index if isinstance(values, pd.DataFrame) else None
    if index is not None and index.name == KEY and list(index) != list(clips.recordings):
        raise ValueError("values are by recording, but not in the order of the clips; see join_columns")
    if isinstance(values, Extraction):
        source, wanted = values.feature_set, find_feature_set(step.feature_set)
        if not any_set and wanted.spec_hash != source.spec_hash:
            raise ValueError(f"the estimator wants {wanted.name!r}, but values are {source.name!r}")
        return PrecomputedFeatures(
            model,
            values.values,
            values.failures,
            source.name,
            source.spec_hash,
            values.lost,
            values.versions,
            _named(values.array_backend),
        )
    if given.ndim != 2 or given.dtype.kind not in "biuf":
        raise ValueError(
            f"values must be a table of numbers, one row per clip, not {given.ndim}-D of type {given.dtype}"
        )
    broken = np.flatnonzero(~np.isfinite(given).all(axis=1))
    failures = tuple(Failure(int(i), clips.paths[i], "its values are not finite") for i in broken)
    if failures and on_error == "raise":
        raise ClipError(failures[0].source, failures[0].reason, "on_error='skip' leaves such clips out")
    return PrecomputedFeatures(model, given, failures, "values as given", None)


def _frames(
    model: Any,
    clips: ClipTable,
    step: FrameFeatures,
    *,
    n_jobs: int | None,
    array_backend: str | None,
    on_error: str,
    progress: Callable[[int], Any] | None,
) -> PrecomputedFeatures:
    chosen = frame_spec(step.features, step.framing, step.silence)
    backend = step.array_backend or array_backend
    frames, failures = extract_frames(
        clips.clips,
        chosen,
        rate=step.rate,
        n_jobs=n_jobs if step.n_jobs is None else step.n_jobs,
        on_error="skip" if on_error == "skip" or step.on_error == "skip" else "raise",
        memory=step.memory,
        array_backend=backend,
        progress=progress,
    )
    names = ", ".join(item.feature for item in chosen.items)
    named = _named("" if backend is None else find_backend(backend).version)
    return PrecomputedFeatures(model, frames, failures, f"frames of {names}", chosen.spec_hash, backend=named)


def _named(version: str) -> dict[str, str]:
    return {"array_backend": version} if version else {}


def _union(estimator: Pipeline, clips: ClipTable, **how: Any) -> PrecomputedFeatures:
    """Extract for each part of the union, and put the features in the place of its first step."""
    model = clone(estimator)
    parts, extracted = [], []
    for name, part in model[0].transformer_list:
        step = part[0] if isinstance(part, Pipeline) else part
        if isinstance(step, ClipFeatures):
            found = _vectors(None, clips, step, None, **how)
        else:
            found = _frames(None, clips, step, **how)
        recalled = PrecomputedTransformer(found.rows)
        rest = part.steps[1:] if isinstance(part, Pipeline) else []
        parts.append((name, Pipeline([("recall", recalled), *rest]) if rest else recalled))
        extracted.append(found)
    model[0].set_params(transformer_list=parts)
    failures = {failure.index: failure for found in extracted for failure in found.failures}
    return PrecomputedFeatures(
        model,
        np.arange(len(clips)),
        tuple(failures[index] for index in sorted(failures)),
        " + ".join(found.feature_set for found in extracted),
        "+".join(str(found.spec_hash) for found in extracted),
        backend=extracted[0].backend,
    )
