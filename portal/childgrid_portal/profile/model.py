"""The node's profile document as sources, requests and values with their origin.

Every target of the query is there, whatever it said. What a source withheld is what was
asked of it and isn't in its record; a field that it gave without a word in it is empty,
which is another thing. The document is the node's and is taken as it is: an unknown
state is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from childgrid_portal.profile.text import hides, pieces, visible

FIELDS = (
    *("name", "alias", "birth_date", "birth_year", "age", "age_as_of", "sex"),
    *("relative", "phone", "email", "handle", "address", "district", "state", "pin"),
    *("aadhaar", "pan", "epic", "passport", "driving_licence", "upi", "vehicle"),
    *("identifier_type", "identifier", "fir", "cnr", "event"),
)
"""The grid's fields in the order in which they are read."""

_ALIKE = {
    "birth": "birth_date",
    "dob": "birth_date",
    "date_of_birth": "birth_date",
    "yob": "birth_year",
    "gender": "sex",
    "mobile": "phone",
    "father": "relative",
    "licence": "driving_licence",
}
"""What labels mean whose holder doesn't say it yet."""

ASKED = "asked"
"""The mark of what the asker wrote, beside `r1`, `r2`, … of records."""

REGISTER = "register"
"""The mark of what the asking agency's register of cases says."""

CASE_DATE = "case_date"

UNANSWERED = ("asked", "offline", "timed-out", "refused", "expired")
"""What the coordinator says of a target that has not answered."""

NEVER_SENT = ("refused", "expired", "withdrawn")
"""States in which a query that has not been sent never will be."""


@dataclass(frozen=True)
class Origin:
    """Where a value comes from; times in Unix seconds, 0 where nothing says so."""

    mark: str
    agency: str
    category: str
    request: str
    disclosure: str
    row_as_of: int
    index_as_of: int
    read_at: int

    @property
    def number(self) -> str:
        """The record's number on the page; empty for what was asked."""
        own = self.mark in (ASKED, REGISTER)
        return "" if own else self.mark.removeprefix("r")


@dataclass(frozen=True)
class Value:
    """One value as its source wrote it; `field` is the grid's word or empty."""

    field: str
    label: str
    text: str
    origin: Origin

    @property
    def shown(self) -> str:
        """The text with invisible signs made visible."""
        return visible(self.text)

    @property
    def pieces(self) -> list[str]:
        """What is shown, in pieces that a page can break into lines quickly."""
        return pieces(self.shown)

    @property
    def hides(self) -> bool:
        """Whether it holds such signs."""
        return hides(self.text)


@dataclass(frozen=True)
class Outcome:
    """One request: what was asked of a holder, and what became of it.

    `state` is `disclosed`, `denied`, `open`, `expired` or `lost`; the tuples hold
    labels, and `values` what is in the record.
    """

    request: str
    by: str
    issued: int
    state: str
    reason: str
    settled: int
    asked: tuple[str, ...]
    gave: tuple[str, ...]
    empty: tuple[str, ...]
    withheld: tuple[str, ...]
    origin: Origin | None
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Source:
    """One target: its answer, its candidates, and every request made of it."""

    agency: str
    answer: str
    as_of: int
    answered_at: int
    candidates: tuple[Mapping[str, Any], ...]
    requests: tuple[Outcome, ...]
    state: str = ""
    """What the coordinator says of it, where it has not answered."""

    reason: str = ""
    silent: bool = False
    """Whether it may hold what it is silent about until its custodian speaks."""

    unheard: str = "unknown"
    """How it stands where nothing is known of it; see `unheard`."""

    @property
    def standing(self) -> str:
        """How far it has come, in one word: what matters most of what there is.

        `gave`, `part` (something was withheld), `lost`, `open`, `denied`, `expired`,
        `hit` (known there, nothing was asked), or as `standing` says of an answer.
        """
        states = {one.state for one in self.requests}
        if "disclosed" in states:
            short = any(one.withheld for one in self.requests)
            return "part" if short or states - {"disclosed"} else "gave"
        for state in ("lost", "open", "denied", "expired"):
            if state in states:
                return state
        return standing(
            self.answer, self.state, silent=self.silent, unheard=self.unheard
        )


def standing(answer: str, state: str, *, silent: bool, unheard: str = "unknown") -> str:
    """How a target stands by its answer or, without one, by the coordinator's word.

    `hit`, `none`, `quiet` (names nobody, and is silent about a part of its data),
    `refused`, `asked`, `offline`, `timed-out`, `expired`, or `unheard`.
    """
    state = state.replace("no-hit", "none")
    if answer == "not answered":
        return state if state in UNANSWERED else unheard
    return "quiet" if silent and answer == "none" else answer


