"""Cepstra, levels, flux and contrast of bands of batches of spectra, (n_clips, n_frames, n_columns)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gtzanfeat.features import bands, cepstrum


def cepstrum_of(xp: Any, log_bands: Any, basis: Any) -> Any:
    """Cepstral coefficients c[q] = Σ_b basis[q, b] L[b]; of equal frames equal, unlike a matrix product."""
    return xp.stack([xp.sum(log_bands * basis[q, :], axis=-1) for q in range(basis.shape[0])], axis=-1)


def _decibels(xp: Any, log_bands: Any) -> Any:
    return log_bands * float(10 / np.log(10))


def _band_flux(xp: Any, log_bands: Any, previous: Any) -> Any:
    rows = xp.concat([previous, log_bands], axis=1)
    d = log_bands - rows[:, : log_bands.shape[1], ...]
    return xp.concat([xp.clip(d, min=0.0), xp.clip(-d, min=0.0)], axis=-1)


def _extremes(
    xp: Any, spectrum: Any, first: np.ndarray, last: np.ndarray, count: np.ndarray
) -> tuple[Any, Any]:
    """Means of the `count` weakest and strongest bins of each band, no less than the floor, float64."""
    valleys: list[Any] = []
    peaks: list[Any] = []
    for a, b, n in zip(first.tolist(), last.tolist(), count.tolist(), strict=True):
        ordered = xp.sort(spectrum[..., a:b], axis=-1)
        for ends, found in ((ordered[..., :n], valleys), (ordered[..., b - a - n :], peaks)):
            mean = xp.sum(ends, axis=-1, dtype=xp.float64) / n
            found.append(xp.clip(mean, min=bands.CONTRAST_FLOOR))
    return xp.stack(valleys, axis=-1), xp.stack(peaks, axis=-1)


def _spectral_contrast(xp: Any, spectrum: Any, first: np.ndarray, last: np.ndarray, count: np.ndarray) -> Any:
    valley, peak = _extremes(xp, spectrum, first, last, count)
    return 10.0 * xp.log10(peak / valley)


def _octave_contrast(xp: Any, spectrum: Any, first: np.ndarray, last: np.ndarray, count: np.ndarray) -> Any:
    valley, peak = (xp.log(ends) for ends in _extremes(xp, spectrum, first, last, count))
    return xp.concat([peak - valley, valley], axis=-1)


KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {
    cepstrum.cepstrum: cepstrum_of,
    bands.decibels: _decibels,
    bands.band_flux: _band_flux,
    bands.spectral_contrast: _spectral_contrast,
    bands.octave_contrast: _octave_contrast,
}
