"""Own staff and their relatives: encoded, kept apart, and never answered from.

A custodian declares them (`childgrid_wire.declared`). What is kept is one small
register of encodings in the vault, and no name; no query of another agency is ever
scored against it. A query of our own officers is, when it is drafted: one that fits
somebody strongly, as in a register of 100,000, gets a mark in our own log once it is
signed. Whoever asks is not told, and asks as before.

Encodings can't be carried to another key: after a rotation the custodian declares
again, and until then nobody is marked.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from childgrid_node import normalise, score
from childgrid_node.guard import Guard
from childgrid_node.holdings import Holdings
from childgrid_node.index import Block, Index, Origin
from childgrid_node.office import Office
from childgrid_node.source_errors import FieldError
from childgrid_wire import declared, statement
from childgrid_wire.errors import ConfigurationRefused, Malformed
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer

if TYPE_CHECKING:
    from childgrid_node.journal import Writing
    from childgrid_node.scan import Segment
    from childgrid_node.scheme import Scheme

AMONG = 100_000
"""As if among so many people: a few declared ones are not likelier to be sought than
others for whom an agency's officers may have cause to ask."""

_YEARS_30 = 30 * 366 * 86_400
_DAY = 86_400
_MAGIC = b"CGD1"
_SALT = 32
_HEAD = len(_MAGIC) + _SALT + 32 + 4
_SECRET, _LATEST = "review:", "declared"


@dataclass(frozen=True)
class _Crowd:
    """The declared, scored as rows of a large register."""

    scheme: Scheme
    segments: Sequence[Segment]
    living: int = AMONG


