"""Degradations of samples (noise, filters, codecs, room ...), each with one strength: rows of `DEGRADATIONS`.

Most are transforms of audiomentations, called through `audiomentations_effects`. Degrading clips rather than
samples is in `degraded_clips`.

References
----------
M. Mauch and S. Ewert, "The audio degradation toolbox and its application to robustness evaluation", ISMIR
2013.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.audio import Clip, load_audio
from gtzanfeat.augmentation.audiomentations_effects import apply_transform, fixed_range, import_optional
from gtzanfeat.errors import ClipError, GtzanfeatError, UnknownNameError

Samples = NDArray[np.float32]
Strength = float | str | os.PathLike[str]

BITRATES = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160)  # of MP3, kbit/s, at 22050 Hz
PINK = -10 * np.log10(2)  # dB per octave: power falls as 1/f
PADDING = 0.1  # seconds of silence appended before encoding and cut off afterwards
PIVOT = 1000.0  # Hz about which a spectrum is tilted
WOW, FLUTTER = 0.6, 9.0  # modulation frequencies in Hz of an eccentric record and a worn capstan


@dataclass(frozen=True)
class Degradation:
    """A way of degrading samples: one row of `DEGRADATIONS`.

    Parameters
    ----------
    name : str
        Name by which it is found.
    meaning : str
        Meaning of the strength.
    unit : str
        Unit of the strength.
    limits : tuple of float
        The smallest and the largest strength allowed.
    strengths : tuple of float
        Default strengths of a robustness test, from mild to severe.
    simulates : str
        Real-world cause of such a degradation.
    apply : callable
        ``apply(samples, rate, strength, seed)`` returns new samples, float32.
    choices : tuple of float, default=()
        The strengths allowed, if not all between the limits.
    takes_file : bool, default=False
        Whether the strength may also be the path of an audio file.
    """

    name: str
    meaning: str
    unit: str
    limits: tuple[float, float]
    strengths: tuple[float, ...]
    simulates: str
    apply: Callable[[Samples, int, Any, int], Samples]
    choices: tuple[float, ...] = ()
    takes_file: bool = False


def degrade_samples(
    samples: NDArray[Any], rate: int, degradation: str, strength: Strength, *, random_state: int = 0
) -> Samples:
    """Return the samples of a clip degraded.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        Mono samples, as `load_audio` returns them.
    rate : int
        Sample rate in Hz.
    degradation : str
        A key of `DEGRADATIONS`.
    strength : float
        Its meaning, unit and limits are in the row; for ``"reverberation"`` also the path of a recorded
        impulse response.
    random_state : int, default=0
        Seed of what is random, fixed so that a degradation is a function of its arguments. The same seed
        gives the same bits, in any thread.

    Returns
    -------
    ndarray of shape (n,), float32
        As long as `samples`, but for ``time_stretch``, ``speed`` and ``random_crop``.

    Raises
    ------
    UnknownNameError
        If there is no such degradation.
    GtzanfeatError
        If the strength is outside the limits, or a library is not installed.
    ClipError
        If the samples are not mono, are empty, or contain NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> quiet = degrade_samples(np.ones(4), 22050, "gain", -20.0)
    >>> np.round(quiet, 3).tolist()
    [0.10000000149011612, 0.10000000149011612, 0.10000000149011612, 0.10000000149011612]
    """
    row = find_degradation(degradation)
    strength = check_strength(row, strength)
    clean = load_audio(Clip(samples, rate=rate), rate)
    out = np.asarray(row.apply(clean, int(rate), strength, random_state), dtype=np.float32)
    if not np.isfinite(out).all():
        raise ClipError(
            "the clip", f"{row.name} of strength {strength} makes it infinite", "give a milder one"
        )
    return np.ascontiguousarray(out)


def find_degradation(name: str) -> Degradation:
    """Return the row of `DEGRADATIONS` of a name, or raise UnknownNameError."""
    if name not in DEGRADATIONS:
        raise UnknownNameError("degradation", name, DEGRADATIONS)
    return DEGRADATIONS[name]


def check_strength(row: Degradation, strength: Strength) -> float | str:
    """Return a strength as a float or as the path of a file, or raise GtzanfeatError if it is not allowed."""
    low, high = row.limits
    allowed = f"{low:g} to {high:g} {row.unit}".rstrip()
    if row.choices:
        allowed = f"one of {', '.join(f'{choice:g}' for choice in row.choices)} {row.unit}"
    if isinstance(strength, str | os.PathLike):
        if row.takes_file and Path(strength).is_file():
            return os.fspath(strength)
        with contextlib.suppress(ValueError):
            return check_strength(row, float(os.fspath(strength)))
        allowed += " or the path of an audio file that is there" * row.takes_file
    elif np.isreal(strength) and low <= strength <= high and strength in (row.choices or (strength,)):
        return float(strength)
    raise GtzanfeatError(f"{row.name} cannot have the strength {strength!r}: {row.meaning}, {allowed}")


# --- one function per row -------------------------------------------------------------------------


def _white_noise(samples: Samples, rate: int, snr: float, seed: int) -> Samples:
    return apply_transform("AddGaussianSNR", samples, rate, seed, draws=True, **fixed_range("snr_db", snr))


def _pink_noise(samples: Samples, rate: int, snr: float, seed: int) -> Samples:
    # the default of 128 points would be flat below 170 Hz
    decay = fixed_range("f_decay", PINK)
    return apply_transform(
        "AddColorNoise", samples, rate, seed, draws=True, n_fft=4096, **fixed_range("snr_db", snr), **decay
    )


def _gain(samples: Samples, rate: int, decibels: float, seed: int) -> Samples:
    return apply_transform("Gain", samples, rate, **fixed_range("gain_db", decibels))


def _normalise(samples: Samples, rate: int, decibels: float, seed: int) -> Samples:
    return _gain(apply_transform("Normalize", samples, rate), rate, decibels, seed)


def _equalise(samples: Samples, rate: int, decibels: float, seed: int) -> Samples:
    return apply_transform(
        "SevenBandParametricEQ", samples, rate, seed, min_gain_db=-decibels, max_gain_db=decibels
    )


def _tilt(samples: Samples, rate: int, decibels: float, seed: int) -> Samples:
    pivot = fixed_range("center_freq", PIVOT) | fixed_range("q", 0.5)
    low = apply_transform("LowShelfFilter", samples, rate, **pivot, **fixed_range("gain_db", -decibels / 2))
    return apply_transform("HighShelfFilter", low, rate, **pivot, **fixed_range("gain_db", decibels / 2))


def _low_pass(samples: Samples, rate: int, hertz: float, seed: int) -> Samples:
    if hertz >= rate / 2:  # no effect
        return samples
    return apply_transform(
        "LowPassFilter", samples, rate, **fixed_range("cutoff_freq", hertz), **fixed_range("rolloff", 24)
    )


def _high_pass(samples: Samples, rate: int, hertz: float, seed: int) -> Samples:
    return apply_transform(
        "HighPassFilter", samples, rate, **fixed_range("cutoff_freq", hertz), **fixed_range("rolloff", 24)
    )


def _mp3(samples: Samples, rate: int, kilobits: float, seed: int) -> Samples:
    import_optional("fast_mp3_augment")
    # the decoder drops samples that no whole frame follows
    padded = _padded(samples, rate)
    decoded = apply_transform("Mp3Compression", padded, rate, **fixed_range("bitrate", int(kilobits)))
    return decoded[: samples.size]


def _resample(samples: Samples, rate: int, hertz: float, seed: int) -> Samples:
    low = apply_transform("Resample", samples, rate, **fixed_range("sample_rate", round(hertz)))
    back = apply_transform("Resample", low, round(hertz), **fixed_range("sample_rate", rate))
    return np.pad(back, (0, max(0, samples.size - back.size)))[: samples.size]


def _aliasing(samples: Samples, rate: int, hertz: float, seed: int) -> Samples:
    padded = _padded(samples, rate)
    return apply_transform("Aliasing", padded, rate, **fixed_range("sample_rate", hertz))[: samples.size]


def _time_stretch(samples: Samples, rate: int, factor: float, seed: int) -> Samples:
    return apply_transform(
        "TimeStretch", samples, rate, leave_length_unchanged=False, **fixed_range("rate", factor)
    )


def _pitch_shift(samples: Samples, rate: int, semitones: float, seed: int) -> Samples:
    return apply_transform("PitchShift", samples, rate, **fixed_range("semitones", semitones))


def _speed(samples: Samples, rate: int, factor: float, seed: int) -> Samples:
    # resampled to rate / factor and read at `rate`
    return apply_transform("Resample", samples, rate, **fixed_range("sample_rate", round(rate / factor)))


def _clipping(samples: Samples, rate: int, percent: float, seed: int) -> Samples:
    return apply_transform(
        "ClippingDistortion", samples, rate, **fixed_range("percentile_threshold", int(percent))
    )


def _compression(samples: Samples, rate: int, decibels: float, seed: int) -> Samples:
    import_optional("numpy_audio_limiter")
    times = fixed_range("attack", 0.005) | fixed_range("release", 0.1)
    return apply_transform("Limiter", samples, rate, **fixed_range("threshold_db", -decibels), **times)


def _reverberation(samples: Samples, rate: int, room: float | str, seed: int) -> Samples:
    # not by audiomentations, which reads files only and normalises the peak; here the energy is kept
    from scipy.signal import oaconvolve

    response = load_audio(room, rate) if isinstance(room, str) else _impulse_response(room, rate, seed)
    wet = oaconvolve(samples, response)[: samples.size]
    energy = np.dot(wet, wet)
    return wet * np.sqrt(np.dot(samples, samples) / energy) if energy > 0 else samples


def _impulse_response(seconds: float, rate: int, seed: int) -> Samples:
    """Return a direct sound followed by noise of equal energy that decays by 60 dB in `seconds`."""
    times = np.arange(1, max(2, round(seconds * rate))) / rate
    tail = np.random.default_rng(seed).standard_normal(times.size) * 10.0 ** (-3.0 * times / seconds)
    return np.concatenate([[1.0], tail / np.linalg.norm(tail)]).astype(np.float32)


def _delay(samples: Samples, rate: int, seconds: float, seed: int) -> Samples:
    shift: dict[str, Any] = {"shift_unit": "samples", "rollover": False, "fade_duration": 0.0}
    n_samples = min(round(seconds * rate), samples.size)
    return apply_transform("Shift", samples, rate, **fixed_range("shift", n_samples), **shift)


def _wow_flutter(samples: Samples, rate: int, percent: float, seed: int) -> Samples:
    """Return the samples at t + Σ d_i/(2π f_i)·sin(2π f_i t + φ_i); the speed deviates by up to Σ d_i."""
    from scipy.ndimage import map_coordinates

    times = np.arange(samples.size) / rate
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, 2)
    read = times.copy()
    for frequency, phase in zip((WOW, FLUTTER), phases, strict=True):
        swing = percent / 200 / (2 * np.pi * frequency)  # half of the deviation for each
        read += swing * (np.sin(2 * np.pi * frequency * times + phase) - np.sin(phase))
    return np.asarray(map_coordinates(samples, [read * rate], order=3, mode="nearest"))


def _random_crop(samples: Samples, rate: int, seconds: float, seed: int) -> Samples:
    n_samples = max(1, round(seconds * rate))
    if n_samples >= samples.size:
        return samples
    return apply_transform("AdjustDuration", samples, rate, seed, draws=True, duration_samples=n_samples)


def _padded(samples: Samples, rate: int) -> Samples:
    return np.pad(samples, (0, int(np.ceil(PADDING * rate))))


_SNR = "level of the music above that of the noise"
_ROWS = (
    Degradation(
        "white_noise", _SNR, "dB", (-40, 120), (40, 30, 20, 10, 0),
        "a hissing preamplifier", _white_noise,
    ),
    Degradation(
        "pink_noise", _SNR, "dB", (-40, 120), (40, 30, 20, 10, 0),
        "wind, traffic or a crowd, which are louder in the bass", _pink_noise,
    ),
    Degradation(
        "gain", "change of level", "dB", (-120, 60), (-6, -12, -20, -40),
        "a recording made at another level", _gain,
    ),
    Degradation(
        "normalise", "level of the highest peak, relative to full scale", "dB", (-120, 0), (0, -12, -24),
        "the normalisation of a collection", _normalise,
    ),
    Degradation(
        "equalise", "up to how much each of seven bands is raised or lowered, at random", "dB", (0, 30),
        (3, 6, 12), "the equaliser of a player, a loudspeaker or a small room", _equalise,
    ),
    Degradation(
        "tilt", "rise of the treble relative to the bass", "dB", (-40, 40), (3, 6, 12),
        "the tone control, an older recording, another mastering", _tilt,
    ),
    Degradation(
        "low_pass", "cutoff, above which 24 dB per octave are lost", "Hz", (10, 200_000),
        (8000, 4000, 2000, 1000), "a medium-wave radio, a telephone, a loudspeaker behind a wall", _low_pass,
    ),
    Degradation(
        "high_pass", "cutoff, below which 24 dB per octave are lost", "Hz", (10, 4000), (50, 100, 200, 400),
        "a small loudspeaker", _high_pass,
    ),
    Degradation(
        "mp3", "bit rate", "kbit/s", (BITRATES[0], BITRATES[-1]), (128, 64, 32, 16, 8),
        "a file encoded anew, as collections from the web are", _mp3, choices=BITRATES,
    ),
    Degradation(
        "resample", "sample rate of a detour", "Hz", (500, 200_000), (16_000, 11_025, 8000, 4000),
        "a sound that was once kept at a lower rate", _resample,
    ),
    Degradation(
        "aliasing", "sample rate of a detour without a filter before it", "Hz", (500, 200_000),
        (16_000, 11_025, 8000, 4000), "a cheap converter or a careless program", _aliasing,
    ),
    Degradation(
        "time_stretch", "tempo, relative to that before", "times", (0.6, 2.0), (1.05, 1.1, 1.2, 1.5),
        "a disc jockey with key lock, another performance", _time_stretch,
    ),
    Degradation(
        "pitch_shift", "change of pitch", "semitones", (-12, 12), (0.5, 1, 2, 4),
        "another tuning or another key", _pitch_shift,
    ),
    Degradation(
        "speed", "speed, relative to that before: tempo and pitch at once", "times", (0.5, 2.0),
        (1.02, 1.05, 1.1, 1.2), "a turntable or tape at the wrong speed", _speed,
    ),
    Degradation(
        "clipping", "share of the samples that are cut off", "%", (0, 90), (2, 10, 20, 40),
        "a recording made too loud", _clipping, choices=tuple(range(0, 92, 2)),
    ),
    Degradation(
        "compression", "how far below the highest peak the limiter begins", "dB", (0, 60), (6, 12, 24),
        "broadcasting, and the loudness war", _compression,
    ),
    Degradation(
        "reverberation", "time in which the room falls silent by 60 dB", "s", (0.05, 10), (0.3, 1, 2, 4),
        "a microphone in a room or hall", _reverberation, takes_file=True,
    ),
    Degradation(
        "delay", "silence before the music, which is cut off as much at its end", "s", (0, 60),
        (0.01, 0.1, 1), "another cut, or the delay of an encoder", _delay,
    ),
    Degradation(
        "wow_flutter", "by how much the speed deviates at most", "%", (0, 20), (0.1, 0.3, 1, 3),
        "a record off its centre, a worn tape recorder", _wow_flutter,
    ),
    Degradation(
        "random_crop", "how much is kept, from a place at random", "s", (0.01, 36_000), (10, 5, 2, 1),
        "a shorter excerpt", _random_crop,
    ),
)  # fmt: skip
DEGRADATIONS: dict[str, Degradation] = {row.name: row for row in _ROWS}
