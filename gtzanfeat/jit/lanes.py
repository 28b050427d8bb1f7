"""Vectors for use in kernels: `LANES` complex numbers side by side, on which a kernel calculates as on one.

What is written for them becomes vector instructions of whatever width the processor has, in the order that is
written, and no lane knows of another: a number's bits do not depend on the lane it is in. Beside them there
are sums of real numbers, a vector at a time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.core.typing.templates import signature as typed
from numba.extending import intrinsic, lower_builtin, models, overload, register_model

LANES = 8  # float32 numbers side by side: a vector register of AVX2, two of SSE and NEON

_ROW = ir.VectorType(ir.FloatType(), LANES)
_PLACE = ir.IntType(32)
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


def _sum_of_parts(builder: Any, x: Any) -> Any:
    """The sum of the numbers of a vector, always in the same order: halves, then their halves."""
    n = x.type.count
    while n > 1:
        n //= 2
        halves = (ir.Constant(ir.VectorType(ir.IntType(32), n), list(range(k, k + n))) for k in (0, n))
        x = builder.fadd(*(builder.shuffle_vector(x, x, half) for half in halves))
    return builder.extract_element(x, ir.Constant(ir.IntType(32), 0))


def _is_float32_in_c_order(x: Any) -> bool:
    return isinstance(x, numba.types.Array) and x.dtype == numba.types.float32 and x.layout == "C"


def _sum_of_lanes(typing_context: Any, x: Any, i: Any) -> Any:
    if not _is_float32_in_c_order(x):
        return None

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        numbers = builder.load(_vector_at(context, builder, signature.args[0], *arguments), align=4)
        return _sum_of_parts(builder, builder.fpext(numbers, ir.VectorType(ir.DoubleType(), LANES)))

    return numba.types.float64(x, _index), codegen


def _dot_product(typing_context: Any, x: Any, i: Any, y: Any, j: Any, n: Any) -> Any:
    if not (_is_float32_in_c_order(x) and _is_float32_in_c_order(y)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, i, y, j, n = arguments
        total = cgutils.alloca_once_value(builder, ir.Constant(_ROW, [0.0] * LANES))

        def add_products(k: Any, load: Callable[[Any], Any]) -> None:
            at_x = _vector_at(context, builder, signature.args[0], x, builder.add(i, k))
            at_y = _vector_at(context, builder, signature.args[2], y, builder.add(j, k))
            builder.store(_multiply_add(builder, load(at_x), load(at_y), builder.load(total)), total)

        last = builder.sub(n, n.type(LANES - 1))
        with cgutils.for_range_slice(builder, n.type(0), last, n.type(LANES)) as (k, _):
            add_products(k, partial(builder.load, align=4))
        whole = builder.and_(n, ir.Constant(n.type, -LANES))
        with builder.if_then(builder.icmp_signed("<", whole, n)):
            rest = builder.trunc(builder.sub(n, whole), _PLACE)
            add_products(whole, partial(_load_first, builder, rest))
        return _sum_of_parts(builder, builder.load(total))

    return numba.types.float32(x, _index, y, _index, _index), codegen


def _load_first(builder: Any, n: Any, address: Any) -> Any:
    """Load the first `n` numbers at an address, and zeros in the place of the others, which are not read."""
    every = ir.VectorType(_PLACE, LANES)
    one = builder.insert_element(ir.Constant(every, ir.Undefined), n, _PLACE(0))
    all_n = builder.shuffle_vector(one, one, ir.Constant(every, [0] * LANES))
    mask = builder.icmp_signed("<", ir.Constant(every, list(range(LANES))), all_n)
    kind = ir.FunctionType(_ROW, [address.type, _PLACE, mask.type, _ROW])
    name = f"llvm.masked.load.v{LANES}f32.p0"
    load = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(load, (address, _PLACE(4), mask, ir.Constant(_ROW, [0.0] * LANES)))


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
_lane_sum: Any = intrinsic(_sum_of_lanes)
_vector_product: Any = intrinsic(_dot_product)


def sum_of_lanes(x: Any, i: int) -> Any:
    """Return the sum of x[i : i + LANES] in float64, for use in kernels.

    Parameters
    ----------
    x : ndarray of float32
        In C order, of whatever shape; `i` counts all its numbers.
    i : int
        The first of the numbers, all of which must be there.

    Returns
    -------
    float
        Their sum.

    Examples
    --------
    >>> float(sum_of_lanes(np.arange(20, dtype=np.float32).reshape(2, 10), 10))
    108.0
    """
    return x.ravel()[i : i + LANES].sum(dtype=np.float64)


def dot_product(x: Any, i: int, y: Any, j: int, n: int) -> Any:
    """Return the sum of x[i + k] · y[j + k], k < n, in float32, for use in kernels.

    Fastest where `n` is a multiple of `LANES`.

    Parameters
    ----------
    x, y : ndarray of float32
        In C order, of whatever shapes; `i` and `j` count all their numbers.
    i, j : int
        The first numbers.
    n : int
        How many there are; no others are read.

    Returns
    -------
    float32
        The sum of their products, added in an order that depends on `n` alone.

    Examples
    --------
    >>> x = np.arange(20, dtype=np.float32)
    >>> float(dot_product(x, 2, x, 0, 3))
    11.0
    """
    return np.dot(x.ravel()[i : i + n], y.ravel()[j : j + n])


@overload(sum_of_lanes)
def _compiled_sum(x: Any, i: int) -> Any:
    def compiled(x: Any, i: int) -> Any:
        return _lane_sum(x, i)

    return compiled


@overload(dot_product)
def _compiled_product(x: Any, i: int, y: Any, j: int, n: int) -> Any:
    def compiled(x: Any, i: int, y: Any, j: int, n: int) -> Any:
        return _vector_product(x, i, y, j, n)

    return compiled
