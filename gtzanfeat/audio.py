"""Sound in: files and arrays become blocks of mono float32 samples at one rate.

This room decodes, mixes to mono, resamples and refuses what cannot be analysed; it knows nothing of
frames, spectra or features. Decoding is libsndfile's (WAV, AU, FLAC, OGG, Opus, MP3 ...), resampling
is soxr's. Files are read block by block, so that a recording of hours needs no more memory than one of
seconds, and the number of samples is what was decoded, never what a header says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from gtzanfeat.errors import ClipError, MissingClipError

READ_FRAMES = 1 << 17  # sample frames decoded at a time: 6 s at 22050 Hz
RESAMPLER = "soxr HQ"
_LOUDEST = 1e10  # beyond this a float32 power spectrum could overflow; full-scale 32-bit integers pass
_RATES = (100, 10_000_000)  # Hz; what lies outside is a mistake in a header
_PCM = {"uint8": (2.0**-7, -128), "int8": (2.0**-7, 0), "int16": (2.0**-15, 0), "int32": (2.0**-31, 0)}

_CONVERT = "convert it, e.g. `ffmpeg -i IN -ar 22050 -ac 1 OUT.wav`, or leave it out"
_AGAIN = "fetch the file again or leave it out"


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording or a window of it.

    Parameters
    ----------
    source : str, path or ndarray of shape (n_samples,)
        An audio file, or mono samples. Integer samples (int8, int16, int32, uint8) are taken as PCM and
        scaled to [-1, 1]; floating-point samples are taken as they are.
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

    source: str | os.PathLike[str] | np.ndarray | Sequence[float]
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
        if _is_path(self.source):
            return os.fspath(self.source)  # type: ignore[arg-type]
        if not isinstance(self.source, np.ndarray):
            return "the clip"
        rate = "" if self.rate is None else f" at {self.rate} Hz"
        return f"{self.source.size} samples{rate}"


def as_clip(source: Any) -> Clip:
    """Make a `Clip` of a path or a 1-D array; a `Clip` is returned as it is."""
    return source if isinstance(source, Clip) else Clip(source)


def blocks(clip: Clip, rate: int) -> Iterator[np.ndarray]:
    """Yield the samples of `clip` as mono float32 blocks at `rate` Hz.

    Parameters
    ----------
    clip : Clip
        What to read.
    rate : int
        Sample rate wanted, in Hz.

    Yields
    ------
    ndarray of shape (n,), float32
        Consecutive samples; blocks are not empty.

    Raises
    ------
    MissingClipError
        If there is no such file.
    ClipError
        If the clip is undecodable or empty, holds NaN or infinity, or `offset` lies behind its end.
    """
    _check_window(clip)
    if clip.change is not None:
        yield from _changed(clip, rate)
        return
    if _is_path(clip.source):
        if clip.rate is not None:
            raise ClipError(clip, "a file knows its own rate", "leave `rate` out")
        own_rate, source = _open(clip, rate)
    else:
        own_rate = rate if clip.rate is None else clip.rate
        source = _array_blocks(clip, _samples(clip.source), own_rate, rate)
    yield from _counted(clip, source if own_rate == rate else _resampled(source, own_rate, rate))


def _changed(clip: Clip, rate: int) -> Iterator[np.ndarray]:
    """Decode the whole of a clip, change it, and hand it on in blocks."""
    samples = load_audio(replace(clip, change=None), rate)
    try:
        samples = clip.change(samples, rate)
    except ClipError as error:
        raise ClipError(clip, error.reason, error.remedy) from error
    whole = replace(clip, offset=0.0, duration=None)  # the window has been cut
    yield from _counted(whole, _array_blocks(whole, samples, rate, rate))


def load_audio(
    source: Any, rate: int = 22050, *, offset: float = 0.0, duration: float | None = None
) -> np.ndarray:
    """Decode a whole clip.

    Parameters
    ----------
    source : path, Clip or ndarray of shape (n_samples,)
        What to read. `offset` and `duration` are for paths and arrays; a `Clip` has its own.
    rate : int, default=22050
        Sample rate wanted, in Hz.
    offset : float, default=0
        Seconds to skip.
    duration : float, optional
        Seconds to keep; by default all.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        Mono samples (mean of the channels), nominally in [-1, 1].

    Raises
    ------
    MissingClipError, ClipError
        As `blocks`.

    Examples
    --------
    >>> import numpy as np
    >>> load_audio(np.zeros(1000), 22050).dtype
    dtype('float32')
    """
    clip = as_clip(source)
    if not isinstance(source, Clip):
        clip = Clip(clip.source, clip.rate, offset, duration)
    parts = list(blocks(clip, rate))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def probe(path: str | os.PathLike[str]) -> float:
    """Decode a file and return its length in seconds, as counted.

    Raises
    ------
    MissingClipError, ClipError
        As `blocks`.
    """
    clip = Clip(path)
    rate, source = _open(clip, rate=1)  # it is not resampled
    return sum(block.size for block in _counted(clip, source)) / rate


def _counted(clip: Clip, source: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Pass blocks on, and refuse a clip of which there are none."""
    n_samples = 0
    for block in source:
        if block.size:
            n_samples += block.size
            yield block
    if n_samples == 0:
        if clip.offset > 0:
            raise ClipError(clip, f"nothing is left after {clip.offset:g} s", "give a smaller offset")
        raise ClipError(clip, "it holds no samples", _AGAIN)


