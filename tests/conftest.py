"""Fixtures that several test files share."""

import numpy as np
import pytest

from gtzanfeat import progress
from gtzanfeat.jit import kernel_cache


@pytest.fixture
def rng():
    """A generator with a fixed seed: no test is random without one."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session", autouse=True)
def _no_word_of_how_long_it_takes():
    """What is said depends on neither the cache of compiled kernels nor the speed of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_cache.DurableCache, "told", True)
        patch.setattr(progress, "EVERY", 3600.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _each_test_process_compiles_for_itself():
    """There are as many of them as cores already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GTZANFEAT_COMPILERS", "0")
        yield
