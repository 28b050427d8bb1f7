"""Joined columns: every clip gets the row of its recording, or an error that counts who has none."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, white_noise

from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ExportError
from gtzanfeat.evaluation import evaluate
from gtzanfeat.export import write_table
from gtzanfeat.export.join import join_columns, read_columns
from gtzanfeat.extraction import extract


def table(n_clips=3, **columns):
    names = [f"clip{i}" for i in range(n_clips)]
    frame = pd.DataFrame({"path": [f"{name}.wav" for name in names], "recording": names, "label": "x"})
    return ClipTable(frame.assign(**columns), "example")


def embedding(n_clips=3):
    return pd.DataFrame(
        {
            "recording": [f"clip{i}" for i in range(n_clips)][::-1],
            "label": "y",
            "e0": np.arange(n_clips)[::-1] + 0.5,
            "loud": [bool(i % 2) for i in range(n_clips)][::-1],
        }
    )


def test_rows_are_found_by_recording(tmp_path):
    embedding().to_parquet(tmp_path / "e.parquet", index=False)
    for columns in (
        embedding(),
        embedding().set_index("recording"),
        tmp_path / "e.parquet",
        f"{tmp_path}/e.parquet",
    ):
        joined = join_columns(table(), columns)
        assert joined.columns.tolist() == ["e0", "loud"]
        np.testing.assert_array_equal(joined, [[0.5, 0], [1.5, 1], [2.5, 0]])
        assert set(joined.dtypes) == {np.dtype("float32")}
    assert read_columns(tmp_path / "e.parquet").index.tolist() == ["clip2", "clip1", "clip0"]
    embedding().set_index("recording").to_parquet(tmp_path / "indexed.parquet")
    assert join_columns(table(), tmp_path / "indexed.parquet").equals(joined)
    assert join_columns(table().select([1]), embedding())["e0"].tolist() == [1.5]  # others may have rows


def test_what_the_table_says_itself_is_not_learnt_from(tmp_path):
    """A table that was extracted from the same manifest holds the numbers that are to be predicted."""
    annotated = embedding().assign(arousal=[np.nan, 1.0, 2.0], mood="sad")
    annotated.to_parquet(tmp_path / "e.parquet", index=False)
    clips = table(arousal=[2.0, 1.0, np.nan], mood="sad")
    for columns in (annotated, tmp_path / "e.parquet"):
        assert join_columns(clips, columns).columns.tolist() == ["e0", "loud"]
    with pytest.raises(ExportError, match="no numbers, apart from what is said of the clips anyway"):
        join_columns(clips, annotated[["recording", "label", "arousal"]])


def test_windows_share_the_row_of_their_recording():
    clips = ClipTable(
        pd.DataFrame({"path": "a.wav", "recording": "clip1", "label": "x", "offset": [0.0, 1.0]}), "example"
    )
    assert join_columns(clips, embedding())["e0"].tolist() == [1.5, 1.5]


def test_joined_columns_stand_beside_features():
    extraction = extract(np.random.default_rng(0).uniform(-1, 1, (3, 8000)), "timbre19")
    joined = join_columns(table(), embedding(), extraction)
    assert joined.columns.tolist() == [*extraction.columns, "e0", "loud"]
    np.testing.assert_array_equal(joined[list(extraction.columns)], extraction.values)
    clash = embedding().rename(columns={"e0": extraction.columns[0]})
    with pytest.raises(
        ExportError, match=f"the column '{extraction.columns[0]}' is there and among the features"
    ):
        join_columns(table(), clash, extraction)
    with pytest.raises(ExportError, match="features of 3 clips cannot stand beside a table of 2"):
        join_columns(table(2), embedding(), extraction)


def test_clips_that_failed_stay_missing_and_are_skipped():
    sounds = [np.random.default_rng(i).uniform(-1, 1, 8000) for i in range(6)]
    sounds[2] = np.full(100, np.nan)
    extraction = extract(sounds, "timbre19", on_error="skip")
    clips = table(6, label=list("ababab"))
    joined = join_columns(clips, embedding(6), extraction)
    assert joined.isna().any(axis=1).tolist() == [False, False, True, False, False, False]
    result = evaluate("knn1", clips, values=joined, cv=2, repeats=1, on_error="skip")
    assert [failure.index for failure in result.failures] == [2]


def test_any_representation_is_judged_under_the_same_protocol():
    clips = table(40, label=["a", "b"] * 20)
    telling = pd.DataFrame({"recording": clips.recordings, "e": (clips.labels == "a").astype(float)})
    result = evaluate("knn1", clips, values=join_columns(clips, telling), cv=4, repeats=1)
    assert result.accuracy == 1.0


def test_recordings_without_a_row_are_counted():
    with pytest.raises(
        ExportError,
        match=r"2 of 5 recordings have no row, such as 'clip3' \(its rows are of .* such as 'clip2'\)",
    ):
        join_columns(table(5), embedding())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.drop(columns="recording"), "no column 'recording'; columns found: label, e0, loud"),
        (lambda e: pd.concat([e, e.iloc[:2]]), "2 recordings are there more than once, such as 'clip2'"),
        (lambda e: e.assign(mood=["good", "bad", "good"]), "the column 'mood' holds no numbers"),
        (
            lambda e: e.assign(e0=[1, np.nan, np.inf]),
            "2 rows hold a value that is missing .*'e0' of 'clip1'",
        ),
        (lambda e: e.assign(recording=["clip0", None, "clip2"]), "row 2 names no recording"),
        (lambda e: e[["recording", "label"]], "it holds no numbers"),
        (lambda e: e.iloc[:0], "it holds no numbers"),
        (lambda e: e.assign(e0=[1e39, 1, 2]), "missing or infinite"),
    ],
)
def test_what_cannot_be_joined_says_why(tmp_path, change, message):
    file = tmp_path / "e.parquet"
    change(embedding()).to_parquet(file, index=False)
    with pytest.raises(ExportError, match=message) as error:
        join_columns(table(), file)
    assert str(error.value).startswith(f"{file}: ")
    assert "\n" not in str(error.value)


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(ExportError, match=r"gone\.parquet: there is no such file"):
        read_columns(tmp_path / "gone.parquet")
    for content in (b"", b"recording,e0\na,1\n"):
        (tmp_path / "bad.parquet").write_bytes(content)
        with pytest.raises(ExportError, match=r"bad\.parquet: cannot be read as Parquet"):
            read_columns(tmp_path / "bad.parquet")
    with pytest.raises(ExportError, match="cannot be read as Parquet"):
        read_columns(tmp_path)


def test_features_of_another_set_can_be_joined(tmp_path):
    sounds = [white_noise(0.4, random_state=i) for i in range(3)]
    clips = table(fault_filtered=["train", "test", None])
    timbre, rhythm = extract(sounds, "timbre19"), extract(sounds, "rhythm6")
    write_table(timbre, clips, tmp_path / "timbre.parquet")
    joined = join_columns(clips, tmp_path / "timbre.parquet", rhythm)
    assert joined.columns.tolist()[-19:] == list(timbre.columns)
    np.testing.assert_array_equal(joined.to_numpy()[:, -19:], timbre.values)


# --- the command --------------------------------------------------------------------------------------


@pytest.fixture
def music(tmp_path):
    """Two classes of four noises each in the folder "music", and an embedding that tells them apart."""
    names = []
    for label in ("a", "b"):
        for i in range(4):
            path = tmp_path / "music" / label / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, white_noise(0.5, random_state=i), RATE)
            names.append(f"{label}/{i}")
    told = [float(name[0] == "a") for name in names]
    pd.DataFrame({"recording": names, "e0": told, "e1": 0.0}).to_parquet(tmp_path / "e.parquet", index=False)
    return tmp_path


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_judges_joined_columns_alone_and_beside(music):
    words = [
        "evaluate",
        music / "music",
        "--join",
        music / "e.parquet",
        "-c",
        "knn1",
        "--cv",
        2,
        "--repeats",
        1,
    ]
    alone = run(*words, "--set", "none", "-q")
    assert alone.exit_code == 0, alone.output
    assert "features      e.parquet, 2 columns" in alone.stdout
    assert "100.0%" in alone.stdout
    beside = run(*words, "--set", "timbre19", "-q")
    assert beside.exit_code == 0, beside.output
    assert "features      timbre19 + e.parquet, 21 columns" in beside.stdout


def test_the_command_refuses_what_cannot_be_joined(music):
    words = ["evaluate", music / "music", "-q"]
    done = run(*words, "--set", "none")
    assert done.exit_code == 2
    assert "--set none leaves nothing to learn from; give --join too." in done.stderr
    pd.DataFrame({"recording": ["a/0"], "e0": [1.0]}).to_parquet(music / "few.parquet", index=False)
    done = run(*words, "--join", music / "few.parquet")
    assert done.exit_code == 2
    assert "7 of 8 recordings have no row" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_csv_that_extract_writes_is_joined_and_columns_can_be_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i in range(8):
        label = "hiss" if i % 2 else "loud"
        (tmp_path / "music" / label).mkdir(parents=True, exist_ok=True)
        soundfile.write(f"music/{label}/{i}.wav", white_noise(0.5, random_state=i) * (1 + i % 2) / 2, RATE)

    def run(*words):
        return CliRunner().invoke(main, [*words, "-q"])

    for table_file in ("t.csv", "t.parquet"):
        assert run("extract", "music", "--set", "timbre19", "-o", table_file).exit_code == 0
    words = ["evaluate", "music", "--set", "none", "--repeats", "1", "-c", "knn1", "--join"]
    said = [run(*words, file).stdout.replace(file, "t") for file in ("t.csv", "t.parquet")]
    assert said[0] == said[1]
    assert "features      t, 19 columns" in said[0]
    frame = pd.read_csv("t.csv").reset_index(names="Unnamed: 0")
    frame.assign(filename="x.wav").to_csv("more.csv", index=False)
    done = run(*words, "more.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "the column 'filename' holds no numbers" in done.stderr
    assert "leave it out (--drop 'filename'; in Python drop=['filename'])" in done.stderr
    done = run(*words, "more.csv", "--drop", "filename")
    assert "warning: columns that alone give the label away: 'Unnamed: 0' numbers the rows" in done.stdout
    assert "warning: columns that alone give the label away: 'Unnamed: 0' numbers the rows" in done.stderr
    done = run(*words, "more.csv", "--drop", "filename", "--drop", "Unnamed: 0")
    assert "give the label away" not in done.stdout
    assert "19 columns" in done.stdout
    assert "unknown column 'file'" in run(*words, "more.csv", "--drop", "file").stderr
    assert "--drop is for columns of --join" in run("evaluate", "music", "--drop", "x").stderr
    (tmp_path / "broken.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    assert "broken.csv: cannot be read as CSV; give a Parquet or CSV file" in run(*words, "broken.csv").stderr
