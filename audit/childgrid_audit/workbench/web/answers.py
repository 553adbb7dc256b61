"""How every page is answered: rendered, absent, not yet verified, or not let in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from childgrid_audit.workbench.limits import LIMITS
from childgrid_audit.workbench.web.door import Door, Session
from childgrid_audit.workbench.web.rooms import Absent, Values
from childgrid_audit.workbench.work import Work
from childgrid_page.engine import Pages

_TEMPLATES = Path(__file__).parent / "templates"
MOST_BYTES = 10_000
"""The longest form that is read."""

LINKS = (
    ("/", "Overview"),
    ("/cases", "Cases"),
    ("/people", "People"),
    ("/scorecards", "Scorecards"),
    ("/samples", "Samples"),
    ("/letters", "Findings"),
    ("/openings", "Openings"),
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


class Answers:
    """Renders pages over one desk; `signs` is who may write findings, or empty."""

    def __init__(self, desk: Shown, door: Door, signs: str) -> None:
        self.desk = desk
        self.door = door
        shared = {"service": "Auditor's workbench", "links": LINKS, "signs": signs}
        self._pages = Pages(_TEMPLATES, LIMITS.utc_offset, shared)

    def show(self, request: Request, template: str, here: str, show: Show) -> Response:
        """A page of the work that is ready; `here` is its section."""
        work = self.desk.current()
        if work is None:
            return self.waiting()
        try:
            values = show(work)
        except Absent as error:
            return self.absent(request, str(error))
        session: Session = request.state.session
        html = self._pages.render(
            template,
            here=here,
            work=work,
            source=self.desk.title,
            behind=self.desk.behind,
            token=session.token,
            **values,
        )
        return HTMLResponse(html)

    def plain(self, template: str, status: int = 200, **values: object) -> Response:
        """A page for somebody who has not been let in."""
        html = self._pages.render(template, entered=False, **values)
        return HTMLResponse(html, status)

    def absent(self, request: Request, what: str) -> Response:
        """There is no such page; nothing of the address is repeated."""
        entered = request.state.session is not None
        html = self._pages.render("absent.html", what=what, entered=entered)
        return HTMLResponse(html, 404)

    def waiting(self) -> Response:
        """Nothing has been verified yet."""
        html = self._pages.render("wait.html", source=self.desk.title)
        return HTMLResponse(html, 503, {"retry-after": "60"})


async def form(request: Request) -> dict[str, str]:
    """A form's fields, each once; empty where it is too long or no form."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def page(request: Request) -> int:
    """The page number that an address asks for; raises Absent where it is none."""
    try:
        return int(request.query_params.get("page", "1"))
    except ValueError:
        raise Absent("page of this number") from None
