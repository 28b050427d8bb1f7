import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from small_tables import table

from gtzanfeat.classifiers import FamilyKernelSVC, LateFusion
from gtzanfeat.classifiers.tags import TagClassifier, best_threshold
from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable, load_dataset
from gtzanfeat.datasets.synthetic import STYLES, compose
from gtzanfeat.errors import DatasetError, ExportError, ProtocolError, UnknownNameError
from gtzanfeat.evaluation import PROTOCOLS, REGRESSORS, evaluate, plan, read_evaluation, write_evaluation
from gtzanfeat.evaluation.systems import system
from gtzanfeat.evaluation.tasks import TASKS, find_target
from gtzanfeat.transformers import ClipFeatures


def tag_table(matrix, names=("a", "b", "c"), **columns):
    labels = ["|".join(name for name, has in zip(names, row, strict=True) if has) or "|" for row in matrix]
    return ClipTable(table([None] * len(matrix)).frame.assign(labels=labels, **columns), "tags")


@pytest.fixture
def tagged(rng):
    """90 clips of three artists each ten, three tags that three columns tell of, and the columns."""
    values = rng.normal(size=(90, 4))
    artist = [f"artist {i // 3}" for i in range(90)]
    return tag_table(values[:, :3] + 0.5 * rng.normal(size=(90, 3)) > 0.4, artist=artist), values


# --- what is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TASKS.values(), ids=TASKS)
def test_rows_explain_themselves(row):
    assert row.sentence.endswith(".")


def test_the_column_says_the_task(tagged):
    clips, _ = tagged
    assert find_target(clips, "labels").names == ("a", "b", "c")
    assert find_target(table(["x", "y", "x"])).names == ("x", "y")
    target = find_target(ClipTable(clips.frame.assign(tempo=[120.0] * 89 + [None]), "x"), "tempo")
    assert (target.task.name, target.known.sum()) == ("regression", 89)


@pytest.mark.parametrize(
    ("target", "task", "error", "message"),
    [
        ("lables", None, UnknownNameError, "unknown column 'lables'.*Did you mean 'labels'"),
        ("labels", "tagging", UnknownNameError, "unknown task 'tagging'"),
        ("labels", "regression", ProtocolError, "is for the task multi-label, not regression"),
        ("label", None, ProtocolError, "'label' is absent or empty here; there is something in labels: say"),
        ("path", None, DatasetError, "path"),
    ],
)
def test_other_wishes_are_refused(tagged, target, task, error, message):
    for ask in (plan, lambda clips, **asked: evaluate("svm", clips, **asked)):
        with pytest.raises(error, match=message):
            ask(tagged[0], target=target, task=task)


# --- planning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["random", "artist"])
@pytest.mark.parametrize("target", ["labels", "tempo"])
def test_folds_without_classes_keep_groups_whole(tagged, protocol, target):
    clips = ClipTable(tagged[0].frame.assign(tempo=np.arange(90.0)), "x")
    laid_out = plan(clips, protocol, cv=5, repeats=2, target=target)
    unit = "artists" if protocol == "artist" else "recordings"
    assert laid_out.description.startswith(f"5-fold over {unit}, drawn 2 times; ")
    for fold in laid_out.folds:
        assert len(fold.test) == 18
        assert len(fold.train) == 72
        shared = set(clips.artists[fold.train]) & set(clips.artists[fold.test])
        assert bool(shared) == (protocol == "random")


def test_unknown_truth_takes_no_part(tagged):
    clips = tagged[0]
    labels = clips.frame["labels"].copy()
    labels[:4] = None
    unknown = ClipTable(clips.frame.assign(labels=labels), "x")
    assert plan(unknown, target="labels").left_out == {"of unknown tags": 4}
    numbers = ClipTable(clips.frame.assign(tempo=[np.nan] * 4 + [1.0] * 86), "x")
    assert plan(numbers, target="tempo").left_out == {"without tempo": 4}
    tested = np.concatenate([fold.test for fold in plan(numbers, target="tempo", repeats=1).folds])
    assert sorted(tested) == list(range(4, 90))


