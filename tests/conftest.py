"""Fixtures that several test files share."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """A generator with a fixed seed: no test is random without one."""
    return np.random.default_rng(0)
