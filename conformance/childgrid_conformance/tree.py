"""A log of the kit's own, with which the node under test is tried as a witness.

Its leaves are counted out, so that a later run goes on where the last one stopped. It
can be shown shortened, forked, or signed by the wrong key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from childgrid_log import names
from childgrid_log.checkpoint import Checkpoint, sign_checkpoint
from childgrid_log.keys import ED25519, Signer
from childgrid_log.merkle import consistency_proof, leaf_hash, node_hash, root_of
from childgrid_wire import canonical
from childgrid_wire.pb.witness_pb2 import CosignRequest


@dataclass(frozen=True)
class Tree:
    """The log of `member`; with another `face` its leaves are others."""

    member: str
    seed: bytes
    face: str = "true"

    def leaves(self, size: int) -> list[bytes]:
        """The hashes of the first `size` leaves."""
        return [leaf_hash(f"{self.face} {at}".encode()) for at in range(size)]

    def note(self, size: int) -> bytes:
        """The signed checkpoint of that size."""
        origin = names.origin(self.member)
        head = Checkpoint(origin, size, root_of(self.leaves(size)))
        return sign_checkpoint(head, Signer(origin, ED25519, self.seed))

    def proof(self, old: int, size: int) -> list[bytes]:
        """The consistency proof between two sizes."""
        leaves = self.leaves(size)

        def node(level: int, index: int) -> bytes:
            if level == 0:
                return leaves[index]
            return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

        return consistency_proof(node, old, size)

    def call(
        self, old: int, size: int, nonce: str = "", proof: Sequence[bytes] | None = None
    ) -> CosignRequest:
        """What asks a witness to cosign `size` after `old`."""
        made = self.proof(old, size) if proof is None else proof
        return CosignRequest(
            log=self.member,
            old_size=old,
            proof=[canonical.to_b64(one) for one in made],
            checkpoint=self.note(size).decode(),
            nonce=nonce,
        )
