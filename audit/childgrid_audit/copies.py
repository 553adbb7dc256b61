"""An auditor who copies the logs says so in the station's own log.

What was taken is a `manifest` of the checkpoints as they are mirrored now: each names
its log, how many entries that is, and their root, so that anybody can say later how far
this auditor could read on that day. A round that brought nothing new leaves nothing.
The rule: `mirror` does not end well where this leaf could not be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from childgrid_audit import bundle
from childgrid_audit.export import YEARS_30
from childgrid_audit.mirror import Mirrored
from childgrid_audit.station import Station
from childgrid_wire import envelope, statement
from childgrid_wire.kinds import Kind


def note(station: Station, done: Sequence[Mirrored]) -> bool:
    """Log what was copied of others' logs; returns whether there was anything new.

    Raises:
        StoreError: the station's own log refuses.
    """
    if not any(
        one.state == "mirrored" and one.member != station.member for one in done
    ):
        return False
    notes = {one.member: station.store.note(one.member) for one in done}
    made = statement.make(
        Kind.MANIFEST,
        station.identity.signer,
        issuer=station.member,
        now=int(station.clock()),
        seconds=YEARS_30,
        files={
            bundle.checkpoint(member): {
                "sha256": hashlib.sha256(data).hexdigest(),
                "size": len(data),
            }
            for member, data in notes.items()
            if data
        },
        directory=station.store.board.book.directories[-1].hash,
    )
    station.say(statement.parse(envelope.read(made)))
    return True
