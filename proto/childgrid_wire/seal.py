"""Sealing content to its one reader (HPKE, RFC 9180), bound to what it is for.

Suite: X25519, HKDF-SHA256, ChaCha20-Poly1305, single-shot. `info` binds kind, id,
sender, recipient and epoch, so a ciphertext can't be moved to another statement.
Content is padded to a multiple of 1,024 bytes: a relay learns a size class only.
Sender authenticity comes from the statement that carries the ciphertext's hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from childgrid_wire import canonical
from childgrid_wire.errors import Malformed, Reason, Untrusted

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_BLOCK = 1024


@dataclass(frozen=True)
class Binding:
    """What a ciphertext belongs to; a reader with another binding can't open it."""

    kind: str
    id: str
    sender: str
    recipient: str
    epoch: int

    @property
    def info(self) -> bytes:
        """HPKE's `info`; raises `Malformed` where a part could hold the separator."""
        parts = (self.kind, self.id, self.sender, self.recipient, str(self.epoch))
        if not all(part.isascii() and part.isprintable() for part in parts):
            raise Malformed("binding")
        return b"childgrid/v1 seal\x00" + "\x00".join(parts).encode("ascii")


def new_key() -> tuple[bytes, bytes]:
    """Make an X25519 key pair; returns (private, public), 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_of(private: bytes) -> bytes:
    """The public key of a private one, 32 bytes."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


@lru_cache(maxsize=4_096)
def usable(public: str) -> bool:
    """Whether anything can be sealed to a key (base64): not to one of low order."""
    try:
        key = X25519PublicKey.from_public_bytes(canonical.from_b64(public))
        X25519PrivateKey.generate().exchange(key)
    except ValueError:
        return False
    return True


def seal(content: bytes, public: bytes, binding: Binding) -> bytes:
    """Seal `content` to the holder of `public` (32 bytes) under `binding`.

    Raises:
        Untrusted: the public key is not usable.
    """
    try:
        key = X25519PublicKey.from_public_bytes(public)
        return _SUITE.encrypt(_pad(content), key, binding.info)
    except ValueError as error:
        raise Untrusted(Reason.UNKNOWN_KEY, "sealing key") from error


def unseal(ciphertext: bytes, private: bytes, binding: Binding) -> bytes:
    """Open what `seal` closed.

    Raises:
        Untrusted: another key, another binding, or altered bytes.
        Malformed: its sender did not pad it as `seal` does.
    """
    try:
        key = X25519PrivateKey.from_private_bytes(private)
        return _unpad(_SUITE.decrypt(ciphertext, key, binding.info))
    except (InvalidTag, ValueError) as error:
        raise Untrusted(Reason.BAD_SIGNATURE, "sealed content") from error


def digest(ciphertext: bytes) -> str:
    """Hex SHA-256 by which a statement names its ciphertext."""
    return hashlib.sha256(ciphertext).hexdigest()


def _pad(content: bytes) -> bytes:
    framed = len(content).to_bytes(4, "big") + content
    return framed + bytes(-len(framed) % _BLOCK)


def _unpad(framed: bytes) -> bytes:
    size = int.from_bytes(framed[:4], "big")
    content = framed[4 : 4 + size]
    if _pad(content) != framed:
        raise Malformed("padding")
    return content
