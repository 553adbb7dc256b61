"""Break-glass: the floor's only exception, and what makes it louder than the rule.

Where a child is in danger now, one custodian of the holder may release a few fields
without the requester's supervisor. The founders' floor names those fields or allows
none of this; the holder's policy opts in by category; the request says that it is one;
the custodian signs for exactly that. Everybody is told by signed notices on the board,
and all who would have had to sign must review it afterwards. Whether an agency has this
right at the moment is for `childgrid_node.emergency`.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import TOPICS, Kind
from childgrid_wire.policy import Approver, Slot, fill, slots_of
from childgrid_wire.statement import Statement, check_time, predates
from childgrid_wire.trust import View

SLOT = "break-glass"
DECLARED, USED, ENDED, SUSPENDED = TOPICS
"""What a notice on the board may say of a request: declared by the requester's node;
used, reviewed in full (or void), or overdue, by the holder's."""

REVIEW_SECONDS = 72 * 3_600
"""After so long without a full review the right suspends itself."""


def declared(request: Statement) -> bool:
    """Whether a request declares an emergency."""
    return bool(request.body.get("break_glass", False))


def check_opened(view: View, request: Statement, category: str) -> None:
    """Whether floor and holder allow break-glass for these fields of this category.

    Raises:
        Refused: one of them doesn't.
        Untrusted: no floor or policy is in force.
    """
    fields = view.rules().body.get("break_glass", ())
    if not fields or category not in view.policy(request["holder"])["break_glass"]:
        raise Refused(Reason.NOT_APPROVED, "break-glass is not opted into")
    if not set(request["fields"]) <= set(fields):
        raise Refused(Reason.FIELDS, "break-glass fields")


def slots(view: View) -> tuple[Slot, ...]:
    """The one place to fill: the holder's custodian, at the floor's rank."""
    ranks = [
        one.min_rank
        for one in slots_of(view.rules()["release_slots"])
        if (one.side, one.role) == ("holder", "custodian")
    ]
    return (Slot(SLOT, "holder", "custodian", max(ranks, default=0), 1),)


def check_review(
    view: View,
    request: Statement,
    notice: Statement,
    review: Statement,
    places: Sequence[Slot],
) -> None:
    """Whether one person's review may count: of this use, by one who may sign.

    `notice` is the holder's own; it answers the disclosure that the review names.
    `places` are the slots that the release would have needed without the emergency.

    Raises:
        Refused, Untrusted: it could never count.
    """
    if review.kind is not Kind.REVIEW or review["subject"] != USED:
        raise Refused(Reason.UNKNOWN_KIND, "review")
    check_time(review, view.now)
    if review.answers != notice.hash or review["result"] != notice.answers:
        raise Refused(Reason.UNKNOWN, "review.answers")
    if predates(review, notice):
        raise Refused(Reason.EXPIRED, "review is older than its subject")
    every = _reviewer(view, request, review, places)
    if not any(place.takes(who) for place in places for who in every):
        raise Refused(Reason.WRONG_ROLE, "review")


def _reviewer(
    view: View, request: Statement, review: Statement, places: Sequence[Slot]
) -> list[Approver]:
    """A reviewer as whoever could have approved, in every place that may fit."""
    officer = view.officer(review.issuer, review.officer)
    sides = {request.issuer: "requester", request["holder"]: "holder"}
    if review.issuer not in sides:
        raise Refused(Reason.WRONG_ROLE, "review.issuer")
    side = sides[review.issuer]
    return [
        Approver(review.person, side, officer.role, officer.rank, place.slot)
        for place in places
    ]


def reviewed(
    view: View,
    request: Statement,
    notice: Statement,
    reviews: Iterable[Statement],
    places: Sequence[Slot],
    acted: Iterable[str],
) -> dict[str, list[str]]:
    """Whether every place of the full quorum was filled by a review.

    Args:
        view: the documents in force, with the time.
        request: the request that declared the emergency.
        notice: the holder's notice that the glass was broken for it.
        reviews: verified reviews of it.
        places: the slots that the release would have needed without the emergency.
        acted: the persons who asked and approved; nobody reviews the own deed.

    Raises:
        Refused: some place stays empty; names the slots, not the persons.
    """
    excluded = set(acted)
    approvers: list[Approver] = []
    for review in reviews:
        if review.person not in excluded:
            approvers += _counted(view, request, notice, review, places)
    return fill(places, approvers)


def _counted(
    view: View,
    request: Statement,
    notice: Statement,
    review: Statement,
    places: Sequence[Slot],
) -> list[Approver]:
    """A reviewer where the review counts; one that doesn't spoils nothing."""
    try:
        check_review(view, request, notice, review, places)
    except (Refused, Untrusted):
        return []
    return _reviewer(view, request, review, places)


def notice_of(
    notices: Iterable[Statement], issuer: str, topic: str, subject: str
) -> Statement | None:
    """The notice of `issuer` about a request (by hash), if it hangs on the board."""
    for one in notices:
        if (one.issuer, one["topic"], one["subject"]) == (issuer, topic, subject):
            return one
    return None
