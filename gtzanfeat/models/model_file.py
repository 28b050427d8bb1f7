"""Models on disk: a fitted pipeline is saved with what is known of it, and loaded once it was checked.

What the file consists of is in `model_archive`, which types it may hold in `allowed_types`, the stored sound
that is heard again in `probe_sound`, and what the file says of the model in `model_record`.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from gtzanfeat.datasets import ClipTable
from gtzanfeat.datasets.clip_table import refuse_other_than_table
from gtzanfeat.errors import ModelError
from gtzanfeat.evaluation import Evaluation
from gtzanfeat.evaluation.systems import describe_estimator
from gtzanfeat.evaluation.tasks import OF_COLUMN, find_target
from gtzanfeat.feature_sets import FEATURE_SETS, feature_set
from gtzanfeat.models import model_archive as archive
from gtzanfeat.models import model_record as records
from gtzanfeat.models.allowed_types import dump_pipeline, load_pipeline
from gtzanfeat.models.contents import estimators_in, feature_specs, without_places
from gtzanfeat.models.joined_columns import JoinedColumns
from gtzanfeat.models.model_card import write_card
from gtzanfeat.models.model_record import ModelRecord
from gtzanfeat.models.probe_sound import compare_probes, hear_probe, probe_samples


class ModelVersionWarning(UserWarning):
    """Warning that a model was saved with other versions of the libraries, and passed all checks."""


def save_model(
    pipeline: Any,
    path: str | os.PathLike[str],
    *,
    clips: ClipTable | None = None,
    target: str = "label",
    evaluation: Evaluation | None = None,
    training_range: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> ModelRecord:
    """Save a fitted pipeline that predicts from recordings.

    The file is a zip: the pipeline in the format of skops, which is data and no program; a manifest with the
    features, the labels, the score, the versions and the checksums; a model card; and a probe, a short sound
    with what the model makes of it. No path of a recording is in it, no folder and no number of workers. It
    is written completely or not at all.

    Parameters
    ----------
    pipeline : estimator
        Fitted on recordings: a Pipeline that begins with `ClipFeatures` or `FrameFeatures`, a
        `SegmentClassifier`, or what `train` returns. It consists of estimators of this package and of
        scikit-learn.
    path : str or path
        The file, ``.gtz`` by custom.
    clips : ClipTable, optional
        The training clips, for fingerprint and card.
    target : str, default="label"
        Their column that it predicts.
    evaluation : Evaluation, optional
        What such a pipeline scores on them.
    training_range : mapping, optional
        What the training clips are like, in plain values.
    overwrite : bool, default=False
        Whether a file that is there is replaced.

    Returns
    -------
    ModelRecord
        What the file says of the model.

    Raises
    ------
    ModelError
        If the pipeline is not fitted, extracts nothing from recordings, holds something that may not be in a
        file, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from gtzanfeat import recipe
    >>> rng = np.random.default_rng(0)
    >>> sounds, names = rng.uniform(-1, 1, (6, 22050)), ["loud", "soft"] * 3
    >>> sounds[1::2] *= 0.01
    >>> model = recipe("knn1", "timbre19").fit(sounds, names)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     record = save_model(model, f"{folder}/model.gtz")
    ...     load_model(f"{folder}/model.gtz").predict(sounds[:2])
    array(['loud', 'soft'], dtype='<U4')
    >>> record.labels
    ('loud', 'soft')
    """
    file = Path(path)
    if clips is not None:
        refuse_other_than_table(clips)
    bare = _checked(pipeline)
    specs = feature_specs(bare)
    joined = [
        name for part in estimators_in(bare) if isinstance(part, JoinedColumns) for name in part.columns
    ]
    if not specs and not joined:
        raise ModelError(
            "the pipeline extracts nothing from recordings, so that it could predict none; put ClipFeatures "
            "(or FrameFeatures) before it and fit it on clips"
        )
    data = dump_pipeline(bare)
    samples = probe_samples()
    heard = hear_probe(bare, samples)
    compare_probes(heard, hear_probe(load_pipeline(data, file), samples), file, ("what is here", "the same"))
    task, labels = _task_and_labels(bare, clips, target, evaluation)
    code, versions = records.made_with()
    record = ModelRecord(
        task=task,
        target=target if evaluation is None else evaluation.target,
        labels=labels,
        estimator=describe_estimator(bare),
        feature_specs=tuple(specs),
        joined_columns=tuple(joined),
        code=code,
        versions=versions,
        created=records.now(),
        training=None if clips is None else records.describe_training(clips, target),
        fingerprint=None if clips is None else records.training_fingerprint(clips, target),
        evaluation=None if evaluation is None else records.describe_evaluation(evaluation),
        training_range=None if training_range is None else dict(training_range),
    )
    record = replace(record, card=write_card(record, file.name))
    stated = record.to_dict()
    members = {
        archive.PIPELINE: data,
        archive.CARD: stated.pop("card").encode(),
        archive.PROBE: (json.dumps(heard, indent=1) + "\n").encode(),
        archive.SOUND: samples.astype("<i2").tobytes(),
    }
    archive.write_archive(file, stated, members, overwrite)
    return record


def load_model(path: str | os.PathLike[str]) -> Any:
    """Return the fitted pipeline of a file that `save_model` wrote, once all of it was checked.

    The file is whole and unchanged; it holds no type that is not allowed, and no program; its feature sets
    mean here what they meant there; and the stored probe, heard anew, gives the same columns (to a
    thousandth) and the same decision.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    estimator
        With `predict`, `score` and, if the classifier gives them, `predict_proba`, all on recordings: paths,
        `Clip` objects or arrays. A model with joined columns takes what `join_columns` returns.

    Raises
    ------
    ModelError
        If one of the checks fails; it says which, and what to do.

    Warns
    -----
    ModelVersionWarning
        Once, if libraries have other versions than there, and every check was passed.

    See Also
    --------
    read_model : What the file says of the model, without building it.
    """
    file = Path(path)
    record, members = _read(file)
    for spec in record.feature_specs:
        _check_feature_set(file, spec, record)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # of each estimator; one is said below
        pipeline = load_pipeline(members[archive.PIPELINE], file)
    specs = [(spec["name"], spec["spec_hash"]) for spec in feature_specs(pipeline)]
    if specs != [(spec["name"], spec["spec_hash"]) for spec in record.feature_specs]:
        raise ModelError(
            f"{file}: its pipeline extracts {_names(specs)}, and its manifest says otherwise; get the "
            "file again"
        )
    if record.task == "single-label" and _labels_of(pipeline) != record.labels:
        raise ModelError(f"{file}: its pipeline has other labels than its manifest; get the file again")
    try:
        then, samples = json.loads(members[archive.PROBE]), np.frombuffer(members[archive.SOUND], dtype="<i2")
        now = hear_probe(pipeline, samples.astype(np.int16))
    except ModelError:
        raise
    except Exception as error:  # what attributes of other versions lead to, in as many ways
        raise ModelError(
            f"{file}: the model cannot predict with the libraries installed here ({type(error).__name__}: "
            f"{' '.join(str(error).split())}); it was made with {_versions(record)}: install these, or "
            "train it anew"
        ) from error
    code, here = records.made_with()
    compare_probes(then, now, file, (_versions(record), _words(code, here)))
    _warn_of_versions(file, record, here | {"gtzanfeat": code["version"]})
    return pipeline


def read_model(path: str | os.PathLike[str]) -> ModelRecord:
    """Return what a model file says of the model; the pipeline is not built.

    Parameters
    ----------
    path : str or path
        A file that `save_model` wrote.

    Returns
    -------
    ModelRecord
        Features, labels, scores, versions, card ...

    Raises
    ------
    ModelError
        If it is no model, or damaged.

    Examples
    --------
    >>> read_model("nowhere.gtz")
    Traceback (most recent call last):
    ...
    gtzanfeat.errors.ModelError: nowhere.gtz: there is no such file; check the path
    """
    return _read(Path(path))[0]


def _read(file: Path) -> tuple[ModelRecord, dict[str, bytes]]:
    stated, members = archive.read_archive(file)
    try:
        card = members[archive.CARD].decode()
        return ModelRecord.from_dict(stated | {"card": card}), members
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file}: its manifest lacks something ({error}); get the file again") from error


def _checked(pipeline: Any) -> Any:
    """Return a copy of a fitted pipeline, without places; raise ModelError if it is not fitted."""
    if isinstance(pipeline, type) or not hasattr(pipeline, "predict"):
        raise ModelError(f"{type(pipeline).__name__} is no estimator that predicts; give a fitted pipeline")
    try:
        check_is_fitted(pipeline)
    except NotFittedError as error:
        raise ModelError("the pipeline is not fitted yet; call fit, or train, and save it then") from error
    return without_places(pipeline)


def _last(pipeline: Any) -> Any:
    return pipeline[-1] if isinstance(pipeline, Pipeline) else pipeline


def _labels_of(pipeline: Any) -> tuple[str, ...]:
    return tuple(str(label) for label in getattr(_last(pipeline), "classes_", ()))


def _task_and_labels(
    pipeline: Any, clips: ClipTable | None, target: str, evaluation: Evaluation | None
) -> tuple[str, tuple[str, ...]]:
    """Return the task, and the classes or tags in the order in which the pipeline gives their scores."""
    last = _last(pipeline)
    if is_regressor(last):
        return "regression", ()
    if hasattr(last, "n_tags_") or (evaluation is not None and evaluation.task == "multi-label"):
        if evaluation is not None:
            return "multi-label", evaluation.labels
        if clips is not None and OF_COLUMN.get(target) == "multi-label":
            return "multi-label", find_target(clips, target).names
        return "multi-label", _labels_of(pipeline)
    return "single-label", _labels_of(pipeline)


def _check_feature_set(file: Path, spec: Mapping[str, Any], record: ModelRecord) -> None:
    """Raise ModelError if a feature set that the model names is unknown here, or is another."""
    name = spec.get("feature_set")
    if not spec["registered"] or name is None:
        return
    if name.partition("@")[0] not in FEATURE_SETS:
        raise ModelError(
            f"{file}: it was trained on the feature set {name!r}, which this version of gtzanfeat does not "
            f"know; it was made with {_versions(record)}: install this version"
        )
    here = feature_set(name).spec_hash
    if here != spec["set_hash"]:
        raise ModelError(
            f"{file}: the feature set {name!r} is another here (spec {here}) than the one it was trained on "
            f"({spec['set_hash']}, of {_versions(record)}), so that its columns mean something else; install "
            "that version, or train the model anew"
        )


def _names(specs: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({spec_hash})" for name, spec_hash in specs) or "nothing"


def _versions(record: ModelRecord) -> str:
    return _words(record.code, record.versions)


def _words(code: Mapping[str, str], versions: Mapping[str, str]) -> str:
    moving = ("python", "numpy", "scipy", "scikit-learn")
    return ", ".join([f"gtzanfeat {code['version']}", *(f"{name} {versions.get(name)}" for name in moving)])


def _warn_of_versions(file: Path, record: ModelRecord, here: Mapping[str, str]) -> None:
    there = record.versions | {"gtzanfeat": record.code["version"]}
    other = [
        f"{name} {there[name]} (here {here.get(name)})" for name in there if there[name] != here.get(name)
    ]
    other = [words for words in other if not words.startswith("python ")]
    if other:
        warnings.warn(
            f"{file}: it was saved with {', '.join(other)}; its columns and its decision about the stored "
            "probe are the same here",
            ModelVersionWarning,
            stacklevel=3,
        )
