"""Windows of recordings as the rows of a dataset, see `gtzanfeat.extract_dataset`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gtzanfeat.export.dataset import ClipRows
from gtzanfeat.export.dataset.clip_rows import window_rows, with_measured
from gtzanfeat.extraction.parallel import ClipAnalyser
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.segments.windows import SEGMENT_SECONDS, SegmentSpec, segment_analyser, segment_spec


@dataclass(frozen=True)
class SegmentRows(ClipRows):
    """Rows of a dataset that are windows: what `segment_table` gives, for recordings without number.

    Parameters
    ----------
    feature_set : FeatureSet
        What is computed of each window.
    segment_seconds : float, default=3
        Length of a window in seconds; a shorter recording is one window.
    hop_seconds : float, optional
        Seconds from the start of one window to the next; by default the length.

    Examples
    --------
    >>> from gtzanfeat import feature_set
    >>> SegmentRows(feature_set("timbre19"), 2.0).options
    {'segment_length': 44100, 'hop': 44100}
    """

    feature_set: FeatureSet
    segment_seconds: float = SEGMENT_SECONDS
    hop_seconds: float | None = None

    level: ClassVar[str] = "segments"

    @property
    def spec(self) -> SegmentSpec:
        """Feature set, length and hop."""
        return segment_spec(self.feature_set, self.segment_seconds, self.hop_seconds)

    @property
    def options(self) -> dict[str, Any]:
        """Length and hop in samples."""
        return {"segment_length": self.spec.length, "hop": self.spec.hop}

    def analyser(self, memory: Any = None) -> ClipAnalyser:
        """Return what analyses all windows of a recording.

        Parameters
        ----------
        memory : path or joblib.Memory, optional
            Where results are kept.

        Returns
        -------
        ClipAnalyser
            Its array is (n_windows, n_columns).
        """
        return segment_analyser(self.spec, memory)

    def n_rows(self, result: tuple[np.ndarray, ...]) -> int:
        """Return how many windows a recording has.

        Parameters
        ----------
        result : tuple of ndarray
            What the analyser gave.

        Returns
        -------
        int
            1 or more.
        """
        return len(result[0])

    def table(self, identity: Any, results: Sequence[tuple[np.ndarray, ...]]) -> Any:
        """Return the windows of some recordings, with ``offset``, ``duration``, ``start`` and ``end``.

        Parameters
        ----------
        identity : Table
            Rows of the recordings in the table of clips.
        results : sequence of tuple of ndarray
            What the analyser gave of each.

        Returns
        -------
        Table
            One row per window, as that of `ClipRows.table`.
        """
        no_rows = np.zeros((0, len(self.feature_set.columns)), dtype=np.float32)
        values = np.concatenate([no_rows, *(result[0] for result in results)])
        counts = [len(result[0]) for result in results]
        spec = self.spec
        spans = [spec.times(count, float(result[1])) for count, result in zip(counts, results, strict=True)]
        times = np.concatenate([np.zeros((0, 2)), *spans])
        flags = [words for result in results for words in str(result[2]).split("\n")]
        windows = window_rows(identity, counts, times)
        return with_measured(windows, self.columns, times[:, 1] - times[:, 0], flags, values)
