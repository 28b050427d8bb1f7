import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score
from small_tables import result

from gtzanfeat.evaluation.result import LIBRARIES
from gtzanfeat.version import versions


def test_scores_are_those_of_scikit_learn(rng):
    truth, answers = np.array(["a", "b", "c"])[rng.integers(3, size=(2, 200))]
    found = result(truth, answers)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(truth, answers))
    for column, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        np.testing.assert_allclose(found.per_class[column], score(truth, answers, average=None))
    assert found.macro_recall == pytest.approx(recall_score(truth, answers, average="macro"))
    assert found.majority == pytest.approx(pd.Series(truth).value_counts().max() / 200)
    assert found.per_class["clips"].tolist() == [(truth == label).sum() for label in "abc"]


def test_orientations_of_the_confusion_matrix():
    found = result(list("aaaabb"), list("aaabba"))
    assert found.confusion.tolist() == [[3, 1], [1, 1]]  # rows are the truth
    assert found.confusion_paper.tolist() == [[75.0, 50.0], [25.0, 50.0]]  # columns are, in per cent


def test_a_table_with_the_trace_of_the_papers_has_its_mean_recall():
    # the cells of Tzanetakis & Cook's Table II are not at hand; its trace, 574, and its form are
    hits = [80, 69, 53, 52, 64, 26, 75, 66, 52, 37]
    truth = np.repeat(list("abcdefghij"), 100)
    answers = np.concatenate(
        [
            np.where(np.arange(100) < n, own, "j" if own != "j" else "a")
            for own, n in zip("abcdefghij", hits, strict=True)
        ]
    )
    found = result(truth, answers)
    assert found.confusion_paper.trace() == pytest.approx(574)
    np.testing.assert_allclose(found.confusion_paper.sum(axis=0), 100)
    assert (
        found.confusion_paper[9, 0] == 20
    )  # a fifth of "a" was taken for "j": row of the answer, column of the truth
    assert found.macro_recall == pytest.approx(0.574)


def test_spreads_over_folds_and_over_repeats():
    # accuracies 1 and 0.5 in the first repeat, 0.5 and 0 in the second
    found = result(list("aaabaaab"), list("aaaaabba"), folds=[1, 1, 2, 2] * 2, repeats=[1] * 4 + [2] * 4)
    assert found.fold_scores["accuracy"].tolist() == [1.0, 0.5, 0.5, 0.0]
    assert found.accuracy == 0.5
    assert found.spread_folds == pytest.approx(np.std([1, 0.5, 0.5, 0], ddof=1))
    assert found.spread_repeats == pytest.approx(np.std([0.75, 0.25], ddof=1))
    words = (
        "50.0%  (mean of 4 folds; standard deviation 40.8 between folds, "
        "35.4 between the means of 2 repeats: not a confidence interval)"
    )
    assert words in str(found)
    single = result(list("ab"), list("ab"))
    assert single.spread_folds is single.spread_repeats is None
    assert "100.0%  (one test part, so no spread)" in str(single)


def test_heads_of_the_matrix_tell_the_classes_apart():
    for labels, heads in (
        (["progressive metal", "progressive rock/metal"], ["progressive m", "progressive r"]),
        (["alphabetical", "numerical order", "pop"], ["alphabeti", "numerical", "pop"]),
        (["progressive", "progressive x"], ["progressive", "progressive x"]),
    ):
        lines = str(result(labels, labels)).splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("confusion: rows"))
        assert re.split("  +", lines[at + 1].strip()) == heads


def test_a_class_that_is_never_answered_has_zero_precision():
    assert result(list("aabb"), list("aaaa")).per_class.loc["b"].tolist() == [0.0, 0.0, 0.0, 2.0]


def test_warnings_are_read_before_the_score():
    lines = str(result(list("ab"), list("ab"), warnings=("beware",))).splitlines()
    assert lines.index("warning: beware") < next(
        i for i, line in enumerate(lines) if line.startswith("accuracy")
    )
    assert "1 warning" in repr(result(list("ab"), list("ab"), warnings=("beware",)))


def test_printed_result_says_what_it_is():
    text = str(result(list("aab"), list("aba")))
    for part in ("random", "3 of 3", "0 failed", "gmm3", "classic30, 30 columns, spec 0123456789abcdef"):
        assert part in text
    for library, version in versions(*LIBRARIES).items():
        assert f"{library} {version}" in text
    assert {"gtzanfeat", "python", "numpy", "scipy", "scikit-learn", "numba"} <= versions(*LIBRARIES).keys()
    assert "seed          7" in text.splitlines()
    assert "a           66.7%   50.0%  57.1%      2" not in text
    rows = text.splitlines()
    assert (
        rows[rows.index("class  precision  recall     F1  clips") + 1]
        == "a          50.0%   50.0%  50.0%      2"
    )
    assert rows[-3:] == ["    a    b", "a  50  100", "b  50    0"]


def test_frame_and_dict_say_the_same():
    found = result(list("aabb"), list("abba"), folds=[1, 2, 1, 2], warnings=("beware",))
    frame = found.to_frame()
    assert len(frame) == 2
    assert frame["accuracy"].tolist() == [1.0, 0.0]
    assert set(frame["spec_hash"]) == {"0123456789abcdef"}
    assert set(frame["warnings"]) == {"beware"}
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["accuracy"] == 0.5
    assert plain["per_class"]["a"]["recall"] == 0.5
    assert plain["confusion"] == [[1, 1], [1, 1]]
    assert plain["warnings"] == ["beware"]
    assert "predictions" not in plain
