"""Slow twin of the beat histograms of novelty (Lykartsis & Lerch 2015), in float64 numpy."""

from itertools import pairwise

import numpy as np

from .distributions import shape


def histogram(track, frame_rate):
    """Return H at 30..240 bpm, Σ H = 1: autocorrelation of the summed rises, blurred by one frame."""
    pairs = pairwise(np.asarray(track, dtype=np.float64))
    rises = np.array([np.maximum(after - before, 0.0).sum() for before, after in pairs])
    x = rises[1:] + rises[:-1]
    x = x - x.mean()
    values = []
    for bpm in range(30, 241):
        lag = 60.0 * frame_rate / bpm
        whole = int(lag)
        near, far = (x[n:] @ x[: len(x) - n] if n < len(x) else 0.0 for n in (whole, whole + 1))
        values.append(max(0.0, near + (lag - whole) * (far - near)) if lag <= len(x) - 1 else 0.0)
    return np.array(values) / sum(values)


def novelty(track, frame_rate):
    """Return the 10: shape, P1, P2, and H(P2)/H(P1); P2 is more than 4 bpm from P1."""
    h = histogram(track, frame_rate)
    first = max(range(211), key=lambda i: h[i])
    second = max((i for i in range(211) if abs(i - first) > 4), key=lambda i: h[i])
    return np.array([*shape(h, range(30, 241)), first + 30, second + 30, h[second] / h[first]])
