"""Extraction: one clip -> its frames or its vector, many clips -> a matrix.

`analysis` computes ingredients and features of blocks of samples, `collectors` hold what these have given of
a clip, `parallel` goes over many clips, `worker_processes` are workers that can be killed; `array_analysis`
computes many clips at once on a GPU, `batches` decodes for it; `vectors` and `frame_matrices` give their
numbers, `fingerprints` and `file_properties` what tells copies and encoders, and `cache` keeps results on
disk. What is computed is the feature set's business; what becomes of the numbers (tables, estimators) is for
the rooms above.
"""

from gtzanfeat.extraction.frame_sequence import Frames
from gtzanfeat.extraction.parallel import Failure, list_of_clips
from gtzanfeat.extraction.vectors import Extraction, extract

__all__ = ["Extraction", "Failure", "Frames", "extract", "list_of_clips"]
