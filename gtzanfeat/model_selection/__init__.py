"""Model selection: settings chosen inside the training part, over whole groups (artists, recordings).

`grouped_search` searches, `group_routing` hands the groups to whatever divides rows. How a score is made of
the outer folds is for `gtzanfeat.evaluation`.
"""

from gtzanfeat.model_selection.grouped_search import GroupedSearch

__all__ = ["GroupedSearch"]
