"""What each page shows, as plain values for its template; pure, from one `Work`.

`Absent` is raised where an address names nothing. Whatever an address may hold is a
hash, an id of an officer, a quarter or a page number: never anything about a subject.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from childgrid_audit.events import Event
from childgrid_audit.workbench.facts import Search
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.letters import letters
from childgrid_audit.workbench.limits import LIMITS
from childgrid_audit.workbench.patterns import MISSING, PATTERNS, rule
from childgrid_audit.workbench.timeline import timeline
from childgrid_audit.workbench.work import Quarterly, Work
from childgrid_log.lineage import Generation
from childgrid_page.charts import columns
from childgrid_wire import openings

TOPICS = {
    **{one.name: one.title for one in PATTERNS.values()},
    "verification": "What verification found",
    "sample": "Something in a random sample",
    "other": "Something else",
}
"""What a finding may be about."""

ROWS = 50
"""Rows of a long table on one page."""

Values = dict[str, Any]
T = TypeVar("T")


class Absent(Exception):
    """There is no such page; says what was looked for."""


def paged(rows: Sequence[T], page: int) -> Values:
    """One page of a long table, with what `pager` needs."""
    pages = max(1, -(-len(rows) // ROWS))
    page = min(max(1, page), pages)
    return {
        "rows": rows[(page - 1) * ROWS : page * ROWS],
        "page": page,
        "pages": pages,
        "total": len(rows),
    }


def overview(work: Work) -> Values:
    """How things stand: verified or not, how much there is, what is flagged."""
    searches, requests = work.book.searches, work.book.requests()
    counts = [
        ("Searches", len(searches)),
        ("Searches that found somebody", sum(one.hit for one in searches)),
        ("Requests for a record", len(requests)),
        ("Records released", sum(one.released for one in requests)),
        ("Cases", len(work.cases)),
        ("People who searched or decided", len(work.people)),
    ]
    flags = Counter(flag.pattern for flag in work.flags.values())
    doubtful = {one.party for one in work.findings}
    return {
        "counts": counts,
        "chart": columns("Searches by month", ("Month", "Searches"), work.months),
        "patterns": [(one, flags[one.name]) for one in PATTERNS.values()],
        "logs": list(work.ledger.copies.values()),
        "doubtful": doubtful,
    }


def findings(work: Work, page: int) -> Values:
    """What verifying the logs found, what is still open, and what was lost."""
    rows = [(one, "finding") for one in work.findings]
    rows += [(one, "open") for one in work.notes]
    rows += [(one, "lost") for one in work.lost]
    return paged(rows, page)


def pattern(work: Work, name: str, page: int) -> Values:
    """One pattern: its rule, what to ask, and everything that it points at."""
    if name not in PATTERNS:
        raise Absent("pattern of this name")
    found = PATTERNS[name]
    return {
        "pattern": found,
        "rule": rule(found),
        **paged(work.flagged(name), page),
    }


def flag(work: Work, name: str, page: int) -> Values:
    """One flag with the statements behind it."""
    found = work.flags.get(name)
    if found is None:
        raise Absent("flag of this name; the logs may have grown since")
    return {
        "flag": found,
        "id": name,
        "pattern": PATTERNS[found.pattern],
        "rule": rule(PATTERNS[found.pattern]),
        "people": _people_of(work, found),
        **paged([_listed(work, one) for one in found.events], page),
    }


def _people_of(work: Work, found: Flag) -> list[str]:
    return [one for one in found.who.split(" + ") if one in work.people]


def _listed(work: Work, name: str) -> Values:
    """A statement as a row: what, whose, when, and the case it belongs to."""
    event = work.ledger.events.get(name)
    if event is None:
        return {"hash": name, "kind": "shredded", "who": "", "when": 0, "case": ""}
    said = event.statement
    return {
        "hash": name,
        "kind": said.kind.value,
        "who": said.person if said.officer else said.issuer,
        "when": said.issued,
        "case": case_of(work, event),
    }


def case_of(work: Work, event: Event, depth: int = 4) -> str:
    """The case that a statement belongs to, by way of what it answers; may be empty."""
    said = event.statement
    if "case" in said.body:
        return str(said["case"])
    named = said.answers or str(said.body.get("subject", ""))
    before = work.ledger.events.get(named)
    return case_of(work, before, depth - 1) if before and depth else ""


def case(work: Work, commitment: str) -> Values:
    """Whether anybody searched in a case, and step by step what came of it."""
    if not is_digest(commitment):
        raise Absent("case commitment, which has 64 hexadecimal digits")
    searches = work.cases.get(commitment, [])
    return {
        "commitment": commitment,
        "searches": searches,
        "steps": timeline(searches, work.book.now),
        "officers": sorted({one.person for one in searches}),
        "approvers": sorted(_approvers(searches)),
        "closed": _closed(work, searches),
    }


def _closed(work: Work, searches: Sequence[Search]) -> list[Generation]:
    """The logs of a case's parties that were closed since its first search."""
    first = min((one.issued for one in searches), default=0)
    parties = {name for one in searches for name in (one.member, *one.targets)}
    return [one for one in work.closed(parties) if parties and one.until >= first]


