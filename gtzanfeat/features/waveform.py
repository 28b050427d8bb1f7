"""Level of the waveform: RMS, loudness in decibels, crest, entropy of energy, and the low energy of a clip.

Kernels take the unwindowed frames. Changes of sign are in `zero_crossings`, loudness as it is heard in
`dynamics`; no spectrum belongs here.

References
----------
Tzanetakis & Cook 2002, section II-A (low energy); Giannakopoulos & Pikrakis 2014 (entropy of energy).
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import ClipFeature, Column, FrameFeature, Parameter, Params
from gtzanfeat.jit import Float32Array, Float64Array, bits_to_float, contiguous, float_to_bits, kernel
from gtzanfeat.jit.vector_sums import dot_product

TC2002 = "Tzanetakis & Cook 2002"
SILENT_POWER = 1e-10  # -100 dB: what counts as silence where levels are in decibels
PARTS = 10  # of a frame, between which its energy is shared


@kernel
def root_mean_square(frames: Float32Array, out: Float32Array) -> None:
    """Root mean square √(Σ x[n]² / N).

    frames (n_frames, N) -> out (n_frames, 1)
    """
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        row = contiguous(frames[t])
        total = np.float32(0.0)
        for i in range(n):
            total += row[i] * row[i]
        out[t, 0] = np.sqrt(total / np.float32(n))


@kernel
def loudness(frames: Float32Array, out: Float32Array) -> None:
    """Level 20 log10 RMS, at least -100: decibels below a full-scale square wave.

    frames (n_frames, N) -> out (n_frames, 1)
    """
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        row = contiguous(frames[t])
        total = np.float32(0.0)
        for i in range(n):
            total += row[i] * row[i]
        power = np.float64(total) / n
        out[t, 0] = 10.0 * np.log10(max(power, SILENT_POWER))


@kernel
def crest(frames: Float32Array, out: Float32Array) -> None:
    """Crest factor max |x[n]| / RMS; 1 for silence.

    frames (n_frames, N) -> out (n_frames, 1)
    """
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        row = contiguous(frames[t])
        peak = np.int32(0)  # bits, of which the compiler makes vectors: numbers might be no numbers
        total = 0.0  # float64, in which the square of the faintest sample is not 0
        for i in range(n):
            peak = max(peak, float_to_bits(abs(row[i])))
            total += np.float64(row[i]) * np.float64(row[i])
        out[t, 0] = bits_to_float(peak) / np.sqrt(total / n) if total > 0 else 1.0


@kernel
def energy_entropy(frames: Float32Array, out: Float32Array) -> None:
    """Entropy of energy H = -Σ e_i log e_i / log 10, e_i its share in the i-th tenth of the frame.

    frames (n_frames, N) -> out (n_frames, 1); 0 for silence
    """
    n = frames.shape[1]
    energy = np.empty(PARTS)
    for t in range(frames.shape[0]):
        row = contiguous(frames[t])
        total = 0.0
        for part in range(PARTS):
            first, last = part * n // PARTS, (part + 1) * n // PARTS
            energy[part] = dot_product(row, first, row, first, last - first)
            total += energy[part]
        entropy = 0.0
        for part in range(PARTS):
            if energy[part] > 0:
                share = energy[part] / total
                entropy -= share * np.log(share)
        out[t, 0] = entropy / np.log(PARTS)


@kernel
def low_energy_share(rms: Float32Array, width: int) -> float:
    """Low energy: mean over texture windows of the share of frames with RMS < (1 - 1e-6) · its mean there.

    rms (n_frames, 1), windows of `width` frames -> a number
    """
    levels = rms.ravel()
    width = min(width, levels.size)
    limits = np.zeros(levels.size - width + 1)
    # All windows at once, of which each is summed anew: of a running sum, rounding would be left over where
    # silence follows.
    for t in range(width):
        for window in range(limits.size):
            limits[window] += levels[window + t]
    for window in range(limits.size):
        limits[window] = limits[window] / width * (1.0 - 1e-6)
    count = 0
    for t in range(width):
        for window in range(limits.size):
            count += 1 if levels[window + t] < limits[window] else 0
    return count / width / limits.size


def low_energy(rms: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Low energy of a clip from its track of RMS, (1,)."""
    return np.array([low_energy_share(np.asarray(rms), params["window"])])


FEATURES = (
    FrameFeature(
        name="rms",
        family="timbre",
        subfamily="level",
        kernel=root_mean_square,
        needs=("frames",),
        columns=(Column("", "full scale", "√(Σ x[n]²/N)", "how loud the frame is"),),
        source=f"{TC2002}, section II-A",
        gain_invariant=False,
    ),
    FrameFeature(
        name="loudness",
        family="timbre",
        subfamily="level",
        kernel=loudness,
        needs=("frames",),
        columns=(
            Column("", "dB", f"10 log10 max(RMS², {SILENT_POWER:g})", "how loud the frame is, in decibels"),
        ),
        source="level in decibels relative to full scale",
        gain_invariant=False,
        fixed={"silence": SILENT_POWER},
    ),
    FrameFeature(
        name="crest",
        family="timbre",
        subfamily="level",
        kernel=crest,
        needs=("frames",),
        columns=(
            Column(
                "",
                "1",
                "max |x[n]| / RMS",
                "how far peaks of the waveform stand out: 1.4 for a sine, 1 for a square, large for clicks",
            ),
        ),
        source="crest factor, IEC 60050-103-02-11",
        gain_invariant=True,
    ),
    FrameFeature(
        name="energy_entropy",
        family="timbre",
        subfamily="level",
        kernel=energy_entropy,
        needs=("frames",),
        columns=(
            Column(
                "",
                "1",
                f"-Σ e_i log e_i / log {PARTS}, e_i the shares of energy of {PARTS} equal parts of the frame",
                "evenness of energy within the frame: 1 for a steady sound, small where something begins",
            ),
        ),
        source="Giannakopoulos & Pikrakis 2014, short-term energy entropy",
        gain_invariant=True,
        fixed={"parts": PARTS},
    ),
    ClipFeature(
        name="low_energy",
        family="timbre",
        subfamily="level",
        compute=low_energy,
        of="rms",
        columns=(
            Column(
                "",
                "share of frames",
                "share of the {window} frames of a texture window with RMS below its mean, mean over windows",
                "how uneven the loudness is: high with pauses between sounds, low for a steady wall of sound",
            ),
        ),
        source=f"{TC2002}, section II-A",
        gain_invariant=True,
        parameters=(Parameter("window", 43, "frames", "frames in a texture window", low=1),),
    ),
)
