"""Windows of recordings: cut, measured once, balanced, and put together to one answer."""

import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from gtzanfeat import ClipFeatures, ClipTable, evaluate, extract, read_table, recipe, write_table
from gtzanfeat.audio import Clip
from gtzanfeat.cli import main
from gtzanfeat.datasets.synthetic import synthesize, write_corpus
from gtzanfeat.errors import ClipError, DatasetError, MissingClipError, UnknownNameError
from gtzanfeat.evaluation import plan
from gtzanfeat.segments import (
    SegmentClassifier,
    Segments,
    aggregation,
    measure_segments,
    segment_classifier,
    segment_table,
    windows,
)
from gtzanfeat.segments.windows import cut_windows, segment_spec

RATE = 22050


class Told(ClassifierMixin, BaseEstimator):
    """A classifier that has learnt nothing: the first columns of a row are its probabilities."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.asarray(X)[:, : len(self.classes_)]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def told(aggregate, *recordings, n_classes=3):
    """A fitted classifier, and windows whose vectors are the probabilities given."""
    model = SegmentClassifier(Told(), feature_set="timbre19", aggregate=aggregate)
    matrices = np.empty(len(recordings), dtype=object)
    for i, rows in enumerate(recordings):
        matrices[i] = np.asarray(rows, dtype=np.float32)
    seconds = np.array([3.0 * len(rows) for rows in matrices])
    segments = Segments(segment_spec("timbre19", 3.0), matrices, seconds, matrices)
    some = segments[np.arange(n_classes) % len(segments)]
    return model.fit(some, np.array(list("abc"))[:n_classes]), segments


def noises_and_tones(n=4, seconds=2.0):
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * RATE)) / RATE
    noise = [0.2 * rng.standard_normal(len(t)) for _ in range(n)]
    tones = [0.2 * np.sin(2 * np.pi * 110 * (i + 2) * t) for i in range(n)]
    return [sound.astype(np.float32) for sound in noise + tones], np.repeat(["noise", "tone"], n)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"), 2, seconds=2.5)


# --- cutting and measuring --------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "hop"), [(4, 4), (4, 1), (5, 3), (3, 7), (20, 20), (19, 1), (25, 5)])
@pytest.mark.parametrize("cuts", [[], [1], [3, 4, 5], [10, 19], list(range(1, 20))])
def test_windows_do_not_depend_on_how_the_sound_arrives(length, hop, cuts):
    sound = np.arange(20)
    expected = [sound[i : i + length] for i in range(0, 20, hop) if i + length <= 20] or [sound]
    found = list(cut_windows(iter(np.split(sound, cuts)), length, hop))
    assert [window.tolist() for window in found] == [window.tolist() for window in expected]


def test_a_window_is_measured_like_a_clip_of_its_own(corpus):
    segments = measure_segments(corpus.clips[:2], segment_spec("classic30", 1.0, 0.5))
    assert segments.counts.tolist() == [4, 4]
    for path, matrix in zip(corpus.paths[:2], segments, strict=True):
        alone = extract(
            [Clip(path, offset=start, duration=1.0) for start in (0.0, 0.5, 1.0, 1.5)], "classic30"
        )
        np.testing.assert_array_equal(matrix, alone.values)
    assert segments.times(0).tolist() == [[0.0, 1.0], [0.5, 1.5], [1.0, 2.0], [1.5, 2.5]]


def test_a_short_recording_is_one_window():
    sound = np.random.default_rng(0).uniform(-1, 1, RATE // 2).astype(np.float32)
    segments = measure_segments([sound, sound[:1]], segment_spec("timbre19", 3.0))
    np.testing.assert_array_equal(
        np.concatenate(list(segments)), extract([sound, sound[:1]], "timbre19").values
    )
    assert segments.times(0).tolist() == [[0.0, 0.5]]
    assert segments.flags[1] == ("padded_512",)


def test_each_recording_is_decoded_once_and_with_memory_never_again(corpus, monkeypatch, tmp_path):
    decoded = Counter()
    real = windows.blocks

    def counted(clip, rate):
        decoded[str(clip)] += 1
        return real(clip, rate)

    monkeypatch.setattr(windows, "blocks", counted)
    model = SegmentClassifier("knn1", 0.5, hop_seconds=0.25, feature_set="timbre19", memory=tmp_path)
    first = model.measure(corpus.clips)
    assert set(decoded.values()) == {1}
    scores = cross_val_score(model, corpus.clips, corpus.labels, cv=2)
    assert len(scores) == 2
    assert set(decoded.values()) == {1}
    again = clone(model).set_params(memory=None, n_jobs=2).measure(corpus.clips)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_segments_are_selected_from_like_an_array(corpus):
    segments = measure_segments(corpus.clips[:4], segment_spec("timbre19", 1.0))
    mask = np.array([False, True, False, True])
    for which in (mask, [1, 3], slice(1, 4, 2), np.array([1, 3], dtype=np.int32)):
        part = segments[which]
        assert part.shape == (2,)
        assert part[1] is segments[3]
        assert part.seconds.tolist() == [2.5, 2.5]
    assert segments[[]].shape == (0,)
    assert repr(segments) == "<8 windows of 4 recordings>"


# --- deciding: closed forms -------------------------------------------------------------------------

# windows disagree so that each rule answers otherwise
SPLIT = [[0.4, 0.35, 0.25], [0.4, 0.35, 0.25], [0.0, 0.45, 0.55]]


@pytest.mark.parametrize(
    ("aggregate", "answer", "proba"),
    [
        ("mean", "b", [0.8 / 3, 1.15 / 3, 1.05 / 3]),
        ("product", "b", np.array([0.16e-6, 0.055125, 0.034375]) / (0.16e-6 + 0.055125 + 0.034375)),
        ("vote", "a", [(2 + 0.8 / 3) / 4, (1.15 / 3) / 4, (1 + 1.05 / 3) / 4]),
        ("max", "c", [0.4 / 1.4, 0.45 / 1.4, 0.55 / 1.4]),
    ],
)
def test_how_windows_decide(aggregate, answer, proba):
    model, segments = told(aggregate, SPLIT, [[0.0, 0.0, 1.0]])
    assert model.predict(segments).tolist() == [answer, "c"]
    np.testing.assert_allclose(model.predict_proba(segments)[0], proba, rtol=1e-6)
    np.testing.assert_allclose(model.predict_proba(segments).sum(axis=1), 1.0)
    assert model.decision_function(segments).argmax(axis=1).tolist() == ["abc".index(answer), 2]


def test_equal_votes_are_decided_by_probability():
    model, segments = told("vote", [[0.6, 0.4, 0.0], [0.1, 0.9, 0.0]], [[0.9, 0.1, 0.0], [0.4, 0.6, 0.0]])
    assert model.predict(segments).tolist() == ["b", "a"]


def test_of_two_classes_the_decision_is_one_number():
    model, segments = told("mean", [[0.25, 0.75], [0.5, 0.5]], n_classes=2)
    np.testing.assert_allclose(model.decision_function(segments), [0.25])


def test_one_window_that_excludes_a_class_does_not_veto_it():
    model, segments = told("product", [[0.9, 0.1, 0.0]] * 20 + [[0.0, 1.0, 0.0]])
    assert model.predict(segments).tolist() == ["a"]
    assert np.isfinite(model.decision_function(segments)).all()


def test_the_timeline():
    model, segments = told("mean", SPLIT, [[0.0, 0.0, 1.0]])
    timeline = model.predict_segments(segments)
    assert timeline["recording"].tolist() == [0, 0, 0, 1]
    assert timeline["start"].tolist() == [0.0, 3.0, 6.0, 0.0]
    assert timeline["end"].tolist() == [3.0, 6.0, 9.0, 3.0]
    assert timeline["predicted"].tolist() == ["a", "a", "c", "c"]
    np.testing.assert_allclose(timeline[["score_a", "score_b", "score_c"]].to_numpy()[:3], SPLIT, rtol=1e-6)


@pytest.mark.parametrize("inner", [SVC(), RidgeClassifier(), LogisticRegression(), NearestCentroid()])
def test_what_an_estimator_tells_is_what_can_be_asked(inner):
    sounds, labels = noises_and_tones()
    probable = hasattr(inner, "predict_proba")
    for aggregate in aggregation.AGGREGATES:
        model = SegmentClassifier(
            make_pipeline(StandardScaler(), inner), 0.5, feature_set="timbre19", aggregate=aggregate
        )
        if (aggregate == "product" and not probable) or (
            aggregate != "vote"
            and isinstance(inner, NearestCentroid)
            and not hasattr(inner, "decision_function")
        ):
            with pytest.raises(ValueError, match="does not give; choose"):
                model.fit(sounds, labels)
            continue
        model.fit(sounds, labels)
        assert (model.predict(sounds) == labels).all()
        assert hasattr(model, "predict_proba") == (probable or aggregate == "vote")
        assert len(model.predict_segments(sounds[:1])) == 4


def test_pairwise_decisions_can_vote_only():
    sounds, labels = noises_and_tones()
    inner = SVC(decision_function_shape="ovo")
    with pytest.raises(ValueError, match="aggregate='mean' needs a score for each class, which SVC"):
        SegmentClassifier(inner, 1.0, feature_set="timbre19").fit(sounds, labels)
    model = SegmentClassifier(inner, 1.0, feature_set="timbre19", aggregate="vote").fit(sounds, labels)
    assert model.predict(sounds[:2]).shape == (2,)
    assert not hasattr(SegmentClassifier(SVC()), "predict_proba")


# --- learning ---------------------------------------------------------------------------------------


def test_the_estimator_learns_from_all_windows(corpus):
    model = SegmentClassifier(KNeighborsClassifier(1), 0.5, feature_set="timbre19").fit(
        corpus.clips, corpus.labels
    )
    segments = model.measure(corpus.clips)
    inner = KNeighborsClassifier(1).fit(
        np.concatenate(list(segments)), np.repeat(corpus.labels, segments.counts)
    )
    np.testing.assert_array_equal(model.estimator_._fit_X, inner._fit_X)
    np.testing.assert_array_equal(model.estimator_._y, inner._y)
    assert model.n_windows_.tolist() == [10] * 10


def test_balance_takes_more_windows_of_rarer_classes():
    rng = np.random.default_rng(0)
    sounds = [rng.uniform(-1, 1, RATE).astype(np.float32) for _ in range(10)]
    labels = np.repeat(["rare", "common"], [2, 8])
    model = SegmentClassifier("knn1", 0.1, feature_set="timbre19").fit(sounds, labels)
    assert dict(zip(model.classes_, model.n_windows_, strict=True)) == {"rare": 20, "common": 80}
    model.set_params(balance=True).fit(sounds, labels)
    # 8 recordings have to give 20 windows: 3 each
    assert dict(zip(model.classes_, model.n_windows_, strict=True)) == {"rare": 20, "common": 24}
    chosen = aggregation.balanced_windows(np.full(10, 10), np.repeat([1, 0], [2, 8]))
    assert chosen[0].tolist() == list(range(10))
    assert chosen[9].tolist() == [1, 5, 8]  # the middles of three equal parts


def test_balance_leaves_no_recording_unheard():
    chosen = aggregation.balanced_windows(np.array([2, 9, 9, 9, 1]), np.array([0, 1, 1, 1, 1]))
    assert [len(windows) for windows in chosen] == [2, 1, 1, 1, 1]


def test_class_weight_reaches_the_last_step():
    sounds, labels = noises_and_tones(2)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    for estimator in ("logistic", LogisticRegression(), pipeline):
        model = SegmentClassifier(estimator, 1.0, feature_set="timbre19", class_weight="balanced")
        assert (
            segment_classifier._final_estimator(model.fit(sounds, labels).estimator_).class_weight
            == "balanced"
        )
    assert pipeline[-1].class_weight is None  # what was given is not touched
    with pytest.raises(ValueError, match="KNeighborsClassifier takes no class_weight; leave it out"):
        SegmentClassifier("knn1", 1.0, feature_set="timbre19", class_weight="balanced").fit(sounds, labels)


def test_segments_serve_a_search_that_measures_nothing(corpus, monkeypatch):
    model = SegmentClassifier("logistic", 0.5, feature_set="timbre19")
    segments = model.measure(corpus.clips)
    expected = cross_val_score(model, corpus.clips, corpus.labels, cv=2)
    monkeypatch.setattr(windows, "blocks", None)
    np.testing.assert_array_equal(cross_val_score(model, segments, corpus.labels, cv=2), expected)
    search = GridSearchCV(model, {"aggregate": ["mean", "vote"], "balance": [False, True]}, cv=2)
    assert search.fit(segments, corpus.labels).best_score_ >= expected.mean()
    with pytest.raises(
        ValueError, match="X is timbre19 of windows of 0.5 s, but this classifier is for .* 1 s"
    ):
        clone(model).set_params(segment_seconds=1.0).fit(segments, corpus.labels)


def test_evaluate_measures_each_recording_once_for_all_folds(corpus, monkeypatch, tmp_path):
    decoded = Counter()
    real = windows.blocks

    def counted(clip, rate):
        decoded[str(clip)] += 1
        return real(clip, rate)

    monkeypatch.setattr(windows, "blocks", counted)
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    broken = corpus.frame.iloc[:1].assign(path=str(tmp_path / "broken.wav"), recording="broken")
    clips = ClipTable(pd.concat([corpus.frame, broken], ignore_index=True), "corpus")
    model = SegmentClassifier("logistic", 0.5, feature_set="timbre19")
    result = evaluate(model, clips, repeats=2, on_error="skip")
    assert set(decoded.values()) == {1}
    assert [failure.source for failure in result.failures] == [str(tmp_path / "broken.wav")]
    assert result.feature_set == "timbre19 of windows of 0.5 s"
    scores = cross_val_score(model, corpus.clips, corpus.labels, cv=2)
    assert result.accuracy == pytest.approx(scores.mean(), abs=0.25)  # other folds


def test_scikit_learns_checks():
    """Counted, since some settings of tags silently drop nearly all of them."""
    model = SegmentClassifier("logistic", feature_set="timbre19")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(model, on_fail=None, on_skip=None)
    by_status = Counter(result["status"] for result in results)
    failed = [
        (result["check_name"], result["exception"]) for result in results if result["status"] == "failed"
    ]
    assert not failed
    assert by_status["passed"] >= 50


def test_windows_are_worth_it_on_the_synthetic_corpus():
    """By the same recipe, deciding by windows is better here than one vector of the whole."""
    music = synthesize(6, seconds=4.0, random_state=1)
    sounds = np.empty(len(music), dtype=object)
    sounds[:] = [clip.samples for clip in music]
    labels = np.array([clip.style for clip in music])
    artists = np.array([clip.artist for clip in music])
    cv = StratifiedGroupKFold(3)
    vectors = extract(sounds, "timbre19").values
    whole = recipe("logistic", "timbre19")[1:]
    clip_level = cross_val_score(whole, vectors, labels, groups=artists, cv=cv).mean()
    model = SegmentClassifier("logistic", 1.0, hop_seconds=0.5, feature_set="timbre19")
    segment_level = cross_val_score(model, model.measure(sounds), labels, groups=artists, cv=cv).mean()
    assert segment_level >= clip_level


# --- the flat table ---------------------------------------------------------------------------------


def test_the_flat_table_reads_back_and_is_never_split_by_row(corpus, tmp_path):
    table, extraction = segment_table(corpus, "timbre19", 1.0, hop_seconds=0.5)
    assert len(table) == len(corpus) * 4
    assert table.frame[["start", "end"]].head(2).to_numpy().tolist() == [[0.0, 1.0], [0.5, 1.5]]
    write_table(extraction, table, tmp_path / "flat.parquet")
    plain = pd.read_parquet(tmp_path / "flat.parquet")
    assert {"recording", "start", "end", "label", "artist", "beat_p1"} - set(plain.columns) == {"beat_p1"}
    clips, values = read_table(tmp_path / "flat.parquet")
    np.testing.assert_array_equal(values.values, extraction.values)
    np.testing.assert_array_equal(extract(clips.clips[:5], "timbre19").values, values.values[:5])
    for protocol in ("random", "artist"):
        for fold in plan(clips, protocol, repeats=2).folds:
            assert not set(clips.recordings[fold.train]) & set(clips.recordings[fold.test])
    result = evaluate("knn1", clips, values=values, repeats=1)
    by_fold = result.predictions.groupby("recording")["fold"].nunique()
    assert (by_fold == 1).all()
    assert "over recordings" in result.description


def test_windows_of_windows_lie_in_the_recording(corpus):
    frame = corpus.frame.iloc[:2].assign(offset=[0.5, 1.0], duration=1.5)
    table, extraction = segment_table(ClipTable(frame, "windows"), "timbre19", 1.0, hop_seconds=0.5)
    assert table.frame["offset"].tolist() == [0.5, 1.0, 1.0, 1.5]
    np.testing.assert_array_equal(extract(table.clips, "timbre19").values, extraction.values)


def test_recordings_that_fail_are_on_record(corpus):
    frame = corpus.frame.copy()
    frame.loc[1, "path"] = "gone.wav"
    table, extraction = segment_table(ClipTable(frame, "some"), "timbre19", 1.0, on_error="skip")
    assert [failure.source for failure in extraction.lost] == ["gone.wav"]
    assert "gone.wav" not in table.paths
    with pytest.raises(MissingClipError, match="gone.wav: there is no such file"):
        segment_table(ClipTable(frame, "some"), "timbre19", 1.0)
    with pytest.raises(DatasetError, match="some: none of 1 recordings can be analysed"):
        segment_table(ClipTable(frame.iloc[1:2], "some"), "timbre19", on_error="skip")


def test_the_command_line_writes_the_flat_table(corpus, tmp_path, capsys):
    folder = str(corpus.paths[0]).rpartition("/")[0].rpartition("/")[0]
    out = tmp_path / "flat.parquet"
    words = ["extract", folder, "--set", "timbre19", "-o", str(out), "-q"]
    for more, code in (
        (["--hop", "0.5"], 2),
        (["--segments", "0"], 2),
        (["--segments", "1", "--hop", "0.5"], 0),
    ):
        with pytest.raises(SystemExit) as end:
            main([*words, *more])
        assert end.value.code == code
    assert "--hop is for windows; give --segments too" in capsys.readouterr().err
    clips, extraction = read_table(out)
    assert (len(clips), extraction.values.shape) == (80, (80, 19))
    assert set(Counter(clips.recordings).values()) == {4}


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"aggregate": "median"},
            UnknownNameError,
            "unknown aggregate 'median'. Known: mean, product",
        ),
        ({"segment_seconds": 0}, ValueError, "segment_seconds is 0; give seconds, more than 0"),
        ({"segment_seconds": "3"}, ValueError, "segment_seconds is '3'"),
        ({"hop_seconds": -1.0}, ValueError, "hop_seconds is -1.0"),
        ({"segment_seconds": np.nan}, ValueError, "segment_seconds is nan"),
        ({"segment_seconds": np.inf}, ValueError, "segment_seconds is inf"),
        ({"feature_set": "timbre"}, UnknownNameError, "unknown feature set 'timbre'"),
        ({"estimator": "svn"}, UnknownNameError, "unknown recipe 'svn'"),
        ({"estimator": "mfcc-codebook"}, ValueError, "'mfcc-codebook' brings its own features"),
        ({"estimator": make_pipeline(ClipFeatures(), SVC())}, ValueError, "must not measure clips itself"),
    ],
)
def test_parameters_that_make_no_sense(changes, error, message):
    sounds, labels = noises_and_tones(1)
    with pytest.raises(error, match=message):
        SegmentClassifier("knn1", feature_set="timbre19").set_params(**changes).fit(sounds, labels)


def test_input_that_makes_no_sense(tmp_path):
    sounds, labels = noises_and_tones(1, 0.1)
    model = SegmentClassifier("knn1", feature_set="timbre19").fit(sounds, labels)
    (tmp_path / "broken.wav").write_bytes(b"RIFF but no sound")
    for X, message in [
        ([], "X: it holds no clips|it holds no recordings"),
        ([np.array([0.0, np.nan])], "clip 0: it holds NaN samples"),
        ([np.zeros((2, 100))], "clip 0: .*not one mono clip"),
        (["gone.wav"], "there is no such file"),
        ([tmp_path / "broken.wav"], "its header is damaged"),
        ("a.wav", "it is one clip"),
    ]:
        with pytest.raises(ClipError, match=message):
            model.predict(X)
    failed = model.measure([sounds[0], "gone.wav"], on_error="skip")
    assert [failure.index for failure in failed.failures] == [1]
    with pytest.raises(ClipError, match="recording 1: it has no windows; leave out recordings that failed"):
        model.predict(failed)
    assert model.predict(failed[[0]]).tolist() == ["noise"]
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(sounds, labels[:1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        model.fit(sounds, None)
    with pytest.raises(ValueError, match="on_error is 'nan'"):
        model.measure(sounds, on_error="nan")


def test_silence_and_stereo_files(tmp_path):
    soundfile.write(tmp_path / "stereo.wav", np.zeros((RATE, 2)), RATE)
    forest = RandomForestClassifier(5, random_state=0)
    model = SegmentClassifier(forest, 0.5, aggregate="product", feature_set="timbre19")
    sounds, labels = noises_and_tones(2, 0.5)
    proba = model.fit(sounds, labels).predict_proba([tmp_path / "stereo.wav", np.zeros(1)])
    assert np.isfinite(proba).all()
