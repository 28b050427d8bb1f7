"""One row per window: the segments of a table of recordings as a table of clips with its extraction.

Each row names its recording, so that splits over recordings or artists remain possible. The classifier whose
rows are recordings is in `segment_classifier`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gtzanfeat.datasets.clip_table import ClipTable, refuse_other_than_table
from gtzanfeat.errors import DatasetError
from gtzanfeat.extraction import Extraction
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.segments.windows import SEGMENT_SECONDS, Segments, measure_segments, segment_spec


def segment_table(
    clips: ClipTable,
    feature_set: str | FeatureSet = "classic30",
    segment_seconds: float = SEGMENT_SECONDS,
    *,
    hop_seconds: float | None = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
    checkpoint: Callable[[ClipTable, Extraction], None] | None = None,
) -> tuple[ClipTable, Extraction]:
    """Extract the features of all windows of recordings, one row per window.

    Parameters
    ----------
    clips : ClipTable
        One row per recording, or windows of them.
    feature_set : str or FeatureSet, default="classic30"
        The features.
    segment_seconds : float, default=3
        Length of a window in seconds; a shorter recording is one window.
    hop_seconds : float, optional
        Seconds from the start of one window to that of the next; by default the length.
    n_jobs, on_error, memory, progress : optional
        As in `gtzanfeat.extract`. A recording skipped by ``on_error="skip"`` has no row.
    checkpoint : callable, optional
        Called every two minutes with what would be returned of the recordings that are done; once more if
        the extraction is broken off after that.

    Returns
    -------
    table : ClipTable
        The columns of `clips`, with ``offset`` and ``duration`` of the window, and ``start`` and ``end``, all
        in seconds of the recording.
    extraction : Extraction
        Feature vectors of these rows; recordings that failed are in ``lost``.

    Raises
    ------
    ClipError, UnknownNameError, ValueError
        As `measure_segments` and `segment_spec`.
    DatasetError
        If no recording can be analysed; or if windows of windows overlap so that two rows are the same.

    Examples
    --------
    >>> from gtzanfeat import evaluate, load_dataset, write_table
    >>> table, extraction = segment_table(load_dataset("genres"), "timbre19", 3.0)  # doctest: +SKIP
    >>> write_table(extraction, table, "segments.parquet")  # doctest: +SKIP
    PosixPath('segments.parquet')
    """
    refuse_other_than_table(clips)
    spec = segment_spec(feature_set, segment_seconds, hop_seconds)

    def hand_out(done: NDArray[np.intp], segments: Segments) -> None:
        if checkpoint is not None and segments.counts.any():
            checkpoint(*_flat(clips.select(done), segments))

    segments = measure_segments(
        clips.clips,
        spec,
        n_jobs=n_jobs,
        on_error=on_error,
        memory=memory,
        progress=progress,
        checkpoint=hand_out,
    )
    if not segments.counts.any():
        raise DatasetError(f"{clips.name}: none of {len(clips)} recordings can be analysed; check the files")
    return _flat(clips, segments)


def _flat(clips: ClipTable, segments: Segments) -> tuple[ClipTable, Extraction]:
    """Return a row per window, of recordings of which one has a window at least."""
    times = np.concatenate([segments.times(i) for i in range(len(segments))])
    values = np.concatenate(list(segments.matrices))
    flags = tuple(words for flags in segments.flags for words in flags)
    seconds = times[:, 1] - times[:, 0]
    extraction = Extraction(segments.spec.feature_set, values, seconds, flags, (), segments.failures)
    return replace(clips, frame=_window_rows(clips, segments, times)), extraction


def _window_rows(clips: ClipTable, segments: Segments, times: NDArray[np.float64]) -> pd.DataFrame:
    """Return the rows of `clips` repeated for each window, whose start and end times are (n_windows, 2)."""
    frame = clips.frame.iloc[np.repeat(np.arange(len(clips)), segments.counts)].reset_index(drop=True)
    if "offset" in frame:
        times = times + frame["offset"].fillna(0.0).to_numpy(dtype=np.float64)[:, None]
    frame = frame.assign(offset=times[:, 0], duration=times[:, 1] - times[:, 0])
    return frame.assign(start=times[:, 0], end=times[:, 1])
