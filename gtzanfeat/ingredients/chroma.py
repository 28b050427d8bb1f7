"""Chroma filterbanks, and the energies of twelve pitch classes in Fourier spectra (Ellis 2007).

Classes of constant-Q spectra are in `constant_q`; features of chroma are in `features.tonality`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gtzanfeat.declarations import Framing, Parameter, Params
from gtzanfeat.errors import ParameterError
from gtzanfeat.ingredients.pitch_classes import A4_HZ, A4_HZ_PARAMETER, N_CLASSES, PLACE_OF_A
from gtzanfeat.ingredients.row_kernels import RowKernel
from gtzanfeat.jit import Float32Array, Float64Array, kernel

A0_HZ = A4_HZ / 16
CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0  # above A0: weights fall off in a bell around 880 Hz
# what the weights of bins in pitch classes rest on, for rows to declare
BELLS = {"a0_hz": A0_HZ, "bell_octaves": (CENTRE_OCTAVE, OCTAVE_WIDTH)}
LOWEST_HZ, HIGHEST_HZ = 55.0, 5000.0  # below, notes cannot be told apart; above, there are few
CHROMA_PARAMS = (
    A4_HZ_PARAMETER,
    Parameter("low_hz", LOWEST_HZ, "Hz", "lowest frequency that counts", low=0.0),
    Parameter("high_hz", HIGHEST_HZ, "Hz", "highest frequency that counts", low=0.0, above=True),
)


def pitch_class_weights(semitones: Float64Array, widths: Float64Array) -> Float64Array:
    """Weights of each bin in each pitch class: bells around the notes, of unit length per bin.

    w[c, k] = exp(-2 (d[c, k] / b[k])²) / ‖w[:, k]‖₂, d the distance in semitones from bin k to the nearest
    note of class c, b the width of the bin.

    Parameters
    ----------
    semitones : ndarray of shape (n_bins,)
        Where the bins lie, in semitones above A.
    widths : ndarray of shape (n_bins,)
        How wide they are, in semitones.

    Returns
    -------
    ndarray of shape (12, n_bins)
        A first.

    References
    ----------
    Ellis, D. P. W. (2007). Chroma feature analysis and synthesis (``fft2chromamx``).
    """
    half = N_CLASSES // 2
    distance = (semitones - np.arange(N_CLASSES)[:, None] + 21 * half) % N_CLASSES - half
    weights = np.exp(-0.5 * (2.0 * distance / widths) ** 2)
    unit: Float64Array = weights / np.sqrt((weights**2).sum(axis=0))
    return unit


@lru_cache
def chroma_filterbank(
    n_fft: int, rate: int, tuning: float = 0.0, low_hz: float = 0.0, high_hz: float = np.inf
) -> Float32Array:
    """Weights of each bin in each pitch class, as `librosa.filters.chroma` makes them.

    A bin belongs to the classes around its frequency by a bell as wide as the bin, but at least as a
    semitone; its weights have unit length, times a bell over octaves around 880 Hz.

    Parameters
    ----------
    n_fft : int
        Length of the Fourier transform, in samples.
    rate : int
        Sample rate in Hz.
    tuning : float, default=0.0
        How far A is from 440 Hz, in semitones.
    low_hz, high_hz : float
        Bins outside have no weight.

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
    hz = np.arange(1, n_fft // 2 + 2) * rate / n_fft
    semitones = N_CLASSES * np.log2(hz / (A4_HZ * 2.0 ** (tuning / N_CLASSES) / 16))
    semitones = np.concatenate([[semitones[0] - 1.5 * N_CLASSES], semitones])  # a place for the bin of 0 Hz
    widths = np.maximum(np.diff(semitones), 1.0)
    semitones = semitones[:-1]
    weights = pitch_class_weights(semitones, widths)
    weights *= np.exp(-0.5 * ((semitones / N_CLASSES - CENTRE_OCTAVE) / OCTAVE_WIDTH) ** 2)
    weights = np.roll(weights, PLACE_OF_A, axis=0)
    hz = np.concatenate([[0.0], hz[:-1]])
    weights[:, (hz < low_hz) | (hz > high_hz)] = 0.0
    return weights.astype(np.float32)


@lru_cache
def _weights_in_range(
    n_fft: int, rate: int, a4_hz: float, low_hz: float, high_hz: float
) -> tuple[int, Float32Array]:
    """First bin within the range, and the weights from there to the last, (12, n_used)."""
    if low_hz >= high_hz:
        raise ParameterError(f"low_hz {low_hz:g} must be below high_hz {high_hz:g}")
    filters = chroma_filterbank(n_fft, rate, N_CLASSES * math.log2(a4_hz / A4_HZ), low_hz, high_hz)
    used = np.flatnonzero(filters.any(axis=0))
    first, last = (used[0], used[-1] + 1) if used.size else (0, 0)
    return int(first), np.ascontiguousarray(filters[:, first:last])


@kernel
def fold_bins(power: Float32Array, first: int, weights: Float32Array, out: Float32Array) -> None:
    """Energies of pitch classes E[c] = Σ_k w[c, k] P[first + k], over the bins within the range.

    power (n_frames, n_bins), weights (12, n_used) -> out (n_frames, 12)

    Four classes at a time: a bin is read once for four sums, which is three times as fast.
    """
    for t in range(power.shape[0]):
        row = power[t, first : first + weights.shape[1]]
        for c in range(0, N_CLASSES, 4):
            w0, w1, w2, w3 = weights[c], weights[c + 1], weights[c + 2], weights[c + 3]
            e0 = e1 = e2 = e3 = np.float32(0.0)
            for k in range(row.size):
                p = row[k]
                e0 += w0[k] * p
                e1 += w1[k] * p
                e2 += w2[k] * p
                e3 += w3[k] * p
            out[t, c], out[t, c + 1], out[t, c + 2], out[t, c + 3] = e0, e1, e2, e3


def chroma_energies(framing: Framing, rate: int, params: Params) -> Callable[..., Float32Array]:
    """Build P -> energies of the 12 pitch classes, C first, float32 (n_frames, 12)."""
    first, weights = _weights_in_range(framing.length, rate, *(params[each.name] for each in CHROMA_PARAMS))
    return RowKernel(fold_bins, (first, weights), N_CLASSES)
