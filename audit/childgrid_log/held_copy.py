"""An auditor's copy of a log, as far as its party has to see it before it shreds.

An export holds the log's checkpoint; the manifest, signed by an auditor whom the
directory names, vouches for that very file. So whoever shows both knows that an auditor
had every leaf below the checkpoint's size, with what opens it, to hold against the
other logs. It does not say what the auditor found.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from childgrid_log import lineage, names
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.errors import NoteError
from childgrid_log.log import Log
from childgrid_wire import statement
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.trust import View


@dataclass(frozen=True)
class Copy:
    """The signed manifest of an export, and the log's checkpoint in it."""

    manifest: bytes
    checkpoint: bytes

    @classmethod
    def read(cls, folder: Path, member: str, generation: int = 0) -> Copy:
        """Read both from an exported directory; raises `ConfigurationRefused`.

        `generation` says which of the member's logs; `names.generation` of its origin.
        """
        try:
            return cls(
                (folder / "manifest.dsse").read_bytes(),
                (folder / _path(member, generation)).read_bytes(),
            )
        except OSError as error:
            name = folder.name
            raise ConfigurationRefused(f"{name} is no export of this log") from error

    def covers(self, view: View, member: str, log: Log) -> int:
        """How many leaves of the log of `member` the auditor holds.

        Raises:
            Refused, Untrusted: no auditor signed for it.
            NoteError, LogBehind, LogAltered: it is of another log than this.
        """
        made = statement.verify(self.manifest, view.find_key, Kind.MANIFEST)
        if view.member(made.issuer)["kind"] != "auditor":
            raise Refused(Reason.WRONG_ROLE, "manifest.issuer")
        path = _path(member, names.generation(log.origin))
        named = made["files"].get(path, {})
        if named.get("sha256") != hashlib.sha256(self.checkpoint).hexdigest():
            raise Refused(Reason.UNKNOWN, "manifest.files")
        try:
            seen = open_checkpoint(self.checkpoint, log.vkey).checkpoint
        except NoteError as error:
            raise Refused(Reason.UNKNOWN, "checkpoint") from error
        log.check_against(seen)
        return seen.size


def _path(member: str, generation: int) -> str:
    return f"logs/{lineage.folder(member, generation)}/checkpoint"
