"""What an auditor knows of searches, requests and the people behind them.

Small immutable records, made by `gather` out of verified statements. They hold ids,
times (Unix seconds), codes and hashes; never a name, a value of a record or a
justification, since no statement holds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided on a query or a request.

    `looked` is how many seconds lay between the first logged `view` of the subject by
    this person and the decision; 0 where the person's own log holds the decision and
    no view before it, -1 where that log is not at hand. `reason` is a refusal's.
    """

    hash: str
    person: str
    unit: str
    granted: bool
    reason: str
    side: str
    issued: int
    waited: int
    looked: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a target answered: `hit`, `none` or `refused` with its reason."""

    hash: str
    target: str
    outcome: str
    reason: str
    issued: int


@dataclass(frozen=True, slots=True)
class Release:
    """A disclosure and what became of it.

    `received` is when its `receipt` (its hash) was issued, 0 if there is none; `void`
    that it was never fetched, `reported` that a notice of the outcome names it.
    """

    hash: str
    issued: int
    received: int
    void: bool
    reported: bool
    approvals: tuple[str, ...]
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for one record, with its decisions and releases by time."""

    hash: str
    person: str
    unit: str
    search: str
    case: str
    holder: str
    handle: str
    issued: int
    expires: int
    decisions: tuple[Decision, ...] = ()
    releases: tuple[Release, ...] = ()

    @property
    def released(self) -> bool:
        """Whether a record was fetched."""
        return any(one.received for one in self.releases)

    @property
    def decided(self) -> bool:
        """Whether it came to a disclosure or to anybody's refusal."""
        return bool(self.releases) or any(not one.granted for one in self.decisions)


@dataclass(frozen=True, slots=True)
class Search:
    """A query with all that followed it, each list by time.

    `mark` is the hash of the own node's notice that it is about somebody whom the
    agency has declared, staff or a relative; empty where there is none.
    """

    hash: str
    person: str
    unit: str
    case: str
    purpose: str
    sections: tuple[str, ...]
    issued: int
    expires: int
    targets: tuple[str, ...]
    decisions: tuple[Decision, ...] = ()
    replies: tuple[Reply, ...] = ()
    requests: tuple[Asked, ...] = ()
    mark: str = ""

    @property
    def member(self) -> str:
        """The asking agency."""
        return self.person.partition("/")[0]

    def subjects(self) -> tuple[Search | Asked, ...]:
        """All that people decided on: the query itself, then its requests."""
        return (self, *self.requests)

    @property
    def answered(self) -> bool:
        """Whether any target searched for it."""
        return any(one.outcome != "refused" for one in self.replies)

    @property
    def hit(self) -> bool:
        """Whether any target found somebody."""
        return any(one.outcome == "hit" for one in self.replies)


@dataclass(frozen=True, slots=True)
class Lifting:
    """A budget that somebody lifted to `queries` a day until `until`.

    `signed` are the persons elsewhere who countersigned it.
    """

    hash: str
    person: str
    scope: str
    subject: str
    queries: int
    issued: int
    until: int
    signed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """A person's review of a break-glass release."""

    hash: str
    person: str
    issued: int


@dataclass(frozen=True, slots=True)
class Glass:
    """A break-glass notice of a holder, and the reviews that answer it, by time.

    `subject` is the request that was released on.
    """

    hash: str
    member: str
    subject: str
    issued: int
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True)
class Casebook:
    """All of it, by time; `now` is how far the logs reach.

    Rehearsals are no searches: they are about nobody, and whoever made many would thin
    out by them what the real ones show.

    `limits` of the floor in force last: queries a day by scope.
    """

    now: int
    searches: tuple[Search, ...]
    liftings: tuple[Lifting, ...] = ()
    glasses: tuple[Glass, ...] = ()
    budgets: Mapping[str, int] = field(default_factory=dict)

    def between(self, start: int, end: int) -> Casebook:
        """What began from `start` on and before `end`, with all that followed it."""
        return Casebook(
            self.now,
            tuple(one for one in self.searches if start <= one.issued < end),
            tuple(one for one in self.liftings if start <= one.issued < end),
            tuple(one for one in self.glasses if start <= one.issued < end),
            self.budgets,
        )

    def requests(self) -> list[Asked]:
        """Every request, in the order of the searches."""
        return [one for search in self.searches for one in search.requests]

    def subjects(self) -> Iterator[Search | Asked]:
        """All that people decided on, each query before its requests."""
        for search in self.searches:
            yield from search.subjects()
