"""The workbench in a real browser: axe on every kind of page, and a phone's width.

Pages come from the application itself, under its own headers; whatever a page asks for
from elsewhere is counted and not given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page as Sheet
from playwright.sync_api import Route

from audit import test_openings as opening
from audit.browser import HOST, Answer, Browser, Page
from audit.cast import HOUR, NORTH
from audit.ledger import World
from audit.test_workbench import everywhere
from bench import year_bundle
from bench.year import live
from childgrid_audit.bundle import Folder
from childgrid_audit.workbench.desk import Desk, Exported
from childgrid_audit.workbench.web.app import application
from childgrid_audit.workbench.web.door import Door

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
_ORIGIN = f"http://{HOST}"
_WIDTHS = (320, 1_280)


@dataclass
class Look:
    """A real browser before an auditor's session; it shows what that one gets."""

    sheet: Sheet
    session: Browser
    strange: list[str] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        """Answer a request of the browser out of the application."""
        url = route.request.url
        if not url.startswith(_ORIGIN + "/"):
            self.strange.append(url)
            route.abort()
            return
        self.give(route, self.session.get(url.removeprefix(_ORIGIN)))

    def give(self, route: Route, answer: Answer) -> None:
        """Hand an answer over as it came."""
        route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)

    def open(self, path: str) -> list[str]:
        """Go to a page; what axe finds there, and what is wider than its window."""
        self.sheet.goto(_ORIGIN + path)
        return [f"{path}: {one}" for one in self.wrong()]

    def wrong(self) -> list[str]:
        """What is wrong with the page as it stands."""
        found = [
            f"{one['id']}: {node['html'][:120]}"
            for one in Axe().run(self.sheet, options=_RULES).response["violations"]
            for node in one["nodes"]
        ]
        for width in _WIDTHS:
            self.sheet.set_viewport_size({"width": width, "height": 800})
            wide = "document.documentElement.scrollWidth - window.innerWidth"
            if (over := self.sheet.evaluate(wide)) > 0:
                found.append(f"{over} points wider than a window of {width}")
        return found


def look(chromium: Chromium, session: Browser) -> Iterator[Look]:
    """A fresh browser before a session."""
    context = chromium.new_context()
    made = Look(context.new_page(), session)
    made.sheet.route("**/*", made.answer)
    yield made
    context.close()
    assert made.strange == []


@pytest.fixture(scope="module")
def year(
    chromium: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Look]:
    """A small year with every kind of flag on the desk."""
    tmp_path = tmp_path_factory.mktemp("year")
    lived = live(200)
    for path, data in year_bundle.files(lived.cast, lived.pen).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    desk = Desk(Exported(Folder(tmp_path)), lived.cast.root)
    desk.wait()
    door = Door()
    session = Browser(application(desk, door, [HOST]))
    session.post("/enter", {"code": door.new_code()})
    yield from look(chromium, session)


def test_every_kind_of_page_is_open_to_everybody(year: Look) -> None:
    """No violation of WCAG 2.2 AA; at a phone nothing is wider than the window."""
    paths = [path for path, _ in everywhere(year.session)]
    assert len(paths) > 15
    wrong = [one for path in paths for one in year.open(path)]
    assert wrong == []


def test_what_is_wrong_is_found(year: Look) -> None:
    """A page that is spoilt, by its form and by its width."""
    assert year.open("/about") == []
    year.sheet.evaluate(
        "document.querySelector('main').innerHTML = '<input><p>x</p>';"
        "document.querySelector('main p').style.minWidth = '5000px';"
    )
    wrong = year.wrong()
    assert any(one.startswith("label") for one in wrong)
    assert any("wider" in one for one in wrong)


def test_openings_are_open_to_everybody(chromium: Chromium, world: World) -> None:
    """The wish's form, the list in each of its states, and what the two read."""
    world.now += 2 * HOUR
    world.gather()
    world.mirror(NORTH)
    iyer, opener = opening.bench(world, "au-iyer")
    bose, _ = opening.bench(world, "au-bose")
    query = world.named["first query"]
    (form,) = [
        one
        for one in Page(iyer.get(f"/statements/{query.hash}").text).links()
        if one.startswith("/openings/new")
    ]
    wish = opening.sent(Page(iyer.get(form).text), "/openings/new")
    faulty = iyer.post("/openings/new", {**wish, "ground": "curiosity"})
    for seat in look(chromium, iyer):
        assert seat.open(form) == []
        assert _shown(seat, faulty) == []
        iyer.post("/openings/new", {**wish, "ground": "complaint"})
        assert seat.open("/openings") == []
    for seat in look(chromium, bose):
        assert seat.open("/openings") == []
        agreed = opening.sent(Page(bose.get("/openings").text), "/openings/agree")
        bose.post("/openings/agree", agreed)
        assert seat.open("/openings") == []
        opening.opened(world, opener)
        assert seat.open("/openings") == []
        asked = opening.sent(Page(bose.get("/openings").text), "/openings/read")
        read = bose.post("/openings/read", asked)
        assert "suspect.name 1" in Page(read.text).said()
        assert _shown(seat, read) == []


def _shown(seat: Look, answer: Answer) -> list[str]:
    """What is wrong with the page that a form was answered with."""
    here: Any = lambda route: seat.give(route, answer)  # noqa: E731
    seat.sheet.route("**/answered", here)
    return seat.open("/answered")


world = opening.world
