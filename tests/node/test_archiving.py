"""The command `archive`: a node that stands still, its leaf, and the doctor's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log import names
from childgrid_log.claim import Claim
from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_node import acts, shred, symptoms
from childgrid_node.archiving import archive_log
from childgrid_node.config import NodeConfig
from childgrid_node.logbook import open_office
from childgrid_node.office import Office
from childgrid_node.symptoms import Fault
from childgrid_wire import envelope, keyfile, statement
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from grid import DAY, KABIR, Grid, identity
from laid import PASSPHRASE, settled
from shredded import YEAR, copied
from verbs import leaves


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grid:
    """A grid with a search of more than a year ago, and 300 acts of that time."""
    monkeypatch.setattr(keyfile, "PASSES", 1)
    monkeypatch.setattr(keyfile, "MEMORY_BYTES", 8_192)
    made = Grid(tmp_path / "grid")
    made.ask(KABIR, targets=["customs"])
    office = made.agency("customs").office
    with office.journal.writing() as writing:
        for number in range(300):
            acts.note(writing, office, "key", f"{number:064x}")
    copied(made, "customs")
    made.now += 400 * DAY
    return made


@pytest.fixture
def config(grid: Grid, tmp_path: Path) -> NodeConfig:
    """The settings of customs' node, which does not run."""
    return settled(grid, tmp_path)


def run(grid: Grid, config: NodeConfig, compact: bool = False) -> str:
    """What the command says, for leaves of more than a year."""
    said: list[str] = []
    archive_log(config, 365, compact, grid.clock, said.append)
    return said[-1]


def log_of(config: NodeConfig) -> Log:
    """The log, opened as the node would."""
    path = config.state_dir / "log" / "log.db"
    return Log.open(path, names.origin("customs"), identity("customs").log_key)


def office_of(grid: Grid, config: NodeConfig) -> Office:
    """What the doctor looks at."""
    own = Identity.open(config.state_dir / "keys", PASSPHRASE)
    shelf = Shelf.open(config.state_dir / "documents")
    return open_office(config, own, shelf, grid.clock)


@pytest.mark.threat("T26")
def test_whoever_archives_leaves_a_leaf(grid: Grid, config: NodeConfig) -> None:
    """A notice with the root over all that is moved; none where nothing is."""
    with log_of(config) as log:
        size, root = log.size(), log.root(256).hex()

    assert run(grid, config) == f"256 leaves archived; 256 of {size + 1} are"

    with log_of(config) as log:
        (entry,) = log.entries(size, log.size())
        assert {parse_entry(entry).kind} == leaves("childgrid-node")["archive"]
        opening = log.opening(size)
        assert opening is not None
        said = statement.parse(envelope.read(opening[1]))
        assert (said["topic"], said["subject"]) == ("archive", root)
        assert log.verify() == size + 1
    assert run(grid, config, compact=True).startswith("0 leaves archived; 256 of")
    with log_of(config) as log:
        assert log.size() == size + 1


def test_it_refuses_beside_a_running_node(grid: Grid, config: NodeConfig) -> None:
    """And moves nothing, nor says that it did."""
    running = Claim(config.state_dir)
    with pytest.raises(ConfigurationRefused, match="another process"):
        run(grid, config)
    running.release()
    with log_of(config) as log:
        assert log.archived == 0


def test_what_is_archived_is_shredded_in_its_time(grid: Grid, tmp_path: Path) -> None:
    """The whole story goes, from the database and every file; the leaves stay."""
    copy = copied(grid, "customs")
    config = settled(grid, tmp_path)
    run(grid, config)
    office = office_of(grid, config)
    log = office.journal.log
    before = log.entries(0, 256)
    asked = office.journal.all(Kind.QUERY)[0].data[:200]

    said = shred.run(office, YEAR, copy)

    assert said is not None
    assert {index for index in said["entries"] if index < 256}
    assert all(log.opening(index) is None for index in said["entries"])
    assert log.entries(0, 256) == before
    assert log.verify() == log.size()
    log.close()
    files = (one for one in config.state_dir.rglob("*") if one.is_file())
    assert not any(asked in one.read_bytes() for one in files)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/entries/000", "notes/256"])
def test_the_doctor_names_an_altered_file(
    grid: Grid, config: NodeConfig, name: str
) -> None:
    """Whole it is no fault; a byte more, and it is named with what to do."""
    run(grid, config)
    file = config.state_dir / "log" / "log.tiles" / name
    office = office_of(grid, config)
    copied_note = office.journal.log.checkpoint()
    office.journal.log.keep_cosigned(copied_note)
    assert "256 of them archived" in symptoms.log(office, 30)
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(Fault, match=f"log.tiles/{name}.*from a backup"):
        symptoms.log(office, 30)
    office.journal.log.close()


def test_a_node_does_not_start_without_its_archive(
    grid: Grid, config: NodeConfig
) -> None:
    """The missing file is named, and nothing is made in its place."""
    run(grid, config)
    file = config.state_dir / "log" / "log.tiles" / "tile" / "0" / "000"
    data = file.read_bytes()
    file.unlink()
    with pytest.raises(ConfigurationRefused, match=r"log\.tiles/tile/0/000 is missing"):
        office_of(grid, config)
    assert not file.exists()
    file.write_bytes(data)
    office_of(grid, config).journal.log.close()
