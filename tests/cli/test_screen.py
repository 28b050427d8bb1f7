"""What reaches a terminal: nothing that it would obey, in any encoding, from one file alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner
from signals import RATE, tone, white_noise

from gtzanfeat import cli
from gtzanfeat.cli import main, screen

ROOM = Path(cli.__file__).parent


def test_no_other_file_writes_to_a_terminal():
    writing = re.compile(r"\becho\(|\bprint\(|std(out|err)\.write\(")
    files = [path.name for path in ROOM.glob("*.py") if writing.search(path.read_text(encoding="utf-8"))]
    assert files == ["screen.py"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ä, 日本\nfür Elise", "Ä, 日本\nfür Elise"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("over\rwritten\b\x00\t\x7f", "over\\rwritten\\x08\\x00\\t\\x7f"),
        ("\x9b31m 8 bits", "\\x9b31m 8 bits"),
        ("gpj.\u202efvaw", "gpj.\\u202efvaw"),  # of which the end would be shown first
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(text, shown):
    assert screen.visible(text) == shown


# --- a real terminal ---------------------------------------------------------------------------------

EVIL = "e\x1b[31mv\x9b2Ji\x07l\u202e"
SHOWN = "e\\x1b[31mv\\x9b2Ji\\x07l\\u202e"
COMMANDS = [
    ["extract", "music", "--set", "timbre19", "-o", "f.parquet", "--quiet"],
    ["extract", f"{EVIL}.wav", "-o", "g.parquet"],
    ["extract", f"music/{EVIL}/{EVIL}2.wav", "--set", "timbre19", "-o", f"{EVIL}.csv"],
    ["evaluate", "f.parquet", "-c", "knn3", "--cv", "2", "--repeats", "1", "--save", f"{EVIL}1", "--quiet"],
    ["evaluate", "f.parquet", "-c", "knn1", "--cv", "2", "--repeats", "1", "--save", f"{EVIL}2", "--quiet"],
    ["compare", f"{EVIL}1", f"{EVIL}2"],
    ["audit", "music", "--cv", "2", "--repeats", "1", "--no-near-duplicates", "--quiet"],
    ["datasets", "check", "music", "--quiet"],
    ["datasets", "check", "list.csv", "--quiet"],
    ["cache", "info", EVIL],
    ["features", EVIL],
    [EVIL],
]


@pytest.fixture
def music(tmp_path, monkeypatch):
    """Two classes, of which one has a name that clears the screen, as have recordings; one is no sound."""
    monkeypatch.chdir(tmp_path)
    for label, samples in (("hiss", white_noise(1)), (EVIL, tone(300, 1))):
        os.makedirs(f"music/{label}")
        for i in range(3):
            soundfile.write(f"music/{label}/{EVIL}{i}.wav", samples * (0.5 + i / 10), RATE)
    Path("music", EVIL, f"broken{EVIL}.wav").write_text("no sound")
    Path("list.csv").write_text(f"path,labels\nmusic/hiss/{EVIL}0.wav,{EVIL}\nno{EVIL}.wav,{EVIL}|slow\n")
    return tmp_path


def test_names_do_not_command_the_terminal(music):
    pty = pytest.importorskip("pty")
    code = (
        "import sys\nfrom gtzanfeat.cli import main\n"
        f"for words in {COMMANDS!r}:\n"
        "    try:\n        main(words)\n"
        "    except SystemExit as end:\n        print('exit', end.code)\n"
    )
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    text = said.decode("utf-8").replace("\r\n", "\n")
    assert "Traceback" not in text
    assert re.findall("exit (.)", text) == [*"120110010222"], text
    assert re.findall("[\0-\t\v-\x1f\x7f-\x9f\u202e]", text) == []
    for words in (
        f"gtzanfeat: failed: music/{SHOWN}/broken{SHOWN}.wav: libsndfile cannot read it",
        f"gtzanfeat: error: {SHOWN}.wav: there is no such file",
        f"{SHOWN}.csv: 1 of 1 clips",
        f"\n{SHOWN}      4\n",  # a class, in `check`
        f"No such command '{SHOWN}'",
    ):
        assert words in text, words


# --- other encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_no_command_fails_for_want_of_a_character(music, encoding):
    Path("music", "hiss", "Σ日本.wav").write_text("no sound")
    runner = CliRunner(charset=encoding)
    for words in (
        ["features", "full"],
        ["features", "full", "--csv"],
        ["evaluate", "--help"],
        ["extract", "music", "--set", "timbre19", "-o", "Σ.csv", "--quiet"],
        ["extract", "music/hiss/Σ日本.wav", "-o", "日本.csv"],
        ["evaluate", "Σ.csv", "-c", "knn1", "--cv", "2", "--repeats", "1"],
        ["datasets", "check", "music"],
    ):
        done = runner.invoke(main, words)
        assert done.exit_code in (0, 1), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "unreadable: music/hiss/\\u03a3\\u65e5\\u672c.wav: libsndfile" in done.output


def test_a_narrow_encoding_leaves_a_table_in_line():
    done = CliRunner(charset="latin-1").invoke(main, ["features", "timbre19"])
    first, second, *_ = done.output.splitlines()
    assert "Σ" not in done.output
    assert "\\u03a3" in done.output
    assert first.index("source") == second.index("Tzanetakis & Cook")
