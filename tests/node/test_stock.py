"""Sources and indexes at the start: what is in doubt keeps the node from serving."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from childgrid_node.ceremony import linkage_file
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_node.epochs import accepted, scheme_named
from childgrid_node.index_file import FRAME_HEAD, FRAMES_AT
from childgrid_node.stock import Stock
from childgrid_wire import canonical, keyfile
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused
from founders import light_locks
from grid import EPOCH, Grid, seed

PASSPHRASE = b"a passphrase for tests"


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid whose customs is set up from files below."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked files that open fast."""
    light_locks(monkeypatch)


@pytest.fixture
def config(grid: Grid, tmp_path: Path) -> NodeConfig:
    """Customs' settings, sources and linkage key in a folder of the test's own."""
    at = grid.agency("customs")
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("rows.csv", "rows.toml"):
        shutil.copy(at.folder / name, sources / name)
    shutil.copy(at.folder / "policy.toml", tmp_path / "policy.toml")
    keys = tmp_path / "state" / "keys"
    keys.mkdir(parents=True)
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
    )


def stock(grid: Grid, config: NodeConfig) -> Stock:
    """Customs' stock."""
    return Stock(config, grid.agency("customs").office, PASSPHRASE)


def edit(path: Path, old: str, new: str) -> None:
    """Change a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_is_not_indexed_is_known_to_be_missing(
    grid: Grid, config: NodeConfig
) -> None:
    """Until it is; then the new index is in force at once, and after a restart."""
    at = stock(grid, config)
    assert (at.missing(), at.holdings.missing) == (["rows"], ("rows",))

    report = at.index("rows")

    assert (report.read, report.indexed) == (3, 3)
    assert at.missing() == []
    assert stock(grid, config).holdings.indexes["rows"].living == 3


def test_who_only_asks_needs_no_source(grid: Grid, config: NodeConfig) -> None:
    """A user-only agency holds nothing."""
    asks = config.model_copy(update={"uses": ("user",)})

    assert stock(grid, asks).registers == {}


def test_a_provider_without_a_mapping_does_not_start(
    grid: Grid, config: NodeConfig
) -> None:
    """It would answer for nothing."""
    (config.sources / "rows.toml").unlink()

    with pytest.raises(ConfigurationRefused, match="no mapping in sources/"):
        stock(grid, config)


def test_a_label_that_the_mapping_does_not_have(grid: Grid, config: NodeConfig) -> None:
    """A policy that grants what isn't there is refused; it names label and mapping."""
    edit(config.policy, '"phone"', '"fingerprints"')

    with pytest.raises(ConfigurationRefused) as caught:
        stock(grid, config)

    assert caught.value.detail == (
        "policy.toml: category.movement grants fingerprints, which rows.toml doesn't"
        " disclose"
    )


def test_a_label_whose_data_the_floor_keeps_back(
    grid: Grid, config: NodeConfig
) -> None:
    """A health note is not released under the name of a movement record."""
    edit(
        config.sources / "rows.toml",
        'note = { column = "note", category = "movement" }',
        'note = { column = "note", category = "health" }',
    )

    with pytest.raises(ConfigurationRefused) as caught:
        stock(grid, config)

    assert caught.value.detail == (
        "policy.toml: category.movement grants note for investigation, but the floor"
        " keeps health back"
    )


def test_a_purpose_that_the_floor_does_not_have(grid: Grid, config: NodeConfig) -> None:
    """The founders of this grid allow no release for prosecution."""
    edit(config.policy, '["investigation"]', '["investigation", "prosecution"]')

    with pytest.raises(ConfigurationRefused, match="for prosecution"):
        stock(grid, config)


def test_a_rule_for_a_category_that_is_not_held(grid: Grid, config: NodeConfig) -> None:
    """It grants nothing today and does no harm."""
    text = config.policy.read_text()
    config.policy.write_text(text.replace("category.movement", "category.finance"))

    assert stock(grid, config).registers.keys() == {"rows"}


