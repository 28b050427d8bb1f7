"""Batches of clips: decoded in threads, padded to one length, analysed together as arrays on a device.

Threads decode, and compute what is not computed from arrays, while a batch is on the device.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from gtzanfeat.array_backend import ArrayBackend
from gtzanfeat.array_backend import array_backend as find_backend
from gtzanfeat.audio import Clip, SoundProperties, blocks
from gtzanfeat.declarations import Request
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.analysis import Analysis, clip_flags
from gtzanfeat.extraction.array_analysis import ArrayAnalysis, is_summarised, on_arrays
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.parallel import (
    ClipAnalyser,
    analyse_clips,
    check_how,
    clip_at,
    effective_n_jobs,
    failure,
    named_error,
)
from gtzanfeat.feature_sets import FeatureItem
from gtzanfeat.progress import report_progress

SAMPLE_BYTES = 24  # of a clip in a batch, per sample: the samples, filtered, with edges, and the tracks
LOAD_SAMPLES = 1 << 26  # decoded before batches are made of them: 100 clips of 30 s
LOAD_CLIPS = 512
SHORTEST = 0.8  # of the longest clip of a batch: the rest of a row is padding


@dataclass
class Decoded:
    """A clip, decoded and not yet analysed on the device.

    Parameters
    ----------
    clip : Clip
        What was decoded.
    key : str or None
        Its key in the cache.
    samples : ndarray of shape (n_samples,)
        All of it, float32.
    results : dict
        Of the features that are computed on the CPU.
    remarks : tuple of str
        What the decoder says of the sound.
    sound : SoundProperties
        What the sound was before it was mixed and resampled.
    """

    clip: Clip
    key: str | None
    samples: np.ndarray
    results: dict[Any, np.ndarray]
    remarks: tuple[str, ...]
    sound: SoundProperties


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchAnalyser(ClipAnalyser):
    """Computes the features of many clips at once on an array backend, and the rest of them on the CPU.

    Parameters
    ----------
    requests : list of Request
        What is computed.
    rate : int
        Sample rate in Hz at which clips are analysed.
    arrange : callable
        Makes one array of the results of a clip.
    cache : Cache, optional
        Where results are kept and looked for.
    backend : ArrayBackend
        What computes it.
    items : sequence of FeatureItem
        Where summaries are wanted, and not tracks: the features of the requests with their summaries.
    """

    backend: ArrayBackend
    items: Sequence[FeatureItem] = ()

    @functools.cached_property
    def _distinct(self) -> list[Request]:
        return list({request.key: request for request in self.requests}.values())

    @functools.cached_property
    def _summarised(self) -> list[FeatureItem]:
        return [item for item in self.items if is_summarised(item, self.rate)]

    @functools.cached_property
    def _tracks(self) -> list[Request]:
        """What is computed and not summarised."""
        rest = [item.request for item in self.items if item not in self._summarised]
        return rest if self.items else self.requests

    @functools.cached_property
    def _arrays(self) -> ArrayAnalysis:
        tracks = [request for request in self._tracks if on_arrays(request, self.rate)]
        return ArrayAnalysis(tracks, self.rate, self.backend, self._summarised)

    @functools.cached_property
    def _on_cpu(self) -> Analysis | None:
        rest = [request for request in self._tracks if not on_arrays(request, self.rate)]
        return Analysis(rest, self.rate) if rest else None

    def decode(self, clip: Clip, key: str | None) -> Decoded:
        """Decode a clip, and compute on the CPU what is not computed from arrays.

        Parameters
        ----------
        clip : Clip
            The clip.
        key : str or None
            Its key in the cache.

        Returns
        -------
        Decoded
            All of its samples.

        Raises
        ------
        ClipError
            If it cannot be analysed.
        """
        reading = blocks(clip, self.rate)
        held = []
        if self._on_cpu is not None:
            self._on_cpu.reset()
        for block in reading:
            held.append(block.astype(np.float32))
            if self._on_cpu is not None:
                self._on_cpu.push(block)
        results = {} if self._on_cpu is None else self._on_cpu.finish()
        return Decoded(clip, key, np.concatenate(held), results, reading.flags, reading.sound)

    def batch(self, clips: Sequence[Decoded]) -> list[tuple[np.ndarray, ...] | ClipError]:
        """Return what `analyse` gives of each clip of a batch, or the error of one that fails.

        Parameters
        ----------
        clips : sequence of Decoded
            Of about the same length.

        Returns
        -------
        list of tuple of ndarray, or ClipError
            In their order.

        Raises
        ------
        MemoryError
            If they are too many for the memory of the device.
        """
        rows: list[tuple[np.ndarray, ...] | ClipError] = []
        for clip, computed in zip(clips, self._arrays.analyse([clip.samples for clip in clips]), strict=True):
            results = clip.results | computed
            n_samples, silent = len(clip.samples), not clip.samples.any()
            flags = clip_flags(self._distinct, results, n_samples, silent)
            try:
                row = self.arranged(clip.clip, results, n_samples, (*flags, *clip.remarks), clip.sound)
                rows.append(self.kept(clip.clip, clip.key, row))
            except ClipError as error:
                rows.append(error)
        return rows

    def _computed(self, clip: Clip) -> tuple[np.ndarray, ...]:
        row = _in_halves(self, [self.decode(clip, None)])[0]
        if isinstance(row, ClipError):
            raise row
        return row


class Specification(Protocol):
    """What is computed: a feature set, or a specification of frames."""

    @property
    def requests(self) -> list[Request]:
        """What an analysis needs to be given."""

    @property
    def rate(self) -> int:
        """Sample rate in Hz at which clips are analysed."""

    @property
    def spec_hash(self) -> str:
        """Hash of all that decides the numbers."""


def clip_analyser(
    spec: Specification,
    arrange: Callable[[Any], np.ndarray],
    *,
    memory: Any = None,
    array_backend: str | ArrayBackend | None = None,
    items: Sequence[FeatureItem] = (),
) -> ClipAnalyser:
    """Return what computes a specification, on the CPU or on an array backend.

    Parameters
    ----------
    spec : FeatureSet or FrameSpec
        What is computed.
    arrange : callable
        Makes one array of the results of a clip.
    memory : path or joblib.Memory, optional
        Where results are kept, those of each array backend apart.
    array_backend : str or ArrayBackend, optional
        As of `gtzanfeat.extract`.
    items : sequence of FeatureItem
        As of `BatchAnalyser`.

    Returns
    -------
    ClipAnalyser or BatchAnalyser
        For `analyse`.

    Raises
    ------
    GtzanfeatError
        If an array backend cannot be used, or the folder cannot hold a cache.
    """
    if array_backend is None:
        return ClipAnalyser(spec.requests, spec.rate, arrange, Cache.open(memory, spec.spec_hash))
    backend = find_backend(array_backend)
    cache = Cache.open(memory, spec.spec_hash, backend.version)
    return BatchAnalyser(spec.requests, spec.rate, arrange, cache, backend=backend, items=items)


def analyse(
    analyser: ClipAnalyser, numbered: Sequence[tuple[int, Any]], **how: Any
) -> Iterator[tuple[int, Any]]:
    """Return the results of `analyse_batches` or of `analyse_clips`, whichever is for this analyser."""
    if isinstance(analyser, BatchAnalyser):
        return analyse_batches(analyser, numbered, **how)
    return analyse_clips(analyser, numbered, **how)


def analyse_batches(
    analyser: BatchAnalyser,
    numbered: Sequence[tuple[int, Any]],
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Any]]:
    """Analyse clips in batches, and yield in order the number of each with what its analysis gives.

    Parameters
    ----------
    analyser : BatchAnalyser
        What is computed.
    numbered : sequence of (int, clip)
        The clips, each with its number.
    rate, on_error, progress
        As of `gtzanfeat.extract`.
    n_jobs : int, optional
        Number of threads that decode.

    Yields
    ------
    index : int
        The number of a clip.
    result : tuple of ndarray, or Failure
        The array, its seconds and its flags; a `Failure` with ``on_error="skip"``.
    """
    check_how(rate, on_error, numbered)
    own, sources = replace(analyser), dict(numbered)
    with (
        contextlib.closing(_loads(own, numbered, rate, effective_n_jobs(n_jobs))) as loads,
        report_progress("analysing", len(numbered)) as advance,
    ):
        for load in loads:
            for index, result in _analysed(own, load):
                if isinstance(result, ClipError):
                    error = named_error(result, sources[index], index)
                    if on_error == "raise":
                        raise error
                    yield index, failure(index, error)
                else:
                    yield index, result
            advance(len(load))
            if progress is not None:
                progress(len(load))


def _loads(
    analyser: BatchAnalyser, numbered: Sequence[tuple[int, Any]], rate: int | None, n_threads: int
) -> Generator[list[tuple[int, Any]], None, None]:
    """Yield decoded clips with their numbers, as many at a time as `LOAD_SAMPLES` and `LOAD_CLIPS` allow.

    As many clips as the last load had are decoded ahead: no more than two loads are in memory.
    """
    local = threading.local()

    def decoded(source: Any) -> Any:
        if not hasattr(local, "analyser"):
            local.analyser = replace(analyser)  # an analysis is for one thread
        try:
            clip = clip_at(source, rate)
            key, known = local.analyser.known(clip)
            return known if known is not None else local.analyser.decode(clip, key)
        except ClipError as error:
            return error

    waiting = iter(numbered)
    ahead: deque[tuple[int, Future[Any]]] = deque()
    n_ahead = 2 * n_threads
    with ThreadPoolExecutor(n_threads) as threads:
        try:
            while True:
                load: list[tuple[int, Any]] = []
                n_samples = 0
                while n_samples < LOAD_SAMPLES and len(load) < LOAD_CLIPS:
                    while len(ahead) < max(n_ahead, 1) and (following := next(waiting, None)) is not None:
                        ahead.append((following[0], threads.submit(decoded, following[1])))
                    if not ahead:
                        break
                    index, future = ahead.popleft()
                    result = future.result()
                    n_samples += len(result.samples) if isinstance(result, Decoded) else 0
                    load.append((index, result))
                if not load:
                    return
                n_ahead = max(len(load), n_threads)
                yield load
        finally:
            threads.shutdown(cancel_futures=True)


def _analysed(analyser: BatchAnalyser, load: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Analyse what has been decoded of a load, and return the results of all, in order."""
    results = dict(load)
    by_length = sorted(
        (index for index, result in load if isinstance(result, Decoded)),
        key=lambda index: len(results[index].samples),
        reverse=True,
    )
    while by_length:
        longest = len(results[by_length[0]].samples)
        most = max(1, analyser.backend.batch_bytes() // (SAMPLE_BYTES * longest))
        alike = [i for i in by_length[:most] if len(results[i].samples) >= SHORTEST * longest]
        by_length = by_length[len(alike) :]
        batch = [results[i] for i in alike]
        results.update(zip(alike, _in_halves(analyser, batch), strict=True))
    return list(results.items())


def _in_halves(analyser: BatchAnalyser, batch: list[Decoded]) -> list[tuple[np.ndarray, ...] | ClipError]:
    """Analyse a batch; where memory does not suffice, each half of it."""
    with contextlib.suppress(MemoryError):
        return analyser.batch(batch)
    analyser.backend.release()  # the arrays of the failed attempt, which its error held, are free only now
    if len(batch) == 1:
        reason = f"it does not fit into the memory of {analyser.backend.version}"
        return [ClipError(batch[0].clip, reason, "cut it into segments, or leave out array_backend (--gpu)")]
    middle = len(batch) // 2
    return [row for half in (batch[:middle], batch[middle:]) for row in _in_halves(analyser, half)]
