"""Sound made worse on purpose, by name: to learn from more than there is, and to ask what a model withstands.

`degradations` says what can be done to samples and does it, through audiomentations wherever that has it;
`clips` makes of a clip one that is degraded as it is decoded; `training` degrades copies of training clips
only. How accuracy falls with strength is measured in `gtzanfeat.evaluation`.
"""

from gtzanfeat.augmentation.augmented_training import AugmentedTraining
from gtzanfeat.augmentation.degradations import DEGRADATIONS, Degradation, degrade
from gtzanfeat.augmentation.degraded_clips import Change, degraded

__all__ = ["DEGRADATIONS", "AugmentedTraining", "Change", "Degradation", "degrade", "degraded"]
