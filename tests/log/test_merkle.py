"""Merkle hashing and proofs against published vectors, the definition and an enemy."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_log.errors import ProofError
from childgrid_log.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "merkle"
SHORT_ROOTS = "additional/sizes-are-equal-one-and-proof-is-empty"
LARGEST = 70
ENTRIES = [b"entry %d" % i for i in range(LARGEST)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def vectors(name: str) -> list[Any]:
    """Return the published cases, each under its own name."""
    cases = json.loads((VECTORS / f"{name}.json").read_text())
    assert len(cases) == 98
    return [pytest.param(case, id=case["name"]) for case in cases]


def hashes(values: list[str] | None) -> list[bytes]:
    """Decode base64 hashes."""
    return [base64.b64decode(value) for value in values or []]


def held(check: Callable[[], None]) -> bool:
    """Say whether a check passes."""
    try:
        check()
    except ProofError:
        return False
    return True


def defined_root(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962 §2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(defined_root(leaves[:k]), defined_root(leaves[k:]))


def nodes(level: int, index: int) -> bytes:
    """The hash source by definition."""
    return defined_root(LEAVES[index << level : (index + 1) << level])


ROOTS = [defined_root(LEAVES[:size]) for size in range(LARGEST + 1)]


@pytest.mark.parametrize("case", vectors("inclusion"))
@pytest.mark.threat("T16")
def test_published_inclusion_vectors(case: dict[str, Any]) -> None:
    """All 98 published inclusion proofs are judged as their authors say."""
    root, leaf = hashes([case["root"], case["leafHash"]])
    proof = hashes(case["proof"])
    ok = held(
        lambda: verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
    )
    assert ok is not case["wantErr"]


@pytest.mark.parametrize("case", vectors("consistency"))
@pytest.mark.threat("T16")
def test_published_consistency_vectors(case: dict[str, Any]) -> None:
    """97 of 98 are judged as published; roots that are not hashes never hold."""
    old, new = hashes([case["root1"], case["root2"]])
    proof = hashes(case["proof"])
    ok = held(lambda: verify_consistency(case["size1"], case["size2"], proof, old, new))
    expected = not case["wantErr"]
    if case["name"] == SHORT_ROOTS:
        assert expected and len(old) != 32
        expected = False
    assert ok is expected


def test_hashes_are_those_of_the_rfc() -> None:
    """Leaves and nodes are told apart by a prefix, and an empty tree has a root."""
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    both = hashlib.sha256(b"\x01" + LEAVES[0] + LEAVES[1]).digest()
    assert node_hash(LEAVES[0], LEAVES[1]) == both
    assert root_of([]) == EMPTY_ROOT == hashlib.sha256().digest()


def test_every_root_follows_the_recursive_definition() -> None:
    """Appending leaf by leaf and reading stored nodes give the defined root."""
    frontier = Frontier()
    for size in range(LARGEST + 1):
        assert frontier.root() == root_at(nodes, size) == ROOTS[size]
        assert root_of(LEAVES[:size]) == ROOTS[size]
        if size < LARGEST:
            frontier.push(LEAVES[size])


def test_push_reports_every_perfect_subtree_once() -> None:
    """The nodes that appending yields are all perfect subtrees, with their hashes."""
    frontier = Frontier()
    made = [node for leaf in LEAVES for node in frontier.push(leaf)]
    expected = {
        (level, index) for level in range(7) for index in range(LARGEST >> level)
    }
    assert {(level, index) for level, index, _ in made} == expected
    assert len(made) == len(expected)
    assert all(value == nodes(level, index) for level, index, value in made)


def test_every_inclusion_proof_holds() -> None:
    """For every size up to 70 and every leaf, the proof made is the proof accepted."""
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = inclusion_proof(nodes, index, size)
            verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_consistency_proof_holds() -> None:
    """For every pair of sizes up to 70, the proof made is the proof accepted."""
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            proof = consistency_proof(nodes, old, new)
            verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])


SIZES = st.integers(1, LARGEST).flatmap(
    lambda size: st.tuples(st.just(size), st.integers(0, size - 1))
)


def flipped(value: bytes, bit: int) -> bytes:
    """Change one bit."""
    return bytes(
        b ^ (1 << bit % 8 if i == bit // 8 else 0) for i, b in enumerate(value)
    )


def spoil(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """Return a proof that differs from `proof`."""
    ways = ["add", "junk"] + (["flip", "drop", "short"] if proof else [])
    way = data.draw(st.sampled_from(ways))
    at = data.draw(st.integers(0, max(len(proof) - 1, 0)))
    if way in ("add", "junk"):
        extra = data.draw(st.binary(min_size=32, max_size=32)) if way == "add" else b"x"
        return [*proof[:at], extra, *proof[at:]]
    if way == "drop":
        return proof[:at] + proof[at + 1 :]
    changed = proof[at][:-1] if way == "short" else flipped(proof[at], data.draw(BITS))
    return [*proof[:at], changed, *proof[at + 1 :]]


BITS = st.integers(0, 255)


@given(SIZES, st.data())
def test_a_changed_inclusion_proof_is_refused(
    where: tuple[int, int], data: st.DataObject
) -> None:
    """A proof, leaf or root altered in any way no longer proves anything."""
    size, index = where
    leaf, root = LEAVES[index], ROOTS[size]
    proof = inclusion_proof(nodes, index, size)
    bit = data.draw(BITS)
    with pytest.raises(ProofError):
        verify_inclusion(leaf, index, size, spoil(data, proof), root)
    with pytest.raises(ProofError):
        verify_inclusion(flipped(leaf, bit), index, size, proof, root)
    with pytest.raises(ProofError):
        verify_inclusion(leaf, index, size, proof, flipped(root, bit))
    verify_inclusion(leaf, index, size, proof, root)


@given(SIZES, st.integers(-2, LARGEST))
def test_a_leaf_is_proved_at_its_own_index_only(
    where: tuple[int, int], claimed: int
) -> None:
    """The same path does not put the leaf anywhere else."""
    size, index = where
    proof = inclusion_proof(nodes, index, size)
    ok = held(
        lambda: verify_inclusion(LEAVES[index], claimed, size, proof, ROOTS[size])
    )
    assert ok is (claimed == index)


@given(SIZES, st.data())
def test_a_changed_consistency_proof_is_refused(
    where: tuple[int, int], data: st.DataObject
) -> None:
    """A proof or root altered in any way no longer shows growth."""
    new, old = where[0], where[1] + 1
    proof = consistency_proof(nodes, old, new)
    bit = data.draw(BITS)
    with pytest.raises(ProofError):
        verify_consistency(old, new, spoil(data, proof), ROOTS[old], ROOTS[new])
    with pytest.raises(ProofError):
        verify_consistency(old, new, proof, flipped(ROOTS[old], bit), ROOTS[new])
    with pytest.raises(ProofError):
        verify_consistency(old, new, proof, ROOTS[old], flipped(ROOTS[new], bit))


def test_impossible_questions_are_refused() -> None:
    """No proof is made for a leaf beyond the tree, a shrinking tree or short hashes."""
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ProofError):
            inclusion_proof(nodes, index, size)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ProofError):
            consistency_proof(nodes, old, new)
    for old, new in ((0, 5), (0, 0), (6, 5)):
        with pytest.raises(ProofError):
            verify_consistency(old, new, [], ROOTS[old], ROOTS[new])
    with pytest.raises(ProofError):
        Frontier().push(b"short")
    assert consistency_proof(nodes, 0, 5) == consistency_proof(nodes, 5, 5) == []
