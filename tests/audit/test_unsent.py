"""A record that was released and never carried: what the logs can tell of it."""

from __future__ import annotations

from audit.cast import CHILD, DAY, HUB, POLICE
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
