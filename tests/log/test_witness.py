"""Witnesses: they see a log grow, and keep the proof when it shows two faces."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from childgrid_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from childgrid_log.entry import Draft
from childgrid_log.errors import (
    Conflict,
    EvidenceError,
    LogAbsent,
    LogExists,
    LogLost,
    NoteError,
    ProofError,
    QuorumMissed,
    Rollback,
    SignatureInvalid,
    SplitView,
    StoreError,
)
from childgrid_log.evidence import Evidence, check_evidence, write_evidence
from childgrid_log.keys import ED25519, Signer
from childgrid_log.log import Log
from childgrid_log.proof import LeafProof
from childgrid_log.witness import Witness

ORIGIN = "node.example/log"
SEED = bytes(range(32))
NOW = 1_700_000_000
NAME = "auditor.example/w"
KEY = b"w" * 32


class Face:
    """One view that a log shows: its checkpoints by size, with proofs."""

    def __init__(self, path: Path, label: str) -> None:
        self.log = Log.create(path, ORIGIN, SEED)
        self.label = label
        self.notes: dict[int, bytes] = {}

    def grow(self, size: int) -> bytes:
        """Append up to `size` leaves and return the checkpoint."""
        for i in range(self.log.size(), size):
            self.log.append([Draft("query", 0, f"{self.label} {i}".encode())])
        self.notes[size] = self.log.checkpoint()
        return self.notes[size]

    def show(self, witness: Witness, old: int, new: int) -> bytes:
        """Ask for a cosignature of size `new`, with the proof from `old`."""
        proof = self.log.consistency(old, new)
        vkey = self.log.vkey
        return witness.cosign(ORIGIN, old, self.notes[new], proof, vkey, NOW)


@pytest.fixture
def face(tmp_path: Path) -> Iterator[Face]:
    """The log as most see it, with checkpoints at 3, 5 and 9."""
    face = Face(tmp_path / "a.db", "a")
    for size in (3, 5, 9):
        face.grow(size)
    yield face
    face.log.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Face]:
    """Another view under the same key."""
    face = Face(tmp_path / "b.db", "b")
    for size in (3, 5, 9):
        face.grow(size)
    yield face
    face.log.close()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """A witness that has seen nothing."""
    with Witness.create(tmp_path / "w.db", NAME, KEY) as made:
        yield made


def test_a_growing_log_is_cosigned(face: Face, witness: Witness) -> None:
    """From nothing to 3, 5 and 9: each line, added to the note, counts as a witness."""
    for old, new in ((0, 3), (3, 5), (5, 9)):
        line = face.show(witness, old, new)
        note = face.notes[new] + line
        opened = open_checkpoint(note, face.log.vkey, [witness.vkey], 1, strict=True)
        assert opened.cosigned == ((NAME, NOW),)
        assert witness.size(ORIGIN) == new
        assert witness.latest(ORIGIN) == face.notes[new]


def test_the_same_size_and_root_may_be_cosigned_again(
    face: Face, witness: Witness
) -> None:
    """Asking again after a lost reply gives a new line and changes nothing."""
    face.show(witness, 0, 5)
    again = witness.cosign(ORIGIN, 5, face.notes[5], [], face.log.vkey, NOW + 60)
    opened = open_checkpoint(face.notes[5] + again, face.log.vkey, [witness.vkey], 1)
    assert opened.cosigned == ((NAME, NOW + 60),)
    assert witness.size(ORIGIN) == 5


def test_an_old_size_that_is_not_the_last_one_is_a_conflict(
    face: Face, witness: Witness
) -> None:
    """The refusal names the size from which to prove."""
    face.show(witness, 0, 5)
    for old, new in ((0, 9), (3, 9), (0, 5), (3, 5)):
        with pytest.raises(Conflict) as caught:
            face.show(witness, old, new)
        assert caught.value.size == 5
    assert witness.latest(ORIGIN) == face.notes[5]
    face.show(witness, caught.value.size, 9)


@pytest.mark.threat("T10")
def test_a_log_that_shrinks_is_refused(face: Face, witness: Witness) -> None:
    """A rolled back log gets no cosignature, whatever old size it claims."""
    face.show(witness, 0, 9)
    with pytest.raises(Rollback):
        witness.cosign(ORIGIN, 9, face.notes[5], [], face.log.vkey, NOW)
    with pytest.raises(Conflict):
        face.show(witness, 5, 5)
    assert witness.latest(ORIGIN) == face.notes[9]


def test_growth_without_proof_is_refused(
    face: Face, other: Face, witness: Witness
) -> None:
    """A missing, foreign or superfluous proof gets no cosignature."""
    with pytest.raises(ProofError):
        witness.cosign(ORIGIN, 0, face.notes[3], [bytes(32)], face.log.vkey, NOW)
    assert witness.size(ORIGIN) == 0
    face.show(witness, 0, 3)
    proof = face.log.consistency(3, 9)
    for note, attempt in (
        (face.notes[9], []),
        (face.notes[9], proof[:-1]),
        (face.notes[9], [*proof, bytes(32)]),
        (face.notes[5], proof),
        (other.notes[9], other.log.consistency(3, 9)),
    ):
        with pytest.raises(ProofError):
            witness.cosign(ORIGIN, 3, note, attempt, face.log.vkey, NOW)
    assert witness.latest(ORIGIN) == face.notes[3]


def test_only_the_logs_own_signature_counts(face: Face, witness: Witness) -> None:
    """A forged note, another key or another origin is refused before anything else."""
    forged = face.notes[3].replace(b"\n3\n", b"\n4\n")
    stranger = Signer(ORIGIN, ED25519, bytes(32))
    with pytest.raises(SignatureInvalid):
        witness.cosign(ORIGIN, 0, forged, [], face.log.vkey, NOW)
    with pytest.raises(NoteError):
        witness.cosign(ORIGIN, 0, face.notes[3], [], stranger.vkey, NOW)
    with pytest.raises(NoteError):
        witness.cosign("else.example", 0, face.notes[3], [], face.log.vkey, NOW)
    assert witness.size(ORIGIN) == 0


@pytest.mark.threat("T10")
def test_a_split_view_leaves_evidence_that_anyone_can_check(
    face: Face, other: Face, witness: Witness
) -> None:
    """Two roots for one size are refused, and the file convicts the log by its key."""
    face.show(witness, 0, 5)
    with pytest.raises(SplitView) as caught:
        other.show(witness, 5, 5)
    data = write_evidence(caught.value.evidence)
    first, second = check_evidence(data, face.log.vkey)
    assert {first.root, second.root} == {face.log.root(5), other.log.root(5)}
    assert first.size == second.size == 5
    assert witness.latest(ORIGIN) == face.notes[5]
    with pytest.raises(EvidenceError):
        check_evidence(data, Signer(ORIGIN, ED25519, bytes(32)).vkey)


def test_a_split_at_an_earlier_size_is_evidence_too(
    face: Face, other: Face, witness: Witness
) -> None:
    """The witness remembers every size it cosigned, not just the last."""
    for old, new in ((0, 3), (3, 5), (5, 9)):
        face.show(witness, old, new)
    with pytest.raises(SplitView) as caught:
        other.show(witness, 0, 3)
    assert check_evidence(write_evidence(caught.value.evidence), face.log.vkey)
    assert witness.size(ORIGIN) == 9


def test_strangers_lines_do_not_enter_the_memory(face: Face, witness: Witness) -> None:
    """Only the log's own line is stored, so nobody can fill evidence with junk."""
    note = face.notes[3] + b"\xe2\x80\x94 junk AAAAAAAA\n"
    witness.cosign(ORIGIN, 0, note, [], face.log.vkey, NOW)
    assert witness.latest(ORIGIN) == face.notes[3]


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{}", b'{"format":"x"}', b"\xff", b"[" * 99_999]
)
def test_what_is_no_evidence_is_refused(face: Face, data: bytes) -> None:
    """A file that is not a split-view file convicts nobody."""
    with pytest.raises(EvidenceError):
        check_evidence(data, face.log.vkey)


