"""The compiler decorators, the array types of kernels, and what numba lacks: the only file that imports it.

It lacks the bits of a float, and vectors: `LANES` complex numbers side by side, on which a kernel calculates
as on one. What is written for them becomes vector instructions of whatever width the processor has, in the
order that is written, and no lane knows of another: a number's bits do not depend on the lane it is in.

A kernel and every compiled function it calls live in the same file, because numba's disk cache does not
notice an edit of a callee in another file; constants from elsewhere are frozen likewise, so only what never
changes (the number 12 of pitch classes) is imported into kernels.
"""

from __future__ import annotations

import contextlib
import logging
import operator
import os
import time
import warnings
import zlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.runtime.nrt import rtsys
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.core.typing.templates import signature as typed
from numba.extending import intrinsic, lower_builtin, models, overload, register_model
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


LANES = 8  # float32 numbers side by side: a vector register of AVX2, two of SSE and NEON

_ROW = ir.VectorType(ir.FloatType(), LANES)
_PAIR = ir.LiteralStructType([_ROW, _ROW])  # real and imaginary parts


class ComplexLanes(numba.types.Type):
    """The type, to the compiler, of `LANES` complex numbers, in two vectors."""

    def __init__(self) -> None:
        super().__init__(name="ComplexLanes")


_lanes = ComplexLanes()
_index = numba.types.intp


@register_model(ComplexLanes)
class _ComplexLanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _PAIR)  # type: ignore[no-untyped-call]


def _parts(builder: Any, z: Any) -> tuple[Any, Any]:
    return builder.extract_value(z, 0), builder.extract_value(z, 1)


def _pair(builder: Any, real: Any, imaginary: Any) -> Any:
    half = builder.insert_value(ir.Constant(_PAIR, ir.Undefined), real, 0)
    return builder.insert_value(half, imaginary, 1)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """Product and sum x · y + z, fused where the processor does that."""
    kind = ir.FunctionType(_ROW, [_ROW] * 3)
    fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
    return builder.call(fused, (x, y, z))


def _shuffled(builder: Any, x: Any, y: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), LANES), order))


def _in_all_lanes(builder: Any, x: Any) -> Any:
    one = builder.insert_element(ir.Constant(_ROW, ir.Undefined), x, ir.Constant(ir.IntType(32), 0))
    return _shuffled(builder, one, one, [0] * LANES)


def _number_in_all_lanes(context: Any, builder: Any, number: Any) -> tuple[Any, Any]:
    w = cgutils.create_struct_proxy(numba.types.complex64)(context, builder, value=number)
    return _in_all_lanes(builder, w.real), _in_all_lanes(builder, w.imag)


def _vector_at(context: Any, builder: Any, kind: Any, array: Any, i: Any, offset: Any = 0) -> Any:
    """The address of the `LANES` numbers of an array, in C order, from number i + `offset`."""
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    if offset:
        i = builder.add(i, ir.Constant(i.type, offset))
    return builder.bitcast(builder.gep(data, [i]), _ROW.as_pointer())


def _teach(operation: Any, instruction: str) -> None:
    """Let the compiler add or subtract lanes."""

    @infer_global(operation)
    class OfLanes(AbstractTemplate):
        def generic(self, given: Any, keywords: Any) -> Any:
            return typed(_lanes, *given) if given == (_lanes, _lanes) else None

    @lower_builtin(operation, ComplexLanes, ComplexLanes)  # type: ignore[untyped-decorator]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pairs = zip(*(_parts(builder, z) for z in arguments), strict=True)
        return _pair(builder, *(getattr(builder, instruction)(x, y) for x, y in pairs))


_teach(operator.add, "fadd")
_teach(operator.sub, "fsub")


