"""The errors of the log, one tree.

LogError
├── ProofError          a Merkle proof, hash, size or tile that does not hold
├── NoteError           a note, key or checkpoint that is not spelled as specified
│   ├── SignatureInvalid    a known key's line that does not verify
│   └── QuorumMissed        too few witnesses have cosigned
├── EntryError          a leaf that is not a canonical commitment
├── StoreError          the log's file or its use
│   ├── LogAbsent           there is no log at this path
│   ├── LogExists           there is something at this path already
│   ├── LogLost             the file was deleted or replaced while open
│   ├── LogAltered          stored leaves or nodes are not what was signed
│   ├── ArchiveDamaged      a file of archived tiles is missing or altered
│   ├── LogBehind           somebody saw a larger log than this one
│   └── LogUnavailable      the disk or a lock refused; nothing was acknowledged
├── WitnessRefusal      a witness that will not cosign
│   ├── Conflict            the old size is not the one cosigned last
│   ├── Rollback            the log has shrunk
│   └── SplitView           two roots for one size; carries the evidence
├── EvidenceError       a file that does not prove a split view
├── PleaRefused         a request to close a log that proves nothing, or not enough
└── QuorumRefused       n, q and f that cannot be both safe and live

Messages hold sizes, indices, key names and paths, never an entry or an envelope.
"""

# The names say what happened; an "Error" suffix on each would say it twice.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from childgrid_log.evidence import Evidence


class LogError(Exception):
    """Anything that this package refuses."""


class ProofError(LogError):
    """A Merkle proof, hash, size or tile that does not hold."""


class NoteError(LogError):
    """A note, key or checkpoint that is not spelled as its specification says."""


class SignatureInvalid(NoteError):
    """A line names a known key, but that key did not sign this text."""


class QuorumMissed(NoteError):
    """Fewer distinct witnesses than demanded have cosigned the checkpoint."""


class EntryError(LogError):
    """A leaf that is not a canonical commitment, or not the one for this index."""


class StoreError(LogError):
    """The log's file, or the way it is used, is not in order."""


class LogAbsent(StoreError):
    """There is no log at this path; opening never makes one."""


class LogExists(StoreError):
    """Something stands at this path already; creating never overwrites."""


class LogLost(StoreError):
    """The file was deleted or replaced while it was open."""


class LogAltered(StoreError):
    """Stored leaves or nodes do not hash to what was written or signed."""


class ArchiveDamaged(StoreError):
    """A file of archived tiles is missing, or not what was archived."""


class LogBehind(StoreError):
    """Somebody holds a checkpoint of a larger log than this one."""


class LogUnavailable(StoreError):
    """The disk or another writer refused; nothing was acknowledged."""


class WitnessRefusal(LogError):
    """A witness does not cosign this checkpoint."""


class Conflict(WitnessRefusal):
    """The old size given is not `size`, the one this witness cosigned last."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"this witness cosigned size {size} last: ask again with a consistency "
            f"proof from {size}"
        )
        self.size = size


class Rollback(WitnessRefusal):
    """The checkpoint is smaller than one that was cosigned before."""


class SplitView(WitnessRefusal):
    """The log signed two roots for one size; `evidence` holds both notes."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(
            "the log has signed two roots for one size: keep the evidence file and "
            "report it to the founders and every auditor"
        )
        self.evidence = evidence


class EvidenceError(LogError):
    """A file that does not prove a split view."""


class PleaRefused(LogError):
    """A request to close a log that does not hold."""


class QuorumRefused(LogError):
    """n, q and f with which the log could be split or could be halted."""
