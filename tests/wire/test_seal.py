"""Sealing: one reader, one purpose, and a size that tells a class only."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from childgrid_wire import seal
from childgrid_wire.errors import Malformed, Untrusted, WireError
from childgrid_wire.seal import Binding

PRIVATE, PUBLIC = seal.new_key()
BINDING = Binding("query", "ab" * 16, "police", "transport", 1)
WORD = st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True)
BINDINGS = st.builds(Binding, WORD, WORD, WORD, WORD, st.integers(0, 9_999))
OVERHEAD = 48


@settings(max_examples=50)
@given(st.binary(max_size=3_000), BINDINGS)
def test_the_reader_gets_what_was_sealed(content: bytes, binding: Binding) -> None:
    """Opening under the same binding gives the content back, byte for byte."""
    closed = seal.seal(content, PUBLIC, binding)
    assert seal.unseal(closed, PRIVATE, binding) == content
    assert content not in closed or len(content) < 4


@settings(max_examples=60)
@given(BINDINGS, BINDINGS)
@pytest.mark.threat("T2")
def test_any_other_binding_fails(binding: Binding, other: Binding) -> None:
    """A ciphertext moved to another statement, reader or epoch stays shut."""
    assume(binding != other)
    closed = seal.seal(b"content", PUBLIC, binding)
    with pytest.raises(Untrusted):
        seal.unseal(closed, PRIVATE, other)


@pytest.mark.parametrize("part", ["kind", "id", "sender", "recipient", "epoch"])
def test_each_part_of_the_binding_counts(part: str) -> None:
    """Changing one part alone is enough to keep it shut."""
    closed = seal.seal(b"content", PUBLIC, BINDING)
    other = replace(BINDING, **{part: 2 if part == "epoch" else "other"})
    with pytest.raises(Untrusted):
        seal.unseal(closed, PRIVATE, other)


@given(BINDINGS, BINDINGS)
def test_bindings_are_told_apart_by_their_bytes(one: Binding, other: Binding) -> None:
    """No two bindings have the same `info`."""
    assert (one.info == other.info) is (one == other)


@pytest.mark.parametrize("bad", ["a\x00b", "\x00", "a\nb", "é", "\ud800"])
def test_a_part_that_could_hold_the_separator_is_refused(bad: str) -> None:
    """Otherwise two different bindings could read the same."""
    for part in ("kind", "id", "sender", "recipient"):
        with pytest.raises(Malformed):
            seal.seal(b"content", PUBLIC, replace(BINDING, **{part: bad}))


@pytest.mark.parametrize(
    ("size", "blocks"),
    [(0, 1), (1, 1), (1_020, 1), (1_021, 2), (2_044, 2), (2_045, 3), (10_000, 10)],
)
@pytest.mark.threat("T2")
def test_sizes_come_in_classes_of_1024(size: int, blocks: int) -> None:
    """Whatever lies within a class has the same length outside."""
    assert len(seal.seal(bytes(size), PUBLIC, BINDING)) == 1_024 * blocks + OVERHEAD


@settings(max_examples=40)
@given(st.data())
def test_any_change_of_the_ciphertext_is_refused(data: st.DataObject) -> None:
    """Flips, cuts and additions, wherever they are."""
    closed = seal.seal(b"content", PUBLIC, BINDING)
    at = data.draw(st.integers(0, len(closed) - 1))
    flipped = bytearray(closed)
    flipped[at] ^= data.draw(st.integers(1, 255))
    for bad in (bytes(flipped), closed[:at], closed + closed[: at + 1], closed[1:]):
        with pytest.raises(Untrusted):
            seal.unseal(bad, PRIVATE, BINDING)


def test_another_key_opens_nothing() -> None:
    """Neither another private key nor one of the wrong length."""
    closed = seal.seal(b"content", PUBLIC, BINDING)
    for private in (seal.new_key()[0], bytes(32), b"", PRIVATE[:31]):
        with pytest.raises(Untrusted):
            seal.unseal(closed, private, BINDING)


@pytest.mark.parametrize(
    "public",
    [
        bytes(32),
        b"\x01" + bytes(31),
        bytes.fromhex(
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
        ),
        ((1 << 255) - 19).to_bytes(32, "little"),
        bytes(31),
        b"",
    ],
    ids=bytes.hex,
)
def test_a_key_that_leads_to_a_known_secret_is_refused(public: bytes) -> None:
    """Nothing is sealed to a point of small order, which everyone could open."""
    with pytest.raises(Untrusted):
        seal.seal(b"content", public, BINDING)


@given(st.binary(max_size=64))
@example(b"")
@example(bytes(4))
@example(bytes(1_023))
@example(bytes(2_048))
@example(bytes(1_020) + b"\1\0\0\0")
@example(b"\0\0\0\1\1" + bytes(1_018) + b"\1")
@example(b"\xff\xff\xff\xff" + bytes(1_020))
def test_padding_of_another_form_is_refused(framed: bytes) -> None:
    """A sender can't choose a size of its own, nor hide bytes in the padding."""
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    key = X25519PublicKey.from_public_bytes(PUBLIC)
    with pytest.raises(WireError):
        seal.unseal(suite.encrypt(framed, key, BINDING.info), PRIVATE, BINDING)


def test_sealing_twice_gives_two_ciphertexts() -> None:
    """A relay can't tell whether the same content was sent again."""
    first, second = (seal.seal(b"content", PUBLIC, BINDING) for _ in range(2))
    assert first != second
    assert seal.digest(first) != seal.digest(second)
    assert seal.public_of(PRIVATE) == PUBLIC