def test_rare_tags_are_told():
    matrix = np.zeros((20, 3), dtype=bool)
    matrix[0, 0] = matrix[:19, 1] = matrix[::2, 2] = True
    _, untrained, untested = plan(tag_table(matrix), cv=4, repeats=1, target="labels").warnings
    assert untrained.startswith(
        "1 of 3 tags cannot be learnt in some fold, which trains on no clip that has them: a"
    )
    assert untested.startswith("1 of 3 tags are not tested in some fold")


def test_the_split_of_a_dataset():
    parts = ["train"] * 8 + ["valid"] * 2 + ["test"] * 4 + ["unlabeled", None]
    laid_out = plan(table(list("ab") * 8, split=parts), "split")
    (fold,) = laid_out.folds
    assert (fold.train.tolist(), fold.test.tolist()) == (list(range(8)), [10, 11, 12, 13])
    assert laid_out.left_out == {
        "in the validation part, which is for tuning": 2,
        "left out by the split": 2,
    }
    windows = table(list("ab") * 4).frame.assign(recording=list("00112233"), label="a", offset=[0.0, 1.0] * 4)
    divided = windows.assign(split=["train", "test"] * 4, label=list("aabbaabb"))
    with pytest.raises(
        ProtocolError, match="split trains or tests a recording as a whole, but .* their split"
    ):
        plan(ClipTable(divided, "windows"), "split")
    with pytest.raises(ProtocolError, match="nothing to test"):
        plan(table(list("ab") * 4, split=["train"] * 8, tempo=range(8)), "split", target="tempo")
    with pytest.raises(ProtocolError, match="nothing to train on"):
        plan(table(list("ab") * 4, split=["test"] * 8, tempo=range(8)), "split", target="tempo")


def test_tags_that_no_clip_has_cannot_be_learnt():
    names = [f"clip{i}" for i in range(10)]
    clips = ClipTable(pd.DataFrame({"path": names, "recording": names, "labels": "|"}), "example")
    with pytest.raises(ProtocolError, match="no clip has any tag"):
        plan(clips, target="labels")


def test_windows_must_agree_about_what_is_known():
    frame = table([None] * 4).frame.assign(recording=list("0011"), offset=[0.0, 1.0] * 2)
    dynamic = ClipTable(frame.assign(arousal=[0.1, 0.2, 0.3, 0.4]), "windows")
    assert len(plan(dynamic, target="arousal").folds) == 20  # two folds, ten times
    with pytest.raises(ProtocolError, match="disagree about their tags"):
        plan(ClipTable(frame.assign(labels=["x", "y", "x", "x"]), "windows"), target="labels")
    with pytest.raises(ProtocolError, match="disagree about their having a known arousal"):
        plan(ClipTable(frame.assign(arousal=[0.1, None, 0.3, 0.4]), "windows"), target="arousal")


@pytest.mark.parametrize("target", ["label", "labels", "target"])
def test_a_table_without_clips_is_refused(target):
    empty = tag_table(np.ones((2, 3)), target=[0.0, 1.0]).select([])
    for protocol in ("random", "split"):
        with pytest.raises(ProtocolError, match=protocol):
            plan(empty, protocol, target=target)


def test_one_group_cannot_be_divided():
    clips = table([None] * 4, artist=["x"] * 4, tempo=range(4))
    with pytest.raises(
        ProtocolError, match="artist needs two artists or more whose tempo is known, but finds 1"
    ):
        plan(clips, "artist", target="tempo")
    with pytest.raises(ProtocolError, match="can have 2 to 4 folds here, not 9: the table has 4 recordings"):
        plan(clips, target="tempo", cv=9)


# --- tags ----------------------------------------------------------------------------------------------


