"""What can be given as a clip, and what no clip can be.

Nothing is read here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, BinaryIO

import numpy as np

from gtzanfeat.errors import ClipError

RATES = (100, 10_000_000)  # Hz; what lies outside is a mistake in a header
_LOUDEST = 1e10  # beyond this a float32 power spectrum could overflow; full-scale 32-bit integers pass


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording or a window of it.

    Parameters
    ----------
    source : str, path, binary file or ndarray of shape (n_samples,)
        An audio file, by its path, its URL (``s3://bucket/a.wav``, opened by fsspec) or open in mode "rb" (or
        an `io.BytesIO`), or mono samples. Integer samples
        (int8, int16, int32, uint8) are taken as PCM and scaled to [-1, 1]; floating-point samples are taken
        as they are. An open file is read from its beginning, and by one thread at a time.
    rate : int, optional
        Sample rate in Hz of an array; by default the `rate` that `extract` or `ClipFeatures` was given, or
        else that of the feature set. A file knows its own rate, so for a file it must be left out.
    offset : float, default=0
        Seconds to skip at the beginning.
    duration : float, optional
        Seconds to keep; by default all.
    change : callable, optional
        What is done to the samples once they are decoded: ``change(samples, rate)`` returns new ones. Its
        attribute ``key``, a str, tells a cache all that decides them. See `gtzanfeat.augmentation`.

    Examples
    --------
    >>> import numpy as np
    >>> Clip(np.zeros(44100, dtype=np.float32), rate=44100, offset=0.25, duration=0.5)
    Clip(44100 samples at 44100 Hz, from 0.25 s, 0.5 s long)
    """

    source: str | os.PathLike[str] | BinaryIO | np.ndarray | Sequence[float]
    rate: int | None = None
    offset: float = 0.0
    duration: float | None = None
    change: Any = None

    def __repr__(self) -> str:
        words = str(self)
        if self.offset:
            words += f", from {self.offset:g} s"
        if self.duration is not None:
            words += f", {self.duration:g} s long"
        if self.change is not None:
            words += f", changed by {self.change}"
        return f"Clip({words})"

    def __str__(self) -> str:
        if is_path(self.source):
            return os.fspath(self.source)  # type: ignore[arg-type]
        if is_open_file(self.source):
            name = getattr(self.source, "name", None)
            return name if isinstance(name, str) else "the open file"
        if not isinstance(self.source, np.ndarray):
            return "the clip"
        rate = "" if self.rate is None else f" at {self.rate} Hz"
        return f"{self.source.size} samples{rate}"

    @property
    def is_file(self) -> bool:
        """Whether it is a file, which knows its own rate."""
        return is_path(self.source) or is_open_file(self.source)


def as_clip(source: Any) -> Clip:
    """Make a `Clip` of whatever stands for a recording.

    Parameters
    ----------
    source : path, binary file, 1-D array, tuple, mapping or Clip
        A tuple is ``(samples, rate)``; a mapping has ``"array"`` and ``"sampling_rate"``, as the rows of
        Hugging Face datasets have. A `Clip` is returned as it is, unless it holds one of these.

    Returns
    -------
    Clip
        Nothing is opened yet.

    Raises
    ------
    ClipError
        If it is bytes, which may be a path or sound, a mapping without these keys, or a tuple in the other
        order.

    Examples
    --------
    >>> as_clip("song.wav")
    Clip(song.wav)
    >>> as_clip({"array": np.zeros(16000), "sampling_rate": 16000})
    Clip(16000 samples at 16000 Hz)
    """
    if isinstance(source, Clip):
        return _unpacked(source)
    if isinstance(source, bytes | bytearray | memoryview):
        remedy = "give os.fsdecode(path) for a path, or io.BytesIO(data) for the content of a file"
        raise ClipError("the clip", f"{type(source).__name__} is not a clip", remedy)
    if isinstance(source, Mapping):
        if "array" not in source or "sampling_rate" not in source:
            keys = ", ".join(map(str, source)) or "none"
            remedy = 'give {"array": samples, "sampling_rate": Hz}'
            raise ClipError("the clip", f"it is a mapping with the keys {keys}", remedy)
        return Clip(np.asarray(source["array"]), source["sampling_rate"])
    if _is_pair(source):
        if _is_rate(source[0]):  # as scipy.io.wavfile.read gives it
            raise ClipError("the clip", "its rate stands before its samples", "give (samples, rate)")
        return Clip(np.asarray(source[0]), source[1])
    return Clip(source)


