"""The bytes of a file: looked at here and there, and put together anew for a decoder.

Nothing is known here of what the bytes mean.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

_WINDOWS = 1 << 12, 1 << 16  # bytes held at a time: few at first, since most headers are short

# bytes to be put in, and places in the file (first byte, end)
Pieces = tuple[bytes | tuple[int, int], ...]


T = TypeVar("T")


class FileBytes:
    """Bytes of an open file by their place; only a few are held.

    Examples
    --------
    >>> import io
    >>> FileBytes(io.BytesIO(b"RIFF....WAVE")).at(8, 4)
    b'WAVE'
    """

    def __init__(self, file: BinaryIO | Watched) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._start = 0
        self._held = b""
        self._window = _WINDOWS[0]

    def at(self, start: int, n: int) -> bytes:
        """Give `n` bytes from `start` on; fewer at the end of the file."""
        first = start - self._start
        if first < 0 or first + n > len(self._held):
            self._file.seek(start)
            self._held = self._file.read(max(n, self._window))
            self._window = min(2 * self._window, _WINDOWS[1])
            self._start, first = start, 0
        return self._held[first : first + n]

    def search(self, pattern: re.Pattern[bytes], start: int, longest: int) -> Iterator[int]:
        """Yield each place from `start` on where `pattern`, of at most `longest` bytes, is found."""
        while start < self.size:
            window = self.at(start, min(_WINDOWS[1], self.size - start))
            # what overlaps the end of this window is found in the next, which begins before it
            last = start + len(window) >= self.size
            end = len(window) if last else len(window) - longest + 1
            for match in pattern.finditer(window):
                if match.start() < end:
                    yield start + match.start()
            if end <= 0:
                return
            start += end


class Watched:
    """A file that remembers why it could not be read: an error does not cross the C code that asked.

    Parameters
    ----------
    file : binary file
        The file.

    Attributes
    ----------
    failure : Exception or None
        The first error, of whatever kind.

    Examples
    --------
    >>> import io
    >>> Watched(io.BytesIO(b"RIFF")).read(2)
    b'RI'
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: Exception | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte."""
        return self._noted(self._file.seek, offset, whence)

    def read(self, n: int) -> bytes:
        """Read `n` bytes, or fewer at the end of the file."""
        return self._noted(self._file.read, n)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _noted(self, call: Callable[..., T], *args: int) -> T:
        try:
            return call(*args)
        except Exception as error:
            self.failure = self.failure or error
            if isinstance(error, OSError | ValueError):
                raise
            raise OSError(str(error)) from error  # of a store that has errors of its own


class Spliced:
    """A file for libsndfile that is put together from pieces of another.

    Parameters
    ----------
    file : binary file
        The other file.
    pieces : Pieces
        In their order.

    Attributes
    ----------
    exhausted : bool
        Whether more was asked for than there is.

    Examples
    --------
    >>> import io
    >>> whole = Spliced(io.BytesIO(b"a damaged head and its body"), (b"head", (14, 27)))
    >>> buffer = bytearray(20)
    >>> whole.readinto(buffer), bytes(buffer[:17])
    (17, b'head and its body')
    """

    def __init__(self, file: BinaryIO | Watched, pieces: Pieces) -> None:
        self._file = file
        self._pieces: list[tuple[int, int, bytes | int]] = []  # first byte, end, and what or where it is
        end = 0
        for piece in pieces:
            length = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            self._pieces.append((end, end + length, piece if isinstance(piece, bytes) else piece[0]))
            end += length
        self._size = end
        self._place = 0
        self._current = 0
        self.exhausted = False

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte."""
        base = (0, self._place, self._size)[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """Say which byte is next."""
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Read into a buffer, and say how many bytes there were."""
        view = memoryview(buffer)
        n_read = 0
        while n_read < len(view) and self._place < self._size:
            first, end, piece = self._piece()
            n = min(end - self._place, len(view) - n_read)
            within = self._place - first
            if isinstance(piece, bytes):
                view[n_read : n_read + n] = piece[within : within + n]
            else:
                n = self._read(piece + within, view[n_read : n_read + n])
                if n == 0:
                    break
            self._place += n
            n_read += n
        self.exhausted = self.exhausted or n_read < len(view)
        return n_read

    def write(self, data: bytes) -> int:
        """Refuse: libsndfile wants the method, and never calls it."""
        raise OSError("it is only read")

    def _piece(self) -> tuple[int, int, bytes | int]:
        while self._place >= self._pieces[self._current][1]:
            self._current += 1
        while self._place < self._pieces[self._current][0]:
            self._current -= 1
        return self._pieces[self._current]

    def _read(self, place: int, view: memoryview) -> int:
        # an error here could not cross the C code that called; a file that is watched remembers it
        with contextlib.suppress(OSError, ValueError):
            self._file.seek(place)
            data = self._file.read(len(view))
            view[: len(data)] = data
            return len(data)
        return 0
