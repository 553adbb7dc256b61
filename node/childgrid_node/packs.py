"""Packs: what was disclosed for a case, who may read it, and until when.

A profile is read while its case stands open in the register of cases. Once the case is
closed there, or its lines are gone, nobody is shown it any more, whatever the role. A
prosecutor reads the packs of cases whose lines name them, and nothing else of a case.
The register is read each time: a line that was struck out counts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from childgrid_node import cases, docket
from childgrid_node.cases import Case
from childgrid_node.office import Office
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

_RECEIVED = """
SELECT DISTINCT query.hash FROM said AS disclosure
JOIN said AS request ON request.hash = disclosure.answers
JOIN said AS answer ON answer.hash = request.answers
JOIN said AS query ON query.hash = answer.answers
WHERE disclosure.kind = ? AND query.kind = ? AND query.issuer = ?
ORDER BY query.leaf DESC
"""


def check(office: Office, register: Path, officer: Officer, query: Statement) -> str:
    """Insist that the case of an own query is open, and that a prosecutor is its own.

    Returns the day of the case, in ISO 8601; empty where the register has none.

    Raises:
        Refused: `case-over`, or another prosecutor's case.
    """
    lines = cases.of_query(office, register, query.hash)
    if lines and officer.role == "prosecutor" and not _names(lines, officer):
        raise Refused(Reason.WRONG_ROLE, "another prosecutor's case")
    if not cases.is_open(lines):
        raise Refused(Reason.CASE_OVER, "the register of cases")
    return cases.day(lines)


def _names(lines: Sequence[Case], officer: Officer) -> bool:
    return any(officer.id in one.prosecutors for one in lines)


def page(
    office: Office, register: Path, officer: Officer, number: int
) -> dict[str, Any]:
    """Page `number` (from 0) of the packs of a prosecutor's open cases, newest first.

    Returns:
        `lines` as `docket.summary` with `case_reference` and `disclosed` (how many
        records came), and `more`: whether there is another page.

    Raises:
        Refused: others find their cases in the docket.
    """
    if officer.role != "prosecutor":
        raise Refused(Reason.WRONG_ROLE, "packs")
    own = {
        cases.commitment(office, reference): reference
        for reference, lines in cases.by_reference(register).items()
        if cases.is_open(lines) and _names(lines, officer)
    }
    found = [one for one in _received(office) if one["case"] in own]
    start = max(number, 0) * docket.LINES
    return {
        "lines": [
            _line(office, one, own[one["case"]])
            for one in found[start : start + docket.LINES]
        ],
        "page": max(number, 0),
        "more": len(found) > start + docket.LINES,
    }


def _received(office: Office) -> list[Statement]:
    """Own queries after which at least one record was disclosed to us."""
    names = office.journal.rows(
        _RECEIVED, (Kind.DISCLOSURE.value, Kind.QUERY.value, office.member)
    )
    return [office.journal.get(str(name), Kind.QUERY) for (name,) in names]


def _line(office: Office, query: Statement, reference: str) -> dict[str, Any]:
    disclosed = [
        request
        for request in docket.requests(office, query.hash)
        if office.journal.answers(request.hash, Kind.DISCLOSURE)
    ]
    return {
        **docket.summary(query),
        "case_reference": reference,
        "disclosed": len(disclosed),
    }
