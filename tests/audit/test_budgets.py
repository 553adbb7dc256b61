"""Budgets under audit: what two people lifted is no fault, all else is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit import cast
from audit.cast import CHILD, DAY, HOUR, HUB, POLICE, PRISON, quick_folder
from audit.ledger import World
from childgrid_audit.findings import Finding
from childgrid_audit.verify import Verifier
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

EVERY = (POLICE, HUB, CHILD, PRISON)
BEYOND = "is beyond the day's budget of its officer"


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A grid in which an officer may ask twice a day, and has; it is early in a day."""
    floor = cast._floor() | {"officer_queries_day": 2}
    monkeypatch.setattr(cast, "_floor", lambda: floor)
    with quick_folder() as folder:
        world = World.found(folder)
        world.now += DAY - world.now % DAY + HOUR
        for name in ("one", "two"):
            world.ask(name, child="none")
        yield world
        world.close()


def budget(world: World, *logs: str, officer: str = "sp-nair", hours: int = 24,
           **changes: object) -> Statement:  # fmt: skip
    """A budget of the police for four queries a day."""
    body: dict[str, object] = {"scope": "officer", "subject": "si-rao", "queries": 4}
    body |= {"until": world.now + hours * HOUR, "hours": hours, "officer": officer}
    return world.say("budget", POLICE, Kind.BUDGET, *logs, **(body | changes))  # type: ignore[arg-type]


def countersigned(world: World, *logs: str, member: str = CHILD,
                  officer: str = "cu-das") -> Statement:  # fmt: skip
    """A custodian's approval of the budget."""
    return world.say(
        "countersigned", member, Kind.APPROVAL, *logs, officer=officer,
        answers=world.named["budget"].hash, subject="budget", side="holder",
        slot="budget", fields=[], policy="",
    )  # fmt: skip


def found(world: World) -> list[Finding]:
    """What an auditor says two hours later."""
    world.now += 2 * HOUR
    world.gather()
    return list(Verifier(world.root).verify(world.bundle()).findings)


def test_what_two_people_lifted_is_no_fault(tight: World) -> None:
    """Four queries under a budget of two, lifted before the third, within one hour."""
    budget(tight, *EVERY)
    countersigned(tight, CHILD, HUB, POLICE, PRISON)
    for name in ("three", "four"):
        tight.ask(name, child="none")

    assert found(tight) == []


def test_the_query_after_the_last_is_named(tight: World) -> None:
    """Without a lift the third query of the day is the coordinator's fault."""
    tight.ask("three", child="none")

    (finding,) = found(tight)
    assert (finding.party, finding.what) == (HUB, BEYOND)
    assert tight.named["three query"].hash[:12] in finding.event


def test_another_day_is_another_budget(tight: World) -> None:
    """Two queries on each of two days are no fault."""
    tight.now += DAY
    for name in ("three", "four"):
        tight.ask(name, child="none")

    assert found(tight) == []


def test_a_lift_that_is_over_lifts_nothing(tight: World) -> None:
    """The third query came two hours after a lift of an hour had ended."""
    budget(tight, *EVERY, hours=1)
    countersigned(tight, CHILD, HUB, POLICE, PRISON)
    tight.now += 3 * HOUR
    tight.ask("three", child="none")

    assert [one.what for one in found(tight)] == [BEYOND]


def test_a_lift_of_a_holder_that_is_not_asked_lifts_nothing(tight: World) -> None:
    """The prisons' custodian lifted for the prisons; the query went elsewhere."""
    budget(tight, *EVERY)
    countersigned(tight, PRISON, HUB, POLICE, CHILD, member=PRISON, officer="cu-singh")
    tight.ask("three", child="none")

    assert [one.what for one in found(tight)] == [BEYOND]


def test_a_budget_that_nobody_may_lift_is_named(tight: World) -> None:
    """An investigator signed it, and every party logged it."""
    said = budget(tight, *EVERY, officer="si-rao")
    countersigned(tight, CHILD, HUB, POLICE, PRISON)

    (finding,) = found(tight)
    assert (finding.party, finding.what) == (
        POLICE,
        "was not allowed: wrong-role budget",
    )
    assert said.hash[:12] in finding.event


def test_a_countersignature_of_the_own_side_is_named(tight: World) -> None:
    """The agency that asks can't agree with itself."""
    budget(tight, *EVERY)
    said = countersigned(tight, *EVERY, member=POLICE, officer="sp-nair")

    (finding,) = found(tight)
    assert finding.what == "was not allowed: own-request approval"
    assert said.hash[:12] in finding.event


def test_a_lift_that_the_coordinator_left_out_of_its_log_is_named(
    tight: World,
) -> None:
    """It carried the budget and the approval and logged neither."""
    budget(tight, POLICE, CHILD)
    countersigned(tight, CHILD, POLICE)

    findings = found(tight)
    assert {one.party for one in findings} == {HUB}
    events = {one.event for one in findings if "is missing" in one.what}
    assert events == {
        f"{one.kind.value} {one.hash[:12]}"
        for one in (tight.named["budget"], tight.named["countersigned"])
    }


def test_an_approval_without_its_budget_is_named(tight: World) -> None:
    """Whoever holds the countersignature must hold what it answers."""
    budget(tight, POLICE, HUB, CHILD)
    countersigned(tight, CHILD, HUB, POLICE, PRISON)

    findings = found(tight)
    assert [(one.party, one.event) for one in findings] == [
        (PRISON, f"budget {tight.named['budget'].hash[:12]}")
    ]
