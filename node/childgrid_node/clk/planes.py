"""Bits of many rows side by side: whole vectors of them turned, added and compared.

A *column* is one bit of ``ROWS`` rows, ``LANES`` words. Columns are added up without a
popcount: carry-save adders keep the sums as *planes*, one for each binary digit, again
of one bit per row. So one instruction works on 256 rows, and only columns that a query
has are looked at (Harley and Seal's counter, across rows; Warren, *Hacker's Delight*,
2nd ed., 5-1 and 7-3). LLVM makes of the vectors what the processor has.

The loops are in ``batch``; nothing here knows queries, thresholds or people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

Kernel = Callable[..., Any]
_On = tuple[Any, Any]

LANES = 4
ROWS = 64 * LANES
STEP = 32
"""Columns that are added in one go."""

LOW = 5
"""Planes that stay in registers meanwhile: digits of numbers below ``STEP``."""

WORD = ir.IntType(64)
WIDE = ir.VectorType(WORD, LANES)
NO_LANE = ir.Constant(WIDE, ir.Undefined)
FIRST = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)


def _place(on: _On, kind: Any, array: Any, at: Any) -> Any:  # noqa: ANN401
    context, builder = on
    found = context.make_array(kind)(context, builder, array)
    return builder.bitcast(builder.gep(found.data, [at]), WIDE.as_pointer())


def _load(builder: Any, place: Any) -> Any:  # noqa: ANN401
    loaded = builder.load(place)
    loaded.align = 8
    return loaded


def _store(builder: Any, value: Any, place: Any) -> None:  # noqa: ANN401
    builder.store(value, place).align = 8


def _add(builder: Any, one: Any, two: Any, three: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return sum and carry of three bits in each place."""
    apart = builder.xor(one, two)
    carry = builder.or_(builder.and_(one, two), builder.and_(apart, three))
    return builder.xor(apart, three), carry


def _tree(builder: Any, low: list[Any], column: Callable[[int], Any]) -> Any:  # noqa: ANN401
    """Add ``STEP`` columns to the low planes; return what is carried out of them."""

    def carried(digit: int, number: int) -> Any:  # noqa: ANN401
        if digit < 0:
            return column(number)
        one, two = (carried(digit - 1, 2 * number + at) for at in (0, 1))
        total, carry = _add(builder, builder.load(low[digit]), one, two)
        builder.store(total, low[digit])
        return carry

    return carried(LOW - 1, 0)


def _ripple(builder: Any, carry: Any, planes: list[Any]) -> None:  # noqa: ANN401
    for place in planes:
        old = _load(builder, place)
        _store(builder, builder.xor(old, carry), place)
        carry = builder.and_(old, carry)


