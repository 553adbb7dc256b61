"""Signature algorithms, each a property of the enrolled key.

A message never chooses its algorithm: the verifier takes it from the directory or
the staff list. Ed25519 is PyNaCl's; ECDSA, EdDSA in WebAuthn and RSA are
cryptography's. Keys are stored raw (Ed25519) or as SubjectPublicKeyInfo DER (the
others). No key is generated or stored here except in memory.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from childgrid_wire import canonical
from childgrid_wire.errors import Malformed, Reason, Untrusted

WEBAUTHN_CONTEXT = b"childgrid/v1"
_ORDER = ec.SECP256R1().group_order
_USER_PRESENT, _USER_VERIFIED = 0x01, 0x04
_BACKUP_ELIGIBLE, _BACKED_UP = 0x08, 0x10


class Signer(Protocol):
    """Whoever can sign: a key file, a passkey, a token."""

    @property
    def keyid(self) -> str:
        """The id under which the public key is enrolled."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`."""


@dataclass(frozen=True)
class EnrolledKey:
    """A public key and what is known of it; `key` is raw or SPKI DER."""

    keyid: str
    algorithm: str
    key: bytes
    rp_id: str = ""
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeedSigner:
    """An Ed25519 key from its 32-byte seed."""

    keyid: str
    seed: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The 32-byte public key."""
        return bytes(SigningKey(self.seed).verify_key)

    def sign(self, message: bytes) -> bytes:
        """Sign by RFC 8032."""
        return SigningKey(self.seed).sign(message).signature


def check_public_key(algorithm: str, key: bytes) -> None:
    """Refuse keys under which anybody could sign, or that no verifier takes.

    A small-order Ed25519 point "verifies" arbitrary messages in some libraries, so
    it is refused at enrolment already. A key has one spelling only: a compressed
    point or a parameter left out would let one key pass as two.

    Raises:
        Untrusted: the key is not usable.
    """
    try:
        usable = _usable(algorithm, key)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise Untrusted(Reason.UNKNOWN_KEY, algorithm) from error
    if not usable:
        raise Untrusted(Reason.UNKNOWN_KEY, algorithm)


def algorithm_of(key: bytes) -> str:
    """What a key signs by that is no passkey's, told from its form alone.

    Raises:
        Untrusted: no algorithm takes it.
    """
    for algorithm in sorted(_VERIFIERS.keys() - {"webauthn"}):
        with suppress(Untrusted):
            check_public_key(algorithm, key)
            return algorithm
    raise Untrusted(Reason.UNKNOWN_KEY, "of no known form")


@lru_cache(maxsize=4096)
def _usable(algorithm: str, key: bytes) -> bool:
    # Of public keys only, and for good: the same few sign over and over.
    return _USABLE[algorithm](key)


def _usable_ed25519(key: bytes) -> bool:
    return len(key) == 32 and bool(crypto_core_ed25519_is_valid_point(key))


def _load(key: bytes) -> object:
    public = load_der_public_key(key)
    if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != key:
        raise ValueError("key is not in canonical form")
    return public


def _usable_webauthn(key: bytes) -> bool:
    public = _load(key)
    if isinstance(public, ed25519.Ed25519PublicKey):
        return _usable_ed25519(public.public_bytes_raw())
    return _is_p256(public)


def _usable_p256(key: bytes) -> bool:
    return _is_p256(_load(key))


def _is_p256(public: object) -> bool:
    return isinstance(public, ec.EllipticCurvePublicKey) and isinstance(
        public.curve, ec.SECP256R1
    )


def _usable_rsa(key: bytes) -> bool:
    public = _load(key)
    return isinstance(public, rsa.RSAPublicKey) and 2048 <= public.key_size <= 4096


def verify(key: EnrolledKey, message: bytes, signature: bytes) -> None:
    """Verify `signature` over `message` by the enrolled algorithm.

    Raises:
        Untrusted: the signature does not hold.
    """
    try:
        check_public_key(key.algorithm, key.key)
        _VERIFIERS[key.algorithm](key, message, signature)
    except (InvalidSignature, BadSignatureError, ValueError, Malformed) as error:
        raise Untrusted(Reason.BAD_SIGNATURE, key.algorithm) from error


def _verify_ed25519(key: EnrolledKey, message: bytes, signature: bytes) -> None:
    VerifyKey(key.key).verify(message, signature)


def _verify_rsa(key: EnrolledKey, message: bytes, signature: bytes) -> None:
    public = load_der_public_key(key.key)
    if not isinstance(public, rsa.RSAPublicKey):
        raise InvalidSignature
    public.verify(signature, message, padding.PKCS1v15(), SHA256())


def _verify_p256(key: EnrolledKey, message: bytes, signature: bytes) -> None:
    """ECDSA with SHA-256; r and s of 32 bytes each, and of the two s the lower one.

    A signature so has one spelling, and nobody but the signer can write another.
    """
    public = load_der_public_key(key.key)
    r, s = _halves(signature)
    if not isinstance(public, ec.EllipticCurvePublicKey) or s > _ORDER // 2:
        raise InvalidSignature
    public.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))


def low_s(signature: bytes) -> bytes:
    """A P-256 signature (r, s; 64 bytes) in the form that `verify` takes.

    Raises:
        InvalidSignature: it has another length.
    """
    r, s = _halves(signature)
    return r.to_bytes(32, "big") + min(s, _ORDER - s).to_bytes(32, "big")


def _halves(signature: bytes) -> tuple[int, int]:
    if len(signature) != 64:
        raise InvalidSignature
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def webauthn_challenge(message: bytes) -> bytes:
    """The challenge of a signing passkey: SHA-256 of a context and the message."""
    return hashlib.sha256(WEBAUTHN_CONTEXT + message).digest()


def _verify_webauthn(key: EnrolledKey, message: bytes, signature: bytes) -> None:
    """Check an assertion (W3C WebAuthn level 3, section 7.2) over `message`."""
    parts = canonical.loads(signature)
    if parts.keys() != {"authenticatorData", "clientDataJSON", "signature"}:
        raise InvalidSignature
    data, client, raw = (
        canonical.from_b64(_text(parts[name]))
        for name in ("authenticatorData", "clientDataJSON", "signature")
    )
    _check_client_data(key, client, message)
    _check_authenticator_data(key, data)
    signed = data + hashlib.sha256(client).digest()
    public = load_der_public_key(key.key)
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(raw, signed, ec.ECDSA(SHA256()))
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(raw, signed)
    else:
        raise InvalidSignature


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidSignature
    return value


def _check_client_data(key: EnrolledKey, client: bytes, message: bytes) -> None:
    """The browser's own account: a `get`, our challenge, an enrolled origin."""
    try:
        said: Any = json.loads(client.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidSignature from error
    expected = canonical.to_b64(webauthn_challenge(message))
    expected = expected.rstrip("=").replace("+", "-").replace("/", "_")
    if (
        not isinstance(said, dict)
        or said.get("type") != "webauthn.get"
        or said.get("challenge") != expected
        or said.get("origin") not in key.origins
        or said.get("crossOrigin", False) is not False
    ):
        raise InvalidSignature


def _check_authenticator_data(key: EnrolledKey, data: bytes) -> None:
    """The authenticator's account: our domain, a verified user, no synced key."""
    if len(data) < 37 or data[:32] != hashlib.sha256(key.rp_id.encode()).digest():
        raise InvalidSignature
    flags = data[32]
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED:
        raise InvalidSignature
    if flags & (_BACKUP_ELIGIBLE | _BACKED_UP):
        raise InvalidSignature


_USABLE = {
    "ed25519": _usable_ed25519,
    "webauthn": _usable_webauthn,
    "rsa-pkcs1v15-sha256": _usable_rsa,
    "ecdsa-p256-sha256": _usable_p256,
}
_VERIFIERS = {
    "ed25519": _verify_ed25519,
    "webauthn": _verify_webauthn,
    "rsa-pkcs1v15-sha256": _verify_rsa,
    "ecdsa-p256-sha256": _verify_p256,
}
