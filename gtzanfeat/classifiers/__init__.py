"""Classifiers that scikit-learn lacks: χ² SVM, mixtures and hidden Markov models per class, tags.

Their X is feature vectors or frame matrices, never sound. Classifiers that scikit-learn has (SVM, k-NN,
forests ...) are used from there and named in `gtzanfeat.recipes`.
"""

from gtzanfeat.classifiers.chi_square import ChiSquareSVC
from gtzanfeat.classifiers.gaussian_mixture import GaussianMixtureClassifier
from gtzanfeat.classifiers.hidden_markov import HiddenMarkovClassifier
from gtzanfeat.classifiers.tags import TagClassifier

__all__ = ["ChiSquareSVC", "GaussianMixtureClassifier", "HiddenMarkovClassifier", "TagClassifier"]
