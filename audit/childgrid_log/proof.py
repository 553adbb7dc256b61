"""A self-contained proof that a leaf is in a cosigned log (C2SP tlog-proof@v1).

One text file holds the index, the audit path and the cosigned checkpoint, so that it
can be verified offline beside the leaf. Extra data, which nothing signs, is refused.
The rule: a proof that is accepted encodes back to the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from childgrid_log.checkpoint import Verified, open_checkpoint
from childgrid_log.errors import ProofError
from childgrid_log.merkle import leaf_hash, verify_inclusion
from childgrid_log.strict import decimal, enbase64, unbase64

MAX_HASHES = 63

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class LeafProof:
    """A leaf's index, its audit path of 32-byte hashes, and a checkpoint note."""

    index: int
    path: tuple[bytes, ...]
    note: bytes

    @classmethod
    def parse(cls, data: bytes) -> LeafProof:
        """Read the file; ProofError unless it is spelled as specified."""
        head, gap, note = data.partition(b"\n\n")
        try:
            header, index, *hashes = head.decode("ascii").split("\n")
            path = tuple(unbase64(line) for line in hashes)
            number = decimal(index.removeprefix("index "))
        except ValueError as fault:
            raise ProofError(f"the proof file is misspelled: {fault}") from None
        proof = cls(number, path, note)
        if not gap or header != _HEADER or proof.encode() != data:
            raise ProofError("this is not a tlog-proof@v1 file without extra data")
        return proof

    def encode(self) -> bytes:
        """Return the file's bytes."""
        if len(self.path) > MAX_HASHES:
            raise ProofError(f"an audit path has at most {MAX_HASHES} hashes")
        lines = [_HEADER, f"index {self.index}", *map(enbase64, self.path), "", ""]
        return "\n".join(lines).encode() + self.note

    def verify(
        self, entry: bytes, log_vkey: str, witness_vkeys: Sequence[str], quorum: int
    ) -> Verified:
        """Verify signatures, quorum and path for `entry`; return the checkpoint.

        Raises NoteError and its children as `open_checkpoint`, or ProofError.
        """
        opened = open_checkpoint(self.note, log_vkey, witness_vkeys, quorum)
        tree = opened.checkpoint
        leaf = leaf_hash(entry)
        verify_inclusion(leaf, self.index, tree.size, self.path, tree.root)
        return opened
