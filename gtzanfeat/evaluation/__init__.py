"""Scores that can be believed: a named protocol, a fresh fit per fold, and a result that says what it is.

`protocols` and `planning` divide the recordings, `running` fits and predicts, `scores` holds what came out.
Pictures are drawn in `gtzanfeat.report`.
"""

from gtzanfeat.evaluation.planning import Fold, Plan, plan
from gtzanfeat.evaluation.protocols import PROTOCOLS, Protocol
from gtzanfeat.evaluation.running import evaluate
from gtzanfeat.evaluation.scores import Evaluation

__all__ = ["PROTOCOLS", "Evaluation", "Fold", "Plan", "Protocol", "evaluate", "plan"]
