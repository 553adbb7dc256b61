"""What agency IT does at the node stands in the node's own log."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from childgrid_log import names
from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_node import agency, checking
from childgrid_wire.kinds import Kind
from grid import KABIR, Grid
from verbs import leaves


class Crash(Exception):
    """The process ends here."""


def notices(grid: Grid, name: str) -> list[tuple[str, str]]:
    """Topic and subject of an agency's own notices."""
    every = grid.agency(name).office.journal.all(Kind.NOTICE)
    return [(one["topic"], one["subject"]) for one in every]


def reworded(grid: Grid, name: str) -> None:
    """IT changes the policy on the disk."""
    path = grid.agency(name).folder / "policy.toml"
    path.write_text(path.read_text().replace("silent = false", "silent = true"))


@pytest.mark.threat("T26")
def test_a_new_staff_list_or_policy_leaves_a_leaf_at_home(tmp_path: Path) -> None:
    """One for each document put in force, and none for a start without news."""
    grid = Grid(tmp_path)
    view = grid.agency("customs").office.view
    first = [view.staff["customs"].hash, view.policies["customs"].hash]
    assert notices(grid, "customs") == [("policy", one) for one in first]

    grid.agency("customs").publish()
    assert len(notices(grid, "customs")) == 2
    reworded(grid, "customs")
    grid.agency("customs").publish()

    now = grid.agency("customs").office.view.policies["customs"]
    assert notices(grid, "customs")[2:] == [("policy", now.hash)]
    assert now["rules"][0]["silent"]


@pytest.mark.threat("T26")
def test_whoever_stops_the_node_in_between_is_told_on_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document never leaves the node without the leaf that says so."""
    grid = Grid(tmp_path)
    reworded(grid, "customs")

    def crash(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(agency.acts, "note", crash)
        with pytest.raises(Crash):
            grid.agency("customs").publish()
    now = grid.agency("customs").office.view.policies["customs"]
    out = "SELECT 1 FROM outbox WHERE hash = ?"
    journal = grid.agency("customs").office.journal
    assert journal.rows(out, (now.hash,)) == []
    grid.agency("customs").publish()

    assert notices(grid, "customs")[2:] == [("policy", now.hash)]
    assert journal.rows(out, (now.hash,)) == [(1,)]


@pytest.mark.threat("T26")
def test_whoever_rebuilds_an_index_leaves_a_leaf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the mapping that decides what is encoded, before a row is read."""
    grid = Grid(tmp_path / "grid")
    customs = grid.agency("customs")
    log = customs.office.journal.log
    (tmp_path / "sources").mkdir()
    mapping = tmp_path / "sources" / "rows.toml"
    mapping.write_bytes(b"what is mapped")
    said = ("index", hashlib.sha256(b"what is mapped").hexdigest())
    when: list[bool] = []

    class Stock:
        """Stands for the sources; what `index` does with them has tests of its own."""

        registers = ("rows",)

        def __init__(self, *_: object, **__: object) -> None: ...

        def index(self, name: str, _: object) -> object:
            when.append(notices(grid, "customs")[-1] == said and name == "rows")
            return customs.report

    monkeypatch.setattr(checking, "Stock", Stock)
    monkeypatch.setattr(checking, "open_office", lambda *_: customs.office)
    monkeypatch.setattr(checking.Identity, "open", lambda *_: customs.identity)
    monkeypatch.setattr(checking.Shelf, "open", lambda *_: customs.shelf)
    monkeypatch.setattr(checking.keyfile, "read_passphrase", lambda _: b"")
    config: Any = SimpleNamespace(
        passphrase_file=None,
        state_dir=tmp_path,
        sources=tmp_path / "sources",
        uses=("provider",),
    )

    before = log.size()
    checking.index_sources(config, grid.clock, lambda _: None)

    assert when == [True]
    log = Log.open(
        customs.folder / "log.db", names.origin("customs"), customs.identity.log_key
    )
    left = {parse_entry(one).kind for one in log.entries(before, log.size())}
    assert left == leaves("childgrid-node")["index"]
    log.close()


def test_a_query_and_its_answer_are_logged_at_the_target(tmp_path: Path) -> None:
    """`Match` leaves case, query, approval and answer; asked again, nothing more."""
    grid = Grid(tmp_path)
    log = grid.agency("customs").office.journal.log
    before = log.size()

    asked = grid.ask(KABIR, targets=["customs"])
    grid.submit(asked)

    left = [parse_entry(one).kind for one in log.entries(before, log.size())]
    assert set(left) == leaves("childgrid.v1.NodeService")["Match"]
    assert len(left) == 4
