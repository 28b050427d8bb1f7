"""Datasets: features of many recordings in a folder of Parquet files, written part by part and gone on with.

`dataset_extraction` writes one, `compaction` brings shards together. `declaration` says what a dataset is,
`parts` how it lies on disk, `ledger` what is kept of each recording, `clip_rows` what its rows are,
`recording_analysis` makes both of a recording, and `resumption` finds out what is left to do.
"""

from gtzanfeat.export.dataset.clip_rows import ClipRows
from gtzanfeat.export.dataset.compaction import merge_datasets
from gtzanfeat.export.dataset.dataset_extraction import extract_dataset
from gtzanfeat.export.dataset.resumption import DatasetSummary

__all__ = ["ClipRows", "DatasetSummary", "extract_dataset", "merge_datasets"]
