"""Rows that would be encoded alike, counted in bounded memory.

Equal tokens give equal encodings under any key, so a digest of the tokens under a key
of this run serves. Where there are very many different ones, only every second digest
is kept, then every fourth: all rows of one encoding stay or go together, and counts are
multiplied.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import blake2b

from .report import Twins

MOST = 2**19
_BYTES = 8


class TwinCount:
    """How many rows have each digest; holds at most `most` digests."""

    def __init__(self, most: int = MOST) -> None:
        self._key, self._most = secrets.token_bytes(16), most
        self._found: dict[int, int] = {}
        self._one_in, self._blank = 1, 0

    def add(self, tokens: Mapping[str, tuple[str, ...]]) -> None:
        """Take one row's tokens."""
        if not tokens:
            self._blank += 1
            return
        told = repr(sorted(tokens.items())).encode("utf-8", "surrogatepass")
        digest = blake2b(told, digest_size=_BYTES, key=self._key).digest()
        number = int.from_bytes(digest)
        if number % self._one_in == 0:
            self._found[number] = self._found.get(number, 0) + 1
            while len(self._found) > self._most:
                self._thin()

    def _thin(self) -> None:
        self._one_in *= 2
        self._found = {
            number: rows
            for number, rows in self._found.items()
            if number % self._one_in == 0
        }

    def counts(self) -> Twins:
        """What was found."""
        many = [rows for rows in self._found.values() if rows > 1]
        return Twins(
            rows=sum(many) * self._one_in,
            groups=len(many) * self._one_in,
            largest=max(many, default=0),
            blank=self._blank,
            one_in=self._one_in,
        )
