"""Samples handed out: a clip becomes blocks of mono float32 samples at the rate asked for.

Files are decoded by libsndfile (WAV, AU, FLAC, OGG, Opus, MP3 ...), rates are changed by soxr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gtzanfeat.audio.clip import Clip, as_clip, check_finite, check_window, window
from gtzanfeat.audio.levels import Levels
from gtzanfeat.errors import ClipError

if TYPE_CHECKING:
    import os

READ_FRAMES = 1 << 17  # sample frames decoded at a time: 6 s at 22050 Hz
RESAMPLER = "soxr HQ"
PCM = {"uint8": (2.0**-7, -128), "int8": (2.0**-7, 0), "int16": (2.0**-15, 0), "int32": (2.0**-31, 0)}


class SoundProperties(NamedTuple):
    """What a clip's sound was before it was mixed and resampled.

    Parameters
    ----------
    rate : float
        Its own sample rate in Hz.
    n_channels : float
        How many channels it has.
    peak : float
        The largest magnitude of a sample of any channel; 1 is full scale.
    clipped : float
        The share of samples at full scale, of all channels, 0 to 1.
    """

    rate: float
    n_channels: float
    peak: float
    clipped: float


# The C library of Linux gives the memory of one clip back to the system, and to get it again for the next
# costs more than to read a WAV. It keeps up to twice as much as the largest block that was ever freed: so one
# is, of 16 MB, which is never written to, and costs nothing.
np.empty(1 << 24, dtype=np.uint8)

UNKNOWN_SOUND = SoundProperties(*[float("nan")] * 4)


class Reading(Iterator[np.ndarray]):
    """The blocks of one clip, in their order, and what becomes known of the clip as they are read.

    Parameters
    ----------
    give : callable
        ``give(reading)`` yields the blocks, and notes in `reading` what it finds.

    Attributes
    ----------
    truncated : bool
        Whether the file ended before its header or its structure says, so that the end of the recording is
        missing. Known when all blocks have been read; False for a window that is all there.
    remarks : tuple of str
        What else is to be known of the sound, when all blocks have been read: "band_limited_8000", if its own
        rate, in Hz, is below the rate asked for, so that its upper frequencies are missing; "cancelled", if
        its channels cancel each other in their mean; "over_full_scale", if its samples were not scaled to
        [-1, 1] (see `gtzanfeat.audio.levels`).
    sound : SoundProperties
        Its own rate and channels, peak and clipping, when all blocks have been read.
    """

    def __init__(self, give: Callable[[Reading], Iterator[np.ndarray]]) -> None:
        self.truncated = False
        self.remarks: tuple[str, ...] = ()
        self.sound = UNKNOWN_SOUND
        self._blocks = give(self)

    @property
    def flags(self) -> tuple[str, ...]:
        """What the user should know of the sound: the remarks, and "truncated"."""
        return (*self.remarks, *(("truncated",) if self.truncated else ()))

    def __next__(self) -> np.ndarray:
        """Decode the next block."""
        return next(self._blocks)


def blocks(clip: Clip, rate: int) -> Reading:
    """Read the samples of `clip` as mono float32 blocks at `rate` Hz.

    Parameters
    ----------
    clip : Clip
        What to read.
    rate : int
        Sample rate wanted, in Hz.

    Returns
    -------
    Reading
        An iterator over arrays of shape (n,), float32: consecutive samples, none of them empty. Its attribute
        `truncated` says in the end whether the file is shorter than it should be.

    Raises
    ------
    MissingClipError
        If there is no such file; when the first block is asked for, as all errors.
    ClipError
        If the clip is undecodable or empty, holds NaN or infinity, or `offset` lies behind its end.

    Examples
    --------
    >>> reading = blocks(Clip(np.zeros(300_000)), 22050)
    >>> [len(block) for block in reading], reading.truncated
    ([131072, 131072, 37856], False)
    """
    return Reading(lambda reading: _blocks(clip, rate, reading))


def _blocks(clip: Clip, rate: int, reading: Reading) -> Iterator[np.ndarray]:
    check_window(clip)
    if clip.change is not None:
        yield from _changed(clip, rate, reading)
    elif clip.is_file:
        yield from _decoded(clip, rate, reading)
    else:
        own_rate, levels = rate if clip.rate is None else clip.rate, Levels()
        source = _array_blocks(clip, _samples(clip.source), own_rate, rate, levels)
        yield from _counted(clip, source if own_rate == rate else resampled(source, own_rate, rate))
        reading.remarks = sound_remarks(own_rate, rate, levels)
        reading.sound = SoundProperties(own_rate, 1, levels.peak, levels.clipped)


def _decoded(clip: Clip, rate: int, reading: Reading) -> Iterator[np.ndarray]:
    """Decode a file."""
    from gtzanfeat.audio.decoder import Decoder  # which loads libsndfile

    if clip.rate is not None:
        raise ClipError(clip, "a file knows its own rate", "leave `rate` out")
    decoder = Decoder(clip)
    source = decoder.blocks(_step(decoder.rate, rate))
    if decoder.rate != rate:
        source = resampled(source, decoder.rate, rate)
    yield from _counted(clip, source)
    reading.truncated = decoder.truncated
    levels = decoder.levels
    reading.remarks = sound_remarks(decoder.rate, rate, levels)
    reading.sound = SoundProperties(decoder.rate, decoder.n_channels, levels.peak, levels.clipped)


def sound_remarks(own_rate: int, rate: int, levels: Levels) -> tuple[str, ...]:
    """What is to be known of a sound that has been read."""
    limited = (f"band_limited_{own_rate}",) if own_rate < rate else ()
    return (
        *limited,
        *(("cancelled",) if levels.cancelled else ()),
        *(("over_full_scale",) if levels.over_full_scale else ()),
    )


def _changed(clip: Clip, rate: int, reading: Reading) -> Iterator[np.ndarray]:
    """Decode the whole of a clip, change it, and hand it on in blocks."""
    original = blocks(replace(clip, change=None), rate)
    samples = _joined(original)
    reading.truncated, reading.remarks = original.truncated, original.remarks
    reading.sound = original.sound
    try:
        samples = clip.change(samples, rate)
    except ClipError as error:
        raise ClipError(clip, error.reason, error.remedy) from error
    whole = replace(clip, offset=0.0, duration=None)  # the window has been cut
    yield from _counted(whole, _array_blocks(whole, samples, rate, rate, Levels()))


def load_audio(
    source: Any, rate: int = 22050, *, offset: float = 0.0, duration: float | None = None
) -> np.ndarray:
    """Decode a whole clip.

    Parameters
    ----------
    source : path, binary file, ndarray of shape (n_samples,), (samples, rate), mapping or Clip
        What to read, see `Clip`. `offset` and `duration` are for paths and arrays; a `Clip` has its own.
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
    return _joined(blocks(clip, rate))


