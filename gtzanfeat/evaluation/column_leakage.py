"""Columns of values that give the target away: row numbers, codes of the classes, copies of the target.

Where a table is sorted by class, the number of a row says the class, and a score with it means nothing. What
is on both sides of the folds is found in `leakage`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation.tasks import Target, find_target

ORDERED = 0.95  # share of neighbours of one class from which a column alone is taken to know the classes
COPIED = 0.9999  # correlation of ranks from which a column is taken for a copy of the target
MANY = 5  # classes that no single feature tells apart; three of GTZAN are, by one of its features
PER_CLASS = 4  # recordings of each class, on average, below which classes follow each other by chance


def leaking_columns(values: Any, clips: ClipTable, target: Target) -> dict[str, str]:
    """Return the columns of a table of values that alone give the target away, with the reason of each.

    Sort the recordings by a column, equal values in a drawn order. Where the classes then follow each other
    (95 % of the neighbours that can be of one class are), the column gives them away if it holds one value
    for each class, or a whole number of its own for each recording, or if there are five classes or more:
    two or three may well be told apart by one good feature. Of tags and numbers, their copies are found, on
    whatever scale.

    Parameters
    ----------
    values : DataFrame of shape (n_clips, n_columns), or object
        One row per clip. Anything but a DataFrame has no names, and nothing is found in it.
    clips : ClipTable
        The clips; of the windows of a recording the first is asked.
    target : Target
        What is to be predicted.

    Returns
    -------
    dict of str to str
        By the name of the column, what it is like, in words.

    Examples
    --------
    >>> from gtzanfeat.evaluation.tasks import find_target
    >>> frame = pd.DataFrame({"path": list("abcdefgh"), "recording": list("abcdefgh")})
    >>> clips = ClipTable(frame.assign(label=["jazz"] * 4 + ["pop"] * 4), "example")
    >>> values = pd.DataFrame({"Unnamed: 0": range(8), "genre": [3] * 4 + [7] * 4})
    >>> values["tempo"] = [90.5, 112.0, 99.8, 120.0, 120.0, 60.0, 89.1, 140.0]
    >>> leaking_columns(values, clips, find_target(clips))
    {'Unnamed: 0': 'numbers the rows class by class', 'genre': 'holds one value for each class'}
    """
    if not isinstance(values, pd.DataFrame) or len(values) != len(clips):
        return {}
    rows = target.known & ~pd.Series(clips.recordings).duplicated().to_numpy()
    truth = target.truth[rows]
    found = {}
    for name, kind, column in zip(values.columns, values.dtypes, values[rows].to_numpy().T, strict=True):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            continue  # refused elsewhere
        numbers = column.astype(float)
        kept = np.isfinite(numbers)
        said = _giveaway(numbers[kept], truth[kept], target.task.name)
        if said is not None:
            found[str(name)] = said
    return found


def leakage_warnings(values: Any, clips: ClipTable, target: str) -> list[str]:
    """Return one sentence about the columns that `leaking_columns` finds, if there are any."""
    found = leaking_columns(values, clips, find_target(clips, target))
    if not found:
        return []
    said = "; ".join(f"{name!r} {words}" for name, words in found.items())
    return [
        f"columns that alone give the {target} away: {said}. Unless they are heard, leave them out "
        "(--drop NAME; in Python the parameter drop of join_columns): the score means nothing with them"
    ]


def _giveaway(column: np.ndarray, truth: np.ndarray, task: str) -> str | None:
    """Return what gives a column away, or None."""
    if task != "single-label":
        truths = truth.astype(float).reshape(len(truth), -1).T
        copied = any(_same_order(column, one) for one in truths)
        return "is a copy of it" if copied and len(column) > PER_CLASS else None
    classes, number = np.unique(truth.astype(str), return_inverse=True)
    n_clips, n_classes = len(column), len(classes)
    if n_classes < 2 or n_clips < PER_CLASS * n_classes:
        return None
    drawn = np.random.default_rng(0).permutation(n_clips)  # of equal values no class comes first
    in_order = number[drawn][np.argsort(column[drawn], kind="stable")]
    agreeing = (np.diff(in_order) == 0).sum() / (n_clips - n_classes)
    if agreeing < ORDERED:
        return None
    n_values = len(np.unique(column))
    if n_values <= n_classes:
        return "holds one value for each class"
    if n_values == n_clips and (column == np.round(column)).all():
        return "numbers the rows class by class"
    return "tells the classes apart by itself" if n_classes >= MANY else None


def _same_order(column: np.ndarray, truth: np.ndarray) -> bool:
    """Whether two columns rank alike, upwards or downwards."""
    ranks = pd.DataFrame({"column": column, "truth": truth}).rank()
    if (ranks.nunique() < 2).any():
        return False
    return abs(ranks["column"].corr(ranks["truth"])) >= COPIED
