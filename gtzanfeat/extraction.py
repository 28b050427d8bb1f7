"""Extraction: one clip -> its vector, many clips -> a matrix, in parallel, with every failure on record.

Here decoding meets analysis and joblib. What is computed is the feature set's business; what becomes of the
numbers (arrays, Parquet, estimators) is for the rooms above.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import joblib
import numpy as np

from gtzanfeat.analysis import Analysis
from gtzanfeat.audio import as_clip, blocks
from gtzanfeat.errors import ClipError
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
    """

    feature_set: FeatureSet
    values: np.ndarray
    seconds: np.ndarray
    flags: tuple[str, ...]
    failures: tuple[Failure, ...]

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
        Sample rate in Hz of arrays that are not `Clip` objects; by default that of the set.
    n_jobs : int, optional
        Workers, as in joblib: None for one (or what ``joblib.parallel_config`` says), -1 for one per core.
        They are threads unless ``parallel_config`` names another backend. The numbers are the same bits
        for any choice.
    on_error : {"raise", "skip"}, default="raise"
        What to do with a clip that cannot be analysed: raise its error, or put it on record and go on.
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
    numbered = list(enumerate(clips))
    chunks = [numbered[start : start + CHUNK] for start in range(0, len(numbered), CHUNK)]
    # threads: decoding, transforms and kernels release the GIL, and nothing has to be copied
    parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    done = parallel(joblib.delayed(_chunk)(chunk, chosen, rate, on_error) for chunk in chunks)

    values = np.full((len(numbered), len(chosen.columns)), np.nan, dtype=np.float32)
    seconds = np.full(len(numbered), np.nan)
    flags = [""] * len(numbered)
    failures = []
    with contextlib.closing(done):
        for rows in done:
            for index, row in rows:
                if isinstance(row, ClipError):
                    failures.append(Failure(index, row.source, f"{row.reason}; {row.remedy}"))
                else:
                    values[index], seconds[index], flags[index] = row
            if progress is not None:
                progress(len(rows))
    return Extraction(chosen, values, seconds, tuple(flags), tuple(failures))


_find = feature_set  # the parameter of `extract` hides the name


def _chunk(
    clips: list[tuple[int, Any]], chosen: FeatureSet, rate: int | None, on_error: str
) -> list[tuple[int, Any]]:
    """Analyse some clips, one after the other, with one plan."""
    rows: list[tuple[int, Any]] = []
    analysis = Analysis(chosen.requests, chosen.rate)
    for index, source in clips:
        try:
            rows.append((index, _row(analysis, chosen, index, source, rate)))
        except ClipError as error:
            if on_error == "raise":
                raise
            rows.append((index, error))
    return rows


def _row(
    analysis: Analysis, chosen: FeatureSet, index: int, source: Any, rate: int | None
) -> tuple[np.ndarray, float, str]:
    analysis.reset()
    for block in _blocks(index, source, rate, chosen.rate):
        analysis.push(block)
    vector = chosen.vector(analysis.finish())
    return vector, analysis.n_samples / chosen.rate, " ".join(analysis.flags())


def _blocks(index: int, source: Any, rate: int | None, wanted: int) -> Iterator[np.ndarray]:
    """Blocks of a clip, in errors named by path or, for an array, by its place."""
    try:
        clip = as_clip(source)
        if clip.rate is None and isinstance(clip.source, np.ndarray):
            clip = replace(clip, rate=rate)
        yield from blocks(clip, wanted)
    except ClipError as error:
        if (
            isinstance(source, str)
            or hasattr(source, "__fspath__")
            or isinstance(getattr(source, "source", None), str)
        ):
            raise
        raise ClipError(f"clip {index}", error.reason, error.remedy) from error
