"""Pitch of a note that sounds alone: the f0 of its frames, and one pitch of the whole.

As low and as high as the instruments of an orchestra go. The f0 of a voice among others, and how it moves, is
in `f0`; how the f0 of a frame is found is an ingredient (`ingredients.yin`).
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import FRAME_RATE, ClipFeature, Column, FrameFeature, Params
from gtzanfeat.features.f0 import (
    FASTEST_HZ,
    LEAST_CENTS,
    NOTE_SECONDS,
    RESOLUTION,
    SLOWEST_HZ,
    consecutive_frames,
    vibrato,
)
from gtzanfeat.jit import Float32Array, Float64Array, kernel

SOURCE = "de Cheveigné & Kawahara 2002, YIN; McLeod & Wyvill 2005, A smarter way to find pitch, section 5"
NEAR = 0.5  # semitones from the pitch of the note, within which a frame holds it


@kernel
def fundamental_and_level(fundamental: Float32Array, frames: Float32Array, out: Float32Array) -> None:
    """Fundamental f0, voicing, and root mean square √(Σ x[n]² / N) of each frame.

    fundamental (n_frames, 2), frames (n_frames, N) -> out (n_frames, 3)
    """
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        total = 0.0
        for i in range(n):
            total += np.float64(frames[t, i]) * np.float64(frames[t, i])
        out[t, 0] = fundamental[t, 0]
        out[t, 1] = fundamental[t, 1]
        out[t, 2] = np.sqrt(total / n)


def weighted_median(values: Float64Array, weights: Float64Array) -> float:
    """Smallest value such that it and those below it have at least half of the weight.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 3.0]))
    2.0
    """
    order = np.argsort(values, kind="stable")
    heaped = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heaped, heaped[-1] / 2)])


def note_pitch(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Pitch of a clip that holds one note, how steadily it is held, and its vibrato.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 3)
        The feature `note_f0`.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (6,)
        As the columns of the row `note_pitch`; zeros where no frame has an f0.
    """
    f0, voicing, level = track.astype(np.float64).T
    voiced = (f0 > 0) & (level > 0)
    if not voiced.any():
        return np.zeros(6)
    f0, weights = f0[voiced], voicing[voiced] * level[voiced] / level.max()
    hertz = weighted_median(f0, weights)
    semitones = 69 + 12 * np.log2(hertz / 440)
    line = np.zeros(voiced.size)
    line[voiced] = 12 * np.log2(f0 / hertz)
    held = voiced & (np.abs(line) <= NEAR)
    runs = [run for run in consecutive_frames(np.r_[False, held[1:] & held[:-1]]) if held[run.start]]
    longest = max(runs, key=lambda run: run.stop - run.start)
    rate, extent = 0.0, 0.0
    if longest.stop - longest.start >= NOTE_SECONDS * params["frame_rate"]:
        rate, extent = vibrato(line[longest], params["frame_rate"])
    share = weights @ held[voiced] / weights.sum()
    return np.array([hertz, semitones, share, weights @ voicing[voiced] / weights.sum(), rate, extent])


FEATURES = (
    FrameFeature(
        name="note_f0",
        family="pitch",
        subfamily="melody",
        kernel=fundamental_and_level,
        needs=("fundamental", "frames"),
        columns=(
            Column(
                "",
                "Hz",
                "rate / τ, τ the shortest minimum of d' that is within {tolerance} of the lowest, if that is "
                "below {threshold}, {low_hz:g} to {high_hz:g} Hz; else 0",
                "how high the note is that sounds alone",
            ),
            Column(
                "voicing",
                "1",
                "1 - d'(τ), d'(τ) = d(τ) / (1/τ Σ d(1..τ)), d(τ) = Σ (x[j] - x[j+τ])²; else 0",
                "how nearly the sound is one periodic tone",
            ),
            Column("level", "full scale", "√(Σ x[n]²/N)", "how loud the frame is"),
        ),
        source=SOURCE,
        gain_invariant=False,
    ),
    ClipFeature(
        name="note_pitch",
        family="pitch",
        subfamily="melody",
        compute=note_pitch,
        of="note_f0",
        columns=(
            Column(
                "hz",
                "Hz",
                "median of f0 over the frames that have one, weighted by voicing · level",
                "how high the note is",
            ),
            Column("semitones", "semitones", "69 + 12 log2(that / 440)", "how high the note is"),
            Column(
                "held",
                "share of the weight",
                f"share of the weight of frames within {NEAR:g} semitones of the median",
                "how steadily the pitch is held: small for a glide, a melody, or a note of doubtful octave",
            ),
            Column("voicing", "1", "mean of voicing, so weighted", "how pure the tone is, how free of noise"),
            Column(
                "vibrato_rate",
                "Hz",
                f"frequency of the strongest sinusoid of {SLOWEST_HZ:g} to {FASTEST_HZ:g} Hz in the longest "
                f"run of such frames, less its straight line; 0 in a run under {NOTE_SECONDS:g} s",
                "how fast the note wavers",
            ),
            Column(
                "vibrato_extent",
                "cents",
                f"amplitude of that sinusoid; 0 if under {LEAST_CENTS:g} cents or under half the power",
                "how far the note wavers to either side",
            ),
        ),
        source=SOURCE,
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        flag="no_f0",
        fixed={
            "near": NEAR,
            "note_seconds": NOTE_SECONDS,
            "vibrato_hz": (SLOWEST_HZ, FASTEST_HZ),
            "least_cents": LEAST_CENTS,
            "resolution": RESOLUTION,
        },
    ),
)
