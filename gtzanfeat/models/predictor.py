"""A fitted pipeline, asked in two steps: features of clips, then answers about them.

The steps are apart so that a clip is analysed once for its label, its probabilities and its columns, and so
that one that fails does not take the others with it.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_regressor
from sklearn.pipeline import Pipeline

from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import Failure, extract
from gtzanfeat.extraction.frame_matrices import frame_spec
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.transformers import ClipFeatures, FrameFeatures


@dataclass(frozen=True, eq=False)
class Measured:
    """What a pipeline extracts from clips.

    Parameters
    ----------
    features : object
        One row per clip that did not fail: what the rest of the pipeline takes; None if there is none.
    ok : ndarray of shape (n_clips,), bool
        Which did not fail.
    values : ndarray of shape (n_clips, n_columns), float32, or None
        The columns, if the pipeline learns from columns; of windows their mean; NaN for a clip that failed.
    columns : tuple of str
        Their names.
    flags : tuple of str
        As of `gtzanfeat.Extraction`, for each clip.
    failures : tuple of Failure
        The clips that could not be analysed.
    """

    features: Any
    ok: NDArray[np.bool_]
    values: NDArray[np.float32] | None
    columns: tuple[str, ...]
    flags: tuple[str, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a pipeline says of clips.

    Parameters
    ----------
    predicted : list
        Of each clip the label, the tuple of its tags, or a number.
    probabilities : ndarray of shape (n_clips, n_labels), or None
        In the order of the labels of the model; None if it gives none.
    """

    predicted: list[Any]
    probabilities: NDArray[np.float64] | None


