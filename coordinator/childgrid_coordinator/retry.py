"""When to ask an unreachable node again: pure, by a clock that the caller reads.

The wait doubles from a first to a longest one. A node that is heard of, or was a moment
ago, is asked sooner, but never before the first wait is over, so that one whose door
stays shut isn't flooded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

_DOUBLINGS = 30
_PRESENT_SECONDS = 30.0
"""How long who was heard of counts as there: no call for mail waits longer."""


@dataclass(frozen=True)
class _Due:
    at: float
    soonest: float


@dataclass
class Retries:
    """Who is to be asked again and when; times in seconds of one clock."""

    first: float
    most: float
    _due: dict[tuple[str, str], _Due] = field(default_factory=dict)
    _heard: dict[str, float] = field(default_factory=dict)

    def failed(self, query: str, member: str, attempts: int, now: float) -> None:
        """Plan the next attempt after the `attempts`-th has failed (from 1)."""
        heard = self._heard.get(member)
        if heard is not None and now - heard < _PRESENT_SECONDS:
            attempts = 1
        wait = self.first * 2.0 ** min(max(attempts, 1) - 1, _DOUBLINGS)
        at = now + min(wait, max(self.most, self.first))
        self._due[query, member] = _Due(at, now + self.first)

    def hasten(self, member: str, now: float) -> bool:
        """Ask `member` as soon as is decent; whether anything is sooner now."""
        self._heard[member] = now
        sooner = {
            key: replace(due, at=due.soonest)
            for key, due in self._due.items()
            if key[1] == member and due.at > due.soonest
        }
        self._due.update(sooner)
        return bool(sooner)

    def take(self, now: float) -> dict[str, list[str]]:
        """Query to the members whose time has come; they are no longer planned."""
        taken: dict[str, list[str]] = {}
        for query, member in [key for key, due in self._due.items() if due.at <= now]:
            del self._due[query, member]
            taken.setdefault(query, []).append(member)
        return taken

    def next(self) -> float | None:
        """When the next attempt is due, if any is planned."""
        return min((due.at for due in self._due.values()), default=None)
