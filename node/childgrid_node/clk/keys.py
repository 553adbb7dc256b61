"""From the shared secret to two keys per feature.

One HKDF (RFC 5869) gives all key material; feature *i* takes bytes ``2·i·size`` to
``2·(i+1)·size``, ignored features included. Keys belong to a column's place, not to
its name: reordering columns changes every later key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from childgrid_node.clk.errors import SecretInvalid

if TYPE_CHECKING:
    from childgrid_node.clk.schema import Schema


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys of one feature; BLAKE2 uses only the first."""

    first: bytes = field(repr=False)
    second: bytes = field(repr=False)


def derive(secret: bytes | str, schema: Schema) -> tuple[Keys, ...]:
    """Return the keys of every feature in order; a string is taken as UTF-8.

    Raises:
        SecretInvalid: the secret is empty.
    """
    octets = secret.encode("utf-8") if isinstance(secret, str) else secret
    if not octets:
        raise SecretInvalid("the secret is empty; agree on one with your partners")
    kdf, size = schema.kdf, schema.kdf.key_size
    algorithm = SHA256() if kdf.hash == "SHA256" else SHA512()
    length = 2 * size * len(schema.features)
    stream = HKDF(algorithm, length, kdf.salt, kdf.info).derive(octets)
    return tuple(
        Keys(stream[at : at + size], stream[at + size : at + 2 * size])
        for at in range(0, length, 2 * size)
    )
