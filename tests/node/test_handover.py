"""What waits for the coordinator is judged once more in the moment that it leaves."""

from __future__ import annotations

import pytest

from childgrid_node import approve, handover
from childgrid_node.courier import still_goes
from childgrid_node.journal import Journal
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, KABIR, Grid
from refusals import refused

FIELDS = ["name", "phone"]


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


def approved(grid: Grid) -> Statement:
    """A request to customs that everybody has approved and that nobody released yet."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    return request


def released(grid: Grid) -> tuple[Statement, Statement]:
    """A request, and its disclosure that waits for the coordinator."""
    request = approved(grid)
    assert grid.release("customs") == ["released"]
    (disclosure,) = grid.agency("customs").office.journal.all(Kind.DISCLOSURE)
    return request, disclosure


def revoke(grid: Grid) -> None:
    """The custodian who approved it has left."""
    said = grid.agency("customs").office.speak(
        Kind.REVOCATION, seconds=999, number=1, target="officer", member="customs",
        subject="cu-mehta", serial="", cause="left",
    )  # fmt: skip
    grid.post([said.data])


def carry(grid: Grid) -> None:
    """Carry until nothing waits: what is void is told with the next round."""
    while grid.carry():
        pass


def state(grid: Grid) -> list[tuple[str, int]]:
    """How far it is, and how many bytes are kept for it."""
    return grid.agency("customs").office.journal.rows(
        "SELECT state, length(ciphertext) FROM spent"
    )


@pytest.mark.threat("T10")
def test_an_approver_is_revoked_while_the_record_waits(grid: Grid) -> None:
    """It does not leave: it is void, its ciphertext destroyed, and both logs say so."""
    released(grid)
    revoke(grid)

    carry(grid)

    assert state(grid) == [("void", 0)]
    for name in ("customs", "police"):
        assert len(grid.agency(name).office.journal.all(Kind.VOID)) == 1
    assert grid.agency("police").office.journal.all(Kind.DISCLOSURE) == []


@pytest.mark.threat("T10")
def test_a_list_had_been_replaced_when_the_record_was_sealed(grid: Grid) -> None:
    """The holder's line was down, so that it named an old one: it does not leave."""
    body = grid.agency("police").office.view.staff["police"]
    officers, version = body["officers"], body["version"] + 1
    newer = grid.agency("police").office.speak(
        Kind.STAFF, seconds=300 * DAY, version=version, officers=officers
    )
    grid.now += 3_600
    released(grid)

    grid.post([newer.data])
    carry(grid)

    assert state(grid) == [("void", 0)]
    assert grid.agency("police").office.journal.all(Kind.DISCLOSURE) == []


def test_a_list_that_is_replaced_later_keeps_nothing_back(grid: Grid) -> None:
    """What it named was in force when it was sealed."""
    released(grid)
    body = grid.agency("police").office.view.staff["police"]
    officers, version = body["officers"], body["version"] + 1
    grid.now += 60
    newer = grid.agency("police").office.speak(
        Kind.STAFF, seconds=300 * DAY, version=version, officers=officers
    )

    grid.post([newer.data])
    carry(grid)

    assert len(grid.agency("police").office.journal.all(Kind.DISCLOSURE)) == 1


def test_a_request_runs_out_while_the_record_waits(grid: Grid) -> None:
    """The coordinator came back too late."""
    request, _ = released(grid)
    grid.now = request.expires

    carry(grid)

    (void,) = grid.agency("police").office.journal.all(Kind.VOID)
    assert void["reason"] == "expired"


@pytest.mark.threat("T9")
def test_what_may_have_left_is_never_void(grid: Grid) -> None:
    """It is not sent again; but nobody says that it never was."""
    _, disclosure = released(grid)
    office = grid.agency("customs").office
    assert handover.may_leave(office, disclosure)
    before = state(grid)
    revoke(grid)

    assert not handover.may_leave(office, disclosure)

    assert state(grid) == before
    assert office.journal.all(Kind.VOID) == []


def test_a_refusal_in_the_last_moment_counts(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was acknowledged before the record was released, so nothing is."""
    request = approved(grid)
    office = grid.agency("customs").office
    decision = approve.Decision("cu-dias", request.hash, False, "", [], "victim-safety")
    draft = approve.draft_decision(office, decision)
    entered, waiting = Journal.writing, [draft]

    def writing(journal: Journal) -> object:
        if journal is office.journal and waiting and state(grid):
            grid.sign("customs", "cu-dias", Kind.REFUSAL, waiting.pop())
        return entered(journal)

    monkeypatch.setattr(Journal, "writing", writing)

    assert grid.release("customs") == ["void"]
    assert not waiting
    carry(grid)
    assert grid.agency("police").office.journal.all(Kind.DISCLOSURE) == []


def approved_query(grid: Grid) -> tuple[Statement, bytes]:
    """A query that one superior approved, and the other's refusal, not signed yet."""
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    decision = approve.Decision("sp-khan", asked.hash, False, "", [], "not-necessary")
    draft = approve.draft_decision(grid.agency("police").office, decision)
    grid.decide("police", "sp-nair", asked.hash)
    return asked, draft


def test_a_query_that_was_refused_does_not_go_out(grid: Grid) -> None:
    """One superior approved while the coordinator was away, the other refused."""
    office = grid.agency("police").office
    asked, draft = approved_query(grid)
    assert still_goes(office, asked.hash, Kind.QUERY)

    grid.sign("police", "sp-khan", Kind.REFUSAL, draft)

    assert not still_goes(office, asked.hash, Kind.QUERY)


def test_of_a_query_that_was_refused_no_record_is_asked(grid: Grid) -> None:
    """Though it had gone out and was answered."""
    asked, draft = approved_query(grid)
    grid.submit(asked)
    grid.sign("police", "sp-khan", Kind.REFUSAL, draft)

    with refused(grid, Reason.CLOSED):
        grid.request(asked, "customs", FIELDS)
