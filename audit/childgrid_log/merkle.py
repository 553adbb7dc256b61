"""Merkle tree hashing and proofs of RFC 6962 §2.1 and RFC 9162 §2.1.

Pure: it reads hashes through a function and keeps no state on disk. It does not know
what a leaf means or who signed a root.
The rule: every hash is 32 bytes and every proof is either exactly the one that the
RFC prescribes or refused with `ProofError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from childgrid_log.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""`nodes(level, index)`: root of leaves [index·2^level, (index+1)·2^level)."""

Made = tuple[int, int, bytes]
"""(level, index, hash) of one perfect subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ entry), 32 bytes (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right) of two 32-byte hashes (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The perfect subtrees, largest first, of which a tree of `size` leaves is made.

    It is all that is needed to append leaves and to know the root after each.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    @classmethod
    def at(cls, nodes: Nodes, size: int) -> Frontier:
        """Read the frontier of the first `size` leaves from `nodes`."""
        frontier = cls()
        frontier.size = size
        start = 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                frontier._peaks.append(_checked(nodes(level, start >> level)))
                start += 1 << level
        return frontier

    def copy(self) -> Frontier:
        """The same frontier, to go back to."""
        frontier = Frontier()
        frontier.size, frontier._peaks = self.size, list(self._peaks)
        return frontier

    def push(self, leaf: bytes) -> list[Made]:
        """Add a 32-byte leaf hash; return the perfect subtrees it completes."""
        value, level, index = _checked(leaf), 0, self.size
        made = [(level, index, value)]
        while index & 1:
            value, level, index = (
                node_hash(self._peaks.pop(), value),
                level + 1,
                index >> 1,
            )
            made.append((level, index, value))
        self._peaks.append(value)
        self.size += 1
        return made

    def root(self) -> bytes:
        """Return the tree's root, 32 bytes; SHA-256 of nothing when empty."""
        if not self._peaks:
            return EMPTY_ROOT
        value = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            value = node_hash(peak, value)
        return value


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over 32-byte leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.push(leaf)
    return frontier.root()


def root_at(nodes: Nodes, size: int) -> bytes:
    """Return the root of the first `size` leaves."""
    return Frontier.at(nodes, size).root()


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the first `size` leaves, leaf upwards.

    RFC 6962 §2.1.1. Raises ProofError unless 0 ≤ index < size.
    """
    _check_index(index, size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(nodes, middle, end))
            end = middle
        else:
            path.append(_range_root(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """Return the proof that the first `old` leaves are a prefix of the first `new`.

    RFC 6962 §2.1.2; empty when `old` is 0 or equals `new`. ProofError if old > new.
    """
    if not 0 <= old <= new:
        raise ProofError(f"there is no consistency proof from size {old} to {new}")
    path: list[bytes] = []
    start, end = 0, new
    while 0 < old < end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_root(nodes, middle, end))
            end = middle
        else:
            path.append(_range_root(nodes, start, middle))
            start = middle
    if start:
        path.append(_range_root(nodes, start, end))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofError unless `proof` puts `leaf` at `index` under `root`.

    RFC 9162 §2.1.3.2; all hashes are 32 bytes.
    """
    _check_hashes(leaf, root, *proof)
    _check_index(index, size)
    value, first, last = leaf, index, size - 1
    for sibling in proof:
        _check_not_done(last)
        if first & 1 or first == last:
            value = node_hash(sibling, value)
            first, last = _skip_missing(first, last)
        else:
            value = node_hash(value, sibling)
        first, last = first >> 1, last >> 1
    if last or value != root:
        raise ProofError("the inclusion proof does not lead to the root")


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Raise ProofError unless `proof` shows that `old_root` is a prefix of `new_root`.

    RFC 9162 §2.1.4.2; all hashes are 32 bytes. An empty old tree is refused: it is a
    prefix of everything, so a proof from it would say nothing.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 < old <= new:
        raise ProofError(f"no consistency can be shown from size {old} to {new}")
    if old == new:
        _check_same(proof, old_root, new_root)
        return
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    path = list(proof) if first else [old_root, *proof]
    if not path:
        raise ProofError("the consistency proof is empty")
    before = after = path[0]
    for sibling in path[1:]:
        _check_not_done(last)
        if first & 1 or first == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            first, last = _skip_missing(first, last)
        else:
            after = node_hash(after, sibling)
        first, last = first >> 1, last >> 1
    if last or before != old_root or after != new_root:
        raise ProofError("the consistency proof does not lead to both roots")


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(nodes: Nodes, start: int, end: int) -> bytes:
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return _checked(nodes(level, start >> level))
    middle = start + _split(size)
    return node_hash(_range_root(nodes, start, middle), _range_root(nodes, middle, end))


def _skip_missing(first: int, last: int) -> tuple[int, int]:
    """Climb past the levels at which the right-most node has no sibling."""
    while first and not first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _checked(value: bytes) -> bytes:
    if len(value) != HASH_BYTES:
        raise ProofError(f"a hash has {HASH_BYTES} bytes, this one has {len(value)}")
    return value


def _check_hashes(*values: bytes) -> None:
    for value in values:
        _checked(value)


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not among the first {size}")


def _check_not_done(last: int) -> None:
    if last == 0:
        raise ProofError("the proof is longer than the tree is high")


def _check_same(proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    if proof or old_root != new_root:
        raise ProofError("one size has one root and an empty proof")
