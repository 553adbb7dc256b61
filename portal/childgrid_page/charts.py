"""Charts: the numbers of a small SVG drawing, whose table stands beneath it.

The template draws; here positions are worked out, in the drawing's own units. A chart
is never the only place where a number stands: `parts.html` always writes the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200
_LEFT, _BOTTOM, _TOP = 8, 28, 20
_GAP = 0.25


@dataclass(frozen=True)
class Bar:
    """A column: its place, and what stands on and under it."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Where its labels stand."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Columns:
    """A chart of columns; `caption` says what is counted."""

    caption: str
    head: tuple[str, str]
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def floor(self) -> int:
        """Where the columns stand."""
        return HEIGHT - _BOTTOM


def columns(
    caption: str, head: tuple[str, str], rows: Sequence[tuple[str, int]]
) -> Columns:
    """Lay out one column for each row of label and count, none below zero."""
    most = max((value for _, value in rows), default=0) or 1
    step = (WIDTH - 2 * _LEFT) / max(1, len(rows))
    room = HEIGHT - _BOTTOM - _TOP
    bars = []
    for index, (label, value) in enumerate(rows):
        tall = round(room * value / most, 1)
        left = round(_LEFT + step * (index + _GAP / 2), 1)
        top = round(HEIGHT - _BOTTOM - tall, 1)
        bars.append(Bar(label, value, left, top, round(step * (1 - _GAP), 1), tall))
    return Columns(caption, head, tuple(bars))


@dataclass(frozen=True)
class Step:
    """A bar of a waterfall, and the words that its table says of it."""

    label: str
    sentence: str
    value: str
    tone: str
    """`for`, `against`, or `sum` of what stands above."""

    x: float
    y: float
    width: float
    height: float = 20


@dataclass(frozen=True)
class Waterfall:
    """Steps one below the other, each from where the last one ended."""

    caption: str
    head: tuple[str, str, str]
    steps: tuple[Step, ...]
    zero: float
    height: int
    width: int = WIDTH


_LABELS, _AMOUNTS, _ROW = 190, 60, 28


def waterfall(
    caption: str,
    head: tuple[str, str, str],
    rows: Sequence[tuple[str, str, float]],
    total: str,
) -> Waterfall:
    """Lay out rows of label, sentence and amount, and their sum under `total`.

    Amounts are written with a sign and one decimal.
    """
    sums = [0.0]
    for _, _, value in rows:
        sums.append(sums[-1] + value)
    low, high = min(sums), max(sums)
    scale = (WIDTH - _LABELS - _AMOUNTS) / ((high - low) or 1)

    def at(amount: float) -> float:
        return round(_LABELS + (amount - low) * scale, 1)

    steps: list[Step] = []
    for place, (label, sentence, value) in enumerate([*rows, (total, "", sums[-1])]):
        last = place == len(rows)
        begin, end = (0 if last else sums[place]), sums[-1] if last else sums[place + 1]
        left, right = sorted((at(begin), at(end)))
        tone = "sum" if last else "for" if value > 0 else "against"
        width = round(right - left, 1)
        steps.append(
            Step(label, sentence, _signed(value), tone, left, place * _ROW, width)
        )
    return Waterfall(caption, head, tuple(steps), at(0), len(steps) * _ROW)


def _signed(amount: float) -> str:
    return f"{amount:+.1f}".replace("-", "\N{MINUS SIGN}")
