"""Export: tables of features in and out, one row per clip, in files that explain themselves.

`tables` writes and reads them, `formats` holds one row per kind of file, and `join` sets columns computed
elsewhere beside them. Nothing is computed here.
"""

from gtzanfeat.export.formats import FORMATS, Format
from gtzanfeat.export.join import join_columns
from gtzanfeat.export.tables import check_destination, read_metadata, read_table, write_table

__all__ = [
    "FORMATS",
    "Format",
    "check_destination",
    "join_columns",
    "read_metadata",
    "read_table",
    "write_table",
]
