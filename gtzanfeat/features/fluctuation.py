"""Scalars of fluctuation patterns: maximum, gravity, bass and focus (Pampalk 2006).

They are read from the modulation spectra of loudness that the Rhythm Patterns in `rhythm_patterns` are made
of, one row per segment of 6 s, and weighted alike by how well fluctuation is heard. Pampalk's own patterns
have 20 bands and are blurred.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Arrays, Column, FrameFeature, Framing, Params
from gtzanfeat.ingredients.psychoacoustics import (
    N_MODULATIONS,
    STRONGEST_HZ,
    fluctuation_weights,
    modulation_frequencies,
)
from gtzanfeat.jit import Float32Array, Float64Array, kernel

BASS_BANDS, BASS_HZ = 2, 1.0  # up to 200 Hz, and faster than this


@kernel
def fluctuation(modulation: Float32Array, hz: Float64Array, weight: Float64Array, out: Float32Array) -> None:
    """Maximum, gravity Σ f F / Σ F, bass and focus mean F / max F of F[b, m] = w[m] M[b, m]; 0 for silence.

    modulation (n_segments, n_bands, n_modulations), hz (n_modulations,), weight (n_modulations,)
    -> out (n_segments, 4)
    """
    n_bands, n_modulations = modulation.shape[1], modulation.shape[2]
    for t in range(modulation.shape[0]):
        largest, total, moment, bass = 0.0, 0.0, 0.0, 0.0
        for b in range(n_bands):
            for m in range(n_modulations):
                value = weight[m] * np.float64(modulation[t, b, m])
                largest = max(largest, value)
                total += value
                moment += hz[m] * value
                if b < BASS_BANDS and hz[m] > BASS_HZ:
                    bass += value
        out[t, 0] = largest
        out[t, 1] = moment / total if total > 0 else 0.0
        out[t, 2] = bass
        out[t, 3] = total / (n_bands * n_modulations) / largest if largest > 0 else 0.0


def frequencies_and_weights(framing: Framing, rate: int, params: Params) -> Arrays:
    """Frequency of each modulation in Hz, and its weight 1/(f/4 + 4/f): each (60,)."""
    hz = modulation_frequencies(framing.length, rate)
    return hz, fluctuation_weights(hz)


FEATURES = (
    FrameFeature(
        name="fluctuation",
        family="rhythm",
        subfamily="rhythm patterns",
        kernel=fluctuation,
        needs=("modulation",),
        columns=(
            Column(
                "max",
                "sone",
                f"max F, F[b, m] = M[b, m] / (f/{STRONGEST_HZ:g} + {STRONGEST_HZ:g}/f)",
                "how strongly the strongest beat pulses",
            ),
            Column("gravity", "Hz", "Σ f[m] F[b, m] / Σ F", "whether slow or fast fluctuation prevails"),
            Column(
                "bass",
                "sone",
                f"Σ F[b, m] over the {BASS_BANDS} lowest bands and f > {BASS_HZ:g} Hz",
                "how strongly the bass pulses",
            ),
            Column(
                "focus",
                "1",
                "mean F / max F",
                "whether one beat stands out (small) or all fluctuates alike (large)",
            ),
        ),
        source="Pampalk 2006, Computational models of music similarity",
        gain_invariant=False,
        constants=frequencies_and_weights,
        fixed={"modulations": N_MODULATIONS, "strongest_hz": STRONGEST_HZ, "bass": (BASS_BANDS, BASS_HZ)},
    ),
)