def test_without_a_policy_nothing_is_checked(grid: Grid, config: NodeConfig) -> None:
    """A node may index before its lawyers are done; it releases nothing."""
    config.policy.unlink()

    assert stock(grid, config).registers.keys() == {"rows"}


def test_a_mapping_that_names_no_column_of_the_source(
    grid: Grid, config: NodeConfig
) -> None:
    """Refused with the column, before a row is read."""
    edit(config.sources / "rows.toml", '"father"', '"fathers_name"')

    with pytest.raises(ConfigurationRefused, match="fathers_name"):
        stock(grid, config)


def test_a_node_comes_back_before_its_source(grid: Grid, config: NodeConfig) -> None:
    """After a power cut it answers from its index and goes on once that is there.

    Whoever looks by hand is told all the same, and so is a source never read before.
    """
    stock(grid, config).index("rows")
    table, aside = config.sources / "rows.csv", config.sources / "aside"
    table.rename(aside)
    office = grid.agency("customs").office
    with capture_logs() as told:
        at = Stock(config, office, PASSPHRASE, serving=True)
        before = at.holdings.indexes["rows"]
        at.refresh()
    assert [line["event"] for line in told] == ["source away", "index not refreshed"]
    assert at.holdings.indexes["rows"] is before and before.living

    with pytest.raises(ConfigurationRefused, match="cannot be opened"):
        stock(grid, config)
    aside.rename(table)
    table.write_text(table.read_text().replace("ABSCONDING", "ACQUITTED"))
    with capture_logs() as told:
        at.refresh()
    assert told == []
    assert at.registers["rows"].away == ""
    assert at.holdings.indexes["rows"] is not before

    table.rename(aside)
    for marker in (config.state_dir / "index").glob("*.encoded"):
        marker.unlink()
    with pytest.raises(ConfigurationRefused, match="cannot be opened"):
        Stock(config, office, PASSPHRASE, serving=True)


def test_a_source_that_is_wrong_keeps_a_node_from_serving(
    grid: Grid, config: NodeConfig
) -> None:
    """Only what may be there later is waited for."""
    stock(grid, config).index("rows")
    table = config.sources / "rows.csv"
    table.write_text("another header\n")
    with pytest.raises(ConfigurationRefused, match="let it be the header"):
        Stock(config, grid.agency("customs").office, PASSPHRASE, serving=True)


def test_a_damaged_index_is_named(grid: Grid, config: NodeConfig) -> None:
    """The node does not start with half a register."""
    at = stock(grid, config)
    at.index("rows")
    path = config.state_dir / "index" / "e1" / "rows.index"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(ConfigurationRefused, match=r"rows\.index"):
        stock(grid, config)


def test_a_mapped_index_that_was_altered_is_named_and_made_anew(
    grid: Grid, config: NodeConfig
) -> None:
    """The node starts, finds it out by reading the file, and repairs it by itself."""
    clear = config.model_copy(update={"encrypted_disk": True})
    stock(grid, clear).index("rows")
    path = config.state_dir / "index" / "e1" / "rows.index"
    content = bytearray(path.read_bytes())
    content[FRAMES_AT + FRAME_HEAD.size] ^= 1
    path.write_bytes(content)

    at = stock(grid, clear)
    assert at.holdings.damaged == ()
    assert (at.inspect(lambda: True), at.inspect()) == ([], ["rows"])
    assert at.holdings.damaged == ("rows",)

    at.refresh()
    assert (at.inspect(), at.holdings.damaged) == ([], ())
    assert stock(grid, clear).inspect() == []


def test_an_altered_index_is_not_put_in_force(grid: Grid, config: NodeConfig) -> None:
    """Whatever was in force stays, where another file was put into its place."""
    clear = config.model_copy(update={"encrypted_disk": True})
    at = stock(grid, clear)
    at.index("rows")
    held = at.holdings.indexes["rows"]
    stock(grid, clear).index("rows")
    path = config.state_dir / "index" / "e1" / "rows.index"
    content = bytearray(path.read_bytes())
    content[FRAMES_AT + FRAME_HEAD.size] ^= 1
    path.write_bytes(content)

    with capture_logs() as told:
        at.refresh()
    assert "index was altered" in told[-1]["why"]
    assert at.holdings.indexes == {"rows": held}
    assert at.holdings.damaged == ()


