"""The compiler decorators, the array types of kernels, and what numba lacks: the only file that imports it.

A kernel and every compiled function it calls live in the same file, because numba's disk cache does not
notice an edit of a callee in another file; constants from elsewhere are frozen likewise, so only what never
changes (the number 12 of pitch classes) is imported into kernels.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import warnings
import zlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import numba
import numpy as np
from numba.core.runtime.nrt import rtsys
from numba.extending import intrinsic
from numpy.typing import NDArray

fcntl: Any
try:
    import fcntl
except ImportError:  # on Windows, where processes do not wait for each other
    fcntl = None

LOGGER = logging.getLogger("gtzanfeat")

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex64]

Function = TypeVar("Function", bound=Callable[..., Any])

# What lets sums become vector instructions, and no more. Neither "nnan" nor "ninf": kernels may still ask
# whether a number is NaN, and a stray infinity stays one. Neither "arcp" nor "afn": x / total must not
# become x · (1 / total) or pass through an estimated root, which overflow where total is subnormal, as in a
# tone that fades away.
FASTMATH = {"nsz", "contract", "reassoc"}

# by NUMBA_DISABLE_JIT=1: kernels are plain Python, for debuggers, and to notice an index out of bounds
SWITCHED_OFF = bool(getattr(numba.config, "DISABLE_JIT", False))


def kernel(function: Function) -> Function:
    """Compile `function` on first call: no GIL, division by zero gives inf, kept on disk if possible.

    The plain Python function stays reachable as ``.py_func``. Where no cache folder can be written
    (read-only site-packages without a home, say) the kernel is compiled anew in each process.
    """
    return _compiled(function, FASTMATH)


def recursive_kernel(function: Function) -> Function:
    """Compile `function` as `kernel` does, but to exactly the operations that are written, in their order.

    For filters whose state is carried from block to block. Where the compiler may fuse or reorder operations,
    it does so differently in the body of an unrolled loop and in its remainder, so that on processors with
    fused multiply-add the bits of a sample would depend on where its block was cut.
    """
    return _compiled(function, False)


def _compiled(function: Function, fastmath: set[str] | bool) -> Function:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    options["no_cfunc_wrapper"] = True  # for C and for functions as arguments: nobody asks for one
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        compiled = numba.njit(**options)(function)
    if SWITCHED_OFF:
        compiled.py_func = function
    else:
        _keep(compiled)
    return cast(Function, compiled)


def _keep(compiled: Any) -> None:
    """Give a kernel the cache below, whose lock is let go of however compiling ends."""
    cache, compile_one = _DurableCache(compiled._cache), compiled.compile

    def compile_and_release(signature: Any) -> Any:
        try:
            return compile_one(signature)
        finally:
            cache.lock.release()

    compiled._cache, compiled.compile = cache, compile_and_release


class _Lock:
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
            while not _Lock.gave_up:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._place)
                except (BlockingIOError, PermissionError):  # another process holds it
                    _Lock.gave_up = time.monotonic() - begun > self.patience
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

    def _file(self) -> int:
        key = os.getpid(), self._folder
        if key not in self.files:
            os.makedirs(self._folder, exist_ok=True)
            self.files[key] = os.open(
                os.path.join(self._folder, "kernels.lock"), os.O_RDWR | os.O_CREAT, 0o666
            )
        return self.files[key]


class _DurableCache:
    """numba's cache of one function, of which no fault is more than a reason to compile anew.

    numba lets a damaged file of its cache, or a full disk, end the program. That something is compiled, which
    takes its time, is said to the logger.
    """

    warned = False  # once in a process is enough
    told = False

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        self.lock = _Lock(cache.cache_path, cache._impl.filename_base)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
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
        if known is None and not _DurableCache.told:
            _DurableCache.told = True
            LOGGER.info("compiling the kernels: the first run takes some seconds longer")
        return known

    def _loaded(self, signature: Any, target_context: Any) -> Any:
        """Load a kernel without all that numba makes ready for compiling, which takes longer than the kernel.

        A kernel of other types is none: processes that did not wait for each other may have mixed them up.
        """
        rtsys.initialize(target_context)
        known = self._cache._load_overload(signature, target_context)
        return known if known is None or tuple(known.signature.args) == tuple(signature) else None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        LOGGER.debug("compiled %s%s", self._cache._py_func.__qualname__, compiled.signature.args)
        try:
            self._cache.save_overload(signature, compiled)
        except Exception as error:  # an index that cannot be read, a disk that is full
            self._warn("cannot be written, so that every process compiles anew", error)

    def _warn(self, what: str, error: Exception) -> None:
        if not _DurableCache.warned:
            _DurableCache.warned = True
            said = f"numba's cache in {self._cache.cache_path} {what} ({type(error).__name__}: {error})"
            warnings.warn(said, RuntimeWarning, stacklevel=2)


def _float_to_bits(typing_context: Any, x: Any) -> Any:
    return numba.types.int32(numba.types.float32), _same_bits(numba.types.int32)


def _bits_to_float(typing_context: Any, x: Any) -> Any:
    return numba.types.float32(numba.types.int32), _same_bits(numba.types.float32)


def _same_bits(kind: Any) -> Callable[..., Any]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(kind))

    return codegen


# for use in kernels: the 32 bits of a float32 as an int32, and back
float_to_bits: Any = intrinsic(_float_to_bits)
bits_to_float: Any = intrinsic(_bits_to_float)
if SWITCHED_OFF:
    float_to_bits = lambda x: np.float32(x).view(np.int32)  # noqa: E731
    bits_to_float = lambda x: np.int32(x).view(np.float32)  # noqa: E731
