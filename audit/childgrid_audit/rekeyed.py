"""The room of keys: who was given other keys under one id, and what went with them.

A directory may name other keys for a member that joins anew. An agency's log has one
key until the founders close it, once it has begun; a coordinator or station whose log
is gone joins anew, and what it had logged is in no log any more. The rule: no key of a
log is replaced without a word here, though nobody else notices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from childgrid_audit import bundle
from childgrid_audit.events import Ledger
from childgrid_audit.findings import Report
from childgrid_log.entry import HOUR
from childgrid_wire import closing
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import FOUNDERS, Statement

Entry = Mapping[str, Any]


def check_keys(ledger: Ledger, report: Report) -> None:
    """Name every directory that gives a member another log key without a closing."""
    numbers = {name: n for n, name in enumerate(ledger.law.book.by_hash, 1)}
    for directory, new, was_agency in _changed(ledger):
        number = numbers[directory.hash]
        where = (
            bundle.document(number),
            FOUNDERS,
            f"document {number} ({directory.kind.value})",
        )
        what = f"gives {new['id']} another log key, and its first log was not closed"
        if not was_agency:
            report.lose(*where, what)
        else:
            begun = _had_spoken(ledger, new["id"], number, directory.issued)
            report.add(*where, what, certain=begun)


def _changed(ledger: Ledger) -> Iterator[tuple[Statement, Entry, bool]]:
    """Each directory with a member's entry in it, where it had another key before.

    And whether it was ever an agency: its log is not set free by another kind.
    """
    known: dict[str, Entry] = {}
    agencies: set[str] = set()
    for directory in ledger.law.book.directories:
        for new in directory["members"]:
            old = known.get(new["id"], new)
            closed = len(closing.closed(new)) > len(closing.closed(old))
            if new["log_key"] != old["log_key"] and not closed:
                yield directory, new, new["id"] in agencies
            known[new["id"]] = new
            if new["kind"] == "agency":
                agencies.add(new["id"])


def _had_spoken(ledger: Ledger, member: str, number: int, issued: int) -> bool:
    """Whether a member had hung anything up, or another log held a word of it.

    Its enrolment is none: it comes before there is a log.
    """
    hung = list(ledger.law.book.by_hash.values())[: number - 1]
    return any(one.issuer == member for one in hung) or any(
        place.bucket + HOUR <= issued
        for event in ledger.events.values()
        if event.statement.issuer == member
        and event.statement.kind is not Kind.ENROLMENT
        for other, place in event.places.items()
        if other != member
    )
