"""Every database that any of our programs keeps, made new, made old, and filled.

`STORES` names each with how the program itself makes it and how it is migrated. `old`
builds it as the first release made it: from the first revisions, without a stamp.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, insert, inspect, text

from childgrid_coordinator.journal import Journal as HubJournal
from childgrid_coordinator.migrations.bases import JOURNAL as HUB_JOURNAL
from childgrid_coordinator.migrations.bases import store as hub_store
from childgrid_coordinator.store.engine import Store as HubStore
from childgrid_log import whole
from childgrid_log.checkpoint import Checkpoint, sign_checkpoint
from childgrid_log.entry import Draft, seal_entry
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.log import Log
from childgrid_log.merkle import Frontier
from childgrid_log.schema import insert_leaf
from childgrid_log.witness import Witness
from childgrid_migrate.base import Base, raw
from childgrid_migrate.chain import LOG, WITNESS
from childgrid_node.journal import Journal
from childgrid_node.migrating import JOURNAL
from childgrid_node.vault import Vault
from childgrid_portal.web.accounts import Accounts
from childgrid_portal.web.migrating import ACCOUNTS

FIRST = "0001"
ORIGIN, WITNESS_NAME, SEED = "police.example/log", "police.example/witness", bytes(32)
Rows = Mapping[str, list[tuple[Any, ...]]]
STAMPS = ("log_version", "alembic_version")
_SIGNER = Signer(ORIGIN, ED25519, SEED)
_OF_LOG = {"origin": ORIGIN, "vkey": _SIGNER.vkey}


@dataclass(frozen=True)
class Kept:
    """A database: how it is migrated, how its program opens it, making it first, and
    what that program wants to find in its table of marks."""

    base: Base
    open: Callable[[], object]
    marks: Mapping[str, str] = field(default_factory=dict)


def _log(path: Path, beside: Callable[[Log], object]) -> Callable[[], None]:
    def open_() -> None:
        opener = Log.open if path.exists() else Log.create
        with opener(path, ORIGIN, SEED) as log:
            beside(log)

    return open_


def node_log(folder: Path) -> Kept:
    """A node's log with its journal."""
    path = folder / "log.db"
    base = Base("log.db", (LOG, JOURNAL), path=path, sound=whole.root)

    def beside(log: Log) -> Journal:
        return Journal(log, Vault(bytes(32)), lambda: 0)

    return Kept(base, _log(path, beside), _OF_LOG)


def hub_log(folder: Path) -> Kept:
    """The coordinator's log with its journal."""
    path = folder / "log.db"
    base = Base("log.db", (LOG, HUB_JOURNAL), path=path, sound=whole.root)
    return Kept(base, _log(path, HubJournal), _OF_LOG)


def station_log(folder: Path) -> Kept:
    """A station's own log."""
    path = folder / "log.db"
    base = Base("log.db", (LOG,), path=path, sound=whole.root)
    return Kept(base, _log(path, lambda _: None), _OF_LOG)


def witness(folder: Path) -> Kept:
    """What a witness remembers."""
    path = folder / "witness.db"

    def open_() -> None:
        opener = Witness if path.exists() else Witness.create
        opener(path, WITNESS_NAME, SEED).close()

    marks = {"witness": Signer(WITNESS_NAME, COSIGNATURE, SEED).vkey}
    return Kept(Base("witness.db", (WITNESS,), path=path), open_, marks)


def state(folder: Path, url: str = "") -> Kept:
    """The coordinator's store, in a file or at a PostgreSQL URL."""
    where = url or f"sqlite:///{folder / 'state.db'}"

    def open_() -> None:
        HubStore.open(where, "owner").close()

    return Kept(hub_store(where), open_, {"version": "1", "owner": "owner"})


def accounts(folder: Path) -> Kept:
    """A portal's accounts."""
    base = Base("accounts.db", (ACCOUNTS,), path=folder / "accounts.db")
    return Kept(base, lambda: Accounts(folder).close())


STORES: Mapping[str, Callable[[Path], Kept]] = {
    "a node's log and journal": node_log,
    "the coordinator's log and journal": hub_log,
    "a station's log": station_log,
    "a witness's memory": witness,
    "the coordinator's store in SQLite": state,
    "a portal's accounts": accounts,
}
POSTGRES = "the coordinator's store in PostgreSQL"


def old(kept: Kept, stamped: bool = False) -> None:
    """Make a database as the first release made it, with a few rows in each table."""
    base = kept.base
    if base.path is not None:
        with closing(sqlite3.connect(base.path)) as db:
            db.execute("PRAGMA journal_mode=WAL")
    with base.opened(writing=True) as db, db.begin():
        for chain in base.chains:
            chain.move(db, FIRST)
        _fill(db, kept)
        if not stamped:
            for chain in base.chains:
                db.execute(text(f"DROP TABLE IF EXISTS {chain.table}"))


def tables(db: Connection) -> Iterator[Table]:
    """Every table of a database but the stamps, each after those it refers to."""
    found = MetaData()
    found.reflect(db)
    return (one for one in found.sorted_tables if one.name not in STAMPS)


def _fill(db: Connection, kept: Kept) -> None:
    if LOG in kept.base.chains:
        _leaves(raw(db))
    for table in tables(db):
        if table.name in ("meta", "log_meta"):
            marks = [{"key": key, "value": value} for key, value in kept.marks.items()]
            db.execute(insert(table), marks)
        elif table.name == "log_seen" or not table.name.startswith("log_"):
            db.execute(insert(table), [_row(table, number) for number in (1, 2)])


def _row(table: Table, number: int) -> dict[str, object]:
    """A row with something in each column; the same words in every table."""
    word = f"gone{number}" if table.name == "erased" else f"word{number}"
    values: dict[type, object] = {int: number, str: word, bytes: word.encode()}
    values |= {bool: True, float: 0.5}
    return {
        column.name: values[column.type.as_generic().python_type]
        for column in table.columns
    }


def _leaves(db: sqlite3.Connection) -> None:
    """Three leaves, of which the first was shredded by the last."""
    frontier = Frontier()
    for index in range(3):
        draft = Draft("query", 1_700_000_000, b"envelope %d" % index)
        entry, salt = seal_entry(draft, index)
        insert_leaf(db, frontier, entry, salt, draft.envelope)
    db.execute("INSERT INTO log_shredded VALUES (0, 2)")
    db.execute("DELETE FROM log_opening WHERE idx = 0")
    note = sign_checkpoint(Checkpoint(ORIGIN, 3, frontier.root()), _SIGNER)
    db.execute("INSERT INTO log_signed VALUES (3, ?)", (note,))
    db.execute("INSERT INTO log_cosigned VALUES (1, 3, ?)", (note,))


def rows(base: Base) -> Rows:
    """Everything in a database but its stamps, in order."""
    with base.opened(writing=False) as db, db.begin():
        names = sorted(set(inspect(db).get_table_names()) - set(STAMPS))
        return {
            name: sorted(
                (tuple(row) for row in db.execute(text(f'SELECT * FROM "{name}"'))),
                key=repr,
            )
            for name in names
        }
