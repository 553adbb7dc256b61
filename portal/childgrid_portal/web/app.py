"""The application: addresses, the gate before each, and the shield around all.

Three kinds of way: open to anybody; open to an officer who has signed in; and rooms,
open to an officer whose desk is open. A form without its session's token gets no
further than the gate. Starlette alone serves it: what is built upon it elsewhere
reports to collectors that the environment names, and nothing here reports to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from childgrid_page.engine import STATIC
from childgrid_page.shield import KEPT, App, Shield
from childgrid_portal.web import door, enrol, signing, words
from childgrid_portal.web.seat import Seat
from childgrid_portal.web.site import Call, Site, onward
from childgrid_portal.web.visit import READERS, Room, Visit
from childgrid_wire.errors import Reason, WireError

log = structlog.get_logger(__name__)
MOST_BYTES = 512 * 1024
MOST_FIELDS = 500
DIGEST, ID = re.compile(r"[0-9a-f]{64}"), re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
DIGESTS = ("query", "request", "subject", "finding")
Handler = Callable[[Call], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Way:
    """One address of the door."""

    path: str
    handler: Handler
    method: str = "GET"
    officer: bool = False
    """Only who has signed in may pass."""

    after: str = ""
    """Goes on from that address: whoever has no session is led there."""

    bare: bool = False
    """A form that changes nothing but how pages look: it needs no session."""


def _accessibility(call: Call) -> Response:
    """What the pages promise, for whoever cannot even sign in."""
    return call.page("accessibility.html")


WAYS = (
    Way("/sign-in", door.sign_in),
    Way("/sign-in", door.claim, "POST"),
    Way("/sign-in/passkey", door.ask, after="/sign-in"),
    Way("/sign-in/passkey", door.enter, "POST"),
    Way("/sign-out", door.leave, "POST"),
    Way("/enrol", enrol.form),
    Way("/enrol", enrol.begin, "POST"),
    Way("/enrol/login", enrol.ask_login, after="/enrol"),
    Way("/enrol/login", enrol.take_login, "POST"),
    Way("/enrol/signing", enrol.ask_signing, after="/enrol"),
    Way("/enrol/signing", enrol.take_signing, "POST"),
    Way("/enrol/done", enrol.done, after="/enrol"),
    Way("/desk", door.desk, officer=True),
    Way("/desk", door.open_desk, "POST", officer=True),
    Way("/sessions", door.sessions, officer=True),
    Way("/sessions", door.end, "POST", officer=True),
    Way("/accessibility", _accessibility),
    Way("/display", door.look, "POST", bare=True),
    Way("/sign/{draft}", signing.show, officer=True),
    Way("/sign/{draft}", signing.take, "POST", officer=True),
)


def home(visit: Visit) -> Response:
    """A bare page, where no room is at `/`."""
    return visit.page("home.html")


def application(site: Site) -> App:
    """Put the portal together over its rooms."""
    rooms = list(site.rooms)
    if not any(one.path == "/" for one in rooms):
        rooms.append(Room("/", home, roles=(*READERS, "agency-it")))
    gate = Gate(site)
    web = Starlette(
        routes=[
            Mount("/static", _Files(directory=STATIC, packages=[_own()])),
            *(Route(w.path, gate.way(w), methods=[w.method]) for w in WAYS),
            *(Route(r.path, gate.room(r), methods=list(r.methods)) for r in rooms),
        ],
        exception_handlers={404: gate.unknown, 405: gate.unknown},
    )
    scheme = "https" if site.config.secure else "http"
    return Shield(web, [site.config.host], scheme)


def _own() -> tuple[str, str]:
    return "childgrid_portal.web", "static"


class _Files(StaticFiles):
    """Files that are the same for everybody: browsers may keep them a while."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = KEPT
        return answer


