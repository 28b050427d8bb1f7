from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation import evaluate, write_evaluation
from gtzanfeat.inspection.comparison import compare, corrected_t_test, differences, mcnemar_test, same_folds


def clips(n=40, **columns):
    names = [f"{label}.{i:02d}" for label in ("jazz", "pop") for i in range(n // 2)]
    frame = pd.DataFrame({"path": names, "recording": names, "label": [name.split(".")[0] for name in names]})
    return ClipTable(frame.assign(**columns), "example")


@pytest.fixture(scope="module")
def good_and_poor():
    """The same classifier on columns that tell the classes apart well and hardly, on the same folds."""
    rng = np.random.default_rng(0)
    table = clips()
    sign = np.where(table.labels == "jazz", 1.0, -1.0)[:, None]
    values = {"good": sign * 2 + rng.normal(size=(40, 3)), "poor": sign * 0.2 + rng.normal(size=(40, 3))}
    return {name: evaluate("gmm1", table, values=x, repeats=2, cv=5) for name, x in values.items()}


# --- the tests themselves --------------------------------------------------------------------------------


def test_corrected_t_is_the_formula_of_the_paper():
    d = np.array([0.1, -0.05, 0.2, 0.0, 0.15])
    t, p = corrected_t_test(d, test_share=1 / 9)
    expected = d.mean() / np.sqrt((1 / 5 + 1 / 9) * np.sum((d - d.mean()) ** 2) / 4)
    assert t == pytest.approx(expected)
    assert p == pytest.approx(2 * stats.t(4).sf(expected))
    assert corrected_t_test(-d, 1 / 9) == pytest.approx((-t, p))  # two-sided
    # without shared training clips it is the ordinary paired test
    plain = stats.ttest_1samp(d, 0.0)
    assert corrected_t_test(d, 1e-12) == pytest.approx((plain.statistic, plain.pvalue))
    assert p > plain.pvalue


def test_corrected_t_where_there_is_no_variance():
    assert corrected_t_test([0.0, 0.0, 0.0], 0.1) == (0.0, 1.0)
    assert corrected_t_test([0.1, 0.1], 0.1) == (np.inf, 0.0)
    assert corrected_t_test([-0.1, -0.1], 0.1) == (-np.inf, 0.0)
    assert np.isnan(corrected_t_test([0.1], 0.1)).all()
    assert np.isnan(corrected_t_test([], 0.1)).all()
    with pytest.raises(ValueError, match="test_share is clips that test .* above 0, not 0"):
        corrected_t_test([0.1, 0.2], 0)


def test_the_correction_keeps_its_level_where_the_plain_test_does_not():
    # two classifiers that guess: over correlated folds of the same clips no difference is real
    rng = np.random.default_rng(1)
    plain, corrected = [], []
    for _ in range(300):
        wins = rng.integers(-1, 2, size=100).astype(float)  # who is better, clip by clip
        folds = [wins[rng.permutation(100)[:33]].mean() for _ in range(30)]  # many draws of the same 100
        corrected.append(corrected_t_test(folds, 33 / 67)[1] < 0.05)
        plain.append(stats.ttest_1samp(folds, 0.0).pvalue < 0.05)
    assert np.mean(corrected) < 0.1
    assert np.mean(plain) > 0.3


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (5, 5), (10, 2), (2, 10), (30, 12)])
def test_mcnemar_is_the_binomial_of_the_clips_on_which_one_is_right(b, c):
    both, neither = [True] * 7, [False] * 3
    first = np.array([True] * b + [False] * c + both + neither)
    second = np.array([False] * b + [True] * c + both + neither)
    k = np.arange(b + c + 1)
    chances = stats.binom.pmf(k, b + c, 0.5)
    expected = chances[np.abs(k - (b + c) / 2) >= abs(b - c) / 2].sum()
    assert mcnemar_test(first, second) == pytest.approx(expected)
    if b + c >= 25:  # where the chi-square of the papers may be used, it agrees
        assert mcnemar_test(first, second) == pytest.approx(
            stats.chi2(1).sf((abs(b - c) - 1) ** 2 / (b + c)), abs=0.005
        )


def test_mcnemar_needs_the_same_clips():
    with pytest.raises(ValueError, match="both must have answered the same clips, not 2 and 3"):
        mcnemar_test([True, False], [True, False, True])
    assert mcnemar_test([], []) == 1.0


# --- results side by side --------------------------------------------------------------------------------


def test_results_are_ranked_and_tested_against_the_best(good_and_poor):
    good, poor = good_and_poor["good"], good_and_poor["poor"]
    table = compare({"poor": poor, "good": good})
    assert table.index.tolist() == ["good", "poor"]
    assert table["score"].tolist() == [good.score, poor.score]
    assert table["paired"].all()
    assert table.loc["poor", "difference"] == pytest.approx(poor.score - good.score)
    lost = good.fold_scores["accuracy"] - poor.fold_scores["accuracy"]
    assert table.loc["poor", "folds_lost"] == (lost > 0).mean()
    t, p = corrected_t_test(lost, 8 / 32)  # 5 folds of 40 clips
    assert table.loc["poor", ["t", "p_t"]].tolist() == pytest.approx([t, p])
    first = [found.predictions.query("repeat == 1").sort_values("clip") for found in (good, poor)]
    right = [(rows["label"] == rows["predicted"]).to_numpy() for rows in first]
    assert table.loc["poor", "p_mcnemar"] == pytest.approx(mcnemar_test(*right))
    assert table.loc["good", ["t", "p_t", "p_mcnemar"]].isna().all()
    metrics = good.metrics.set_index("metric").loc["accuracy"]
    assert table.loc["good", ["low", "high"]].tolist() == metrics[["low", "high"]].tolist()


