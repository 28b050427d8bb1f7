"""What nobody means to give: its defined value or its one-line error, from Python and from the shell."""

import os
import shutil

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, silence, tone

from gtzanfeat.cli import main
from gtzanfeat.datasets import check, load_dataset
from gtzanfeat.errors import ClipError, DatasetError, MissingClipError, UnknownNameError
from gtzanfeat.export import read_metadata, read_table
from gtzanfeat.extraction import extract
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.recipes import RECIPES, recipe
from gtzanfeat.transformers import ClipFeatures

AGAIN = "fetch the file again or leave it out"
CONVERT = "convert it, e.g. `ffmpeg -i IN -ar 22050 -ac 1 OUT.wav`, or leave it out"
NO_RECORDINGS = "no recordings in this folder; expected one folder per class, with audio files"

# file -> what is said of it
REFUSED = {
    "empty.wav": f"the file is empty; {AGAIN}",
    "text.wav": f"libsndfile cannot read it (Format not recognised); {CONVERT}",
    "header_only.wav": f"it holds no samples; {AGAIN}",
    "nan.wav": "it holds NaN samples; repair or replace them before the analysis",
}
# file -> its length in seconds, and what it is flagged with
ACCEPTED = {
    "truncated.wav": (1.0, "padded_65536 no_beat truncated"),
    "one_sample.wav": (1 / RATE, "padded_512 padded_1024 padded_65536 no_beat no_pitch"),
    "silence.wav": (2.0, "silent padded_65536 no_beat no_pitch"),
    "8_bit.wav": (2.0, "padded_65536 no_beat"),
    "24_bit_stereo_44100.wav": (2.0, "padded_65536 no_beat"),
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with one file of each kind; it is the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("This is not a recording.\n")
    soundfile.write("whole.wav", tone(), RATE)
    whole = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "header_only.wav").write_bytes(whole[:44])
    (tmp_path / "truncated.wav").write_bytes(whole[: 44 + 2 * RATE])  # one second of two
    soundfile.write("nan.wav", np.where(np.arange(tone().size) == 1000, np.nan, tone()), RATE, "FLOAT")
    soundfile.write("one_sample.wav", [0.5], RATE)
    soundfile.write("silence.wav", silence(), RATE)
    soundfile.write("8_bit.wav", tone(), RATE, "PCM_U8")
    finer = 0.5 * np.sin(2 * np.pi * 440 / 44100 * np.arange(2 * 44100))
    soundfile.write("24_bit_stereo_44100.wav", np.stack([finer, finer], axis=1), 44100, "PCM_24")
    return tmp_path


def shell(*words):
    """Run a command: its exit code and the lines of standard error."""
    done = CliRunner().invoke(main, [*words])
    return done.exit_code, done.stderr.splitlines()


# --- recordings that cannot be analysed --------------------------------------------------------------


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_python_raises_one_sentence(files, name, reason):
    with pytest.raises(ClipError) as caught:
        ClipFeatures("classic30").fit_transform([name])
    assert str(caught.value) == f"{name}: {reason}"


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_the_shell_says_the_same_and_exits_1_or_2(files, name, reason):
    words = ["extract", name, "-o", "features.parquet"]
    assert shell(*words, "--on-error", "raise") == (2, [f"gtzanfeat: error: {name}: {reason}"])
    assert not (files / "features.parquet").exists()
    assert shell(*words) == (1, [f"gtzanfeat: failed: {name}: {reason}"])
    assert read_metadata("features.parquet")["failures"] == [{"row": 0, "path": name, "reason": reason}]


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([0.0, np.nan, 0.5], REFUSED["nan.wav"]),
        ([0.0, -np.inf], "it holds infinite samples; repair or replace them before the analysis"),
        ([], f"it holds no samples; {AGAIN}"),
    ],
)
def test_an_array_that_cannot_be_analysed_is_told_by_its_number(samples, reason):
    with pytest.raises(ClipError) as caught:
        extract([tone(), np.array(samples)], "timbre19")
    assert str(caught.value) == f"clip 1: {reason}"


def test_good_clips_among_bad_ones_are_analysed(files):
    names = sorted([*REFUSED, *ACCEPTED])
    code, lines = shell("extract", *names, "-o", "features.csv")
    assert code == 1
    assert lines == [f"gtzanfeat: failed: {name}: {REFUSED[name]}" for name in names if name in REFUSED]
    clips, _ = read_table("features.csv")
    assert clips.paths.tolist() == sorted(ACCEPTED)


# --- recordings that can -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "expected"), ACCEPTED.items())
def test_odd_recordings_have_defined_values(files, name, expected):
    assert shell("extract", name, "-o", "features.parquet", "--set", "classic30") == (0, [])
    _, found = read_table("features.parquet")
    assert np.isfinite(found.values).all()
    assert (found.seconds[0], found.flags[0]) == (pytest.approx(expected[0], abs=0.5 / RATE), expected[1])
    assert found.values.tobytes() == extract([name]).values.tobytes()


