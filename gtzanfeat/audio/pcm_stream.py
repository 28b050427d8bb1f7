"""PCM that comes through a pipe: raw samples, or a WAV whose header may not know its length.

Nothing is sought and nothing waited for: what has arrived is a block.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gtzanfeat.errors import ClipError

STEP = 1 << 16  # bytes asked for at a time; fewer may have arrived
# name of a format -> type of its samples in the bytes; 24 bits have none
FORMATS = {"u8": "u1", "s16le": "<i2", "s24le": "", "s32le": "<i4", "f32le": "<f4", "f64le": "<f8"}
PIPE = "the standard input"
_OF_WAV = {
    (1, 8): "u8",
    (1, 16): "s16le",
    (1, 24): "s24le",
    (1, 32): "s32le",
    (3, 32): "f32le",
    (3, 64): "f64le",
}
_EXTENSIBLE = 0xFFFE
_UNKNOWN = 0x7FFFF000  # bytes or more, of which pipes write some number for "not known"


@dataclass(frozen=True)
class PcmFormat:
    """How samples lie in bytes.

    Parameters
    ----------
    rate : int
        Sample rate in Hz.
    n_channels : int
        Channels, whose samples take turns.
    samples : str
        A key of `FORMATS`.
    n_bytes : int, optional
        How many bytes there are, if that is known.
    """

    rate: int
    n_channels: int
    samples: str
    n_bytes: int | None = None


def read_wav_header(file: Any, begun: bytes = b"") -> PcmFormat:
    """Read a WAV up to its first sample.

    Parameters
    ----------
    file : binary file
        At its beginning. It need not be seekable.
    begun : bytes, default=b""
        What has been read of it already, no more than 12 bytes.

    Returns
    -------
    PcmFormat
        Its `n_bytes` is None where the header says none, as that of a pipe does.

    Raises
    ------
    ClipError
        If it is no WAV, or one of another coding than PCM and floating point.
    """
    head = begun + _exactly(file, 12 - len(begun))
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ClipError(PIPE, "it is no WAV", "send a WAV, or raw samples and say --raw RATE")
    found = None
    while True:
        name, size = struct.unpack("<4sI", _exactly(file, 8))
        if name == b"data":
            break
        body = _exactly(file, size + size % 2)
        if name == b"fmt ":
            if size < 16:
                raise ClipError(PIPE, "its WAV header is damaged", "send it again")
            found = struct.unpack("<HHIIHH", body[:16])
            if found[0] == _EXTENSIBLE and size >= 26:
                found = (*struct.unpack("<H", body[24:26]), *found[1:])
    if found is None:
        raise ClipError(PIPE, "its WAV header does not say the format of its samples", "send it again")
    coding, n_channels, rate, _, _, bits = found
    if (coding, bits) not in _OF_WAV or not n_channels:
        reason = (
            f"a WAV of coding {coding} with {bits} bits and {n_channels} channels is not read from a pipe"
        )
        raise ClipError(PIPE, reason, "send PCM of 8 to 32 bits or floating point, or save it to a file")
    return PcmFormat(rate, n_channels, _OF_WAV[coding, bits], size if 0 < size < _UNKNOWN else None)


def pcm_blocks(file: Any, form: PcmFormat) -> Iterator[np.ndarray]:
    """Yield blocks of samples as they arrive.

    Parameters
    ----------
    file : binary file
        At the first sample.
    form : PcmFormat
        How its bytes are meant.

    Yields
    ------
    ndarray of shape (n, n_channels)
        PCM or floating point; as `gtzanfeat.stream` takes them. A last sample frame that is not whole is
        left out.

    Examples
    --------
    >>> import io
    >>> pipe = io.BytesIO(np.arange(6, dtype="<i2").tobytes())
    >>> [block.tolist() for block in pcm_blocks(pipe, PcmFormat(22050, 2, "s16le"))]
    [[[0, 1], [2, 3], [4, 5]]]
    """
    kind = FORMATS[form.samples]
    width = form.n_channels * (np.dtype(kind).itemsize if kind else 3)
    # what is there, instead of waiting until a buffer is full
    read = file.read1 if hasattr(file, "read1") else file.read
    rest, left = b"", form.n_bytes
    while (left is None or left > 0) and (data := read(STEP if left is None else min(STEP, left))):
        left = None if left is None else left - len(data)
        data = rest + data
        whole = len(data) - len(data) % width
        rest = data[whole:]
        if whole:
            samples = np.frombuffer(data[:whole], dtype=kind) if kind else _of_24_bits(data[:whole])
            yield samples.astype(samples.dtype.newbyteorder("="), copy=False).reshape(-1, form.n_channels)


def _of_24_bits(data: bytes) -> np.ndarray:
    """Put samples of 24 bits into the upper bits of 32."""
    wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
    wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
    return wide.view("<i4").ravel()


def _exactly(file: Any, n: int) -> bytes:
    data = b""
    while len(data) < n and (more := file.read(n - len(data))):
        data += more
    if len(data) < n:
        raise ClipError(
            PIPE, "it ends within the header of a WAV", "send a WAV, or raw samples with --raw RATE"
        )
    return data
