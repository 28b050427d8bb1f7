"""The compiler decorators, the array types of kernels, and what numba lacks: the only file that imports it.

A kernel and every compiled function it calls live in the same file, because numba's disk cache does not
notice an edit of a callee in another file; constants from elsewhere are frozen likewise, so only what never
changes (the number 12 of pitch classes) is imported into kernels.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

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
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        compiled = numba.njit(**options)(function)
    if SWITCHED_OFF:
        compiled.py_func = function
    else:
        compiled._cache = _DurableCache(compiled._cache)
    return cast(Function, compiled)


class _DurableCache:
    """numba's cache of one function, of which no fault is more than a reason to compile anew.

    numba lets a damaged file of its cache, or a full disk, end the program. That something is compiled, which
    takes its time, is said to the logger.
    """

    warned = False  # once in a process is enough
    told = False

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, *arguments: Any) -> Any:
        try:
            known = self._cache.load_overload(*arguments)
        except Exception as error:  # whatever unpickling half a file may raise
            self._warn("is damaged, and what it holds is compiled anew", error)
            with contextlib.suppress(OSError):
                self._cache.flush()
            known = None
        if known is None and not _DurableCache.told:
            _DurableCache.told = True
            logging.getLogger("gtzanfeat").info(
                "compiling the kernels: the first run takes some seconds longer"
            )
        return known

    def save_overload(self, *arguments: Any) -> None:
        try:
            self._cache.save_overload(*arguments)
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


def _as_contiguous(typing_context: Any, row: Any) -> Any:
    kind = row.copy(layout="C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        context.nrt.incref(builder, kind, arguments[0])  # a second name of the same array
        return arguments[0]

    return kind(row), codegen


_same_memory: Any = intrinsic(_as_contiguous)


def contiguous(row: Any) -> Any:
    """Return a row whose numbers the compiler knows to lie beside each other: itself, or else a copy.

    For use in kernels. Frames that overlap are rows like others, but of an array whose type does not say so,
    and numbers that may lie apart are not loaded as vectors. Where the row is a copy, so are changes of it.

    Parameters
    ----------
    row : ndarray of shape (n,)
        Of any stride.

    Returns
    -------
    ndarray of shape (n,)
        Contiguous.
    """
    return np.ascontiguousarray(row)


@overload(contiguous)
def _contiguous(row: Any) -> Any:
    def compiled(row: Any) -> Any:
        return _same_memory(row) if row.strides[0] == row.itemsize else _same_memory(row.copy())

    return compiled


# for use in kernels: the 32 bits of a float32 as an int32, and back
float_to_bits: Any = intrinsic(_float_to_bits)
bits_to_float: Any = intrinsic(_bits_to_float)
if SWITCHED_OFF:
    float_to_bits = lambda x: np.float32(x).view(np.int32)  # noqa: E731
    bits_to_float = lambda x: np.int32(x).view(np.float32)  # noqa: E731
