"""Tonal content: chroma, its place in tonal space (tonnetz), and the key.

Chroma energies are an ingredient; here they are normalised and compared with what keys are made of. Notes
that are counted one by one (the pitch histograms) live in `pitch`; a key is read from them here too.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.features.spec import Arrays, ClipFeature, Column, FrameFeature, Framing, Params
from gtzanfeat.jit import kernel

N_CLASSES = 12
NAMES = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")
ELLIS = "Ellis 2007, Chroma feature analysis and synthesis"
KRUMHANSL = "Krumhansl & Kessler 1982; Krumhansl 1990, Cognitive Foundations of Musical Pitch"
ALBRECHT = "Albrecht & Shanahan 2013"

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
def chroma(energies: np.ndarray, out: np.ndarray) -> None:
    """C_c = E_c / max E; 0 where there is no energy."""
    for t in range(energies.shape[0]):
        largest = np.float32(0.0)
        for c in range(energies.shape[1]):
            largest = max(largest, energies[t, c])
        for c in range(energies.shape[1]):
            out[t, c] = energies[t, c] / largest if largest > 0 else np.float32(0.0)


@kernel
def tonnetz(energies: np.ndarray, basis: np.ndarray, out: np.ndarray) -> None:
    """T_d = Σ_c φ[d, c] E_c / Σ E; 0 where there is no energy."""
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
    """φ, (6, 12): sine and cosine of each class on the circles of fifths, minor thirds and major thirds."""
    c = np.arange(N_CLASSES)
    circles = [(1.0, 7 * np.pi / 6), (1.0, 3 * np.pi / 2), (0.5, 2 * np.pi / 3)]
    rows = [radius * wave(step * c) for radius, step in circles for wave in (np.sin, np.cos)]
    return (np.array(rows, dtype=np.float32),)


def key(classes: np.ndarray, profile: str) -> np.ndarray:
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
    >>> key(d_minor, "krumhansl")[:3].round(6).tolist()
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


def keys_of(classes: np.ndarray) -> np.ndarray:
    """The `key` by every profile, one after the other."""
    return np.concatenate([key(classes, profile) for profile in PROFILES])


def chroma_key(track: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """Keys of mean chroma, track (n_frames, 12)."""
    return keys_of(track.mean(axis=0, dtype=np.float64))


def pitch_key(unfolded: np.ndarray, n_frames: int, params: Params) -> np.ndarray:
    """Keys of the folded pitch histogram, from the unfolded one over MIDI notes."""
    return keys_of(np.bincount(np.arange(unfolded.size) % N_CLASSES, unfolded, N_CLASSES))


def _key_columns(heard: str) -> tuple[Column, ...]:
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

FEATURES = (
    FrameFeature(
        name="chroma",
        family="pitch",
        kernel=chroma,
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
    ClipFeature(
        name="chroma_key",
        family="pitch",
        compute=chroma_key,
        of="chroma",
        columns=_key_columns("mean chroma"),
        source=f"{KRUMHANSL}; {ALBRECHT}",
        gain_invariant=True,
        flag="no_chroma",
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
    ),
)
