"""Classifiers that scikit-learn lacks; they see vectors or frames, and labels, and know nothing of sound.

What scikit-learn has (SVM, k-NN, forests ...) is used from there and named in `gtzanfeat.recipes`.
"""

from gtzanfeat.classifiers.chi_square import ChiSquareSVC
from gtzanfeat.classifiers.gaussian_mixture import GaussianMixtureClassifier
from gtzanfeat.classifiers.hidden_markov import HiddenMarkovClassifier
from gtzanfeat.classifiers.tags import TagClassifier

__all__ = ["ChiSquareSVC", "GaussianMixtureClassifier", "HiddenMarkovClassifier", "TagClassifier"]
