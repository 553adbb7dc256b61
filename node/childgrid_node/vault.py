"""What a node keeps secret at rest beside its keys, sealed under one derived key.

Used for a suspect's description in a draft, the private key of a request, sealing
keys, case salts and disclosed records. PyNaCl's SecretBox; the key is derived by
HKDF (RFC 5869) from the member's own key and never stored.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from childgrid_wire.errors import Reason, Untrusted


class Vault:
    """Closes and opens small secrets; holds one 32-byte key in memory."""

    def __init__(self, key: bytes) -> None:
        """Derive the vault's key from the member's signing seed (32 bytes)."""
        self._box = SecretBox(derive(key, b"vault"))

    def close(self, content: bytes) -> bytes:
        """Seal `content` for this node alone."""
        return bytes(self._box.encrypt(content))

    def open(self, sealed: bytes) -> bytes:
        """Open what `close` sealed; raises `Untrusted` for anything else."""
        try:
            return self._box.decrypt(sealed)
        except CryptoError as error:
            raise Untrusted(Reason.BAD_SIGNATURE, "vault") from error


def derive(key: bytes, purpose: bytes) -> bytes:
    """Derive a 32-byte key for one purpose from a member's signing seed."""
    info = b"childgrid/v1 node " + purpose
    return HKDF(SHA256(), 32, salt=None, info=info).derive(key)