class Gate:
    """What stands before every handler of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def way(self, way: Way) -> Endpoint:
        """The endpoint of one of the door's addresses."""

        def answer(call: Call) -> Response:
            if way.officer and not self._is_signed_in(call):
                return self._to_sign_in(call)
            if way.after and call.session is None:
                return onward(way.after)
            return way.handler(call)

        return self._endpoint(answer, way, bare=way.bare)

    def room(self, room: Room) -> Endpoint:
        """The endpoint of a room: its officer's desk must be open."""

        def answer(call: Call) -> Response:
            if not self._is_signed_in(call):
                return self._to_sign_in(call)
            person = call.known.person
            if person is not None and person.role not in room.roles:
                return call.shut()
            if call.posted and room.keeps:
                self._site.drawer.put(
                    call.known.officer, call.path, call.form, room.keeps
                )
            return self._enter(call, room) if person else self._to_desk(call)

        return self._endpoint(answer, room)

    def _to_desk(self, call: Call) -> Response:
        """Open the desk first; what was sent is shown again after it."""
        lost = call.posted and call.typed is None
        call.known.wanted = "/" if lost else call.path
        return onward("/desk")

    def _is_signed_in(self, call: Call) -> bool:
        """Whether an officer has signed in and has not been forgotten since."""
        session = call.session
        if session is None or not session.officer:
            return False
        if self._site.accounts.officer(session.officer):
            return True
        self._site.sessions.end(session.officer)
        self._site.drawer.forget(session.officer)
        call.session = None
        return False

    def _enter(self, call: Call, room: Room) -> Response:
        try:
            return room.handler(Seat(call))
        except WireError as error:
            if error.reason is not Reason.EXPIRED or not _is_over(call):
                raise
            signing.close_desk(self._site, call.known)
            return self._to_desk(call)

    def _to_sign_in(self, call: Call) -> Response:
        """Sign in first; a page that was asked for is remembered."""
        answer = onward("/sign-in")
        if call.session is None:
            cookie, call.session = self._site.sessions.start()
            self._site.seal(answer, cookie)
        call.known.wanted = "/" if call.posted else call.path
        return answer

    def _foreign(self, call: Call, way: Way | Room) -> Response:
        """A form with another token than its session's has: late, or nobody's."""
        officer = self._site.sessions.late(call.said("token"))
        if officer and self._is_gone(call, officer):
            self._site.drawer.forget(officer)
            officer = ""
        inside = isinstance(way, Room) or way.officer
        stranger = call.session is None or not call.session.officer
        if not officer and not (stranger and inside):
            return call.shut()
        return self._over(call, officer, way.keeps if isinstance(way, Room) else ())

    def _is_gone(self, call: Call, officer: str) -> bool:
        """Whether the form's officer signs out, or is not known here any more."""
        known = self._site.accounts.officer(officer)
        return call.path == "/sign-out" or not known

    def _over(self, call: Call, officer: str, keeps: Sequence[str]) -> Response:
        """The session of a form is over; what was typed is kept where it can be."""
        drawer = self._site.drawer
        if officer and keeps:
            kept = drawer.put(officer, call.path, call.form, keeps)
        else:
            kept = drawer.latest(officer)
        cookie, session = "", call.session
        if session is None:
            cookie, session = self._site.sessions.start()
            call.session = session
        if kept and not session.officer:
            session.wanted, session.whose = kept.path, officer
        own = bool(officer) and session.officer == officer
        answer = call.page("over.html", 403, kept=kept, own=own)
        return self._site.seal(answer, cookie) if cookie else answer

    def _endpoint(
        self, answer: Handler, way: Way | Room, *, bare: bool = False
    ) -> Endpoint:
        def foreign(call: Call) -> Response:
            return self._foreign(call, way)

        async def endpoint(request: Request) -> Response:
            call = self._call(request)
            if not _is_place(call.place):
                return call.absent()
            if request.method not in ("GET", "HEAD"):
                call.form = await _form(request) or FormData()
                if not bare and not call.is_own():
                    return await run_in_threadpool(self._guarded, foreign, call)
            return await run_in_threadpool(self._guarded, answer, call)

        return endpoint

    def _call(self, request: Request) -> Call:
        site = self._site
        cookie = request.cookies.get(site.cookie, "")
        accepted = request.headers.get("accept-language", "")
        # A page that looks by itself whether there is news is not an officer at work.
        stream = "text/event-stream" in request.headers.get("accept", "")
        return Call(
            site,
            request.url.path,
            request.method not in ("GET", "HEAD"),
            cookie,
            site.sessions.find(cookie, used=not stream),
            site.spoken(request.cookies, accepted),
            words.look(request.cookies),
            request.path_params,
            request.query_params,
        )

    def _guarded(self, answer: Handler, call: Call) -> Response:
        """Whatever goes wrong becomes a page; a log never says what was asked."""
        try:
            if call.session is None and not call.posted and call.path in _BEGINNINGS:
                cookie, call.session = self._site.sessions.start()
                return self._site.seal(answer(call), cookie)
            return answer(call)
        except WireError as error:
            return call.problem(error)
        except Exception as error:
            log.error("failed", error=type(error).__name__, where=_where(error))
            return call.page("broken.html", 500)

    async def unknown(self, request: Request, _: Exception) -> Response:
        """There is no page of this address."""
        return self._call(request).absent()


_BEGINNINGS = ("/sign-in", "/enrol")


def _is_over(call: Call) -> bool:
    """Whether it is the sitting that has run out: a fresh look says so too."""
    try:
        call.site.line.read(call.known.sitting, "directory")
    except WireError as error:
        return error.reason is Reason.EXPIRED
    return False


def _is_place(place: Mapping[str, str]) -> bool:
    return all(
        (DIGEST if name in DIGESTS else ID).fullmatch(value)
        for name, value in place.items()
    )


def _where(error: Exception) -> str:
    """The line of ours at which it failed: file and number, nothing of the data."""
    at, found = error.__traceback__, ""
    while at is not None:
        code = at.tb_frame.f_code
        found = f"{Path(code.co_filename).name}:{at.tb_lineno}"
        at = at.tb_next
    return found


async def _form(request: Request) -> FormData | None:
    """A posted form; None where it is too long or of another kind."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    try:
        text = body.decode("utf-8", "replace")
        return FormData(_pairs(text))
    except ValueError:
        return None


def _pairs(text: str) -> list[tuple[str, str | UploadFile]]:
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return [(name, value) for name, value in pairs]
