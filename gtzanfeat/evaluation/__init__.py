"""Scores that can be believed: a named protocol, a fresh fit per fold, and a result that says what it is.

`tasks` says what can be asked and `systems` of whom; `protocols` and `planning` divide the recordings,
`measuring`, `fitting` and `running` learn and answer; `scores` holds what came out, by `metrics` and
`chance`, and `printing` and `files` are its ways out; `comparison` sets results side by side,
`reproduction` runs published experiments again, `sweeping` degrades what is tested, and `explaining` and
`contributing` say what a score and an answer owe to what. Pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.evaluation.auditing import Audit, audit
from gtzanfeat.evaluation.comparison import compare, corrected_t_test, differences, mcnemar_test
from gtzanfeat.evaluation.contributing import contributions
from gtzanfeat.evaluation.explaining import Importance, importance
from gtzanfeat.evaluation.files import read_evaluation
from gtzanfeat.evaluation.planning import Fold, Plan, plan
from gtzanfeat.evaluation.protocols import PROTOCOLS, Protocol
from gtzanfeat.evaluation.reproduction import EXPERIMENTS, reproduce
from gtzanfeat.evaluation.running import evaluate
from gtzanfeat.evaluation.scores import Evaluation
from gtzanfeat.evaluation.sweeping import Robustness, robustness
from gtzanfeat.evaluation.systems import REGRESSORS
from gtzanfeat.evaluation.tasks import TASKS

__all__ = [
    "EXPERIMENTS",
    "PROTOCOLS",
    "REGRESSORS",
    "TASKS",
    "Audit",
    "Evaluation",
    "Fold",
    "Importance",
    "Plan",
    "Protocol",
    "Robustness",
    "audit",
    "compare",
    "contributions",
    "corrected_t_test",
    "differences",
    "evaluate",
    "importance",
    "mcnemar_test",
    "plan",
    "read_evaluation",
    "reproduce",
    "robustness",
]
