"""Feature tables as files: one row per clip, with metadata of every column.

`tables` writes and reads them, `formats` declares the file formats, `dataset_folder` reads a folder of parts
as one table, `join` adds columns computed elsewhere; `frame_rows` makes a data frame of frames. `dataset`
extracts into folders that outlive a run, and `file_locks` keeps files from other processes.
No feature is computed here.
"""

from gtzanfeat.export.formats import FORMATS, Format
from gtzanfeat.export.frame_rows import frame_table
from gtzanfeat.export.join import join_columns
from gtzanfeat.export.tables import check_destination, is_table, read_metadata, read_table, write_table

__all__ = [
    "FORMATS",
    "Format",
    "check_destination",
    "frame_table",
    "is_table",
    "join_columns",
    "read_metadata",
    "read_table",
    "write_table",
]
