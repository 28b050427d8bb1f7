"""The windows of recordings as a flat table, for those who want one row per window.

Such a table still says which recording a row is of, so that whatever divides it keeps recordings whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import DatasetError
from gtzanfeat.extraction import Extraction
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.segments.windows import SECONDS, measure_segments, segment_spec


def segment_table(
    clips: ClipTable,
    feature_set: str | FeatureSet = "classic30",
    segment_seconds: float = SECONDS,
    hop_seconds: float | None = None,
    *,
    n_jobs: int | None = None,
    on_error: str = "raise",
    memory: Any = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[ClipTable, Extraction]:
    """Measure all windows of the recordings of a table, one row per window.

    What comes back goes where any table and its extraction go: `write_table`, and `evaluate`, whose protocols
    give all windows of a recording (or of an artist) to the same side.

    Parameters
    ----------
    clips : ClipTable
        One row per recording, or windows of them.
    feature_set : str or FeatureSet, default="classic30"
        What to measure.
    segment_seconds : float, default=3
        Length of a window; a shorter recording is one window.
    hop_seconds : float, optional
        From the start of one to that of the next; by default their length.
    n_jobs, on_error, memory, progress
        As of `gtzanfeat.extract`.

    Returns
    -------
    table : ClipTable
        One row per window: the columns of `clips`, with ``offset`` and ``duration`` those of the window in
        its recording, and the same as ``start`` and ``end``. All in seconds.
    extraction : Extraction
        The vectors of these rows; in ``lost``, the recordings that failed, which have no row.

    Raises
    ------
    ClipError
        If a recording cannot be analysed and `on_error` is "raise".
    DatasetError
        If none can, so that there would be no row; or if windows of windows overlap so that two rows begin
        at the same place.
    UnknownNameError, ValueError
        As `segment_spec`.

    Examples
    --------
    >>> from gtzanfeat import evaluate, load_dataset, write_table
    >>> table, extraction = segment_table(load_dataset("genres"), "timbre19", 3.0)  # doctest: +SKIP
    >>> write_table(extraction, table, "segments.parquet")  # doctest: +SKIP
    PosixPath('segments.parquet')
    """
    spec = segment_spec(feature_set, segment_seconds, hop_seconds)
    segments = measure_segments(
        clips.clips, spec, n_jobs=n_jobs, on_error=on_error, memory=memory, progress=progress
    )
    counts = segments.counts
    if not counts.any():
        raise DatasetError(f"{clips.name}: none of {len(clips)} recordings can be analysed; check the files")
    row = np.repeat(np.arange(len(clips)), counts)
    times = np.concatenate([segments.times(i) for i in range(len(segments))])
    frame = clips.frame.iloc[row].reset_index(drop=True)
    if "offset" in frame:
        times = times + frame["offset"].fillna(0.0).to_numpy(dtype=np.float64)[:, None]
    frame = frame.assign(offset=times[:, 0], duration=times[:, 1] - times[:, 0])
    frame = frame.assign(start=times[:, 0], end=times[:, 1])
    extraction = Extraction(
        spec.feature_set,
        np.concatenate(list(segments.matrices)),
        times[:, 1] - times[:, 0],
        tuple(words for flags in segments.flags for words in flags),
        (),
        segments.failures,
    )
    return replace(clips, frame=frame), extraction
