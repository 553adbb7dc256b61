"""Results of checks that depend on content alone, kept between runs.

Verifying the same bundle a thousand times with one byte changed repeats nearly every
signature check. A `Memo` remembers by content hash and public key what held; what did
not hold is checked again. It never holds a secret: whoever makes one owns it, and it
ends with its owner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Keeps the results of pure functions of bytes and public keys."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returned for this key before, or its result now.

        `key` must name the check and everything its result depends on.
        """
        if key not in self._kept:
            self._kept[key] = make()
        result: T = self._kept[key]
        return result


def content(*parts: bytes) -> bytes:
    """SHA-256 over `parts`, each behind its length, 32 bytes."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.digest()