def test_evidence_must_contradict_itself(face: Face) -> None:
    """One note twice, growth, or a note the log never signed is no split."""
    three, five = face.notes[3], face.notes[5]
    stranger = Signer(ORIGIN, ED25519, bytes(32))
    fake = sign_checkpoint(Checkpoint(ORIGIN, 3, bytes(32)), stranger)
    for pair in ((three, three), (three, five), (three, fake), (fake, three)):
        with pytest.raises(EvidenceError):
            check_evidence(write_evidence(Evidence(*pair)), face.log.vkey)


def test_the_memory_outlives_the_process(
    face: Face, tmp_path: Path, witness: Witness
) -> None:
    """After a restart the witness goes on from what it cosigned last."""
    face.show(witness, 0, 5)
    witness.close()
    with Witness(tmp_path / "w.db", NAME, KEY) as again:
        assert again.size(ORIGIN) == 5
        with pytest.raises(Conflict):
            face.show(again, 0, 3)
        face.show(again, 5, 9)
    with pytest.raises(LogExists):
        Witness.create(tmp_path / "w.db", NAME, KEY)
    with pytest.raises(StoreError):
        Witness(tmp_path / "w.db", NAME, bytes(32))
    with pytest.raises(LogAbsent):
        Witness(tmp_path / "nowhere.db", NAME, KEY)
    assert not (tmp_path / "nowhere.db").exists()


