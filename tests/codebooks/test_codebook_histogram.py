"""Codebook histograms and Gaussian supervectors: closed forms, oracles, twins, and clips one at a time."""

import pickle
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest
from reference import codebooks as twins
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import SkipTestWarning
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.codebooks import CodebookHistogram, GaussianSupervector
from gtzanfeat.codebooks.codebook_histogram import POOLINGS
from gtzanfeat.codebooks.vector_quantisation import ASSIGNMENTS
from gtzanfeat.errors import ClipError, UnknownNameError

CORNERS = np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]])
BOTH = [CodebookHistogram(8, random_state=0), GaussianSupervector(4, random_state=0)]

WITH_LABELS = CodebookHistogram(8, per_class=True, tf_idf=True, random_state=0)


@parametrize_with_checks([CodebookHistogram(), WITH_LABELS, GaussianSupervector()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [CodebookHistogram(), GaussianSupervector()], ids=repr)
def test_scikit_learns_checks_are_all_run(estimator):
    """Some settings of tags silently drop nearly all checks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        checks = list(estimator_checks_generator(estimator))
    assert len(checks) >= 45


@pytest.fixture
def clips(rng):
    """Twelve clips of 30 to 140 frames of 5 columns of different size; six "low", then six "high"."""
    return [
        (rng.normal(size=(30 + 10 * i, 5)) + (i // 6)) * [1.0, 10.0, 0.1, 3.0, 1.0] + [0, 0, 7, 0, -100]
        for i in range(12)
    ]


LABELS = np.repeat(["low", "high"], 6)


def tight_clusters(rng, counts):
    return np.repeat(CORNERS, counts, axis=0) + 0.01 * rng.normal(size=(sum(counts), 2))


# --- the codebook histogram: closed forms -----------------------------------------------------------------


def test_four_clusters_give_their_proportions(rng):
    """Row 26 of the test catalogue."""
    frames = tight_clusters(rng, (100, 200, 300, 400))
    histogram = CodebookHistogram(4, norm=None, random_state=0, frames_per_clip=1000).fit([frames])
    expected = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    np.testing.assert_array_equal(np.sort(histogram.transform([frames])[0]), expected)
    # each word is at its corner, and the corners have their counts
    words = histogram.words_ * histogram.scale_ + histogram.mean_
    order = pairwise_distances_argmin(CORNERS, words)
    np.testing.assert_allclose(words[order], CORNERS, atol=0.05)
    np.testing.assert_array_equal(histogram.transform([frames])[0][order], expected)


def test_four_clusters_agree_with_scikit_learns_k_means(rng):
    """Row 26 of the test catalogue."""
    frames = tight_clusters(rng, (100, 200, 300, 400))
    counts = np.bincount(KMeans(4, n_init=3, random_state=0).fit_predict(frames)) / 1000
    values = CodebookHistogram(4, norm=None, random_state=1).fit_transform([frames])
    np.testing.assert_array_equal(np.sort(values[0]), np.sort(counts).astype(np.float32))


def test_a_quarter_of_the_triangle_is_active_for_four_tight_clusters(rng):
    histogram = CodebookHistogram(4, assignment="triangle", norm=None, random_state=0)
    histogram.fit([tight_clusters(rng, (50, 50, 50, 50))])
    values = histogram.transform(CORNERS)  # clips of one frame
    np.testing.assert_array_equal((values > 0).sum(axis=1), 1)
    # standardised corners are 2, 2 and √8 apart
    np.testing.assert_allclose(values.max(axis=1), (2 + 2 + np.sqrt(8)) / 4, rtol=0.02)


@pytest.mark.parametrize("assignment", ["hard", "nearest", "soft"])
def test_a_histogram_sums_to_1(clips, assignment):
    values = CodebookHistogram(16, assignment=assignment, norm=None, random_state=0).fit_transform(clips)
    np.testing.assert_allclose(values.sum(axis=1), 1.0, rtol=1e-6)
    roots = CodebookHistogram(16, assignment=assignment, random_state=0).fit_transform(clips)
    np.testing.assert_allclose(roots**2, values, atol=1e-7)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("pooling", ["mean", "sum", "max"])
def test_the_order_of_frames_is_not_heard(clips, rng, assignment, pooling):
    histogram = CodebookHistogram(16, assignment=assignment, pooling=pooling, random_state=0).fit(clips)
    shuffled = [rng.permutation(clip) for clip in clips]
    # counts are exact; sums of real numbers are rounded in another order
    tolerance = 0 if assignment == "hard" or pooling == "max" else 1e-6
    np.testing.assert_allclose(histogram.transform(shuffled), histogram.transform(clips), rtol=tolerance)


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_a_clip_doubled_is_the_same_row(clips, estimator):
    values = estimator.fit(clips).transform([clips[3], clips[0], clips[3].copy()])
    np.testing.assert_array_equal(values[0], values[2])


def test_repeating_all_frames_changes_no_mean(clips):
    histogram = CodebookHistogram(16, random_state=0).fit(clips)
    twice = [np.concatenate([clip, clip]) for clip in clips]
    np.testing.assert_array_equal(histogram.transform(twice), histogram.transform(clips))


# --- the codebook histogram: oracles ----------------------------------------------------------------------


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("norm", [None, "sqrt", "l2"])
def test_it_equals_its_slow_twin(clips, assignment, pooling, norm):
    parameter = {"nearest": 3, "soft": 0.7}.get(assignment)
    histogram = CodebookHistogram(
        20,
        assignment=assignment,
        assignment_param=parameter,
        pooling=pooling,
        norm=norm,
        random_state=0,
    ).fit(clips)
    settings = {"assignment": assignment, "tau": 3, "beta": 0.7}
    expected = [
        twins.histogram(
            twins.codes((clip - histogram.mean_) / histogram.scale_, histogram.words_, **settings),
            pooling,
            norm=norm,
        )
        for clip in clips
    ]
    # distances are float32
    np.testing.assert_allclose(histogram.transform(clips), expected, rtol=2e-5, atol=2e-6)


def test_tf_idf_equals_its_slow_twin(clips):
    clips = [*clips, np.empty((0, 5))]
    plain = CodebookHistogram(40, norm=None, random_state=0)
    weighted = clone(plain).set_params(tf_idf=True, norm="l2")
    histograms = plain.fit_transform(clips)
    idf = twins.idf(histograms)
    assert 0 < (idf > 0).sum() <= 40
    expected = [twins.histogram(histogram[None], idf=idf, norm="l2") for histogram in histograms]
    np.testing.assert_allclose(weighted.fit_transform(clips), expected, rtol=1e-5)
    np.testing.assert_allclose(weighted.idf_, idf)


def test_a_word_that_all_clips_have_weighs_nothing_and_takes_no_root_of_less():
    values = CodebookHistogram(1, tf_idf=True, norm="sqrt").fit_transform([CORNERS, CORNERS])
    np.testing.assert_array_equal(values, 0)


def test_the_pyramid_is_the_clip_and_its_quarters():
    clip = np.repeat([[0.0], [1.0]], [6, 2], axis=0)
    histogram = CodebookHistogram(2, pooling="pyramid", norm=None, random_state=0).fit([clip])
    first = histogram.transform([[[0.0]]])[0, 0] == 1
    expected = [[0.75, 0.25], [1, 0], [1, 0], [1, 0], [0, 1]]
    values = histogram.transform([clip])[0].reshape(5, 2)
    np.testing.assert_array_equal(values if first else values[:, ::-1], expected)
    assert histogram.get_feature_names_out().tolist()[:3] == [
        "codebook_000",
        "codebook_001",
        "codebook_000_q1",
    ]
    # one frame: three quarters have none
    np.testing.assert_array_equal(histogram.transform([[[0.0]]]).sum(), 2)


def test_classes_have_codebooks_of_their_own(clips):
    histogram = CodebookHistogram(8, per_class=True, random_state=0).fit(clips, LABELS)
    assert histogram.classes_.tolist() == ["high", "low"]
    assert histogram.words_.shape == (16, 5)
    # words of "high" come first and lie higher
    assert histogram.words_[:8].mean() > histogram.words_[8:].mean() + 0.2
    assert histogram.get_feature_names_out()[-1] == "codebook_015"
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        clone(histogram).fit(clips)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(histogram).fit(clips, LABELS[:5])


def test_standardising_frees_the_histogram_of_units(clips):
    scaled = [clip * [1e3, 1e-3, 1.0, 2.0, 1.0] + 5.0 for clip in clips]
    # another scale seeds another draw, so all frames are drawn
    histogram = CodebookHistogram(8, frames_per_clip=1000, random_state=0)
    model, again = clone(histogram).fit(clips), clone(histogram).fit(scaled)
    np.testing.assert_allclose(again.scale_, model.scale_ * [1e3, 1e-3, 1.0, 2.0, 1.0])
    again.words_ = model.words_
    np.testing.assert_allclose(again.transform(scaled), model.transform(clips), atol=1e-6)


def test_there_are_no_more_words_than_distinct_frames():
    histogram = CodebookHistogram(256, norm=None, random_state=0).fit([np.repeat(CORNERS, 9, axis=0)])
    assert histogram.n_words_ == 4
    np.testing.assert_array_equal(histogram.transform([CORNERS]), 0.25)
    # the last of many frames is found too
    frames = np.concatenate([np.zeros((5000, 2)), CORNERS])
    assert CodebookHistogram(16, frames_per_clip=9999).fit([frames]).n_words_ == 4


# --- the supervector --------------------------------------------------------------------------------------


def test_the_supervector_equals_its_slow_twin(clips):
    model = GaussianSupervector(6, relevance=10.0, random_state=0).fit(clips)
    standardised = [(clip - model.mean_) / model.scale_ for clip in clips]
    expected = [
        twins.supervector(z, model.weights_, model.means_, model.variances_, 10.0) for z in standardised
    ]
    np.testing.assert_allclose(model.transform(clips), expected, rtol=1e-4, atol=1e-6)  # float32 frames


def test_the_mixture_is_scikit_learns(clips):
    model = GaussianSupervector(3, frames_per_clip=1000, random_state=0).fit(clips)
    frames = (np.concatenate(clips) - model.mean_) / model.scale_
    oracle = GaussianMixture(3, covariance_type="diag", means_init=model.means_, reg_covar=1e-3).fit(frames)
    mine = clone(oracle)
    mine.weights_, mine.means_, mine.covariances_ = model.weights_, model.means_, model.variances_
    mine.precisions_cholesky_ = 1 / np.sqrt(model.variances_)
    assert mine.score(frames) == pytest.approx(oracle.score(frames), abs=0.02)


def test_one_gaussian_is_a_closed_form(clips):
    """w = 1 and n = number of frames: the vector is n / (n + r) times the clip's mean, standardised."""
    model = GaussianSupervector(1, relevance=16, frames_per_clip=1000).fit(clips)
    frames = np.concatenate(clips)
    n = len(clips[4])
    # variances are 1 + FLOOR
    expected = (clips[4].mean(axis=0) - frames.mean(axis=0)) / frames.std(axis=0) * n / (n + 16) / 1.001**0.5
    np.testing.assert_allclose(model.transform([clips[4]])[0], expected, rtol=1e-4)


def test_a_clip_that_is_as_all_others_moves_nothing(rng):
    frames = rng.normal(size=(4000, 3))
    model = GaussianSupervector(1, frames_per_clip=4000).fit([frames])
    np.testing.assert_allclose(model.transform([frames]), 0, atol=1e-6)


def test_little_relevance_moves_means_all_the_way():
    clips = [np.repeat(CORNERS, 25, axis=0), CORNERS[:1] + 1.0]
    model = GaussianSupervector(4, relevance=1e-9, random_state=0).fit(clips[:1])
    k = pairwise_distances_argmin(((CORNERS[:1] - model.mean_) / model.scale_), model.means_)[0]
    moved = model.transform(clips[1:])[0].reshape(4, 2)[k]
    np.testing.assert_allclose(moved, np.sqrt(0.25 / 1e-3) * (1.0 / 5.0), rtol=1e-3)


def test_names_of_a_supervector(clips):
    names = GaussianSupervector(4, random_state=0).fit(clips).get_feature_names_out().tolist()
    assert len(names) == 20
    assert names[0] == "supervector_000_00"
    assert names[-1] == "supervector_003_04"


# --- what both promise ------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_every_form_of_x_gives_the_same(clips, estimator):
    expected = clone(estimator).fit_transform(clips)
    assert expected.dtype == np.float32
    array = np.empty(12, dtype=object)
    array[:] = clips
    for X in (tuple(clips), array, pd.Series(clips), pd.Series(clips, index=range(12, 0, -1)), Lazy(clips)):
        np.testing.assert_array_equal(clone(estimator).fit_transform(X), expected)
    stack = np.stack([clip[:30] for clip in clips])
    np.testing.assert_array_equal(
        clone(estimator).fit_transform(stack), clone(estimator).fit_transform(list(stack))
    )


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_a_matrix_is_clips_of_one_frame(clips, estimator):
    frames = clips[5]
    expected = clone(estimator).fit_transform(list(frames[:, None]))
    np.testing.assert_array_equal(clone(estimator).fit_transform(frames), expected)
    np.testing.assert_array_equal(clone(estimator).fit_transform(pd.DataFrame(frames)), expected)


class Lazy:
    """Clips that are made when asked for; it counts how many are alive."""

    def __init__(self, clips):
        self.clips, self.alive, self.most, self.visits = clips, 0, 0, []

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, index):
        clip = np.array(self.clips[index])
        self.visits.append(index)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(clip, self._died)
        return clip

    def _died(self):
        self.alive -= 1


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_clips_are_visited_one_at_a_time(clips, estimator):
    lazy = Lazy(clips)
    estimator = clone(estimator).fit(lazy)
    assert lazy.visits == list(range(12))
    assert lazy.most == 1
    estimator.transform(lazy)
    assert lazy.visits == 2 * list(range(12))
    assert lazy.most == 1
    assert lazy.alive == 0


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_no_more_frames_are_drawn_than_asked_for(clips, estimator):
    samples, indices, _ = clone(estimator).set_params(frames_per_clip=40)._sample_frames(clips)
    assert sorted(indices) == list(range(12))
    for frames, index in zip(samples, indices, strict=True):
        assert len(frames) == min(40, len(clips[index]))
        assert len(np.unique(frames, axis=0)) == len(frames)
        assert (clips[index][None] == frames[:, None]).all(axis=2).any(axis=1).all()


