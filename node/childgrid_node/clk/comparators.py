"""Formatted values to tokens.

The list keeps doubles and its order: with a shared number of bits the first tokens get
one insertion more. An empty value has no tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from childgrid_node.clk.formats import Fault, Faulty
from childgrid_node.clk.schema import Exact, Ngram, Numeric

if TYPE_CHECKING:
    from childgrid_node.clk.schema import Comparison


def tokens(value: str, comparison: Comparison) -> list[str]:
    """Return the tokens of one formatted value.

    Raises:
        Faulty: a numeric comparison of what is no finite number.
    """
    if not value:
        return []
    if isinstance(comparison, Exact):
        return [value]
    if isinstance(comparison, Numeric):
        return numeric(value, comparison)
    return ngrams(value, comparison)


def ngrams(value: str, comparison: Ngram) -> list[str]:
    """Return every run of ``n`` code points of the value, padded by n - 1 spaces."""
    n = comparison.n
    padded = f"{' ' * (n - 1)}{value}{' ' * (n - 1)}"
    runs = [padded[at : at + n] for at in range(len(padded) - n + 1)]
    if comparison.positional:
        return [f"{at} {run}" for at, run in enumerate(runs, 1)]
    return runs


def numeric(value: str, comparison: Numeric) -> list[str]:
    """Return the number's neighbourhood on the grid of steps, as integers."""
    resolution, step = comparison.resolution, comparison.step
    centre = _scaled(value, comparison.precision) * 2 * resolution
    over = centre % step
    if over:
        centre += -over if over < step / 2 else step - over
    return [str(centre + at * step) for at in range(-resolution, resolution + 1)]


def _scaled(value: str, precision: int) -> int:
    try:
        try:
            return int(value, 10) * int(10**precision)
        except ValueError:
            number = float(value)
            return round(number * 10**precision) if precision else int(number)
    except (ValueError, OverflowError):
        raise Faulty(Fault.NUMBER) from None
