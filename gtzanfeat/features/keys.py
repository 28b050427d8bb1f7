"""Keys: how well chroma, pitch class profiles and histograms fit the profiles of the 24 major and minor keys.

Key profiles are Krumhansl's (Krumhansl & Kessler 1982), Albrecht & Shanahan's (2013) and Faraldo's (Faraldo,
Jordà & Herrera 2017). Chroma of frames is in `tonality`, notes that are counted one by one are in
`pitch_histograms`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import Accumulator, Arrays, ClipFeature, Column, Framing, Params
from gtzanfeat.ingredients.constant_q import BINS
from gtzanfeat.ingredients.pitch_classes import A4_HZ, N_CLASSES, PLACE_OF_A, fold_octaves
from gtzanfeat.jit import Float32Array, Float64Array, kernel

KRUMHANSL = "Krumhansl & Kessler 1982; Krumhansl 1990, Cognitive Foundations of Musical Pitch"
ALBRECHT = "Albrecht & Shanahan 2013"
FARALDO = "Faraldo, Jordà & Herrera 2017"
GOMEZ = "Gómez 2006, Tonal description of music audio signals (HPCP)"

KeyProfile = tuple[tuple[float, ...], tuple[float, ...]]

# how much of each pitch class, from the tonic up, a piece in major and one in minor has
PROFILES: dict[str, KeyProfile] = {
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "albrecht": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}
# found in electronic dance music, and known as "braw"; "bgate" is the same with small values set to 0
FARALDO_PROFILE: KeyProfile = (
    (1.0, 0.1573, 0.42, 0.157, 0.5296, 0.3669, 0.1632, 0.7711, 0.1676, 0.3827, 0.2113, 0.2965),
    (1.0, 0.233, 0.3615, 0.3905, 0.2925, 0.3777, 0.1961, 0.7425, 0.2701, 0.2161, 0.4228, 0.2272),
)

PROFILE_BINS = 120  # of a harmonic pitch class profile: tenths of a semitone
BINS_PER_CLASS = PROFILE_BINS // N_CLASSES
HARMONICS, HARMONIC_DECAY = 4, 0.6  # a peak may be any of them, each less likely by this
LOWEST_PEAK_HZ, HIGHEST_PEAK_HZ = 25.0, 3500.0
FAINT_PEAK = 0.01  # of the largest power of a frame: peaks more than 20 dB below are noise rather than notes
CLASS_REACH = 0.8  # semitones to either side: notes are played and sung out of tune


def estimate_key(classes: Float64Array, profile: KeyProfile) -> Float64Array:
    """The key whose profile correlates best with how much there is of each pitch class.

    Parameters
    ----------
    classes : ndarray of shape (12,)
        Weight of each pitch class, C first.
    profile : pair of tuples of 12 floats
        How much of each class there is in major and in minor, from the tonic up, as in `PROFILES`.

    Returns
    -------
    ndarray of shape (4,)
        Tonic (0 is C), mode (1 major, 0 minor), strength (the correlation) and margin (how far the next
        best key is behind); zeros where all classes weigh the same.

    Examples
    --------
    >>> d_minor = np.roll(PROFILES["krumhansl"][1], 2)
    >>> estimate_key(d_minor, PROFILES["krumhansl"])[:3].round(6).tolist()
    [2.0, 0.0, 1.0]
    """
    centred = classes - classes.mean()
    norm = np.linalg.norm(centred)
    if not norm > 1e-9 * classes.sum():
        return np.zeros(4)
    keys = np.array([np.roll(of_mode, tonic) for of_mode in profile for tonic in range(N_CLASSES)])
    keys -= keys.mean(axis=1, keepdims=True)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    correlations = keys @ (centred / norm)
    best = int(correlations.argmax())
    second, first = np.sort(correlations)[-2:]
    return np.array([best % N_CLASSES, best < N_CLASSES, first, first - second], dtype=np.float64)


def estimate_keys(classes: Float64Array) -> Float64Array:
    """The `estimate_key` by every profile, one after the other: (8,)."""
    return np.concatenate([estimate_key(classes, profile) for profile in PROFILES.values()])


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


@kernel
def accumulate_hpcp(
    power: Float32Array,
    width_hz: float,
    first: int,
    last: int,
    decays: Float64Array,
    octaves: Float64Array,
    total: Float64Array,
) -> None:
    """Sum of harmonic pitch class profiles: of each peak, its amplitude × decay^(h-1) at the class of f / h.

    power (n_frames, n_bins), bins first..last-1 searched, decays (n_harmonics,), octaves (n_harmonics,) of
    log2 h -> total (120,)

    A peak is larger than the bin before, not smaller than the bin after and larger than a hundredth of the
    largest of its frame; place and height are the vertex of the parabola through the logarithms of the
    three. What falls between two bins of the profile is shared.
    """
    for t in range(power.shape[0]):
        row = power[t]
        largest = np.float32(0.0)
        for k in range(first, last):
            largest = max(largest, row[k])
        least = np.float32(FAINT_PEAK) * largest
        for k in range(first, last):
            if row[k] > row[k - 1] and row[k] >= row[k + 1] and row[k] > least:
                place, height = np.float64(k), np.log(np.float64(row[k]))
                if row[k - 1] > 0 and row[k + 1] > 0:
                    before, after = np.log(np.float64(row[k - 1])), np.log(np.float64(row[k + 1]))
                    shift = 0.5 * (before - after) / (before + after - 2.0 * height)
                    place += shift
                    height -= 0.25 * (before - after) * shift
                amplitude = np.exp(0.5 * height)
                octave = np.log2(place * width_hz / A4_HZ) + PLACE_OF_A / N_CLASSES
                for h in range(decays.size):
                    around = octave - octaves[h]
                    position = (around - np.floor(around)) * PROFILE_BINS
                    below = int(position)
                    share = position - below
                    total[below % PROFILE_BINS] += (1.0 - share) * decays[h] * amplitude
                    total[(below + 1) % PROFILE_BINS] += share * decays[h] * amplitude


def peak_bins_and_harmonics(framing: Framing, rate: int, params: Params) -> Arrays:
    """Hz from bin to bin, bins from 25 to 3500 Hz, and of each harmonic h its decay and log2 h."""
    width = rate / framing.length
    first = max(int(np.ceil(LOWEST_PEAK_HZ / width)), 1)
    last = min(int(HIGHEST_PEAK_HZ / width) + 1, framing.length // 2)
    harmonics = np.arange(HARMONICS)
    return width, first, last, HARMONIC_DECAY**harmonics, np.log2(harmonics + 1.0)


def profile_tuning(total: Float64Array) -> float:
    """Tuning against A = 440 Hz, in semitones from -0.5 to 0.5: the circular mean of what a profile holds."""
    angles = 2 * np.pi * np.arange(PROFILE_BINS) / BINS_PER_CLASS
    return float(np.arctan2(np.sin(angles) @ total, np.cos(angles) @ total) / (2 * np.pi))


def classes_at_tuning(total: Float64Array, tuning: float) -> Float64Array:
    """Weight of each pitch class in a profile of 120 bins, C first: (12,), by windows cos² around it."""
    away = np.arange(PROFILE_BINS) / BINS_PER_CLASS - np.arange(N_CLASSES)[:, None] - tuning
    away = (away + N_CLASSES / 2) % N_CLASSES - N_CLASSES / 2
    window = np.where(np.abs(away) < CLASS_REACH, np.cos(0.5 * np.pi * away / CLASS_REACH) ** 2, 0.0)
    classes: Float64Array = window @ total
    return classes


def hpcp_key(total: Float64Array, n_frames: int, params: Params) -> Float64Array:
    """Key and tuning of a clip, from the sum of its harmonic pitch class profiles.

    Parameters
    ----------
    total : ndarray of shape (120,)
        Weight of each tenth of a semitone, from C up.
    n_frames : int
        Not used.
    params : mapping
        Not used.

    Returns
    -------
    ndarray of shape (5,)
        Tonic, mode, strength and margin, as `estimate_key` gives them; the tuning in semitones. Zeros where
        nothing was found.

    References
    ----------
    Gómez, E. (2006). Tonal description of music audio signals. PhD thesis, Universitat Pompeu Fabra.
    Faraldo, Á., Jordà, S. and Herrera, P. (2017). A multi-profile method for key estimation in EDM. AES
    International Conference on Semantic Audio.
    """
    if not total.any():
        return np.zeros(5)
    tuning = profile_tuning(total)
    return np.array([*estimate_key(classes_at_tuning(total, tuning), FARALDO_PROFILE), tuning])


def _key_columns(heard: str, profile: str, prefix: str) -> tuple[Column, ...]:
    """Columns of `estimate_key`."""
    return (
        Column(
            f"{prefix}tonic",
            "semitones from C",
            f"tonic of the key whose {profile} profile correlates best with {heard}",
            "the key note",
        ),
        Column(f"{prefix}mode", "0 or 1", "1 if that key is major, 0 if minor", "major or minor"),
        Column(
            f"{prefix}strength",
            "1",
            f"correlation of {heard} with the profile of that key",
            "how well the notes fit one key: low for atonal, chromatic or unpitched music",
        ),
        Column(
            f"{prefix}margin",
            "1",
            "that correlation less that of the next best key",
            "how sure the key is: low between relatives",
        ),
    )


def _columns_of_profiles(heard: str) -> tuple[Column, ...]:
    """Columns of `estimate_keys`."""
    return tuple(c for profile in PROFILES for c in _key_columns(heard, profile, f"{profile}_"))


ACCUMULATORS = (
    Accumulator("constant_q_shares", accumulate_shares, ("constant_q_thirds",), (BINS,)),
    Accumulator(
        "hpcp",
        accumulate_hpcp,
        ("power",),
        (PROFILE_BINS,),
        constants=peak_bins_and_harmonics,
        fixed={
            "bins": PROFILE_BINS,
            "harmonics": (HARMONICS, HARMONIC_DECAY),
            "hz": (LOWEST_PEAK_HZ, HIGHEST_PEAK_HZ),
            "faint": FAINT_PEAK,
            "a4_hz": A4_HZ,
        },
    ),
)

FEATURES = (
    ClipFeature(
        name="chroma_key",
        family="pitch",
        subfamily="key",
        compute=chroma_key,
        of="chroma",
        columns=_columns_of_profiles("mean chroma"),
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
        columns=_columns_of_profiles("mean constant-Q chroma at the tuning of the clip"),
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
        columns=_columns_of_profiles("the folded pitch histogram"),
        source=f"{KRUMHANSL}; {ALBRECHT}",
        gain_invariant=True,
        flag="no_pitch",
        fixed={"profiles": PROFILES},
    ),
    ClipFeature(
        name="hpcp_key",
        family="pitch",
        subfamily="key",
        compute=hpcp_key,
        of="hpcp",
        columns=(
            *_key_columns("the harmonic pitch class profile at the tuning of the clip", "Faraldo's", ""),
            Column(
                "tuning",
                "semitones",
                "arg(Σ H[b] exp(2πi b / 10)) / 2π, H the profile in tenths of a semitone",
                "how far above A = 440 Hz the music is tuned",
            ),
        ),
        source=f"{GOMEZ}; {FARALDO}",
        gain_invariant=True,
        flag="no_chroma",
        fixed={"profile": FARALDO_PROFILE, "reach": CLASS_REACH, "bins": PROFILE_BINS},
    ),
)
