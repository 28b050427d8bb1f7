"""Zero crossings and levels of batches of frames, one number each: (n_clips, n_frames, 1)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from gtzanfeat.features import waveform, zero_crossings


def _count(xp: Any, true: Any) -> Any:
    """How many are true along the last axis, float32."""
    return xp.astype(xp.count_nonzero(true, axis=-1, keepdims=True), xp.float32)


def _sign_changes(xp: Any, frames: Any, zero: float) -> Any:
    below = frames < zero
    return _count(xp, below[..., 1:] != below[..., :-1])


def _zero_crossings(xp: Any, frames: Any) -> Any:
    return _sign_changes(xp, frames, 0.0) * (1.0 / max(frames.shape[-1] - 1, 1))


def _librosa_zero_crossing_rate(xp: Any, frames: Any) -> Any:
    return _sign_changes(xp, frames, -zero_crossings.LIBROSA_ZERO) / frames.shape[-1]


def _marsyas_zero_crossings(xp: Any, frames: Any) -> Any:
    above, below = frames > 0, frames < 0
    fall, rise = above[..., :-1] & below[..., 1:], below[..., :-1] & above[..., 1:]
    return (1.0 + _count(xp, fall | rise)) / frames.shape[-1]


def _mean_square(xp: Any, frames: Any) -> Any:
    return xp.sum(frames * frames, axis=-1, keepdims=True) / frames.shape[-1]


def _root_mean_square(xp: Any, frames: Any) -> Any:
    return xp.sqrt(_mean_square(xp, frames))


def _loudness(xp: Any, frames: Any) -> Any:
    return 10.0 * xp.log10(xp.clip(_mean_square(xp, frames), min=waveform.SILENT_POWER))


def _crest(xp: Any, frames: Any) -> Any:
    peak = xp.astype(xp.max(xp.abs(frames), axis=-1, keepdims=True), xp.float64)
    wide = xp.astype(frames, xp.float64)  # in which the square of the faintest sample is not 0
    power = _mean_square(xp, wide)
    heard = power > 0
    ratio = peak / xp.sqrt(xp.where(heard, power, xp.ones_like(power)))
    return xp.where(heard, ratio, xp.ones_like(ratio))


def _energy_entropy(xp: Any, frames: Any) -> Any:
    n, parts = frames.shape[-1], waveform.PARTS
    bounds = [part * n // parts for part in range(parts + 1)]
    squares = frames * frames
    energies = [xp.sum(squares[..., a:b], axis=-1, dtype=xp.float64) for a, b in pairwise(bounds)]
    energy = xp.stack(energies, axis=-1)
    total = xp.sum(energy, axis=-1, keepdims=True)
    share = energy / xp.where(total > 0, total, xp.ones_like(total))
    logs = xp.log(xp.where(share > 0, share, xp.ones_like(share)))
    return -xp.sum(share * logs, axis=-1, keepdims=True) / float(np.log(parts))


KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {
    zero_crossings.zero_crossings: _zero_crossings,
    zero_crossings.librosa_zero_crossing_rate: _librosa_zero_crossing_rate,
    zero_crossings.marsyas_zero_crossings: _marsyas_zero_crossings,
    waveform.root_mean_square: _root_mean_square,
    waveform.loudness: _loudness,
    waveform.crest: _crest,
    waveform.energy_entropy: _energy_entropy,
}
