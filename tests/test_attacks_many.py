"""Thousands of seeded attacks; nodes that lack a check; honest and hostile steps mixed.

For each check that a node makes, a node without it is shown to be caught by the oracle.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

import hostile_strikes as strikes
from childgrid_wire.errors import Refused
from grid import (
    KABIR,
)
from hostile import FIELDS, Score, one_case, play_cases, strike_until_broken
from hostile_enemy import Enemy
from hostile_oracle import Broken
from hostile_stage import Stage, Tally
from hostile_words import (
    unchanged,
)

pytest_plugins = ("hostile_fixtures",)
HOUR = 3_600
CASES = 2_000


@pytest.mark.threat("T1")
def test_two_thousand_attacks(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """No attack releases what was not approved, or leaves anything where it failed."""
    score = play_cases(stage, CASES, "make test")
    with capsys.disabled():
        print(f"\nhostile coordinator: {json.dumps(score.table())}")
    assert score.cases == CASES
    assert 0 < score.releases <= score.approved
    unchanged(stage)


def _nothing(*_: object, **__: object) -> None:
    """A check that checks nothing."""


SABOTAGE = {
    "approvals are not counted": ("query_spliced", "childgrid_wire.rules.fill"),
    "signatures are not checked": ("parcel_fields", "childgrid_wire.keys.verify"),
    "speakers are not checked": (
        "document_forged", "childgrid_wire.statement._check_speaker",
    ),
    "times are not checked": (
        "query_at_another_time", "childgrid_wire.rules.check_time",
    ),
    "queries are not judged": (
        "query_approved_by_the_enemy", "childgrid_node.match._check",
    ),
    "approvals are kept unread": (
        "decision_forged", "childgrid_wire.rules.check_approval",
    ),
    "witnesses need not be level": (
        "founders_revoke", "childgrid_node.disclose.check_fresh",
    ),
    "the requester need not be level": (
        "staff_withheld", "childgrid_node.disclose._check_requester",
    ),
    "the clock is believed": (
        "release_pressed", "childgrid_node.disclose.check_fresh",
    ),
    "disclosures are not judged": ("parcel_spliced", "childgrid_node.receive._check"),
    "proofs are not judged": ("parcel_bytes", "childgrid_node.receive.check_proof"),
    "anybody may refuse": (
        "decision_forged", "childgrid_node.mailroom._check_may_refuse",
    ),
}  # fmt: skip
"""What a node lacks: the kind of attack that shows it, and the check to take out."""


@pytest.mark.parametrize("what", SABOTAGE)
@pytest.mark.threat("T1")
def test_a_node_that_lacks_a_check_is_caught(
    ruined: Stage, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each check taken out, the oracle soon sees what must never happen."""
    strike, check = SABOTAGE[what]
    monkeypatch.setattr(check, _nothing)
    with pytest.raises(Broken) as caught:
        strike_until_broken(ruined, getattr(strikes, strike), 400, what)
    assert isinstance(caught.value.__cause__, Broken), "the oracle itself objects"


def test_a_release_without_judgement_is_caught(
    ruined: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that does not judge again after its witnesses hands over what is void."""
    for module in ("disclose", "handover"):
        monkeypatch.setattr(f"childgrid_node.{module}.still_stands", lambda *_: True)
    with pytest.raises(Broken) as caught:
        strike_until_broken(ruined, strikes.release_pressed, 400, "still stands")
    assert isinstance(caught.value.__cause__, Broken), "the oracle itself objects"


_KEPT = (
    strikes.parcel_fields, strikes.parcel_spliced, strikes.decision_forged,
    strikes.query_spliced, strikes.query_fields, strikes.query_approved_by_the_enemy,
    strikes.parcel_bytes,
)  # fmt: skip
"""Strikes that move neither clocks nor documents, whose leavings may stay."""


class Interleaved(RuleBasedStateMachine):
    """Officers work while the enemy strikes; what it lawfully leaves behind stays."""

    stage: Stage
    base: Any

    def __init__(self) -> None:
        super().__init__()
        self.stage.rewind(self.base)
        self.number = 0

    def _name(self) -> str:
        self.number += 1
        return f"story {self.number}"

    @rule(officer=st.sampled_from(["si-rao", "si-joshi"]))
    def ask(self, officer: str) -> None:
        """An honest query is asked, approved and answered."""
        self.stage.queries["kabir"] = self.stage.grid.ask(KABIR, officer=officer)
        self.stage.freeze("now")

    @rule(
        holder=st.sampled_from(["customs", "prisons"]), hours=st.sampled_from([1, 48])
    )
    def request(self, holder: str, hours: int) -> None:
        """An honest request goes out with its supervisor's approval."""
        grid, asked = self.stage.grid, self.stage.queries["kabir"]
        try:
            made = grid.request(
                asked, holder, FIELDS, officer=asked.officer, hours=hours
            )
        except Refused:
            return
        self.stage.requests[self._name()] = made
        grid.carry()
        self.stage.freeze("now")

    @rule(data=st.data(), narrow=st.booleans(), refuse=st.booleans())
    def decide(self, data: st.DataObject, narrow: bool, refuse: bool) -> None:
        """A custodian decides on one of the requests, once."""
        stage = self.stage
        name = data.draw(st.sampled_from(sorted(stage.requests)))
        request = stage.requests[name]
        officer = "cu-dias" if request["holder"] == "customs" else "pr-singh"
        more: dict[str, Any] = {"reason": "legal-bar"} if refuse else {}
        more |= {"fields": ["name"]} if narrow and not refuse else {}
        try:
            stage.grid.decide(request["holder"], officer, request.hash, **more)
        except Refused:
            return
        stage.freeze("now")

    @rule(cut=st.booleans())
    def release(self, cut: bool) -> None:
        """Holders release what they may, with witnesses or without."""
        stage, before = self.stage, Tally.of(self.stage)
        stage.teach()
        stage.spy.cut = cut
        for name in sorted(stage.requests):
            request = stage.requests[name]
            stage.release(request["holder"], request.hash)
        released = stage.judge(before)
        assert not (cut and released)
        stage.spy.cut = False
        stage.freeze("now")

    @rule()
    def post(self) -> None:
        """Whatever waits is carried."""
        self.stage.grid.carry()
        self.stage.freeze("now")

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.stage.grid.now += hours * HOUR
        self.stage.freeze("now")

    @rule(strike=st.sampled_from(strikes.STRIKES), number=st.integers(0, 10**9))
    def strike(self, strike: Callable[[Enemy], str], number: int) -> None:
        """The enemy strikes, and everything is as it was."""
        one_case(self.stage, str(number), strike, Score())

    @rule(strike=st.sampled_from(_KEPT), number=st.integers(0, 10**9))
    def strike_for_good(self, strike: Callable[[Enemy], str], number: int) -> None:
        """The enemy strikes, and what the oracle agrees with stays."""
        one_case(self.stage, str(number), strike, Score(), keep="now")

    @invariant()
    def released_only_what_was_approved(self) -> None:
        """Every record that ever left has its approvals among what officers signed."""
        for request, (state, _) in self.stage.spent():
            if state in ("released", "receipted"):
                self.stage.oracle.revoked.clear()
                at = self.stage.oracle.facts[request]["expires"] - 1
                assert self.stage.oracle.grant(request, at, heeded=False)


def test_honest_and_hostile_steps_interleave(stage: Stage) -> None:
    """Whatever officers do between two strikes, no strike ever gains anything."""
    machine = type("Machine", (Interleaved,), {"stage": stage, "base": stage.mark})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    stage.rewind(machine.base)
    stage.before = Tally.of(stage)
