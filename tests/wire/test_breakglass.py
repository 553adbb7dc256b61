"""Break-glass in the wire: who decides, who must review, what hangs on the board."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from childgrid_wire import breakglass, rules
from childgrid_wire.errors import Malformed, Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import check_body
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Revoked, View
from wire import samples, world
from wire.story import STORY, VIEW, Story, altered, approval, heard, refused_for
from wire.world import DAY, NOW, Json

ASKER, SUPERVISOR = "police/io-7", "police/sho-1"
BROKE, OTHER = "transport/nodal-1", "transport/nodal-2"


def opened() -> View:
    """A floor that allows two fields, and a holder that opted in."""
    floor = altered(VIEW.rules(), break_glass=["owner", "address"])
    policy = altered(VIEW.policy("transport"), break_glass=["vehicle"])
    return replace(VIEW, floor=floor, policies={"transport": policy})


OPEN = opened()


def urgent(**changes: Json) -> Statement:
    """The story's request, declaring an emergency."""
    named = {"policy": OPEN.policy("transport").hash, "fields": ["owner"]}
    return altered(STORY.request, break_glass=True, **(named | changes))


REQUEST = urgent()


def decided(who: str = BROKE, slot: str = "break-glass", **changes: Json) -> Statement:
    """A custodian's approval of it."""
    policy = OPEN.policy("transport").hash
    body = {"side": "holder", "slot": slot, "policy": policy, "fields": ["owner"]}
    return approval(who, STORY.request, **(body | {"answers": REQUEST.hash} | changes))


def granted(view: View = OPEN, *approvals: Statement, **changes: Json) -> rules.Grant:
    """Judge the emergency."""
    request = urgent(**changes) if changes else REQUEST
    given = [altered(one, answers=request.hash) for one in approvals or [decided()]]
    story = Story(view, STORY.query, STORY.case, (), request, tuple(given))
    return story.granted()


def test_one_custodian_fills_the_one_place() -> None:
    """No supervisor; exactly the field that was asked for and approved."""
    grant = granted()

    assert grant.fields == ("owner",)
    assert grant.filled == {"break-glass": [BROKE]}


