"""The application: addresses, the gate before them, and answers.

Every page but the entrance needs a session; every answer goes through the page
engine's `Shield`. A handler looks one thing up in the work that is ready.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from childgrid_audit.workbench.limits import LIMITS
from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web import rooms
from childgrid_audit.workbench.web.door import COOKIE, Door, Session, is_token
from childgrid_audit.workbench.web.rooms import Absent, Values
from childgrid_audit.workbench.work import Work
from childgrid_log.errors import LogError
from childgrid_page.engine import STATIC, Pages
from childgrid_page.shield import App, Scope, Shield
from childgrid_wire.errors import WireError

_TEMPLATES = Path(__file__).parent / "templates"
_OPEN = ("/enter", "/static/")
MOST_BYTES = 10_000
"""The longest form that is read."""

LINKS = (
    ("/", "Overview"),
    ("/cases", "Cases"),
    ("/people", "People"),
    ("/scorecards", "Scorecards"),
    ("/samples", "Samples"),
    ("/letters", "Findings"),
    ("/findings", "Verification"),
    ("/about", "About"),
)
Show = Callable[[Work], Values]


class Shown(Protocol):
    """What the pages need of a desk; see `desk.Desk`."""

    title: str

    @property
    def behind(self) -> bool:
        """Whether a newer state is being verified."""

    def current(self) -> Work | None:
        """The work that is ready, if any is."""


Next = Callable[[Request], Awaitable[Response]]


def application(
    desk: Shown,
    door: Door,
    hosts: Collection[str],
    admit: Callable[[Scope], bool] = lambda _: True,
    pen: Pen | None = None,
) -> App:
    """Put the workbench together.

    Args:
        desk: what has been worked out.
        door: who may look.
        hosts: the `host:port` names under which it is reached.
        admit: whether a connection is this user's; see `peer`.
        pen: signs findings; without one they can only be read.
    """
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    front = _Front(desk, door, pen)
    web.mount("/static", StaticFiles(directory=STATIC))
    for path, handler in front.pages():
        web.add_api_route(path, handler, include_in_schema=False, response_model=None)
    for path, form in front.forms():
        web.add_api_route(
            path,
            form,
            methods=["POST"],
            include_in_schema=False,
            response_model=None,
        )
    web.middleware("http")(front.gate)
    for fault in (404, RequestValidationError):
        web.exception_handler(fault)(front.unknown)
    return Shield(web, hosts, "http", admit)


class _Front:
    """The handlers; each method that answers a page is in `pages` or `forms`."""

    def __init__(self, desk: Shown, door: Door, pen: Pen | None) -> None:
        self._pen = pen
        self._desk = desk
        self._door = door
        signs = pen.person if pen else ""
        shared = {"service": "Auditor's workbench", "links": LINKS, "signs": signs}
        self._pages = Pages(_TEMPLATES, LIMITS.utc_offset, shared)

    def pages(self) -> list[tuple[str, Callable[..., Response]]]:
        """Addresses that are read."""
        return [
            ("/enter", self.entrance),
            ("/", self.overview),
            ("/findings", self.findings),
            ("/letters", self.letters),
            ("/letters/new", self.new_finding),
            ("/patterns/{name}", self.pattern),
            ("/flags/{name}", self.flag),
            ("/cases", self.cases),
            ("/cases/{commitment}", self.case),
            ("/statements/{name}", self.statement),
            ("/people", self.people),
            ("/people/{member}/{officer}", self.person),
            ("/scorecards", self.scorecards),
            ("/scorecards/{name}", self.scorecard),
            ("/scorecards/{name}/json", self.download),
            ("/samples", self.sampled),
            ("/samples/{name}", self.samples),
            ("/about", self.about),
        ]

    def forms(self) -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
        """Addresses that change something."""
        return [
            ("/enter", self.enter),
            ("/leave", self.leave),
            ("/cases", self.find_case),
            ("/letters/new", self.sign_finding),
        ]

    async def gate(self, request: Request, call_next: Next) -> Response:
        """Let in whoever has a session; show everybody else the way."""
        request.state.session = self._door.session(request.cookies.get(COOKIE, ""))
        if request.state.session or request.url.path.startswith(_OPEN):
            return await call_next(request)
        return self._plain("shut.html", 403)

    async def unknown(self, request: Request, _: Exception) -> Response:
        """Nothing is there; needs no session, since it tells nothing."""
        return self._absent(request, "page of this address")

    def _plain(self, template: str, status: int = 200, **values: object) -> Response:
        html = self._pages.render(template, entered=False, **values)
        return HTMLResponse(html, status)

    def _absent(self, request: Request, what: str) -> Response:
        entered = request.state.session is not None
        html = self._pages.render("absent.html", what=what, entered=entered)
        return HTMLResponse(html, 404)

    def _waiting(self) -> Response:
        html = self._pages.render("wait.html", source=self._desk.title)
        return HTMLResponse(html, 503, {"retry-after": "60"})

    def _show(self, request: Request, template: str, here: str, show: Show) -> Response:
        work = self._desk.current()
        if work is None:
            return self._waiting()
        try:
            values = show(work)
        except Absent as error:
            return self._absent(request, str(error))
        session: Session = request.state.session
        html = self._pages.render(
            template,
            here=here,
            work=work,
            source=self._desk.title,
            behind=self._desk.behind,
            token=session.token,
            **values,
        )
        return HTMLResponse(html)

    def entrance(self, code: str = "") -> Response:
        """The entrance: a button, so that looking at the address uses nothing up."""
        return self._plain("enter.html", code=code[:64], failed=False)

    async def enter(self, request: Request) -> Response:
        """Use the code up and start a session."""
        form = await _form(request)
        cookie = self._door.enter(form.get("code", ""))
        if not cookie:
            return self._plain("enter.html", 403, code="", failed=True)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session."""
        session, form = request.state.session, await _form(request)
        if not is_token(session, form.get("token", "")):
            return self._plain("shut.html", 403)
        self._door.leave(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/enter", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
        return answer

    def overview(self, request: Request) -> Response:
        """How things stand."""
        return self._show(request, "overview.html", "/", rooms.overview)

    def findings(self, request: Request, page: int = 1) -> Response:
        """What verification found."""
        return self._show(
            request, "findings.html", "/findings", lambda w: rooms.findings(w, page)
        )

    def pattern(self, request: Request, name: str, page: int = 1) -> Response:
        """One pattern."""
        return self._show(
            request, "pattern.html", "", lambda w: rooms.pattern(w, name, page)
        )

    def flag(self, request: Request, name: str, page: int = 1) -> Response:
        """One flag."""
        return self._show(request, "flag.html", "", lambda w: rooms.flag(w, name, page))

    def cases(self, request: Request) -> Response:
        """Ask for a case."""
        return self._show(request, "cases.html", "/cases", lambda _: {"wrong": False})

    async def find_case(self, request: Request) -> Response:
        """A commitment leads to its page; what else is typed is not kept anywhere."""
        form = await _form(request)
        if not is_token(request.state.session, form.get("token", "")):
            return self._plain("shut.html", 403)
        asked = form.get("commitment", "").strip().lower()
        if rooms.is_digest(asked):
            return RedirectResponse(f"/cases/{asked}", 303)
        return self._show(request, "cases.html", "/cases", lambda _: {"wrong": True})

    def case(self, request: Request, commitment: str) -> Response:
        """What happened in a case."""
        return self._show(
            request, "case.html", "/cases", lambda w: rooms.case(w, commitment)
        )

    def statement(self, request: Request, name: str) -> Response:
        """One statement."""
        return self._show(
            request, "statement.html", "", lambda w: rooms.statement(w, name)
        )

    def people(self, request: Request, member: str = "", page: int = 1) -> Response:
        """The officers of an agency."""
        return self._show(
            request, "people.html", "/people", lambda w: rooms.people(w, member, page)
        )

    def person(
        self, request: Request, member: str, officer: str, page: int = 1
    ) -> Response:
        """One officer."""
        name = f"{member}/{officer}"
        return self._show(
            request, "person.html", "/people", lambda w: rooms.person(w, name, page)
        )

    def scorecards(self, request: Request) -> Response:
        """The quarters that have scorecards."""
        return self._show(
            request, "quarters.html", "/scorecards", lambda _: {"to": "/scorecards"}
        )

    def scorecard(self, request: Request, name: str) -> Response:
        """The scorecards of a quarter."""
        return self._show(
            request, "quarter.html", "/scorecards", lambda w: rooms.quarter(w, name)
        )

    def download(self, request: Request, name: str) -> Response:
        """The same as canonical JSON: the bytes that anyone gets again."""
        work = self._desk.current()
        if work is None:
            return self._waiting()
        found = work.quarters.get(name)
        if found is None:
            return self._absent(request, "quarter in which anybody searched")
        headers = {"content-disposition": f'attachment; filename="{name}.json"'}
        return Response(found.scorecard, 200, headers, "application/json")

    def sampled(self, request: Request) -> Response:
        """The quarters that have samples."""
        return self._show(
            request, "quarters.html", "/samples", lambda _: {"to": "/samples"}
        )

    def samples(self, request: Request, name: str) -> Response:
        """The samples of a quarter."""
        return self._show(
            request, "samples.html", "/samples", lambda w: rooms.samples(w, name)
        )

    def letters(self, request: Request, done: str = "") -> Response:
        """Findings and their deadlines."""
        now = int(time.time())
        return self._show(
            request, "letters.html", "/letters", lambda w: rooms.found(w, now, done)
        )

    def new_finding(
        self, request: Request, subject: str = "", topic: str = ""
    ) -> Response:
        """The form for a finding about a statement."""
        return self._show(
            request,
            "finding.html",
            "/letters",
            lambda w: rooms.new_finding(w, subject, topic),
        )

    async def sign_finding(self, request: Request) -> Response:
        """Sign and log a finding; what is out of form is said on the form."""
        form = await _form(request)
        token = form.get("token", "")
        if self._pen is None or not is_token(request.state.session, token):
            return self._plain("shut.html", 403)
        subject, topic = form.get("subject", ""), form.get("topic", "")
        try:
            days = int(form.get("days", ""))
            if topic not in rooms.TOPICS:
                raise ValueError("topic")
            done = self._pen.find(topic, form.get("party", ""), subject, days)
        except ValueError:
            fault = "Enter a number of days from 1 to 90"
        except (WireError, LogError) as error:
            fault = str(error)
        else:
            return RedirectResponse(f"/letters?done={done}", 303)
        return self._show(
            request,
            "finding.html",
            "/letters",
            lambda w: {**rooms.new_finding(w, subject, topic), "fault": fault},
        )

    def about(self, request: Request) -> Response:
        """What it can't show, and every threshold."""
        return self._show(request, "about.html", "/about", rooms.about)


async def _form(request: Request) -> dict[str, str]:
    """A form's fields, each once; empty where it is too long or no form."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items() if len(values) == 1}
