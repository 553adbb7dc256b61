"""Popcounts for compiled loops: the processor's own instructions, through LLVM.

Whole vectors of words are compared at once; what a processor lacks, LLVM builds from
what it has, with the same results. Knows nothing of fields or people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

Kernel = Callable[..., Any]
_Code = tuple[Any, Any]

LANES = 64
BLOCK = 8 * LANES


def _popcount(_typing: Any, _value: Any) -> Any:  # noqa: ANN401
    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


popcount: Kernel = intrinsic(_popcount)
"""Number of bits set in one word."""


def vector(on: _Code, kind: Any, array: Any, at: Any, wide: Any) -> Any:  # noqa: ANN401
    """Load a vector of type ``wide`` from element ``at`` of a one-dimensional array."""
    context, builder = on
    found = context.make_array(kind)(context, builder, array)
    start = builder.gep(found.data, [at])
    loaded = builder.load(builder.bitcast(start, wide.as_pointer()))
    loaded.align = wide.element.width // 8
    return loaded


def call(builder: Any, name: str, result: Any, value: Any) -> Any:  # noqa: ANN401
    """Call one of LLVM's own functions of one argument."""
    function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, ir.FunctionType(result, [value.type]), name
    )
    return builder.call(function, [value])


def spread(builder: Any, value: Any, wide: Any) -> Any:  # noqa: ANN401
    """Return a vector of type ``wide`` that holds ``value`` in each place."""
    number = ir.VectorType(ir.IntType(32), wide.count)
    nothing = ir.Constant(wide, ir.Undefined)
    lane = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(lane, nothing, ir.Constant(number, [0] * wide.count))


def common_bits(words: int) -> Kernel:
    """Return a loop-free function: the bits that ``words`` words of two arrays share.

    ``words`` is a multiple of 4, at most 16. The arguments are an array, a place in it
    (``uint64``), and the same of the other. Bits are counted byte by byte, which every
    processor with vectors does fast, and the bytes added at the end.
    """
    wide, bytes_ = ir.VectorType(ir.IntType(64), 4), ir.VectorType(ir.IntType(8), 32)
    eight = ir.Constant(wide, [8] * 4)
    low_bytes = ir.Constant(wide, [0x00FF_00FF_00FF_00FF] * 4)

    def common(_typing: Any, first: Any, _i: Any, second: Any, _j: Any) -> Any:  # noqa: ANN401
        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            total = ir.Constant(bytes_, [0] * 32)
            for word in range(0, words, 4):
                step = ir.IntType(64)(word)
                i, j = builder.add(args[1], step), builder.add(args[3], step)
                one = vector((context, builder), first, args[0], i, wide)
                two = vector((context, builder), second, args[2], j, wide)
                both = builder.bitcast(builder.and_(one, two), bytes_)
                bits = call(builder, "llvm.ctpop.v32i8", bytes_, both)
                total = builder.add(total, bits)
            lanes = builder.bitcast(total, wide)
            odd = builder.and_(builder.lshr(lanes, eight), low_bytes)
            pairs = builder.add(builder.and_(lanes, low_bytes), odd)
            number = ir.IntType(64)
            lane = call(builder, "llvm.vector.reduce.add.v4i64", number, pairs)
            spread = builder.mul(lane, number(0x0001_0001_0001_0001))
            return builder.lshr(spread, number(48))

        return types.uint64(first, types.uint64, second, types.uint64), codegen

    made: Kernel = intrinsic(common)
    return made


common_16: Kernel = common_bits(16)
common_4: Kernel = common_bits(4)


def _equals(_typing: Any, values: Any, _at: Any, _steps: Any, _value: Any) -> Any:  # noqa: ANN401
    wide = ir.VectorType(ir.IntType(8), LANES)
    sums, word = ir.VectorType(ir.IntType(16), LANES), ir.IntType(64)

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        sought = spread(builder, args[3], wide)
        found = cgutils.alloca_once_value(builder, ir.Constant(wide, [0] * LANES))  # type: ignore[no-untyped-call]
        with cgutils.for_range(builder, args[2], intp=word) as loop:
            at = builder.add(args[1], builder.mul(loop.index, word(LANES)))
            part = vector((context, builder), values, args[0], at, wide)
            same = builder.sext(builder.icmp_unsigned("==", part, sought), wide)
            builder.store(builder.sub(builder.load(found), same), found)
        added = f"llvm.vector.reduce.add.v{LANES}i16"
        each = builder.zext(builder.load(found), sums)
        return builder.zext(call(builder, added, ir.IntType(16), each), word)

    number = types.uint64
    return types.uint64(values, number, number, types.uint8), codegen


equals: Kernel = intrinsic(_equals)
"""How many of ``LANES`` times so many bytes (at most 255 times) equal a byte.

Called with an array, a place in it, how many times, and the byte.
"""


def _prefetch(_typing: Any, values: Any, _at: Any) -> Any:  # noqa: ANN401
    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        found = context.make_array(values)(context, builder, args[0])
        start = builder.gep(found.data, [args[1]])
        place = builder.bitcast(start, ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, kind, "llvm.prefetch.p0"
        )
        # To be read, soon and more than once, as data.
        builder.call(function, [place, number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(values, types.uint64), codegen


prefetch: Kernel = intrinsic(_prefetch)
"""Fetch the line of an array's element into the cache; past the end it does nothing."""
