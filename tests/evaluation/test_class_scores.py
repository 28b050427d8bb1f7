"""Scores of single classes and tags, and their intervals."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support
from small_tables import result

from gtzanfeat.evaluation.class_scores import class_intervals
from gtzanfeat.evaluation.metrics import Outcome

RNG = np.random.default_rng(0)
GROUP = np.repeat(np.arange(30), 2)  # artists, each with two clips
TRUTH = np.repeat(RNG.integers(3, size=30), 2)
ANSWERS = np.where(RNG.random(60) < 0.6, TRUTH, RNG.integers(3, size=60))


def outcome(truth, answers, group):
    ones = np.ones(len(truth), dtype=int)
    return Outcome("single-label", truth, answers, None, False, ones, ones, group)


def test_intervals_are_those_of_groups_drawn_with_replacement():
    """Against scikit-learn, on tests that are copied as often as their group is drawn."""
    table = class_intervals(outcome(TRUTH, ANSWERS, GROUP), "abc", random_state=3)
    score = {"labels": [0, 1, 2], "zero_division": 0.0}
    value = np.array(precision_recall_fscore_support(TRUTH, ANSWERS, **score)[:3])
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(1000):
        rows = np.concatenate([np.flatnonzero(group == GROUP) for group in rng.integers(30, size=30)])
        drawn.append(precision_recall_fscore_support(TRUTH[rows], ANSWERS[rows], **score)[:3])
    drawn = np.array(drawn)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0) - (drawn.mean(axis=0) - value)
    for i, metric in enumerate(("precision", "recall", "f1")):
        np.testing.assert_allclose(table[f"{metric}_low"], np.maximum(low[i], 0), atol=1e-12)
        np.testing.assert_allclose(table[f"{metric}_high"], np.minimum(high[i], 1), atol=1e-12)


def test_clips_of_one_artist_are_no_further_evidence():
    together = class_intervals(outcome(TRUTH, TRUTH, GROUP), "abc", random_state=0)
    assert (together.to_numpy() == 1.0).all()  # all right: nothing varies
    answers = np.where(np.isin(GROUP, range(0, 30, 3)), (TRUTH + 1) % 3, TRUTH)
    widths = []
    for group in (GROUP, np.arange(60)):
        table = class_intervals(outcome(TRUTH, answers, group), "abc", random_state=0)
        widths.append((table["recall_high"] - table["recall_low"]).mean())
    assert widths[0] > 1.2 * widths[1]  # about the square root of 2


def test_what_was_never_tested_has_no_interval():
    table = class_intervals(outcome(TRUTH, ANSWERS, GROUP), "abc", 0)
    assert table.notna().all(axis=None)
    two = TRUTH % 2
    answers = two.copy()
    answers[0] = 2
    table = class_intervals(outcome(two, answers, GROUP), "abc", 0)
    assert table.loc["c"].isna().all()
    assert table.loc[["a", "b"]].notna().all(axis=None)
    assert class_intervals(outcome(two, answers, np.zeros(60, dtype=int)), "abc", 0).isna().all(axis=None)


def test_they_stand_in_the_result_and_in_what_it_gives_programs():
    predictions = result(list("aabb"), list("abbb")).predictions.assign(recording=["r0", "r1", "r2", "r3"])
    found = result(list("aabb"), list("abbb"))
    found.predictions["recording"] = predictions["recording"]
    stated = found.to_dict()["per_class"]["a"]
    for metric in ("precision", "recall", "f1"):
        low, high = found.class_intervals.loc["a", [f"{metric}_low", f"{metric}_high"]]
        assert low <= found.per_class.loc["a", metric] <= high
        assert (stated[f"{metric}_low"], stated[f"{metric}_high"]) == (low, high)
    assert low < high


@pytest.mark.parametrize("name", ["class_intervals", "per_class"])
def test_numbers_have_no_classes(name):
    numbers = result([1.0, 2.0], [1.0, 2.5])
    object.__setattr__(numbers, "task", "regression")
    with pytest.raises(AttributeError, match=f"there is no {name}"):
        getattr(numbers, name)
