"""What a fitted pipeline holds: its estimators, and the specifications of the features that it extracts."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from gtzanfeat.extraction.frame_matrices import frame_spec
from gtzanfeat.feature_sets import FeatureSet, feature_set
from gtzanfeat.models.joined_columns import JoinedColumns
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.segments.windows import segment_spec
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

PLACES = ("memory", "n_jobs", "verbose")  # where and how fast an estimator runs is not what it is


def estimators_in(value: Any, seen: set[int] | None = None) -> Iterator[BaseEstimator]:
    """Yield every estimator that a value holds, however deep, and the value itself if it is one.

    Parameters
    ----------
    value : object
        An estimator, fitted or not, or a list, tuple, dict or array of such.
    seen : set of int, optional
        The identities of what was looked at already.

    Yields
    ------
    estimator
        Each once.
    """
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    inner: Any = ()
    if isinstance(value, BaseEstimator):
        yield value
        inner = vars(value).values()
    elif isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        inner = np.ravel(value) if isinstance(value, np.ndarray) else value
    for part in inner:
        yield from estimators_in(part, seen)


def without_places(pipeline: Any) -> Any:
    """Return a copy of a fitted pipeline without folders, numbers of workers and verbosity.

    Parameters
    ----------
    pipeline : estimator
        Fitted or not.

    Returns
    -------
    estimator
        A deep copy, as fitted.
    """
    bare = copy.deepcopy(pipeline)
    for estimator in estimators_in(bare):
        known = estimator.get_params(deep=False)
        for name in PLACES:
            if name in known:
                setattr(estimator, name, False if name == "verbose" else None)
    return bare


def feature_specs(pipeline: Any) -> list[dict[str, Any]]:
    """Return the specification of everything that a pipeline extracts from clips.

    Parameters
    ----------
    pipeline : estimator
        It holds `ClipFeatures`, `FrameFeatures`, a `SegmentClassifier` or `JoinedColumns` somewhere.

    Returns
    -------
    list of dict
        For each its ``kind`` ("clips", "frames" or "windows"), ``name``, ``spec_hash``, ``rate`` in Hz and
        ``columns``; for sets of features also ``spec``, all parameters, and ``registered``, whether it is
        known by its name.
    """
    specs: dict[tuple[str, str], dict[str, Any]] = {}
    for part in estimators_in(pipeline):
        found = _spec(part)
        if found is not None:
            specs.setdefault((found["kind"], found["spec_hash"]), found)
    return list(specs.values())


def _spec(part: Any) -> dict[str, Any] | None:
    if isinstance(part, ClipFeatures) or (isinstance(part, JoinedColumns) and part.feature_set is not None):
        return {"kind": "clips", **_set_spec(part.feature_set)}
    if isinstance(part, FrameFeatures):
        frames = frame_spec(part.features, part.framing, part.silence)
        names = ", ".join(item.feature for item in frames.items)
        return {
            "kind": "frames",
            "name": f"frames of {names}",
            "spec_hash": frames.spec_hash,
            "rate": frames.rate,
            "columns": list(frames.columns),
            "registered": False,
        }
    if isinstance(part, SegmentClassifier):
        windows = segment_spec(part.feature_set, part.segment_seconds, part.hop_seconds)
        of_set = _set_spec(part.feature_set)
        return {"kind": "windows", **of_set, "name": windows.name, "spec_hash": windows.spec_hash}
    return None


def _set_spec(given: str | FeatureSet | None) -> dict[str, Any]:
    assert given is not None
    chosen = feature_set(given)
    return {
        "name": chosen.name,
        "feature_set": chosen.name,
        "set_hash": chosen.spec_hash,
        "spec_hash": chosen.spec_hash,
        "rate": chosen.rate,
        "columns": list(chosen.columns),
        "spec": chosen.spec_json,
        "registered": isinstance(given, str),
    }
