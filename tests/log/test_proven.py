"""What a log signs and proves, and what shredding leaves provable."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from childgrid_log.entry import Draft
from childgrid_log.errors import (
    LogAltered,
    LogBehind,
    NoteError,
    ProofError,
    StoreError,
)
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.log import Log
from childgrid_log.merkle import (
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from childgrid_log.note import cosign
from tests.log.fresh import ORIGIN, SEED, drafts


def test_a_checkpoint_is_signed_once_per_size(log: Log) -> None:
    """The note verifies, states size and root, and is the same when asked again."""
    empty = open_checkpoint(log.checkpoint(), log.vkey, strict=True).checkpoint
    assert (empty.size, empty.root) == (0, root_of([]))
    log.append(drafts(7))
    note = log.checkpoint()
    seen = open_checkpoint(note, log.vkey, strict=True).checkpoint
    assert seen == Checkpoint(ORIGIN, 7, log.root())
    assert log.checkpoint() == note
    assert log.query("SELECT size FROM log_signed ORDER BY size") == [(0,), (7,)]


def test_proofs_hold_between_all_sizes(log: Log) -> None:
    """What the store proves, the verifier accepts."""
    log.append(drafts(40))
    leaves = [leaf_hash(entry) for entry in log.entries(0, 40)]
    for new in range(1, 41):
        root = log.root(new)
        for old in range(1, new + 1):
            verify_consistency(old, new, log.consistency(old, new), log.root(old), root)
            path = log.inclusion(old - 1, new)
            verify_inclusion(leaves[old - 1], old - 1, new, path, root)


def test_questions_beyond_the_log_are_refused(log: Log) -> None:
    """There is no root, proof or entry of leaves that are not kept."""
    log.append(drafts(5))
    attempts = [
        lambda: log.root(6),
        lambda: log.root(-1),
        lambda: log.inclusion(5, 5),
        lambda: log.inclusion(0, 6),
        lambda: log.consistency(3, 6),
        lambda: log.consistency(5, 3),
        lambda: log.entries(2, 6),
        lambda: log.entries(3, 2),
        lambda: log.entries(-1, 2),
        lambda: log.opening(5),
    ]
    for attempt in attempts:
        with pytest.raises(ProofError):
            attempt()


def test_cosigned_checkpoints_are_kept_and_the_latest_found(log: Log) -> None:
    """The newest note of the largest size is what the log presents."""
    assert log.latest_cosigned() is None
    witness = Signer("w", COSIGNATURE, bytes(32))
    log.append(drafts(2))
    small = log.checkpoint()
    log.append(drafts(2, 2))
    large = log.checkpoint()
    line = cosign(large.partition(b"\n\n")[0] + b"\n", witness, 5).encode()
    for note in (large, large + line, small):
        log.keep_cosigned(note)
    latest = log.latest_cosigned()
    assert latest == large + line
    assert open_checkpoint(latest, log.vkey, [witness.vkey], 1, strict=True)


def test_a_foreign_checkpoint_is_not_kept(log: Log) -> None:
    """Another log's note, a larger log's and another root's are told apart."""
    log.append(drafts(3))
    signer = Signer(ORIGIN, ED25519, SEED)
    stranger = Signer(ORIGIN, ED25519, bytes(32))
    root = log.root()
    with pytest.raises(NoteError):
        log.keep_cosigned(sign_checkpoint(Checkpoint(ORIGIN, 3, root), stranger))
    with pytest.raises(LogBehind, match="size 4"):
        log.keep_cosigned(sign_checkpoint(Checkpoint(ORIGIN, 4, root), signer))
    with pytest.raises(LogAltered):
        log.keep_cosigned(sign_checkpoint(Checkpoint(ORIGIN, 2, root), signer))
    with pytest.raises(NoteError):
        log.check_against(Checkpoint("other", 3, root))
    assert log.latest_cosigned() is None


@pytest.mark.threat("T23")
def test_a_shredded_envelope_is_gone_and_every_proof_stands(
    log: Log, path: Path
) -> None:
    """Shredding erases salt and envelope from the files and leaves the tree whole."""
    secret = b"canary envelope that must vanish"
    log.append([Draft("query", 0, secret), *drafts(3)])
    root, proof = log.root(), log.inclusion(0, 4)
    opening = log.opening(0)
    assert opening is not None
    files = [path, path.with_name("log.db-wal")]
    assert any(secret in file.read_bytes() for file in files)
    with log.transaction() as tx:
        told_by = tx.seal(Draft("shred", 0, b"leaf 0 is shredded"))
        tx.shred(0, told_by)
    assert log.opening(0) is None
    for file in files:
        data = file.read_bytes()
        assert secret not in data
        assert opening[0] not in data
    assert log.root(4) == root
    verify_inclusion(leaf_hash(log.entries(0, 1)[0]), 0, 4, proof, root)
    assert log.verify() == 5


def test_shredding_needs_a_later_leaf(log: Log) -> None:
    """Nothing is erased silently: a leaf of this log must tell of it, afterwards."""
    log.append(drafts(3))
    for index, told_by in ((1, 1), (2, 1), (0, 3), (-1, 2)):
        with pytest.raises(StoreError), log.transaction() as tx:
            tx.shred(index, told_by)
    assert all(log.opening(index) is not None for index in range(3))
