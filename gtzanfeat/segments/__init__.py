"""Windows of recordings: measured from one decoding, learnt from, and put together to one answer again.

`measuring` cuts and measures, `classifier` learns and decides by the rules in `deciding`, `table` has the
windows flat. Rows are
recordings, not windows, so that no splitter can put one song on both sides. What is drawn of a timeline
belongs to `gtzanfeat.report`.
"""

from gtzanfeat.segments.aggregation import AGGREGATES
from gtzanfeat.segments.flat_table import segment_table
from gtzanfeat.segments.segment_classifier import SegmentClassifier
from gtzanfeat.segments.windows import Segments, measure_segments

__all__ = ["AGGREGATES", "SegmentClassifier", "Segments", "measure_segments", "segment_table"]
