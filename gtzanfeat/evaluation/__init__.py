"""Evaluation: what makes a score; protocols, folds, cross-validation, leakage, metrics and uncertainty.

`tasks` holds what can be predicted and `systems` the estimators by name; `protocols` and `folds` divide the
recordings, `lone_classes` leaves out what cannot be divided, `leakage` and `duplicates` find what is on both
sides, `confounders` finds what files tell of the classes. An `Experiment` extracts features
once (`precomputation`), trains and tests in every fold (`cross_validation`, `controls`) and gives an
`Evaluation` (`tabulation`, `result`). Its numbers come from `metrics`, `uncertainty`, `class_scores` and
`ranking_curves`; `text` prints it, and `storage` keeps it. What explains a score is in
`gtzanfeat.inspection`; pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.evaluation.confounders import Confound, Confounds, confounds
from gtzanfeat.evaluation.experiment import Experiment
from gtzanfeat.evaluation.folds import Fold, Plan, plan
from gtzanfeat.evaluation.leakage import Audit, audit
from gtzanfeat.evaluation.lone_classes import drop_lone_classes
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
    "Confound",
    "Confounds",
    "Evaluation",
    "Experiment",
    "Fold",
    "Plan",
    "Protocol",
    "audit",
    "confounds",
    "drop_lone_classes",
    "evaluate",
    "plan",
    "read_evaluation",
    "write_evaluation",
]
