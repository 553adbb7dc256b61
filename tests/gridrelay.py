"""The coordinator's part in the tests' grid: it carries, by function call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from childgrid_node import mailroom, match
from childgrid_node.courier import Parcel
from childgrid_wire.pb import coordinator_pb2, witness_pb2
from gridmembers import Agency, Member

if TYPE_CHECKING:
    from grid import Grid


class Relay:
    """The honest coordinator's part, by function call; tests replace it."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    def match(self, target: Agency, call: Mapping[str, Any]) -> bytes:
        """Carry one sealed query to a target; returns its answer."""
        asked = match.hear(target.office, **call)
        held = target.held(asked.query["epoch"])
        return match.answer(target.office, held, asked).data

    def mail(self, target: Agency, parcel: Parcel) -> None:
        """Carry one parcel."""
        mailroom.open_parcel(target.office, parcel)

    def hang(self, data: bytes) -> None:
        """Hang a document on the board, where every member finds it."""
        self.grid.post([data])

    def witness(
        self, request: coordinator_pb2.WitnessRequest
    ) -> coordinator_pb2.WitnessResponse:
        """Carry a checkpoint to every witness that is online."""
        reply = coordinator_pb2.WitnessResponse()
        owner = request.call.log or next(iter(request.calls.values())).log
        for name, member in self.grid.members.items():
            if name == owner:
                continue
            call = request.calls.get(name, request.call)
            if not member.online:
                reply.silent.append(name)
            elif call.log:
                reply.replies[name].CopyFrom(self.cosign(member, call))
        return reply

    def cosign(
        self, member: Member, call: witness_pb2.CosignRequest
    ) -> witness_pb2.CosignResponse:
        """Carry a checkpoint to one witness."""
        return member.servicer.Cosign(call, None)
