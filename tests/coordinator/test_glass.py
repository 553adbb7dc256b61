"""Break-glass at the coordinator: carried with one approval, then the reviews."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from childgrid_coordinator.request import Phase
from childgrid_wire import envelope
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from coordinator.cast import ASKER, DAY, FIELDS, Json
from coordinator.story import HOLDER, Story, told
from coordinator.world import World


@pytest.fixture
def urgent(tmp_path: Path, cheap_locks: None) -> Iterator[Story]:
    """A hit, and an emergency that is declared for it; not sent."""
    world = World(tmp_path, floor={"break_glass": ["owner", "registration"]})
    world.install()
    with world.coordinator() as hub:
        policy = _opted_in(world)
        world.book.add(policy)
        hub.board.publish(policy)
        story = told(world, hub)
        yield _declared(story)


def _opted_in(world: World) -> bytes:
    rule = world.book.latest(world.now).policy(HOLDER)["rules"][0]
    return world.said(
        Kind.POLICY,
        HOLDER,
        version=2,
        seconds=60 * DAY,
        rules=[rule],
        query_slots=[],
        break_glass=["vehicle"],
    )


def _declared(story: Story, **changes: Json) -> Story:
    made, why = story.world.request(
        story.query, story.answer, **({"break_glass": True} | changes)
    )
    return replace(story, request=made, justification=why)


def released(story: Story) -> bytes:
    """One custodian's approval, and the disclosure that rests on it."""
    story.opened()
    given = story.world.approval(f"{HOLDER}/nodal", story.request, slot="break-glass")
    story.send(HOLDER, given)
    data, ciphertext, proof = story.world.disclosure(story.request, [given])
    story.send(HOLDER, data, ciphertext, proof)
    return data


def review(story: Story, who: str, disclosure: bytes, **changes: Json) -> bytes:
    """A person's review of it."""
    body = {"subject": "break-glass", "pairs": 1, "agreed": 1, "answers": "ab" * 32}
    body |= {"result": envelope.read(disclosure).hash}
    return story.world.said(Kind.REVIEW, who, **(body | changes))


def test_one_custodian_s_approval_is_carried_and_enough(urgent: Story) -> None:
    """No supervisor signed; the record goes its way."""
    data = released(urgent)

    assert urgent.phase() is Phase.DISCLOSED
    assert data in urgent.box(ASKER)


@pytest.mark.parametrize("slot", ["custodian", "supervisor"])
def test_an_approval_in_another_slot_is_not_carried(urgent: Story, slot: str) -> None:
    """It could break no glass."""
    urgent.opened()
    given = urgent.world.approval(f"{HOLDER}/nodal", urgent.request, slot=slot)

    assert urgent.refused(HOLDER, given) is Reason.WRONG_ROLE
    own = urgent.world.approval(f"{ASKER}/sho", urgent.request, slot="break-glass")
    assert urgent.refused(ASKER, own) is Reason.WRONG_ROLE


def test_reviews_reach_the_other_side_and_change_nothing_else(urgent: Story) -> None:
    """Before and after the receipt, of either side."""
    data = released(urgent)
    first = review(urgent, f"{ASKER}/sho", data)
    urgent.send(ASKER, first)
    urgent.send(ASKER, urgent.world.receipt(data))
    second = review(urgent, f"{HOLDER}/nodal", data)
    urgent.send(HOLDER, second)

    assert first in urgent.box(HOLDER)
    assert second in urgent.box(ASKER)
    assert urgent.phase() is Phase.RECEIPTED


def test_what_reviews_nothing_is_not_carried(urgent: Story) -> None:
    """By a stranger, of a register, of something unknown, or before it was released."""
    urgent.opened()
    early = review(urgent, f"{ASKER}/sho", urgent.request)
    assert urgent.refused(ASKER, early) is Reason.UNKNOWN
    urgent = _declared(urgent)
    data = released(urgent)
    stranger = review(urgent, "wards/nodal", data)
    assert urgent.refused("wards", stranger) is Reason.WRONG_ROLE
    register = review(urgent, f"{ASKER}/sho", data, subject="register")
    assert urgent.refused(ASKER, register) is Reason.UNKNOWN
    other = review(urgent, f"{ASKER}/sho", data, result="cd" * 32)
    assert urgent.refused(ASKER, other) is Reason.UNKNOWN


def test_a_usual_release_has_no_review(story: Story) -> None:
    """There is nothing to review where no glass was broken."""
    data, _ = story.disclosed()
    made = review(story, f"{ASKER}/sho", data)

    assert story.refused(ASKER, made) is Reason.UNKNOWN


@pytest.mark.parametrize("fields", [FIELDS, ["address"]])
def test_more_than_the_short_list_is_not_carried(
    urgent: Story, fields: list[str]
) -> None:
    """The floor's list is all that an emergency may ask for."""
    wide = _declared(urgent, fields=fields)

    assert urgent.refused(ASKER, wide.request, wide.justification) is Reason.FIELDS


def test_without_opt_in_it_is_not_carried(story: Story) -> None:
    """Neither floor nor holder know of it."""
    made = _declared(story)

    reason = story.refused(ASKER, made.request, made.justification)
    assert reason is Reason.NOT_APPROVED
