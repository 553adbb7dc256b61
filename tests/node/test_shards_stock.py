"""A node that keeps its registers in parts: indexed, refreshed, purged, restarted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from childgrid_coordinator.query import Target, declined
from childgrid_node import match
from childgrid_node.ceremony import linkage_file
from childgrid_node.config import CoordinatorConfig, NodeConfig, load
from childgrid_node.holdings import Holdings
from childgrid_node.shards import fleet
from childgrid_node.shards.fleet import Parts
from childgrid_node.shards.near import Near
from childgrid_node.shards.table import Sharded
from childgrid_node.stock import Stock
from childgrid_wire import canonical, keyfile
from childgrid_wire.errors import ConfigurationRefused, Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from founders import light_locks
from grid import EPOCH, KABIR, Grid, seed
from parted import Moody, settings
from refusals import refused

PASSPHRASE = b"a passphrase for tests"


@pytest.fixture(name="grid")
def _grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    light_locks(monkeypatch)


@pytest.fixture(name="config")
def _config(grid: Grid, tmp_path: Path) -> NodeConfig:
    """Customs' settings, with its register in two parts."""
    at = grid.agency("customs")
    sources, keys = tmp_path / "sources", tmp_path / "state" / "keys"
    sources.mkdir()
    keys.mkdir(parents=True)
    for name in ("rows.csv", "rows.toml"):
        shutil.copy(at.folder / name, sources / name)
    shutil.copy(at.folder / "policy.toml", tmp_path / "policy.toml")
    key = {"key": seed("linkage").hex()}
    keyfile.lock(key, PASSPHRASE, linkage_file(keys, EPOCH))
    return NodeConfig(
        member="customs",
        title="Customs",
        state_dir=tmp_path / "state",
        passphrase_file=tmp_path / "passphrase",
        sources=sources,
        policy=tmp_path / "policy.toml",
        coordinator=CoordinatorConfig(member="ncrb-hub", address="127.0.0.1:1"),
        shards=settings(2, tmp_path),
    )


def stock(grid: Grid, config: NodeConfig) -> Stock:
    """Customs' stock, by a program beside the server."""
    return Stock(config, grid.agency("customs").office, PASSPHRASE)


def rows(at: Stock) -> Sharded:
    """Its register."""
    found = at.holdings.indexes["rows"]
    assert isinstance(found, Sharded)
    return found


def test_a_source_is_indexed_into_parts_and_kept_in_step(
    grid: Grid, config: NodeConfig
) -> None:
    """Also by a process that begins later; what the source loses is gone."""
    at = stock(grid, config)
    assert at.missing() == ["rows"]
    assert at.index("rows").indexed == 3
    assert (rows(at).living, at.missing(), at.inspect()) == (3, [], [])
    folder = config.state_dir / "index" / "e1"
    assert len(list(folder.glob("*.part"))) == 2
    assert not list(folder.glob("*.index"))

    source = config.sources / "rows.csv"
    lines = source.read_text().splitlines(keepends=True)
    source.write_text("".join(lines[:-1]))
    at.refresh()

    assert rows(at).living == 2
    assert rows(stock(grid, config)).living == 2
    assert len(list(folder.glob("*.part"))) == 2


def test_an_index_of_one_file_becomes_parts_at_the_next_start(
    grid: Grid, config: NodeConfig
) -> None:
    """And another number of parts takes a new index."""
    alone = config.model_copy(update={"shards": None})
    stock(grid, alone).index("rows")

    assert rows(stock(grid, config)).living == 3
    assert stock(grid, alone).missing() == ["rows"]
    more = config.model_copy(update={"shards": settings(3, config.state_dir)})
    with pytest.raises(ConfigurationRefused, match="in 2 parts and the settings say 3"):
        stock(grid, more)
    office = grid.agency("customs").office
    Stock(more, office, PASSPHRASE, rebuilding=True).index("rows")
    assert rows(stock(grid, more)).living == 3


