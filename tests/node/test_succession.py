"""A node takes up the successor of its closed log: once, whole, and nothing void."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from childgrid_log import names, restored
from childgrid_log.errors import LogUnavailable
from childgrid_log.gather import Gatherer
from childgrid_log.log import Log
from childgrid_node import logbook, succeed, succession
from childgrid_node.config import NodeConfig
from childgrid_node.logbook import open_office
from childgrid_node.office import Office
from childgrid_wire import envelope, keyfile, statement
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused, WireError
from childgrid_wire.identity import Identity, public_of
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest
from childgrid_wire.pb.witness_pb2 import CosignRequest, CosignResponse
from childgrid_wire.shelf import Shelf
from closings import close, heir
from founders import light_locks
from grid import KABIR, Grid, identity
from laid import PASSPHRASE, settled

HOLDER = "customs"
FILES = ("log.db", "next.db", "closed-0.db", ".next.db")


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    light_locks(monkeypatch)


class Desk:
    """Customs' state as it lies on a disk, its log closed by the founders."""

    def __init__(self, grid: Grid, config: NodeConfig, document: bytes) -> None:
        self.grid, self.config, self.document = grid, config, document
        self.keys = config.state_dir / "keys"
        self.path = config.state_dir / "log" / "log.db"

    def learn(self) -> Shelf:
        """The documents here, with the one that closes the log."""
        shelf = Shelf.open(self.config.state_dir / "documents")
        shelf.add(self.document)
        return shelf

    def take_up(self, shelf: Shelf) -> Identity:
        """Begin the successor, as a node that starts does."""
        own = Identity.open(self.keys, PASSPHRASE)
        state = self.config.state_dir
        return succession.take_up(state, own, shelf.book, PASSPHRASE)

    def begun(self) -> Office:
        """The office under the successor, which its witnesses have let grow."""
        shelf = self.learn()
        office = open_office(self.config, self.take_up(shelf), shelf, self.grid.clock)
        log, book = office.journal.log, shelf.book
        gatherer = Gatherer(log, HOLDER, book, self.grid.relay.witness, self.grid.clock)
        restored.confirm(log, gatherer, self.keys, lambda: succession.begin(office))
        return office

    def files(self) -> set[str]:
        """Which logs lie here."""
        folder = self.path.parent
        return {name for name in FILES if (folder / name).exists()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Customs has answered, has been asked for a record, and released one."""
    grid = Grid(tmp_path / "grid")
    first = grid.ask(KABIR, targets=[HOLDER])
    grid.request(first, HOLDER, ["name"])
    grid.settle()
    grid.decide(HOLDER, "cu-mehta", _open(grid))
    grid.settle()
    grid.request(grid.ask(KABIR, targets=[HOLDER]), HOLDER, ["name"])
    grid.settle()
    office = grid.agency(HOLDER).office
    relay = grid.relay.witness
    log = office.journal.log
    Gatherer(log, HOLDER, office.shelf.book, relay, grid.clock).cosigned()
    config = settled(grid, tmp_path / "node")
    _prepare(config, heir(identity(HOLDER)))
    grid.now += 60
    document = close(
        office.shelf.book, identity(HOLDER), relay, grid.founders.signers, grid.now
    )
    grid.now += 60
    grid.post([document])
    yield Desk(grid, config, document)


def _open(grid: Grid) -> str:
    (name,) = (
        one.hash for one in grid.agency(HOLDER).office.journal.lasting(Kind.REQUEST)
    )
    return name


def _prepare(config: NodeConfig, own: Identity) -> None:
    """The key that the request names lies beside the others."""
    path = config.state_dir / "keys" / "identity.locked"
    content = keyfile.unlock(path, PASSPHRASE)
    content["next_log_key"] = own.next_log_key.hex()
    keyfile.lock(content, PASSPHRASE, path)


def test_the_key_of_the_next_log_is_made_once(desk: Desk) -> None:
    """Asking again asks for the same key; the present one stays until it is named."""
    once = Identity.prepare_log(desk.keys, PASSPHRASE)
    again = Identity.prepare_log(desk.keys, PASSPHRASE)
    assert (
        once.next_log_key == again.next_log_key == heir(identity(HOLDER)).next_log_key
    )
    other = public_of(b"o" * 32)
    assert Identity.follow_log(desk.keys, PASSPHRASE, other) == again


@pytest.mark.threat("T10")
def test_nothing_is_taken_up_before_the_directory_says_so(desk: Desk) -> None:
    """A coordinator that withholds it leaves the node where it stands."""
    shelf = Shelf.open(desk.config.state_dir / "documents")
    before = desk.path.read_bytes()
    assert desk.take_up(shelf).log_key == identity(HOLDER).log_key
    assert desk.files() == {"log.db"}
    assert desk.path.read_bytes() == before


@pytest.mark.threat("T10")
def test_the_first_leaf_names_where_the_log_before_ended(desk: Desk) -> None:
    """The closed log lies beside it, whole, and is shown to auditors as before."""
    old = identity(HOLDER)
    with Log.open(desk.path, names.origin(HOLDER), old.log_key) as log:
        size, root = log.size(), log.root()
    office = desk.begun()

    log = office.journal.log
    assert log.origin == names.origin(HOLDER, 1)
    assert log.vkey.startswith(f"{log.origin}+")
    opened = log.opening(0)
    assert opened is not None
    said = statement.parse(envelope.read(opened[1]))
    assert (said.kind, said["topic"]) == (Kind.NOTICE, "succession")
    shelf = office.shelf
    (past,) = logbook.closed_logs(
        desk.config.state_dir, shelf.book, office.identity
    ).items()
    assert past[0] == 0
    assert (past[1].verify(), past[1].root()) == (size, root)
    past[1].close()
    assert office.identity.log_key == heir(old).next_log_key
    assert office.identity.closed_log_keys == (old.log_key,)
    office.journal.log.close()


@pytest.mark.threat("T10")
def test_nothing_is_logged_before_the_witnesses_have_seen_it_empty(desk: Desk) -> None:
    """Whoever has seen leaves of that log already keeps a second one from beginning."""
    shelf = desk.learn()
    office = open_office(desk.config, desk.take_up(shelf), shelf, desk.grid.clock)
    log = office.journal.log
    assert log.held is LogUnavailable
    with pytest.raises(Refused) as refusal, office.journal.writing():
        pass
    assert refusal.value.reason is Reason.STORAGE
    log.close()

    grown = Desk(desk.grid, desk.config, desk.document).begun()
    relay = desk.grid.relay.witness
    Gatherer(grown.journal.log, HOLDER, shelf.book, relay, desk.grid.clock).cosigned()
    grown.journal.log.close()
    for one in desk.path.parent.glob("log.db*"):
        one.unlink()
    (desk.path.parent / "closed-0.db").rename(desk.path)
    (desk.keys / "log-1.begun").unlink()
    with pytest.raises(WireError) as behind:
        desk.begun()
    assert behind.value.reason is Reason.LOG_BEHIND


@pytest.mark.threat("T10")
def test_what_is_older_is_void_and_what_lasts_stays(desk: Desk) -> None:
    """No old request moves, no draft or sitting stays; budgets and records do."""
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as db:
        for sql in _HALF_DONE:
            db.execute(sql)
        spent = db.execute("SELECT sum(queries) FROM used").fetchone()
        said = db.execute("SELECT hash FROM said ORDER BY leaf").fetchall()
    office = desk.begun()
    journal = office.journal

    assert journal.rows("SELECT sum(queries) FROM used") == [spent]
    assert journal.rows("SELECT hash FROM said WHERE leaf < 0 ORDER BY leaf") == said
    assert journal.lasting(Kind.REQUEST) == []
    assert journal.lasting(Kind.QUERY) == []
    assert len(journal.all(Kind.REQUEST)) == 2
    for table in ("draft", "sitting", "attested"):
        assert journal.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    states = journal.rows(
        "SELECT state, ciphertext FROM spent WHERE length(request) = 1"
    )
    assert states == [("closed", b""), ("closed", b"")]
    waiting = "SELECT hash FROM outbox WHERE hash IN ('3', '4')"
    assert journal.rows(waiting) == [("4",)]
    secrets = "SELECT name FROM secret WHERE name IN ('request:1', 'record:1')"
    assert journal.rows(secrets) == [("record:1",)]
    assert journal.rows("SELECT 1 FROM content WHERE hash = 'a draft'") == []
    journal.log.close()


_HALF_DONE = (
    "INSERT INTO draft VALUES ('a draft', 'cu-mehta', 1, x'00', x'00')",
    "INSERT INTO content VALUES ('a draft', 'police', x'00')",
    "INSERT INTO sitting VALUES ('a token', 'a view', 4000000000)",
    "INSERT INTO attested VALUES ('a case', 'cu-mehta', 'a statement')",
    "INSERT INTO spent VALUES ('1', 'one', x'00', 'sealed')",
    "INSERT INTO spent VALUES ('2', 'two', x'00', 'released')",
    "INSERT INTO outbox (hash, kind, envelope, state)"
    " VALUES ('3', 'disclosure', x'00', 'waiting')",
    "INSERT INTO outbox (hash, kind, envelope, state)"
    " VALUES ('4', 'budget', x'00', 'waiting')",
    "INSERT INTO secret VALUES ('request:1', x'00')",
    "INSERT INTO secret VALUES ('record:1', x'00')",
)
"""What lies in a journal half done; and a record and a lifted budget, which stay."""


STEPS = ("_build", "mark", "_put_aside", "_rename", "write_private", "follow_log")


@pytest.mark.threat("T10")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_a_step_that_was_cut_off_is_finished_by_the_next_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """Killed before or after any step, the next start has the new log, once."""
    homes = {"mark": restored, "write_private": keyfile, "follow_log": Identity}
    home = homes.get(step, succession)
    real = getattr(home, step)

    def killed(*words: object) -> object:
        if after:
            real(*words)
        raise KeyboardInterrupt

    shelf = desk.learn()
    with monkeypatch.context() as patch:
        patch.setattr(home, step, killed)
        with pytest.raises(KeyboardInterrupt):
            desk.take_up(shelf)
    assert desk.files() & {"log.db", "closed-0.db"}

    office = desk.begun()
    assert office.journal.log.origin == names.origin(HOLDER, 1)
    assert office.journal.log.size() == 1
    assert desk.files() == {"log.db", "closed-0.db"}
    assert office.identity.log_key == heir(identity(HOLDER)).next_log_key
    office.journal.log.close()


def test_a_lost_log_has_a_successor_too(desk: Desk) -> None:
    """Where the file is gone it begins with an empty journal, and never twice."""
    for one in desk.path.parent.glob("log.db*"):
        one.unlink()
    keyfile.write_private(desk.keys / "log.db.begun", b"1\n")
    office = desk.begun()
    assert office.journal.rows("SELECT count(*) FROM said") == [(1,)]
    office.journal.log.close()
    for one in desk.path.parent.glob("log.db*"):
        one.unlink()
    shelf = desk.learn()
    with pytest.raises(ConfigurationRefused, match="is gone"):
        open_office(desk.config, desk.take_up(shelf), shelf, desk.grid.clock)
    assert desk.files() == set()


def test_without_the_key_that_was_named_nothing_is_begun(desk: Desk) -> None:
    """A backup of before the request has it not; the log stays as it is."""
    path = desk.keys / "identity.locked"
    content = keyfile.unlock(path, PASSPHRASE)
    keyfile.lock({**content, "next_log_key": ""}, PASSPHRASE, path)
    shelf = desk.learn()
    with pytest.raises(ConfigurationRefused, match="succeed"):
        desk.take_up(shelf)
    assert desk.files() == {"log.db"}


def test_only_a_serving_node_takes_a_successor_up(desk: Desk) -> None:
    """Other commands say what to do, and change nothing."""
    shelf = desk.learn()
    own = Identity.open(desk.keys, PASSPHRASE)
    with pytest.raises(ConfigurationRefused, match="serve"):
        open_office(desk.config, own, shelf, desk.grid.clock)
    assert desk.files() == {"log.db"}


def test_another_log_than_the_closed_one_is_never_put_aside(desk: Desk) -> None:
    """A file that forked from what witnesses saw stays, and everybody is told."""
    path = desk.path
    path.unlink()
    with Log.create(path, names.origin(HOLDER), identity(HOLDER).log_key) as log:
        from childgrid_log.entry import Draft

        log.append([Draft("case", 1, b"another story")] * 40)
        succession.Journal(log, succession.Vault(identity(HOLDER).key), lambda: 0.0)
    with pytest.raises(ConfigurationRefused, match="another log"):
        desk.take_up(desk.learn())
    assert desk.files() <= {"log.db", ".next.db"}


def test_the_verb_asks_once_and_then_fetches_what_the_founders_said(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that can't start, its log being gone, is led on by the same command."""
    relay, told = desk.grid.relay.witness, list[str]()

    def ask(_: object, __: object, into: Shelf, ___: object) -> list[CosignResponse]:
        for data in fetched:
            into.add(data)
        reply = relay(WitnessRequest(call=CosignRequest(log=HOLDER)))
        return [*reply.replies.values(), CosignResponse(latest="rubbish")]

    monkeypatch.setattr(succeed, "_ask", ask)
    fetched: list[bytes] = []
    two = tmp_path / "two.succession"
    with pytest.raises(ConfigurationRefused, match="is there already"):
        succeed.succeed(desk.config, tmp_path, desk.grid.clock, told.append)
    fetched.append(desk.document)
    assert succeed.succeed(desk.config, two, desk.grid.clock, told.append) is None
    assert "serve" in told[-1]
    assert not two.exists()
    shelf = Shelf.open(desk.config.state_dir / "documents")
    assert succession.is_due(
        desk.config.state_dir, shelf.book, Identity.open(desk.keys, PASSPHRASE)
    )


def test_too_few_witnesses_make_no_request(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer words than the founders need, nothing is written."""
    out = tmp_path / "one.succession"
    monkeypatch.setattr(succeed, "_ask", lambda *_: [CosignResponse(size=3)])
    with pytest.raises(Refused) as refusal:
        succeed.succeed(desk.config, out, desk.grid.clock, str)
    assert refusal.value.reason is Reason.NO_QUORUM
    assert not out.exists()


@pytest.mark.threat("T10")
def test_a_successor_may_be_closed_in_its_turn(desk: Desk) -> None:
    """What was said keeps its order over all three, and each closed log is here."""
    office, grid = desk.begun(), desk.grid
    relay, signers = grid.relay.witness, grid.founders.signers
    Gatherer(
        office.journal.log, HOLDER, office.shelf.book, relay, grid.clock
    ).cosigned()
    own = office.identity
    office.journal.log.close()
    _prepare(desk.config, heir(own))
    grid.now += 60
    again = close(office.shelf.book, own, relay, signers, grid.now)
    grid.now += 60
    grid.post([again])
    first, desk.document = desk.document, again

    third = desk.begun()
    assert third.journal.log.origin == names.origin(HOLDER, 2)
    assert desk.files() == {"log.db", "closed-0.db"}
    assert (desk.path.parent / "closed-1.db").exists()
    rows = third.journal.rows("SELECT leaf, kind FROM said ORDER BY leaf")
    assert [leaf for leaf, _ in rows] == list(range(1 - len(rows), 1))
    assert [kind for _, kind in rows][-2:] == ["notice", "notice"]
    past = logbook.closed_logs(desk.config.state_dir, third.shelf.book, third.identity)
    assert [past[one].size() for one in sorted(past)] == [len(rows) - 2, 1]
    assert first != again
    for log in (*past.values(), third.journal.log):
        log.close()
