"""Makes every database by the code of whichever release is on the path, and opens it.

    python first.py make|open FOLDER ORIGIN WITNESS [POSTGRESQL]

A test runs it with the release before this one. It uses only what that release has, and
prints what it finds in each database.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import func, select

from childgrid_coordinator.journal import Journal as HubJournal
from childgrid_coordinator.store import mail, tables
from childgrid_coordinator.store.engine import Store
from childgrid_log.entry import Draft
from childgrid_log.log import Log
from childgrid_log.witness import Witness
from childgrid_node.journal import Journal, move_cursor
from childgrid_node.vault import Vault
from childgrid_portal.web.accounts import Accounts

SEED = bytes(32)


def logs(making: bool, folder: Path, origin: str) -> None:
    """The logs of a node, a coordinator and a station, each with a leaf more."""
    for name in ("node", "hub", "station"):
        path = folder / name / "log.db"
        path.parent.mkdir(exist_ok=True)
        with (Log.create if making else Log.open)(path, origin, SEED) as log:
            log.append([Draft("query", 1_700_000_000, b"an envelope")])
            log.checkpoint()
            if name == "hub":
                HubJournal(log)
            if name == "node":
                journal = Journal(log, Vault(SEED), lambda: 0.0)
                with journal.writing() as writing:
                    move_cursor(writing, "mail", journal.cursor("mail") + 1)
                print("cursor", journal.cursor("mail"))
            print(name, log.verify())


def others(making: bool, folder: Path, witness: str, url: str) -> None:
    """A memory, accounts, and the coordinator's store."""
    (Witness.create if making else Witness)(
        folder / "witness.db", witness, SEED
    ).close()
    accounts = Accounts(folder)
    accounts.invite("si-rao" if making else "sp-nair", "An officer")
    print("officers", len(accounts.officers()))
    accounts.close()
    for where in filter(None, (f"sqlite:///{folder / 'state.db'}", url)):
        store = Store.open(where, "owner")
        with store.write() as db:
            mail.deliver(db, "police", "a" * 63 + ("0" if making else "1"))
        with store.read() as db:
            print("mail", db.scalar(select(func.count()).select_from(tables.mail)))
        store.close()


if __name__ == "__main__":
    what, where_, origin_, witness_, *rest = sys.argv[1:]
    logs(what == "make", Path(where_), origin_)
    others(what == "make", Path(where_), witness_, rest[0] if rest else "")
