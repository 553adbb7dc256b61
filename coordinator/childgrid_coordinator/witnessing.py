"""Carrying checkpoints to witnesses and bringing back what they say.

Nodes never dial each other, so cosignatures and freshness travel through here. The
relay can leave a witness out, and then nothing is released; it can't forge one. A
member has only its own log witnessed. Witnesses are the directory's, without the
log's owner and without coordinators.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc

from childgrid_coordinator.board import Board
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import Malformed, Reason, Refused, WireError
from childgrid_wire.pb import witness_pb2, witness_pb2_grpc

LONGEST_SECONDS = 60.0
LINGER_SECONDS = 0.5
MAX_CHECKPOINT = 65_536

_ROLES = {"agency": "node", "auditor": "auditor"}
_stubs: Any = witness_pb2_grpc


@dataclass
class Said:
    """What witnesses replied, by member, and who did not."""

    replies: dict[str, witness_pb2.CosignResponse] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)


class Witnesses:
    """Reaches the witnesses of any member's log; threads may share it."""

    def __init__(self, board: Board, dialer: Dialer) -> None:
        self._board, self._dialer = board, dialer

    def relay(
        self,
        member: str,
        call: witness_pb2.CosignRequest,
        calls: Mapping[str, witness_pb2.CosignRequest],
        seconds: float,
    ) -> Said:
        """Carry `member`'s checkpoint to every witness of its log, all at once.

        Returns when all have replied, when the time is up, or shortly after as many
        as a quorum have: a dead witness must not hold up every release.

        Args:
            member: who calls, by certificate; every call must be about its log.
            call: what each witness gets that isn't in `calls`.
            calls: witness to the call for it, where it stands further back.
            seconds: how long to wait for replies.

        Raises:
            Refused, Malformed: a call is about another log, or too large.
        """
        for one in (call, *calls.values()):
            if one.log != member:
                raise Refused(Reason.WRONG_ROLE, "witness.log")
            if len(one.checkpoint) > MAX_CHECKPOINT:
                raise Malformed("checkpoint", Reason.TOO_LARGE)
        names = [entry["id"] for entry in self._board.view().witnesses(member)]
        return self.ask(
            member, {name: calls.get(name, call) for name in names}, seconds
        )

    def ask(
        self,
        log: str,
        calls: Mapping[str, witness_pb2.CosignRequest],
        seconds: float,
    ) -> Said:
        """Ask witnesses of the log of member `log`, all at once.

        Returns when all have replied, when the time is up, or shortly after a quorum
        has cosigned: a dead witness must not hold up every release.
        """
        view = self._board.view()
        round_ = _Round(view.directory["witnesses"]["quorum"])
        entries = {entry["id"]: entry for entry in view.witnesses(log)}
        seconds = max(0.0, min(seconds, LONGEST_SECONDS))
        for name, call in calls.items():
            if name in entries:
                self._call(round_, entries[name], call, seconds)
        round_.wait(seconds)
        replies = round_.replies()
        return Said(replies, sorted(entries.keys() - replies.keys()))

    def _call(
        self,
        round_: _Round,
        entry: Mapping[str, Any],
        call: witness_pb2.CosignRequest,
        seconds: float,
    ) -> None:
        peer = Peer(entry["id"], _ROLES[entry["kind"]])
        try:
            channel = self._dialer.channel(entry["address"], peer)
            future = _stubs.WitnessServiceStub(channel).Cosign.future(
                call, timeout=seconds
            )
        except (WireError, ValueError):
            return
        round_.expect()
        future.add_done_callback(lambda done: round_.heard(peer.member, done))


class _Round:
    """The replies of one round as they come in."""

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._changed = threading.Condition()
        self._expected = 0
        self._heard = 0
        self._replies: dict[str, witness_pb2.CosignResponse] = {}

    def expect(self) -> None:
        """One more witness was asked."""
        with self._changed:
            self._expected += 1

    def heard(self, name: str, call: Any) -> None:  # noqa: ANN401 - a grpc future
        """A call came to its end, in whatever way."""
        try:
            reply = call.result()
        except (grpc.RpcError, grpc.FutureCancelledError):
            reply = None
        with self._changed:
            self._heard += 1
            if reply is not None:
                self._replies[name] = reply
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait for all, or for the quorum and a moment more, at most so long."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._heard < self._expected:
                if self._quorum and len(self._replies) >= self._quorum:
                    end = min(end, time.monotonic() + LINGER_SECONDS)
                    self._quorum = 0
                left = end - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return

    def replies(self) -> dict[str, witness_pb2.CosignResponse]:
        """What has been replied by now."""
        with self._changed:
            return dict(self._replies)