@pytest.mark.parametrize("estimator", [*BOTH, WITH_LABELS], ids=repr)
def test_neither_workers_nor_the_order_of_clips_change_a_bit(clips, rng, estimator):
    estimator = clone(estimator).set_params(frames_per_clip=25)
    expected = estimator.fit(clips, LABELS).transform(clips)
    order = rng.permutation(12)
    other = clone(estimator).set_params(n_jobs=2).fit([clips[i] for i in order], LABELS[order])
    np.testing.assert_array_equal(other.transform(clips), expected)
    np.testing.assert_array_equal(other.transform(clips[7:8]), expected[7:8])


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_the_seed_decides(clips, estimator):
    first = clone(estimator).fit_transform(clips)
    np.testing.assert_array_equal(clone(estimator).fit_transform(clips), first)
    assert not np.array_equal(clone(estimator).set_params(random_state=1).fit_transform(clips), first)


@pytest.mark.parametrize("estimator", [*BOTH, WITH_LABELS], ids=repr)
def test_noise_in_place_of_the_test_clips_changes_no_model(clips, rng, estimator):
    """What is learnt is learnt of the training fold."""
    train = np.arange(12) % 3 > 0
    noise = [clip if kept else rng.normal(size=clip.shape) for clip, kept in zip(clips, train, strict=True)]
    chosen = [i for i in range(12) if train[i]]
    model = clone(estimator).fit([clips[i] for i in chosen], LABELS[chosen])
    again = clone(estimator).fit([noise[i] for i in chosen], LABELS[chosen])
    np.testing.assert_array_equal(again.transform(clips), model.transform(clips))
    # and the row of a clip does not depend on its neighbours
    np.testing.assert_array_equal(model.transform(noise)[chosen], model.transform(clips)[chosen])


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_pickle_clone_and_set_output(clips, estimator):
    model = clone(estimator).fit(clips)
    expected = model.transform(clips)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).transform(clips), expected)
    assert clone(model).get_params() == estimator.get_params()
    table = model.set_output(transform="pandas").transform(clips)
    assert list(table.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(table.to_numpy(), expected)


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_it_stands_before_a_classifier(clips, estimator):
    array = np.empty(12, dtype=object)
    array[:] = clips
    assert cross_val_score(make_pipeline(clone(estimator), LinearSVC()), array, LABELS, cv=3).mean() > 0.9


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
@pytest.mark.parametrize("empty", [np.empty((0, 5)), np.empty((0, 0)), []], ids=["0x5", "0x0", "list"])
def test_a_clip_without_frames_is_zeros(clips, estimator, empty):
    model = clone(estimator).fit([*clips, empty])
    values = model.transform([empty, clips[0]])
    np.testing.assert_array_equal(values[0], 0)
    assert values[1].any()
    # it has taught nothing
    np.testing.assert_array_equal(clone(estimator).fit(clips).transform([empty, clips[0]]), values)


EDGES = {
    "silence": np.zeros((50, 5)),
    "one frame": np.ones((1, 5)),
    "huge": np.full((3, 5), 1e300),
    "float32": np.full((3, 5), np.finfo(np.float32).max, dtype=np.float32),
    "faint": np.full((3, 5), 1e-300),
    "integers": np.ones((3, 5), dtype=np.int16),
}


@pytest.mark.parametrize(
    "estimator",
    [*(CodebookHistogram(8, assignment=name, random_state=0) for name in ASSIGNMENTS), BOTH[1]],
    ids=repr,
)
@pytest.mark.parametrize("edge", EDGES)
def test_no_frame_makes_nan(clips, estimator, edge):
    values = clone(estimator).fit(clips).transform([EDGES[edge]])
    assert np.isfinite(values).all()


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
@pytest.mark.parametrize("edge", ["silence", "one frame", "integers"])
def test_it_can_learn_of_constants(estimator, edge):
    assert np.isfinite(clone(estimator).fit([EDGES[edge]]).transform([EDGES[edge]])).all()


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_input_is_left_as_it_was(clips, estimator):
    before = [clip.copy() for clip in clips]
    clone(estimator).fit_transform(clips)
    for clip, copy in zip(clips, before, strict=True):
        np.testing.assert_array_equal(clip, copy)


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], ClipError, "X: it holds no clips; give at least one"),
        ([np.empty((0, 5))], ClipError, "X: no clip has a frame; give at least one that has"),
        ([np.ones((2, 5)), np.full((2, 5), np.nan)], ClipError, "clip 1: its frames hold NaN or infinity"),
        ([np.ones((2, 5)), np.ones((2, 4))], ClipError, "clip [01]: its frames have [45] columns, not [45];"),
        ([np.ones((2, 5)), np.ones(5)], ClipError, r"clip 1: it has the shape \(5,\), not \(n_frames, n_c"),
        ([np.ones((2, 5)), np.full((2, 5), "a")], ClipError, "clip 1: its frames are not real numbers"),
        ([np.ones((2, 5)), np.ones((2, 5)) * 1j], ClipError, "clip 1: its frames are not real numbers"),
        (["a.wav"], ValueError, "a.wav"),
        (np.ones(5), ValueError, "Expected 2D array, got 1D array"),
        (np.array([[np.nan, 1.0]]), ValueError, "contains NaN"),
    ],
)
def test_bad_input_is_one_clear_error(estimator, X, error, message):
    with pytest.raises(error, match=message):
        clone(estimator).fit(X)


