"""Fundamental frequency by YIN (de Cheveigné & Kawahara 2002), frame by frame, and how it moves over a clip.

One note at a time, the strongest; several at once are counted in `pitch_histograms`. The difference function
that f0 is read from is an ingredient (`ingredients.yin`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.declarations import (
    FRAME_RATE,
    Arrays,
    ClipFeature,
    Column,
    FrameFeature,
    Framing,
    Parameter,
    Params,
)
from gtzanfeat.errors import ParameterError
from gtzanfeat.jit import Float32Array, Float64Array, kernel

YIN = "de Cheveigné & Kawahara 2002, YIN, equations 6 to 8 and sections II.D and II.E"
JUMP = 1.0  # semitones from one frame to the next, from which on a note has ended and another has begun
NOTE_SECONDS = 0.5  # notes shorter than this show too few cycles of vibrato
SLOWEST_HZ, FASTEST_HZ = 3.0, 9.0  # of vibrato; singers' and players' is around 5 to 7 Hz
LEAST_CENTS = 5.0  # smaller deviations are not heard
RESOLUTION = 8  # how much finer than the length of a note its spectrum is sampled


@kernel
def yin(
    difference: Float32Array, rate: float, shortest: int, longest: int, threshold: float, out: Float32Array
) -> None:
    """Fundamental f0 = rate / τ and voicing 1 - d'(τ), τ the first minimum of d' below the threshold.

    difference (n_frames, n_lags) -> out (n_frames, 2)

    d'(τ) = d(τ) / (1/τ Σ_{j=1..τ} d(j)), and 1 where nothing has changed yet (YIN, eq. 8); τ is refined by a
    parabola through d. Where no minimum is deep enough, f0 is 0 and voicing is read at the lowest point.
    """
    normalised = np.empty(difference.shape[1])
    for t in range(difference.shape[0]):
        d = difference[t]
        total = 0.0
        normalised[0] = 1.0
        for lag in range(1, d.size):
            total += np.float64(d[lag])
            normalised[lag] = np.float64(d[lag]) * lag / total if total > 0 else 1.0
        best = shortest
        found = False
        for lag in range(shortest, longest + 1):
            depth = normalised[lag]
            if depth < normalised[best]:
                best = lag
            if depth < threshold and normalised[lag - 1] > depth <= normalised[lag + 1]:
                best = lag
                found = True
                break
        out[t, 0] = 0.0
        out[t, 1] = max(1.0 - normalised[best], 0.0)
        if found:
            before, here, after = np.float64(d[best - 1]), np.float64(d[best]), np.float64(d[best + 1])
            bend = before - 2.0 * here + after
            shift = 0.5 * (before - after) / bend if bend > 0 else 0.0
            out[t, 0] = rate / (best + min(max(shift, -1.0), 1.0))


def yin_lags(framing: Framing, rate: int, params: Params) -> Arrays:
    """Sample rate, lags of the highest and of the lowest f0, and threshold."""
    if params["low_hz"] >= params["high_hz"]:
        raise ParameterError(f"low_hz {params['low_hz']:g} must be below high_hz {params['high_hz']:g}")
    shortest = max(math.floor(rate / params["high_hz"]), 2)
    return float(rate), shortest, math.ceil(rate / params["low_hz"]), float(params["threshold"])


def consecutive_frames(together: NDArray[np.bool_]) -> list[slice]:
    """Longest slices of frames where each but the first is `together` with the one before it.

    Examples
    --------
    >>> consecutive_frames(np.array([False, True, True, False, False, True]))
    [slice(0, 3, None), slice(3, 4, None), slice(4, 6, None)]
    """
    starts = np.flatnonzero(~together)
    return [slice(int(a), int(b)) for a, b in zip(starts, [*starts[1:], together.size], strict=True)]


def vibrato(semitones: Float64Array, frame_rate: float) -> tuple[float, float]:
    """Rate and extent of the vibrato of one note.

    The strongest sinusoid from 3 to 9 Hz in the note less its straight line; it counts as vibrato if it is
    at least half of what moves.

    Parameters
    ----------
    semitones : ndarray of shape (n_frames,)
        Pitch of the note.
    frame_rate : float
        Frames per second.

    Returns
    -------
    rate, extent : float
        In Hz, and in cents to either side; zeros where there is none.

    Examples
    --------
    >>> time = np.arange(100) / 50
    >>> rate, extent = vibrato(60 + 0.3 * np.sin(2 * np.pi * 6 * time), 50)
    >>> round(rate, 1), round(extent)
    (6.0, 30)
    """
    n = semitones.size
    if frame_rate < 2 * SLOWEST_HZ:  # too few frames to show it
        return 0.0, 0.0
    time = np.arange(n) - (n - 1) / 2
    moved = semitones - semitones.mean()
    moved -= time * (time @ moved) / (time @ time)
    taper = np.hanning(n + 2)[1:-1]
    amplitudes = 2 * np.abs(np.fft.rfft(taper * moved, RESOLUTION * n)) / taper.sum()
    hertz = np.arange(amplitudes.size) * frame_rate / (RESOLUTION * n)
    within = np.flatnonzero((hertz >= SLOWEST_HZ) & (hertz <= FASTEST_HZ))
    best = within[amplitudes[within].argmax()]
    extent = 100 * amplitudes[best]
    # a maximum at the edge is the flank of something slower or faster
    at_edge = amplitudes[best] < max(amplitudes[best - 1], amplitudes[min(best + 1, amplitudes.size - 1)])
    power = (taper * moved**2).sum() / taper.sum()
    if at_edge or extent < LEAST_CENTS or amplitudes[best] ** 2 < power:
        return 0.0, 0.0
    return float(hertz[best]), float(extent)


def pitch_contour(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """How the f0 of a clip moves.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 2)
        The feature `f0`.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (10,)
        As the columns of the row `pitch_contour`; zeros where no frame is voiced.
    """
    frame_rate = params["frame_rate"]
    f0 = track[:, 0].astype(np.float64)
    voiced = f0 > 0
    if not voiced.any():
        return np.zeros(10)
    semitones = 69 + 12 * np.log2(np.where(voiced, f0, 440.0) / 440)
    heard = semitones[voiced]
    steps = np.abs(np.diff(semitones))
    both = voiced[1:] & voiced[:-1]
    jumps = both & (steps >= JUMP)
    glides = steps[both & ~jumps]
    whole = [run for run in consecutive_frames(np.r_[False, both]) if voiced[run.start]]
    notes = [semitones[run] for run in consecutive_frames(np.r_[False, both & ~jumps]) if voiced[run.start]]
    vibratos = np.array(
        [(note.size, *vibrato(note, frame_rate)) for note in notes if note.size >= NOTE_SECONDS * frame_rate]
    ).reshape(-1, 3)
    length, rate, extent = vibratos.T
    swing = length @ extent
    low, high = np.percentile(heard, (5, 95))
    return np.array(
        [
            heard.size / f0.size,
            heard.mean(),
            np.median(heard),
            heard.std(),
            high - low,
            heard.size / len(whole) / frame_rate,
            glides.mean() * frame_rate if glides.size else 0.0,
            jumps.sum() * frame_rate / f0.size,
            (length * extent) @ rate / swing if swing else 0.0,
            swing / length.sum() if swing else 0.0,
        ]
    )


FEATURES = (
    FrameFeature(
        name="f0",
        family="pitch",
        subfamily="melody",
        kernel=yin,
        needs=("difference",),
        columns=(
            Column(
                "",
                "Hz",
                "rate / τ, τ the first minimum of d' below {threshold}, {low_hz:g} to {high_hz:g} Hz; else 0",
                "how high the note is that sounds alone or above the others",
            ),
            Column(
                "voicing",
                "1",
                "1 - d'(τ), d'(τ) = d(τ) / (1/τ Σ d(1..τ)), d(τ) = Σ (x[j] - x[j+τ])²",
                "how nearly the sound is one periodic tone: 1 for a held note, near 0 for noise",
            ),
        ),
        source=YIN,
        gain_invariant=True,
        constants=yin_lags,
        parameters=(
            Parameter("high_hz", 1000.0, "Hz", "the highest f0 that is looked for", low=0.0, above=True),
            Parameter(
                "threshold",
                0.2,
                "1",
                "depth below which a minimum is a period: larger finds a note in more frames",
                low=0.0,
                high=1.0,
                above=True,
            ),
            FRAME_RATE,  # not read, but released sets state it
        ),
    ),
    ClipFeature(
        name="pitch_contour",
        family="pitch",
        subfamily="melody",
        compute=pitch_contour,
        of="f0",
        columns=(
            Column("voiced", "share of frames", "share with f0 > 0", "how much of the clip has notes"),
            Column(
                "mean",
                "semitones",
                "mean of s = 69 + 12 log2(f0 / 440) where voiced",
                "how high the line lies",
            ),
            Column("median", "semitones", "median of s", "how high the line lies, outliers apart"),
            Column("std", "semitones", "standard deviation of s", "how far the line moves"),
            Column("range", "semitones", "95th less 5th percentile of s", "the compass of the line"),
            Column("run", "s", "mean length of runs of voiced frames", "how long the line goes on unbroken"),
            Column(
                "slope",
                "semitones/s",
                "mean |s[t] - s[t-1]| · frame rate within notes (steps under a semitone)",
                "how much notes glide and waver: sliding and singing against keys and frets",
            ),
            Column(
                "jumps",
                "jumps/s",
                "steps of a semitone or more from voiced frame to voiced frame, per second",
                "how often the line leaps",
            ),
            Column(
                "vibrato_rate",
                "Hz",
                f"mean over notes of {NOTE_SECONDS:g} s or more of the frequency of the strongest sinusoid "
                f"of {SLOWEST_HZ:g} to {FASTEST_HZ:g} Hz in s less its straight line, "
                "weighted by length times extent",
                "how fast notes waver",
            ),
            Column(
                "vibrato_extent",
                "cents",
                "mean over those notes of the amplitude of that sinusoid, weighted by length; "
                f"0 where it is under {LEAST_CENTS:g} cents or under half the power",
                "how far notes waver to either side: trained voices, strings",
            ),
        ),
        source="after Salamon, Rocha & Gómez 2012, Musical Genre Classification using Melody Features",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        flag="no_f0",
        fixed={
            "jump": JUMP,
            "note_seconds": NOTE_SECONDS,
            "vibrato_hz": (SLOWEST_HZ, FASTEST_HZ),
            "least_cents": LEAST_CENTS,
            "resolution": RESOLUTION,
        },
    ),
)
