"""The scikit-learn surface of feature extraction."""

import io
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gtzanfeat.audio import Clip
from gtzanfeat.codebooks import CodebookHistogram
from gtzanfeat.errors import ClipError, MissingClipError, UnknownNameError
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.transformers import ClipFeatures, FailedClipWarning, FrameFeatures, Summarize

RATE = 22050


@parametrize_with_checks([ClipFeatures("timbre19")])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_scikit_learns_checks_are_all_run():
    """Some settings of tags silently drop nearly all checks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        checks = list(estimator_checks_generator(ClipFeatures("timbre19")))
    assert len(checks) >= 45


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    t = np.arange(RATE // 2) / RATE
    noise = [0.2 * rng.standard_normal(RATE // 2) for _ in range(6)]
    tones = [0.2 * np.sin(2 * np.pi * 110 * (i + 2) * t) for i in range(6)]
    return [samples.astype(np.float32) for samples in noise + tones]


@pytest.fixture(scope="module")
def paths(arrays, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for i, samples in enumerate(arrays):
        soundfile.write(folder / f"{i:02d}.wav", samples, RATE, subtype="FLOAT")
    return sorted(str(path) for path in folder.iterdir())


LABELS = np.array(["noise"] * 6 + ["tone"] * 6)


def test_every_form_of_x_gives_the_same(arrays, paths):
    transformer = ClipFeatures("timbre19")
    expected = transformer.fit_transform(np.stack(arrays))
    assert expected.shape == (12, 19)
    assert expected.dtype == np.float32
    for X in (
        paths,
        tuple(paths),
        np.array(paths),
        np.array(paths, dtype=object),
        pd.Series(paths),
        pd.Series(paths, index=range(12, 0, -1)),
        [Clip(path) for path in paths],
        np.array([Clip(path) for path in paths], dtype=object),
        arrays,
        [samples.astype(float) for samples in arrays],
        pd.DataFrame(np.stack(arrays)),
        pd.DataFrame({"path": paths}),
        np.array(paths)[:, None],
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(ClipFeatures("timbre19").fit_transform(X), expected)


def test_it_works_without_fit_and_after_pickling(paths):
    transformer = ClipFeatures("timbre19")
    expected = transformer.transform(paths)
    again = pickle.loads(pickle.dumps(transformer.fit(paths)))
    np.testing.assert_array_equal(again.transform(paths), expected)


def test_clone_and_params_reach_everything():
    params = {"rate": 44100, "n_jobs": 2, "on_error": "skip", "memory": "cache", "array_backend": "numpy"}
    transformer = ClipFeatures("timbre19", **params)
    assert clone(transformer).get_params() == {"feature_set": "timbre19", **params}
    assert transformer.set_params(feature_set="pitch5").get_feature_names_out().tolist() == list(
        FEATURE_SETS["pitch5"].columns
    )


def test_a_set_can_be_given_as_an_object(paths):
    given = ClipFeatures(FEATURE_SETS["timbre19"])
    np.testing.assert_array_equal(given.transform(paths), ClipFeatures("timbre19").transform(paths))
    assert clone(given).feature_set == FEATURE_SETS["timbre19"]


def test_set_output_gives_a_table_with_names(paths):
    table = (
        ClipFeatures("timbre19")
        .set_output(transform="pandas")
        .fit_transform(pd.Series(paths, index=list("abcdefghijkl")))
    )
    assert list(table.columns) == list(FEATURE_SETS["timbre19"].columns)
    assert list(table.index) == list("abcdefghijkl")
    assert (table.dtypes == np.float32).all()


def test_any_number_of_workers_gives_the_same_bits(paths):
    one = ClipFeatures("classic30", n_jobs=1).transform(paths)
    np.testing.assert_array_equal(ClipFeatures("classic30", n_jobs=2).transform(paths), one)


def test_it_is_the_first_step_of_a_pipeline_and_of_a_search(paths):
    pipeline = make_pipeline(ClipFeatures("timbre19"), StandardScaler(), LogisticRegression())
    assert cross_val_score(pipeline, paths, LABELS, cv=3).mean() == 1
    grid = {"clipfeatures__feature_set": ["timbre19", "pitch5"], "logisticregression__C": [0.1, 1]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(paths, LABELS)
    assert search.best_params_["clipfeatures__feature_set"] == "timbre19"
    assert search.best_score_ == 1


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], ClipError, "X: it holds no clips; give at least one"),
        (["no.wav"], MissingClipError, r"no\.wav: there is no such file"),
        ([np.array([0.0, np.nan])], ClipError, "clip 0: it holds NaN samples"),
        ([np.zeros((2, 100))], ClipError, "clip 0: .*not one mono clip; mix the channels"),
        ([np.zeros(0)], ClipError, "clip 0: it holds no samples"),
        (np.zeros((2, 3, 4)), ValueError, "Found array with dim 3"),
        ("a.wav", ClipError, "the list of clips: it is one clip; give a list, even of one"),
        (Clip("a.wav"), ClipError, "it is one clip"),
        (pd.DataFrame({"path": ["a.wav"], "label": ["b"]}), ValueError, "could not convert string"),
        (np.array([[np.nan, 1.0]]), ValueError, "contains NaN"),
        ([np.zeros(10), None], ClipError, "clip 1: NoneType is not a clip"),
    ],
)
def test_bad_input_is_one_clear_error(X, error, message):
    with pytest.raises(error, match=message):
        ClipFeatures("timbre19").fit(X).transform(X)


def test_unknown_names_are_told_at_fit(paths):
    with pytest.raises(UnknownNameError, match="Did you mean 'tzanetakis2002'"):
        ClipFeatures("tzanetakis").fit(paths)
    with pytest.raises(ValueError, match="on_error is 'nan'; it can be 'raise' or 'skip'"):
        ClipFeatures("timbre19", on_error="nan").transform(paths)


def test_failed_clips_become_rows_of_nan_and_a_warning_that_names_them(paths, tmp_path):
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    transformer = ClipFeatures("timbre19", on_error="skip")
    with pytest.warns(
        FailedClipWarning, match=r"1 of 2 clips are rows of NaN:\n.*empty\.wav: the file is empty"
    ):
        values = transformer.transform([paths[0], str(empty)])
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1]).all()


def test_a_row_of_nan_is_one_failed_clip_in_a_matrix_too(arrays):
    matrix = np.stack(arrays[:3])
    matrix[1, 5] = np.nan
    with pytest.warns(FailedClipWarning, match="1 of 3 clips .*:\\nclip 1: it holds NaN samples"):
        values = ClipFeatures("timbre19", on_error="skip").fit_transform(matrix)
    assert np.isnan(values).all(axis=1).tolist() == [False, True, False]


def test_it_is_a_step_of_a_column_transformer(paths):
    table = pd.DataFrame({"path": paths, "year": range(12)})
    sound = ("sound", ClipFeatures("timbre19"), ["path"])
    columns = ColumnTransformer([sound, ("rest", "passthrough", ["year"])])
    assert columns.fit_transform(table).shape == (12, 20)


def test_edge_cases_have_defined_values():
    """Silence, one sample, a constant: no NaN leaves an extractor."""
    values = ClipFeatures("classic30").transform([np.zeros(RATE), np.ones(1), np.full(RATE, 0.5)])
    assert np.isfinite(values).all()
    names = ClipFeatures("classic30").get_feature_names_out().tolist()
    silence = dict(zip(names, values[0].tolist(), strict=True))
    assert {silence[name] for name in names if not name.startswith("mfcc")} == {0.0}
    # the transform of 40 equal logarithms, rounded: at most 40 · 2.24 · 2^-24
    assert all(abs(silence[f"mfcc_0{q}_tmean"]) < 5.4e-6 for q in range(1, 6))


either = pytest.mark.parametrize(
    "transformer", [ClipFeatures("timbre19"), FrameFeatures("zcr")], ids=["clips", "frames"]
)

# --- what stands at the door -----------------------------------------------------------------------------


def wav(samples, rate=22050):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="FLOAT")
    return file


def test_a_data_frame_is_indexed_by_the_paths(tmp_path, rng):
    paths = [tmp_path / f"{i}.wav" for i in (2, 0, 1)]
    for path in paths:
        path.write_bytes(wav(rng.uniform(-1, 1, 5000)).getvalue())
    transformer = ClipFeatures("timbre19")
    values = transformer.fit_transform(paths)
    transformer.set_output(transform="pandas")
    names = [str(path) for path in paths]
    for X in (paths, names, np.array(names), np.array(names, dtype=object), tuple(names)):
        table = transformer.fit_transform(X)
        assert table.index.tolist() == names
        assert table.columns.tolist() == transformer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(table, values)
    # what has an index keeps it, and what has no paths is counted
    series = pd.Series(names, index=["a", "b", "c"])
    assert transformer.fit_transform(series).index.tolist() == ["a", "b", "c"]
    assert transformer.fit_transform([Clip(paths[0]), paths[1]]).index.tolist() == [0, 1]
    assert transformer.fit_transform(rng.uniform(-1, 1, (2, 5000))).index.tolist() == [0, 1]
    scaled = make_pipeline(ClipFeatures("timbre19"), StandardScaler()).set_output(transform="pandas")
    assert scaled.fit_transform(paths).index.tolist() == names


def test_a_union_of_vectors_and_frames_is_one_row_per_clip(tmp_path, rng):
    """Columns are put side by side by index: all parts must have the same, of clips that occur twice too."""
    (tmp_path / "a.wav").write_bytes(wav(rng.uniform(-1, 1, 5000)).getvalue())
    paths = [tmp_path / "a.wav"] * 2
    union = make_union(
        ClipFeatures("timbre19"),
        make_pipeline(FrameFeatures("mfcc"), Summarize(("mean",))),
        make_pipeline(FrameFeatures("mfcc"), CodebookHistogram(2, random_state=0)),
    )
    plain = union.fit_transform(paths)
    union.set_output(transform="pandas")
    for X in (paths, pd.Series(paths, index=["x", "y"])):
        table = union.fit_transform(X)
        np.testing.assert_array_equal(table, plain)
        assert table.index.tolist() == (list(map(str, paths)) if X is paths else ["x", "y"])


@pytest.mark.parametrize(
    "transformer", [ClipFeatures("timbre19"), FrameFeatures("zcr")], ids=["clips", "frames"]
)
def test_whatever_stands_for_a_clip_is_taken(transformer, tmp_path, rng):
    samples = rng.uniform(-1, 1, 5000).astype(np.float32)
    (expected,) = transformer.fit_transform([samples])
    (tmp_path / "clip.wav").write_bytes(wav(samples).getvalue())
    with open(tmp_path / "clip.wav", "rb") as file:
        for clip in (wav(samples), file, (samples, 22050), {"array": samples, "sampling_rate": 22050}):
            (values,) = transformer.fit_transform([clip])
            np.testing.assert_array_equal(values, expected)
            np.testing.assert_array_equal(transformer.transform([samples, clip])[1], expected)


@pytest.mark.parametrize(
    "transformer", [ClipFeatures("timbre19"), FrameFeatures("zcr")], ids=["clips", "frames"]
)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(22050), r"it is one clip of samples; give a list, even of one: \[samples\]"),
        ([0.0, 0.5, -0.5], "it is one clip of samples"),
        (pd.Series(np.zeros(100)), "it is one clip of samples"),
        (io.BytesIO(b"RIFF"), r"it is one clip; give a list, even of one: \[clip\]"),
        ("song.wav", "it is one clip"),
        ([b"song.wav"], r"bytes is not a clip; give os\.fsdecode\(path\)"),
        ([{"path": "song.wav"}], "it is a mapping with the keys path"),
        ([io.BytesIO(b"no sound")], "clip 0: "),
    ],
)
def test_what_is_no_list_of_clips_gets_its_own_advice(transformer, X, message):
    with pytest.raises(ClipError, match=message):
        transformer.fit_transform(X)
