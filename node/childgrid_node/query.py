"""The verb *query*: a suspect named at our desk becomes a sealed, signed question.

The description stays here. What leaves is an encoding sealed to each target alone,
and a `query` statement that names purpose, sections, a commitment to the case, the
targets and the hashes of the sealed contents; never a name. A supervising officer
must approve before anything is sent.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from childgrid_node import cases, declared, normalise, onward
from childgrid_node.holdings import Holdings
from childgrid_node.journal import Writing, standing, verified
from childgrid_node.office import Office
from childgrid_node.source_errors import FieldError
from childgrid_wire import canonical, envelope, probation, rules, seal, statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement

HOUR = 3_600
_DRAFT_SECONDS = HOUR
MOST_DRAFTS = 100
"""Of one officer's drafts so many wait at a time; the oldest make room."""


@dataclass(frozen=True)
class Question:
    """What an officer asks; `suspect` maps grid fields to what is known.

    A rehearsal is answered from invented people alone (`rehearsal`).
    """

    officer: str
    suspect: Mapping[str, Sequence[str]]
    purpose: str
    sections: Sequence[str]
    case_reference: str
    targets: Sequence[str]
    hours: int
    rehearsal: bool = False


def draft(
    office: Office,
    holdings: Holdings,
    register: Path,
    question: Question,
    *,
    partial: bool = False,
) -> bytes:
    """Write the query to be signed; returns its exact payload.

    With `partial`, providers who have been away so long that nothing can be sealed to
    them are left out where all were meant; `not_asked` names them ever after.

    Raises:
        Refused: an empty or too common description, no such case, unknown targets.
        Malformed: a field that the grid doesn't know, or a section's form.
        Untrusted: no such officer, or a target without a sealing key.
    """
    officer = office.view.officer(office.member, question.officer)
    encoding = _encode(holdings, question.suspect)
    content = holdings.pack(encoding)
    marked = not question.rehearsal and declared.concerns(office, holdings, encoding)
    name = secrets.token_hex(16)
    sealed = {
        target: _seal(office, holdings, target, name, content)
        for target in _targets(office, question, partial=partial)
    }
    attestation = cases.attest(
        office, register, question.case_reference, question.officer
    )
    payload = _write(office, holdings, question, name, attestation, sealed)
    contents = {target: ciphertext for target, (_, ciphertext) in sealed.items()}
    secret = _secret(question, marked=marked)
    keep_draft(office, officer.id, Kind.QUERY, payload, secret, contents)
    return payload


def _write(
    office: Office,
    holdings: Holdings,
    question: Question,
    name: str,
    attestation: Statement,
    sealed: Mapping[str, tuple[str, bytes]],
) -> bytes:
    return statement.draft(
        Kind.QUERY,
        issuer=office.member,
        officer=question.officer,
        now=office.now,
        seconds=question.hours * HOUR,
        id=name,
        purpose=question.purpose,
        sections=list(question.sections),
        case=attestation["case"],
        attestation=attestation.hash,
        targets={
            target: {"ciphertext": seal.digest(ciphertext), "sealing_key": key}
            for target, (key, ciphertext) in sealed.items()
        },
        scheme=office.view.directory["scheme"],
        epoch=holdings.epoch,
        rehearsal=question.rehearsal,
    )


def _secret(question: Question, *, marked: bool) -> bytes:
    """What only this agency may read again beside its query, and nobody the mark."""
    return canonical.dumps(
        {
            "suspect": {key: list(value) for key, value in question.suspect.items()},
            "case_reference": question.case_reference,
            "marked": marked,
        }
    )


def _encode(
    holdings: Holdings, suspect: Mapping[str, Sequence[str]]
) -> NDArray[np.uint64]:
    try:
        person = normalise.from_fields({k: list(v) for k, v in suspect.items()})
    except FieldError as error:
        raise Malformed(f"suspect: {error}") from error
    if person.is_empty():
        raise Refused(Reason.EMPTY, "suspect")
    if person.too_common():
        raise Refused(Reason.TOO_COMMON, "suspect")
    return holdings.encode(normalise.tokens_of(person))


def _targets(office: Office, question: Question, *, partial: bool) -> list[str]:
    """The providers that are asked: those named, or all but ourselves.

    Nobody on probation is asked, and asks, but in a rehearsal.
    """
    asked, providers = question.targets, _providers(office)
    if not question.rehearsal:
        probation.check(office.view, office.member, asked)
        waiting = probation.members(office.view)
        providers = [one for one in providers if one not in waiting]
    unknown = sorted(set(asked) - set(providers))
    if unknown or not providers:
        raise Refused(Reason.TARGET, "targets")
    if asked:
        return sorted(set(asked))
    there = [one for one in providers if not partial or _has_key(office, one)]
    return there or providers


def _providers(office: Office) -> list[str]:
    return [
        entry["id"]
        for entry in office.view.members("agency")
        if "provider" in entry["uses"] and entry["id"] != office.member
    ]


def not_asked(office: Office, query: Statement) -> list[str]:
    """Providers of today that `query` did not go to: silence of theirs says nothing."""
    return sorted(set(_providers(office)) - set(query["targets"]))


def _has_key(office: Office, member: str) -> bool:
    try:
        office.shelf.book.sealing_key(member, office.now)
    except Untrusted:
        return False
    return True


