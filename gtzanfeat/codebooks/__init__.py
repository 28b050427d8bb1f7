"""From frames to one vector per clip, by what training frames have in common: codebooks and mixtures.

Clips come as frame matrices and are visited one at a time (`frames`); `histogram` counts the words of a
codebook, `supervector` bends a mixture of Gaussians towards a clip. Nothing here hears sound, and summaries
that learn nothing are in `gtzanfeat.statistics.summaries`.
"""

from gtzanfeat.codebooks.codebook_histogram import CodebookHistogram
from gtzanfeat.codebooks.gaussian_supervector import GaussianSupervector

__all__ = ["CodebookHistogram", "GaussianSupervector"]
