"""Gathering cosignatures: one checkpoint goes out, a quorum of witnesses comes back.

The relay that carries the calls is believed in nothing: every line is verified against
the directory's witness keys, every freshness statement against its member's key. A
witness whose answer is wrong counts as silent and is named.
It does not decide what is released. The rule: no quorum, no checkpoint; and a witness
that saw more of this log than there is stops everything.
"""

from __future__ import annotations

import logging
import statistics
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.errors import NoteError, QuorumRefused
from childgrid_log.log import Log
from childgrid_log.note import Note, SignatureLine, verify_line
from childgrid_log.quorum import Quorum
from childgrid_log.service import on_the_wire, witness_key
from childgrid_wire import canonical, statement
from childgrid_wire.book import Book
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.pb.witness_pb2 import CosignRequest, CosignResponse
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

WAIT_MS = 5_000
FRESH_SECONDS = 120

logger = logging.getLogger(__name__)

Relay = Callable[[WitnessRequest], WitnessResponse]
"""Carries a call to every witness and brings back what they say."""


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint that a quorum has cosigned.

    `size` counts the leaves it covers; `freshness` holds the witnesses' verified
    statements under the nonce, `quorum` how many of them are needed, and `silent` the
    witnesses that did not answer, or not rightly.
    """

    note: bytes
    size: int
    quorum: int
    freshness: tuple[Statement, ...]
    silent: tuple[str, ...]


class Gatherer:
    """Gathers cosignatures for one member's own log. Threads may share it."""

    def __init__(
        self,
        log: Log,
        member: str,
        book: Book,
        relay: Relay,
        clock: Callable[[], float],
        wait_ms: int = WAIT_MS,
    ) -> None:
        """`relay` is asked to wait at most `wait_ms` in each round; there are two."""
        self._log = log
        self._member = member
        self._book = book
        self._relay = relay
        self._clock = clock
        self._wait_ms = wait_ms
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def cosigned(self, covering: int | None = None, nonce: str = "") -> Cosigned:
        """Sign a checkpoint of everything logged and have a quorum cosign it.

        Args:
            covering: the index of a leaf that must be in it.
            nonce: hex of 16 bytes under which each witness says how fresh its
                documents are; none is asked where it is empty.

        Raises:
            Refused: `no-quorum`, `log-behind`, `unknown` (no such leaf) or `storage`.
            Unreachable: the relay could not be reached.
        """
        with self._lock, on_the_wire():
            view = self._book.latest(int(self._clock()))
            check = _Round(view, self._member, nonce, self._log.vkey)
            check.sign(self._log.checkpoint())
            if covering is not None and covering >= check.size:
                raise Refused(Reason.UNKNOWN, "leaf")
            self._ask(check)
            if check.conflicts:
                self._ask(check)
            note = check.cosigned_note()
            self._log.keep_cosigned(note)
            return Cosigned(
                note, check.size, check.quorum.q, check.freshness, check.silent
            )

    def _ask(self, check: _Round) -> None:
        sizes = {name: min(self._sizes.get(name, 0), check.size) for name in check.keys}
        sizes |= check.conflicts
        check.conflicts.clear()
        response = self._relay(self._request(check, sizes))
        for member, reply in response.replies.items():
            if member in check.keys:
                check.take(member, reply)
        self._sizes |= dict.fromkeys(check.lines, check.size)

    def _request(self, check: _Round, sizes: Mapping[str, int]) -> WitnessRequest:
        calls = {size: self._call(check, size) for size in set(sizes.values())}
        usual = Counter(sizes.values()).most_common(1)[0][0]
        return WitnessRequest(
            call=calls[usual],
            calls={name: calls[at] for name, at in sizes.items() if at != usual},
            wait_ms=self._wait_ms,
        )

    def _call(self, check: _Round, old: int) -> CosignRequest:
        proof = self._log.consistency(old, check.size)
        return CosignRequest(
            log=self._member,
            old_size=old,
            proof=[canonical.to_b64(value) for value in proof],
            checkpoint=check.signed.decode(),
            nonce=check.nonce,
        )


