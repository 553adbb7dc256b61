"""Rows turned into columns of words, and columns compared: whole vectors at once.

Columns lie ``PITCH`` words apart, a word of every row in each, so that one word of a
query meets several rows and bits add up without sums across a vector. LLVM makes of the
vectors what the processor has. Knows nothing of fields or people; the loops are in
``batch_loops``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from childgrid_node.bitwise import BLOCK, LANES, Kernel, call, spread, vector

PITCH = BLOCK + 8
"""Not a power of two: columns would compete for the same lines of the cache."""

SIDE = 16
"""Rows that are compared in one go."""

FEW = 4
"""Rows and words that are turned in one go."""

WORD = ir.IntType(64)
FOUR = ir.VectorType(WORD, FEW)
_On = tuple[Any, Any]


def _place(on: _On, kind: Any, array: Any, at: Any, wide: Any) -> Any:  # noqa: ANN401
    context, builder = on
    found = context.make_array(kind)(context, builder, array)
    return builder.bitcast(builder.gep(found.data, [at]), wide.as_pointer())


def _put(builder: Any, value: Any, place: Any) -> None:  # noqa: ANN401
    builder.store(value, place).align = value.type.element.width // 8


def _order(places: list[int]) -> Any:  # noqa: ANN401
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)


def _crossed(builder: Any, rows: list[Any], words: int) -> list[Any]:  # noqa: ANN401
    """Turn four vectors of 1, 2 or 4 words into as many vectors of four."""
    mixed = builder.shuffle_vector
    low, high = rows[:2], rows[2:]
    if words == 1:
        halves = [mixed(*both, _order([0, 1])) for both in (low, high)]
        return [mixed(*halves, _order([0, 1, 2, 3]))]
    if words == FEW // 2:
        halves = [mixed(*both, _order([0, 2, 1, 3])) for both in (low, high)]
        orders = [0, 1, 4, 5], [2, 3, 6, 7]
        return [mixed(*halves, _order(order)) for order in orders]
    even, odd = (
        [mixed(*both, _order(order)) for both in (low, high)]
        for order in ([0, 4, 2, 6], [1, 5, 3, 7])
    )
    return [
        mixed(*halves, _order(order))
        for order in ([0, 1, 4, 5], [2, 3, 6, 7])
        for halves in (even, odd)
    ]


def _turning(words: int) -> Kernel:
    part = ir.VectorType(WORD, words)

    def turn(
        _typing: Any,  # noqa: ANN401
        rows: Any,  # noqa: ANN401
        _one: Any,  # noqa: ANN401
        _two: Any,  # noqa: ANN401
        _three: Any,  # noqa: ANN401
        _four: Any,  # noqa: ANN401
        columns: Any,  # noqa: ANN401
        _at: Any,  # noqa: ANN401
        _kept: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            on = context, builder
            four = [vector(on, rows, args[0], at, part) for at in args[1 : 1 + FEW]]
            kept = spread(builder, args[7], FOUR)
            for word, column in enumerate(_crossed(builder, four, words)):
                at = builder.add(args[6], WORD(word * PITCH))
                before = builder.and_(vector(on, columns, args[5], at, FOUR), kept)
                place = _place(on, columns, args[5], at, FOUR)
                _put(builder, builder.or_(column, before), place)
            return context.get_dummy_value()

        at = types.uint64
        return types.void(rows, at, at, at, at, columns, at, at), codegen

    made: Kernel = intrinsic(turn)
    return made


turn_1: Kernel = _turning(1)
"""Write a word of each of ``FEW`` rows into a column.

Called with rows, the places of the four words, columns, the place there, and a mask of
what stays there: it is OR'd.
"""

turn_2: Kernel = _turning(2)
"""The same of two words side by side, into two columns."""

turn_4: Kernel = _turning(4)
"""The same of four."""


def _gauge(
    _typing: Any,  # noqa: ANN401
    columns: Any,  # noqa: ANN401
    _at: Any,  # noqa: ANN401
    _words: Any,  # noqa: ANN401
    sought: Any,  # noqa: ANN401
    _first: Any,  # noqa: ANN401
    _step: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    wide = ir.VectorType(WORD, SIDE)
    small = ir.Constant(wide, [2**32 - 1] * SIDE)

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        on, (held, at, words, asked, first, step) = (context, builder), args
        end = builder.add(at, builder.mul(words, WORD(PITCH)))
        size = builder.and_(vector(on, columns, held, end, wide), small)
        step = builder.and_(spread(builder, step, wide), small)
        total = cgutils.alloca_once_value(builder, builder.mul(size, step))  # type: ignore[no-untyped-call]
        query = context.make_array(sought)(context, builder, asked).data
        with cgutils.for_range(builder, words, intp=WORD) as loop:
            here = builder.add(at, builder.mul(loop.index, WORD(PITCH)))
            mine = builder.load(builder.gep(query, [builder.add(first, loop.index)]))
            column = vector(on, columns, held, here, wide)
            both = builder.and_(column, spread(builder, mine, wide))
            bits = call(builder, f"llvm.ctpop.v{SIDE}i64", wide, both)
            builder.store(builder.add(builder.load(total), bits), total)
        goal = builder.add(end, WORD(2 * PITCH))
        place = _place(on, columns, held, goal, wide)
        _put(builder, builder.load(total), place)
        return context.get_dummy_value()

    at = types.uint64
    return types.void(columns, at, at, sought, at, at), codegen


gauge: Kernel = intrinsic(_gauge)
"""Count the bits that ``SIDE`` rows side by side share with a query.

Called with columns and a place in them, how many words there are, queries' words and
the place of the first, and a step. After the words' columns comes one of sizes; two
columns on, size × step + common bits are written. All are below 2**32.
"""


def _agree(
    _typing: Any,  # noqa: ANN401
    columns: Any,  # noqa: ANN401
    _at: Any,  # noqa: ANN401
    _sought: Any,  # noqa: ANN401
    out: Any,  # noqa: ANN401
    _there: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    wide = ir.VectorType(WORD, LANES)
    octets = ir.VectorType(ir.IntType(8), LANES)

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        on = context, builder
        found = vector(on, columns, args[0], args[1], wide)
        same = builder.icmp_unsigned("==", found, spread(builder, args[2], wide))
        before = vector(on, out, args[3], args[4], octets)
        agreed = builder.select(same, ir.Constant(octets, [2] * LANES), before)
        _put(builder, agreed, _place(on, out, args[3], args[4], octets))
        return context.get_dummy_value()

    at = types.uint64
    return types.void(columns, at, at, out, at), codegen


agree: Kernel = intrinsic(_agree)
"""Write 2 into those of ``LANES`` bytes where a column has the word that is sought.

Called with columns and a place in them, the word, bytes and a place there.
"""
