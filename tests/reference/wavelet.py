"""Slow twin of DWCH (Li, Ogihara & Li 2003): Daubechies' filter by polynomial, moments per octave."""

from math import comb

import numpy as np

from .twin import Twin


def daubechies(moments=8):
    """Return the low-pass with 2·moments taps and its zeros inside the circle, reversed as analysis has it.

    H(z) = c·(1 + z)^N Π (z - r), r the roots within the circle of z^(N-1)·Σ_k C(N-1+k, k) y^k with
    y = (2 - z - 1/z)/4.
    """
    y = np.array([-0.25, 0.5, -0.25])  # times z
    polynomial = np.zeros(2 * moments - 1)
    for k in range(moments):
        power = np.array([1.0])
        for _ in range(k):
            power = np.convolve(power, y)
        start = moments - 1 - k
        polynomial[start : start + len(power)] += comb(moments - 1 + k, k) * power
    roots = np.roots(polynomial)
    taps = np.array([1.0])
    for root in roots[np.abs(roots) < 1.0]:
        taps = np.convolve(taps, [1.0, -root])
    for _ in range(moments):
        taps = np.convolve(taps, [1.0, 1.0])
    taps = np.real(taps)
    return (taps * np.sqrt(2.0) / taps.sum())[::-1]


def bands(x, levels=7):
    """Return the coefficients of the last approximation, then of the details from low to high.

    One step on a circular signal of n samples: y(k) = Σ_j taps(j)·x(2k + 8 - j), k < n/2.
    """
    low = daubechies()
    high = np.array([(-1) ** (j + 1) * low[-1 - j] for j in range(len(low))])
    details = []
    for _ in range(levels):
        k = 2 * np.arange(len(x) // 2)
        around = [x[(k + len(low) // 2 - j) % len(x)] for j in range(len(low))]
        details.append(sum(tap * part for tap, part in zip(high, around, strict=True)))
        x = sum(tap * part for tap, part in zip(low, around, strict=True))
    return [x, *details[::-1]]


def dwch(framed):
    """Return (n, 32): mean, variance, skewness and mean modulus of the coefficients of each band."""
    rows = []
    for frame in framed:
        row = []
        for c in bands(frame):
            d = c - c.mean()
            m2 = (d**2).mean()
            row += [c.mean(), m2, (d**3).mean() / m2**1.5 if m2 > 0.0 else 0.0, np.abs(c).mean()]
        rows.append(row)
    return np.array(rows)


# --- what the contract test asks for --------------------------------------------------------------

TWINS = {"dwch": Twin(dwch)}
