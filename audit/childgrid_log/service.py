"""The two services of every party: being a witness, and showing its own log.

They translate between the wire and `witness` or `log`; who may call is decided before
(`childgrid_wire.channel`). A log's key comes from the signed directory and from
nowhere else. The rules: nobody witnesses its own log, and a split view is kept on disk
before it is spoken of.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import grpc

from childgrid_log import lineage, names
from childgrid_log.errors import (
    Conflict,
    LogAltered,
    LogBehind,
    LogError,
    NoteError,
    ProofError,
    Rollback,
    SplitView,
    StoreError,
)
from childgrid_log.evidence import Evidence, write_evidence
from childgrid_log.keys import COSIGNATURE, Verifier
from childgrid_log.lineage import Generation
from childgrid_log.log import Log
from childgrid_log.proof import MAX_HASHES
from childgrid_log.readers import Readers
from childgrid_log.witness import Witness
from childgrid_wire import canonical, keyfile, statement
from childgrid_wire.book import Book
from childgrid_wire.channel import peer_from
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.log_pb2 import (
    CheckpointRequest,
    CheckpointResponse,
    EntriesRequest,
    EntriesResponse,
    LogEntry,
)
from childgrid_wire.pb.log_pb2_grpc import LogServiceServicer
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.pb.witness_pb2 import CosignRequest, CosignResponse
from childgrid_wire.pb.witness_pb2_grpc import WitnessServiceServicer
from childgrid_wire.trust import View

MAX_ENTRIES = 1_000
MAX_BYTES = 3 * 2**20
FRESH_SECONDS = 300

logger = logging.getLogger(__name__)


def log_key(view: View, member: str) -> Verifier:
    """The key of a member's log in force, as the directory has it; `Untrusted`."""
    return lineage.present(view.member(member)).key


def witness_key(view: View, member: str) -> Verifier:
    """The key of a member's cosignatures, as the directory has it."""
    raw = canonical.from_b64(view.member(member)["witness_key"])
    return Verifier(names.witness(member), COSIGNATURE, raw)


@contextmanager
def on_the_wire() -> Iterator[None]:
    """Turn the log's errors into those that may travel."""
    try:
        yield
    except (LogAltered, LogBehind) as error:
        logger.error("the log is not what was signed: %s", type(error).__name__)
        raise Refused(Reason.LOG_BEHIND, "log") from error
    except StoreError as error:
        logger.error("the log refuses: %s", type(error).__name__)
        raise Refused(Reason.STORAGE, "log") from error
    except (NoteError, ProofError) as error:
        raise Untrusted(Reason.BAD_SIGNATURE, "checkpoint") from error
    except LogError as error:
        raise Refused(Reason.LOG_BEHIND, "log") from error


