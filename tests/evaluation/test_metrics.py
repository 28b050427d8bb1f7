import numpy as np
import pytest
from sklearn import metrics

from gtzanfeat.evaluation import uncertainty
from gtzanfeat.evaluation.metrics import (
    Outcome,
    compute_metrics,
    precision_recall_f1,
    ranking_metrics,
    regression_metrics,
    roc_auc_and_average_precision,
    top_k_and_log_loss,
)

ONES = np.ones((1, 200))


def outcome(task, truth, answers, scores=None, **given):
    n = len(truth)
    plain = {"probabilities": scores is not None, "repeat": np.ones(n, int), "fold": np.ones(n, int)}
    return Outcome(task, truth, answers, scores, **plain | {"group": np.arange(n)} | given)


def single(rng, n=200, n_classes=5, **given):
    truth = rng.integers(n_classes, size=n)
    scores = rng.dirichlet(np.ones(n_classes), size=n)
    scores[np.arange(n), truth] += 0.2
    scores /= scores.sum(axis=1, keepdims=True)
    return outcome("single-label", truth, scores.argmax(axis=1), scores, **given)


def tags(rng, n=200, n_tags=6, **given):
    truth = rng.random((n, n_tags)) < np.linspace(0.1, 0.7, n_tags)
    scores = np.round(rng.random((n, n_tags)) + 0.3 * truth, 2)  # rounded: there are ties
    return outcome("multi-label", truth, scores > 0.6, scores, **given)


# --- against scikit-learn ------------------------------------------------------------------------------


def test_metrics_of_classes_are_those_of_scikit_learn(rng):
    case = single(rng)
    found = {name: float(value[0]) for name, value in compute_metrics(case).items()}
    y, a, s = case.truth, case.answers, case.scores
    expected = {
        "accuracy": metrics.accuracy_score(y, a),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, a),
        "top_3_accuracy": metrics.top_k_accuracy_score(y, s, k=3),
        "log_loss": metrics.log_loss(y, s),
        "roc_auc_macro": metrics.roc_auc_score(y, s, multi_class="ovr"),
        "roc_auc_micro": metrics.roc_auc_score(y, s, multi_class="ovr", average="micro"),
        "average_precision_macro": metrics.average_precision_score(np.eye(5)[y], s),
        "average_precision_micro": metrics.average_precision_score(np.eye(5)[y], s, average="micro"),
    }
    for mean in ("macro", "weighted"):
        expected[f"precision_{mean}"] = metrics.precision_score(y, a, average=mean)
        expected[f"recall_{mean}"] = metrics.recall_score(y, a, average=mean)
        expected[f"f1_{mean}"] = metrics.f1_score(y, a, average=mean)
    assert found == pytest.approx(expected, abs=1e-12)


def test_metrics_of_tags_are_those_of_scikit_learn(rng):
    case = tags(rng)
    found = {name: float(value[0]) for name, value in compute_metrics(case).items()}
    y, a, s = case.truth, case.answers, case.scores
    expected = {"exact_match": metrics.accuracy_score(y, a)}
    for mean in ("macro", "micro"):
        expected[f"roc_auc_{mean}"] = metrics.roc_auc_score(y, s, average=mean)
        expected[f"average_precision_{mean}"] = metrics.average_precision_score(y, s, average=mean)
    for mean in ("macro", "weighted", "micro"):
        expected[f"precision_{mean}"] = metrics.precision_score(y, a, average=mean)
        expected[f"recall_{mean}"] = metrics.recall_score(y, a, average=mean)
        expected[f"f1_{mean}"] = metrics.f1_score(y, a, average=mean)
    assert found == pytest.approx(expected, abs=1e-12)


def test_metrics_of_numbers_are_those_of_scikit_learn(rng):
    truth = rng.normal(1000.0, 1.0, size=200)  # far from 0: squares must not drown the differences
    answers = truth + rng.normal(size=200)
    found = {
        name: float(value[0])
        for name, value in compute_metrics(outcome("regression", truth, answers)).items()
    }
    expected = {
        "r2": metrics.r2_score(truth, answers),
        "rmse": metrics.root_mean_squared_error(truth, answers),
        "mae": metrics.mean_absolute_error(truth, answers),
        "pearson_r": np.corrcoef(truth, answers)[0, 1],
    }
    assert found == pytest.approx(expected, abs=1e-9)  # 1e6 * 1e-16, with room


