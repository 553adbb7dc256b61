"""Ed25519 keys of notes, and the `name+id+key` text by which they are known.

Source: C2SP signed-note (type 0x01) and tlog-cosignature (type 0x04). PyNaCl signs
and verifies, since it refuses keys of small order, with which anything verifies.
It does not store keys. The rule: a key's name, type and bytes are one identity.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from childgrid_log.errors import NoteError, SignatureInvalid
from childgrid_log.strict import enbase64, unbase64, unhex

ED25519 = 0x01
COSIGNATURE = 0x04

KEY_ID_BYTES = 4
PUBLIC_BYTES = 32
SEED_BYTES = 32


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Return the 4-byte key id: SHA-256(name ‖ LF ‖ kind ‖ public)[:4]."""
    material = name.encode() + b"\n" + bytes([kind]) + public
    return hashlib.sha256(material).digest()[:KEY_ID_BYTES]


def check_name(name: str) -> str:
    """Return `name` if it may name a key: no space, plus or control; else NoteError."""
    if not name or any(c.isspace() or c == "+" or c < " " for c in name):
        raise NoteError("a key name is not empty and holds no space, plus or control")
    return name


@dataclass(frozen=True)
class Verifier:
    """A public key: its name, its type (0x01 or 0x04) and its 32 bytes."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE):
            raise NoteError(f"key type {self.kind:#04x} is not one of 0x01 and 0x04")
        if len(self.public) != PUBLIC_BYTES or not _is_sound(self.public):
            raise NoteError(f"the public key of {self.name} is not a sound Ed25519 key")

    @classmethod
    def parse(cls, vkey: str, kind: int) -> Verifier:
        """Read `name+hex id+base64(type ‖ key)`; NoteError unless it is of `kind`."""
        name, plus, rest = vkey.partition("+")
        identity, second, material = rest.partition("+")
        if not plus or not second:
            raise NoteError("a verifier key is written name+id+key")
        try:
            claimed, decoded = unhex(identity), unbase64(material)
        except ValueError as fault:
            raise NoteError(f"the key of {name} is misspelled: {fault}") from None
        if decoded[:1] != bytes([kind]):
            raise NoteError(f"the verifier key of {name} is not of type {kind:#04x}")
        key = cls(name, kind, decoded[1:])
        if key.id != claimed:
            raise NoteError(f"the key id of {name} does not belong to its key")
        return key

    @property
    def id(self) -> bytes:
        """The 4-byte key id."""
        return key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        """The key as `name+hex id+base64(type ‖ key)`."""
        material = enbase64(bytes([self.kind]) + self.public)
        return f"{self.name}+{self.id.hex()}+{material}"

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raise SignatureInvalid unless this key signed `message` (RFC 8032)."""
        try:
            VerifyKey(self.public).verify(message, signature)
        except (BadSignatureError, ValueError):
            raise SignatureInvalid(
                f"{self.name} ({self.id.hex()}) did not sign this text: do not use it"
            ) from None


class Signer:
    """A private key under its name and type; it shows neither itself nor its seed."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise NoteError(f"a signing key's seed has {SEED_BYTES} bytes")
        self._key = SigningKey(seed)
        self.verifier = Verifier(name, kind, bytes(self._key.verify_key))

    @property
    def vkey(self) -> str:
        """The public half as text."""
        return self.verifier.vkey

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over `message`."""
        return self._key.sign(message).signature


def _is_sound(public: bytes) -> bool:
    return bool(crypto_core_ed25519_is_valid_point(public))
