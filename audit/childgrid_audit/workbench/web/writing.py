"""The addresses that change something: coming in, leaving, a finding, an opening.

Each form carries its session's own token, but for the entrance, whose code is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from childgrid_audit.workbench.opener import Opener
from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web import opening, rooms
from childgrid_audit.workbench.web.answers import Answers, form
from childgrid_audit.workbench.web.door import COOKIE, is_token
from childgrid_log.errors import LogError
from childgrid_wire.errors import WireError

Handler = Callable[[Request], Awaitable[Response]]


class Writing:
    """Handlers of POST; `routes` says which address has which."""

    def __init__(self, answers: Answers, pen: Pen | None) -> None:
        self._answers = answers
        self._door = answers.door
        self._pen = pen

    def routes(self) -> list[tuple[str, Handler]]:
        """Every address that takes a form."""
        return [
            ("/enter", self.enter),
            ("/leave", self.leave),
            ("/cases", self.find_case),
            ("/letters/new", self.sign_finding),
            ("/openings/new", self.ask_opening),
            ("/openings/agree", self.agree_opening),
            ("/openings/read", self.read_opened),
        ]

    async def enter(self, request: Request) -> Response:
        """Use the code up and start a session."""
        cookie = self._door.enter((await form(request)).get("code", ""))
        if not cookie:
            return self._answers.plain("enter.html", 403, code="", failed=True)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session."""
        if await self._own_form(request) is None:
            return self._answers.plain("shut.html", 403)
        self._door.leave(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/enter", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
        return answer

    async def _own_form(self, request: Request) -> dict[str, str] | None:
        """The form, if it carries the token of its session."""
        given = await form(request)
        known = is_token(request.state.session, given.get("token", ""))
        return given if known else None

    async def find_case(self, request: Request) -> Response:
        """A commitment leads to its page; what else is typed is not kept anywhere."""
        given = await self._own_form(request)
        if given is None:
            return self._answers.plain("shut.html", 403)
        asked = given.get("commitment", "").strip().lower()
        if rooms.is_digest(asked):
            return RedirectResponse(f"/cases/{asked}", 303)
        return self._answers.show(
            request, "cases.html", "/cases", lambda _: {"wrong": True}
        )

    async def sign_finding(self, request: Request) -> Response:
        """Sign and log a finding; what is out of form is said on the form."""
        given = await self._own_form(request)
        if given is None or self._pen is None:
            return self._answers.plain("shut.html", 403)
        subject, topic = given.get("subject", ""), given.get("topic", "")
        try:
            done = await run_in_threadpool(self._signed, self._pen, given)
        except ValueError:
            fault = "Enter a number of days from 1 to 90"
        except (WireError, LogError) as error:
            fault = str(error)
        else:
            return RedirectResponse(f"/letters?done={done}", 303)
        return self._answers.show(
            request,
            "finding.html",
            "/letters",
            lambda work: {**rooms.new_finding(work, subject, topic), "fault": fault},
        )

    async def ask_opening(self, request: Request) -> Response:
        """Sign and log the wish that something be opened."""
        return await self._opening(request, "open.html", opening.asked)

    async def agree_opening(self, request: Request) -> Response:
        """Sign and log the second word on somebody else's wish."""
        return await self._opening(request, "openings.html", opening.agreed)

    async def read_opened(self, request: Request) -> Response:
        """Show what was opened to one of the two; that it was read is logged first."""
        return await self._opening(request, "openings.html", opening.read)

    async def _opening(
        self, request: Request, template: str, act: opening.Act
    ) -> Response:
        """Do one thing about an opening; what is refused is said on its page."""
        given = await self._own_form(request)
        if given is None or self._pen is None:
            return self._answers.plain("shut.html", 403)
        opener, kept = Opener(self._pen), given
        try:
            done = await run_in_threadpool(act, opener, kept)
        except (WireError, LogError) as error:
            fault = str(error)
        else:
            if isinstance(done, str):
                return RedirectResponse(f"/openings?done={done}", 303)
            return self._answers.show(
                request, "opened.html", "/openings", lambda _: {"content": done}
            )
        return self._answers.show(
            request,
            template,
            "/openings",
            lambda work: {**opening.page(work, opener, kept), "fault": fault},
        )

    @staticmethod
    def _signed(pen: Pen, given: dict[str, str]) -> str:
        """Sign; raises ValueError where days or topic are not what the form offers."""
        topic = given.get("topic", "")
        if topic not in rooms.TOPICS:
            raise ValueError("topic")
        days = int(given.get("days", ""))
        return pen.find(topic, given.get("party", ""), given.get("subject", ""), days)
