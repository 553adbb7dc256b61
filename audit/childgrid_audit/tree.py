"""The Merkle tree over the leaf hashes of a copied log: roots of any size, paths.

It holds every complete subtree, so that a root costs a handful of hashes however many
checkpoints, proofs and `shred` statements ask for one.
"""

from __future__ import annotations

from collections.abc import Iterable

from childgrid_log.merkle import Frontier, inclusion_proof, root_at


class Tree:
    """The tree over leaf hashes (32 bytes each), up to the first that is not known."""

    def __init__(self, hashes: Iterable[bytes | None] = ()) -> None:
        self._nodes: dict[tuple[int, int], bytes] = {}
        frontier = Frontier()
        for value in hashes:
            if value is None:
                break
            for level, index, node in frontier.push(value):
                self._nodes[level, index] = node
        self.size = frontier.size

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves; empty where not all are known."""
        if size > self.size:
            return b""
        return root_at(self._node, size)

    def path(self, index: int) -> list[bytes]:
        """The audit path of a leaf under the root over all leaves."""
        return inclusion_proof(self._node, index, self.size)

    def _node(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]
