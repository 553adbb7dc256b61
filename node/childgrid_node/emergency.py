"""One agency's right to break the glass at this holder: pure, driven by the clock.

            use                    72 h without an end
    FREE ─────────► OWED ──────────────────────────────────► SUSPENDED (review owed)
      ▲               │ end: reviewed in full, or void             │ end
      ├───────────────┘                                            ▼
      └──────────── the holder opts in anew ──────────── SUSPENDED (nothing owed)

`Right` is a value: a step returns the next one or raises, and then nothing has changed.
It reads no log and checks no signature. The rules: no second use before the first is
reviewed in full; a suspension comes by itself and only the holder's own new policy ends
it; time never goes back, so no clock that is set back gives anything back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from childgrid_wire.breakglass import REVIEW_SECONDS
from childgrid_wire.errors import Reason, Refused


class Standing(StrEnum):
    """Whether the right may be used now."""

    FREE = "free"
    OWED = "owed"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Right:
    """Where one agency stands; times are Unix seconds.

    `owed` is the request whose review is owed, `since` when it was used, `clock` the
    latest time that was ever seen here.
    """

    owed: str = ""
    since: int = 0
    suspended: bool = False
    clock: int = 0

    def at(self, now: int) -> Right:
        """This right at `now`, or at the latest time seen if that was later."""
        clock = max(self.clock, now)
        late = bool(self.owed) and clock - self.since >= REVIEW_SECONDS
        return replace(self, clock=clock, suspended=self.suspended or late)

    @property
    def standing(self) -> Standing:
        """As of the latest time seen."""
        if self.suspended:
            return Standing.SUSPENDED
        return Standing.OWED if self.owed else Standing.FREE

    def use(self, request: str, now: int) -> Right:
        """The glass is broken for `request` (a hash).

        Raises:
            Refused: an earlier one is not reviewed yet, or the right is suspended.
        """
        right = self.at(now)
        if right.standing is not Standing.FREE:
            raise Refused(Reason.UNREVIEWED, right.standing.value)
        return replace(right, owed=request, since=right.clock)

    def end(self, request: str, now: int) -> Right:
        """A full quorum reviewed `request`, or it is void; another changes nothing."""
        right = self.at(now)
        if not request or request != right.owed:
            return right
        return replace(right, owed="", since=0)

    def suspend(self, request: str, now: int) -> Right:
        """A suspension for `request` stands in the log: no clock undoes it."""
        right = self.at(now)
        told = bool(request) and request == right.owed
        return replace(right, suspended=right.suspended or told)

    def opt_in(self, now: int) -> Right:
        """The holder opted out and in again; while a review is owed that is nothing."""
        right = self.at(now)
        return right if right.owed else replace(right, suspended=False)
