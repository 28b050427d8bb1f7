"""Datasets: recordings on disk -> one `ClipTable`; the layouts that can be read, and a synthetic corpus.

One file per layout, found by its row in `layouts`. Features, classifiers and scores do not belong here, and
nothing is ever downloaded.
"""

from gtzanfeat.datasets.clip_table import ClipTable
from gtzanfeat.datasets.completeness import DatasetCheck, PartCount, Unreadable, one_artist_classes
from gtzanfeat.datasets.layouts import LAYOUTS, Layout, check, load_dataset

__all__ = [
    "LAYOUTS",
    "ClipTable",
    "DatasetCheck",
    "Layout",
    "PartCount",
    "Unreadable",
    "check",
    "load_dataset",
    "one_artist_classes",
]
