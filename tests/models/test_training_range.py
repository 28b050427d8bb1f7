"""What a model has heard, and which clips are unlike it."""

import json

import numpy as np
import pytest
import soundfile

from gtzanfeat.models.training_range import TrainingRange

COLUMNS = [f"c_{i}" for i in range(20)]


def write(folder, name, seconds=2.0, rate=22050, level=0.1, **how):
    noise = level * np.random.default_rng(0).standard_normal(round(seconds * rate))
    soundfile.write(folder / name, np.clip(noise, -1, 1), rate, **how)
    return str(folder / name)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heard")
    return {
        "like": write(folder, "like.wav"),
        "loud": write(folder, "loud.wav", level=0.3),
        "8 kHz": write(folder, "thin.wav", rate=8000),
        "44 kHz": write(folder, "wide.flac", rate=44100),
        "MP3": write(folder, "lossy.mp3"),
        "short": write(folder, "short.wav", seconds=0.5),
        "quiet": write(folder, "quiet.wav", level=0.002, subtype="FLOAT"),
    }


@pytest.fixture(scope="module")
def heard(files):
    values = np.random.default_rng(1).normal(size=(2, 20))
    return TrainingRange.of([files["like"], files["loud"]], COLUMNS, values)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("like", ""),
        ("8 kHz", "rate 8000 Hz, trained on 22050"),
        ("44 kHz", ""),  # it is analysed at 22050 Hz, as the others
        ("MP3", "format MP3 MPEG_LAYER_III, trained on WAV PCM_16"),
        ("short", "0.5 s long, trained on 2 to 2 s"),
        ("quiet", "level -54 dB below all training clips (-20 dB)"),
    ],
)
def test_what_a_file_is_told_of(files, heard, name, words):
    assert heard.remarks(heard.properties([files[name]])) == [words]


def test_full_band_files_are_new_to_a_model_of_narrow_ones(files):
    narrow = TrainingRange.of([files["8 kHz"]])
    assert narrow.remarks(narrow.properties([files["44 kHz"]])) == ["rate 44100 Hz, trained on 8000"]


def test_columns_are_outside_beyond_a_quarter_of_the_width_of_their_range():
    values = np.tile(np.linspace(0.0, 1.0, 1001)[:, None], 20)
    heard = TrainingRange.of(list(np.zeros((1001, 4))), COLUMNS, values)
    assert (heard.low[0], heard.high[0]) == pytest.approx((0.005, 0.995))
    far, near = np.full(20, 0.5), np.full(20, 0.5)
    near[:], far[:3] = 1.2, 1.3
    assert heard.n_outside([near, far, np.full(20, np.nan)]).tolist() == [0, 3, 0]
    nothing = heard.properties(list(np.zeros((2, 4))))
    assert heard.remarks(nothing, [near, far]) == ["", "3 of 20 columns outside the training range"]
    far[1:3] = 0.5
    assert heard.remarks(nothing, [near, far]) == ["", ""]  # one of twenty is not more than 5 %


def test_it_survives_json(heard):
    assert TrainingRange.from_dict(json.loads(json.dumps(heard.to_dict()))) == heard


def test_values_must_fit_the_clips(files):
    with pytest.raises(ValueError, match="do not fit 1 clips and 20 columns"):
        TrainingRange.of([files["like"]], COLUMNS, np.zeros((2, 20)))
