"""How a note begins, holds and ends: attack, decay and duration, and its cepstrum in each of these phases.

Read from the levels of frames (Peeters 2004). The level of any clip is in `dynamics`; cepstra in `cepstrum`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import FRAME_RATE, ClipFeature, Column, Parameter, Params, TrackFeature
from gtzanfeat.features.cepstrum import N_COEFFICIENTS
from gtzanfeat.jit import Float32Array, Float64Array

ONSET = 0.01  # of the largest level, 40 dB below it: where a note begins and ends
ATTACK_FROM, HALFWAY, ATTACK_TO = 0.1, 0.5, 0.9  # of the largest level
EFFECTIVE = 0.4  # of the largest level, above which a note is heard as sounding (Peeters 2004)
PHASES = ("attack", "middle", "end")
PEETERS = "Peeters 2004, A large set of audio features for sound description, section 3"


def _bounds(level: Float64Array, share: float) -> tuple[int, int]:
    """First and last frame of at least a share of the largest level."""
    loud = np.flatnonzero(level >= share)
    return int(loud[0]), int(loud[-1])


def note_envelope(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Attack, decay, duration and temporal centroid of a clip that holds one note.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 2)
        The feature `envelope`: RMS and peak of each frame.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (9,)
        As the columns of the row `note_envelope`. Times are of a frame at least; for silence they are one
        frame, and the other columns 0.
    """
    rms, rate = track[:, 0].astype(np.float64), params["frame_rate"]
    largest = rms.max()
    if not largest > 0:
        return np.array([*[-np.log10(rate)] * 5, 0.0, -np.log10(rate), 0.0, 0.0])
    level = rms / largest
    begin, end = _bounds(level, ONSET)
    peak, start = int(level.argmax()), _bounds(level, ATTACK_FROM)[0]
    whole, until = _bounds(level, ATTACK_TO)
    decibels = 20 * np.log10(np.maximum(level, ONSET))
    fall = decibels[whole : end + 1]
    time = np.arange(fall.size) - (fall.size - 1) / 2
    decay = -rate * (time @ fall) / (time @ time) if fall.size > 1 else 0.0
    sounding = level[start : end + 1]
    centroid = (np.arange(sounding.size) + 0.5) @ sounding / sounding.sum()
    times = (
        whole - start,
        _bounds(level, HALFWAY)[0] - start,
        peak - start,
        end - until,
        int((level >= EFFECTIVE).sum()),
    )
    return np.array(
        [
            *(np.log10(max(frames, 1) / rate) for frames in times),
            decay,
            np.log10(max(centroid, 1.0) / rate),
            centroid / sounding.size,
            decibels[begin : end + 1].std(),
        ]
    )


def level_and_cepstrum(levels: Float32Array, cepstra: Float32Array) -> Float32Array:
    """RMS of each frame beside its MFCC: (n_frames, 14)."""
    return np.column_stack([levels[:, 0], cepstra]).astype(np.float32)


