"""What a pattern says: where to look, how much there is, how rare that would be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Flag:
    """One person, pair or event that a pattern points at.

    `count` of `trials` are out of the ordinary where colleagues have `expected` of
    as many; `chance` is how rare that is (0 for a deed, which is not judged by
    numbers). `events` are hashes of the statements to read, by time.
    """

    pattern: str
    who: str
    count: int = 1
    trials: int = 1
    expected: float = 0.0
    chance: float = 0.0
    events: tuple[str, ...] = ()
