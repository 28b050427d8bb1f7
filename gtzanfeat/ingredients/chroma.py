"""Chroma: the energy of a spectrum, folded into twelve pitch classes.

The filters and the ingredient that tonal features share. What is made of chroma lives in `features/tonal`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gtzanfeat.declarations import Framing, Params
from gtzanfeat.jit import kernel

N_CLASSES = 12
A0_HZ = 27.5
CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0  # above A0: weights fall off in a bell around 880 Hz
LOWEST_HZ, HIGHEST_HZ = 55.0, 5000.0  # below, notes cannot be told apart; above, there are few


def chroma_filterbank(n_fft: int, rate: int) -> np.ndarray:
    """Weights of each bin in each pitch class, as Ellis' and librosa's, between 55 and 5000 Hz; A is 440 Hz.

    A bin belongs to the classes around its frequency by a bell as wide as the bin, but at least as a
    semitone; its weights have unit length, times a bell over octaves around 880 Hz.

    Parameters
    ----------
    n_fft : int
        Length of the Fourier transform, in samples.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    ndarray of shape (12, n_fft // 2 + 1), float32
        Weights per pitch class, C first, and bin.

    References
    ----------
    Ellis, D. P. W. (2007). Chroma feature analysis and synthesis.

    Examples
    --------
    >>> filters = chroma_filterbank(4096, 22050)
    >>> int(filters[:, round(440 * 4096 / 22050)].argmax())
    9
    """
    hz = np.arange(n_fft // 2 + 2) * rate / n_fft
    hz[0] = hz[1] * 2**-1.5  # a place for the bin of 0 Hz, which is out of range
    semitones = N_CLASSES * np.log2(hz / A0_HZ)
    widths = np.maximum(np.diff(semitones), 1.0)
    semitones, hz = semitones[:-1], hz[:-1]
    half = N_CLASSES / 2
    from_a = np.arange(N_CLASSES)[:, None] - 9
    distance = (semitones - from_a + half) % N_CLASSES - half
    weights = np.exp(-0.5 * (2.0 * distance / widths) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0))
    weights *= np.exp(-0.5 * ((semitones / N_CLASSES - CENTRE_OCTAVE) / OCTAVE_WIDTH) ** 2)
    weights[:, (hz < LOWEST_HZ) | (hz > HIGHEST_HZ)] = 0.0
    return weights.astype(np.float32)


@lru_cache
def _used(n_fft: int, rate: int) -> tuple[int, np.ndarray]:
    """First bin within the range, and the weights from there to the last."""
    filters = chroma_filterbank(n_fft, rate)
    used = np.flatnonzero(filters.any(axis=0))
    first, last = (used[0], used[-1] + 1) if used.size else (0, 0)
    return int(first), np.ascontiguousarray(filters[:, first:last])


@kernel
def fold_octaves(power: np.ndarray, first: int, weights: np.ndarray, out: np.ndarray) -> None:
    """E[c] = Σ_k w[c, k] P[k], over the bins within the range.

    Four classes at a time: a bin is read once for four sums, which is three times as fast.
    """
    for t in range(power.shape[0]):
        row = power[t]
        for c in range(0, N_CLASSES, 4):
            w0, w1, w2, w3 = weights[c], weights[c + 1], weights[c + 2], weights[c + 3]
            e0 = e1 = e2 = e3 = np.float32(0.0)
            for k in range(weights.shape[1]):
                p = row[first + k]
                e0 += w0[k] * p
                e1 += w1[k] * p
                e2 += w2[k] * p
                e3 += w3[k] * p
            out[t, c], out[t, c + 1], out[t, c + 2], out[t, c + 3] = e0, e1, e2, e3


def chroma_energies(framing: Framing, rate: int, params: Params) -> Callable[..., np.ndarray]:
    """Build P -> energies of the 12 pitch classes, C first, float32 (n_frames, 12)."""
    first, weights = _used(framing.length, rate)

    def folded(power: np.ndarray) -> np.ndarray:
        out = np.empty((power.shape[0], N_CLASSES), dtype=np.float32)
        fold_octaves(power, first, weights, out)
        return out

    return folded
