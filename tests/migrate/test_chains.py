"""Every database of ours: made new, it is as one that was migrated; rows stay."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from childgrid_coordinator import journal as hub_journal
from childgrid_coordinator.migrations import bases as of_hub
from childgrid_coordinator.store.tables import SCHEMA
from childgrid_log import version
from childgrid_migrate import command
from childgrid_migrate.chain import LOG, WITNESS, Chain
from childgrid_migrate.moving import look, move
from childgrid_migrate.picture import Picture
from childgrid_node import journal
from childgrid_node import migrating as of_node
from childgrid_portal.web import accounts
from childgrid_portal.web import migrating as of_portal
from childgrid_wire.stamp import Version, WrongVersion
from migrate.stores import FIRST, Kept, Rows, old, rows


def pictures(kept: Kept) -> dict[str, Picture]:
    """What each chain's tables look like."""
    with kept.base.opened(writing=False) as db, db.begin():
        return {chain.name: chain.picture(db) for chain in kept.base.chains}


def standing(kept: Kept) -> dict[str, str | None]:
    """Where each chain stands."""
    return {step.chain.name: step.found for step in look(kept.base)}


def same(mine: dict[str, Picture], other: dict[str, Picture]) -> bool:
    """Whether two databases are alike, chain by chain; says where they are not."""
    odd = {name: mine[name].unlike(other[name]) for name in mine}
    assert not any(odd.values()), odd
    return mine.keys() == other.keys()


def shared(before: Rows, after: Rows) -> Rows:
    """What stands afterwards in the tables and columns of before."""
    return {
        name: sorted((row[: len(kept[0])] for row in after[name]), key=repr)
        if (kept := before[name])
        else after[name]
        for name in before
    }


def test_a_new_database_is_as_one_that_was_migrated(kept: Kept) -> None:
    """What the program makes at its first start, and what the revisions make, are one:
    tables, columns, keys, indexes, checks and triggers."""
    kept.open()
    with kept.base.opened(writing=False) as db, db.begin():
        for chain in kept.base.chains:
            made = chain.picture(db)
            assert made.tables
            assert not made.unlike(chain.blank(chain.goal("")))
    assert not any(step.due for step in look(kept.base))


def test_rows_stay_forward_back_and_forward_again(kept: Kept) -> None:
    """What the first release wrote is there after each move, byte for byte, and going
    back gives that release the very database that it knows."""
    old(kept)
    before, looks = rows(kept.base), pictures(kept)
    assert all(before.values())

    move(kept.base)
    assert shared(before, rows(kept.base)) == before
    forward = rows(kept.base)
    kept.open()

    move(kept.base, FIRST)
    assert rows(kept.base) == before
    assert same(pictures(kept), looks)
    assert set(standing(kept).values()) == {FIRST}

    move(kept.base)
    assert rows(kept.base) == forward
    kept.open()


def test_what_has_no_stamp_and_looks_right_is_adopted(kept: Kept) -> None:
    """A program refuses it at its start and says what to do; afterwards it opens it."""
    old(kept)
    before = rows(kept.base)
    with pytest.raises(WrongVersion, match="migrate"):
        kept.open()
    assert rows(kept.base) == before
    assert set(standing(kept).values()) == {""}

    move(kept.base)

    assert not any(step.due for step in look(kept.base))
    kept.open()


def test_what_has_no_stamp_and_looks_otherwise_is_left_alone(kept: Kept) -> None:
    """A column that no release of ours has made: it is named, nothing is changed."""
    old(kept)
    _run(kept, f"ALTER TABLE {_last(kept)} ADD COLUMN stranger INTEGER")
    before = rows(kept.base)
    with pytest.raises(WrongVersion, match=_last(kept)):
        move(kept.base)
    assert rows(kept.base) == before
    assert set(standing(kept).values()) == {""}


def test_a_newer_releases_database_is_refused(kept: Kept) -> None:
    """By the program as by its `migrate`, in every chain; nothing is changed."""
    for chain in kept.base.chains:
        kept.open()
        _run(kept, f"UPDATE {chain.table} SET version_num = '9999'")
        before = rows(kept.base)
        with pytest.raises(WrongVersion, match="newer release"):
            kept.open()
        for to in ("", FIRST):
            with pytest.raises(WrongVersion, match="newer release"):
                move(kept.base, to)
        assert rows(kept.base) == before
        _run(kept, f"UPDATE {chain.table} SET version_num = '{chain.goal('')}'")


def test_an_older_database_is_refused_and_says_what_to_do(kept: Kept) -> None:
    """Where there is a newer schema: no program brings it up by itself."""
    kept.open()
    move(kept.base, FIRST)
    before = rows(kept.base)
    if not any(step.due for step in look(kept.base)):
        kept.open()
        return
    with pytest.raises(WrongVersion, match="run this program's `migrate`"):
        kept.open()
    assert rows(kept.base) == before


@pytest.mark.parametrize(
    ("chain", "known"),
    [
        (LOG, version.LOG),
        (WITNESS, version.WITNESS),
        (of_node.JOURNAL, journal.VERSION),
        (of_hub.JOURNAL, hub_journal.VERSION),
        (of_hub.STATE, SCHEMA),
        (of_portal.ACCOUNTS, accounts.VERSION),
    ],
)
def test_a_program_knows_the_revisions_that_there_are(
    chain: Chain, known: Version
) -> None:
    """Whoever adds a revision tells the program, or neither opens what it made."""
    assert chain.revisions == known.known
    assert chain.table == known.table


def test_looking_says_what_is_due_and_changes_nothing(kept: Kept) -> None:
    """`--check` before and after; a schema that there isn't is refused by name."""
    old(kept)
    before, told = rows(kept.base), list[str]()
    assert not command.run([kept.base], "", True, told.append)
    assert rows(kept.base) == before
    assert "without a stamp → " in told[0]

    assert command.run([kept.base], "", False, told.append)
    assert command.run([kept.base], "", True, told.append)
    assert "→" not in told[-1]
    with pytest.raises(WrongVersion, match="no schema 7777"):
        command.run([kept.base], "7777", False, told.append)


def _last(kept: Kept) -> str:
    """One table of the last chain."""
    with kept.base.opened(writing=False) as db, db.begin():
        return max(kept.base.chains[-1].picture(db).tables)


def _run(kept: Kept, sql: str) -> None:
    with kept.base.opened(writing=True) as db, db.begin():
        db.execute(text(sql))
