"""Waiting to be let in: what is said meanwhile, and when the next step is tried.

A coordinator that is out of reach is no reason to give up while there is time: it is
said since when, and in how many seconds it is tried again; so is one that refuses for
now (`busy`, `storage`). What else was refused is raised at once, since waiting does not
change it. Nothing here joins; `joining` does.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from childgrid_node.join import JoinState, State
from childgrid_wire.errors import Reason, Refused, Unreachable, WireError

Clock = Callable[[], float]
Say = Callable[[str], None]
Sleep = Callable[[float], object]
FIRST_SECONDS, MOST_SECONDS = 1.0, 30.0
"""Between two tries at a coordinator that is away; doubled each time."""

_LOOK_SECONDS, _MOST_LOOK_SECONDS = 0.5, 5.0
"""Between two looks for the founders' answer or the wrapped key."""

_PASSING = (Reason.BUSY, Reason.STORAGE)


@dataclass
class Wait:
    """One run of `join`: how long it may take, and what has been said."""

    seconds: float
    clock: Clock
    say: Say
    sleep: Sleep = field(default_factory=lambda: threading.Event().wait)
    _told: str = ""
    _since: float | None = None
    _pause: float = _LOOK_SECONDS

    def __post_init__(self) -> None:
        self._until = self.clock() + self.seconds

    def for_(self, step: Callable[[], JoinState]) -> JoinState | None:
        """Repeat `step` until it has joined or the time is over.

        Returns:
            Where we stand at the end; None where the coordinator was out of reach then,
            or refused for now.

        Raises:
            Unreachable, Refused: no time was given at all.
            WireError: whatever else `step` raises, at once.
        """
        while True:
            state = self._taken(step)
            if state and state.state is State.JOINED:
                return state
            left = self._until - self.clock()
            if left <= 0:
                if self.seconds:
                    self.say(_over(self.seconds))
                return state
            self.sleep(min(self._next(state), left))

    def _taken(self, step: Callable[[], JoinState]) -> JoinState | None:
        try:
            state = step()
        except (Unreachable, Refused) as error:
            passing = isinstance(error, Unreachable) or error.reason in _PASSING
            if not passing or not self.seconds:
                raise
            self._lost(_what(error))
            return None
        if self._since is not None:
            self.say(f"the coordinator answers again, away since {_time(self._since)}")
            self._since, self._pause = None, _LOOK_SECONDS
        self._tell(state)
        return state

    def _lost(self, what: str) -> None:
        now = self.clock()
        if self._since is None:
            self._since, self._pause = now, FIRST_SECONDS / 2
        pause = min(2 * self._pause, MOST_SECONDS, max(self._until - now, 0))
        told = f"{what} since {_time(self._since)}"
        self.say(f"{told}, trying again in {pause:.2g} s" if pause else told)

    def _next(self, state: JoinState | None) -> float:
        """How long to sleep now; each time longer, up to a most."""
        most = MOST_SECONDS if state is None else _MOST_LOOK_SECONDS
        self._pause = min(2 * self._pause, most)
        return self._pause

    def _tell(self, state: JoinState) -> None:
        line = f"{state.member}: {state.state.value} {state.detail}".rstrip()
        if line != self._told:
            self.say(line)
            self.say(f"  our keys: {state.keys}")
            self._told, self._pause = line, _LOOK_SECONDS / 2


def _what(error: WireError) -> str:
    if isinstance(error, Refused):
        return f"the coordinator takes nothing in ({error.reason.value})"
    return f"cannot reach {error.detail or 'the coordinator'}"


def _time(when: float) -> str:
    return dt.datetime.fromtimestamp(when).astimezone().isoformat(" ", "seconds")


def _over(seconds: float) -> str:
    return (
        f"not joined within {seconds:.0f} s; `childgrid-node join` goes on where it"
        " stopped"
    )
