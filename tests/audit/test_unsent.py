"""A record that was released and never carried: what the logs can tell of it."""

from __future__ import annotations

import pytest

from audit.cast import CHILD, DAY, HOUR, HUB, POLICE
from audit.ledger import World
from audit.wrongs import begin
from childgrid_audit.disclosures import disclosures, searches
from childgrid_audit.verify import Verdict, Verifier
from childgrid_wire.kinds import Kind


def unsent(world: World, *, refused: bool) -> None:
    """A holder's record that its coordinator did not take.

    `refused`: since the agency that asked had refused, which the holder hears later.
    """
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    body = {"subject": "request", "reason": "not-necessary", "officer": "sp-nair"}
    logs = (POLICE, HUB) if refused else ()
    said = world.say(
        "no", POLICE, Kind.REFUSAL, *logs, answers=request.hash, **body
    )  # fmt: skip
    world.disclose("r", CHILD, approvals=sorted([own.hash, granted.hash]))
    if refused:
        world.log(said, CHILD)


def days_later(world: World) -> Verdict:
    """When the floor's time for a receipt is over."""
    world.now += 2 * DAY
    world.gather()
    return Verifier(world.root).verify(world.bundle())


def test_what_the_coordinator_had_to_leave_accuses_nobody(world: World) -> None:
    """Its request had been refused: it is open, and counts as no disclosure."""
    unsent(world, refused=True)

    verdict = days_later(world)

    assert verdict.findings == ()
    (note,) = [one for one in verdict.notes if "receipt" in one.what]
    assert note.what.startswith("was not carried, as the logs have it, and has no")
    assert [line.rpartition("verdict=")[2] for line in disclosures(verdict)] == [
        "not-carried"
    ]
    assert "follow-up=child-b:not-carried" in " ".join(searches(verdict))


def test_what_nobody_has_but_its_holder_is_named_as_that(world: World) -> None:
    """Nothing in the logs tells why, so auditors are to ask."""
    unsent(world, refused=False)

    verdict = days_later(world)

    what = f"was not carried, as the logs have it, and has no receipt of {POLICE}"
    (finding,) = verdict.findings
    assert (finding.party, finding.what) == (CHILD, f"{what} and no void")
    assert "follow-up=child-b:not-carried" in " ".join(searches(verdict))


def test_a_refusal_that_the_coordinator_had_not_heard_excuses_nobody(
    world: World,
) -> None:
    """An agency could otherwise write one at home for a record that it has."""
    unsent(world, refused=False)
    world.log(world.named["no"], POLICE)

    verdict = days_later(world)

    what = f"was not carried, as the logs have it, and has no receipt of {POLICE}"
    assert (CHILD, f"{what} and no void") in {
        (one.party, one.what) for one in verdict.findings
    }


@pytest.mark.threat("T10")
def test_a_refusal_of_afterwards_takes_no_finding_back(world: World) -> None:
    """Who has the record by another way can't excuse its holder days later."""
    unsent(world, refused=False)
    before = days_later(world)

    world.log(world.named["no"], POLICE, HUB, CHILD)

    after = days_later(world)
    assert any("was not carried" in one.what for one in before.findings)
    assert after.findings == before.findings
    assert after.notes == before.notes


@pytest.mark.parametrize(("late", "found"), [(0, False), (HOUR, True)])
def test_a_refusal_explains_what_a_receipt_was_due_for_after_it(
    world: World, late: int, found: bool
) -> None:
    """It was written before and told to nobody: the hour of its entries counts."""
    unsent(world, refused=False)
    due = world.named["r disclosure"].issued + DAY
    world.now = due // HOUR * HOUR + late

    world.log(world.named["no"], POLICE, HUB, CHILD)

    verdict = days_later(world)
    told = {one.what for one in verdict.findings if one.party == CHILD}
    assert any("was not carried" in one for one in told) == found


def test_a_refusal_that_waited_for_the_line_accuses_no_holder(world: World) -> None:
    """Who asked had refused in time; the coordinator heard of it before the record."""
    unsent(world, refused=False)
    world.log(world.named["no"], POLICE)
    world.gather(POLICE)
    world.now += 2 * DAY

    world.log(world.named["no"], HUB, CHILD)

    verdict = days_later(world)
    assert verdict.findings == ()
    assert any("was not carried" in one.what for one in verdict.notes)


@pytest.mark.threat("T10")
def test_a_holder_s_own_refusal_explains_nothing_afterwards(world: World) -> None:
    """It knew its own word when it was said, and had to make the record void."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    world.disclose("r", CHILD, approvals=sorted([own.hash, granted.hash]))
    said = world.say(
        "no", CHILD, Kind.REFUSAL, CHILD, officer="cu-das", answers=request.hash,
        subject="request", reason="not-necessary",
    )  # fmt: skip
    world.now += 2 * DAY

    world.log(said, HUB, POLICE)

    verdict = days_later(world)
    told = {one.what for one in verdict.findings if one.party == CHILD}
    assert any("was not carried" in one for one in told)


@pytest.mark.parametrize(("early", "found"), [(300, False), (301, True)])
def test_a_request_that_was_over_about_then_excuses_its_holder(
    world: World, early: int, found: bool
) -> None:
    """The coordinator's clock was ahead: it had to leave what came too late for it."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    world.now = request.expires - early - 20
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    world.disclose("r", CHILD, approvals=sorted([own.hash, granted.hash]))

    verdict = days_later(world)

    told = {one.what for one in verdict.findings if one.party == CHILD}
    assert any("was not carried" in one for one in told) == found


def test_a_request_that_is_over_excuses_nobody_where_others_have_the_record(
    world: World,
) -> None:
    """It was carried: then who asked must acknowledge it."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    world.now = request.expires - 300
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    given = world.disclose("r", CHILD, HUB, approvals=sorted([own.hash, granted.hash]))

    verdict = days_later(world)

    what = f"has no receipt of {POLICE} and no void"
    assert what in {
        one.what for one in verdict.findings if given.hash[:12] in one.event
    }
