"""Break-glass at a node: declared, told to everybody, and used once.

The requester's node declares an emergency by a notice on the board before its request
goes out. The holder's node, once its custodian has signed for exactly that, makes a
notice of its own in the transaction that seals the record, and hands the record over
only when a quorum of witnesses, an auditor among them, says that it has both notices.
So a coordinator that drops them gets no release. Whether an agency may do so at all is
`emergency`'s to say: its state is worked out anew from the log each time, so there is
nothing that could be reset. What must follow is in `aftermath`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from childgrid_log.gather import Cosigned
from childgrid_node.emergency import Right, Standing
from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_wire.breakglass import DECLARED, ENDED, SUSPENDED, USED, notice_of
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

log = structlog.get_logger(__name__)
_YEAR = 366 * 86_400


def declare(writing: Writing, office: Office, request: Statement) -> Statement:
    """Tell everybody that an own officer declares an emergency; before the request."""
    return notify(writing, office, DECLARED, request.hash, request.hash)


def notify(
    writing: Writing, office: Office, topic: str, request: str, answers: str
) -> Statement:
    """Log a notice and send it to the board; it is to be shelved once it is durable."""
    said = office.speak(
        Kind.NOTICE, seconds=_YEAR, answers=answers, topic=topic, subject=request
    )
    writing.say(said)
    writing.send(said)
    log.warning("notice", topic=topic)
    return said


def right(office: Office, agency: str) -> Right:
    """Where an agency's right stands at this holder, from all that was logged here."""
    found, last = Right(), 0
    for notice, at in _notices(office, agency):
        topic, request = notice["topic"], notice["subject"]
        if topic == USED:
            # It was judged when it was logged, so the right was free then.
            found = Right(clock=found.clock).use(request, at)
        elif topic == ENDED:
            found = found.end(request, at)
        elif topic == SUSPENDED:
            found = found.suspend(request, at)
        last = at
    for at in _opted_in(office):
        if at > last:
            found = found.opt_in(at)
    return found.at(office.now)


def _notices(office: Office, agency: str) -> list[tuple[Statement, int]]:
    """This node's notices about requests of an agency, with the time of logging."""
    rows = office.journal.rows(
        "SELECT hash, heard FROM said WHERE kind = ? AND issuer = ? AND answers <> ''"
        " ORDER BY leaf",
        (Kind.NOTICE.value, office.member),
    )
    found = []
    for name, heard in rows:
        notice = office.journal.get(str(name), Kind.NOTICE)
        request = office.journal.find(notice["subject"])
        if request is not None and request.issuer == agency:
            found.append((notice, int(heard)))
    return found


def _opted_in(office: Office) -> list[int]:
    """When this holder's policy came to allow break-glass after it had not."""
    every = office.shelf.book.by_hash.values()
    own = [
        one for one in every if one.kind is Kind.POLICY and one.issuer == office.member
    ]
    before, found = False, []
    for policy in own:
        if policy["break_glass"] and not before:
            found.append(policy.issued)
        before = bool(policy["break_glass"])
    return found


def check_may_use(office: Office, request: Statement) -> None:
    """Whether the glass may be broken for `request` here and now.

    Raises:
        Refused: not declared on the board, or an earlier use is not reviewed.
    """
    notices = office.shelf.book.notices()
    if notice_of(notices, request.issuer, DECLARED, request.hash) is None:
        raise Refused(Reason.NOT_APPROVED, "no notice of the requester's node")
    right(office, request.issuer).use(request.hash, office.now)
    _check_board(office, request, notices)


def _check_board(
    office: Office, request: Statement, notices: Sequence[Statement]
) -> None:
    """No use of the same agency that the board tells of is waiting for its review.

    Not at another holder; nor one of our own that our log has lost, when it was closed.
    Where two holders broke the glass at once, the earlier notice goes first. Who is no
    member any more can't tell of a review either, and counts for nothing.
    """
    members = {one["id"] for one in office.view.members()}
    own = notice_of(notices, office.member, USED, request.hash)
    mine = (own.issued, own.hash) if own else (office.now + 1, "")
    declared = {
        one["subject"]
        for one in notices
        if one.issuer == request.issuer and one["topic"] == DECLARED
    }
    for one in notices:
        if (
            one["topic"] == USED
            and one["subject"] in declared - {request.hash}
            and (one.issued, one.hash) < mine
            and one.issuer in members
            and notice_of(notices, one.issuer, ENDED, one["subject"]) is None
        ):
            raise Refused(Reason.UNREVIEWED, "the board tells of another")


def use(
    writing: Writing, office: Office, request: Statement, disclosure: Statement
) -> Statement:
    """Break the glass: judged again and told inside the transaction that seals.

    Raises:
        Refused: as `check_may_use`; nothing is kept.
    """
    check_may_use(office, request)
    return notify(writing, office, USED, request.hash, disclosure.hash)


def check_told(office: Office, request: Statement, cosigned: Cosigned) -> None:
    """Insist that a quorum of witnesses, an auditor among them, has both notices.

    And that this node has what they have: a notice that more of them name than may
    lie, and that is unknown here, could tell of another use.

    Raises:
        Refused: `stale`; they or we were not told, so nothing leaves.
    """
    notices = office.shelf.book.notices()
    both = [
        notice_of(notices, request.issuer, DECLARED, request.hash),
        notice_of(notices, office.member, USED, request.hash),
    ]
    hashes = {one.hash for one in both if one}
    told = {
        one.issuer
        for one in cosigned.freshness
        if len(hashes) == 2 and hashes <= set(one.body.get("notices", ()))
    }
    auditors = {entry["id"] for entry in office.view.members("auditor")}
    if len(told) < cosigned.quorum or not told & auditors:
        raise Refused(Reason.STALE, "notices")
    named = Counter(
        name for one in cosigned.freshness for name in one.body.get("notices", ())
    )
    faults = office.view.directory["witnesses"]["faults"]
    if any(
        count > faults and name not in office.shelf.book.by_hash
        for name, count in named.items()
    ):
        raise Refused(Reason.STALE, "notices here")


def still_may(office: Office, request: Statement) -> bool:
    """Whether the use that was sealed may still be handed over."""
    found = right(office, request.issuer)
    if found.standing is not Standing.OWED or found.owed != request.hash:
        return False
    try:
        _check_board(office, request, office.shelf.book.notices())
    except Refused:
        return False
    return True


def end(
    writing: Writing, office: Office, request: Statement, answers: str
) -> Statement:
    """Tell everybody that a use is over: reviewed in full, or void before it left."""
    return notify(writing, office, ENDED, request.hash, answers)
