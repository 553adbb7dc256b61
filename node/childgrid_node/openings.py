"""What auditors open of this agency's: only on two people's word, and never unlogged.

An `opening` and the second auditor's agreement come by mail; both are verified and
logged. Once both stand, this node takes what it keeps beside the named statement,
seals it to each of the two, signs an `opened`, and hands it over as a record is handed
over (`disclose`): no sooner than a quorum of witnesses has cosigned the leaf and is
level with our documents, both auditors' stations among them. What is not here, or was
shredded, is refused. Supervising officers and custodians see what was opened.

The rule: one word opens nothing, and what can't be logged is not opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any

from childgrid_log.gather import Cosigned, Gatherer, check_fresh
from childgrid_node import prose
from childgrid_node.journal import Writing, standing, verified
from childgrid_node.office import Office
from childgrid_wire import canonical, openings, seal
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.findings import ANSWERERS
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer, View

_YEARS_10 = 10 * 366 * 86_400
_SHOWN = 90 * 86_400
_BESIDE = "opened"
_SECRETS = {Kind.QUERY: "suspect", Kind.DISCLOSURE: "record"}


def hear(office: Office, opening: Statement) -> None:
    """Take in an auditor's wish about something of this agency's; nothing opens yet.

    One that came late, since we were away, is taken in too and declined as expired:
    else auditors would find that we had left it out.

    Raises:
        Refused, Untrusted: another party's, or no auditor's; nothing was kept.
    """
    if opening["party"] != office.member:
        raise Refused(Reason.TARGET, "opening.party")
    view = replace(office.view, now=min(office.now, opening.issued))
    openings.check_opening(view, opening)
    with office.journal.writing() as writing:
        writing.say(opening)


def hear_agreement(office: Office, agreement: Statement) -> str:
    """Take in the second auditor's word; returns the opening that it moves on.

    Raises:
        Refused, Untrusted: it does not count, or somebody has agreed before.
    """
    opening = office.journal.get(agreement.answers, Kind.OPENING)
    openings.check_agreement(office.view, opening, agreement)
    with office.journal.writing() as writing:
        others = {one.hash for one in _agreements(office, opening)}
        if others - {agreement.hash}:
            raise Refused(Reason.DECIDED, "approval")
        writing.say(agreement)
    return opening.hash


def _agreements(office: Office, opening: Statement) -> list[Statement]:
    """The second words on an opening whose signers still stand."""
    said = office.journal.answers(opening.hash, Kind.APPROVAL)
    return standing(office.view, said)


def advance_all(
    office: Office, gatherer: Gatherer, report: Callable[[WireError], None]
) -> None:
    """Move on whatever can be; one that can't doesn't hold up the others."""
    for opening in _unfinished(office):
        try:
            advance(office, gatherer, opening.hash)
        except WireError as error:
            report(error)
    forget(office)


def _unfinished(office: Office) -> list[Statement]:
    """Openings that are neither handed over nor declined; also those that ran out."""
    return [
        one
        for one in office.journal.unanswered(Kind.OPENING, Kind.REFUSAL)
        if state(office, one.hash) in ("", "sealed")
        and not office.journal.is_past(one.hash)
    ]


def advance(office: Office, gatherer: Gatherer, name: str) -> str:
    """Do what can be done now for the opening `name`; returns its state.

    `waiting` for the second auditor, `sealed` (logged, not yet handed over),
    `released`, or `refused`. Safe to repeat at any time.

    Raises:
        Refused: witnesses are missing or we are not level with them; try later.
    """
    opening = office.journal.get(name, Kind.OPENING)
    if office.journal.answers(name, Kind.REFUSAL):
        return "refused"
    before = state(office, name)
    if before == "released":
        return before
    if opening.expires <= office.now:
        return _decline(office, opening, Reason.EXPIRED)
    try:
        agreement = _agreed(office, opening)
        content = _content(office, opening)
        ciphertext = b"" if before else _sealed(opening, agreement, content)
    except (Malformed, Refused, Untrusted) as error:
        # What others wrote badly is declined at once: it holds up nothing else.
        waits = error.reason is Reason.NOT_APPROVED and not before
        return "waiting" if waits else _decline(office, opening, error.reason)
    if not before:
        _store(office, opening, agreement, ciphertext)
    return _hand_over(office, gatherer, opening)


def _agreed(office: Office, opening: Statement) -> Statement:
    """The second auditor's word, if both words stand now.

    Raises:
        Refused, Untrusted: nothing may be opened; `not-approved` where it may yet be.
    """
    view = office.view
    first = verified(view, opening)
    openings.check_opening(view, first)
    for agreement in _agreements(office, opening):
        with suppress(Refused, Untrusted):
            openings.check_pair(view, first, agreement)
            return agreement
    raise Refused(Reason.NOT_APPROVED, "opening")


def _content(office: Office, opening: Statement) -> bytes:
    """What this node keeps beside the statement, canonical JSON.

    Raises:
        Refused: it is not kept here, or not any more.
        Malformed, Untrusted: whoever wrote it wrote nothing that can be read.
    """
    subject = office.journal.find(opening["subject"])
    if subject is None or openings.keeper(subject) != office.member:
        raise Refused(Reason.UNKNOWN, "opening.subject")
    return canonical.dumps(
        {"kind": subject.kind.value, "of": subject.hash, "kept": _kept(office, subject)}
    )


def _kept(office: Office, subject: Statement) -> dict[str, Any]:
    if subject.kind is Kind.REQUEST:
        rows = office.journal.rows(
            "SELECT ciphertext FROM content WHERE hash = ? AND member = ?",
            (subject.hash, "justification"),
        )
        if not rows:
            raise Refused(Reason.UNKNOWN, "opening.subject")
        return {"justification": prose.justification(office, subject, rows[0][0])}
    name = subject.body.get("request", subject.hash)
    kept = office.journal.secret(f"{_SECRETS[subject.kind]}:{name}")
    if kept is None:
        raise Refused(Reason.UNKNOWN, "opening.subject")
    return dict(canonical.loads(kept))


def _sealed(opening: Statement, agreement: Statement, content: bytes) -> bytes:
    """Two halves, the asker's and the second's.

    Raises:
        Untrusted: nothing can be sealed to a key that one of them named.
        Refused: more than can be carried.
    """
    ciphertext = b"".join(
        seal.seal(
            content,
            canonical.from_b64(said["recipient_key"]),
            openings.binding(opening, said),
        )
        for said in (opening, agreement)
    )
    if len(ciphertext) > openings.MOST_BYTES:
        raise Refused(Reason.TOO_LARGE, "opened")
    return ciphertext


def _store(
    office: Office, opening: Statement, agreement: Statement, ciphertext: bytes
) -> None:
    """Log, and keep what is to be handed over, all or nothing."""
    opened = _opened(office, office.view, opening, agreement, ciphertext)
    with office.journal.writing() as writing:
        sql = "SELECT 1 FROM said WHERE answers = ? AND kind = ?"
        if writing.rows(sql, (opening.hash, Kind.OPENED.value)):
            return
        writing.say(opened)
        writing.run(
            "INSERT INTO content VALUES (?, ?, ?)", (opened.hash, _BESIDE, ciphertext)
        )


def _opened(
    office: Office,
    view: View,
    opening: Statement,
    agreement: Statement,
    ciphertext: bytes,
) -> Statement:
    stations = {opening.issuer, agreement.issuer}
    return office.speak(
        Kind.OPENED,
        seconds=_YEARS_10,
        answers=opening.hash,
        opening=opening.hash,
        agreement=agreement.hash,
        subject=opening["subject"],
        ciphertext=seal.digest(ciphertext),
        directory=view.directory.hash,
        staff={member: view.staff[member].hash for member in stations},
    )


def _hand_over(office: Office, gatherer: Gatherer, opening: Statement) -> str:
    """Gather witnesses, judge again, and let the coordinator carry it."""
    (opened,) = office.journal.answers(opening.hash, Kind.OPENED)
    nonce = secrets.token_hex(16)
    cosigned = gatherer.cosigned(_leaf(office, opened.hash), nonce)
    check_fresh(
        cosigned.freshness,
        office.shelf.book.standing(),
        office.now,
        nonce=nonce,
        quorum=cosigned.quorum,
    )
    _check_stations(office, opened, cosigned)
    try:
        agreement = _agreed(office, opening)
        openings.check_opened(office.view, opening, agreement, opened)
        _content(office, opening)
    except (Malformed, Refused, Untrusted) as error:
        return _decline(office, opening, error.reason)
    with office.journal.writing() as writing:
        writing.send(opened)
    return "released"


def _check_stations(office: Office, opened: Statement, cosigned: Cosigned) -> None:
    """Insist that the auditors' own stations are among those we are level with.

    Whoever carries the witnesses' replies may leave out as many as a quorum can
    spare; a station's revocation of its own people is sure to be known to itself.
    """
    witnesses = {one["id"] for one in office.view.witnesses(office.member)}
    level = {one.issuer for one in cosigned.freshness}
    if opened["staff"].keys() & witnesses - level:
        raise Refused(Reason.STALE, "the auditors' documents")


def _decline(office: Office, opening: Statement, reason: Reason) -> str:
    """Say that it is not opened; whatever was sealed for it goes."""
    said = office.speak(
        Kind.REFUSAL,
        seconds=_YEARS_10,
        answers=opening.hash,
        subject=openings.SLOT,
        reason=reason.value,
    )
    with office.journal.writing() as writing:
        writing.say(said)
        writing.send(said)
        for opened in office.journal.answers(opening.hash, Kind.OPENED):
            _wipe(writing, opened)
    return "refused"


def _wipe(writing: Writing, opened: Statement) -> None:
    writing.run(
        "DELETE FROM content WHERE hash = ? AND member = ?", (opened.hash, _BESIDE)
    )


def state(office: Office, name: str) -> str:
    """`sealed` and not handed over, `released`, or nothing yet, for an opening."""
    found = office.journal.answers(name, Kind.OPENED)
    if not found:
        return ""
    sent = "SELECT 1 FROM outbox WHERE hash = ?"
    return "released" if office.journal.rows(sent, (found[0].hash,)) else "sealed"


def _leaf(office: Office, name: str) -> int:
    rows = office.journal.rows("SELECT leaf FROM said WHERE hash = ?", (name,))
    return int(rows[0][0])


def parcel(office: Office, opened: str) -> bytes:
    """The ciphertext that goes with an `opened`: two halves, asker's and second's.

    Empty where it is gone by now: the coordinator refuses that.
    """
    rows = office.journal.rows(
        "SELECT ciphertext FROM content WHERE hash = ? AND member = ?",
        (opened, _BESIDE),
    )
    return bytes(rows[0][0]) if rows else b""


def drop(writing: Writing, office: Office, subjects: Collection[str]) -> None:
    """Delete what was sealed of statements that are being shredded."""
    for opened in office.journal.all(Kind.OPENED):
        if opened["subject"] in subjects:
            _wipe(writing, opened)


def forget(office: Office) -> int:
    """Delete what was sealed for openings long handed over; returns how many."""
    due = office.now - openings.SHOWN_SECONDS
    old = [
        one
        for one in office.journal.all(Kind.OPENED)
        if one.issued <= due and parcel(office, one.hash)
    ]
    for opened in old:
        with office.journal.writing() as writing:
            _wipe(writing, opened)
    return len(old)


def told(office: Office, officer: Officer) -> list[dict[str, Any]]:
    """What auditors have opened here in 90 days, newest first; for the inbox.

    Each has the hash of the statement (`subject`), who asked (`by`) and agreed
    (`second`), the `ground`, and when (`issued`, Unix seconds).
    """
    if officer.role not in ANSWERERS:
        return []
    every = office.journal.all(Kind.OPENED)
    return [
        _shown(office, one)
        for one in reversed(every)
        if one.issued > office.now - _SHOWN
        and state(office, one["opening"]) == "released"
    ]


def _shown(office: Office, opened: Statement) -> dict[str, Any]:
    opening = office.journal.get(opened["opening"], Kind.OPENING)
    agreement = office.journal.get(opened["agreement"], Kind.APPROVAL)
    return {
        "hash": opened.hash,
        "kind": opened.kind.value,
        "subject": opened["subject"],
        "by": opening.person,
        "second": agreement.person,
        "ground": opening["ground"],
        "issued": opened.issued,
    }
