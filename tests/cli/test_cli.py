"""The command line as a user meets it: results, words on standard error, exit codes."""

import csv
import errno
import io
import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from recordings import GTZAN100, needs_gtzan100
from signals import RATE, tone, white_noise

from gtzanfeat import array_backend, cli, join_columns, load_model, progress
from gtzanfeat.cli import demo_command, main, screen
from gtzanfeat.datasets import LAYOUTS, load_dataset
from gtzanfeat.datasets.synthetic import compose
from gtzanfeat.evaluation import PROTOCOLS
from gtzanfeat.export import read_metadata, read_table
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.recipes import RECIPES
from gtzanfeat.version import __version__


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])


def commands(group=main, words=()):
    """Yield the words of every command, subcommands and all."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield *words, name


@pytest.fixture
def music(tmp_path, monkeypatch):
    """Two classes of four clips in the folder "music" of the working directory."""
    monkeypatch.chdir(tmp_path)
    for i in range(4):
        for label, samples in (("hiss", white_noise(1, random_state=i)), ("hum", tone(200 + 50 * i, 1))):
            path = tmp_path / "music" / label / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, samples, RATE)
    return tmp_path


@pytest.fixture
def broken(music):
    """The same, and one file that is no recording."""
    (music / "music" / "hum" / "9.wav").write_text("nothing")
    return music


BROKEN = (
    "gtzanfeat: failed: music/hum/9.wav: libsndfile cannot read it (Format not recognised); "
    "convert it, e.g. `ffmpeg -i IN -ar 22050 -ac 1 OUT.wav`, or leave it out"
)

# --- the program -------------------------------------------------------------------------------------


def test_it_runs_as_a_module():
    words = [sys.executable, "-m", "gtzanfeat", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"gtzanfeat {__version__}\n", "")


def test_the_program_alone_shows_what_there_is():
    done = run()
    assert done.exit_code == 0
    for name in ("demo", "extract", "evaluate", "features", "datasets", "cache"):
        assert f"\n  {name} " in done.stdout
    assert "\n  synthesize " in run("datasets").stdout
    assert "\n  prune " in run("cache").stdout


@pytest.mark.parametrize("words", [*commands()], ids=" ".join)
def test_every_command_explains_itself(words):
    done = run(*words, "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: gtzanfeat {' '.join(words)} ")


def test_help_lists_classifiers_and_protocols():
    done = run("evaluate", "-h")
    for name in (*RECIPES, *PROTOCOLS):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["xyz"], "No such command 'xyz'. See 'gtzanfeat --help'."),
        (["extract", "a.wav"], "Missing option '--output' / '-o'. See 'gtzanfeat extract --help'."),
        (
            ["evaluate", ""],
            "Invalid value for 'DATASET': the path is empty. See 'gtzanfeat evaluate --help'.",
        ),
        (["evaluate"], "Missing argument 'DATASET'. See 'gtzanfeat evaluate --help'."),
        (
            ["evaluate", ".", "--jobs", "0"],
            "Invalid value for '--jobs' / '-j': 0 workers would never finish; give 1 or more, or -1 for one "
            "per core. See 'gtzanfeat evaluate --help'.",
        ),
        (
            ["evaluate", "music", "--segments", "nan"],
            "Invalid value for '--segments': nan is no number of seconds. See 'gtzanfeat evaluate --help'.",
        ),
        (
            ["extract", "a.wav", "-o", "a.csv", "--segments", "1", "--hop", "inf"],
            "Invalid value for '--hop': inf is no number of seconds. See 'gtzanfeat extract --help'.",
        ),
        (
            ["evaluate", "music", "--segments", "0.5", "--importance", "family"],
            "importance is of named columns; give an estimator of clip vectors (ClipFeatures)",
        ),
        (
            ["extract", "a.wav", "-o", "a.xls"],
            "unknown table format '.xls'. Known: .parquet, .csv.",
        ),
        (
            ["extract", "a.wav", "-o", "nowhere/a.csv"],
            "nowhere/a.csv: there is no folder nowhere; make it first",
        ),
        (
            ["evaluate", ".", "--layout", "gtzen"],
            f"unknown dataset layout 'gtzen'. Known: {', '.join(LAYOUTS)}. Did you mean 'gtzan'?",
        ),
        (
            ["evaluate", "music", "--protocol", "randon"],
            f"unknown protocol 'randon'. Known: {', '.join(PROTOCOLS)}. Did you mean 'random'?",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_one_line_and_exit_code_2(music, words, line):
    done = run(*words)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"gtzanfeat: error: {line}\n")


@pytest.mark.parametrize(
    ("what", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "\ngtzanfeat: interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
        (
            OSError(errno.ENOSPC, "No space left on device", "x.csv"),
            2,
            "gtzanfeat: error: x.csv: No space left on device\n",
        ),
        (click.FileError("x.csv", "too odd"), 2, "gtzanfeat: error: Could not open file 'x.csv': too odd\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception | KeyboardInterrupt) else "",
)
def test_every_other_end_is_without_a_traceback(monkeypatch, what, code, line):
    def end(*args, **options):
        raise what

    monkeypatch.setattr(screen, "table", end)
    done = run("features")
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", line)


@pytest.mark.parametrize("words", ["features", "--help"])
def test_a_closed_output_is_no_bug(words):
    code = f"import sys; sys.stdout = None; from gtzanfeat.cli import main; main(['{words}'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(screen, "table", lambda *args, **options: 1 / 0)
    assert isinstance(run("features").exception, ZeroDivisionError)


def test_an_interrupted_process_does_not_wait_for_its_workers(monkeypatch):
    ends = []
    monkeypatch.setattr(cli.os, "_exit", ends.append)
    monkeypatch.setattr(main, "main", lambda: sys.exit(130))
    with pytest.raises(SystemExit):
        main()
    assert ends == [130]


# --- extract -----------------------------------------------------------------------------------------


def test_extract_writes_one_row_per_clip(music):
    done = run("extract", "music", "--set", "timbre19", "-o", "features.parquet")
    spec = FEATURE_SETS["timbre19"].spec_hash
    expected = f"features.parquet: 8 of 8 clips, 19 columns of timbre19 (spec {spec})\n"
    assert (done.exit_code, done.stdout, done.stderr) == (0, expected, "")
    frame = pd.read_parquet("features.parquet")
    assert frame["path"].tolist() == [f"music/{label}/{i}.wav" for label in ("hiss", "hum") for i in range(4)]
    assert np.isfinite(frame[list(FEATURE_SETS["timbre19"].columns)]).all(axis=None)


@pytest.fixture
def cut(music):
    """The same eight clips, of which two end before their headers say."""
    for name in ("music/hum/1.wav", "music/hiss/0.wav"):
        (music / name).write_bytes((music / name).read_bytes()[:30_000])
    return music


@pytest.mark.parametrize("words", [(), ("--segments", "0.5")])
def test_extract_counts_truncated_clips(cut, words):
    done = run("extract", "music", "--set", "timbre19", "-o", "features.parquet", *words)
    assert done.exit_code == 0
    assert done.stdout.endswith("), 2 truncated\n")


def test_check_counts_truncated_files(cut):
    done = run("datasets", "check", "music")
    line = "truncated: 2 files (music/hiss/0.wav, music/hum/1.wav)\n"
    assert (done.exit_code, done.stdout.count(line)) == (0, 1)


def test_extract_does_not_depend_on_jobs(music):
    for jobs in (1, 2):
        assert run("extract", "music", "-o", f"{jobs}.parquet", "--jobs", jobs).exit_code == 0
    assert (music / "1.parquet").read_bytes() == (music / "2.parquet").read_bytes()


def test_extract_takes_files(music):
    files = ["music/hum/3.wav", "music/hiss/0.wav"]
    assert run("extract", *files, "-o", "features.csv", "--set", "timbre19").exit_code == 0
    clips, _ = read_table("features.csv")
    assert clips.paths.tolist() == clips.recordings.tolist() == files
    assert clips.labels.tolist() == [None, None]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["music", "music/hum/0.wav"],
            "music: a dataset must stand alone; give one, or any number of audio files",
        ),
        (
            ["music/hum/0.wav", "--layout", "folder"],
            "a layout is for a dataset; leave --layout out for audio files",
        ),
    ],
)
def test_extract_takes_one_dataset_or_files(music, words, line):
    done = run("extract", *words, "-o", "features.csv")
    assert (done.exit_code, done.stderr) == (2, f"gtzanfeat: error: {line}\n")


def test_extract_quotes_formulas_where_it_is_told_to(music):
    Path("music/hum/0.wav").rename("music/hum/=1+1.wav")
    done = run("extract", "music", "--set", "timbre19", "-o", "f.csv", "--quote-formulas")
    assert done.exit_code == 0
    assert pd.read_csv("f.csv")["recording"].tolist()[7] == "hum/=1+1"  # no formula, after a folder
    assert run("extract", "=1+1.wav", "-o", "g.csv", "--quote-formulas").exit_code == 2
    shutil.copy("music/hum/=1+1.wav", "=1+1.wav")
    assert run("extract", "=1+1.wav", "--set", "timbre19", "-o", "g.csv", "--quote-formulas").exit_code == 0
    assert pd.read_csv("g.csv")["path"].tolist() == ["'=1+1.wav"]
    assert read_table("g.csv")[0].paths.tolist() == ["=1+1.wav"]
    done = run("extract", "=1+1.wav", "-o", "g.parquet", "--quote-formulas")
    line = "g.parquet: formulas are quoted in CSV only; leave quote_formulas out"
    assert (done.exit_code, done.stderr) == (2, f"gtzanfeat: error: {line}\n")


@pytest.mark.parametrize("command", ["extract", "evaluate"])
def test_help_tells_what_becomes_of_the_last_partial_window(command):
    words = " ".join(run(command, "--help").stdout.split())
    assert "The last partial window is left out" in words or "the last partial window of a recording" in words


def test_extract_replaces_a_table_only_when_told(music):
    words = ["extract", "music", "--set", "timbre19", "-o", "features.csv"]
    assert run(*words).exit_code == 0
    done = run(*words)
    line = "features.csv: the file exists already; choose another name or say overwrite (--overwrite)"
    assert (done.exit_code, done.stderr) == (2, f"gtzanfeat: error: {line}\n")
    done = run(*words, "--overwrite", "--quiet")
    assert (done.exit_code, done.output) == (0, "")


def test_extract_lists_what_failed(broken):
    done = run("extract", "music", "--set", "timbre19", "-o", "features.parquet", "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"{BROKEN}\n")
    assert len(read_table("features.parquet")[0]) == 8
    assert [clip["path"] for clip in read_metadata("features.parquet")["failures"]] == ["music/hum/9.wav"]


def test_extract_stops_where_it_is_told_to(broken):
    done = run("extract", "music", "--set", "timbre19", "-o", "features.parquet", "--on-error", "raise")
    assert (done.exit_code, done.stderr) == (2, BROKEN.replace("failed", "error") + "\n")
    assert not (broken / "features.parquet").exists()


def test_notes_are_for_those_who_want_them(music):
    soundfile.write("music/hum/0.flac", tone(200, 1), RATE)
    words = ["extract", "music", "--set", "timbre19", "-o", "features.csv", "--overwrite"]
    assert run(*words).stderr.startswith("gtzanfeat: note: left out, because hum/0.wav is the same recording")
    assert run(*words, "--quiet").stderr == ""


def test_extract_counts_copies(music):
    soundfile.write("music/hum/0.flac", tone(200, 1), RATE)
    soundfile.write("music/hum/1.flac", white_noise(1), RATE)  # another sound under the name of 1.wav
    done = run("extract", "music", "--set", "timbre19", "-o", "features.parquet")
    spec = FEATURE_SETS["timbre19"].spec_hash
    expected = f"9 of 9 clips, 19 columns of timbre19 (spec {spec}); copies left out: 1\n"
    assert (done.exit_code, done.stdout) == (0, f"features.parquet: {expected}")
    assert read_metadata("features.parquet")["copies"] == ["music/hum/0.flac"]
    assert read_table("features.parquet")[0].copies == ("music/hum/0.flac",)


# --- evaluate ----------------------------------------------------------------------------------------

QUICK = ("--classifier", "knn1", "--cv", "2", "--repeats", "1")


def test_evaluate_prints_the_score_and_what_qualifies_it(music):
    done = run("evaluate", "music", "--set", "timbre19", *QUICK, "--seed", "3")
    assert done.exit_code == 0
    for words in (
        "random: stratified 2-fold",
        "seed          3",
        "accuracy      100.0%",
        "columns are the truth",
    ):
        assert words in done.stdout
    assert FEATURE_SETS["timbre19"].spec_hash in done.stdout
    # the report may have gone to a file: its warnings are told, too
    assert "artists are unknown" in done.stdout
    assert done.stderr.startswith("gtzanfeat: warning: ")
    assert "artists are unknown" in done.stderr


def test_evaluate_takes_a_table_that_extract_wrote(music):
    run("extract", "music", "--set", "timbre19", "-o", "features.parquet")
    done = run("evaluate", "features.parquet", *QUICK)
    assert done.exit_code == 0
    report = run("evaluate", "music", "--set", "timbre19", *QUICK).stdout
    assert done.stdout == report
    done = run("evaluate", "features.parquet", "--set", "rhythm6", *QUICK)
    line = "features.parquet: it holds timbre19, not rhythm6; leave --set out, or give the recordings"
    assert (done.exit_code, done.stderr) == (2, f"gtzanfeat: error: {line}\n")


def test_evaluate_takes_a_manifest(music):
    rows = "".join(f"music/{label}/{i}.wav,{label}\n" for label in ("hiss", "hum") for i in range(4))
    (music / "list.csv").write_text(f"path,label\n{rows}")
    done = run("evaluate", "list.csv", "--set", "timbre19", *QUICK)
    assert (done.exit_code, "(manifest)" in done.stdout) == (0, True)


def test_evaluate_explains_what_is_left_where_a_clip_failed(broken):
    done = run(
        "evaluate", "music", "--set", "timbre19", "--cv", 2, "--repeats", 1, "--importance", "family", "-q"
    )
    assert done.exit_code == 1, done.output
    assert BROKEN in done.stderr
    assert done.stdout.rstrip().endswith("(19 columns)")


def test_audit_looks_at_what_is_tagged_too(music):
    rows = [(f"music/hum/{i}.wav", "slow|loud" if i else "|", "Ella") for i in range(4)]
    pd.DataFrame(rows, columns=["path", "labels", "artist"]).to_csv("tagged.csv", index=False)
    done = run(
        "audit", "tagged.csv", "--no-near-duplicates", "--target", "labels", "--cv", 2, "--repeats", 1, "-q"
    )
    assert done.exit_code == 1, done.output
    assert "the same artist" in done.stdout
    assert "say target='labels'" in run("audit", "tagged.csv", "--no-near-duplicates", "-q").stderr


def test_evaluate_lists_what_failed_though_it_failed_before(broken):
    done = run("evaluate", "music", "--set", "timbre19", *QUICK)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (1, BROKEN)
    assert run("extract", "music", "--set", "timbre19", "-o", "features.csv").exit_code == 1
    again = run("evaluate", "features.csv", *QUICK)
    assert (again.exit_code, again.stderr.splitlines()[0]) == (1, BROKEN)
    assert again.stdout == done.stdout
    assert "clips         8 of 9 (folder), 2 classes\nnot used      1 failed\n  failed " in again.stdout
    done = run("evaluate", "music", "--set", "timbre19", *QUICK, "--on-error", "raise")
    assert (done.exit_code, done.stderr) == (2, BROKEN.replace("failed", "error") + "\n")


def test_evaluate_lists_what_failed_though_there_is_no_score(music):
    for path in (music / "music").rglob("*.wav"):
        path.write_bytes(b"")
    done = run("evaluate", "music", *QUICK)
    *failed, error = done.stderr.splitlines()
    assert (done.exit_code, len(failed)) == (2, 8)
    assert all(line.startswith("gtzanfeat: failed: music/") for line in failed)
    assert error.startswith("gtzanfeat: error: 8 of 8 clips failed (first music/hiss/0.wav: the file is emp")
    assert run("extract", "music", "-o", "features.csv").exit_code == 1
    done = run("evaluate", "features.csv", *QUICK)
    assert done.stderr.count("gtzanfeat: failed: music/") == 8


def test_a_full_disk_is_named(music, monkeypatch):
    def refuse(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    done = run("evaluate", "music", "--set", "timbre19", *QUICK, "--save", "result")
    line = "gtzanfeat: error: result: cannot be written (No space left on device)"
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, line)


def test_evaluate_refuses_a_folder_that_holds_a_result(music):
    words = ["evaluate", "music", "--set", "timbre19", *QUICK, "--save", "result"]
    assert run(*words).exit_code == 0
    done = run(*words)
    line = "evaluation.json: the file exists already; choose another name or say overwrite (--overwrite)"
    assert (done.exit_code, done.stderr) == (2, f"gtzanfeat: error: result/{line}\n")
    assert run(*words, "--overwrite").exit_code == 0


def test_evaluate_refuses_a_protocol_before_anything_is_analysed(music, monkeypatch):
    monkeypatch.setattr("gtzanfeat.extraction.extract", None)
    done = run("evaluate", "music", "--protocol", "artist")
    assert done.exit_code == 2
    assert done.stderr.startswith("gtzanfeat: error: artist needs the column 'artist'")


@pytest.fixture
def lone(music):
    """The same with a list of artists, of whom all hisses have one; and a third class."""
    for i in range(4):
        soundfile.write(music / "music" / f"beep {i}.wav", tone(900 + 50 * i, 1), RATE)
    names = [f"{label}/{i}.wav" for label in ("hiss", "hum") for i in range(4)]
    frame = pd.DataFrame({"path": [*names, *(f"beep {i}.wav" for i in range(4))]})
    frame["label"] = ["hiss"] * 4 + ["hum"] * 4 + ["beep, high"] * 4
    frame["artist"] = ["x"] * 4 + ["a", "a", "b", "b", "c", "c", "d", "d"]
    frame.to_csv(music / "music" / "list.csv", index=False)
    return music


def test_lone_and_other_classes_are_left_out_on_request(lone, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("gtzanfeat.extraction.extract", None)
        words = ["evaluate", "music/list.csv", "-p", "artist", "--repeats", "1", "--set", "timbre19", "-q"]
        done = run(*words)
        assert done.exit_code == 2
        assert "fewer than two artists (hiss)" in done.stderr
        assert "leave these classes out (--drop-lone, or --classes A,B;" in done.stderr
        done = run(*words, "--classes", "hum,hem")
        assert (done.exit_code, done.stderr) == (
            2,
            "gtzanfeat: error: unknown class 'hem'. Known: beep, high, hiss, hum. Did you mean 'hum'?\n",
        )
        assert "there is no name in it" in run(*words, "--classes", ",").stderr
    assert run("extract", "music/list.csv", "-o", "t.parquet", "--set", "timbre19", "-q").exit_code == 0
    said = []
    for dataset in ("music/list.csv", "t.parquet"):
        done = run("evaluate", dataset, *words[2:], "--drop-lone")
        assert done.exit_code == 0, done.stderr
        assert "not used      0 failed, 4 of classes with fewer than two artists (hiss)" in done.stdout
        done = run("evaluate", dataset, *words[2:], "--classes", 'hum, "beep, high"', "--json")
        assert done.exit_code == 0, done.stderr
        said.append(json.loads(done.stdout))
        assert said[-1]["left_out"] == {"of classes not chosen": 4}
    assert said[0]["metrics"] == said[1]["metrics"]  # the rows of the table are those of the clips
    words = [
        "audit",
        "music/list.csv",
        "-p",
        "artist",
        "--drop-lone",
        "--no-near-duplicates",
        "--json",
    ]
    done = run(*words)
    assert done.exit_code == 0
    left_out = json.loads(done.stdout)["left_out"]
    assert left_out == {"of classes with fewer than two artists (hiss)": 4}
    assert "note: 4 clips of classes with fewer than two artists (hiss) are left out" in done.stderr


# --- features ----------------------------------------------------------------------------------------


def test_features_lists_the_sets():
    lines = run("features").stdout.splitlines()
    assert lines[0].split() == ["set", "columns", "spec", "meaning"]
    for line, row in zip(lines[1:], FEATURE_SETS.values(), strict=True):
        assert line.split()[:3] == [row.name, str(len(row.columns)), row.spec_hash]
        assert line.endswith(row.doc)


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_features_explains_each_column_in_one_line_however_wide(name):
    done = run("features", name)
    assert "\x1b" not in done.stdout
    columns, _, parameters = done.stdout.partition("\n\n")
    lines = columns.splitlines()
    for line, row in zip(parameters.splitlines()[1:], FEATURE_SETS[name].parameter_table(), strict=True):
        assert line.split()[0] == row["feature"].split()[0]
        assert all(row[key] in line for key in ("parameter", "value", "default", "unit", "range", "meaning"))
    for line, row in zip(lines[1:], FEATURE_SETS[name].feature_table(), strict=True):
        for key in ("column", "unit", "hears", "formula", "source"):
            assert row[key] in line
        assert line == line.rstrip()


def test_features_in_a_narrow_window_are_blocks_with_whole_names(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        main(["features", "classic30"])
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 40
    columns, _, parameters = out.partition("\n\n")
    named = [line for line in columns.splitlines() if not line.startswith(" ")]
    assert named == list(FEATURE_SETS["classic30"].columns)
    assert "spectral_rolloff\n  parameter  spectrum\n" in parameters
    assert "  unit     " in lines[1]


def test_features_explains_a_feature_that_is_in_no_set():
    done = run("features", "librosa_mfcc")
    columns, _, parameters = done.stdout.partition("\n\n")
    assert [line.split()[0] for line in columns.splitlines()[1:]] == [
        f"librosa_mfcc_{q:02d}" for q in range(20)
    ]
    assert parameters.splitlines()[0].split() == ["parameter", "default", "unit", "range", "meaning"]
    found = {line.split()[0]: line.split()[1:] for line in parameters.splitlines()[1:]}
    assert found["n_mfcc"][:4] == ["20", "coefficients", "1", "or"]
    assert found["high_hz"][:4] == ["11025", "Hz", "above", "0"]
    assert found["mel"][:4] == ["slaney", "1", "slaney,", "htk"]
    assert set(found) == {"n_mfcc", "lifter", "bands", "low_hz", "high_hz", "mel", "floor"}
    assert run("features", "zcr").stdout.count("\n") == 2  # it takes none


def test_features_names_what_is_meant():
    done = run("features", "librosa_mfc")
    assert done.exit_code == 2
    assert done.stderr.startswith("gtzanfeat: error: unknown feature set or feature 'librosa_mfc'")
    assert done.stderr.endswith("Did you mean 'librosa_mfcc'?\n")


def test_features_as_csv():
    rows = list(csv.DictReader(io.StringIO(run("features", "classic30", "--csv").stdout)))
    assert rows == FEATURE_SETS["classic30"].feature_table()


# --- datasets ----------------------------------------------------------------------------------------


def test_check_says_what_is_there(music):
    done = run("datasets", "check", "music")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("music: layout folder, 8 clips, 0 min 8 s\n")
    assert "random    all       8      8           0" in done.stdout
    assert done.stdout.endswith("every clip that is there can be read\n")


def test_check_exits_with_1_if_nothing_is_there(tmp_path):
    rows = "".join(f"wav/{i}.wav,x\n" for i in range(1000))
    (tmp_path / "clips.csv").write_text(f"path,label\n{rows}")
    done = run("datasets", "check", tmp_path / "clips.csv")
    assert done.exit_code == 1
    assert done.stdout.endswith("wav/106 and 990 more)\nnone of the 1000 files is there\n")


def test_check_exits_with_1_if_a_recording_cannot_be_read(broken):
    done = run("datasets", "check", "music", "--jobs", "2")
    assert done.exit_code == 1
    assert "unreadable: music/hum/9.wav: libsndfile cannot read it" in done.stdout


def test_check_knows_gtzan(tmp_path):
    for clip in ("blues.00000", "blues.00001", "pop.00003"):
        path = tmp_path / clip.split(".")[0] / f"{clip}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, tone(seconds=0.1), RATE)
    done = run("datasets", "check", tmp_path)
    assert done.exit_code == 0
    assert "layout gtzan, 3 clips" in done.stdout
    assert "artist          all       948" in done.stdout
    assert "missing: 997 clips (blues 2-99, classical 0-99," in done.stdout
    assert "one artist only: blues;" in done.stdout
    done = run("datasets", "check", tmp_path, "--layout", "folder")
    assert "layout folder, 3 clips" in done.stdout


def test_synthesize_writes_a_dataset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["datasets", "synthesize", "corpus", "--per-style", "1", "--seconds", "0.5", "--seed", "7"]
    done = run(*words)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "corpus: 10 clips of 0.5 s, 10 styles, manifest.csv\n"
    clips = load_dataset("corpus")
    assert len(clips) == len(clips.classes) == 10
    samples, _ = soundfile.read(clips.paths[0], dtype="float32")
    np.testing.assert_array_equal(samples, compose(clips.labels[0], (7, 0), seconds=0.5).samples)
    assert run("datasets", "check", "corpus").exit_code == 0
    done = run(*words)
    assert (done.exit_code, "is not empty" in done.stderr) == (2, True)
    assert run(*words, "--overwrite", "--quiet").output == ""


# --- cache -------------------------------------------------------------------------------------------


def test_what_was_heard_once_is_not_decoded_again(music, monkeypatch):
    words = ["extract", "music", "--set", "timbre19", "--memory", "heard"]
    assert run(*words, "-o", "first.csv").exit_code == 0
    monkeypatch.setattr("gtzanfeat.extraction.parallel.blocks", None)
    assert run(*words, "-o", "second.csv").exit_code == 0
    assert (music / "first.csv").read_bytes() == (music / "second.csv").read_bytes()
    done = run("evaluate", "music", "--set", "timbre19", *QUICK, "--memory", "heard")
    assert (done.exit_code, "accuracy" in done.stdout) == (0, True)


def test_cache_says_what_is_there_and_takes_it_away(music):
    run("extract", "music", "--set", "timbre19", "--memory", "heard", "-o", "features.csv")
    done = run("cache", "info", "heard")
    assert (done.exit_code, done.stderr) == (0, "")
    heads, row, _, total = done.stdout.splitlines()
    assert heads.split() == ["set", "spec", "clips", "MB", "current"]
    assert row.split() == ["timbre19", FEATURE_SETS["timbre19"].spec_hash, "8", "0.01", "yes"]
    assert total == "heard: 8 results, 0.01 MB"
    done = run("cache", "prune", "heard", "--megabytes", "0.001")
    assert done.stdout == "heard: 7 results removed; 1 left, 0.00 MB\n"
    assert run("cache", "clear", "heard").stdout == "heard: 1 results removed\n"
    for words in (["info"], ["clear"], ["prune", "-m", "1"]):
        done = run("cache", words[0], "heard", *words[1:])
        line = "heard: it holds no cache; give the folder that was given as memory"
        assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"gtzanfeat: error: {line}\n")
    done = run("extract", "music", "--memory", "features.csv", "-o", "more.csv")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "features.csv: it cannot hold a cache" in done.stderr


# --- demo --------------------------------------------------------------------------------------------


def test_demo_goes_the_whole_way(tmp_path, monkeypatch):
    # as few clips as the protocols allow, and the quickest classifier
    monkeypatch.setattr(demo_command, "PER_STYLE", 2)
    monkeypatch.setattr(demo_command, "FOLDS", 2)
    monkeypatch.setattr(demo_command, "CONTESTS", (("knn1", "classic30"), ("knn1", "rhythm6")))
    monkeypatch.chdir(tmp_path)
    done = run("demo", "--jobs", "1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("20 clips in 10 styles by 20 artists, composed by rule.\n")
    assert "\nclassic30       30  knn1" in done.stdout
    assert "\nrhythm6          6  knn1" in done.stdout
    assert "rows are the truth, columns predicted" in done.stdout
    clips, extraction = read_table("gtzanfeat-demo/features.parquet")
    assert (len(clips), extraction.values.shape) == (20, (20, 30))
    assert (tmp_path / "gtzanfeat-demo" / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")
    assert run("demo", "--jobs", "1", "--seed", "1").exit_code == 0  # an earlier demo is replaced
    assert sorted(path.name for path in (tmp_path / "gtzanfeat-demo").iterdir()) == [
        "confusion_matrix.png",
        "features.parquet",
    ]


# --- for programs ------------------------------------------------------------------------------------


def document(done, code=0):
    """Return what was printed as JSON: one document, which knows no NaN."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    assert done.exit_code == code, done.stderr
    return json.loads(done.stdout, parse_constant=refuse)


