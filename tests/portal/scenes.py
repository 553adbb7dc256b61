"""Every room in its states: who opens what, and what they then do there.

One case is played as far as each page needs it, over real nodes; the scenes are then
opened in a browser, in whatever language and width a test wants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from glass import broken, glass_grid
from grid import CASE, KABIR, Grid
from portal.visits import Officer
from portal.wired import Wired
from test_findings import IT, enrolled, put

Act = Callable[[Wired], None]


@dataclass(frozen=True)
class Scene:
    """One state of one page."""

    name: str
    member: str
    officer: str
    path: str
    act: Act = lambda _: None

    def show(self, browser: Wired) -> None:
        """Bring the browser there; what its address calls done was signed there."""
        _, _, done = self.path.partition("done=")
        browser.officer.signed += [done] * bool(done)
        browser.open(self.path)
        self.act(browser)


def press(text: str | None = None, nth: int = -1) -> Act:
    """Press the form's last button, or the one that is named."""

    def act(browser: Wired) -> None:
        main = browser.page.locator("main form")
        button = main.locator("button").nth(nth)
        if text is not None:
            button = main.locator(f'button[value="{text}"]').last
        with browser.page.expect_navigation():
            button.click()

    return act


def ask(step: str = "check", **changes: str) -> Act:
    """Fill in the form for a query and press its button."""
    typed = {
        "name": "Kabir Vankhede @ Kallu\nकबीर वानखेडे\nকবীর\nکبیر",
        "birth_date": "17-03-1984",
        "phone": "9812345670\n12345",
        "case": CASE,
        "section": "BNS:143",
        **changes,
    }

    def act(browser: Wired) -> None:
        for name, text in typed.items():
            browser.page.locator(f"#{name}").fill(text)
        browser.page.locator("#purpose").check()
        press(step)(browser)

    return act


def kept(browser: Wired) -> None:
    """Fill in the form, go on, and come back to it."""
    ask()(browser)
    browser.open("/ask")


def stage_grid(folder: Path) -> Grid:
    """A grid on which glass may be broken, with an auditor and agency IT."""
    return enrolled(glass_grid(folder, "customs"))


def scenes(grid: Grid) -> list[Scene]:
    """Play the case, then name every page in every state that it can be in."""
    waiting = _asked(grid)
    asked = grid.ask(KABIR)
    links = Officer(grid, "police", "si-rao").get(f"/query/{asked.hash}").page.links()
    (form,) = [one for one in links if "/request/customs/" in one]
    open_ = grid.request(asked, "customs", ["name", "phone", "note"])
    grid.carry()
    given = grid.request(grid.ask(KABIR), "prisons", ["name"])
    grid.carry()
    grid.decide("prisons", "pr-singh", given.hash)
    grid.settle()
    glass = broken(grid)
    finding = put(grid, asked.hash)
    budget = _lifted(grid)
    _named(grid)
    own, boss, there = ("police", "si-rao"), ("police", "sp-nair"), "cu-mehta"
    return [
        Scene("inbox-asker", *own, "/"),
        Scene("inbox-boss", *boss, f"/?done={asked.hash}"),
        Scene("inbox-custodian", "customs", there, "/"),
        Scene("ask", *own, "/ask"),
        Scene("ask-faults", *own, "/ask", press("check")),
        Scene("ask-check", *own, "/ask", ask()),
        Scene("ask-kept", *own, "/ask", kept),
        Scene("queries", *own, "/queries"),
        Scene("queries-none", *own, "/queries?state=refused"),
        Scene("query-waiting", *own, f"/query/{waiting.hash}"),
        Scene("query", *own, f"/query/{asked.hash}"),
        Scene("decide-query", *boss, f"/query/{waiting.hash}/decide"),
        Scene("decide-query-faults", *boss, f"/query/{waiting.hash}/decide", press()),
        Scene("request-form", *own, form),
        Scene("request-form-faults", *own, form, press()),
        Scene("request-own", *own, f"/request/{open_.hash}"),
        Scene("request-decide", "customs", there, f"/request/{open_.hash}"),
        Scene("outcome", *own, f"/request/{given.hash}/outcome"),
        Scene("profile", *own, f"/profile/{given['query']}"),
        Scene("silent", "childcare", "cc-das", "/silent"),
        Scene("silent-decide", "childcare", "cc-das", f"/silent/{asked.hash}"),
        Scene("review", *boss, f"/review/{glass.hash}"),
        Scene("review-faults", *boss, f"/review/{glass.hash}", press()),
        Scene("finding", "police", "sp-khan", f"/finding/{finding.hash}"),
        Scene("budget", "customs", there, f"/budget/{budget}"),
        Scene("lift", *boss, "/lift"),
        Scene("lift-faults", *boss, "/lift", press()),
        Scene("deputy", "police", "sp-khan", "/deputy"),
        Scene("deputy-faults", "police", "sp-khan", "/deputy", press("name")),
        Scene("deputy-named", *boss, "/deputy"),
        Scene("inbox-deputy", "police", "sp-khan", "/"),
        Scene("directory", *own, "/directory"),
        Scene("health", "police", IT, "/health"),
    ]


def _asked(grid: Grid) -> Statement:
    """A query that waits for its approval."""
    payload = grid.draft({**KABIR, "state": ["Maharashtra"]})
    return grid.sign("police", "si-rao", Kind.QUERY, payload)


def _named(grid: Grid) -> None:
    """The boss is away, and a colleague looks after what waits."""
    boss = Officer(grid, "police", "sp-nair")
    wish = {"step": "name", "delegate": "sp-khan", "days": "7", "when": "away"}
    boss.post("/deputy", wish)


def _lifted(grid: Grid) -> str:
    boss = Officer(grid, "police", "sp-nair")
    wish = {"scope": "officer", "officer": "si-rao", "queries": "200", "hours": "24"}
    boss.post("/lift", wish)
    grid.carry()
    return boss.signed[0]