def read(path: Path) -> list[dict[str, list[str]]]:
    """Read people from a CSV file whose columns are grid fields (`name`, `relative`…).

    Raises:
        ConfigurationRefused: unreadable, a column that the grid doesn't know, too
            many lines, or a person whom too many fit; names the line, never a value.
    """
    try:
        text = path.read_text("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationRefused(f"cannot read {path.name}") from error
    if len(rows) > declared.MOST_PEOPLE:
        told = f"{path.name}: more than {declared.MOST_PEOPLE} people"
        raise ConfigurationRefused(told)
    return [_person(row, f"{path.name}, line {n}") for n, row in enumerate(rows, 2)]


def _person(row: Mapping[str | None, object], place: str) -> dict[str, list[str]]:
    if None in row or any(not isinstance(one, str) for one in row.values()):
        raise ConfigurationRefused(f"{place}: more or fewer cells than columns")
    cells = {str(name): str(cell).strip() for name, cell in row.items()}
    known = {name: [cell] for name, cell in cells.items() if cell}
    try:
        person = normalise.from_fields(known)
    except FieldError as error:
        raise ConfigurationRefused(f"{place}: {error}") from error
    if person.is_empty() or person.too_common():
        raise ConfigurationRefused(f"{place}: too many people fit; add a relative, age")
    return known


def document(
    holdings: Holdings, people: Iterable[Mapping[str, Sequence[str]]], salt: bytes
) -> bytes:
    """Encode people into what is kept: magic, salt, scheme digest, epoch, rows.

    Args:
        holdings: scheme, epoch and encoder.
        people: grid field to what is known, by person.
        salt: 32 random bytes; its hash must not be guessable.
    """
    rows = [_encoded(holdings, one) for one in people]
    head = _MAGIC + salt + holdings.scheme.digest + holdings.epoch.to_bytes(4, "big")
    return head + b"".join(row.astype("<u8").tobytes() for row in rows)


def _encoded(
    holdings: Holdings, known: Mapping[str, Sequence[str]]
) -> NDArray[np.uint64]:
    person = normalise.from_fields({name: list(some) for name, some in known.items()})
    return holdings.encode(normalise.tokens_of(person))


def digest(content: bytes) -> str:
    """Hex SHA-256 by which a declaration names its document."""
    return hashlib.sha256(content).hexdigest()


def draft(
    office: Office, officer: str, people: int, content: bytes, days: int
) -> bytes:
    """Write the declaration that a custodian is to sign; returns its payload."""
    return statement.draft(
        Kind.REVIEW,
        issuer=office.member,
        officer=officer,
        now=office.now,
        seconds=min(days, declared.MOST_DAYS) * _DAY,
        subject=declared.SUBJECT,
        pairs=people,
        agreed=0,
        result=digest(content),
    )


def take(
    office: Office, holdings: Holdings, signed: bytes, content: bytes
) -> Statement:
    """Take in a signed declaration: verify, log, keep its document in the vault.

    Raises:
        Malformed, Untrusted, Refused: not a custodian's, or of another document.
    """
    said = office.own(office.hear(signed, Kind.REVIEW))
    declared.check_declaration(office.view, said)
    if said["result"] != digest(content):
        raise Malformed("review.result")
    if len(_rows(holdings, content)) != said["pairs"]:
        raise Malformed("review.pairs")
    with office.journal.writing() as writing:
        office.journal.keep_secret(writing, _SECRET + said.hash, content)
        office.journal.keep_secret(writing, _LATEST, said.hash.encode("ascii"))
        writing.say(said)
    return said


def _rows(holdings: Holdings, content: bytes) -> NDArray[np.uint64]:
    """The encodings of a document, ``uint64[people, words]``.

    Raises:
        Malformed: made under another scheme or epoch, or no document.
    """
    head = content[:_HEAD]
    same = holdings.scheme.digest + holdings.epoch.to_bytes(4, "big")
    width = 8 * holdings.scheme.layout.words
    body = content[_HEAD:]
    if head[:4] != _MAGIC or head[-36:] != same or len(body) % width:
        raise Malformed("declared people")
    rows = np.frombuffer(body, "<u8").astype(np.uint64)
    return rows.reshape(-1, holdings.scheme.layout.words)


def latest(office: Office) -> Statement | None:
    """The latest declaration, of whatever epoch and time; None where there is none."""
    name = office.journal.secret(_LATEST)
    return office.journal.find(name.decode("ascii")) if name else None


def in_force(office: Office) -> Statement | None:
    """The latest declaration while it lasts.

    It stands whoever leaves: it gives nobody a right, and only marks.
    """
    said = latest(office)
    return said if said is not None and office.now < said.expires else None


def told(office: Office, holdings: Holdings, officer: Officer) -> dict[str, Any]:
    """How the declaration stands, for the inbox of a custodian; else empty.

    `people`, `until` (Unix seconds), and whether it `marks`: not once it has ended, or
    where the linkage key is another one by now.
    """
    said = latest(office)
    if said is None or officer.role != declared.DECLARER:
        return {}
    content = office.journal.secret(_SECRET + said.hash) or b""
    marks = office.now < said.expires and _is_current(holdings, content)
    return {"people": said["pairs"], "until": said.expires, "marks": marks}


def _is_current(holdings: Holdings, content: bytes) -> bool:
    try:
        _rows(holdings, content)
    except Malformed:
        return False
    return True


def concerns(office: Office, holdings: Holdings, encoding: NDArray[np.uint64]) -> bool:
    """Whether a query of our own fits somebody declared strongly.

    Args:
        office: where declarations are kept.
        holdings: scheme and epoch that the query is encoded under.
        encoding: what is sought, ``uint64[words]``.
    """
    said = in_force(office)
    content = office.journal.secret(_SECRET + said.hash) if said else None
    if content is None:
        return False
    try:
        rows = _rows(holdings, content)
    except Malformed:
        return False
    return len(rows) > 0 and fits(holdings.scheme, rows, encoding)


def fits(
    scheme: Scheme, rows: NDArray[np.uint64], encoding: NDArray[np.uint64]
) -> bool:
    """Whether any row fits strongly, as it would among `AMONG` others."""
    keys = [str(number) for number in range(len(rows))]
    guards = np.full(len(rows), Guard.ADULT_SUSPECT, np.uint8)
    origin = Origin(declared.SUBJECT, "identity", 0, 0)
    index = Index.of(scheme, origin, [Block(keys, rows, guards)])
    found = score.match(_Crowd(scheme, index.segments), encoding, k=1)
    return any(one.score > 0 and one.band == "strong" for one in found.candidates)


def mark(writing: Writing, office: Office, query: Statement) -> None:
    """Log that a query concerns somebody declared; in the query's own transaction."""
    said = office.speak(
        Kind.NOTICE, seconds=_YEARS_30, topic=declared.SUBJECT, subject=query.hash
    )
    writing.say(said)
