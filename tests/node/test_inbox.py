"""The inbox: who finds what there, and that nothing else is even read."""

from __future__ import annotations

from pathlib import Path

from childgrid_node import inbox
from childgrid_wire.kinds import Kind
from grid import KABIR, Grid


def waiting(grid: Grid, member: str, officer: str) -> list[str]:
    """The hashes of what waits for an officer."""
    office = grid.agency(member).office
    who = office.view.officer(member, officer)
    return [one.hash for one in inbox.waiting(office, who)]


def test_each_waits_for_whose_signature_moves_it(tmp_path: Path) -> None:
    """A query until it goes out, a request until its record left; never the own."""
    grid = Grid(tmp_path)
    query = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    assert waiting(grid, "police", "sp-nair") == [query.hash]
    assert waiting(grid, "police", "sp-khan") == [query.hash]
    assert waiting(grid, "police", "si-rao") == []
    grid.decide("police", "sp-nair", query.hash)
    assert waiting(grid, "police", "sp-khan") == []

    grid.submit(query)
    request = grid.request(query, "customs", ["name"])
    grid.carry()
    assert waiting(grid, "customs", "cu-mehta") == [request.hash]
    assert waiting(grid, "police", "sp-khan") == []
    grid.decide("customs", "cu-mehta", request.hash)
    assert waiting(grid, "customs", "cu-dias") == []
    grid.settle()
    assert waiting(grid, "customs", "cu-dias") == []


def test_a_query_without_silent_hits_is_opened_once(tmp_path: Path) -> None:
    """What was found bare is not opened again; a silent hit is there each time."""
    grid = Grid(tmp_path)
    query = grid.ask(KABIR)
    prisons, childcare = (grid.agency(one).office for one in ("prisons", "childcare"))
    for _ in range(2):
        assert inbox.silent(prisons) == []
        assert [one.hash for one, _ in inbox.silent(childcare)] == [query.hash]
    assert prisons.bare == {query.hash}
    assert childcare.bare == set()


def test_answers_are_looked_up_by_what_they_answer(tmp_path: Path) -> None:
    """However many statements of a kind there are: no part of it reads them all."""
    journal = Grid(tmp_path).agency("police").office.journal
    for more in inbox.CONDITIONS.values():
        sql = f"EXPLAIN QUERY PLAN SELECT 1 FROM said WHERE kind = ?1 AND heard > ?2 AND {more}"  # noqa: E501
        plan = [str(row[3]) for row in journal.rows(sql, ("query", 0, "police", "x"))]
        assert "said_kind (kind=? AND heard>?)" in plan[0]
        inner = [one for one in plan if one.startswith(("SEARCH word", "SCAN"))]
        assert all("said_answers (answers=? AND kind=?)" in one for one in inner)
