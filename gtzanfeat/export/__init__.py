"""Feature tables as files: one row per clip, with metadata of every column.

`tables` writes and reads them, `formats` declares the file formats, `dataset_folder` reads a folder of parts
as one table, `join` adds columns computed elsewhere, `verification` computes rows of a table anew;
`frame_rows` makes a data frame of frames, and `frame_files` writes those of many recordings. `dataset`
extracts into folders that outlive a run, and `file_locks` keeps files from other processes.
No feature is computed here.
"""

from gtzanfeat.export.formats import FORMATS, Format
from gtzanfeat.export.frame_files import FrameRows, write_frames
from gtzanfeat.export.frame_rows import frame_table
from gtzanfeat.export.join import join_columns
from gtzanfeat.export.tables import check_destination, is_table, read_metadata, read_table, write_table
from gtzanfeat.export.verification import ColumnDrift, TableVerification, verify_table

__all__ = [
    "FORMATS",
    "ColumnDrift",
    "Format",
    "FrameRows",
    "TableVerification",
    "check_destination",
    "frame_table",
    "is_table",
    "join_columns",
    "read_metadata",
    "read_table",
    "verify_table",
    "write_frames",
    "write_table",
]