def test_the_order_of_the_folds_does_not_matter(good_and_poor):
    good, poor = good_and_poor["good"], good_and_poor["poor"]
    turned = replace(poor, predictions=poor.predictions.iloc[::-1].reset_index(drop=True))
    assert same_folds(good, turned)
    tests = ["difference", "folds_lost", "t", "p_t", "p_mcnemar", "paired"]
    pd.testing.assert_frame_equal(
        compare({"a": good, "b": poor})[tests], compare({"a": good, "b": turned})[tests]
    )


def test_results_on_other_folds_are_not_tested(good_and_poor):
    rng = np.random.default_rng(0)
    other = evaluate("gmm1", clips(), values=rng.normal(size=(40, 3)), repeats=2, cv=5, random_state=1)
    table = compare([good_and_poor["good"], other])
    assert table["paired"].tolist() == [True, False]
    assert table.iloc[1][["folds_lost", "t", "p_t", "p_mcnemar"]].isna().all()
    assert table.index.tolist() == ["gmm1 on values as given (1)", "gmm1 on values as given (2)"]


def test_what_cannot_be_compared(good_and_poor):
    with pytest.raises(ProtocolError, match="needs two results or more, not 1"):
        compare([good_and_poor["good"]])
    table = clips(target=np.arange(40.0))
    numbers = evaluate("ridge", table, target="target", values=np.arange(40.0)[:, None], cv=4)
    with pytest.raises(
        ProtocolError,
        match="of one task and target .* regression of 'target', single-label of 'label'",
    ):
        compare([good_and_poor["good"], numbers])


def test_regressions_are_compared_by_folds_alone():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 1))
    table = clips(60, target=x[:, 0] + 0.1 * rng.normal(size=60))
    found = [
        evaluate("ridge", table, target="target", values=values, cv=5, repeats=2)
        for values in (rng.normal(size=(60, 1)), x)
    ]
    ranked = compare(found)
    assert ranked.iloc[0]["score"] == found[1].score
    assert ranked.iloc[1]["p_t"] < 0.01
    assert np.isnan(ranked.iloc[1]["p_mcnemar"])


def test_differences_name_what_differs(good_and_poor):
    good, poor = good_and_poor.values()
    assert differences(good, poor).empty
    other = evaluate("knn1", clips(), values=np.arange(40.0)[:, None], repeats=1, cv=5, random_state=3)
    table = differences(good, other)
    assert table.loc["estimator"].tolist() == ["gmm1", "knn1"]
    assert table.loc["columns"].tolist() == ["3", "1"]
    assert table.loc["seed"].tolist() == ["0", "3"]
    assert "dataset" not in table.index


# --- the command -----------------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_compare_on_the_command_line(good_and_poor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, found in good_and_poor.items():
        write_evaluation(found, name)
    done = run("compare", "poor", "good")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "Accuracy (per cent), the best first"
    assert lines[2].split()[0] == "good"
    assert lines[2].split()[-1] == "best"
    assert lines[3].split()[0] == "poor"
    assert "What differs between poor and good" in lines
    assert "nothing but the answers" in lines
    classes = lines[lines.index("F1 by class (per cent), the greatest difference first") + 1 :]
    assert classes[0].split() == ["poor", "good", "difference"]
    assert {line.split()[0] for line in classes[1:]} == {"jazz", "pop"}
    low, high = (good_and_poor[name].per_class["f1"]["jazz"] for name in ("poor", "good"))
    row = next(line.split() for line in classes[1:] if line.startswith("jazz"))
    assert row[1:] == [f"{100 * low:.1f}", f"{100 * high:.1f}", f"{100 * (high - low):+.1f}"]


def test_compare_says_each_warning_once_and_whose_it_is(good_and_poor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_evaluation(replace(good_and_poor["good"], warnings=("of both", "of one")), "good")
    write_evaluation(replace(good_and_poor["poor"], warnings=("of both",)), "poor")
    lines = run("compare", "good", "poor").stdout.splitlines()
    assert [line for line in lines if line.startswith("warning")] == [
        "warning: of both",
        "warning: good: of one",
    ]


def test_compare_refuses_in_one_line(good_and_poor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_evaluation(good_and_poor["good"], "good")
    for words, said in (
        (["good", "none"], "error: none: there is no evaluation.json"),
        (["good"], "error: a comparison needs two results or more, not 1"),
        (["good", "good"], "error: good is given twice"),
        ([], "error: Missing argument 'A B...'"),
    ):
        done = run("compare", *words)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"gtzanfeat: {said}"), done.stderr
        assert len(done.stderr.splitlines()) == 1
