from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from small_tables import table
from threadpoolctl import threadpool_limits

from gtzanfeat.classifiers import FamilyKernelSVC, LateFusion
from gtzanfeat.codebooks import CodebookHistogram
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, ProtocolError, UnknownNameError
from gtzanfeat.evaluation import Experiment, cross_validation, evaluate, precomputation
from gtzanfeat.evaluation.systems import fixes_features
from gtzanfeat.export import read_table, write_table
from gtzanfeat.extraction import Failure, extract
from gtzanfeat.extraction.frame_matrices import extract_frames
from gtzanfeat.model_selection.grouped_search import GroupedSearch
from gtzanfeat.recipes import RECIPES, classifier, recipe
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.transformers import ClipFeatures, FrameFeatures, Summarize

MEMBERS = [("families", FamilyKernelSVC(cv=None)), ("nearest", KNeighborsClassifier(1))]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- leaks ----------------------------------------------------------------------------------------------


def test_artist_probe_is_at_chance_under_artist_and_far_above_under_random(rng):
    artist = np.arange(60).repeat(8)
    label = (rng.permutation(60) % 2)[artist]  # depends on the artist alone ...
    values = rng.normal(size=(60, 10))[artist] + 0.1 * rng.normal(size=(480, 10))  # ... as do the features
    clips = table(np.array(["a", "b"])[label], artist=artist.astype(str))
    naive, honest = (
        evaluate("knn1", clips, values=values, protocol=name, repeats=3) for name in ("random", "artist")
    )
    assert naive.accuracy > 0.98
    assert abs(honest.accuracy - 0.5) < 3 * 0.5 / np.sqrt(60)  # 60 independent guesses
    assert "score may be too high" in str(naive)
    assert not honest.warnings


def test_window_probe_is_at_chance_where_rows_would_be_far_above(rng):
    recording = np.arange(60).repeat(8)
    label = np.array(["a", "b"])[rng.permutation(60) % 2][recording]
    values = rng.normal(size=(60, 10))[recording] + 0.1 * rng.normal(size=(480, 10))
    names = recording.astype(str)
    frame = pd.DataFrame(
        {"path": names, "recording": names, "label": label, "offset": np.tile(np.arange(8.0), 60)}
    )
    honest = evaluate("knn1", ClipTable(frame, "windows"), values=values, repeats=3)
    by_row = cross_val_score(
        KNeighborsClassifier(1), values, label, cv=StratifiedKFold(10, shuffle=True, random_state=0)
    )
    assert by_row.mean() > 0.98
    assert abs(honest.accuracy - 0.5) < 3 * 0.5 / np.sqrt(60)


@pytest.mark.parametrize(
    "model",
    [FamilyKernelSVC(random_state=0)]
    + [
        LateFusion(MEMBERS, combine=combine, cv=3, random_state=0) for combine in ("mean", "product", "stack")
    ],
    ids=["family kernels", "mean", "product", "stack"],
)
@pytest.mark.parametrize("protocol", ["random", "artist"])
def test_fused_estimators_learn_nothing_of_unheard_artists_or_recordings(rng, model, protocol):
    # label and features depend on the artist alone, or on the recording, of which there are eight windows
    group = np.arange(60).repeat(8)
    label = np.array(["a", "b"])[(rng.permutation(60) % 2)[group]]
    values = rng.normal(size=(60, 10))[group] + 0.1 * rng.normal(size=(480, 10))
    names = group.astype(str)
    frame = table(label, artist=names).frame
    if protocol == "random":
        frame = pd.DataFrame({"path": names, "recording": names, "label": label})
        frame["offset"] = np.tile(np.arange(8.0), 60)
    clips = ClipTable(frame, "probe")
    found = evaluate(model, clips, values=values, protocol=protocol, cv=3, repeats=2, naive=True)
    assert found.naive > 0.95
    assert abs(found.accuracy - 0.5) < 3 * 0.5 / np.sqrt(60)  # 60 independent guesses
    truth = (found.predictions["label"] == found.predictions["predicted"]).to_numpy()
    surest = found.predictions[["score_a", "score_b"]].max(axis=1).to_numpy()
    assert surest.mean() < truth.mean() + 0.25  # and they know it


def learnt(fitted):
    """All that a fitted system has learnt, as one number; what was measured before the folds is no part."""
    if isinstance(fitted, Pipeline) and isinstance(fitted[0], FeatureUnion):
        parts = [part[1:] for _, part in fitted[0].transformer_list if isinstance(part, Pipeline)]
        return joblib.hash([*parts, fitted[1:]])
    return joblib.hash(fitted)