def test_a_truncated_file_is_what_is_left_of_it(files):
    rest, _ = soundfile.read("whole.wav", frames=RATE)
    np.testing.assert_array_equal(extract(["truncated.wav"]).values, extract([rest]).values)


def test_silence_is_zeros(files):
    # float32 rounding in the cosine transform of 40 equal logarithms: at most 40 · 2.24 · 2^-24
    np.testing.assert_allclose(extract(["silence.wav"]).values, 0, atol=5.4e-6)


@pytest.mark.parametrize("name", ["8_bit.wav", "24_bit_stereo_44100.wav"])
def test_bits_rate_and_channels_make_little_difference(files, name):
    found, whole = extract([name, "whole.wav"]).values
    columns = FEATURE_SETS["classic30"].columns
    for column, tolerance in (("zcr_tmean", 0.01), ("pitch_up0", 0), ("spectral_rolloff_tmean", 43.1)):
        assert found[columns.index(column)] == pytest.approx(whole[columns.index(column)], abs=tolerance)


@pytest.mark.parametrize("command", [["extract", "-o", "features.csv"], ["evaluate"], ["datasets", "check"]])
def test_a_name_that_is_not_utf_8(files, command):
    (files / "music").mkdir()
    (files / "whole.wav").rename(files / "music" / "whole.wav")
    shutil.copy(files / "music" / "whole.wav", os.fsencode(files / "music") + b"/caf\xe9.wav")
    done = CliRunner().invoke(main, [*command, "music"])
    assert "note: left out, because a name is not UTF-8: caf\\xe9.wav" in done.output
    assert "Traceback" not in done.output
    assert done.exit_code == (2 if command == ["evaluate"] else 0)
    if command[0] == "extract":
        expected = "gtzanfeat: error: files: the path 'music/caf\\xe9.wav' is not UTF-8; rename it"
        assert shell("extract", os.fsdecode(b"music/caf\xe9.wav"), "-o", "f.csv") == (2, [expected])


# --- what is not there, and names that nothing has ---------------------------------------------------


def test_a_missing_recording(files):
    with pytest.raises(MissingClipError) as caught:
        extract(["no.wav"])
    assert str(caught.value) == "no.wav: there is no such file; check the path"
    expected = "gtzanfeat: error: no.wav: there is no such file or folder; check the path"
    assert shell("extract", "no.wav", "-o", "features.csv") == (2, [expected])
    assert shell("extract", "whole.wav", "no.wav", "-o", "features.csv") == (2, [expected])


def test_a_recording_that_a_manifest_misses(files):
    (files / "manifest.csv").write_text("path,label\nwhole.wav,jazz\nno.wav,pop\n")
    code, lines = shell("extract", "manifest.csv", "-o", "features.parquet", "--set", "timbre19")
    assert (code, lines) == (1, ["gtzanfeat: failed: no.wav: there is no such file; check the path"])


@pytest.mark.parametrize(
    "command",
    [["extract", "-o", "features.csv"], ["evaluate"], ["datasets", "check"]],
    ids=lambda words: words[0],
)
def test_a_missing_dataset_and_an_empty_folder(files, command):
    (files / "nothing").mkdir()
    with pytest.raises(DatasetError, match=f"^nothing: {NO_RECORDINGS}"):
        load_dataset("nothing")
    with pytest.raises(DatasetError, match="^nowhere: there is no such file or folder; check the path$"):
        check("nowhere")
    code, [line] = shell(*command, "nothing")
    assert (code, line.startswith(f"gtzanfeat: error: nothing: {NO_RECORDINGS}")) == (2, True)
    expected = "gtzanfeat: error: nowhere: there is no such file or folder; check the path"
    assert shell(*command, "nowhere") == (2, [expected])


def test_an_unknown_feature_set(files):
    words = (
        f"unknown feature set 'tzanetakis'. Known: {', '.join(FEATURE_SETS)}. Did you mean 'tzanetakis2002'?"
    )
    with pytest.raises(UnknownNameError) as caught:
        ClipFeatures("tzanetakis").fit([tone()])
    assert str(caught.value) == words
    for command in (
        ["extract", "whole.wav", "-o", "f.csv", "--set"],
        ["evaluate", ".", "--set"],
    ):
        assert shell(*command, "tzanetakis") == (2, [f"gtzanfeat: error: {words}"])
    code, (line,) = shell("features", "tzanetakis")  # it knows features too
    assert code == 2
    assert line.startswith(
        "gtzanfeat: error: unknown feature set or feature 'tzanetakis'. Known: tzanetakis2002, "
    )
    assert line.endswith("Did you mean 'tzanetakis2002'?")


def test_an_unknown_classifier(files):
    words = f"unknown recipe 'gmm33'. Known: {', '.join(RECIPES)}. Did you mean 'gmm3'?"
    with pytest.raises(UnknownNameError) as caught:
        recipe("gmm33")
    assert str(caught.value) == words
    assert shell("evaluate", ".", "--classifier", "gmm33") == (2, [f"gtzanfeat: error: {words}"])
