"""Hyperparameter search inside the training part of a fold, by cross-validation over whole groups.

`grouped_search` searches. The outer cross-validation, which makes a score, is in `gtzanfeat.evaluation`.
"""

from gtzanfeat.model_selection.grouped_search import GroupedSearch

__all__ = ["GroupedSearch"]