def mfcc_phases(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Mean MFCC of the attack, the middle and the end of a clip that holds one note.

    The note lasts from the first frame within 40 dB of the loudest to the last. Its attack lasts to the first
    of 0.9 of the largest level, that one included, its middle from there to the last of 0.5, and its end from
    there. A phase without a frame has the values of the frame it would begin with.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 14)
        The feature `level_and_mfcc`.
    n_frames : int
        Not used.
    params : mapping
        Not used.

    Returns
    -------
    ndarray of shape (39,)
        MFCC 0 to 12 of the attack, then of the middle and of the end; of silence, of all frames.
    """
    rms, cepstra = track[:, 0].astype(np.float64), track[:, 1:].astype(np.float64)
    if not rms.max() > 0:
        return np.tile(cepstra.mean(axis=0), len(PHASES))
    level = rms / rms.max()
    begin, end = _bounds(level, ONSET)
    first = _bounds(level, ATTACK_TO)[0] + 1
    last = max(_bounds(level, HALFWAY)[1] + 1, first)
    return np.concatenate(
        [
            cepstra[a : max(b, a + 1)].mean(axis=0) if a < len(cepstra) else cepstra[-1]
            for a, b in ((begin, first), (first, last), (last, end + 1))
        ]
    )


# columns do not follow from it here
_THIRTEEN = Parameter("n_mfcc", N_COEFFICIENTS, "coefficients", "fixed", choices=(N_COEFFICIENTS,))
_LARGEST = "ρ the RMS of frames over the largest"

FEATURES = (
    ClipFeature(
        name="note_envelope",
        family="timbre",
        subfamily="dynamics",
        compute=note_envelope,
        of="envelope",
        columns=(
            Column(
                "log_attack_time",
                "log10 s",
                f"log10 of the time from the first ρ of {ATTACK_FROM} to one of {ATTACK_TO}, {_LARGEST}",
                "how suddenly the note begins: struck, tongued or swelling",
            ),
            Column(
                "log_half_attack_time",
                "log10 s",
                f"log10 of the time from the first ρ of {ATTACK_FROM} to one of {HALFWAY}",
                "how suddenly the first half of the attack comes",
            ),
            Column(
                "log_peak_time",
                "log10 s",
                f"log10 of the time from the first ρ of {ATTACK_FROM} to the largest",
                "how long it grows",
            ),
            Column(
                "log_release_time",
                "log10 s",
                f"log10 of the time from the last ρ of {ATTACK_TO} to the last of {ONSET}",
                "how long it dies away: plucked, or stopped",
            ),
            Column(
                "log_effective_duration",
                "log10 s",
                f"log10 of the time with ρ of at least {EFFECTIVE}",
                "how long it is held",
            ),
            Column(
                "decay",
                "dB/s",
                f"minus the slope of the line through 20 log10 ρ, first of {ATTACK_TO} to last of {ONSET}",
                "how fast it dies away",
            ),
            Column(
                "log_temporal_centroid",
                "log10 s",
                f"log10 of Σ t ρ / Σ ρ from the first ρ of {ATTACK_FROM} to the last of {ONSET}",
                "when most of the sound is, after it has begun",
            ),
            Column(
                "temporal_centroid_share", "share of the note", "that as a share of this time", "where in it"
            ),
            Column(
                "level_std",
                "dB",
                f"standard deviation of 20 log10 ρ from the first to the last of {ONSET}",
                "how far the level moves",
            ),
        ),
        source=PEETERS,
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        fixed={"shares": (ONSET, ATTACK_FROM, HALFWAY, EFFECTIVE, ATTACK_TO)},
    ),
    TrackFeature(
        name="level_and_mfcc",
        family="timbre",
        subfamily="cepstrum",
        kernel=level_and_cepstrum,
        needs=("envelope", "htk_mfcc"),
        columns=(
            Column("level", "full scale", "√(Σ x[n]²/N)", "how loud the frame is"),
            *(
                Column(f"{q:02d}", "1", f"MFCC {q} of htk_mfcc", "the spectral envelope")
                for q in range(N_COEFFICIENTS)
            ),
        ),
        source="HTK Book, section 5.6",
        gain_invariant=False,
        parameters=(_THIRTEEN,),
    ),
    ClipFeature(
        name="mfcc_phases",
        family="timbre",
        subfamily="cepstrum",
        compute=mfcc_phases,
        of="level_and_mfcc",
        columns=tuple(
            Column(
                f"{phase}_{q:02d}",
                "1",
                f"mean of MFCC {q} of htk_mfcc over the {phase} of the note",
                f"the spectral envelope of its {phase}",
            )
            for phase in PHASES
            for q in range(N_COEFFICIENTS)
        ),
        source="after Peeters 2004 (attack and sustained part); HTK Book, section 5.6",
        gain_invariant=False,
        parameters=(_THIRTEEN,),
        fixed={"shares": (ONSET, HALFWAY, ATTACK_TO)},
    ),
)
