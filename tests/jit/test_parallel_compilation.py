"""Compilation by several processes: what one has not come to, another compiles, and none is left over."""

import functools
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gtzanfeat.jit import compiling_in_parallel, parallel_compilation
from gtzanfeat.jit.kernel_cache import DurableCache

fcntl = pytest.importorskip("fcntl", reason="without locks (on Windows) each process compiles for itself")

ROOT = Path(__file__).parents[2]
PAIR = """
from gtzanfeat.jit import kernel

@kernel
def first(x) -> None:
    x[0] = 1.0

@kernel
def last(x) -> None:
    x[0] = 2.0

def work():
    import numpy as np
    first(np.zeros(1))
    last(np.zeros(1))
    raise ValueError("zeros were not what it expected")
"""
USE = """
import threading
import numpy as np
import pair
from gtzanfeat.jit import compiling_in_parallel, parallel_compilation

parallel_compilation._places = lambda: 1
with compiling_in_parallel(pair.work):
    pair.first(np.zeros(1))
for thread in threading.enumerate():
    if thread.daemon:
        thread.join()
print(len(pair.first.overloads), len(pair.last.overloads))
"""


def test_another_process_compiles_what_this_one_has_not_come_to(tmp_path):
    (tmp_path / "pair.py").write_text(PAIR)
    variables = {
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)]),
    }
    done = subprocess.run(
        [sys.executable, "-c", USE], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("1 0\n", "")
    kept = {path.name.partition("-")[0] for path in (tmp_path / "cache").rglob("*.nbc")}
    assert kept == {"pair.first", "pair.last"}


def test_the_other_process_ends_with_this_one():
    command = [sys.executable, "-c", f"{parallel_compilation.COMMAND}(0, 1)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        process.stdin.write(pickle.dumps(functools.partial(time.sleep, 3600)))
        process.stdin.close()  # as when this process is killed
        assert process.wait(60) == 1


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Commands of the processes that are started, of which none is, on a machine of eight cores."""
    commands = []

    def process(command, **_):
        commands.append(command)
        return SimpleNamespace(kill=lambda: None, wait=lambda: 0, stdin=open(os.devnull, "wb"))

    monkeypatch.setattr(subprocess, "Popen", process)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.3, 0.0, 0.0))
    monkeypatch.delenv("GTZANFEAT_COMPILERS", raising=False)
    return commands


def missing():
    """What happens when two kernels are missing."""
    with compiling_in_parallel(print):
        for _ in range(2):
            call, DurableCache.when_missing = DurableCache.when_missing, None
            if call is not None:
                call()
    assert DurableCache.when_missing is None


def test_there_are_no_more_than_three_and_none_for_each_kernel(started):
    missing()
    assert [command[-1].partition("compile_calls; ")[-1] for command in started] == [
        f"compile_calls({place}, 3)" for place in range(3)
    ]


def test_programs_that_start_together_start_no_more_than_one_does(started, tmp_path):
    paths = [tmp_path / f"gtzanfeat-{os.getuid()}-compiler{place}.lock" for place in (0, 2)]
    with open(paths[0], "w") as first, open(paths[1], "w") as last:
        for file in (first, last):  # as others have started them
            fcntl.flock(file, fcntl.LOCK_EX)
        missing()
    assert len(started) == 1


def test_what_cannot_be_pickled_or_written_is_compiled_here(started, tmp_path, monkeypatch):
    with compiling_in_parallel(lambda: None):
        DurableCache.when_missing()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such folder"))
    with compiling_in_parallel(print):
        DurableCache.when_missing()
    assert started == []


@pytest.mark.parametrize(
    "where",
    [
        (os, "environ", {"GTZANFEAT_COMPILERS": "0"}),
        (os, "sched_getaffinity", lambda _: {0}),
        (os, "getloadavg", lambda: (8.2, 8.0, 8.0)),
        (sys, "executable", "/usr/bin/gtzan-player"),
        (sys, "frozen", True),
        (multiprocessing, "current_process", lambda: SimpleNamespace(daemon=True)),
        (parallel_compilation, "fcntl", None),
    ],
    ids=lambda where: where[1],
)
def test_where_there_are_none(started, monkeypatch, where):
    monkeypatch.setattr(*where, raising=False)
    missing()
    assert started == []


def test_what_is_no_number_of_processes_is_said(started, monkeypatch):
    monkeypatch.setenv("GTZANFEAT_COMPILERS", "none")
    with pytest.warns(RuntimeWarning, match="GTZANFEAT_COMPILERS is 'none'.*give a number of processes"):
        missing()
    assert started == []
