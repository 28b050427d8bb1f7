"""Keys: how well mean chroma and pitch histograms fit the profiles of the 24 major and minor keys.

Profiles are Krumhansl's (Krumhansl & Kessler 1982) and Albrecht & Shanahan's (2013). Chroma of frames is in
`tonality`, notes that are counted one by one are in `pitch_histograms`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Accumulator, ClipFeature, Column, Params
from gtzanfeat.ingredients.constant_q import BINS
from gtzanfeat.ingredients.pitch_classes import N_CLASSES, fold_octaves
from gtzanfeat.jit import Float32Array, Float64Array, kernel

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


def estimate_key(classes: Float64Array, profile: str) -> Float64Array:
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


def estimate_keys(classes: Float64Array) -> Float64Array:
    """The `estimate_key` by every profile, one after the other: (8,)."""
    return np.concatenate([estimate_key(classes, profile) for profile in PROFILES])


def chroma_key(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Keys of mean chroma, (8,)."""
    return estimate_keys(np.asarray(track).mean(axis=0, dtype=np.float64))


@kernel
def accumulate_shares(thirds: Float32Array, total: Float64Array) -> None:
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


def chroma_cqt_key(shares: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """Keys of constant-Q chroma at the tuning of the clip, from its shares of thirds of semitones: (8,).

    The tuning is that third of a semitone on which there is most.
    """
    tuning = shares.reshape(N_CLASSES, 3).sum(axis=0).argmax()
    around = (1, 0, 2)[tuning]  # a third below the class, its own and the one above stand together
    return estimate_keys(np.roll(shares, around).reshape(N_CLASSES, 3).sum(axis=1))


def pitch_key(unfolded: Float64Array, n_frames: int, params: Params) -> Float64Array:
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


ACCUMULATORS = (Accumulator("constant_q_shares", accumulate_shares, ("constant_q_thirds",), (BINS,)),)

FEATURES = (
    ClipFeature(
        name="chroma_key",
        family="pitch",
        subfamily="key",
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
        subfamily="key",
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
        subfamily="key",
        compute=pitch_key,
        of="notes",
        columns=_key_columns("the folded pitch histogram"),
        source=f"{KRUMHANSL}; {ALBRECHT}",
        gain_invariant=True,
        flag="no_pitch",
        fixed={"profiles": PROFILES},
    ),
)
