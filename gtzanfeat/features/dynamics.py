"""Dynamics of a clip: how it begins, where its energy lies, how loud it is and how far that moves.

Frame features are RMS and peak, and K-weighted loudness (ITU-R BS.1770-4); clip features are read from
their tracks (Peeters 2004; EBU Tech 3342). Levels of single frames are in `waveform`; statistics over time
in general are summaries; what repeats itself is in `beat_histogram` and `tempo`.
"""

from __future__ import annotations

import numpy as np

from gtzanfeat.declarations import FRAME_RATE, ClipFeature, Column, FrameFeature, Params
from gtzanfeat.jit import Float32Array, Float64Array, kernel

QUIETEST_DB = -60.0  # re the loudest frame: what is softer counts as silence
ATTACK_FROM, ATTACK_TO = 0.2, 0.9  # of the largest level, between which an attack is timed

SLOWEST_HZ, FASTEST_HZ = 3.0, 12.0  # what is heard as tremolo
TREMOLO_SECONDS = 4.0
FINER = 4  # bins of the modulation spectrum for one of the transform

UNITY_LUFS = -0.691  # loudness of a K-weighted mean square of 1
QUIETEST_LUFS = -100.0
ABSOLUTE_GATE_LUFS = -70.0
INTEGRATED_GATE_LU, RANGE_GATE_LU = -10.0, -20.0  # re the mean of what passes the absolute gate
MOMENTARY_BLOCKS, SHORT_TERM_BLOCKS = 4, 30  # of 100 ms
BS1770 = "ITU-R BS.1770-4; EBU R 128"


@kernel
def rms_and_peak(frames: Float32Array, out: Float32Array) -> None:
    """Root mean square √(Σ x[n]² / N) and peak max |x[n]| of each frame.

    frames (n_frames, N) -> out (n_frames, 2)
    """
    n = frames.shape[1]
    for t in range(frames.shape[0]):
        row = frames[t]
        total = 0.0
        peak = np.float32(0.0)
        for i in range(n):
            total += np.float64(row[i]) * np.float64(row[i])
            peak = max(peak, abs(row[i]))
        out[t, 0] = np.sqrt(total / n)
        out[t, 1] = peak


@kernel
def k_loudness(frames: Float32Array, out: Float32Array) -> None:
    """Loudness in LUFS, -0.691 + 10 log10 (Σ y[n]² / N), y the K-weighted samples (BS.1770-4, eq. 2).

    frames (n_frames, N) -> out (n_frames, 1), at least -100
    """
    n = frames.shape[1]
    floor = 10.0 ** ((QUIETEST_LUFS - UNITY_LUFS) / 10.0)
    for t in range(frames.shape[0]):
        row = frames[t]
        total = 0.0
        for i in range(n):
            total += np.float64(row[i]) * np.float64(row[i])
        out[t, 0] = UNITY_LUFS + 10.0 * np.log10(max(total / n, floor))


