"""A budget is lifted: asked for at one agency, countersigned at another, and over."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import approve, lift
from childgrid_wire import envelope, lifting
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, CASE, DAY, STRANGER, Grid
from hostile_enemy import body_of
from hostile_spy import restart
from node.test_budget import approved, limited, used
from refusals import refused

HOUR = 3_600


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid where an officer may ask twice a day, and has."""
    made = limited(tmp_path, officer_queries_day=2)
    for _ in range(2):
        made.ask(STRANGER, targets=["customs"])
    return made


def wanted(
    grid: Grid,
    officer: str = "sp-nair",
    scope: str = "officer",
    subject: str = "si-rao",
    queries: int = 4,
    hours: int = 24,
) -> Statement:
    """A supervising officer of the police signs a budget."""
    wish = lift.Wish(officer, scope, subject, queries, hours)
    payload = lift.draft(grid.agency("police").office, wish)
    return grid.sign("police", officer, Kind.BUDGET, payload)


def lifted(grid: Grid, **wish: object) -> Statement:
    """A budget that a custodian of customs countersigned."""
    budget = wanted(grid, **wish)  # type: ignore[arg-type]
    grid.carry()
    grid.decide("customs", "cu-mehta", budget.hash)
    grid.carry()
    return budget


def ask_again(grid: Grid, target: str = "customs") -> None:
    """One query more."""
    third = approved(grid)
    grid.relay.match(grid.agency(target), grid.call(third, target))


def test_a_lifted_budget_answers_more_until_it_is_spent(grid: Grid) -> None:
    """Four a day instead of two: the fifth is refused as the third was before."""
    lifted(grid)
    for _ in range(2):
        ask_again(grid)
    assert used(grid)["officer"] == 4

    fifth = approved(grid)
    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(fifth, "customs"))


def test_the_statement_and_its_countersignature_are_in_every_log(grid: Grid) -> None:
    """Every agency has both, so that nobody's budget is lifted behind anyone's back."""
    budget = lifted(grid)

    for name in AGENCIES:
        journal = grid.agency(name).office.journal
        assert journal.find(budget.hash), name
        (countersigned,) = journal.answers(budget.hash, Kind.APPROVAL)
        assert countersigned.person == "customs/cu-mehta"


def test_without_a_countersignature_nothing_is_lifted(grid: Grid) -> None:
    """The supervisor's wish alone is told to everybody and lifts nothing."""
    wanted(grid)
    grid.carry()
    third = approved(grid)

    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(third, "customs"))


def test_what_customs_lifted_is_not_lifted_at_the_prisons(grid: Grid) -> None:
    """Each holder's own custodian decides what that holder answers."""
    lifted(grid)
    for _ in range(2):
        grid.relay.match(grid.agency("prisons"), grid.call(_asked(grid), "prisons"))
    third = _asked(grid)

    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("prisons"), grid.call(third, "prisons"))


def _asked(grid: Grid) -> Statement:
    payload = grid.draft(STRANGER, targets=["prisons"])
    asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
    grid.decide("police", "sp-nair", asked.hash)
    return asked


def test_a_refusal_of_a_colleague_takes_a_countersignature_back(grid: Grid) -> None:
    """One custodian agreed, another of the same agency did not: nothing is lifted."""
    budget = lifted(grid)
    grid.decide("customs", "cu-dias", budget.hash, reason="weak-basis")
    third = approved(grid)

    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(third, "customs"))


def test_a_refusal_reaches_the_agency_that_asked(grid: Grid) -> None:
    """It is told to the asker, and the refusing agency decides no more on it."""
    budget = wanted(grid)
    grid.carry()
    grid.decide("customs", "cu-mehta", budget.hash, reason="weak-basis")
    grid.carry()

    police = grid.agency("police").office.journal
    (refusal,) = police.answers(budget.hash, Kind.REFUSAL)
    assert refusal.issuer == "customs"
    with refused(grid, Reason.CLOSED):
        grid.decide("customs", "cu-dias", budget.hash)


def test_a_lift_survives_a_restart(grid: Grid) -> None:
    """It stands in the log, so a node that was stopped counts by it again."""
    lifted(grid)
    for name in ("police", "customs"):
        restart(grid, name)

    ask_again(grid)

    assert used(grid)["officer"] == 3


def test_a_lift_ends_at_its_time_and_a_clock_set_back_does_not_revive_it(
    grid: Grid,
) -> None:
    """Past its time the floor counts again, also where the clock then goes back."""
    lifted(grid, hours=DAY // HOUR)
    grid.now += DAY
    ask_again(grid)
    ask_again(grid)
    third = approved(grid)
    grid.now -= 60
    fourth = approved(grid)

    for asked in (third, fourth):
        with refused(grid, Reason.BUDGET):
            grid.relay.match(grid.agency("customs"), grid.call(asked, "customs"))


def test_a_lift_counts_for_nothing_once_a_signer_is_gone(grid: Grid) -> None:
    """Revoked after both had signed: the lift falls with them."""
    lifted(grid)
    customs = grid.agency("customs").office
    gone = customs.speak(
        Kind.REVOCATION,
        seconds=DAY,
        number=1,
        target="officer",
        member="customs",
        subject="cu-mehta",
        serial="",
        cause="left",
    )
    grid.post([gone.data])
    third = approved(grid)

    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(third, "customs"))


