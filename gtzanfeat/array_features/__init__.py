"""Features of many clips at once: kernels, ingredients and summaries of padded batches, on any array library.

What a feature is (its needs, parameters, constants, columns) its row in `gtzanfeat.features` says. Here,
beside the compiled kernels of these rows, are functions of whole batches that compute the same, written
against the array API: `ARRAY_KERNELS` by kernel; `ARRAY_INGREDIENTS`, `ARRAY_STREAMS` and `ARRAY_SUMMARIES`
by name. A feature that has no such function is computed on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gtzanfeat.array_features import band_arrays, spectrum_arrays, waveform_arrays
from gtzanfeat.array_features.array_ingredients import ARRAY_INGREDIENTS
from gtzanfeat.array_features.padded_frames import ARRAY_STREAMS, PaddedFrames, padded
from gtzanfeat.array_features.track_summaries import ARRAY_SUMMARIES, find_array_summary
from gtzanfeat.array_features.whole_tracks import TRACK_KERNELS

# kernel of a frame feature -> ``function(xp, *ingredients, *previous, *constants)``, which returns columns
ARRAY_KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {
    **waveform_arrays.KERNELS,
    **spectrum_arrays.KERNELS,
    **band_arrays.KERNELS,
}

__all__ = [
    "ARRAY_INGREDIENTS",
    "ARRAY_KERNELS",
    "ARRAY_STREAMS",
    "ARRAY_SUMMARIES",
    "TRACK_KERNELS",
    "PaddedFrames",
    "find_array_summary",
    "padded",
]
