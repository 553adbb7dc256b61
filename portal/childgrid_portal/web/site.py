"""What every page of a portal shares: settings, accounts, sessions, the line, the look.

A `Call` is one request after the cheap checks: its session, its form with the session's
own token, its place. The rule: a handler never sees the raw request, so that nothing
posted is used before its token was right.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from childgrid_page.engine import Pages
from childgrid_page.languages import Languages
from childgrid_page.shield import SCRIPTED
from childgrid_portal.line import Greeting, Line
from childgrid_portal.web import terms, words
from childgrid_portal.web.accounts import Accounts
from childgrid_portal.web.config import PortalConfig
from childgrid_portal.web.drawer import Drawer, Typed
from childgrid_portal.web.session import Session, Sessions
from childgrid_portal.web.training import Training
from childgrid_portal.web.visit import Room
from childgrid_wire.errors import Reason, WireError

TEMPLATES = Path(__file__).parent / "templates"
WITH_SCRIPTS = frozenset({"touch.html", "sign.html", "answers.html"})
"""The templates that load a script file; every other page forbids scripts."""

_STATUS = {
    Reason.WRONG_ROLE: 403,
    Reason.OWN_REQUEST: 403,
    Reason.CASE_OVER: 403,
    Reason.UNKNOWN: 404,
    Reason.TOO_LARGE: 413,
    Reason.BUSY: 503,
    Reason.UNREACHABLE: 503,
    Reason.STORAGE: 503,
}


@dataclass(frozen=True)
class Site:
    """One agency's portal, put together."""

    config: PortalConfig
    greeting: Greeting
    accounts: Accounts
    sessions: Sessions
    line: Line
    rooms: Sequence[Room] = ()
    training: Training | None = None
    languages: Languages = field(default_factory=words.languages)
    drawer: Drawer = field(default_factory=Drawer)

    @cached_property
    def pages(self) -> Pages:
        """The renderer."""
        shared = {
            "service": self.config.title,
            "member": self.config.member,
            "training": self.greeting.training,
            **terms.SHARED,
        }
        return Pages(TEMPLATES, self.config.utc_offset, shared, self.languages)

    @property
    def cookie(self) -> str:
        """The name of the session's cookie: bound to this very host where it is https.

        On loopback a browser sends a cookie to all ports of a host, so that name says
        whose it is.
        """
        return (
            "__Host-session" if self.config.secure else f"{self.config.member}-session"
        )

    def seal(self, answer: Response, cookie: str) -> Response:
        """Hand the browser its session's cookie."""
        answer.set_cookie(
            self.cookie,
            cookie,
            httponly=True,
            samesite="strict",
            secure=self.config.secure,
            path="/",
        )
        return answer

    def spoken(self, cookies: Mapping[str, str], accepted: str) -> str:
        """The language of a request."""
        wished = f"{accepted},{self.config.language}"
        return words.spoken(cookies, wished, self.languages)

    def links(self, role: str) -> list[tuple[str, str]]:
        """The navigation of somebody with this role: path and name."""
        return [
            (one.path, one.name) for one in self.rooms if one.name and role in one.roles
        ]


@dataclass
class Call:
    """One request; `session` is None where no cookie of ours came along."""

    site: Site
    path: str
    posted: bool = False
    cookie: str = ""
    session: Session | None = None
    language: str = words.SOURCE
    look: str = ""
    place: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: FormData = field(default_factory=FormData)

    @property
    def known(self) -> Session:
        """The session, where the way is only open to those who have one."""
        if self.session is None:
            raise LookupError("session")
        return self.session

    @property
    def typed(self) -> Typed | None:
        """What this officer sent here lately and has not signed."""
        return self.site.drawer.find(self.known.officer, self.path)

    @property
    def kept(self) -> Typed | None:
        """What was sent here, or what the statement of this page was made from."""
        return (
            self.latest
            if "draft" in self.place
            else self.typed
            if self.session
            else None
        )

    @property
    def latest(self) -> Typed | None:
        """What this officer sent lately, wherever, and has not signed."""
        officer = self.session.officer if self.session else ""
        return self.site.drawer.latest(officer) if officer else None

    def said(self, name: str) -> str:
        """A form's field as text; empty where it is missing."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def is_own(self) -> bool:
        """Whether the form carries its session's own token."""
        return self.session is not None and self.session.is_token(self.said("token"))

    def page(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - any template
        """Render a template for whoever asks."""
        session = self.session
        person = session.person if session else None
        html = self.site.pages.render(
            template,
            self.language,
            look=self.look,
            person=person,
            officer=session.officer if session else "",
            token=session.token if session else "",
            entered=person is not None,
            **{
                "links": self.site.links(person.role) if person else [],
                "here": "/" if self.posted else self.path,
                "at": self.path,
                "posted": self.posted,
                **values,
            },
        )
        answer = HTMLResponse(html, status)
        if template in WITH_SCRIPTS:
            answer.headers["content-security-policy"] = SCRIPTED
        return answer

    def problem(self, error: WireError) -> Response:
        """What the node says, with the next step."""
        return self.page(
            "problem.html",
            _STATUS.get(error.reason, 409),
            reason=error.reason.value,
            kept=self.kept,
        )

    def absent(self) -> Response:
        """There is no such page; nothing of the address is repeated."""
        return self.page("absent.html", 404)

    def shut(self) -> Response:
        """A form of another session, or a page that is not for this officer."""
        return self.page("shut.html", 403)

    def stale(self) -> Response:
        """A draft that is no longer there."""
        return self.page("stale.html", 409, kept=self.latest)


def onward(path: str) -> Response:
    """Go on to a page of this portal."""
    own = path.startswith("/") and not path.startswith(("//", "/\\"))
    return RedirectResponse(path if own else "/", 303)


def now() -> int:
    """Unix seconds."""
    return int(time.time())