FAULTS: dict[str, tuple[View, list[Statement], dict[str, Json], Reason]] = {
    "no field list on the floor": (
        replace(OPEN, floor=VIEW.floor), [], {}, Reason.NOT_APPROVED,
    ),
    "the holder opted out": (
        replace(OPEN, policies=VIEW.policies),
        [decided(policy=VIEW.policy("transport").hash)],
        {"policy": VIEW.policy("transport").hash},
        Reason.NOT_APPROVED,
    ),
    "a field that is not on the list": (
        OPEN, [], {"fields": ["owner", "registration"]}, Reason.FIELDS,
    ),
    "a usual approval": (OPEN, [decided(slot="custodian")], {}, Reason.NOT_APPROVED),
    "a supervisor alone": (
        OPEN,
        [decided(SUPERVISOR, side="requester", policy="")],
        {},
        Reason.NOT_APPROVED,
    ),
    "whoever asked": (
        OPEN, [decided(ASKER, side="requester", policy="")], {}, Reason.OWN_REQUEST,
    ),
    "a clerk": (OPEN, [decided("transport/clerk-1")], {}, Reason.NOT_APPROVED),
    "a custodian who was revoked": (
        replace(OPEN, revoked=Revoked(officers={BROKE})), [], {}, Reason.REVOKED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_rule_broken_alone_gives_its_reason(name: str) -> None:
    """And nothing is granted."""
    view, given, changes, reason = FAULTS[name]

    assert refused_for(lambda: granted(view, *given, **changes)) is reason


def test_an_emergency_s_approval_counts_in_no_usual_request() -> None:
    """Beside the supervisor's it fills no custodian's place."""
    approvals = (STORY.approvals[0], altered(STORY.approvals[1], slot="break-glass"))
    story = replace(STORY, approvals=approvals)

    assert refused_for(story.granted) is Reason.NOT_APPROVED


NOTICE = altered(
    heard(Kind.NOTICE, "transport", topic="break-glass", subject=samples.H),
    subject=REQUEST.hash,
    answers=samples.H,
)
PLACES = rules.release_slots(OPEN, "transport", "vehicle")


def review(who: str, **changes: Json) -> Statement:
    """One person's review."""
    body = {"subject": "break-glass", "pairs": 1, "agreed": 1, "result": samples.H}
    return heard(Kind.REVIEW, who, **({"answers": NOTICE.hash} | body | changes))


def full(*reviews: Statement, view: View = OPEN) -> Reason | None:
    """The reason why the quorum isn't full, or None."""
    acted = [ASKER, BROKE]
    return refused_for(
        lambda: breakglass.reviewed(view, REQUEST, NOTICE, reviews, PLACES, acted)
    )


def test_both_sides_review_and_neither_who_acted() -> None:
    """A supervisor and another custodian; the two who acted count for nothing."""
    assert full(review(SUPERVISOR), review(OTHER)) is None
    assert full(review(SUPERVISOR), review(BROKE)) is Reason.NOT_APPROVED
    assert full(review(SUPERVISOR), review("police/sho-2")) is Reason.NOT_APPROVED
    assert full(review(OTHER)) is Reason.NOT_APPROVED
    assert full() is Reason.NOT_APPROVED


def test_one_review_that_does_not_count_spoils_nothing() -> None:
    """Whoever has no place, or was revoked since, is left out."""
    others = [review("transport/clerk-1"), review("police/sho-2", answers=samples.H)]

    assert full(review(SUPERVISOR), review(OTHER), *others) is None
    gone = replace(OPEN, revoked=Revoked(officers={OTHER}))
    assert full(review(SUPERVISOR), review(OTHER), view=gone) is Reason.NOT_APPROVED


REVIEWS: dict[str, tuple[str, dict[str, Any], Reason]] = {
    "of a register": (OTHER, {"subject": "register"}, Reason.UNKNOWN_KIND),
    "of another notice": (OTHER, {"answers": samples.H}, Reason.UNKNOWN),
    "of another disclosure": (OTHER, {"result": "cd" * 32}, Reason.UNKNOWN),
    "run out": (OTHER, {"now": NOW - 2 * DAY}, Reason.EXPIRED),
    "by a clerk": ("transport/clerk-1", {}, Reason.WRONG_ROLE),
    "by an investigator": (ASKER, {}, Reason.WRONG_ROLE),
}


@pytest.mark.parametrize("name", REVIEWS)
def test_a_review_that_could_never_count_is_refused(name: str) -> None:
    """Each for its own reason."""
    who, changes, reason = REVIEWS[name]
    made = review(who, **changes)

    found = refused_for(
        lambda: breakglass.check_review(OPEN, REQUEST, NOTICE, made, PLACES)
    )

    assert found is reason


def test_only_notices_of_a_broken_glass_hang_on_the_board() -> None:
    """Any member's, in the order of arrival; other topics are refused."""
    book = world.book()
    made = [
        world.said(Kind.NOTICE, who, topic=topic, subject=samples.H)
        for who, topic in (
            ("police", "break-glass-declared"),
            ("transport", "break-glass"),
            ("transport", "break-glass-ended"),
        )
    ]
    for data in (*made, made[0]):
        book.add(data)
    other = world.said(Kind.NOTICE, "police", topic="outage", subject=samples.H)

    assert refused_for(lambda: book.add(other)) is Reason.WRONG_ROLE
    assert sorted(one.data for one in book.notices()) == sorted(made)
    named = {one.hash for one in book.notices()}
    assert set(book.told(NOW)) == named
    assert book.told(NOW + 8 * DAY) == []


def test_no_member_crowds_out_what_others_tell() -> None:
    """A thousand notices of one leave room for another's; no date to come is told."""
    book = world.book()
    (true,) = [
        book.add(
            world.said(
                Kind.NOTICE, "police", topic="break-glass-declared", subject=samples.H
            )
        )
    ]
    for number in range(600):
        subject = f"{number:064x}"
        for now in (NOW, NOW + 300 * DAY):
            book.add(
                world.said(
                    Kind.NOTICE,
                    "transport",
                    topic="break-glass",
                    subject=subject,
                    now=now,
                    answers=f"{now:064x}",
                )
            )

    told = book.told(NOW)

    assert true.hash in told
    assert len(told) == 500
    assert {book.by_hash[name].issued for name in told} == {NOW, true.issued}


def test_what_was_said_before_has_no_such_field_and_stays_whole() -> None:
    """A field that may be left out: true or absent, and false is no spelling of it."""
    body = dict(STORY.request.body)
    check_body(Kind.REQUEST, body)
    check_body(Kind.REQUEST, body | {"break_glass": True})
    for wrong in (False, 1, "", None):
        with pytest.raises(Malformed):
            check_body(Kind.REQUEST, body | {"break_glass": wrong})
