"""The decorators by which kernels are compiled, and the types of arrays in their signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from gtzanfeat.jit.kernel_cache import DurableCache

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

    Parameters
    ----------
    function : callable
        What numba compiles.

    Returns
    -------
    callable
        The compiled function.
    """
    return _compiled(function, FASTMATH)


def recursive_kernel(function: Function) -> Function:
    """Compile `function` as `kernel` does, but to exactly the operations that are written, in their order.

    For filters whose state is carried from block to block. Where the compiler may fuse or reorder operations,
    it does so differently in the body of an unrolled loop and in its remainder, so that on processors with
    fused multiply-add the bits of a sample would depend on where its block was cut.

    Parameters
    ----------
    function : callable
        What numba compiles.

    Returns
    -------
    callable
        The compiled function.
    """
    return _compiled(function, False)


def _compiled(function: Function, fastmath: set[str] | bool) -> Function:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    options["no_cfunc_wrapper"] = True  # for C and for functions as arguments: nobody asks for one
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return cast(Function, numba.njit(**options)(function))
    if SWITCHED_OFF:
        compiled.py_func = function
    else:
        _keep(compiled)
    return cast(Function, compiled)


def _keep(compiled: Any) -> None:
    """Give a kernel the cache below, whose lock is let go of however compiling ends."""
    cache, compile_one = DurableCache(compiled._cache), compiled.compile

    def compile_and_release(signature: Any) -> Any:
        try:
            return compile_one(signature)
        finally:
            cache.lock.release()

    compiled._cache, compiled.compile = cache, compile_and_release
