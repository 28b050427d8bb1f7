"""Fixtures that several test files share."""

import numpy as np
import pytest

from gtzanfeat import jit, progress

# of few tests, each of which takes long
SLOW_FILES = (
    "test_cluster.py",
    "test_documentation.py",
    "test_jit.py",
    "test_notebooks.py",
    "test_readme.py",
)


def pytest_collection_modifyitems(items):
    """Begin with the slow files, so that no worker is left with one when the others have done all else."""
    items.sort(key=lambda item: item.path.name not in SLOW_FILES)


@pytest.fixture
def rng():
    """A generator with a fixed seed: no test is random without one."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session", autouse=True)
def _no_word_of_how_long_it_takes():
    """What is said depends on neither the cache of compiled kernels nor the speed of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jit._DurableCache, "told", True)
        patch.setattr(progress, "EVERY", 3600.0)
        yield
