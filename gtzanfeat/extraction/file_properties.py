"""What files are, beside what they sound like: rate, channels, format, duration, level and cut-off.

Headers say most of it; level and cut-off are measured in the middle ten seconds of a clip. Whether these
properties give classes away is asked in `evaluation.confounders`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gtzanfeat.audio import Clip, blocks, probe
from gtzanfeat.extraction.cache import Cache
from gtzanfeat.extraction.parallel import ClipAnalyser, Failure, analyse_clips
from gtzanfeat.progress import report_progress

# name of each property -> its unit; a property without numbers has none
PROPERTIES = {
    "sample rate": "Hz",
    "channels": "",
    "format": None,
    "duration": "s",
    "level": "dB",
    "cut-off": "Hz",
}
MIDDLE = 10.0  # seconds that are decoded
FRAME = 2048
BANDS = 128  # per spectrum; a cut-off is known to this part of half the sample rate
QUIETEST = 1e-12  # mean square to which silence is raised, -120 dB

# A band has energy if its power density is above both of these. 16-bit samples hold white noise, their
# rounding, with a mean square of 2^-30 / 12, of which ten times is taken. In a loud clip, 70 dB below the
# density of white noise of its level is more: that is not heard, and encoders cut far below it.
ROUNDING = 10 * 2.0**-30 / 12
INAUDIBLE = 1e-7
_SPEC = f"properties of files: {list(PROPERTIES)}, {MIDDLE} s, {FRAME}, {BANDS}, {ROUNDING}, {INAUDIBLE}"


def measure_properties(
    clips: Sequence[str | Clip], *, n_jobs: int | None = None, memory: Any = None
) -> dict[str, np.ndarray]:
    """Measure the properties of clips.

    Parameters
    ----------
    clips : sequence of path or Clip
        Files, or windows of files.
    n_jobs : int, optional
        Workers, as in joblib.
    memory : path or joblib.Memory, optional
        Where what is measured of a file is kept, so that it is decoded once.

    Returns
    -------
    dict of str to ndarray of shape (n_clips,)
        One array for each of `PROPERTIES`: the sample rate in Hz, the number of
        channels, container and coding as text, the duration in seconds, the level (root mean square) in dB of
        full scale, and the highest frequency with energy in Hz. A clip that cannot be read has None and NaN.

    Examples
    --------
    >>> measure_properties(["nowhere.wav"])["channels"]
    array([nan])
    """
    numeric = [name for name, unit in PROPERTIES.items() if unit is not None]
    (text,) = set(PROPERTIES) - set(numeric)
    numbers = np.full((len(clips), len(numeric)), np.nan)
    texts: list[str | None] = [None] * len(clips)
    prober = _Prober(cache=Cache.open(memory, hashlib.sha256(_SPEC.encode()).hexdigest()[:16]))
    numbered = list(enumerate(clips))
    with report_progress("looking at the files", len(clips)) as advance:
        for index, result in analyse_clips(
            prober, numbered, n_jobs=n_jobs, on_error="skip", progress=advance
        ):
            if not isinstance(result, Failure):
                numbers[index], texts[index] = result[0], str(result[1])
    return dict(zip(numeric, numbers.T, strict=True)) | {text: np.array(texts, dtype=object)}


@dataclass(frozen=True, eq=False)
class _Prober(ClipAnalyser):
    """Measures the properties of one clip after another, or takes them from a cache."""

    requests: list[Any] = None  # type: ignore[assignment]
    rate: int = 0
    arrange: Any = None

    def _computed(self, clip: Clip) -> tuple[np.ndarray, ...]:
        file = probe(str(clip), decode=False)
        seconds = max(0.0, file.seconds - clip.offset)
        if clip.duration is not None:
            seconds = min(seconds, clip.duration)
        offset = clip.offset + max(0.0, (seconds - MIDDLE) / 2)
        duration = MIDDLE if clip.duration is None else min(MIDDLE, seconds)
        samples = np.concatenate(list(blocks(replace(clip, offset=offset, duration=duration), file.rate)))
        mean_square = max(float(np.mean(np.square(samples, dtype=np.float64))), QUIETEST)
        level = 10 * np.log10(mean_square)
        numbers = [file.rate, file.n_channels, seconds, level, cut_off(samples, file.rate)]
        return np.array(numbers, dtype=np.float64), np.array(file.format)


def cut_off(samples: np.ndarray, rate: int) -> float:
    """Return the highest frequency with energy, such as the low-pass of an encoder leaves it.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        A sound.
    rate : int
        Its sample rate in Hz.

    Returns
    -------
    float
        In Hz, the upper end of the highest band of `rate` / 256 whose power density is more than the rounding
        of 16-bit samples and than 70 dB below that of white noise of the same level; 0 if no band is.

    Examples
    --------
    >>> noise = np.random.default_rng(0).uniform(-1, 1, 44100)
    >>> cut_off(noise, 44100), cut_off(1e-6 * noise, 44100)
    (22050.0, 0.0)
    """
    padded = np.pad(samples, (0, max(0, FRAME - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::FRAME]
    window = np.hanning(FRAME + 1)[:-1].astype(np.float32)
    spectra = np.fft.rfft(frames * window)[:, 1:]
    # white noise has its mean square in every band
    power = (spectra.real**2 + spectra.imag**2).mean(axis=0) / np.square(window).sum()
    density = power.reshape(BANDS, -1).mean(axis=1)
    least = max(ROUNDING, INAUDIBLE * float(np.mean(np.square(samples, dtype=np.float64))))
    audible = np.flatnonzero(density > least)
    return float((audible[-1] + 1) * rate / (2 * BANDS)) if len(audible) else 0.0
