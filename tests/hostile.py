"""The coordinator as the enemy: stories worth attacking, an attacker, its cases.

The attacker owns the coordinator: its keys, its database, its code, and whatever was
ever carried through it. In each case it may also have one accomplice: every key of the
agency `prisons`, or one officer of the asking agency. It strikes at the doors that a
node opens to it: a query to be matched, a parcel, a document, an answer, the witnesses'
replies to a release.

A case fails if a node kept anything that nobody entitled had said, answered a query
that no supervisor approved, released a record that was not validly approved, released
one twice with other bytes, or handed one over without a quorum's proof.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import (
    KABIR,
    STRANGER,
    Grid,
)
from hostile_enemy import ACCOMPLICES, Enemy
from hostile_oracle import HOLDERS, Broken, Oracle, demand
from hostile_spy import Spy, quiet
from hostile_stage import Stage, Tally, books, tables
from hostile_strikes import STRIKES

HOUR = 3_600
Strike = Callable[[Enemy], str]
FIELDS = ["name", "note"]


def play(folder: Path) -> Stage:
    """Tell the genuine stories that the attacks are made of."""
    grid = Grid(folder / "grid", Spy)
    spy = grid.relay
    if not isinstance(spy, Spy):
        raise TypeError("relay")
    stage = Stage(grid, spy, Oracle(), folder)
    _ask(stage)
    _request(stage)
    grid.now += 2 * HOUR
    stage.freeze()
    return stage


def _ask(stage: Stage) -> None:
    """Three queries that were answered, one that was not sent, one not approved."""
    grid = stage.grid
    stage.queries = {
        "kabir": grid.ask(KABIR),
        "stranger": grid.ask(STRANGER),
        "again": grid.ask(KABIR, officer="si-joshi"),
    }
    for name, approved in (("unsent", True), ("unapproved", False)):
        made = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
        if approved:
            grid.decide("police", "sp-nair", made.hash)
        stage.queries[name] = made
        stage.unsent += [(target, grid.call(made, target)) for target in HOLDERS]


def _request(stage: Stage) -> None:
    """Requests in every state in which an enemy might find them."""
    grid, asked = stage.grid, stage.queries["kabir"]

    def ask(name: str, holder: str, **more: Any) -> Statement:
        stage.requests[name] = grid.request(asked, holder, FIELDS, **more)
        return stage.requests[name]

    for name in ("released", "refused", "sealed", "withheld"):
        ask(name, "customs")
    ask("theirs", "prisons")
    ask("late", "customs", hours=1)
    ask("lapsed", "customs", hours=1)
    grid.carry()
    for name in ("released", "sealed", "withheld", "late", "lapsed"):
        grid.decide("customs", "cu-mehta", stage.requests[name].hash)
    grid.decide(
        "customs", "cu-mehta", stage.requests["refused"].hash, reason="legal-bar"
    )
    grid.decide("prisons", "pr-singh", stage.requests["theirs"].hash)
    grid.carry()
    _release(stage)
    for holder, name in (("customs", "waiting"), ("prisons", "theirs waiting")):
        ask(name, holder)
    grid.carry()
    _hold_back(stage, ask("held", "customs"))


def _release(stage: Stage) -> None:
    """Two records reach the asker, one is held back on its way, two stay sealed."""
    grid, requests = stage.grid, stage.requests
    stage.spy.cut = True
    for name in ("sealed", "lapsed"):
        stage.release("customs", requests[name].hash)
    stage.spy.cut = False
    stage.release("customs", requests["released"].hash)
    stage.release("prisons", requests["theirs"].hash)
    grid.carry()
    stage.release("customs", requests["withheld"].hash)
    stage.held_back += [("police", one) for _, one in grid.outbox("customs")]


def _hold_back(stage: Stage, request: Statement) -> None:
    """The request arrives and the custodian agrees; the rest of the mail doesn't."""
    grid = stage.grid
    for said, parcel in grid.outbox("police"):
        if said.hash == request.hash:
            grid.relay.mail(grid.agency("customs"), parcel)
        else:
            stage.held_back.append(("customs", parcel))
    grid.decide("customs", "cu-mehta", request.hash)
    stage.held_back += [("police", one) for _, one in grid.outbox("customs")]


@dataclass
class Score:
    """What many cases came to.

    `approved` counts, over all cases, the records that the oracle would have let go
    in that case; `refused` the cases after which every agency was as before.
    """

    cases: int = 0
    releases: int = 0
    approved: int = 0
    refused: int = 0
    strikes: Counter[str] = field(default_factory=Counter)

    def table(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "cases": self.cases,
            "refused_and_unchanged": self.refused,
            "records_released": self.releases,
            "validly_approved": self.approved,
            "by_strike": dict(sorted(self.strikes.items())),
        }


def one_case(
    stage: Stage, number: str, strike: Strike, score: Score, keep: str = ""
) -> None:
    """Let one attack happen and hold its outcome against the oracle.

    Raises:
        Broken: naming the case, so that it can be played again, whatever went wrong.
    """
    rng = random.Random(number)
    enemy = Enemy(stage, rng, rng.choice(ACCOMPLICES))
    before = Tally.of(stage)
    where = f"case {number}, {strike.__name__}, with {enemy.accomplice or 'nobody'}"
    try:
        may = strike(enemy)
        released = stage.judge(before)
        same = tables(stage.grid) == before.tables
        believed = books(stage.grid) == before.books
        demand(same or may == "all", "a refused attack left something behind")
        demand(believed or may, "a document was believed that nobody entitled signed")
    except Exception as error:
        raise Broken(f"{where}: {error}") from error
    score.cases += 1
    score.releases += released
    score.approved += stage.approved(before)
    score.refused += same
    score.strikes[strike.__name__] += 1
    if keep and not same:
        stage.freeze(keep)
    else:
        stage.restore(before)


def strike_until_broken(stage: Stage, strike: Strike, cases: int, seed: str) -> None:
    """Play one kind of attack until the oracle objects; raises `Broken` then."""
    score = Score()
    for number in range(cases):
        one_case(stage, f"{seed}:{number}", strike, score)


def play_cases(stage: Stage, cases: int, seed: str) -> Score:
    """Play `cases` attacks, every kind of strike in turn."""
    score = Score()
    with quiet():
        for number in range(cases):
            strike = STRIKES[number % len(STRIKES)]
            one_case(stage, f"{seed}:{number}", strike, score)
    demand(score.releases <= score.approved, "more was released than approved")
    return score
