"""Evaluation: what makes a score; protocols, folds, cross-validation, leakage, metrics and uncertainty.

`tasks` says what can be asked and `systems` by whom it is answered; `protocols` and `folds` divide the
recordings and `leakage` looks for what is on both sides. An `Experiment` extracts features once
(`precomputation`), trains and tests in every fold (`cross_validation`) and gives an `Evaluation` (`result`),
whose numbers come from `metrics` and `uncertainty`; `text` and `storage` are its ways out. What is asked of a
score afterwards is in `gtzanfeat.inspection`; pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.evaluation.experiment import Experiment
from gtzanfeat.evaluation.folds import Fold, Plan, plan
from gtzanfeat.evaluation.leakage import Audit, audit
from gtzanfeat.evaluation.protocols import PROTOCOLS, Protocol
from gtzanfeat.evaluation.result import Evaluation
from gtzanfeat.evaluation.score import evaluate
from gtzanfeat.evaluation.storage import read_evaluation, write_evaluation
from gtzanfeat.evaluation.systems import REGRESSORS
from gtzanfeat.evaluation.tasks import TASKS

__all__ = [
    "PROTOCOLS",
    "REGRESSORS",
    "TASKS",
    "Audit",
    "Evaluation",
    "Experiment",
    "Fold",
    "Plan",
    "Protocol",
    "audit",
    "evaluate",
    "plan",
    "read_evaluation",
    "write_evaluation",
]