def of_tags(found):
    """Truth, answers and scores of an evaluation of tags, from its predictions alone."""
    rows, names = found.predictions, ["a", "b", "c"]
    truth, answers = (
        np.array([[name in text.split("|") for name in names] for text in rows[column]])
        for column in ("labels", "predicted")
    )
    return truth, answers, rows[[f"score_{name}" for name in names]].to_numpy()


@pytest.mark.parametrize("name", ["logistic", "logistic-chain"])
def test_tags_are_scored_as_scikit_learn_scores_them(tagged, name):
    clips, values = tagged
    found = evaluate(name, clips, target="labels", values=values, cv=3, repeats=2, protocol="artist")
    truth, answers, scores = of_tags(found)
    rows = found.predictions
    said = found.metrics.set_index("metric")["value"]
    by_repeat = [
        metrics.f1_score(truth[part], answers[part], average="macro")
        for part in (rows["repeat"] == 1, rows["repeat"] == 2)
    ]
    assert said["f1_macro"] == pytest.approx(np.mean(by_repeat))
    assert found.score == pytest.approx(np.mean(by_repeat))
    by_fold = [
        metrics.average_precision_score(truth[part], scores[part], average="macro")
        for part in rows.groupby(["repeat", "fold"]).indices.values()
    ]
    assert said["average_precision_macro"] == pytest.approx(np.mean(by_fold))
    assert found.score > 0.6
    assert (found.task, found.score_kind, found.names) == ("multi-label", "probability", ("a", "b", "c"))
    assert set(found.per_class.columns) == {
        "precision",
        "recall",
        "f1",
        "clips",
        "roc_auc",
        "average_precision",
    }
    assert found.per_class["clips"].tolist() == clips.tag_matrix.sum(axis=0).tolist()
    assert found.permutation_test.p_value == 0.001
    for words in ("macro F1 ", "3 tags", "tag  precision", "always answering the tags that most clips have"):
        assert words in str(found)
    with pytest.raises(AttributeError, match="there is no accuracy in an evaluation of the task multi-label"):
        found.accuracy  # noqa: B018


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (OneVsRestClassifier(LogisticRegression()), "probability"),
        (RandomForestClassifier(20, random_state=0), "probability"),  # gives a matrix for each tag
        (TagClassifier(LogisticRegression(), tune=False), "probability"),
        (make_pipeline(TagClassifier(LogisticRegression())), "probability"),
    ],
    ids=["one-vs-rest", "forest", "tags", "pipeline"],
)
def test_other_estimators_of_tags_are_welcome(tagged, model, kind):
    clips, values = tagged
    found = evaluate(model, clips, target="labels", values=values, cv=3, repeats=1)
    assert found.score_kind == kind
    truth, answers, scores = of_tags(found)
    assert metrics.roc_auc_score(truth, scores) > 0.8
    assert found.score == pytest.approx(metrics.f1_score(truth, answers, average="macro"))


def test_baselines_are_those_of_a_dummy(tagged, rng):
    clips, values = tagged
    found = evaluate(
        DummyClassifier(strategy="prior"), clips, target="labels", values=values, cv=3, repeats=1
    )
    rows = found.metrics
    np.testing.assert_allclose(rows["value"], rows["baseline"])
    labels = table(rng.choice(list("aab"), size=60))
    found = evaluate(DummyClassifier(strategy="prior"), labels, values=values[:60], cv=3, repeats=2)
    np.testing.assert_allclose(found.metrics["value"], found.metrics["baseline"])