def _approvers(searches: Sequence[Search]) -> set[str]:
    return {
        one.person
        for search in searches
        for subject in search.subjects()
        for one in subject.decisions
        if one.granted
    }


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 in hex, as statements and cases are named."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def statement(work: Work, name: str) -> Values:
    """One statement: what it says, and which logs hold it."""
    event = work.ledger.events.get(name)
    if event is None:
        raise Absent("statement of this hash in the logs at hand")
    said = event.statement
    header = {"kind", "id", "issuer", "officer", "issued", "expires", "answers"}
    rest = {key: value for key, value in said.body.items() if key not in header}
    return {
        "said": said,
        "who": said.person if said.officer else said.issuer,
        "case": case_of(work, event),
        "fields": [(key, _shown(value)) for key, value in sorted(rest.items())],
        "places": sorted(event.places.items()),
        "keeper": openings.keeper(said),
        "known": work.ledger.events,
    }


def _shown(value: object) -> str:
    if value in ("", [], {}):
        return "none"
    if isinstance(value, str | int):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, sort_keys=True)


def people(work: Work, member: str, page: int) -> Values:
    """The officers of an agency with their counts."""
    members = sorted({one.member for one in work.people.values()})
    member = member if member in members else (members[0] if members else "")
    own = [one for one in work.people.values() if one.member == member]
    return {
        "options": [(one, one) for one in members],
        "member": member,
        "now": work.book.now,
        **paged(own, page),
    }


def person(work: Work, name: str, page: int) -> Values:
    """One officer: counts, flags, searches."""
    found = work.people.get(name)
    if found is None:
        raise Absent("officer of this id who searched or decided")
    return {
        "person": found,
        "counts": found.counts(work.book.now),
        "looked": found.looked(),
        "flags": [(i, one, PATTERNS[one.pattern]) for i, one in work.flags_of(name)],
        **paged(found.searches[::-1], page),
    }


def quarter(work: Work, name: str) -> Values:
    """The scorecards of a quarter."""
    card = json.loads(_quarterly(work, name).scorecard)
    held = [
        (name, one["holder"])
        for name, one in card["agencies"].items()
        if one["holder"]["asked"]
    ]
    shares = [(name, 100 * h["answered"] // h["asked"]) for name, h in held]
    return {
        "card": card,
        "held": held,
        "agencies": _busy(card["agencies"], "asker"),
        "askers": _busy(card["units"], "asker"),
        "deciders": _busy(card["units"], "decider"),
        "chart": columns(
            "Queries answered, in percent of those asked",
            ("Agency", "Percent answered"),
            shares,
        ),
    }


def _busy(cards: dict[str, Values], side: str) -> list[tuple[str, Values]]:
    """Whoever did anything at all on this side."""
    found = ((name, one[side]) for name, one in cards.items())
    return [(name, counts) for name, counts in found if any(counts.values())]


def _quarterly(work: Work, name: str) -> Quarterly:
    if name not in work.quarters:
        raise Absent("quarter in which anybody searched")
    return work.quarters[name]


def samples(work: Work, name: str) -> Values:
    """The samples of a quarter, and all that is needed to draw them again."""
    found = _quarterly(work, name)
    drawn = {
        topic: [_listed(work, one) for one in names]
        for topic, names in found.samples.items()
    }
    return {
        "quarter": name,
        "seed": found.seed,
        "sizes": found.sizes,
        "drawn": drawn,
        "final": json.loads(found.scorecard)["final"],
    }


def found(work: Work, now: int, done: str) -> Values:
    """Findings put to parties, with their deadlines; `done` was signed just now."""
    return {
        "letters": letters(work.ledger, now),
        "done": done if is_digest(done) else "",
    }


def new_finding(work: Work, subject: str, topic: str) -> Values:
    """The form for a finding about a statement."""
    event = work.ledger.events.get(subject)
    if event is None:
        raise Absent("statement of this hash in the logs at hand")
    members = sorted(work.ledger.law.members)
    return {
        "subject": subject,
        "kind": event.statement.kind.value,
        "party": event.statement.issuer,
        "parties": [(one, one) for one in members],
        "topic": topic if topic in TOPICS else "other",
        "topics": list(TOPICS.items()),
        "fault": "",
    }


def about(_: Work) -> Values:
    """What the workbench can't show, and every threshold."""
    return {
        "missing": MISSING,
        "limits": sorted(vars(LIMITS).items()),
        "rarer": round(1 / LIMITS.chance),
        "factor": LIMITS.factor,
        "hit_factor": LIMITS.hit_factor,
        "rules": [(one, rule(one)) for one in PATTERNS.values()],
    }
