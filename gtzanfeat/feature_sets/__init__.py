"""Feature sets: named, frozen lists of features, framings, parameters and summaries.

A set is data. Its canonical JSON hashes to the *spec hash*, which identifies what the numbers mean in caches,
tables and saved models; so a released set never changes, and a change of meaning is a new name. `definition`
says what a set is, `feature_item` what it is made of, `sets` which there are, of the items in `common_items`;
`feature_parameters` what can be varied, `formulas` and `constants` what its columns are described with and
what decides its identity; `subfamilies` what the columns of a table tell of.
"""

from __future__ import annotations

from gtzanfeat.feature_sets.definition import FeatureSet
from gtzanfeat.feature_sets.feature_item import RATE, FeatureItem, column_name
from gtzanfeat.feature_sets.sets import FEATURE_SETS, feature_set
from gtzanfeat.feature_sets.subfamilies import column_families

__all__ = [
    "FEATURE_SETS",
    "RATE",
    "FeatureItem",
    "FeatureSet",
    "column_families",
    "column_name",
    "feature_set",
]
