"""The registry of features: every family's rows in one place. No kernel and no row is written here."""

from __future__ import annotations

from gtzanfeat.features import (
    bands,
    cepstral,
    flatness,
    patterns,
    pitch,
    predictive,
    rhythm,
    shape,
    spectral,
    tempo,
    tonal,
    waveform,
)
from gtzanfeat.features.spec import Accumulator, ClipFeature, FrameFeature

FEATURES: dict[str, FrameFeature | ClipFeature] = {
    row.name: row
    for family in (
        waveform,
        spectral,
        cepstral,
        rhythm,
        pitch,
        patterns,
        tempo,
        shape,
        tonal,
        bands,
        predictive,
        flatness,
    )
    for row in family.FEATURES
}

ACCUMULATORS: dict[str, Accumulator] = {
    row.name: row for family in (rhythm, pitch) for row in family.ACCUMULATORS
}
