"""The cache of compiled kernels, shared by processes: each kernel is compiled once, and nobody is stopped."""

import errno
import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gtzanfeat.jit import SWITCHED_OFF, kernel_cache

ROOT = Path(__file__).parents[2]
PAIR = """
from gtzanfeat.jit import kernel

@kernel
def once(x):
    return x + 1

@kernel
def doubling(x):
    return 2 * once(x)
"""
USE = """
import logging
logging.basicConfig(format="%(message)s")
logging.getLogger("gtzanfeat").setLevel(logging.DEBUG)
import pair
print(pair.doubling(20))
"""
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(kernel_cache.fcntl is None, reason="there are no such locks on Windows")
def test_processes_that_start_together_compile_a_kernel_once(tmp_path):
    (tmp_path / "pair.py").write_text(PAIR)
    cache = tmp_path / "cache"
    variables = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", USE],
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    (out, said), (other_out, other_said) = (process.communicate() for process in both)
    assert out == other_out == "42\n", said + other_said
    compiled = [line for line in (said + other_said).splitlines() if line.startswith("compiled ")]
    assert sorted(compiled) == ["compiled doubling(int64,)", "compiled once(int64,)"]


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """A lock on a kernel in a folder that nobody uses, for which nobody waits long."""
    monkeypatch.setattr(kernel_cache.KernelLock, "files", {})
    monkeypatch.setattr(kernel_cache.KernelLock, "gave_up", False)
    monkeypatch.setattr(kernel_cache.KernelLock, "patience", 0.05)
    yield kernel_cache.KernelLock(str(tmp_path / "cache"), "kernel")
    for file in kernel_cache.KernelLock.files.values():
        os.close(file)


@pytest.mark.skipif(kernel_cache.fcntl is None, reason="there are no such locks on Windows")
def test_a_lock_stops_nobody_for_long_and_ends_with_its_holder(lock, tmp_path, monkeypatch):
    (tmp_path / "cache").mkdir()
    command = [sys.executable, "-S", "-c", HOLD, str(tmp_path / "cache" / "kernels.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        lock.acquire()
        assert (lock._held, kernel_cache.KernelLock.gave_up) == (False, True)
        holder.kill()
    monkeypatch.setattr(kernel_cache.KernelLock, "gave_up", False)
    lock.acquire()
    assert lock._held
    lock.release()
    assert not lock._held


def test_where_files_cannot_be_locked_nothing_is(lock, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    if kernel_cache.fcntl is not None:
        monkeypatch.setattr(kernel_cache.fcntl, "lockf", refused)
    lock.acquire()
    (tmp_path / "file").touch()
    elsewhere = kernel_cache.KernelLock(str(tmp_path / "file"), "kernel")  # where no folder can be
    elsewhere.acquire()
    monkeypatch.setattr(kernel_cache, "fcntl", None)  # as on Windows
    lock.acquire()
    assert not lock._held
    assert not elsewhere._held


def kernel_of(*types):
    return SimpleNamespace(signature=SimpleNamespace(args=types))


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        ([None, kernel_of("float32")], True),  # compiled by another process while this one waited
        ([EOFError("half a file"), kernel_of("float32")], True),  # half written at the first look
        ([None, kernel_of("float64")], False),  # of other types: never given out
    ],
)
def test_what_another_process_has_compiled_is_taken(lock, monkeypatch, seen, known):
    looks = iter(seen)

    def look(*_):
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    numba_cache = SimpleNamespace(
        cache_path=lock._folder, _impl=SimpleNamespace(filename_base="kernel"), _load_overload=look
    )
    monkeypatch.setattr(kernel_cache, "rtsys", SimpleNamespace(initialize=lambda _: None))
    cache = kernel_cache.DurableCache(numba_cache)
    assert cache.load_overload(("float32",), None) is (seen[1] if known else None)
    cache.lock.release()


@pytest.mark.skipif(SWITCHED_OFF, reason="nothing is compiled")
def test_an_edit_of_the_room_compiles_kernels_anew(tmp_path, monkeypatch):
    # whose vectors and sums become parts of kernels, in files that are as old as before
    (tmp_path / "kernels_of_a_test.py").write_text(PAIR)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "cache"))

    def loaded():
        sys.modules.pop("kernels_of_a_test", None)
        once = importlib.import_module("kernels_of_a_test").once
        assert once(1) == 2
        return sum(once.stats.cache_hits.values())

    assert [loaded(), loaded()] == [0, 1]
    monkeypatch.setattr(kernel_cache, "_written", lambda: ((0.0, 0),))
    assert [loaded(), loaded()] == [0, 1]
    sys.modules.pop("kernels_of_a_test")