def test_json_of_a_score_holds_all_that_the_text_says(music):
    words = ["evaluate", "music", "--set", "timbre19", *QUICK, "--json"]
    done = run(*words)
    found = document(done)
    assert (found["accuracy"], found["protocol"], found["n_columns"]) == (1.0, "random", 19)
    assert found["metrics"][0] == {
        "metric": "accuracy",
        "value": 1.0,
        "low": 1.0,
        "high": 1.0,
        "baseline": 0.5,
    }
    assert found["spread_repeats"] is None  # of one repeat
    assert (found["robustness"], found["importance"]) == ([], None)
    assert all(line.startswith("gtzanfeat: warning: ") for line in done.stderr.splitlines())
    more = document(run(*words, "--importance", "family", "--degrade", "gain=-6"))
    assert more.keys() == found.keys()  # whatever was asked
    assert [row["group"] for row in more["importance"]["table"]] == ["timbre"]
    assert [row["strength"] for row in more["robustness"][0]["table"]] == [None, -6.0]


def test_json_of_a_comparison_ranks_and_tests(music):
    for name in ("timbre19", "rhythm6"):
        run("evaluate", "music", "--set", name, *QUICK, "--save", name, "-q")
    found = document(run("compare", "timbre19", "rhythm6", "--json"))
    assert (found["task"], found["target"], found["metric"]) == ("single-label", "label", "accuracy")
    best, other = found["results"]
    assert (best["result"], best["score"], best["difference"], best["p_t"]) == ("timbre19", 1.0, 0.0, None)
    assert other["paired"] is True
    assert {"low", "high", "folds_lost", "t", "p_t", "p_mcnemar", "warnings"} < other.keys()
    columns = next(row for row in found["differences"] if row["setting"] == "columns")
    assert columns == {"result": "rhythm6", "setting": "columns", "value": "6", "value_of_first": "19"}
    assert found["per_class"]["timbre19"]["hum"]["f1"] == 1.0


