"""Feature sets: named, frozen lists of features, framings, parameters and summaries.

A set is data. Its canonical JSON hashes to the *spec hash*, which identifies what the numbers mean in caches,
tables and saved models; so a released set never changes, and a change of meaning is a new name. `definition`
says what a set is, `feature_item` what it is made of, `sets` which there are, `feature_parameters` what can
be varied, `formulas` and `constants` what its columns are described with and what decides its identity.
"""

from __future__ import annotations

import re

from gtzanfeat.errors import UnknownNameError
from gtzanfeat.feature_sets.definition import FeatureSet
from gtzanfeat.feature_sets.feature_item import RATE, FeatureItem, column_name
from gtzanfeat.feature_sets.sets import FEATURE_SETS

__all__ = ["FEATURE_SETS", "RATE", "FeatureItem", "FeatureSet", "column_name", "feature_set"]


def feature_set(name: str | FeatureSet) -> FeatureSet:
    """Return a feature set by name.

    Parameters
    ----------
    name : str or FeatureSet
        A name of `FEATURE_SETS`, or one with a rate, "mfcc@44100": the set at that sample rate in Hz, as
        `FeatureSet.at` makes it. A `FeatureSet` is returned as it is.

    Returns
    -------
    FeatureSet
        The set.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(name, FeatureSet):
        return name
    base, at, rate = name.partition("@") if isinstance(name, str) else (name, "", "")
    if base not in FEATURE_SETS or (at and not re.fullmatch(r"[1-9]\d{2,6}", rate)):
        raise UnknownNameError("feature set", name, FEATURE_SETS)
    return FEATURE_SETS[base].at(int(rate)) if at else FEATURE_SETS[base]
