"""Scores that can be believed: a named protocol, a fresh fit per fold, and a result that says what it is.

`protocols` divides the recordings, `running` fits and predicts, `scores` holds what came out. Pictures
are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.evaluation.protocols import PROTOCOLS, Fold, Plan, Protocol, plan
from gtzanfeat.evaluation.running import evaluate
from gtzanfeat.evaluation.scores import Evaluation

__all__ = ["PROTOCOLS", "Evaluation", "Fold", "Plan", "Protocol", "evaluate", "plan"]
