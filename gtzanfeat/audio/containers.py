"""What the file says of itself, before anything is decoded: its parts, and whether its end is missing.

libsndfile reads one recording from a file and takes the header's word for its length, or a guess. Here the
structure of a file is walked through: MPEG frames, Ogg pages, the chunks of WAV and its relatives. Where
libsndfile would stop too early, the file is handed to it in parts, or with a header that is right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gtzanfeat.audio import mpeg
from gtzanfeat.audio.file_bytes import FileBytes, Pieces

_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # a stream, and its first block: 34 bytes of information
_MPEG_SUFFIXES = (".mp3", ".mp2", ".mp1", ".mpga", ".mpg")
_UNKNOWN = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # lengths that stand for "not known yet"
# the first bytes of what libsndfile knows, other than MPEG
MAGIC = (b"RIFF", b"RIFX", b"RF64", b"FORM", b".snd", b"dns.", b"fLaC", b"caff", b"riff", b"NIST")


@dataclass(frozen=True)
class Part:
    """One recording in a file.

    Parameters
    ----------
    pieces : Pieces
        Where it is; none for the file as it is.
    lead : int
        Sample frames to be thrown away at the beginning.
    n_frames : int, optional
        Sample frames there are, where libsndfile would guess.
    """

    pieces: Pieces = ()
    lead: int = 0
    n_frames: int | None = None


@dataclass(frozen=True)
class Layout:
    """How a file is to be read.

    Parameters
    ----------
    parts : tuple of Part
        Recordings that follow each other.
    shortened : bool
        Whether the end of the file is missing, as far as its structure tells.
    no_sound : str
        What is wrong where there is nothing to be decoded.
    """

    parts: tuple[Part, ...] = (Part(),)
    shortened: bool = False
    no_sound: str = ""


def layout(data: FileBytes, suffix: str = "") -> Layout:
    """Look through a file.

    Parameters
    ----------
    data : FileBytes
        The file.
    suffix : str
        The end of its name, such as ".mp3".

    Returns
    -------
    Layout
        For a format that is not known here, that of a file to be read as it is.
    """
    start = _after_id3(data)
    magic = data.at(start, 4)
    if magic == b"OggS":
        return _ogg(data, start)
    if magic in MAGIC:
        return _chunked(data)
    named = suffix.lower() in _MPEG_SUFFIXES
    if named or start or magic[:1] == b"\xff":
        return _mpeg(data, start, named or start > 0)
    return Layout()


def _after_id3(data: FileBytes) -> int:
    """Where an ID3v2 tag at the beginning ends."""
    start = 0
    while data.at(start, 3) == b"ID3":
        head = data.at(start, 10)
        if len(head) < 10:
            break
        length = 0
        for seven_bits in head[6:10]:
            length = length << 7 | seven_bits & 0x7F
        start += 10 + length + (10 if head[5] & 0x10 else 0)
    return start


def _mpeg(data: FileBytes, start: int, expected: bool) -> Layout:
    found, end = mpeg.streams(data, start)
    if not found:
        header = data.at(start, 3)
        free = len(header) == 3 and header[0] == 0xFF and header[1] >= 0xE2 and header[2] < 0x10
        if expected and not free:  # a free bit rate does not tell the length of a frame
            return Layout(no_sound="there is no MPEG audio in it")
        return Layout()
    shortened = any(stream.shortened for stream in found)
    if len(found) == 1 and found[0].right and mpeg.is_plain_end(data, end):
        return Layout(shortened=shortened)
    parts = [
        Part(each.repaired(), each.lead, each.n_frames * each.kind.n_samples if each.lead else None)
        for each in found
    ]
    return Layout(tuple(parts), shortened)


def _ogg(data: FileBytes, start: int) -> Layout:
    """Part an Ogg file where, after the pages of one recording, another begins."""
    starts = [start]
    position, beginning, ended = start, True, False
    while position < data.size:
        head = data.at(position, 27 + 255)
        if head[:4] != b"OggS" or len(head) < 27:
            position = next(data.search(re.compile(b"OggS"), position + 1, 4), data.size)
            continue
        length = 27 + head[26] + sum(head[27 : 27 + head[26]])
        if position + length > data.size:
            ended = False
            break
        first = bool(head[5] & 2)
        if first and not beginning:
            starts.append(position)
            ended = False
        beginning = first
        ended = ended or bool(head[5] & 4)
        position += length
    if len(starts) == 1:
        return Layout(shortened=not ended)
    return Layout(_cut(data, starts), not ended)


def flac_streams(data: FileBytes) -> tuple[Part, ...]:
    """Find the streams of a FLAC file, of which there is one unless files were joined end to end."""
    starts = list(data.search(_FLAC, 0, 8)) or [0]
    return _cut(data, starts)


def _cut(data: FileBytes, starts: list[int]) -> tuple[Part, ...]:
    ends = [*starts[1:], data.size]
    return tuple(Part(((start, end),)) for start, end in zip(starts, ends, strict=True))


def _chunked(data: FileBytes) -> Layout:
    """Compare the length that the header of WAV, AIFF, AU, W64 or CAF tells with that of the file."""
    found = _samples_chunk(data)
    if found is None:
        return Layout()
    place, width, order, start, length = found  # of the number that says the length; first byte of samples
    if length in _UNKNOWN:
        return Layout()
    shortened = start + length > data.size
    unwritten = length == 0 and data.size > start  # a recorder was switched off before it wrote the length
    if unwritten:
        after = start + 4 + width + _number(data, start + 4, width, order)
        unwritten = not (data.at(start, 4).isalnum() and after <= data.size)  # unless another chunk follows
    if not unwritten and not (shortened and data.at(0, 4) == b"caff"):  # which libsndfile refuses
        return Layout(shortened=shortened)
    rest = min(max(0, data.size - start), (1 << 8 * width) - 1)
    right = rest.to_bytes(width, "big" if order == "big" else "little")
    return Layout((Part(((0, place), right, (place + width, data.size))),), shortened)


def _samples_chunk(data: FileBytes) -> tuple[int, int, str, int, int] | None:
    """Find the chunk of samples: place, width and order of its length; first byte; length in bytes."""
    magic = data.at(0, 4)
    if magic in (b".snd", b"dns."):
        order = "big" if magic == b".snd" else "little"
        return 8, 4, order, _number(data, 4, 4, order), _number(data, 8, 4, order)
    if magic == b"riff":  # W64: names of 16 bytes, lengths that count the head of the chunk, steps of 8 bytes
        position, name, width, order, step = 40, 16, 8, "little", 8
    elif magic == b"caff":
        position, name, width, order, step = 8, 4, 8, "big", 1
    elif magic in (b"RIFF", b"RF64", b"RIFX", b"FORM"):
        order = "big" if magic in (b"RIFX", b"FORM") else "little"
        position, name, width, step = 12, 4, 4, 2
    else:
        return None
    long = None  # the length of the samples where 4 bytes are too few
    while position + name + width <= data.size:
        kind = data.at(position, 4)
        length = _number(data, position + name, width, order)
        start = position + name + width
        if magic == b"riff":
            length -= name + width
        if kind == b"ds64":
            long = _number(data, start + 8, 8, order)
        if kind in (b"data", b"SSND", b"BODY"):
            return position + name, width, order, start, length if long is None else long
        if length < 0:
            return None
        position = start + length + -length % step
    return None


def _number(data: FileBytes, place: int, width: int, order: str) -> int:
    return int.from_bytes(data.at(place, width), "big" if order == "big" else "little")
