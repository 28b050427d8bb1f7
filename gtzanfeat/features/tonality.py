"""Chroma, tonal centroids (tonnetz), harmonic change and keys.

Energies of pitch classes are ingredients (`ingredients.chroma`, `ingredients.constant_q`); here they are
normalised, placed in tonal space (Harte, Sandler & Gasser 2006) and compared with profiles of keys (Krumhansl
1990; Albrecht & Shanahan 2013). Notes that are counted one by one are in `pitch_histograms`, a key is read
from them here too; librosa's chroma at the tuning of the clip is in `librosa_chroma`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import (
    Accumulator,
    Arrays,
    ClipFeature,
    Column,
    FrameFeature,
    Framing,
    Params,
    TrackFeature,
)
from gtzanfeat.ingredients.pitch_classes import N_CLASSES, NAMES, fold_octaves
from gtzanfeat.jit import kernel

ELLIS = "Ellis 2007, Chroma feature analysis and synthesis"
KRUMHANSL = "Krumhansl & Kessler 1982; Krumhansl 1990, Cognitive Foundations of Musical Pitch"
ALBRECHT = "Albrecht & Shanahan 2013"
CENS_STEPS = np.array([0.05, 0.1, 0.2, 0.4], dtype=np.float32)

# how much of each pitch class, from the tonic up, a piece in major and one in minor has
PROFILES = {
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "albrecht": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}


@kernel
def normalised_chroma(energies: np.ndarray, out: np.ndarray) -> None:
    """Chroma C[c] = E[c] / max E; 0 where there is no energy.

    energies (n_frames, 12) -> out (n_frames, 12)
    """
    for t in range(energies.shape[0]):
        largest = np.float32(0.0)
        for c in range(energies.shape[1]):
            largest = max(largest, energies[t, c])
        for c in range(energies.shape[1]):
            out[t, c] = energies[t, c] / largest if largest > 0 else np.float32(0.0)


def chroma_cens(track: np.ndarray, smooth: int) -> np.ndarray:
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
    total = track.sum(axis=1, keepdims=True)
    shares = np.divide(track, total, out=np.zeros_like(track), where=total > 0)
    steps = np.searchsorted(CENS_STEPS, shares) / len(CENS_STEPS)
    taper = np.hanning(smooth + 2)[1:-1]
    smoothed = np.stack([np.convolve(row, taper / taper.sum()) for row in steps.T], axis=1)
    smoothed = smoothed[smooth // 2 :][: len(track)]
    norm = np.linalg.norm(smoothed, axis=1, keepdims=True)
    return np.divide(smoothed, norm, out=np.zeros_like(smoothed), where=norm > 0).astype(np.float32)


def smoothing_length(framing: Framing, rate: int, params: Params) -> Arrays:
    """Frames over which chroma is smoothed, the parameter ``smooth``."""
    return (params["smooth"],)


@kernel
def tonnetz(energies: np.ndarray, basis: np.ndarray, out: np.ndarray) -> None:
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
def harmonic_change(energies: np.ndarray, previous: np.ndarray, basis: np.ndarray, out: np.ndarray) -> None:
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
def chroma_entropy(energies: np.ndarray, out: np.ndarray) -> None:
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


def estimate_key(classes: np.ndarray, profile: str) -> np.ndarray:
    """The key whose profile correlates best with how much there is of each pitch class.

    Parameters
    ----------
    classes : ndarray of shape (12,)
        Weight of each pitch class, C first.
    profile : str
        A name of `PROFILES`.

    Returns
    -------
    ndarray of shape (4,)
        Tonic (0 is C), mode (1 major, 0 minor), strength (the correlation) and margin (how far the next
        best key is behind); zeros where all classes weigh the same.

    Examples
    --------
    >>> d_minor = np.roll(PROFILES["krumhansl"][1], 2)
    >>> estimate_key(d_minor, "krumhansl")[:3].round(6).tolist()
    [2.0, 0.0, 1.0]
    """
    centred = classes - classes.mean()
    norm = np.linalg.norm(centred)
    if not norm > 1e-9 * classes.sum():
        return np.zeros(4)
    keys = np.array([np.roll(of_mode, tonic) for of_mode in PROFILES[profile] for tonic in range(N_CLASSES)])
    keys -= keys.mean(axis=1, keepdims=True)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    correlations = keys @ (centred / norm)
    best = int(correlations.argmax())
    second, first = np.sort(correlations)[-2:]
    return np.array([best % N_CLASSES, best < N_CLASSES, first, first - second], dtype=np.float64)


def estimate_keys(classes: np.ndarray) -> np.ndarray:
    """The `estimate_key` by every profile, one after the other: (8,)."""
    return np.concatenate([estimate_key(classes, profile) for profile in PROFILES])


def chroma_key(track: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """Keys of mean chroma, (8,)."""
    return estimate_keys(track.mean(axis=0, dtype=np.float64))


@kernel
def accumulate_shares(thirds: np.ndarray, total: np.ndarray) -> None:
    """Sum over frames of the share of each third of a semitone, total[i] += E[i] / Σ E; silence has none.

    thirds (n_frames, 36) -> total (36,)
    """
    for t in range(thirds.shape[0]):
        energy = 0.0
        for i in range(thirds.shape[1]):
            energy += thirds[t, i]
        if energy > 0:
            for i in range(thirds.shape[1]):
                total[i] += thirds[t, i] / energy


def chroma_cqt_key(shares: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """Keys of constant-Q chroma at the tuning of the clip, from its shares of thirds of semitones: (8,).

    The tuning is that third of a semitone on which there is most.
    """
    tuning = shares.reshape(N_CLASSES, 3).sum(axis=0).argmax()
    around = (1, 0, 2)[tuning]  # a third below the class, its own and the one above stand together
    return estimate_keys(np.roll(shares, around).reshape(N_CLASSES, 3).sum(axis=1))


def pitch_key(unfolded: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """Keys of the folded pitch histogram, from the unfolded one over MIDI notes: (8,)."""
    return estimate_keys(fold_octaves(unfolded))


def _key_columns(heard: str) -> tuple[Column, ...]:
    """Columns of `estimate_keys`."""
    return tuple(
        column
        for profile in PROFILES
        for column in (
            Column(
                f"{profile}_tonic",
                "semitones from C",
                f"tonic of the key whose {profile} profile correlates best with {heard}",
                "the key note",
            ),
            Column(f"{profile}_mode", "0 or 1", "1 if that key is major, 0 if minor", "major or minor"),
            Column(
                f"{profile}_strength",
                "1",
                f"correlation of {heard} with the profile of that key",
                "how well the notes fit one key: low for atonal, chromatic or unpitched music",
            ),
            Column(
                f"{profile}_margin",
                "1",
                "that correlation less that of the next best key",
                "how sure the key is: low between relatives",
            ),
        )
    )


_CIRCLES = (("fifths", "7π/6", ""), ("minor_thirds", "3π/2", ""), ("major_thirds", "2π/3", "½ "))

ACCUMULATORS = (Accumulator("constant_q_shares", accumulate_shares, ("constant_q_thirds",), (36,)),)

FEATURES = (
    FrameFeature(
        name="chroma",
        family="pitch",
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
        constants=smoothing_length,
        fixed={"steps": CENS_STEPS},
    ),
    FrameFeature(
        name="chroma_entropy",
        family="pitch",
        kernel=chroma_entropy,
        needs=("constant_q_classes",),
        columns=(
            Column(
                "",
                "1",
                "-Σ p[c] ln p[c] / ln 12, p = E / Σ E, E as for chroma_cqt",
                "how many notes share the moment: low for one note or a fifth, near 1 for noise and drums",
            ),
        ),
        source="Shannon 1948, of chroma",
        gain_invariant=True,
    ),
    FrameFeature(
        name="harmonic_change",
        family="pitch",
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
    ClipFeature(
        name="chroma_key",
        family="pitch",
        compute=chroma_key,
        of="chroma",
        columns=_key_columns("mean chroma"),
        source=f"{KRUMHANSL}; {ALBRECHT}",
        gain_invariant=True,
        flag="no_chroma",
        fixed={"profiles": PROFILES},
    ),
    ClipFeature(
        name="chroma_cqt_key",
        family="pitch",
        compute=chroma_cqt_key,
        of="constant_q_shares",
        columns=_key_columns("mean constant-Q chroma at the tuning of the clip"),
        source=f"{KRUMHANSL}; {ALBRECHT}",
        gain_invariant=True,
        flag="no_chroma",
        fixed={"profiles": PROFILES},
    ),
    ClipFeature(
        name="pitch_key",
        family="pitch",
        compute=pitch_key,
        of="notes",
        columns=_key_columns("the folded pitch histogram"),
        source=f"{KRUMHANSL}; {ALBRECHT}",
        gain_invariant=True,
        flag="no_pitch",
        fixed={"profiles": PROFILES},
    ),
)
