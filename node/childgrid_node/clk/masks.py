"""Masks OR'd into a filter by whole vectors, for the loops in ``kernels``.

The filter's words stay in registers while all masks of a value pass by, so that each
mask is read once and nothing else. LLVM makes of the vectors what the processor has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

Kernel = Callable[..., Any]

WORD = ir.IntType(64)
LANES = 4
WIDE = ir.VectorType(WORD, LANES)


def _joining(words: int) -> Kernel:
    """Return a function that ORs ``words`` words, a multiple of ``LANES``, of masks."""

    def join(
        _typing: Any,  # noqa: ANN401
        rows: Any,  # noqa: ANN401
        _start: Any,  # noqa: ANN401
        masks: Any,  # noqa: ANN401
        chosen: Any,  # noqa: ANN401
        _count: Any,  # noqa: ANN401
        _word: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            def data(kind: Any, number: int) -> Any:  # noqa: ANN401
                return context.make_array(kind)(context, builder, args[number]).data

            def vectors(array: Any, at: Any) -> list[Any]:  # noqa: ANN401
                places = range(0, words, LANES)
                starts = (
                    builder.gep(array, [builder.add(at, WORD(n))]) for n in places
                )
                return [builder.bitcast(one, WIDE.as_pointer()) for one in starts]

            def load(place: Any) -> Any:  # noqa: ANN401
                loaded = builder.load(place)
                loaded.align = 8
                return loaded

            row = vectors(data(rows, 0), args[1])
            kept = [
                cgutils.alloca_once_value(builder, load(place))  # type: ignore[no-untyped-call]
                for place in row
            ]
            store, listed = data(masks, 2), data(chosen, 3)
            with cgutils.for_range(builder, args[4]) as turn:
                start = builder.load(builder.gep(listed, [turn.index]))
                for one, place in zip(
                    kept, vectors(store, builder.add(start, args[5])), strict=True
                ):
                    builder.store(builder.or_(builder.load(one), load(place)), one)
            for one, place in zip(kept, row, strict=True):
                builder.store(builder.load(one), place).align = 8
            return context.get_dummy_value()

        number = types.int64
        return types.void(rows, number, masks, chosen, number, number), codegen

    made: Kernel = intrinsic(join)
    return made


join_16: Kernel = _joining(16)
"""OR 16 words of several masks into a filter.

Called with filters, ``uint64`` in one dimension, and the place where the words begin in
them; masks likewise, ``int64`` places where the chosen ones begin, and how many to take
of these; and how far into each mask the words are.
"""

join_4: Kernel = _joining(4)
"""The same for 4 words."""
