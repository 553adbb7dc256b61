"""Backup and restore from any party's command line: what is said, and what is next.

What works in the state folder may go on. What is not in a backup: the settings beside
the folder, the passphrase, indexes and sources.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from childgrid_log import backup
from childgrid_log.backup import Manifest, Owner
from childgrid_log.snapshot import Make
from childgrid_wire import keyfile

Say = Callable[[str], None]
_WAITS = (
    "It takes nothing in before a quorum of its witnesses has cosigned the log as it"
    " is. If a witness saw more, it stays so, with `log-behind` in its log: tell the"
    " founders, and keep both states."
)


@dataclass(frozen=True)
class Place:
    """A party's state: where it lies, whose it is, and what opens its keys.

    `first` names the databases that a backup copies before the others, and `make` adds
    what lies elsewhere (`snapshot`).
    """

    folder: Path
    owner: Owner
    passphrase_file: Path
    first: Sequence[str] = ()
    make: Make | None = None

    @property
    def passphrase(self) -> bytes:
        """What opens the keys, and seals the backup."""
        return keyfile.read_passphrase(self.passphrase_file)


def back_up(place: Place, out: Path, say: Say) -> Manifest:
    """Write a party's state to `out`; raises as `backup.backup`."""
    made = backup.backup(
        place.folder,
        out,
        place.passphrase,
        place.owner,
        int(time.time()),
        place.first,
        place.make,
    )
    say(f"{out.name}: {len(made.files)} files, {made.total} bytes")
    say("keep it on another machine, and the passphrase apart from it")
    return made


def bring_back(place: Place, file: Path, say: Say, start: str) -> Manifest:
    """Restore a party's state, and say how to `start`; raises as `backup.restore`."""
    made = backup.restore(file, place.folder, place.passphrase, place.owner)
    taken = dt.datetime.fromtimestamp(made.made, dt.UTC).isoformat(timespec="seconds")
    say(f"{len(made.files)} files as of {taken}")
    say(f"next: {start}")
    say(_WAITS)
    return made
