"""Drawings of a profile: what ties records together, and what happened when.

Positions in the drawing's own units, as in `charts`; a template draws, and writes the
table that says the same in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 640
_ROW, _TOP = 28, 20
_LEFT, _RIGHT = 176, 344
_LANE, _LABELS, _EDGE = 34, 150, 16


@dataclass(frozen=True)
class Knot:
    """A labelled end of threads."""

    label: str
    y: float


@dataclass(frozen=True)
class Thread:
    """A line from a record to what it holds; `strong` where others hold it too."""

    y1: float
    y2: float
    strong: bool


@dataclass(frozen=True)
class Net:
    """Records on the left, what they hold on the right, and the threads between."""

    left: tuple[Knot, ...]
    right: tuple[Knot, ...]
    threads: tuple[Thread, ...]
    height: int
    width: int = WIDTH
    x1: int = _LEFT
    x2: int = _RIGHT


def net(left: Sequence[str], right: Sequence[tuple[str, Sequence[int]]]) -> Net:
    """Lay out labels and, for each thing on the right, who on the left holds it."""
    rows = max(len(left), len(right), 1)
    height = _TOP + rows * _ROW
    knots = _spread(left, height)
    things = _spread([label for label, _ in right], height)
    threads = [
        Thread(knots[holder].y, thing.y, len(holders) > 1)
        for thing, (_, holders) in zip(things, right, strict=True)
        for holder in holders
    ]
    return Net(knots, things, tuple(threads), height)


def _spread(labels: Sequence[str], height: int) -> tuple[Knot, ...]:
    step = (height - _TOP) / max(1, len(labels))
    return tuple(
        Knot(label, round(_TOP / 2 + step * (place + 0.5), 1))
        for place, label in enumerate(labels)
    )


@dataclass(frozen=True)
class Lane:
    """One source's line, and where on it something happened."""

    label: str
    y: float
    dots: tuple[float, ...]


@dataclass(frozen=True)
class Lanes:
    """Lines of sources, under a scale whose ends the page labels."""

    lanes: tuple[Lane, ...]
    height: int
    width: int = WIDTH
    x1: int = _LABELS
    x2: int = WIDTH - _EDGE


def lanes(rows: Sequence[tuple[str, Sequence[int]]]) -> Lanes:
    """Lay out each row's moments (any unit) between the first and last of all."""
    every = [when for _, moments in rows for when in moments] or [0]
    low, wide = min(every), (max(every) - min(every)) or 1
    room = WIDTH - _EDGE - _LABELS

    def at(when: int) -> float:
        return round(_LABELS + room * (when - low) / wide, 1)

    made = [
        Lane(label, _TOP + _LANE * (place + 0.5), tuple(sorted(map(at, set(moments)))))
        for place, (label, moments) in enumerate(rows)
    ]
    return Lanes(tuple(made), _TOP + _LANE * len(rows) + _TOP)
