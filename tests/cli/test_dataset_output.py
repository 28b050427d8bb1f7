"""Folders as the command line writes them: lines, exit codes, and signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE
from small_datasets import features_of, write_music

from gtzanfeat.cli import main

LINE = "recordings, 19 columns of timbre19 (spec f72f9cb90c3cc69d)"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def music(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_music("music")
    return tmp_path


def test_a_name_without_suffix_is_a_folder_that_is_gone_on_with(music):
    first = run("extract", "music", "--set", "timbre19", "-o", "out", "--shard", "1/2")
    assert first.exit_code == 0
    assert first.stdout == f"out: 4 of 8 {LINE}, 1 silent; 4 are left to other shards\n"
    again = run("extract", "music", "--set", "timbre19", "-o", "out")
    assert again.exit_code == 1
    assert again.stdout == f"out: 7 of 8 {LINE}, 1 silent, 1 truncated, 1 duplicate, 1 undecodable\n"
    assert again.stderr.startswith("gtzanfeat: out: 4 of 8 recordings are done\n")
    assert again.stderr.splitlines()[-1].startswith("gtzanfeat: failed: music/hum/2.wav: libsndfile cannot")
    quiet = run("extract", "music", "--set", "timbre19", "-o", "out", "-q")
    assert (quiet.exit_code, quiet.stdout, len(quiet.stderr.splitlines())) == (1, "", 1)


def test_shards_are_merged(music):
    for shard in ("1/2", "2/2"):
        run("extract", "music", "--set", "timbre19", "-o", f"part{shard[0]}", "--shard", shard)
    missing = run("merge", "part1", "-o", "out")
    assert missing.exit_code == 2
    assert missing.stderr.startswith(
        "gtzanfeat: error: part1: 4 of 8 recordings are not there (shard 2 of 2)"
    )
    done = run("merge", "part1", "part2", "-o", "out")
    assert done.exit_code == 1
    assert done.stdout == f"out: 7 of 8 {LINE}, 1 silent, 1 truncated, 1 duplicate, 1 undecodable\n"
    run("merge", "out", "-o", "out.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), features_of("out"))


def test_windows_and_folders_of_any_name(music):
    words = (
        "extract",
        "music",
        "--set",
        "timbre19",
        "--segments",
        "0.1",
        "--dataset",
        "-o",
        "v1.2",
        "--hop",
        "0.05",
    )
    assert run(*words).exit_code == 1
    declared = json.loads(Path("v1.2", "dataset.json").read_text())
    assert (declared["level"], declared["options"]) == ("segments", {"segment_length": 2205, "hop": 1102})


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--shard", "3/2", "-o", "out"], "'3/2' is no shard; give one as 2/8, the second of eight."),
        (
            ["--timeout", "1", "-o", "out.csv"],
            "--shard and --timeout are for a folder; give -o a name without",
        ),
        (["--quote-formulas", "-o", "out"], "--quote-formulas is for CSV; a folder holds Parquet."),
        (["-o", "music"], "music: it holds other things (hiss); give a folder for the dataset alone"),
    ],
)
def test_mistakes_are_one_line(music, words, line):
    done = run("extract", "music", *words)
    assert done.exit_code == 2
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_ends_a_run_in_one_line_and_what_is_done_stays(tmp_path, number, code, word):
    for i in range(3):
        path = tmp_path / "music" / "noise" / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        length = RATE * (600 if i == 2 else 1)  # the last takes seconds
        soundfile.write(path, np.random.default_rng(i).integers(-9000, 9000, length, dtype=np.int16), RATE)
    script = (
        # which is ignored by what a shell runs behind it, and by all that this starts
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from gtzanfeat.cli import main\nfrom gtzanfeat.export.dataset import dataset_extraction, parts\n"
        "dataset_extraction.CLIPS_PER_TASK, parts.PART_ROWS = 1, 1\nmain()\n"
    )
    words = [sys.executable, "-c", script, "extract", "music", "--set", "classic30", "-o", "out"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and len(list(tmp_path.glob("out/ledger/*"))) < 2:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.stderr.read().splitlines()[-1] == f"gtzanfeat: {word}"
    assert process.returncode == code
    assert len(features_of(tmp_path / "out")) == 2
    assert os.listdir(tmp_path / "out" / "features")
