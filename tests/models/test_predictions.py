"""Predictions about recordings, in their order, with what makes them doubtful."""

import numpy as np
import pandas as pd
import pytest
import signals
import soundfile

from gtzanfeat import (
    Clip,
    ClipTable,
    Experiment,
    SegmentClassifier,
    join_columns,
    predict,
    recipe,
    save_model,
)
from gtzanfeat.errors import ClipError, ModelError
from gtzanfeat.models import TrainingRange
from gtzanfeat.models.training import train

LABELS = ["noise"] * 4 + ["tone"] * 4


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    sounds = [signals.white_noise(2.0, random_state=i) for i in range(4)]
    sounds += [signals.tone(f, 2.0) for f in (220, 330, 440, 550)]
    for number, sound in enumerate(sounds):
        soundfile.write(folder / f"{number}.wav", sound, 22050)
    (folder / "broken.wav").write_text("no sound")
    return [str(folder / f"{number}.wav") for number in range(8)]


@pytest.fixture(scope="module")
def model(files):
    return recipe("logistic", "timbre19").fit(files, LABELS)


def broken(files):
    return files[0].replace("0.wav", "broken.wav")


def test_labels_and_probabilities_are_those_of_the_pipeline(files, model):
    table = predict(model, files, top=2)
    assert table["path"].tolist() == files
    assert table["predicted"].tolist() == model.predict(files).tolist() == LABELS
    shares = model.predict_proba(files)
    assert table["probability"].tolist() == shares.max(axis=1).tolist()
    assert table["predicted_2"].tolist() == LABELS[::-1]
    assert table["probability_2"].tolist() == shares.min(axis=1).tolist()
    assert not table["remarks"].astype(bool).any()


def test_a_clip_that_fails_does_not_take_the_others_with_it(files):
    kinds = [
        recipe("knn1", "timbre19"),
        recipe("mfcc-codebook"),
        SegmentClassifier("logistic", 1.0, feature_set="timbre19"),
    ]
    for kind in kinds:
        model = kind.fit(files, LABELS)
        table = predict(model, [files[0], broken(files), files[7]], on_error="skip")
        assert table["predicted"].tolist()[::2] == ["noise", "tone"]
        assert pd.isna(table["predicted"][1])
        assert "Format not recognised" in table["error"][1]
        assert table["error"].isna().tolist() == [True, False, True]
        with pytest.raises(ClipError, match=r"broken\.wav"):
            predict(model, [broken(files)])
        assert pd.isna(predict(model, [broken(files)], on_error="skip")["predicted"][0])


def test_abstaining(files, model):
    table = predict(model, files, abstain=0.0)
    assert not table["abstained"].any()
    limit = float(np.sort(table["probability"])[3]) + 1e-9
    doubtful = predict(model, files, abstain=limit)
    assert doubtful["abstained"].sum() == 4
    assert doubtful.loc[doubtful["abstained"], "predicted"].isna().all()


def test_a_timeline(files, model):
    table = predict(model, files[3:5], timeline=0.5)
    assert table["path"].tolist() == [files[3]] * 4 + [files[4]] * 4
    assert table["start"].tolist() == [0.0, 0.5, 1.0, 1.5] * 2
    clips = [Clip(files[4], offset=start, duration=0.5) for start in (0.0, 0.5, 1.0, 1.5)]
    assert table["predicted"].tolist()[4:] == model.predict(clips).tolist()
    shares = model.predict_proba(clips).max(axis=1)  # of four rows at once, which float32 rounds otherwise
    np.testing.assert_allclose(table["probability"].tolist()[4:], shares, rtol=1e-6)


def test_tags_and_numbers(files):
    frame = pd.DataFrame({"path": files, "recording": files, "label": LABELS})
    frame["labels"] = ["hiss|loud", "hiss"] * 2 + ["loud", "|"] * 2
    frame["target"] = np.arange(8.0)
    clips = ClipTable(frame, "eight")
    tagging = train(Experiment("logistic", clips, target="labels", feature_set="timbre19", cv=2))
    table = predict(tagging, clips, top=2)
    assert all(set(tags.split("|")) <= {"", "0", "1"} for tags in table["predicted"])
    assert {"predicted_1", "probability_2"} <= set(table)
    ridge = train(Experiment("ridge", clips, target="target", feature_set="timbre19", cv=2))
    table = predict(ridge, clips)
    np.testing.assert_allclose(table["predicted"], ridge.predict(files))
    with pytest.raises(ModelError, match="no one class"):
        predict(ridge, clips, abstain=0.5)


def test_tags_of_a_file_have_their_names(files, tmp_path):
    frame = pd.DataFrame(
        {"path": files, "recording": files, "labels": ["hiss|loud", "hiss"] * 2 + ["loud"] * 4}
    )
    clips = ClipTable(frame, "eight")
    experiment = Experiment("logistic", clips, target="labels", feature_set="timbre19", cv=2)
    save_model(train(experiment), tmp_path / "m.gtz", clips=clips, target="labels")
    table = predict(tmp_path / "m.gtz", clips)
    assert all(set(tags.split("|")) <= {"hiss", "loud"} for tags in table["predicted"] if tags)
    assert "hiss" in table["predicted"][1]


def test_joined_columns_are_asked_for(files):
    frame = pd.DataFrame({"path": files, "recording": files, "label": LABELS})
    clips = ClipTable(frame, "eight")
    columns = pd.DataFrame({"recording": files, "e_0": [0.0] * 4 + [1.0] * 4})
    model = train(Experiment("knn1", clips, values=join_columns(clips, columns), cv=2))
    assert predict(model, clips, columns=columns.iloc[::-1])["predicted"].tolist() == LABELS
    with pytest.raises(ModelError, match="--join FILE"):
        predict(model, clips)
    with pytest.raises(ModelError, match="give a ClipTable"):
        predict(model, files, columns=columns)


def test_joined_columns_that_are_not_wanted(files, model):
    with pytest.raises(ModelError, match="no joined columns"):
        predict(model, files, columns="e.csv")


def test_probabilities_that_are_not_there(files):
    model = recipe("svm", "timbre19").fit(files, LABELS)
    assert "probability" not in predict(model, files)
    with pytest.raises(ModelError, match="no probabilities"):
        predict(model, files, top=2)


def test_remarks(files, model, tmp_path):
    values = model[0].transform(files)
    heard = TrainingRange.of(files, model[0].get_feature_names_out(), values)
    save_model(model, tmp_path / "m.gtz", training_range=heard.to_dict())
    soundfile.write(tmp_path / "thin.wav", np.zeros(16000), 8000)
    table = predict(tmp_path / "m.gtz", [files[0], tmp_path / "thin.wav"])
    assert table["remarks"][0] == ""
    for words in ("rate 8000 Hz, trained on 22050", "below all training clips", "of 19 columns", "silent"):
        assert words in table["remarks"][1]
