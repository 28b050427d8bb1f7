"""Classifiers that scikit-learn lacks: χ² and family kernels, densities per class, tags, late fusion.

Their X is feature vectors or frame matrices, never sound. Classifiers that scikit-learn has (SVM, k-NN,
forests ...) are used from there and named in `gtzanfeat.recipes`. `calibration` makes probabilities of
scores, `group_routing` passes groups to estimators whose `fit` takes them.
"""

from gtzanfeat.classifiers.chi_square import ChiSquareSVC
from gtzanfeat.classifiers.family_kernels import FamilyKernelSVC
from gtzanfeat.classifiers.gaussian_mixture import GaussianMixtureClassifier
from gtzanfeat.classifiers.hidden_markov import HiddenMarkovClassifier
from gtzanfeat.classifiers.late_fusion import LateFusion
from gtzanfeat.classifiers.tags import TagClassifier

__all__ = [
    "ChiSquareSVC",
    "FamilyKernelSVC",
    "GaussianMixtureClassifier",
    "HiddenMarkovClassifier",
    "LateFusion",
    "TagClassifier",
]
