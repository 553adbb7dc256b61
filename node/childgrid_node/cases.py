"""The agency's own cases: it attests that one exists and who investigates it.

The register of cases is a CSV file of the agency (`reference, basis, officer,
capacity, sections`), read at each attestation. Three more columns may stand there:
`prosecutor` (ids of those who read its packs), `closed` (anything, such as a date) and
`date` (the day of the FIR or order, as YYYY-MM-DD). One line marked closed closes the
case, whosever line it is. A slip in one line stops that line's officer and nobody else;
`faults` names it. A reference is guessable, so only a commitment leaves:
SHA-256 over a salt that is derived from the node's own key and never sent.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import hmac
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from childgrid_node.office import Office
from childgrid_node.vault import derive
from childgrid_wire import canonical
from childgrid_wire.errors import ConfigurationRefused, Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import SCHEMAS
from childgrid_wire.statement import Statement

COLUMNS = ("reference", "basis", "officer", "capacity", "sections")
_LIFE_SECONDS = 7 * 86_400
_DENIALS = ("no", "n", "false", "0", "-", "open", "nil", "na", "n.a.", "null", "नहीं")
_ANY = "0" * 64
"""In the place of a commitment, where only the rest is looked at."""


@dataclass(frozen=True)
class Case:
    """One line of the register: an FIR or an order, and one officer's part in it."""

    reference: str
    basis: str
    officer: str
    capacity: str
    sections: tuple[str, ...]
    prosecutors: tuple[str, ...] = ()
    closed: str = ""
    date: str = ""
    """ISO 8601, or empty."""

    line: int = field(default=0, compare=False)
    """Where it stands in the file, counted from 1."""


def read(path: Path) -> list[Case]:
    """Read the register of cases.

    Raises:
        ConfigurationRefused: missing, or a column is missing, or a date is none; names
            the place.
    """
    return [one for lines in by_reference(path).values() for one in lines]


def of_query(office: Office, path: Path, query: str) -> Sequence[Case]:
    """The lines of the case for which an own query (hash) was asked; raises as `read`.

    None once they were struck out, or once the query is shredded here.
    """
    secret = office.journal.secret(f"suspect:{query}")
    reference = canonical.loads(secret).get("case_reference") if secret else ""
    return by_reference(path).get(str(reference), ()) if reference else ()


def _case(row: dict[str, str], name: str, line: int) -> Case:
    reference, basis, officer, capacity = (
        (row[name] or "").strip() for name in COLUMNS[:-1]
    )
    sections, prosecutors = (
        tuple((row.get(name) or "").split()) for name in ("sections", "prosecutor")
    )
    closed = (row.get("closed") or "").strip()
    date = _date((row.get("date") or "").strip(), f"{name}, line {line}")
    return Case(
        reference, basis, officer, capacity, sections, prosecutors, closed, date, line
    )


def _date(text: str, place: str) -> str:
    try:
        return text and dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        told = f"{place}: the date is none; write it as 2026-05-29"
        raise ConfigurationRefused(told) from error


def by_reference(path: Path) -> Mapping[str, Sequence[Case]]:
    """The lines of each case; raises as `read`.

    The file is read each time, and taken apart anew only where it says something else.
    """
    try:
        return _lines(path.name, path.read_bytes())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationRefused(f"cannot read {path.name}") from error


@lru_cache(maxsize=2)
def _lines(name: str, data: bytes) -> Mapping[str, Sequence[Case]]:
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    missing = set(COLUMNS) - set(rows.fieldnames or ())
    if missing:
        raise ConfigurationRefused(f"{name} lacks {sorted(missing)[0]}")
    found: dict[str, list[Case]] = {}
    for row in rows:
        one = _case(row, name, rows.line_num)
        found.setdefault(one.reference, []).append(one)
    return found


def faults(path: Path) -> list[str]:
    """What is wrong in single lines, to be mended by whoever keeps the register.

    An open case that can't be attested as it stands, and a case that is closed by a
    word that denies it. Names line and column, never what stands there. Raises as
    `read`.
    """
    told = ((one, _fault(one)) for one in read(path))
    return [f"{path.name}, line {one.line}: {fault}" for one, fault in told if fault]


def _fault(case: Case) -> str:
    if case.closed.casefold() in _DENIALS:
        return "closed holds a word that denies it; leave it empty in an open case"
    try:
        if not case.closed:
            SCHEMAS[Kind.CASE]({"case": _ANY, **_told(case)}, "case")
    except Malformed as error:
        return error.detail.removeprefix("case.")
    return ""


def is_open(lines: Iterable[Case]) -> bool:
    """Whether the case of these lines is: it has some, and none says closed."""
    marks = [one.closed for one in lines]
    return bool(marks) and not any(marks)


def day(lines: Iterable[Case]) -> str:
    """The day of the case of these lines, in ISO 8601: the earliest; empty for none."""
    return min((one.date for one in lines if one.date), default="")


def commitment(office: Office, reference: str) -> str:
    """Hex commitment to a case reference; the same for the same case."""
    key = derive(office.identity.key, b"case salt")
    salt = hmac.new(key, reference.encode(), hashlib.sha256).digest()
    committed = b"childgrid/v1 case\x00" + salt + reference.encode()
    return hashlib.sha256(committed).hexdigest()


def attest(office: Office, path: Path, reference: str, officer: str) -> Statement:
    """State that the case exists and that `officer` investigates it.

    An attestation that still holds is said again rather than made anew.

    Raises:
        Refused: no such case, a closed one, or not this officer's.
    """
    lines = by_reference(path).get(reference, [])
    for case in lines if is_open(lines) else ():
        if case.officer == officer:
            return _attestation(office, case)
    raise Refused(Reason.CASE, "the register of cases")


def _attestation(office: Office, case: Case) -> Statement:
    body = {"case": commitment(office, case.reference), **_told(case)}
    said = _attested(office, body["case"], case.officer)
    same = said and all(said.body.get(name) == value for name, value in body.items())
    if said and same and _lasts(said, office.now):
        return said
    made = office.speak(Kind.CASE, seconds=2 * _LIFE_SECONDS, **body)
    with office.journal.writing() as writing:
        writing.say(made)
        writing.run(
            "INSERT OR REPLACE INTO attested VALUES (?, ?, ?)",
            (body["case"], case.officer, made.hash),
        )
    return made


def _told(case: Case) -> dict[str, Any]:
    return {
        "basis": case.basis,
        "asker": case.officer,
        "capacity": case.capacity,
        "sections": list(case.sections),
    }


def _attested(office: Office, case: str, asker: str) -> Statement | None:
    """What was said of a case and its asker last; not what was shredded since."""
    rows = office.journal.rows(
        "SELECT hash FROM attested WHERE commitment = ? AND asker = ?", (case, asker)
    )
    return office.journal.find(rows[0][0]) if rows else None


def _lasts(said: Statement, now: int) -> bool:
    return said.expires > now + _LIFE_SECONDS
