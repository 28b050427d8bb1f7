"""What scores and decisions owe to groups of columns: by exchange on held-out clips, and exactly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from gtzanfeat.classifiers import GaussianMixtureClassifier
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, GtzanfeatError, UnknownNameError
from gtzanfeat.evaluation import Experiment, evaluate
from gtzanfeat.extraction import Extraction, Failure
from gtzanfeat.feature_sets import feature_set
from gtzanfeat.inspection.feature_contributions import contributions, held_out_contributions
from gtzanfeat.inspection.feature_importance import importance, named_columns
from gtzanfeat.model_selection.grouped_search import GroupedSearch
from gtzanfeat.recipes import recipe
from gtzanfeat.segments import SegmentClassifier

SET = feature_set("classic30")
FAMILY = np.array([row["family"] for row in SET.feature_table()])


def clips(n=90, **columns):
    names = [f"clip {i}" for i in range(n)]
    return ClipTable(pd.DataFrame({"path": names, "recording": names} | columns), "example")


def labels(n=90):
    return np.array(["jazz", "pop", "rock"] * (n // 3), dtype=object)


def extraction(values):
    return Extraction(SET, values.astype(np.float32), np.ones(len(values)), ("",) * len(values), ())


def rhythm_tells(n=90, seed=0):
    """Vectors of classic30 in which the rhythm columns tell the class, and nothing else does."""
    values = np.random.default_rng(seed).standard_normal((n, 30))
    values[:, FAMILY == "rhythm"] += 9.0 * (np.arange(n)[:, None] % 3)
    return values


def importance_of(estimator, table, by="family", permutations=10, **asked):
    return importance(Experiment(estimator, table, **asked), by=by, permutations=permutations)


def test_the_family_that_tells_the_class_loses_all_and_the_others_nothing():
    found = importance_of("logistic", clips(label=labels()), values=extraction(rhythm_tells()), cv=3)
    assert found.by == "family"
    assert found.value > 0.97
    assert found.table.index[0] == "rhythm"
    assert found.table.loc["rhythm", "importance"] == pytest.approx(2 / 3, abs=0.1)  # a third is luck
    np.testing.assert_allclose(found.table.loc[["timbre", "pitch"], "importance"], 0.0, atol=0.02)
    assert dict(found.table["columns"]) == {"rhythm": 6, "timbre": 19, "pitch": 5}
    assert "rhythm" in str(found)


def test_two_groups_that_tell_the_same_hide_each_other():
    values = rhythm_tells()
    alone = importance_of("linear-svm", clips(label=labels()), values=extraction(values), cv=3).table
    values[:, FAMILY == "timbre"] = values[:, FAMILY == "rhythm"][:, :1]
    found = importance_of("linear-svm", clips(label=labels()), values=extraction(values), cv=3).table
    assert found.loc["rhythm", "importance"] < 0.5 * alone.loc["rhythm", "importance"]


def test_clips_that_failed_are_left_out_as_in_evaluate():
    values = rhythm_tells()
    whole = importance_of("logistic", clips(87, label=labels(87)), values=extraction(values[:87]), cv=3)
    values[87:] = np.nan
    lost = [Failure(i, f"clip {i}", "it is broken") for i in (87, 88, 89)]
    given = replace(extraction(values), failures=tuple(lost))
    found = importance_of("logistic", clips(label=labels()), values=given, cv=3)
    pd.testing.assert_frame_equal(found.table, whole.table)
    columns = pd.DataFrame(values)
    with pytest.raises(ClipError, match="not finite"):
        importance_of("logistic", clips(label=labels()), values=columns, cv=3, by="column")
    assert importance_of(
        "logistic", clips(label=labels()), values=columns, cv=3, by="column", on_error="skip"
    ).value == pytest.approx(whole.value)


def test_what_is_explained_is_what_evaluate_judges():
    """The same weights of classes; and a search divides recordings where the folds divide artists."""
    rare = clips(60, label=np.array(["pop"] * 50 + ["jazz"] * 10, dtype=object), artist="one and the same")
    values = np.random.default_rng(0).standard_normal((60, 30))
    values[50:, 0] += 1.5
    asked = {"values": extraction(values), "cv": 5, "repeats": 1, "class_weight": "balanced"}
    assert importance_of("svm", rare, **asked).value == pytest.approx(evaluate("svm", rare, **asked).score)
    search = GroupedSearch("svm", {"classify__C": [0.1, 1.0]}, cv=2, random_state=0)
    del asked["class_weight"]
    assert importance_of(search, rare, **asked).value == pytest.approx(evaluate(search, rare, **asked).score)


def test_what_cannot_be_explained_is_refused_before_anything_is_extracted():
    table = clips(label=labels())
    assert named_columns(Experiment(recipe("svm"), table), "family") == SET
    joined = Experiment("svm", table, values=pd.DataFrame(rhythm_tells(), columns=SET.columns))
    assert named_columns(joined, "column") == list(SET.columns)
    with pytest.raises(GtzanfeatError, match="choose by='column'"):
        named_columns(joined, "family")
    for model in (recipe("mfcc-codebook"), SegmentClassifier("svm")):
        with pytest.raises(GtzanfeatError, match="of named columns"):
            importance(Experiment(model, table))


def test_failed_clips_are_named():
    values = extraction(rhythm_tells())
    lacking = replace(values, failures=(Failure(3, "clip 3", "it holds no samples"),))
    found = importance_of("logistic", clips(label=labels()), values=lacking, cv=3)
    assert [failure.source for failure in found.failures] == ["clip 3"]
    assert "not used      1 failed\n  failed      clip 3: it holds no samples\n" in str(found)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("feature", {row["feature"] for row in SET.feature_table()}),
        ("column", set(SET.columns)),
        ("summary", {row["summary"] or row["feature"] for row in SET.feature_table()}),
    ],
)
def test_groups_are_what_the_feature_table_says(by, groups):
    found = importance_of(
        "gmm1", clips(label=labels()), values=extraction(rhythm_tells()), cv=3, by=by, permutations=2
    )
    assert set(found.table.index) == groups
    assert found.table["columns"].sum() == 30


def test_the_workers_and_the_second_time_change_nothing():
    table, values = clips(label=labels()), extraction(rhythm_tells())
    one, two = (importance_of("gmm1", table, values=values, cv=3, n_jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.table, two.table)


def test_numbers_and_tags_have_importances_too():
    values = pd.DataFrame(np.random.default_rng(0).standard_normal((90, 2)), columns=["tells", "noise"])
    numbers = importance_of(
        Ridge(), clips(target=3 * values["tells"]), target="target", values=values, by="column", cv=3
    )
    assert numbers.score == "r2"
    assert numbers.table.loc["tells", "importance"] > 1.5  # 1 - 2 where both variances count
    tags = np.where(values["tells"] > 0, "loud", "|")
    tagged = importance_of("logistic", clips(labels=tags), target="labels", values=values, by="column", cv=3)
    assert tagged.table.index[0] == "tells"


def test_what_has_no_named_columns_says_so():
    table = clips(label=labels())
    with pytest.raises(UnknownNameError, match="unknown grouping 'families'"):
        importance_of("svm", table, by="families")
    with pytest.raises(GtzanfeatError, match="of no feature set; choose by='column'"):
        importance_of("svm", table, values=rhythm_tells(), cv=3)
    with pytest.raises(GtzanfeatError, match="give an estimator of clip vectors"):
        importance_of(recipe("mfcc-codebook"), table, cv=3)
    with pytest.raises(ValueError, match="permutations must be 1 or more, not 0"):
        importance_of("svm", table, permutations=0)


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), LinearSVC(), LinearDiscriminantAnalysis()],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_contributions_sum_to_the_decision(model, n_classes):
    X, y = rhythm_tells(), labels()
    X, y = X[np.isin(y, labels()[:n_classes])], y[np.isin(y, labels()[:n_classes])]
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    table = contributions(pipeline, X, "classic30")
    assert list(table.columns) == ["timbre", "rhythm", "pitch", "rest", "total"]
    decision = pipeline.decision_function(X)
    np.testing.assert_allclose(table["total"].to_numpy(), decision.ravel(), rtol=1e-9, atol=1e-9)


def test_of_pairwise_machines_a_class_gets_the_sum_over_its_pairs():
    X, y = rhythm_tells(), labels()
    model = SVC(kernel="linear", decision_function_shape="ovo").fit(X, y)
    totals = contributions(model, X, SET)["total"].unstack()
    jazz_pop, jazz_rock, pop_rock = model.decision_function(X).T
    np.testing.assert_allclose(totals["jazz"], jazz_pop + jazz_rock, rtol=1e-6)
    np.testing.assert_allclose(totals["rock"], -jazz_rock - pop_rock, rtol=1e-6)


@pytest.mark.parametrize("n_components", [1, 3])
def test_contributions_to_mixtures_sum_to_the_joint_probability(n_components):
    X, y = rhythm_tells(), labels()
    model = GaussianMixtureClassifier(n_components, random_state=0).fit(X, y)
    table = contributions(model, X, SET, by="feature")
    np.testing.assert_allclose(
        table["total"].unstack().to_numpy(), model.predict_joint_log_proba(X), rtol=1e-9
    )


def test_the_family_that_decides_is_named():
    X, y = rhythm_tells(), labels()
    model = make_pipeline(StandardScaler(), GaussianMixtureClassifier(1)).fit(X, y)
    table = contributions(model, X[:1], SET)
    margins = table.loc[(0, "jazz")] - table.loc[(0, "pop")]
    assert margins["rhythm"] == margins.drop("total").max()
    assert margins["rhythm"] > 10 * abs(margins["timbre"])


@pytest.mark.parametrize(
    ("model", "names", "words"),
    [
        (make_pipeline(PCA(3), LogisticRegression()), SET, "PCA mixes or drops columns"),
        (SVC(), SET, "exact contributions are for linear models .* not SVC; use importance"),
        (LogisticRegression(), None, "what the columns are is not known"),
        (LogisticRegression(), ["a", "b"], "learns from something else"),
    ],
)
def test_what_has_no_exact_shares_says_so(model, names, words):
    X, y = rhythm_tells(), labels()
    with pytest.raises(GtzanfeatError, match=words):
        contributions(model.fit(X, y), X, names, by="column")


def test_held_out_contributions_sum_to_the_decisions_of_the_folds():
    table, values = clips(label=labels()), extraction(rhythm_tells())
    experiment = Experiment("lda", table, values=values, cv=3)
    found = held_out_contributions(experiment)
    assert list(found.columns) == ["timbre", "rhythm", "pitch", "rest", "total"]
    assert found.index.names == ["repeat", "clip", "class"]
    assert found.index.is_unique
    assert len(found) == 90 * 3
    once = experiment.with_one_repeat()
    for fold in once.plan.folds:
        model = once.cross_validation.fit(fold)
        totals = found["total"].loc[1].unstack().loc[fold.test]
        # the model sums in float32, whose rounding is 1e-7 of terms of some hundreds
        np.testing.assert_allclose(totals, model.decision_function(values.values[fold.test]), atol=1e-4)
    strongest = found[["timbre", "rhythm", "pitch"]].abs().groupby(level="class").mean().idxmax(axis=1)
    assert strongest[["jazz", "rock"]].tolist() == ["rhythm", "rhythm"]  # pop lies between them


def test_held_out_contributions_number_clips_as_the_table_does():
    values = pd.DataFrame(rhythm_tells(), columns=SET.columns)
    values.iloc[[4, 50]] = np.nan
    asked = {"values": values, "cv": 3, "repeats": 2, "on_error": "skip"}
    found = held_out_contributions(Experiment("lda", clips(label=labels()), **asked), by="column")
    tested = found.index.get_level_values("clip").unique()
    assert sorted(tested) == sorted(set(range(90)) - {4, 50})
    assert found.index.get_level_values("repeat").unique().tolist() == [1, 2]
    with pytest.raises(GtzanfeatError, match="not SVC; use importance"):
        held_out_contributions(Experiment("svm", clips(label=labels()), **asked), by="column")
    with pytest.raises(GtzanfeatError, match="choose by='column'"):
        held_out_contributions(Experiment("lda", clips(label=labels()), **asked))