def test_a_case_is_named_by_its_commitment(tmp_path: Path) -> None:
    """What a supervisor reads in a query's summary is what the budget names."""
    grid = limited(tmp_path, case_queries_day=1)
    first = grid.ask(STRANGER, targets=["customs"])
    assert CASE not in first["case"]
    lifted(grid, scope="case", subject=first["case"], queries=2)

    ask_again(grid)

    assert used(grid)["case"] == 2


def test_a_custodian_finds_it_in_the_inbox_and_decides_once(grid: Grid) -> None:
    """It waits for the custodians of others, with all that they decide by."""
    budget = wanted(grid)
    grid.carry()

    (item,) = grid.look("customs", "cu-mehta", "inbox")["waiting"]
    assert item["hash"] == budget.hash
    assert (item["scope"], item["subject"], item["queries"]) == ("officer", "si-rao", 4)
    assert grid.look("police", "cu-police", "inbox")["waiting"] == []
    grid.decide("customs", "cu-mehta", budget.hash)
    assert grid.look("customs", "cu-mehta", "inbox")["waiting"] == []
    with refused(grid, Reason.DECIDED):
        grid.decide("customs", "cu-mehta", budget.hash)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"officer": "si-joshi"}, Reason.WRONG_ROLE),
        ({"officer": "cu-police"}, Reason.WRONG_ROLE),
        ({"subject": "sp-nair"}, Reason.OWN_REQUEST),
        ({"queries": 21}, Reason.BUDGET),
        ({"hours": 169}, Reason.EXPIRED),
        ({"scope": "agency", "subject": "customs", "queries": 501}, Reason.TARGET),
    ],
)
def test_what_nobody_may_lift_is_not_even_kept(
    grid: Grid, wish: dict[str, object], reason: Reason
) -> None:
    """Refused at the own desk, where it is signed."""
    with refused(grid, reason):
        wanted(grid, **wish)  # type: ignore[arg-type]


@pytest.mark.threat("T14")
def test_budgets_without_end_bury_no_custodian(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one agency so many lie before another's custodians, who make room themselves.

    What is known already is none more, and another agency's are taken in.
    """
    monkeypatch.setattr(lifting, "MOST_LASTING", 3)
    made = [wanted(grid) for _ in range(5)]
    grid.carry()
    waiting = [
        one["hash"] for one in grid.look("customs", "cu-mehta", "inbox")["waiting"]
    ]
    assert waiting == [one.hash for one in made[:3]]

    with refused(grid, Reason.BUDGET):
        lift.hear(grid.agency("customs").office, made[3])
    lift.hear(grid.agency("customs").office, made[0])
    grid.decide("customs", "cu-mehta", made[1].hash, reason="legal-bar")

    lift.hear(grid.agency("customs").office, made[3])
    with refused(grid, Reason.BUDGET):
        lift.hear(grid.agency("customs").office, made[4])


def test_the_own_agency_does_not_countersign(grid: Grid) -> None:
    """Neither the supervisor nor a custodian of the asking agency has a place there."""
    budget = wanted(grid)
    for officer in ("sp-nair", "sp-khan", "cu-police"):
        decision = approve.Decision(officer, budget.hash, True, "", (), "")
        with pytest.raises(Refused) as caught:
            approve.draft_decision(grid.agency("police").office, decision)
        assert caught.value.reason in (Reason.WRONG_ROLE, Reason.OWN_REQUEST)


def test_a_draft_is_what_is_signed(grid: Grid) -> None:
    """Bytes that this desk never drafted are not taken in."""
    payload = lift.draft(
        grid.agency("police").office, lift.Wish("sp-nair", "officer", "si-rao", 3, 1)
    )
    grid.sign("police", "sp-nair", Kind.BUDGET, payload)
    other = payload.replace(b'"queries":3', b'"queries":4')
    with pytest.raises(WireError) as caught:
        grid.sign("police", "sp-nair", Kind.BUDGET, other)
    assert caught.value.reason is Reason.UNKNOWN


def test_a_budget_holds_no_person_but_an_officers_id(grid: Grid) -> None:
    """Header, scope, subject, a number and a time: there is no room for a reason."""
    budget = wanted(grid)

    header = {"kind", "id", "issuer", "officer", "issued", "expires", "answers"}
    said = body_of(budget.data)
    assert said.keys() - header == {"scope", "subject", "queries", "until"}
    assert envelope.read(budget.data).kind is Kind.BUDGET
    assert said["until"] - said["issued"] <= lifting.MOST_SECONDS
