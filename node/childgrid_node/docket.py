"""The docket: an agency's own queries, newest first, as its officers look them up.

An investigator's own ones; a supervising officer's and a custodian's are the agency's.
Each line says what the officer wrote, how far it has come and what was asked for since.
Reads a page at a time, so that it is as quick after years as on the first day.
"""

from __future__ import annotations

from typing import Any

from childgrid_node import onward
from childgrid_node.office import Office
from childgrid_wire import canonical
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

LINES = 50
"""Lines of a page."""

_SUMMED = (
    *("purpose", "sections", "case", "fields", "holder", "query", "handle"),
    *("scope", "subject", "queries", "until", "break_glass", "rehearsal"),
)
_WHOLE_AGENCY = ("supervising-officer", "custodian")


def page(office: Office, officer: Officer, number: int) -> dict[str, Any]:
    """Page `number` (from 0) of the queries that `officer` may read.

    Returns:
        `lines` as `summary` with `known`, `state`, `sent`, `answered` (how many have
        searched) and `requests`, and `more`: whether there is another page.

    Raises:
        Refused: a prosecutor reads packs, agency IT nothing of a case.
    """
    found = _names(office, officer, max(number, 0))
    lines = [_line(office, name) for name in found[:LINES]]
    return {"lines": lines, "page": max(number, 0), "more": len(found) > LINES}


def _names(office: Office, officer: Officer, number: int) -> list[str]:
    if officer.role not in (*_WHOLE_AGENCY, "investigator"):
        raise Refused(Reason.WRONG_ROLE, "docket")
    own = "" if officer.role in _WHOLE_AGENCY else officer.id
    rows = office.journal.rows(
        "SELECT hash FROM said WHERE kind = ? AND issuer = ? AND ? IN ('', officer)"
        " ORDER BY leaf DESC LIMIT ? OFFSET ?",
        (Kind.QUERY.value, office.member, own, LINES + 1, number * LINES),
    )
    return [str(name) for (name,) in rows]


def _line(office: Office, name: str) -> dict[str, Any]:
    query = office.journal.get(name, Kind.QUERY)
    answers = office.journal.answers(name, Kind.ANSWER)
    searched = {one.issuer for one in answers if one["outcome"] != "refused"}
    return {
        **summary(query),
        "known": known(office, name),
        "state": state(office, query),
        "sent": is_sent(office, query),
        "targets": len(query["targets"]),
        "answered": len(searched & query["targets"].keys()),
        "requests": len(requests(office, name)),
    }


def known(office: Office, query: str) -> dict[str, Any]:
    """What the officer wrote: `suspect` and `case_reference`; empty once shredded."""
    secret = office.journal.secret(f"suspect:{query}")
    return canonical.loads(secret) if secret else {}


def state(office: Office, query: Statement) -> str:
    """`refused`, `asked`, `waiting` for approval, or `expired` before it had any.

    `withdrawn` is one that was not sent since its case is over or its asker stands no
    more.
    """
    if office.journal.answers(query.hash, Kind.REFUSAL):
        return "refused"
    answered = office.journal.answered_by(query.hash, Kind.ANSWER)
    if answered:
        return "asked"
    withdrawn = onward.is_withdrawn(office, query)
    if not withdrawn and onward.is_out(office, query):
        return "asked"
    if query.expires <= office.now:
        return "expired"
    return "withdrawn" if withdrawn else "waiting"


def is_sent(office: Office, query: Statement) -> bool:
    """Whether it reached the coordinator: one may be refused before that, or after."""
    gone = "SELECT 1 FROM outbox WHERE hash = ? AND state = 'sent'"
    answered = office.journal.answered_by(query.hash, Kind.ANSWER)
    return bool(answered or office.journal.rows(gone, (query.hash,)))


def newest(office: Office, query: str) -> dict[str, Statement]:
    """What each target said of a query last, in whatever order it was brought.

    No target takes a hit back: "no hit" is the earlier one, also where both are of one
    second, or its clock was put back in between.
    """
    answers = office.journal.answers(query, Kind.ANSWER)
    told = sorted(answers, key=lambda one: (bool(one["candidates"]), one.issued))
    return {one.issuer: one for one in told}


def requests(office: Office, query: str) -> list[Statement]:
    """The requests made on a query's answers, in the order of arrival."""
    return [
        request
        for answer in office.journal.answers(query, Kind.ANSWER)
        for request in office.journal.answers(answer.hash, Kind.REQUEST)
    ]


def summary(subject: Statement) -> dict[str, Any]:
    """What a list says of a query, request or budget: its public fields."""
    return {
        "hash": subject.hash,
        "kind": subject.kind.value,
        "by": subject.person,
        "issued": subject.issued,
        "expires": subject.expires,
        **{name: subject[name] for name in _SUMMED if name in subject.body},
    }
