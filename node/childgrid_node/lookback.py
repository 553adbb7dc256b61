"""Rows that each look-back reads again, told from those that were written since.

A register that was filled in one go has all of its rows at the newest time of change,
and every round would encode them anew. What a round took in is remembered here by a
digest of the row, keyed by this process alone: nobody can read a row from it, and it is
gone with the process. Who was left out, or went, is looked at each time.

The rule: in doubt a row is new. On another day everybody is judged again, since age and
retention go by the day; an index that somebody else has made tells nothing of what it
holds.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from hashlib import blake2b

MOST = 200_000
"""Rows that are remembered; a look-back that holds more is encoded each time."""


class Lookback:
    """What the rounds so far took in from one source. Not for several threads."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._day = -1
        self._taken: dict[str, bytes] = {}
        self._read: dict[str, bytes] = {}

    def begin(self, day: int) -> None:
        """Begin a round on a day, counted from any one."""
        if day != self._day:
            self.forget()
        self._day, self._read = day, {}

    def fresh(self, key: str, values: Mapping[str, str]) -> bool:
        """Whether no round before took this row in as it is."""
        digest = self._digest(values)
        if len(self._read) < MOST:
            self._read[key] = digest
        return self._taken.get(key) != digest

    def keep(self, gone: Iterable[str]) -> None:
        """Remember the round's rows, which stand in the index now, without `gone`."""
        for key in gone:
            self._read.pop(key, None)
        self._taken, self._read = self._read, {}

    def forget(self) -> None:
        """Take every row for a new one."""
        self._taken, self._read = {}, {}

    def _digest(self, values: Mapping[str, str]) -> bytes:
        whole = "".join(f"{len(text)}:{text}" for text in values.values())
        data = whole.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self._key, digest_size=16).digest()
