"""Recordings cut into windows, one vector of a feature set per window, each recording decoded once.

What a window is worth to a classifier, and how windows decide, does not belong here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any, overload

import numpy as np

from gtzanfeat.audio import Clip, blocks
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import Failure, list_of_clips
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.parallel import ClipAnalyser, analyse_clips
from gtzanfeat.feature_sets import FeatureSet, feature_set

SECONDS = 3.0


@dataclass(frozen=True)
class SegmentSpec:
    """What is measured, and of which windows.

    Window i covers samples [i·hop, i·hop + length), as a frame does: what is left at the end and is shorter
    than a window is not heard. A recording shorter than a window is one window, all of it.

    Parameters
    ----------
    feature_set : FeatureSet
        What is measured of each window.
    length, hop : int
        In samples at the rate of the set.
    """

    feature_set: FeatureSet
    length: int
    hop: int

    @cached_property
    def spec_hash(self) -> str:
        """16 hexadecimal digits that stand for everything that decides the numbers."""
        words = f"{self.feature_set.spec_hash} in windows of {self.length} every {self.hop}"
        return hashlib.sha256(words.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """In words: the set, length and hop."""
        rate = self.feature_set.rate
        words = f"{self.feature_set.name} of windows of {self.length / rate:g} s"
        return words if self.hop == self.length else f"{words} every {self.hop / rate:g} s"

    def times(self, n_windows: int, seconds: float) -> np.ndarray:
        """Start and end of windows in seconds, (n_windows, 2), in a recording of some length."""
        starts = np.arange(n_windows) * (self.hop / self.feature_set.rate)
        return np.stack([starts, np.minimum(starts + self.length / self.feature_set.rate, seconds)], axis=1)


def segment_spec(
    features: str | FeatureSet, segment_seconds: float, hop_seconds: float | None = None
) -> SegmentSpec:
    """Check what is asked for, and put it in samples.

    Parameters
    ----------
    features : str or FeatureSet
        What to measure.
    segment_seconds : float
        Length of a window.
    hop_seconds : float, optional
        From the start of one to that of the next; by default their length.

    Returns
    -------
    SegmentSpec

    Raises
    ------
    UnknownNameError
        If there is no such feature set.
    ValueError
        If a length is not a number of seconds, or is shorter than a sample.

    Examples
    --------
    >>> segment_spec("timbre19", 3.0, 1.5).name
    'timbre19 of windows of 3 s every 1.5 s'
    """
    chosen = feature_set(features)
    hop_seconds = segment_seconds if hop_seconds is None else hop_seconds
    for name, seconds in (("segment_seconds", segment_seconds), ("hop_seconds", hop_seconds)):
        if not (isinstance(seconds, Real) and 1 / chosen.rate <= seconds < math.inf):
            raise ValueError(f"{name} is {seconds!r}; give seconds, more than 0")
    return SegmentSpec(chosen, round(segment_seconds * chosen.rate), round(hop_seconds * chosen.rate))


@dataclass(frozen=True, eq=False)
class Segments(Sequence[np.ndarray]):
    """The windows of recordings as vectors, one matrix per recording.

    An index gives the matrix of a recording, float32 (n_windows, n_columns); a slice, a list of indices or a
    mask gives `Segments` of these recordings. A recording that failed has no windows.

    Parameters
    ----------
    spec : SegmentSpec
        What was measured.
    matrices : ndarray of shape (n_recordings,), object
        The vectors of each recording.
    seconds : ndarray of shape (n_recordings,), float64
        Length of each recording, counted while decoding; NaN for one that failed.
    flags : ndarray of shape (n_recordings,), object
        For each recording a tuple of what to know of each window, as `Extraction.flags`.
    failures : tuple of Failure, default=()
        The recordings that could not be analysed; only of what `measure_segments` gave, not of parts of it.
    """

    spec: SegmentSpec
    matrices: np.ndarray
    seconds: np.ndarray
    flags: np.ndarray
    failures: tuple[Failure, ...] = ()

    @property
    def shape(self) -> tuple[int]:
        """(n_recordings,), as of an array of objects: scikit-learn counts and selects by it."""
        return (len(self),)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.spec.feature_set.columns

    @property
    def counts(self) -> np.ndarray:
        """Windows of each recording, int (n_recordings,)."""
        return np.array([len(matrix) for matrix in self.matrices], dtype=np.intp)

    def times(self, index: int) -> np.ndarray:
        """Start and end of the windows of a recording in seconds, (n_windows, 2)."""
        return self.spec.times(len(self.matrices[index]), float(self.seconds[index]))

    def __len__(self) -> int:
        return len(self.matrices)

    @overload
    def __getitem__(self, which: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, which: Any) -> Any: ...
    def __getitem__(self, which: Any) -> Any:
        chosen = np.arange(len(self))[which]
        if not chosen.ndim:
            return self.matrices[chosen]
        parts = {name: getattr(self, name)[chosen] for name in ("matrices", "seconds", "flags")}
        return replace(self, **parts, failures=())

    def __repr__(self) -> str:
        return f"<{self.counts.sum()} windows of {len(self)} recordings>"


def measure_segments(
    clips: Sequence[Any] | np.ndarray,
    spec: SegmentSpec,
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
) -> Segments:
    """Measure all windows of recordings; each recording is decoded once.

    Parameters
    ----------
    clips, rate, n_jobs, on_error, memory, progress
        As of `gtzanfeat.extract`.
    spec : SegmentSpec
        From `segment_spec`.

    Returns
    -------
    Segments

    Raises
    ------
    ClipError
        If a recording cannot be analysed and `on_error` is "raise".

    Examples
    --------
    >>> noise = np.random.default_rng(0).uniform(-1, 1, 22050 * 2)
    >>> segments = measure_segments([noise], segment_spec("timbre19", 1.0, 0.5))
    >>> segments[0].shape, segments.times(0)[-1].tolist()
    ((3, 19), [1.0, 2.0])
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; it can be 'raise' or 'skip'")
    numbered = list(enumerate(list_of_clips(clips)))
    chosen = spec.feature_set
    cache = Cache.open(memory, spec.spec_hash)
    analyser = _SegmentAnalyser(chosen.requests, chosen.rate, chosen.vector, cache, spec.length, spec.hop)
    matrices, flags = np.empty(len(numbered), dtype=object), np.empty(len(numbered), dtype=object)
    seconds = np.full(len(numbered), np.nan)
    failures = []
    running = analyse_clips(
        analyser, numbered, rate=rate, n_jobs=n_jobs, on_error=on_error, progress=progress
    )
    for index, result in running:
        if isinstance(result, Failure):
            failures.append(result)
            matrices[index], flags[index] = np.zeros((0, len(chosen.columns)), dtype=np.float32), ()
        else:
            matrices[index], seconds[index] = result[0], result[1]
            flags[index] = tuple(str(result[2]).split("\n"))
    failures.sort(key=lambda failure: failure.index)
    return Segments(spec, matrices, seconds, flags, tuple(failures))


