"""``gtzanfeat predict`` as a user runs it, on files, lists and pipes."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import signals
import soundfile
from click.testing import CliRunner

from gtzanfeat import ClipTable, recipe, save_model
from gtzanfeat.cli import main
from gtzanfeat.models import TrainingRange

LABELS = ["noise"] * 4 + ["tone"] * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    sounds = [signals.white_noise(1.0, random_state=i) for i in range(4)]
    sounds += [signals.tone(f, 1.0) for f in (220, 330, 440, 550)]
    for number, (label, sound) in enumerate(zip(LABELS, sounds, strict=True)):
        (folder / "sounds" / label).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "sounds" / label / f"{number}.wav", sound, 22050)
    files = [str(path) for path in sorted((folder / "sounds").rglob("*.wav"))]
    model = recipe("logistic", "timbre19").fit(files, LABELS)
    heard = TrainingRange.of(files, model[0].get_feature_names_out(), model[0].transform(files))
    frame = pd.DataFrame({"path": files, "recording": files, "label": LABELS})
    save_model(model, folder / "m.gtz", clips=ClipTable(frame, "x"), training_range=heard.to_dict())
    (folder / "broken.wav").write_text("no sound")
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def run(*words, stdin=None):
        done = CliRunner().invoke(main, ["predict", "m.gtz", *words], input=stdin)
        return done.exit_code, done.stdout, done.stderr

    return run


def wav(seconds=3.0, **how):
    file = io.BytesIO()
    soundfile.write(file, signals.tone(330.0, seconds), 22050, format="WAV", **how)
    return file.getvalue()


def test_a_dataset_with_its_score(run):
    code, shown, said = run("sounds", "--top", "2")
    assert code == 0
    assert shown.splitlines()[0].split() == [
        *("path", "predicted", "probability", "predicted_2", "probability_2")
    ]
    assert shown.splitlines()[1].split()[:2] == ["sounds/noise/0.wav", "noise"]
    assert "accuracy 100.0% (100.0% to 100.0%: 95 %, bootstrap over 8 recordings) of 8 recordings" in said


def test_a_folder_without_classes_and_files_that_fail(run, folder):
    code, shown, said = run("broken.wav", "sounds/tone", "sounds/tone/4.wav", "--json")
    assert code == 1
    rows = [json.loads(line) for line in shown.splitlines()]
    assert [row["path"] for row in rows] == [f"sounds/tone/{n}.wav" for n in range(4, 8)]
    assert {row["predicted"] for row in rows} == {"tone"}
    assert "failed: broken.wav: libsndfile cannot read it" in said
    assert "accuracy" not in said
    assert run("broken.wav", "--on-error", "raise")[0] == 2


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("t.csv", pd.read_csv),
        ("t.parquet", pd.read_parquet),
        ("t.jsonl", lambda path: pd.read_json(path, lines=True)),
    ],
)
def test_tables(run, folder, name, read):
    code, shown, _ = run("sounds", "-o", name, "--abstain", "1")
    assert code == 0
    assert shown == f"{name}: 8 rows of 8 of 8 recordings\n"
    table = read(folder / name)
    assert table["path"][0] == "sounds/noise/0.wav"
    assert table["abstained"].all()
    assert table["predicted"].isna().all()
    assert run("sounds", "-o", name)[0] == 2
    assert run("sounds", "-o", name, "--overwrite", "-q")[:2] == (0, "")


def test_a_list_of_paths_on_standard_input(run):
    code, shown, _ = run("-", stdin="sounds/tone/7.wav\n\nsounds/noise/1.wav\n")
    assert code == 0
    assert [line.split()[:2] for line in shown.splitlines()[1:]] == [
        ["sounds/tone/7.wav", "tone"],
        ["sounds/noise/1.wav", "noise"],
    ]
    assert "names no file" in run("-", stdin="\n")[2]


def test_a_wav_and_raw_samples_on_standard_input(run):
    data = wav()
    at = data.index(b"data") + 8
    piped = data[: at - 4] + b"\xff" * 4 + data[at:]
    floats = (np.frombuffer(data[at:], dtype="<i2") / np.float32(32768)).astype("<f4").tobytes()
    rows = [
        run("-", "--window", "1", "--json", stdin=piped),
        run("-", "--raw", "22050", "--window", "1", "--json", stdin=data[at:]),
        run("-", "--raw", "22050", "--format", "f32le", "--window", "1", "--json", stdin=floats),
    ]
    for code, shown, _ in rows:
        decisions = [json.loads(line) for line in shown.splitlines()]
        assert code == 0
        assert [(each["start"], each["end"], each["predicted"]) for each in decisions] == [
            (0.0, 1.0, "tone"),
            (1.0, 2.0, "tone"),
            (2.0, 3.0, "tone"),
        ]
        assert decisions[0]["probabilities"]["tone"] > 0.5
    shown = run("-", "--window", "2", "--hop", "0.5", stdin=piped)[1].splitlines()
    assert [line.split("  ")[0] for line in shown] == ["0.00 to 2.00 s", "0.50 to 2.50 s", "1.00 to 3.00 s"]


def test_remarks_are_counted(run, folder):
    soundfile.write(folder / "thin.wav", np.zeros(8000), 8000)
    _, shown, said = run("thin.wav", "sounds/tone/4.wav")
    assert "rate 8000 Hz, trained on 22050" in shown
    assert "1 of 2 rows are of sound unlike" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-", "sounds"], "must stand alone"),
        (["sounds", "--raw", "8000"], "--raw is for the standard input"),
        (["-", "--channels", "2"], "give it too"),
        (["sounds", "--hop", "1"], "for a stream"),
        (["nowhere"], "nowhere"),
        (["sounds", "-o", "t.xlsx"], "choose one of these"),
        (["sounds", "--join", "e.csv"], "no joined columns"),
        (["-", "--raw", "22050", "-o", "t.csv"], "line by line"),
    ],
)
def test_mistakes_are_one_line(run, words, said):
    code, shown, errors = run(*words, stdin="")
    assert (code in (1, 2), shown.count("\n") <= 1) == (True, True)
    assert said in errors
    assert errors.count("\n") == 1 or code == 1
