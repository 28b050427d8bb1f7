"""Trained models: fitted to all clips, saved as a file that says what it is, loaded after it was checked.

`training` fits, `calibrated_classifier` gives support vector machines probabilities, `model_file` saves and
loads, `model_record` and `model_card` say what a file holds. Nothing in a file is executed: see
`allowed_types`. `predictions` are about recordings, `decisions` about sound that arrives; `training_range`
tells which clips are unlike those that a model has heard.
"""

from gtzanfeat.models.calibrated_classifier import CalibratedClassifier
from gtzanfeat.models.decisions import Decision, stream
from gtzanfeat.models.model_file import ModelVersionWarning, load_model, read_model, save_model
from gtzanfeat.models.model_record import ModelRecord
from gtzanfeat.models.predictions import predict
from gtzanfeat.models.training import train, with_probabilities
from gtzanfeat.models.training_range import TrainingRange

__all__ = [
    "CalibratedClassifier",
    "Decision",
    "ModelRecord",
    "ModelVersionWarning",
    "TrainingRange",
    "load_model",
    "predict",
    "read_model",
    "save_model",
    "stream",
    "train",
    "with_probabilities",
]
