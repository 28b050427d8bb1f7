"""Features: one file per family, with its kernels and, at its foot, the rows that declare them.

`FEATURES` and `ACCUMULATORS` are the registry: the rows of all families by name. A family is a file of this
folder that ends in ``FEATURES`` (and ``ACCUMULATORS``, where it has any) and stands in `FAMILIES`. The folder
is not searched, so that a program packed by PyInstaller, which has no folders, has its features too. What
several families share is in `gtzanfeat.ingredients` and `gtzanfeat.statistics`; formulae, parameters and edge
cases of each feature are in the documentation, under "Specification".
"""

from __future__ import annotations

from gtzanfeat.declarations import Accumulator, ClipFeature, Collection, FrameFeature
from gtzanfeat.features import (
    bands,
    beat_histogram,
    block_level,
    centroid_rolloff_flux,
    cepstrum,
    dynamics,
    f0,
    flatness,
    fluctuation,
    harmonics,
    keys,
    librosa57,
    librosa_chroma,
    linear_prediction,
    marsyas,
    note_envelope,
    note_pitch,
    novelty,
    pitch_histograms,
    rhythm_patterns,
    spectral_shape,
    tactus,
    tempo,
    tonality,
    waveform,
    wavelets,
    zero_crossings,
)

FAMILIES = (
    bands,
    beat_histogram,
    block_level,
    centroid_rolloff_flux,
    cepstrum,
    dynamics,
    f0,
    flatness,
    fluctuation,
    harmonics,
    keys,
    librosa57,
    librosa_chroma,
    linear_prediction,
    marsyas,
    note_envelope,
    note_pitch,
    novelty,
    pitch_histograms,
    rhythm_patterns,
    spectral_shape,
    tactus,
    tempo,
    tonality,
    waveform,
    wavelets,
    zero_crossings,
)

FEATURES: dict[str, FrameFeature | ClipFeature] = {
    row.name: row for family in FAMILIES for row in getattr(family, "FEATURES", ())
}

ACCUMULATORS: dict[str, Accumulator | Collection] = {
    row.name: row for family in FAMILIES for row in getattr(family, "ACCUMULATORS", ())
}
