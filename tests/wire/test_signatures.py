"""What tokens sign with: RSA and plain P-256, each in one form, by strong keys only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

import shapes
from childgrid_wire import canonical, keys
from childgrid_wire.errors import Reason, Untrusted
from childgrid_wire.keys import EnrolledKey, SeedSigner, check_public_key, low_s
from childgrid_wire.schemas import key_algorithm

VECTORS = Path(__file__).parents[1] / "vectors" / "wire" / "signatures.json"
CASES = json.loads(VECTORS.read_text("ascii"))
P256 = "ecdsa-p256-sha256"
ORDER = ec.SECP256R1().group_order
KEY = ec.generate_private_key(ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
ENROLLED = EnrolledKey("police/io-7", P256, SPKI)


def accepts(key: EnrolledKey, message: bytes, signature: bytes) -> bool:
    """Whether the signature holds; any other outcome than a refusal is an error."""
    try:
        keys.verify(key, message, signature)
    except Untrusted:
        return False
    return True


@pytest.mark.parametrize(
    "case", CASES, ids=lambda one: f"{one['algorithm']}: {one['name']}"
)
def test_a_signature_is_read_as_the_vectors_say(case: Any) -> None:
    """Whatever is not exactly the enrolled algorithm's one form is refused."""
    key = EnrolledKey("a", case["algorithm"], canonical.from_b64(case["key"]))
    said = bytes.fromhex(case["message"]), canonical.from_b64(case["signature"])
    assert accepts(key, *said) is case["accepted"]


def raw(message: bytes) -> bytes:
    """As a token gives it: r and s, and s as it comes."""
    r, s = decode_dss_signature(KEY.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@settings(max_examples=30)
@given(st.binary(max_size=60))
def test_of_the_two_spellings_of_a_signature_one_counts(message: bytes) -> None:
    """A token gives either half; what is handed on is always the lower one."""
    signature = low_s(raw(message))
    assert accepts(ENROLLED, message, signature)
    assert low_s(signature) == signature
    high = ORDER - int.from_bytes(signature[32:], "big")
    other = signature[:32] + high.to_bytes(32, "big")
    assert low_s(other) == signature
    assert not accepts(ENROLLED, message, other)


@settings(max_examples=60)
@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_no_signature(data: bytes) -> None:
    """Whatever arrives as one, the answer is a refusal."""
    assert not accepts(ENROLLED, b"a message", data)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_token_that_answers_otherwise_has_signed_nothing(size: int) -> None:
    """Neither 64 bytes nor a signature."""
    with pytest.raises(InvalidSignature):
        low_s(bytes(size))


def point(form: PublicFormat) -> bytes:
    """The key's point alone."""
    return KEY.public_key().public_bytes(Encoding.X962, form)


SHORT = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")


@pytest.mark.parametrize(
    "key",
    [
        b"",
        SPKI[:-1],
        SPKI + b"\0",
        SHORT + point(PublicFormat.CompressedPoint),
        point(PublicFormat.UncompressedPoint),
    ],
    ids=["none", "cut", "longer", "compressed", "bare"],
)
def test_a_key_in_another_spelling_is_not_enrolled(key: bytes) -> None:
    """One key can't stand in a list twice, and nothing else is taken for one."""
    check_public_key(P256, SPKI)
    with pytest.raises(Untrusted) as refusal:
        check_public_key(P256, key)
    assert refusal.value.reason is Reason.UNKNOWN_KEY


def test_a_founder_s_algorithm_is_told_from_the_key_s_form() -> None:
    """Raw or DER, RSA or P-256; what no algorithm takes has none."""
    for case in CASES:
        key = canonical.from_b64(case["key"])
        if case["accepted"]:
            assert keys.algorithm_of(key) == case["algorithm"]
    assert keys.algorithm_of(SeedSigner("a", bytes(32)).public) == "ed25519"
    weak = next(one for one in CASES if one["name"] == "RSA-1024")
    for key in (b"", bytes(32), SPKI[:-1], canonical.from_b64(weak["key"])):
        with pytest.raises(Untrusted):
            keys.algorithm_of(key)


def test_every_algorithm_that_a_list_may_name_has_a_verifier() -> None:
    """Neither the schema nor the verifiers know one that the other doesn't."""
    named = set(shapes.shape(key_algorithm)["values"])
    assert named == keys._VERIFIERS.keys() == keys._USABLE.keys()
