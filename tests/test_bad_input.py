"""What nobody means to give: its defined value or its one-line error, from Python and from the shell."""

import errno
import io
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, silence, tone

from gtzanfeat.audio import Clip, load_audio
from gtzanfeat.augmentation import degrade_clips
from gtzanfeat.cli import main
from gtzanfeat.datasets import ClipTable, check, load_dataset
from gtzanfeat.errors import ClipError, DatasetError, MissingClipError, UnknownNameError
from gtzanfeat.evaluation import Experiment, audit, evaluate
from gtzanfeat.export import join_columns, read_metadata, read_table, write_table
from gtzanfeat.extraction import extract
from gtzanfeat.extraction.fingerprints import fingerprints
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.inspection import reproduce
from gtzanfeat.recipes import RECIPES, recipe
from gtzanfeat.report import BeatHistogramDisplay
from gtzanfeat.segments import SegmentClassifier, segment_table
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

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


# --- what is no file ---------------------------------------------------------------------------------

# name -> what is said of it
NO_FILES = {
    "closed.wav": "it cannot be opened (Permission denied); check the path and its permissions",
    "device.wav": "it is not a regular file; save the sound to a file first",
    "link.wav": "it is a link to elsewhere.wav, which is not there; restore that file, or leave this one out",
    "loop.wav": "it cannot be opened (Too many levels of symbolic links); check the path and its permissions",
    "pipe.wav": "it is not a regular file; save the sound to a file first",
}


@pytest.fixture
def no_files(tmp_path, monkeypatch):
    """Two folders of recordings; in one is also what bears such a name, a pipe that never ends among it."""
    monkeypatch.chdir(tmp_path)
    for label in "ab":
        os.makedirs(f"music/{label}")
        for i in range(2):
            soundfile.write(f"music/{label}/{i}.wav", tone(200 + 50 * i, 0.2), RATE)
    os.mkfifo("music/a/pipe.wav")
    os.symlink("/dev/zero", "music/a/device.wav")
    os.symlink("elsewhere.wav", "music/a/link.wav")
    os.symlink("loop.wav", "music/a/loop.wav")
    os.mkdir("music/a/folder.wav")
    soundfile.write("music/a/closed.wav", tone(150, 0.2), RATE)
    opened = Path.open

    def refuse(path, *args, **options):  # as for anybody but root after chmod 0
        if path.name == "closed.wav":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    return [f"music/a/{name}" for name in NO_FILES]


def test_what_is_no_file_fails_alone_and_holds_nobody_up(no_files):
    expected = [f"gtzanfeat: failed: {path}: {NO_FILES[path[8:]]}" for path in no_files]
    for words in (["music"], no_files, ["music", "--memory", "heard"]):
        name = f"{len(words)}.parquet"
        assert shell("extract", *words, "--set", "timbre19", "-o", name, "--overwrite") == (1, expected)
    for path, line in zip(no_files, expected, strict=True):
        assert shell("extract", path, "--set", "timbre19", "-o", "f.csv", "--overwrite") == (1, [line])
    with pytest.raises(ClipError, match="it is a folder; give a file, or load the folder with load_dataset"):
        extract(["music/a/folder.wav"])


def test_what_is_no_file_is_checked_and_compared_without_waiting(no_files):
    done = CliRunner().invoke(main, ["datasets", "check", "music"])
    for path in set(no_files) - {"music/a/link.wav"}:
        assert f"unreadable: {path}: {NO_FILES[path[8:]].split(';')[0]}\n" in done.output
    assert "missing: 1 clips (a/link)" in done.output
    done = CliRunner().invoke(main, ["audit", "music", "--cv", "2", "--repeats", "1"])
    assert "note: 5 of 9 files cannot be read, so their sound was not compared" in done.output


# --- what stands for a clip, at every door -----------------------------------------------------------

CLIP = tone(300, 1).astype(np.float32)
AS_A_CLIP = {
    "mapping": lambda file: {"array": CLIP, "sampling_rate": RATE, "path": "a.wav"},
    "mapping of a list": lambda file: {"array": CLIP.tolist(), "sampling_rate": RATE},
    "samples and rate": lambda file: (CLIP, RATE),
    "numpy rate": lambda file: (CLIP, np.int64(RATE)),
    "open file": lambda file: io.FileIO(file),
    "bytes of a file": lambda file: io.BytesIO(Path(file).read_bytes()),
    "path": Path,
}
TABLE_OF_CLIPS = "give load_dataset(folder), or ClipTable(frame, name) of a data frame"
NO_CLIP = {
    "bytes is not a clip; give os.fsdecode(path) for a path, or io.BytesIO(data)": lambda: b"a.wav",
    "bytearray is not a clip; give os.fsdecode(path)": lambda: bytearray(CLIP),
    "its rate stands before its samples; give (samples, rate)": lambda: (RATE, CLIP),
    "samples of shape (2, 22050) are not one mono clip; mix the channels": lambda: (
        np.stack([CLIP, CLIP]),
        RATE,
    ),
    'it is a mapping with the keys path, bytes; give {"array": samples': lambda: {
        "path": "a.wav",
        "bytes": b"",
    },
    "a sample rate of '22050' makes no sense": lambda: {"array": CLIP, "sampling_rate": "22050"},
    'it is open as text; open it in mode "rb"': lambda: io.StringIO("a"),
    "list is not a clip; give a path, a gtzanfeat.Clip or a 1-D array": lambda: [CLIP, RATE],
    "NoneType is not a clip; give a path": lambda: None,
}


