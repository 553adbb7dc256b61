"""What an officer typed is there again until it is signed, for that officer alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.datastructures import FormData

from audit.browser import Answer
from childgrid_portal.web import clock, rooms
from childgrid_portal.web.config import PortalConfig
from childgrid_portal.web.drawer import KEPT_SECONDS, MOST_FORMS, MOST_SIGNS, Drawer
from childgrid_portal.web.session import Pending
from childgrid_wire.errors import Reason, Refused, Unreachable
from childgrid_wire.kinds import Kind
from grid import CASE
from portal.hands import Hands, said, seated
from portal.stage import Stage, staged

FORM = {
    "name": "Kabir Vankhede",
    "phone": "9812345670",
    "case": CASE,
    "purpose": "investigation",
    "section": "BNS:143",
    "hours": "24",
}
OTHER = {**FORM, "name": "Imran Qureshi", "phone": "9822211133"}
TYPED = 'name="phone" rows="2"'


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The police's portal with all its rooms."""
    folder: Path = tmp_path_factory.mktemp("kept")
    with staged(folder, rooms.ROOMS) as made:
        yield made


@pytest.fixture(autouse=True)
def _now(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: stage.grid.now + 60)
    yield
    for officer in ("si-rao", "si-joshi"):
        stage.site.drawer.forget(officer)
        stage.site.sessions.end(officer)


@pytest.fixture
def asker(stage: Stage) -> Hands:
    """An investigator at the open desk, before the form."""
    hands = seated(stage, "si-rao")
    hands.get("/ask")
    return hands


def idle(stage: Stage) -> None:
    """Everybody's session runs out."""
    for one in stage.site.sessions._all.values():
        one.seen -= 10_000
    stage.site.sessions.sweep()


def is_filled(answer: Answer | None, name: str = FORM["name"]) -> bool:
    """Whether a page is the form with this person in it."""
    return answer is not None and TYPED in answer.text and name in answer.text


def test_a_form_of_a_session_that_ran_out_is_there_after_signing_in(
    stage: Stage, asker: Hands
) -> None:
    """The page says that the session ended, and leads back to what was typed."""
    idle(stage)
    late = asker.post("/ask", **FORM, step="check")
    assert late.status == 403
    assert "The session has ended" in said(late)
    assert "is not lost" in said(late)
    assert "/sign-in" in asker.page.links()
    assert FORM["name"] not in late.text

    login, signing = stage.passkeys["si-rao"]
    asker.claim("si-rao")
    asker.touch(login, "/sign-in/passkey")
    asker.sign(signing)

    assert is_filled(asker.last)
    assert "You typed this before" in said(asker.last)


@pytest.mark.threat("T28")
def test_another_officer_at_that_browser_is_not_shown_it(
    stage: Stage, asker: Hands
) -> None:
    """They are led to an empty form."""
    idle(stage)
    asker.post("/ask", **FORM, step="check")
    login, signing = stage.enrol("si-joshi")
    asker.claim("si-joshi")
    asker.touch(login, "/sign-in/passkey")
    asker.sign(signing)
    assert not is_filled(asker.last)
    assert not is_filled(asker.get("/ask"))


def test_a_form_that_nobody_knows_is_said_to_be_lost(
    stage: Stage, asker: Hands
) -> None:
    """After a sign-out, or of a portal that was started anew since."""
    page = asker.last
    asker.post("/sign-out")
    asker.last = page
    late = asker.post("/ask", **FORM, step="check")
    assert "lost, if anything was" in said(late)
    assert stage.site.drawer.latest("si-rao") is None
    asker.browser.cookies.clear()
    asker.last = page
    assert "The session has ended" in said(asker.post("/ask", **FORM))


def test_a_form_from_before_signing_in_anew_is_kept(stage: Stage, asker: Hands) -> None:
    """Another window has signed in meanwhile: the old one's form goes on there."""
    page = asker.last
    idle(stage)
    again = seated(stage, "si-rao")
    again.last = page
    late = again.post("/ask", **FORM, step="check")
    assert "/ask" in again.page.links()
    assert "is not lost" in said(late)
    assert is_filled(again.get("/ask"))


def test_a_step_back_or_aside_finds_the_form_filled(asker: Hands) -> None:
    """From the check page, and from anywhere else, until it is begun anew."""
    asker.post("/ask", **FORM, step="check")
    asker.get("/")
    assert is_filled(asker.get("/ask"))

    asker.post("/ask", step="anew")

    assert TYPED in asker.last.text
    assert not is_filled(asker.last)
    assert "You typed this before" not in said(asker.last)


