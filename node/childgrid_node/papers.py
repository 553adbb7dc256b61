"""The agency's own files while its node runs: staff list and policy.

What an administrator saves in `staff.toml` or `policy.toml` is signed and published
within seconds, without a restart: a new officer's passkey counts, one who left is out.
A file is taken up once it has lain still for one look, so that none is read half
written. The rule: a faulty file changes nothing; the fault is logged once, and what
stood before stands until the file is right.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from childgrid_node import agency
from childgrid_node.office import Office
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.statement import Statement

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
_RENEWAL_SECONDS = 86_400
Mark = tuple[int, int, int] | None
"""Of a file: when it was changed, its size and its number; None where there is none."""


class Papers:
    """Watches two files of one office; `look` is called again and again."""

    def __init__(self, office: Office, staff: Path, policy: Path) -> None:
        self._office, self._staff, self._policy = office, staff, policy
        self._seen = self._taken = self._marks()
        self._renewed = office.now

    def look(self) -> list[Statement]:
        """Publish what has changed; returns the documents that are new."""
        marks, before = self._marks(), self._seen
        self._seen = marks
        if marks != before or not (marks != self._taken or self._is_due()):
            return []
        made = self._publish()
        self._taken, self._renewed = marks, self._office.now
        return made

    def _is_due(self) -> bool:
        """Once a day, so that a list is made anew before it runs out."""
        return self._office.now - self._renewed >= _RENEWAL_SECONDS

    def _publish(self) -> list[Statement]:
        try:
            made = agency.publish(self._office, self._staff, self._policy)
        except ConfigurationRefused as error:
            log.error("stays as it was", work="papers", fault=error.detail)
            return []
        for one in made:
            log.info("put in force", kind=one.kind.value, version=one["version"])
        return made

    def _marks(self) -> tuple[Mark, Mark]:
        return _mark(self._staff), _mark(self._policy)


def _mark(path: Path) -> Mark:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
