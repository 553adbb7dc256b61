"""What every verb of a node needs: who we are, what we know, what time it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_node.journal import Journal
from childgrid_node.meter import Meter
from childgrid_node.recent import Recent
from childgrid_wire import statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.lanes import Lanes
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

_ABREAST = 2
"""Queries that are judged or concluded at a time: one computes while another syncs."""


@dataclass(frozen=True)
class Office:
    """An agency's identity, documents, memory, clock (Unix seconds) and cases."""

    identity: Identity
    shelf: Shelf
    journal: Journal
    clock: Callable[[], float]
    cases: Path
    """The register of cases: what is asked goes on while its case is open."""

    recent: Recent = field(default_factory=Recent, repr=False, compare=False)
    lanes: Lanes = field(
        default_factory=lambda: Lanes(_ABREAST), repr=False, compare=False
    )
    """Where agencies that ask take turns, before and after the pass over memory."""

    meter: Meter = field(default_factory=Meter, repr=False, compare=False)
    """Counts for whoever runs the node."""

    bare: set[str] = field(default_factory=set, repr=False, compare=False)
    """Lasting queries that found nobody in a silent category; see `inbox`."""

    @property
    def member(self) -> str:
        """This agency's member id."""
        return self.identity.member

    @property
    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock())

    @property
    def view(self) -> View:
        """The newest documents, for judging now."""
        return self.shelf.book.latest(self.now)

    def speak(
        self,
        kind: Kind,
        *,
        seconds: int,
        answers: str = "",
        **body: Any,  # noqa: ANN401 - shaped by the kind's schema
    ) -> Statement:
        """Make a statement of the agency itself; not yet logged or sent."""
        payload = statement.draft(
            kind,
            issuer=self.member,
            now=self.now,
            seconds=seconds,
            answers=answers,
            **body,
        )
        return statement.signed(kind, payload, self.identity.signer)

    def hear(self, data: bytes, *kinds: Kind) -> Statement:
        """Verify what someone says under the newest documents.

        Raises:
            Malformed, Untrusted: it isn't believed; nothing was kept.
        """
        return statement.verify(data, self.view.find_key, *kinds)

    def own(self, said: Statement) -> Statement:
        """Insist that `said` was issued by this agency or its officers."""
        if said.issuer != self.member:
            raise Refused(Reason.WRONG_ROLE, said.kind.value)
        return said