def dynamics(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Attack, temporal centroid, range, crest and silence of a clip.

    Parameters
    ----------
    track : ndarray of shape (n_frames, 2)
        RMS and peak of each frame.
    n_frames : int
        Not used.
    params : mapping
        ``frame_rate``, frames per second.

    Returns
    -------
    ndarray of shape (6,)
        For silence: the shortest attack that can be timed, the centre of the clip, 0, 0, and 1.
    """
    rms, peak = np.asarray(track, dtype=np.float64).T
    rate, n = params["frame_rate"], rms.size
    loudest = rms.max()
    if not loudest > 0:
        return np.array([-np.log10(rate), 0.5 * n / rate, 0.5, 0.0, 0.0, 1.0])
    level = rms / loudest  # of the largest: what is squared below is near 1
    attack = int(np.argmax(level >= ATTACK_TO) - np.argmax(level >= ATTACK_FROM))
    energy = level * level
    centroid = (np.arange(n) + 0.5) @ energy / energy.sum()
    quietest = 10 ** (QUIETEST_DB / 20)
    soft, loud = np.percentile(20 * np.log10(np.maximum(level, quietest)), (10, 95))
    crest = 20 * np.log10(peak.max() / loudest / np.sqrt(energy.mean()))
    attack_time, silence = np.log10(max(attack, 1) / rate), (level < quietest).mean()
    return np.array([attack_time, centroid / rate, centroid / n, loud - soft, crest, silence])


def tremolo(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Rate in Hz and extent of the strongest regular flutter of the level, 3 to 12 Hz.

    The modulation spectrum is the mean over windows of 4 s, half overlapping, of the squared transform of
    the RMS less its mean, under a Hann window; the rate is its largest peak, the extent the amplitude there
    over the mean level: m for the tone a (1 + m sin 2πft) sin 2πFt. Parameters are those of `dynamics`.

    Returns
    -------
    ndarray of shape (2,)
        Zeros where nothing flutters.
    """
    rms, rate = track[:, 0].astype(np.float64), params["frame_rate"]
    length = min(round(TREMOLO_SECONDS * rate), rms.size)
    windows = np.lib.stride_tricks.sliding_window_view(rms, length)[:: max(length // 2, 1)]
    level = windows.mean(axis=1)
    scale = np.sqrt((level**2).mean())
    if not scale > 0:
        return np.zeros(2)
    taper = np.hanning(length + 1)[:-1]
    power = np.zeros(FINER * length // 2 + 1)
    for window, mean in zip(
        windows, level, strict=True
    ):  # one at a time: a long recording needs no more memory
        power += np.abs(np.fft.rfft((window - mean) / scale * taper, FINER * length)) ** 2
    power /= len(windows)
    hz = np.arange(power.size) * rate / (FINER * length)
    peaks = 1 + np.flatnonzero((power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:]))
    peaks = peaks[(hz[peaks] >= SLOWEST_HZ) & (hz[peaks] <= FASTEST_HZ)]
    if not peaks.size:
        return np.zeros(2)
    peak = peaks[power[peaks].argmax()]
    return np.array([hz[peak], 2 * np.sqrt(power[peak]) / taper.sum()])


def gated_powers(track: Float32Array, n_blocks: int, gate: float) -> Float64Array:
    """Mean squares over every `n_blocks` blocks that pass the absolute and the relative gate: (n_passed,).

    A window of fewer blocks is all of the clip, where that is shorter. `gate` is in LU, below the mean of
    what passes the absolute gate (BS.1770-4, equations 5 to 7).
    """
    powers = 10 ** ((track[:, 0].astype(np.float64) - UNITY_LUFS) / 10)
    windows = np.lib.stride_tricks.sliding_window_view(powers, min(n_blocks, powers.size)).mean(axis=1)
    heard = windows[windows >= 10 ** ((ABSOLUTE_GATE_LUFS - UNITY_LUFS) / 10)]
    passed: Float64Array = heard[heard >= heard.mean() * 10 ** (gate / 10)] if heard.size else heard
    return passed


def integrated_loudness(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Integrated loudness in LUFS, of a track of `k_loudness` in blocks of 100 ms.

    The mean over blocks of 400 ms every 100 ms, of those above -70 LUFS and no more than 10 LU below the mean
    of these; -70 where nothing is. The clip is one channel, as it is analysed.
    """
    passed = gated_powers(track, MOMENTARY_BLOCKS, INTEGRATED_GATE_LU)
    return np.array([UNITY_LUFS + 10 * np.log10(passed.mean()) if passed.size else ABSOLUTE_GATE_LUFS])


def loudness_range(track: Float32Array, n_frames: int, params: Params) -> Float64Array:
    """Loudness range in LU: from the 10th to the 95th percentile of windows of 3 s every 100 ms.

    Of those above -70 LUFS and no more than 20 LU below the mean of these; 0 where nothing is. Parameters as
    `integrated_loudness`.
    """
    passed = gated_powers(track, SHORT_TERM_BLOCKS, RANGE_GATE_LU)
    if not passed.size:
        return np.zeros(1)
    soft, loud = np.percentile(10 * np.log10(passed), (10, 95))
    return np.array([loud - soft])


FEATURES = (
    FrameFeature(
        name="envelope",
        family="timbre",
        subfamily="dynamics",
        kernel=rms_and_peak,
        needs=("frames",),
        columns=(
            Column("rms", "full scale", "√(Σ x[n]²/N)", "how loud the frame is"),
            Column("peak", "full scale", "max |x[n]|", "how far the waveform goes"),
        ),
        source="the envelope of a waveform",
        gain_invariant=False,
    ),
    FrameFeature(
        name="k_loudness",
        family="timbre",
        subfamily="dynamics",
        kernel=k_loudness,
        needs=("frames",),
        columns=(
            Column(
                "",
                "LUFS",
                f"max({UNITY_LUFS} + 10 log10 (Σ y[n]²/N), {QUIETEST_LUFS:g}), y the K-weighted samples",
                "how loud the frame is to the ear, which hears little of the lowest bass",
            ),
        ),
        source=BS1770,
        gain_invariant=False,
        fixed={"unity_lufs": UNITY_LUFS, "quietest_lufs": QUIETEST_LUFS},
    ),
    ClipFeature(
        name="dynamics",
        family="timbre",
        subfamily="dynamics",
        compute=dynamics,
        of="envelope",
        columns=(
            Column(
                "log_attack_time",
                "log10 s",
                f"log10 of the time from the first RMS of {ATTACK_FROM} of the largest to one of {ATTACK_TO}",
                "how suddenly the clip begins: struck or swelling",
            ),
            Column(
                "temporal_centroid",
                "s",
                "Σ t RMS² / Σ RMS²",
                "when most of the sound is: early for what fades away",
            ),
            Column(
                "temporal_centroid_share",
                "share of the clip",
                "Σ t RMS² / (T Σ RMS²)",
                "where in the clip most of the sound is, whatever its length",
            ),
            Column(
                "range",
                "dB",
                f"95th less 10th percentile of 20 log10 RMS, at least {QUIETEST_DB:g} dB re the largest",
                "how far soft and loud moments lie apart",
            ),
            Column(
                "crest",
                "dB",
                "20 log10 (max |x| / RMS) of the clip",
                "how far peaks stand out of the whole: small for compressed music",
            ),
            Column(
                "silence",
                "share of frames",
                f"share of frames with an RMS below {QUIETEST_DB:g} dB re the largest",
                "how much of the clip is rests",
            ),
        ),
        source="Peeters 2004, A large set of audio features (attack, centroid); levels in decibels",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        fixed={"attack": (ATTACK_FROM, ATTACK_TO), "quietest_db": QUIETEST_DB},
    ),
    ClipFeature(
        name="tremolo",
        family="timbre",
        subfamily="dynamics",
        compute=tremolo,
        of="envelope",
        columns=(
            Column(
                "rate",
                "Hz",
                f"largest peak of the modulation spectrum of RMS, {SLOWEST_HZ:g} to {FASTEST_HZ:g} Hz",
                "how fast the level flutters: tremolo, trills, or fast notes",
            ),
            Column(
                "extent",
                "share of the level",
                "amplitude of the modulation of RMS at that rate / mean RMS",
                "how deep that flutter is",
            ),
        ),
        source="after Peeters 2004, A large set of audio features, energy modulation (tremolo)",
        gain_invariant=True,
        parameters=(FRAME_RATE,),
        fixed={"hz": (SLOWEST_HZ, FASTEST_HZ), "seconds": TREMOLO_SECONDS, "finer": FINER},
    ),
    ClipFeature(
        name="integrated_loudness",
        family="timbre",
        subfamily="dynamics",
        compute=integrated_loudness,
        of="k_loudness",
        columns=(
            Column(
                "",
                "LUFS",
                f"mean of blocks of {{frame_seconds[{MOMENTARY_BLOCKS}]:g}} s above "
                f"{ABSOLUTE_GATE_LUFS:g} LUFS and above their mean less {-INTEGRATED_GATE_LU:g} LU; "
                f"{ABSOLUTE_GATE_LUFS:g} if none is",
                "how loud the clip is as a whole, rests left out",
            ),
        ),
        source=BS1770,
        gain_invariant=False,
        fixed={
            "gates": (ABSOLUTE_GATE_LUFS, INTEGRATED_GATE_LU),
            "blocks": MOMENTARY_BLOCKS,
            "unity_lufs": UNITY_LUFS,
        },
    ),
    ClipFeature(
        name="loudness_range",
        family="timbre",
        subfamily="dynamics",
        compute=loudness_range,
        of="k_loudness",
        columns=(
            Column(
                "",
                "LU",
                f"95th less 10th percentile of windows of {{frame_seconds[{SHORT_TERM_BLOCKS}]:g}} s above "
                f"{ABSOLUTE_GATE_LUFS:g} LUFS and above their mean less {-RANGE_GATE_LU:g} LU",
                "how far soft and loud passages lie apart",
            ),
        ),
        source="EBU Tech 3342",
        gain_invariant=True,  # as long as it passes the absolute gate
        fixed={
            "gates": (ABSOLUTE_GATE_LUFS, RANGE_GATE_LU),
            "blocks": SHORT_TERM_BLOCKS,
            "unity_lufs": UNITY_LUFS,
        },
    ),
)
