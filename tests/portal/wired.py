"""A real Chromium wired to an officer: pages without a server, under the real headers.

What the browser asks for is answered by the rooms over the tests' grid; style sheets,
fonts and scripts are the shipped ones. Whatever else a page asks for is counted and
not given, so that a page that wants anything from elsewhere is found out.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from childgrid_page.engine import STATIC
from childgrid_page.shield import HEADERS, SCRIPTED
from childgrid_portal.web import finding
from childgrid_portal.web.site import TEMPLATES, WITH_SCRIPTS
from portal.visits import FakeVisit, Officer, Shown, heard

ORIGIN = "http://police.localhost"
_FOLDERS = (STATIC, TEMPLATES.parent / "static")
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


@dataclass
class Wired:
    """One browser page and whom it shows the rooms to."""

    page: Page
    officer: Officer
    loaded: list[str] = field(default_factory=list)
    """Paths of files that pages loaded."""

    strange: list[str] = field(default_factory=list)
    """Addresses outside that pages asked for; must stay empty."""

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(ORIGIN + path)

    def answer(self, route: Route) -> None:
        """Answer one request of the browser."""
        asked = urlsplit(route.request.url)
        if f"{asked.scheme}://{asked.netloc}" != ORIGIN:
            self.strange.append(route.request.url)
            route.abort()
        elif asked.path.startswith("/static/"):
            self._file(route, asked.path.removeprefix("/static/"))
        elif asked.path.endswith("/events"):
            body = self.events(asked.path)
            headers = {"content-type": "text/event-stream", **_headers(False)}
            route.fulfill(status=200, body=body, headers=headers)
        else:
            self._page(route, asked.path + ("?" + asked.query if asked.query else ""))

    def _file(self, route: Route, name: str) -> None:
        self.loaded.append(name)
        path = next(one / name for one in _FOLDERS if (one / name).is_file())
        kind = mimetypes.guess_type(path.name)[0] or "font/woff2"
        route.fulfill(status=200, body=path.read_bytes(), content_type=kind)

    def _page(self, route: Route, path: str) -> None:
        posted = route.request.post_data
        shown = self._shown(path, posted)
        scripted = "<script" in shown.text
        kind = {"content-type": "text/html; charset=utf-8"}
        headers = {**_headers(scripted), **kind}
        route.fulfill(status=shown.status, body=shown.text, headers=headers)

    def _shown(self, path: str, posted: str | None) -> Shown:
        if posted is None:
            shown = self.officer.get(path)
        else:
            form: dict[str, list[str]] = {}
            for name, value in parse_qsl(posted, keep_blank_values=True):
                form.setdefault(name, []).append(value)
            shown = self.officer.post(path, form)
        return self.officer.get(shown.location) if shown.location else shown

    def events(self, path: str) -> bytes:
        """The stream of a live page, looked at without a pause."""

        async def at_once(_: float) -> None:
            return None

        place, nothing = {"query": path.split("/")[2]}, self.officer.nothing
        visit = FakeVisit(self.officer, place, {}, nothing, path)
        return b"".join(heard(finding.progress(visit, at_once)))

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it stands, by rule and place."""
        found = Axe().run(self.page, options=_RULES).response["violations"]
        return [
            f"{one['id']}: {node['html'][:120]}"
            for one in found
            for node in one["nodes"]
        ]

    def overflow(self) -> int:
        """By how many points the page is wider than its window."""
        wide: int = self.page.evaluate(
            "document.documentElement.scrollWidth - window.innerWidth"
        )
        return max(wide, 0)


def _headers(scripted: bool) -> dict[str, str]:
    found = {name.decode(): value.decode() for name, value in HEADERS}
    if scripted:
        found["content-security-policy"] = SCRIPTED
    return found


@contextmanager
def wired(
    browser: Browser, officer: Officer, width: int = 1_280, *, scripts: bool = True
) -> Iterator[Wired]:
    """A fresh browser, that many points wide, for one officer."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=scripts
    )
    page = context.new_page()
    made = Wired(page, officer)
    page.route("**/*", made.answer)
    try:
        yield made
    finally:
        context.close()


def templates() -> set[str]:
    """The pages that there are: templates that are no parts of others."""
    parts = {"base.html", "bits.html"}
    names = {path.name for path in Path(TEMPLATES).glob("*.html")}
    return {n for n in names if n not in parts and "part" not in n} | set(WITH_SCRIPTS)
