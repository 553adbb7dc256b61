"""Checkpoints: what a log signs and its witnesses cosign (C2SP tlog-checkpoint).

It does not fetch, store or compare checkpoints; `log` and `witness` do.
The rule: three lines, one spelling, no extension lines; the log's own line is
demanded, distinct witnesses are counted, and a bad line of a known key is fatal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from childgrid_log.errors import NoteError, QuorumMissed
from childgrid_log.keys import COSIGNATURE, ED25519, Signer, Verifier
from childgrid_log.merkle import EMPTY_ROOT, HASH_BYTES
from childgrid_log.note import Note, sign, verify_note
from childgrid_log.strict import MAX_INTEGER, decimal, enbase64, unbase64

_LINES = 3


@dataclass(frozen=True)
class Checkpoint:
    """A log's origin, its number of leaves and its 32-byte root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or any(c < " " for c in self.origin):
            raise NoteError("a checkpoint's origin is one line that is not empty")
        if not 0 <= self.size <= MAX_INTEGER or len(self.root) != HASH_BYTES:
            raise NoteError("a checkpoint has a size below 2^63 and a 32-byte root")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteError("an empty log has the root of the empty tree")

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read the three lines of a note's text; NoteError unless exactly those."""
        try:
            lines = text.decode().split("\n")
            if len(lines) != _LINES + 1 or lines[-1]:
                raise ValueError("it is origin, size and root, and no more lines")
            return cls(lines[0], decimal(lines[1]), unbase64(lines[2]))
        except ValueError as fault:
            raise NoteError(f"the checkpoint is misspelled: {fault}") from None

    @property
    def text(self) -> bytes:
        """The note text: origin, size and base64 root, each with a newline."""
        return f"{self.origin}\n{self.size}\n{enbase64(self.root)}\n".encode()


@dataclass(frozen=True)
class Verified:
    """A checkpoint whose log and witnesses have been verified.

    `log_note` is the note reduced to the log's own line; `cosigned` gives, for each
    distinct witness by name, the unix time of its cosignature.
    """

    checkpoint: Checkpoint
    log_note: bytes
    cosigned: tuple[tuple[str, int], ...]


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Return the signed note; the signer's name must be the checkpoint's origin."""
    if signer.verifier.name != checkpoint.origin:
        raise NoteError("a log signs under its own origin only")
    return Note(checkpoint.text, (sign(checkpoint.text, signer),)).encode()


def open_checkpoint(
    note: bytes,
    log_vkey: str,
    witness_vkeys: Sequence[str] = (),
    quorum: int = 0,
    *,
    strict: bool = False,
) -> Verified:
    """Verify a cosigned checkpoint against one log and its witnesses.

    `quorum` is the number of distinct witnesses demanded. With `strict`, lines of
    unknown keys and repeated lines are refused. Raises NoteError (misspelled, wrong
    origin, unusable keys, no line of the log), SignatureInvalid (a known key's line
    does not verify) and QuorumMissed.
    """
    log = Verifier.parse(log_vkey, ED25519)
    witnesses = [Verifier.parse(vkey, COSIGNATURE) for vkey in witness_vkeys]
    _check_distinct(log, witnesses)
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    signed = verify_note(parsed, [log, *witnesses], strict=strict)
    if log not in signed or checkpoint.origin != log.name:
        raise NoteError(f"this is not a checkpoint signed by {log.name}")
    cosigned = tuple((w.name, signed[w][1]) for w in witnesses if w in signed)
    if len(cosigned) < quorum:
        raise QuorumMissed(
            f"{len(cosigned)} of the {quorum} witnesses needed have cosigned size "
            f"{checkpoint.size}: ask the others and try again"
        )
    log_note = Note(parsed.text, (signed[log][0],)).encode()
    return Verified(checkpoint, log_note, cosigned)


def _check_distinct(log: Verifier, witnesses: Sequence[Verifier]) -> None:
    """Refuse keys that would count twice.

    A cosignature does not name its signer, so one key under two names could be
    copied from line to line.
    """
    keys = [log.public, *(w.public for w in witnesses)]
    names = [w.name for w in witnesses]
    if len(set(keys)) < len(keys) or len(set(names)) < len(names):
        raise NoteError("log and witnesses need distinct keys and distinct names")
