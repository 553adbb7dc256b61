"""Sealing keys: a new one each week, the old ones destroyed when nothing needs them."""

from __future__ import annotations

import pytest

from childgrid_node import sealing
from childgrid_wire import canonical, seal
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.seal import Binding
from grid import DAY, KABIR, STRANGER, Grid
from refusals import refused

WEEK = 7 * DAY


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid, whose clock the tests move."""
    return Grid(tmp_path_factory.mktemp("grid"))


def test_a_key_lasts_until_its_last_day(grid: Grid) -> None:
    """The key in force is said again; a day before its end there is a new one."""
    office = grid.agency("customs").office
    (first,) = sealing.kept(office)
    grid.now += WEEK - DAY - 1
    same = sealing.ensure(office)
    grid.now += 1
    fresh = sealing.ensure(office)

    assert same.hash == first
    assert fresh.hash != first
    assert fresh["key"] != same["key"]
    assert sealing.kept(office) == [fresh.hash, first]


@pytest.mark.threat("T15")
def test_a_key_that_cannot_be_opened_any_more_is_replaced_at_once(grid: Grid) -> None:
    """A clock that was years ahead for a while, and destroyed what it took for old.

    What hangs on the board would be sealed to for days, and nothing of it answered.
    """
    customs = grid.agency("customs")
    (first,) = sealing.kept(customs.office)
    grid.now += 3_650 * DAY
    sealing.destroy_old(customs.office)
    grid.now -= 3_650 * DAY
    assert customs.shelf.book.sealing_key("customs", grid.now).hash == first

    grid.now += 600
    grid.post([sealing.ensure(customs.office).data])

    asked = grid.ask(KABIR, targets=["customs"])
    assert grid.candidates(asked)["customs"]


def test_a_lost_key_that_is_to_come_is_replaced_once_when_its_time_comes(
    grid: Grid,
) -> None:
    """Made while the clock was half a day ahead, destroyed while it was years ahead.

    Until then the one before is sealed to; no key is made at every round meanwhile.
    """
    customs = grid.agency("customs")
    office, half = customs.office, DAY // 2
    grid.now += WEEK - half
    first = sealing.kept(office)
    early = sealing.ensure(office)
    grid.now -= half
    with office.journal.writing() as writing:
        writing.run("DELETE FROM secret WHERE name = ?", (f"seal:{early.hash}",))

    for _ in range(10):
        grid.now += 600
        assert [sealing.ensure(office).hash] == first

    grid.now = early["valid_from"] + 600
    late = sealing.ensure(office)
    assert late.hash not in (early.hash, *first)
    grid.now += 600
    assert sealing.ensure(office).hash == late.hash
    assert len(office.journal.rows("SELECT 1 FROM outbox WHERE hash = ?", (late.hash,)))


def test_a_new_key_goes_to_the_board(grid: Grid) -> None:
    """Others seal to it: it waits in the outbox, and our own book knows it."""
    office = grid.agency("customs").office
    grid.now += WEEK
    made = sealing.ensure(office)

    rows = office.journal.rows("SELECT state FROM outbox WHERE hash = ?", (made.hash,))
    assert [state for (state,) in rows] == ["waiting"]
    assert office.shelf.book.sealing_key("customs", grid.now).hash == made.hash


def test_a_key_outlives_whatever_was_sealed_to_it_by_a_day(grid: Grid) -> None:
    """Sealed on its last day, a query lives a week; one day later the key is gone."""
    office = grid.agency("customs").office
    (first,) = sealing.kept(office)
    grid.now += 2 * WEEK + DAY - 1
    assert sealing.destroy_old(office) == 0
    assert len(sealing.private(office, first)) == 32
    grid.now += 1

    assert sealing.destroy_old(office) == 1

    assert sealing.kept(office) == []
    assert office.journal.secret(f"seal:{first}") is None
    with refused(grid, Reason.EXPIRED):
        sealing.private(office, first)
    assert sealing.destroy_old(office) == 0


def test_the_destroyed_key_leaves_the_newer_ones(grid: Grid) -> None:
    """What was sealed to the next key is still opened."""
    office = grid.agency("customs").office
    (first,) = sealing.kept(office)
    grid.now += WEEK
    second = sealing.ensure(office)
    binding = Binding("query", "00" * 16, "police", "customs", 1)
    sealed = seal.seal(b"asked", canonical.from_b64(second["key"]), binding)
    grid.now += WEEK + DAY
    sealing.destroy_old(office)

    assert sealing.kept(office) == [second.hash]
    assert (
        seal.unseal(sealed, sealing.private(office, second.hash), binding) == b"asked"
    )
    assert office.journal.secret(f"seal:{first}") is None


def test_a_query_sealed_on_the_last_day_is_answered_under_a_new_key(grid: Grid) -> None:
    """The statement names the key that it was sealed to; rotation loses no query."""
    grid.now += WEEK - 60
    grid.agency("customs").online = False
    asked = grid.ask(STRANGER, targets=["customs"], hours=24)
    sealing.ensure(grid.agency("customs").office)
    grid.now += 3_600
    grid.agency("customs").online = True
    grid.submit(asked)

    assert "customs" in grid.candidates(asked)


def test_a_key_that_was_never_ours(grid: Grid) -> None:
    """A made-up name opens nothing."""
    with refused(grid, Reason.EXPIRED):
        sealing.private(grid.agency("customs").office, "ab" * 32)


@pytest.mark.threat("T14")
def test_a_key_to_which_nothing_can_be_sealed_keeps_nobody_from_asking(
    grid: Grid,
) -> None:
    """One member hangs up a key of low order: it is none, and its last one holds."""
    customs = grid.agency("customs")
    (held,) = sealing.kept(customs.office)
    for low in (bytes(32), b"\x01" + bytes(31)):
        made = customs.office.speak(
            Kind.SEALING_KEY,
            seconds=WEEK,
            key=canonical.to_b64(low),
            valid_from=grid.now,
            valid_until=grid.now + WEEK,
        )
        grid.post([made.data])

    asked = grid.ask(KABIR)

    assert set(grid.candidates(asked)) == {"customs", "prisons", "childcare"}
    assert asked["targets"]["customs"]["sealing_key"] == held


def test_nobody_can_seal_to_an_agency_whose_key_ran_out(grid: Grid) -> None:
    """A query to it can't be drafted; the asker is told which thing is missing."""
    grid.now += WEEK

    with refused(grid, Reason.EXPIRED) as caught:
        grid.draft(STRANGER, targets=["customs"])

    assert caught.value.detail == "sealing key"
