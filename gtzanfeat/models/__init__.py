"""Trained models: fitted to all clips, saved as a file that says what it is, loaded after it was checked.

`training` fits, `calibration` gives support vector machines probabilities, `model_file` saves and loads,
`model_record` and `model_card` say what a file holds. Nothing in a file is executed: see `allowed_types`.
"""

from gtzanfeat.models.calibration import CalibratedClassifier
from gtzanfeat.models.model_file import ModelVersionWarning, load_model, read_model, save_model
from gtzanfeat.models.model_record import ModelRecord
from gtzanfeat.models.training import train, with_probabilities

__all__ = [
    "CalibratedClassifier",
    "ModelRecord",
    "ModelVersionWarning",
    "load_model",
    "read_model",
    "save_model",
    "train",
    "with_probabilities",
]
