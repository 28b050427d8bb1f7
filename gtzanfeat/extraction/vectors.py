"""Extraction: one clip -> its vector, many clips -> a matrix, in parallel, with every failure on record.

Here decoding meets analysis and joblib. What is computed is the feature set's business; what becomes of the
numbers (arrays, Parquet, estimators) is for the rooms above.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import joblib
import numpy as np

from gtzanfeat.audio import Clip, as_clip, blocks
from gtzanfeat.declarations import Request
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.feature_sets import FeatureSet, feature_set

CHUNK = 8  # clips per task: enough work to outweigh handing it over, little enough to share it out evenly


@dataclass(frozen=True)
class Failure:
    """A clip that could not be analysed: its place among the clips, what it was, and why not."""

    index: int
    source: str
    reason: str


@dataclass(frozen=True, eq=False)
class Extraction:
    """What `extract` gives.

    Parameters
    ----------
    feature_set : FeatureSet
        What was computed.
    values : ndarray of shape (n_clips, n_columns), float32
        One row per clip, in the order given; the row of a failed clip is NaN.
    seconds : ndarray of shape (n_clips,), float64
        Length of what was analysed, counted while decoding; NaN for a failed clip.
    flags : tuple of str
        Per clip, what to know of it, space-separated: "silent", "no_beat", "padded_65536" (shorter than a
        frame of that length) ...
    failures : tuple of Failure
        The clips that could not be analysed.
    lost : tuple of Failure, default=()
        The clips that failed before this was written to a table, which holds no row of them.
    versions : mapping of str to str, default={}
        With what it was computed, if that was said by a table and did not happen here.
    """

    feature_set: FeatureSet
    values: np.ndarray
    seconds: np.ndarray
    flags: tuple[str, ...]
    failures: tuple[Failure, ...]
    lost: tuple[Failure, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of `values`."""
        return self.feature_set.columns

    @property
    def ok(self) -> np.ndarray:
        """Which clips were analysed: bool, (n_clips,)."""
        ok = np.ones(len(self.values), dtype=bool)
        ok[[failure.index for failure in self.failures]] = False
        return ok


def extract(
    clips: Sequence[Any] | np.ndarray,
    feature_set: str | FeatureSet = "classic30",
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
) -> Extraction:
    """Compute a feature set for many clips.

    Parameters
    ----------
    clips : sequence
        Paths, `Clip` objects or 1-D arrays of samples; or a 2-D array with one clip per row.
    feature_set : str or FeatureSet, default="classic30"
        What to compute.
    rate : int, optional
        Sample rate in Hz of arrays, and of a `Clip` of an array without a rate; by default that of the set.
    n_jobs : int, optional
        Workers, as in joblib: None for one (or what ``joblib.parallel_config`` says), -1 for one per core.
        They are threads unless ``parallel_config`` names another backend. The numbers are the same bits
        for any choice.
    on_error : {"raise", "skip"}, default="raise"
        What to do with a clip that cannot be analysed: raise its error, or put it on record and go on.
    memory : path or joblib.Memory, optional
        A folder where results are kept, so that a clip of the same content is not decoded and analysed again
        for the same set, here or in any other process or run. The numbers are the same bits with or without.
    progress : callable, optional
        Called with the number of clips just finished.

    Returns
    -------
    Extraction
        The matrix and what went with it.

    Raises
    ------
    ClipError
        If a clip cannot be analysed and `on_error` is "raise"; also `MissingClipError`.
    UnknownNameError
        If there is no such feature set.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 22050))
    >>> extract(noise, "timbre19").values.shape
    (2, 19)
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; it can be 'raise' or 'skip'")
    chosen = _find(feature_set)
    numbered = list(enumerate(list_of_clips(clips)))
    values = np.full((len(numbered), len(chosen.columns)), np.nan, dtype=np.float32)
    seconds = np.full(len(numbered), np.nan)
    flags = [""] * len(numbered)
    failures = []
    cache = Cache.open(memory, chosen.spec_hash)
    listener = Listener(chosen.requests, chosen.rate, chosen.vector, cache)
    for index, heard in hear_all(listener, numbered, rate, n_jobs, on_error, progress):
        if isinstance(heard, Failure):
            failures.append(heard)
        else:
            values[index], seconds[index], flags[index] = heard[0], heard[1], str(heard[2])
    failures.sort(key=lambda failure: failure.index)
    return Extraction(chosen, values, seconds, tuple(flags), tuple(failures))


_find = feature_set  # the parameter of `extract` hides the name


def list_of_clips(clips: Any) -> list[Any]:
    """The clips of a list, array or Series, or of a table with nothing but one column of them.

    Raises
    ------
    ClipError
        If `clips` is one clip, or a table of more.

    Examples
    --------
    >>> import pandas as pd
    >>> list_of_clips(pd.DataFrame({"path": ["a.wav", "b.wav"]}))
    ['a.wav', 'b.wav']
    """
    one = isinstance(clips, str | bytes | os.PathLike | Clip | io.IOBase | Mapping)
    values = clips.to_numpy() if hasattr(clips, "to_numpy") else clips
    if isinstance(values, np.ndarray):
        samples = values.ndim == 1 and values.dtype.kind in "fiub" and values.size > 0
        one = one or samples or values.ndim == 0
        if values.ndim == 2 and values.dtype.kind in "OUT":
            if values.shape[1] != 1:
                reason = f"it is a table of {values.shape[1]} columns"
                raise ClipError("the list of clips", reason, "give the column that holds the paths")
            values = values[:, 0]
    if one or not isinstance(values, Iterable):
        kind = "one clip" if one else f"a {type(clips).__name__}"
        raise ClipError("the list of clips", f"it is {kind}", "give a list, even of one: [clip]")
    return list(values)


def hear_all(
    listener: Listener,
    numbered: Sequence[tuple[int, Any]],
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yield the number of each clip and what was heard in it, or its `Failure`.

    In order; but where there is a cache, in any: processes that are given the same clips at the same time
    (a grid search) then meet each other's results instead of going side by side.
    """
    chunks = [numbered[start : start + CHUNK] for start in range(0, len(numbered), CHUNK)]
    if listener.cache is not None:
        chunks = [chunks[i] for i in np.random.default_rng().permutation(len(chunks))]
    # threads: decoding, transforms and kernels release the GIL, and nothing has to be copied
    try:
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    except ValueError:  # a backend of the user's choice that can only give everything at the end
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads")
    done = parallel(joblib.delayed(_chunk)(listener, chunk, rate, on_error) for chunk in chunks)
    with contextlib.closing(done) if hasattr(done, "close") else contextlib.nullcontext():
        for rows in done:
            yield from rows
            if progress is not None:
                progress(len(rows))


