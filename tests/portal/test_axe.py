"""The rooms in their states in a real browser: axe, a phone's width, keys alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from childgrid_portal.web import clock
from grid import Grid
from portal.scenes import Scene, ask, press, scenes, stage_grid
from portal.visits import Officer
from portal.wired import ORIGIN, Wired, wired

WIDE, PHONE = 1_280, 320
NAMES = (
    *("inbox-asker", "inbox-boss", "inbox-custodian", "ask", "ask-faults"),
    *("ask-check", "ask-kept", "queries", "queries-none", "query-waiting", "query"),
    *("decide-query", "decide-query-faults", "request-form", "request-form-faults"),
    *("request-own", "request-decide", "outcome", "profile", "silent"),
    *("silent-decide", "review", "review-faults", "finding", "budget"),
    *("lift", "lift-faults", "deputy", "deputy-faults", "deputy-named"),
    *("inbox-deputy", "directory", "health"),
)
LATER = (
    *("decide-query-faults", "lift-faults", "queries-none", "inbox-asker", "ask"),
    *("request-form", "request-own", "review", "silent", "inbox-custodian"),
    *("deputy", "deputy-named"),
)
"""Looked at in the soak alone: their parts stand in other scenes, too."""


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """See `scenes.stage_grid`."""
    return stage_grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def played(grid: Grid) -> dict[str, Scene]:
    """Every scene by its name."""
    return {one.name: one for one in scenes(grid)}


@pytest.fixture(autouse=True)
def _now(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: grid.now + 60)


@pytest.fixture(scope="module")
def seats(grid: Grid, chromium: Browser) -> Iterator[Callable[[Scene], Wired]]:
    """A browser for each officer, opened once."""
    made: dict[str, Wired] = {}
    with ExitStack() as stack:

        def seat(scene: Scene) -> Wired:
            if scene.officer not in made:
                there = wired(chromium, officer(grid, scene), WIDE)
                made[scene.officer] = stack.enter_context(there)
            return made[scene.officer]

        yield seat


def check(browser: Wired) -> None:
    """Nothing for axe, nothing beside the window, nothing from elsewhere."""
    assert browser.violations() == []
    assert browser.overflow() == 0
    assert browser.strange == []


def officer(grid: Grid, scene: Scene, language: str = "en") -> Officer:
    """Who opens a scene."""
    return Officer(grid, scene.member, scene.officer, language)


def test_every_scene_is_named(played: dict[str, Scene]) -> None:
    """So that each is looked at below."""
    assert tuple(played) == NAMES


@pytest.mark.parametrize("name", [one for one in NAMES if one not in LATER])
def test_a_room_is_open_to_everybody(
    played: dict[str, Scene], seats: Callable[[Scene], Wired], name: str
) -> None:
    """No violation of WCAG 2.2 AA; at a phone nothing is wider than the window."""
    browser = seats(played[name])
    browser.page.set_viewport_size({"width": WIDE, "height": 900})
    played[name].show(browser)
    check(browser)
    browser.page.set_viewport_size({"width": PHONE, "height": 640})
    assert browser.overflow() == 0


@pytest.mark.parametrize("name", ["ask-faults"])
def test_a_page_is_read_in_hindi_and_white_on_black(
    grid: Grid, played: dict[str, Scene], chromium: Browser, name: str
) -> None:
    """One of what the soak does with all; Devanagari comes with its own font."""
    scene = played[name]
    reader = officer(grid, scene, "hi")
    reader.look = "large contrast"
    with wired(chromium, reader, PHONE) as browser:
        scene.show(browser)
        check(browser)
        browser.page.evaluate("document.fonts.ready.then(() => 1)")
        fonts = {one for one in browser.loaded if one.endswith(".woff2")}
        assert any("devanagari" in one for one in fonts)
        assert not any("bengali" in one or "arabic" in one for one in fonts)
        browser.page.emulate_media(media="print")
        colour = "getComputedStyle(document.documentElement).backgroundColor"
        assert browser.page.evaluate(colour) == "rgb(255, 255, 255)"
        assert not browser.page.locator("nav, main form").first.is_visible()


def test_axe_and_the_wire_can_find_something(grid: Grid, chromium: Browser) -> None:
    """A page that is spoilt is found out by the checks above."""
    with wired(chromium, Officer(grid, "police", "si-rao")) as browser:
        browser.open("/ask")
        browser.page.evaluate(
            "document.querySelector('main').innerHTML = "
            "'<input><p>x</p>';"
            "document.querySelector('main p').style.minWidth = '5000px';"
        )
        assert any(one.startswith("label") for one in browser.violations())
        assert browser.overflow() > 0


def test_a_query_is_asked_by_keyboard_alone_and_without_scripts(
    grid: Grid, chromium: Browser
) -> None:
    """Tab, type, space and Enter lead from the start to the signed query."""
    asker = Officer(grid, "police", "si-joshi")
    with wired(chromium, asker, scripts=False) as browser:
        keys = browser.page.keyboard
        browser.open("/")
        _tab_to(browser, "a.skip")
        _tab_to(browser, "nav a[href='/ask']")
        with browser.page.expect_navigation():
            keys.press("Enter")
        for field, text in (
            ("#name", "Kabir Vankhede"),
            ("#relative", "Madhav Vankhede"),
            ("#case", "FIR 112/2026 PS Kotwali"),
        ):
            _tab_to(browser, field)
            keys.type(text)
        _tab_to(browser, "#purpose")
        keys.press("Space")
        _tab_to(browser, "#section")
        keys.type("BNS:143")
        _tab_to(browser, "button[value=check]")
        with browser.page.expect_navigation():
            keys.press("Enter")
        assert "No name leaves this office." in browser.page.inner_text("main")
        _tab_to(browser, "button[value=sign]")
        with browser.page.expect_navigation():
            keys.press("Enter")
        assert asker.signed
        assert "waits for approval" in browser.page.inner_text("main")


def _tab_to(browser: Wired, selector: str) -> None:
    """Press Tab until what is looked for has the focus."""
    for _ in range(60):
        browser.page.keyboard.press("Tab")
        if browser.page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} is out of reach")


def test_a_change_leads_back_to_its_field(grid: Grid, chromium: Browser) -> None:
    """What was typed stands there again, and the field is in sight."""
    asker = Officer(grid, "police", "si-rao")
    with wired(chromium, asker, PHONE) as browser:
        browser.open("/ask")
        ask()(browser)
        with browser.page.expect_navigation():
            browser.page.locator("#row-case button").click()
        assert browser.page.url == f"{ORIGIN}/ask#case"
        assert browser.page.input_value("#case") == "FIR 112/2026 PS Kotwali"
        assert "कबीर वानखेडे" in browser.page.input_value("#name")
        box = browser.page.locator("#case").bounding_box()
        assert box is not None
        assert -1 <= box["y"] < 900


def test_a_fault_s_link_leads_into_the_field(grid: Grid, chromium: Browser) -> None:
    """From the summary at the head of the page."""
    with wired(chromium, Officer(grid, "police", "si-rao")) as browser:
        browser.open("/ask")
        press("check")(browser)
        browser.page.locator("#faults a[href='#case']").click()
        browser.page.keyboard.type("FIR 112/2026 PS Kotwali")
        assert browser.page.input_value("#case") == "FIR 112/2026 PS Kotwali"
