"""Which unit an officer belonged to at a time, from the agencies' own staff lists.

Names stay at the agencies: an officer is `member/id`. Someone who stood in no list at
that time is of the unit `unknown`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

UNKNOWN = "unknown"


class Roster:
    """Units by person and time; made from verified `staff` documents."""

    def __init__(self, documents: Iterable[Statement]) -> None:
        self._since: dict[str, list[int]] = {}
        self._units: dict[str, list[str]] = {}
        lists = [one for one in documents if one.kind is Kind.STAFF]
        for staff in sorted(lists, key=lambda one: (one.issued, one["version"])):
            for entry in staff["officers"]:
                person = f"{staff.issuer}/{entry['id']}"
                self._since.setdefault(person, []).append(staff.issued)
                self._units.setdefault(person, []).append(entry["unit"])

    def unit(self, person: str, when: int) -> str:
        """`member/unit` of `person` (`member/officer`) at `when` (Unix seconds)."""
        member = person.partition("/")[0]
        at = bisect_right(self._since.get(person, []), when)
        return f"{member}/{self._units[person][at - 1] if at else UNKNOWN}"
