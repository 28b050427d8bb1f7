"""Decisions while sound arrives: one for each window, as soon as its last sample is there.

Windows are cut as those of recordings are, and measured by the same code, so that the columns are the same
bits as offline. Which samples arrive is the business of `gtzanfeat.audio.live_sound`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gtzanfeat.audio import Clip
from gtzanfeat.audio.live_sound import LiveSound
from gtzanfeat.errors import ClipError, ParameterError
from gtzanfeat.extraction.parallel import ClipAnalyser
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureSet, feature_set
from gtzanfeat.models.predictor import Predictor, open_predictor
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.segments.windows import SEGMENT_SECONDS, cut_windows
from gtzanfeat.transformers import ClipFeatures


@dataclass(frozen=True)
class Decision:
    """What is known of one window of a stream.

    Parameters
    ----------
    start, end : float
        Where it is in the stream, in seconds.
    latency : float
        Seconds of sound that had arrived after `end` when the decision could be made: what the resampler
        holds back, and the rest of the block that brought the last sample. The time that computing took is
        not in it.
    columns : dict of str to float
        The features of the window; empty for a model that learns from frames, or from windows of another
        length.
    flags : tuple of str
        As of `gtzanfeat.Extraction`: "silent" ...
    label : str, tuple of str, float or None, default=None
        The class; or the tags; or the number; None without a model.
    probabilities : dict of str to float, optional
        Of each class or tag; None if the model gives none.
    """

    start: float
    end: float
    latency: float
    columns: dict[str, float]
    flags: tuple[str, ...]
    label: Any = None
    probabilities: dict[str, float] | None = None


def stream(
    blocks: Iterable[Any],
    rate: int,
    model: Any = "classic30",
    *,
    window: float | None = None,
    hop: float | None = None,
) -> Iterator[Decision]:
    """Yield a decision, or the features, for every window of sound that arrives.

    Window i covers the seconds from i · `hop` to i · `hop` + `window`. A shorter rest is left out when the
    stream ends; a stream shorter than a window is one window. Samples and columns are the same bits as of a
    file of the same sound that is cut into such windows, whatever the sizes of the blocks. A decision is
    yielded as soon as the last sample of its window has arrived, and no more than a window and a block is
    held, however long the stream lasts.

    Parameters
    ----------
    blocks : iterable of array-like
        Samples as they arrive, in blocks of any sizes, of shape (n,) or (n, n_channels): floating point in
        [-1, 1] or integer PCM.
    rate : int
        Their sample rate in Hz. Another than that of the features is changed.
    model : str, FeatureSet, path or estimator, default="classic30"
        The name of a feature set, or one: features alone. The path of a file that `save_model` wrote, or a
        fitted pipeline: decisions.
    window : float, optional
        Length of a window in seconds; by default that of a `SegmentClassifier`, or 3. ``math.inf`` is the
        whole stream, one decision when it ends; all of it is then held, as of an array.
    hop : float, optional
        Seconds from one window to the next; by default the length of a window.

    Returns
    -------
    iterator of Decision
        In the order of time, each given as soon as it can be made.

    Raises
    ------
    ClipError
        When it is met: a block that holds NaN or infinity, or is no sound; a stream of no samples. All
        decisions about the sound before it have been yielded.
    ParameterError
        If a length is not a number of seconds.
    ModelError
        If the file cannot be loaded.
    UnknownNameError
        If there is no feature set of the name.

    See Also
    --------
    gtzanfeat.predict : Decisions about recordings.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> blocks = (rng.uniform(-1, 1, 5000) for _ in range(20))
    >>> for decision in stream(blocks, 22050, "timbre19", window=2.0, hop=1.0):
    ...     print(decision.start, decision.end, round(decision.latency, 3), len(decision.columns))
    0.0 2.0 0.041 19
    1.0 3.0 0.175 19
    2.0 4.0 0.082 19
    """
    listener = _listener(model)
    if window is None:
        window = SEGMENT_SECONDS if listener.predictor is None else usual_window(listener.predictor)
    hop = window if hop is None else hop
    length, step = (_samples(name, s, listener.rate) for name, s in (("window", window), ("hop", hop)))
    return _decisions(LiveSound(blocks, rate, listener.rate), listener, length, step)


def usual_window(predictor: Predictor) -> float:
    """Return the length in seconds of the windows of a stream, where none is asked for.

    Parameters
    ----------
    predictor : Predictor
        The model.

    Returns
    -------
    float
        That of the windows that it learnt from, or 3.
    """
    if isinstance(predictor.first, SegmentClassifier):
        return float(predictor.first.segment_seconds)
    return SEGMENT_SECONDS


def _samples(name: str, seconds: float, rate: int) -> int:
    if seconds == math.inf:
        return sys.maxsize
    if not (isinstance(seconds, int | float) and seconds * rate >= 1):
        raise ParameterError(f"{name} is {seconds!r}; give seconds, more than 0")
    return round(seconds * rate)


def _decisions(live: LiveSound, listener: _Listener, length: int, step: int) -> Iterator[Decision]:
    for number, samples in enumerate(cut_windows(live, length, step)):
        start = number * step / listener.rate
        end = start + len(samples) / listener.rate
        latency = max(0.0, live.seconds_received - end)
        try:
            yield listener.decide(samples, start, end, latency, live.remarks)
        except ClipError as error:
            raise ClipError(f"the stream from {start:g} s", error.reason, error.remedy) from error


def _listener(model: Any) -> _Listener:
    """Return what listens to windows: a feature set, or a model."""
    if isinstance(model, FeatureSet) or (isinstance(model, str) and model.partition("@")[0] in FEATURE_SETS):
        return _Listener(feature_set(model))
    if isinstance(model, str) and not model.endswith(".gtz") and "/" not in model:
        from pathlib import Path

        if not Path(model).exists():
            feature_set(model)  # which says what there is
    predictor = open_predictor(model)
    first = predictor.first
    vector = isinstance(first, ClipFeatures)
    return _Listener(feature_set(first.feature_set) if vector else None, predictor)


class _Listener:
    """Computes the columns of one window after another, and asks a model about them."""

    def __init__(self, features: FeatureSet | None, predictor: Predictor | None = None) -> None:
        self.predictor = predictor
        self._analyser: ClipAnalyser | None = None
        self._columns: tuple[str, ...] = ()
        if features is not None:
            self.rate = features.rate
            self._analyser = ClipAnalyser(features.requests, features.rate, features.vector)
            self._columns = features.columns
        else:
            assert predictor is not None
            self.rate = predictor.rate

    def decide(
        self, samples: np.ndarray, start: float, end: float, latency: float, remarks: tuple[str, ...]
    ) -> Decision:
        clip = Clip(samples, rate=self.rate)
        columns: dict[str, float] = {}
        if self._analyser is not None:
            values, _, words, _ = self._analyser.analyse(clip, 0)
            flags = (*str(words).split(), *remarks)
            columns = dict(zip(self._columns, values.tolist(), strict=True))
            if self.predictor is None:
                return Decision(start, end, latency, columns, flags)
            features = self.predictor.pass_on(values[None])
        else:
            assert self.predictor is not None
            measured = self.predictor.measure([clip], on_error="raise")
            features, flags = measured.features, (*measured.flags[0].split(), *remarks)
            if isinstance(self.predictor.first, SegmentClassifier) and len(features[0]) == 1:
                columns = dict(zip(measured.columns, features[0][0].tolist(), strict=True))
        answers = self.predictor.answer(features)
        probabilities = None
        if answers.probabilities is not None:
            probabilities = dict(zip(self.predictor.labels, answers.probabilities[0].tolist(), strict=True))
        return Decision(start, end, latency, columns, flags, answers.predicted[0], probabilities)
