"""Robustness: fitted on clean clips, tested at every strength, and clean is what `evaluate` says."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from joblib import parallel_config
from signals import RATE, tone, white_noise
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gtzanfeat.augmentation import AugmentedTraining, degrade_clips
from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, GtzanfeatError, ProtocolError, UnknownNameError
from gtzanfeat.evaluation import Experiment, evaluate, plan
from gtzanfeat.extraction import extract
from gtzanfeat.inspection import Robustness, robustness
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.transformers import ClipFeatures


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Hums and hisses, eight of each, with tags and a target."""
    folder = tmp_path_factory.mktemp("music")
    rows = []
    for i in range(8):
        for label, samples in (("hiss", white_noise(0.5, random_state=i)), ("hum", tone(200 + 50 * i, 0.5))):
            path = folder / label / f"{i}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, samples, RATE)
            rows.append((str(path), label, f"{label}{i}", f"{label}|{'odd' if i % 2 else 'even'}", i))
    names = ["path", "label", "recording", "labels", "target"]
    return ClipTable(pd.DataFrame(rows, columns=names), "music")


KNN = make_pipeline(ClipFeatures("timbre19"), KNeighborsClassifier(1))


def robustness_of(estimator, clips, degradation, strengths=None, **asked):
    return robustness(Experiment(estimator, clips, **asked), degradation, strengths)


def test_clean_clips_score_as_in_evaluate_and_noise_takes_hums_for_hisses(music):
    asked = {"feature_set": "timbre19", "cv": 4, "repeats": 2}
    found = robustness_of("knn3", music, "white_noise", [60, -40], **asked)
    assert isinstance(found, Robustness)
    assert found.metric == "accuracy"
    assert found.table.columns.tolist() == ["strength", "accuracy", "low", "high", "clips"]
    assert found.table["strength"].isna().tolist() == [True, False, False]
    assert found.table["strength"].tolist()[1:] == [60.0, -40.0]
    assert found.table["accuracy"][0] == evaluate("knn3", music, **asked).accuracy == 1.0
    assert found.table["accuracy"][2] == 0.5  # everything hisses
    assert (found.table["clips"] == 32).all()
    assert (
        (found.table["low"] <= found.table["accuracy"]) & (found.table["accuracy"] <= found.table["high"])
    ).all()
    assert found.words == ("as recorded", "60 dB", "-40 dB")
    assert repr(found) == "Robustness('white_noise': accuracy 1.000 to 0.500)"
    assert str(found).splitlines()[-1].split() == [
        "-40",
        "dB",
        "0.500",
        *str(found).splitlines()[-1].split()[3:],
    ]
    assert json.loads(json.dumps(found.to_dict()))["table"][0]["strength"] is None


@pytest.mark.parametrize("protocol", ["random", "artist"])
def test_groups_are_those_of_evaluate_for_thresholds_and_intervals(music, protocol):
    artists = [f"artist {i // 4}" for i in range(len(music))]
    tagged = ClipTable(music.frame.assign(artist=artists), "music")
    asked = {"target": "labels", "feature_set": "timbre19", "protocol": protocol, "cv": 2, "repeats": 1}
    row = robustness_of("logistic", tagged, "gain", [-6], **asked).table.iloc[0]
    whole = evaluate("logistic", tagged, **asked).metrics.set_index("metric").loc["f1_macro"]
    assert [row["f1_macro"], row["low"], row["high"]] == pytest.approx(
        [whole["value"], whole["low"], whole["high"]]
    )


def test_it_is_fitted_on_clean_clips_and_tested_on_degraded_ones(music):
    found = robustness_of(KNN, music, "low_pass", [1500], cv=4, repeats=1)
    clean = extract(music.clips, "timbre19").values
    worse = extract(degrade_clips(music, "low_pass", 1500), "timbre19").values
    right = []
    for fold in plan(music, cv=4, repeats=1).folds:
        model = KNeighborsClassifier(1).fit(clean[fold.train], music.labels[fold.train])
        right.append(np.mean(model.predict(worse[fold.test]) == music.labels[fold.test]))
    assert found.table["accuracy"][1] == pytest.approx(np.mean(right))


def test_training_on_degraded_copies_withstands_more(music):
    scaled = make_pipeline(ClipFeatures("timbre19"), StandardScaler(), KNeighborsClassifier(1))
    plain = robustness_of(scaled, music, "white_noise", [10], cv=4, repeats=1)
    trained = AugmentedTraining(scaled, [("white_noise", 10)])
    augmented = robustness_of(trained, music, "white_noise", [10], cv=4, repeats=1)
    assert augmented.table["accuracy"][1] > plain.table["accuracy"][1]