def test_json_of_features_and_of_a_dataset(music):
    sets = document(run("features", "--json"))["feature_sets"]
    assert [row["name"] for row in sets] == list(FEATURE_SETS)
    found = document(run("features", "classic30", "--json"))
    assert found["spec_hash"] == FEATURE_SETS["classic30"].spec_hash
    assert (found["n_columns"], found["rate"]) == (30, 22050)
    assert found["columns"] == FEATURE_SETS["classic30"].feature_table()
    assert run("features", "--json", "--csv").exit_code == 2
    (music / "music" / "hum" / "9.wav").write_text("nothing")
    found = document(run("datasets", "check", "music", "--json"), code=1)
    assert (found["n_clips"], found["n_found"], found["ok"]) == (9, 9, False)
    assert found["classes"] == {"hiss": 4, "hum": 5}
    assert [clip["recording"] for clip in found["unreadable"]] == ["hum/9"]
    assert found["protocols"][0] == {
        "protocol": "random",
        "part": "all",
        "known": 9,
        "found": 9,
        "unreadable": 1,
    }


@pytest.mark.parametrize("words", ["evaluate nowhere", "audit nowhere", "compare a b", "features no-set"])
def test_json_of_an_error_is_nothing(words, music):
    done = run(*words.split(), "--json")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)


