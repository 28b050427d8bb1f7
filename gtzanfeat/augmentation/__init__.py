"""Augmentation: sound degraded on purpose, by name, to learn from more of it and to test a model on it.

`degradations` holds one row per way of changing samples, done by audiomentations wherever that has it;
`degraded_clips` makes of a clip one that is degraded as it is decoded; `augmented_training` adds degraded
copies of training clips only. How accuracy falls with strength is measured in `gtzanfeat.inspection`.
"""

from gtzanfeat.augmentation.augmented_training import AugmentedTraining
from gtzanfeat.augmentation.degradations import DEGRADATIONS, Degradation, degrade_samples
from gtzanfeat.augmentation.degraded_clips import Change, degrade_clips

__all__ = ["DEGRADATIONS", "AugmentedTraining", "Change", "Degradation", "degrade_clips", "degrade_samples"]
