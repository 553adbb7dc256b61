"""What only the served portal can show: a stream that fills a page, a kept language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from childgrid_portal.web import reading, rooms
from childgrid_wire.kinds import Kind
from grid import CASE, KABIR
from portal.seats import sitting
from portal.stage import Stage, staged

PLACES = (*rooms.ROOMS, *reading.ROOMS)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The police's portal with all its rooms."""
    with staged(tmp_path_factory.mktemp("portal"), PLACES) as made:
        yield made


def test_news_waits_for_a_reader_and_the_head_follows_it(
    stage: Stage, chromium: Browser
) -> None:
    """What has the focus stays; once it leaves, the answers and the state are new."""
    grid = stage.grid
    query = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    with sitting(chromium, stage, "sp-nair", "Inbox") as seat:
        page = seat.page
        page.goto(f"{stage.origin}/query/{query.hash}")
        page.locator("#live", has_text="0 of 3").wait_for()
        assert "waits for approval" in page.inner_text("#state")
        page.locator("#answers .scroll").first.focus()

        grid.decide("police", "sp-khan", query.hash)
        grid.submit(query)

        page.locator("#live", has_text="There is news").wait_for(timeout=20_000)
        assert "0 of 3" in page.inner_text("#count")
        page.locator("#reload a").focus()
        page.locator("#count", has_text="3 of 3").wait_for()
        assert "waits for approval" not in page.inner_text("#state")
        assert page.locator("#unsent").count() == 0
        page.locator("#live", has_text="Every agency has answered").wait_for()


def test_what_a_colleague_has_decided_is_no_longer_offered(
    stage: Stage, chromium: Browser
) -> None:
    """The whole head is new, not its state alone; a focus in it holds it."""
    grid = stage.grid
    query = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    with sitting(chromium, stage, "sp-nair", "Inbox") as seat:
        page = seat.page
        page.goto(f"{stage.origin}/query/{query.hash}")
        page.locator("#live", has_text="0 of 3").wait_for()
        decide = page.get_by_role("link", name="Decide on this query")
        decide.focus()

        grid.decide("police", "sp-khan", query.hash)
        grid.submit(query)

        page.locator("#count", has_text="3 of 3").wait_for(timeout=20_000)
        assert decide.count() == 1
        page.locator("#reload a").focus()
        page.locator("#state", has_text="sent").wait_for()
        assert decide.count() == 0


def test_answers_come_in_by_themselves(stage: Stage, chromium: Browser) -> None:
    """Over the server's own stream, under its own headers; then the page is still."""
    grid = stage.grid
    query = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-khan", query.hash)
    with sitting(chromium, stage, "sp-nair", "Inbox") as seat:
        page = seat.page
        page.goto(f"{stage.origin}/query/{query.hash}")
        page.locator("#live", has_text="0 of 3").wait_for()

        grid.submit(query)

        page.locator("#count", has_text="3 of 3").wait_for(timeout=20_000)
        assert page.locator("#answers .cards > li").count() == 2
        assert page.locator("#live").inner_text().startswith("3 of 3")

        page.get_by_role("button", name="हिन्दी").click()
        page.locator("html[lang=hi]").wait_for()
        assert page.url == f"{stage.origin}/query/{query.hash}"
        assert "संभावित मेल" in page.inner_text("main")
        page.get_by_role("button", name="बड़ा पाठ").click()
        page.locator("html.large[lang=hi]").wait_for()
        page.goto(f"{stage.origin}/queries")
        assert page.locator("html.large[lang=hi]").count() == 1


def test_what_is_typed_outlives_a_step_back_and_a_change_of_language(
    stage: Stage, chromium: Browser
) -> None:
    """A real browser goes back and forth in its own ways; a fault has the focus."""
    with sitting(chromium, stage, "si-joshi", "Inbox") as seat:
        page = seat.page
        page.goto(f"{stage.origin}/ask")
        page.locator("#name").fill("Kabir Vankhede")
        page.get_by_role("button", name="Larger text").click()
        page.locator("html.large").wait_for()
        assert page.locator("#name").input_value() == "Kabir Vankhede"

        seat.press("Check what is sent")
        assert page.evaluate("document.activeElement.id") == "faults"
        page.locator("#case").fill(CASE)
        page.locator("#purpose").check()
        page.locator("#section").fill("143 BNS")
        seat.press("Check what is sent")
        assert seat.heading() == "Check what is sent"
        page.get_by_role("button", name="हिन्दी").click()
        page.locator("html[lang=hi] #checking").wait_for()
        page.get_by_role("button", name="English").click()
        page.locator("html[lang=en] #checking").wait_for()

        page.goto(f"{stage.origin}/directory")
        page.goto(f"{stage.origin}/ask")
        assert page.locator("#name").input_value() == "Kabir Vankhede"
        assert page.locator("#section").input_value() == "143 BNS"
