"""Budgets at the coordinator: carried to everybody, counted by, and never its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from childgrid_coordinator.app import Coordinator
from childgrid_wire import envelope, lifting
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from coordinator.cast import AGENCIES, ASKER, DAY, HOLDERS, Json
from coordinator.sayings import Submission
from coordinator.world import Clock, World

HOLDER, OTHER = HOLDERS[:2]


@dataclass
class Desk:
    """A coordinator under a floor of one query a day for an officer, now spent."""

    world: World
    hub: Coordinator
    cases: int = 0

    def budget(self, who: str = f"{ASKER}/sho", **changes: Json) -> bytes:
        """A budget of the asking agency for three queries a day."""
        seconds = changes.pop("seconds", DAY)
        body = {"scope": "officer", "subject": "io", "queries": 3}
        body |= {"until": self.world.now + seconds}
        return self.world.said(Kind.BUDGET, who, seconds=seconds, **(body | changes))

    def decided(
        self, budget: bytes, who: str = f"{HOLDER}/nodal", **changes: Json
    ) -> bytes:
        """A countersignature."""
        body = {"subject": "budget", "side": "holder", "slot": "budget"}
        body |= {"fields": [], "policy": "", "answers": envelope.read(budget).hash}
        return self.world.said(Kind.APPROVAL, who, **(body | changes))

    def send(self, who: str, data: bytes, *beside: object) -> str:
        """Hand it in."""
        return self.hub.verbs.relay.send(who, data, *beside)  # type: ignore[arg-type]

    def ask(self, *targets: str) -> Submission:
        """One query more, of another case."""
        self.cases += 1
        given = self.world.submission(
            targets or (HOLDER,), case=f"{self.cases:02x}" * 32
        )
        self.hub.verbs.search.submit(ASKER, *given.args())
        return given

    def box(self, member: str) -> list[bytes]:
        """What waits for a member."""
        return [one.statement for one in self.hub.verbs.relay.receive(member, 0, 0)]

    def trace(self) -> object:
        """All that a refusal must leave as it was."""
        return self.hub.log.size(), [self.box(name) for name in AGENCIES]

    def refused(self, who: str, data: bytes, *beside: object) -> Reason:
        """The reason of a refusal, after which nothing has changed."""
        before = self.trace()
        with pytest.raises(WireError) as refusal:
            self.send(who, data, *beside)
        assert self.trace() == before
        return refusal.value.reason

    def spent(self, *targets: str) -> None:
        """One query more is refused and not kept."""
        leaves = self.hub.log.size()
        with pytest.raises(Refused) as refusal:
            self.ask(*targets)
        assert refusal.value.reason is Reason.BUDGET
        assert self.hub.log.size() == leaves


@pytest.fixture
def desk(tmp_path: Path, cheap_locks: None) -> Iterator[Desk]:
    """See `Desk`."""
    world = World(tmp_path, Clock().at_noon(), floor={"officer_queries_day": 1})
    world.install()
    with world.coordinator() as hub:
        made = Desk(world, hub)
        made.ask()
        yield made


def test_a_lifted_budget_takes_more_queries(desk: Desk) -> None:
    """Two people of two agencies: three a day, and not a fourth."""
    budget = desk.budget()
    desk.send(ASKER, budget)
    desk.spent()
    desk.send(HOLDER, desk.decided(budget))

    desk.ask()
    desk.ask()

    desk.spent()


def test_everybody_is_told(desk: Desk) -> None:
    """Budget and countersignature reach every agency but the one that spoke."""
    budget = desk.budget()
    agreed = desk.decided(budget)
    desk.send(ASKER, budget)
    desk.send(HOLDER, agreed)

    for name in AGENCIES:
        told = {ASKER: [agreed], HOLDER: [budget]}.get(name, [budget, agreed])
        assert desk.box(name) == told, name


def test_a_refusal_is_told_to_whoever_asked(desk: Desk) -> None:
    """Nobody else decides by it."""
    budget = desk.budget()
    desk.send(ASKER, budget)
    no = desk.world.said(
        Kind.REFUSAL,
        f"{HOLDER}/nodal",
        subject="budget",
        reason="weak-basis",
        answers=envelope.read(budget).hash,
    )
    desk.send(HOLDER, no)

    assert desk.box(ASKER) == [no]
    assert desk.box(OTHER) == [budget]
    desk.spent()


def test_it_counts_for_queries_to_that_holder_alone(desk: Desk) -> None:
    """A query that goes to nobody who lifted is counted by the floor."""
    budget = desk.budget()
    desk.send(ASKER, budget)
    desk.send(HOLDER, desk.decided(budget))

    desk.spent(OTHER)
    desk.ask(OTHER, HOLDER)


def test_saying_it_again_is_harmless(desk: Desk) -> None:
    """A retry is neither logged nor delivered twice."""
    budget = desk.budget()
    agreed = desk.decided(budget)
    desk.send(ASKER, budget)
    desk.send(HOLDER, agreed)
    before = desk.trace()
    desk.send(ASKER, budget)
    desk.send(HOLDER, agreed)

    assert desk.trace() == before


def test_it_is_over_when_its_time_is(desk: Desk) -> None:
    """An hour later an hour's lift is a line in the logs."""
    budget = desk.budget(seconds=3_600)
    desk.send(ASKER, budget)
    desk.send(HOLDER, desk.decided(budget))
    desk.world.clock.advance(3_600)

    desk.spent()


