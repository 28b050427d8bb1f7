"""The first step of a model that was trained on columns computed elsewhere: it asks for these columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from gtzanfeat.errors import ModelError
from gtzanfeat.feature_sets import FeatureSet
from gtzanfeat.feature_sets import feature_set as find_feature_set


class JoinedColumns(TransformerMixin, BaseEstimator):
    """Take the columns of a feature set, if any, and joined ones out of a table, by name.

    It stands where `ClipFeatures` stands in other models. Recordings cannot be given to it: their joined
    columns are in no sound. Make the table with `gtzanfeat.join_columns`.

    Parameters
    ----------
    columns : sequence of str
        The names of the joined columns.
    feature_set : str or FeatureSet, optional
        The features that stand before them.

    Examples
    --------
    >>> table = pd.DataFrame({"e_1": [0.5], "e_0": [1.5]})
    >>> JoinedColumns(["e_0", "e_1"]).fit(table).transform(table)
    array([[1.5, 0.5]], dtype=float32)
    """

    def __init__(self, columns: Sequence[str], feature_set: str | FeatureSet | None = None) -> None:
        self.columns = columns
        self.feature_set = feature_set

    def fit(self, X: Any, y: Any = None) -> JoinedColumns:
        """Check that the columns are there; nothing is learnt.

        Parameters
        ----------
        X : DataFrame of shape (n_clips, n_columns)
            As `gtzanfeat.join_columns` gives it.
        y : ignored
            Present for API consistency.

        Returns
        -------
        JoinedColumns
            The transformer itself.

        Raises
        ------
        ModelError
            If X is no table with these columns.
        """
        self.transform(X)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the columns in the order in which the model learnt them.

        Parameters
        ----------
        X : DataFrame of shape (n_clips, n_columns)
            As in `fit`; in any order, further columns are left out.

        Returns
        -------
        ndarray of shape (n_clips, n_columns), float32
            The features, then the joined columns.

        Raises
        ------
        ModelError
            If X is no table with these columns.
        """
        names = list(self.get_feature_names_out())
        missing = [name for name in names if not isinstance(X, pd.DataFrame) or name not in X]
        if missing:
            before = "" if self.feature_set is None else f" beside {find_feature_set(self.feature_set).name}"
            raise ModelError(
                f"this model was trained on {len(self.columns)} joined columns{before} (such as "
                f"{self.columns[0]!r}), and {len(missing)} of its columns are not given (such as "
                f"{missing[0]!r}); give the file that has them: --join FILE, or in Python what "
                "join_columns(clips, FILE, ...) returns"
            )
        return np.asarray(X[names].to_numpy(dtype=np.float32))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : ignored
            Present for API consistency.

        Returns
        -------
        ndarray of shape (n_columns,), str objects
            The features, then the joined columns.
        """
        before = () if self.feature_set is None else find_feature_set(self.feature_set).columns
        return np.asarray([*before, *self.columns], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True