def test_a_lost_memory_is_noticed(face: Face, tmp_path: Path, witness: Witness) -> None:
    """A witness whose file is gone signs nothing more."""
    face.show(witness, 0, 3)
    (tmp_path / "w.db").unlink()
    with pytest.raises(LogLost):
        face.show(witness, 3, 5)


def test_requests_that_race_are_ordered(face: Face, witness: Witness) -> None:
    """Two growths from one old size: exactly one is cosigned, the other conflicts."""
    face.show(witness, 0, 3)
    barrier = threading.Barrier(6)
    outcomes: list[str] = []

    def ask(new: int) -> None:
        barrier.wait()
        try:
            face.show(witness, 3, new)
            outcomes.append("cosigned")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=ask, args=(n,)) for n in (5, 9, 5, 9, 5, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 5 + ["cosigned"]


def test_logs_are_watched_apart(face: Face, tmp_path: Path, witness: Witness) -> None:
    """One log's growth says nothing about another's."""
    face.show(witness, 0, 9)
    with Log.create(tmp_path / "c.db", "second.example/log", bytes(32)) as second:
        note = second.checkpoint()
        witness.cosign("second.example/log", 0, note, [], second.vkey, NOW)
        second.append([Draft("query", 0, b"x")])
        note = second.checkpoint()
        witness.cosign("second.example/log", 0, note, [], second.vkey, NOW)
    assert (witness.size(ORIGIN), witness.size("second.example/log")) == (9, 1)


@pytest.mark.parametrize(("n", "q", "f", "split"), [(4, 3, 1, False), (4, 3, 2, True)])
def test_real_witnesses_bear_out_the_quorum_rule(
    face: Face, other: Face, tmp_path: Path, n: int, q: int, f: int, split: bool
) -> None:
    """With f lying witnesses, a two-faced log gets two quorums only if 2q − n ≤ f."""
    vkeys: list[str] = []
    cosigned: dict[str, bytes] = {"a": face.notes[5], "b": other.notes[5]}
    for i in range(n):
        # A liar keeps one memory for each face.
        memories = [tmp_path / f"w{i}-{k}.db" for k in range(2 if i < f else 1)]
        name, key = f"w{i}", bytes([i + 1] * 32)
        opened = [Witness.create(memory, name, key) for memory in memories]
        vkeys.append(opened[0].vkey)
        honest_first = (face, other) if i % 2 else (other, face)
        for shown, w in zip(honest_first, [opened[0], opened[-1]], strict=True):
            try:
                cosigned[shown.label] += shown.show(w, 0, 5)
            except (SplitView, Conflict):
                assert i >= f
        for w in opened:
            w.close()
    passed = 0
    for note in cosigned.values():
        try:
            open_checkpoint(note, face.log.vkey, vkeys, q, strict=True)
            passed += 1
        except QuorumMissed:
            pass
    assert (passed == 2) is split is (2 * q - n <= f)


def test_a_leaf_proof_is_verified_offline(face: Face, witness: Witness) -> None:
    """One file, the leaf and the keys are enough, and any change to the file shows."""
    note = face.notes[9] + face.show(witness, 0, 9)
    proof = LeafProof(4, tuple(face.log.inclusion(4, 9)), note)
    data, entry = proof.encode(), face.log.entries(4, 5)[0]
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 4\n")
    again = LeafProof.parse(data)
    assert again == proof
    keys = (face.log.vkey, [witness.vkey], 1)
    assert again.verify(entry, *keys).checkpoint.size == 9
    for wrong in (face.log.entries(5, 6)[0], entry + b" "):
        with pytest.raises(ProofError):
            again.verify(wrong, *keys)
    with pytest.raises(QuorumMissed):
        LeafProof(4, proof.path, face.notes[9]).verify(entry, *keys)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((ProofError, NoteError)):
            LeafProof.parse(changed).verify(entry, *keys)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1\n", b"@v2\n"),
        (b"@v1\n", b"@v1\nextra AAAA\n"),
        (b"index 4", b"index 04"),
        (b"index 4", b"4"),
        (b"=\n", b"\n"),
        (b"\n\n", b"\n"),
        (b"index", "ïndex".encode()),
    ],
)
def test_a_misspelled_leaf_proof_is_refused(face: Face, old: bytes, new: bytes) -> None:
    """A proof file has one spelling and no unsigned extras."""
    path = tuple(face.log.inclusion(4, 9))
    data = LeafProof(4, path, face.notes[9]).encode()
    assert old in data
    with pytest.raises((ProofError, NoteError)):
        LeafProof.parse(data.replace(old, new, 1)).verify(b"", face.log.vkey, [], 0)
