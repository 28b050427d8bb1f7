"""Chroma, tonal centroids (tonnetz) and harmonic change.

Energies of pitch classes are ingredients (`ingredients.chroma`, `ingredients.constant_q`); here they are
normalised and placed in tonal space (Harte, Sandler & Gasser 2006). Notes that are counted one by one are in
`pitch_histograms`, keys in `keys`, and librosa's chroma at the tuning of the clip is in `librosa_chroma`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import (
    Arrays,
    Column,
    FrameFeature,
    Framing,
    Parameter,
    Params,
    TrackFeature,
)
from gtzanfeat.ingredients.pitch_classes import N_CLASSES, NAMES
from gtzanfeat.jit import Float32Array, Float64Array, kernel

ELLIS = "Ellis 2007, Chroma feature analysis and synthesis"
CENS_STEPS = np.array([0.05, 0.1, 0.2, 0.4], dtype=np.float32)


@kernel
def normalised_chroma(energies: Float32Array, out: Float32Array) -> None:
    """Chroma C[c] = E[c] / max E; 0 where there is no energy.

    energies (n_frames, 12) -> out (n_frames, 12)
    """
    for t in range(energies.shape[0]):
        largest = np.float32(0.0)
        for c in range(energies.shape[1]):
            largest = max(largest, energies[t, c])
        for c in range(energies.shape[1]):
            out[t, c] = energies[t, c] / largest if largest > 0 else np.float32(0.0)


def chroma_cens(track: Float32Array, smooth: int) -> Float32Array:
    """Chroma energy normalised statistics: what is played, with little of how.

    Shares of the classes are quantised on a scale that is about logarithmic, and smoothed over time; each
    frame then has unit length.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 12)
        Chroma.
    smooth : int
        Frames over which the Hann window of smoothing reaches, an odd number.

    Returns
    -------
    ndarray of shape (n_frames, 12), float32
        Zeros where there is nothing to hear within reach.
    """
    track = np.asarray(track)
    total = track.sum(axis=1, keepdims=True)
    shares = np.divide(track, total, out=np.zeros_like(track), where=total > 0)
    steps = np.searchsorted(CENS_STEPS, shares) / len(CENS_STEPS)
    taper = np.hanning(smooth + 2)[1:-1]
    smoothed = np.stack([np.convolve(row, taper / taper.sum()) for row in steps.T], axis=1)
    smoothed = smoothed[smooth // 2 :][: len(track)]
    norm = np.linalg.norm(smoothed, axis=1, keepdims=True)
    unit: Float64Array = np.divide(smoothed, norm, out=np.zeros_like(smoothed), where=norm > 0)
    return unit.astype(np.float32)


def smoothing_length(framing: Framing, rate: int, params: Params) -> Arrays:
    """Frames over which chroma is smoothed, the parameter ``smooth``."""
    return (params["smooth"],)


@kernel
def tonnetz(energies: Float32Array, basis: Float32Array, out: Float32Array) -> None:
    """Tonal centroid T[d] = Σ_c φ[d, c] E[c] / Σ E (Harte et al. 2006); 0 where there is no energy.

    energies (n_frames, 12), basis (6, 12) -> out (n_frames, 6)
    """
    for t in range(energies.shape[0]):
        total = np.float32(0.0)
        for c in range(energies.shape[1]):
            total += energies[t, c]
        for d in range(basis.shape[0]):
            place = np.float32(0.0)
            for c in range(basis.shape[1]):
                place += basis[d, c] * energies[t, c]
            out[t, d] = place / total if total > 0 else np.float32(0.0)


def tonnetz_basis(framing: Framing, rate: int, params: Params) -> Arrays:
    """Basis φ, (6, 12): sine and cosine of each class on the circles of fifths, minor and major thirds."""
    c = np.arange(N_CLASSES)
    circles = [(1.0, 7 * np.pi / 6), (1.0, 3 * np.pi / 2), (0.5, 2 * np.pi / 3)]
    rows = [radius * wave(step * c) for radius, step in circles for wave in (np.sin, np.cos)]
    return (np.array(rows, dtype=np.float32),)


@kernel
def harmonic_change(
    energies: Float32Array, previous: Float32Array, basis: Float32Array, out: Float32Array
) -> None:
    """Harmonic change |T_t - T_{t-1}|, T the tonal centroid, in the middle where there is no energy.

    energies (n_frames, 12), previous (1, 12), basis (6, 12) -> out (n_frames, 1)
    """
    here = np.zeros(basis.shape[0], dtype=np.float32)
    for t in range(-1, energies.shape[0]):
        row = energies[t] if t >= 0 else previous[0]
        total = np.float32(0.0)
        for c in range(row.size):
            total += row[c]
        squares = np.float32(0.0)
        for d in range(here.size):
            place = np.float32(0.0)
            for c in range(row.size):
                place += basis[d, c] * row[c]
            place = place / total if total > 0 else np.float32(0.0)
            squares += (place - here[d]) * (place - here[d])
            here[d] = place
        if t >= 0:
            out[t, 0] = np.sqrt(squares)


@kernel
def chroma_entropy(energies: Float32Array, out: Float32Array) -> None:
    """Entropy H = -Σ_c p_c ln p_c / ln 12, p_c = E_c / Σ E; 0 where there is no energy.

    energies (n_frames, 12) -> out (n_frames, 1)
    """
    n = energies.shape[1]
    for t in range(energies.shape[0]):
        total = np.float32(0.0)
        for c in range(n):
            total += energies[t, c]
        entropy = 0.0
        for c in range(n):
            share = energies[t, c] / total if total > 0 else np.float32(0.0)
            if share > 0:
                entropy -= share * np.log(share)
        out[t, 0] = entropy / np.log(n)


_CIRCLES = (("fifths", "7π/6", ""), ("minor_thirds", "3π/2", ""), ("major_thirds", "2π/3", "½ "))

FEATURES = (
    FrameFeature(
        name="chroma",
        family="pitch",
        subfamily="chroma",
        kernel=normalised_chroma,
        needs=("chroma_energies",),
        columns=tuple(
            Column(
                name,
                "share of the largest",
                f"E[{c}] / max E, E[c] = Σ w[c, k] |X[k]|²",
                f"how much {name.replace('_', ' ')} there is, in whatever octave",
            )
            for c, name in enumerate(NAMES)
        ),
        source=ELLIS,
        gain_invariant=True,
    ),
    FrameFeature(
        name="tonnetz",
        family="pitch",
        subfamily="tonal space",
        kernel=tonnetz,
        needs=("chroma_energies",),
        columns=tuple(
            Column(
                f"{circle}_{axis}",
                "1",
                f"Σ {radius}{wave}({step} c) E[c] / Σ E",
                f"where the harmony stands on the circle of {circle.replace('_', ' ')}, {axis}",
            )
            for circle, step, radius in _CIRCLES
            for axis, wave in (("x", "sin"), ("y", "cos"))
        ),
        source="Harte, Sandler & Gasser 2006, Detecting harmonic change in musical audio",
        gain_invariant=True,
        constants=tonnetz_basis,
    ),
    FrameFeature(
        name="chroma_cqt",
        family="pitch",
        subfamily="chroma",
        kernel=normalised_chroma,
        needs=("constant_q_classes",),
        columns=tuple(
            Column(
                name,
                "share of the largest",
                f"E[{c}] / max E, E[{c}] = Σ |X_cq[b]| over the bins b of {name.replace('_', ' ')}",
                f"how much {name.replace('_', ' ')} there is, low notes told apart as well as high ones",
            )
            for c, name in enumerate(NAMES)
        ),
        source="Brown 1991, Calculation of a constant Q spectral transform; Schörkhuber & Klapuri 2010",
        gain_invariant=True,
    ),
    TrackFeature(
        name="chroma_cens",
        family="pitch",
        subfamily="chroma",
        kernel=chroma_cens,
        needs=("chroma_cqt",),
        columns=tuple(
            Column(
                name,
                "1",
                f"S[{c}] / |S|, S the quantised shares of chroma_cqt, smoothed over {{smooth}} frames",
                f"how much {name.replace('_', ' ')} there is in the harmony around this frame",
            )
            for c, name in enumerate(NAMES)
        ),
        source="Müller & Ewert 2011, Chroma Toolbox",
        gain_invariant=True,
        parameters=(Parameter("smooth", 21, "frames", "frames that are smoothed over", low=1),),
        constants=smoothing_length,
        fixed={"steps": CENS_STEPS},
    ),
    FrameFeature(
        name="chroma_entropy",
        family="pitch",
        subfamily="chroma",
        kernel=chroma_entropy,
        needs=("constant_q_classes",),
        columns=(
            Column(
                "",
                "1",
                "-Σ p[c] ln p[c] / ln 12, p = E / Σ E, E as for chroma_cqt",
                "how many notes sound at once: low for one note or a fifth, near 1 for noise and drums",
            ),
        ),
        source="Shannon 1948, of chroma",
        gain_invariant=True,
    ),
    FrameFeature(
        name="harmonic_change",
        family="pitch",
        subfamily="tonal space",
        kernel=harmonic_change,
        needs=("constant_q_classes",),
        columns=(
            Column(
                "",
                "1",
                "|T[t] - T[t-1]|, T the tonnetz of E, E as for chroma_cqt",
                "how far the harmony moves from frame to frame: large where the chord changes",
            ),
        ),
        source="Harte, Sandler & Gasser 2006, Detecting harmonic change in musical audio, unsmoothed",
        gain_invariant=True,
        constants=tonnetz_basis,
        before=0.0,
        lead=1,
    ),
)
