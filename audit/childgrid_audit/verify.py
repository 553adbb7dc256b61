"""Verifying an exported directory, offline and from one fingerprint.

The rooms, in order: `documents` (who was who), `manifest` (which files), `logs` (what
each party signed), `events` (what was said), `rekeyed` (who got other keys), `proofs`
(what was handed over), `conduct` (was it allowed), `emergencies` (was a broken glass
told and reviewed), `erasures` (who still holds what is shredded), `pairing` (do the
logs agree). None stops the next one.
Nothing here reaches for a network, a state or a clock: the time is the manifest's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from childgrid_audit.bundle import Files
from childgrid_audit.conduct import check_conduct
from childgrid_audit.documents import read_documents
from childgrid_audit.emergencies import check_emergencies
from childgrid_audit.erasures import check_erasures
from childgrid_audit.events import Ledger, read_events
from childgrid_audit.findings import Finding, Report
from childgrid_audit.hours import hung_up
from childgrid_audit.logs import Copy, absent, read_logs
from childgrid_audit.manifest import read_manifest
from childgrid_audit.memo import Memo
from childgrid_audit.pairing import Pairing
from childgrid_audit.proofs import check_proofs
from childgrid_audit.rekeyed import check_keys
from childgrid_wire.errors import ConfigurationRefused

_FINGERPRINT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Verdict:
    """What came out: findings (none if all holds), open matters, and the ledger.

    `lost` is what went with a log that the founders have closed.
    """

    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    ledger: Ledger
    lost: tuple[Finding, ...] = ()
    exporter: str = ""

    @property
    def holds(self) -> bool:
        """Whether there is nothing to find fault with."""
        return not self.findings

    @property
    def absent(self) -> tuple[str, ...]:
        """Members of the directory in force of whom there is no log."""
        return absent(self.ledger.law, self.ledger.copies)

    @property
    def scope(self) -> str:
        """What was verified and as of when, in one line."""
        now, copies = self.ledger.now, self.ledger.copies.values()
        made = datetime.fromtimestamp(now, UTC).strftime("%FT%TZ")
        # Without an export and without a log nothing tells the time.
        known = made if self.exporter or copies else "an unknown time"
        told = [
            f"as of {known}, exported by {self.exporter or 'nobody known'}",
            f"{len(self.ledger.law.book.by_hash)} documents",
            f"{sum(one.size for one in copies)} entries of {len(copies)} logs",
            f"{len(self.findings)} findings, {len(self.notes)} matters open",
        ]
        if self.absent:
            told.append(f"no log of {', '.join(self.absent)}")
        return "; ".join(told)

    def lines(self, *, notes: bool = False) -> Iterator[str]:
        """A line for each finding, for what was lost, and for what is open."""
        yield from map(str, self.findings)
        yield from (f"lost: {one}" for one in self.lost)
        if notes:
            yield from (f"open: {one}" for one in self.notes)


class Verifier:
    """Verifies bundles under one root fingerprint.

    It remembers which signatures held, by content, so that verifying a bundle again
    with little changed costs little.
    """

    def __init__(self, root: str) -> None:
        """`root` is the pinned fingerprint, hex SHA-256.

        Raises:
            ConfigurationRefused: it is none.
        """
        if not _FINGERPRINT.fullmatch(root):
            told = "the root fingerprint is 64 hexadecimal digits in lower case"
            raise ConfigurationRefused(told)
        self._root = root
        self._memo = Memo()

    def verify(self, files: Files) -> Verdict:
        """Check everything; `files` maps relative paths to contents."""
        report = Report()
        law = read_documents(files, self._root, self._memo, report)
        law = law.as_hung(hung_up(files, law, self._memo))
        # Whoever exports has seen every document that it puts in.
        made = read_manifest(files, law.early, self._memo, report)
        copies = read_logs(files, law, self._memo, report)
        law = law.as_hung(hung_up(files, law, self._memo, copies))
        now = made.issued if made else _latest(copies)
        ledger = read_events(law, copies, now, self._memo, report)
        check_keys(ledger, report)
        check_proofs(files, ledger, self._memo, report)
        check_conduct(ledger, report)
        check_emergencies(ledger, report)
        check_erasures(ledger, report)
        Pairing(ledger, report).check()
        lost = tuple(sorted(report.lost))
        exporter = made.issuer if made else ""
        return Verdict(report.findings(), report.notes(), ledger, lost, exporter)


def _latest(copies: dict[str, Copy]) -> int:
    """Without a manifest, the latest time that any log is known to reach."""
    hours = [
        line.entry.bucket for copy in copies.values() for line in copy.lines.values()
    ]
    covered = [copy.covered for copy in copies.values()]
    return max((*hours, *covered), default=0) + 3_600