@dataclass(eq=False)
class Predictor:
    """A fitted pipeline and what is known of it.

    Parameters
    ----------
    pipeline : estimator
        Fitted on clips.
    record : ModelRecord, optional
        What its file says, if it comes from one.
    task : str
        "single-label", "multi-label" or "regression".
    labels : tuple of str
        Classes or tags in the order of probabilities.

    See Also
    --------
    open_predictor : Make one of a pipeline or a file.
    """

    pipeline: Any
    record: Any = None
    task: str = field(init=False)
    labels: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        last = self.pipeline[-1] if isinstance(self.pipeline, Pipeline) else self.pipeline
        self.task = "single-label"
        if is_regressor(last):
            self.task = "regression"
        elif hasattr(last, "n_tags_"):
            self.task = "multi-label"
        self.labels = tuple(map(str, getattr(last, "classes_", ())))
        if self.record is not None:
            self.task, self.labels = self.record.task, tuple(self.record.labels) or self.labels

    @property
    def first(self) -> Any:
        """The step that is given clips."""
        return self.pipeline[0] if isinstance(self.pipeline, Pipeline) else self.pipeline

    @property
    def rate(self) -> int:
        """The sample rate in Hz at which clips are analysed."""
        return _rate(self.first)

    @property
    def has_probabilities(self) -> bool:
        """Whether answers come with probabilities."""
        return hasattr(self.pipeline, "predict_proba")

    def measure(
        self, clips: Sequence[Any], *, on_error: str = "skip", n_jobs: int | None = None, memory: Any = None
    ) -> Measured:
        """Extract from clips what the pipeline learnt from.

        Parameters
        ----------
        clips : sequence of path, Clip or ndarray
            At least one.
        on_error : {"skip", "raise"}, default="skip"
            Whether a clip that cannot be analysed is put on record, or raises its error.
        n_jobs, memory : optional
            As of `gtzanfeat.extract`.

        Returns
        -------
        Measured
            One row per clip.

        Raises
        ------
        ClipError
            If a clip cannot be analysed and `on_error` is "raise".
        """
        first = self.first
        if isinstance(first, ClipFeatures):
            found = extract(
                clips, first.feature_set, rate=first.rate, n_jobs=n_jobs, on_error=on_error, memory=memory
            )
            rows = self.pass_on(found.values[found.ok]) if found.ok.any() else None
            return Measured(rows, found.ok, found.values, found.columns, found.flags, found.failures)
        if isinstance(first, SegmentClassifier):
            own = copy.copy(first).set_params(n_jobs=n_jobs, memory=memory)
            segments = own.measure(clips, on_error)
            ok = segments.counts > 0
            values = np.full((len(segments), len(segments.columns)), np.nan, dtype=np.float32)
            for row, matrix in zip(values, segments.matrices, strict=True):
                if len(matrix):
                    row[:] = matrix.mean(axis=0)
            flags = tuple(" ".join(dict.fromkeys(" ".join(each).split())) for each in segments.flags)
            return Measured(segments[ok], ok, values, segments.columns, flags, segments.failures)
        return self._measure_any(clips, on_error, n_jobs, memory)

    def _measure_any(self, clips: Sequence[Any], on_error: str, n_jobs: int | None, memory: Any) -> Measured:
        """Extract with whatever stands first; if that fails, find out which clips it is."""
        first = self.first
        if isinstance(first, FrameFeatures):
            first = clone(first).set_params(n_jobs=n_jobs, memory=memory, on_error="raise")
        failures: list[Failure] = []
        try:
            rows = self.pass_on(first.transform(list(clips)))
        except ClipError:
            if on_error == "raise":
                raise
            for index, clip in enumerate(clips):
                try:
                    first.transform([clip])
                except ClipError as error:
                    failures.append(Failure(index, error.source, f"{error.reason}; {error.remedy}"))
            failed = {failure.index for failure in failures}
            left = [clip for index, clip in enumerate(clips) if index not in failed]
            rows = self.pass_on(first.transform(left)) if left else None
        ok = np.ones(len(clips), dtype=bool)
        ok[[failure.index for failure in failures]] = False
        return Measured(rows, ok, None, (), ("",) * len(clips), tuple(failures))

    def pass_on(self, rows: Any) -> Any:
        """Pass what the first step gives through all others but the last.

        Parameters
        ----------
        rows : object
            One row, or matrix of frames, per clip.

        Returns
        -------
        object
            What the last step takes.
        """
        for _, step in self.pipeline.steps[1:-1]:
            if step is not None and step != "passthrough":
                rows = step.transform(rows)
        return rows

    def answer(self, features: Any) -> Answers:
        """Return what the last step says.

        Parameters
        ----------
        features : object
            From `measure`; None for no clips.

        Returns
        -------
        Answers
            One for each clip.
        """
        if features is None or not len(features):
            return Answers([], np.empty((0, len(self.labels))) if self.has_probabilities else None)
        last = self.pipeline[-1] if isinstance(self.pipeline, Pipeline) else self.pipeline
        given = np.asarray(last.predict(features))
        probabilities = None
        if self.has_probabilities:
            probabilities = np.asarray(last.predict_proba(features), dtype=np.float64)
        if self.task == "multi-label":
            names = np.array(self.labels, dtype=object)
            return Answers([tuple(names[row.astype(bool)]) for row in given], probabilities)
        if self.task == "regression":
            return Answers([float(number) for number in given.ravel()], None)
        return Answers([str(label) for label in given], probabilities)


def open_predictor(model: Any) -> Predictor:
    """Return a predictor of a fitted pipeline or of a file that holds one.

    Parameters
    ----------
    model : estimator, path or Predictor
        Fitted on clips; a file as `gtzanfeat.save_model` writes it.

    Returns
    -------
    Predictor
        The pipeline, and its record if it comes from a file.

    Raises
    ------
    ModelError
        If the file cannot be loaded.
    """
    if isinstance(model, Predictor):
        return model
    if isinstance(model, str | os.PathLike):
        from gtzanfeat.models.model_file import load_model, read_model

        return Predictor(load_model(model), read_model(model))
    return Predictor(model)


def _rate(first: Any) -> int:
    if isinstance(first, FrameFeatures):
        return int(frame_spec(first.features, first.framing, first.silence).rate)
    if getattr(first, "feature_set", None) is not None:
        return int(feature_set(first.feature_set).rate)
    if hasattr(first, "transformer_list"):  # several at once, of which each resamples for itself
        return max(
            _rate(part[0] if isinstance(part, Pipeline) else part) for _, part in first.transformer_list
        )
    return 22050
