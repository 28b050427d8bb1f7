"""Many clips at once: each is analysed in one of several workers, or found in the cache.

Here decoding meets analysis and joblib. What is computed is said by a `ClipAnalyser`; what becomes of the
arrays is the caller's business.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gtzanfeat.audio import Clip, SoundProperties, as_clip, blocks, is_clip
from gtzanfeat.declarations import Request
from gtzanfeat.errors import ClipError
from gtzanfeat.extraction.analysis_pool import idle_analysis, keep_one
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.long_tracks import TrackFileError
from gtzanfeat.jit import compiling_in_parallel
from gtzanfeat.progress import needs_joblib, ordered_results, report_progress

CLIPS_PER_TASK = 8  # at most: enough work to outweigh handing it over
LEAST_TASKS = 4  # per worker, where there are clips for them: few clips are shared out evenly, too


@dataclass(frozen=True)
class Failure:
    """A clip that could not be analysed.

    Parameters
    ----------
    index : int
        Its place among the clips.
    source : str
        Its path, or words that name the array.
    reason : str
        Why it could not be analysed, and what to do.
    """

    index: int
    source: str
    reason: str


def failure(index: int, error: ClipError) -> Failure:
    """Return the record of a clip that could not be analysed.

    Parameters
    ----------
    index : int
        Its place among the clips.
    error : ClipError
        Why not.

    Returns
    -------
    Failure
        With the words of the error.
    """
    return Failure(index, error.source, f"{error.reason}; {error.remedy}")


def list_of_clips(clips: Any) -> list[Any]:
    """Return the clips of a list, array or Series, or of a table with nothing but one column of them.

    Parameters
    ----------
    clips : sequence
        Paths, `Clip` objects or 1-D arrays of samples; or a 2-D array with one clip per row.

    Returns
    -------
    list
        The clips as they are, none of them opened.

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
    one = is_clip(clips)
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