def test_the_page_that_signs_leads_back_to_the_description(asker: Hands) -> None:
    """And shows it, so that two windows with two persons can be told apart."""
    asker.post("/ask", **FORM, step="sign")
    first = asker.last
    asker.get("/ask")
    asker.post("/ask", **OTHER, step="sign")
    assert OTHER["name"] in said(asker.last)
    assert FORM["name"] not in asker.last.text
    assert OTHER["name"] not in asker.last.text.split("</title>")[0]

    asker.last = first
    hidden = asker.page.all("input")
    form = {one["name"]: one["value"] for one in hidden if one["type"] == "hidden"}
    assert is_filled(asker.post("/ask", **{**form, "step": "change"}))


def test_two_windows_with_two_persons_both_sign(stage: Stage, asker: Hands) -> None:
    """What is signed is no longer kept; what the other window holds is."""
    key = stage.passkeys["si-rao"][1]
    asker.post("/ask", **FORM, step="sign")
    first = asker.last
    asker.get("/ask")
    asker.post("/ask", **OTHER, step="sign")
    second = asker.last

    asker.last = first
    assert asker.sign(key).status == 200
    assert FORM["name"] in said(asker.last)
    assert is_filled(asker.get("/ask"), OTHER["name"])
    asker.last = second
    assert asker.sign(key).status == 200
    assert not is_filled(asker.get("/ask"), OTHER["name"])


def test_a_change_of_language_takes_the_form_along(asker: Hands) -> None:
    """From the form, from the check page and from one with faults."""
    for step, more in (("change", {}), ("check", {}), ("check", {"case": ""})):
        asker.browser.cookies["language"] = "en"
        asker.get("/ask")
        token = asker.token
        form = {**FORM, **more, "back": "/ask", "again": step, "language": "hi"}
        sent = asker.browser.post("/display", {"token": token, **form})
        assert sent.status == 307
        assert sent.headers["location"] == "/ask"

        page = asker.browser.post("/ask", {"token": token, **form})

        assert '<html lang="hi"' in page.text
        assert FORM["name"] in page.text
        assert (page.status == 422) == bool(more)
        assert 'formaction="/display"' in page.text


def test_only_a_page_of_this_site_is_sent_a_form_again(asker: Hands) -> None:
    """Any other address gets no form."""
    form = {"token": asker.token, "back": "https://evil", "again": "change"}
    sent = asker.browser.post("/display", {**form, "language": "hi"})
    assert (sent.status, sent.headers["location"]) == (303, "/")


