"""Bayes' rule for classifiers with one density per class: predictions from joint log-probabilities.

The densities are in `gaussian_mixture` and `hidden_markov`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class BayesPrediction(ABC):
    """Mixin that predicts the class of greatest posterior probability; subclasses give the joint one."""

    classes_: NDArray[Any]

    @abstractmethod
    def predict_joint_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return log p(x | c) + log P(c), (n_clips, n_classes)."""

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the posterior log-probabilities log P(c | x).

        Parameters
        ----------
        X : array-like or sequence of length n_clips
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            Columns in the order of ``classes_``.
        """
        log_joint = self.predict_joint_log_proba(X)
        return np.asarray(log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the posterior probabilities P(c | x).

        Parameters
        ----------
        X : array-like or sequence of length n_clips
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            Columns in the order of ``classes_``.
        """
        return np.asarray(np.exp(self.predict_log_proba(X)))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of greatest posterior probability of each clip.

        Parameters
        ----------
        X : array-like or sequence of length n_clips
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_clips,)
            Labels.
        """
        winners = self.predict_joint_log_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[winners])
