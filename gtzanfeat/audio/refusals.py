"""Why a file cannot be decoded, and what to do: the reason and the remedy of every such error.

What libsndfile says of a file is not always what is wrong with it: it calls missing what libmpg123 refuses.
Nothing is decoded here.
"""

from __future__ import annotations

import re

from gtzanfeat.audio.containers import MAGIC
from gtzanfeat.audio.file_bytes import FileBytes

AGAIN = "fetch the file again or leave it out"
CONVERT = "convert it, e.g. `ffmpeg -i IN -ar 22050 -ac 1 OUT.wav`, or leave it out"

_UNRECOGNISED = 1  # an error code of libsndfile
# those of formats that it knows in an encoding that it does not: WavPack in WAV, G.723 in AU ...
_UNKNOWN_ENCODING = frozenset((4, 18, 78, 92, 100, 106, 110, 117, 123))
_SMALLEST = 128  # bytes; what is shorter was cut, whatever its header seems to say

# what may bear the name of a sound file: where it says so, how, what it is, and what to do
_FOREIGN = (
    (4, b"ftyp", "it is MP4, AAC or ALAC", CONVERT),
    (0, b"\x1aE\xdf\xa3", "it is Matroska or WebM", CONVERT),
    (0, b"0&\xb2u", "it is Windows Media", CONVERT),
    (0, b"wvpk", "it is WavPack", CONVERT),
    (0, b"MAC ", "it is Monkey's Audio", CONVERT),
    (0, b"version https://git-lfs", "it is a pointer of Git LFS", "fetch the sound with `git lfs pull`"),
    (0, b"<!doctype html", "it is a web page", AGAIN),
    (0, b"<html", "it is a web page", AGAIN),
    (0, bytes(64), "it begins with zeros", AGAIN),
)


def foreign(data: FileBytes) -> tuple[str, str] | None:
    """Say what a file is that is no sound, or none that libsndfile reads.

    Parameters
    ----------
    data : FileBytes
        The file.

    Returns
    -------
    reason, remedy : str
        None in place of both if it is not known.

    Examples
    --------
    >>> import io
    >>> foreign(FileBytes(io.BytesIO(b"<html>Not found</html>")))
    ('it is a web page', 'fetch the file again or leave it out')
    """
    start = data.at(0, 64)
    for place, magic, reason, remedy in _FOREIGN:
        if start[place : place + len(magic)].lower() == magic.lower():
            return reason, remedy
    return None


def unopened(data: FileBytes, code: int, words: str) -> tuple[str, str]:
    """Say why libsndfile cannot open a file.

    Parameters
    ----------
    data : FileBytes
        The file.
    code : int
        The number of its error.
    words : str
        What it says of it.

    Returns
    -------
    reason, remedy : str
    """
    why = plain_words(words)
    if code == _UNRECOGNISED and data.at(0, 4) not in (*MAGIC, b"OggS"):
        what, remedy = foreign(data) or (why, CONVERT)
        return f"libsndfile cannot read it ({what})", remedy
    if code in _UNKNOWN_ENCODING and data.size >= _SMALLEST:
        return f"libsndfile cannot read it ({why})", CONVERT
    known = why and code not in (_UNRECOGNISED, *_UNKNOWN_ENCODING)
    return f"its header is damaged{f' ({why})' if known else ''}", AGAIN


def plain_words(words: str) -> str:
    """Leave out of an error of libsndfile what says nothing of the file; that may be all.

    Examples
    --------
    >>> plain_words("Error in WAV file. No 'data' chunk marker.")
    "No 'data' chunk marker"
    >>> plain_words("Internal error : SF_INFO struct incomplete.")
    ''
    """
    if re.search(r"[Ii]nternal|does not exist|SF_|is malformed", words):
        return ""
    return re.sub(r"^Error( in [\w/ ]+ file)?\W*", "", words).strip().rstrip(".")
