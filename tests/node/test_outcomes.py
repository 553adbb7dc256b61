"""What became of a disclosed record: who may say it, who hears it, what it does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from childgrid_node import outcomes
from childgrid_node.outcomes import Purge, Told
from childgrid_wire import envelope
from childgrid_wire.errors import Malformed, Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid, officer_signer
from refusals import refused


@dataclass
class Case:
    """A grid in which customs disclosed a record to the police."""

    grid: Grid
    request: Statement

    def tell(self, officer: str, disposal: str, cnr: str = "") -> Statement:
        """An officer of the police says what became of it; customs hears it."""
        at = self.grid.agency("police")
        told = Told(officer, self.request.hash, disposal, cnr)
        payload = outcomes.draft(at.office, told)
        said = at.desk.sign(signed("police", officer, payload))
        self.grid.settle()
        return said

    def decide(self, outcome: Statement, *, out: bool) -> Statement:
        """The custodian at customs decides on it."""
        at = self.grid.agency("customs")
        payload = outcomes.draft_purge(
            at.office, Purge("cu-mehta", outcome.hash, out=out)
        )
        return at.desk.sign(signed("customs", "cu-mehta", payload))

    def asked_of(self, officer: str = "cu-mehta") -> list[str]:
        """The outcomes that wait in an inbox at customs."""
        shown = self.grid.look("customs", officer, "inbox")
        return [str(one["hash"]) for one in shown["outcomes"]]

    def barred(self) -> int:
        """How many rows custodians of customs have taken out."""
        journal = self.grid.agency("customs").office.journal
        rows = journal.rows("SELECT DISTINCT source FROM cleared")
        return sum(len(outcomes.cleared(journal, source)) for (source,) in rows)


def signed(member: str, officer: str, payload: bytes) -> bytes:
    """A review as its officer signs it."""
    return envelope.sign(Kind.REVIEW, payload, [officer_signer(member, officer)])


@pytest.fixture
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One disclosure, received."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", ["name", "phone"])
    grid.settle()
    grid.decide("customs", "cu-mehta", request.hash)
    grid.settle()
    assert grid.released("customs") == 1
    return Case(grid, request)


def test_every_outcome_reaches_the_holder(case: Case) -> None:
    """Court after court; each is a leaf at both ends."""
    first = case.tell("si-rao", "charge-sheeted")
    last = case.tell("si-rao", "convicted", "MHAU010012342026")

    for member in ("police", "customs"):
        office = case.grid.agency(member).office
        told = [one.hash for one in office.journal.all(Kind.REVIEW)]
        assert told == [first.hash, last.hash]
    assert last["cnr"]
    assert case.asked_of() == []


def test_an_acquittal_asks_the_custodian_who_decides(case: Case) -> None:
    """Until then nothing leaves the register; afterwards the row does, or it stays."""
    outcome = case.tell("si-rao", "acquitted")
    assert case.asked_of() == [outcome.hash]
    assert case.barred() == 0

    case.decide(outcome, out=True)

    assert case.asked_of() == []
    assert case.barred() == 1


def test_a_row_that_was_taken_out_is_disclosed_no_more(case: Case) -> None:
    """Not on a handle of before either, whoever approved it meanwhile."""
    asked = case.grid.ask(KABIR)
    later = case.grid.request(asked, "customs", ["name"])
    case.grid.settle()
    case.decide(case.tell("si-rao", "acquitted"), out=True)
    case.grid.decide("customs", "cu-mehta", later.hash)
    case.grid.settle()

    assert case.grid.released("customs") == 1
    (refusal,) = case.grid.agency("police").office.journal.answers(
        later.hash, Kind.REFUSAL
    )
    assert refusal["reason"] == Reason.CHANGED.value


def test_a_custodian_may_keep_a_row_and_may_think_again(case: Case) -> None:
    """Another person of the same name may have been acquitted."""
    outcome = case.tell("si-rao", "discharged")
    case.decide(outcome, out=False)
    assert case.barred() == 0

    case.decide(outcome, out=True)
    assert case.barred() == 1
    case.decide(outcome, out=False)
    assert case.barred() == 0


@pytest.mark.threat("T7")
def test_nobody_else_says_what_became_of_it(case: Case) -> None:
    """Not a custodian of the asking agency, not the holder, and nothing invented."""
    police, customs = (case.grid.agency(one) for one in ("police", "customs"))
    with refused(case.grid, Reason.WRONG_ROLE):
        outcomes.draft(police.office, Told("cu-police", case.request.hash, "acquitted"))
    with refused(case.grid, Reason.WRONG_ROLE):
        outcomes.draft(customs.office, Told("cu-mehta", case.request.hash, "acquitted"))
    with pytest.raises(Malformed, match="disposal"):
        outcomes.draft(police.office, Told("si-rao", case.request.hash, "innocent"))
    assert case.asked_of() == []


@pytest.mark.threat("T7")
def test_an_asker_alone_takes_no_row_out(case: Case) -> None:
    """Whoever asked can't hide a person from everybody: the custodian's word does."""
    outcome = case.tell("si-rao", "acquitted")
    customs = case.grid.agency("customs")
    for officer in ("si-rao", "sp-nair"):
        with refused(case.grid, Reason.UNKNOWN_KEY):
            outcomes.draft_purge(customs.office, Purge(officer, outcome.hash, out=True))
    with refused(case.grid, Reason.WRONG_ROLE):
        outcomes.draft_purge(
            case.grid.agency("police").office,
            Purge("cu-police", outcome.hash, out=True),
        )
    assert case.barred() == 0


def test_only_what_clears_a_person_can_be_decided_on(case: Case) -> None:
    """A conviction takes nobody out of a register."""
    outcome = case.tell("si-rao", "convicted")
    with refused(case.grid, Reason.UNKNOWN):
        case.decide(outcome, out=True)
    assert case.barred() == 0