def fitted_models(monkeypatch):
    """A list that grows by all that a model has learnt, whenever one is fitted in a fold."""
    found = []

    def fit(*given):
        fitted = fitting_grouped(*given)
        found.append(learnt(fitted))
        return fitted

    fitting_grouped = cross_validation.fit_grouped
    monkeypatch.setattr(cross_validation, "fit_grouped", fit)
    return found


@pytest.mark.parametrize("name", [name for name in RECIPES if not fixes_features(name)])
def test_noise_in_test_clips_does_not_change_what_a_recipe_learns(rng, name, monkeypatch):
    label = np.arange(90) % 3
    clips = table(np.array(["a", "b", "c"])[label], split=["train"] * 60 + ["test"] * 30)
    values = rng.normal(size=(90, 5)) + label[:, None]
    if name == "chi2-svm":
        values = np.abs(values)  # histograms
    altered = values.copy()
    altered[75:] = np.abs(1e3 * rng.normal(size=(15, 5)))
    models = fitted_models(monkeypatch)
    with threadpool_limits(1):
        plain, noisy = (
            evaluate(name, clips, values=matrix, protocol="split").answers for matrix in (values, altered)
        )
    np.testing.assert_array_equal(plain[:15], noisy[:15])
    assert (plain[15:] != noisy[15:]).any()
    assert models[0] == models[1]


@pytest.mark.parametrize("name", [name for name in RECIPES if fixes_features(name)])
def test_noise_in_test_recordings_does_not_change_what_a_system_learns(tmp_path, rng, name, monkeypatch):
    time = np.arange(15000) / 22050
    rows = []
    for i in range(14):
        kind = ("tone", "noise")[i % 2]
        samples = 0.5 * np.sin(2 * np.pi * (300 + 40 * i) * time) * np.cos(7 * time)
        samples = samples + 0.02 * rng.normal(size=15000) if kind == "tone" else rng.uniform(-0.5, 0.5, 15000)
        soundfile.write(tmp_path / f"{i}.wav", samples, 22050)
        part = "train" if i < 10 else "test"
        rows.append({"path": str(tmp_path / f"{i}.wav"), "recording": f"{i}", "label": kind, "split": part})
    clips = ClipTable(pd.DataFrame(rows), "sounds")
    models = fitted_models(monkeypatch)
    plain = evaluate(name, clips, protocol="split")
    for i in (12, 13):
        soundfile.write(tmp_path / f"{i}.wav", rng.uniform(-1, 1, 15000) ** 5, 22050)
    noisy = evaluate(name, clips, protocol="split")
    scores = [column for column in plain.predictions if column.startswith(("score_", "predicted"))]
    pd.testing.assert_frame_equal(plain.predictions[scores][:2], noisy.predictions[scores][:2])
    assert models[0] == models[1]


@pytest.mark.parametrize("name", ["logistic", "logistic-chain", "ridge", "svr", "knn-regression"])
def test_noise_in_test_clips_does_not_change_what_is_learnt_of_tags_and_numbers(rng, name, monkeypatch):
    values = rng.normal(size=(90, 5))
    tags = np.array(["x|y", "x", "y", "|"])[(values[:, 0] > 0) + 2 * (values[:, 1] > 1)]
    parts = ["train"] * 60 + ["test"] * 30
    frame = table([None] * 90, target=values[:, 0], split=parts).frame
    clips = ClipTable(frame.assign(labels=tags), "tags")
    altered = values.copy()
    altered[60:] = 1e3 * rng.normal(size=(30, 5))
    models = fitted_models(monkeypatch)
    for matrix in (values, altered):
        target = "labels" if name.startswith("logistic") else "target"
        evaluate(name, clips, target=target, values=matrix, protocol="split")
    assert models[0] == models[1]


class Witness(ClassifierMixin, BaseEstimator):
    """Answers with the commonest label, and keeps what it was given to learn from."""

    seen: list[np.ndarray] = []  # noqa: RUF012 - shared by clones on purpose

    def fit(self, X, y):
        self.seen.append(X)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_scaler_learns_nothing_from_test_clips(rng):
    clips = table(list("ab") * 20, fault_filtered=["train"] * 30 + ["test"] * 10)
    values = rng.normal(size=(40, 3))
    altered = values.copy()
    altered[30:] = 1e6
    Witness.seen.clear()
    for matrix in (values, altered):
        evaluate(make_pipeline(StandardScaler(), Witness()), clips, values=matrix, protocol="fault-filtered")
    scaled, scaled_again = Witness.seen
    np.testing.assert_array_equal(scaled, scaled_again)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-12)


