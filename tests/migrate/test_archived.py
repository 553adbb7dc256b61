"""A log whose old part is in archived tiles is migrated like any other."""

from __future__ import annotations

from pathlib import Path

from childgrid_log import whole
from childgrid_migrate.base import Base
from childgrid_migrate.chain import LOG
from childgrid_migrate.moving import move
from childgrid_node.journal import Journal
from childgrid_node.migrating import JOURNAL
from childgrid_node.vault import Vault
from log.stock import LATER, SEED, opened, stocked
from migrate.stores import FIRST, rows


def test_a_log_with_an_archive_goes_back_and_forward(tmp_path: Path) -> None:
    """Its tree is hashed anew from where the archive ends; no leaf and no proof is
    another afterwards."""
    path = tmp_path / "log.db"
    stocked(path, 600)
    with opened(path) as log:
        Journal(log, Vault(SEED), lambda: 0)
        assert log.archive(LATER) == 512
        proof, root = log.inclusion(3, 600), log.root()
    base = Base("log.db", (LOG, JOURNAL), path=path, sound=whole.root)
    before = rows(base)

    move(base, FIRST)
    move(base)

    assert rows(base) == before
    with opened(path) as log:
        Journal(log, Vault(SEED), lambda: 0)
        assert log.verify() == 600
        assert (log.inclusion(3, 600), log.root()) == (proof, root)