@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_other_columns_than_at_fit_are_refused(clips, estimator):
    with pytest.raises(ClipError, match="clip 1: its frames have 4 columns, not 5; give the same frame feat"):
        clone(estimator).fit(clips).transform([clips[0], clips[1][:, :4]])


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_words": 0}, ValueError, "n_words == 0, must be >= 1"),
        ({"frames_per_clip": 0}, ValueError, "frames_per_clip == 0, must be >= 1"),
        ({"assignment": "nearest", "assignment_param": 0}, ValueError, "assignment_param == 0, must be >= 1"),
        ({"assignment": "nearest", "assignment_param": 1.5}, TypeError, "assignment_param must be an insta"),
        ({"assignment": "soft", "assignment_param": 0}, ValueError, "assignment_param == 0, must be > 0"),
        ({"n_words": 1.5}, TypeError, "n_words must be an instance of"),
        ({"assignment": "tringle"}, UnknownNameError, "unknown assignment .*Did you mean 'triangle'"),
        ({"pooling": "median"}, UnknownNameError, "unknown pooling 'median'. Known: mean, sum, max, pyramid"),
        ({"norm": "l1"}, UnknownNameError, "unknown norm 'l1'. Known: sqrt, l2"),
        ({"tf_idf": True, "assignment": "soft"}, ValueError, "tf_idf needs the assignment 'hard' or 'neare"),
    ],
)
def test_parameters_out_of_range_are_told(clips, params, error, message):
    with pytest.raises(error, match=message):
        CodebookHistogram(**params).fit(clips)


def test_relevance_must_be_positive(clips):
    with pytest.raises(ValueError, match="relevance == 0, must be > 0"):
        GaussianSupervector(relevance=0).fit(clips)