# --- running --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Eight tones and eight noises of half a second, and a text file that calls itself a recording."""
    folder = tmp_path_factory.mktemp("sounds")
    rng, time = np.random.default_rng(0), np.arange(11025) / 22050
    rows = []
    for i in range(16):
        kind = ("tone", "noise")[i % 2]
        samples = (
            0.5 * np.sin(2 * np.pi * (200 + 50 * i) * time)
            if kind == "tone"
            else rng.uniform(-0.5, 0.5, 11025)
        )
        soundfile.write(folder / f"{kind}{i}.wav", samples, 22050)
        rows.append({"path": str(folder / f"{kind}{i}.wav"), "label": kind, "recording": f"{i}"})
    (folder / "text.wav").write_text("this is no recording")
    rows.insert(3, {"path": str(folder / "text.wav"), "label": "noise", "recording": "text"})
    return ClipTable(pd.DataFrame(rows), "folder")


@pytest.fixture(scope="module")
def good_sounds(sounds):
    return sounds.select(sounds.recordings != "text")


def test_clips_are_measured_once_whatever_the_estimator(good_sounds, monkeypatch):
    calls = []

    def counting(*args, **kwargs):
        calls.append(args)
        return extract(*args, **kwargs)

    monkeypatch.setattr(precomputation, "extract", counting)
    found = [
        evaluate(estimator, good_sounds, feature_set="timbre19", repeats=2)
        for estimator in ("knn3", recipe("knn3", "timbre19"), classifier("knn3"))
    ]
    assert len(calls) == 3
    for other in found[1:]:
        pd.testing.assert_frame_equal(other.predictions, found[0].predictions)
        assert (other.feature_set, other.spec_hash) == (found[0].feature_set, found[0].spec_hash)
    assert found[0].accuracy == 1.0
    assert [one.estimator for one in found] == [
        "knn3",
        "StandardScaler() > KNeighborsClassifier(n_neighbors=3)",
        "StandardScaler() > KNeighborsClassifier(n_neighbors=3)",
    ]
    assert (found[0].feature_set, found[0].n_columns) == ("timbre19", 19)


def test_an_extraction_serves_many_classifiers(good_sounds):
    extraction = extract(good_sounds.clips, "timbre19")
    found = evaluate("svm", good_sounds, values=extraction, repeats=1)
    assert (found.feature_set, found.spec_hash) == ("timbre19", extraction.feature_set.spec_hash)
    with pytest.raises(ValueError, match="the estimator wants 'rhythm6', but values are 'timbre19'"):
        evaluate(recipe("svm", "rhythm6"), good_sounds, values=extraction)


def test_estimators_that_measure_inside_get_the_clips(good_sounds):
    search = GridSearchCV(recipe("knn1", "timbre19"), {"classify__n_neighbors": [1, 3]}, cv=2)
    found = evaluate(search, good_sounds, cv=2, repeats=1)
    assert found.accuracy == 1.0
    assert (found.feature_set, found.spec_hash, found.n_columns) == ("as the estimator chooses", None, None)
    with pytest.raises(ValueError, match="extracts features itself"):
        evaluate(search, good_sounds, values=np.zeros((16, 2)))


def test_frames_are_made_once_for_all_folds(sounds, tmp_path, monkeypatch):
    calls = []

    def counting(*args, **kwargs):
        calls.append(args)
        return extract_frames(*args, **kwargs)

    monkeypatch.setattr(precomputation, "extract_frames", counting)
    found = [
        evaluate(
            make_pipeline(
                FrameFeatures("mfcc", memory=memory), Summarize(), StandardScaler(), classifier("knn1")
            ),
            sounds,
            repeats=1,
            on_error="skip",
        )
        for memory in (None, tmp_path)
    ]
    assert len(calls) == 2
    assert [one.accuracy for one in found] == [1.0, 1.0]
    pd.testing.assert_frame_equal(found[0].predictions, found[1].predictions)
    assert [failure.index for failure in found[0].failures] == [3]
    assert (found[0].feature_set, found[0].n_columns) == ("frames of mfcc", None)
    assert len(found[0].spec_hash) == 16
    search = GridSearchCV(
        make_pipeline(FrameFeatures("mfcc", memory=tmp_path), Summarize(), classifier("knn1")),
        {"summarize__summaries": [("mean",), ("mean", "std")]},
        cv=2,
    )
    good = sounds.select(sounds.recordings != "text")
    assert evaluate(search, good, cv=2, repeats=1).feature_set == "as the estimator chooses"
    with pytest.raises(ValueError, match="learns from frames, not from values"):
        evaluate(
            make_pipeline(FrameFeatures(), Summarize(), classifier("knn1")), good, values=np.zeros((16, 2))
        )


