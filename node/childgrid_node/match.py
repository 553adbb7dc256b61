"""The verb *match*: this node judges a query, scores it, and says little.

Everything is checked here and nothing is believed: officer, role, approvals, case,
purpose, expiry, target, budget. The query is logged before it is opened. At most
five candidates leave, each with a handle that is random per query; no value and no
agreement of a field. Categories that the policy marks silent answer as no hit and
wait in the custodian's inbox. A repeated query gets the stored answer, byte for
byte. A rehearsal is judged and logged alike, and answered from nobody real.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from childgrid_node import budget, current, lift, reviews, sealing, sweep
from childgrid_node.explain import spoken
from childgrid_node.holdings import SHOWN, Hit, Holdings
from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_wire import canonical, rules, seal
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import rule_for
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

_SLOTS = 2 * SHOWN
_ROW_BYTES = 400
"""More than a row with its key needs; those with the longest keys take twice that."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asked:
    """A query with everything that came beside it, verified."""

    query: Statement
    attestation: Statement
    approvals: tuple[Statement, ...]
    content: bytes


def hear(
    office: Office,
    query: bytes,
    attestation: bytes,
    approvals: Sequence[bytes],
    content: bytes,
) -> Asked:
    """Verify the statements of a query; raises `WireError`, keeps nothing."""
    return Asked(
        office.hear(query, Kind.QUERY),
        office.hear(attestation, Kind.CASE),
        tuple(office.hear(one, Kind.APPROVAL) for one in approvals),
        content,
    )


