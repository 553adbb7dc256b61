"""An authenticator in software: makes WebAuthn assertions, right ones and wrong ones.

The wrong ones are signed as well, so that each refusal is for the one thing that is
wrong and not for a broken signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from childgrid_wire import canonical
from childgrid_wire.keys import EnrolledKey, webauthn_challenge

RP_ID = "desk.police.example"
ORIGIN = "https://desk.police.example"
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP = 0x01, 0x04, 0x08, 0x10


def url64(data: bytes) -> str:
    """Base64 for URLs without padding, as browsers write it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def generated(algorithm: str) -> PrivateKey:
    """A fresh private key for `ES256` or `EdDSA`."""
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Passkey:
    """One device-bound key."""

    algorithm: str = "ES256"
    private: PrivateKey | None = None

    def __post_init__(self) -> None:
        """Make the key."""
        self.private = self.private or generated(self.algorithm)

    @property
    def spki(self) -> bytes:
        """The public key as it is enrolled."""
        return self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )

    def enrolled(self, **changes: object) -> EnrolledKey:
        """What the staff list says of this key."""
        known = {
            "keyid": "police/io-7",
            "algorithm": "webauthn",
            "key": self.spki,
            "rp_id": RP_ID,
            "origins": (ORIGIN,),
        }
        return EnrolledKey(**(known | changes))

    def signed(self, data: bytes) -> bytes:
        """The authenticator's signature over `data`."""
        if self.algorithm == "EdDSA":
            return self.private.sign(data)
        return self.private.sign(data, ec.ECDSA(SHA256()))

    def assertion(
        self,
        message: bytes,
        *,
        rp_id: str = RP_ID,
        flags: int = PRESENT | VERIFIED,
        challenge: bytes | None = None,
        **client: object,
    ) -> bytes:
        """A signature over `message`; every part of it may be made wrong."""
        said = {
            "type": "webauthn.get",
            "challenge": url64(challenge or webauthn_challenge(message)),
            "origin": ORIGIN,
            "crossOrigin": False,
        } | client
        told = json.dumps(said, separators=(",", ":")).encode()
        return self.around(told, rp_id, flags)

    def around(self, told: bytes, rp_id: str = RP_ID, flags: int = 5) -> bytes:
        """A signature over client data that someone wrote by hand."""
        data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + bytes(4)
        return packed(data, told, self.signed(data + hashlib.sha256(told).digest()))


def packed(data: bytes, told: bytes, signature: bytes) -> bytes:
    """The three parts as a statement's signature carries them."""
    return canonical.dumps(
        {
            "authenticatorData": canonical.to_b64(data),
            "clientDataJSON": canonical.to_b64(told),
            "signature": canonical.to_b64(signature),
        }
    )


def parts(signature: bytes) -> dict[str, bytes]:
    """The three parts of an assertion, decoded."""
    table = json.loads(signature)
    return {name: base64.b64decode(text) for name, text in table.items()}
