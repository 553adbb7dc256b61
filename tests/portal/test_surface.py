"""The whole surface of the portal, asked by schemathesis what it never thought of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from childgrid_page.shield import HEADERS, KEPT
from childgrid_portal.web import clock, finding, openapi, reading, rooms
from childgrid_portal.web.app import WAYS
from portal.hands import Hands, seated
from portal.stage import staged
from portal.surface import Surface, faults, prepared

ROOMS = (*rooms.ROOMS, *reading.ROOMS)


@pytest.fixture(scope="module")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surface]:
    """A portal with all its rooms, a query that was answered, and a request."""
    with staged(tmp_path_factory.mktemp("surface"), ROOMS) as stage:
        yield prepared(stage, ROOMS)


@pytest.fixture(autouse=True)
def hurried(surface: Surface, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams end after one look; the portal's clock is the grid's."""
    monkeypatch.setattr(finding, "PAUSES", (0,))
    monkeypatch.setattr(clock, "now", lambda: surface.stage.grid.now + 60)


def test_every_route_is_in_the_document() -> None:
    """Each way and each room, by each of its methods."""
    paths = openapi.document(ROOMS)["paths"]
    said = {(path, method.upper()) for path, ones in paths.items() for method in ones}
    ways = {(one.path, one.method) for one in WAYS}
    assert said == ways | {(one.path, it) for one in ROOMS for it in one.methods}


@pytest.mark.threat("T28")
@pytest.mark.parametrize("officer", ["", "si-rao", "cu-police"])
def test_nothing_that_is_sent_breaks_a_page(surface: Surface, officer: str) -> None:
    """No fault, every header, no cache, no markup, no way out: whoever asks."""
    surface.sweep(officer, 2)
    if not officer:
        surface.strange(officer)
    assert surface.failures == []
    assert surface.calls > 2 * len(openapi.document(ROOMS)["paths"])
    assert surface.statuses[404 if not officer else 200] > 10


def test_a_page_with_a_fault_would_be_found(
    surface: Surface, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep sees a handler that fails, and a template that trusts what it gets."""
    hands = seated(surface.stage, "si-rao")
    assert not list(faults(hands.get("/directory")))
    monkeypatch.setattr(clock, "now", lambda: 1 // 0)
    assert list(faults(hands.get("/"))) == ["status 500"]
    hands.last.body += b"<i a="  # type: ignore[union-attr]
    assert "what was sent is markup" in faults(hands.last)  # type: ignore[arg-type]


def test_only_files_may_be_kept_by_a_browser(surface: Surface) -> None:
    """Style sheets, for an hour; under all other headers as any page."""
    answer = seated(surface.stage, "si-rao").browser.get("/static/page.css")
    assert answer.headers["cache-control"] == KEPT
    assert list(faults(answer)) == ["header cache-control"]
    assert {name.decode() for name, _ in HEADERS} <= answer.headers.keys()


def test_a_page_that_goes_on_from_another_leads_a_stranger_back(
    surface: Surface,
) -> None:
    """Typed by hand, or with a cookie that is over: no fault, and the way to begin."""
    for way in (one for one in WAYS if one.after):
        answer = Hands.at(surface.stage).browser.get(way.path)
        assert (answer.status, answer.headers["location"]) == (303, way.after)
