"""One mixture of Gaussians per class: the classifier of Tzanetakis & Cook (2002)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

__all__ = ["GaussianMixtureClassifier"]

CLIPS_PER_COMPONENT = 5  # n clips carry n // 5 components at most, and one at least
RELATIVE_FLOOR = 1e-3  # of the variance of a column over all training clips
ABSOLUTE_FLOOR = 1e-6
EMPTY = 1e-6  # a component that all clips together belong to by less than this has died


@dataclass(frozen=True)
class Mixture:
    """Gaussians with diagonal covariance: p(x) = Σ_k w_k Π_d N(x_d; m_kd, v_kd)."""

    weights: np.ndarray  # (n_components,)
    means: np.ndarray  # (n_components, n_features)
    variances: np.ndarray  # (n_components, n_features)

    def log_joint(self, X: np.ndarray) -> np.ndarray:
        """Return log w_k p(x_i | k), shape (n_samples, n_components)."""
        log_peaks = np.log(self.weights) - 0.5 * np.log(2.0 * np.pi * self.variances).sum(axis=1)
        columns = [
            log_peak - 0.5 * ((X - mean) ** 2 / variance).sum(axis=1)
            for log_peak, mean, variance in zip(log_peaks, self.means, self.variances, strict=True)
        ]
        return np.stack(columns, axis=1)

    def log_density(self, X: np.ndarray) -> np.ndarray:
        """Return log p(x_i), shape (n_samples,)."""
        return np.logaddexp.reduce(self.log_joint(X), axis=1)


def best_mixture(X: np.ndarray, shares: np.ndarray, floor: np.ndarray) -> Mixture:
    """Return the likeliest mixture when clip i belongs to component k by ``shares[i, k]`` (the M step).

    n_k = Σ_i s_ik, w_k = n_k / n, m_k = Σ_i s_ik x_i / n_k, v_k = max(floor, Σ_i s_ik (x_i - m_k)² / n_k).
    As a function of one variance the expected log-likelihood rises up to the sample variance and falls
    beyond it, so the floored value is the best that is allowed: the floor leaves EM monotone.
    """
    counts = shares.sum(axis=0)
    means = shares.T @ X / counts[:, None]
    spreads = [share @ (X - mean) ** 2 for share, mean in zip(shares.T, means, strict=True)]
    return Mixture(counts / len(X), means, np.maximum(np.stack(spreads) / counts[:, None], floor))


def fit_mixture(
    X: np.ndarray, start: Mixture, floor: np.ndarray, max_iter: int, tol: float
) -> tuple[Mixture, list[float]]:
    """Improve a mixture by EM until the mean log-likelihood of a clip grows by `tol` or less.

    Returns the mixture and the mean log-likelihood of every mixture on the way, the start included.
    A component that has lost all its clips starts again on the clip that the mixture explains worst.
    """
    mixture = start
    log_joint = mixture.log_joint(X)
    log_density = np.logaddexp.reduce(log_joint, axis=1)
    trace = [float(log_density.mean())]
    for _ in range(max_iter):
        shares = np.exp(log_joint - log_density[:, None])
        dead = np.flatnonzero(shares.sum(axis=0) < EMPTY)
        farthest = np.argsort(log_density)[: len(dead)]
        shares[farthest] = 0.0
        shares[farthest, dead] = 1.0
        mixture = best_mixture(X, shares, floor)
        log_joint = mixture.log_joint(X)
        log_density = np.logaddexp.reduce(log_joint, axis=1)
        trace.append(float(log_density.mean()))
        if trace[-1] - trace[-2] <= tol:
            break
    return mixture, trace


class GaussianMixtureClassifier(ClassifierMixin, BaseEstimator):
    """Bayes' rule with one mixture of diagonal Gaussians per class.

    A clip goes to the class c with the largest log p(x | c) + log P(c). Every mixture starts from
    k-means and is fitted by expectation-maximisation. With one component this is the "GS" of
    Tzanetakis & Cook, with two to five their "GMM2" to "GMM5".

    Parameters
    ----------
    n_components : int, default=3
        Gaussians per class. A class of n training clips gets at most n // 5 of them (and no more
        than it has distinct clips), but always one.
    priors : {"empirical", "uniform"} or array-like of shape (n_classes,), default="empirical"
        P(c): the share of each class in the training clips, the same for all, or as given, in the
        order of ``classes_``.
    max_iter : int, default=200
        EM steps at most.
    tol : float, default=1e-4
        EM ends when the mean log-likelihood of a clip grows by this or less.
    n_init : int, default=1
        Starts per class; the likeliest mixture is kept.
    random_state : int, RandomState instance or None, default=None
        Seeds the k-means starts.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order; the lists below follow it.
    class_prior_ : ndarray of shape (n_classes,)
        P(c).
    n_components_ : ndarray of int, shape (n_classes,)
        Gaussians of each class, K_c.
    weights_ : list of ndarray of shape (K_c,)
        Mixture weights.
    means_, variances_ : list of ndarray of shape (K_c, n_features)
        Centres and diagonal covariances.
    notes_ : tuple of str
        What a reader of its results must know: that classes got fewer Gaussians than were asked for.
    n_iter_ : ndarray of int, shape (n_classes,)
        EM steps taken.
    lower_bounds_ : list of ndarray of shape (n_iter_[c] + 1,)
        Mean log-likelihood of a training clip before the first EM step and after each one. It never
        falls, save where a component that had died starts again.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Their names, where `X` has names.

    Notes
    -----
    No variance falls below max(1e-6, 1e-3 · variance of that column over all training clips), so a
    component cannot collapse on one clip. k-means sees every column in units of that floor: the
    result does not depend on the units of the columns, unless one is so faint that the 1e-6 decides.

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
        priors: str | Sequence[float] | np.ndarray = "empirical",
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
            if getattr(self, name) is True:  # which Python takes for 1
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
        # one thread: a class has too few clips to share out, and waiting threads cost more than they do
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
        fewest, most = self.n_components_.min(), self.n_components_.max()
        if fewest == self.n_components:
            return ()
        number = f"{most}" if fewest == most else f"{fewest} to {most}"
        return (
            f"{number} Gaussian{'s' if most > 1 else ''} per class instead of {self.n_components} "
            f"(each needs {CLIPS_PER_COMPONENT} training clips)",
        )

    def _class_prior(self, shares: np.ndarray) -> np.ndarray:
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
        self, X: np.ndarray, floor: np.ndarray, rng: np.random.RandomState
    ) -> tuple[Mixture, list[float]]:
        affordable = max(1, len(X) // CLIPS_PER_COMPONENT)
        n_components = min(self.n_components, affordable, len(np.unique(X, axis=0)))
        fits = []
        for _ in range(self.n_init if n_components > 1 else 1):
            clusters = KMeans(n_components, n_init=1, random_state=rng).fit(X / np.sqrt(floor)).labels_
            start = best_mixture(X, np.eye(n_components)[clusters], floor)
            fits.append(fit_mixture(X, start, floor, self.max_iter, self.tol))
        mixture, trace = max(fits, key=lambda fit: fit[1][-1])
        if len(trace) > self.max_iter and trace[-1] - trace[-2] > self.tol:
            warnings.warn(
                f"EM did not converge in max_iter={self.max_iter} steps; raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=3,
            )
        return mixture, trace

    def predict_joint_log_proba(self, X: Any) -> np.ndarray:
        """Return log p(x | c) + log P(c), the number that decides.

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

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return log P(c | x), shape (n_samples, n_classes), columns in the order of ``classes_``."""
        log_joint = self.predict_joint_log_proba(X)
        return log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return P(c | x), shape (n_samples, n_classes), columns in the order of ``classes_``."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest label of each clip, shape (n_samples,)."""
        winners = self.predict_joint_log_proba(X).argmax(axis=1)
        return self.classes_[winners]
