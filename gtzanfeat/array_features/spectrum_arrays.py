"""Shape and flux of batches of spectra, (n_clips, n_frames, n_bins) -> (n_clips, n_frames, 1).

The formulae are those of the kernels that `KERNELS` names beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gtzanfeat.features import centroid_rolloff_flux, flatness, spectral_shape


def over(xp: Any, numerator: Any, denominator: Any, silence: float = 0.0) -> Any:
    """Numerator over denominator, and `silence` where the denominator is not above 0."""
    heard = denominator > 0
    ratio = numerator / xp.where(heard, denominator, xp.ones_like(denominator))
    return xp.where(heard, ratio, xp.full_like(ratio, silence))


def _total(xp: Any, values: Any) -> Any:
    return xp.sum(values, axis=-1, keepdims=True)


def _bins(xp: Any, spectrum: Any) -> Any:
    return xp.arange(spectrum.shape[-1], dtype=spectrum.dtype)


def _centre(xp: Any, spectrum: Any) -> Any:
    """Centroid in bins; 0 for silence."""
    return over(xp, _total(xp, spectrum * _bins(xp, spectrum)), _total(xp, spectrum))


def _moment(xp: Any, spectrum: Any, centre: Any, order: int) -> Any:
    """Central moment m = Σ (k - C)^order S[k] / Σ S[k]; 0 for silence."""
    moved = _bins(xp, spectrum) - centre
    weights = spectrum
    for _ in range(order):
        weights = weights * moved
    return over(xp, _total(xp, weights), _total(xp, spectrum))


def _centroid(xp: Any, spectrum: Any, bin_hz: float) -> Any:
    return bin_hz * _centre(xp, spectrum)


def _bandwidth(xp: Any, spectrum: Any, bin_hz: float) -> Any:
    return bin_hz * xp.sqrt(_moment(xp, spectrum, _centre(xp, spectrum), 2))


def _skewness(xp: Any, spectrum: Any) -> Any:
    wide = xp.astype(spectrum, xp.float64)
    centre = _centre(xp, wide)
    return over(xp, _moment(xp, wide, centre, 3), _moment(xp, wide, centre, 2) ** 1.5)


def _kurtosis(xp: Any, spectrum: Any) -> Any:
    wide = xp.astype(spectrum, xp.float64)
    centre = _centre(xp, wide)
    return over(xp, _moment(xp, wide, centre, 4), _moment(xp, wide, centre, 2) ** 2)


def _slope(xp: Any, spectrum: Any, bin_khz: float) -> Any:
    n = spectrum.shape[-1]
    wide = xp.astype(spectrum, xp.float64)
    if n == 1:
        return 0.0 * wide
    product = _total(xp, wide * (_bins(xp, wide) - (n - 1) / 2))
    spread = n * (n * n - 1.0) / 12.0
    return over(xp, product * n, _total(xp, wide) * (spread * bin_khz))


def _rolloff_bin(xp: Any, spectrum: Any, share: float) -> Any:
    """Smallest bin r with Σ_{k<=r} S[k] >= share · Σ S, float32; 0 for silence."""
    reached = xp.cumulative_sum(spectrum, axis=-1, dtype=xp.float64)
    short = reached < share * reached[..., -1:]
    return xp.astype(xp.count_nonzero(short, axis=-1, keepdims=True), xp.float32)


def _rolloff(xp: Any, spectrum: Any, bin_hz: float, share: float) -> Any:
    return _rolloff_bin(xp, spectrum, share) * bin_hz


def _difference(xp: Any, values: Any, previous: Any) -> Any:
    """Each row less the one before it."""
    return values - xp.concat([previous, values[:, :-1, ...]], axis=1)


def _normalised_flux(xp: Any, spectrum: Any, previous: Any, norm: Any) -> Any:
    """Flux Σ (N_t[k] - N_{t-1}[k])² of spectra over their norms."""
    rows = xp.concat([previous, spectrum], axis=1)
    scale = over(xp, xp.ones_like(rows[..., :1]), norm(rows))
    unit = rows * scale
    d = unit[:, 1:, ...] - unit[:, :-1, ...]
    return _total(xp, d * d)


def _flux(xp: Any, spectrum: Any, previous: Any) -> Any:
    return _normalised_flux(xp, spectrum, previous, lambda rows: xp.sqrt(_total(xp, rows * rows)))


def _flux_l1(xp: Any, spectrum: Any, previous: Any) -> Any:
    return _normalised_flux(xp, spectrum, previous, lambda rows: _total(xp, rows))


def _mean_rise(xp: Any, spectrum: Any, previous: Any) -> Any:
    rise = xp.clip(_difference(xp, spectrum, previous), min=0.0)
    return _total(xp, rise) / spectrum.shape[-1]


def _marsyas_centroid(xp: Any, power: Any) -> Any:
    moment = _total(xp, power * _bins(xp, power))
    n_bins = power.shape[-1]
    return over(xp, moment, _total(xp, power), 0.5 * n_bins) / n_bins


def _marsyas_rolloff(xp: Any, power: Any, share: float) -> Any:
    r = _rolloff_bin(xp, power, share) - 1.0
    return xp.where(r >= 2.0, r / power.shape[-1], xp.ones_like(r))


def _marsyas_flux(xp: Any, log_power: Any, previous: Any) -> Any:
    d = _difference(xp, log_power, previous)[..., 1:]
    squares = d * d
    largest = xp.max(squares, axis=-1, keepdims=True)
    return over(xp, _total(xp, squares), largest * log_power.shape[-1])


def flatness_of(xp: Any, values: Any) -> Any:
    """Geometric over arithmetic mean along the last axis, float64; 1 for silence."""
    wide = xp.astype(values, xp.float64)
    n = wide.shape[-1]
    total = _total(xp, wide)
    relative = over(xp, wide * n, total, 1.0)
    return xp.exp(_total(xp, xp.log(xp.clip(relative, min=flatness.EMPTY))) / n)


def crest_of(xp: Any, values: Any) -> Any:
    """Maximum over mean along the last axis, float64; 1 for silence."""
    total = xp.sum(values, axis=-1, keepdims=True, dtype=xp.float64)
    largest = xp.astype(xp.max(values, axis=-1, keepdims=True), xp.float64)
    return over(xp, largest * values.shape[-1], total, 1.0)


def _per_band(xp: Any, power: Any, first: np.ndarray, last: np.ndarray, measure: Any) -> Any:
    """One number for each band; 1 for an empty one."""
    empty = xp.ones((*power.shape[:-1], 1), dtype=xp.float64)
    bands = zip(first.tolist(), last.tolist(), strict=True)
    return xp.concat([measure(xp, power[..., a:b]) if b > a else empty for a, b in bands], axis=-1)


def _mpeg7_flatness(xp: Any, power: Any, first: np.ndarray, last: np.ndarray) -> Any:
    return _per_band(xp, power, first, last, flatness_of)


def _mpeg7_crest(xp: Any, power: Any, first: np.ndarray, last: np.ndarray) -> Any:
    return _per_band(xp, power, first, last, crest_of)


KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {
    centroid_rolloff_flux.spectral_centroid: _centroid,
    centroid_rolloff_flux.spectral_rolloff: _rolloff,
    centroid_rolloff_flux.spectral_flux: _flux,
    centroid_rolloff_flux.marsyas_centroid: _marsyas_centroid,
    centroid_rolloff_flux.marsyas_rolloff: _marsyas_rolloff,
    centroid_rolloff_flux.marsyas_flux: _marsyas_flux,
    spectral_shape.spectral_bandwidth: _bandwidth,
    spectral_shape.spectral_skewness: _skewness,
    spectral_shape.spectral_kurtosis: _kurtosis,
    spectral_shape.spectral_slope: _slope,
    spectral_shape.spectral_flux_l1: _flux_l1,
    spectral_shape.mean_rise: _mean_rise,
    flatness.spectral_flatness: flatness_of,
    flatness.spectral_crest: crest_of,
    flatness.mpeg7_flatness: _mpeg7_flatness,
    flatness.mpeg7_crest: _mpeg7_crest,
}
