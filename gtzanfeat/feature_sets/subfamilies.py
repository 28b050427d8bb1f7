"""Families of the columns of a table, given or found by the names of the columns.

What a column's family is, its `FeatureItem` says (`subfamily`). Estimators of several families ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.feature_sets.definition import FeatureSet
from gtzanfeat.feature_sets.sets import FEATURE_SETS, feature_set

Families = str | FeatureSet | Mapping[str, str] | Sequence[str] | None
OTHER = "other"


def column_families(
    families: Families, n_columns: int, names: Iterable[str] | None = None
) -> NDArray[np.str_]:
    """Return the family of each column of a table.

    Parameters
    ----------
    families : str, FeatureSet, mapping, sequence of str, or None
        A feature set, or its name: the subfamilies of its columns. A mapping of the names of columns to
        families. One family for each column. Or None: columns are looked up, by name, in all feature sets.
    n_columns : int
        Number of columns of the table.
    names : iterable of str, optional
        Names of its columns, where it has names.

    Returns
    -------
    ndarray of shape (n_columns,), str
        Columns whose name is not known are together in the family "other"; so are all where there are no
        names and no families.

    Raises
    ------
    UnknownNameError
        If there is no such feature set.
    GtzanfeatError
        If families are given for another number of columns, or by name to a table without names.

    Examples
    --------
    >>> column_families(None, 3, ["mfcc_01_mean", "chroma_c_mean", "embedding_7"]).tolist()
    ['cepstrum', 'chroma', 'other']
    >>> column_families("pitch5", 5).tolist()[0]
    'pitch histogram'
    """
    named = None if names is None else list(names)
    if families is None:
        return _by_name(_known_columns(), named or [""] * n_columns)
    if isinstance(families, str | FeatureSet):
        table = feature_set(families).feature_table()
        if named is not None:
            return _by_name({row["column"]: row["subfamily"] for row in table}, named)
        families = [row["subfamily"] for row in table]
    if isinstance(families, Mapping):
        if named is None:
            raise GtzanfeatError(
                "families are given by the names of columns, but X has none; give a data frame, or a list "
                "with one family for each column"
            )
        return _by_name(families, named)
    if len(families) != n_columns:
        raise GtzanfeatError(
            f"families are given for {len(families)} columns, but X has {n_columns}; give one for each, or "
            "X as a data frame with the names of its columns"
        )
    return np.array(families, dtype=str)


def _by_name(families: Mapping[str, str], names: Sequence[str]) -> NDArray[np.str_]:
    """Look up the family of each column."""
    return np.array([families.get(name, OTHER) for name in names], dtype=str)


@lru_cache(maxsize=1)
def _known_columns() -> dict[str, str]:
    """Return the subfamily of every column of every feature set; of two of one name, that of the last set."""
    tables = (row.feature_table() for row in FEATURE_SETS.values())
    return {row["column"]: row["subfamily"] for table in tables for row in table}