def _is_path(source: object) -> bool:
    return isinstance(source, str | os.PathLike)


def _check_window(clip: Clip) -> None:
    """Refuse an offset, a duration or a rate that no clip can have."""
    for name, value, fine, remedy in (
        ("an offset", clip.offset, lambda seconds: 0 <= seconds < np.inf, "0 or more seconds"),
        ("a duration", clip.duration, lambda seconds: seconds > 0, "more than 0 seconds"),
        ("a sample rate", clip.rate, lambda hz: _RATES[0] <= hz <= _RATES[1], "{} to {} Hz".format(*_RATES)),
    ):
        if value is not None and not (isinstance(value, Real) and fine(value)):
            raise ClipError(clip, f"{name} of {value!r} makes no sense", f"give {remedy}")


def _check_finite(clip: Clip, block: np.ndarray) -> None:
    # one sum of squares is enough to see NaN, infinity and what is too loud, at a fraction of the cost of
    # looking at each sample
    with np.errstate(all="ignore"):
        energy = np.dot(block, block)
    if energy <= _LOUDEST**2:
        return
    peak = np.abs(block).max()
    if np.isnan(peak):
        raise ClipError(clip, "it holds NaN samples", "repair or replace them before the analysis")
    if np.isinf(peak):
        raise ClipError(clip, "it holds infinite samples", "repair or replace them before the analysis")
    if peak > _LOUDEST:
        raise ClipError(clip, f"its samples reach {peak:g}", "scale them to [-1, 1]")


def _window(clip: Clip, rate: int) -> tuple[int, float]:
    """First sample and number of samples (or infinity) of the window that `clip` asks for."""
    duration = float("inf") if clip.duration is None else clip.duration
    length = duration if duration == float("inf") else max(1, round(duration * rate))
    return round(clip.offset * rate), length


def _step(own_rate: int, rate: int) -> int:
    """Samples read at a time: fewer where resampling makes many of each."""
    return READ_FRAMES if own_rate >= rate else max(1, int(READ_FRAMES * own_rate / rate))


def _samples(source: Any) -> np.ndarray:
    """Mono samples of a type that has a meaning."""
    try:
        samples = np.asarray(source)
    except ValueError:  # rows of different lengths
        samples = np.empty(0, dtype=object)
    if samples.ndim == 0 or samples.dtype.kind not in "fiub":
        reason = f"{type(source).__name__} is not a clip"
        raise ClipError("the clip", reason, "give a path, a gtzanfeat.Clip or a 1-D array of samples")
    if samples.ndim != 1:
        reason = f"samples of shape {samples.shape} are not one mono clip"
        raise ClipError("the clip", reason, "mix the channels, e.g. `samples.mean(axis=channel_axis)`")
    if samples.dtype.kind != "f" and samples.dtype.name not in _PCM:
        reason = f"samples of type {samples.dtype} have no known full scale"
        raise ClipError("the clip", reason, "give int16 or int32 PCM, or floating point in [-1, 1]")
    return samples