@dataclass(frozen=True, eq=False)
class _SegmentAnalyser(ClipAnalyser):
    """Computes the features of one window after another of a clip that is decoded once."""

    length: int = 0
    hop: int = 0

    def _computed(self, clip: Clip) -> tuple[np.ndarray, ...]:
        analysis = self._analysis
        n_samples = 0

        def counted() -> Iterator[np.ndarray]:
            nonlocal n_samples
            for block in blocks(clip, self.rate):
                n_samples += len(block)
                yield block

        rows, flags = [], []
        for window in cut_windows(counted(), self.length, self.hop):
            analysis.reset()
            analysis.push(window)
            rows.append(self.arrange(analysis.finish()))
            flags.append(" ".join(analysis.flags()))
        values = np.stack(rows)
        if not np.isfinite(values).all():  # a kernel's mistake must not reach a classifier
            raise ClipError(clip, "its features are not finite", "please report it, with the clip if you can")
        return values, np.array(n_samples / self.rate), np.array("\n".join(flags))


def cut_windows(source: Iterator[np.ndarray], length: int, hop: int) -> Iterator[np.ndarray]:
    """Cut a stream of sample blocks, of any sizes, into windows; no more than a block and a window is held.

    Examples
    --------
    >>> blocks = iter(np.split(np.arange(8), [3, 5]))
    >>> [window.tolist() for window in cut_windows(blocks, 4, 3)]
    [[0, 1, 2, 3], [3, 4, 5, 6]]
    """
    held: list[np.ndarray] = []
    n_held = n_given = skip = 0  # samples held; windows given; samples still to pass over before the next
    for block in source:
        passed = min(skip, len(block))
        skip -= passed
        held.append(block[passed:])
        n_held += len(block) - passed
        if n_held < length:
            continue
        samples = np.concatenate(held)
        start = 0
        while start + length <= n_held:
            yield samples[start : start + length]
            n_given += 1
            start += hop
        skip = max(0, start - n_held)
        held = [samples[start:]]
        n_held = len(held[0])
    if n_given == 0 and n_held:
        yield np.concatenate(held)
