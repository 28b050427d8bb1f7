"""Bag-of-frames models: transformers that learn from training frames and give one vector per clip.

`codebook_histogram` counts k-means codewords, with the kernels in `vector_quantisation`;
`gaussian_supervector` adapts a Gaussian mixture to each clip; `frames_to_vector` is the base of both.
Statistics over frames, which learn nothing, are in `gtzanfeat.transformers`.
"""

from gtzanfeat.codebooks.codebook_histogram import CodebookHistogram
from gtzanfeat.codebooks.gaussian_supervector import GaussianSupervector

__all__ = ["CodebookHistogram", "GaussianSupervector"]
