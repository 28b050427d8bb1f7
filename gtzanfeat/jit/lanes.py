"""Vectors for use in kernels: `LANES` numbers side by side, on which a kernel calculates as on one.

What is written for them becomes vector instructions of whatever width the processor has, in the order that is
written, and no lane knows of another: a number's bits do not depend on the lane it is in.
"""

from __future__ import annotations

import operator
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.core.typing.templates import signature as typed
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8  # float32 numbers side by side: a vector register of AVX2, two of SSE and NEON

_ROW = ir.VectorType(ir.FloatType(), LANES)
_PAIR = ir.LiteralStructType([_ROW, _ROW])  # real and imaginary parts


class ComplexLanes(numba.types.Type):
    """The type, to the compiler, of `LANES` complex numbers, in two vectors."""

    def __init__(self) -> None:
        super().__init__(name="ComplexLanes")


class RealLanes(numba.types.Type):
    """The type, to the compiler, of `LANES` real numbers of 32 bits, or half as many of 64, in one vector."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"RealLanes({dtype})")


_lanes = ComplexLanes()
_reals = {dtype: RealLanes(dtype) for dtype in (numba.types.float32, numba.types.float64)}
_vectors = {
    numba.types.float32: _ROW,
    numba.types.float64: ir.VectorType(ir.DoubleType(), LANES // 2),
}
_index = numba.types.intp


@register_model(ComplexLanes)
class _ComplexLanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _PAIR)  # type: ignore[no-untyped-call]


@register_model(RealLanes)
class _RealLanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _vectors[kind.dtype])  # type: ignore[no-untyped-call]


def _parts(builder: Any, z: Any) -> tuple[Any, Any]:
    return builder.extract_value(z, 0), builder.extract_value(z, 1)


def _pair(builder: Any, real: Any, imaginary: Any) -> Any:
    half = builder.insert_value(ir.Constant(_PAIR, ir.Undefined), real, 0)
    return builder.insert_value(half, imaginary, 1)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """Product and sum x · y + z, fused where the processor does that."""
    return builder.call(_of_vectors(builder, "fmuladd", x.type, 3), (x, y, z))


def _of_vectors(builder: Any, name: str, vector: Any, n_arguments: int) -> Any:
    bits = 64 if isinstance(vector.element, ir.DoubleType) else 32
    kind = ir.FunctionType(vector, [vector] * n_arguments)
    return cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{vector.count}f{bits}")


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
    return builder.bitcast(builder.gep(data, [i]), _vectors[kind.dtype].as_pointer())


def _teach(operation: Any, instruction: str) -> None:
    """Let the compiler add or subtract lanes."""

    @infer_global(operation)
    class OfLanes(AbstractTemplate):
        def generic(self, given: Any, keywords: Any) -> Any:
            return (
                typed(given[0], *given)
                if given in ((_lanes,) * 2, (_reals[numba.types.float32],) * 2)
                else None
            )

    @lower_builtin(operation, RealLanes, RealLanes)  # type: ignore[untyped-decorator]
    def real_codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)

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


@infer_global(operator.mul)
class _RealLanesByNumber(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        known = {
            (_reals[numba.types.float32], numba.types.float32),
            *((real, real) for real in _reals.values()),
        }
        return typed(given[0], *given) if given in known else None


@lower_builtin(operator.mul, RealLanes, numba.types.float32)  # type: ignore[untyped-decorator]
def _real_lanes_by_number(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.fmul(arguments[0], _in_all_lanes(builder, arguments[1]))


@lower_builtin(operator.mul, RealLanes, RealLanes)  # type: ignore[untyped-decorator]
def _real_lanes_by_lanes(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.fmul(*arguments)


@infer_global(abs)
class _ModuliOfLanes(AbstractTemplate):
    def generic(self, given: Any, keywords: Any) -> Any:
        return typed(*given * 2) if given[0] in _reals.values() else None


@lower_builtin(abs, RealLanes)  # type: ignore[untyped-decorator]
def _moduli_of_lanes(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.call(_of_vectors(builder, "fabs", arguments[0].type, 1), arguments)


def _load_row(typing_context: Any, x: Any, i: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_vector_at(context, builder, signature.args[0], *arguments), align=4)

    return _reals[x.dtype](x, _index), codegen


def _store_row(typing_context: Any, out: Any, i: Any, row: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *place, row = arguments
        builder.store(row, _vector_at(context, builder, signature.args[0], *place), align=4)
        return context.get_dummy_value()

    return numba.types.void(out, _index, row), codegen


def _row_of_four(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = ir.Constant(_vectors[numba.types.float64], ir.Undefined)
        for lane, number in enumerate(arguments):
            row = builder.insert_element(row, number, ir.Constant(ir.IntType(32), lane))
        return row

    return _reals[numba.types.float64](*[numba.types.float64] * 4), codegen


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
    def real_codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, factor, y = arguments
        return _multiply_add(builder, x, factor if w == z else _in_all_lanes(builder, factor), y)

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

    if isinstance(z, RealLanes):
        return z(z, w if w == z else numba.types.float32, added), real_codegen
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
# load_row(x, i): x[i : i + LANES], real numbers, or half as many of float64; store_row(out, i, row): the
# same way back; row_of_four(a, b, c, d): a row of float64
# multiply_add(z, w, y): z · w + y of lanes z and y and one number w, all complex or all real; real w may be
# lanes too
# transpose_tile(x, i, step, weights, k, out, j, out_step): LANES rows of LANES numbers, `step` apart, each
# row times weights[k : k + LANES], become columns
load_row: Any = intrinsic(_load_row)
row_of_four: Any = intrinsic(_row_of_four)
store_row: Any = intrinsic(_store_row)
load_lanes: Any = intrinsic(_load_lanes)
store_lanes: Any = intrinsic(_store_lanes)
store_square_moduli: Any = intrinsic(_store_square_moduli)
multiply_add: Any = intrinsic(_multiply_add_lanes)
conjugate: Any = intrinsic(_conjugate)
times_minus_i: Any = intrinsic(_times_minus_i)
transpose_tile: Any = intrinsic(_transpose_tile)
