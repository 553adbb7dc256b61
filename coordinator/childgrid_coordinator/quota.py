"""How much one signer may hang on the board in a day.

Everybody keeps every document for good, so a member, or whoever has its key, could fill
all disks of the grid by lists alone. The limits are far above what an agency needs on
its worst day, a ceremony of all members or the end of a department; revocations have
one of their own, so that nothing else stands in their way. What founders sign together
has none. The rule: what is refused today is taken tomorrow, and nobody's documents use
up another's.

The day is UTC's, by our own clock when a document is hung up; a restart begins anew.
"""

from __future__ import annotations

from collections import Counter

from childgrid_wire.envelope import Envelope
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import FOUNDED, Kind

MOST_DOCUMENTS = 1_000
MOST_BYTES = 64 * 2**20
MOST_REVOCATIONS = 10_000
_DAY_SECONDS = 86_400


class Quota:
    """Counts the documents of a day; not for several threads."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._day = 0
        self._used: Counter[tuple[str, str]] = Counter()

    def check(self, document: Envelope, now: int) -> None:
        """Whether one more may hang today.

        Raises:
            Refused: `budget`; its signer has hung up so much today.
        """
        self._turn(now)
        for place, size in _places(document).items():
            if self._used[place] + size > _LIMITS[place[1]]:
                raise Refused(Reason.BUDGET, f"{place[1]} of one signer in a day")

    def count(self, document: Envelope, now: int) -> None:
        """It hangs, so its signature holds."""
        self._turn(now)
        self._used.update(_places(document))

    def _turn(self, now: int) -> None:
        day = now // _DAY_SECONDS
        if day != self._day:
            self._day = day
            self._used.clear()


_LIMITS = {
    "documents": MOST_DOCUMENTS,
    "bytes": MOST_BYTES,
    "revocations": MOST_REVOCATIONS,
}


def _places(document: Envelope) -> dict[tuple[str, str], int]:
    """What it counts against, and how much: signer and limit."""
    if document.kind in FOUNDED:
        return {}
    signer = document.signatures[0].keyid
    if document.kind is Kind.REVOCATION:
        return {(signer, "revocations"): 1}
    return {(signer, "documents"): 1, (signer, "bytes"): len(document.data)}