# --- the main job, on real recordings ----------------------------------------------------------------


@needs_gtzan100
def test_real_recordings_from_folder_to_table_to_score(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for jobs in (1, 2):
        words = ["extract", GTZAN100, "--set", "tzanetakis2002", "-o", f"{jobs}.parquet", "--jobs", jobs]
        assert run(*words).exit_code == 0
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    clips, extraction = read_table("1.parquet")
    assert extraction.values.shape == (100, 30)
    assert np.isfinite(extraction.values).all()
    assert clips.name == "gtzan"
    done = run("evaluate", "1.parquet", "--classifier", "gmm3", "--repeats", "1")
    assert done.exit_code == 0
    assert "these 100 clips confound artist and genre" in done.stdout
    assert "these 100 clips confound artist and genre" in done.stderr


# --- what is shown while one waits -------------------------------------------------------------------


def test_progress_is_for_those_who_want_it(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    for watched, quiet, shown in ((False, False, False), (True, True, False), (True, False, True)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda watched=watched: watched)
        with screen.progress("counting", 3, quiet) as advance:
            for _ in range(3):
                advance(1)
        out, err = capsys.readouterr()
        assert out == ""
        assert bool(err) == shown


def test_where_nobody_watches_there_is_a_line_now_and_then(monkeypatch, capsys):
    said, heard = screen.say, threading.Event()
    monkeypatch.setattr(screen, "say", lambda sentence: (said(sentence), heard.set()))
    monkeypatch.setattr(progress, "EVERY", 0.01)
    with screen.progress("counting", 3, quiet=False) as advance:
        advance(1)
        assert heard.wait(30)
    line = capsys.readouterr().err.splitlines()[0]
    assert re.fullmatch(r"gtzanfeat: counting: 1 of 3, about \d+ s left", line)
    monkeypatch.setattr(threading, "Thread", None)
    with screen.progress("counting", 3, quiet=True) as advance:
        advance(1)


def test_warnings_of_libraries_are_one_line_each(monkeypatch, capsys):
    screen.show_warning(UserWarning("this\n  and that"), UserWarning, "file.py", 1)
    assert capsys.readouterr().err == "gtzanfeat: warning: this and that\n"


def test_a_table_fits_the_window_and_keeps_every_word(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    screen.table(["name", "number"], [["[bold]plain[/] words " * 3, "12"]], right=["number"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 40
    assert out.count("[bold]plain[/]") == 3


def test_train_writes_a_model_that_inspect_explains(music):
    done = run("train", "music", "--set", "timbre19", "--cv", 2, "--repeats", 1, "-o", "model.gtz", "--quiet")
    assert done.exit_code == 0
    assert re.search(r"accuracy 100.0%, 95 % interval .*, protocol random", done.stdout)
    assert "trained on 8 clips: model.gtz" in done.stdout
    model = load_model("model.gtz")
    assert model.predict(["music/hum/0.wav", "music/hiss/0.wav"]).tolist() == ["hum", "hiss"]
    assert model.predict_proba(["music/hum/0.wav"]).shape == (1, 2)  # of an SVM, calibrated
    assert "clips of each: hiss (4), hum (4)" in run("inspect", "model.gtz").stdout
    record = document(run("inspect", "model.gtz", "--json"))
    assert record["labels"] == ["hiss", "hum"]
    assert record["evaluation"]["protocol"] == "random"
    again = run("train", "music", "-o", "model.gtz")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "model.gtz: the file exists already" in again.stderr


SMALL = ("--cv", 2, "--repeats", 1, "-o", "model.gtz", "--quiet", "--json")


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "timbre19", "--search", "classify__C=1,10", "--inner-cv", 2, "--cv", 4),
        ("--set", "timbre19", "--segments", 0.4),
        ("--recipe", "mfcc-gaussian"),
        ("--set", "timbre19", "--balanced", "--recipe", "linear-svm"),
    ],
)
def test_train_takes_what_evaluate_takes(music, words):
    record = document(run("train", "music", *SMALL, *words))
    assert record["labels"] == ["hiss", "hum"]
    assert load_model("model.gtz").predict(["music/hum/0.wav"]).tolist() == ["hum"]


def test_train_takes_tables_and_joined_columns(music):
    run("extract", "music", "--set", "timbre19", "-o", "timbre.parquet", "--quiet")
    run("extract", "music", "--set", "mfcc", "-o", "mfcc.parquet", "--quiet")
    record = document(run("train", "timbre.parquet", *SMALL))
    assert load_model("model.gtz").predict(["music/hum/0.wav"]).tolist() == ["hum"]
    assert record["joined_columns"] == []
    joined = ("--join", "mfcc.parquet", "--overwrite")
    record = document(run("train", "music", "--set", "timbre19", *joined, *SMALL))
    assert len(record["joined_columns"]) == 52
    assert record["feature_specs"][0]["name"] == "timbre19"
    assert (
        document(run("train", "timbre.parquet", *joined, *SMALL))["joined_columns"]
        == record["joined_columns"]
    )
    record = document(run("train", "music", "--set", "none", *joined, *SMALL))
    assert record["feature_specs"] == []
    clips = load_dataset("music")
    model = load_model("model.gtz")
    assert (model.predict(join_columns(clips, "mfcc.parquet")) == clips.labels).all()


def test_train_goes_on_without_broken_clips_and_says_so(broken):
    done = run("train", "music", "--set", "timbre19", "--cv", 2, "--repeats", 1, "-o", "model.gtz", "--quiet")
    assert done.exit_code == 1
    assert "trained on 8 clips" in done.stdout


# --- on a GPU ----------------------------------------------------------------------------------------


@pytest.fixture
def numpy_for_cupy(monkeypatch):
    """What a GPU would compute, computed by numpy."""
    monkeypatch.setitem(array_backend.BACKENDS, "cupy", array_backend.BACKENDS["numpy"])


@pytest.mark.parametrize("command", ["extract music -o t.parquet", "evaluate music --cv 2"])
def test_without_a_gpu_its_option_ends_in_one_line(music, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "cupy", None)
    done = run(*command.split(), "--gpu")
    assert done.exit_code == 2
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("gtzanfeat:"))
    assert "CuPy cannot be loaded" in line
    assert "pip install 'gtzanfeat[gpu]'" in line
    assert not (music / "t.parquet").exists()


def test_a_gpu_writes_the_same_table_and_its_name(music, numpy_for_cupy):
    for name, words in (("cpu", ()), ("gpu", ("--gpu", "--memory", "cache"))):
        assert run("extract", "music", "--set", "timbre19", "-o", f"{name}.parquet", *words).exit_code == 0
    (_, cpu), (_, gpu) = read_table("cpu.parquet"), read_table("gpu.parquet")
    np.testing.assert_allclose(gpu.values, cpu.values, rtol=1e-4, atol=1e-5)
    assert read_metadata("gpu.parquet")["array_backend"] == gpu.array_backend == f"numpy {np.__version__}"
    assert "array_backend" not in read_metadata("cpu.parquet")


def test_a_gpu_gives_the_same_score_and_is_on_record(music, numpy_for_cupy):
    command = ("evaluate", "music", "--set", "timbre19", "--cv", "2", "--json")
    cpu, gpu = (json.loads(run(*command, *words).stdout) for words in ((), ("--gpu",)))
    assert gpu["accuracy"] == cpu["accuracy"]
    assert gpu["versions"].pop("array_backend") == f"numpy {np.__version__}"
    assert gpu["versions"] == cpu["versions"]


@pytest.mark.parametrize(
    "words",
    ["extract music -o t.parquet --segments 0.5", "evaluate music --segments 0.5", "evaluate t.csv"],
)
def test_a_gpu_is_refused_where_it_would_compute_nothing(music, numpy_for_cupy, words):
    if "t.csv" in words:
        assert run("extract", "music", "--set", "timbre19", "-o", "t.csv").exit_code == 0
    done = run(*words.split(), "--gpu")
    assert done.exit_code == 2
    assert "--gpu is for" in done.stderr


def test_it_says_what_is_computed_on_a_gpu():
    found = json.loads(run("features", "classic30", "--json").stdout)
    assert found["on_gpu"] == [item.feature for item in FEATURE_SETS["timbre19"].items]
    assert json.loads(run("features", "beat", "--json").stdout)["on_gpu"] is False
