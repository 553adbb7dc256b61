"""What a court is shown: the statements behind one disclosure, or of one case.

Chosen from a verified ledger and put in order of time. It writes nothing (`docket`) and
words nothing (`certificate`). The rule: whatever a chosen statement rests on, and
whatever answered it, is chosen too; of other cases nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from childgrid_audit.bundle import Files
from childgrid_audit.certificate import Record
from childgrid_audit.errors import ExportRefused
from childgrid_audit.events import Event, Ledger
from childgrid_audit.verify import Verdict
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

LEAST_DIGITS = 12
"""The lists print so many digits of a hash; fewer could mean another statement."""


@dataclass(frozen=True)
class Exhibits:
    """What belongs together, and the documents under which it was judged.

    `subject` is the disclosure's hash or the case's commitment, in full.
    """

    what: str
    subject: str
    events: tuple[Event, ...]
    documents: tuple[Statement, ...]


@dataclass(frozen=True)
class Docket:
    """What is put before the court: a verified bundle and what was chosen from it.

    `root` is the fingerprint under which the bundle was verified; `records` are files
    that the party produces itself, named by their hashes alone.
    """

    files: Files
    verdict: Verdict
    root: str
    exhibits: Exhibits
    records: tuple[Record, ...] = ()


def of_disclosure(ledger: Ledger, name: str) -> Exhibits:
    """What led to a disclosure and what came of it.

    Raises:
        ExportRefused: `name` (hex, at least 12 digits) is not that of one disclosure.
    """
    known = {event.statement.hash: event for event in ledger.of(Kind.DISCLOSURE)}
    given = known[_whole(name, known, "disclosure")].statement
    request = ledger.events[given["request"]].statement
    query = ledger.events[request["query"]]
    above = {
        query.statement.hash,
        query.statement["attestation"],
        request["answer"],
        *_said_of(ledger, query.statement, given["requester"], request["holder"]),
    }
    below = _below(ledger, {request.hash, given.hash})
    names = (above | below) & ledger.events.keys()
    return _exhibits(ledger, "disclosure", given.hash, names)


def of_case(ledger: Ledger, commitment: str) -> Exhibits:
    """Everything that was said under a case's commitment.

    Raises:
        ExportRefused: no query was made under it, or several begin like it.
    """
    queries = ledger.of(Kind.QUERY)
    known = {event.statement["case"] for event in queries}
    case = _whole(commitment, known, "case")
    named = {
        name
        for name, event in ledger.events.items()
        if event.statement.body.get("case") == case
    }
    return _exhibits(ledger, "case", case, _below(ledger, named))


def _whole(given: str, known: Iterable[str], what: str) -> str:
    found = [one for one in known if one.startswith(given)]
    if len(given) < LEAST_DIGITS or len(found) != 1:
        raise ExportRefused(
            f"{len(found)} of the bundle's {what} hashes begin so: give at least "
            f"{LEAST_DIGITS} digits of one, as the lists print them"
        )
    return found[0]


def _said_of(ledger: Ledger, query: Statement, *members: str) -> Iterator[str]:
    """What these members decided of a query; a silent hit elsewhere is not theirs."""
    for one in ledger.answering(query.hash, Kind.APPROVAL):
        if one.statement.issuer in members:
            yield one.statement.hash


def _below(ledger: Ledger, names: set[str]) -> set[str]:
    """The names, and those of all statements that answer or concern them in turn."""
    found, fresh = set(names), set(names)
    while fresh:
        fresh = {
            name
            for name, event in ledger.events.items()
            if name not in found and not fresh.isdisjoint(_concerns(event.statement))
        }
        found |= fresh
    return found


def _concerns(said: Statement) -> Iterator[str]:
    yield said.answers
    for field in ("query", "disclosure", "subject"):
        yield str(said.body.get(field, ""))


def _exhibits(
    ledger: Ledger, what: str, subject: str, names: Iterable[str]
) -> Exhibits:
    events = sorted((ledger.events[name] for name in names), key=_by_time)
    rests: dict[str, None] = {}
    for event in events:
        said = event.statement
        if said.kind is Kind.DISCLOSURE:
            named = (said["directory"], said["floor"], said["policy"])
            rests |= dict.fromkeys((*named, *said["staff"].values()))
    board = ledger.law.book.by_hash
    documents = tuple(board[name] for name in rests if name in board)
    return Exhibits(what, subject, tuple(events), documents)


_ORDER = (
    Kind.CASE,
    Kind.QUERY,
    Kind.ANSWER,
    Kind.REQUEST,
    Kind.APPROVAL,
    Kind.REFUSAL,
    Kind.DISCLOSURE,
    Kind.VOID,
    Kind.RECEIPT,
)


def _by_time(event: Event) -> tuple[int, float, str]:
    """By the second; within one, as one rests on the other."""
    said = event.statement
    place: float = _ORDER.index(said.kind) if said.kind in _ORDER else len(_ORDER)
    if said.kind is Kind.APPROVAL and said["subject"] == "query":
        place = _ORDER.index(Kind.QUERY) + 0.5
    return said.issued, place, said.hash
