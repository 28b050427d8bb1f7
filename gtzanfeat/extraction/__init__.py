"""Extraction: one clip -> its frames or its vector, many clips -> a matrix, in parallel.

`analysis` runs blocks of samples through ingredients and features, `collectors` keep what these give,
`vectors` and `frame_matrices` go over many clips, and `cache` keeps results on disk. What is computed is the
feature set's business; what becomes of the numbers (tables, estimators) is for the rooms above.
"""

from gtzanfeat.extraction.frame_matrices import Frames
from gtzanfeat.extraction.vectors import Extraction, Failure, extract, list_of_clips

__all__ = ["Extraction", "Failure", "Frames", "extract", "list_of_clips"]
