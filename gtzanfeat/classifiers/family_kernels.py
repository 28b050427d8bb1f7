"""Support vector machine on the mean of one kernel per family of columns.

What the families are is in `gtzanfeat.feature_sets.subfamilies`; for a linear model on the same mean,
`gtzanfeat.FamilyScaler` scales the columns. Other kernels are `sklearn.svm.SVC`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.classifiers.calibration import (
    class_scores,
    inner_folds,
    inverse_temperature,
    out_of_fold_scores,
)
from gtzanfeat.errors import UnknownNameError
from gtzanfeat.feature_sets.subfamilies import Families, column_families

__all__ = ["FamilyKernelSVC"]

KERNELS = ("rbf", "linear")
BLOCK = 512  # rows of the kernel matrix computed at a time: temporaries stay small beside it


class FamilyKernelSVC(ClassifierMixin, BaseEstimator):
    """Support vector machine with the kernel K(x, z) = Σ_f w_f k_f(x, z), one k_f per family of columns.

    In one kernel of all columns a family of 200 columns outvotes one of five. Here each family has its own
    kernel, of a width that fits it: exp(-‖x_f - z_f‖² / v_f) or x_f·z_f / v_f, where v_f is the sum of the
    variances of its columns. The kernel is the weighted mean of these. Columns should be standardised, as by
    `StandardScaler`; within a family, it is their variance that weighs them.

    Up to `exact_up_to` training clips the kernel matrix is computed exactly: n² · 8 bytes. Beyond, each
    family's kernel is approximated from `n_components` training clips (Nyström), and a linear machine, one
    against the rest, is trained on the columns that this gives. Of 1,677 columns in 27 families, one core and
    without calibration, 1,000 clips took 0.6 s and 25 MB beside the clips themselves, 5,000 took 13 s and
    260 MB, and 10,000, approximated, 23 s and 630 MB. Calibration takes five times as long.

    Parameters
    ----------
    C : float, default=10.0
        Inverse of the strength of regularisation, as in `sklearn.svm.SVC`. A mean of kernels is flat: 10
        here is as strong as some 1 there.
    families : str, FeatureSet, mapping, sequence of str, or None, default=None
        The families of the columns: a feature set or its name; a mapping of column names to families; one
        family for each column. By default the names of the columns tell, if X has names and they are of a
        feature set; columns that are not known are one family. What has lost its names (`evaluate` takes
        values without them) is given what `gtzanfeat.feature_sets.column_families` finds by them.
    kernel : {"rbf", "linear"}, default="rbf"
        The kernel of a family.
    weights : mapping, optional
        Weights of families by name, 0 or more; those that are not named have 1. The sum does not matter.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, as in `sklearn.svm.SVC`.
    cv : int or None, default=5
        Number of inner folds over which `predict_proba` is calibrated; None leaves it out, and saves as
        many fits.
    exact_up_to : int, default=5000
        Largest number of training clips whose kernel is computed exactly.
    n_components : int, default=100
        Beyond that, number of training clips from which the kernel of each family is approximated.
    random_state : int, RandomState instance or None, default=None
        Seed of the inner folds and of the approximation.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    families_ : ndarray of shape (n_features,), str
        The family of each column.
    weights_ : dict
        The weight of each family; their sum is 1.
    variances_ : dict
        The v_f of each family.
    machine_ : SVC or LinearSVC
        The machine fitted to the kernel matrix or to its approximation.
    inverse_temperature_ : float
        The β of the probabilities softmax(β · decision function), if `cv` is not None.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns, if `X` has names.

    See Also
    --------
    gtzanfeat.FamilyScaler : Scales columns so that a linear model has the same linear kernel.

    References
    ----------
    P. Gehler and S. Nowozin, "On feature combination for multiclass object classification", ICCV 2009,
    section 3 (the mean of kernels). C. Williams and M. Seeger, "Using the Nyström method to speed up kernel
    machines", NIPS 2000.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((40, 12)), np.repeat(["jazz", "pop"], 20)
    >>> X[20:, :2] += 3  # only the smaller family tells the classes apart
    >>> model = FamilyKernelSVC(families=["tempo"] * 2 + ["cepstrum"] * 10, random_state=0).fit(X, y)
    >>> model.weights_
    {'tempo': 0.5, 'cepstrum': 0.5}
    >>> model.predict([[3.0] * 2 + [0.0] * 10, [0.0] * 12])
    array(['pop', 'jazz'], dtype='<U4')
    """

    def __init__(
        self,
        C: float = 10.0,
        *,
        families: Families = None,
        kernel: str = "rbf",
        weights: Mapping[str, float] | None = None,
        class_weight: dict[Any, float] | str | None = None,
        cv: int | None = 5,
        exact_up_to: int = 5000,
        n_components: int = 100,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.C = C
        self.families = families
        self.kernel = kernel
        self.weights = weights
        self.class_weight = class_weight
        self.cv = cv
        self.exact_up_to = exact_up_to
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> FamilyKernelSVC:
        """Fit the machine to labelled clips, and calibrate its probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row, columns standardised.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,), optional
            Recordings or artists, which the folds of the calibration keep whole; by default each clip is one.

        Returns
        -------
        FamilyKernelSVC
            The fitted classifier itself.

        Raises
        ------
        UnknownNameError
            If there is no such kernel or feature set, or no family of a name in `weights`.
        GtzanfeatError
            If `families` do not fit the columns.
        ValueError
            If a weight is negative, or all are 0.
        """
        if self.kernel not in KERNELS:
            raise UnknownNameError("kernel", self.kernel, KERNELS)
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        names = getattr(self, "feature_names_in_", None)
        self.families_ = column_families(self.families, X.shape[1], names)
        self.weights_ = self._weights()
        variances = X.var(axis=0)
        # a family that does not vary has a kernel that does not, whatever it is divided by
        self.variances_ = {
            family: float(variances[self.families_ == family].sum()) or 1.0 for family in self.weights_
        }
        self._fit_machine(X, y)
        if self.cv is not None:
            bare = clone(self).set_params(cv=None, families=list(self.families_))
            folds = inner_folds(y, groups, self.cv, self.random_state)
            scores, rows = out_of_fold_scores(bare, X, y, folds)
            self.inverse_temperature_ = inverse_temperature(scores, codes[rows])
        return self

    def _weights(self) -> dict[str, float]:
        """Return the weight of each family that has one above 0; their sum is 1."""
        found: dict[str, float] = dict.fromkeys(map(str, dict.fromkeys(self.families_)), 1.0)
        for family, weight in (self.weights or {}).items():
            if family not in found:
                raise UnknownNameError("family of columns", family, found)
            if not weight >= 0:
                raise ValueError(f"the weight of {family} is {weight!r}; give 0 or more")
            found[family] = weight
        total = sum(found.values())
        if not total > 0:
            raise ValueError("all families have the weight 0; give one of them more")
        return {family: weight / total for family, weight in found.items() if weight}

    def _fit_machine(self, X: NDArray[np.float64], y: NDArray[Any]) -> None:
        """Fit the machine to the kernel matrix of X or, where that would be too large, to columns."""
        self.X_ = X if len(X) <= self.exact_up_to else None
        machine: Any
        if self.X_ is not None:
            machine = SVC(C=self.C, kernel="precomputed", class_weight=self.class_weight)
        else:
            self.maps_ = self._maps(X)
            machine = LinearSVC(C=self.C, class_weight=self.class_weight, random_state=self.random_state)
        self.machine_ = machine.fit(self._of_machine(X), y)

    def _maps(self, X: NDArray[np.float64]) -> dict[str, Nystroem]:
        """Return the approximation of the kernel of each family; a linear one needs none."""
        if self.kernel == "linear":
            return {}
        n_components = min(self.n_components, len(X))
        return {
            family: Nystroem(
                gamma=1.0 / self.variances_[family], n_components=n_components, random_state=self.random_state
            ).fit(X[:, self.families_ == family])
            for family in self.weights_
        }

    def _of_machine(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the machine takes: the kernel of X and the training clips, or columns."""
        if self.X_ is None:
            return np.hstack(
                [self._columns(X[:, self.families_ == family], family) for family in self.weights_]
            )
        kernel = np.zeros((len(X), len(self.X_)))
        for family, weight in self.weights_.items():
            own = self.families_ == family
            trained, gamma = self.X_[:, own], 1.0 / self.variances_[family]
            for start in range(0, len(X), BLOCK):
                block = X[start : start + BLOCK, own]
                if self.kernel == "rbf":
                    part = rbf_kernel(block, trained, gamma=gamma)
                else:
                    part = linear_kernel(block, trained) * gamma
                kernel[start : start + BLOCK] += weight * part
        return kernel

    def _columns(self, X: NDArray[np.float64], family: str) -> NDArray[np.float64]:
        """Return columns whose inner products are the weighted kernel of a family, or nearly so."""
        weight = self.weights_[family]
        if self.kernel == "linear":
            return np.asarray(X * np.sqrt(weight / self.variances_[family]))
        return np.asarray(self.maps_[family].transform(X) * np.sqrt(weight))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decision function of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, positive for the second.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.machine_.decision_function(self._of_machine(X)))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each clip.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.

        Returns
        -------
        ndarray of shape (n_samples,)
            The class of greatest decision function, which is that of greatest probability.
        """
        best = class_scores(self, X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    @available_if(lambda model: model.cv is not None)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, if `cv` is not None.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            softmax(β · decision function), calibrated on training clips that were held out.
        """
        scores = class_scores(self, X)
        return np.asarray(softmax(self.inverse_temperature_ * scores, axis=1))
