"""Mirroring: every party's log, fetched, proven and kept.

A log is taken over only as far as a checkpoint reaches that its party signed and a
quorum cosigned, and only if everything mirrored before is a prefix of it; so is what
this station's own witness has cosigned. A party that is away is named and does not
stop the rest. Nothing that was mirrored is given up for what a party says later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from childgrid_audit import board, bundle
from childgrid_audit.bundle import Line
from childgrid_audit.documents import Law
from childgrid_audit.events import verified
from childgrid_audit.logs import cosigned
from childgrid_audit.memo import Memo
from childgrid_audit.station import ROLES, Station
from childgrid_audit.tree import Tree
from childgrid_log import lineage
from childgrid_log.checkpoint import Checkpoint, open_checkpoint
from childgrid_log.entry import HOUR
from childgrid_log.errors import EntryError, LogError
from childgrid_log.evidence import Evidence
from childgrid_log.lineage import Generation
from childgrid_log.note import Note
from childgrid_log.retention import is_erasable
from childgrid_log.service import MAX_ENTRIES, LogServicer, keep_evidence
from childgrid_wire import canonical, channel
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import Reason, Refused, Unreachable, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2_grpc import BoardServiceStub
from childgrid_wire.pb.log_pb2 import CheckpointRequest, EntriesRequest, LogEntry
from childgrid_wire.pb.log_pb2_grpc import LogServiceStub
from childgrid_wire.statement import Statement

SECONDS = 30.0
AT_ONCE = 8


class Source(Protocol):
    """Whatever serves a log."""

    def checkpoint(self) -> bytes:
        """The newest cosigned note; empty before the first."""

    def entries(self, start: int, count: int) -> list[LogEntry]:
        """Entries from `start` on, at most `count`, possibly fewer."""


@dataclass(frozen=True)
class Remote:
    """A party's log by `LogService`; `stub` is a `LogServiceStub`.

    `generation` is how many logs of this party were closed before it.
    """

    stub: Any
    generation: int = 0

    def checkpoint(self) -> bytes:
        """See `Source`; raises Refused or Unreachable."""
        asked = CheckpointRequest(generation=self.generation)
        answer = channel.call(self.stub.Checkpoint, asked, SECONDS)
        note: str = answer.checkpoint
        return note.encode()

    def entries(self, start: int, count: int) -> list[LogEntry]:
        """See `Source`; raises Refused or Unreachable."""
        asked = EntriesRequest(start=start, count=count, generation=self.generation)
        return list(channel.call(self.stub.Entries, asked, SECONDS).entries)


@dataclass(frozen=True)
class Own:
    """The station's own log, read without dialling."""

    servicer: LogServicer

    def checkpoint(self) -> bytes:
        """See `Source`."""
        return self.servicer.latest()

    def entries(self, start: int, count: int) -> list[LogEntry]:
        """See `Source`."""
        return list(self.servicer.page(start, count))


@dataclass(frozen=True)
class Mirrored:
    """What became of one party's log.

    `member` is the name of the log's folder, which differs from the member's where
    logs were closed before. `state` is `mirrored`, `unchanged`, `empty`, `offline`,
    `refused` or `faulty`; `size` counts the entries that are kept now.
    """

    member: str
    state: str
    size: int
    detail: str = ""

    def __str__(self) -> str:
        """One line of the report."""
        tail = f": {self.detail}" if self.detail else ""
        return f"{self.member}: {self.state}, {self.size} entries{tail}"


class Fault(Exception):
    """What a party serves is not what it or its witnesses signed."""


