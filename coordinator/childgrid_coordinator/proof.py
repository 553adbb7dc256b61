"""The form of a disclosure's proof: a leaf, its path and a cosigned checkpoint.

Only the requester can say whether the witnesses are enough and the right ones; here
it is checked that the proof is one, that its leaf opens to the disclosure beside it
and lies in the tree of the checkpoint, and that it has room for nothing else.
"""

from __future__ import annotations

from childgrid_log.checkpoint import Checkpoint
from childgrid_log.entry import opens
from childgrid_log.errors import LogError
from childgrid_log.merkle import leaf_hash, verify_inclusion
from childgrid_log.note import Note
from childgrid_log.proof import MAX_HASHES
from childgrid_wire import canonical
from childgrid_wire.errors import Malformed
from childgrid_wire.pb import values_pb2
from childgrid_wire.statement import Statement

_LONGEST_SIGNATURE = 72


def check_proof(proof: values_pb2.Proof, disclosure: Statement) -> None:
    """Raise `Malformed` unless `proof` is one of `disclosure`'s leaf."""
    try:
        _check_leaf(proof, disclosure)
        _check_path(proof)
    except (LogError, UnicodeEncodeError) as error:
        raise Malformed("proof") from error


def _check_leaf(proof: values_pb2.Proof, disclosure: Statement) -> None:
    leaf, salt = proof.leaf.encode("ascii"), canonical.from_hex(proof.salt)
    if not opens(leaf, salt, disclosure.data):
        raise Malformed("proof.leaf")


def _check_path(proof: values_pb2.Proof) -> None:
    note = Note.parse(proof.checkpoint.encode())
    if any(len(line.signature) > _LONGEST_SIGNATURE for line in note.signatures):
        raise Malformed("proof.checkpoint")
    if len(proof.hashes) > MAX_HASHES:
        raise Malformed("proof.hashes")
    tree = Checkpoint.parse(note.text)
    path = [canonical.from_b64(one) for one in proof.hashes]
    leaf = leaf_hash(proof.leaf.encode("ascii"))
    verify_inclusion(leaf, proof.index, tree.size, path, tree.root)