def _chunk(
    listener: Listener, clips: Sequence[tuple[int, Any]], rate: int | None, on_error: str
) -> list[tuple[int, Any]]:
    """Analyse some clips, one after the other, with one plan."""
    rows: list[tuple[int, Any]] = []
    own = replace(listener)  # a plan is for one thread
    for index, source in clips:
        try:
            rows.append((index, own.hear(source, index, rate)))
        except ClipError as error:
            if on_error == "raise":
                raise
            rows.append((index, Failure(index, error.source, f"{error.reason}; {error.remedy}")))
    return rows


@dataclass(frozen=True, eq=False)
class Listener:
    """One plan of analysis, for one clip after another, and the cache that spares it.

    Parameters
    ----------
    requests : list of Request
        What an analysis is asked for.
    rate : int
        Sample rate in Hz at which clips are analysed.
    arrange : callable
        Makes one array of what `Analysis.finish` gives.
    cache : Cache or None
        What has been heard before.
    """

    requests: list[Request]
    rate: int
    arrange: Callable[[Any], np.ndarray]
    cache: Cache | None = None

    @functools.cached_property
    def _analysis(self) -> Analysis:
        return Analysis(self.requests, self.rate)  # planned only if something is new

    def hear(self, source: Any, index: int, rate: int | None = None) -> tuple[np.ndarray, ...]:
        """Analyse a clip, or remember it: the array, its length in seconds, and its flags.

        Raises
        ------
        ClipError
            If it cannot be analysed, named by its path or, for an array, by its `index`.
        """
        try:
            clip = as_clip(source)
            if clip.rate is None and not clip.is_file:
                clip = replace(clip, rate=rate)
            return self._recall(clip)
        except ClipError as error:
            if isinstance(getattr(source, "source", source), str | os.PathLike):
                raise
            raise ClipError(f"clip {index}", error.reason, error.remedy) from error

    def _recall(self, clip: Clip) -> tuple[np.ndarray, ...]:
        if self.cache is None:
            return self._listen(clip)
        key = self.cache.key(clip)
        known = None if key is None else self.cache.get(key)
        if known is not None:
            return known
        heard = self._listen(clip)
        if key is not None and self.cache.key(clip) == key:  # the file did not change meanwhile
            self.cache.put(key, *heard)
        return heard

    def _listen(self, clip: Clip) -> tuple[np.ndarray, ...]:
        analysis = self._analysis
        analysis.reset()
        reading = blocks(clip, self.rate)
        for block in reading:
            analysis.push(block)
        values = self.arrange(analysis.finish())
        if not np.isfinite(values).all():  # a kernel's mistake must not reach a table
            raise ClipError(clip, "its features are not finite", "please report it, with the clip if you can")
        seconds = analysis.n_samples / self.rate
        return values, np.array(seconds), np.array(" ".join([*analysis.flags(), *reading.flags]))
