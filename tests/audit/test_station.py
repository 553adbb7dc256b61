"""A station at work: its memory, its door over mutual TLS, and how it joins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from cryptography import x509

from audit.cast import (
    CHILD,
    HUB,
    NORTH,
    POLICE,
    SOUTH,
    founding,
    identity,
    policy,
    quick_folder,
)
from audit.ledger import World
from childgrid_audit import bundle, join
from childgrid_audit.config import Settings
from childgrid_audit.mirror import Mirror, Remote
from childgrid_audit.server import Watch
from childgrid_audit.station import Station
from childgrid_log.errors import LogAbsent, LogExists
from childgrid_wire import canonical, certificates, channel, enrolment, envelope
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Unreachable,
    Untrusted,
)
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import (
    FetchRequest,
    FetchResponse,
    ReceiveRequest,
    ReceiveResponse,
    WitnessRequest,
    WitnessResponse,
)
from childgrid_wire.pb.coordinator_pb2_grpc import (
    BoardServiceServicer,
    ExchangeServiceServicer,
    add_BoardServiceServicer_to_server,
    add_ExchangeServiceServicer_to_server,
)
from childgrid_wire.pb.log_pb2 import CheckpointRequest
from childgrid_wire.pb.log_pb2_grpc import LogServiceStub
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.pb.witness_pb2 import CosignRequest
from childgrid_wire.pb.witness_pb2_grpc import WitnessServiceStub
from childgrid_wire.trust import fingerprint

PASSPHRASE = b"a passphrase for tests"


def settings(folder: Path, port: int = 1, member: str = SOUTH) -> Settings:
    """A station's settings on loopback."""
    return Settings(
        member=member,
        state_dir=folder,
        passphrase_file=folder / "passphrase",
        coordinator=HUB,
        coordinator_address=f"127.0.0.1:{port}",
        listen="127.0.0.1:0",
        refresh_seconds=3_600,
    )


def test_a_station_is_made_once_and_not_opened_without_its_memory(
    tmp_path: Path,
) -> None:
    """A witness that has forgotten what it saw does not start."""
    Station.create(tmp_path, SOUTH, PASSPHRASE, "ab" * 32).close()
    with pytest.raises(LogExists):
        Station.create(tmp_path, SOUTH, PASSPHRASE, "ab" * 32)
    opened = Station.open(tmp_path, PASSPHRASE)
    assert (opened.member, opened.log.size()) == (SOUTH, 0)
    opened.close()
    with pytest.raises(ConfigurationRefused):
        Station.open(tmp_path, b"another passphrase")

    (tmp_path / "log" / "witness.db").unlink()

    with pytest.raises(LogAbsent):
        Station.open(tmp_path, PASSPHRASE)
    assert not (tmp_path / "log" / "witness.db").exists()


