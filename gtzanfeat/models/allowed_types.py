"""The types that a model file may hold, and the way there and back, by skops: nothing is executed.

skops writes a pipeline as data: the name of each type, and its attributes. A name that is not listed here,
and is no estimator of scikit-learn's and no number type or ufunc of numpy's or scipy's, is refused before
anything is built. A model of the user's own class can therefore not be saved.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import skops.io

from gtzanfeat.errors import ModelError

_OWN = (
    "augmentation.augmented_training.AugmentedTraining",
    "classifiers.chi_square.ChiSquareSVC",
    "classifiers.family_kernels.FamilyKernelSVC",
    "classifiers.gaussian_mixture.GaussianMixtureClassifier",
    "classifiers.hidden_markov.HiddenMarkovClassifier",
    "classifiers.late_fusion.LateFusion",
    "classifiers.tags.TagClassifier",
    "codebooks.codebook_histogram.CodebookHistogram",
    "codebooks.gaussian_supervector.GaussianSupervector",
    "declarations.framing.Framing",
    "declarations.parameters.Frozen",
    "feature_sets.definition.FeatureSet",
    "feature_sets.feature_item.FeatureItem",
    "model_selection.grouped_search.GroupedSearch",
    "models.calibrated_classifier.CalibratedClassifier",
    "models.joined_columns.JoinedColumns",
    "segments.segment_classifier.SegmentClassifier",
    "transformers.clip_features.ClipFeatures",
    "transformers.clip_features.FrameFeatures",
    "transformers.family_scaler.FamilyScaler",
    "transformers.frame_summaries.Deltas",
    "transformers.frame_summaries.Summarize",
    "transformers.time_dct.TimeDCT",
)
# what fitted estimators of other packages hold besides estimators: plain numbers behind a name
_OTHERS = (
    "collections.deque",
    "hmmlearn.base.ConvergenceMonitor",
    "hmmlearn.hmm.GaussianHMM",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance32",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._ball_tree.BallTree64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._kd_tree.KDTree64",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)
ALLOWED_TYPES = (*(f"gtzanfeat.{name}" for name in _OWN), *_OTHERS)


def dump_pipeline(pipeline: Any) -> bytes:
    """Return a fitted pipeline in the format of skops.

    Parameters
    ----------
    pipeline : estimator
        Fitted.

    Returns
    -------
    bytes
        What `load_pipeline` takes.

    Raises
    ------
    ModelError
        If it holds a type that is not allowed.
    """
    try:
        data: bytes = skops.io.dumps(pipeline)
    except Exception as error:  # skops passes on whatever an object raises when it is asked for its state
        raise ModelError(
            f"the pipeline cannot be written as data ({' '.join(str(error).split())}); leave out functions "
            "and objects of other kinds than estimators"
        ) from error
    _refuse_others(data, "the pipeline")
    return data


def load_pipeline(data: bytes, source: object) -> Any:
    """Build the pipeline that `dump_pipeline` wrote, after all of its types were checked.

    Parameters
    ----------
    data : bytes
        In the format of skops.
    source : object
        The file, for messages.

    Returns
    -------
    estimator
        As it was fitted.

    Raises
    ------
    ModelError
        If it holds a type that is not allowed, or is damaged.
    """
    _refuse_others(data, source)
    try:
        return skops.io.loads(data, trusted=list(ALLOWED_TYPES))
    except ModuleNotFoundError as error:
        raise ModelError(f"{source}: the model needs {error.name}; install it") from error
    except Exception as error:  # the attributes of other versions do not fit in as many ways
        raise ModelError(
            f"{source}: the model cannot be built with the libraries installed here "
            f"({type(error).__name__}: {' '.join(str(error).split())}); `gtzanfeat inspect` lists the "
            "versions it was made with; install these, or train it anew"
        ) from error


def _refuse_others(data: bytes, source: object) -> None:
    """Raise ModelError if there is a type that is not allowed, or data that would unpack to more."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            packed = [info.filename for info in inner.infolist() if info.compress_type != zipfile.ZIP_STORED]
        if packed:  # `dump_pipeline` packs nothing, and what is not packed cannot grow
            raise ModelError(f"{source}: its pipeline holds packed data, {packed[0]}; do not trust the file")
        others = sorted(set(skops.io.get_untrusted_types(data=data)) - set(ALLOWED_TYPES))
    except ModelError:
        raise
    except Exception as error:  # of a file that is no model there is no end of ways to be none
        raise ModelError(
            f"{source}: its pipeline cannot be read ({' '.join(str(error).split())}); get the file again, or "
            "train the model anew with this version"
        ) from error
    if others:
        raise ModelError(
            f"{source} holds {', '.join(others)}, which a model file may not: only estimators of gtzanfeat "
            "and scikit-learn are built from a file; put one of these in its place, or do not trust the file"
        )
