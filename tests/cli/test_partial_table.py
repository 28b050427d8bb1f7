"""A run that is killed leaves a table of what was done, and the next one says how to go on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, tone

from gtzanfeat.cli import main
from gtzanfeat.errors import ExportError
from gtzanfeat.export import read_table, tables
from gtzanfeat.extraction import checkpoints

WORDS = ["extract", "music", "--set", "timbre19", "-o", "f.parquet"]
TO_GO_ON = "to go on where a run stopped, give --memory DIR, or a folder instead of a file"


@pytest.fixture
def music(tmp_path, monkeypatch):
    """Six clips, and a checkpoint after each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_SECONDS", 0.0)
    for i in range(6):
        Path("music", "low").mkdir(parents=True, exist_ok=True)
        soundfile.write(f"music/low/{i}.wav", tone(99 + i, 0.2), RATE)
    return tmp_path


def contents():
    return sorted(name for name in os.listdir() if name != "music")


KILLED = """
import os, sys
from gtzanfeat.cli import main
from gtzanfeat.export import tables
from gtzanfeat.extraction import checkpoints

checkpoints.CHECKPOINT_SECONDS = 0.0
make = tables._frame

def killed(extraction, clips):
    if len(clips) == 4:
        tables._frame = make  # a signal that can be caught comes once
        os.kill(os.getpid(), int(sys.argv[1]))
    return make(extraction, clips)

tables._frame = killed
main(sys.argv[2:])
"""


@pytest.mark.parametrize(
    ("how", "code", "words", "n_clips"),
    [
        (signal.SIGKILL, -9, "", 3),
        (signal.SIGTERM, 143, f"gtzanfeat: what was done is in f.part.parquet; {TO_GO_ON}\n", 4),
    ],
)
def test_a_killed_run_leaves_what_was_done(music, how, code, words, n_clips):
    command = [sys.executable, "-c", KILLED, str(int(how)), *WORDS, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    expected = words and f"{words}gtzanfeat: terminated\n"
    assert (done.returncode, done.stdout, done.stderr) == (code, "", expected)
    assert read_table("f.part.parquet")[0].recordings.tolist() == [f"low/{i}" for i in range(n_clips)]
    assert not Path("f.parquet").exists()
    again = CliRunner().invoke(main, WORDS)
    line = (
        "gtzanfeat: error: f.part.parquet: an earlier run was broken off and left here what it had; move it "
        f"away, or say overwrite (--overwrite); {TO_GO_ON}\n"
    )
    assert (again.exit_code, again.stderr) == (2, line)
    assert CliRunner().invoke(main, [*WORDS, "--overwrite"]).exit_code == 0
    assert [name for name in contents() if not name.endswith(".lock")] == ["f.parquet"]


@pytest.mark.parametrize("words", [(), ("--segments", "0.1")])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_done_can_be_read_at_any_moment_and_is_removed_in_the_end(music, monkeypatch, suffix, words):
    counts = []
    write = tables.write_table

    def written(extraction, clips, path, **how):
        write(extraction, clips, path, **how)
        counts.append((Path(path).name, len(read_table(path)[0])))

    monkeypatch.setattr("gtzanfeat.export.write_table", written)
    done = CliRunner().invoke(main, [*WORDS[:-1], f"f{suffix}", *words])
    assert done.exit_code == 0
    n_windows = 2 if words else 1
    parts = [(f"f.part{suffix}", n_windows * n) for n in range(1, 7)]
    assert counts == [*parts, (f"f{suffix}", n_windows * 6)]
    assert contents() == (["f.csv", "f.meta.json"] if suffix == ".csv" else ["f.parquet"])


def test_a_part_that_cannot_be_written_does_not_end_the_work(music, monkeypatch):
    write = tables.write_table

    def refused(extraction, clips, path, **how):
        if "part" in Path(path).name:
            raise ExportError(f"{path}: cannot be written (No space left on device)")
        return write(extraction, clips, path, **how)

    monkeypatch.setattr("gtzanfeat.export.write_table", refused)
    done = CliRunner().invoke(main, [*WORDS, "--quiet"])
    line = "f.part.parquet: cannot be written (No space left on device); the work goes on without"
    assert (done.exit_code, done.stderr.splitlines()[0]) == (0, f"gtzanfeat: warning: {line}")
    assert len(read_table("f.parquet")[0]) == 6


def test_a_recording_that_vanishes_is_a_failed_clip(music, monkeypatch):
    write = tables.write_table

    def vanish(extraction, clips, path, **how):
        Path("music/low/5.wav").unlink(missing_ok=True)
        return write(extraction, clips, path, **how)

    monkeypatch.setattr("gtzanfeat.export.write_table", vanish)
    monkeypatch.setattr("gtzanfeat.extraction.parallel.CLIPS_PER_TASK", 1)
    done = CliRunner().invoke(main, [*WORDS, "--quiet"])
    assert done.exit_code == 1
    assert "gtzanfeat: failed: music/low/5.wav: " in done.stderr
    assert len(read_table("f.parquet")[0]) == 5
