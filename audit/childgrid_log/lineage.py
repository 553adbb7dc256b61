"""Which log of a member is which: the one in force, and those that were closed.

Origin and key come from the directory's entry together, so that nobody takes the one
from it and guesses the other. The first log of a member is generation 0; each that the
founders close (`childgrid_wire.closing`) is followed by one of the next generation,
with another origin and key, that starts at its first leaf again.

Pure. The rule: a checkpoint belongs to exactly one generation, by its origin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from childgrid_log import names
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.keys import ED25519, Verifier
from childgrid_wire import canonical, closing

_FOLLOWS = b"childgrid/v1 closed\x00"


@dataclass(frozen=True)
class Generation:
    """One log of a member; `end` is where the founders closed it, or None.

    `until` is when they did, Unix seconds; 0 while it is in force.
    """

    member: str
    number: int
    key: Verifier
    end: Checkpoint | None = None
    until: int = 0

    @property
    def origin(self) -> str:
        """The origin line of its checkpoints."""
        return self.key.name

    @property
    def folder(self) -> str:
        """What it is called among copies of logs: `police`, later `police.1`."""
        return folder(self.member, self.number)

    def follows(self) -> str:
        """What the first leaf of the next log names: hex SHA-256 over where it ended.

        Over `childgrid/v1 closed`, a zero byte and the three lines of a checkpoint.
        """
        text = self.end.text if self.end else b""
        return hashlib.sha256(_FOLLOWS + text).hexdigest()


def folder(member: str, number: int) -> str:
    """The name of a generation's copy; the first has the member's own."""
    return f"{member}.{number}" if number else member


def generations(entry: Mapping[str, Any]) -> tuple[Generation, ...]:
    """Every log of the member with this entry of a directory, in order."""
    member, past = str(entry["id"]), closing.closed(entry)
    found = [_closed(member, number, one) for number, one in enumerate(past)]
    key = _key(member, len(past), entry["log_key"])
    return (*found, Generation(member, len(past), key))


def present(entry: Mapping[str, Any]) -> Generation:
    """The log that is in force."""
    return generations(entry)[-1]


def find(entry: Mapping[str, Any], origin: str) -> Generation | None:
    """The member's log of this origin, if there is or was one."""
    same = [one for one in generations(entry) if one.origin == origin]
    return same[0] if same else None


def _closed(member: str, number: int, one: Mapping[str, Any]) -> Generation:
    key = _key(member, number, one["log_key"])
    end = Checkpoint(key.name, one["size"], canonical.from_b64(one["root"]))
    return Generation(member, number, key, end, int(one["time"]))


def _key(member: str, number: int, key: str) -> Verifier:
    return Verifier(names.origin(member, number), ED25519, canonical.from_b64(key))
