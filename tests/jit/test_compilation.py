"""The compiler decorators: what is compiled is what is written, whatever state numba's cache is in."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gtzanfeat.ingredients import spectra
from gtzanfeat.jit import SWITCHED_OFF, compilation

ROOT = Path(__file__).parents[2]
KERNEL = """
from gtzanfeat.jit import kernel

@kernel
def twice(x):
    return 2 * x
"""
USE = "import warnings; warnings.simplefilter('always'); import doubling; print(doubling.twice(21))"


@pytest.fixture
def run(tmp_path):
    """Run a kernel in a fresh process, with a numba cache of its own."""
    (tmp_path / "doubling.py").write_text(KERNEL)
    cache = tmp_path / "cache"
    variables = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}

    def run_once(use=USE):
        command = [sys.executable, "-c", use]
        return subprocess.run(
            command, env=os.environ | variables, capture_output=True, text=True, check=False
        )

    return run_once, cache


def test_a_kernel_is_kept_on_disk(run):
    run_once, cache = run
    assert run_once().stdout == "42\n"
    assert {path.suffix for path in cache.rglob("*.nb*")} == {".nbi", ".nbc"}
    done = run_once()
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_that_kernels_are_compiled_is_said_once_and_only_where_it_is_done(run):
    run_once, _ = run
    use = (
        "import logging, doubling; logging.basicConfig()\n"
        "logging.getLogger('gtzanfeat').setLevel(logging.INFO)\n"
        "print(doubling.twice(21), doubling.twice(2.0))"
    )
    first, second = run_once(use), run_once(use)
    assert first.stdout == second.stdout == "42 4.0\n"
    assert first.stderr == "INFO:gtzanfeat:compiling the kernels: the first run takes some seconds longer\n"
    assert second.stderr == ""


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_damaged_file_of_the_cache_is_compiled_anew_and_said_once(run, suffix, share):
    run_once, cache = run
    run_once()
    (path,) = cache.rglob(f"*{suffix}")
    held = path.read_bytes()
    path.write_bytes(held[: round(share * len(held))])
    done = run_once()
    assert (done.returncode, done.stdout) == (0, "42\n")
    assert done.stderr.count("RuntimeWarning: numba's cache in ") == 1
    assert "is damaged, and what it holds is compiled anew" in done.stderr
    mended = run_once()
    assert (mended.stdout, mended.stderr) == ("42\n", "")


def test_a_cache_that_cannot_be_written_is_said_once(run):
    run_once, cache = run
    run_once()
    for path in cache.rglob("*.nb*"):  # a folder in the place of each file: even root cannot replace it
        path.unlink()
        path.mkdir()
    done = run_once()
    assert (done.returncode, done.stdout) == (0, "42\n")
    assert done.stderr.count("RuntimeWarning") == 1


def test_with_the_compiler_switched_off_a_kernel_is_its_plain_function(run, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    run_once, cache = run
    use = USE.replace("doubling.twice(21)", "doubling.twice.py_func is doubling.twice, doubling.twice(21)")
    assert run_once(use).stdout == "True 42\n"
    assert not cache.exists()


compiled = pytest.mark.skipif(SWITCHED_OFF, reason="kernels are plain functions here")


@compiled
def test_a_kernel_costs_nothing_before_it_is_called(run):
    run_once, _ = run
    use = (
        "import doubling, pickle\n"
        "assert pickle.loads(pickle.dumps(doubling.twice)) is doubling.twice\n"
        "print('dispatcher' in vars(doubling.twice), doubling.twice(21))\n"
        "print('dispatcher' in vars(doubling.twice))"
    )
    assert run_once(use).stdout == "False 42\nTrue\n"


@compiled
def test_where_no_folder_can_be_written_a_kernel_is_compiled_all_the_same(monkeypatch):
    njit = compilation.numba.njit

    def without_cache(*function, **options):
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*function, **options)

    monkeypatch.setattr(compilation.numba, "njit", without_cache)
    assert compilation.Kernel(several, False)(3) == (6.0, 3)


def several(n) -> tuple[float, int]:
    return 2.0 * n, n


@compiled
def test_where_calls_are_noted_nothing_is_run(monkeypatch):
    monkeypatch.setattr(compilation.Kernel, "calls", [])
    filled, pair = (
        compilation.Kernel(spectra.square_modulus.py_func, False),
        compilation.Kernel(several, False),
    )
    z, out = np.ones((2, 3), dtype=np.complex64), np.full((2, 3), 7, dtype=np.float32)
    assert filled(z, out) is None
    assert (out == 7).all()
    ((noted, types),) = compilation.Kernel.calls
    assert (noted, len(types), len(filled.overloads)) == (filled, 2, 0)
    assert pair(3) == (0.0, 0)  # which had to be compiled, to say what it returns
