"""The addresses that are read: each looks one thing up in the work that is ready."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from childgrid_audit.workbench.web import rooms
from childgrid_audit.workbench.web.answers import Answers, page

Handler = Callable[[Request], Response]


class Reading:
    """Handlers of GET; `routes` says which address has which."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def routes(self) -> list[tuple[str, Handler]]:
        """Every address that can be read."""
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

    def entrance(self, request: Request) -> Response:
        """The entrance: a button, so that looking at the address uses nothing up."""
        code = request.query_params.get("code", "")[:64]
        return self._answers.plain("enter.html", code=code, failed=False)

    def overview(self, request: Request) -> Response:
        """How things stand."""
        return self._answers.show(request, "overview.html", "/", rooms.overview)

    def findings(self, request: Request) -> Response:
        """What verification found."""
        return self._answers.show(
            request,
            "findings.html",
            "/findings",
            lambda work: rooms.findings(work, page(request)),
        )

    def letters(self, request: Request) -> Response:
        """Findings and their deadlines."""
        now, done = int(time.time()), request.query_params.get("done", "")
        return self._answers.show(
            request,
            "letters.html",
            "/letters",
            lambda work: rooms.found(work, now, done),
        )

    def new_finding(self, request: Request) -> Response:
        """The form for a finding about a statement."""
        asked = request.query_params
        subject, topic = asked.get("subject", ""), asked.get("topic", "")
        return self._answers.show(
            request,
            "finding.html",
            "/letters",
            lambda work: rooms.new_finding(work, subject, topic),
        )

    def pattern(self, request: Request) -> Response:
        """One pattern."""
        name = request.path_params["name"]
        return self._answers.show(
            request,
            "pattern.html",
            "",
            lambda work: rooms.pattern(work, name, page(request)),
        )

    def flag(self, request: Request) -> Response:
        """One flag."""
        name = request.path_params["name"]
        return self._answers.show(
            request,
            "flag.html",
            "",
            lambda work: rooms.flag(work, name, page(request)),
        )

    def cases(self, request: Request) -> Response:
        """Ask for a case."""
        return self._answers.show(
            request, "cases.html", "/cases", lambda _: {"wrong": False}
        )

    def case(self, request: Request) -> Response:
        """What happened in a case."""
        name = request.path_params["commitment"]
        return self._answers.show(
            request, "case.html", "/cases", lambda work: rooms.case(work, name)
        )

    def statement(self, request: Request) -> Response:
        """One statement."""
        name = request.path_params["name"]
        return self._answers.show(
            request, "statement.html", "", lambda work: rooms.statement(work, name)
        )

    def people(self, request: Request) -> Response:
        """The officers of an agency."""
        member = request.query_params.get("member", "")
        return self._answers.show(
            request,
            "people.html",
            "/people",
            lambda work: rooms.people(work, member, page(request)),
        )

    def person(self, request: Request) -> Response:
        """One officer."""
        name = "{member}/{officer}".format(**request.path_params)
        return self._answers.show(
            request,
            "person.html",
            "/people",
            lambda work: rooms.person(work, name, page(request)),
        )

    def scorecards(self, request: Request) -> Response:
        """The quarters that have scorecards."""
        return self._answers.show(
            request, "quarters.html", "/scorecards", lambda _: {"to": "/scorecards"}
        )

    def scorecard(self, request: Request) -> Response:
        """The scorecards of a quarter."""
        name = request.path_params["name"]
        return self._answers.show(
            request,
            "quarter.html",
            "/scorecards",
            lambda work: rooms.quarter(work, name),
        )

    def download(self, request: Request) -> Response:
        """The same as canonical JSON: the bytes that anyone gets again."""
        name, work = request.path_params["name"], self._answers.desk.current()
        if work is None:
            return self._answers.waiting()
        found = work.quarters.get(name)
        if found is None:
            return self._answers.absent(request, "quarter in which anybody searched")
        headers = {"content-disposition": f'attachment; filename="{name}.json"'}
        return Response(found.scorecard, 200, headers, "application/json")

    def sampled(self, request: Request) -> Response:
        """The quarters that have samples."""
        return self._answers.show(
            request, "quarters.html", "/samples", lambda _: {"to": "/samples"}
        )

    def samples(self, request: Request) -> Response:
        """The samples of a quarter."""
        name = request.path_params["name"]
        return self._answers.show(
            request, "samples.html", "/samples", lambda work: rooms.samples(work, name)
        )

    def about(self, request: Request) -> Response:
        """What it can't show, and every threshold."""
        return self._answers.show(request, "about.html", "/about", rooms.about)
