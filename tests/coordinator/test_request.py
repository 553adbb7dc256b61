"""The course of a request, driven in every order by a state machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from childgrid_coordinator.request import ENDED, OPEN, Course, Phase
from childgrid_wire.errors import Reason, Refused

REQUESTER, HOLDER, OTHER = "police", "prisons", "wards"
EXPIRES = 100
members = st.sampled_from([REQUESTER, HOLDER, OTHER])
people = st.sampled_from(["police/sho", "prisons/nodal", "prisons/second"])
hashes = st.sampled_from(["d" * 64, "e" * 64])


class Requests(RuleBasedStateMachine):
    """A model beside the course: what was ever taken, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.course = Course(REQUESTER, HOLDER, EXPIRES)
        self.now = 0
        self.taken: list[str] = []
        self.decided: list[str] = []

    def attempt(self, what: str, step: Callable[[], Course]) -> bool:
        """Try a step; whatever is refused must leave the course as it was."""
        before = self.course
        try:
            self.course = step()
        except Refused:
            assert self.course is before
            return False
        self.taken.append(what)
        return True

    def decide(
        self,
        what: str,
        person: str,
        fits: bool,
        step: Callable[[str, str, int], Course],
        member: str,
    ) -> None:
        """Approve or refuse; a decision after the end is taken and moves nothing."""
        before = self.course.at(self.now)
        late = before.phase not in OPEN
        done = self.attempt(
            f"late {what}" if late else what, lambda: step(member, person, self.now)
        )
        assert done == fits
        if late:
            assert self.course.at(self.now).phase is before.phase
        if done and person:
            self.decided.append(person)

    @rule(seconds=st.sampled_from([1, 30, 60]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self.course = self.course.at(self.now)

    @rule(member=members, person=people)
    def approve(self, member: str, person: str) -> None:
        expired = self.course.at(self.now).phase is Phase.EXPIRED
        fits = member != OTHER and person not in self.decided and not expired
        self.decide("approve", person, fits, self.course.approve, member)

    @rule(member=members, person=st.one_of(st.just(""), people))
    def refuse(self, member: str, person: str) -> None:
        open_ = self.course.phase in OPEN and self.now < EXPIRES
        expired = self.course.at(self.now).phase is Phase.EXPIRED
        new = person not in self.decided and not expired if person else open_
        fits = member != OTHER and new
        self.decide("refuse", person, fits, self.course.refuse, member)

    @rule(member=members, name=hashes)
    def disclose(self, member: str, name: str) -> None:
        fits = (
            self.course.phase is Phase.APPROVED
            and self.now < EXPIRES
            and member == HOLDER
        )
        done = self.attempt(
            "disclose", lambda: self.course.disclose(member, name, self.now)
        )
        assert done == fits

    @rule(member=members, name=hashes)
    def receipt(self, member: str, name: str) -> None:
        fits = (
            self.course.phase is Phase.DISCLOSED
            and member == REQUESTER
            and name == self.course.disclosure
        )
        done = self.attempt("receipt", lambda: self.course.receipt(member, name))
        assert done == fits

    @rule(member=members, name=hashes)
    def void(self, member: str, name: str) -> None:
        never = (Phase.REQUESTED, Phase.RECEIPTED, Phase.REFUSED, Phase.VOID)
        fits = (
            self.course.phase not in never
            and bool(self.decided)
            and member == HOLDER
            and self.course.disclosure in ("", name)
        )
        done = self.attempt("void", lambda: self.course.void(member, name, self.now))
        assert done == fits

    @invariant()
    def nothing_is_disclosed_without_an_approval(self) -> None:
        if "disclose" in self.taken:
            assert "approve" in self.taken[: self.taken.index("disclose")]

    @invariant()
    def one_end_and_one_disclosure(self) -> None:
        ends = [what for what in self.taken if what in ("refuse", "receipt", "void")]
        assert len(ends) <= 1
        assert self.taken.count("disclose") <= 1
        if ends:
            after = self.taken[self.taken.index(ends[0]) + 1 :]
            assert all(what.startswith("late ") for what in after)

    @invariant()
    def one_decision_per_person(self) -> None:
        assert len(set(self.decided)) == len(self.decided)
        assert self.course.decided == set(self.decided)


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


def test_the_straight_way_leads_to_a_receipt() -> None:
    """Two approvals, a disclosure, a receipt that may come after the expiry."""
    course = Course(REQUESTER, HOLDER, EXPIRES)
    course = course.approve(REQUESTER, "police/sho", 1)
    course = course.approve(HOLDER, "prisons/nodal", 2)
    course = course.disclose(HOLDER, "d" * 64, 3)
    assert course.at(EXPIRES + 1).phase is Phase.DISCLOSED
    assert course.receipt(REQUESTER, "d" * 64).phase is Phase.RECEIPTED


@pytest.mark.parametrize("phase", ENDED)
def test_each_end_says_why_it_is_the_end(phase: Phase) -> None:
    """A node that comes too late is told whether time or somebody closed it."""
    course = Course(REQUESTER, HOLDER, EXPIRES, phase)
    with pytest.raises(Refused) as refused:
        course.refuse(HOLDER, "", 1)
    expected = Reason.EXPIRED if phase is Phase.EXPIRED else Reason.CLOSED
    assert refused.value.reason is expected


def test_the_other_party_is_the_other_one() -> None:
    """What one side says goes to the other."""
    course = Course(REQUESTER, HOLDER, EXPIRES)
    assert course.other(REQUESTER) == HOLDER
    assert course.other(HOLDER) == REQUESTER
