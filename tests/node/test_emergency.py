"""The right to break the glass: driven by a clock that may run any way it likes."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from childgrid_node.emergency import Right, Standing
from childgrid_wire.breakglass import REVIEW_SECONDS
from childgrid_wire.errors import Reason, Refused

FIRST, SECOND, THIRD = "1" * 64, "2" * 64, "3" * 64
requests = st.sampled_from([FIRST, SECOND, THIRD])
HOUR = 3_600


class Rights(RuleBasedStateMachine):
    """A right beside the plain history of what was done to it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.right = Right().at(self.now)
        self.latest = self.now
        self.history: list[tuple[str, str, int]] = []

    def allowed(self) -> bool:
        """What the history alone says of a use now; knows nothing of `Right`."""
        uses = [n for n, (what, _, _) in enumerate(self.history) if what == "use"]
        if not uses:
            return True
        _, request, since = self.history[uses[-1]]
        after = self.history[uses[-1] + 1 :]
        ends = [n for n, one in enumerate(after) if one[:2] == ("end", request)]
        if not ends:
            return False
        before, then = after[: ends[0]], after[ends[0] + 1 :]
        late = after[ends[0]][2] - since >= REVIEW_SECONDS
        late |= ("suspend", request) in [(what, r) for what, r, _ in before]
        return not late or any(what == "opt in" for what, _, _ in then)

    def done(self, what: str, request: str, after: Right) -> None:
        """A step was taken."""
        self.right = after
        self.latest = max(self.latest, self.now)
        self.history.append((what, request, self.latest))

    @rule(hours=st.integers(-200, 200), seconds=st.integers(-1, 1))
    def clock_moves(self, hours: int, seconds: int) -> None:
        """Forward, back, or to the second at which the time is over."""
        self.now = max(0, self.now + hours * HOUR + seconds)
        self.right = self.right.at(self.now)
        self.latest = max(self.latest, self.now)

    @precondition(lambda self: self.right.owed != "")
    @rule(seconds=st.sampled_from([-1, 0, 1]))
    def clock_is_at_the_edge(self, seconds: int) -> None:
        """Just before, at and after 72 hours."""
        self.now = self.right.since + REVIEW_SECONDS + seconds
        self.right = self.right.at(self.now)
        self.latest = max(self.latest, self.now)

    @rule(request=requests)
    def use(self, request: str) -> None:
        """Taken exactly where the history allows it; a refusal changes nothing."""
        before, allowed = self.right, self.allowed()
        try:
            after = self.right.use(request, self.now)
        except Refused as refusal:
            assert refusal.reason is Reason.UNREVIEWED
            assert not allowed
            assert self.right is before
            return
        assert allowed
        self.done("use", request, after)

    @rule(request=requests)
    def end(self, request: str) -> None:
        """A review of the one that is owed ends it; of another it is nothing."""
        self.done("end", request, self.right.end(request, self.now))

    @rule(request=requests)
    def suspend(self, request: str) -> None:
        """A suspension in the log binds, whatever the clock says now."""
        self.done("suspend", request, self.right.suspend(request, self.now))

    @rule()
    def opt_in(self) -> None:
        """The holder opts out and in again."""
        self.done("opt in", "", self.right.opt_in(self.now))

    @invariant()
    def time_never_goes_back(self) -> None:
        """Whatever the clock does."""
        assert self.right.clock <= self.latest
        assert self.right.since <= self.right.clock

    @invariant()
    def what_is_owed_too_long_is_suspended(self) -> None:
        """By itself, at the moment, and for every later one."""
        right = self.right.at(self.now)
        if right.owed and right.clock - right.since >= REVIEW_SECONDS:
            assert right.standing is Standing.SUSPENDED
        if right.owed:
            assert right.standing is not Standing.FREE

    @invariant()
    def standing_says_whether_it_may_be_used(self) -> None:
        """No state is free in name only."""
        free = self.right.at(self.now).standing is Standing.FREE
        assert free == self.allowed()


Rights.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestRights = Rights.TestCase


def test_at_the_last_second_a_review_is_in_time() -> None:
    """71 h 59 min 59 s: free again. 72 h: suspended, and stays so."""
    used = Right().use(FIRST, 1_000)

    in_time = used.end(FIRST, 1_000 + REVIEW_SECONDS - 1)
    late = used.end(FIRST, 1_000 + REVIEW_SECONDS)

    assert in_time.standing is Standing.FREE
    assert late.standing is Standing.SUSPENDED
    assert late.opt_in(1_000 + REVIEW_SECONDS + 1).standing is Standing.FREE


def test_a_clock_set_back_gives_nothing_back() -> None:
    """What was suspended once is suspended an hour earlier too."""
    late = Right().use(FIRST, 1_000).at(1_000 + REVIEW_SECONDS).at(2_000)

    assert late.standing is Standing.SUSPENDED
    with pytest.raises(Refused):
        late.end(FIRST, 2_000).use(SECOND, 2_000)


def test_opting_in_before_the_review_is_nothing() -> None:
    """The review first; only then does the holder's own word count."""
    late = Right().use(FIRST, 1_000).at(1_000 + REVIEW_SECONDS)
    hasty = late.opt_in(late.clock).end(FIRST, late.clock)

    assert hasty.standing is Standing.SUSPENDED
