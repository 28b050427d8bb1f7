"""Transforms of audiomentations as deterministic functions of their input, parameters and a seed.

audiomentations draws from the global random generators of Python and numpy. They are seeded for the duration
of a call, under a lock, and restored afterwards. `degradations` says which transform is used for what.
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
from numpy.typing import NDArray

from gtzanfeat.errors import GtzanfeatError

_LOCK = threading.Lock()  # the generators are global, and clips are analysed in threads


@contextlib.contextmanager
def _seeded_global_generators(seed: int) -> Iterator[None]:
    """Seed the global generators within the block, and restore their states after it."""
    with _LOCK:
        # numpy's legacy generator, because audiomentations draws from it
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002


def apply_transform(
    transform: str,
    samples: NDArray[np.float32],
    rate: int,
    seed: int = 0,
    *,
    draws: bool = False,
    **parameters: Any,
) -> NDArray[np.float32]:
    """Apply a transform of audiomentations.

    Parameters
    ----------
    transform : str
        Name of the class in audiomentations.
    samples : ndarray of shape (n_samples,), float32
        The sound.
    rate : int
        Sample rate in Hz.
    seed : int, default=0
        Seed of what is random in the transform.
    draws : bool, default=False
        Whether the transform draws random numbers (noise, a position) when it is applied, and not only when
        its parameters are drawn.
    **parameters : float
        Parameters of the transform; see `fixed_range`.

    Returns
    -------
    ndarray, float32
        The transformed samples.
    """
    effect = getattr(import_optional("audiomentations"), transform)(p=1.0, **parameters)
    with _seeded_global_generators(seed):
        effect.randomize_parameters(samples, rate)
        effect.freeze_parameters()
        if draws:
            return np.asarray(effect(samples, rate))
    return np.asarray(effect(samples, rate))


def import_optional(name: str) -> Any:
    """Import a module of the extra ``augment``.

    Parameters
    ----------
    name : str
        Name of the module.

    Returns
    -------
    module
        The module.

    Raises
    ------
    GtzanfeatError
        If it is not installed; the message says how to install it.
    """
    if importlib.util.find_spec(name) is None:
        raise GtzanfeatError(
            f"this degradation needs {name}, which is not installed; pip install 'gtzanfeat[augment]'"
        )
    return importlib.import_module(name)


def fixed_range(name: str, value: float) -> dict[str, Any]:
    """Return the parameters ``min_<name>`` and ``max_<name>`` of a transform, both equal to `value`."""
    return {f"min_{name}": value, f"max_{name}": value}
