"""Slow twins of linear prediction: normal equations solved as they stand, lines by `numpy.roots`."""

import numpy as np

from .twin import Twin


def autocorrelation(framed, lags=17):
    """r(l) = Σ y(n)·y(n + l) of the Hamming-windowed frame."""
    y = framed * np.hamming(framed.shape[1])
    return np.array([[row[: len(row) - lag] @ row[lag:] for lag in range(lags)] for row in y])


def lpc(framed, order):
    """Solve Σ_j r(i - j)·a(j) = -r(i), r(0) raised by 1e-4; 0 for silence."""
    rows = []
    for r in autocorrelation(framed, order + 1):
        matrix = np.array([[r[abs(i - j)] for j in range(order)] for i in range(order)])
        matrix += np.eye(order) * 1e-4 * r[0]
        rows.append(-np.linalg.solve(matrix, r[1:]) if r[0] > 0 else np.zeros(order))
    return np.array(rows)


def lsf(coefficients, rate=22050):
    """Angles in Hz, rising, of the roots of A(z) ± z^-(p+1)·A(1/z), those at 1 and -1 left out."""
    rows = []
    for a in coefficients:
        forward = np.concatenate([[1.0], a, [0.0]])
        roots = np.concatenate([np.roots(forward + sign * forward[::-1]) for sign in (1, -1)])
        angles = np.sort(np.angle(roots))
        rows.append(angles[(angles > 1e-6) & (angles < np.pi - 1e-6)] * rate / (2 * np.pi))
    return np.array(rows)


# --- what the contract test asks for --------------------------------------------------------------

_SHORT = {"length": 551, "hop": 220}
TWINS = {
    "lpc8": Twin(lambda f: lpc(f, 8), _SHORT),
    "lpc16": Twin(lambda f: lpc(f, 16), _SHORT),
    "lsf8": Twin(lambda f: lsf(lpc(f, 8)), _SHORT),
    "lsf16": Twin(lambda f: lsf(lpc(f, 16)), _SHORT),
}
