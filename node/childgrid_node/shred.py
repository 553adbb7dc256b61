"""The verb *shred*: salts and envelopes whose time is over go, and a leaf says so.

Only what an auditor has a copy of is erased: the auditor's signed manifest and the
checkpoint of this node's own log in that copy are the proof. In one transaction a
`shred` is logged, the openings of its leaves are deleted, and with them all that this
node kept beside those statements: descriptions, records, handles, sealed contents. The
leaves stay, and every proof holds. What a counterparty erased is erased here too.

What the journal keeps of a closed log goes with a `shred` of the log in force, once its
time is over too. The closed log itself is no node's to write: its operator deletes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from childgrid_log.held_copy import Copy
from childgrid_log.retention import Held, Retention, due, held_of
from childgrid_node import openings
from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_wire import envelope, statement
from childgrid_wire.breakglass import ENDED, USED
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_YEARS_30 = 30 * 366 * 86_400
_EVER = 2**40
_BESIDE = (
    "DELETE FROM outbox WHERE hash = ?",
    "DELETE FROM content WHERE hash = ?",
    "DELETE FROM handle WHERE query = ?",
    "DELETE FROM asked WHERE query = ?",
    "DELETE FROM attested WHERE hash = ?",
    "DELETE FROM said WHERE hash = ?",
    "UPDATE spent SET ciphertext = x'' WHERE request = ?",
)
_SECRETS = ("suspect", "record", "request", "review")


def run(office: Office, retention: Retention, copy: Copy) -> Statement | None:
    """Shred what is due; returns the statement that was logged, or nothing.

    Raises:
        Refused, Untrusted: no auditor holds a copy of this log.
    """
    log = office.journal.log
    size = copy.covers(office.view, office.member, log)
    chosen = due(held(office), retention, office.now, size, _named(office))
    if not any(one.leaf >= 0 for one in chosen):
        return None
    said = _statement(office, chosen)
    with office.journal.writing() as writing:
        writing.say(said)
        (leaf,) = writing.rows("SELECT leaf FROM said WHERE hash = ?", (said.hash,))[0]
        for one in chosen:
            _forget(writing, one, int(leaf))
        openings.drop(writing, office, {one.name for one in chosen})
        writing.send(said)
    statement.forget()
    return said


def held(office: Office) -> list[Held]:
    """Every statement that this node still has: of its log, then of closed ones.

    A broken glass that was never reviewed stays, with all that belongs to it.
    """
    sql = "SELECT leaf, heard, envelope FROM said ORDER BY leaf < 0, leaf"
    rows = office.journal.rows(sql)
    found, owed = [], _owed(office)
    for leaf, heard, data in rows:
        said = statement.parse(envelope.read(data))
        one = held_of(said, int(leaf), int(heard))
        found.append(replace(one, until=_EVER) if said.hash in owed else one)
    return found


def _owed(office: Office) -> set[str]:
    """The requests of this node's broken glasses that are not over."""
    own = office.journal.answering(Kind.NOTICE)
    over = {one["subject"] for one in own if one["topic"] == ENDED}
    return {one["subject"] for one in own if one["topic"] == USED} - over


def _named(office: Office) -> set[str]:
    """What other parties say they have erased."""
    return {
        name
        for said in office.journal.all(Kind.SHRED)
        if said.issuer != office.member
        for name in said.body.get("statements", ())
    }


def _statement(office: Office, chosen: Sequence[Held]) -> Statement:
    return office.speak(
        Kind.SHRED,
        seconds=_YEARS_30,
        party=office.member,
        entries=[one.leaf for one in chosen if one.leaf >= 0],
        head=office.journal.log.root().hex(),
        statements=sorted(one.name for one in chosen),
    )


def _forget(writing: Writing, one: Held, told_by: int) -> None:
    if one.leaf >= 0:
        writing.tx.shred(one.leaf, told_by)
    for sql in _BESIDE:
        writing.run(sql, (one.name,))
    for prefix in _SECRETS:
        writing.run("DELETE FROM secret WHERE name = ?", (f"{prefix}:{one.name}",))
    writing.run("INSERT INTO erased VALUES (?)", (one.name,))


def hear(office: Office, said: Statement) -> None:
    """Take in another party's `shred`; it binds at the next `shred` here.

    Raises:
        Refused: it is of a log that isn't its issuer's, or of an auditor, who shares no
            story with anybody.
    """
    stranger = office.view.member(said.issuer)["kind"] == "auditor"
    if stranger or said.issuer == office.member or said["party"] != said.issuer:
        raise Refused(Reason.WRONG_ROLE, "shred")
    with office.journal.writing() as writing:
        writing.say(said)
