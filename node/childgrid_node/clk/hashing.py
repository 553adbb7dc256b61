"""Tokens to positions in a filter, 32 at a time.

``blakeHash``: BLAKE2b-512 under the first key, salted with the block's number in
decimal; its 32 little-endian shorts modulo the filter's bits. ``doubleHash``:
``h1 + i·h2`` modulo the bits, from HMAC-SHA1 under the first key and HMAC-MD5 under the
second, both read as big-endian numbers. It rests on broken hashes and exists only for
partners who still use it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.clk.keys import Keys
    from childgrid_node.clk.schema import Hash

BLOCK = 32
"""Positions that one call gives for each token."""


class Hasher(Protocol):
    """Gives the positions of tokens, block by block."""

    def block(self, tokens: Sequence[bytes], number: int) -> NDArray[np.int32]:
        """Return positions ``32·number`` onwards, ``int32[len(tokens), 32]``."""


def hasher(hash_: Hash, keys: Keys, bits: int) -> Hasher:
    """Return the hasher of one feature; ``bits`` is the width of the filter."""
    if hash_.kind == "blakeHash":
        return _Blake(keys.first, bits)
    return _Double(keys, bits, hash_.prevent_singularity)


class _Blake:
    def __init__(self, key: bytes, bits: int) -> None:
        self._key = key
        self._bits = bits

    def block(self, tokens: Sequence[bytes], number: int) -> NDArray[np.int32]:
        start = hashlib.blake2b(key=self._key, salt=str(number).encode("ascii"))
        digests = bytearray()
        for token in tokens:
            state = start.copy()
            state.update(token)
            digests += state.digest()
        shorts = np.frombuffer(bytes(digests), "<u2").astype(np.int32)
        return (shorts % self._bits).reshape(-1, BLOCK)


class _Double:
    def __init__(self, keys: Keys, bits: int, prevent_singularity: bool) -> None:
        self._keys = keys
        self._bits = bits
        self._prevent = prevent_singularity

    def block(self, tokens: Sequence[bytes], number: int) -> NDArray[np.int32]:
        pairs = np.array([self._pair(token) for token in tokens], np.int64)
        pairs = pairs.reshape(-1, 2)
        turns = np.arange(BLOCK * number, BLOCK * (number + 1), dtype=np.int64)
        positions = (pairs[:, :1] + turns * pairs[:, 1:]) % self._bits
        return positions.astype(np.int32)

    def _pair(self, token: bytes) -> tuple[int, int]:
        start = hmac.digest(self._keys.first, token, "sha1")
        stride = self._stride(token)
        tries = 0
        while self._prevent and stride == 0:
            stride = self._stride(token + chr(tries).encode("utf-8"))
            tries += 1
        return int.from_bytes(start, "big") % self._bits, stride

    def _stride(self, token: bytes) -> int:
        digest = hmac.digest(self._keys.second, token, "md5")
        return int.from_bytes(digest, "big") % self._bits