@dataclass(frozen=True, eq=False)
class ClipAnalyser:
    """Computes the features of one clip after another, or takes them from a cache.

    Parameters
    ----------
    requests : list of Request
        What an analysis is asked for.
    rate : int
        Sample rate in Hz at which clips are analysed.
    arrange : callable
        Makes one array of what `Analysis.finish` gives.
    cache : Cache, optional
        Where results are kept and looked for.
    """

    requests: list[Request]
    rate: int
    arrange: Callable[[Any], np.ndarray]
    cache: Cache | None = None

    def analyse(self, source: Any, index: int, rate: int | None = None) -> tuple[np.ndarray, ...]:
        """Return the array of a clip, its length in seconds, its flags, and what its sound was.

        Parameters
        ----------
        source : path, Clip or ndarray
            The clip.
        index : int
            Its number, by which an array is named where it fails.
        rate : int, optional
            Sample rate in Hz of an array that does not say its own.

        Returns
        -------
        values, seconds, flags, sound : ndarray
            What `arrange` gives, a float and a str as arrays without dimensions, and the four numbers of
            `gtzanfeat.audio.SoundProperties`.

        Raises
        ------
        ClipError
            If it cannot be analysed.
        """
        try:
            clip = clip_at(source, rate)
            key, known = self.known(clip)
            if known is not None:
                return known
            try:
                return self.kept(clip, key, self._computed(clip))
            except TrackFileError as error:
                raise ClipError(clip, error.reason, error.remedy) from error
        except ClipError as error:
            named = named_error(error, source, index)
            if named is error:
                raise
            raise named from error

    def known(self, clip: Clip) -> tuple[str | None, tuple[np.ndarray, ...] | None]:
        """Return the key of a clip in the cache, and what is there; None and None without a cache.

        Parameters
        ----------
        clip : Clip
            What is to be analysed.

        Returns
        -------
        key : str or None
            None also for what cannot be read.
        arrays : tuple of ndarray, or None
            As of `analyse`.
        """
        key = None if self.cache is None else self.cache.key(clip)
        return key, None if self.cache is None or key is None else self.cache.get(key)

    def kept(self, clip: Clip, key: str | None, computed: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Keep what was computed, unless the file has changed since its key was made, and return it.

        Parameters
        ----------
        clip : Clip
            What was analysed.
        key : str or None
            From `known`.
        computed : tuple of ndarray
            As of `analyse`.

        Returns
        -------
        tuple of ndarray
            The same.
        """
        if self.cache is not None and key is not None and self.cache.key(clip) == key:
            self.cache.put(key, *computed)
        return computed

    def _computed(self, clip: Clip) -> tuple[np.ndarray, ...]:
        with idle_analysis(self.requests, self.rate) as analysis:
            reading = blocks(clip, self.rate)
            for block in reading:
                analysis.push(block)
            results = analysis.finish()
            flags = (*analysis.flags(), *reading.flags)
            return self.arranged(clip, results, analysis.n_samples, flags, reading.sound)

    def arranged(
        self,
        clip: Clip,
        results: Mapping[Any, np.ndarray],
        n_samples: int,
        flags: Sequence[str],
        sound: SoundProperties,
    ) -> tuple[np.ndarray, ...]:
        """Return what `analyse` gives of the results of an analysis.

        Parameters
        ----------
        clip : Clip
            What was analysed.
        results : mapping
            What `arrange` takes.
        n_samples : int
            How many samples there were.
        flags : sequence of str
            What to know of the clip.
        sound : SoundProperties
            What it was before it was mixed and resampled.

        Returns
        -------
        values, seconds, flags, sound : ndarray
            As of `analyse`.

        Raises
        ------
        ClipError
            If a value is not finite.
        """
        values = self.arrange(results)
        if not np.isfinite(values).all():  # a kernel's mistake must not reach a table
            raise ClipError(clip, "its features are not finite", "please report it, with the clip if you can")
        return values, np.array(n_samples / self.rate), np.array(" ".join(flags)), np.array(sound)


def clip_at(source: Any, rate: int | None) -> Clip:
    """Return a clip, whose rate in Hz is `rate` if it is an array that does not say its own."""
    clip = as_clip(source)
    return replace(clip, rate=rate) if clip.rate is None and not clip.is_file else clip


def named_error(error: ClipError, source: Any, index: int) -> ClipError:
    """Return the error of a clip, named by its number if it is no file."""
    if isinstance(getattr(source, "source", source), str | os.PathLike):
        return error
    return ClipError(f"clip {index}", error.reason, error.remedy)


def analyse_clips(
    analyser: ClipAnalyser,
    numbered: Sequence[tuple[int, Any]],
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Any]]:
    """Analyse clips in parallel, and yield the number of each with what `ClipAnalyser.analyse` gives.

    They come in order; but where there is a cache, in any: processes that are given the same clips at the
    same time (a grid search) then find each other's results instead of going side by side.

    Parameters
    ----------
    analyser : ClipAnalyser
        What is computed.
    numbered : sequence of (int, clip)
        The clips, each with its number.
    rate, n_jobs, on_error, progress
        As of `gtzanfeat.extract`.

    Yields
    ------
    index : int
        The number of a clip.
    result : tuple of ndarray, or Failure
        What `ClipAnalyser.analyse` returns; a `Failure` with ``on_error="skip"``.
    """
    check_how(rate, on_error, numbered)
    n_workers = effective_n_jobs(n_jobs)
    n_each = CLIPS_PER_TASK
    if n_workers > 1:
        n_each = max(1, min(n_each, len(numbered) // (LEAST_TASKS * n_workers)))
    tasks = [numbered[start : start + n_each] for start in range(0, len(numbered), n_each)]
    if analyser.cache is not None:
        tasks = [tasks[i] for i in np.random.default_rng().permutation(len(tasks))]
    work = functools.partial(_analyse_task, analyser, rate=rate, on_error=on_error)
    try:
        with report_progress("analysing", len(numbered)) as advance, in_workers(work, tasks, n_jobs) as done:
            for rows in done:
                yield from rows
                advance(len(rows))
                if progress is not None:
                    progress(len(rows))
    finally:
        keep_one()


@contextlib.contextmanager
def in_workers(
    work: Callable[[Any], Any], tasks: Iterable[Any], n_jobs: int | None
) -> Iterator[Iterable[Any]]:
    """Do tasks in the workers of joblib; what is not done at the end of the context is given up.

    Parameters
    ----------
    work : callable
        ``work(task)``.
    tasks : iterable
        What to call it with.
    n_jobs : int or None
        As of `gtzanfeat.extract`.

    Yields
    ------
    iterable
        The result of each task, in their order.
    """
    if not needs_joblib(n_jobs):
        yield map(work, tasks)
        return
    import joblib

    # threads: decoding, transforms and kernels release the GIL, and nothing has to be copied
    calls = (joblib.delayed(work)(task) for task in tasks)
    with contextlib.closing(ordered_results(calls, n_jobs, prefer="threads")) as done:
        yield done


def effective_n_jobs(n_jobs: int | None) -> int:
    """Return how many workers there are.

    Parameters
    ----------
    n_jobs : int or None
        As of `gtzanfeat.extract`.

    Returns
    -------
    int
        What joblib says, as it is configured.
    """
    if not needs_joblib(n_jobs):
        return 1
    import joblib

    return int(joblib.effective_n_jobs(n_jobs))


def check_how(rate: int | None, on_error: str, numbered: Sequence[tuple[int, Any]]) -> None:
    """Refuse an unknown `on_error`, and a rate of arrays where there are none: it would change nothing."""
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; it can be 'raise' or 'skip'")
    if rate is not None and numbered and all(_is_file(clip) for _, clip in numbered):
        raise ClipError(
            "the list of clips",
            f"rate={rate} is that of arrays, but these are files, which know their own",
            f"leave it out; to analyse them at that rate, take feature_set(...).at({rate})",
        )


def _is_file(clip: Any) -> bool:
    source = getattr(clip, "source", clip)
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def _analyse_task(
    analyser: ClipAnalyser, clips: Sequence[tuple[int, Any]], *, rate: int | None, on_error: str
) -> list[tuple[int, Any]]:
    """Analyse some clips, one after the other."""
    rows: list[tuple[int, Any]] = []
    with compiling_in_parallel(functools.partial(_analyse_noise, replace(analyser, cache=None))):
        for index, source in clips:
            try:
                rows.append((index, analyser.analyse(source, index, rate)))
            except ClipError as error:
                if on_error == "raise":
                    raise
                rows.append((index, failure(index, error)))
    return rows


def _analyse_noise(analyser: ClipAnalyser) -> None:
    """Call whatever kernels an analysis calls, with arguments of the types that they get of any clip."""
    noise = np.random.default_rng(0).uniform(-1.0, 1.0, 200_000)  # more than a block, and several frames
    analyser.analyse(noise.astype(np.float32), 0, analyser.rate)
