"""Between frames and vectors: FrameFeatures, Deltas, Summarize, TimeDCT."""

import gc
import pickle
import warnings
import weakref

import librosa
import numpy as np
import pandas as pd
import pytest
import scipy.fft
import soundfile
from signals import RATE, tone, white_noise
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat import audio
from gtzanfeat.audio import Clip
from gtzanfeat.codebooks import CodebookHistogram
from gtzanfeat.declarations import Framing
from gtzanfeat.errors import ClipError, MissingClipError, UnknownNameError
from gtzanfeat.extraction import parallel
from gtzanfeat.extraction.cache import clear, prune
from gtzanfeat.extraction.frame_matrices import Frames, frame_spec
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet
from gtzanfeat.statistics.summaries import SUMMARIES
from gtzanfeat.transformers import ClipFeatures, Deltas, FailedClipWarning, FrameFeatures, Summarize, TimeDCT

STEPS = [
    FrameFeatures(),
    Deltas(),
    Summarize(),
    Summarize(("median", "p10", "texture", "delta_std")),
    TimeDCT(),
    TimeDCT((4, 3), dims=2, absolute=True),
]


@parametrize_with_checks(STEPS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", STEPS, ids=repr)
def test_scikit_learns_checks_are_all_run(estimator):
    """Some settings of tags silently drop nearly all checks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        assert len(list(estimator_checks_generator(estimator))) >= 45


@pytest.fixture
def decoded(monkeypatch):
    """What is decoded, clip by clip, as it happens."""
    heard = []

    def blocks(clip, rate):
        heard.append(clip)
        return audio.blocks(clip, rate)

    monkeypatch.setattr(parallel, "blocks", blocks)
    return heard


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Twelve clips of two kinds and several lengths."""
    folder = tmp_path_factory.mktemp("clips")
    for i in range(6):
        soundfile.write(folder / f"{i}a.wav", white_noise(0.3 + 0.05 * i, random_state=i), RATE)
        soundfile.write(folder / f"{i}b.wav", tone(200 + 50 * i, 0.3 + 0.05 * i), RATE)
    return sorted(str(path) for path in folder.iterdir())


LABELS = np.array(["noise", "tone"] * 6)


@pytest.fixture
def clips():
    """Frame matrices of several lengths, one of a single frame."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, 3)).astype(np.float32) for n in (200, 86, 30, 1)]


# --- FrameFeatures -----------------------------------------------------------------------------------


def test_frames_are_the_features_of_each_frame(paths):
    found = FrameFeatures("mfcc").fit_transform(paths)
    assert len(found) == 12
    for matrix, path in zip(found, paths, strict=True):
        n_samples = soundfile.info(path).frames
        assert (matrix.shape, matrix.dtype) == ((1 + (n_samples - 512) // 512, 13), np.float32)
        assert np.isfinite(matrix).all()


def test_frames_of_a_set_summarised_are_the_columns_of_the_set(paths):
    chosen = FEATURE_SETS["timbre19"]
    texture = Summarize(("texture",))
    for names in (("mfcc",), ("zcr",), ("spectral_centroid", "spectral_rolloff")):
        items = tuple(item for item in chosen.items if item.feature in names)
        pipeline = make_pipeline(FrameFeatures(items), texture)
        values = pipeline.fit_transform(paths)
        columns = pipeline.get_feature_names_out().tolist()
        assert set(columns) < set(chosen.columns)
        places = [chosen.columns.index(name) for name in columns]
        np.testing.assert_array_equal(values, ClipFeatures("timbre19").fit_transform(paths)[:, places])


def test_a_feature_set_gives_all_its_frame_features(paths):
    features = FrameFeatures(FEATURE_SETS["timbre19"])
    names = features.get_feature_names_out().tolist()
    assert names == [
        "spectral_centroid",
        "spectral_rolloff",
        "spectral_flux",
        "zcr",
        *(f"mfcc_0{q}" for q in range(1, 6)),
    ]
    one = FrameFeatures("zcr").transform(paths[:1])[0]
    all_of_them = features.transform(paths[:1])[0]
    # flux has no value for the first frame, which is left out for all
    np.testing.assert_array_equal(all_of_them[:, [3]], one[1:])


def test_a_feature_summarised_twice_in_a_set_is_one():
    twice = tuple(FeatureItem("zcr", Framing(512, 512), summary=name) for name in ("mean", "std"))
    assert FrameFeatures(FeatureSet("twice", "", twice)).get_feature_names_out().tolist() == ["zcr"]


def test_framing_and_rate_are_those_asked_for():
    samples = white_noise(1.0, random_state=0)
    assert FrameFeatures("zcr", framing=Framing(1024, 256)).transform([samples])[0].shape == (83, 1)
    assert FrameFeatures("zcr").transform([samples])[0].shape == (43, 1)
    assert FrameFeatures("zcr", rate=44100).transform([samples])[0].shape == (21, 1)
    assert FrameFeatures("zcr").transform([Clip(samples, duration=0.5)])[0].shape == (21, 1)
    assert FrameFeatures("zcr").transform(np.zeros((2, 100))).shape == (2,)


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ("mfc", UnknownNameError, "unknown frame feature 'mfc'.*Did you mean 'mfcc'"),
        ("low_energy", UnknownNameError, "unknown frame feature 'low_energy'"),
        (("zcr", 3), UnknownNameError, "unknown frame feature 3"),
        ((), ValueError, r"\(\) has no frame features; name one, e\.g\. 'mfcc'"),
        (FEATURE_SETS["rhythm6"], ValueError, "has no frame features"),
        (
            ("zcr", FeatureItem("zcr", Framing(512, 512), columns=("",))),
            ValueError,
            "have the column 'zcr' twice",
        ),
        (
            ("mfcc", FeatureItem("zcr", Framing(1024, 256))),
            ValueError,
            r"frames of 512/512, 1024/256 \(length/hop\) do not go into one matrix; give one framing for all",
        ),
        (
            ("spectral_contrast", FeatureItem("rms", Framing(2048, 512, edges="zero"))),
            ValueError,
            r"frames of 2048/512, 2048/512 centred \(length/hop\) do not go into one matrix",
        ),
        (
            ("zcr", FeatureItem("rms", Framing(512, 512, edges="pad_end"))),
            ValueError,
            r"frames of 512/512, 512/512 padded \(length/hop\) do not go into one matrix",
        ),
        (
            FeatureItem("mfcc", Framing(512, 512), names=("a",)),
            ValueError,
            "mfcc has 13 columns to name, not 1",
        ),
    ],
)
def test_features_that_make_no_matrix_are_told_at_fit(features, error, message):
    with pytest.raises(error, match=message):
        FrameFeatures(features).fit([np.zeros(1000)])


def test_a_set_pads_its_last_frame_but_a_feature_by_its_name_does_not():
    samples = np.ones(1100)
    assert FrameFeatures(FEATURE_SETS["marsyas62"]).transform([samples])[0].shape == (3, 31)
    assert FrameFeatures(("zcr", "marsyas_mfcc")).transform([samples])[0].shape == (2, 14)


def test_both_parts_of_a_sound_stand_side_by_side_under_their_names(paths):
    parts = ("harmonic", "percussive")
    features = [FeatureItem("rms", Framing(512, 512, stream=part), names=(f"{part}_rms",)) for part in parts]
    transformer = FrameFeatures(features)
    both = transformer.fit_transform(paths[:1])[0]
    assert transformer.get_feature_names_out().tolist() == ["harmonic_rms", "percussive_rms"]
    for column, item in zip(both.T, features, strict=True):
        np.testing.assert_array_equal(column, FrameFeatures(item).transform(paths[:1])[0][:, 0])


def test_one_framing_makes_one_matrix_of_all():
    features = ("mfcc", FeatureItem("zcr", Framing(1024, 256)))
    assert FrameFeatures(features, framing=Framing(1024, 512)).transform([np.zeros(2048)])[0].shape == (3, 14)


def test_any_number_of_workers_gives_the_same_bits(paths):
    one = FrameFeatures().transform(paths)
    for one_clip, same in zip(one, FrameFeatures(n_jobs=2).transform(paths), strict=True):
        np.testing.assert_array_equal(same, one_clip)


def test_failed_clips_have_no_frames_and_are_named(paths, tmp_path):
    for memory in (None, tmp_path):
        features = FrameFeatures(on_error="skip", memory=memory)
        with pytest.warns(FailedClipWarning, match=r"1 of 2 clips have no frames:\nno\.wav: there is no"):
            found = features.transform(["no.wav", paths[0]])
        assert (found[0].shape, found[1].shape[1]) == ((0, 13), 13)
        values = make_pipeline(Deltas(2), Summarize()).fit_transform(found)
        assert not values[0].any()
        assert values[1].any()
    with pytest.raises(MissingClipError, match=r"no\.wav: there is no such file"):
        FrameFeatures(memory=tmp_path).transform(["no.wav"])
    with pytest.raises(ValueError, match="on_error is 'nan'; it can be 'raise' or 'skip'"):
        FrameFeatures(on_error="nan").transform(paths)


# --- memory ------------------------------------------------------------------------------------------


def test_with_memory_each_clip_is_decoded_once_and_no_bit_differs(paths, tmp_path, decoded):
    expected = list(FrameFeatures().transform(paths))
    decoded.clear()
    features = FrameFeatures(memory=tmp_path)
    for _ in range(2):
        for found, matrix in zip(features.transform(paths), expected, strict=True):
            np.testing.assert_array_equal(found, matrix)
    assert len(decoded) == len(paths)
    FrameFeatures("zcr", memory=tmp_path).transform(paths)  # another recipe
    FrameFeatures(framing=Framing(1024, 512), memory=tmp_path).transform(paths)
    assert len(decoded) == 3 * len(paths)


def test_with_memory_frames_are_loaded_clip_by_clip_and_not_held(paths, tmp_path, monkeypatch):
    found = FrameFeatures(memory=tmp_path).transform(paths)
    loaded = []
    load = found._load

    def watched(index):
        assert not any(matrix() is not None for matrix in loaded), "two clips at a time"
        matrix = load(index)
        loaded.append(weakref.ref(matrix))
        return matrix

    for matrix in Frames(watched, range(len(found))):
        assert len(matrix)
        del matrix
        gc.collect()
    assert len(loaded) == len(paths)


def test_frames_that_were_pruned_are_made_again(paths, tmp_path, decoded):
    found = FrameFeatures(memory=tmp_path).transform(paths)
    expected = list(found)
    assert len(decoded) == len(paths)
    prune(tmp_path, 0)
    np.testing.assert_array_equal(found[3], expected[3])
    assert len(decoded) == len(paths) + 1
    clear(tmp_path)
    np.testing.assert_array_equal(found[4], expected[4])
    np.testing.assert_array_equal(found[4], expected[4])
    assert len(decoded) == len(paths) + 2


def test_a_search_over_what_follows_decodes_each_clip_once(paths, tmp_path, decoded):
    pipeline = make_pipeline(
        FrameFeatures(memory=tmp_path), Deltas(), Summarize(), StandardScaler(), LogisticRegression()
    )
    grid = {
        "deltas__order": [1, 2],
        "summarize__summaries": [("mean",), ("mean", "std")],
        "logisticregression__C": [0.1, 1.0],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(paths, LABELS)
    assert len(decoded) == len(paths)
    assert search.best_score_ == 1


def test_a_codebook_goes_through_frames_that_are_not_held(paths, tmp_path, decoded):
    pipeline = make_pipeline(
        FrameFeatures(memory=tmp_path), Deltas(), CodebookHistogram(8, random_state=0), LogisticRegression()
    )
    grid = {"codebookhistogram__n_words": [4, 8], "logisticregression__C": [0.1, 10.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(paths, LABELS)
    assert len(decoded) == len(paths)
    held = make_pipeline(*(clone(step) for step in search.best_estimator_))
    held.set_params(framefeatures__memory=None).fit(paths, LABELS)
    np.testing.assert_array_equal(held[:-1].transform(paths), search.best_estimator_[:-1].transform(paths))


# --- Frames ------------------------------------------------------------------------------------------


def test_a_sequence_of_frames_is_indexed_like_an_array(clips):
    found = Frames(clips.__getitem__, range(4))
    assert (len(found), found.shape, repr(found)) == (4, (4,), "<frames of 4 clips>")
    assert found[-1] is clips[3]
    for which in (slice(1, 3), [1, 2], np.array([1, 2]), np.array([False, True, True, False])):
        assert [*map(id, found[which])] == [id(clips[1]), id(clips[2])]
    with pytest.raises(IndexError):
        found[4]
    again = pickle.loads(pickle.dumps(found.map(np.negative)))
    np.testing.assert_array_equal(again[::2][1], -clips[2])


def test_frames_can_be_split_by_scikit_learn(paths):
    found = FrameFeatures().transform(paths)
    pipeline = make_pipeline(Summarize(), StandardScaler(), LogisticRegression())
    assert cross_val_score(pipeline, found, LABELS, cv=3).mean() == 1


# --- what all steps promise --------------------------------------------------------------------------


def test_names_go_through_the_chain_and_tables_bear_them(paths):
    pipeline = make_pipeline(FrameFeatures(("zcr", "mfcc")), Deltas(2), Summarize(("mean", "p10")))
    table = pipeline.set_output(transform="pandas").fit_transform(paths)
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == list(pipeline.get_feature_names_out())
    assert table.shape == (12, 14 * 3 * 2)
    assert list(table.columns[[0, 1, 2, 28, 83]]) == [
        "zcr_mean",
        "zcr_p10",
        "mfcc_00_mean",
        "zcr_delta_mean",
        "mfcc_12_delta2_p10",
    ]
    assert (table.dtypes == np.float32).all()
    pipeline = make_pipeline(FrameFeatures("zcr"), TimeDCT(2))
    assert pipeline.set_output(transform="pandas").fit_transform(paths).columns.tolist() == [
        "zcr_dct00",
        "zcr_dct01",
    ]


@pytest.mark.parametrize("step", STEPS[1:], ids=repr)
def test_every_form_of_x_gives_the_same(step, clips):
    step = clone(step)
    expected = list(step.fit_transform(clips))
    objects = np.empty(4, dtype=object)
    objects[:] = clips
    forms = [
        tuple(clips),
        objects,
        pd.Series(clips, index=list("abcd")),
        Frames(clips.__getitem__, range(4)),
        [clip.astype(np.float64) for clip in clips],
        [np.asfortranarray(clip) for clip in clips],
    ]
    for X in forms:
        for row, other in zip(expected, clone(step).fit_transform(X), strict=True):
            np.testing.assert_allclose(other, row, rtol=1e-5, atol=1e-6)  # float64 frames round later
            assert other.dtype == np.float32
    again = pickle.loads(pickle.dumps(step))
    for row, other in zip(expected, again.transform(clips), strict=True):
        np.testing.assert_array_equal(other, row)


@pytest.mark.parametrize("step", STEPS[1:], ids=repr)
def test_a_matrix_is_clips_of_one_frame(step):
    rows = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    found = np.asarray(clone(step).fit_transform(rows))
    expected = np.stack([np.ravel(row) for row in clone(step).fit_transform([row[None] for row in rows])])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("step", STEPS[1:], ids=repr)
def test_bad_frames_are_one_clear_error(step, clips):
    step = clone(step)
    with pytest.raises(NotFittedError):
        step.transform(clips)
    with pytest.raises(ClipError, match="X: it holds no clips; give at least one"):
        step.fit([])
    with pytest.raises(ClipError, match="X: no clip has a frame; give at least one that has"):
        step.fit([np.zeros((0, 0))] * 2)
    step.fit([[], *clips])
    assert step.n_features_in_ == 3
    for bad, message in (
        (np.zeros((5, 2)), "clip 1: its frames have 2 columns, not 3"),
        (np.full((5, 3), np.nan), "clip 1: its frames hold NaN or infinity"),
        (np.zeros(3), r"clip 1: it has the shape \(3,\)"),
    ):
        with pytest.raises(ClipError, match=message):
            list(step.transform([clips[0], bad]))


@pytest.mark.parametrize("step", STEPS[2:], ids=repr)
def test_a_clip_without_frames_is_a_row_of_zeros(step, clips):
    values = clone(step).fit_transform([*clips, np.zeros((0, 3), dtype=np.float32)])
    assert not values[-1].any()
    assert values[0].any()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Deltas(0), "order is 0; give 1 or more"),
        (Deltas(width=4), "width is 4; give an odd number of frames, 3 or more"),
        (Deltas(width=1), "width is 1"),
        (Summarize("mean"), r"summaries is 'mean'; give a tuple of names, e\.g\. \('mean', 'std'\)"),
        (Summarize(()), r"summaries is \(\)"),
        (
            Summarize(("texture",), params={"windw": 5}),
            "unknown parameter of the summary 'texture' 'windw'. Known: window, start",
        ),
        (
            Summarize(("texture",), params={"window": 0}),
            "window is 0; it must be a whole number, 1 or more",
        ),
        (Summarize(("running",), params={"window": 2.5}), "window is 2.5; it must be"),
        (
            Summarize(("texture",), params={"start": "valit"}),
            "start is 'valit'; it must be one of valid, grow, prefill",
        ),
        (Summarize(("delta_mean",), params={"reach": 0}), "reach is 0"),
        (Summarize(("meen",)), "unknown summary 'meen'.*Did you mean 'mean'"),
        (TimeDCT(dims=3), "dims is 3; give 1 or 2"),
        (TimeDCT(0), "n_coefficients is 0; give a number from 1, or two if dims is 2"),
        (TimeDCT((2, 2)), r"n_coefficients is \(2, 2\)"),
        (TimeDCT(block=0), "block is 0 and hop 43; give 1 frame or more"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_parameters_that_make_no_sense_are_told_at_fit(step, message, clips):
    with pytest.raises(ValueError, match=message):
        step.fit(clips)


# --- Deltas: specification 4.1 -----------------------------------------------------------------------


def test_deltas_of_a_ramp_and_of_a_constant():
    ramp = np.outer(np.arange(20), [2.5, 0.0]).astype(np.float32) + 1
    found = Deltas(2).fit_transform([ramp])[0]
    np.testing.assert_array_equal(found[:, :2], ramp)
    np.testing.assert_allclose(found[2:-2, 2], 2.5, rtol=1e-6)
    np.testing.assert_allclose(found[4:-4, 4], 0, atol=1e-6)
    assert not found[:, [3, 5]].any()


@pytest.mark.parametrize("width", [3, 5, 9])
def test_deltas_are_librosas_with_edges_repeated(clips, width):
    for clip, found in zip(clips, Deltas(2, width=width).fit_transform(clips), strict=True):
        first = librosa.feature.delta(clip, width=width, axis=0, mode="nearest")
        second = librosa.feature.delta(first, width=width, axis=0, mode="nearest")
        # sums of at most 9 float32 numbers near 1
        np.testing.assert_allclose(found[:, 3:6], first, atol=1e-6)
        np.testing.assert_allclose(found[:, 6:], second, atol=1e-6)


# --- Summarize ---------------------------------------------------------------------------------------


def test_summaries_are_numpys(clips):
    names = ("mean", "std", "var", "min", "max", "median", "p33")
    values = Summarize(names).fit_transform(clips).reshape(4, 3, len(names))
    for row, clip in zip(values, clips, strict=True):
        exact = clip.astype(np.float64)
        statistics = (np.mean, np.std, np.var, np.min, np.max, np.median)
        expected = [statistic(exact, axis=0) for statistic in statistics]
        expected.append(np.percentile(exact, 33, axis=0))
        np.testing.assert_allclose(row.T, expected, rtol=1e-6, atol=1e-7)  # float32 of the same numbers


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_number_of_a_summary_has_a_name(name, clips):
    summarize = Summarize((name,)).set_output(transform="pandas")
    table = summarize.fit_transform(clips)
    assert len(set(table.columns)) == len(table.columns) == table.shape[1]
    assert table.columns.tolist() == Summarize((name,)).fit(clips).get_feature_names_out().tolist()


def test_summaries_that_hear_columns_together_are_named_so():
    summarize = Summarize(("gaussian",)).fit([np.eye(2)])
    assert summarize.get_feature_names_out(["a", "b"]).tolist() == [
        "a_mean", "b_mean", "a_a_cov", "a_b_cov", "b_b_cov",
    ]  # fmt: skip
    pooled = Summarize(("pooled",)).fit([np.eye(2)])
    assert pooled.get_feature_names_out().tolist() == ["pooled_mean", "pooled_var"]


def test_summaries_of_deltas_are_those_of_the_step_before(clips):
    inside = Summarize(("delta_mean", "delta_std"), params={"reach": 1}).fit_transform(clips)
    outside = make_pipeline(Deltas(1, width=3), Summarize(("mean", "std"))).fit_transform(clips)
    np.testing.assert_allclose(inside, outside[:, 6:], rtol=1e-5, atol=1e-6)  # one is rounded in between


# --- TimeDCT: specification 4.2, row 25 of the catalogue ---------------------------------------------


@pytest.mark.parametrize("k", [0, 1, 5, 9])
def test_a_cosine_is_one_coefficient(k):
    t = np.arange(86)
    wave = np.cos(np.pi * k * (2 * t + 1) / (2 * 86))[:, None]
    found = TimeDCT(10).fit_transform([wave])[0]
    expected = np.zeros(10)
    expected[k] = np.sqrt(86 if k == 0 else 43)
    np.testing.assert_allclose(found, expected, atol=1e-6)  # float32 of exact cosines


@pytest.mark.parametrize("absolute", [False, True])
def test_it_is_scipys_dct_averaged_over_blocks(clips, absolute):
    values = TimeDCT(8, block=64, hop=20, absolute=absolute).fit_transform(clips).reshape(4, 3, 8)
    for row, clip in zip(values, clips, strict=True):
        length = min(64, len(clip))
        starts = range(0, len(clip) - length + 1, 20)
        blocks = [scipy.fft.dct(clip[s : s + length].astype(float), axis=0, norm="ortho") for s in starts]
        expected = np.zeros((8, 3))
        mean = np.mean(np.abs(blocks) if absolute else blocks, axis=0)[:8]
        expected[: len(mean)] = mean
        np.testing.assert_allclose(row.T, expected, rtol=1e-5, atol=1e-6)


def test_in_two_dimensions_it_is_a_corner_of_scipys_dctn():
    bands = np.random.default_rng(0).standard_normal((86, 40)).astype(np.float32)
    found = TimeDCT((9, 13), dims=2).fit_transform([bands]).reshape(13, 9)
    np.testing.assert_allclose(found.T, scipy.fft.dctn(bands, norm="ortho")[:9, :13], rtol=1e-4, atol=1e-5)


def test_the_time_dct_of_cepstra_is_the_2d_dct_of_log_bands():
    """The identity of the specification: cepstra are a DCT along bands."""
    rng = np.random.default_rng(1)
    bands = [rng.standard_normal((n, 40)).astype(np.float32) for n in (86, 300, 50)]
    cepstra = [scipy.fft.dct(clip.astype(np.float64), axis=1, norm="ortho")[:, :13] for clip in bands]
    for absolute in (False, True):
        one = TimeDCT(10, absolute=absolute).fit_transform(cepstra)
        two = TimeDCT((10, 13), dims=2, absolute=absolute).fit_transform(bands)
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)  # float32 sums of 40 numbers


def test_numbers_may_be_numpys_as_in_a_grid(clips):
    grid = np.arange(4, 6)
    np.testing.assert_array_equal(TimeDCT(grid[0]).fit_transform(clips), TimeDCT(4).fit_transform(clips))
    window = Summarize(("texture",), params={"window": grid[1]})
    np.testing.assert_array_equal(
        window.fit_transform(clips), Summarize(("texture",), params={"window": 5}).fit_transform(clips)
    )


def test_magnitudes_do_not_depend_on_the_sign_of_a_change():
    wave = np.sin(np.arange(430) * 0.3)[:, None]
    one, other = TimeDCT(20, absolute=True).fit_transform([wave, -wave])
    np.testing.assert_array_equal(one, other)


def test_names_say_which_coefficient():
    two = TimeDCT((2, 2), dims=2).fit(np.zeros((3, 5)))
    assert two.get_feature_names_out().tolist() == ["dct00_00", "dct00_01", "dct01_00", "dct01_01"]
    assert TimeDCT(2).fit(np.zeros((3, 2))).get_feature_names_out(["a", "b"]).tolist() == [
        "a_dct00",
        "a_dct01",
        "b_dct00",
        "b_dct01",
    ]


def test_the_recipe_of_frames_is_known_by_what_decides_the_numbers():
    recipes = [
        frame_spec("mfcc"),
        frame_spec(("mfcc", "zcr")),
        frame_spec("mfcc", Framing(1024, 512)),
        frame_spec(FeatureItem("mfcc", Framing(512, 512), columns=("01",))),
    ]
    assert len({recipe.spec_hash for recipe in recipes}) == 4
    assert recipes[3].columns == ["mfcc_01"]
    assert frame_spec(FEATURE_SETS["timbre19"].items[-1]).spec_hash == (
        frame_spec(FEATURE_SETS["classic30"].items[5]).spec_hash
    )


def loud_quiet_nothing():
    """Noise for a second, the same 70 dB fainter for another, and a second of nothing."""
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, 512 * 40)
    return np.concatenate([loud, loud * 10 ** (-70 / 20), np.zeros(512 * 40)])


@pytest.mark.parametrize(("silence", "n_frames"), [(None, 120), (80.0, 80), (60.0, 40)])
def test_silent_frames_are_left_out_where_that_is_asked_for(silence, n_frames):
    clip = loud_quiet_nothing()
    (frames,) = FrameFeatures(("mfcc", "zcr"), silence=silence).fit_transform([clip])
    (all_frames,) = FrameFeatures(("mfcc", "zcr")).fit_transform([clip])
    np.testing.assert_array_equal(frames, all_frames[:n_frames])


@pytest.mark.parametrize("features", ["htk_mfcc", ("mfcc", "spectral_flux"), "chroma_cqt"])
def test_what_is_silent_does_not_depend_on_what_is_heard_in_it(features, tmp_path):
    clip = loud_quiet_nothing()[: 512 * 80] * 1e-3
    (frames,) = FrameFeatures(features, silence=200.0).fit_transform([clip])
    (all_frames,) = FrameFeatures(features).fit_transform([clip])
    np.testing.assert_array_equal(frames, all_frames)
    kept = FrameFeatures(features, silence=200.0, memory=tmp_path)
    for _ in range(2):
        np.testing.assert_array_equal(kept.fit_transform([clip])[0], frames)
    fewer = FrameFeatures(features, silence=60.0, memory=tmp_path).fit_transform([clip])[0]
    assert 0 < len(fewer) < len(frames)  # another recipe to the cache


def test_a_silent_clip_has_no_frames_then():
    (frames,) = FrameFeatures("mfcc", silence=60.0).fit_transform([np.zeros(22050)])
    assert frames.shape == (0, 13)
    with pytest.raises(
        ValueError, match="silence is -3; give dB below the loudest frame, such as 60, or None"
    ):
        FrameFeatures("mfcc", silence=-3).fit([np.zeros(22050)])
