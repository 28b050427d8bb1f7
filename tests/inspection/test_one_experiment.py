"""One experiment behind every question: evaluate, importance and robustness refuse, warn and skip alike."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from signals import RATE, tone, white_noise
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, GtzanfeatError, ProtocolError, UnknownNameError
from gtzanfeat.evaluation import Experiment, precomputation
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.cache import contents
from gtzanfeat.inspection import importance, robustness
from gtzanfeat.recipes import recipe
from gtzanfeat.transformers import ClipFeatures

QUESTIONS = {
    "evaluate": lambda experiment: experiment.evaluate(),
    "importance": lambda experiment: importance(experiment, permutations=1),
    "robustness": lambda experiment: robustness(experiment, "gain", [-6]),
}
QUICK = {"feature_set": "timbre19", "cv": 2, "repeats": 1}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Ten hums and ten hisses; nine of the twenty files are no recordings."""
    folder = tmp_path_factory.mktemp("sounds")
    rows = []
    for i in range(20):
        label = ("hum", "hiss")[i % 2]
        path = folder / f"{label}{i}.wav"
        samples = tone(200 + 50 * i, 0.3) if label == "hum" else white_noise(0.3, random_state=i)
        soundfile.write(path, samples, RATE)
        if i < 9:
            path.write_text("this is no recording")
        rows.append({"path": str(path), "recording": str(i), "label": label, "height": float(i)})
    return ClipTable(pd.DataFrame(rows), "sounds")


@pytest.fixture(scope="module")
def whole(sounds):
    return sounds.select(np.arange(20) >= 9)


@pytest.fixture
def no_extraction(monkeypatch):
    monkeypatch.setattr(precomputation, "extract", lambda *args, **kwargs: pytest.fail("a clip was analysed"))


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    ("estimator", "asked", "error", "message"),
    [
        (
            Ridge(),
            {},
            ProtocolError,
            "a regressor cannot learn the column 'label'; give a classifier, or name a column of numbers as "
            "target",
        ),
        (
            make_pipeline(ClipFeatures("timbre19"), Ridge()),
            {},
            ProtocolError,
            "a regressor cannot learn the column 'label'; give a classifier, or name a column of numbers as "
            "target",
        ),
        (
            recipe("knn1", "timbre19"),
            {"target": "height"},
            ProtocolError,
            "a classifier cannot learn the numbers of the column 'height'; give a regressor",
        ),
        (
            "svm",
            {"task": "regression"},
            ProtocolError,
            "the column 'label' is for the task single-label, not regression: 'label' holds classes, "
            "'labels' tags, and any other column numbers",
        ),
        (
            "knn1",
            {"class_weight": "balanced"},
            ProtocolError,
            "class_weight is for estimators that have it (svm, linear-svm, logistic, random-forest ...), and "
            "this one has not; leave it out",
        ),
        ("knn1", {"protocol": "artist"}, ProtocolError, "artist needs the column 'artist'"),
        ("knn1", {"protocol": "atrist"}, UnknownNameError, "unknown protocol 'atrist'"),
        ("knn2", {}, UnknownNameError, "unknown recipe 'knn2'"),
        ("knn1", {"feature_set": "timbre91"}, UnknownNameError, "unknown feature set 'timbre91'"),
        ("knn1", {"on_error": "nan"}, ValueError, "on_error must be 'raise' or 'skip', not 'nan'"),
    ],
)
def test_what_makes_no_sense_is_refused_alike_before_extraction(
    sounds, no_extraction, question, estimator, asked, error, message
):
    with pytest.raises(error) as refused:
        question(Experiment(estimator, sounds, **QUICK | asked))
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_nine_failed_clips_of_twenty_are_an_error_or_named(sounds, question):
    first = "libsndfile cannot read it (Format not recognised)"
    with pytest.raises(ClipError) as failed:
        question(Experiment("knn1", sounds, **QUICK))
    assert str(failed.value).startswith(f"{sounds.paths[0]}: {first}")
    found = question(Experiment("knn1", sounds, **QUICK, on_error="skip"))
    assert [failure.source for failure in found.failures] == list(sounds.paths[:9])
    lines = str(found).splitlines()
    assert [line for line in lines if line.startswith("  failed      ")] == [
        f"  failed      {failure.source}: {failure.reason}" for failure in found.failures
    ]
    assert any("9 failed" in line for line in lines)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_left_may_be_too_little(sounds, question):
    few = sounds.select(np.arange(20) < 12)
    with pytest.raises(ProtocolError) as refused:
        question(Experiment("knn1", few, **QUICK, on_error="skip"))
    said = str(refused.value)
    assert said.startswith(f"9 of 12 clips failed (first {sounds.paths[0]}: libsndfile cannot read it (Form")
    assert "and with the others random means nothing for classes with fewer than two recordings (hum)" in said


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_memory_serves_every_question(whole, question, tmp_path):
    experiment = Experiment("knn1", whole, **QUICK, memory=tmp_path)
    found = question(experiment)
    kept = contents(tmp_path)
    assert len(kept)
    assert str(question(Experiment("knn1", whole, **QUICK, memory=tmp_path))) == str(found)
    assert len(contents(tmp_path)) == len(kept)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_warnings_are_those_of_the_experiment(whole, question):
    experiment = Experiment("knn1", whole, **QUICK)
    assert experiment.warnings[0].startswith("artists are unknown (11 of 11 clips)")
    found = question(experiment)
    assert found.warnings == experiment.warnings
    assert f"warning: {experiment.warnings[0]}" in str(found).splitlines()


def test_class_weights_count_in_every_question(rng):
    """Of ten clips of one class and fifty of the other, on columns that hardly tell them apart."""
    frame = pd.DataFrame({"path": [f"{i}.wav" for i in range(60)], "recording": [str(i) for i in range(60)]})
    clips = ClipTable(frame.assign(label=["pop"] * 50 + ["jazz"] * 10), "rare")
    values = pd.DataFrame(rng.normal(size=(60, 3)))
    values.iloc[50:, 0] += 1.5
    plain, weighted = (
        Experiment("svm", clips, values=values, cv=5, repeats=1, class_weight=weight)
        for weight in (None, "balanced")
    )
    assert plain.evaluate().score != weighted.evaluate().score
    for experiment in (plain, weighted):
        score = experiment.evaluate().score
        assert importance(experiment, by="column", permutations=1).value == pytest.approx(score)


def test_degraded_clips_are_tested_with_class_weights_too(whole):
    experiment = Experiment("svm", whole, **QUICK, class_weight={"hum": 1e-6, "hiss": 1.0})
    score = experiment.evaluate().score
    assert score < 1.0  # next to no hum is answered
    assert robustness(experiment, "gain", [-6]).table["accuracy"][0] == score


def test_features_are_extracted_once_for_score_and_importance(whole, monkeypatch):
    calls = []
    monkeypatch.setattr(
        precomputation, "extract", lambda *args, **how: calls.append(args) or extract(*args, **how)
    )
    experiment = Experiment("knn1", whole, **QUICK)
    assert not calls
    for question in (QUESTIONS["evaluate"], QUESTIONS["importance"], QUESTIONS["evaluate"]):
        question(experiment)
    assert len(calls) == 1


def test_values_cannot_be_degraded(whole):
    experiment = Experiment("knn1", whole, values=np.zeros((len(whole), 2)), cv=2)
    with pytest.raises(GtzanfeatError, match="values cannot be degraded; give an experiment without values"):
        robustness(experiment, "gain")
