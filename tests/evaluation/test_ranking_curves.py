"""ROC and precision-recall curves: closed forms, scikit-learn, and the areas that the metrics say."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation import evaluate
from gtzanfeat.evaluation.ranking_curves import fold_curves, ranking_curves

GRID = np.linspace(0.0, 1.0, 201)


def clips(n, **columns):
    names = [f"clip {i}" for i in range(n)]
    return ClipTable(pd.DataFrame({"path": names, "recording": names, **columns}), "example")


def test_closed_forms():
    truth = np.arange(10) < 4
    roc, precision = fold_curves(truth, -np.arange(10.0), GRID)  # every positive before every negative
    assert (roc == 1.0).all()
    assert (precision == 1.0).all()
    roc, precision = fold_curves(truth, np.zeros(10), GRID)  # one threshold for all: guessing
    np.testing.assert_allclose(roc, GRID)
    np.testing.assert_allclose(precision, 0.4)
    roc, precision = fold_curves(truth, np.arange(10.0), GRID)  # every positive after every negative
    assert (roc[:-1] == 0.0).all()
    np.testing.assert_allclose(precision[[1, 100, 200]], [1 / 7, 2 / 8, 4 / 10])
    assert np.isnan(fold_curves(np.zeros(5, dtype=bool), np.arange(5.0), GRID)).all()
    roc, precision = fold_curves(np.ones(5, dtype=bool), np.arange(5.0), GRID)
    assert np.isnan(roc).all()
    assert (precision == 1.0).all()


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    truth, scores = rng.random(60) < 0.3, np.round(rng.normal(size=60), 1)  # with ties
    roc, precision = fold_curves(truth, scores, GRID)
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(roc, np.interp(GRID, false, true))
    precisions, recalls, _ = precision_recall_curve(truth, scores)
    for at, value in zip(GRID[1:], precision[1:], strict=True):
        best = max(p for p, r in zip(precisions[:-1], recalls[:-1], strict=True) if r >= at - 1e-9)
        first = recalls[:-1][recalls[:-1] >= at - 1e-9].min()
        at_first = precisions[:-1][recalls[:-1] == first].max()
        assert value == pytest.approx(at_first)
        assert value <= best + 1e-12


@pytest.fixture(scope="module")
def tags():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 3))
    has = np.c_[x[:, 0] > 0, x[:, 1] > 0.4, rng.random(90) < 0.3]
    words = ["|".join(np.array(["guitar", "piano", "voice"])[row]) or "|" for row in has]
    given = clips(90, labels=words)
    return evaluate("logistic", given, target="labels", values=x + rng.normal(size=x.shape), cv=3, repeats=2)


def test_areas_are_those_of_the_metrics(tags):
    curves = ranking_curves(tags)
    assert [row.name for row in curves] == ["guitar", "piano", "voice"]
    for row in curves:
        said = tags.per_class.loc[row.name]
        area = np.sum((row.true_positive_rate[1:] + row.true_positive_rate[:-1]) / 2) / 200
        assert area == pytest.approx(said["roc_auc"], abs=0.01)  # the grid has steps of half a per cent
        assert row.precision[1:].mean() == pytest.approx(said["average_precision"], abs=0.01)
        assert row.share == pytest.approx(said["clips"] / 90)
        assert (np.diff(row.true_positive_rate) >= -1e-12).all()
        assert row.true_positive_rate[-1] == 1.0


def test_two_classes_have_curves_and_three_have_none():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 2))
    labels = np.where(values[:, 0] + rng.normal(size=60) > 0, "pop", "jazz")
    found = evaluate("logistic", clips(60, label=labels), values=values, cv=3, repeats=2)
    jazz, pop = ranking_curves(found)
    assert (jazz.name, pop.name) == ("jazz", "pop")
    assert jazz.share + pop.share == pytest.approx(1.0)
    assert np.ptp(found.per_class["roc_auc"]) < 1e-12  # one threshold decides about both
    three = evaluate("logistic", clips(60, label=list("abc") * 20), values=values, cv=3, repeats=1)
    assert ranking_curves(three) == ()


def test_without_scores_there_is_no_curve():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 1))
    hard = evaluate("ridge", clips(40, target=values[:, 0]), target="target", values=values, cv=2)
    assert ranking_curves(hard) == ()
