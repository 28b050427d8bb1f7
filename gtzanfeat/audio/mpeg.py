"""MPEG audio frames (MP3): where they lie in a file, how many there are, and what the file's own count says.

An MP3 file is nothing but frames, each with a header of 4 bytes that gives its length. A frame that holds no
sound but a table (marked "Xing" or "Info") may come first and says how many frames follow. libmpg123 believes
that table, and without one it guesses the count from the first frame's bit rate. So a file is put together
anew where it would be wrong. Nothing is decoded here.
"""

from __future__ import annotations

import functools
import re
import struct
from dataclasses import dataclass, field

from gtzanfeat.audio.file_bytes import FileBytes, Pieces

_KBITS = {  # by (MPEG-1?, layer), for the bit rate's index 1 to 14
    (True, 1): range(32, 449, 32),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)  # Hz, of MPEG-1; half of it in MPEG-2, a quarter in MPEG-2.5
_HEADER = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x10-\xef]")
_TABLES = b"Xing", b"Info"
_HEAD = 40  # bytes of a frame up to where a table is marked as one, and no less
_WINDOW = 1 << 16  # bytes looked at together
_LONGEST = 1 << 12  # bytes; no frame has more
_ID3V1 = 128  # bytes of the tag at the end of a file


@dataclass(frozen=True)
class _Kind:
    """What all frames of a recording have in common; `sizes` are those of its headers' first 3 bytes."""

    mpeg1: bool
    layer: int
    n_samples: int
    sizes: dict[bytes, int]

    def side(self, mono: bool) -> int:
        """Bytes from the beginning of a frame of layer III to its sound, where "Xing" stands."""
        return 4 + ((17 if mono else 32) if self.mpeg1 else (9 if mono else 17))


