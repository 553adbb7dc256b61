"""The first page of a court's folder: what was said, by whom, when, in which logs.

Plain words over verified statements: officers' ids, times, purposes, field names,
hashes. No name and no value of a record, since none is in a log. It judges nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from childgrid_audit.bundle import MANIFEST
from childgrid_audit.court import Docket
from childgrid_audit.disclosures import moment
from childgrid_audit.events import Event
from childgrid_audit.paper import Blanks, Block, Heading, Table, Text
from childgrid_wire import canonical, envelope
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

IST = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")

_LEAD = (
    "Every answer of a search is a lead, not an identification, and no ground for an "
    "arrest. The values that were released are in no log and not in this folder."
)
_CHECK = (
    "Offline, on any machine: `sha256sum -c SHA256SUMS`; then `childgrid-audit verify "
    "bundle --root FINGERPRINT`; then `python audit/second/verify.py bundle --root "
    "FINGERPRINT`, a program that shares no code with the first. Each ends with 0 if "
    "all holds; a line of either that begins neither with `open:` nor with `lost:` is "
    "a finding, but for one that says as of when the export is. FINGERPRINT is the "
    "grid's root fingerprint: take it from the founders' own publication, not from "
    "this page. A `.proof` is a C2SP tlog-proof of the entry beside it. The formats "
    "stand in docs/bundle.md of the program's source."
)
_OTHERS = (
    "bundle/ holds the whole logs, and so the dates, purposes, officers' ids and field "
    "names of other cases: hand it to the court's expert, not to everybody."
)


def story(docket: Docket) -> list[Block]:
    """The page."""
    exhibits = docket.exhibits
    return [
        Heading(f"Evidence from the logs: {exhibits.what} {exhibits.subject[:12]}", 1),
        Text(_LEAD, warning=True),
        Heading("Source"),
        Blanks(told(docket)),
        Heading("What was said, in order of time"),
        Table(
            ("no.", "time", "who", "what", "statement (SHA-256)", "log and entry"),
            [_row(number, one) for number, one in enumerate(exhibits.events, 1)],
        ),
        Heading("Documents under which it was judged"),
        Table(
            ("document", "of", "signed", "statement"),
            [
                (one.kind.value, one.issuer, moment(one.issued), one.hash)
                for one in exhibits.documents
            ],
        ),
        Heading("Logs that hold it"),
        Table(("log", "entries", "root (SHA-256)", "cosigned"), _logs(docket)),
        Heading("How to verify"),
        Text(_CHECK),
        Text(_OTHERS),
    ]


def told(docket: Docket) -> list[tuple[str, str]]:
    """What is known of where the records come from: label and value."""
    ledger = docket.verdict.ledger
    directory = ledger.law.book.directories[-1]
    made = canonical.loads(envelope.read(docket.files[MANIFEST]).payload)
    exhibits = docket.exhibits
    lines = [
        ("Grid", f"{directory['grid']['name']} ({directory['grid']['kind']})"),
        ("Root fingerprint under which it verified", docket.root),
        ("Logs exported and signed by the auditor", str(made["issuer"])),
        ("Exported", _both(made["issued"])),
        (f"Hash of the {exhibits.what}", exhibits.subject),
    ]
    for event in exhibits.events:
        said = event.statement
        if said.kind is Kind.DISCLOSURE:
            what = f"SHA-256 of the sealed record that {said.issuer} sent"
            lines.append((what, said["ciphertext"]))
    return lines


def _both(seconds: int) -> str:
    return f"{moment(seconds)} = {_india(seconds)}"


def _india(seconds: int) -> str:
    when = dt.datetime.fromtimestamp(seconds, IST)
    return when.strftime("%d/%m/%Y %H:%M:%S IST")


def _row(number: int, event: Event) -> tuple[str, ...]:
    said = event.statement
    words = _WORDS.get(said.kind)
    return (
        str(number),
        _both(said.issued),
        said.person.removesuffix("/"),
        words(said) if words else said.kind.value,
        said.hash,
        ", ".join(f"{at.log} {at.index}" for _, at in sorted(event.places.items())),
    )


def _logs(docket: Docket) -> list[tuple[str, ...]]:
    logs = {at.log for one in docket.exhibits.events for at in one.places.values()}
    copies = docket.verdict.ledger.copies
    return [
        (
            name,
            str(copies[name].size),
            copies[name].tree.root(copies[name].size).hex(),
            _both(copies[name].covered),
        )
        for name in sorted(logs)
    ]


def _query(said: Statement) -> str:
    targets = ", ".join(sorted(said["targets"]))
    return f"searches for {said['purpose']}, {_list(said, 'sections')}, at {targets}"


def _answer(said: Statement) -> str:
    found = ", ".join(
        f"{one['band']} candidate of {one['category']}" for one in said["candidates"]
    )
    return f"answers: {said['outcome']} {said['reason']} {found}".strip()


def _request(said: Statement) -> str:
    return f"requests {_list(said, 'fields')} from {said['holder']}"


def _approval(said: Statement) -> str:
    of = f" of {_list(said, 'fields')}" if said["fields"] else ""
    return f"approves the {said['subject']}{of} as {said['slot']}"


def _disclosure(said: Statement) -> str:
    return f"releases {_list(said, 'fields')} to {said['requester']}"


def _receipt(said: Statement) -> str:
    return "has received the record" + ("" if said["opened"] else ", could not open it")


def _list(said: Statement, field: str) -> str:
    return ", ".join(said[field])


_WORDS: dict[Kind, Callable[[Statement], str]] = {
    Kind.CASE: lambda said: f"attests the case ({said['basis']}) of {said['asker']}",
    Kind.QUERY: _query,
    Kind.ANSWER: _answer,
    Kind.REQUEST: _request,
    Kind.APPROVAL: _approval,
    Kind.REFUSAL: lambda said: f"refuses the {said['subject']}: {said['reason']}",
    Kind.DISCLOSURE: _disclosure,
    Kind.RECEIPT: _receipt,
    Kind.VOID: lambda said: f"voids the disclosure: {said['reason']}",
    Kind.VIEW: lambda said: (
        f"shows {said['reader']}: {said['object']}"
        if "reader" in said.body
        else f"has opened: {said['object']}"
    ),
}
