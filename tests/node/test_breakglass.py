"""A child is in danger now: one custodian decides, everybody is told, all review it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from childgrid_node import breakglass
from childgrid_node.emergency import Standing
from childgrid_wire.breakglass import DECLARED, ENDED, REVIEW_SECONDS, SUSPENDED, USED
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from glass import (
    FIELDS,
    broken,
    emergency,
    glass_grid,
    opt_in,
    opt_out,
    review,
    reviewed,
)
from grid import AGENCIES, KABIR, Grid
from hostile_spy import restart
from node.test_personal_keys import expelled
from refusals import refused

HOUR = 3_600


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid where customs opted in."""
    return glass_grid(tmp_path, "customs")


def record(grid: Grid, request: Statement) -> dict[str, Any]:
    """What the police's profile has of a request."""
    asked = grid.agency("police").office.journal.get(request["query"], Kind.QUERY)
    (found,) = [
        one
        for source in grid.profile(asked)["sources"]
        for one in source["requests"]
        if one["request"] == request.hash
    ]
    return found


def topics(grid: Grid, member: str) -> list[str]:
    """What a member was told by notices."""
    return sorted(one["topic"] for one in grid.members[member].shelf.book.notices())


def standing(grid: Grid) -> Standing:
    """The police's right at customs."""
    return breakglass.right(grid.agency("customs").office, "police").standing


def second(grid: Grid) -> Statement:
    """Another emergency, as far as the custodian's approval."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    return request


def test_one_custodian_releases_two_fields(grid: Grid) -> None:
    """No supervisor signed; the record is there, with the short list and no more."""
    request = broken(grid)

    found = record(grid, request)
    assert found["state"] == "disclosed"
    assert sorted(found["record"]["fields"]) == sorted(FIELDS)
    journal = grid.agency("customs").office.journal
    (approval,) = journal.answers(request.hash, Kind.APPROVAL)
    assert (approval.person, approval["slot"]) == ("customs/cu-mehta", "break-glass")
    assert grid.released("customs") == 1


@pytest.mark.threat("T17")
def test_everybody_is_told_at_once(grid: Grid) -> None:
    """Declared by the police's node, used by customs'; every member has both."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    for name in grid.members:
        assert topics(grid, name) == [DECLARED], name
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    grid.settle()

    for name in grid.members:
        assert topics(grid, name) == [USED, DECLARED], name
    for name in ("police", "customs"):
        own = grid.agency(name).office.journal.answering(Kind.NOTICE)
        assert [one["subject"] for one in own] == [request.hash]


def test_it_waits_for_both_sides_to_review(grid: Grid) -> None:
    """It is in the inbox of all who may, and of neither who asked nor who approved."""
    request = broken(grid)

    def waits(member: str, officer: str) -> bool:
        inbox = grid.look(member, officer, "inbox")["emergencies"]
        return [one["hash"] for one in inbox] == [request.hash]

    assert waits("police", "sp-nair")
    assert waits("police", "sp-khan")
    assert waits("customs", "cu-dias")
    assert not waits("police", "si-rao")
    assert not waits("customs", "cu-mehta")
    assert not waits("police", "cu-police")
    assert not waits("prisons", "pr-singh")


def test_reviewed_in_full_it_may_be_used_again(grid: Grid) -> None:
    """Both reviews are in both logs, everybody is told, the next one is released."""
    request = broken(grid)
    assert standing(grid) is Standing.OWED
    reviewed(grid, request)
    assert standing(grid) is Standing.FREE
    assert topics(grid, "audit-north") == [USED, DECLARED, ENDED]
    for name in ("police", "customs"):
        made = grid.agency(name).office.journal.all(Kind.REVIEW)
        assert {one.person for one in made} == {"police/sp-nair", "customs/cu-dias"}

    again = second(grid)
    grid.settle()

    assert record(grid, again)["state"] == "disclosed"
    assert grid.released("customs") == 2


def test_a_review_may_find_it_unjustified(grid: Grid) -> None:
    """The finding stands in the review; the duty to review is met all the same."""
    request = broken(grid)
    review(grid, "police", "sp-nair", request, justified=False)
    review(grid, "customs", "cu-dias", request)
    grid.settle()

    made = grid.agency("customs").office.journal.all(Kind.REVIEW)
    assert sorted(one["agreed"] for one in made) == [0, 1]
    assert standing(grid) is Standing.FREE


@pytest.mark.parametrize(
    ("member", "officer", "reason"),
    [
        ("police", "si-rao", Reason.OWN_REQUEST),
        ("customs", "cu-mehta", Reason.OWN_REQUEST),
        ("police", "si-joshi", Reason.WRONG_ROLE),
        ("police", "cu-police", Reason.WRONG_ROLE),
        ("prisons", "pr-singh", Reason.UNKNOWN),
    ],
)
def test_nobody_reviews_the_own_deed_or_without_a_place(
    grid: Grid, member: str, officer: str, reason: Reason
) -> None:
    """Not the asker, not the approver, nobody of another role or agency."""
    request = broken(grid)

    with refused(grid, reason):
        review(grid, member, officer, request)
    assert standing(grid) is Standing.OWED