def segments(clips):
    windows = SegmentClassifier("knn1", segment_seconds=0.5, feature_set="timbre19")
    return windows.fit([CLIP, -CLIP], ["a", "b"]).predict(clips)


DOORS = {
    "load_audio": lambda clip: load_audio(clip),
    "Clip": lambda clip: load_audio(Clip(clip)),
    "extract": lambda clip: extract([clip], "timbre19").values,
    "ClipFeatures": lambda clip: ClipFeatures("timbre19").fit_transform([clip]),
    "FrameFeatures": lambda clip: FrameFeatures("mfcc").fit_transform([clip])[0],
    "degrade_clips": lambda clip: extract(degrade_clips([clip], "gain", 0), "timbre19").values,
    "SegmentClassifier": lambda clip: segments([clip]),
    "BeatHistogramDisplay": lambda clip: BeatHistogramDisplay.from_clip(clip).histogram,
}


@pytest.mark.parametrize("door", DOORS)
def test_whatever_stands_for_a_clip_is_one_at_every_door(tmp_path, door):
    soundfile.write(tmp_path / "a.wav", CLIP, RATE, "FLOAT")
    expected = DOORS[door]((CLIP, RATE))
    for words, make in AS_A_CLIP.items():
        source = make(tmp_path / "a.wav")
        np.testing.assert_array_equal(DOORS[door](source), expected, err_msg=words)
        getattr(source, "close", lambda: None)()


@pytest.mark.parametrize("door", DOORS)
def test_what_comes_near_one_is_told_in_one_sentence_at_every_door(door):
    for words, make in NO_CLIP.items():
        with pytest.raises(ClipError, match=re.escape(words)) as caught:
            DOORS[door](make())
        assert str(caught.value).count(";") == 1


@pytest.mark.parametrize("make", AS_A_CLIP.values(), ids=AS_A_CLIP)
def test_one_clip_is_no_list_of_clips(tmp_path, make):
    soundfile.write(tmp_path / "a.wav", CLIP, RATE, "FLOAT")
    source = make(tmp_path / "a.wav")
    for door in (extract, ClipFeatures("timbre19").fit_transform, FrameFeatures("mfcc").fit_transform):
        with pytest.raises(ClipError, match=r"it is one clip; give a list, even of one: \[clip\]"):
            door(source)
    getattr(source, "close", lambda: None)()


def test_a_clip_of_what_says_its_rate_keeps_its_window():
    whole = Clip({"array": CLIP, "sampling_rate": RATE}, offset=0.5)
    np.testing.assert_array_equal(load_audio(whole), CLIP[RATE // 2 :])
    with pytest.raises(ClipError, match="another rate is said beside its own, 8000 Hz; leave `rate` out"):
        load_audio(Clip((CLIP, RATE), rate=8000))


@pytest.mark.parametrize(
    "given", ["music", [CLIP], {"path": ["a.wav"]}, None], ids=lambda given: str(type(given))
)
def test_what_is_no_table_of_clips_is_told_how_to_be_one(given):
    extraction = extract([CLIP], "timbre19")
    for door in (
        lambda: evaluate("knn1", given),
        lambda: Experiment("knn1", given),
        lambda: audit(given, [([0], [1])]),
        lambda: reproduce("tzanetakis2002", given),
        lambda: segment_table(given, "timbre19", 1.0),
        lambda: write_table(extraction, given, "f.csv"),
        lambda: join_columns(given, "f.parquet"),
    ):
        with pytest.raises(DatasetError, match=re.escape(f"is not a table of clips; {TABLE_OF_CLIPS}")):
            door()
    if not isinstance(given, str):
        with pytest.raises(DatasetError, match="is not a path; give that of a folder or of a manifest"):
            load_dataset(given)


def test_what_becomes_of_failures_is_said_in_the_same_words_at_every_door():
    clips = ClipTable(pd.DataFrame({"path": ["a.wav"], "label": ["a"], "recording": ["a"]}), "example")
    for word in ("nan", "empty", "ignore"):
        for door in (
            lambda word: extract([CLIP], "timbre19", on_error=word),
            lambda word: ClipFeatures("timbre19", on_error=word).fit_transform([CLIP]),
            lambda word: FrameFeatures("mfcc", on_error=word).fit_transform([CLIP]),
            lambda word: segment_table(clips, "timbre19", 1.0, on_error=word),
            lambda word: fingerprints([CLIP], on_error=word),
            lambda word: evaluate("knn1", clips, on_error=word),
        ):
            with pytest.raises(ValueError, match="on_error .*'raise' or 'skip'"):
                door(word)


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
        ["features"],
    ):
        assert shell(*command, "tzanetakis") == (2, [f"gtzanfeat: error: {words}"])


def test_an_unknown_classifier(files):
    words = f"unknown recipe 'gmm33'. Known: {', '.join(RECIPES)}. Did you mean 'gmm3'?"
    with pytest.raises(UnknownNameError) as caught:
        recipe("gmm33")
    assert str(caught.value) == words
    assert shell("evaluate", ".", "--classifier", "gmm33") == (2, [f"gtzanfeat: error: {words}"])
