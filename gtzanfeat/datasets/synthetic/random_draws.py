"""Random generators seeded by words and numbers, and two ways to draw from them.

No generator is shared, so what is drawn for one clip or artist does not depend on any other.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def seeded(*words: int | str) -> np.random.Generator:
    """Return a generator that depends on these words and numbers only.

    Parameters
    ----------
    *words : int or str
        Numbers from 0 on, and names.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> bool(seeded("waltz", 3).random() == seeded("waltz", 3).random())
    True
    """
    numbers = [zlib.crc32(word.encode()) if isinstance(word, str) else int(word) for word in words]
    return np.random.default_rng(np.random.SeedSequence(numbers))


def one_of(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Draw one of the choices with equal probability."""
    return choices[int(rng.integers(len(choices)))]


def between(
    rng: np.random.Generator, limits: tuple[float, float], lean: float = 0.5, freedom: float = 1.0
) -> float:
    """Draw a number of a range, evenly or around a given place in it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where chance comes from.
    limits : tuple of float
        The range.
    lean : float
        Preferred place in the range, 0 to 1.
    freedom : float
        Share of the range that is drawn from; 1 forgets `lean`.

    Returns
    -------
    float
        In the range.
    """
    low, high = limits
    place = lean * (1 - freedom) + freedom * rng.uniform()
    return float(low + place * (high - low))
