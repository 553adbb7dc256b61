"""The agency's own files while its node runs: staff list and policy.

What an administrator saves in `staff.toml` or `policy.toml` is signed and published
within seconds, without a restart: a new officer's passkey counts, one who left is out.
A file is taken up once it has lain still for one look, so that none is read half
written. The rule: a faulty file changes nothing; the fault is logged once, shown as a
figure for as long as it lasts, and what stood before stands until the file is right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from childgrid_node import agency, cases
from childgrid_node.config import NodeConfig
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

    def __init__(
        self, office: Office, staff: Path, policy: Path, cases: Path | None = None
    ) -> None:
        """`cases` is the register of cases where the agency asks; it is not signed."""
        self._office, self._staff, self._policy = office, staff, policy
        self._cases = cases
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

    @classmethod
    def of(cls, office: Office, config: NodeConfig) -> Papers:
        """Over the files that a node's settings name."""
        register = config.cases if "user" in config.uses else None
        return cls(office, config.staff, config.policy, register)

    def refused(self) -> dict[str, bool]:
        """Of each file, whether it can't be taken up, all of it, as it lies there."""
        looks: dict[str, Callable[[], object]] = {
            "staff": lambda: agency.staff_body(self._staff, self._office.now),
            "policy": lambda: (
                self._policy.exists() and agency.policy_body(self._policy)
            ),
            "cases": self._read_cases,
        }
        return {name: _is_refused(look) for name, look in looks.items()}

    def _read_cases(self) -> None:
        for fault in cases.faults(self._cases) if self._cases else ():
            raise ConfigurationRefused(fault)

    def _is_due(self) -> bool:
        """Once a day, so that a list is made anew before it runs out.

        And when the clock went back: what it had dated ahead is signed anew.
        """
        return not 0 <= self._office.now - self._renewed < _RENEWAL_SECONDS

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


def _is_refused(look: Callable[[], object]) -> bool:
    try:
        look()
    except ConfigurationRefused:
        return True
    return False


def _mark(path: Path) -> Mark:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
