"""Who may come in at all: asked for every call, also on connections that stand.

A certificate says which role of which member calls; here it must be a role that the
directory gives that member, and nothing of it revoked. Founders and joiners are no
members: a founder's name is fixed, and a joiner's certificate is the root's own.
"""

from __future__ import annotations

from collections.abc import Callable

from childgrid_coordinator.board import Board
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.statement import FOUNDERS
from childgrid_wire.trust import Revoked

_KINDS = {"node": "agency", "auditor": "auditor"}


class Door:
    """Decides by the board; `heard` is told of each member's node that comes in."""

    def __init__(self, board: Board, heard: Callable[[str], None]) -> None:
        self._board, self._heard = board, heard

    def __call__(self, peer: Peer) -> None:
        """Let a peer in.

        Raises:
            Refused, Untrusted: unknown, revoked, or in a role that isn't its own.
        """
        _check_unrevoked(peer, self._board.revoked())
        if peer.role == "founder":
            if peer.member != FOUNDERS:
                raise Refused(Reason.WRONG_ROLE, "founder")
        elif peer.role != "joiner":
            self._check_member(peer)
        if peer.role == "node":
            self._heard(peer.member)

    def _check_member(self, peer: Peer) -> None:
        entry = self._board.view().member(peer.member)
        if _KINDS.get(peer.role) != entry["kind"]:
            raise Refused(Reason.WRONG_ROLE, peer.role)


def _check_unrevoked(peer: Peer, revoked: Revoked) -> None:
    leaf = f"{peer.member}/{peer.serial}"
    if leaf in revoked.certificates or peer.member in revoked.members:
        raise Untrusted(Reason.REVOKED, "certificate")
    if peer.role == "joiner" and peer.serial in revoked.tokens:
        raise Untrusted(Reason.REVOKED, "token")
