"""What goes wrong around a process is said clearly, and nothing is left half-done."""

from __future__ import annotations

import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from childgrid_log.entry import parse_entry
from childgrid_portal import keys as officers
from childgrid_portal.desk import Desk
from childgrid_wire import canonical, certificates, channel, envelope, statement
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2, coordinator_pb2_grpc
from childgrid_wire.pb.values_pb2 import Envelope, Sealed
from deploy.processes import HOST
from deploy.yard import HUB
from process import breakage
from process.disk import Disk
from process.players import Case, Cast
from process.reckoning import await_receipts, log_path, opened, reckon, rows
from process.yardstick import SERVERS, Grid

import grpc  # isort: skip

POINTS = 10


@pytest.fixture(scope="module")
def disks(still: Grid, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Disk]:
    """A disk that can be broken under every process."""
    return breakage.break_disks(still, tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def grid(still: Grid, disks: dict[str, Disk]) -> Grid:
    """A running grid on breakable disks."""
    still.start()
    return still


def command(grid: Grid, member: str, verb: str, config: str = "") -> Ended:
    """Run one command of a member's own program to its end."""
    kind = "coordinator" if member == HUB else "node"
    path = grid.folder / member / (config or f"{kind}.toml")
    done = subprocess.run(
        [sys.executable, "-m", f"childgrid_{kind}", verb, "--config", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


_LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\S+Z (info|warning) ")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    output: str
    errors: str

    def refused(self, *words: str) -> None:
        """It ended with 2 and, beside the log's, one line that names all of these."""
        assert self.status == 2, self
        said = [one for one in self.errors.splitlines() if not _LOGGED.match(one)]
        assert len(said) == 1, self.errors
        for word in words:
            assert word in said[0], self.errors


def memory(grid: Grid, member: str) -> tuple[Any, ...]:
    """What a member has said to others, and its index files; for 'nothing changed'.

    Its own notes are left out: that a staff list or policy was put in force is noted by
    the first start after it, whether that start comes to its end or not.
    """
    index = grid.state(member) / "index"
    leaves = rows(log_path(grid, member), "SELECT entry FROM log_leaf ORDER BY idx")
    return (
        [one for (one,) in leaves if parse_entry(one).kind != Kind.NOTICE],
        {one.name: one.read_bytes() for one in index.rglob("*.index")},
    )


@contextmanager
def altered(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """A file with other content for a while."""
    kept = path.read_bytes()
    path.write_bytes(change(kept))
    try:
        yield
    finally:
        path.write_bytes(kept)


def test_commands_refuse_what_they_cannot_start_with(still: Grid) -> None:
    """Port, passphrase, index: exit 2, one line that names it, nothing changed."""
    grid = still
    before = {member: memory(grid, member) for member in SERVERS}
    for member, port in (
        (HUB, HUB),
        ("customs", "customs"),
        ("customs", "customs-desk"),
    ):
        with socket.create_server((HOST, grid.yard.port(port))):
            ended = command(grid, member, "serve")
        ended.refused("cannot listen on", str(grid.yard.port(port)))
    for member in (HUB, "customs"):
        secret = grid.yard.secret(member)
        with altered(secret, lambda _: b"not the right passphrase"):
            command(grid, member, "serve").refused("wrong passphrase")
        kept = secret.rename(secret.with_suffix(".away"))
        command(grid, member, "serve").refused("no passphrase", member)
        kept.rename(secret)
    index = grid.state("customs") / "index" / "e1" / "customs.index"
    with altered(index, lambda data: data[:-10]):
        command(grid, "customs", "serve").refused("customs.index", "rebuild")
    assert {member: memory(grid, member) for member in SERVERS} == before


def test_a_damaged_index_is_rebuilt_by_the_command_that_it_names(still: Grid) -> None:
    """`childgrid-node index` puts a whole index in the place of a truncated one."""
    index = still.state("customs") / "index" / "e1" / "customs.index"
    index.write_bytes(index.read_bytes()[:-64])
    done = command(still, "customs", "index")
    assert done.status == 0, done
    assert "rows indexed" in done.output


def test_a_wrong_column_is_named_and_the_index_stays(still: Grid) -> None:
    """Setting and column are named; the old index is still in force, byte for byte."""
    before = memory(still, "customs")
    mapping = still.folder / "customs" / "sources" / "customs.toml"
    with altered(
        mapping, lambda text: text.replace(b'= "passport"', b'= "pasport"', 1)
    ):
        for verb in ("index", "check", "serve"):
            command(still, "customs", verb).refused("fields.passport", "'pasport'")
    assert memory(still, "customs") == before


def test_unusable_rows_are_told_by_number_and_cost_no_other_row(still: Grid) -> None:
    """Ragged, undecodable and repeated rows are listed without any of their values."""
    table = still.folder / "customs" / "sources" / "customs.csv"
    usable = len(table.read_bytes().splitlines()) - 1
    first = table.read_bytes().splitlines()[1]
    key = first.split(b",")[0]
    bad = (b"AP-900001,ZORAWAR,too,few", b"AP-900002" + b",\xff\xfe" * 9, first)

    def spoil(text: bytes) -> bytes:
        return text.rstrip(b"\r\n") + b"\n" + b"\n".join(bad) + b"\n"

    with altered(table, spoil):
        done = command(still, "customs", "index")
    assert done.status == 0, done
    for number, kind in enumerate(("ragged", "undecodable", "duplicate key"), 1):
        assert f"row {usable + number}: {kind}" in done.output
    for value in (b"ZORAWAR", b"AP-90000", key):
        assert value.decode() not in done.output + done.errors
    again = command(still, "customs", "index")
    told = [one for one in done.output.splitlines() if "rows indexed" in one]
    assert told[0].split()[1] == again.output.split()[1], (done, again)


@pytest.mark.threat("T15")
def test_a_full_disk_stops_acknowledging_and_room_makes_it_go_on(
    grid: Grid, cast: Cast, disks: dict[str, Disk]
) -> None:
    """Nothing is acknowledged without room, and the node says so; then it works."""
    officer = grid.desk("police", "sp-nair")
    before = memory(grid, "police")
    disks["police"].break_at(1, "ENOSPC", lasting=True)
    with pytest.raises(WireError):
        Desk.look(officer, "inbox")
    assert memory(grid, "police") == before
    disks["police"].mend()
    grid.restart("police", kill=False)
    grid.ready("police")
    assert "LogUnavailable" in grid.output("police")
    case = cast.play(Case("customs"))
    await_receipts(grid, [case])


@pytest.mark.threat("T14")
def test_oversized_messages_and_strangers_are_kept_out(grid: Grid) -> None:
    """A message of five MiB, another grid's certificate, none, and a wrong role."""
    before = memory(grid, HUB)
    big = coordinator_pb2.SendRequest(statement=Envelope(payload=bytes(5 * 2**20)))
    small = coordinator_pb2.ReceiveRequest(cursor=0, wait_ms=0)
    with dialled(grid, "police", "node") as stub:
        assert why(stub.Send, big) == Reason.TOO_LARGE
    with dialled(grid, "police", "desk") as stub:
        assert why(stub.Receive, small) == Reason.WRONG_ROLE
    with dialled(grid, "police", "node", foreign=True) as stub:
        assert why(stub.Receive, small) == Reason.UNREACHABLE
    with dialled(grid, "", "node") as stub:
        assert why(stub.Receive, small) == Reason.UNREACHABLE
    with dialled(grid, "police", "node") as stub:
        channel.call(stub.Receive, small, 10.0)
    assert memory(grid, HUB) == before


@contextmanager
def dialled(
    grid: Grid, member: str, role: str, *, foreign: bool = False
) -> Iterator[Any]:
    """Call the coordinator with some certificate and no limit of our own."""
    root = grid.identity("police").root
    pair = certificates.Pair(b"", b"")
    if member:
        pair, root = grid.identity(member).credentials(role)()
    if foreign:
        pair = strange(member, role)
    secure = grpc.ssl_channel_credentials(root, pair.key or None, pair.chain or None)
    options = [
        ("grpc.max_send_message_length", -1),
        ("grpc.ssl_target_name_override", certificates.hostname(HUB, "coordinator")),
    ]
    with grpc.secure_channel(grid.yard.address(HUB), secure, options=options) as opened:
        yield coordinator_pb2_grpc.ExchangeServiceStub(opened)


def strange(member: str, role: str) -> certificates.Pair:
    """A certificate that says the same, by a root of another grid."""
    now = int(time.time())
    root, key = certificates.new_root("elsewhere", now), certificates.new_key()
    asked = certificates.signing_request(key, member)
    issuer = certificates.issue_issuer(root, asked, member, now)
    return certificates.issue_leaf(certificates.Pair(key, issuer), member, role, now)


def why(method: Callable[..., Any], message: Message) -> Reason:
    """The reason for which a call is refused."""
    with pytest.raises(WireError) as caught:
        channel.call(method, message, 10.0)
    return caught.value.reason


def test_late_early_and_foreign_epochs_are_refused(grid: Grid, cast: Cast) -> None:
    """Queries that are expired, of tomorrow or of another epoch: reason, no trace.

    The same query with the right time and epoch is taken, so nothing else is wrong.
    """
    case = Case("customs")
    cast.ask(case)
    cast.await_handle(case)
    before, holder = memory(grid, HUB), memory(grid, "customs")
    now = int(time.time())
    changes: list[tuple[Reason, dict[str, Any]]] = [
        (Reason.EXPIRED, {"issued": now - 7_200, "expires": now - 3_600}),
        (Reason.NOT_YET, {"issued": now + 86_400, "expires": now + 90_000}),
        (Reason.EPOCH, {"epoch": 2}),
    ]
    with grid.exchange("police") as stub:
        for reason, change in changes:
            assert why(stub.Submit, reworded(grid, case.query, change)) == reason
        assert (memory(grid, HUB), memory(grid, "customs")) == (before, holder)
        channel.call(stub.Submit, reworded(grid, case.query, fresh()), 10.0)
    assert memory(grid, HUB) != before


def fresh() -> dict[str, Any]:
    """The change that makes another query of one, and nothing else."""
    return {"id": secrets.token_hex(16)}


def reworded(
    grid: Grid, name: str, change: dict[str, Any]
) -> coordinator_pb2.SubmitRequest:
    """A query that was sent before, with some of its words changed and signed anew."""
    with opened(grid, "police") as log:
        said = dict(log.query("SELECT hash, envelope FROM said"))
        contents = dict(
            log.query("SELECT member, ciphertext FROM content WHERE hash = ?", (name,))
        )
    body = statement.parse(envelope.read(said[name])).body | change
    query = signed(grid, Kind.QUERY, "si-rao", body)
    (told,) = (
        one.body
        for one in map(statement.parse, map(envelope.read, said.values()))
        if one.kind is Kind.APPROVAL and one.answers == name
    )
    told = told | {"answers": envelope.read(query).hash}
    told |= {key: change[key] for key in ("issued", "expires") if key in change}
    return coordinator_pb2.SubmitRequest(
        query=Envelope(payload=query),
        attestation=Envelope(payload=said[body["attestation"]]),
        approvals=[Envelope(payload=signed(grid, Kind.APPROVAL, "sp-nair", told))],
        contents={
            member: Sealed(ciphertext=content) for member, content in contents.items()
        },
    )


def signed(grid: Grid, kind: Kind, officer: str, body: dict[str, Any]) -> bytes:
    """Something that an officer of the police says, under a fresh id for approvals."""
    signer = officers.open_key(
        grid.folder / "police" / "officers" / f"{officer}.locked",
        grid.yard.passphrase(f"police-{officer}"),
    )
    if kind is Kind.APPROVAL:
        body = body | fresh()
    return envelope.sign(kind, canonical.dumps(body), [signer])


@pytest.mark.parametrize("name", ["customs", HUB])
@pytest.mark.threat("T15")
def test_a_log_that_is_taken_away_stops_its_process(
    grid: Grid, cast: Cast, name: str
) -> None:
    """Nothing is acknowledged without the log's file, and a start refuses without it.

    Brought back as it was, it goes on where it stopped.
    """
    path = log_path(grid, name)
    before = memory(grid, name)
    away = path.rename(path.with_name("taken"))
    with pytest.raises(WireError):
        if name == HUB:
            with grid.exchange("police") as stub, opened(grid, "police") as log:
                ((query,),) = log.query(
                    "SELECT hash FROM said WHERE kind = 'query' LIMIT 1"
                )
                channel.call(stub.Submit, reworded(grid, query, fresh()), 10.0)
        else:
            Desk.look(grid.desk("customs", "cu-mehta"), "inbox")
    grid.process(name).stop()
    assert "LogLost" in grid.output(name)
    command(grid, name, "serve").refused("log.db", "is gone")
    away.rename(path)
    leaves, indexes = memory(grid, name)
    grid.process(name).start()
    # Mail of an earlier case may have come in just before the file was taken; what
    # was refused afterwards has left no leaf.
    known = before[0]
    assert (leaves[: len(known)], indexes) == (known, before[1])
    refused = b'"kind":"query"' if name == HUB else b'"kind":"view"'
    assert not [entry for entry in leaves[len(known) :] if refused in entry]
    grid.ready(name)
    await_receipts(grid, [cast.play(Case("customs"))])


@pytest.mark.threat("T15")
def test_failing_writes_and_syncs_lose_nothing(
    grid: Grid, cast: Cast, disks: dict[str, Disk]
) -> None:
    """Ten writes or syncs fail, in a case or in a start, once or from then on.

    Every case ends after the process was started again; nothing acknowledged is lost,
    no record is without its proof, and the logs verify.
    """
    seed = secrets.randbits(32)
    begun = time.monotonic()
    counted = breakage.count(grid, cast, disks)
    print(f"seed {seed}, calls {counted}")
    points = breakage.some(counted, POINTS, seed)
    outcome = list(breakage.play_broken(grid, cast, disks, points))[-1]
    assert set(grid.stop().values()) == {0}
    counts = reckon(grid, outcome.cases)
    print(f"{outcome.fired} fired, {counts}, {time.monotonic() - begun:.0f} s")
    assert outcome.fired >= POINTS // 2
    assert outcome.fired + outcome.unfired == POINTS
