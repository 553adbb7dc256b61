"""One officer with a key file at the own node's desk: draft, read, sign, hand back.

The node writes the draft; this side checks that it says what was asked for, shows it
from the exact bytes, and signs those bytes with the officer's key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from childgrid_portal import drafts
from childgrid_portal.drafts import Question, Wanted, Wish, check_draft
from childgrid_portal.line import Line, Pass
from childgrid_wire import envelope
from childgrid_wire.keys import Signer

__all__ = ["Desk", "Pass", "always", "check_draft"]

Confirm = Callable[[bytes], None]


def always(_: bytes) -> None:
    """Sign without asking; for callers that have shown the draft themselves."""


class Desk:
    """A connection of one officer to the own node."""

    def __init__(
        self, address: str, desk_pass: Pass, signer: Signer, confirm: Confirm = always
    ) -> None:
        """`signer.keyid` is `member/officer`; `confirm` raises to keep from signing."""
        self.member, _, self.officer = signer.keyid.partition("/")
        self._signer = signer
        self._confirm = confirm
        self._line = Line(address, desk_pass, self.member)

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def ask(
        self,
        suspect: Mapping[str, Sequence[str]],
        *,
        purpose: str,
        sections: Sequence[str],
        case: str,
        targets: Sequence[str] = (),
        hours: int = 24,
        rehearsal: bool = False,
    ) -> str:
        """Ask whether a suspect is known; returns the query's hash.

        A rehearsal is answered from invented people, also by members on probation.
        """
        asked = Question(suspect, purpose, sections, case, targets, hours, rehearsal)
        return self._say(drafts.query(self.officer, asked))

    def request(
        self,
        query: str,
        holder: str,
        handle: str,
        fields: Sequence[str],
        justification: str,
        hours: int = 48,
        *,
        break_glass: bool = False,
    ) -> str:
        """Ask a holder for fields of one candidate; returns the request's hash.

        With `break_glass` an emergency is declared: everybody is told at once.
        """
        wish = Wish(query, holder, handle, fields, justification, hours, break_glass)
        return self._say(drafts.request(self.officer, wish))

    def lift(self, scope: str, subject: str, queries: int, hours: int = 24) -> str:
        """Ask that a budget be lifted; returns the `budget` statement's hash."""
        return self._say(drafts.lift(self.officer, scope, subject, queries, hours))

    def approve(self, subject: str, fields: Sequence[str] = (), slot: str = "") -> str:
        """Approve a query, request or budget; a custodian may name fewer fields."""
        return self._say(drafts.approve(self.officer, subject, fields, slot))

    def review(self, request: str, *, justified: bool) -> str:
        """Review a broken glass; returns the review's hash."""
        return self._say(drafts.review(self.officer, request, justified=justified))

    def answer(self, finding: str, *, in_order: bool) -> str:
        """Answer an auditor's finding: what was done was in order, or it was not."""
        return self._say(drafts.answer(self.officer, finding, in_order=in_order))

    def outcome(self, request: str, disposal: str, cnr: str = "") -> str:
        """Tell what became of what was disclosed; returns the review's hash."""
        return self._say(drafts.outcome(self.officer, request, disposal, cnr))

    def purge(self, outcome: str, *, out: bool) -> str:
        """Decide on an outcome that clears somebody in the own register."""
        return self._say(drafts.purge(self.officer, outcome, out=out))

    def deputy(self, delegate: str, hours: int, *, at_once: bool = False) -> str:
        """Name a colleague who is shown what waits too long; 0 hours: no more."""
        wanted = drafts.deputy(self.officer, delegate, hours, at_once=at_once)
        return self._say(wanted)

    def refuse(self, subject: str, reason: str) -> str:
        """Refuse a query or request; this closes it."""
        return self._say(drafts.refuse(self.officer, subject, reason))

    def look(self, object_: str, subject: str = "", wait_ms: int = 0) -> dict[str, Any]:
        """Read the inbox, a query, answers, a request or a profile; it is logged.

        Answers that are still under way are waited for, up to `wait_ms`.
        """
        wanted = drafts.view(self.officer, object_, subject)
        return self._line.look(self._signed(wanted, always), wait_ms)

    def signed_approval(self, subject: str) -> bytes:
        """An approval, signed and not yet handed in; `hand_in` does that."""
        return self._signed(drafts.approve(self.officer, subject), self._confirm)

    def hand_in(self, signed: bytes) -> str:
        """Hand a signed draft to the node; returns the statement's hash."""
        return self._line.hand_in(signed).hash

    def _say(self, wanted: Wanted) -> str:
        return self.hand_in(self._signed(wanted, self._confirm))

    def _signed(self, wanted: Wanted, confirm: Confirm) -> bytes:
        payload = self._line.draft(self.officer, wanted)
        confirm(payload)
        return envelope.sign(wanted.kind, payload, [self._signer])