class _Round:
    """One checkpoint, who may witness it, and what has come back so far."""

    def __init__(self, view: View, member: str, nonce: str, log_vkey: str) -> None:
        self._view = view
        self._log_vkey = log_vkey
        self.nonce = nonce
        self.keys = {
            entry["id"]: witness_key(view, entry["id"])
            for entry in view.witnesses(member)
        }
        self.quorum = quorum_of(view, member)
        self.lines: dict[str, SignatureLine] = {}
        self.conflicts: dict[str, int] = {}
        self._fresh: dict[str, Statement] = {}
        self.signed = b""
        self.size = 0

    def sign(self, note: bytes) -> None:
        """Take in the note that the log has signed."""
        self.signed = note
        self.size = open_checkpoint(note, self._log_vkey).checkpoint.size

    def take(self, member: str, reply: CosignResponse) -> None:
        """Take in one witness's reply; what is wrong in it is as good as silence.

        Raises:
            Refused: the witness has seen another or a longer log than this one.
        """
        if reply.refusal == "split-view" or reply.size > self.size:
            logger.error("%s saw another log than this one", member)
            raise Refused(Reason.LOG_BEHIND, member)
        if reply.refusal == "closed":
            logger.error("%s says that the founders have closed this log", member)
            raise Refused(Reason.LOG_BEHIND, member)
        if reply.refusal == "beyond":
            logger.error("%s saw more of the log before than it was closed at", member)
            return
        if reply.refusal == "conflict":
            self.conflicts[member] = reply.size
            return
        try:
            line = self._line(member, reply)
            if self.nonce:
                self._fresh[member] = self._freshness(member, reply)
            self.lines[member] = line
        except (NoteError, WireError) as error:
            logger.warning("%s answered wrongly: %s", member, type(error).__name__)

    def _line(self, member: str, reply: CosignResponse) -> SignatureLine:
        line = SignatureLine.parse(reply.cosignature.removesuffix("\n"))
        verify_line(Note.parse(self.signed).text, line, self.keys[member])
        return line

    def _freshness(self, member: str, reply: CosignResponse) -> Statement:
        data = reply.freshness.payload
        fresh = statement.verify(data, self._view.find_key, Kind.FRESHNESS)
        statement.check_time(fresh, self._view.now)
        if fresh.issuer != member:
            raise Untrusted(Reason.BAD_SIGNATURE, "freshness.issuer")
        if fresh["nonce"] != self.nonce:
            raise Malformed("freshness.nonce")
        return fresh

    @property
    def freshness(self) -> tuple[Statement, ...]:
        """The verified freshness statements, by witness."""
        return tuple(self._fresh[name] for name in sorted(self._fresh))

    @property
    def silent(self) -> tuple[str, ...]:
        """The witnesses whose cosignature is missing."""
        return tuple(sorted(self.keys.keys() - self.lines.keys()))

    def cosigned_note(self) -> bytes:
        """The note with all lines, verified whole as anyone will verify it.

        Raises:
            Refused: fewer than a quorum, or keys that are not distinct.
        """
        note = Note.parse(self.signed)
        lines = tuple(self.lines[name] for name in sorted(self.lines))
        whole = Note(note.text, (*note.signatures, *lines)).encode()
        vkeys = [key.vkey for key in self.keys.values()]
        try:
            open_checkpoint(whole, self._log_vkey, vkeys, self.quorum.q, strict=True)
        except NoteError as error:
            have = f"{len(lines)} of {self.quorum.q} witnesses"
            raise Refused(Reason.NO_QUORUM, have) from error
        return whole


def quorum_of(view: View, member: str) -> Quorum:
    """The rule for the log of `member`: n eligible witnesses, the directory's q and f.

    Raises:
        Refused: `no-quorum`, where these numbers are not both safe and live.
    """
    named = view.directory["witnesses"]
    try:
        return Quorum(len(view.witnesses(member)), named["quorum"], named["faults"])
    except QuorumRefused as error:
        raise Refused(Reason.NO_QUORUM, "directory.witnesses") from error


def check_fresh(
    replies: Sequence[Statement],
    standing: Mapping[str, Any],
    now: int,
    *,
    nonce: str,
    quorum: int,
) -> None:
    """Whether a release may rest on documents at `standing` and on the clock `now`.

    Level with every reply, of which there are at least a quorum, and within 120 s of
    the median of their times.

    Args:
        replies: verified `freshness` statements (`Cosigned.freshness`).
        standing: `Book.standing()` of the one that releases.
        now: its own time, Unix seconds.
        nonce: the nonce that was asked under.
        quorum: how many distinct witnesses must have answered.

    Raises:
        Refused: `stale`, naming what is behind.
    """
    issuers = {reply.issuer for reply in replies}
    if not quorum or len(issuers) < quorum or len(issuers) != len(replies):
        raise Refused(Reason.STALE, f"{len(issuers)} of {quorum} witnesses answered")
    for reply in replies:
        if reply.kind is not Kind.FRESHNESS or reply["nonce"] != nonce:
            raise Refused(Reason.STALE, "nonce")
        _check_level(reply, standing)
    median = statistics.median(reply["time"] for reply in replies)
    if abs(now - median) > FRESH_SECONDS:
        raise Refused(Reason.STALE, "clock")


def _check_level(reply: Statement, standing: Mapping[str, Any]) -> None:
    for name in ("directory", "floor"):
        if reply[name] > standing[name]:
            raise Refused(Reason.STALE, name)
    for name in ("staff", "revocations"):
        for member, version in reply[name].items():
            if version > standing[name].get(member, 0):
                raise Refused(Reason.STALE, f"{name} of {member}")