class WitnessServicer(WitnessServiceServicer):
    """Cosigns other members' checkpoints and says what it knows to be the newest."""

    def __init__(
        self,
        witness: Witness,
        book: Book,
        signer: Signer,
        evidence: Path,
        clock: Callable[[], float],
    ) -> None:
        """`signer` is the member's own; split views are kept in `evidence`."""
        self._witness = witness
        self._book = book
        self._signer = signer
        self._evidence = evidence
        self._clock = clock

    def Cosign(  # noqa: N802 - the method's name on the wire
        self,
        request: CosignRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> CosignResponse:
        """Cosign, or say which size was cosigned last; of a closed log nothing more.

        Raises:
            Untrusted: unknown member, or a note or proof that does not hold.
            Refused: its own log, or the memory cannot be written.
        """
        now = int(self._clock())
        view = self._book.latest(now)
        member = request.log
        if member == self._signer.keyid:
            raise Refused(Reason.WRONG_ROLE, "own log")
        logs = lineage.generations(view.member(member))
        key = logs[-1].key
        fresh = self._freshness(request.nonce, now) if request.nonce else None
        with on_the_wire():
            if not request.checkpoint:
                return self._told(key.name, now)
            if request.checkpoint.partition("\n")[0] in {o.origin for o in logs[:-1]}:
                logger.error("%s goes on with a log that was closed", member)
                return self._refusal(key.name, "closed")
            if self._saw_beyond(logs):
                return self._refusal(key.name, "beyond")
            return self._cosigned(request, key, now, fresh)

    def _told(self, origin: str, now: int) -> CosignResponse:
        latest = self._witness.vouch(origin, now)
        return CosignResponse(size=self._witness.size(origin), latest=latest.decode())

    def _saw_beyond(self, logs: Sequence[Generation]) -> bool:
        """Whether a log was closed at less, or at something else, than we cosigned."""
        for one in logs:
            if one.end is not None and self._witness.contradicts(one.end):
                logger.error(
                    "%s was closed at %d, and we have cosigned other than that: what"
                    " followed would be hidden; tell the founders and every auditor",
                    one.origin,
                    one.end.size,
                )
                return True
        return False

    def _cosigned(
        self, request: CosignRequest, key: Verifier, now: int, fresh: bytes | None
    ) -> CosignResponse:
        try:
            line = self._witness.cosign(
                key.name,
                request.old_size,
                request.checkpoint.encode(),
                _hashes(request),
                key.vkey,
                now,
            )
        except SplitView as split:
            self._keep(request.log, split.evidence)
            return self._refusal(key.name, "split-view")
        except (Conflict, Rollback):
            return self._refusal(key.name, "conflict")
        response = CosignResponse(
            cosignature=line.decode(), size=self._witness.size(key.name)
        )
        if fresh is not None:
            response.freshness.CopyFrom(Envelope(payload=fresh))
        return response

    def _refusal(self, origin: str, what: str) -> CosignResponse:
        return CosignResponse(size=self._witness.size(origin), refusal=what)

    def _freshness(self, nonce: str, now: int) -> bytes:
        # Left out where there is none, so that parties of the last release understand.
        told = self._book.told(now)
        standing = self._book.standing() | ({"notices": told} if told else {})
        return statement.make(
            Kind.FRESHNESS,
            self._signer,
            issuer=self._signer.keyid,
            now=now,
            seconds=FRESH_SECONDS,
            nonce=nonce,
            time=now,
            **standing,
        )

    def _keep(self, member: str, evidence: Evidence) -> None:
        path = keep_evidence(self._evidence, member, evidence)
        logger.error("%s has signed two roots for one size: %s", member, path.name)


def keep_evidence(folder: Path, member: str, evidence: Evidence) -> Path:
    """Write a split view to `folder`, once; return the file's path."""
    data = write_evidence(evidence)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{member}-{hashlib.sha256(data).hexdigest()[:16]}.json"
    if not path.exists():
        keyfile.write_private(path, data)
    return path


def _hashes(request: CosignRequest) -> list[bytes]:
    if len(request.proof) > MAX_HASHES:
        raise Malformed("proof", Reason.TOO_LARGE)
    return [canonical.from_b64(text) for text in request.proof]


class LogServicer(LogServiceServicer):
    """Shows this member's log to auditors."""

    def __init__(
        self,
        log: Log,
        readers: Readers | None = None,
        closed: Mapping[int, Log] = MappingProxyType({}),
    ) -> None:
        """`readers` notes who is shown it; None where nobody else reads by this.

        `closed` are the logs before it that are here, by generation.
        """
        self._log = log
        self._readers = readers
        self._logs = {names.generation(log.origin): log, **closed}

    def Checkpoint(  # noqa: N802 - the method's name on the wire
        self,
        request: CheckpointRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> CheckpointResponse:
        """The latest cosigned note; empty before the first."""
        return CheckpointResponse(checkpoint=self.latest(request.generation).decode())

    def Entries(  # noqa: N802 - the method's name on the wire
        self,
        request: EntriesRequest,
        context: grpc.ServicerContext,
    ) -> EntriesResponse:
        """Entries from `start` on, at most 1,000 and about 3 MiB, at least one.

        Past the end there are none. Nothing is shown that can't be noted.
        """
        with on_the_wire():
            entries = list(self.page(request.start, request.count, request.generation))
            if entries and self._readers is not None:
                self._readers.shown(peer_from(context).member)
            return EntriesResponse(entries=entries)

    def latest(self, generation: int | None = None) -> bytes:
        """The latest cosigned note of a log; empty before the first."""
        with on_the_wire():
            return self._of(generation).latest_cosigned() or b""

    def _of(self, generation: int | None) -> Log:
        """The log of a generation, that in force where none is named.

        Raises:
            Refused: `unknown`; it isn't here.
        """
        found = self._log if generation is None else self._logs.get(generation)
        if found is None:
            raise Refused(Reason.UNKNOWN, "generation")
        return found

    def page(
        self, start: int, count: int, generation: int | None = None
    ) -> Iterator[LogEntry]:
        """The entries that one answer holds; see `Entries`."""
        log = self._of(generation)
        stop = min(start + min(count, MAX_ENTRIES), log.size())
        room = MAX_BYTES
        for index in range(start, stop):
            entry = _entry(log, index)
            room -= entry.ByteSize()
            if room < 0 and index > start:
                return
            yield entry


def _entry(log: Log, index: int) -> LogEntry:
    (leaf,) = log.entries(index, index + 1)
    opening = log.opening(index)
    if opening is None:
        return LogEntry(index=index, leaf=leaf.decode())
    salt, envelope = opening
    return LogEntry(
        index=index,
        leaf=leaf.decode(),
        salt=salt.hex(),
        statement=Envelope(payload=envelope),
    )
