"""Segments: fixed-length windows of recordings, their feature vectors, and classifiers that learn from them.

`windows` cuts recordings and extracts features, `aggregation` combines what is predicted for windows,
`segment_classifier` is the estimator, `flat_table` gives one row per window, and `segment_rows` the same in a
dataset. Rows of the estimator are recordings, so no split can put windows of one recording into both training
and test part. Timelines are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.segments.aggregation import AGGREGATES
from gtzanfeat.segments.flat_table import segment_table
from gtzanfeat.segments.segment_classifier import SegmentClassifier
from gtzanfeat.segments.segment_rows import SegmentRows
from gtzanfeat.segments.windows import Segments, measure_segments

__all__ = [
    "AGGREGATES",
    "SegmentClassifier",
    "SegmentRows",
    "Segments",
    "measure_segments",
    "segment_table",
]
