"""scikit-learn transformers of clips and of frame matrices, and a scaler of families of columns.

Parameters, tags, names and validation are here; what they call is in `extraction` and `statistics`.
Transformers that learn from frames are in `codebooks`, whole pipelines in `recipes`.
"""

from __future__ import annotations

from gtzanfeat.transformers.clip_features import ClipFeatures, FailedClipWarning, FrameFeatures
from gtzanfeat.transformers.family_scaler import FamilyScaler
from gtzanfeat.transformers.frame_summaries import Deltas, Summarize
from gtzanfeat.transformers.time_dct import TimeDCT

__all__ = [
    "ClipFeatures",
    "Deltas",
    "FailedClipWarning",
    "FamilyScaler",
    "FrameFeatures",
    "Summarize",
    "TimeDCT",
]
