"""A whole coordinator, wired: opened, started, drained and stopped.

Everything it needs comes in: settings, passphrase, clock. What can't be opened is
refused at once with one sentence, and whatever was open by then is closed again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import grpc

from childgrid_coordinator import dump, shred
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.board import Board
from childgrid_coordinator.config import Settings
from childgrid_coordinator.door import Door
from childgrid_coordinator.every import Every
from childgrid_coordinator.joining import Joining
from childgrid_coordinator.journal import Journal, open_log
from childgrid_coordinator.lift import Lifts
from childgrid_coordinator.match import Matcher
from childgrid_coordinator.rank import Thresholds
from childgrid_coordinator.relay import Relay
from childgrid_coordinator.retry import Retries
from childgrid_coordinator.search import Search
from childgrid_coordinator.server import Verbs, register, reply
from childgrid_coordinator.settle import Answers
from childgrid_coordinator.store import mail
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.watch import Parts, Watch
from childgrid_coordinator.witnessing import Witnesses
from childgrid_log import restored, stowing
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.claim import Claim
from childgrid_log.gather import Gatherer
from childgrid_log.held_copy import Copy
from childgrid_log.log import Log
from childgrid_log.readers import Readers
from childgrid_wire import canonical, channel, health
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import ConfigurationRefused, Malformed, Untrusted
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.shelf import Shelf

ROLE = "coordinator"
_LEAST_CALLS = 8
"""Of one member at hand, so that its own loops never stand in each other's way."""


