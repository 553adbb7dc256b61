"""The node's sealing keys: a new one each week, old ones destroyed.

Queries are sealed to the newest public key on the board. The private half is kept in
the vault until nothing that was sealed to it can still be alive, and a day more, and
is then deleted, so that recorded traffic stays closed for ever.
"""

from __future__ import annotations

from childgrid_node.office import Office
from childgrid_wire import canonical, seal
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

WEEK_SECONDS = 7 * 86_400
_DAY_SECONDS = 86_400


def ensure(office: Office) -> Statement:
    """Return the sealing key in force; make and publish one where it runs out.

    So too where its private half is gone, after a clock was far ahead or a log came
    back from a backup: nothing that is sealed to it would be opened. One that is to
    come is not replaced before: each new one would be older, and so another be made.
    """
    book = office.shelf.book
    try:
        book.sealing_key(office.member, office.now + _DAY_SECONDS)
        found = book.sealing_key(office.member, office.now)
        private(office, found.hash)
    except (Untrusted, Refused):
        return _make(office)
    return found


def _make(office: Office) -> Statement:
    private, public = seal.new_key()
    now = office.now
    until = now + WEEK_SECONDS
    made = office.speak(
        Kind.SEALING_KEY,
        seconds=WEEK_SECONDS,
        key=canonical.to_b64(public),
        valid_from=now - 300,
        valid_until=until,
    )
    with office.journal.writing() as writing:
        office.journal.keep_secret(writing, f"seal:{made.hash}", private)
        dead = until + WEEK_SECONDS + _DAY_SECONDS
        writing.run(
            "INSERT OR REPLACE INTO cursor VALUES (?, ?)", (f"seal:{made.hash}", dead)
        )
        writing.send(made)
    office.shelf.add(made.data)
    return made


def private(office: Office, name: str) -> bytes:
    """The private half of the sealing key document `name` (a hash).

    Raises:
        Refused: it has been destroyed, or was never ours.
    """
    found = office.journal.secret(f"seal:{name}")
    if found is None:
        raise Refused(Reason.EXPIRED, "sealing key")
    return found


def kept(office: Office) -> list[str]:
    """Hashes of the sealing keys whose private half still exists, newest first."""
    rows = office.journal.rows(
        "SELECT name FROM cursor WHERE name LIKE 'seal:%' ORDER BY value DESC"
    )
    return [str(name).removeprefix("seal:") for (name,) in rows]


def destroy_old(office: Office) -> int:
    """Delete private keys whose time is over; returns how many."""
    rows = office.journal.rows(
        "SELECT name FROM cursor WHERE name LIKE 'seal:%' AND value <= ?",
        (office.now,),
    )
    with office.journal.writing() as writing:
        for (name,) in rows:
            writing.run("DELETE FROM secret WHERE name = ?", (name,))
            writing.run("DELETE FROM cursor WHERE name = ?", (name,))
    return len(rows)
