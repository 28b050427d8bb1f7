"""The decorators by which kernels are compiled, and the types of arrays in their signatures."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import numba
import numpy as np
from numba.np.numpy_support import as_dtype
from numpy.typing import NDArray

from gtzanfeat.jit.kernel_cache import DurableCache, notice_edits_of_room

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
    return _kernel(function, FASTMATH)


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
    return _kernel(function, False)


class Kernel:
    """A function that is compiled, or loaded, when it is first called for arguments of some types.

    What numba makes of a function, its dispatcher, is made then too: a program calls ten or twenty of all
    kernels, and those that it does not call cost it nothing. Other kernels may call it; it is pickled by its
    name, as functions are; and what is not found here is asked of the dispatcher.

    Parameters
    ----------
    function : callable
        What is compiled; stays reachable as ``py_func``.
    fastmath : set of str or bool
        As numba takes it.

    Examples
    --------
    >>> from gtzanfeat.jit import kernel
    >>> @kernel
    ... def twice(x):
    ...     return 2 * x
    >>> twice(21), twice.py_func(21), len(twice.overloads)
    (42, 42, 1)
    """

    # in a process that compiles for others (`parallel_compilation`): what has been called, and is not run
    calls: ClassVar[list[tuple[Kernel, tuple[Any, ...]]] | None] = None
    _making: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, function: Callable[..., Any], fastmath: set[str] | bool) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._fastmath = fastmath

    def __call__(self, *arguments: Any) -> Any:
        """Call what is compiled for arguments of these types."""
        return self._call(*arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python asks of any object
            raise AttributeError(name)
        return getattr(self.dispatcher, name)

    def __reduce__(self) -> str:
        return self.py_func.__qualname__

    @functools.cached_property
    def dispatcher(self) -> Any:
        """What numba makes of the function: it compiles and calls."""
        with self._making:  # one for all threads
            if "dispatcher" not in vars(self):
                vars(self)["dispatcher"] = _dispatcher(self.py_func, self._fastmath)
            return vars(self)["dispatcher"]

    def is_taken(self) -> bool:
        """Return whether another process is compiling it."""
        lock = getattr(self.dispatcher._cache, "lock", None)
        return lock is not None and lock.is_taken()

    @property
    def _numba_type_(self) -> Any:
        """What it is to kernels that call it."""
        return self.dispatcher._numba_type_

    @functools.cached_property
    def _call(self) -> Callable[..., Any]:
        return self.dispatcher if self.calls is None else self._noted

    def _noted(self, *arguments: Any) -> Any:
        """Note what would have to be compiled; return a zero of what it returns."""
        assert self.calls is not None
        types = tuple(map(self.dispatcher.typeof_pyval, arguments))
        if self.py_func.__annotations__.get("return") == "None":
            self.calls.append((self, types))
            return None
        self.dispatcher.compile(types)
        return _zero(self.dispatcher.overloads[types].signature.return_type)


def _zero(kind: Any) -> Any:
    """A value of a type of numba's: zeros, and arrays of one number."""
    tuples: Any = numba.types.BaseTuple
    if isinstance(kind, tuples):
        return tuple(_zero(each) for each in kind)
    if isinstance(kind, numba.types.Array):
        return np.zeros((1,) * kind.ndim, dtype=as_dtype(kind.dtype))
    return None if kind == numba.types.none else as_dtype(kind).type()


def _kernel(function: Function, fastmath: set[str] | bool) -> Function:
    if SWITCHED_OFF:
        function.py_func = function  # type: ignore[attr-defined]
        return function
    return cast(Function, Kernel(function, fastmath))


def _dispatcher(function: Callable[..., Any], fastmath: set[str] | bool) -> Any:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    options["no_cfunc_wrapper"] = True  # for C and for functions as arguments: nobody asks for one
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return numba.njit(**options)(function)
    _keep(compiled)
    return compiled


def _keep(compiled: Any) -> None:
    """Give a kernel the cache below, whose lock is let go of however compiling ends."""
    notice_edits_of_room(compiled._cache)
    cache, compile_one = DurableCache(compiled._cache), compiled.compile

    def compile_and_release(signature: Any) -> Any:
        try:
            return compile_one(signature)
        finally:
            cache.lock.release()

    compiled._cache, compiled.compile = cache, compile_and_release
