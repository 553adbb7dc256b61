"""The application: addresses, the gate before them, and the shield around all.

Every page but the entrance needs a session. Starlette alone serves it: what is built
upon it elsewhere reports to collectors that the environment names, and nothing here
reports to anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web.answers import Answers, Shown
from childgrid_audit.workbench.web.door import COOKIE, Door
from childgrid_audit.workbench.web.opening import Opening
from childgrid_audit.workbench.web.reading import Reading
from childgrid_audit.workbench.web.writing import Writing
from childgrid_page.engine import STATIC
from childgrid_page.shield import App, Scope, Shield

_OPEN = ("/enter", "/static/")
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
    answers = Answers(desk, door, pen.person if pen else "")

    async def gate(request: Request, call_next: Next) -> Response:
        """Let in whoever has a session; show everybody else the way."""
        request.state.session = door.session(request.cookies.get(COOKIE, ""))
        if request.state.session or request.url.path.startswith(_OPEN):
            return await call_next(request)
        return answers.plain("shut.html", 403)

    async def unknown(request: Request, _: Exception) -> Response:
        return answers.absent(request, "page of this address")

    read = [
        Route(path, shown, methods=["GET"])
        for at in (Reading(answers), Opening(answers, pen))
        for path, shown in at.routes()
    ]
    write = [
        Route(path, taken, methods=["POST"])
        for path, taken in Writing(answers, pen).routes()
    ]
    web = Starlette(
        routes=[Mount("/static", StaticFiles(directory=STATIC)), *read, *write],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=gate)],
        exception_handlers={404: unknown, 405: unknown},
    )
    return Shield(web, hosts, "http", admit)