def _seal(
    office: Office, holdings: Holdings, target: str, name: str, content: bytes
) -> tuple[str, bytes]:
    key = office.shelf.book.sealing_key(target, office.now)
    binding = Binding("query", name, office.member, target, holdings.epoch)
    public = canonical.from_b64(key["key"])
    return key.hash, seal.seal(content, public, binding)


def keep_draft(
    office: Office,
    officer: str,
    kind: Kind,
    payload: bytes,
    secret: bytes = b"",
    contents: Mapping[str, bytes] = MappingProxyType({}),
) -> str:
    """Keep a draft until its officer signs it; returns the statement's hash to be.

    `contents` maps members to what was sealed for them; kept with it or not at all.
    """
    name = envelope.name_of(kind, payload)
    with office.journal.writing() as writing:
        _drop_old_drafts(writing, office)
        _make_room(writing, officer)
        writing.run(
            "INSERT INTO draft VALUES (?, ?, ?, ?, ?)",
            (
                name,
                officer,
                office.now,
                payload,
                office.journal.vault.close(secret),
            ),
        )
        for member, ciphertext in contents.items():
            writing.run(
                "INSERT INTO content VALUES (?, ?, ?)", (name, member, ciphertext)
            )
    return name


def drop_old_drafts(office: Office) -> None:
    """Forget drafts that nobody signed within their hour, and what was sealed."""
    with office.journal.writing() as writing:
        _drop_old_drafts(writing, office)


def _drop_old_drafts(writing: Writing, office: Office) -> None:
    """Forget what was never signed, with what it knew and what was sealed for it."""
    dead = "SELECT payload_hash FROM draft WHERE made < ?"
    _drop(writing, dead, office.now - _DRAFT_SECONDS)


def _make_room(writing: Writing, officer: str) -> None:
    """Let an officer's oldest drafts go, so that nobody fills the disk with drafts."""
    crowded = (
        "SELECT payload_hash FROM draft WHERE officer = ?"
        " ORDER BY rowid DESC LIMIT -1 OFFSET ?"
    )
    _drop(writing, crowded, officer, MOST_DRAFTS - 1)


def _drop(writing: Writing, chosen: str, *values: int | str) -> None:
    for (name,) in writing.rows(chosen, values):
        writing.run("DELETE FROM content WHERE hash = ?", (name,))
        writing.run("DELETE FROM draft WHERE payload_hash = ?", (name,))


def take_draft(writing: Writing, office: Office, said: Statement) -> bytes:
    """Find the draft that `said` signs and drop it; returns its secret.

    Raises:
        Refused: these bytes were never drafted here for this officer, or more than
            an hour ago.
    """
    rows = writing.rows(
        "SELECT officer, made, secret FROM draft WHERE payload_hash = ?", (said.hash,)
    )
    if not rows or rows[0][0] != said.officer:
        raise Refused(Reason.UNKNOWN, "draft")
    if rows[0][1] < office.now - _DRAFT_SECONDS:
        raise Refused(Reason.EXPIRED, "draft")
    writing.run("DELETE FROM draft WHERE payload_hash = ?", (said.hash,))
    return office.journal.vault.open(rows[0][2])


def sign(office: Office, query: Statement) -> None:
    """Take in an officer's signed query; it waits for its approvals.

    Raises:
        Refused, Untrusted: nothing was kept.
    """
    office.own(query)
    statement.check_time(query, office.now)
    with office.journal.writing() as writing:
        secret = canonical.loads(take_draft(writing, office, query))
        marked = secret.pop("marked", False)
        attestation = office.journal.get(query["attestation"], Kind.CASE)
        _check_ready(office, query, attestation)
        kept = canonical.dumps(secret)
        office.journal.keep_secret(writing, f"suspect:{query.hash}", kept)
        writing.say(query)
        if marked:
            declared.mark(writing, office, query)


def _check_ready(office: Office, query: Statement, attestation: Statement) -> None:
    """Everything but the approvals must hold before an approver sees it."""
    try:
        rules.check_query(office.view, query, attestation, [])
    except Refused as refusal:
        if refusal.reason is not Reason.NOT_APPROVED:
            raise


def category_of(office: Office, request: Statement) -> str:
    """The data category that a request is about, from the answer that it names."""
    answer = office.journal.get(request["answer"], Kind.ANSWER)
    for one in answer["candidates"]:
        if one["handle"] == request["handle"]:
            return str(one["category"])
    raise Refused(Reason.UNKNOWN, "candidate")


def advance(office: Office, name: str) -> bool:
    """Send the query `name` once its approvals suffice; returns whether it goes out.

    Raises:
        Refused, Untrusted: it may no longer go out, whoever approves.
    """
    query = office.journal.get(name, Kind.QUERY)
    if query.issuer != office.member or office.journal.answers(name, Kind.REFUSAL):
        return False
    view = office.view
    attestation = office.journal.get(query["attestation"], Kind.CASE)
    approvals = standing(view, office.journal.answers(name, Kind.APPROVAL))
    try:
        rules.check_query(view, verified(view, query), attestation, approvals)
    except Refused as refusal:
        if refusal.reason is Reason.NOT_APPROVED:
            return False
        raise
    onward.check_case(office, query)
    with office.journal.writing() as writing:
        # A colleague's refusal may have come first: it takes the same lock.
        if office.journal.answers(name, Kind.REFUSAL):
            return False
        writing.send(query)
    return True