def _array_blocks(clip: Clip, samples: np.ndarray, own_rate: int, rate: int) -> Iterator[np.ndarray]:
    start, length = _window(clip, own_rate)
    samples = samples[start:] if length == float("inf") else samples[start : start + int(length)]
    scale, shift = _PCM.get(samples.dtype.name, (1.0, 0))
    step = _step(own_rate, rate)
    for first in range(0, samples.size, step):
        block = samples[first : first + step]
        if scale != 1.0:
            yield ((block.astype(np.float64) + shift) * scale).astype(np.float32)
        else:
            with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused
                block = np.ascontiguousarray(block, dtype=np.float32)
            _check_finite(clip, block)
            yield block


def _open(clip: Clip, rate: int) -> tuple[int, Iterator[np.ndarray]]:
    """Open a file: its own rate in Hz and its mono blocks, in pieces fit for resampling to `rate`."""
    import soundfile

    path = Path(str(clip))
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingClipError(path, "there is no such file", "check the path") from error
    except (OSError, ValueError) as error:  # not ours to read; a name too long or with a zero in it
        why = getattr(error, "strerror", None) or str(error)
        raise ClipError(path, f"it cannot be opened ({why})", "check the path and its permissions") from error
    if stat.S_ISDIR(status.st_mode):
        raise ClipError(path, "it is a folder", "give a file, or load the folder with load_dataset")
    if not stat.S_ISREG(status.st_mode):
        raise ClipError(path, "it is not a regular file", "save the sound to a file first")
    if status.st_size == 0:
        raise ClipError(path, "the file is empty", _AGAIN)
    try:
        file = soundfile.SoundFile(path)
    except (OSError, soundfile.SoundFileError, TypeError) as error:
        # TypeError: a file named .raw, whose format soundfile wants to be told
        why = getattr(error, "error_string", str(error)).strip().rstrip(".")
        raise ClipError(path, f"libsndfile cannot read it ({why})", _CONVERT) from error
    if not _RATES[0] <= file.samplerate <= _RATES[1]:
        file.close()
        raise ClipError(path, f"a sample rate of {file.samplerate} Hz makes no sense", _CONVERT)
    return file.samplerate, _file_blocks(clip, path, file, _step(file.samplerate, rate))


def _file_blocks(clip: Clip, path: Path, file: Any, step: int) -> Iterator[np.ndarray]:
    import soundfile

    # 8- and 16-bit PCM decode several times faster as int16, and exactly
    narrow = file.subtype in ("PCM_16", "PCM_S8", "PCM_U8")
    dtype, scale = ("int16", 1 / 32768) if narrow else ("float32", 1.0)
    start, left = _window(clip, file.samplerate)
    buffer = np.empty((step, file.channels), dtype=dtype)
    n_read = 0
    with file:
        try:
            if start:
                file.seek(min(start, file.frames))
            while left > 0:
                wanted = int(min(left, step))
                # not `read`, which would trust the header's number of frames
                n = file.buffer_read_into(buffer[:wanted], dtype)
                if n == 0:
                    break
                left -= n
                n_read += n
                block = _mono(buffer[:n], scale)
                if not narrow:
                    _check_finite(clip, block)
                yield block
        except soundfile.SoundFileError as error:
            why = getattr(error, "error_string", str(error)).strip().rstrip(".")
            seconds = (start + n_read) / file.samplerate
            raise ClipError(path, f"decoding failed after {seconds:.1f} s ({why})", _CONVERT) from error


def _mono(block: np.ndarray, scale: float) -> np.ndarray:
    """Mean of the channels (n, n_channels), times `scale`, as float32."""
    n_channels = block.shape[1]
    share = np.float32(scale / n_channels)
    out = np.multiply(block[:, 0], share, dtype=np.float32)
    for channel in range(1, n_channels):
        out += np.multiply(block[:, channel], share, dtype=np.float32)
    return out


def _resampled(source: Iterator[np.ndarray], own_rate: int, rate: int) -> Iterator[np.ndarray]:
    import soxr

    # soxr's stream gives the same bits however its input is cut
    stream = soxr.ResampleStream(own_rate, rate, 1, dtype="float32", quality="HQ")
    last, n_given = None, 0
    for block in source:
        last = block[-1:].copy()
        resampled = stream.resample_chunk(block)
        n_given += resampled.size
        yield resampled
    resampled = stream.resample_chunk(np.empty(0, dtype=np.float32), last=True)
    if last is not None and n_given + resampled.size == 0:
        resampled = last  # less than one sample at the new rate is still a clip
    yield resampled