def test_a_union_is_measured_once_and_learns_in_every_fold(sounds, monkeypatch):
    calls = []

    def counted(function):
        return lambda *args, **how: calls.append(function) or function(*args, **how)

    monkeypatch.setattr(precomputation, "extract", counted(extract))
    monkeypatch.setattr(precomputation, "extract_frames", counted(extract_frames))
    codebook = CodebookHistogram(n_words=4, random_state=0)
    union = make_union(ClipFeatures("timbre19"), make_pipeline(FrameFeatures("mfcc"), codebook))
    model = make_pipeline(union, StandardScaler(), KNeighborsClassifier(1))
    found = evaluate(model, sounds, cv=2, repeats=2, on_error="skip")
    assert calls == [extract, extract_frames]
    assert (found.feature_set, found.accuracy) == ("timbre19 + frames of mfcc", 1.0)
    assert [failure.index for failure in found.failures] == [3]
    good = sounds.select(sounds.recordings != "text")
    inside = evaluate(make_pipeline(model), good, cv=2, repeats=2)  # is given the clips in every fold
    assert inside.feature_set == "as the estimator chooses"
    np.testing.assert_array_equal(found.answers, inside.answers)
    with pytest.raises(ValueError, match="extracts several kinds of features itself; leave values out"):
        evaluate(model, good, values=np.zeros((16, 2)))


def test_recordings_are_cut_and_decoded_once_for_all_folds(sounds, monkeypatch):
    decoded = []
    original = SegmentClassifier.measure
    monkeypatch.setattr(
        SegmentClassifier,
        "measure",
        lambda self, X, on_error: decoded.append(len(X)) or original(self, X, on_error),
    )
    model = SegmentClassifier("logistic", segment_seconds=0.1, feature_set="timbre19")
    found = evaluate(model, sounds, cv=2, repeats=2, on_error="skip")
    assert decoded == [17]
    assert (found.accuracy, found.score_kind, found.n_columns) == (1.0, "probability", None)
    assert [failure.index for failure in found.failures] == [3]
    # of every recording tested in the first repeat, its five windows
    windows = found.segments.groupby("clip").size()
    assert windows.to_dict() == dict.fromkeys(sorted(set(range(17)) - {3}), 5)
    with pytest.raises(ValueError, match="learns from windows of recordings, not from values"):
        evaluate(model, sounds, values=np.zeros((17, 2)))


def test_failed_clips_are_errors_or_on_record(sounds):
    with pytest.raises(ClipError, match=r"text\.wav"):
        evaluate("knn1", sounds, feature_set="timbre19")
    forgiving = make_pipeline(ClipFeatures("timbre19", on_error="skip"), KNeighborsClassifier(1))
    for found in (
        evaluate("knn1", sounds, feature_set="timbre19", on_error="skip", repeats=1),
        evaluate(forgiving, sounds, repeats=1),
        evaluate("knn1", sounds, values=extract(sounds.clips, "timbre19", on_error="skip"), repeats=1),
    ):
        assert [failure.index for failure in found.failures] == [3]
        assert (found.n_clips, found.n_used) == (17, 16)
        assert "clips         16 of 17 (folder), 2 classes" in str(found)
        assert "1 failed" in str(found)
        assert "text.wav: " in str(found)
        assert 3 not in found.predictions["clip"].to_numpy()
        np.testing.assert_array_equal(sounds.paths[found.predictions["clip"]], found.predictions["path"])
        np.testing.assert_array_equal(sounds.labels[found.predictions["clip"]], found.predictions["label"])


