"""Scaling of families of columns to one variance, so that each counts as much in a linear model.

What the families are is in `gtzanfeat.feature_sets.subfamilies`; kernels that are not linear are those of
`gtzanfeat.FamilyKernelSVC`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from gtzanfeat.feature_sets.subfamilies import Families, column_families


class FamilyScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale columns so that the variances of each family sum to one over the number of families.

    Columns of a family are divided by the same number, so that it stays what it is. A linear model of the
    result, such as `RidgeClassifier`, has the mean of one linear kernel per family: a family of 200 columns
    does not outvote one of five. Columns should be standardised before, as by `StandardScaler`.

    Parameters
    ----------
    families : str, FeatureSet, mapping, sequence of str, or None, default=None
        The families of the columns, as in `gtzanfeat.FamilyKernelSVC`.

    Attributes
    ----------
    families_ : ndarray of shape (n_features,), str
        The family of each column.
    scale_ : ndarray of shape (n_features,)
        What each column is multiplied by.
    n_features_in_ : int
        Number of columns seen by `fit`.
    feature_names_in_ : ndarray of str
        Names of the columns, if `X` has names.

    References
    ----------
    P. Gehler and S. Nowozin, "On feature combination for multiclass object classification", ICCV 2009,
    section 3 (the mean of kernels).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).standard_normal((50, 5))
    >>> scaled = FamilyScaler(["tempo"] + ["chroma"] * 4).fit_transform(X)
    >>> [round(float(part.var(axis=0).sum()), 3) for part in (scaled[:, :1], scaled[:, 1:])]
    [0.5, 0.5]
    """

    def __init__(self, families: Families = None) -> None:
        self.families = families

    def fit(self, X: Any, y: Any = None) -> FamilyScaler:
        """Learn the variance of each family.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.
        y : ignored
            Present for API consistency.

        Returns
        -------
        FamilyScaler
            The transformer itself.

        Raises
        ------
        UnknownNameError
            If there is no such feature set.
        GtzanfeatError
            If `families` do not fit the columns.
        """
        X = validate_data(self, X, dtype=np.float64)
        names = getattr(self, "feature_names_in_", None)
        self.families_ = column_families(self.families, X.shape[1], names)
        number = np.unique(self.families_, return_inverse=True)[1]
        total = np.bincount(number, weights=X.var(axis=0))
        # a family that does not vary says nothing, whatever it is divided by
        self.scale_ = 1.0 / np.sqrt(np.where(total > 0, total, 1.0) * len(total))[number]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Scale the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One clip per row.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The columns, scaled.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(X * self.scale_)
