"""scikit-learn transformers: recordings in, vectors or frames out; and from frames to vectors.

Only the scikit-learn surface is here (parameters, names, tags, validation); the work is done in `extraction`,
`frames` and `summaries`. What learns a codebook of frames is in `codebooks`, classifiers are in
`classifiers`, whole pipelines in `recipes`.
"""

from __future__ import annotations

from gtzanfeat.transformers.clip_features import ClipFeatures, FailedClipWarning, FrameFeatures
from gtzanfeat.transformers.frame_summaries import Deltas, Summarize
from gtzanfeat.transformers.time_dct import TimeDCT

__all__ = ["ClipFeatures", "Deltas", "FailedClipWarning", "FrameFeatures", "Summarize", "TimeDCT"]