def _joined(source: Iterator[np.ndarray]) -> np.ndarray:
    parts = list(source)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass(frozen=True)
class FileProperties:
    """What a file is, beside what it sounds like.

    Parameters
    ----------
    rate : int
        Its own sample rate in Hz.
    n_channels : int
        How many channels it has.
    format : str
        Container and coding: "WAV PCM_16", "MP3 MPEG_LAYER_III".
    seconds : float
        How long it is.
    truncated : bool, default=False
        Whether it ended before its header or its structure says.
    """

    rate: int
    n_channels: int
    format: str
    seconds: float
    truncated: bool = False


def probe(path: str | os.PathLike[str], *, decode: bool = True) -> FileProperties:
    """Return rate, channels, format and length of a file, as decoded.

    Parameters
    ----------
    path : str or path
        The file.
    decode : bool, default=True
        Whether to decode it to its end and count the samples. Otherwise the length is what the header says,
        where it says it, and whether the file is truncated is not looked for.

    Returns
    -------
    FileProperties
        Nothing in it depends on the rate of an analysis.

    Raises
    ------
    MissingClipError, ClipError
        As `blocks`.
    """
    from gtzanfeat.audio.decoder import Decoder

    clip = Clip(path)
    decoder = Decoder(clip)
    rate, n_channels, coding = decoder.rate, decoder.n_channels, decoder.format
    length = None if decode else decoder.declared_length()
    if length is None:
        decoder = decoder if decode else Decoder(clip)
        length = sum(block.size for block in _counted(clip, decoder.blocks(READ_FRAMES)))
    return FileProperties(rate, n_channels, coding, length / rate, decoder.truncated)


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
        raise ClipError(clip, "it holds no samples", "fetch the file again or leave it out")


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
    if samples.dtype.kind != "f" and samples.dtype.name not in PCM:
        reason = f"samples of type {samples.dtype} have no known full scale"
        raise ClipError("the clip", reason, "give int16 or int32 PCM, or floating point in [-1, 1]")
    return samples


def _array_blocks(
    clip: Clip, samples: np.ndarray, own_rate: int, rate: int, levels: Levels
) -> Iterator[np.ndarray]:
    start, length = window(clip, own_rate)
    samples = samples[start:] if length == float("inf") else samples[start : start + int(length)]
    scale, shift = PCM.get(samples.dtype.name, (1.0, 0))
    step = _step(own_rate, rate)
    for first in range(0, samples.size, step):
        block = samples[first : first + step]
        if scale != 1.0:
            block = ((block.astype(np.float64) + shift) * scale).astype(np.float32)
            levels.add_extremes(block)
            yield block
        else:
            with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused
                block = np.ascontiguousarray(block, dtype=np.float32)
            levels.add_samples(check_finite(clip, block), block.size)
            levels.add_extremes(block)
            yield block


def resampled(source: Iterator[np.ndarray], own_rate: int, rate: int) -> Iterator[np.ndarray]:
    """Change the sample rate of blocks, of any sizes; the samples do not depend on these.

    Parameters
    ----------
    source : iterator of ndarray of shape (n,), float32
        Blocks of mono samples.
    own_rate, rate : int
        Their sample rate in Hz, and that wanted.

    Yields
    ------
    ndarray of shape (n,), float32
        What is known of the new samples after each block, which may be none; what is left, at the end.
    """
    import soxr

    # soxr's stream gives the same bits however its input is cut
    stream = soxr.ResampleStream(own_rate, rate, 1, dtype="float32", quality="HQ")
    last, n_given = None, 0
    for block in source:
        last = block[-1:].copy()
        changed = stream.resample_chunk(block)
        n_given += changed.size
        yield changed
    rest = stream.resample_chunk(np.empty(0, dtype=np.float32), last=True)
    if last is not None and n_given + rest.size == 0:
        rest = last  # less than one sample at the new rate is still a clip
    yield rest
