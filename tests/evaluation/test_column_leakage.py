"""Columns that give the target away are told by name; features, however strong, are not."""

import numpy as np
import pandas as pd
import pytest
from small_tables import table

from gtzanfeat.datasets import ClipTable
from gtzanfeat.evaluation import Experiment, evaluate
from gtzanfeat.evaluation.column_leakage import leaking_columns
from gtzanfeat.evaluation.tasks import find_target
from gtzanfeat.export import join_columns

GENRES = [f"genre {i}" for i in range(10)]
N = 100
LABELS = np.repeat(GENRES, N // 10)
NUMBER = np.repeat(np.arange(10), N // 10)


@pytest.fixture
def clips():
    return table(LABELS)


def found(values, clips, target="label"):
    return leaking_columns(pd.DataFrame(values), clips, find_target(clips, target))


def features(rng, n_columns=30):
    """Real columns, of which the last depend on the class ever more, the last as strongly as features do."""
    strength = np.linspace(0, 1.5, n_columns)  # of the spread within a class: alone they know up to a third
    return pd.DataFrame(NUMBER[:, None] / 2 * strength + rng.standard_normal((N, n_columns))).add_prefix("f_")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.arange(N), "numbers the rows class by class"),
        (np.arange(N)[::-1] * 10 + 7, "numbers the rows class by class"),
        ((NUMBER * 7) % 10, "holds one value for each class"),
        (661_500 + 441 * NUMBER, "holds one value for each class"),
        (np.linspace(0, 1, N), "tells the classes apart by itself"),
    ],
    ids=["Unnamed: 0", "ids of a larger file, downwards", "genre", "length", "scaled row number"],
)
def test_what_says_the_class_is_found(clips, rng, column, words):
    values = features(rng).assign(suspect=column)
    assert found(values, clips) == {"suspect": words}
    shuffled = rng.permutation(N)  # whatever the order of the clips
    assert found(values.iloc[shuffled], clips.select(shuffled)) == {"suspect": words}


def test_features_are_innocent_however_strong(clips, rng):
    values = features(rng).assign(
        silent=0.0,  # all alike
        tempo=rng.integers(20, 40, N) * 3.0,  # whole numbers, which come again
        length=np.where(rng.random(N) < 0.9, 661_794, 660_000 + rng.integers(0, 3000, N)),
        number_of_a_shuffled_file=rng.permutation(N),
    )
    assert found(values, clips) == {}
    assert found(np.arange(N)[:, None], table(LABELS[::-1])) != {}
    assert leaking_columns(values.to_numpy(), clips, find_target(clips)) == {}  # an array names nothing


def test_one_feature_may_tell_three_classes_apart(rng):
    clips = table(["speech"] * 20 + ["music"] * 20)
    telling = np.append(rng.random(20), 2 + rng.random(20))
    assert found({"pulse": telling}, clips) == {}
    assert list(found({"pulse": telling, "row": np.arange(40), "code": telling > 1}, clips)) == [
        "row",
        "code",
    ]
    three = table(np.repeat(GENRES[:3], 20))
    assert found({"brightness": np.repeat([1, 2, 3], 20) + rng.random(60) / 2}, three) == {}
    assert found({"row": np.arange(4)}, table(list("aabb"))) == {}  # four are too few to say


def test_windows_of_a_recording_count_once(rng):
    frame = table(np.repeat(GENRES[:4], 20)).frame
    frame = frame.assign(recording=np.repeat([f"r{i}" for i in range(20)], 4), path="x.wav")
    frame = frame.assign(path=frame["recording"], offset=np.tile(np.arange(4.0), 20))
    clips = ClipTable(frame, "windows")
    per_recording = rng.random(20)
    assert found({"feature": np.repeat(per_recording, 4)}, clips) == {}
    assert found({"row": np.repeat(np.arange(20), 4)}, clips) == {"row": "numbers the rows class by class"}


def test_copies_of_numbers_and_tags(rng):
    tempo = rng.uniform(60, 180, 30)
    tags = rng.random(30) < 0.5
    frame = table(["x"] * 30, target=tempo).frame
    clips = ClipTable(frame.assign(labels=np.where(tags, "slow", "|")), "numbers and tags")
    values = {"period": 60 / tempo, "beat": tempo + rng.normal(0, 5, 30), "is_slow": tags * 1.0}
    assert found(values, clips, "target") == {"period": "is a copy of it"}
    assert found(values, clips, "labels") == {"is_slow": "is a copy of it"}


def test_the_result_warns_before_the_score_and_what_is_dropped_is_not_there(clips, rng):
    joined = features(rng).assign(recording=clips.recordings, genre=NUMBER, **{"Unnamed: 0": np.arange(N)})
    words = {"protocol": "random", "repeats": 1, "cv": 2}
    result = evaluate("knn1", clips, values=join_columns(clips, joined), **words)
    (warning,) = result.warnings[1:]  # after the one of unknown artists
    assert warning.startswith(
        "columns that alone give the label away: 'genre' holds one value for each class; "
        "'Unnamed: 0' numbers the rows class by class."
    )
    assert "--drop NAME" in warning
    values = join_columns(clips, joined, drop=["Unnamed: 0", "genre"])
    assert "give the label away" not in " ".join(Experiment("knn1", clips, values=values, **words).warnings)