def test_half_a_quorum_is_none(grid: Grid) -> None:
    """Two supervisors of one side fill one place; the custodian's stays empty."""
    request = broken(grid)
    for officer in ("sp-nair", "sp-khan"):
        review(grid, "police", officer, request)
    with refused(grid, Reason.DECIDED):
        review(grid, "police", "sp-nair", request)
    grid.settle()

    assert standing(grid) is Standing.OWED
    assert ENDED not in topics(grid, "customs")


def test_after_72_hours_the_right_suspends_itself(grid: Grid) -> None:
    """Without anybody's doing, told to everybody; a late review does not bring it back,
    the holder's opting out and in again does."""
    request = broken(grid)
    grid.now += REVIEW_SECONDS - 1
    grid.settle()
    assert standing(grid) is Standing.OWED
    grid.now += 1
    grid.settle()
    assert standing(grid) is Standing.SUSPENDED
    assert topics(grid, "audit-south") == [USED, DECLARED, SUSPENDED]

    reviewed(grid, request)
    assert standing(grid) is Standing.SUSPENDED
    grid.now += 1
    opt_out(grid, "customs")
    opt_in(grid, "customs")
    assert standing(grid) is Standing.FREE


@pytest.mark.threat("T17")
def test_a_clock_set_back_and_a_restart_give_nothing_back(grid: Grid) -> None:
    """The suspension stands in the log."""
    broken(grid)
    grid.now += REVIEW_SECONDS
    grid.settle()
    grid.now -= REVIEW_SECONDS
    restart(grid, "customs")

    assert standing(grid) is Standing.SUSPENDED


def test_a_sealed_record_that_came_to_nothing_owes_no_review(grid: Grid) -> None:
    """Without witnesses nothing left; it is void at its end, and everybody knows."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    assert grid.release("customs") == ["sealed"]
    spy = grid.relay
    spy.cut = True  # type: ignore[attr-defined]
    with pytest.raises(Refused):
        grid.settle()
    assert standing(grid) is Standing.OWED
    spy.cut = False  # type: ignore[attr-defined]
    grid.now += 48 * HOUR
    grid.settle()

    assert standing(grid) is Standing.FREE
    assert grid.released("customs") == 0
    assert ENDED in topics(grid, "police")


def test_the_custodian_must_name_what_is_done(grid: Grid) -> None:
    """An approval in passing breaks no glass: the slot is named, or nothing is."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()

    for slot in ("", "custodian"):
        with refused(grid, Reason.WRONG_ROLE):
            grid.decide("customs", "cu-mehta", request.hash, slot=slot)


def test_a_custodian_may_refuse(grid: Grid) -> None:
    """Then nothing was used, and nothing is owed."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, reason="not-necessary")
    grid.settle()

    assert record(grid, request)["state"] == "denied"
    assert standing(grid) is Standing.FREE


@pytest.mark.parametrize("fields", [["name", "note"], ["birth"]])
def test_only_the_floors_short_list_may_be_asked_for(
    grid: Grid, fields: list[str]
) -> None:
    """Fields that the holder grants otherwise are too many here."""
    asked = grid.ask(KABIR)

    with refused(grid, Reason.FIELDS):
        emergency(grid, asked, fields=fields)


def test_without_an_auditor_s_word_nothing_is_told(grid: Grid) -> None:
    """As many agencies as a quorum have the notices; no auditor does: it waits."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    grid.release("customs")
    grid.carry()
    customs = grid.agency("customs")
    found = customs.releaser(grid.relay.witness).gatherer.cosigned(None, "ab" * 16)
    agencies = tuple(one for one in found.freshness if one.issuer in AGENCIES)
    breakglass.check_told(customs.office, request, found)

    with pytest.raises(Refused):
        breakglass.check_told(
            customs.office, request, replace(found, quorum=3, freshness=agencies)
        )


def test_a_reviewer_who_left_does_not_spoil_the_others_reviews(grid: Grid) -> None:
    """The own word counts no longer; a full quorum of others ends the duty."""
    request = broken(grid)
    review(grid, "police", "sp-nair", request)
    grid.settle()
    left = grid.agency("police").office.speak(
        Kind.REVOCATION, seconds=999, number=1, target="officer", member="police",
        subject="sp-nair", serial="", cause="left",
    )  # fmt: skip
    grid.post([left.data])
    review(grid, "police", "sp-khan", request)
    review(grid, "customs", "cu-dias", request)
    grid.settle()

    assert standing(grid) is Standing.FREE


@pytest.mark.threat("T12")
def test_a_member_that_was_expelled_bars_nobody_from_the_glass(grid: Grid) -> None:
    """It had said that it broke a glass, and nobody else can end what it began."""
    request = broken(grid)
    reviewed(grid, request)
    stray = grid.agency("childcare").office.speak(
        Kind.NOTICE, seconds=999, answers="ab" * 32, topic=USED, subject=request.hash
    )
    grid.post([stray.data])
    grid.now += 60
    second = emergency(grid, grid.ask(KABIR, targets=["customs"]))
    grid.carry()
    with refused(grid, Reason.UNREVIEWED):
        breakglass.check_may_use(grid.agency("customs").office, second)

    grid.post([expelled(grid, "childcare")])

    breakglass.check_may_use(grid.agency("customs").office, second)
