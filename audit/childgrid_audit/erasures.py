"""The room of erasures: who still holds what another party says it has shredded.

A `shred` that names statements binds whoever else holds them, at that party's next run
and once the story is old enough there. When that is can't be seen from outside, so what
is still held is open, never certain: a note to be asked about.
"""

from __future__ import annotations

from childgrid_audit.events import Ledger
from childgrid_audit.findings import Report
from childgrid_log.retention import KEPT
from childgrid_wire.kinds import Kind

BOUND_SECONDS = 30 * 86_400
"""How long a counterparty has before it is noted."""


def check_erasures(ledger: Ledger, report: Report) -> None:
    """Note what outlived its erasure elsewhere."""
    for shred in ledger.of(Kind.SHRED):
        said = shred.statement
        if ledger.now < said.issued + BOUND_SECONDS:
            continue
        for name in said.body.get("statements", ()):
            event = ledger.events.get(name)
            if event is None or event.statement.kind in KEPT:
                continue
            for member in sorted(event.places.keys() - {said.issuer}):
                what = f"is still held; {said.issuer} has shredded it"
                where = ledger.where(event, member)
                report.add(*where, what, certain=False)
