"""Patterns of rates: a person who differs from those who do the same work.

Hasty approvals, closed pairs, searches out of hours, hit rates, hits that lead to no
request, requests that nobody decides, releases without an outcome. Each gives one
`Trial` for every decision or search; `_high` compares persons with their colleagues
by the rule in `limits`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from childgrid_audit.workbench import chance
from childgrid_audit.workbench.facts import Casebook
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.limits import Limits


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that a person of a unit did; `odd` if it is what is counted."""

    who: str
    unit: str
    odd: bool
    event: str


@dataclass
class _Tally:
    odd: int = 0
    trials: int = 0

    def add(self, odd: int, trials: int) -> None:
        self.odd += odd
        self.trials += trials


class _Peers:
    """Counts of a person, of the unit, of the agency and of the whole grid."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self.of: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
        self.events: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._groups: dict[str, _Tally] = defaultdict(_Tally)
        for one in trials:
            self.of[one.who, one.unit].add(one.odd, 1)
            if one.odd:
                self.events[one.who, one.unit].append(one.event)
            for group in _groups(one.unit):
                self._groups[group].add(one.odd, 1)

    def rate(self, who: str, unit: str, least: int) -> float:
        """How often colleagues do it: the smallest group with `least` trials."""
        own = self.of[who, unit]
        for group in _groups(unit):
            all_ = self._groups[group]
            odd, trials = all_.odd - own.odd, all_.trials - own.trials
            if trials >= least or not group:
                return chance.smoothed(odd, trials)
        raise AssertionError("the grid itself is the last group")


def _groups(unit: str) -> tuple[str, str, str]:
    return unit, unit.partition("/")[0], ""


def _high(
    pattern: str, trials: Iterable[Trial], least: int, factor: float, limits: Limits
) -> Iterator[Flag]:
    """Persons who do it at least `least` times and far more often than colleagues."""
    peers = _Peers(trials)
    for (who, unit), own in sorted(peers.of.items()):
        if own.odd < least:
            continue
        rate = peers.rate(who, unit, limits.peers)
        rare = chance.at_least(own.odd, own.trials, chance.scaled(rate, factor))
        if rare <= limits.chance:
            events = tuple(peers.events[who, unit])
            expected = rate * own.trials
            yield Flag(pattern, who, own.odd, own.trials, expected, rare, events)


def hasty(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Approvers who sign sooner than a person reads."""
    trials = (
        Trial(one.person, one.unit, one.looked < limits.read_seconds, one.hash)
        for subject in book.subjects()
        for one in subject.decisions
        if one.granted and one.looked >= 0
    )
    yield from _high("hasty", trials, limits.hasty_count, limits.factor, limits)


def pairs(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Askers whose statements one and the same colleague approves nearly always.

    Compared with that approver's share of what the rest of the unit has had approved
    at home (at least `peers` approvals); where nobody else could, it is no surprise.
    """
    by_asker, by_unit = _approvals(book)
    for (asker, unit), own in sorted(by_asker.items()):
        approver, found = max(own.items(), key=lambda one: (len(one[1]), one[0]))
        count, trials = len(found), sum(map(len, own.values()))
        theirs = by_unit[unit][approver] - count
        rest = sum(by_unit[unit].values()) - trials
        if trials < limits.pair_count or rest < limits.peers:
            continue
        rate = chance.smoothed(theirs, rest)
        rare = chance.at_least(count, trials, chance.scaled(rate, limits.factor))
        if rare <= limits.chance:
            who = f"{asker} + {approver}"
            yield Flag("pairs", who, count, trials, rate * trials, rare, tuple(found))


_ByAsker = dict[tuple[str, str], dict[str, list[str]]]
_ByUnit = dict[str, dict[str, int]]


def _approvals(book: Casebook) -> tuple[_ByAsker, _ByUnit]:
    """Approvals at home: by asker and approver, and by the asker's unit likewise."""
    by_asker: _ByAsker = defaultdict(lambda: defaultdict(list))
    by_unit: _ByUnit = defaultdict(lambda: defaultdict(int))
    for subject in book.subjects():
        for one in subject.decisions:
            if one.granted and one.side == "requester":
                by_asker[subject.person, subject.unit][one.person].append(one.hash)
                by_unit[subject.unit][one.person] += 1
    return by_asker, by_unit


def out_of_hours(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Officers who search at night and on rest days, where their unit doesn't."""
    trials = (
        Trial(one.person, one.unit, not at_work(one.issued, limits), one.hash)
        for one in book.searches
    )
    yield from _high("hours", trials, limits.hours_count, limits.factor, limits)


def at_work(when: int, limits: Limits) -> bool:
    """Whether a time (Unix seconds) is in ordinary working hours."""
    local = dt.datetime.fromtimestamp(when + limits.utc_offset, dt.UTC)
    on_duty = limits.opens <= local.hour < limits.closes
    return on_duty and local.weekday() not in limits.rest_days


def hits(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Officers who find somebody far more often than colleagues, or far less.

    The first may ask for people whom they know to be in a register, the second may
    be trying out names.
    """
    searches = [one for one in book.searches if one.answered]
    least, factor = limits.hit_count, limits.hit_factor
    found = [Trial(s.person, s.unit, s.hit, s.hash) for s in searches]
    missed = [Trial(s.person, s.unit, not s.hit, s.hash) for s in searches]
    yield from _high("hits", found, least, factor, limits)
    yield from _high("misses", missed, least, factor, limits)


def idle(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Officers whose hits lead to no request: they only wanted to know."""
    trials = (
        Trial(one.person, one.unit, not one.requests, one.hash)
        for one in book.searches
        if one.hit and one.expires <= book.now
    )
    yield from _high("idle", trials, limits.idle_count, limits.factor, limits)


def undecided(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Officers whose requests run out with nobody having released or refused."""
    trials = (
        Trial(one.person, one.unit, not one.decided, one.hash)
        for one in book.requests()
        if one.expires <= book.now
    )
    yield from _high("undecided", trials, limits.open_count, limits.factor, limits)


def unreported(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Officers who took records and never said what they led to."""
    trials = (
        Trial(one.person, one.unit, not release.reported, release.hash)
        for one in book.requests()
        for release in one.releases
        if release.received and release.issued + limits.outcome_seconds <= book.now
    )
    yield from _high("unreported", trials, limits.open_count, limits.factor, limits)
