"""Evaluation results for readers: an HTML page, and figures for notebooks and papers.

`page` writes the report, with `sections`, `mistakes` and SVG figures of `vector_pictures`; `displays`,
`histogram_displays` and `frame_display` have one class per figure, like scikit-learn's Displays; `confusion`
draws the confusion matrix. No score is computed here.
"""

from gtzanfeat.report.confusion import confusion_matrix_figure, save_figure
from gtzanfeat.report.displays import ImportanceDisplay, SegmentTimelineDisplay
from gtzanfeat.report.frame_display import FrameDisplay
from gtzanfeat.report.histogram_displays import BeatHistogramDisplay, PitchHistogramDisplay
from gtzanfeat.report.page import write_report

__all__ = [
    "BeatHistogramDisplay",
    "FrameDisplay",
    "ImportanceDisplay",
    "PitchHistogramDisplay",
    "SegmentTimelineDisplay",
    "confusion_matrix_figure",
    "save_figure",
    "write_report",
]
