"""What leaves with a disclosure, judged once more when it does.

Between its release and its way out a record may lie for days, where the coordinator is
out of reach. Whoever approved it may be revoked meanwhile, a colleague may refuse, the
request may run out. The rule: it is judged in the moment before it leaves, and void if
it does not stand; once it may have left it is never said to be void.
"""

from __future__ import annotations

from typing import Any

from childgrid_node.disclose import leaf, still_stands, void
from childgrid_node.office import Office
from childgrid_wire import canonical
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


def may_leave(office: Office, disclosure: Statement) -> bool:
    """Judge a released disclosure again; noted before it leaves for the first time.

    One that does not stand any more is void, unless it may have left already: then it
    is only not sent again.
    """
    request = office.journal.get(disclosure["request"], Kind.REQUEST)
    with office.journal.writing() as writing:
        known = "SELECT 1 FROM content WHERE hash = ? AND member = 'left'"
        left = bool(writing.rows(known, (disclosure.hash,)))
        stands = still_stands(office, request, disclosure)
        if stands and not left:
            writing.run(
                "INSERT INTO content VALUES (?, 'left', x'')", (disclosure.hash,)
            )
    if not stands and not left:
        void(office, request, disclosure)
    return stands


def parcel(office: Office, disclosure: Statement) -> tuple[bytes, dict[str, Any]]:
    """The ciphertext and the proof that are handed over with a disclosure."""
    (ciphertext,) = office.journal.rows(
        "SELECT ciphertext FROM spent WHERE disclosure = ?", (disclosure.hash,)
    )[0]
    (note,) = office.journal.rows(
        "SELECT ciphertext FROM content WHERE hash = ? AND member = 'proof'",
        (disclosure.hash,),
    )[0]
    return bytes(ciphertext), _prove(office, disclosure.hash, bytes(note))


def _prove(office: Office, name: str, note: bytes) -> dict[str, Any]:
    """Checkpoint, index, hashes, leaf and salt that prove a statement was logged."""
    log = office.journal.log
    index = leaf(office, name)
    size = int(note.split(b"\n")[1])
    opening = log.opening(index)
    if opening is None:
        raise Refused(Reason.STORAGE, "leaf")
    return {
        "checkpoint": note.decode("utf-8"),
        "index": index,
        "hashes": [canonical.to_b64(one) for one in log.inclusion(index, size)],
        "leaf": log.entries(index, index + 1)[0].decode("ascii"),
        "salt": opening[0].hex(),
    }