def test_a_node_that_is_away_loses_nothing(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says what is kept and leads back to it."""
    with monkeypatch.context() as patched:
        patched.setattr(stage.site.line, "read", _away)
        page = asker.post("/ask", **FORM, step="check")
        assert page.status == 503
        assert "What you typed is kept" in said(page)
        assert "/ask" in asker.page.links()
        assert "Nothing is lost" not in said(page)
    assert is_filled(asker.get("/ask"))


def test_what_is_not_kept_is_not_said_to_be(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form that is too long, or of another page."""
    monkeypatch.setattr(stage.site.line, "read", _away)
    long = {**FORM, "address": "x" * MOST_SIGNS}
    assert "is not kept" in said(asker.post("/ask", **long, step="check"))


def test_a_desk_that_has_closed_keeps_the_form(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk is opened again and the form stands there filled."""
    with monkeypatch.context() as patched:
        patched.setattr(stage.site.line, "read", _over)
        asker.post("/ask", **FORM, step="check")
    assert "Your desk is closed" in said(asker.last)
    assert "is kept meanwhile" in said(asker.last)
    asker.post("/desk")
    asker.sign(stage.passkeys["si-rao"][1])
    assert is_filled(asker.last)


def test_signing_out_forgets_it(stage: Stage, asker: Hands) -> None:
    """At once."""
    asker.post("/ask", **FORM, step="check")
    asker.post("/sign-out")
    assert stage.site.drawer.latest("si-rao") is None


@pytest.mark.threat("T28")
def test_signing_out_too_late_forgets_it_too(stage: Stage, asker: Hands) -> None:
    """The session had run out: what was typed is offered to nobody."""
    asker.post("/ask", **FORM, step="check")
    idle(stage)

    asker.post("/sign-out")

    assert stage.site.drawer.latest("si-rao") is None
    assert "is not lost" not in said(asker.last)


@pytest.mark.threat("T28")
def test_a_late_form_of_an_officer_who_is_gone_is_not_kept(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agency IT has forgotten the officer meanwhile."""
    asker.post("/ask", **FORM, step="check")
    idle(stage)
    monkeypatch.setattr(stage.site.accounts, "officer", lambda _: None)

    asker.post("/ask", **FORM, step="check")

    assert stage.site.drawer.latest("si-rao") is None


def test_a_draft_tells_nothing_of_what_was_typed() -> None:
    """Wherever it is printed."""
    draft = Pending(
        "id", (), Kind.QUERY, b"Kabir", "/", 0.0, 0, {"name": ["Kabir Vankhede"]}
    )

    assert "Kabir" not in repr(draft)


def test_what_was_signed_is_said_of_nothing_else(stage: Stage, asker: Hands) -> None:
    """An address alone makes no page say that something was signed."""
    asker.get("/?done=" + "ab" * 32)
    assert "Signed and logged" not in said(asker.last)
    asker.get("/ask")
    asker.post("/ask", **FORM, step="sign")
    asker.sign(stage.passkeys["si-rao"][1])
    name = next(iter(stage.site.sessions.of("si-rao")[0].signed), "")
    signed = list(stage.site.sessions.of("si-rao")[0].signed)[-1]
    assert name != signed
    assert "Signed and logged" in said(asker.get(f"/?done={signed}"))


def test_a_justification_is_kept_too() -> None:
    """Its form shares the mechanism."""
    kept = [one.path for one in rooms.ROOMS if one.keeps]
    assert kept == ["/ask", "/query/{query}/request/{holder}/{handle}"]


def test_what_is_kept_goes_by_itself_and_is_not_much() -> None:
    """After half an hour; the oldest of too many; nothing that is too long."""
    now = [0.0]
    drawer = Drawer(lambda: now[0])
    form = FormData([("name", "Kabir"), ("token", "t"), ("aadhaar", "1")])
    for number in range(MOST_FORMS + 1):
        drawer.put("si-rao", f"/{number}", form, ("name",))
    assert drawer.find("si-rao", "/0") is None
    found = drawer.find("si-rao", "/1")
    assert found is not None
    assert found.pairs() == [("name", "Kabir")]
    assert "Kabir" not in repr(found)
    assert drawer.find("sp-nair", "/1") is None
    long = FormData([("name", "x" * MOST_SIGNS)])
    assert drawer.put("si-rao", "/1", long, ("name",)) is None
    now[0] += KEPT_SECONDS
    assert drawer.latest("si-rao") is None
    assert drawer._all == {}
    assert KEPT_SECONDS == 30 * 60, "the pages say half an hour"


def test_a_form_says_for_how_long_it_is_kept_at_most(asker: Hands) -> None:
    """A statement may wait longer than that, and holds what it was made from."""
    longest = PortalConfig.model_fields["draft_minutes"].metadata
    assert any(getattr(one, "le", 0) * 60 > KEPT_SECONDS for one in longest)
    kept = "for half an hour or for as long as its statement waits to be signed"
    assert kept in said(asker.get("/ask"))


def test_nothing_typed_is_in_an_address(asker: Hands) -> None:
    """Wherever a kept form leads."""
    asker.post("/ask", **FORM, step="sign")
    pages = [asker.last, asker.get("/ask"), asker.get("/sign/" + "ab" * 16)]
    for page in pages:
        assert urlencode({"": FORM["name"]})[1:] not in page.text


def test_a_node_that_is_away_is_told_soon(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory, with which a form begins, is not waited for like a profile."""
    waited: list[float] = []

    def call(_: object, __: object, seconds: float) -> None:
        waited.append(seconds)
        raise Unreachable("unavailable")

    monkeypatch.setattr("childgrid_portal.line.channel.call", call)
    for object_ in ("directory", "profile"):
        with pytest.raises(Unreachable):
            stage.site.line.read("sitting", object_)
    assert waited == [15.0, 60.0]


def _away(*_: object, **__: object) -> None:
    raise Unreachable("unavailable")


def _over(*_: object, **__: object) -> None:
    raise Refused(Reason.EXPIRED)
