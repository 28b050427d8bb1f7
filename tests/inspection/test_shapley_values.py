"""Shapley values of families: exact where exact shares exist, additive everywhere."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import GtzanfeatError, UnknownNameError
from gtzanfeat.evaluation import Experiment
from gtzanfeat.extraction import Extraction
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.inspection.feature_contributions import held_out_contributions
from gtzanfeat.inspection.shapley_values import held_out_shapley_values

SET = feature_set("classic30")
FAMILY = np.array([row["family"] for row in SET.feature_table()])
GROUPS = ["timbre", "rhythm", "pitch"]


def experiment(estimator, n=60, **options):
    """Of classes that the rhythm columns tell, and nothing else does."""
    names = [f"clip {i}" for i in range(n)]
    frame = pd.DataFrame({"path": names, "recording": names, "label": ["jazz", "pop", "rock"] * (n // 3)})
    values = np.random.default_rng(0).standard_normal((n, 30))
    values[:, FAMILY == "rhythm"] += 3.0 * (np.arange(n)[:, None] % 3)
    given = Extraction(SET, values.astype(np.float32), np.ones(n), ("",) * n, ())
    return Experiment(estimator, ClipTable(frame, "example"), **{"values": given, "cv": 3} | options)


def test_of_a_linear_model_they_are_the_exact_contributions():
    """Scaled columns have the mean 0 over the training clips, all of which are the background here."""
    asked = experiment(make_pipeline(StandardScaler(), RidgeClassifier()))
    exact, found = held_out_contributions(asked), held_out_shapley_values(asked)
    assert found.index.equals(exact.index)
    np.testing.assert_allclose(found[exact.columns], exact, atol=1e-4)  # the rows are float32


@pytest.mark.parametrize("model", ["svm", RandomForestClassifier(30, random_state=0)], ids=["svm", "forest"])
def test_they_sum_to_the_scores_of_the_folds_and_name_the_family_that_tells(model):
    asked = experiment(model)
    found = held_out_shapley_values(asked)
    np.testing.assert_allclose(found[[*GROUPS, "rest"]].sum(axis=1), found["total"], atol=1e-9)
    tested = asked.with_one_repeat().evaluate().predictions.set_index("clip")
    scores = tested[["score_jazz", "score_pop", "score_rock"]].to_numpy()
    totals = found["total"].loc[1].unstack().loc[tested.index].to_numpy()
    np.testing.assert_allclose(totals, scores, atol=1e-6)
    assert found[GROUPS].abs().mean().idxmax() == "rhythm"


def test_of_two_groups_they_are_the_mean_of_both_orders():
    names = [f"clip {i}" for i in range(20)]
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.normal(size=(20, 2)), columns=["a", "b"])
    labels = np.where(values["a"] * values["b"] > 0, "same", "other")
    table = ClipTable(pd.DataFrame({"path": names, "recording": names, "label": labels}), "example")
    asked = Experiment(SVC(C=10.0, gamma=1.0), table, values=values, cv=2, repeats=1)
    found = held_out_shapley_values(asked, by="column")
    fold = asked.plan.folds[0]
    model, clip = asked.cross_validation.fit(fold), fold.test[0]
    train, own = values.to_numpy()[fold.train], values.to_numpy()[clip]

    def worth(*kept):
        mixed = train.copy()
        mixed[:, list(kept)] = own[list(kept)]
        return model.decision_function(mixed).mean()

    expected = (worth(0) - worth() + worth(0, 1) - worth(1)) / 2
    assert found.loc[(1, clip, "same"), "a"] == pytest.approx(expected, abs=1e-5)
    assert found.loc[(1, clip, "other"), "a"] == pytest.approx(-expected, abs=1e-5)


def test_of_some_clips_only_their_folds_are_trained(monkeypatch):
    asked = experiment("svm")
    whole = held_out_shapley_values(asked)
    trained = []
    fit = type(asked.cross_validation).fit
    monkeypatch.setattr(
        type(asked.cross_validation), "fit", lambda self, fold: trained.append(fold.fold) or fit(self, fold)
    )
    fold = asked.plan.folds[1]
    found = held_out_shapley_values(asked, clips=fold.test[:2])
    assert trained == [fold.fold]
    pd.testing.assert_frame_equal(found, whole.loc[found.index], atol=1e-9)


def test_what_has_no_shares():
    with pytest.raises(GtzanfeatError, match="gives none of classes"):
        held_out_shapley_values(
            experiment(make_pipeline(StandardScaler(), SVC(decision_function_shape="ovo")))
        )
    with pytest.raises(GtzanfeatError, match="8 groups of columns or fewer, not 30; choose by='family'"):
        held_out_shapley_values(experiment("svm"), by="column")
    with pytest.raises(UnknownNameError, match="unknown grouping 'famly'"):
        held_out_shapley_values(experiment("svm"), by="famly")
