"""Inspection: what explains a score, what lowers it, and whether two scores differ.

`feature_importance` and `feature_contributions` say what a score or an answer owes to which columns,
`degradation_robustness` how a score falls on degraded sound, `comparison` whether two scores differ, and
`reproduction` runs published experiments again.
How a score is made is for `gtzanfeat.evaluation`; pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.inspection.comparison import compare, corrected_t_test, differences, mcnemar_test
from gtzanfeat.inspection.degradation_robustness import Robustness, robustness
from gtzanfeat.inspection.feature_contributions import contributions, held_out_contributions
from gtzanfeat.inspection.feature_importance import Importance, importance
from gtzanfeat.inspection.reproduction import PUBLISHED_EXPERIMENTS, reproduce

__all__ = [
    "PUBLISHED_EXPERIMENTS",
    "Importance",
    "Robustness",
    "compare",
    "contributions",
    "corrected_t_test",
    "differences",
    "held_out_contributions",
    "importance",
    "mcnemar_test",
    "reproduce",
    "robustness",
]
