"""A person's key on a PKCS#11 token: found, judged once, and used to sign.

RSA and P-256, for which there are tokens in officers' hands. The rule: a key that can
leave its token, or was brought there, is no better than a file, and is not enrolled;
that it can't is the token's own word. A key is told by its id, never by a label: on
signature tokens that is its holder's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from childgrid_wire.cryptoki import module, said, session
from childgrid_wire.errors import TokenRefused, Untrusted
from childgrid_wire.keys import check_public_key, low_s

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from pkcs11.types import PrivateKey, Session, SignMixin

    class Private(PrivateKey, SignMixin):
        """A private key as the library makes one of its attributes."""


RSA, P256 = "rsa-pkcs1v15-sha256", "ecdsa-p256-sha256"
_TAKEN = "RSA from 2048 to 4096 bits, or EC on the curve P-256, is taken"
_CURVE = bytes.fromhex("06082a8648ce3d030107")
"""The object identifier of P-256, DER (RFC 5480 section 2.1.1.1)."""
_POINT = b"\x04\x41"
"""The head of an OCTET STRING of 65 bytes: most tokens give a point in one."""


@dataclass(frozen=True)
class Spot:
    """Where a key is: the library's path, the token's serial number, the key's id.

    `id` is the token's own (CKA_ID), in hex; empty where the token gives none.
    """

    library: Path
    serial: str
    id: str


@dataclass(frozen=True)
class Found:
    """A key that may be enrolled: where it is, its algorithm, its public half (DER)."""

    spot: Spot
    algorithm: str
    key: bytes


def find(library: Path, token: str, key: str, pin: bytes) -> Found:
    """Find the one key that is meant, and judge whether it may be enrolled.

    Args:
        library: path of the PKCS#11 library of the token's maker.
        token: label or serial number of the token; empty where there is only one.
        key: label or id (hex) of the key; empty where only one signs.
        pin: the user's PIN.

    Raises:
        TokenRefused: it can't be told or reached, or may not be enrolled.
    """
    with session(library, token, pin) as (opened, serial):
        private = _key(_signing(opened), key)
        algorithm = _algorithm(private)
        _stays(private)
        public = _public(opened, private)
        try:
            check_public_key(algorithm, public)
        except Untrusted as error:
            raise TokenRefused(f"the key is too weak or too long: {_TAKEN}") from error
        return Found(Spot(library, serial, private.id.hex()), algorithm, public)


def touch(spot: Spot, pin: bytes) -> None:
    """See that the key is there and the PIN is right; raises `TokenRefused`."""
    with session(spot.library, spot.serial, pin) as (opened, _):
        _key(_signing(opened), spot.id)


def sign(spot: Spot, algorithm: str, pin: bytes, message: bytes) -> bytes:
    """The signature over `message`, in the form that verifiers take.

    Raises:
        TokenRefused: no such token or key, another PIN, or the token would not.
    """
    with session(spot.library, spot.serial, pin) as (opened, _):
        private = _key(_signing(opened), spot.id)
        if algorithm != _algorithm(private):
            raise TokenRefused("the key on the token is of another kind than enrolled")
        try:
            return _signature(private, algorithm, pin, message)
        except InvalidSignature as error:
            raise TokenRefused("the token has answered with no signature") from error


def _signature(private: Private, algorithm: str, pin: bytes, message: bytes) -> bytes:
    mechanism = module().Mechanism
    # A key of the highest class wants its PIN with every signature.
    again = said(private, "ALWAYS_AUTHENTICATE") is True
    more: dict[str, Any] = {"pin": pin.decode()} if again else {}
    if algorithm == RSA:
        return private.sign(message, mechanism=mechanism.SHA256_RSA_PKCS, **more)
    # Tokens hash for RSA, but most know ECDSA of a finished hash only.
    digest = sha256(message).digest()
    return low_s(private.sign(digest, mechanism=mechanism.ECDSA, **more))


def _signing(opened: Session) -> list[Private]:
    """The private keys that may sign; a token often has one for decryption beside."""
    pkcs11 = module()
    wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    # All of them, before one is used: while a search is open, nothing else goes.
    there: list[Any] = list(opened.get_objects(wanted))
    able = [one for one in there if said(one, "SIGN") is True]
    if not able:
        what = "its keys may not sign" if there else "there is no private key on it"
        raise TokenRefused(f"{what}: make one for signatures, by the maker's tool")
    return able


def _key(able: Sequence[Private], wanted: str) -> Private:
    """The one key that is meant, by id or label."""
    meant = [one for one in able if wanted in ("", one.id.hex(), one.label)]
    if len(meant) == 1:
        return meant[0]
    ids = ", ".join(sorted(one.id.hex() for one in meant or able))
    if meant:
        raise TokenRefused(f"several keys: name one by its id: {ids}")
    raise TokenRefused(f"that key is not on the token; those that sign: {ids}")


def _algorithm(private: Private) -> str:
    kind = module().KeyType
    if private.key_type == kind.RSA:
        return RSA
    if private.key_type == kind.EC and said(private, "EC_PARAMS") == _CURVE:
        return P256
    raise TokenRefused(f"no key of this kind is taken: {_TAKEN}")


def _stays(private: Private) -> None:
    """Insist that the key can't leave the token, and never could."""
    hidden = said(private, "SENSITIVE"), said(private, "ALWAYS_SENSITIVE")
    moved = said(private, "EXTRACTABLE"), said(private, "NEVER_EXTRACTABLE")
    if hidden != (True, True) or moved != (False, True):
        raise TokenRefused(
            "the key can leave the token, or was brought there: "
            "make one on the token that can't"
        )


def _public(opened: Session, private: Private) -> bytes:
    """The public half: by its own object, else by a certificate, else by the key.

    SubjectPublicKeyInfo, DER. That it belongs to the key shows when the key signs.
    """
    kind = module().ObjectClass
    for one in _beside(opened, private, kind.PUBLIC_KEY):
        with suppress(ValueError, TypeError):
            return _spki(_of(one))
    for one in _beside(opened, private, kind.CERTIFICATE):
        with suppress(ValueError, TypeError):
            return _spki(load_der_x509_certificate(said(one, "VALUE")).public_key())
    with suppress(ValueError, TypeError):
        return _spki(_of(private))
    raise TokenRefused("the key's public half is not on the token: put it there")


def _beside(opened: Session, private: Private, kind: object) -> list[Any]:
    attribute = module().Attribute
    return list(opened.get_objects({attribute.CLASS: kind, attribute.ID: private.id}))


def _of(one: object) -> PublicKeyTypes:
    """A public key from attributes; ValueError, TypeError where they are not there."""
    modulus = said(one, "MODULUS")
    if modulus:
        exponent = int.from_bytes(said(one, "PUBLIC_EXPONENT"), "big")
        numbers = rsa.RSAPublicNumbers(exponent, int.from_bytes(modulus, "big"))
        return numbers.public_key()
    point = bytes(said(one, "EC_POINT"))
    bare = point.removeprefix(_POINT) if len(point) == 67 else point
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bare)


def _spki(public: PublicKeyTypes) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