@infer_global(operator.mul)
class _LanesByNumber(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        return typed(_lanes, *given) if given == (_lanes, numba.types.complex64) else None


@lower_builtin(operator.mul, ComplexLanes, numba.types.complex64)  # type: ignore[untyped-decorator]
def _lanes_by_number(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, y = _parts(builder, arguments[0])
    c, s = _number_in_all_lanes(context, builder, arguments[1])
    real = _multiply_add(builder, builder.fneg(y), s, builder.fmul(x, c))
    return _pair(builder, real, _multiply_add(builder, x, s, builder.fmul(y, c)))


def _load_lanes(typing_context: Any, x: Any, i: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, i = arguments
        at = [_vector_at(context, builder, signature.args[0], x, i, offset) for offset in (0, LANES)]
        return _pair(builder, *(builder.load(each, align=4) for each in at))

    return _lanes(x, _index), codegen


def _store_lanes(typing_context: Any, out: Any, i: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, i, z = arguments
        for part, offset in zip(_parts(builder, z), (0, LANES), strict=True):
            builder.store(part, _vector_at(context, builder, signature.args[0], out, i, offset), align=4)
        return context.get_dummy_value()

    return numba.types.void(out, _index, z), codegen


def _store_square_moduli(typing_context: Any, out: Any, i: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, i, z = arguments
        x, y = _parts(builder, z)
        squares = builder.fadd(builder.fmul(x, x), builder.fmul(y, y))
        builder.store(squares, _vector_at(context, builder, signature.args[0], out, i), align=4)
        return context.get_dummy_value()

    return numba.types.void(out, _index, z), codegen


def _multiply_add_lanes(typing_context: Any, z: Any, w: Any, added: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (x, y), (real, imaginary) = _parts(builder, arguments[0]), _parts(builder, arguments[2])
        c, s = _number_in_all_lanes(context, builder, arguments[1])
        real = _multiply_add(builder, x, c, real)
        imaginary = _multiply_add(builder, y, c, imaginary)
        return _pair(
            builder,
            _multiply_add(builder, builder.fneg(y), s, real),
            _multiply_add(builder, x, s, imaginary),
        )

    return _lanes(z, numba.types.complex64, added), codegen


def _conjugate(typing_context: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y = _parts(builder, arguments[0])
        return _pair(builder, x, builder.fneg(y))

    return _lanes(z), codegen


def _times_minus_i(typing_context: Any, z: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y = _parts(builder, arguments[0])
        return _pair(builder, y, builder.fneg(x))

    return _lanes(z), codegen


def _transpose_tile(
    typing_context: Any, x: Any, i: Any, step: Any, weights: Any, k: Any, out: Any, j: Any, out_step: Any
) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args

        def row(r: int, array: int, start: int, stride: int) -> Any:
            further = builder.mul(arguments[stride], ir.Constant(arguments[stride].type, r))
            place = builder.add(arguments[start], further)
            return _vector_at(context, builder, kinds[array], arguments[array], place)

        by = builder.load(_vector_at(context, builder, kinds[3], arguments[3], arguments[4]), align=4)
        rows = [builder.fmul(builder.load(row(r, 0, 1, 2), align=4), by) for r in range(LANES)]
        for distance in (1, 2, 4):  # in each step, the blocks beside the diagonal change places
            low = [j + (LANES - distance if j & distance else 0) for j in range(LANES)]
            high = [j + distance for j in low]
            for r in range(LANES):
                if not r & distance:
                    pair = rows[r], rows[r + distance]
                    rows[r], rows[r + distance] = (_shuffled(builder, *pair, j) for j in (low, high))
        for r in range(LANES):
            builder.store(rows[r], row(r, 5, 6, 7), align=4)
        return context.get_dummy_value()

    return numba.types.void(x, _index, _index, weights, _index, out, _index, _index), codegen


# For use in kernels, on arrays of float32 in C order, of which i, j and k count all numbers.
# load_lanes(x, i): the real parts x[i : i + LANES], and the imaginary parts that follow them
# store_lanes(out, i, z): the same way back; store_square_moduli(out, i, z): LANES numbers |z|²
# multiply_add(z, w, y): z · w + y of lanes z and y and one number w
# transpose_tile(x, i, step, weights, k, out, j, out_step): LANES rows of LANES numbers, `step` apart, each
# row times weights[k : k + LANES], become columns
load_lanes: Any = intrinsic(_load_lanes)
store_lanes: Any = intrinsic(_store_lanes)
store_square_moduli: Any = intrinsic(_store_square_moduli)
multiply_add: Any = intrinsic(_multiply_add_lanes)
conjugate: Any = intrinsic(_conjugate)
times_minus_i: Any = intrinsic(_times_minus_i)
transpose_tile: Any = intrinsic(_transpose_tile)
