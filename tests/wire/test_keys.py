"""Signature algorithms: vectors, weak keys, and an independent verifier as oracle."""

import base64
import hashlib
import json
from pathlib import Path

import cbor2
import pytest
import webauthn
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from webauthn.helpers.exceptions import WebAuthnException

from childgrid_wire import keys
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.keys import EnrolledKey, SeedSigner, check_public_key
from wire import passkey
from wire.passkey import ORIGIN, RP_ID, Passkey
from wire.world import Json

VECTORS = Path(__file__).parents[1] / "vectors" / "wire" / "webauthn.json"
ASSERTIONS = json.loads(VECTORS.read_text("ascii"))
MESSAGE = b"what was shown to the officer"
RSA = "rsa-pkcs1v15-sha256"
P = 2**255 - 19

STRICTER_THAN_THE_ORACLE = {
    "backup eligible": "a synced key isn't bound to a device",
    "backed up": "a synced key isn't bound to a device",
    "the challenge padded": "browsers don't pad, and a challenge has one spelling",
    "in a foreign frame": "the page that shows must be the page that asks",
}
SMALL_ORDER = [
    (1).to_bytes(32, "little"),
    (0).to_bytes(32, "little"),
    (P - 1).to_bytes(32, "little"),
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
    (1 | 1 << 255).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]


def accepts(key: EnrolledKey, message: bytes, signature: bytes) -> bool:
    """Whether our verifier takes it; anything but `Untrusted` is a bug."""
    try:
        keys.verify(key, message, signature)
    except Untrusted:
        return False
    return True


def cose(spki: bytes) -> bytes:
    """The same public key as authenticators write it (RFC 9052)."""
    public = load_der_public_key(spki)
    if isinstance(public, ec.EllipticCurvePublicKey):
        numbers = public.public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
    return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()})


