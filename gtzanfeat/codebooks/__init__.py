"""From frames to one vector per clip, by what training frames have in common: codebooks and mixtures.

Clips come as frame matrices and are visited one at a time (`frames`); `histogram` counts the words of a
codebook, `supervector` bends a mixture of Gaussians towards a clip. Nothing here hears sound, and summaries
that learn nothing are in `gtzanfeat.summaries`.
"""

from gtzanfeat.codebooks.histogram import CodebookHistogram
from gtzanfeat.codebooks.supervector import GaussianSupervector

__all__ = ["CodebookHistogram", "GaussianSupervector"]