def test_a_row_that_a_custodian_took_out_stays_out_of_every_part(
    grid: Grid, config: NodeConfig
) -> None:
    """At once, at the next start, and when the source is read whole."""
    at = stock(grid, config)
    at.index("rows")
    (key,) = rows(at).keys_of([0])
    journal = grid.agency("customs").office.journal
    sealed = journal.vault.close(canonical.dumps({"key": key}))
    with journal.writing() as writing:
        row = ("00" * 32, "rows", 1, sealed)
        writing.run("INSERT INTO cleared VALUES (?, ?, ?, ?)", row)

    at.clear()

    assert (rows(at).living, rows(at).row_of(key)) == (2, None)
    assert rows(stock(grid, config)).row_of(key) is None
    at.index("rows")
    assert (rows(at).living, rows(at).row_of(key)) == (2, None)


def test_a_server_opens_its_parts_in_a_cluster_or_not_at_all(
    grid: Grid, config: NodeConfig
) -> None:
    """Where certificates and token are missing it does not start."""
    office = grid.agency("customs").office

    with pytest.raises(ConfigurationRefused, match=r"shards\."):
        Stock(config, office, PASSPHRASE, serving=True)


def test_what_is_in_force_ends_with_the_node(
    grid: Grid, config: NodeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the register is left open."""
    host = Near(2)
    monkeypatch.setattr(fleet, "beside", lambda of: Parts(of, host))
    at = stock(grid, config)
    at.index("rows")
    assert host._open

    at.close()

    assert not host._open


def asked(grid: Grid) -> Statement:
    """A query that waits to be carried."""
    payload = grid.draft(KABIR)
    made = grid.sign("police", "si-rao", Kind.QUERY, payload)
    grid.decide("police", "sp-nair", made.hash)
    return made


def test_a_register_of_which_a_part_is_away_gives_no_answer(
    grid: Grid, config: NodeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither hit nor none, and nothing is kept; asked again it is answered whole."""
    host = Moody(2)
    monkeypatch.setattr(fleet, "beside", lambda of: Parts(of, host))
    at, customs = stock(grid, config), grid.agency("customs")
    at.index("rows")
    query = asked(grid)
    heard = match.hear(customs.office, **grid.call(query, "customs"))
    register = rows(at)
    for method in ("told", "public"):
        host.fail(2, method)
    register.crew._lose(1)

    with refused(grid, Reason.PARTIAL):
        match.answer(customs.office, at.holdings, heard)

    assert match.stored(customs.office, query.hash) is None
    target = declined(Target("customs"), Reason.PARTIAL, 1)
    assert (target.reason, target.final) == ("partial", False)
    host.failing.clear()
    assert register.crew.settle(10)
    said = match.answer(customs.office, at.holdings, heard)
    whole = Holdings(
        customs.holdings.scheme, EPOCH, None, dict(customs.holdings.indexes)
    )
    encoding = whole.unpack(match._open(customs.office, heard))
    assert said["outcome"] == "hit"
    assert [
        (one.key, one.probability, one.others, one.levels)
        for one in at.holdings.search(encoding)[0]
    ] == [
        (one.key, one.probability, one.others, one.levels)
        for one in whole.search(encoding)[0]
    ]


def test_the_settings_of_parts_start_at_their_files_folder(tmp_path: Path) -> None:
    """As every path does; without certificate or token they are none."""
    file = tmp_path / "node.toml"
    rest = (
        'member = "customs"\ntitle = "Customs"\nstate_dir = "s"\n'
        'passphrase_file = "p"\n[coordinator]\nmember = "hub"\naddress = "h:1"\n'
    )
    table = (
        '[shards]\ncount = 4\ncertificate = "c.pem"\nkey = "c.key"\n'
        'authority = "a.pem"\ntoken_file = "t"\n'
    )
    file.write_text(rest + table)

    found = load(file).shards

    assert found is not None
    assert (found.count, found.token_file) == (4, tmp_path / "t")
    for line in table.splitlines()[2:]:
        file.write_text(rest + table.replace(line + "\n", ""))
        with pytest.raises(ConfigurationRefused, match=r"shards\.\w+: Field required"):
            load(file)
