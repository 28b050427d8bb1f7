"""Shape of a histogram: centroid, spread, higher moments, entropy, flatness, crest, and its two largest bins.

For beat and pitch histograms, whatever they count. Statistics over time are in `tracks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit import Float64Array


def shape_statistics(histogram: Float64Array, places: NDArray[Any]) -> Float64Array:
    """Centroid, spread, skewness, kurtosis, entropy, flatness and crest of a histogram.

    Parameters
    ----------
    histogram : ndarray of shape (n_bins,)
        What is in each bin, none negative.
    places : ndarray of shape (n_bins,)
        Where the bins are.

    Returns
    -------
    ndarray of shape (7,)
        As `shape_formulae`; zeros for an empty histogram, skewness and kurtosis 0 where all is in one bin.

    Examples
    --------
    >>> shape_statistics(np.array([0.0, 1.0, 1.0, 0.0]), np.array([60, 61, 62, 63]))[[0, 1, 4]]
    array([61.5,  0.5,  0.5])
    """
    total = histogram.sum()
    if not total > 0:
        return np.zeros(7)
    p = histogram / total
    centroid = p @ places
    away = places - centroid
    variance = p @ away**2
    spread = np.sqrt(variance)
    z = away / spread if spread > 1e-9 * np.abs(places).max() else np.zeros(p.size)
    used = p[p > 0]
    entropy = -(used @ np.log(used)) / np.log(p.size)
    flatness = np.exp(np.log(used * used.size).mean())
    return np.array([centroid, spread, p @ z**3, p @ z**4, entropy, flatness, p.max() * p.size])


def two_largest(histogram: Float64Array, apart: int) -> tuple[int, int, float]:
    """Bin of the largest value, bin of the largest one more than `apart` bins away, and the latter's value.

    Parameters
    ----------
    histogram : ndarray of shape (n_bins,)
        What is in each bin, none negative.
    apart : int
        Bins on either side of the first that the second must not be in.

    Returns
    -------
    first, second : int
        Bins, of equal values the first.
    height : float
        What is in the second; if 0, there is no second.

    Examples
    --------
    >>> two_largest(np.array([0.0, 3.0, 4.0, 0.0, 1.0]), 1)
    (2, 4, 1.0)
    """
    first = int(histogram.argmax())
    rest = histogram.copy()
    rest[max(first - apart, 0) : first + apart + 1] = 0.0
    second = int(rest.argmax())
    return first, second, float(rest[second])


def shape_formulae(what: str, unit: str) -> list[tuple[str, str, str]]:
    """Name, unit and formula of each number of `shape_statistics`.

    Parameters
    ----------
    what : str
        The histogram, as formulae call it: "BH".
    unit : str
        Unit of its places.

    Returns
    -------
    list of (str, str, str)
        Seven of them.
    """
    return [
        ("centroid", unit, f"μ = Σ n {what}[n] / Σ {what}"),
        ("spread", unit, f"σ = √(Σ (n - μ)² {what}[n] / Σ {what})"),
        ("skewness", "1", f"Σ ((n - μ)/σ)³ {what}[n] / Σ {what}"),
        ("kurtosis", "1", f"Σ ((n - μ)/σ)⁴ {what}[n] / Σ {what}"),
        ("entropy", "1", f"-Σ p ln p / ln bins, p = {what} / Σ {what}"),
        ("flatness", "1", f"geometric over arithmetic mean of {what}, empty bins left out"),
        ("crest", "1", f"max {what} / mean {what}"),
    ]
