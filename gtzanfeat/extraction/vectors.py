"""Clip vectors: a feature set of many clips as one matrix, with every failure on record.

What is computed is the feature set's business; what becomes of the numbers (Parquet, estimators) is for the
rooms above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat import feature_sets
from gtzanfeat.extraction.batches import BatchAnalyser, analyse, clip_analyser
from gtzanfeat.extraction.checkpoints import checkpoints
from gtzanfeat.extraction.parallel import Failure, list_of_clips
from gtzanfeat.feature_sets import FeatureSet


@dataclass(frozen=True, eq=False)
class Extraction:
    """A feature set of many clips: one row of numbers each.

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
        frame of that length) ... Of the sound: "band_limited_8000" (its own rate in Hz, below that of the
        analysis), "cancelled" (its channels cancel in their mean), "over_full_scale" (samples that were not
        scaled to [-1, 1]), "truncated" (the end of the file is missing).
    failures : tuple of Failure
        The clips that could not be analysed.
    lost : tuple of Failure, default=()
        The clips that failed before this was written to a table, which holds no row of them.
    versions : mapping of str to str, default={}
        With what it was computed, if that was said by a table and did not happen here.
    array_backend : str, default=""
        Name and version of the array backend that computed it, and the device: "cupy 14.2.0, NVIDIA H100".
    """

    feature_set: FeatureSet
    values: NDArray[np.float32]
    seconds: NDArray[np.float64]
    flags: tuple[str, ...]
    failures: tuple[Failure, ...]
    lost: tuple[Failure, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    array_backend: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of `values`."""
        return self.feature_set.columns

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Whether each clip was analysed: bool, (n_clips,)."""
        ok = np.ones(len(self.values), dtype=bool)
        ok[[failure.index for failure in self.failures]] = False
        return ok

    def select(self, rows: Any) -> Extraction:
        """Take some of the clips, as `ClipTable.select` does.

        Parameters
        ----------
        rows : array-like
            A mask of shape (n_clips,), or row numbers.

        Returns
        -------
        Extraction
            The chosen clips, in the order asked for; `lost` stays as it is.
        """
        numbers = np.arange(len(self.values))[np.asarray(rows)]
        known = {failure.index: failure for failure in self.failures}
        return replace(
            self,
            values=self.values[numbers],
            seconds=self.seconds[numbers],
            flags=tuple(self.flags[number] for number in numbers),
            failures=tuple(
                replace(known[number], index=i)
                for i, number in enumerate(numbers.tolist())
                if number in known
            ),
        )


def extract(
    clips: Sequence[Any] | NDArray[Any],
    feature_set: str | FeatureSet = "classic30",
    *,
    rate: int | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    array_backend: str | None = None,
    progress: Callable[[int], None] | None = None,
    checkpoint: Callable[[NDArray[np.intp], Extraction], None] | None = None,
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
    array_backend : {"cupy", "numpy"}, optional
        What analyses many clips at once: "cupy" a GPU, "numpy" the same code without one. Features that are
        not computed so are computed on the CPU, in the `n_jobs` threads that decode. The numbers agree with
        those of the CPU to the tolerances that the documentation states, and are not the same bits.
    progress : callable, optional
        Called with the number of clips just finished.
    checkpoint : callable, optional
        Called every two minutes with the numbers of the clips that are finished and with the `Extraction` of
        these, to be kept in case of a kill; once more if the extraction is broken off after that.

    Returns
    -------
    Extraction
        The matrix and what went with it.

    Raises
    ------
    ClipError
        If a clip cannot be analysed and `on_error` is "raise"; also `MissingClipError`.
    UnknownNameError
        If there is no such feature set or array backend.
    GtzanfeatError
        If an array backend cannot be used: there is no CuPy, or no GPU.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 22050))
    >>> extract(noise, "timbre19").values.shape
    (2, 19)
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; it can be 'raise' or 'skip'")
    chosen = feature_sets.feature_set(feature_set)
    numbered = list(enumerate(list_of_clips(clips)))
    values = np.full((len(numbered), len(chosen.columns)), np.nan, dtype=np.float32)
    seconds = np.full(len(numbered), np.nan)
    flags = [""] * len(numbered)
    failures: list[Failure] = []
    analyser = clip_analyser(
        chosen, chosen.vector, memory=memory, array_backend=array_backend, items=chosen.items
    )
    running = analyse(analyser, numbered, rate=rate, n_jobs=n_jobs, on_error=on_error, progress=progress)
    version = analyser.backend.version if isinstance(analyser, BatchAnalyser) else ""

    def so_far() -> Extraction:
        ordered = tuple(sorted(failures, key=lambda failure: failure.index))
        return Extraction(chosen, values, seconds, tuple(flags), ordered, array_backend=version)

    def hand_out(done: NDArray[np.intp]) -> None:
        if checkpoint is not None:
            checkpoint(done, so_far().select(done))

    with checkpoints(len(numbered), hand_out) as finished:
        for index, result in running:
            if isinstance(result, Failure):
                failures.append(result)
            else:
                values[index], seconds[index], flags[index] = result[0], result[1], str(result[2])
            finished(index)
    return so_far()