class Coordinator:
    """One running coordinator; `start` it once, `stop` it once."""

    verbs: Verbs

    def __init__(
        self,
        settings: Settings,
        passphrase: bytes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open keys, documents, log and database.

        Raises:
            ConfigurationRefused: something is missing, damaged or in use.
        """
        self.settings = settings
        self._clock = clock
        self._server: grpc.Server | None = None
        self._started = False
        with ExitStack() as opened:
            opened.callback(Claim(settings.state_dir).release)
            self._identity = _identity(settings, passphrase)
            self.log: Log = opened.enter_context(
                open_log(settings.log, self._identity, settings.keys)
            )
            restored.hold(self.log, settings.keys)
            dump.insist_brought_back(settings.state_dir)
            self.store = Store.open(settings.url, self.log.vkey)
            opened.callback(self.store.close)
            self.dialer = Dialer(self._identity.credentials(ROLE, clock))
            opened.callback(self.dialer.close)
            self._wire()
            self._open = opened.pop_all()

    def _wire(self) -> None:
        settings, store = self.settings, self.store
        self._journal = journal = Journal(self.log)
        shelf = _shelf(settings)
        self.bell = Bell(settings.workers // 2)
        self.board = Board(shelf, journal, self._clock, self.bell)
        _check_entry(self.board, self._identity)
        self.answers = Answers(store, journal, self.board, self.bell)
        self.matcher = Matcher(
            store,
            self.board,
            self.answers,
            self.dialer,
            settings.match_seconds,
            Retries(settings.retry_seconds, settings.retry_most_seconds),
        )
        witnesses = Witnesses(self.board, self.dialer)
        self.verbs = self._verbs(witnesses)
        self.gatherer = Gatherer(
            self.log,
            settings.member,
            shelf.book,
            lambda call: reply(witnesses, settings.member, call),
            self._clock,
        )
        self._housekeeping = [
            Every(settings.sweep_seconds, self.sweep, "sweep"),
            Every(settings.witness_seconds, self.witness, "witness"),
        ]
        self.watch = Watch(
            Parts(
                settings,
                self._identity,
                self.log,
                store,
                self.board,
                self._housekeeping,
                self._stopped,
            )
        )

    def _verbs(self, witnesses: Witnesses) -> Verbs:
        """What may be called from outside, over the parts that stand."""
        settings, store, journal = self.settings, self.store, self._journal
        thresholds = Thresholds(
            settings.hit_floor, settings.possible_floor, settings.strong_floor
        )
        lifts = Lifts(store, journal, self.bell)
        return Verbs(
            Search(
                store, journal, self.board, self.bell, self.matcher, thresholds, lifts
            ),
            Relay(store, journal, self.board, self.bell, self.answers, lifts),
            self.board,
            Joining(store, journal, self.board, self._identity.root),
            witnesses,
            self.log,
            Readers(
                self._identity.signer,
                self._clock,
                lambda said: journal.write([said], self.board.now()),
            ),
            settings.poll_seconds,
        )

    def start(self) -> int:
        """Listen, ask what is unfinished, keep house; returns the port.

        Raises:
            ConfigurationRefused: the port is in use.
        """
        self._server, port = channel.serve(
            self.settings.listen,
            self._identity.credentials(ROLE, self._clock),
            Door(self.board, self.matcher.heard_from),
            self._register,
            self.settings.workers,
            per_peer=max(_LEAST_CALLS, self.settings.workers // 8),
            observe=self.watch.observe,
        )
        self.watch.serve(self.settings.metrics, self.settings.probe)
        self._started = True
        if self.log.held is None:
            self.matcher.start()
        for work in self._housekeeping:
            work.start()
        return port

    def _register(self, server: grpc.Server) -> None:
        register(server, self.verbs)
        health.register(server, self.watch.health)

    def _stopped(self) -> list[str]:
        """Threads that should run; none has to while a restored log is held."""
        if not self._started or self.log.held is not None:
            return []
        return self.matcher.stopped()

    def stop(self) -> None:
        """Let calls finish, stop asking, close everything. Repeating is harmless."""
        self.bell.close()
        self.watch.stop()
        if self._server is not None:
            grace = self.settings.drain_seconds
            self._server.stop(grace).wait(grace + 1)
            self._server = None
        if self._started:
            self._started = False
            self.matcher.stop()
            # A round of cosignatures under way ends with its channels.
            self.dialer.close()
            for work in self._housekeeping:
                work.stop()
        self._open.close()

    def _skip_mail(self) -> None:
        """After a restore: number mail past what was lost."""
        with self.store.write() as db:
            mail.skip(db)

    def _go_on(self) -> None:
        """After a restore: log what hangs here, and ask what is unfinished."""
        try:
            self.board.log_all()
        finally:
            self.matcher.start()

    def shred(self, export: Path) -> int:
        """Shred what is past its retention; returns how many statements.

        `export` is the folder of an auditor's export.

        Raises:
            WireError: no auditor holds a copy of this log.
        """
        copy = Copy.read(export, self.settings.member)
        found = 0
        while said := shred.run(
            self.store,
            self._journal,
            self._identity,
            self.board.view(),
            self.settings.retention,
            copy,
        ):
            found += len(said["entries"])
        return found

    def archive(self, days: int, compact: bool, say: Callable[[str], None]) -> int:
        """Move leaves older than `days` to files; returns how many; see `stowing`."""
        now = self.board.now()

        def tell(subject: str) -> None:
            said = stowing.notice(self._identity.signer, now, subject)
            self._journal.write([said], now)

        return stowing.stow(self.log, stowing.before(now, days), tell, compact, say)

    def sweep(self) -> None:
        """Close and wipe what has expired; nothing while a restored log is held."""
        if self.log.held is not None:
            return
        self.answers.expire()
        self.verbs.relay.expire()

    def witness(self) -> None:
        """Have our own log cosigned, where it has grown since a quorum last did.

        Raises:
            WireError: not enough witnesses, or no directory yet; try later.
        """
        if self.log.held is not None:
            keys = self.settings.keys
            restored.confirm(self.log, self.gatherer, keys, self._skip_mail)
            self._go_on()
        note = self.log.latest_cosigned()
        seen = open_checkpoint(note, self.log.vkey).checkpoint.size if note else 0
        if self.log.size() > seen:
            self.gatherer.cosigned()


def _identity(settings: Settings, passphrase: bytes) -> Identity:
    identity = Identity.open(settings.keys, passphrase)
    if identity.member != settings.member:
        raise ConfigurationRefused(f"the keys are {identity.member}'s: check member")
    if not identity.joined:
        raise ConfigurationRefused("no certificates yet: `install` them first")
    return identity


def _shelf(settings: Settings) -> Shelf:
    try:
        return Shelf.open(settings.documents)
    except (Untrusted, Malformed) as error:
        raise ConfigurationRefused(f"a kept document is damaged: {error}") from error


def _check_entry(board: Board, identity: Identity) -> None:
    """Where a directory hangs already and names this member, it must be as this one."""
    try:
        entry = board.view().member(identity.member)
    except Untrusted:
        return
    key = canonical.to_b64(SeedSigner(identity.member, identity.key).public)
    if entry["kind"] != ROLE or entry["key"] != key:
        raise ConfigurationRefused("the directory names another coordinator's key")
