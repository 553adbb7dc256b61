"""A register filled in one go is read each round, and encoded once."""

from __future__ import annotations

import pytest

from childgrid_node import indexer
from childgrid_node.bulk.intake import Intake, Taken
from childgrid_node.lookback import MOST, Lookback
from childgrid_node.refresh import Refresher
from node.test_refresh import ALL, DAY, HOUR, Register, keyring, people

__all__ = ["keyring", "people"]


def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each batch from now on brings to be encoded."""
    counts: list[int] = []
    take = Intake.take

    def counting(self: Intake, columns: dict[str, list[str]], count: int) -> Taken:
        counts.append(count)
        return take(self, columns, count)

    monkeypatch.setattr(Intake, "take", counting)
    return counts


def test_what_each_look_back_reads_again_is_encoded_once(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register filled in one go stands within the look-back for ever."""
    counts = encoded(monkeypatch)
    people.step()
    assert sum(counts) == len(ALL)
    people.put("P1", "Somebody Else")
    people.step()
    people.step()
    assert sum(counts) == len(ALL) + 1
    assert people.keys() == ALL


def test_everybody_is_judged_again_on_another_day(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Age and retention go by the day, whoever wrote to the record or not."""
    people.step()
    counts = encoded(monkeypatch)
    people.step(DAY - people.now % DAY)
    assert sum(counts) == len(ALL)


def test_who_went_and_came_back_as_they_were_is_found(people: Register) -> None:
    """By a deletion that a reconciliation saw, or by a filter."""
    people.step()
    people.run("DELETE FROM people WHERE id = 'P0'")
    assert people.step(HOUR) == ALL[1:]
    people.put("P0", "Person amesh")
    assert people.step() == ALL
    people.put("P2", "Person cmesh", "ACQUITTED")
    assert people.step() == [one for one in ALL if one != "P2"]
    people.run("UPDATE people SET status = 'OPEN' WHERE id = 'P2'")
    assert people.step() == ALL


def test_another_index_tells_nothing_of_what_it_holds(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody built it while a row was another: what we took in counts no more."""
    people.step()
    people.put("P1", "Somebody Else")
    Refresher(people.source, people.path, people.keyring, lambda: people.now).build()
    people.put("P1", "Person bmesh")
    people.index = indexer.open_index(people.path, people.keyring)
    counts = encoded(monkeypatch)
    people.step()
    assert sum(counts) == len(ALL)


def test_only_so_many_rows_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a round holds beyond that is encoded each time, and nothing is lost."""
    assert MOST >= 100_000
    monkeypatch.setattr("childgrid_node.lookback.MOST", 2)
    lookback, rows = Lookback(), {key: {"name": key} for key in "abc"}
    found = []
    for _ in range(2):
        lookback.begin(1)
        found.append([key for key, row in rows.items() if lookback.fresh(key, row)])
        lookback.keep(())
    assert found == [["a", "b", "c"], ["c"]]


def test_who_went_in_the_round_that_read_them_is_new_again() -> None:
    """Deleted between the reading of rows and of keys, or left out by the guard."""
    lookback = Lookback()
    for _ in range(2):
        lookback.begin(1)
        assert lookback.fresh("a", {"name": "a"})
        lookback.keep(["a"])


def test_cells_are_told_apart_however_they_are_cut() -> None:
    """Two columns never pass for two others that read alike one after another."""
    lookback = Lookback()
    lookback.begin(1)
    assert lookback.fresh("a", {"name": "ab", "father": "c"})
    lookback.keep(())
    lookback.begin(1)
    assert not lookback.fresh("a", {"name": "ab", "father": "c"})
    assert lookback.fresh("a", {"name": "a", "father": "bc"})
