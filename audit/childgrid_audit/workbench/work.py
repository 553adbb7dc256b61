"""Everything that the pages show, worked out once for one state of the logs.

Pure: a verified ledger in, tables out. `desk` keeps the result as long as the logs'
checkpoints stay the same, so that a page only has to look things up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from childgrid_audit.documents import Law
from childgrid_audit.events import Ledger
from childgrid_audit.findings import Finding
from childgrid_audit.logs import absent
from childgrid_audit.workbench import sample
from childgrid_audit.workbench.facts import Casebook, Search
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.gather import gather
from childgrid_audit.workbench.limits import LIMITS, Limits
from childgrid_audit.workbench.patterns import find
from childgrid_audit.workbench.people import Person, people
from childgrid_audit.workbench.quarter import Prefix, Quarter, prefix, within
from childgrid_audit.workbench.scorecard import table
from childgrid_log.lineage import Generation
from childgrid_wire import canonical

ID_DIGITS = 12
MONTHS = 12


@dataclass(frozen=True)
class Quarterly:
    """A quarter's scorecards (canonical JSON), its samples by topic, and their seed."""

    quarter: Quarter
    scorecard: bytes
    seed: str
    samples: dict[str, list[str]]
    sizes: dict[str, int]


@dataclass(frozen=True)
class Work:
    """One state of the logs, worked out; `key` names it."""

    key: str
    ledger: Ledger
    findings: Sequence[Finding]
    notes: Sequence[Finding]
    book: Casebook
    flags: dict[str, Flag]
    cases: dict[str, list[Search]]
    people: dict[str, Person]
    quarters: dict[str, Quarterly]
    months: list[tuple[str, int]]
    lost: Sequence[Finding] = ()
    """What went with logs that the founders have closed."""

    def closed(self, members: Iterable[str] = ()) -> list[Generation]:
        """The logs of some members, or of all, that the founders have closed."""
        law = self.ledger.law
        every = (
            log for one in sorted(members or law.members) for log in _logs(law, one)
        )
        return [one for one in every if one.end is not None]

    @property
    def shredded(self) -> int:
        """Entries whose envelope is gone: nobody can tell any more what they said."""
        return sum(map(len, self.ledger.shredded.values()))

    @property
    def absent(self) -> tuple[str, ...]:
        """Members of whom there is no log here."""
        return absent(self.ledger.law, self.ledger.copies)

    def flagged(self, pattern: str) -> list[tuple[str, Flag]]:
        """The flags of a pattern, each with its id."""
        return [(i, one) for i, one in self.flags.items() if one.pattern == pattern]

    def flags_of(self, person: str) -> list[tuple[str, Flag]]:
        """The flags that name a person, alone or in a pair."""
        found = self.flags.items()
        return [(i, one) for i, one in found if person in one.who.split(" + ")]


def work_out(
    key: str,
    ledger: Ledger,
    findings: Sequence[Finding] = (),
    notes: Sequence[Finding] = (),
    limits: Limits = LIMITS,
    lost: Sequence[Finding] = (),
) -> Work:
    """Work out everything for one state of the logs."""
    book = gather(ledger)
    cases: dict[str, list[Search]] = defaultdict(list)
    for one in book.searches:
        cases[one.case].append(one)
    return Work(
        key,
        ledger,
        findings,
        notes,
        book,
        {flag_id(flag): flag for flag in find(book, limits)},
        dict(cases),
        people(book),
        {str(one): _quarterly(ledger, one, limits) for one in _quarters(book)},
        _months(book, limits),
        lost,
    )


def _logs(law: Law, member: str) -> Iterable[Generation]:
    return law.logs(member).values()


def flag_id(flag: Flag) -> str:
    """A flag's name in an address: it stays the same while the flag does."""
    told = canonical.dumps([flag.pattern, flag.who, list(flag.events)])
    return hashlib.sha256(told).hexdigest()[:ID_DIGITS]


def _quarters(book: Casebook) -> Iterable[Quarter]:
    """From the first search to the last."""
    if not book.searches:
        return
    quarter = Quarter.at(book.searches[0].issued)
    last = Quarter.at(book.searches[-1].issued)
    while quarter <= last:
        yield quarter
        quarter = quarter.next()


def _quarterly(ledger: Ledger, quarter: Quarter, limits: Limits) -> Quarterly:
    part: Prefix = prefix(ledger, quarter)
    book = gather(within(ledger, quarter, part))
    own = book.between(quarter.start, quarter.end)
    fixed = sample.seed(part, quarter)
    populations = {topic: sample.population(own, topic) for topic in sample.TOPICS}
    return Quarterly(
        quarter,
        canonical.dumps(table(book, quarter, part, limits)) + b"\n",
        fixed.hex(),
        {topic: sample.draw(fixed, topic, all_) for topic, all_ in populations.items()},
        {topic: len(all_) for topic, all_ in populations.items()},
    )


def _months(book: Casebook, limits: Limits) -> list[tuple[str, int]]:
    """Searches by local month, the last twelve that the logs reach."""
    times = (one.issued + limits.utc_offset for one in book.searches)
    days = (dt.datetime.fromtimestamp(one, dt.UTC) for one in times)
    counts = Counter((day.year, day.month) for day in days)
    last = sorted(counts)[-MONTHS:]
    return [(dt.date(*one, 1).strftime("%b %y"), counts[one]) for one in last]