# --- numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGRESSORS)
def test_numbers_are_scored_as_scikit_learn_scores_them(rng, name):
    values = rng.normal(size=(60, 3))
    clips = table([None] * 60, tempo=120 + 10 * values[:, 0] + rng.normal(size=60), artist=np.arange(60) // 2)
    model = system(name, "regression")[1:]
    if name == "forest-regression":
        model.set_params(regress__n_estimators=20)
    found = evaluate(model, clips, target="tempo", values=values, cv=5, repeats=2, protocol="artist")
    rows = found.predictions
    parts = [rows[rows["repeat"] == repeat] for repeat in (1, 2)]
    said = found.metrics.set_index("metric")["value"]
    for metric, score in (
        ("r2", metrics.r2_score),
        ("rmse", metrics.root_mean_squared_error),
        ("mae", metrics.mean_absolute_error),
    ):
        assert said[metric] == pytest.approx(np.mean([score(p["target"], p["predicted"]) for p in parts]))
    assert said["r2"] > 0.5
    assert found.permutation_test.p_value == 0.001
    assert (
        found.metrics.set_index("metric").loc["r2", "baseline"] < 0.01
    )  # the mean of others explains nothing
    for words in ("tempo as a number", "always answering the mean", "R² "):
        assert words in str(found)


def test_a_regressor_and_classes_do_not_meet(tagged):
    with pytest.raises(ProtocolError, match="a regressor cannot learn the column 'label'"):
        evaluate(Ridge(), table(list("ab") * 5), values=np.zeros((10, 1)))
    with pytest.raises(UnknownNameError, match="unknown regressor 'svm'. Known: ridge"):
        evaluate("svm", table([None] * 5, tempo=range(5)), target="tempo", values=np.zeros((5, 1)))
    with pytest.raises(UnknownNameError, match="unknown recipe 'ridge'"):
        evaluate("ridge", tagged[0], target="labels", values=tagged[1])


# --- leaks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["random", "artist", "split"])
@pytest.mark.parametrize("target", ["label", "labels", "target"])
def test_what_depends_on_the_group_alone_is_found_only_by_the_naive_split(rng, protocol, target):
    # 40 recordings of 6 windows; under "artist", artists of 6 recordings
    group = np.arange(60).repeat(6)
    values = rng.normal(size=(60, 10))[group] + 0.1 * rng.normal(size=(360, 10))
    coin = rng.permutation(60) % 2
    frame = pd.DataFrame(
        {"path": group.astype(str), "recording": group.astype(str), "offset": np.tile(np.arange(6.0), 60)}
    )
    if protocol == "artist":
        frame = pd.DataFrame({"path": np.arange(360).astype(str), "artist": group.astype(str)})
        frame["recording"] = frame["path"]
    truth = {
        "label": np.array(["a", "b"])[coin],
        "labels": np.array(["x|y", "|"])[coin],
        "target": rng.normal(size=60),
    }
    frame["split"] = np.array(["train", "test"])[(np.arange(60) // 2) % 2][group]
    clips = ClipTable(frame.assign(**{target: truth[target][group]}), "probe")
    name = {"label": "knn1", "labels": "knn1", "target": "knn-regression"}[target]
    folds = {} if protocol == "split" else {"cv": 5, "repeats": 2}
    found = evaluate(name, clips, target=target, values=values, protocol=protocol, naive=True, **folds)
    assert found.naive > (0.95 if target != "target" else 0.8)
    # chance is the mean over permutations; 60 independent guesses, and the test knows that they are 60
    assert found.score < found.permutation_test.chance + (0.25 if target != "target" else 0.5)
    assert found.permutation_test.p_value > 0.02
    assert found.permutation_test.n_units == len(set(group[found.predictions["clip"]]))
    assert "what leakage is worth, not a score" in str(found)


def test_fused_scores_of_tags_learn_nothing_of_unheard_artists(rng):
    artist = np.arange(40).repeat(6)
    values = rng.normal(size=(40, 10))[artist] + 0.1 * rng.normal(size=(240, 10))
    matrix = (rng.permutation(80) % 2).reshape(40, 2)[artist]  # depends on the artist alone
    clips = tag_table(matrix, "ab", artist=artist.astype(str))
    members = [("families", FamilyKernelSVC(cv=None)), ("nearest", KNeighborsClassifier(1))]
    model = TagClassifier(LateFusion(members, cv=3, random_state=0), cv=3)
    found = evaluate(
        model, clips, target="labels", values=values, protocol="artist", cv=3, repeats=1, naive=True
    )
    assert found.naive > 0.95
    assert found.score < found.permutation_test.chance + 0.25
    assert found.permutation_test.p_value > 0.02


def test_the_naive_split_cannot_be_had_by_itself(rng):
    clips = table(list("ab") * 10)
    assert "naive" not in PROTOCOLS
    with pytest.raises(UnknownNameError, match="unknown protocol 'naive'"):
        plan(clips, "naive")
    with pytest.raises(ProtocolError, match="there is no naive split beside this one"):
        evaluate("knn1", clips, values=rng.normal(size=(20, 2)), naive=True)
    assert evaluate("knn1", clips, values=rng.normal(size=(20, 2)), repeats=1).naive is None


def test_threshold_probe_is_at_chance_where_thresholds_tuned_on_the_test_would_be_above(rng):
    matrix = rng.random((120, 5)) < 0.2
    clips, values = tag_table(matrix, "abcde"), rng.normal(size=(120, 6))
    found = evaluate("logistic", clips, target="labels", values=values, cv=5, repeats=1)
    truth, scores, chance = found.truth, found.scores, found.permutation_test
    cheating = [
        metrics.f1_score(
            truth[part, tag], scores[part, tag] >= best_threshold(truth[part, tag], scores[part, tag])
        )
        for part in found.predictions.groupby("fold").indices.values()
        for tag in np.flatnonzero(truth[part].any(axis=0))
    ]
    assert np.mean(cheating) > chance.chance + 0.05
    assert abs(found.score - chance.chance) < 0.05
    assert chance.p_value > 0.02


def test_groups_reach_those_who_tune(rng):
    artist = np.arange(30).repeat(4)
    clips = table(list("ab") * 60, artist=artist.astype(str))
    seen = []

    class Tuner(LogisticRegression):
        def fit(self, X, y, groups=None):
            seen.append((X[:, 0], groups))
            return super().fit(X, y)

    values = np.stack([artist, rng.normal(size=120)], axis=1).astype(float)
    for model in (Tuner(), make_pipeline(ClipFeatures(), Tuner())[1:]):
        evaluate(model, clips, values=values, protocol="artist", cv=3, repeats=1)
    assert len(seen) == 6
    for column, groups in seen:
        np.testing.assert_array_equal(column.astype(int).astype(str), groups)


# --- classes that are rare -----------------------------------------------------------------------------


def test_class_weights_reach_the_estimator_and_help_rare_classes(rng):
    label = np.repeat(["common", "rare"], [180, 20])
    values = rng.normal(size=(200, 2)) + 1.2 * (label == "rare")[:, None]
    clips = table(label)
    plain, balanced = (
        evaluate("logistic", clips, values=values, cv=5, repeats=1, class_weight=weight)
        for weight in (None, "balanced")
    )
    recalls = [found.per_class.loc["rare", "recall"] for found in (plain, balanced)]
    assert recalls[1] > recalls[0] + 0.2
    said = balanced.metrics.set_index("metric")
    rows = balanced.predictions
    assert said.loc["balanced_accuracy", "value"] == pytest.approx(
        metrics.balanced_accuracy_score(rows["label"].to_numpy(object), rows["predicted"].to_numpy(object))
    )
    assert said.loc["accuracy", "baseline"] == pytest.approx(0.9)
    assert said.loc["balanced_accuracy", "baseline"] == pytest.approx(0.5)
    with pytest.raises(ProtocolError, match="class_weight is for estimators that have it"):
        evaluate("knn1", clips, values=values, class_weight="balanced")


def test_refitting_on_permuted_truth(rng):
    label = np.arange(60) % 2
    clips, values = table(np.array(["a", "b"])[label]), rng.normal(size=(60, 2)) + 2 * label[:, None]
    found = evaluate("knn3", clips, values=values, cv=3, repeats=1, permutations=9)
    test = found.permutation_test
    assert (test.refitted, test.n_permutations, test.p_value) == (True, 9, 0.1)
    assert len(found.refits) == 9
    assert 0.3 < test.chance < 0.7
    assert "estimators trained on 9 permutations" in str(found)
    with pytest.raises(ValueError, match="permutations must be 1 or more, not 0"):
        evaluate("knn3", clips, values=values, permutations=0)


def test_nine_artists_are_nine_units_and_a_constant_answer_does_not_correlate(rng):
    clips = table(["x"] * 18, artist=[f"artist {i // 2}" for i in range(18)], target=rng.normal(size=18))
    values = rng.normal(size=(18, 3))
    found = evaluate("ridge", clips, target="target", values=values, protocol="artist", permutations=2)
    assert found.permutation_test.n_units == found.n_groups == 9
    said = str(found)
    assert "bootstrap over 9 artists or songs" in said
    assert "2 permutations among 9 artists or songs" in said
    assert np.isnan(found.metrics.set_index("metric").loc["pearson_r", "baseline"])


# --- what is kept --------------------------------------------------------------------------------------


def same(a, b):
    assert str(a) == str(b)
    pd.testing.assert_frame_equal(a.predictions, b.predictions, check_dtype=False)
    pd.testing.assert_frame_equal(a.folds, b.folds)
    np.testing.assert_array_equal(a.priors, b.priors)
    assert json.dumps(a.to_dict()) == json.dumps(b.to_dict())


def test_what_is_saved_is_read_back(tagged, rng, tmp_path):
    clips, values = tagged
    labels = ClipTable(clips.frame.assign(label=list("xyz") * 30, tempo=np.arange(90.0)), "all")
    for target, name in (("label", "svm"), ("labels", "knn3"), ("tempo", "ridge")):
        found = evaluate(name, labels, target=target, values=values, cv=2, repeats=1)
        assert write_evaluation(found, tmp_path / target) == tmp_path / target
        same(found, read_evaluation(tmp_path / target))
        assert read_evaluation(tmp_path / target / "evaluation.json").score == found.score
    with pytest.raises(ExportError, match="the file exists already"):
        write_evaluation(found, tmp_path / "tempo")
    write_evaluation(found, tmp_path / "tempo", overwrite=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="it is a file"):
        write_evaluation(found, tmp_path / "file")
    (tmp_path / "tempo" / "evaluation.json").write_text("{}")
    with pytest.raises(ExportError, match="cannot be read as an evaluation"):
        read_evaluation(tmp_path / "tempo")
    (tmp_path / "tempo" / "evaluation.json").write_text("{")
    with pytest.raises(ExportError, match="cannot be read as an evaluation"):
        read_evaluation(tmp_path / "tempo")


def test_seconds_are_kept_per_fold(rng):
    found = evaluate("knn1", table(list("ab") * 10), values=rng.normal(size=(20, 2)), cv=5, repeats=2)
    assert found.folds.columns.tolist() == [
        "repeat",
        "fold",
        "n_train",
        "n_test",
        "fit_seconds",
        "predict_seconds",
    ]
    assert len(found.folds) == 10
    assert (found.folds[["fit_seconds", "predict_seconds"]] > 0).all(axis=None)
    assert set(found.to_dict()["folds"][0]) >= {"accuracy", "fit_seconds"}


# --- sounds --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A manifest of synthetic music with tags, tempo, classes that are not equally common, and a split."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for style, n_clips in zip(list(STYLES)[:3], (4, 8, 8), strict=True):
        clips = [compose(style, (0, i), seconds=2.0) for i in range(n_clips)]
        for clip in clips:
            soundfile.write(folder / f"{clip.recording}.wav", clip.samples, clip.rate)
            rows.append(
                {"path": f"{clip.recording}.wav", "recording": clip.recording, "label": clip.style}
                | {"artist": clip.artist, "labels": f"metre {clip.metre}|{clip.style}", "target": clip.tempo}
            )
    frame = pd.DataFrame(rows)
    frame.to_csv(folder / "list.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "labels"], ["macro F1", "roc_auc_micro", "estimator     logistic"]),
        (["--target", "labels", "-c", "logistic-chain"], ["macro F1", "estimator     logistic-chain"]),
        (["--target", "target"], ["R² ", "rmse", "estimator     ridge"]),
        (
            ["-c", "logistic", "--balanced", "--permutations", "3"],
            ["balanced_accuracy", "trained on 3 permutations"],
        ),
        (["-p", "artist", "--naive"], ["naive split "]),
        (
            ["-c", "knn3", "--search", "classify__n_neighbors=1,3", "--inner-cv", "2", "-p", "artist"],
            ["inner         a grid of 2 settings, by stratified 2-fold over ", "chosen: n_neighbors="],
        ),
        (["-c", "logistic", "--segments", "0.5"], ["timbre19 of windows of 0.5 s"]),
        (["--importance", "family"], ["family"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_every_task_by_command_line_and_by_python(corpus, tmp_path, words, said, monkeypatch):
    monkeypatch.chdir(corpus)
    folds = ["--cv", "2", "--repeats", "1", "--set", "timbre19", "--memory", str(corpus / "memory"), "-q"]
    done = CliRunner().invoke(
        main, ["evaluate", "list.csv", *folds, *words, "--save", str(tmp_path / "saved")]
    )
    assert done.exit_code == 0, done.stderr
    for part in said:
        assert part in done.stdout
    saved = read_evaluation(tmp_path / "saved")
    assert done.stdout.startswith(str(saved))


@pytest.mark.parametrize(
    ("words", "how"),
    [
        (["-t", "labels", "-c", "knn3"], {"estimator": "knn3", "target": "labels"}),
        (["-t", "target"], {"estimator": "ridge", "target": "target"}),
        (["-c", "svm", "--balanced"], {"estimator": "svm", "class_weight": "balanced"}),
    ],
    ids=["tags", "numbers", "rare"],
)
def test_the_command_line_says_what_python_says(corpus, words, how, monkeypatch):
    monkeypatch.chdir(corpus)
    given = ["--cv", "2", "--repeats", "1", "--set", "timbre19", "--memory", "memory", "-q"]
    done = CliRunner().invoke(main, ["evaluate", "list.csv", *given, *words])
    clips = load_dataset("list.csv")
    found = evaluate(clips=clips, feature_set="timbre19", cv=2, repeats=1, memory="memory", **how)
    assert done.stdout == f"{found}\n"
    rows = found.predictions
    said = found.metrics.set_index("metric")["value"]
    if found.task == "single-label":
        truth, answers = (rows[name].to_numpy(object) for name in ("label", "predicted"))
        assert said["f1_macro"] == pytest.approx(metrics.f1_score(truth, answers, average="macro"))
        assert said["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, answers))
    elif found.task == "regression":
        assert said["r2"] == pytest.approx(metrics.r2_score(rows["target"], rows["predicted"]))
    else:
        assert said["f1_micro"] == pytest.approx(
            metrics.f1_score(found.truth, found.answers, average="micro")
        )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--search", "classify__C"], "--search 'classify__C' is not of the form classify__C=0.1,1,10."),
        (["--segments", "1", "--search", "a=1"], "--segments is for classes, without --search, and for a"),
        (["-c", "ridge"], "unknown recipe 'ridge'"),
        (["--target", "tempo"], "unknown column 'tempo'"),
        (["-c", "mfcc-codebook", "--set", "timbre19"], "mfcc-codebook"),
        (["-p", "split"], "split needs the column 'split', which is absent or empty here"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wishes_that_cannot_be_are_refused_before_anything_is_analysed(corpus, words, line, monkeypatch):
    monkeypatch.chdir(corpus)
    monkeypatch.setattr("gtzanfeat.extraction.extract", None)
    done = CliRunner().invoke(main, ["evaluate", "list.csv", "-q", *words])
    assert done.exit_code == 2
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
