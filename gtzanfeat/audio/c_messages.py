"""Lines that C code prints on standard error while libsndfile decodes, held back from the terminal.

libmpg123 prints a line for each damaged frame, and libsndfile hands out no way to silence it. To redirect the
file descriptor would take away what other threads print meanwhile, a progress bar or a traceback. C code does
not print to the descriptor, but to a stream, `stderr`, which the GNU C library finds in a variable: it is
pointed to a file in memory while a call lasts. Python does not use it. What other C code printed in that time
is passed on when the call is over. Elsewhere, where the variable cannot be set, nothing is held back.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Iterator

_OF_LIBMPG123 = b"libmpg123"  # part of each of its lines
_UNBUFFERED = 2  # _IONBF
_PIECE = 1 << 12  # bytes read at a time


class _Stream:
    """The variable `stderr` of the C library, and a stream into memory that takes its place."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._variable = ctypes.c_void_p.in_dll(library, "stderr")
        self._memory = os.memfd_create("stderr")
        library.fdopen.restype = ctypes.c_void_p
        library.setvbuf.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t)
        self._held = library.fdopen(self._memory, b"a")
        library.setvbuf(self._held, None, _UNBUFFERED, 0)
        self._lock = threading.Lock()
        self._n_calls = 0
        self._own = self._variable.value
        os.register_at_fork(after_in_child=self._after_fork)

    def enter(self) -> None:
        """Begin a call; several may go on at the same time."""
        with self._lock:
            if not self._n_calls:
                self._own = self._variable.value
                self._variable.value = self._held
            self._n_calls += 1

    def leave(self) -> None:
        """End a call; at the end of the last, pass on what is not from libmpg123."""
        with self._lock:
            self._n_calls -= 1
            if self._n_calls:
                return
            self._variable.value = self._own
            printed = b""
            while piece := os.pread(self._memory, _PIECE, len(printed)):  # most often there is nothing
                printed += piece
            if printed:
                os.ftruncate(self._memory, 0)
        lines = [line for line in printed.splitlines(keepends=True) if _OF_LIBMPG123 not in line]
        if any(line.strip() for line in lines):  # an empty line precedes some of its messages
            with contextlib.suppress(OSError):  # it may have been closed
                os.write(2, b"".join(lines))

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._n_calls = 0
        self._variable.value = self._own


@functools.cache
def _stream() -> _Stream | None:
    """The stream of this process; None where the C library is another."""
    if not hasattr(os, "memfd_create"):
        return None
    library = ctypes.CDLL(None)
    return _Stream(library) if hasattr(library, "gnu_get_libc_version") else None


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold back what libmpg123 prints while the block lasts, and let all else through."""
    stream = _stream()
    if stream is None:
        yield
        return
    stream.enter()
    try:
        yield
    finally:
        stream.leave()
