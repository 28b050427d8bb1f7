"""Sound made worse on purpose, by name: to learn from more than there is, and to ask what a model withstands.

`degradations` says what can be done to samples and does it, through audiomentations wherever that has it;
`degraded_clips` makes of a clip one that is degraded as it is decoded; `augmented_training` degrades copies of
training clips only. How accuracy falls with strength is measured in `gtzanfeat.inspection`.
"""

from gtzanfeat.augmentation.augmented_training import AugmentedTraining
from gtzanfeat.augmentation.degradations import DEGRADATIONS, Degradation, degrade_samples
from gtzanfeat.augmentation.degraded_clips import Change, degrade_clips

__all__ = ["DEGRADATIONS", "AugmentedTraining", "Change", "Degradation", "degrade_clips", "degrade_samples"]
