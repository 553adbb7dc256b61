"""The station at work as a witness: it cosigns, shows its log, and keeps up to date.

The board is read again, what was signed for it or said by auditors is sent, mail is
taken in and the station's own log is cosigned in rounds; a coordinator that is away
only makes the next round come later. It mirrors nothing; `mirror` does.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import grpc

from childgrid_audit import board, spool
from childgrid_audit.config import Settings
from childgrid_audit.letterbox import Letterbox, Mail
from childgrid_audit.lookout import Lookout
from childgrid_audit.post import Post
from childgrid_audit.station import Station
from childgrid_log import restored
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.gather import WAIT_MS, Gatherer
from childgrid_log.readers import Readers
from childgrid_log.service import LogServicer, WitnessServicer
from childgrid_wire import channel, health
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import ConfigurationRefused, Reason, WireError
from childgrid_wire.health import Pulse
from childgrid_wire.pb import log_pb2_grpc, witness_pb2_grpc
from childgrid_wire.pb.coordinator_pb2 import (
    ReceiveRequest,
    SendRequest,
    WitnessRequest,
    WitnessResponse,
)
from childgrid_wire.pb.coordinator_pb2_grpc import (
    BoardServiceStub,
    ExchangeServiceStub,
)
from childgrid_wire.pb.values_pb2 import Envelope

ROLE = "auditor"
GRACE_SECONDS = 5.0
SEND_SECONDS = 20.0

logger = logging.getLogger(__name__)


class Watch:
    """A running witness; stop it when done."""

    def __init__(self, station: Station, settings: Settings) -> None:
        """Prepare; `start` listens."""
        self.station = station
        self._settings = settings
        self._ending = threading.Event()
        self._dialer = Dialer(station.identity.credentials(ROLE, station.clock))
        self._cursor = 0
        self._turn = threading.Lock()
        self._server: grpc.Server | None = None
        self._rounds = threading.Thread(target=self._run, name="rounds", daemon=True)
        self._pulse = Pulse("rounds")
        self.lookout = Lookout(
            station, self._pulse, lambda: self._pulse.fault(self._rounds)
        )
        self._post = Post(station.log, self._send)
        self._letterbox = Letterbox(station)
        self._gatherer = Gatherer(
            station.log,
            station.member,
            station.shelf.book,
            self._relay,
            station.clock,
        )

    def start(self) -> int:
        """Listen and begin the rounds; returns the port.

        Raises:
            ConfigurationRefused: the port is taken, or other keys than the settings'.
        """
        station = self.station
        if station.member != self._settings.member:
            raise ConfigurationRefused("member is not the one of these keys")
        self._server, port = channel.serve(
            self._settings.listen,
            station.identity.credentials(ROLE, station.clock),
            station.authorise,
            self._register,
            observe=self.lookout.observe,
        )
        self.lookout.serve(self._settings.metrics, self._settings.probe)
        self._rounds.start()
        return port

    def stop(self) -> None:
        """Let calls finish, end the rounds, hang up. The station stays open."""
        self._ending.set()
        self.lookout.stop()
        if self._server is not None:
            self._server.stop(GRACE_SECONDS).wait()
        if self._rounds.is_alive():
            self._rounds.join()
        self._dialer.close()

    def round(self) -> None:
        """Read the board, send and fetch mail, have the own log cosigned where it grew.

        Raises:
            WireError: the coordinator or the witnesses could not be reached.
        """
        with self._turn:
            self._read_board()
            if self.station.log.held is not None:
                keys = self.station.folder / "keys"
                restored.confirm(self.station.log, self._gatherer, keys)
            spool.hang(self.station.folder, self._hang)
            self._post.deliver()
            if self._grown():
                self._gatherer.cosigned()
            # Last: mail that can't be read must not keep the own log from witnesses.
            self._collect()

    def _read_board(self) -> None:
        stub = BoardServiceStub(self._channel())
        self._cursor, faults = board.fetch(stub, self.station.shelf, self._cursor)
        for fault in faults:
            logger.warning("a document of the board does not verify: %s", fault)

    def _hang(self, document: bytes) -> None:
        board.hang(BoardServiceStub(self._channel()), document)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._pulse.begin()
            self._pulse.end(failed=not self._done())
            self._ending.wait(self._settings.refresh_seconds)

    def _done(self) -> bool:
        """One round; returns whether it went well, or waits for somebody else."""
        try:
            self.round()
        except WireError as error:
            logger.warning("this round failed: %s", error.reason.value)
            return error.reason not in (Reason.LOG_BEHIND, Reason.STORAGE)
        except Exception as error:
            logger.error("this round failed: %s", type(error).__name__)
            return False
        return True

    def _grown(self) -> bool:
        log = self.station.log
        latest = log.latest_cosigned()
        if latest is None:
            return log.size() > 0
        return open_checkpoint(latest, log.vkey).checkpoint.size < log.size()

    def _register(self, server: grpc.Server) -> None:
        station = self.station
        witness_pb2_grpc.add_WitnessServiceServicer_to_server(
            WitnessServicer(
                station.witness,
                station.shelf.book,
                station.identity.signer,
                station.evidence,
                station.clock,
            ),
            server,
        )
        readers = Readers(station.identity.signer, station.clock, station.say)
        log_pb2_grpc.add_LogServiceServicer_to_server(
            LogServicer(station.log, readers), server
        )
        health.register(server, self.lookout.health)

    def _channel(self) -> grpc.Channel:
        settings = self._settings
        peer = Peer(settings.coordinator, "coordinator")
        return self._dialer.channel(settings.coordinator_address, peer)

    def _send(self, data: bytes) -> None:
        stub: Any = ExchangeServiceStub(self._channel())
        request = SendRequest(statement=Envelope(payload=data))
        channel.call(stub.Send, request, SEND_SECONDS)

    def _collect(self) -> None:
        """Take in what waits, page by page."""
        stub: Any = ExchangeServiceStub(self._channel())
        while True:
            asked = ReceiveRequest(cursor=self._letterbox.cursor)
            reply = channel.call(stub.Receive, asked, SEND_SECONDS)
            if not reply.items:
                break
            mail = (
                Mail(one.cursor, one.statement.payload, one.content.ciphertext)
                for one in reply.items
            )
            self._letterbox.take(mail, self._read_board)
        self._letterbox.tidy()

    def _relay(self, request: WitnessRequest) -> WitnessResponse:
        stub: Any = ExchangeServiceStub(self._channel())
        seconds = 2 * WAIT_MS / 1_000
        response: WitnessResponse = channel.call(stub.Witness, request, seconds)
        return response
