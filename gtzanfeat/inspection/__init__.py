"""Inspection: what is asked of a score once it is there.

`feature_importance` and `feature_contributions` say what a score or an answer owes to which columns,
`degradation_robustness` how a score falls on degraded sound, `comparison` whether two scores differ, and
`reproduction` runs published experiments again.
How a score is made is for `gtzanfeat.evaluation`; pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.inspection.comparison import compare, corrected_t_test, differences, mcnemar_test
from gtzanfeat.inspection.degradation_robustness import Robustness, robustness
from gtzanfeat.inspection.feature_contributions import contributions
from gtzanfeat.inspection.feature_importance import Importance, importance
from gtzanfeat.inspection.reproduction import EXPERIMENTS, reproduce

__all__ = [
    "EXPERIMENTS",
    "Importance",
    "Robustness",
    "compare",
    "contributions",
    "corrected_t_test",
    "differences",
    "importance",
    "mcnemar_test",
    "reproduce",
    "robustness",
]
