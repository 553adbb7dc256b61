"""A holder's own policy and staff list, which it knew before everybody else.

When a document hung no log tells but by its hour, so that a release of that hour under
the one before is open: its holder may not have heard. Of its own it had. The rule: what
a coordinator's log has in front of a release, signed by its holder and long enough
before by both dates, was in force for it; it judges every release again on its way out.
"""

from __future__ import annotations

from collections.abc import Iterator

from childgrid_audit.documents import LAG_SECONDS
from childgrid_audit.events import Event, Ledger
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind


def check_own(ledger: Ledger, disclosure: Event) -> None:
    """Insist that a release names no list that its holder had replaced before.

    Raises:
        Refused: it does; says which.
    """
    said = disclosure.statement
    named = {
        Kind.POLICY: ("policy", said["policy"]),
        Kind.STAFF: (f"staff of {said.issuer}", said["staff"].get(said.issuer)),
    }
    for kind, (what, name) in named.items():
        old = ledger.law.book.by_hash.get(name)
        for event in _before(ledger, disclosure, kind):
            if old and old["version"] < event.statement["version"]:
                raise Refused(Reason.OLD_VERSION, f"disclosure.{what}")


def _before(ledger: Ledger, disclosure: Event, kind: Kind) -> Iterator[Event]:
    """The holder's documents that a coordinator had before the release."""
    said, places = disclosure.statement, disclosure.places
    for event in ledger.of(kind):
        document = event.statement
        if document.issuer == said.issuer and (
            document.issued <= said.issued - LAG_SECONDS
        ):
            hubs = event.places.keys() & places.keys() & ledger.law.coordinators
            if any(event.places[hub].order < places[hub].order for hub in hubs):
                yield event
