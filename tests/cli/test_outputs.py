"""What a command writes: held from the start, and never lost in the end."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, tone

from gtzanfeat.cli import extract_command, main, outputs
from gtzanfeat.errors import ExportError
from gtzanfeat.evaluation import Experiment, read_evaluation
from gtzanfeat.export import file_locks, read_table


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def contents(folder="."):
    return sorted(os.listdir(folder))


@pytest.fixture
def music(tmp_path, monkeypatch):
    """Two classes of four clips, a folder to write to, and a temporary folder of its own."""
    monkeypatch.chdir(tmp_path)
    for i in range(4):
        for label in ("high", "low"):
            Path("music", label).mkdir(parents=True, exist_ok=True)
            soundfile.write(f"music/{label}/{i}.wav", tone(800 + i if label == "high" else 99 + i, 0.5), RATE)
    Path("out").mkdir()
    return tmp_path


def after(monkeypatch, owner, name, act):
    """Let something happen to the disk when a function has done its work."""
    function = getattr(owner, name)

    def work(*args, **options):
        result = function(*args, **options)
        act()
        return result

    monkeypatch.setattr(owner, name, work)


def held(message, *files):
    """Say that files cannot be held, and why."""
    with pytest.raises(ExportError, match=message), outputs.held(*files):
        pass


# --- held from the start -----------------------------------------------------------------------------


def test_a_file_is_held_by_one_run_at_a_time(tmp_path):
    file = tmp_path / "f.csv"
    with outputs.held(file, tmp_path / "g.csv", tmp_path / "." / "f.csv"):
        assert contents(tmp_path) == [".f.csv.lock", ".g.csv.lock"]
        held(f"f.csv: another run .process {os.getpid()}. is writing it; wait", tmp_path / "h.csv", file)
        assert contents(tmp_path) == [".f.csv.lock", ".g.csv.lock"]
    assert contents(tmp_path) == []


def test_a_killed_run_holds_nothing(tmp_path):
    code = (
        "from pathlib import Path\nfrom gtzanfeat.cli import outputs\n"
        "with outputs.held(Path('f.csv')):\n    print('held', flush=True)\n    input()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, **pipes) as process:
        assert process.stdout.readline() == b"held\n"
        held(f"f.csv: another run .process {process.pid}. is writing it", tmp_path / "f.csv")
        process.send_signal(signal.SIGKILL)
    with outputs.held(tmp_path / "f.csv"):
        pass
    assert contents(tmp_path) == []


def test_folders_are_made_at_once_and_removed_if_nothing_came_into_them(tmp_path):
    with outputs.held(tmp_path / "a" / "b" / "f.json"):
        assert contents(tmp_path / "a" / "b") == [".f.json.lock"]
    assert contents(tmp_path) == []
    with outputs.held(tmp_path / "a" / "b" / "f.json"):
        (tmp_path / "a" / "b" / "f.json").touch()
    assert contents(tmp_path / "a" / "b") == ["f.json"]
    (tmp_path / "file").touch()
    held("f.json: its folder cannot be made .*director", tmp_path / "file" / "more" / "f.json")


def test_where_files_cannot_be_locked_they_are_written_all_the_same(tmp_path, monkeypatch):
    class Refusing:
        LOCK_EX = LOCK_NB = 0

        def flock(self, *args):
            raise OSError("no locks here")

    for locks in (None, Refusing()):
        monkeypatch.setattr(file_locks, "fcntl", locks)
        with outputs.held(tmp_path / "f.csv"):
            pass
    assert contents(tmp_path) == []


def test_every_command_refuses_what_another_run_writes_before_it_works(music):
    for words, file in (
        (["extract", "music", "-o", "out/f.csv"], "out/f.csv"),
        (["evaluate", "music", "--save", "out/saved"], "out/saved/evaluation.json"),
        (["evaluate", "music", "--report", "out/page"], "out/page/evaluation.json"),
    ):
        with outputs.held(Path(file)):
            done = run(*words)
        line = f"gtzanfeat: error: {file}: another run (process {os.getpid()}) is writing it"
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(line)
    assert contents("out") == []


# --- in the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_whose_folder_has_vanished_is_written_elsewhere(music, monkeypatch, suffix):
    after(monkeypatch, extract_command, "extract_with_progress", lambda: shutil.rmtree("out"))
    done = run("extract", "music", "--set", "timbre19", "-o", f"out/f{suffix}")
    other = f"f-{os.getpid()}{suffix}"
    assert done.exit_code == 2
    line = f"gtzanfeat: error: out/f{suffix}: there is no folder out; make it first. What was computed is in "
    assert done.stderr == f"{line}{other}\n"
    assert done.stdout.startswith(f"{other}: 8 of 8 clips")
    assert len(read_table(other)[0]) == 8


def test_a_table_whose_name_another_run_took_is_written_beside_it(music, monkeypatch):
    after(monkeypatch, extract_command, "extract_with_progress", lambda: Path("out/f.csv").write_text("mine"))
    done = run("extract", "music", "--set", "timbre19", "-o", "out/f.csv")
    other = music / "out" / f"f-{os.getpid()}.csv"
    assert done.exit_code == 2
    assert (
        f"choose another name or say overwrite (--overwrite). What was computed is in {other}\n"
        in done.stderr
    )
    assert len(read_table(other)[0]) == 8
    assert Path("out/f.csv").read_text() == "mine"


def test_where_nothing_else_can_be_written_it_is_the_temporary_folder(music, monkeypatch):
    Path("tmp").mkdir()
    monkeypatch.setattr(outputs.tempfile, "tempdir", "tmp")

    def write(path):
        if path.parent.name != "tmp":
            raise OSError(28, "No space left on device")
        path.touch()

    assert outputs.write_somewhere(Path("out/f.csv"), write) == Path("tmp", f"f-{os.getpid()}.csv")
    shutil.rmtree("tmp")
    with pytest.raises(OSError, match="No space left"):
        outputs.write_somewhere(Path("out/f.csv"), write)


def test_a_score_is_shown_and_written_elsewhere(music, monkeypatch):
    def vanish():
        Path("saved").rename("moved")
        Path("saved").write_text("a file")

    after(monkeypatch, Experiment, "evaluate", vanish)
    words = ["evaluate", "music", "--set", "timbre19", "--cv", "2", "--repeats", "1", "--save", "saved"]
    done = run(*words)
    assert done.exit_code == 2
    assert "macro recall" in done.stdout
    other = f"{music / 'saved'}-{os.getpid()}"
    assert f"give the name of a folder. What was computed is in {other}" in done.stderr
    assert read_evaluation(other).n_used == 8


def test_a_score_is_shown_though_it_can_be_written_nowhere(music, monkeypatch):
    def refuse(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gtzanfeat.evaluation.write_evaluation", refuse)
    words = ["evaluate", "music", "--set", "timbre19", "--cv", "2", "--repeats", "1", "--save", "saved"]
    done = run(*words)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, "gtzanfeat: error: No space left on device")
    assert "macro recall" in done.stdout
