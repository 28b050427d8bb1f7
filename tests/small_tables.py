"""Small tables of clips and small results, written down rather than measured."""

import numpy as np
import pandas as pd

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation import Evaluation
from gtzanfeat.evaluation.result import LIBRARIES
from gtzanfeat.version import versions


def table(labels, name="example", **columns):
    recordings = [f"r{i}" for i in range(len(labels))]
    frame = pd.DataFrame({"path": recordings, "recording": recordings, "label": labels})
    return ClipTable(frame.assign(**columns), name)


def result(truth, answers, folds=None, repeats=None, warnings=()):
    n = len(truth)
    predictions = pd.DataFrame({"label": truth, "predicted": answers, "path": "x", "recording": "x"})
    predictions = predictions.assign(repeat=repeats or 1, fold=folds or 1, clip=np.arange(n))
    return Evaluation(
        estimator="gmm3",
        dataset="example",
        protocol="random",
        description="2-fold",
        feature_set="classic30",
        spec_hash="0123456789abcdef",
        n_columns=30,
        random_state=7,
        predictions=predictions,
        n_clips=n,
        n_used=n,
        failures=(),
        left_out={},
        warnings=warnings,
        versions=versions(*LIBRARIES),
    )
