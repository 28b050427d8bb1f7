"""Trained models: what they heard while they learnt, and what they make of recordings and of streams."""

from gtzanfeat.models.training_range import TrainingRange

__all__ = ["TrainingRange"]
