"""Segments: the fixed-length windows of recordings and their feature vectors, each recording decoded once.

Learning from windows is in `segment_classifier`.
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
from numpy.typing import NDArray

from gtzanfeat.audio import Clip, blocks
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction import Failure, list_of_clips
from gtzanfeat.extraction.analysis_pool import idle_analysis
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.checkpoints import checkpoints
from gtzanfeat.extraction.parallel import ClipAnalyser, analyse_clips
from gtzanfeat.feature_sets import FeatureSet, feature_set

SEGMENT_SECONDS = 3.0


@dataclass(frozen=True)
class SegmentSpec:
    """Feature set of windows, with their length and hop.

    Window i covers samples [i·hop, i·hop + length), as a frame does: a shorter rest at the end is left out. A
    recording shorter than a window is one window.

    Parameters
    ----------
    feature_set : FeatureSet
        Features of each window.
    length, hop : int
        Length and hop in samples at the rate of the feature set.
    """

    feature_set: FeatureSet
    length: int
    hop: int

    @cached_property
    def spec_hash(self) -> str:
        """16 hexadecimal digits that identify the feature set with all parameters, the length and the hop."""
        words = f"{self.feature_set.spec_hash} in windows of {self.length} every {self.hop}"
        return hashlib.sha256(words.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """The feature set, length and hop in words."""
        rate = self.feature_set.rate
        words = f"{self.feature_set.name} of windows of {self.length / rate:g} s"
        return words if self.hop == self.length else f"{words} every {self.hop / rate:g} s"

    def times(self, n_windows: int, seconds: float) -> NDArray[np.float64]:
        """Return start and end of the windows of a recording in seconds.

        Parameters
        ----------
        n_windows : int
            Number of windows.
        seconds : float
            Length of the recording.

        Returns
        -------
        ndarray of shape (n_windows, 2), float64
            Start and end of each.
        """
        starts = np.arange(n_windows) * (self.hop / self.feature_set.rate)
        return np.stack([starts, np.minimum(starts + self.length / self.feature_set.rate, seconds)], axis=1)


def segment_spec(
    features: str | FeatureSet, segment_seconds: float, hop_seconds: float | None = None
) -> SegmentSpec:
    """Return the specification of windows whose length and hop are given in seconds.

    Parameters
    ----------
    features : str or FeatureSet
        The features.
    segment_seconds : float
        Length of a window.
    hop_seconds : float, optional
        Seconds from the start of one window to that of the next; by default the length.

    Returns
    -------
    SegmentSpec
        With length and hop in samples.

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
class Segments(Sequence[NDArray[np.float32]]):
    """Feature vectors of the windows of recordings: a sequence of one matrix per recording.

    An index gives the matrix of a recording, float32 (n_windows, n_columns); a slice, a list of indices or a
    mask gives the `Segments` of these recordings. A recording that failed has no windows.

    Parameters
    ----------
    spec : SegmentSpec
        Feature set, length and hop.
    matrices : ndarray of shape (n_recordings,), object
        Feature vectors of the windows of each recording, (n_windows, n_columns).
    seconds : ndarray of shape (n_recordings,), float64
        Length of each recording, counted while decoding; NaN for one that failed.
    flags : ndarray of shape (n_recordings,), object
        For each recording a tuple of the flags of each window, as in `Extraction.flags`.
    failures : tuple of Failure, default=()
        Recordings that could not be analysed; empty for a selection of recordings.
    """

    spec: SegmentSpec
    matrices: NDArray[np.object_]
    seconds: NDArray[np.float64]
    flags: NDArray[np.object_]
    failures: tuple[Failure, ...] = ()

    @property
    def shape(self) -> tuple[int]:
        """The shape (n_recordings,), by which scikit-learn treats the sequence as an array."""
        return (len(self),)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.spec.feature_set.columns

    @property
    def counts(self) -> NDArray[np.intp]:
        """The number of windows of each recording, int (n_recordings,)."""
        return np.array([len(matrix) for matrix in self.matrices], dtype=np.intp)

    def times(self, index: int) -> NDArray[np.float64]:
        """Return start and end of the windows of a recording.

        Parameters
        ----------
        index : int
            Which recording.

        Returns
        -------
        ndarray of shape (n_windows, 2), float64
            In seconds of the recording.
        """
        return self.spec.times(len(self.matrices[index]), float(self.seconds[index]))

    def __len__(self) -> int:
        return len(self.matrices)

    @overload
    def __getitem__(self, which: int) -> NDArray[np.float32]: ...
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
    clips: Sequence[Any] | NDArray[Any],
    spec: SegmentSpec,
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
    checkpoint: Callable[[NDArray[np.intp], Segments], None] | None = None,
) -> Segments:
    """Extract the features of all windows of recordings, each of which is decoded once.

    Parameters
    ----------
    clips : sequence of path, Clip or ndarray of shape (n_samples,)
        The recordings.
    spec : SegmentSpec
        From `segment_spec`.
    rate, n_jobs, on_error, memory, progress, checkpoint : optional
        As in `gtzanfeat.extract`, but that `checkpoint` is given `Segments`. A recording skipped by
        ``on_error="skip"`` has no windows.

    Returns
    -------
    Segments
        One matrix per recording, in the order given.

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
    analyser = segment_analyser(spec, memory)
    matrices, flags = np.empty(len(numbered), dtype=object), np.empty(len(numbered), dtype=object)
    seconds = np.full(len(numbered), np.nan)
    failures: list[Failure] = []
    running = analyse_clips(
        analyser, numbered, rate=rate, n_jobs=n_jobs, on_error=on_error, progress=progress
    )

    def so_far() -> Segments:
        ordered = tuple(sorted(failures, key=lambda failure: failure.index))
        return Segments(spec, matrices, seconds, flags, ordered)

    def hand_out(done: NDArray[np.intp]) -> None:
        if checkpoint is not None:
            segments = so_far()
            checkpoint(done, replace(segments[done], failures=segments.failures))

    with checkpoints(len(numbered), hand_out) as finished:
        for index, result in running:
            if isinstance(result, Failure):
                failures.append(result)
                matrices[index], flags[index] = np.zeros((0, len(chosen.columns)), dtype=np.float32), ()
            else:
                matrices[index], seconds[index] = result[0], result[1]
                flags[index] = tuple(str(result[2]).split("\n"))
            finished(index)
    return so_far()


def segment_analyser(spec: SegmentSpec, memory: Any = None) -> ClipAnalyser:
    """Return what analyses all windows of one recording after another.

    Parameters
    ----------
    spec : SegmentSpec
        Feature set, length and hop.
    memory : path or joblib.Memory, optional
        Where results are kept.

    Returns
    -------
    ClipAnalyser
        Its array is (n_windows, n_columns), its flags have a line per window.
    """
    chosen = spec.feature_set
    cache = Cache.open(memory, spec.spec_hash)
    return _SegmentAnalyser(chosen.requests, chosen.rate, chosen.vector, cache, spec.length, spec.hop)


@dataclass(frozen=True, eq=False)
class _SegmentAnalyser(ClipAnalyser):
    """Computes the features of one window after another of a clip that is decoded once."""

    length: int = 0
    hop: int = 0

    def _computed(self, clip: Clip) -> tuple[NDArray[Any], ...]:
        reading = blocks(clip, self.rate)
        n_samples = 0

        def counted() -> Iterator[NDArray[np.float32]]:
            nonlocal n_samples
            for block in reading:
                n_samples += len(block)
                yield block

        rows, flags = [], []
        with idle_analysis(self.requests, self.rate) as analysis:
            for window in cut_windows(counted(), self.length, self.hop):
                analysis.reset()
                analysis.push(window)
                rows.append(self.arrange(analysis.finish()))
                flags.append(list(analysis.flags()))
        values = np.stack(rows)
        if not np.isfinite(values).all():  # a kernel's mistake must not reach a classifier
            raise ClipError(clip, "its features are not finite", "please report it, with the clip if you can")
        words = [" ".join([*found, *reading.remarks]) for found in flags[:-1]]
        words.append(" ".join([*flags[-1], *reading.flags]))  # where the end of a truncated file is missing
        seconds, flags_of_all = np.array(n_samples / self.rate), np.array("\n".join(words))
        return values, seconds, flags_of_all, np.array(reading.sound)


def cut_windows(
    source: Iterator[NDArray[np.float32]], length: int, hop: int
) -> Iterator[NDArray[np.float32]]:
    """Yield the windows of a stream of sample blocks; no more than a block and a window are in memory.

    Parameters
    ----------
    source : iterator of ndarray
        Blocks of samples, of any sizes.
    length, hop : int
        Length and hop of the windows in samples.

    Yields
    ------
    ndarray of shape (length,)
        A window; all samples, if there are fewer.

    Examples
    --------
    >>> blocks = iter(np.split(np.arange(8), [3, 5]))
    >>> [window.tolist() for window in cut_windows(blocks, 4, 3)]
    [[0, 1, 2, 3], [3, 4, 5, 6]]
    """
    held: list[np.ndarray] = []
    n_held = n_yielded = skip = 0  # samples held; windows yielded; samples to skip before the next window
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
            n_yielded += 1
            start += hop
        skip = max(0, start - n_held)
        held = [samples[start:]]
        n_held = len(held[0])
    if n_yielded == 0 and n_held:
        yield np.concatenate(held)
