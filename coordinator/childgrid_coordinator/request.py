"""The course of one request for disclosure: pure, each step in its order.

    requested ─► approved* ─► disclosed ─► receipted
        │            │            │
        ├─► refused ◄┤            ├─► void
        └─► expired ◄┘            │
                │                 │
                └─────► void ◄────┘

`Course` is a value: a step returns the next one or raises, and then nothing has
changed. It counts nobody and checks no signature; `approve` does. The rule: one final
decision per person, one disclosure per request, and nothing moves after the end. A
person's decision that another one's has overtaken is still taken down, so that it
stands in every party's log; it changes no phase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from childgrid_wire.errors import Reason, Refused


class Phase(StrEnum):
    """How far a request has come."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DISCLOSED = "disclosed"
    RECEIPTED = "receipted"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOID = "void"


OPEN = (Phase.REQUESTED, Phase.APPROVED)
ENDED = (Phase.RECEIPTED, Phase.REFUSED, Phase.EXPIRED, Phase.VOID)


@dataclass(frozen=True)
class Course:
    """Where one request stands; `expires` is Unix seconds, `disclosure` a hash."""

    requester: str
    holder: str
    expires: int
    phase: Phase = Phase.REQUESTED
    decided: frozenset[str] = frozenset()
    disclosure: str = ""

    def at(self, now: int) -> Course:
        """This course at `now`: what is still open past its time has expired."""
        if self.phase in OPEN and now >= self.expires:
            return replace(self, phase=Phase.EXPIRED)
        return self

    def approve(self, member: str, person: str, now: int) -> Course:
        """A person of either side approved, which opens nothing that has ended.

        Raises `Refused` for a stranger, a second decision or past the expiry.
        """
        return self._decide(member, person, Phase.APPROVED, now)

    def refuse(self, member: str, person: str, now: int) -> Course:
        """A person or the node of either side refused, which ends what is open.

        `person` is empty where the node itself refuses; a node can't be overtaken by
        its own officers, so it has nothing to say after the end. Raises `Refused` for
        a stranger, a second decision or a node that comes too late.
        """
        if person:
            return self._decide(member, person, Phase.REFUSED, now)
        course = self._open(now)
        course._party(member)
        return replace(course, phase=Phase.REFUSED)

    def disclose(self, member: str, disclosure: str, now: int) -> Course:
        """The holder disclosed. Raises `Refused` out of order or a second time."""
        if self.phase is Phase.DISCLOSED:
            raise Refused(Reason.REPLAYED, "disclosure")
        course = self._open(now)
        if member != course.holder:
            raise Refused(Reason.WRONG_ROLE, "disclosure")
        if course.phase is not Phase.APPROVED:
            raise Refused(Reason.NOT_APPROVED, "disclosure")
        return replace(course, phase=Phase.DISCLOSED, disclosure=disclosure)

    def void(self, member: str, disclosure: str, now: int) -> Course:
        """The holder's disclosure never reached its reader and is void.

        It may not have come by here; a request that nobody approved never had one.
        Raises `Refused` out of order.
        """
        course = self.at(now)
        if member != course.holder:
            raise Refused(Reason.WRONG_ROLE, "void")
        if not course.decided:
            raise Refused(Reason.NOT_APPROVED, "void")
        if course.phase in (Phase.RECEIPTED, Phase.REFUSED, Phase.VOID):
            raise Refused(Reason.CLOSED, "void")
        if course.disclosure not in ("", disclosure):
            raise Refused(Reason.UNKNOWN, "void.disclosure")
        return replace(course, phase=Phase.VOID, disclosure=disclosure)

    def receipt(self, member: str, disclosure: str) -> Course:
        """The requester opened the disclosure, however late; raises `Refused`."""
        if member != self.requester:
            raise Refused(Reason.WRONG_ROLE, "receipt")
        if self.phase in ENDED:
            raise Refused(Reason.CLOSED, "receipt")
        if self.phase is not Phase.DISCLOSED or disclosure != self.disclosure:
            raise Refused(Reason.UNKNOWN, "receipt.disclosure")
        return replace(self, phase=Phase.RECEIPTED)

    def review(self, member: str, disclosure: str) -> Course:
        """A person of either side reviewed a disclosure; it changes no phase.

        Raises `Refused` for a stranger, or where nothing was disclosed.
        """
        self._party(member)
        if self.phase not in (Phase.DISCLOSED, Phase.RECEIPTED):
            raise Refused(Reason.UNKNOWN, "review.result")
        if disclosure != self.disclosure:
            raise Refused(Reason.UNKNOWN, "review.result")
        return self

    def other(self, member: str) -> str:
        """The other party of the two."""
        return self.requester if member == self.holder else self.holder

    def _open(self, now: int) -> Course:
        course = self.at(now)
        if course.phase is Phase.EXPIRED:
            raise Refused(Reason.EXPIRED, "request")
        if course.phase not in OPEN:
            raise Refused(Reason.CLOSED, "request")
        return course

    def _decide(self, member: str, person: str, phase: Phase, now: int) -> Course:
        if self.at(now).phase is Phase.EXPIRED:
            raise Refused(Reason.EXPIRED, "request")
        self._party(member)
        self._undecided(person)
        return replace(
            self,
            phase=phase if self.phase in OPEN else self.phase,
            decided=self.decided | {person},
        )

    def _party(self, member: str) -> None:
        if member not in (self.requester, self.holder):
            raise Refused(Reason.WRONG_ROLE, "request")

    def _undecided(self, person: str) -> None:
        if person in self.decided:
            raise Refused(Reason.DECIDED, "request")