def test_an_index_of_an_earlier_release_is_taken_over(
    grid: Grid, config: NodeConfig
) -> None:
    """It was named by its source alone; nothing is encoded again."""
    stock(grid, config).index("rows")
    old, new = config.state_dir / "index", config.state_dir / "index" / "e1"
    content = (new / "rows.index").read_bytes()
    for name in ("rows.index", "rows.progress"):
        (new / name).rename(old / name)

    assert stock(grid, config).missing() == []
    assert (new / "rows.index").read_bytes() == content
    assert (new / "rows.progress").exists()
    assert not (old / "rows.index").exists()


def test_a_damaged_index_of_an_earlier_release(grid: Grid, config: NodeConfig) -> None:
    """Named at the start; `childgrid-node index` puts a whole one in its place."""
    stock(grid, config).index("rows")
    folder = config.state_dir / "index"
    content = (folder / "e1" / "rows.index").read_bytes()
    (folder / "rows.index").write_bytes(bytes(len(content)))
    with pytest.raises(ConfigurationRefused, match=r"rows\.index"):
        stock(grid, config)

    office = grid.agency("customs").office
    Stock(config, office, PASSPHRASE, rebuilding=True).index("rows")

    assert stock(grid, config).missing() == []


def test_without_a_linkage_key(grid: Grid, config: NodeConfig) -> None:
    """The message says which command makes one."""
    linkage_file(config.state_dir / "keys", EPOCH).unlink()

    with pytest.raises(ConfigurationRefused, match="childgrid-node join"):
        stock(grid, config)


@pytest.mark.threat("T24")
def test_another_linkage_key_than_the_grids(grid: Grid, config: NodeConfig) -> None:
    """It would find nobody, and say so as no hit."""
    path = linkage_file(config.state_dir / "keys", EPOCH)
    keyfile.lock({"key": bytes(32).hex()}, PASSPHRASE, path)

    with pytest.raises(ConfigurationRefused, match="not the grid's"):
        stock(grid, config)


def test_a_wrong_passphrase(grid: Grid, config: NodeConfig) -> None:
    """Nothing opens."""
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        Stock(config, grid.agency("customs").office, b"another passphrase")


def test_the_scheme_is_the_one_that_the_directory_names(grid: Grid) -> None:
    """By its digest, among those that this release ships."""
    assert scheme_named(grid.agency("customs").office).name == "childgrid-2"


def test_a_row_that_a_custodian_took_out_stays_out(
    grid: Grid, config: NodeConfig
) -> None:
    """At once, at the next start, and whenever the source is read whole again."""
    at = stock(grid, config)
    at.index("rows")
    before = at.holdings.indexes["rows"]
    key, journal = before.key(0), grid.agency("customs").office.journal
    sealed = journal.vault.close(canonical.dumps({"key": key}))
    with journal.writing() as writing:
        row = ("00" * 32, "rows", 1, sealed)
        writing.run("INSERT INTO cleared VALUES (?, ?, ?, ?)", row)
    try:
        at.clear()
        living = before.living - 1
        assert at.holdings.indexes["rows"].living == living
        assert at.holdings.indexes["rows"].row_of(key) is None
        assert stock(grid, config).holdings.indexes["rows"].living == living
        at.index("rows")
        assert at.holdings.indexes["rows"].row_of(key) is None
    finally:
        with journal.writing() as writing:
            writing.run("DELETE FROM cleared")
    at.index("rows")
    assert at.holdings.indexes["rows"].row_of(key) is not None


def test_who_has_not_joined_yet_is_told_to() -> None:
    """A command that needs an epoch says so before there is any directory."""
    with pytest.raises(ConfigurationRefused, match="childgrid-node join"):
        accepted(Book("00" * 32))
