"""Degradations of sound, to augment training clips and to test the robustness of models.

`degradations` declares them by name, `degraded_clips` applies one to a clip when it is decoded,
`augmented_training` adds degraded copies to the training clips of an estimator. Scores as a function of the
strength of a degradation are in `gtzanfeat.inspection`.
"""

from gtzanfeat.augmentation.augmented_training import AugmentedTraining
from gtzanfeat.augmentation.degradations import DEGRADATIONS, Degradation, degrade_samples
from gtzanfeat.augmentation.degraded_clips import Change, degrade_clips

__all__ = ["DEGRADATIONS", "AugmentedTraining", "Change", "Degradation", "degrade_clips", "degrade_samples"]
