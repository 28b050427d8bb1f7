"""Spectra, band energies and their logarithms of batches of frames, (n_clips, n_frames, n).

The rows of `ingredients.registry` say what each is computed from and with which parameters; the filters are
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gtzanfeat.array_backend import ArrayBackend
from gtzanfeat.declarations import Framing, Params
from gtzanfeat.ingredients.filterbanks import (
    PackedFilters,
    packed_mel_filterbank,
    packed_slaney_filterbank,
)
from gtzanfeat.ingredients.spectra import (
    LOG_FLOOR,
    MARSYAS_ZERO,
    MEL_PARAMS,
    SLANEY_PARAMS,
    marsyas_scale,
    spectrum,
    window,
)

Build = Callable[[ArrayBackend, Framing, int, Params], Callable[..., Any]]


def _spectrum(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    taper, rfft = backend.to_device(window(framing.window, framing.length)), backend.rfft
    if rfft is not None:
        return lambda frames: rfft(frames * taper)
    transform = spectrum(framing, rate, params)

    def by_cpu(frames: Any) -> Any:
        return transform(frames.reshape(-1, framing.length)).reshape(*frames.shape[:-1], -1)

    return by_cpu


def _power(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    xp = backend.xp

    def power(spectrum: Any) -> Any:
        re, im = xp.real(spectrum), xp.imag(spectrum)
        return re * re + im * im

    return power


def _magnitude(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    return lambda power: backend.xp.sqrt(power)


def _log_power(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    return lambda power: backend.xp.log(power + LOG_FLOOR)


def _marsyas_log_power(
    backend: ArrayBackend, framing: Framing, rate: int, params: Params
) -> Callable[..., Any]:
    xp, offset, lowest = backend.xp, float(np.log(marsyas_scale(framing.length))), float(np.log(MARSYAS_ZERO))

    def logarithm(power: Any) -> Any:
        heard = power > 0
        logs = xp.log(xp.where(heard, power, xp.ones_like(power))) + offset
        return xp.where(heard, logs, xp.full_like(logs, lowest))

    return logarithm


def _filtered(backend: ArrayBackend, packed: PackedFilters) -> Callable[..., Any]:
    """Build P -> E[b] = Σ_k w[b, k] P[k] of a `packed_filterbank`, float32 (n_clips, n_frames, n_bands).

    Not as a matrix product: that of equal frames is not always equal, and a steady sound would seem to move.
    Bands of about the same width are summed together.
    """
    xp = backend.xp
    first, width, weights = packed
    sizes = 2 ** np.ceil(np.log2(np.maximum(width, 1))).astype(np.int64)
    groups = []
    for bands in np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(sizes)) + 1):
        widest = int(width[bands].max(initial=1))
        places = np.where(weights[bands, :widest] > 0, first[bands, None] + np.arange(widest), 0)
        groups.append((backend.to_device(places.ravel()), backend.to_device(weights[bands, :widest].copy())))

    def filtered(power: Any) -> Any:
        sums = []
        for places, weight in groups:
            chosen = xp.take(power, places, axis=2)
            products = xp.reshape(chosen, (*power.shape[:2], *weight.shape)) * weight
            sums.append(xp.sum(products, axis=-1))
        return xp.concat(sums, axis=-1)

    return filtered


def _slaney_bands(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    given = [params[each.name] for each in SLANEY_PARAMS]
    return _filtered(backend, packed_slaney_filterbank(framing.length, rate, *given))


def _mel_bands(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    given = [params[each.name] for each in MEL_PARAMS]
    return _filtered(backend, packed_mel_filterbank(framing.length, rate, *given))


def _slaney_log_bands(
    backend: ArrayBackend, framing: Framing, rate: int, params: Params
) -> Callable[..., Any]:
    return lambda bands: backend.xp.log10(backend.xp.clip(bands, min=LOG_FLOOR))


def _marsyas_log_bands(
    backend: ArrayBackend, framing: Framing, rate: int, params: Params
) -> Callable[..., Any]:
    xp, offset = backend.xp, float(np.log10(marsyas_scale(framing.length)))

    def logarithm(bands: Any) -> Any:
        heard = bands > 0
        logs = xp.log10(xp.where(heard, bands, xp.ones_like(bands))) + offset
        return xp.where(heard, logs, xp.zeros_like(logs))

    return logarithm


def _mel_log_bands(backend: ArrayBackend, framing: Framing, rate: int, params: Params) -> Callable[..., Any]:
    return lambda bands: backend.xp.log(backend.xp.clip(bands, min=params["floor"]))


ARRAY_INGREDIENTS: dict[str, Build] = {
    "spectrum": _spectrum,
    "power": _power,
    "magnitude": _magnitude,
    "log_power": _log_power,
    "marsyas_log_power": _marsyas_log_power,
    "slaney_bands": _slaney_bands,
    "slaney_log_bands": _slaney_log_bands,
    "marsyas_log_bands": _marsyas_log_bands,
    "mel_bands": _mel_bands,
    "mel_log_bands": _mel_log_bands,
}