class Hub(BoardServiceServicer, ExchangeServiceServicer):
    """The coordinator's part, over gRPC."""

    def __init__(self, world: World) -> None:
        self.world = world

    def Fetch(  # noqa: N802 - the method's name on the wire
        self,
        request: FetchRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> FetchResponse:
        """Documents in pages of three, one of them spoilt on the way."""
        board = self.world.parties[HUB].shelf.documents()
        page = board[request.cursor : request.cursor + 3]
        sent = [Envelope(payload=data) for data in page]
        if not request.cursor:
            sent.insert(1, Envelope(payload=b"{}"))
        return FetchResponse(documents=sent, cursor=request.cursor + len(page))

    def Receive(  # noqa: N802 - the method's name on the wire
        self,
        request: ReceiveRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> ReceiveResponse:
        """No mail for anybody."""
        return ReceiveResponse(cursor=request.cursor)

    def Witness(  # noqa: N802 - the method's name on the wire
        self,
        request: WitnessRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> WitnessResponse:
        """Carry a checkpoint round."""
        return self.world.relay(request)


@contextmanager
def certified(world: World) -> Iterator[tuple[Pair, dict[str, Identity]]]:
    """Give every member certificates of one root."""
    root = certificates.new_root("audit tests", world.now)
    own = {}
    for member in world.parties:
        key = certificates.new_key()
        asked = certificates.signing_request(key, member)
        chain = certificates.issue_issuer(root, asked, member, world.now)
        issuer = Pair(key, chain)
        own[member] = replace(identity(member), issuer=issuer, root=root.chain)
    for member, station in world.stations.items():
        station.identity = own[member]
        station.clock = time.time
    yield root, own


def test_a_station_witnesses_and_is_mirrored_over_mutual_tls() -> None:
    """It reads the board, has its own log cosigned, cosigns and shows its log."""
    with quick_folder() as folder:
        world = World.found(folder, int(time.time()))
        with certified(world) as (_, own):
            _serve(world, own)
        world.close()


def _serve(world: World, own: dict[str, Identity]) -> None:
    hub, port = channel.serve(
        "127.0.0.1:0",
        own[HUB].credentials("coordinator"),
        lambda _: None,
        lambda server: _add(world, server),
    )
    south = world.stations[SOUTH]
    watch = Watch(south, settings(south.folder, port))
    newer = policy(CHILD, world.now, version=2)
    world.parties[HUB].shelf.add(newer)
    world.export_logged("an export")
    world.say("own", SOUTH, Kind.MANIFEST, SOUTH, files={}, directory="ab" * 32)
    try:
        at = f"127.0.0.1:{watch.start()}"
        watch.round()
        assert south.shelf.book.latest(world.now).policy(CHILD)["version"] == 2
        _mirrored(world, own, at)
        _cosigned(world, own, at)
        _refused(own, at)
    finally:
        watch.stop()
        hub.stop(None)


def _add(world: World, server: grpc.Server) -> None:
    add_BoardServiceServicer_to_server(Hub(world), server)
    add_ExchangeServiceServicer_to_server(Hub(world), server)


def _mirrored(world: World, own: dict[str, Identity], at: str) -> None:
    """The northern station dials everybody; only the southern one is there."""
    dialer = Dialer(own[NORTH].credentials("auditor"))
    work = Mirror(world.stations[NORTH])
    sources = work.sources(dialer)
    stub = LogServiceStub(dialer.channel(at, Peer(SOUTH, "auditor")))
    sources[SOUTH] = Remote(stub)

    states = {one.member: one.state for one in work.run(sources)}
    dialer.close()

    assert states.pop(SOUTH) == "mirrored"
    assert states.pop(NORTH) == "empty"
    assert set(states.values()) == {"offline"}
    files = dict(world.stations[NORTH].store.files())
    assert files[bundle.entries(SOUTH, 0)].count(b"\n") == 1


def _cosigned(world: World, own: dict[str, Identity], at: str) -> None:
    """The coordinator brings a checkpoint of the police's log."""
    log = world.parties[POLICE].log
    dialer = Dialer(own[HUB].credentials("coordinator"))
    stub = WitnessServiceStub(dialer.channel(at, Peer(SOUTH, "auditor")))
    asked = CosignRequest(log=POLICE, checkpoint=log.checkpoint().decode())
    answer = channel.call(stub.Cosign, asked, 10)
    dialer.close()
    assert answer.cosignature.startswith(f"— {SOUTH}.childgrid.internal/witness ")


def _refused(own: dict[str, Identity], at: str) -> None:
    """A node may not read an auditor's log, nor pose as an auditor."""
    for role in ("node", "auditor"):
        dialer = Dialer(own[POLICE].credentials(role))
        stub = LogServiceStub(dialer.channel(at, Peer(SOUTH, "auditor")))
        with pytest.raises(Refused) as caught:
            channel.call(stub.Checkpoint, CheckpointRequest(), 10)
        dialer.close()
        assert caught.value.reason is Reason.WRONG_ROLE


def test_a_server_with_other_keys_does_not_start() -> None:
    """The settings must name the member whose keys these are."""
    with quick_folder() as folder:
        world = World.found(folder, int(time.time()))
        with certified(world):
            station = world.stations[SOUTH]
            watch = Watch(station, settings(station.folder, member=NORTH))
            with pytest.raises(ConfigurationRefused):
                watch.start()
            watch.stop()
        world.close()


def token(member: str = "audit-east", kind: str = "auditor", root: str = "") -> Token:
    """A founders' token that names no coordinator."""
    now = int(time.time())
    pair = certificates.new_root("tokens", now)
    return Token(
        member=member,
        kind=kind,
        expires=now + 3_600,
        secret=b"s" * 32,
        fingerprint=root or "ab" * 32,
        coordinator="",
        address="",
        root=pair.chain,
        joiner=pair,
    )


def test_a_station_joins_by_files(tmp_path: Path) -> None:
    """The same token gives the same enrolment; the founders' answer is checked."""
    now = int(time.time())
    own = settings(tmp_path, member="audit-east")
    board = founding(now)
    pinned = fingerprint(canonical.loads(envelope.read(board[0]).payload))
    ticket = token(root=pinned)

    def enrol() -> tuple[bytes, str]:
        return join.enrol(own, PASSPHRASE, ticket, "East", "127.0.0.1:7420", now)

    made, digits = enrol()
    assert enrol() == (made, digits)
    entry = enrolment.verify(made)["member"]
    assert entry["kind"] == "auditor"

    root = certificates.new_root("audit tests", now)
    asked = canonical.from_b64(enrolment.verify(made)["csr"])
    issuer = certificates.issue_issuer(root, asked, "audit-east", now)
    below, top = (
        certificates.fingerprint(x509.load_pem_x509_certificate(pem))
        for pem in (issuer, root.chain)
    )
    theirs = founding(now, [{**entry, "issuer": below}], top)
    wrong = founding(now, [{**entry, "issuer": "00" * 32}], top)

    def install(documents: list[bytes]) -> int:
        return join.install(own, PASSPHRASE, documents, issuer, root.chain, now)

    fresh = settings(tmp_path / "copy", member="audit-east")
    with pytest.raises(ConfigurationRefused):
        join.install(fresh, PASSPHRASE, theirs, issuer, root.chain, now)
    assert install(list(reversed(theirs))) == 3
    assert Identity.open(tmp_path / "keys", PASSPHRASE).joined
    with pytest.raises(ConfigurationRefused):
        install(wrong)


def test_a_directory_that_says_otherwise_installs_nothing(tmp_path: Path) -> None:
    """Certificates are kept only once the directory names them."""
    now = int(time.time())
    own = settings(tmp_path, member="audit-east")
    root = certificates.new_root("audit tests", now)
    top = certificates.fingerprint(x509.load_pem_x509_certificate(root.chain))
    bare = founding(now, root=top)
    pinned = fingerprint(canonical.loads(envelope.read(bare[0]).payload))
    ticket = token(root=pinned)
    made, _ = join.enrol(own, PASSPHRASE, ticket, "East", "127.0.0.1:7420", now)
    asked = canonical.from_b64(enrolment.verify(made)["csr"])
    issuer = certificates.issue_issuer(root, asked, "audit-east", now)

    with pytest.raises(Untrusted):
        join.install(own, PASSPHRASE, bare, issuer, root.chain, now)

    assert not Identity.open(tmp_path / "keys", PASSPHRASE).joined


def test_another_s_token_is_refused(tmp_path: Path) -> None:
    """A token is for one member of one kind, and for one grid."""
    own = settings(tmp_path, member="audit-east")
    now = int(time.time())
    for ticket in (token("audit-west"), token(kind="agency")):
        with pytest.raises(ConfigurationRefused):
            join.enrol(own, PASSPHRASE, ticket, "East", "127.0.0.1:7420", now)
    join.enrol(own, PASSPHRASE, token(), "East", "127.0.0.1:7420", now)
    with pytest.raises(ConfigurationRefused):
        other = token(root="cd" * 32)
        join.enrol(own, PASSPHRASE, other, "East", "127.0.0.1:7420", now)
    with pytest.raises(ConfigurationRefused):
        join.hand_in(token(), b"{}")


def test_an_absent_coordinator_is_unreachable() -> None:
    """A round that fails says so, and the station goes on."""
    with quick_folder() as folder:
        world = World.found(folder, int(time.time()))
        with certified(world):
            station = world.stations[SOUTH]
            watch = Watch(station, settings(station.folder))
            with pytest.raises(Unreachable):
                watch.round()
            watch.stop()
        world.close()
