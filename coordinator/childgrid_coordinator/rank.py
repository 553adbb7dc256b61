"""What the answers of several agencies amount to: merged, banded, ranked. Pure.

Probabilities of different holders are put on one scale by the grid's thresholds. A
register that isn't calibrated yet keeps its holder's band, since its number means
less. Nothing here adds evidence up across agencies: two weak leads stay two weak
leads. The rule: the result depends on the answers, never on the order they came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from childgrid_coordinator.query import State
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Thresholds:
    """Probabilities per 10,000: the least that is a hit, and where bands begin."""

    hit: int
    possible: int
    strong: int


@dataclass(frozen=True)
class Ranked:
    """One candidate of one holder; rank 1 is the likeliest."""

    member: str
    handle: str
    rank: int
    probability: int
    band: str


def merge(answers: Mapping[str, Statement], thresholds: Thresholds) -> list[Ranked]:
    """Every candidate that is a hit for the grid, likeliest first.

    Args:
        answers: each answering member's verified `answer`.
        thresholds: the grid's.
    """
    found = sorted(
        (-candidate["probability"], member, candidate["handle"], index)
        for member, answer in answers.items()
        for index, candidate in enumerate(answer["candidates"])
        if candidate["probability"] >= thresholds.hit
    )
    return [
        _ranked(rank, member, answers[member]["candidates"][index], thresholds)
        for rank, (_, member, _, index) in enumerate(found, 1)
    ]


def _ranked(
    rank: int, member: str, candidate: Mapping[str, Any], thresholds: Thresholds
) -> Ranked:
    return Ranked(
        member,
        candidate["handle"],
        rank,
        candidate["probability"],
        _band(candidate, thresholds),
    )


def _band(candidate: Mapping[str, Any], thresholds: Thresholds) -> str:
    if not candidate["calibrated"]:
        return str(candidate["band"])
    if candidate["probability"] >= thresholds.strong:
        return "strong"
    return "possible" if candidate["probability"] >= thresholds.possible else "weak"


def decide(state: State, answer: Statement | None, thresholds: Thresholds) -> State:
    """A target's state as the grid sees it: a hit below the floor is none."""
    if state is not State.HIT or answer is None:
        return state
    reached = any(one["probability"] >= thresholds.hit for one in answer["candidates"])
    return State.HIT if reached else State.NO_HIT