class Mirror:
    """Mirrors the whole grid into a station's store."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._store = station.store
        self._memo = Memo()

    def fetch_board(self, dialer: Dialer, address: str, coordinator: str) -> list[str]:
        """Take in the board's documents; returns what was wrong with some."""
        peer = Peer(coordinator, "coordinator")
        stub = BoardServiceStub(dialer.channel(address, peer))
        return board.fetch(stub, self._store.board)[1]

    def sources(self, dialer: Dialer) -> dict[str, Source]:
        """A source for every log of every member that stands."""
        view = self._store.board.book.latest(int(self._station.clock()))
        found: dict[str, Source] = {}
        for entry in view.members():
            if entry["id"] == self._station.member:
                found[entry["id"]] = Own(LogServicer(self._station.log))
                continue
            peer = Peer(entry["id"], ROLES[entry["kind"]])
            stub = LogServiceStub(dialer.channel(entry["address"], peer))
            for log in lineage.generations(entry):
                found[log.folder] = Remote(stub, log.number)
        return found

    def run(self, sources: Mapping[str, Source]) -> list[Mirrored]:
        """Mirror every source, several at once; in the order of members."""
        # When they were hung up is not known here: all that the station has binds.
        law = Law(self._store.board.book).early
        with self._store.locked(), ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = [
                pool.submit(self.take, member, source, law)
                for member, source in sorted(sources.items())
            ]
            return [job.result() for job in jobs]

    def take(self, member: str, source: Source, law: Law) -> Mirrored:
        """Mirror one log; never raises for what the party does."""
        before = self._store.size(member)
        try:
            size = self._take(member, source, law)
        except Unreachable as error:
            return Mirrored(member, "offline", before, error.detail)
        except Refused as error:
            if error.reason is Reason.UNKNOWN and self._log(member).end:
                return Mirrored(member, "unchanged", before, "no longer served")
            return Mirrored(member, "refused", before, error.reason.value)
        except (Fault, LogError, WireError) as error:
            return Mirrored(member, "faulty", before, str(error))
        if not size:
            return Mirrored(member, "empty", 0)
        return Mirrored(member, "unchanged" if size == before else "mirrored", size)

    def _log(self, name: str) -> Generation:
        """Which log of which member a folder is for; raises `Untrusted`."""
        view = self._store.board.book.latest(int(self._station.clock()))
        logs = lineage.generations(view.member(bundle.member_of(name)))
        return next((one for one in logs if one.folder == name), logs[-1])

    def _check_end(self, log: Generation) -> None:
        """Nothing of a closed log was seen beyond where the founders closed it."""
        if log.end is None:
            return
        before = self._store.size(log.folder)
        if before > log.end.size or self._station.witness.contradicts(log.end):
            raise Fault(
                f"the log was closed at {log.end.size}, and witnesses saw other than"
                " that: what followed would be hidden"
            )

    def _take(self, member: str, source: Source, law: Law) -> int:
        log = self._log(member)
        self._check_end(log)
        note = source.checkpoint()
        if not note:
            if self._store.note(member):
                raise Fault("the log says that it was never cosigned, but it was")
            return 0
        key = log.key.vkey
        tree = open_checkpoint(note, key).checkpoint
        cosigned(note, log.member, key, law, self._memo)
        before = self._store.size(member)
        if log.end is not None and tree.size < before:
            return before
        if tree.size < before:
            raise Fault(f"the log has shrunk from {before} entries to {tree.size}")
        if log.end is not None and tree.size > log.end.size:
            raise Fault(f"the log goes on beyond {log.end.size}, where it was closed")
        self._fetch(member, source, tree, note)
        self._store.seal(member, note)
        self._honour(log, before, tree.size, law)
        return tree.size

    def _fetch(
        self, member: str, source: Source, tree: Checkpoint, note: bytes
    ) -> None:
        """Fetch what is missing; a tail left from an earlier run gets one chance."""
        counted = self._store.size(member)
        hashes = self._store.hashes(member)
        tail = len(hashes) > counted
        if len(hashes) > tree.size:
            self._store.cut(member, counted)
            hashes, tail = hashes[:counted], False
        try:
            self._extend(member, source, tree, note, hashes)
        except (Fault, EntryError):
            self._store.cut(member, counted)
            if not tail:
                raise
            self._extend(member, source, tree, note, hashes[:counted])

    def _extend(
        self,
        member: str,
        source: Source,
        tree: Checkpoint,
        note: bytes,
        hashes: list[bytes],
    ) -> None:
        hashes = list(hashes)
        while len(hashes) < tree.size:
            lines = list(self._page(source, len(hashes), tree.size))
            if not lines:
                raise Fault(f"entry {len(hashes)} is signed for but not served")
            self._store.extend(member, lines)
            hashes += [line.hash for line in lines]
        self._check_roots(member, tree, note, hashes)

    def _page(self, source: Source, start: int, stop: int) -> Iterator[Line]:
        count = min(MAX_ENTRIES, stop - start)
        for index, served in enumerate(source.entries(start, count)[:count], start):
            salt = canonical.from_hex(served.salt)
            envelope = served.statement.payload
            yield bundle.make_line(index, served.leaf.encode(), salt, envelope)

    def _check_roots(
        self, member: str, tree: Checkpoint, note: bytes, hashes: list[bytes]
    ) -> None:
        """Compare with the signed root, the last mirrored and the last cosigned one."""
        seen = self._station.witness.latest(tree.origin)
        old = [one for one in (self._store.note(member), seen) if one]
        known = [Checkpoint.parse(Note.parse(one).text) for one in old]
        found = Tree(hashes)
        for one, other in zip(known, old, strict=True):
            if one.size == tree.size and one.root != tree.root:
                keep_evidence(self._station.evidence, member, Evidence(other, note))
                raise Fault("the log has signed two roots for one size")
            if one.size <= tree.size and found.root(one.size) != one.root:
                raise Fault("the log has changed entries that it had signed before")
        if found.root(tree.size) != tree.root:
            raise Fault("the entries served do not lead to the root that was signed")

    def _honour(self, log: Generation, start: int, stop: int, law: Law) -> None:
        """Shred here what the log says it has shredded, if it can have been due.

        What was shredded before its time is kept: that is what the auditor is for.
        """
        for line in self._store.lines(log.folder, start, stop):
            if line.entry.kind != Kind.SHRED.value or line.shredded:
                continue
            said = verified(law, line.envelope, self._memo)
            if said.issuer == said["party"] == log.member:
                now = min(said.issued, line.entry.bucket + HOUR)
                self._store.shred(log.folder, self._due(log, said, line.index, now))

    def _due(self, log: Generation, said: Statement, end: int, now: int) -> list[int]:
        """Which of what a `shred` names is before it, and old enough to go."""
        gone = [index for index in said["entries"] if index < end]
        found = (
            one
            for index in sorted(set(gone))
            for one in self._store.lines(log.folder, index, index + 1)
        )
        return [one.index for one in found if is_erasable(one.entry, now)]