def test_any_jobs_and_seeds(music):
    with parallel_config("threading"):
        runs = [robustness_of(KNN, music, "pink_noise", [5], cv=2, repeats=1, n_jobs=jobs) for jobs in (1, 2)]
    pd.testing.assert_frame_equal(runs[0].table, runs[1].table)
    assert len(robustness_of(KNN, music, "clipping", cv=2, repeats=1).table) == 5  # those of the row


@pytest.mark.parametrize(
    ("estimator", "target", "metric"),
    [
        ("knn3", "labels", "f1_macro"),
        ("ridge", "target", "r2"),
        (SegmentClassifier("knn3", feature_set="timbre19"), "label", "accuracy"),
    ],
)
def test_other_tasks_and_windows(music, estimator, target, metric):
    asked = {"target": target, "feature_set": "timbre19", "cv": 2, "repeats": 1}
    found = robustness_of(estimator, music, "gain", [-20], **asked)
    assert found.metric == metric
    expected = evaluate(estimator, music, **asked).score
    assert found.table[metric][0] == pytest.approx(expected)


def test_what_cannot_be_analysed_is_left_out_of_all_rows(music, tmp_path):
    (tmp_path / "9.wav").write_text("nothing")
    frame = music.frame.copy()
    frame.loc[0, "path"] = str(tmp_path / "9.wav")
    broken = ClipTable(frame, "music")
    with pytest.raises(ClipError, match=r"9\.wav: libsndfile cannot read it"):
        robustness_of(KNN, broken, "gain", [-6], cv=2)
    found = robustness_of(KNN, broken, "gain", [-6], cv=2, repeats=1, on_error="skip")
    assert (found.table["clips"] == 15).all()
    assert [failure.source for failure in found.failures] == [str(tmp_path / "9.wav")]


def test_what_makes_no_sense_is_refused_first(music):
    with pytest.raises(UnknownNameError, match="unknown degradation 'noise'"):
        robustness_of(KNN, music, "noise")
    with pytest.raises(GtzanfeatError, match="gain cannot have the strength 500"):
        robustness_of(KNN, music, "gain", [500])
    with pytest.raises(GtzanfeatError, match="no strengths are asked for"):
        robustness_of(KNN, music, "gain", [])
    with pytest.raises(ProtocolError, match="artist"):
        robustness_of(KNN, music, "gain", [-6], protocol="artist")
    with pytest.raises(ValueError, match="on_error must be"):
        robustness_of(KNN, music, "gain", [-6], on_error="ignore")


# --- the command --------------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_degrades_after_it_has_evaluated(music):
    folder = music.paths[0].rsplit("/", 2)[0]
    words = ["evaluate", folder, "--set", "timbre19", "-c", "knn3", "--cv", 4, "--repeats", 1, "-q"]
    sweeps = ["--degrade", "white_noise=60, -40", "--degrade", "gain"]
    done = run(*words, *sweeps)
    assert done.exit_code == 0, done.output
    assert "degradation   white_noise: level of the music above that of the noise" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[-5:]] == ["as", "-6", "-12", "-20", "-40"]
    found = json.loads(run(*words, *sweeps, "--json").stdout)["robustness"]
    assert [sweep["degradation"] for sweep in found] == ["white_noise", "gain"]
    assert [row["strength"] for row in found[0]["table"]] == [None, 60, -40]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--degrade", "gain=loud"], "gain cannot have the strength 'loud'"),
        (["--degrade", "noise"], "unknown degradation 'noise'"),
        (["--degrade", "gain=-6", "--join", "e.parquet"], "--degrade is for recordings"),
    ],
)
def test_the_command_fails_in_one_line_before_any_analysis(music, words, message):
    folder = music.paths[0].rsplit("/", 2)[0]
    done = run("evaluate", folder, *words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"gtzanfeat: error: {message}")
    assert len(done.stderr.splitlines()) == 1


def test_features_that_were_extracted_before_cannot_be_degraded(music, tmp_path):
    folder = music.paths[0].rsplit("/", 2)[0]
    table = tmp_path / "features.parquet"
    assert run("extract", folder, "--set", "timbre19", "-o", table, "-q").exit_code == 0
    done = run("evaluate", table, "--degrade", "gain")
    assert done.exit_code == 2
    assert "--degrade is for recordings" in done.stderr


def test_the_help_of_the_command_lists_the_degradations():
    assert "wow_flutter" in run("evaluate", "--help").stdout