@functools.cache
def _kinds() -> dict[bytes, _Kind]:
    """Give the kind of frame for each valid beginning (3 bytes) of a header."""
    kinds = {}
    for version, divisor in ((3, 1), (2, 2), (0, 4)):
        for layer in (1, 2, 3):
            for place, full_rate in enumerate(_RATES):
                rate = full_rate // divisor
                n_samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
                kind = _Kind(version == 3, layer, n_samples, {})
                for index, kbits in enumerate(_KBITS[version == 3, layer], start=1):
                    for padding in (0, 1):
                        slot = 4 if layer == 1 else 1  # bytes
                        size = (n_samples // 8 * kbits * 1000 // slot // rate + padding) * slot
                        for protection in (0, 1):
                            for private in (0, 1):
                                second = 0xE0 | version << 3 | (4 - layer) << 1 | protection
                                third = index << 4 | place << 2 | padding << 1 | private
                                header = bytes((0xFF, second, third))
                                kind.sizes[header] = size
                                kinds[header] = kind
    return kinds


@dataclass
class Stream:
    """Frames that belong together: one recording, or one part of a file made of several."""

    kind: _Kind
    mono: bool
    header: bytes
    table: bytes = b""  # the frame with the table, if there is one
    n_frames: int = 0  # with sound
    varies: bool = False  # whether their bit rates differ
    pieces: list[tuple[int, int]] = field(
        default_factory=list
    )  # first byte of frames with sound, and the end

    @property
    def declared(self) -> int | None:
        """How many frames the file says there are."""
        place = self.kind.side(self.mono)
        if len(self.table) < place + 12 or not self.table[place + 7] & 1:
            return None
        return int.from_bytes(self.table[place + 8 : place + 12])

    @property
    def n_bytes(self) -> int:
        """Length of the frames with sound."""
        return sum(stop - start for start, stop in self.pieces)

    @property
    def shortened(self) -> bool:
        """Whether frames are missing; some encoders count the table as one."""
        return self.declared is not None and self.n_frames < self.declared - 1

    @property
    def right(self) -> bool:
        """Whether the table says what is there, so that libmpg123 reads the file as it is."""
        if len(self.pieces) > 1:
            return False
        if self.declared is None:
            return not self.table and not self.table_is_missing
        place = self.kind.side(self.mono)
        length = self.n_bytes + len(self.table)
        told = int.from_bytes(self.table[place + 12 : place + 16]) if self.table[place + 7] & 2 else length
        return 0 <= self.declared - self.n_frames <= 1 and abs(told - length) <= 0.01 * length

    @property
    def lead(self) -> int:
        """Samples to be thrown away at the beginning of what `repaired` gives: those of a frame put in."""
        return self.kind.n_samples if self.table_is_missing else 0

    @property
    def table_is_missing(self) -> bool:
        """Whether libmpg123 would guess the count from the first frame, and wrongly, or refuse a lone one."""
        return self.kind.layer == 3 and self.declared is None and (self.varies or self.n_frames == 1)

    def repaired(self) -> Pieces:
        """Give the bytes of a file with these frames, of which libmpg123 knows how many there are.

        A table that is wrong is set right. Where there is none, a table would make libmpg123 cut off 529
        samples; so a silent frame of the lowest bit rate comes first, from which it guesses too many frames,
        and reads as many as there are.
        """
        if self.table_is_missing:
            return _silent_frame(self), *self.pieces
        declared, table = self.declared, bytearray(self.table)
        if declared is None:
            return tuple(self.pieces)
        place = self.kind.side(self.mono)
        if self.n_frames > declared:  # where frames are missing, the count stays: it says what to cut off
            table[place + 8 : place + 12] = struct.pack(">I", self.n_frames)
        if table[place + 7] & 2:
            table[place + 12 : place + 16] = struct.pack(">I", self.n_bytes + len(table))
        return bytes(table), *self.pieces


def _silent_frame(stream: Stream) -> bytes:
    """Make a frame of the lowest bit rate in which all lengths are 0."""
    third = 0x10 | stream.header[2] & 0x0C
    header = bytes((0xFF, stream.header[1] | 1, third, stream.header[3]))
    return header.ljust(stream.kind.sizes[header[:3]], b"\0")


def streams(data: FileBytes, start: int) -> tuple[list[Stream], int]:
    """Walk through the MPEG frames of a file.

    Parameters
    ----------
    data : FileBytes
        The file.
    start : int
        Byte to begin at.

    Returns
    -------
    found : list of Stream
        In their order; a new one begins where a table stands, or where the kind of frame changes. What lies
        between frames, and a last frame that is not whole, belongs to none.
    end : int
        The byte after the last frame.
    """
    found: list[Stream] = []
    end = start
    while frame := _next_frame(data, end, found[-1].kind if found else None):
        position, size, head, kind = frame
        end = position + size
        mono = head[3] >= 0xC0
        place = kind.side(mono)
        has_table = kind.layer == 3 and head[place : place + 4] in _TABLES
        stream = found[-1] if found else None
        if stream is None or has_table or stream.kind is not kind or stream.mono != mono:
            stream = Stream(kind, mono, head[:4])
            found.append(stream)
        if has_table:
            stream.table = data.at(position, size)
            continue
        if not stream.n_frames:
            stream.header = head[:4]
        end = _take_frames(data, stream, position)
        if stream.pieces and stream.pieces[-1][1] == position:
            stream.pieces[-1] = stream.pieces[-1][0], end
        else:
            stream.pieces.append((position, end))
    return [stream for stream in found if stream.n_frames], end


def _take_frames(data: FileBytes, stream: Stream, start: int) -> int:
    """Add the frame that begins at `start`, and all that follow it and are like it; give where they end.

    A recording has forty frames a second, so that each is looked at through as little Python as possible.
    """
    sizes, mono, third = stream.kind.sizes, stream.mono, stream.header[2]
    place = stream.kind.side(mono)
    n_frames = differing = 0  # the latter holds all bits in which third bytes differ from the first
    position, done = start, False
    while not done:
        window = data.at(position, min(_WINDOW, data.size - position))
        at_end = position + len(window) >= data.size
        may_have_table = stream.kind.layer == 3 and any(mark in window for mark in _TABLES)
        offset, last = 0, len(window) if at_end else len(window) - _LONGEST
        done = at_end or last <= 0
        while offset < last:
            head = window[offset : offset + 4]
            size = sizes.get(head[:3])
            if (
                size is None
                or offset + size > len(window)
                or (head[3] >= 0xC0) != mono
                or (may_have_table and window[offset + place : offset + place + 4] in _TABLES)
            ):
                done = True
                break
            differing |= head[2] ^ third
            n_frames += 1
            offset += size
        position += offset
    stream.n_frames += n_frames
    stream.varies = stream.varies or differing >= 0x10
    return position


def _next_frame(data: FileBytes, start: int, kind: _Kind | None) -> tuple[int, int, bytes, _Kind] | None:
    """Give where the next frame begins, its size, its first bytes and its kind, if there is one."""
    if start >= data.size:
        return None
    position, head = start, data.at(start, _HEAD)
    size = None if kind is None else kind.sizes.get(head[:3])
    if kind is None or size is None:  # the beginning, or not what was expected here
        position = _next_header(data, start)
        if position < 0:
            return None
        head = data.at(position, _HEAD)
        kind = _kinds()[head[:3]]
        size = kind.sizes[head[:3]]
    return (position, size, head, kind) if position + size <= data.size else None


def _next_header(data: FileBytes, start: int) -> int:
    """Find the next header that another of its kind, or the end of the sound, follows; -1 if none does."""
    kinds = _kinds()
    for position in data.search(_HEADER, start, 3):
        header = data.at(position, 3)
        if header in kinds:
            following = position + kinds[header].sizes[header]
            if following == data.size or data.at(following, 3) == b"TAG":
                return position
            if data.at(following, 3) in kinds[header].sizes:
                return position
    return -1


def is_plain_end(data: FileBytes, end: int) -> bool:
    """Whether nothing but a tag of 128 bytes follows the last frame."""
    return end == data.size or (data.size - end == _ID3V1 and data.at(end, 3) == b"TAG")
