"""Results for people to look at: a page to send to a colleague, and pictures for notebooks and papers.

`page` writes the report, with the small pictures of `pictures`; `histograms` and `judgements` hold one class
per picture, after scikit-learn's Displays; `confusion` is the matrix as a figure. No score is computed here.
"""

from gtzanfeat.report.confusion import confusion_matrix_figure, save_figure
from gtzanfeat.report.displays import ImportanceDisplay, SegmentTimelineDisplay
from gtzanfeat.report.histogram_displays import BeatHistogramDisplay, PitchHistogramDisplay
from gtzanfeat.report.page import write_report

__all__ = [
    "BeatHistogramDisplay",
    "ImportanceDisplay",
    "PitchHistogramDisplay",
    "SegmentTimelineDisplay",
    "confusion_matrix_figure",
    "save_figure",
    "write_report",
]
