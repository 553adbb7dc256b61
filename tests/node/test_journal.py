"""The node's memory: one leaf a statement, and rows that stand or fall with it."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from childgrid_log.entry import parse_entry
from childgrid_node.journal import move_cursor, verified
from childgrid_wire.errors import Reason, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import STRANGER, Grid
from refusals import refused


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid on which each test says something of its own."""
    return Grid(tmp_path_factory.mktemp("grid"))


def notice(grid: Grid, name: str = "customs") -> Statement:
    """Something to say, fresh each time."""
    return grid.agency(name).office.speak(
        Kind.VOID, seconds=60, answers="ab" * 32, disclosure="ab" * 32, reason="expired"
    )


def test_a_statement_is_logged_once(grid: Grid) -> None:
    """Said again it is known, and the log doesn't grow."""
    journal = grid.agency("customs").office.journal
    said, before = notice(grid), journal.log.size()

    with journal.writing() as writing:
        first = writing.say(said)
        again = writing.say(said)
    with journal.writing() as writing:
        later = writing.say(said)

    assert (first, again, later) == (True, False, False)
    assert journal.log.size() == before + 1
    assert journal.find(said.hash) == said


def test_what_fails_leaves_neither_leaf_nor_row(grid: Grid) -> None:
    """Leaf, statement, secret and outbox of one transaction are kept together."""
    journal = grid.agency("customs").office.journal
    said, before = notice(grid), journal.log.size()

    with pytest.raises(sqlite3.IntegrityError), journal.writing() as writing:
        writing.say(said)
        writing.send(said)
        journal.keep_secret(writing, "a name", b"a secret")
        writing.run("INSERT INTO used VALUES (1, 'x', 'y', NULL)")

    assert journal.log.size() == before
    assert journal.find(said.hash) is None
    assert journal.secret("a name") is None
    assert journal.rows("SELECT 1 FROM outbox WHERE hash = ?", (said.hash,)) == []


def test_the_tree_is_out_of_reach_of_its_caller(grid: Grid) -> None:
    """No row of the node's own can overwrite a leaf."""
    journal = grid.agency("customs").office.journal

    with pytest.raises(Exception, match="log_"), journal.writing() as writing:
        writing.run("DELETE FROM log_leaf")

    assert journal.log.verify() == journal.log.size()


def test_the_leaf_carries_labels_and_no_content(grid: Grid) -> None:
    """Purpose, sections and field names can be counted without opening anything."""
    asked = grid.ask(STRANGER, targets=["customs"])
    journal = grid.agency("customs").office.journal
    ((index,),) = journal.rows("SELECT leaf FROM said WHERE hash = ?", (asked.hash,))

    leaf = parse_entry(journal.log.entries(index, index + 1)[0])

    assert (leaf.kind, leaf.purpose) == ("query", "investigation")
    assert set(leaf.sections) == set(asked["sections"])
    assert leaf.fields == ()


def test_a_secret_is_replaced_and_sealed_at_rest(grid: Grid) -> None:
    """Two writes leave the later one; the row doesn't show it."""
    journal = grid.agency("customs").office.journal
    for content in (b"first version", b"second version"):
        with journal.writing() as writing:
            journal.keep_secret(writing, "note", content)

    assert journal.secret("note") == b"second version"
    ((sealed,),) = journal.rows("SELECT sealed FROM secret WHERE name = 'note'")
    assert b"version" not in sealed
    assert journal.secret("nothing") is None


def test_a_place_is_remembered_with_what_was_read(grid: Grid) -> None:
    """A reader starts at 0 and goes on where the last transaction ended."""
    journal = grid.agency("customs").office.journal
    assert journal.cursor("somewhere") == 0
    with journal.writing() as writing:
        move_cursor(writing, "somewhere", 7)

    assert journal.cursor("somewhere") == 7


def test_asking_for_another_kind_or_an_unknown_hash(grid: Grid) -> None:
    """A statement is found under its own kind only."""
    journal = grid.agency("customs").office.journal
    said = notice(grid)
    with journal.writing() as writing:
        writing.say(said)

    with refused(grid, Reason.UNKNOWN):
        journal.get(said.hash, Kind.RECEIPT)
    with refused(grid, Reason.UNKNOWN):
        journal.get("cd" * 32, Kind.VOID)
    assert journal.find("cd" * 32) is None
    assert said.hash in {one.hash for one in journal.answers("ab" * 32, Kind.VOID)}


def test_a_kept_statement_is_judged_again_under_todays_documents(grid: Grid) -> None:
    """What verified when it came in is refused once its speaker is revoked."""
    asked = grid.ask(STRANGER, officer="si-joshi", targets=["customs"])
    office = grid.agency("customs").office
    assert verified(office.view, asked) == asked
    revocation = grid.agency("police").office.speak(
        Kind.REVOCATION, seconds=999, number=1, target="officer", member="police",
        subject="si-joshi", serial="", cause="left",
    )  # fmt: skip
    grid.post([revocation.data])

    with pytest.raises(Untrusted) as caught:
        verified(office.view, asked)
    assert caught.value.reason is Reason.REVOKED


def test_a_statement_is_queued_once(grid: Grid) -> None:
    """The outbox keeps order and no doubles."""
    journal = grid.agency("prisons").office.journal
    first, second = notice(grid, "prisons"), notice(grid, "prisons")
    for said in (first, second, first):
        with journal.writing() as writing:
            writing.send(said)

    rows = journal.rows("SELECT hash FROM outbox WHERE kind = 'void' ORDER BY place")
    assert [name for (name,) in rows] == [first.hash, second.hash]


def test_a_batch_reads_what_it_wrote_and_others_do_not(grid: Grid) -> None:
    """Nothing is seen by another thread before the whole batch is durable."""
    journal = grid.agency("customs").office.journal
    said = notice(grid)

    with ThreadPoolExecutor(1) as pool, journal.batch():
        with journal.writing() as writing:
            writing.say(said)
        assert journal.find(said.hash) == said
        assert pool.submit(journal.find, said.hash).result() is None
    assert journal.find(said.hash) == said


def test_one_bad_part_of_a_batch_spoils_no_other(grid: Grid) -> None:
    """What failed is undone alone; a batch that fails leaves nothing."""
    journal = grid.agency("customs").office.journal
    good, bad, lost = (notice(grid) for _ in range(3))

    with journal.batch():
        with journal.writing() as writing:
            writing.say(good)
        with pytest.raises(sqlite3.IntegrityError), journal.writing() as writing:
            writing.say(bad)
            writing.run("INSERT INTO used VALUES (1, 'x', 'y', NULL)")
    with pytest.raises(KeyError), journal.batch():
        with journal.writing() as writing:
            writing.say(lost)
        raise KeyError

    assert [journal.find(one.hash) for one in (good, bad, lost)] == [good, None, None]
    assert journal.log.verify() == journal.log.size()
