"""Classifier with one Gaussian mixture per class, as in Tzanetakis & Cook (2002).

The mixture shared by all clips (universal background model) is in `gtzanfeat.codebooks`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from gtzanfeat.classifiers.bayes_rule import BayesPrediction

__all__ = ["GaussianMixtureClassifier"]

CLIPS_PER_COMPONENT = 5  # n clips get at most n // 5 components, and at least one
RELATIVE_FLOOR = 1e-3  # of the variance of a column over all training clips
ABSOLUTE_FLOOR = 1e-6
EMPTY = 1e-6  # a component whose responsibilities sum to less than this is empty


@dataclass(frozen=True)
class Mixture:
    """Mixture of Gaussians with diagonal covariance: p(x) = Σ_k w_k Π_d N(x_d; m_kd, v_kd).

    Parameters
    ----------
    weights : ndarray of shape (n_components,)
        Weights w, which sum to 1.
    means, variances : ndarray of shape (n_components, n_features)
        Means m and variances v.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]

    def log_joint(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log w_k p(x_i | k), shape (n_samples, n_components)."""
        log_peaks = np.log(self.weights) - 0.5 * np.log(2.0 * np.pi * self.variances).sum(axis=1)
        columns = [
            log_peak - 0.5 * ((X - mean) ** 2 / variance).sum(axis=1)
            for log_peak, mean, variance in zip(log_peaks, self.means, self.variances, strict=True)
        ]
        return np.stack(columns, axis=1)

    def log_density(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log p(x_i), shape (n_samples,)."""
        return np.asarray(np.logaddexp.reduce(self.log_joint(X), axis=1))


def maximise_likelihood(
    X: NDArray[np.float64], responsibilities: NDArray[np.float64], floor: NDArray[np.float64]
) -> Mixture:
    """Return the mixture of greatest likelihood given the responsibilities: the M step of EM.

    n_k = Σ_i r_ik, w_k = n_k / n, m_k = Σ_i r_ik x_i / n_k, v_k = max(floor, Σ_i r_ik (x_i - m_k)² / n_k).
    The expected log-likelihood has a single maximum over each variance, at the sample variance, so the
    floored value is the best that is allowed: EM stays monotone.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The clips.
    responsibilities : ndarray of shape (n_samples, n_components)
        r_ik, the probability that clip i is from component k.
    floor : ndarray of shape (n_features,)
        Smallest variance of each column.

    Returns
    -------
    Mixture
        Its weights, means and variances.
    """
    counts = responsibilities.sum(axis=0)
    means = responsibilities.T @ X / counts[:, None]
    spreads = [r @ (X - mean) ** 2 for r, mean in zip(responsibilities.T, means, strict=True)]
    return Mixture(counts / len(X), means, np.maximum(np.stack(spreads) / counts[:, None], floor))


def fit_mixture(
    X: NDArray[np.float64], start: Mixture, floor: NDArray[np.float64], max_iter: int, tol: float
) -> tuple[Mixture, list[float]]:
    """Fit a mixture by EM, until the mean log-likelihood of a clip grows by `tol` or less.

    A component that becomes empty is restarted at the clip that the mixture explains worst.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The clips.
    start : Mixture
        Where EM begins.
    floor : ndarray of shape (n_features,)
        Smallest variance of each column.
    max_iter : int
        Largest number of steps.
    tol : float
        Smallest growth of the mean log-likelihood for which EM goes on.

    Returns
    -------
    mixture : Mixture
        The last one.
    trace : list of float
        Mean log-likelihood at the start and after each step.
    """
    mixture = start
    log_joint = mixture.log_joint(X)
    log_density = np.logaddexp.reduce(log_joint, axis=1)
    trace = [float(log_density.mean())]
    for _ in range(max_iter):
        responsibilities = np.exp(log_joint - log_density[:, None])
        empty = np.flatnonzero(responsibilities.sum(axis=0) < EMPTY)
        worst = np.argsort(log_density)[: len(empty)]
        responsibilities[worst] = 0.0
        responsibilities[worst, empty] = 1.0
        mixture = maximise_likelihood(X, responsibilities, floor)
        log_joint = mixture.log_joint(X)
        log_density = np.logaddexp.reduce(log_joint, axis=1)
        trace.append(float(log_density.mean()))
        if trace[-1] - trace[-2] <= tol:
            break
    return mixture, trace


class GaussianMixtureClassifier(BayesPrediction, ClassifierMixin, BaseEstimator):
    """Bayes classifier with one mixture of diagonal Gaussians per class.

    The predicted class c has the largest log p(x | c) + log P(c). Every mixture starts from k-means and is
    fitted by expectation-maximisation. With one component this is the "GS" of Tzanetakis & Cook, with two to
    five their "GMM2" to "GMM5".

    Parameters
    ----------
    n_components : int, default=3
        Number of Gaussians per class. A class of n training clips gets at most n // 5 of them (and no more
        than it has distinct clips), but always one.
    priors : {"empirical", "uniform"} or array-like of shape (n_classes,), default="empirical"
        Prior probabilities P(c): the share of each class in the training clips, the same for all, or as
        given, in the order of ``classes_``.
    max_iter : int, default=200
        Largest number of EM steps.
    tol : float, default=1e-4
        EM ends when the mean log-likelihood of a clip grows by this or less.
    n_init : int, default=1
        Number of starts per class; the likeliest mixture is kept.
    random_state : int, RandomState instance or None, default=None
        Seed of the k-means starts.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order; the lists below follow it.
    class_prior_ : ndarray of shape (n_classes,)
        Prior probabilities P(c).
    n_components_ : ndarray of int, shape (n_classes,)
        Number of Gaussians of each class, K_c.
    weights_ : list of ndarray of shape (K_c,)
        Mixture weights.
    means_, variances_ : list of ndarray of shape (K_c, n_features)
        Means and diagonal covariances.
    notes_ : tuple of str
        Warnings to be printed beside a score: that classes got fewer Gaussians than `n_components`.
    n_iter_ : ndarray of int, shape (n_classes,)
        Number of EM steps taken.
    lower_bounds_ : list of ndarray of shape (n_iter_[c] + 1,)
        Mean log-likelihood of a training clip before the first EM step and after each one. It never
        decreases, except where an empty component is restarted.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns, if `X` has names.

    Notes
    -----
    No variance falls below max(1e-6, 1e-3 · variance of that column over all training clips), so a
    component cannot collapse on one clip. k-means is run on columns divided by the square root of that
    floor: the result does not depend on the units of the columns, unless 1e-6 is the larger bound.

    References
    ----------
    G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE Trans. Speech
    and Audio Processing 10(5), 2002, section III.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(centre, 1.0, (50, 2)) for centre in (-4.0, 4.0)])
    >>> y = np.repeat(["slow", "fast"], 50)
    >>> model = GaussianMixtureClassifier(n_components=1).fit(X, y)
    >>> model.predict([[-3.0, -5.0], [4.0, 3.0]])
    array(['slow', 'fast'], dtype='<U4')
    >>> np.round(model.means_[1])
    array([[-4., -4.]])
    """

    def __init__(
        self,
        n_components: int = 3,
        *,
        priors: str | Sequence[float] | NDArray[np.float64] = "empirical",
        max_iter: int = 200,
        tol: float = 1e-4,
        n_init: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.priors = priors
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> GaussianMixtureClassifier:
        """Fit one mixture to the clips of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        GaussianMixtureClassifier
            The fitted classifier itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or `X` holds NaN or infinity.
        """
        for name in ("n_components", "max_iter", "n_init"):
            check_scalar(getattr(self, name), name, (int, np.integer), min_val=1)
            if getattr(self, name) is True:  # an int to Python
                raise TypeError(f"{name} must be a whole number, not True")
        check_scalar(self.tol, "tol", (int, float, np.number), min_val=0)
        if np.isnan(self.tol):
            raise ValueError("tol must be a number, not NaN")
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        rng = check_random_state(self.random_state)

        self.classes_, members = np.unique(y, return_inverse=True)
        self.class_prior_ = self._class_prior(np.bincount(members) / len(members))
        floor = np.maximum(ABSOLUTE_FLOOR, RELATIVE_FLOOR * X.var(axis=0))
        # one thread: a class has too few clips for more to pay
        with threadpool_limits(1, user_api="openmp"):
            fits = [self._fit_class(X[members == c], floor, rng) for c in range(len(self.classes_))]
        self.weights_ = [mixture.weights for mixture, _ in fits]
        self.means_ = [mixture.means for mixture, _ in fits]
        self.variances_ = [mixture.variances for mixture, _ in fits]
        self.lower_bounds_ = [np.array(trace) for _, trace in fits]
        self.n_components_ = np.array([len(weights) for weights in self.weights_])
        self.n_iter_ = np.array([len(trace) - 1 for _, trace in fits])
        self.notes_ = self._notes()
        return self

    def _notes(self) -> tuple[str, ...]:
        """Return the sentence that says that classes got fewer components than were asked for, if so."""
        fewest, most = self.n_components_.min(), self.n_components_.max()
        if fewest == self.n_components:
            return ()
        number = f"{most}" if fewest == most else f"{fewest} to {most}"
        return (
            f"{number} Gaussian{'s' if most > 1 else ''} per class instead of {self.n_components} "
            f"(each needs {CLIPS_PER_COMPONENT} training clips)",
        )

    def _class_prior(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the priors of the classes, (n_classes,), whose shares of the training clips are `shares`."""
        if isinstance(self.priors, str):
            if self.priors == "empirical":
                return shares
            if self.priors == "uniform":
                return np.full(len(shares), 1.0 / len(shares))
            raise ValueError(f"priors must be 'empirical', 'uniform' or an array, not {self.priors!r}")
        priors = np.asarray(self.priors, dtype=np.float64)
        if priors.shape != shares.shape or np.any(priors < 0) or not np.isclose(priors.sum(), 1.0):
            wanted = f"{len(shares)} probabilities, one per class, that sum to 1"
            raise ValueError(f"priors must be {wanted}, not {priors.tolist()}")
        return priors

    def _fit_class(
        self, X: NDArray[np.float64], floor: NDArray[np.float64], rng: np.random.RandomState
    ) -> tuple[Mixture, list[float]]:
        """Return the likeliest mixture of `n_init` starts and its trace of mean log-likelihoods."""
        affordable = max(1, len(X) // CLIPS_PER_COMPONENT)
        n_components = min(self.n_components, affordable, len(np.unique(X, axis=0)))
        fits = []
        for _ in range(self.n_init if n_components > 1 else 1):
            clusters = KMeans(n_components, n_init=1, random_state=rng).fit(X / np.sqrt(floor)).labels_
            start = maximise_likelihood(X, np.eye(n_components)[clusters], floor)
            fits.append(fit_mixture(X, start, floor, self.max_iter, self.tol))
        mixture, trace = max(fits, key=lambda fit: fit[1][-1])
        if len(trace) > self.max_iter and trace[-1] - trace[-2] > self.tol:
            warnings.warn(
                f"EM did not converge in max_iter={self.max_iter} steps; raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=3,
            )
        return mixture, trace

    def predict_joint_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the joint log-probabilities log p(x | c) + log P(c), of which the largest is predicted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        mixtures = [
            Mixture(*parts) for parts in zip(self.weights_, self.means_, self.variances_, strict=True)
        ]
        with np.errstate(divide="ignore"):  # a class given the prior 0 has log-probability -inf
            log_prior = np.log(self.class_prior_)
        return np.stack([mixture.log_density(X) for mixture in mixtures], axis=1) + log_prior
