"""What became of a disclosed record, as who asked says, and what the holder does then.

The requesting agency's officer signs an outcome, which goes to the holder. Where it
clears the person, the holder's custodian is asked, and decides by a signed review: the
row leaves the index at once and is not taken in again, or it stays. The rule: nobody
but the holder's own custodian takes a row out of the holder's index, and whatever was
decided can be decided anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from childgrid_node import cases, match, query
from childgrid_node.journal import Journal
from childgrid_node.office import Office
from childgrid_node.shards.table import Rows
from childgrid_wire import canonical, outcomes, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Told:
    """What an officer says became of a request's record; `cnr` may be empty."""

    officer: str
    request: str
    disposal: str
    cnr: str = ""


@dataclass(frozen=True)
class Purge:
    """What a custodian decides on an outcome: `out` takes the row out of the index."""

    officer: str
    outcome: str
    out: bool


def draft(office: Office, told: Told) -> bytes:
    """Write an outcome to be signed; returns its exact payload.

    Raises:
        Refused: nothing was disclosed on that request, or not this officer's to say.
        Malformed: no such disposal.
    """
    request = office.own(office.journal.get(told.request, Kind.REQUEST))
    disclosure = _disclosed(office, request)
    body: dict[str, Any] = {"disposal": told.disposal}
    if told.cnr:
        body["cnr"] = cases.commitment(office, told.cnr)
    payload = _review(
        office, told.officer, outcomes.SUBJECT, disclosure.hash, disclosure.hash, **body
    )
    if not outcomes.may_tell(office.view.officer(office.member, told.officer), request):
        raise Refused(Reason.WRONG_ROLE, outcomes.SUBJECT)
    query.keep_draft(office, told.officer, Kind.REVIEW, payload)
    return payload


def _disclosed(office: Office, request: Statement) -> Statement:
    found = office.journal.answers(request.hash, Kind.DISCLOSURE)
    if not found:
        raise Refused(Reason.UNKNOWN, Kind.DISCLOSURE.value)
    return found[-1]


def _review(
    office: Office,
    officer: str,
    subject: str,
    answers: str,
    result: str,
    agreed: int = 1,
    **body: Any,  # noqa: ANN401 - shaped by the kind's schema
) -> bytes:
    return statement.draft(
        Kind.REVIEW,
        issuer=office.member,
        officer=officer,
        now=office.now,
        seconds=_SECONDS,
        answers=answers,
        subject=subject,
        pairs=1,
        agreed=agreed,
        result=result,
        **body,
    )


def take(office: Office, said: Statement, *, own: bool) -> None:
    """Take in an outcome: signed at the `own` desk, or brought by mail.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    disclosure = office.journal.get(said.answers, Kind.DISCLOSURE)
    request = office.journal.get(disclosure["request"], Kind.REQUEST)
    if own != (said.issuer == office.member) or request.issuer != said.issuer:
        raise Refused(Reason.WRONG_ROLE, outcomes.SUBJECT)
    with office.journal.writing() as writing:
        if own:
            query.take_draft(writing, office, said)
        outcomes.check_outcome(office.view, request, disclosure, said)
        writing.say(said)
        if own:
            writing.send(said)


def waiting(office: Office, officer: Officer) -> list[dict[str, Any]]:
    """The outcomes that clear a person and wait for this custodian; for the inbox."""
    if officer.role != "custodian":
        return []
    found = []
    for said in office.journal.unanswered(Kind.REVIEW, Kind.REVIEW, office.member):
        if outcomes.is_outcome(said) and said["disposal"] in outcomes.CLEARING:
            found.append(_shown(office, said))
    return found


def _shown(office: Office, outcome: Statement) -> dict[str, Any]:
    request, hit = _record(office, outcome)
    return {
        "hash": outcome.hash,
        "by": outcome.person,
        "issued": outcome.issued,
        "disposal": outcome["disposal"],
        "request": request.hash,
        "source": hit.hit.source,
        "record": hit.hit.key,
    }


def _record(office: Office, outcome: Statement) -> tuple[Statement, match.Handle]:
    disclosure = office.own(office.journal.get(outcome["result"], Kind.DISCLOSURE))
    request = office.journal.get(disclosure["request"], Kind.REQUEST)
    return request, match.handle(office, request["query"], request["handle"])


def draft_purge(office: Office, purge: Purge) -> bytes:
    """Write a custodian's decision on an outcome; returns its exact payload.

    Raises:
        Refused: no such outcome, or not a custodian.
    """
    outcome = office.journal.get(purge.outcome, Kind.REVIEW)
    _record(office, outcome)
    payload = _review(
        office,
        purge.officer,
        outcomes.PURGE,
        outcome.hash,
        outcome["result"],
        int(purge.out),
    )
    if office.view.officer(office.member, purge.officer).role != "custodian":
        raise Refused(Reason.WRONG_ROLE, outcomes.PURGE)
    query.keep_draft(office, purge.officer, Kind.REVIEW, payload)
    return payload


def sign_purge(office: Office, said: Statement) -> None:
    """Take in a custodian's signed decision; the row is barred from then on, or not.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    office.own(said)
    outcome = office.journal.get(said.answers, Kind.REVIEW)
    _, found = _record(office, outcome)
    key = canonical.dumps({"key": found.hit.key})
    with office.journal.writing() as writing:
        query.take_draft(writing, office, said)
        outcomes.check_purge(office.view, outcome, said)
        writing.say(said)
        writing.run(
            "INSERT OR REPLACE INTO cleared VALUES (?, ?, ?, ?)",
            (
                outcome["result"],
                found.hit.source,
                said["agreed"],
                office.journal.vault.close(key),
            ),
        )


def without(journal: Journal, source: str, index: Rows) -> Rows:
    """The index of a source with no row that a custodian took out of it.

    Raises:
        IndexFileError: somebody else changed the file since it was opened.
    """
    out = index.rows_of(sorted(cleared(journal, source)))
    return index.changed((), out) if out else index


def cleared(journal: Journal, source: str) -> frozenset[str]:
    """The keys of a source that custodians have taken out of its index."""
    rows = journal.rows(
        "SELECT sealed FROM cleared WHERE source = ? AND out = 1", (source,)
    )
    return frozenset(
        str(canonical.loads(journal.vault.open(sealed))["key"]) for (sealed,) in rows
    )
