"""What may be erased and when: whole stories, long over, that an auditor holds.

A story is what hangs together: a case, its queries, their answers, requests, decisions,
releases and views. It is erased as a whole, once its youngest leaf is older than its
period, so that nothing is left that rests on something gone. Leaves stay for ever;
what goes is salt and envelope. Documents, and what tells of erasures and exports,
stay, and both words on an opening. Any other story that another party erased is erased
here too once it is `LEAST_DAYS` old, whatever the period says.

Pure: it reads no log and erases nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from childgrid_log.entry import Entry
from childgrid_wire.book import BOARD
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

DAY = 86_400
LEAST_DAYS = 180
"""Nothing is erased sooner, lest a party destroys what an auditor has not looked at."""

MOST_ENTRIES = 10_000
"""How much one `shred` statement can name."""

KEPT = frozenset(
    {
        *BOARD,
        *(Kind.ENROLMENT, Kind.SHRED, Kind.MANIFEST, Kind.FINDING),
        *(Kind.OPENING, Kind.OPENED),
    }
)
_Days = Annotated[int, Field(ge=0, le=36_600)]
_NAMES = ("attestation", "query", "answer", "request", "disclosure", "result")


class Retention(BaseModel):
    """How long a party keeps what was said, in days; 0 keeps it for ever.

    The days count from the youngest leaf of a story. DANGER: what was erased can't be
    brought back, not for a court either; export first what may be needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    search_days: _Days = 0
    """Everything about a search: case, query, approvals, answers, requests, decisions,
    releases, receipts, reviews of them, views that were signed one by one."""

    view_days: _Days = 0
    """Views that belong to no search: inboxes, and sittings with all that was read in
    them. They say which search was looked at, and nothing of a suspect."""

    budget_days: _Days = 0
    """Lifted budgets and the decisions on them."""

    review_days: _Days = 0
    """Reviews of a register that have run out."""

    @field_validator("search_days", "view_days", "budget_days", "review_days")
    @classmethod
    def _not_too_soon(cls, days: int) -> int:
        if 0 < days < LEAST_DAYS:
            raise ValueError(f"0 (for ever) or at least {LEAST_DAYS} days")
        return days


@dataclass(frozen=True)
class Held:
    """A statement with its leaf's index and the time of logging, Unix seconds.

    `links` are the hashes that it names; `until` is when it runs out, where it would
    otherwise be erased while it is still in force.
    """

    name: str
    kind: Kind
    leaf: int
    logged: int
    links: tuple[str, ...]
    until: int = 0


_LASTING = (Kind.REVIEW, Kind.BUDGET, Kind.DELEGATION)


def held_of(said: Statement, leaf: int, logged: int) -> Held:
    """What retention needs to know of a statement that a log holds."""
    named = [said.answers, *(str(said.body.get(name, "")) for name in _NAMES)]
    links = tuple(sorted({one for one in named if one}))
    until = said.expires if said.kind in _LASTING else 0
    return Held(said.hash, said.kind, leaf, logged, links, until)


def is_erasable(entry: Entry, now: int) -> bool:
    """Whether a leaf of that kind and hour can have been due at `now` (Unix seconds).

    No more can be seen from outside; a story is due once its youngest leaf is.
    """
    return entry.kind not in KEPT and entry.bucket + LEAST_DAYS * DAY <= now


def due(
    held: Sequence[Held],
    retention: Retention,
    now: int,
    reconciled: int,
    named: Collection[str] = (),
) -> list[Held]:
    """What is to be erased now, in the order of leaves; whole stories only.

    Args:
        held: all that this party's log still holds.
        retention: its periods.
        now: Unix seconds.
        reconciled: how many leaves of this log an auditor holds a verified copy of.
        named: the statements that other parties say they have erased.
    """
    chosen: list[Held] = []
    for story in stories(held):
        erasable = [one for one in story if one.kind not in KEPT]
        fits = len(chosen) + len(erasable) <= MOST_ENTRIES
        if fits and _is_due(story, erasable, retention, now, reconciled, named):
            chosen += erasable
    return sorted(chosen, key=lambda one: one.leaf)


def _is_due(
    story: Sequence[Held],
    erasable: Sequence[Held],
    retention: Retention,
    now: int,
    reconciled: int,
    named: Collection[str],
) -> bool:
    if any(one.leaf >= reconciled or one.until > now for one in story):
        return False
    age = now - max(one.logged for one in story)
    days = period(story, retention)
    bound = any(one.name in named for one in erasable)
    own = bool(days) and age >= days * DAY
    kept = any(one.kind is Kind.OPENING for one in story)
    return own or (bound and not kept and age >= LEAST_DAYS * DAY)


def period(story: Iterable[Held], retention: Retention) -> int:
    """How many days a story is kept; 0 for ever, as are both words on an opening."""
    every = {one.kind for one in story}
    kinds = every - KEPT
    if not kinds or Kind.OPENING in every:
        return 0
    if Kind.BUDGET in kinds:
        return retention.budget_days
    if kinds <= {Kind.VIEW}:
        return retention.view_days
    if kinds <= {Kind.REVIEW, Kind.VIEW}:
        return retention.review_days
    return retention.search_days


def stories(held: Sequence[Held]) -> Iterator[list[Held]]:
    """Put together what names each other, also by way of what isn't held any more."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for one in held:
        for link in one.links:
            root[find(one.name)] = find(link)
    found: dict[str, list[Held]] = {}
    for one in held:
        found.setdefault(find(one.name), []).append(one)
    yield from found.values()
