"""Whom approvers named to look after what waits, judged again from the logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from audit import cast
from audit.cast import HOUR, HUB, POLICE, quick_folder
from audit.ledger import World
from audit.wrongs import begin
from childgrid_audit.verify import Verifier
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

BOSS = "supervising-officer"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Logs of a grid whose police has two supervising officers, and one query."""
    officers = {**cast.OFFICERS[POLICE], "sp-khan": (BOSS, 5)}
    monkeypatch.setitem(cast.OFFICERS, POLICE, officers)
    with quick_folder() as folder:
        made = World.found(folder)
        begin(made)
        yield made
        made.close()


def named(
    world: World, *logs: str, officer: str = "sp-nair", **changes: Any
) -> Statement:
    """A deputy for ten hours, as the own node has logged it."""
    body: dict[str, Any] = {
        "delegate": "sp-khan",
        "role": BOSS,
        "valid_from": world.now,
        "valid_until": world.now + 10 * HOUR,
        "hours": 10,
    }
    at = logs or (POLICE,)
    return world.say(
        "named", POLICE, Kind.DELEGATION, *at, officer=officer, **(body | changes)
    )


def back(world: World, earlier: Statement, **changes: Any) -> Statement:
    """It is taken back."""
    return named(world, answers=earlier.hash, valid_until=world.now, **changes)


def findings(world: World) -> list[str]:
    """What an auditor finds after a while."""
    world.now += 2 * HOUR
    world.gather()
    return [str(one) for one in Verifier(world.root).verify(world.bundle()).findings]


def test_a_deputy_named_and_taken_back_is_in_order(world: World) -> None:
    """In the log of the own agency alone."""
    back(world, named(world))
    assert findings(world) == []


def oneself(world: World) -> Statement:
    """An approver names themselves."""
    return named(world, delegate="sp-nair")


def an_investigator(world: World) -> Statement:
    """Somebody who could not approve."""
    return named(world, delegate="si-rao")


def by_an_investigator(world: World) -> Statement:
    """Somebody who approves nothing names one."""
    return named(world, officer="si-rao", role="investigator")


def for_too_long(world: World) -> Statement:
    """Longer than the statement itself lives."""
    return named(world, valid_until=world.now + 11 * HOUR)


def another_s(world: World) -> Statement:
    """An officer takes back whom another one has named."""
    earlier = named(world)
    return back(world, earlier, officer="sp-khan", delegate="sp-nair")


def after_nothing(world: World) -> Statement:
    """It takes the place of a statement that is none."""
    return named(world, answers="ab" * 32)


def at_the_coordinator(world: World) -> Statement:
    """Who stands in for whom is told elsewhere."""
    return named(world, POLICE, HUB)


@pytest.mark.threat("T5")
@pytest.mark.parametrize(
    ("wrong", "party", "what"),
    [
        (oneself, POLICE, "wrong-role delegation.delegate"),
        (an_investigator, POLICE, "wrong-role delegation.delegate"),
        (by_an_investigator, POLICE, "wrong-role delegation.role"),
        (for_too_long, POLICE, "expired delegation.valid_until"),
        (another_s, POLICE, "wrong-role delegation.answers"),
        (after_nothing, POLICE, "unknown delegation.answers"),
        (at_the_coordinator, HUB, ""),
    ],
)
def test_what_was_against_the_rules_is_named(
    world: World, wrong: Callable[[World], Statement], party: str, what: str
) -> None:
    """Whoever logged and cosigned it."""
    said = wrong(world)
    found = findings(world)
    assert any(
        party in one and what in one and said.hash[:12] in one for one in found
    ), found