@pytest.mark.parametrize(
    ("protocol", "end"),
    [
        ("random", "no clip is left of b: the score is that of the other classes"),
        (
            "fault-filtered",
            r"^5 of 15 clips failed \(first r5: its values are not finite\), and with the others "
            "fault-filtered means nothing .* nothing to train on of b and nothing to test of b",
        ),
    ],
)
def test_a_class_of_failures_is_not_forgotten(rng, protocol, end):
    clips = table(list("aaaaabbbbbccccc"), fault_filtered=["train", "train", "train", "test", "test"] * 3)
    values = rng.normal(size=(15, 2))
    values[5:10] = np.nan
    if protocol == "random":
        assert end in evaluate("knn1", clips, values=values, on_error="skip", repeats=1).warnings
    else:
        with pytest.raises(ProtocolError, match=end):
            evaluate("knn1", clips, values=values, on_error="skip", protocol=protocol)


def test_the_reason_is_given_if_every_clip_fails():
    clips = table(list("aabb"))
    with pytest.raises(ProtocolError, match=r"^4 of 4 clips failed \(first r0: its values are not finite\)"):
        evaluate("knn1", clips, values=np.full((4, 2), np.nan), on_error="skip")


@pytest.mark.parametrize(
    "values", [np.zeros(20), pd.DataFrame({"a": [1.0] * 20, "b": ["x"] * 20})], ids=["1-D", "text"]
)
def test_values_that_are_no_table_of_numbers_are_refused(values):
    with pytest.raises(ValueError, match="values must be a table of numbers, one row per clip, not "):
        evaluate("knn1", table(list("ab") * 10), values=values)


def test_values_may_be_plain_lists(rng):
    values = rng.normal(size=(20, 3))
    clips = table(["a", "b"] * 10)
    found = [evaluate("knn1", clips, values=given, repeats=1) for given in (values, values.tolist())]
    assert found[0].predictions.equals(found[1].predictions)
    with pytest.raises(ValueError, match="one row for each of the 20 clips"):
        evaluate("knn1", clips, values=1.0)


def test_values_by_recording_are_in_the_order_of_the_clips(rng):
    clips = table(["a", "b"] * 10)
    by_recording = pd.DataFrame(rng.normal(size=(20, 3)), index=pd.Index(clips.recordings, name="recording"))
    assert evaluate("knn1", clips, values=by_recording, repeats=1).n_used == 20
    with pytest.raises(ValueError, match="not in the order of the clips; see join_columns"):
        evaluate("knn1", clips, values=by_recording[::-1], repeats=1)


@pytest.mark.parametrize("n_classes", [3, 4])
def test_scores_of_pairs_of_classes_are_not_taken_for_scores_of_classes(rng, n_classes):
    label = np.arange(24) % n_classes
    clips, values = table(np.array(list("abcd"))[label]), rng.normal(size=(24, 3)) + label[:, None]
    pairs = SVC(decision_function_shape="ovo")
    searched = GroupedSearch(pairs, {"C": [1.0]}, cv=2)
    for model in (pairs, make_pipeline(StandardScaler(), pairs), searched):
        result = evaluate(model, clips, values=values, cv=2, repeats=1)
        assert result.scores is None
        assert "roc_auc_macro" not in set(result.metrics["metric"])
    assert evaluate(SVC(), clips, values=values, cv=2, repeats=1).score_kind == "decision"


def test_fewer_gaussians_than_asked_for_are_told(rng):
    clips, values = table(list("ab") * 10), rng.normal(size=(20, 2))
    found = evaluate("gmm3", clips, values=values, repeats=2)
    assert found.warnings[-1] == (
        "1 Gaussian per class instead of 3 (each needs 5 training clips), in 20 of 20 folds"
    )
    assert "Gaussian" not in "".join(evaluate("gmm1", clips, values=values, repeats=1).warnings)


def test_what_a_table_of_features_tells_is_told(good_sounds, tmp_path):
    lost = Failure(16, "gone.wav", "the file is empty")
    old = replace(extract(good_sounds.clips, "timbre19"), lost=(lost,), versions={"numpy": "0.9"})
    clips, values = read_table(write_table(old, good_sounds, tmp_path / "features.csv"))
    found = evaluate("knn1", clips, values=values, repeats=1)
    assert (found.n_clips, found.n_used, found.failures) == (17, 16, (lost,))
    assert "clips         16 of 17 (folder), 2 classes" in str(found)
    assert "1 failed" in str(found)
    assert "  failed      gone.wav: the file is empty" in str(found)
    assert "the features were extracted with numpy 0.9, not what is installed" in found.warnings


