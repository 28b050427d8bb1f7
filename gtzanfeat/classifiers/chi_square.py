"""Support vector machine with the exponential χ² kernel, for histograms.

Other kernels are `sklearn.svm.SVC`'s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

__all__ = ["ChiSquareSVC"]


class ChiSquareSVC(ClassifierMixin, BaseEstimator):
    """Support vector machine with the kernel K(x, z) = exp(-γ Σ_i (x_i - z_i)² / (x_i + z_i)).

    The squared difference of two histograms in a bin is divided by their sum there; 0/0 is 0. Columns must
    not be negative: histograms are given as they are, other columns through ``MinMaxScaler(clip=True)``.

    Parameters
    ----------
    C : float, default=1.0
        Inverse of the strength of regularisation, as in `sklearn.svm.SVC`.
    gamma : float or "mean", default="mean"
        Coefficient γ of the kernel; "mean" is one over the mean χ² distance of two training clips, which
        makes it independent of the number and the scale of the columns.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, as in `sklearn.svm.SVC`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    gamma_ : float
        The γ that is used.
    svc_ : SVC
        The machine fitted to the kernel matrix of the training clips.
    X_ : ndarray of shape (n_samples, n_features)
        The training clips.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns, if `X` has names.

    References
    ----------
    J. Zhang, M. Marszalek, S. Lazebnik and C. Schmid, "Local features and kernels for classification of
    texture and object categories: a comprehensive study", Int. J. Computer Vision 73(2), 2007, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], [[0.1, 0.2, 0.7], [0.1, 0.3, 0.6]]
    >>> model = ChiSquareSVC().fit(np.array(low + high), ["low", "low", "high", "high"])
    >>> model.predict([[0.5, 0.4, 0.1]])
    array(['low'], dtype='<U4')
    """

    def __init__(
        self,
        C: float = 1.0,
        *,
        gamma: float | str = "mean",
        class_weight: dict[Any, float] | str | None = None,
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any) -> ChiSquareSVC:
        """Fit the machine to labelled clips.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row, no negative values.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        ChiSquareSVC
            The fitted classifier itself.

        Raises
        ------
        ValueError
            If a value is negative, or `gamma` is neither "mean" nor a number above 0.
        """
        if self.gamma != "mean" and (isinstance(self.gamma, str) or not self.gamma > 0):
            raise ValueError(f"gamma is {self.gamma!r}; give 'mean' or a number above 0")
        X, y = validate_data(self, X, y, dtype=np.float64, force_writeable=True)
        check_classification_targets(y)
        check_non_negative(X, "ChiSquareSVC.fit")
        distances = -additive_chi2_kernel(X)
        mean = distances.sum() / max(1, len(X) * (len(X) - 1))
        self.gamma_ = 1.0 / (mean or 1.0) if isinstance(self.gamma, str) else float(self.gamma)
        self.svc_ = SVC(C=self.C, kernel="precomputed", class_weight=self.class_weight)
        self.svc_.fit(np.exp(-self.gamma_ * distances), y)
        self.classes_ = self.svc_.classes_
        self.X_ = X
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decision function of each class, as `sklearn.svm.SVC.decision_function` does.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row, no negative values.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, positive for the second.
        """
        kernel = self._kernel(X)
        return np.asarray(self.svc_.decision_function(kernel))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each clip.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row, no negative values.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        kernel = self._kernel(X)
        return np.asarray(self.svc_.predict(kernel))

    def _kernel(self, X: Any) -> NDArray[np.float64]:
        """Return the kernel between X and the training clips, (n_samples, n_training)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False, force_writeable=True)
        check_non_negative(X, "ChiSquareSVC")
        trained = np.require(self.X_, requirements="W")  # a memory map is not writeable
        return np.asarray(np.exp(self.gamma_ * additive_chi2_kernel(X, trained)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
