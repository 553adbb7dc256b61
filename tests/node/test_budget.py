"""Budgets: counted with the query, kept over restarts, never given back by a clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from childgrid_log import names
from childgrid_log.log import Log
from childgrid_node import budget, match
from childgrid_node.journal import Journal
from childgrid_node.vault import Vault
from childgrid_wire import envelope
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, KABIR, STRANGER, Founders, Grid, floor_body
from refusals import refused


def limited(tmp_path: Path, **limits: int) -> Grid:
    """A grid whose founders lowered a budget."""
    grid = Grid(tmp_path)
    floor = grid.founders.sign(
        Kind.FLOOR, grid.now, **{**floor_body(), "version": 2, **limits}
    )
    grid.post([floor, _directory(grid, floor)])
    return grid


def _directory(grid: Grid, floor: bytes) -> bytes:
    """The next directory, which names the new floor."""
    last = grid.agency("police").shelf.book.directories[-1]
    header = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")
    body: dict[str, Any] = {k: v for k, v in last.body.items() if k not in header}
    body |= {
        "version": last["version"] + 1,
        "floor": envelope.read(floor).hash,
        "previous": last.hash,
    }
    founders: Founders = grid.founders
    return founders.sign(Kind.DIRECTORY, grid.now, **body)


def used(grid: Grid, name: str = "customs") -> dict[str, int]:
    """How much has been counted at an agency, by scope."""
    rows = grid.agency(name).office.journal.rows(
        "SELECT scope, sum(queries) FROM used GROUP BY scope"
    )
    return {str(scope): int(count) for scope, count in rows}


def approved(grid: Grid, officer: str = "si-rao") -> Statement:
    """A signed and approved query to customs that has not been carried there."""
    payload = grid.draft(STRANGER, officer, ["customs"])
    asked = grid.sign("police", officer, Kind.QUERY, payload)
    grid.decide("police", "sp-nair", asked.hash)
    return asked


@pytest.mark.parametrize(
    ("limit", "scope"),
    [
        ("officer_queries_day", "officer"),
        ("case_queries_day", "case"),
        ("agency_queries_day", "agency"),
    ],
)
@pytest.mark.threat("T5")
def test_the_query_after_the_last_is_refused(
    tmp_path: Path, limit: str, scope: str
) -> None:
    """Two are answered; the third is neither opened nor logged, and names no person."""
    grid = limited(tmp_path, **{limit: 2})
    for _ in range(2):
        grid.ask(STRANGER, targets=["customs"])
    third = approved(grid)

    with refused(grid, Reason.BUDGET) as caught:
        grid.relay.match(grid.agency("customs"), grid.call(third, "customs"))

    assert caught.value.detail == scope
    assert used(grid) == {"officer": 2, "case": 2, "agency": 2}


def test_another_officer_has_an_own_budget(tmp_path: Path) -> None:
    """One officer's zeal does not silence a colleague."""
    grid = limited(tmp_path, officer_queries_day=1)
    grid.ask(STRANGER, targets=["customs"])

    again = grid.ask(STRANGER, officer="si-joshi", targets=["customs"])

    assert "customs" in grid.candidates(again)


@pytest.mark.threat("T5")
def test_a_new_day_gives_a_new_budget_and_an_earlier_clock_none(tmp_path: Path) -> None:
    """Set back, the clock finds the day's count where it was."""
    grid = limited(tmp_path, officer_queries_day=1)
    grid.ask(STRANGER, targets=["customs"])
    grid.now += DAY
    grid.ask(STRANGER, targets=["customs"])
    third = approved(grid)
    grid.now -= 60

    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(third, "customs"))


def test_a_day_that_went_back_counts_on_under_the_later_one(tmp_path: Path) -> None:
    """A query asked on the earlier day spends what is left of the later one."""
    grid = limited(tmp_path, officer_queries_day=2)
    first = approved(grid)
    grid.now += DAY - 600
    grid.ask(STRANGER, targets=["customs"])
    grid.now -= DAY - 600
    customs = grid.agency("customs")
    grid.relay.match(customs, grid.call(first, "customs"))
    third = approved(grid)

    with refused(grid, Reason.BUDGET):
        grid.relay.match(customs, grid.call(third, "customs"))

    days = customs.office.journal.rows("SELECT DISTINCT day FROM used")
    assert len(days) == 1


def test_a_repeated_query_costs_nothing(tmp_path: Path) -> None:
    """The stored answer is said again, for however many retries."""
    grid = Grid(tmp_path)
    asked = grid.ask(KABIR, targets=["customs"])
    for _ in range(3):
        grid.submit(asked)

    assert used(grid) == {"officer": 1, "case": 1, "agency": 1}


def test_a_query_that_was_logged_before_a_crash_is_counted_once(tmp_path: Path) -> None:
    """Stopped between logging and answering, it is answered later without a count."""
    grid = Grid(tmp_path)
    asked = approved(grid)
    customs = grid.agency("customs")
    heard = match.hear(customs.office, **grid.call(asked, "customs"))
    with customs.office.journal.writing() as writing:
        match._say(writing, heard)
        budget.spend(writing, customs.office.view, heard.query)

    said = match.answer(customs.office, customs.holdings, heard)

    assert said.answers == asked.hash
    assert used(grid) == {"officer": 1, "case": 1, "agency": 1}


@pytest.mark.threat("T5")
def test_a_restart_loses_no_count(tmp_path: Path) -> None:
    """The log is closed and opened again: what was spent stays spent."""
    grid = limited(tmp_path, officer_queries_day=1)
    grid.ask(STRANGER, targets=["customs"])
    second = approved(grid)
    customs = grid.agency("customs")
    customs.office.journal.log.close()
    path, own = customs.folder / "log.db", customs.identity
    log = Log.open(path, names.origin("customs"), own.log_key)
    journal = Journal(log, Vault(own.key), grid.clock)
    object.__setattr__(customs.office, "journal", journal)

    with refused(grid, Reason.BUDGET):
        grid.relay.match(customs, grid.call(second, "customs"))


def test_a_refused_query_spends_nothing(tmp_path: Path) -> None:
    """All three budgets, or none: a spent case leaves the officer's count alone."""
    grid = limited(tmp_path, case_queries_day=1)
    grid.ask(STRANGER, targets=["customs"])
    second = approved(grid, "si-joshi")

    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(second, "customs"))

    rows = grid.agency("customs").office.journal.rows("SELECT subject FROM used")
    assert "police/si-joshi" not in {str(one) for (one,) in rows}
    assert len(rows) == 3
