"""Inspection: what explains a score, what lowers it, and whether two scores differ.

`feature_importance` is that of columns for a score, `feature_contributions` their shares in one decision, and
`shapley_values` those of families in a decision of any classifier;
`degradation_robustness` is the score on degraded sound, `comparison` tests differences of scores, and
`reproduction` runs published experiments again. How a score is made is in `gtzanfeat.evaluation`; pictures
are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.inspection.comparison import compare, corrected_t_test, differences, mcnemar_test
from gtzanfeat.inspection.degradation_robustness import Robustness, robustness
from gtzanfeat.inspection.feature_contributions import contributions, held_out_contributions
from gtzanfeat.inspection.feature_importance import Importance, importance
from gtzanfeat.inspection.reproduction import PUBLISHED_EXPERIMENTS, reproduce
from gtzanfeat.inspection.shapley_values import held_out_shapley_values

__all__ = [
    "PUBLISHED_EXPERIMENTS",
    "Importance",
    "Robustness",
    "compare",
    "contributions",
    "corrected_t_test",
    "differences",
    "held_out_contributions",
    "held_out_shapley_values",
    "importance",
    "mcnemar_test",
    "reproduce",
    "robustness",
]