def oracle_accepts(spki: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the `webauthn` package takes the same assertion."""
    parts = passkey.parts(signature)
    try:
        webauthn.verify_authentication_response(
            credential={
                "id": "a2V5",
                "rawId": "a2V5",
                "type": "public-key",
                "response": {name: passkey.url64(data) for name, data in parts.items()},
            },
            expected_challenge=keys.webauthn_challenge(message),
            expected_rp_id=RP_ID,
            expected_origin=ORIGIN,
            credential_public_key=cose(spki),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except WebAuthnException:
        return False
    return True


@pytest.mark.parametrize(
    "vector", ASSERTIONS, ids=lambda one: f"{one['algorithm']}: {one['name']}"
)
@pytest.mark.threat("T25")
def test_assertions_are_judged_as_written(vector: Json) -> None:
    """Each stored assertion is taken or refused as it says, and so by the oracle.

    Whatever we take the oracle takes too; where only we refuse, the reason is named.
    """
    key = EnrolledKey(
        "police/io-7",
        "webauthn",
        base64.b64decode(vector["key"]),
        vector["rp_id"],
        tuple(vector["origins"]),
    )
    message = bytes.fromhex(vector["message"])
    signature = keys.canonical.dumps(vector["signature"])
    assert accepts(key, message, signature) is vector["accepted"]
    expected = vector["accepted"] or vector["name"] in STRICTER_THAN_THE_ORACLE
    assert oracle_accepts(key.key, message, signature) is expected


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_no_byte_of_an_assertion_can_change(algorithm: str) -> None:
    """Each flipped bit of each part is refused, and so is each cut."""
    key = Passkey(algorithm)
    parts = passkey.parts(key.assertion(MESSAGE))
    names = ("authenticatorData", "clientDataJSON", "signature")
    for name in names:
        for at in range(len(parts[name])):
            changed = bytearray(parts[name])
            changed[at] ^= 1 << at % 8
            altered = parts | {name: bytes(changed)}
            data = passkey.packed(*(altered[one] for one in names))
            assert not accepts(key.enrolled(), MESSAGE, data), (name, at)
        cut = parts | {name: parts[name][:-1]}
        assert not accepts(
            key.enrolled(), MESSAGE, passkey.packed(*(cut[one] for one in names))
        )


def test_the_enrolment_decides_domain_and_origin() -> None:
    """An enrolled key with another domain, or with no origin, verifies nothing."""
    key = Passkey()
    signature = key.assertion(MESSAGE)
    assert accepts(key.enrolled(), MESSAGE, signature)
    assert accepts(key.enrolled(origins=("https://a", ORIGIN)), MESSAGE, signature)
    for changes in (
        {"origins": ()},
        {"origins": ("https://a",)},
        {"rp_id": "police.example"},
        {"rp_id": ""},
        {"algorithm": "ed25519"},
        {"algorithm": RSA},
        {"algorithm": "none"},
        {"algorithm": ""},
    ):
        assert not accepts(key.enrolled(**changes), MESSAGE, signature)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 3_000,
        b'{"type":"webauthn.get","origin":["' + ORIGIN.encode() + b'"]}',
        b'{"type":"webauthn.get","challenge":1,"origin":{}}',
    ],
    ids=repr,
)
def test_strange_client_data_is_refused_without_a_crash(told: bytes) -> None:
    """The one JSON that others write is taken apart carefully."""
    key = Passkey()
    assert not accepts(key.enrolled(), MESSAGE, key.around(told))


def test_an_assertion_has_exactly_its_three_parts() -> None:
    """One part more or less, or a part that is no text, is refused."""
    key = Passkey()
    table = json.loads(key.assertion(MESSAGE))
    dumps = keys.canonical.dumps
    assert accepts(key.enrolled(), MESSAGE, dumps(table))
    assert not accepts(key.enrolled(), MESSAGE, dumps(table | {"userHandle": ""}))
    for name in table:
        fewer = {key: value for key, value in table.items() if key != name}
        assert not accepts(key.enrolled(), MESSAGE, dumps(fewer))
        for value in (None, 1, [], {}, [table[name]], table[name].rstrip("=") + "!"):
            changed = dumps(table | {name: value})
            assert not accepts(key.enrolled(), MESSAGE, changed)


def test_authenticator_data_without_a_counter_is_refused() -> None:
    """The fixed part is 37 bytes; a shorter one, though signed, is none."""
    key = Passkey()
    told = passkey.parts(key.assertion(MESSAGE))["clientDataJSON"]
    whole = hashlib.sha256(RP_ID.encode()).digest() + b"\x05" + bytes(4)
    for size in (0, 32, 33, 36, 37):
        data = whole[:size]
        raw = key.signed(data + hashlib.sha256(told).digest())
        assertion = passkey.packed(data, told, raw)
        assert accepts(key.enrolled(), MESSAGE, assertion) is (size == 37)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_signature_of_any_algorithm(data: bytes) -> None:
    """Whatever arrives as a signature, the answer is a refusal."""
    enrolled = [
        SIGNER_KEY,
        Passkey("EdDSA").enrolled(),
        EnrolledKey("police/io-7", RSA, DSC_DER),
    ]
    assert not any(accepts(key, MESSAGE, data) for key in enrolled)


SIGNER = SeedSigner("police", hashlib.sha256(b"police").digest())
SIGNER_KEY = EnrolledKey("police", "ed25519", SIGNER.public)
DSC = rsa.generate_private_key(65537, 2048)
DSC_DER = DSC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_ed25519_follows_rfc_8032() -> None:
    """The RFC's first and second example, and each flipped bit refused."""
    for seed, public, message, signature in (
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ):
        signer = SeedSigner("a", bytes.fromhex(seed))
        assert signer.public.hex() == public
        assert signer.sign(bytes.fromhex(message)).hex() == signature
        key = EnrolledKey("a", "ed25519", signer.public)
        for bit in range(0, 512, 7):
            flipped = bytearray(bytes.fromhex(signature))
            flipped[bit // 8] ^= 1 << bit % 8
            assert not accepts(key, bytes.fromhex(message), bytes(flipped))


def test_an_ed25519_signature_has_one_form() -> None:
    """Adding the group's order to S makes no second signature."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = SIGNER.sign(MESSAGE)
    assert accepts(SIGNER_KEY, MESSAGE, signature)
    high = int.from_bytes(signature[32:], "little") + order
    again = signature[:32] + high.to_bytes(32, "little")
    for other in (again, signature + b"\0", signature[:-1], b"", SIGNER.public * 2):
        assert not accepts(SIGNER_KEY, MESSAGE, other)


@pytest.mark.parametrize("point", SMALL_ORDER, ids=bytes.hex)
@pytest.mark.threat("T16")
def test_keys_of_small_order_are_refused(point: bytes) -> None:
    """A key under which anyone could sign is refused at enrolment and at use."""
    ed25519_spki = bytes.fromhex("302a300506032b6570032100") + point
    for algorithm, key in (("ed25519", point), ("webauthn", ed25519_spki)):
        with pytest.raises(Untrusted):
            check_public_key(algorithm, key)
    enrolled = EnrolledKey("a", "ed25519", point)
    for signature in (point + bytes(32), bytes(64), (b"\1" + bytes(31)) * 2):
        assert not accepts(enrolled, MESSAGE, signature)


def der(public: Json) -> bytes:
    """SubjectPublicKeyInfo."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def compressed() -> bytes:
    """A P-256 key whose point is written short."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    head = "3039301306072a8648ce3d020106082a8648ce3d030107032200"
    return bytes.fromhex(head) + point


UNKNOWN_ALGORITHM = bytes.fromhex("302a300506032a0304032100") + bytes(32)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ed25519", bytes(31)),
        ("ed25519", bytes(33)),
        ("ed25519", b"\x02" + bytes(31)),
        ("webauthn", b""),
        ("webauthn", SIGNER.public),
        ("webauthn", der(ec.generate_private_key(ec.SECP384R1()).public_key())),
        ("webauthn", der(ec.generate_private_key(ec.SECP256K1()).public_key())),
        ("webauthn", der(ed448.Ed448PrivateKey.generate().public_key())),
        ("webauthn", der(rsa.generate_private_key(65537, 2048).public_key())),
        ("webauthn", Passkey().spki + b"\0"),
        ("webauthn", Passkey().spki[:-1]),
        ("webauthn", compressed()),
        ("webauthn", UNKNOWN_ALGORITHM),
        (RSA, UNKNOWN_ALGORITHM),
        (RSA, der(rsa.generate_private_key(65537, 1024).public_key())),  # noqa: S505 - it must be refused
        (RSA, Passkey().spki),
        (RSA, b"0"),
        ("none", SIGNER.public),
        ("", b""),
    ],
    # Some keys are made anew in every process, and a test's name must not be.
    ids=lambda one: one if isinstance(one, str) else "key",
)
def test_keys_that_nobody_should_enrol_are_refused(algorithm: str, key: bytes) -> None:
    """Wrong length, curve, algorithm, size or spelling: `unknown-key`, no crash."""
    with pytest.raises(Untrusted) as refusal:
        check_public_key(algorithm, key)
    assert refusal.value.reason is Reason.UNKNOWN_KEY
    assert not accepts(EnrolledKey("a", algorithm, key), MESSAGE, bytes(64))


def test_rsa_takes_pkcs1_with_sha256_and_nothing_else() -> None:
    """Indian signature tokens' form; PSS, SHA-1 and other messages are refused."""
    key = EnrolledKey("police/io-7", RSA, DSC_DER)
    good = DSC.sign(MESSAGE, padding.PKCS1v15(), SHA256())
    assert accepts(key, MESSAGE, good)
    pss = padding.PSS(padding.MGF1(SHA256()), 32)
    for bad in (
        DSC.sign(MESSAGE, padding.PKCS1v15(), SHA1()),  # noqa: S303
        DSC.sign(MESSAGE, pss, SHA256()),
        DSC.sign(MESSAGE + b".", padding.PKCS1v15(), SHA256()),
        good[:-1] + bytes([good[-1] ^ 1]),
        b"\0" + good,
        b"",
    ):
        assert not accepts(key, MESSAGE, bad)


def test_an_rsa_key_with_exponent_one_is_refused() -> None:
    """With e = 1 the padded message is its own signature."""
    modulus = DSC.public_key().public_numbers().n.to_bytes(257, "big")
    numbers = b"\x02\x82\x01\x01" + modulus + b"\x02\x01\x01"
    body = b"\x30" + b"\x82" + len(numbers).to_bytes(2, "big") + numbers
    bits = b"\x03\x82" + (len(body) + 1).to_bytes(2, "big") + b"\0" + body
    head = bytes.fromhex("300d06092a864886f70d0101010500")
    whole = head + bits
    key = b"\x30\x82" + len(whole).to_bytes(2, "big") + whole
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    digest = info + hashlib.sha256(MESSAGE).digest()
    forged = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
    with pytest.raises(WireError):
        check_public_key(RSA, key)
    assert not accepts(EnrolledKey("a", RSA, key), MESSAGE, forged)


@pytest.mark.threat("T25")
def test_a_challenge_is_never_that_of_a_login() -> None:
    """The context keeps a signature apart from any hash that a site may ask for."""
    challenge = keys.webauthn_challenge(MESSAGE)
    assert challenge == hashlib.sha256(b"childgrid/v1" + MESSAGE).digest()
    assert challenge != hashlib.sha256(MESSAGE).digest()
