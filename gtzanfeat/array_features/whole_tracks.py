"""Features that are known when the whole clip has been heard, from the padded tracks of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gtzanfeat.array_backend import ArrayBackend
from gtzanfeat.array_features.band_arrays import cepstrum_of
from gtzanfeat.features import librosa57
from gtzanfeat.ingredients.filterbanks import dct_basis


def _mfcc(backend: ArrayBackend, inside: Any, mel: Any) -> Any:
    xp = backend.xp
    heard = xp.where(inside, mel, xp.full_like(mel, -xp.inf))
    limit = xp.max(heard, axis=(1, 2), keepdims=True) - librosa57.RANGE_DB
    basis = backend.to_device(dct_basis(librosa57.COEFFICIENTS, librosa57.BANDS))
    return cepstrum_of(xp, xp.maximum(mel, limit), basis)


# kernel of a `TrackFeature` -> ``function(backend, inside, *tracks)``, where `inside` says which frames lie
# within their clip, (n_clips, n_frames, 1)
TRACK_KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {librosa57.mfcc: _mfcc}
