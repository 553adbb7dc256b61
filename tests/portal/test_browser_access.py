"""The door's pages for everybody: axe finds nothing, a phone shows all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from childgrid_portal.web.signing import close_desk
from portal.chromium import Seat, seated
from portal.seats import BARE, sitting
from portal.stage import Stage, staged

OFFICER = "sp-nair"
TRAINING = '\ntraining = "training"\n'


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The police's portal, with a trainee on the page."""
    with staged(tmp_path_factory.mktemp("portal"), BARE, more=TRAINING) as made:
        made.enrol(OFFICER)
        made.site.training.add("si-rao", "Meera Rao", "asks")
        yield made


def faults(page: Page) -> list[str]:
    """What is wrong with a page, by axe's rules and by its width."""
    found = [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in Axe().run(page).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*found, *(["wider than the screen"] if wide else [])]


def doors(seat: Seat, stage: Stage) -> Iterator[tuple[str, Page]]:
    """Every page of the door, in the order in which officers meet them."""
    page = seat.page
    page.goto(f"{stage.origin}/sign-in")
    yield "sign-in", page
    page.locator("#officer").fill(OFFICER)
    page.locator("form[action='/sign-in'] button").first.click()
    page.wait_for_url("**/sign-in/passkey")
    yield "touch", page
    page.evaluate(
        "document.querySelector('form[data-passkey]').elements.answer.value = '{}';"
        "document.querySelector('form[data-passkey]').submit()"
    )
    page.get_by_role("alert").first.wait_for()
    yield "touch failed", page
    for path in ("/enrol", "/nothing", "/accessibility"):
        page.goto(f"{stage.origin}{path}")
        yield path, page


@pytest.mark.parametrize(
    ("language", "width", "pages"), [("en", 1200, 3), ("hi", 320, 6)]
)
def test_no_page_of_the_door_keeps_anybody_out(
    stage: Stage, chromium: Browser, language: str, width: int, pages: int
) -> None:
    """Signed out, with a fault, and not found; in both languages, desk and phone."""
    wrong = {}
    with seated(chromium) as seat:
        seat.page.set_viewport_size({"width": width, "height": 800})
        seat.context.add_cookies(
            [{"name": "language", "value": language, "url": stage.origin}]
        )
        for name, page in islice(doors(seat, stage), pages):
            assert page.locator("html").get_attribute("lang") == language
            wrong[name] = faults(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_no_page_behind_the_door_does(stage: Stage, chromium: Browser) -> None:
    """Sessions, a stale draft, a refusal, the desk, a statement; a phone, in Hindi."""
    wrong = {}
    with sitting(chromium, stage, OFFICER) as seat:
        page = seat.page
        page.set_viewport_size({"width": 320, "height": 800})
        seat.context.add_cookies(
            [{"name": "language", "value": "hi", "url": stage.origin}]
        )
        for path in ("/sessions", f"/sign/{'0' * 32}", f"/approve/{'0' * 64}"):
            page.goto(f"{stage.origin}{path}")
            wrong[path] = faults(page)
        (session, *_) = stage.site.sessions.of(OFFICER)
        close_desk(stage.site, session)
        page.goto(f"{stage.origin}/desk")
        wrong["/desk"] = faults(page)
        page.locator("form[action='/desk'] button").click()
        page.locator("#hash").wait_for()
        wrong["sign"] = faults(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_the_keyboard_alone_signs_in(stage: Stage, chromium: Browser) -> None:
    """Tab and Enter, from the first page to the open desk."""
    with seated(chromium) as seat:
        for key in stage.passkeys[OFFICER]:
            seat.hold(key)
        page = seat.page
        page.goto(f"{stage.origin}/sign-in")
        page.locator("#officer").focus()
        page.keyboard.type(OFFICER)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        for name in ("Touch the passkey", "Sign with the passkey"):
            tab_to(page, name)
            with page.expect_navigation():
                page.keyboard.press("Enter")
            page.locator("h1").wait_for()
        assert seat.heading() == "Your desk is open"


def tab_to(page: Page, name: str) -> None:
    """Press Tab until a button has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == name:
            return
    raise AssertionError(f"no Tab leads to {name}")