def test_values_that_are_not_finite_count_as_failed(rng):
    clips, values = table(list("ab") * 10, artist=[str(i) for i in range(20)]), rng.normal(size=(20, 2))
    values[4, 1] = np.nan
    with pytest.raises(
        ClipError, match="r4: its values are not finite; on_error='skip' leaves such clips out"
    ):
        evaluate("knn1", clips, values=values)
    found = evaluate("knn1", clips, values=pd.DataFrame(values), on_error="skip", repeats=1)
    assert (found.n_used, found.failures[0].source) == (19, "r4")
    assert "9-fold over recordings (a has no more)" in found.description


def test_refusals_come_before_any_analysis(monkeypatch):
    monkeypatch.setattr(precomputation, "extract", lambda *args, **kwargs: pytest.fail("a clip was analysed"))
    clips = table(list("aabb"))
    with pytest.raises(ProtocolError, match="artist needs the column"):
        evaluate("knn1", clips, protocol="artist")
    with pytest.raises(UnknownNameError, match=r"unknown protocol 'atrist'.*Did you mean 'artist'\?"):
        evaluate("knn1", clips, protocol="atrist")
    with pytest.raises(UnknownNameError, match="unknown recipe 'knn2'"):
        evaluate("knn2", clips)
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', not 'nan'"):
        evaluate("knn1", clips, on_error="nan")
    with pytest.raises(ValueError, match="one row for each of the 4 clips"):
        evaluate("knn1", clips, values=np.zeros((3, 2)))


@pytest.mark.parametrize(
    "estimator",
    ["gmm3", classifier("random-forest", random_state=0).set_params(classify__n_estimators=20)],
    ids=["gmm", "forest"],
)
def test_workers_and_seed(rng, estimator):
    label = np.arange(60) % 3
    clips = table(np.array(["a", "b", "c"])[label])
    values = rng.normal(size=(60, 4)) + label[:, None]
    alone, together, other = (
        evaluate(estimator, clips, values=values, cv=3, repeats=2, n_jobs=n_jobs, random_state=seed)
        for n_jobs, seed in ((1, 0), (2, 0), (1, 1))
    )
    pd.testing.assert_frame_equal(alone.predictions, together.predictions)
    assert not alone.predictions["clip"].equals(other.predictions["clip"])


def test_progress_and_untouched_estimator(rng):
    clips, values = table(list("ab") * 10), rng.normal(size=(20, 2))
    done = []
    model = classifier("knn1")
    evaluate(model, clips, values=values, cv=5, repeats=2, progress=done.append)
    assert done == [1] * 10
    assert not hasattr(model["scale"], "mean_")
    assert clone(model).get_params().keys() == model.get_params().keys()


def test_a_search_draws_folds_once_unless_told_otherwise(rng):
    clips, values = table(["a", "b"] * 10, split=["train"] * 10 + ["test"] * 10), rng.normal(size=(20, 2))
    search = GroupedSearch("knn1", {"classify__n_neighbors": [1, 3]}, cv=2)
    behind = make_pipeline(StandardScaler(), search)
    theirs = GridSearchCV(recipe("knn1", "timbre19"), {"classify__n_neighbors": [1, 3]}, cv=2)
    for estimator, repeats, n_folds in (
        *((one, None, 2) for one in (search, behind, theirs)),
        (search, 3, 6),
        ("knn1", None, 20),
    ):
        experiment = Experiment(estimator, clips, cv=2, repeats=repeats)
        assert len(experiment.initial_plan.folds) == n_folds
    assert len(Experiment(search, clips, values=values, protocol="split").initial_plan.folds) == 1


def test_an_array_backend_extracts_for_every_kind_of_system(good_sounds):
    for system in ("svm", "mfcc-gaussian", Pipeline([("scale", StandardScaler()), ("classify", SVC())])):
        how = {"cv": 2, "repeats": 1, "on_error": "skip"}
        expected = Experiment(system, good_sounds, **how)
        given = Experiment(system, good_sounds, array_backend="numpy", **how)
        for one, other in zip(expected.features.rows, given.features.rows, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-3)
        assert given.evaluate().versions["array_backend"].startswith("numpy")
    segments = Experiment(SegmentClassifier("svm", 0.5), good_sounds, cv=2, array_backend="numpy")
    with pytest.raises(ValueError, match="leave array_backend out"):
        segments.extract_features()