def test_weights_count_as_copies_do(rng):
    weights = rng.integers(0, 4, size=(3, 200))
    for draw in weights:
        copies = np.repeat(np.arange(200), draw)
        for case in (single(rng), tags(rng)):
            weighed = compute_metrics(case, draw[None].astype(float))
            copied = compute_metrics(case[copies])
            for name, value in weighed.items():
                assert value[0] == pytest.approx(copied[name][0], abs=1e-12), name
    case = single(rng)
    np.testing.assert_allclose(
        roc_auc_and_average_precision(case.truth == 0, case.scores[:, 0], weights.astype(float))[0],
        [metrics.roc_auc_score(case.truth == 0, case.scores[:, 0], sample_weight=draw) for draw in weights],
    )
    numbers = rng.normal(size=(2, 200))
    found = regression_metrics(*numbers, weights.astype(float))["r2"]
    np.testing.assert_allclose(found, [metrics.r2_score(*numbers, sample_weight=draw) for draw in weights])


# --- what is taken over what ---------------------------------------------------------------------------


def test_order_is_judged_within_folds_and_all_else_over_a_repeat(rng):
    half = np.repeat([1, 2], 100)
    case = tags(rng, fold=half, repeat=np.ones(200, int))
    found = compute_metrics(case)
    parts = [case[half == fold] for fold in (1, 2)]
    areas = [metrics.roc_auc_score(part.truth, part.scores) for part in parts]
    assert found["roc_auc_macro"][0] == pytest.approx(np.mean(areas))
    assert found["f1_macro"][0] == pytest.approx(metrics.f1_score(case.truth, case.answers, average="macro"))
    # scores of two fits that lie apart say nothing about their order
    case.scores[half == 2] += 10.0
    assert compute_metrics(case)["roc_auc_macro"][0] == pytest.approx(np.mean(areas))


def test_repeats_are_averaged(rng):
    repeat = np.repeat([1, 2], 100)
    for case in (single(rng, repeat=repeat), tags(rng, repeat=repeat)):
        parts = [compute_metrics(case[repeat == number]) for number in (1, 2)]
        for name, value in compute_metrics(case).items():
            assert value[0] == pytest.approx((parts[0][name][0] + parts[1][name][0]) / 2)


# --- what cannot be said -------------------------------------------------------------------------------


def test_tags_without_positives_are_left_out(rng):
    case = tags(rng)
    truth = case.truth.copy()
    truth[:, 0] = False
    rest = metrics.roc_auc_score(truth[:, 1:], case.scores[:, 1:])
    found = ranking_metrics(truth, case.scores, ONES)
    assert found["roc_auc_macro"][0] == pytest.approx(rest)
    precision = metrics.average_precision_score(truth[:, 1:], case.scores[:, 1:], average="micro")
    assert found["average_precision_micro"][0] == pytest.approx(precision)
    f1 = metrics.f1_score(truth[:, 1:], case.answers[:, 1:], average="macro")
    assert precision_recall_f1(truth, case.answers, ONES)["f1_macro"][0] == pytest.approx(f1)
    nothing = ranking_metrics(np.zeros((200, 2), dtype=bool), case.scores[:, :2], ONES)
    assert np.isnan(nothing["roc_auc_macro"][0])
    assert "roc_auc_micro" not in nothing


def test_tied_classes_share_the_places():
    truth, scores = np.array([0, 3]), np.full((2, 4), 0.25)
    assert top_k_and_log_loss(truth, scores, np.ones((1, 2)), True)["top_3_accuracy"][0] == 0.75
    assert top_k_and_log_loss(truth, scores, np.ones((1, 2)), True)["log_loss"][0] == pytest.approx(np.log(4))
    assert "log_loss" not in top_k_and_log_loss(truth, scores, np.ones((1, 2)), False)
    assert "top_3_accuracy" not in top_k_and_log_loss(np.array([0]), np.ones((1, 3)), np.ones((1, 1)), False)