def answer(office: Office, holdings: Holdings, asked: Asked) -> Statement:
    """Answer a query; returns the `answer` statement that was logged.

    Raises:
        Refused, Untrusted: it may not be answered; nothing was opened or kept,
            except that a query whose content can't be opened stays in the log.
    """
    asker = asked.query.issuer
    current.insist(office, asked.query)
    if known := stored(office, asked.query.hash):
        return known
    with office.lanes.entered(asker):
        # By the documents of now: while it waited an officer may have been revoked.
        encoding = _admit(office, holdings, office.view, asked)
        curves = reviews.curves(office, holdings)
    if asked.query["rehearsal"]:
        hits, spent_ns = holdings.rehearse(encoding)
    else:
        hits, spent_ns = holdings.search(encoding, asker)
    log.info("matched", scan_us=spent_ns // 1000)
    office.meter.scanned(spent_ns)
    with office.lanes.entered(asker):
        hits = reviews.calibrated(hits, curves, holdings.scheme.bands)
        said = _conclude(office, asked.query, encoding, hits, holdings.as_of)
    office.meter.answered(said["outcome"])
    return said


def _admit(
    office: Office, holdings: Holdings, view: View, asked: Asked
) -> NDArray[np.uint64]:
    """Judge, log, count and only then open a query; returns what is sought."""
    _check(office, holdings, view, asked)
    lifts = lift.standing(office, view, asked.query)
    with office.journal.writing() as writing:
        if _say(writing, asked):
            budget.spend(writing, view, asked.query, lifts, office.member)
    encoding = holdings.unpack(_open(office, asked))
    if not asked.query["rehearsal"]:
        sweep.check(office, holdings, asked.query, encoding)
    return encoding


def stored(office: Office, query: str) -> Statement | None:
    """The answer that this node gave to `query`; the latest where one replaced it."""
    own = [
        one
        for one in office.journal.answers(query, Kind.ANSWER)
        if one.issuer == office.member
    ]
    return own[-1] if own else None


def _check(office: Office, holdings: Holdings, view: View, asked: Asked) -> None:
    query = asked.query
    if holdings.missing or not holdings.indexes:
        raise Refused(Reason.STALE, "index")
    if holdings.damaged:
        raise Refused(Reason.STORAGE, "index")
    if holdings.partial:
        raise Refused(Reason.PARTIAL, "index")
    if query["epoch"] != holdings.epoch:
        raise Refused(Reason.EPOCH, "query.epoch")
    if query["scheme"] != holdings_scheme(office, holdings):
        raise Refused(Reason.SCHEME, "query.scheme")
    rules.check_query(
        view, query, asked.attestation, asked.approvals, target=office.member
    )
    target = query["targets"][office.member]
    if seal.digest(asked.content) != target["ciphertext"]:
        raise Refused(Reason.TARGET, "query content")


def holdings_scheme(office: Office, holdings: Holdings) -> str:
    """The hash of the `scheme` statement whose document we encode under.

    Raises:
        Refused: the directory's scheme is another document than ours.
    """
    name = str(office.view.directory["scheme"])
    document = office.shelf.book.document(name)
    if document["document"] != holdings.scheme.digest.hex():
        raise Refused(Reason.SCHEME, "scheme document")
    return name


def _say(writing: Writing, asked: Asked) -> bool:
    writing.say(asked.attestation)
    new = writing.say(asked.query)
    for approval in asked.approvals:
        writing.say(approval)
    return new


def _open(office: Office, asked: Asked) -> bytes:
    query = asked.query
    private = sealing.private(office, query["targets"][office.member]["sealing_key"])
    binding = Binding("query", query.id, query.issuer, office.member, query["epoch"])
    return seal.unseal(asked.content, private, binding)


def _conclude(
    office: Office,
    query: Statement,
    encoding: NDArray[np.uint64],
    hits: list[Hit],
    as_of: int,
) -> Statement:
    view = office.view
    loud = bool(query["rehearsal"])
    shown = [one for one in hits if loud or not _silent(office, view, one.category)]
    hidden = [one for one in hits if one not in shown]
    handles = [(secrets.token_hex(16), hit, True) for hit in shown[:SHOWN]]
    handles += [(secrets.token_hex(16), hit, False) for hit in hidden[:SHOWN]]
    aloud = [(handle, hit) for handle, hit, seen in handles if seen]
    said = _statement(office, query, aloud, as_of)
    with office.journal.writing() as writing:
        earlier = stored(office, query.hash)
        if earlier is not None:
            return earlier
        _keep_handles(writing, office, query.hash, handles)
        if not loud:
            sweep.keep(writing, office, query, encoding)
        writing.say(said)
    return said


def _statement(
    office: Office, query: Statement, shown: Sequence[tuple[str, Hit]], as_of: int
) -> Statement:
    return office.speak(
        Kind.ANSWER,
        seconds=max(query.expires - office.now, 1) + 72 * 3_600,
        answers=query.hash,
        outcome="hit" if shown else "none",
        reason="",
        candidates=[_candidate(handle, hit) for handle, hit in shown],
        as_of=as_of,
    )


def _candidate(handle: str, hit: Hit) -> dict[str, Any]:
    """A candidate as it leaves: a percentage only by the register's own review."""
    return {
        "handle": handle,
        "probability": spoken(hit.band, hit.probability, hit.calibrated),
        "band": hit.band,
        "others": hit.others,
        "calibrated": hit.calibrated,
        "category": hit.category,
        "as_of": hit.as_of,
    }


def _silent(office: Office, view: View, category: str) -> bool:
    """A category without a rule in force is silent: nobody decided it may speak.

    An error here would be raised for hits alone, and so tell them from no hit.
    """
    try:
        return rule_for(view.policy(office.member), category).silent
    except (Refused, Untrusted):
        return True


def _keep_handles(
    writing: Writing,
    office: Office,
    query: str,
    handles: Sequence[tuple[str, Hit, bool]],
) -> None:
    """Keep which row each handle stands for.

    As many rows are written for no hit as for ten, and as long ones, so that neither
    the time which an answer takes nor a backup says what was found and kept silent.
    """
    blank = bytes(_ROW_BYTES)
    rows: list[tuple[str, Hit | None, bool]] = [*handles]
    while len(rows) < _SLOTS:
        rows.append((secrets.token_hex(16), None, False))
    for place, (handle, hit, shown) in enumerate(rows):
        body = _row(hit) if hit else blank
        writing.run(
            "INSERT INTO handle VALUES (?, ?, ?, ?, ?)",
            (query, handle, place, int(shown), office.journal.vault.close(body)),
        )


def _row(hit: Hit) -> bytes:
    table = {**asdict(hit), "digest": hit.digest.hex(), "levels": list(hit.levels)}
    # Whoever reads the hex, an earlier release too, passes over blanks behind it.
    table["digest"] += " " * (-len(canonical.dumps(table)) % _ROW_BYTES)
    return canonical.dumps(table)


@dataclass(frozen=True)
class Handle:
    """A handle and the row behind it, known at this node only."""

    query: str
    handle: str
    shown: bool
    hit: Hit


def handles(office: Office, query: str) -> list[Handle]:
    """Every handle that this node gave, or kept silent, for a query."""
    rows = office.journal.rows(
        "SELECT handle, shown, sealed FROM handle WHERE query = ? ORDER BY place",
        (query,),
    )
    found = []
    for handle, shown, sealed in rows:
        body = office.journal.vault.open(sealed)
        if body.strip(b"\x00"):
            found.append(Handle(query, handle, bool(shown), _hit(body)))
    return found


def _hit(body: bytes) -> Hit:
    table = canonical.loads(body)
    table["digest"] = bytes.fromhex(table["digest"])
    table["levels"] = tuple(table["levels"])
    return Hit(**table)


def handle(office: Office, query: str, name: str) -> Handle:
    """The shown handle `name` of a query; raises `Refused` (`unknown`)."""
    for one in handles(office, query):
        if one.handle == name and one.shown:
            return one
    raise Refused(Reason.UNKNOWN, "handle")


def release_silent(writing: Writing, office: Office, query: Statement) -> Statement:
    """Say a silent hit aloud with its custodian's decision; returns the new answer.

    What was silent comes before what was said already: an answer has room for five.

    Raises:
        Refused: nothing is hidden there, or the query's key epoch was retired; the
            caller's transaction ends with it.
    """
    rules.check_epoch(office.view, query)
    found = sorted(handles(office, query.hash), key=lambda one: one.shown)
    if all(one.shown for one in found):
        raise Refused(Reason.UNKNOWN, "silent hit")
    shown = [(one.handle, one.hit) for one in found[:SHOWN]]
    as_of = min(hit.as_of for _, hit in shown)
    said = _statement(office, query, shown, as_of)
    for name, _ in shown:
        writing.run(
            "UPDATE handle SET shown = 1 WHERE query = ? AND handle = ?",
            (query.hash, name),
        )
    writing.say(said)
    writing.send(said)
    return said