def unheard(state: str, *, sent: bool) -> str:
    """How a target stands of which nothing is known, by the state of its query.

    `unsent` (it never heard of it and never will), `waiting` (not yet), or `unknown`.
    """
    if state in NEVER_SENT and not sent:
        return "unsent"
    return "unknown" if sent else "waiting"


@dataclass(frozen=True)
class Profile:
    """All of it. `asked` is what the officer wrote, as values of their own agency.

    `grid` is `training` or `production`.
    """

    grid: str
    query: str
    case: str
    purpose: str
    sections: tuple[str, ...]
    by: str
    issued: int
    read_at: int
    notice: str
    asked: tuple[Value, ...]
    sources: tuple[Source, ...]
    not_asked: tuple[str, ...]
    bands: Mapping[str, int] = field(default_factory=dict)
    """The probability per 10,000 from which a lead is strong, and possible."""

    case_date: Value | None = None
    """The day of the case, where the asking agency's register of cases has it."""

    @property
    def records(self) -> tuple[Outcome, ...]:
        """Every record that came."""
        return tuple(
            one for source in self.sources for one in source.requests if one.origin
        )

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value that came, in the order of records."""
        return tuple(value for one in self.records for value in one.values)


def read(document: Mapping[str, Any]) -> Profile:
    """Read the node's `profile`; shapes as `childgrid_node.receive.profile` says."""
    sources: list[Source] = []
    count = 0
    # A node of an earlier release does not say.
    lacks = unheard(document.get("state", ""), sent=document.get("sent", True))
    for one in document["sources"]:
        made = _source(one, count, lacks)
        sources.append(made)
        count += sum(one.origin is not None for one in made.requests)
    return Profile(
        grid=document["grid"],
        query=document["query"],
        case=document.get("case_reference", ""),
        purpose=document["purpose"],
        sections=tuple(document["sections"]),
        by=document["by"],
        issued=document["issued"],
        read_at=document["read_at"],
        notice=document["notice"],
        asked=tuple(_asked(document)),
        sources=tuple(sources),
        not_asked=tuple(document["not_asked"]),
        bands=document.get("bands", {}),
        case_date=_case_date(document),
    )


def _case_date(document: Mapping[str, Any]) -> Value | None:
    text = document.get(CASE_DATE, "")
    return Value(CASE_DATE, CASE_DATE, text, _own(document, REGISTER)) if text else None


def _own(document: Mapping[str, Any], mark: str) -> Origin:
    agency = document["by"].partition("/")[0]
    return Origin(mark, agency, "", document["query"], "", document["issued"], 0, 0)


def _asked(document: Mapping[str, Any]) -> Iterator[Value]:
    origin = _own(document, ASKED)
    for name, texts in document.get("suspect", {}).items():
        for text in texts:
            yield Value(name, name, text, origin)


def _source(one: Mapping[str, Any], before: int, lacks: str) -> Source:
    requests = []
    for request in one["requests"]:
        opened = bool(request["record"])
        before += opened
        requests.append(_outcome(one["agency"], request, f"r{before}"))
    return Source(
        agency=one["agency"],
        answer=one["answer"],
        as_of=one["as_of"],
        answered_at=one["answered_at"],
        candidates=tuple(one["candidates"]),
        requests=tuple(requests),
        state=one.get("state", ""),
        reason=one.get("reason", ""),
        silent=one.get("silent", False),
        unheard=lacks,
    )


def _outcome(agency: str, one: Mapping[str, Any], mark: str) -> Outcome:
    record = one["record"]
    given: Mapping[str, Sequence[str]] = record.get("fields", {})
    origin = _origin(agency, one, mark) if record else None
    return Outcome(
        request=one["request"],
        by=one["by"],
        issued=one["issued"],
        state=one["state"],
        reason=one["reason"],
        settled=one["disclosed_at"] or one["refused_at"],
        asked=tuple(one["asked"]),
        gave=tuple(label for label, texts in given.items() if any(texts)),
        empty=tuple(label for label, texts in given.items() if not any(texts)),
        withheld=tuple(x for x in one["asked"] if origin and x not in given),
        origin=origin,
        values=tuple(_values(record, origin)) if origin else (),
    )


def _origin(agency: str, one: Mapping[str, Any], mark: str) -> Origin:
    record = one["record"]
    return Origin(
        mark=mark,
        agency=agency,
        category=record["category"],
        request=one["request"],
        disclosure=one["disclosure"],
        row_as_of=one["row_as_of"],
        index_as_of=record["index_as_of"],
        read_at=record["read_at"],
    )


def _values(record: Mapping[str, Any], origin: Origin) -> Iterator[Value]:
    for label, texts in record["fields"].items():
        meant = record.get("meanings", {}).get(label, ())
        for place, text in enumerate(texts):
            field = meant[place] if place < len(meant) else _guess(label)
            if text:
                yield Value(field, label, text, origin)


def _guess(label: str) -> str:
    return label if label in FIELDS else _ALIKE.get(label, "")
