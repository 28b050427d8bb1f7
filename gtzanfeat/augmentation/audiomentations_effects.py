"""audiomentations as a function of its input and a seed: its chance is on loan, and its parameters are fixed.

It draws from the global generators of Python and numpy. These are seeded for it and given back as they were,
by one thread at a time.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import random
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from gtzanfeat.errors import GtzanfeatError

_CHANCE = threading.Lock()  # there is one global generator, and clips are analysed in threads


@contextlib.contextmanager
def _chance(seed: int) -> Iterator[None]:
    """Seed the global generators for a while; nobody else's numbers change."""
    with _CHANCE:
        # the old generator of numpy, because audiomentations draws from that one
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


def by(
    transform: str, samples: np.ndarray, rate: int, seed: int = 0, *, draws: bool = False, **parameters: Any
) -> np.ndarray:
    """Apply a transform of audiomentations whose parameters leave no choice.

    `draws` says that it draws noise, which the seed is for.
    """
    row = getattr(library("audiomentations"), transform)(p=1.0, **parameters)
    with _chance(seed):
        row.randomize_parameters(samples, rate)
        row.freeze_parameters()
        if draws:
            return row(samples, rate)
    return row(samples, rate)


def library(name: str) -> Any:
    """Import a library, or say how to install it."""
    if importlib.util.find_spec(name) is None:
        raise GtzanfeatError(
            f"this degradation needs {name}, which is not installed; pip install 'gtzanfeat[augment]'"
        )
    return importlib.import_module(name)


def exactly(name: str, value: float) -> dict[str, Any]:
    """Leave a transform no choice of a parameter: its range is one value."""
    return {f"min_{name}": value, f"max_{name}": value}
