"""Scorecards of a quarter: what each agency and each unit asked, answered and decided.

A pure function of the logs' prefix (`quarter`), written as canonical JSON: whoever
holds the same logs gets the same bytes, now and in later years, as long as nothing in
the prefix has been shredded. Counts only: no rank and no score of anybody.

As asker: `searches`, those `approved`, `denied` (by a superior) and `found` (a hit),
`requests`, `released`, `undecided`, `reported`; of all targets asked: `answered`,
`refused`, `late`, `offline` (never answered before the query ran out).
As holder: the same four of what it was asked, `hits`, and `reasons` of refusals.
As decider: `granted`, `denied`, `slow` (after more than 48 h).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from childgrid_audit.events import Ledger
from childgrid_audit.workbench.facts import Casebook, Decision, Reply, Search
from childgrid_audit.workbench.gather import gather
from childgrid_audit.workbench.limits import LIMITS, Limits
from childgrid_audit.workbench.quarter import Prefix, Quarter, prefix, within
from childgrid_wire import canonical

FORMAT = "childgrid-scorecard-1"
_ASKED = (
    "searches",
    "approved",
    "denied",
    "found",
    "requests",
    "released",
    "undecided",
    "reported",
    "answered",
    "refused",
    "late",
    "offline",
)
_HELD = ("asked", "answered", "hits", "refused", "late", "offline")
_DECIDED = ("granted", "denied", "slow")


@dataclass
class _Card:
    asked: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)

    def agency(self) -> dict[str, Any]:
        """All three sides, every count present."""
        return {
            **self.unit(),
            "holder": {name: self.held[name] for name in _HELD},
            "reasons": dict(sorted(self.reasons.items())),
        }

    def unit(self) -> dict[str, Any]:
        """Without what only an agency as a whole does."""
        return {
            "asker": {name: self.asked[name] for name in _ASKED},
            "decider": {name: self.decided[name] for name in _DECIDED},
        }


def scorecard(ledger: Ledger, quarter: Quarter, limits: Limits = LIMITS) -> bytes:
    """The scorecards of a quarter as canonical JSON, with a newline."""
    part = prefix(ledger, quarter)
    book = gather(within(ledger, quarter, part))
    return canonical.dumps(table(book, quarter, part, limits)) + b"\n"


def table(
    book: Casebook, quarter: Quarter, part: Prefix, limits: Limits
) -> dict[str, Any]:
    """The same as a table, from a casebook that reaches to the quarter's close."""
    agencies: dict[str, _Card] = defaultdict(_Card)
    units: dict[str, _Card] = defaultdict(_Card)
    for search in book.between(quarter.start, quarter.end).searches:
        for card in (agencies[search.member], units[search.unit]):
            _ask(card, search, book.now, limits)
        for target in search.targets:
            _hold(agencies[target], search, target, book.now, limits)
        for one in (made for each in search.subjects() for made in each.decisions):
            for card in (agencies[one.person.partition("/")[0]], units[one.unit]):
                _decide(card, one, limits)
    return {
        "format": FORMAT,
        "quarter": str(quarter),
        "start": quarter.start,
        "end": quarter.end,
        "close": quarter.close,
        "final": part.final,
        "logs": part.table(),
        "late_seconds": limits.late_seconds,
        "decide_seconds": limits.decide_seconds,
        "agencies": {name: card.agency() for name, card in sorted(agencies.items())},
        "units": {name: card.unit() for name, card in sorted(units.items())},
    }


def _ask(card: _Card, search: Search, now: int, limits: Limits) -> None:
    releases = [one for asked in search.requests for one in asked.releases]
    card.asked.update(
        searches=1,
        approved=any(one.granted for one in search.decisions),
        denied=any(not one.granted for one in search.decisions),
        found=search.hit,
        requests=len(search.requests),
        released=sum(bool(one.received) for one in releases),
        undecided=sum(
            not one.decided and one.expires <= now for one in search.requests
        ),
        reported=sum(one.reported for one in releases),
    )
    for target in search.targets:
        card.asked.update(_fate(search, target, now, limits))


def _hold(card: _Card, search: Search, target: str, now: int, limits: Limits) -> None:
    fate = _fate(search, target, now, limits)
    replies = _replies(search, target)
    card.held.update(asked=1, hits=any(one.outcome == "hit" for one in replies))
    card.held.update(fate)
    card.reasons.update(one.reason for one in replies if one.outcome == "refused")


def _replies(search: Search, target: str) -> list[Reply]:
    return [one for one in search.replies if one.target == target]


def _fate(search: Search, target: str, now: int, limits: Limits) -> list[str]:
    """What became of a query at a target: answered or refused, late, or offline.

    A query that no superior approved was never sent, so nobody was offline for it.
    """
    replies = _replies(search, target)
    if not replies:
        sent = bool(search.replies) or any(one.granted for one in search.decisions)
        return ["offline"] if sent and search.expires <= now else []
    first = replies[0]
    fate = ["refused" if first.outcome == "refused" else "answered"]
    if first.issued - search.issued > limits.late_seconds:
        fate.append("late")
    return fate


def _decide(card: _Card, one: Decision, limits: Limits) -> None:
    card.decided.update(
        granted=one.granted,
        denied=not one.granted,
        slow=one.waited > limits.decide_seconds,
    )
