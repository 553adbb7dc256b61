"""What is known of a query's targets: pure, one value per target.

    asked ──► hit | no hit | refused (by a signed answer)      final
      ├─────► offline | timed out | refused (at the door)      asked again
      └─────► expired, once the query's time is over           final

The first valid answer of a target is final, except that a later hit may take the
place of a `none`: a silent hit that its custodian released. "No hit" is said only
where a signed answer said so. No I/O here, no clock: `now` is Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


class State(StrEnum):
    """Where one target of one query stands."""

    ASKED = "asked"
    HIT = "hit"
    NO_HIT = "no-hit"
    OFFLINE = "offline"
    TIMED_OUT = "timed-out"
    REFUSED = "refused"
    EXPIRED = "expired"


SAID = {"hit": State.HIT, "none": State.NO_HIT, "refused": State.REFUSED}

PASSING = frozenset(
    {
        Reason.BUSY,
        Reason.STORAGE,
        Reason.PARTIAL,
        Reason.STALE,
        Reason.OLD_VERSION,
        Reason.UNKNOWN_KEY,
        Reason.UNKNOWN_PEER,
        Reason.NOT_YET,
        Reason.PROBATION,
        Reason.UNREACHABLE,
    }
)
"""Refusals at a node's door that the next directory or minute may lift."""


@dataclass(frozen=True)
class Target:
    """One target: `since` and `answer` (a statement's hash) as `Outcome` shows them."""

    member: str
    state: State = State.ASKED
    since: int = 0
    reason: str = ""
    answer: str = ""
    attempts: int = 0

    @property
    def final(self) -> bool:
        """Whether asking again is of no use."""
        if self.answer or self.state is State.EXPIRED:
            return True
        return self.state is State.REFUSED and self.reason not in PASSING


def unreached(target: Target, state: State, now: int) -> Target:
    """The target was offline or timed out; keeps since when it has been silent."""
    if target.final:
        return target
    silent = target.state in (State.OFFLINE, State.TIMED_OUT)
    since = target.since if silent else now
    return replace(
        target, state=state, since=since, reason="", attempts=target.attempts + 1
    )


def declined(target: Target, reason: Reason, now: int) -> Target:
    """The target's door refused the call without a signed answer."""
    if target.final:
        return target
    return replace(
        target,
        state=State.REFUSED,
        since=now,
        reason=reason.value,
        attempts=target.attempts + 1,
    )


def answered(target: Target, answer: Statement) -> Target:
    """The target's signed answer arrived; repeating it changes nothing.

    Raises:
        Refused: the target has answered already, or the query is over.
    """
    if target.answer == answer.hash:
        return target
    if target.state is State.EXPIRED:
        raise Refused(Reason.EXPIRED, "query")
    released = target.state is State.NO_HIT and answer["outcome"] == "hit"
    if target.answer and not released:
        raise Refused(Reason.DECIDED, "answer")
    return replace(
        target,
        state=SAID[answer["outcome"]],
        since=answer["as_of"],
        reason=answer["reason"],
        answer=answer.hash,
    )


def lapsed(target: Target, now: int) -> Target:
    """The query's time is over; whoever has not answered now never will."""
    if target.answer or target.state is State.EXPIRED:
        return target
    return replace(target, state=State.EXPIRED, since=target.since or now)


def complete(targets: Iterable[Target]) -> bool:
    """Whether nobody will be asked again."""
    return all(target.final for target in targets)


def check_answer(answer: Statement, query: str, member: str) -> None:
    """Whether a verified `answer` is `member`'s own to this query (by hash).

    Raises:
        Refused, Malformed: it is somebody else's, or contradicts itself.
    """
    if answer.kind is not Kind.ANSWER or answer.issuer != member:
        raise Refused(Reason.TARGET, "answer.issuer")
    if answer.answers != query:
        raise Refused(Reason.TARGET, "answer.answers")
    found, outcome = answer["candidates"], answer["outcome"]
    handles = {candidate["handle"] for candidate in found}
    if bool(found) != (outcome == "hit") or len(handles) != len(found):
        raise Malformed("answer.candidates")
    if bool(answer["reason"]) != (outcome == "refused"):
        raise Malformed("answer.reason")