def _tally(
    _typing: Any,  # noqa: ANN401
    columns: Any,  # noqa: ANN401
    places: Any,  # noqa: ANN401
    _first: Any,  # noqa: ANN401
    _last: Any,  # noqa: ANN401
    planes: Any,  # noqa: ANN401
    count: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    digits = count.literal_value

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        on = context, builder
        kept = [
            _place(on, planes, args[4], WORD(LANES * digit)) for digit in range(digits)
        ]
        low = [
            cgutils.alloca_once_value(builder, _load(builder, place))  # type: ignore[no-untyped-call]
            for place in kept[:LOW]
        ]
        listed = context.make_array(places)(context, builder, args[1]).data
        run = cgutils.for_range_slice(builder, args[2], args[3], WORD(STEP), WORD)
        with run as (at, _):

            def column(number: int) -> Any:  # noqa: ANN401
                place = builder.gep(listed, [builder.add(at, WORD(number))])
                start = builder.zext(builder.load(place), WORD)
                return _load(builder, _place(on, columns, args[0], start))

            _ripple(builder, _tree(builder, low, column), kept[LOW:])
        for value, place in zip(low, kept, strict=False):
            _store(builder, builder.load(value), place)
        return context.get_dummy_value()

    number = types.int64
    return types.void(columns, places, number, number, planes, count), codegen


tally: Kernel = intrinsic(prefer_literal=True)(_tally)
"""Add columns to planes.

Called with columns, ``uint64``; where in them each wanted one begins, ``uint32``; the
first and the last of these to take (a multiple of ``STEP`` of them); planes,
``uint64[digits * LANES]``, which must not overflow; and the number of digits.
"""


def _reach(_typing: Any, planes: Any, _level: Any, marks: Any, count: Any) -> Any:  # noqa: ANN401
    digits = count.literal_value

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        on = context, builder
        # A sum reaches a level if adding 2**digits - level overflows.
        added = builder.neg(args[1])
        carry = ir.Constant(WIDE, [0] * LANES)
        for digit in range(digits):
            ones = builder.ashr(builder.shl(added, WORD(63 - digit)), WORD(63))
            lane = builder.insert_element(NO_LANE, ones, ir.IntType(32)(0))
            bit = builder.shuffle_vector(lane, NO_LANE, FIRST)
            plane = _load(builder, _place(on, planes, args[0], WORD(LANES * digit)))
            _, carry = _add(builder, plane, bit, carry)
        _store(builder, carry, _place(on, marks, args[2], WORD(0)))
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(WORD, [WIDE]),
            f"llvm.vector.reduce.or.v{LANES}i64",
        )
        return builder.call(function, [carry])

    return types.uint64(planes, types.int64, marks, count), codegen


reach: Kernel = intrinsic(prefer_literal=True)(_reach)
"""Mark the rows whose sum reaches a level; return a number that is 0 if none does.

Called with planes, a level from 1 to ``2**digits``, marks (``uint64[LANES]``, a row
``i`` is bit ``i % 64`` of word ``i // 64``) and the number of digits.
"""

HALVES = {
    32: 0x0000_0000_FFFF_FFFF,
    16: 0x0000_FFFF_0000_FFFF,
    8: 0x00FF_00FF_00FF_00FF,
    4: 0x0F0F_0F0F_0F0F_0F0F,
    2: 0x3333_3333_3333_3333,
    1: 0x5555_5555_5555_5555,
}


def _swap(builder: Any, one: Any, two: Any, width: int) -> tuple[Any, Any]:  # noqa: ANN401
    """Exchange the high halves of one's pieces with the low halves of the other's."""
    shift, mask = (ir.Constant(WIDE, [n] * LANES) for n in (width, HALVES[width]))
    moved = builder.and_(builder.xor(builder.lshr(one, shift), two), mask)
    return builder.xor(one, builder.shl(moved, shift)), builder.xor(two, moved)


def _turning(widths: tuple[int, int, int]) -> Kernel:
    stride = widths[-1]

    def turn(_typing: Any, block: Any, _at: Any) -> Any:  # noqa: ANN401
        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            on = context, builder
            places = [
                _place(on, block, args[0], builder.add(args[1], WORD(at)))
                for at in range(0, 8 * LANES * stride, LANES * stride)
            ]
            have = [_load(builder, place) for place in places]
            for step in (width // stride for width in widths):
                for one in (at for at in range(8) if not at & step):
                    pair = have[one], have[one + step]
                    swapped = _swap(builder, *pair, step * stride)
                    have[one], have[one + step] = swapped
            for value, place in zip(have, places, strict=True):
                _store(builder, value, place)
            return context.get_dummy_value()

        return types.void(block, types.uint64), codegen

    made: Kernel = intrinsic(turn)
    return made


turn_far: Kernel = _turning((32, 16, 8))
"""Half of turning 64 by 64 bits in each lane: on every eighth vector from a place on.

Called for eight places side by side, then ``turn_near`` for every eighth place.
"""

turn_near: Kernel = _turning((4, 2, 1))
"""The other half: on eight vectors in a row."""
