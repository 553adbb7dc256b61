"""Schemathesis over the portal's whole surface, in process: what no answer may be.

Every address gets made-up places, queries and forms, by a stranger and by officers at
the open desk; half of them with a form's right token, and with hashes that exist.
Whatever comes back is a page under the portal's headers, never a fault, and nothing
that was sent stands in it as markup.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from audit.browser import Answer, Browser
from childgrid_page.shield import HEADERS, POLICY, SCRIPTED
from childgrid_portal.web import clock, finding, openapi, reading, rooms
from childgrid_portal.web.app import application
from childgrid_portal.web.visit import Room
from grid import KABIR
from portal.hands import Hands, seated
from portal.stage import Stage, staged

OFFICERS = ("si-rao", "sp-nair", "cu-police")
MARKUP = "<i a=\"b\" c='d'>&amp;=HYPERLINK()"
_STRANGE = ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
_TAG = "<i a="
_GATE = "sign-out"
"""Leaving is left to the stranger: everything after it would be a stranger's."""


@dataclass
class Surface:
    """The surface of one portal; `known` are places that exist."""

    stage: Stage
    rooms: tuple[Room, ...]
    known: Mapping[str, str]
    failures: list[str] = field(default_factory=list)
    calls: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._app = application(self.stage.site)

    def sweep(self, officer: str, examples: int) -> None:
        """Every operation, `examples` times, by an officer; empty for a stranger."""
        schema = schemathesis.openapi.from_dict(openapi.document(self.rooms))
        for found in schema.get_all_operations():
            operation = found.ok()
            if officer and _GATE in operation.path:
                continue
            self._operation(officer, operation, examples)

    def _operation(self, officer: str, operation: Any, examples: int) -> None:
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def each(case: Any) -> None:
            self._call(self._hands(officer), case)

        each()

    def strange(self, officer: str) -> None:
        """Every address by methods that it does not have."""
        hands = self._hands(officer)
        for path in openapi.document(self.rooms)["paths"]:
            place = re.sub(r"\{(\w+)\}", lambda it: self._place(it[1]), path)
            for method in _STRANGE:
                answer = _sent(hands.browser, method, place, b"")
                self._check(f"{method} {path}", answer)

    def _hands(self, officer: str) -> Hands:
        """The officer's browser, signed in anew where the session is over."""
        if not officer:
            return Hands(Browser(self._app, self.stage.config.host))
        kept = _seats.get((id(self.stage), officer))
        cookie = kept.browser.cookies.get(self.stage.site.cookie, "") if kept else ""
        session = self.stage.site.sessions.find(cookie)
        if kept is None or session is None or not session.sitting:
            kept = _seats[id(self.stage), officer] = seated(self.stage, officer)
        return kept

    def _place(self, name: str) -> str:
        return self.known.get(name, "ab" * 32)

    def _call(self, hands: Hands, case: Any) -> None:
        own = next(self._turn) % 2 == 0
        places = {
            name: quote(self._place(name) if own else str(text), safe="")
            for name, text in (case.path_parameters or {}).items()
        }
        path = case.operation.path.format(**places)
        query = {name: _marked(text) for name, text in (case.query or {}).items()}
        form = case.body if isinstance(case.body, dict) else {}
        typed = {name: _marked(text) for name, text in form.items()}
        if own or "step" in form:
            typed |= {n: t for n, t in form.items() if n in ("step", "decision")}
            typed["token"] = self._token(hands)
        body = urlencode(typed, errors="replace").encode()
        said = f"{path}?{urlencode(query, errors='replace')}" if query else path
        answer = _sent(hands.browser, case.method, said, body)
        self._check(f"{case.method} {case.operation.path}", answer)

    def _token(self, hands: Hands) -> str:
        cookie = hands.browser.cookies.get(self.stage.site.cookie, "")
        session = self.stage.site.sessions.find(cookie)
        return session.token if session else ""

    def _check(self, what: str, answer: Answer) -> None:
        self.calls += 1
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        self.failures += [f"{what}: {one}" for one in faults(answer)]


def prepared(stage: Stage, rooms: tuple[Room, ...]) -> Surface:
    """A query that was answered and a request: places that exist, for half of all."""
    asked = stage.grid.ask(KABIR)
    request = stage.grid.request(asked, "customs", ["name"])
    (found, *_) = stage.grid.candidates(asked)["customs"]
    known = {
        "query": asked.hash,
        "request": request.hash,
        "subject": asked.hash,
        "holder": "customs",
        "handle": found["handle"],
    }
    return Surface(stage, rooms, known)


def soak(examples: int) -> Mapping[str, Any]:
    """The long version: so many calls of every operation, by everybody."""
    every = (*rooms.ROOMS, *reading.ROOMS)
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder), every) as stage:
        swept = prepared(stage, every)
        later = patch.object(clock, "now", lambda: stage.grid.now + 60)
        with patch.object(finding, "PAUSES", (0,)), later:
            for officer in ("", *OFFICERS):
                swept.sweep(officer, examples)
                swept.strange(officer)
    return {
        "calls": swept.calls,
        "statuses": swept.statuses,
        "failures": sorted(set(swept.failures)),
    }


def faults(answer: Answer) -> Iterator[str]:
    """What is wrong with an answer, whatever was asked."""
    if answer.status >= 500:
        yield f"status {answer.status}"
    for name, value in HEADERS:
        said = answer.headers.get(name.decode(), "")
        if said != value.decode() and (said, value) != (SCRIPTED, POLICY.encode()):
            yield f"header {name.decode()}"
    where = answer.headers.get("location", "/")
    if not re.fullmatch(r"/[a-z0-9/._{}-]*(\?done=[0-9a-f]{64})?", where):
        yield "leads elsewhere"
    if "html" in answer.headers.get("content-type", "") and _TAG in answer.text:
        yield "what was sent is markup"


def _marked(value: object) -> str:
    return f"{value}{MARKUP}"


_seats: dict[tuple[int, str], Hands] = {}


def _sent(browser: Browser, method: str, path: str, body: bytes) -> Answer:
    headers = {
        "origin": f"http://{browser.host}",
        "content-type": "application/x-www-form-urlencoded",
    }
    return browser.send(method, path, body, headers)
