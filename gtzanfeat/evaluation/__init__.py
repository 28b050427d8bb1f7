"""Scores that can be believed: a named protocol, a fresh fit per fold, and a result that says what it is.

`tasks` says what can be asked and `systems` of whom; `protocols` and `planning` divide the recordings,
`measuring`, `fitting` and `running` learn and answer; `scores` holds what came out, by `metrics` and
`chance`, and `printing` and `files` are its ways out; `comparison` sets results side by side,
`reproduction` runs published experiments again, `sweeping` degrades what is tested, and `explaining` and
`contributing` say what a score and an answer owe to what. Pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.evaluation.cross_validation import evaluate
from gtzanfeat.evaluation.folds import Fold, Plan, plan
from gtzanfeat.evaluation.leakage import Audit, audit
from gtzanfeat.evaluation.protocols import PROTOCOLS, Protocol
from gtzanfeat.evaluation.result import Evaluation
from gtzanfeat.evaluation.storage import read_evaluation
from gtzanfeat.evaluation.systems import REGRESSORS
from gtzanfeat.evaluation.tasks import TASKS

__all__ = [
    "PROTOCOLS",
    "REGRESSORS",
    "TASKS",
    "Audit",
    "Evaluation",
    "Fold",
    "Plan",
    "Protocol",
    "audit",
    "evaluate",
    "plan",
    "read_evaluation",
]
