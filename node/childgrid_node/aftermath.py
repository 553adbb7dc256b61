"""After the glass was broken: everybody who would have had to sign reviews it.

Nobody reviews the own deed, neither who asked nor who approved; so a holder with one
custodian can't opt in before it has a second. The holder's node tells everybody when
the quorum is full, and when 72 hours went by without it. What a review found, justified
or not, stands in it; a right comes back by being reviewed, not by being found right.
"""

from __future__ import annotations

from dataclasses import dataclass

from childgrid_node import query
from childgrid_node.breakglass import notify, right
from childgrid_node.journal import standing
from childgrid_node.office import Office
from childgrid_wire import breakglass, rules, statement
from childgrid_wire.breakglass import ENDED, SUSPENDED, USED, notice_of
from childgrid_wire.errors import Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import Slot
from childgrid_wire.statement import Statement

_REVIEW_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Verdict:
    """What an officer finds on reviewing one use (by the request's hash)."""

    officer: str
    request: str
    justified: bool


def draft_review(office: Office, verdict: Verdict) -> bytes:
    """Write the `review` of one use to be signed; returns its exact payload.

    Raises:
        Refused: no such use, reviewed by this person already, or no place for them.
    """
    request = office.journal.get(verdict.request, Kind.REQUEST)
    notice = _used(office, request)
    if not _may_review(office, request, notice, verdict.officer):
        _check_reviewer(office, request, f"{office.member}/{verdict.officer}", notice)
        raise Refused(Reason.WRONG_ROLE, Kind.REVIEW.value)
    payload = statement.draft(
        Kind.REVIEW,
        issuer=office.member,
        officer=verdict.officer,
        now=office.now,
        seconds=_REVIEW_SECONDS,
        answers=notice.hash,
        subject=USED,
        pairs=1,
        agreed=int(verdict.justified),
        result=notice.answers,
    )
    query.keep_draft(office, verdict.officer, Kind.REVIEW, payload)
    return payload


def _used(office: Office, request: Statement) -> Statement:
    """The holder's notice that the glass was broken for `request`."""
    notices = office.shelf.book.notices()
    found = notice_of(notices, request["holder"], USED, request.hash)
    if found is None or not breakglass.declared(request):
        raise Refused(Reason.UNKNOWN, "break-glass")
    return found


def _check_reviewer(
    office: Office, request: Statement, person: str, notice: Statement
) -> None:
    if person in _acted(office, request):
        raise Refused(Reason.OWN_REQUEST, "review")
    if person in {one.person for one in reviews(office, notice)}:
        raise Refused(Reason.DECIDED, "review")


def _acted(office: Office, request: Statement) -> set[str]:
    """Who asked and who approved: nobody reviews the own deed."""
    asked = office.journal.get(request["query"], Kind.QUERY)
    approvals = office.journal.answers(request.hash, Kind.APPROVAL)
    return {asked.person, request.person, *(one.person for one in approvals)}


def reviews(office: Office, notice: Statement) -> list[Statement]:
    """What persons found on reviewing one use, as far as is known here."""
    return office.journal.answers(notice.hash, Kind.REVIEW)


def take_review(office: Office, said: Statement, *, own: bool) -> None:
    """Take in a review: signed at the `own` desk, or brought by mail.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    if own != (said.issuer == office.member):
        raise Refused(Reason.WRONG_ROLE, Kind.REVIEW.value)
    request, notice = _subject(office, said)
    places = _places(office, request)
    with office.journal.writing() as writing:
        if own:
            query.take_draft(writing, office, said)
        breakglass.check_review(office.view, request, notice, said, places)
        if office.journal.find(said.hash):
            return
        _check_reviewer(office, request, said.person, notice)
        writing.say(said)
        if own:
            writing.send(said)


def _subject(office: Office, review: Statement) -> tuple[Statement, Statement]:
    """The request and the holder's notice that a review is about."""
    notice = office.shelf.book.by_hash.get(review.answers)
    if notice is None or notice.kind is not Kind.NOTICE:
        raise Refused(Reason.UNKNOWN, "review.answers")
    request = office.journal.get(notice["subject"], Kind.REQUEST)
    return request, _used(office, request)


def _places(office: Office, request: Statement) -> tuple[Slot, ...]:
    """The slots that the release would have needed without the emergency."""
    category = query.category_of(office, request)
    return rules.release_slots(office.view, request["holder"], category)


def watch(office: Office) -> None:
    """Tell everybody what has come about: full reviews, and suspensions.

    Safe to repeat; only what was not told yet is said.
    """
    told = {
        (one["topic"], one["subject"])
        for one in office.journal.answering(Kind.NOTICE)
        if one.issuer == office.member
    }
    for _, name in sorted(one for one in told if one[0] == USED):
        request = office.journal.find(name)
        hung = notice_of(office.shelf.book.notices(), office.member, USED, name)
        if request is None or hung is None or (ENDED, name) in told:
            continue
        if _is_reviewed(office, request):
            _tell(office, ENDED, request)
        elif (SUSPENDED, name) not in told and _is_overdue(office, request):
            _tell(office, SUSPENDED, request)


def _tell(office: Office, topic: str, request: Statement) -> None:
    answers = _used(office, request).hash
    with office.journal.writing() as writing:
        said = notify(writing, office, topic, request.hash, answers)
    office.shelf.add(said.data)


def _is_reviewed(office: Office, request: Statement) -> bool:
    """Whether every place of the full quorum was filled by a review."""
    view, notice = office.view, _used(office, request)
    try:
        made = standing(view, reviews(office, notice))
        places, acted = _places(office, request), _acted(office, request)
        breakglass.reviewed(view, request, notice, made, places, acted)
    except (Refused, Untrusted):
        return False
    return True


def _is_overdue(office: Office, request: Statement) -> bool:
    found = right(office, request.issuer)
    return found.suspended and found.owed == request.hash


def waiting(office: Office, officer: str) -> list[tuple[Statement, Statement]]:
    """The uses that an officer of this agency may still review: request and notice.

    Any member may hang up a notice of anything; only a holder's, of a request to it
    that declared an emergency, tells of a use.
    """
    found = []
    notices = office.shelf.book.notices()
    for notice in notices:
        request = office.journal.find(notice["subject"])
        if request is None or not _tells_of_use(notice, request):
            continue
        if notice_of(notices, notice.issuer, ENDED, request.hash):
            continue
        if _may_review(office, request, notice, officer):
            found.append((request, notice))
    return found


def _tells_of_use(notice: Statement, request: Statement) -> bool:
    return (
        notice["topic"] == USED
        and request.kind is Kind.REQUEST
        and notice.issuer == request["holder"]
        and breakglass.declared(request)
    )


def _may_review(
    office: Office, request: Statement, notice: Statement, officer: str
) -> bool:
    try:
        _check_reviewer(office, request, f"{office.member}/{officer}", notice)
        who = office.view.officer(office.member, officer)
        side = "holder" if request["holder"] == office.member else "requester"
        places = _places(office, request)
    except WireError:
        return False
    return any(
        (one.side, one.role) == (side, who.role) and who.rank >= one.min_rank
        for one in places
    )