def is_clip(source: object) -> bool:
    """Return whether something stands for one recording by itself.

    Parameters
    ----------
    source : object
        Anything.

    Returns
    -------
    bool
        False for a list of recordings, and for samples alone, of which a list may be a matrix.

    Examples
    --------
    >>> is_clip("song.wav"), is_clip((np.zeros(9), 8000)), is_clip(["song.wav"]), is_clip(np.zeros(9))
    (True, True, False, False)
    """
    kinds = (Clip, Mapping, bytes, bytearray, memoryview)
    return isinstance(source, kinds) or is_path(source) or is_open_file(source) or _is_pair(source)


def _unpacked(clip: Clip) -> Clip:
    """Take out of a clip what says its own rate, or is no clip."""
    if not isinstance(clip.source, Mapping | tuple | bytes | bytearray | memoryview):
        return clip
    inner = as_clip(clip.source)
    if clip.rate is not None and inner.rate not in (None, clip.rate):
        raise ClipError(inner, f"another rate is said beside its own, {clip.rate} Hz", "leave `rate` out")
    return replace(clip, source=inner.source, rate=clip.rate if inner.rate is None else inner.rate)


def _is_pair(source: object) -> bool:
    """Whether it is samples and their rate, in any order."""
    if not isinstance(source, tuple) or len(source) != 2:
        return False
    return any(
        isinstance(samples, np.ndarray | list) and _is_rate(rate) for samples, rate in (source, source[::-1])
    )


def _is_rate(value: object) -> bool:
    return isinstance(value, Integral | float)


def is_path(source: object) -> bool:
    """Whether it names a file."""
    return isinstance(source, str | os.PathLike)


def is_open_file(source: object) -> bool:
    """Whether it is a file that can be read from any place."""
    return hasattr(source, "read") and hasattr(source, "seek")


def check_window(clip: Clip) -> None:
    """Refuse an offset, a duration or a rate that no clip can have."""
    for name, value, fine, remedy in (
        ("an offset", clip.offset, lambda seconds: 0 <= seconds < np.inf, "0 or more seconds"),
        ("a duration", clip.duration, lambda seconds: seconds > 0, "more than 0 seconds"),
        ("a sample rate", clip.rate, lambda hz: RATES[0] <= hz <= RATES[1], "{} to {} Hz".format(*RATES)),
    ):
        if value is not None and not (isinstance(value, Real) and fine(value)):
            raise ClipError(clip, f"{name} of {value!r} makes no sense", f"give {remedy}")


def window(clip: Clip, rate: int) -> tuple[int, float]:
    """First sample and number of samples (or infinity) of the window that `clip` asks for."""
    duration = float("inf") if clip.duration is None else clip.duration
    length = duration if duration == float("inf") else max(1, round(duration * rate))
    return round(clip.offset * rate), length


def check_finite(clip: Clip, block: np.ndarray) -> float:
    """Refuse samples that are NaN, infinite or too loud for float32 spectra; give their sum of squares."""
    # one sum of squares is enough to see all three, at a fraction of the cost of looking at each sample
    with np.errstate(all="ignore"):
        energy = float(np.dot(block, block))
    if energy <= _LOUDEST**2:
        return energy
    peak = np.abs(block).max()
    if np.isnan(peak):
        raise ClipError(clip, "it holds NaN samples", "repair or replace them before the analysis")
    if np.isinf(peak):
        raise ClipError(clip, "it holds infinite samples", "repair or replace them before the analysis")
    if peak > _LOUDEST:
        raise ClipError(clip, f"its samples reach {peak:g}", "scale them to [-1, 1]")
    return energy