def test_whoever_was_revoked_lifts_nothing_any_more(desk: Desk) -> None:
    """Signatures are verified again for every query."""
    budget = desk.budget()
    desk.send(ASKER, budget)
    desk.send(HOLDER, desk.decided(budget))
    desk.hub.board.publish(
        desk.world.revocation("officer", member=HOLDER, subject="nodal")
    )

    desk.spent()


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (f"{ASKER}/sho2", Reason.OWN_REQUEST),
        (f"{ASKER}/nodal", Reason.OWN_REQUEST),
        (f"{HOLDER}/sho", Reason.WRONG_ROLE),
        (f"{HOLDER}/clerk", Reason.WRONG_ROLE),
    ],
)
def test_whoever_may_not_countersign_is_not_carried(
    desk: Desk, who: str, reason: Reason
) -> None:
    """Not kept, not logged, not delivered; and nothing is lifted."""
    budget = desk.budget()
    desk.send(ASKER, budget)

    assert desk.refused(who.split("/")[0], desk.decided(budget, who)) is reason
    desk.spent()


def test_what_nobody_may_lift_is_not_carried(desk: Desk) -> None:
    """By the wrong person, for too long or too much; or from the wrong member."""
    for made, reason in (
        (desk.budget(f"{ASKER}/io"), Reason.WRONG_ROLE),
        (desk.budget(seconds=8 * DAY), Reason.EXPIRED),
        (desk.budget(queries=11), Reason.BUDGET),
        (desk.budget(subject="sho"), Reason.OWN_REQUEST),
    ):
        assert desk.refused(ASKER, made) is reason
    assert desk.refused(HOLDER, desk.budget()) is Reason.WRONG_ROLE
    assert desk.refused(ASKER, desk.budget(), b"beside") is Reason.MALFORMED


@pytest.mark.threat("T14")
def test_budgets_without_end_are_not_carried(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one agency so many last at a time, however many have decided on them."""
    monkeypatch.setattr(lifting, "MOST_LASTING", 3)
    made = [desk.budget() for _ in range(4)]
    for one in made[:3]:
        desk.send(ASKER, one)
    desk.send(HOLDER, desk.decided(made[0]))
    assert desk.refused(ASKER, made[3]) is Reason.BUDGET
    desk.send(ASKER, made[0])

    desk.world.clock.advance(DAY)

    desk.send(ASKER, desk.budget())


def test_a_decision_on_an_unknown_budget_is_not_carried(desk: Desk) -> None:
    """Nor does one person decide twice."""
    budget = desk.budget()
    assert desk.refused(HOLDER, desk.decided(budget)) is Reason.UNKNOWN
    desk.send(ASKER, budget)
    desk.send(HOLDER, desk.decided(budget))

    assert desk.refused(HOLDER, desk.decided(budget)) is Reason.DECIDED


def test_a_restart_forgets_nothing(desk: Desk) -> None:
    """It stands in the database and is read again."""
    budget = desk.budget()
    desk.send(ASKER, budget)
    desk.send(HOLDER, desk.decided(budget))
    desk.hub.stop()
    with desk.world.coordinator() as again:
        Desk(desk.world, again).ask()
