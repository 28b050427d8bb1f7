"""The cache of compiled kernels on disk: each is compiled by one process, and no fault of it ends a program.

It stands around numba's own cache of one function. What is compiled, and how, is in `compilation`.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import time
import warnings
import zlib
from collections.abc import Callable
from typing import Any, ClassVar

from numba.core.runtime.nrt import rtsys

fcntl: Any
try:
    import fcntl
except ImportError:  # on Windows, where processes do not wait for each other
    fcntl = None

LOGGER = logging.getLogger("gtzanfeat")


class KernelLock:
    """A lock on one kernel of a cache folder: of many processes one compiles it, and the others wait.

    It is one byte of the file ``kernels.lock``, at a place made from the kernel's name, so that the system
    lets go of it when the process ends. It saves work and no more: where it cannot be had (a system without
    such locks, a folder that is read-only, a holder that stands still), kernels are compiled without.
    """

    # by process and folder; they stay open, because to close one lets go of all its locks
    files: ClassVar[dict[tuple[int, str], int]] = {}
    patience = 60.0  # seconds; a kernel takes one or two
    gave_up = False  # once in a process is enough

    def __init__(self, folder: str, kernel_name: str) -> None:
        self._folder = folder
        self._place = zlib.crc32(kernel_name.encode())
        self._held = False

    def acquire(self) -> None:
        """Take it, as soon as no other process holds it."""
        if fcntl is None:
            return
        begun = time.monotonic()
        with contextlib.suppress(OSError):  # no such file, or no such locks on this drive
            file = self._file()
            while not KernelLock.gave_up:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._place)
                except (BlockingIOError, PermissionError):  # another process holds it
                    KernelLock.gave_up = time.monotonic() - begun > self.patience
                    time.sleep(0.02)
                else:
                    self._held = True
                    return

    def release(self) -> None:
        """Let go of it, if it is held."""
        if self._held:
            self._held = False
            with contextlib.suppress(OSError):
                fcntl.lockf(self._file(), fcntl.LOCK_UN, 1, self._place)

    def is_taken(self) -> bool:
        """Return whether another process holds it."""
        if fcntl is not None:
            try:
                fcntl.lockf(self._file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._place)
            except OSError:
                return True
            fcntl.lockf(self._file(), fcntl.LOCK_UN, 1, self._place)
        return False

    def _file(self) -> int:
        key = os.getpid(), self._folder
        if key not in self.files:
            os.makedirs(self._folder, exist_ok=True)
            self.files[key] = os.open(
                os.path.join(self._folder, "kernels.lock"), os.O_RDWR | os.O_CREAT, 0o666
            )
        return self.files[key]


@functools.cache
def _written() -> tuple[tuple[float, int], ...]:
    """When the files of this room were written, and their sizes: vectors and sums become parts of kernels."""
    folder = os.path.dirname(__file__)
    sources = [
        os.stat(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name[-3:] == ".py"
    ]
    return tuple((each.st_mtime, each.st_size) for each in sources)


def notice_edits_of_room(cache: Any) -> None:
    """Let numba's cache of a function, which knows when its file was written, know it of this room too."""
    file = cache._cache_file
    file._source_stamp = file._source_stamp, _written()


class DurableCache:
    """The cache of one function that numba keeps, of which no fault is more than a reason to compile anew.

    numba lets a damaged file of its cache, or a full disk, end the program. That something is compiled, which
    takes its time, is said to the logger.
    """

    warned = False  # once in a process is enough
    told = False
    # called once, when a kernel has to be compiled
    when_missing: ClassVar[Callable[[], None] | None] = None

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        self.lock = KernelLock(cache.cache_path, cache._impl.filename_base)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return what is kept for these types; None, and the lock, if it has to be compiled."""
        # At first without the lock, for which only those wait that would compile. What cannot be read now may
        # be what another process is about to write.
        with contextlib.suppress(Exception):
            known = self._loaded(signature, target_context)
            if known is not None:
                return known
        self.lock.acquire()
        try:
            known = self._loaded(signature, target_context)
        except Exception as error:  # whatever unpickling half a file may raise
            self._warn("is damaged, and what it holds is compiled anew", error)
            with contextlib.suppress(OSError):
                self._cache.flush()
            known = None
        if known is None:
            self._say_that_it_is_missing()
        return known

    def _say_that_it_is_missing(self) -> None:
        if not DurableCache.told:
            DurableCache.told = True
            LOGGER.info("compiling the kernels: the first run takes some seconds longer")
        call, DurableCache.when_missing = DurableCache.when_missing, None
        if call is not None:
            call()

    def _loaded(self, signature: Any, target_context: Any) -> Any:
        """Load a kernel without all that numba makes ready for compiling, which takes longer than the kernel.

        A kernel of other types is none: processes that did not wait for each other may have mixed them up.
        """
        rtsys.initialize(target_context)
        known = self._cache._load_overload(signature, target_context)
        return known if known is None or tuple(known.signature.args) == tuple(signature) else None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled."""
        LOGGER.debug("compiled %s%s", self._cache._py_func.__qualname__, compiled.signature.args)
        try:
            self._cache.save_overload(signature, compiled)
        except Exception as error:  # an index that cannot be read, a disk that is full
            self._warn("cannot be written, so that every process compiles anew", error)

    def _warn(self, what: str, error: Exception) -> None:
        if not DurableCache.warned:
            DurableCache.warned = True
            said = f"numba's cache in {self._cache.cache_path} {what} ({type(error).__name__}: {error})"
            warnings.warn(said, RuntimeWarning, stacklevel=2)
