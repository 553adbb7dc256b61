"""What was asked and what came of it: the docket, one query, and its live progress.

Every agency is listed with what it said or why it said nothing: no hit is never shown
for one that did not answer. Candidates are ranked by band; how they agree with what was
asked is not shown before a record is disclosed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from childgrid_portal.profile.model import standing, unheard
from childgrid_portal.web import clock
from childgrid_portal.web.forms import page_of, said
from childgrid_portal.web.visit import Visit
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import BANDS

OPEN = ("asked", "waiting", "unknown")
"""States of a target from which an answer may still come soon."""

LATE = ("timed-out", "offline")
"""States from which one may still come until the query runs out."""

PAUSES = (2,) * 30 + (5,) * 48
"""Seconds between two looks of a live page; after five minutes it is read by hand."""

_SEARCHED = ("hit", "none", "quiet")


def docket(visit: Visit) -> Response:
    """The own queries, a page at a time; what is sought is looked for on that page."""
    number = page_of(visit.query) or page_of({"page": said(visit.form, "page")})
    shown = visit.read("docket", page=number)
    state = visit.query.get("state", "")
    wanted = said(visit.form, "find")[:200]
    lines = [
        one
        for one in shown["lines"]
        if state in ("", one["state"]) and _holds(one, wanted)
    ]
    return visit.page(
        "docket.html",
        lines=lines,
        number=shown["page"],
        more=shown["more"],
        state=state,
        wanted=wanted,
        unheard=unheard,
        posted=bool(visit.form),
        here="/queries",
    )


def _holds(line: Mapping[str, Any], wanted: str) -> bool:
    """Whether a line of the docket holds a text, as it was written."""
    known = line["known"]
    texts = [known.get("case_reference", ""), line["by"], line["hash"]]
    texts += [text for values in known.get("suspect", {}).values() for text in values]
    return any(wanted.casefold() in text.casefold() for text in texts)


@dataclass(frozen=True)
class Target:
    """One agency that was asked, and how it stands; times are Unix seconds."""

    id: str
    title: str
    state: str
    reason: str = ""
    since: int = 0
    as_of: int = 0
    silent: bool = False
    """Whether it may hold what it is silent about until its custodian speaks."""


@dataclass(frozen=True)
class Found:
    """One candidate, where it is and what was requested of it so far."""

    holder: str
    title: str
    candidate: Mapping[str, Any]
    requests: tuple[Mapping[str, Any], ...] = ()

    @property
    def percent(self) -> int:
        """How likely it is; to be said only where the register is calibrated."""
        return int(self.candidate["probability"]) // 100


@dataclass(frozen=True)
class Results:
    """What a query has brought: every agency, every candidate, who wasn't asked."""

    targets: tuple[Target, ...]
    found: tuple[Found, ...]
    not_asked: tuple[str, ...]

    @property
    def searched(self) -> int:
        """How many agencies have searched, whatever they found."""
        return sum(one.state in _SEARCHED for one in self.targets)

    @property
    def others(self) -> dict[str, int]:
        """State to number of those that have not searched, the most frequent first."""
        states = Counter(one.state for one in self.targets)
        return {
            state: count
            for state, count in states.most_common()
            if state not in _SEARCHED
        }

    def is_open(self, asked: Mapping[str, Any]) -> bool:
        """Whether an answer may still come, so that the page looks for it."""
        states = {one.state for one in self.targets}
        lasts = asked["expires"] > clock.now()
        return bool(states & {*OPEN, *(LATE if lasts else ())})


def results(
    asked: Mapping[str, Any], answers: Mapping[str, Any], titles: Mapping[str, str]
) -> Results:
    """Put a query, its answers and the names of agencies together."""
    targets, found = [], []
    lacks = unheard(asked["state"], sent=asked["sent"])
    for name, answer in answers["targets"].items():
        title = titles.get(name, name)
        targets.append(_target(name, title, answer, lacks))
        for one in answer.get("candidates", ()):
            made = [
                request
                for request in asked["requests"]
                if (request["holder"], request["handle"]) == (name, one["handle"])
            ]
            found.append(Found(name, title, one, tuple(made)))
    return Results(
        tuple(sorted(targets, key=lambda one: one.title)),
        tuple(sorted(found, key=_rank)),
        tuple(titles.get(name, name) for name in answers["not_asked"]),
    )


def _target(name: str, title: str, answer: Mapping[str, Any], lacks: str) -> Target:
    silent = bool(answer.get("silent"))
    word = str(answer.get("state", ""))
    return Target(
        name,
        title,
        standing(answer["outcome"], word, silent=silent, unheard=lacks),
        str(answer.get("reason", "")),
        int(answer.get("since", 0)),
        int(answer.get("as_of", 0)),
        silent,
    )


def _rank(one: Found) -> tuple[int, int, int, str]:
    seen = one.candidate
    likely = -seen["probability"] if seen["calibrated"] else 0
    return BANDS.index(seen["band"]), likely, seen["others"], one.title


def titles(directory: Mapping[str, Any]) -> dict[str, str]:
    """What each agency calls itself, by its id."""
    return {one["id"]: one["title"] for one in directory["members"]}


def query(visit: Visit) -> Response:
    """One query: what was asked, how it stands, and every agency's answer."""
    name = visit.place["query"]
    asked = visit.read("query", name)
    names = titles(visit.read("directory"))
    answers = visit.read("answers", name)
    made = results(asked, answers, names)
    return visit.page(
        "answers.html",
        asked=asked,
        results=made,
        open=made.is_open(asked),
        bands=answers.get("bands", {}),
        now=clock.now(),
    )


Pause = Callable[[float], Awaitable[None]]


def progress(visit: Visit, pause: Pause = anyio.sleep) -> Response:
    """The same page as answers come in, as server-sent events.

    Each event is a part of the page that has changed, rendered anew. A look that the
    node refuses ends the stream: the page then says how to go on.
    """
    return StreamingResponse(_events(visit, pause), media_type="text/event-stream")


async def _events(visit: Visit, pause: Pause) -> AsyncIterator[bytes]:
    last: dict[str, bytes] = {}
    for seconds in PAUSES:
        try:
            is_open, parts = await run_in_threadpool(_parts, visit)
        except WireError:
            break
        for name, part in parts.items():
            if part != last.get(name):
                yield _event(name, part)
        last = parts
        if not is_open:
            break
        await pause(seconds)
    yield _event("end", b"")


def _parts(visit: Visit) -> tuple[bool, dict[str, bytes]]:
    """Whether an answer may still come, and what of the page changes with it."""
    name = visit.place["query"]
    asked, answers = visit.read("query", name), visit.read("answers", name)
    names = titles(visit.read("directory"))
    made = results(asked, answers, names)
    bands = answers.get("bands", {})
    head = visit.page("head_part.html", asked=asked, now=clock.now())
    list_ = visit.page("answers_part.html", asked=asked, results=made, bands=bands)
    parts = {"head": bytes(head.body), "answers": bytes(list_.body)}
    return made.is_open(asked), parts


def _event(name: str, data: bytes) -> bytes:
    lines = b"".join(b"data: " + line + b"\n" for line in data.splitlines() or [b""])
    return b"event: " + name.encode() + b"\n" + lines + b"\n"