def test_numbers_that_are_all_the_same_have_no_r2():
    found = regression_metrics(np.full(5, 0.1), np.arange(5.0), np.ones((1, 5)))
    assert np.isnan(found["r2"][0])
    assert np.isnan(found["pearson_r"][0])
    assert found["mae"][0] == pytest.approx(np.mean(np.abs(np.arange(5) - 0.1)))


# --- intervals and permutations ------------------------------------------------------------------------


def test_intervals_of_an_accuracy_are_those_of_a_proportion(rng):
    hit = rng.random(400) < 0.7
    case = outcome("single-label", np.zeros(400, int), np.where(hit, 0, 1))
    low, high = uncertainty.bootstrap_intervals(case, compute_metrics(case), 0)["accuracy"]
    share, spread = hit.mean(), np.sqrt(hit.mean() * (1 - hit.mean()) / 400)
    assert (low, high) == pytest.approx((share - 1.96 * spread, share + 1.96 * spread), abs=0.006)
    assert uncertainty.bootstrap_intervals(case, compute_metrics(case), 0)["accuracy"] == (
        low,
        high,
    )  # seeded


def test_ten_windows_of_a_recording_count_as_one(rng):
    hit = (rng.random(40) < 0.6).repeat(10)
    truth, answers = np.zeros(400, int), np.where(hit, 0, 1)
    widths = []
    for group in (np.arange(400), np.arange(40).repeat(10)):
        case = outcome("single-label", truth, answers, group=group)
        low, high = uncertainty.bootstrap_intervals(case, compute_metrics(case), 0)["accuracy"]
        widths.append(high - low)
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.2)


def test_the_value_lies_in_its_interval_though_folds_are_small(rng):
    fold = np.repeat(np.arange(20), 10)
    case = tags(rng, fold=fold)
    values = compute_metrics(case)
    spans = uncertainty.bootstrap_intervals(case, values, 0)
    for name, (low, high) in spans.items():
        assert low <= values[name][0] <= high, name
        assert 0.0 <= low <= high <= 1.0


def test_permutation_p_values_are_uniform_where_there_is_nothing_to_find(rng):
    found = [
        uncertainty.permutation_test(
            outcome("single-label", rng.integers(2, size=40), rng.integers(2, size=40)), 0, permutations=99
        ).p_value
        for _ in range(200)
    ]
    assert np.mean(np.array(found) <= 0.1) == pytest.approx(0.08, abs=0.06)  # ties make it conservative


def test_labels_that_belong_to_artists_are_permuted_among_artists(rng):
    artist = np.arange(10).repeat(30)
    truth = (np.arange(10) % 2)[artist]
    answers = np.where(rng.random(10) < 0.7, np.arange(10) % 2, 1 - np.arange(10) % 2)[artist]
    by_row = uncertainty.permutation_test(outcome("single-label", truth, answers), 0)
    by_artist = uncertainty.permutation_test(outcome("single-label", truth, answers, group=artist), 0)
    assert (by_row.n_units, by_artist.n_units) == (300, 10)
    assert by_row.p_value == 0.001
    assert by_artist.p_value > 0.02


def test_numbers_of_an_artist_are_permuted_as_a_whole(rng):
    """9 artists of 2 clips each, in folds that keep artists apart: 9 units, not 18."""
    artist = np.arange(9).repeat(2)
    truth = np.arange(18.0)
    for _ in range(5):
        permuted = uncertainty.permute_truth(truth, artist, uncertainty.places_in_group(artist), rng)
        pairs = permuted.reshape(9, 2)
        assert sorted(pairs[:, 0]) == list(range(0, 18, 2))
        np.testing.assert_array_equal(pairs[:, 1], pairs[:, 0] + 1)
    test = uncertainty.permutation_test(outcome("regression", truth, truth + 1.0, group=artist), 0)
    assert (test.n_units, test.p_value) == (9, 0.001)


