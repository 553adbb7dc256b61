"""One agency's node, put together: opened, started, stopped.

Opening refuses whatever is in doubt: no keys, another linkage key than the directory's
check value, an index of another scheme, a log that was tampered with. Nothing
is answered before all of that holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import grpc
import structlog

from childgrid_log.claim import Claim
from childgrid_log.gather import Gatherer
from childgrid_log.service import WitnessServicer
from childgrid_node import (
    aftermath,
    agency,
    disclose,
    entrance,
    health,
    mailroom,
    memory,
    openings,
    query,
    receipts,
    receive,
    sealing,
    spool,
    succession,
)
from childgrid_node.config import NodeConfig
from childgrid_node.courier import Courier, Parcel
from childgrid_node.desk import Desk
from childgrid_node.disclose import Releaser
from childgrid_node.holdings import Holdings
from childgrid_node.logbook import open_office
from childgrid_node.logkeeper import LogKeeper
from childgrid_node.lookout import Lookout
from childgrid_node.loops import Loop
from childgrid_node.papers import LOOK_SECONDS, Papers
from childgrid_node.server import DeskServicer, NodeServicer
from childgrid_node.stock import Stock
from childgrid_node.turns import PER_ASKER
from childgrid_wire import channel
from childgrid_wire import health as wire_health
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import (
    Reason,
    Refused,
    Unreachable,
    WireError,
)
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import (
    desk_pb2_grpc,
    log_pb2_grpc,
    node_pb2_grpc,
    witness_pb2_grpc,
)

log = structlog.get_logger(__name__)
_HOUSEKEEPING_SECONDS = 600.0
_ROTATION_SECONDS = 15.0
_DAMAGED = "altered on the disk; nothing is answered until it is made anew"
_PARCELS = 32
"""How much mail shares one sync; other writers wait meanwhile."""


class Node:
    """A node from its settings; `start` serves, `stop` ends cleanly."""

    def __init__(
        self,
        config: NodeConfig,
        clock: Callable[[], float] = time.time,
        turn: Callable[[], None] = lambda: None,
    ) -> None:
        """Open keys, documents, log and index; begin a closed log's successor first.

        `turn` is called where this node is to be opened anew, for the same reason.

        Raises:
            ConfigurationRefused: this node will not start as it stands.
        """
        passphrase, identity = entrance.own(config)
        self._claim = Claim(config.state_dir)
        shelf = entrance.documents(config)
        identity = succession.take_up(
            config.state_dir, identity, shelf.book, passphrase
        )
        self.config = config
        self.office = open_office(config, identity, shelf, clock)
        self.stock = Stock(config, self.office, passphrase, serving=True)
        self.witness = memory.open_witness(config.state_dir, identity)
        self._dialer = Dialer(identity.credentials("node", clock))
        at = config.coordinator
        self.courier = Courier(self.office, self._dialer, at.address, at.member)
        self.gatherer = Gatherer(
            self.office.journal.log,
            identity.member,
            shelf.book,
            self.courier.relay,
            clock,
            wait_ms=config.release_seconds * 1_000 // 2,
        )
        keys = partial(Identity.open, config.state_dir / "keys", passphrase)
        self.logs = LogKeeper(self.office, self.gatherer, config.state_dir, keys, turn)
        self._papers = Papers.of(self.office, config)
        self._loops = self._make_loops()
        self.lookout = Lookout(
            self.office,
            lambda: self.holdings,
            self._loops,
            config.state_dir,
            lambda: len(self.stock.lacking()),
            self._papers.refused,
        )
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._servers: list[grpc.Server] = []

    @property
    def holdings(self) -> Holdings:
        """What we ask under; see `Stock.holdings`."""
        return self.stock.holdings

    @property
    def desk(self) -> Desk:
        """The officers' verbs."""
        return Desk(
            self.office,
            self.holdings,
            self.moved,
            self.config.cases,
            self.settled,
            self.courier.standing,
            lambda: health.read(self.office, self.holdings),
            self.stock.clear,
        )

    @property
    def releaser(self) -> Releaser:
        """The verb disclose."""
        stock = self.stock
        return Releaser(self.office, stock.keyed, stock.registers, self.gatherer)

    def prepare(self) -> None:
        """Fetch the board, publish what changed here, see that a sealing key exists.

        Raises:
            ConfigurationRefused: staff or policy file is wrong.
        """
        try:
            self._fetch()
        except Unreachable:
            # Our own officers can read and decide meanwhile; nothing is released.
            log.warning("coordinator out of reach", work="board")
        agency.publish(self.office, self.config.staff, self.config.policy)
        sealing.ensure(self.office)

    def start(self) -> tuple[int, int]:
        """Serve; returns the ports of the grid listener and of the desk."""
        if self.logs.confirmed():
            self.prepare()
        grid = self._serve(self.config.listen, "node", self._register_grid)
        desk = self._serve(self.config.desk, "desk", self._register_desk)
        for loop in self._loops.values():
            loop.start()
        self.lookout.serve(self.config.metrics, self.config.probe)
        if not self.logs.held:
            self.desk.resume()
        # Not a daemon: a process must not end in the midst of loading machine code.
        threading.Thread(target=self._warm, name="warm").start()
        return grid, desk

    def _warm(self) -> None:
        for name, work in (("warm", self.holdings.warm), ("inspect", self._inspect)):
            try:
                work()
            except Exception as error:
                log.error("failed", work=name, error=type(error).__name__)

    def _inspect(self) -> None:
        """Read index files that were only mapped; a damaged one is made anew."""
        for name in self.stock.inspect(self._stopping.is_set):
            log.error("index damaged", source=name, why=_DAMAGED)
            self._loops["refresh"].wake()

    def _serve(
        self, address: str, role: str, register: Callable[[grpc.Server], None]
    ) -> int:
        credentials = self.office.identity.credentials(role, self.office.clock)
        gate = self._admit_grid if role == "node" else self._admit_desk
        server, port = channel.serve(
            address,
            credentials,
            gate,
            lambda server: self._register(server, register),
            2 * PER_ASKER,
            observe=self.lookout.observe,
        )
        self._servers.append(server)
        return port

    def _register(
        self, server: grpc.Server, register: Callable[[grpc.Server], None]
    ) -> None:
        register(server)
        wire_health.register(server, self.lookout.health)

    def _register_grid(self, server: grpc.Server) -> None:
        office = self.office
        node_pb2_grpc.add_NodeServiceServicer_to_server(
            NodeServicer(office, self.stock.held), server
        )
        witness_pb2_grpc.add_WitnessServiceServicer_to_server(
            WitnessServicer(
                self.witness,
                office.shelf.book,
                office.identity.signer,
                self.config.state_dir / "evidence",
                office.clock,
            ),
            server,
        )
        log_pb2_grpc.add_LogServiceServicer_to_server(self.logs.servicer(), server)

    def _register_desk(self, server: grpc.Server) -> None:
        desk_pb2_grpc.add_DeskServiceServicer_to_server(
            DeskServicer(lambda: self.desk, self.config.cases, self._fetch), server
        )

    def _admit_grid(self, peer: Peer) -> None:
        self.office.view.admit(peer)

    def _admit_desk(self, peer: Peer) -> None:
        self.office.view.admit(peer)
        if peer.member != self.office.member:
            raise Refused(Reason.WRONG_ROLE, "another agency's desk")

    def moved(self) -> None:
        """Something may move on: send it, release it."""
        self._loops["outbox"].wake()
        self._loops["release"].wake()

    def _make_loops(self) -> dict[str, Loop]:
        config = self.config
        return {
            "outbox": Loop("outbox", self.courier.flush, 5.0),
            "mailbox": Loop("mailbox", self._collect, 0.0),
            "board": Loop("board", self._look_at_board, 2.0),
            "release": Loop("release", self._release, 5.0),
            "witness": Loop("witness", self._cosign, float(config.witness_seconds)),
            # These read whole sources, which takes as long as it takes.
            "refresh": Loop(
                "refresh", self.stock.refresh, float(config.refresh_seconds), None
            ),
            "rotate": Loop("rotate", self._rotate, _ROTATION_SECONDS, None),
            "papers": Loop("papers", self._take_papers, LOOK_SECONDS),
            "keeping": Loop("keeping", self._keep_house, _HOUSEKEEPING_SECONDS),
        }

    def _take_papers(self) -> None:
        if self._papers.look():
            self._loops["outbox"].wake()
        if spool.take(self.office, self.config.state_dir):
            self._loops["outbox"].wake()

    def _fetch(self) -> None:
        try:
            new = self.courier.fetch_documents()
        finally:
            # What was read before it broke off may have closed our log.
            self.logs.look()
        if new:
            self._loops["rotate"].wake()

    def _look_at_board(self) -> None:
        """Look ourselves, unless the coordinator tells what is new and nothing is."""
        if self.courier.behind or not self.courier.told:
            self._fetch()

    def _rotate(self) -> None:
        self.stock.rotate(self._stopping.is_set)
        self._loops["outbox"].wake()

    def _collect(self) -> None:
        parcels = list(self.courier.receive(self.config.poll_seconds))
        if self.courier.behind:
            self._loops["board"].wake()
        for start in range(0, len(parcels), _PARCELS):
            page = parcels[start : start + _PARCELS]
            try:
                moved = self._take(page)
            except WireError:
                self._fetch()
                moved = self._take(page, last=True)
            if moved:
                self.moved()
            with self._news:
                self._news.notify_all()

    def _take(self, parcels: Sequence[Parcel], *, last: bool = False) -> bool:
        """Take in some mail with one sync of the disk; all of it or nothing.

        Returns whether anything may move on by it.
        """
        with self.office.journal.batch():
            for parcel in parcels:
                mailroom.open_parcel(self.office, parcel, last=last)
            self.courier.passed(parcels[-1].cursor)
        return any(map(mailroom.moves, parcels))

    def _release(self) -> None:
        waiting = disclose.unfinished(self.office)
        faults: list[WireError] = []
        if waiting:
            self._fetch()
        disclose.advance_all(self.releaser, waiting, lambda _, e: faults.append(e))
        openings.advance_all(self.office, self.gatherer, faults.append)
        aftermath.watch(self.office)
        self._loops["outbox"].wake()
        if faults:
            raise faults[0]

    def _cosign(self) -> None:
        if self.logs.held:
            self.logs.confirm()
            self.prepare()
            self.desk.resume()
        self.logs.cosign()

    def _keep_house(self) -> None:
        sealing.ensure(self.office)
        sealing.destroy_old(self.office)
        receive.forget(self.office)
        query.drop_old_drafts(self.office)
        receipts.alarm(self.office)

    def settled(self, name: str, seconds: float) -> None:
        """Wait until every target of a query has answered, at most so long."""
        targets = set(self.office.journal.get(name, Kind.QUERY)["targets"])

        def all_there() -> bool:
            return targets <= self.office.journal.answered_by(name, Kind.ANSWER)

        with self._news:
            self._news.wait_for(all_there, seconds)

    def stop(self) -> None:
        """Let calls at hand end, then close everything."""
        self._stopping.set()
        self.lookout.stop()
        ended = [server.stop(1.0) for server in self._servers]
        for event in ended:
            event.wait(2.0)
        self._dialer.close()
        for loop in self._loops.values():
            loop.stop()
        self.stock.close()
        self.witness.close()
        self.logs.close()
        self._claim.release()
