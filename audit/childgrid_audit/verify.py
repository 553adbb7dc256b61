"""Verifying an exported directory, offline and from one fingerprint.

The rooms, in order: `documents` (who was who), `manifest` (which files), `logs` (what
each party signed), `events` (what was said), `proofs` (what was handed over), `conduct`
(was it allowed), `pairing` (do the logs agree). None stops the next one.
Nothing here reaches for a network, a state or a clock: the time is the manifest's.
"""

from __future__ import annotations

from dataclasses import dataclass

from childgrid_audit.bundle import Files
from childgrid_audit.conduct import check_conduct
from childgrid_audit.documents import read_documents
from childgrid_audit.emergencies import check_emergencies
from childgrid_audit.erasures import check_erasures
from childgrid_audit.events import Ledger, read_events
from childgrid_audit.findings import Finding, Report
from childgrid_audit.logs import Copy, read_logs
from childgrid_audit.manifest import read_manifest
from childgrid_audit.memo import Memo
from childgrid_audit.pairing import Pairing
from childgrid_audit.proofs import check_proofs


@dataclass(frozen=True)
class Verdict:
    """What came out: findings (none if all holds), open matters, and the ledger.

    `lost` is what went with a log that the founders have closed.
    """

    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    ledger: Ledger
    lost: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether there is nothing to find fault with."""
        return not self.findings


class Verifier:
    """Verifies bundles under one root fingerprint.

    It remembers which signatures held, by content, so that verifying a bundle again
    with little changed costs little.
    """

    def __init__(self, root: str) -> None:
        """`root` is the pinned fingerprint, hex SHA-256."""
        self._root = root
        self._memo = Memo()

    def verify(self, files: Files) -> Verdict:
        """Check everything; `files` maps relative paths to contents."""
        report = Report()
        law = read_documents(files, self._root, self._memo, report)
        made = read_manifest(files, law, self._memo, report)
        copies = read_logs(files, law, self._memo, report)
        now = made.issued if made else _latest(copies)
        ledger = read_events(law, copies, now, self._memo, report)
        check_proofs(files, ledger, self._memo, report)
        check_conduct(ledger, report)
        check_emergencies(ledger, report)
        check_erasures(ledger, report)
        Pairing(ledger, report).check()
        lost = tuple(sorted(report.lost))
        return Verdict(report.findings(), report.notes(), ledger, lost)


def _latest(copies: dict[str, Copy]) -> int:
    """Without a manifest, the latest time that any log is known to reach."""
    hours = [
        line.entry.bucket for copy in copies.values() for line in copy.lines.values()
    ]
    covered = [copy.covered for copy in copies.values()]
    return max((*hours, *covered), default=0) + 3_600