def test_groups_of_other_sizes_are_filled_from_the_first_on(rng):
    group, repeat = np.array(list("aabbbaabbb")), np.repeat([1, 2], 5)
    place = uncertainty.places_in_group(group, repeat)
    assert place.tolist() == [0, 1, 0, 1, 2] * 2
    truth = np.array([0, 1, 5, 6, 7] * 2)
    found = {tuple(uncertainty.permute_truth(truth, group, place, rng)) for _ in range(20)}
    assert found == {(0, 1, 5, 6, 7) * 2, (5, 6, 0, 1, 0) * 2}


def test_a_constant_answer_does_not_correlate(rng):
    """The mean of a training part is low where that of the test part is high: over all tests, r < 0."""
    truth, fold = rng.normal(size=18), np.arange(9).repeat(2)
    means = np.array([truth[fold != number].mean() for number in fold])
    assert np.corrcoef(truth, means)[0, 1] < -0.8
    found = compute_metrics(outcome("regression", truth, means, fold=fold))
    assert np.isnan(found["pearson_r"][0])
    answers = means + rng.normal(size=18)
    centred = [column - column.reshape(9, 2).mean(axis=1)[fold] for column in (truth, answers)]
    found = compute_metrics(outcome("regression", truth, answers, fold=fold))
    assert found["pearson_r"][0] == pytest.approx(np.corrcoef(*centred)[0, 1])
    weights = rng.integers(0, 3, size=(4, 18))
    for draw, r in zip(
        weights, regression_metrics(truth, answers, weights * 1.0, fold)["pearson_r"], strict=True
    ):
        copies = np.repeat(np.arange(18), draw)
        copied = regression_metrics(truth[copies], answers[copies], np.ones((1, len(copies))), fold[copies])
        assert r == pytest.approx(copied["pearson_r"][0], nan_ok=True)


@pytest.mark.parametrize("task", ["single-label", "multi-label", "regression"])
def test_the_headline_is_that_of_all_metrics(rng, task):
    fold, repeat = np.tile(np.repeat([1, 2], 50), 2), np.repeat([1, 2], 100)
    case = {
        "single-label": lambda: single(rng, fold=fold, repeat=repeat),
        "multi-label": lambda: tags(rng, fold=fold, repeat=repeat),
        "regression": lambda: outcome(task, *rng.normal(size=(2, 200)), fold=fold, repeat=repeat),
    }[task]()
    test = uncertainty.permutation_test(case, 0, permutations=50)
    assert test.value == pytest.approx(compute_metrics(case)[test.metric][0], abs=1e-12)
    truth = uncertainty.permute_truth(case.truth, np.arange(200), np.zeros(200, int), rng)
    assert uncertainty.headline_score(case, truth) == pytest.approx(
        compute_metrics(outcome(task, truth, case.answers, fold=fold, repeat=repeat))[test.metric][0]
    )


def test_refits_take_the_place_of_permutations(rng):
    case = single(rng)
    test = uncertainty.permutation_test(case, 0, refits=(0.1, 0.3, 0.2, 0.99))
    assert (test.refitted, test.n_permutations, test.p_value) == (True, 4, pytest.approx(2 / 5))
    assert test.chance == pytest.approx(np.mean([0.1, 0.3, 0.2, 0.99]))


def test_what_is_not_defined_has_no_p_value():
    test = uncertainty.permutation_test(outcome("regression", np.full(5, 0.1), np.arange(5.0)), 0)
    assert np.isnan(test.p_value)


def test_groups_of_objects_and_tags(rng):
    group, place = np.array(["x", "x", "y"], dtype=object), np.array([0, 1, 0])
    for truth in (np.array(["a", "b", "c"], dtype=object), np.array([[1, 0], [0, 1], [1, 1]])):
        found = [uncertainty.permute_truth(truth, group, place, rng).tolist() for _ in range(20)]
        whole = truth.tolist()
        assert all(one in (whole, [whole[2], whole[2], whole[0]]) for one in found)
