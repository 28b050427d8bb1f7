"""Training: the estimator of an experiment, fitted to all of its clips as one pipeline.

What such an estimator scores is asked of the experiment; `model_file` saves the pipeline.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, Pipeline

from gtzanfeat.evaluation import Experiment
from gtzanfeat.evaluation.precomputation import PrecomputedTransformer
from gtzanfeat.evaluation.systems import system
from gtzanfeat.evaluation.tasks import OF_COLUMN
from gtzanfeat.extraction import Extraction
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.model_selection.group_routing import fit_grouped
from gtzanfeat.models.calibration import CalibratedClassifier, divide_lone_classes
from gtzanfeat.models.joined_columns import JoinedColumns
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

USUAL_SET = "classic30"


def train(experiment: Experiment, *, joined_to: FeatureSet | None = None) -> Any:
    """Fit the estimator of an experiment to all of its clips, those that every fold leaves out included.

    Features that the experiment has extracted are not extracted again. What is tuned or calibrated inside is
    divided by artists where they are known, or else by albums or songs; by songs for a class of one artist.

    Parameters
    ----------
    experiment : Experiment
        The estimator and the clips.
    joined_to : FeatureSet, optional
        Where the experiment has a table of `join_columns` as values: the features that are its first columns.

    Returns
    -------
    Pipeline or SegmentClassifier
        Fitted, from clips to predictions, to be given to `save_model`.

    Raises
    ------
    ProtocolError
        If the estimator cannot be fitted to these clips.

    See Also
    --------
    with_probabilities : Put calibration around a classifier that gives no probabilities.

    Examples
    --------
    >>> from gtzanfeat import ClipTable
    >>> frame = pd.DataFrame({"path": list("abcd"), "recording": list("abcd"), "label": ["x", "y"] * 2})
    >>> values = pd.DataFrame({"e_0": [0.0, 1.0, 0.1, 1.1]})
    >>> model = train(Experiment("knn1", ClipTable(frame, "four"), values=values, cv=2))
    >>> model.predict(values)
    array(['x', 'y', 'x', 'y'], dtype=object)
    """
    features, target = experiment.features, experiment.used_target
    known = np.flatnonzero(target.known)
    rows = features.rows[features.ok][known]
    truth = target.truth[known]
    groups, songs = (getattr(experiment.used_clips, name)[known] for name in ("groups", "songs"))
    if target.task.name == "single-label":
        groups, _ = divide_lone_classes(truth, groups, songs)
    fitted = fit_grouped(clone(features.model), rows, truth, groups)
    return _from_clips(experiment, fitted, joined_to)


def _from_clips(experiment: Experiment, fitted: Any, joined_to: FeatureSet | None) -> Any:
    """Return a fitted estimator behind what extracts its features."""
    model, values = experiment.model, experiment.values
    first = model[0] if isinstance(model, Pipeline) else None
    if isinstance(values, pd.DataFrame):
        names = [str(name) for name in values.columns]
        own = len(joined_to.columns) if joined_to is not None else 0
        return _behind(JoinedColumns(names[own:], joined_to), fitted)
    if isinstance(values, Extraction):
        return _behind(ClipFeatures(_by_name(values.feature_set)), fitted)
    if isinstance(first, ClipFeatures | FrameFeatures):
        return _behind(clone(first), fitted)
    if isinstance(first, FeatureUnion):
        _extract_again(first, fitted)
        return fitted
    if hasattr(model, "measure") or isinstance(experiment.features.rows, np.ndarray) is False:
        return fitted
    if experiment.features.rows.ndim != 2:
        return fitted  # it was given the clips themselves
    return _behind(ClipFeatures(experiment.feature_set or USUAL_SET), fitted)


def _by_name(chosen: FeatureSet) -> str | FeatureSet:
    """Return the name of a set that is known by it, or the set itself."""
    from gtzanfeat.errors import UnknownNameError
    from gtzanfeat.feature_sets import feature_set

    try:
        return chosen.name if feature_set(chosen.name).spec_hash == chosen.spec_hash else chosen
    except UnknownNameError:
        return chosen


def _behind(features: Any, fitted: Any) -> Pipeline:
    steps = fitted.steps if isinstance(fitted, Pipeline) else [("classify", fitted)]
    return Pipeline([("features", features), *steps])


def _extract_again(union: FeatureUnion, fitted: Pipeline) -> None:
    """Put the extracting steps of a union back to where their precomputed features were."""
    parts = []
    for (name, part), (_, original) in zip(fitted[0].transformer_list, union.transformer_list, strict=True):
        step, extracting = ((each[0] if isinstance(each, Pipeline) else each) for each in (part, original))
        assert isinstance(step, PrecomputedTransformer)
        rest = part.steps[1:] if isinstance(part, Pipeline) else []
        first = clone(extracting)
        parts.append((name, Pipeline([("extract", first), *rest]) if rest else first))
    fitted[0].transformer_list = parts


def with_probabilities(
    estimator: Any,
    target: str = "label",
    feature_set: str | FeatureSet | None = None,
    *,
    random_state: int = 0,
    memory: Any = None,
) -> Any:
    """Return an estimator of classes with calibration around it, if it gives no probabilities itself.

    Parameters
    ----------
    estimator : str or estimator
        As of `Experiment`.
    target : str, default="label"
        What it predicts; only classifiers of classes are calibrated.
    feature_set : str or FeatureSet, optional
        The features of a recipe that takes any.
    random_state : int, default=0
        Seed of the recipe, and of the inner folds of the calibration.
    memory : path or joblib.Memory, optional
        Where features of a recipe are kept.

    Returns
    -------
    str or estimator
        The same, or with everything that learns from features inside a `CalibratedClassifier`.

    Examples
    --------
    >>> list(with_probabilities("svm").named_steps)
    ['features', 'calibrate']
    >>> with_probabilities("knn3")
    'knn3'
    """
    if OF_COLUMN.get(target) != "single-label":
        return estimator
    model = estimator
    if isinstance(estimator, str):
        model = system(estimator, "single-label", feature_set, random_state=random_state, memory=memory)
    if isinstance(model, SegmentClassifier):
        inner = model._window_classifier()
        if hasattr(inner, "predict_proba"):
            return estimator
        return clone(model).set_params(estimator=CalibratedClassifier(inner, random_state=random_state))
    if hasattr(model, "predict_proba") or not hasattr(model, "decision_function"):
        return estimator
    if isinstance(model, Pipeline) and isinstance(model[0], ClipFeatures | FrameFeatures | FeatureUnion):
        rest = model[1:] if len(model) > 2 else model[-1]
        return Pipeline(
            [model.steps[0], ("calibrate", CalibratedClassifier(rest, random_state=random_state))]
        )
    return CalibratedClassifier(model, random_state=random_state)
