"""Who corrects a description leaves no earlier one to be signed by mistake."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from audit.browser import Answer
from childgrid_portal.web import clock, rooms, serve
from childgrid_portal.web.session import Session
from childgrid_wire import canonical
from childgrid_wire.errors import Unreachable
from childgrid_wire.kinds import Kind
from portal.hands import Hands, said, seated
from portal.stage import Stage, staged
from portal.test_kept_forms import FORM, OTHER, is_filled

RIGHT = {**FORM, "phone": "9898989898"}
ASKER = "si-rao"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The police's portal with all its rooms."""
    folder: Path = tmp_path_factory.mktemp("corrected")
    with staged(folder, rooms.ROOMS) as made:
        yield made


@pytest.fixture(autouse=True)
def _now(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: stage.grid.now + 60)
    yield
    for officer in (ASKER, "si-joshi"):
        stage.site.drawer.forget(officer)
    for officer in (ASKER, "si-joshi", "sp-nair"):
        stage.site.sessions.end(officer)


@pytest.fixture
def asker(stage: Stage) -> Hands:
    """An investigator who has described a person and stands before the signature."""
    hands = seated(stage, ASKER)
    hands.get("/ask")
    send(hands, FORM, "sign")
    return hands


def send(hands: Hands, form: dict[str, str], step: str) -> Answer:
    """Fill the form that is shown, as a browser sends it: with its hidden fields."""
    return hands.post("/ask", **{**hidden(hands), **form, "step": step})


def hidden(hands: Hands) -> dict[str, str]:
    """What the page's forms carry unseen."""
    carried = [one for one in hands.page.all("input") if one.get("type") == "hidden"]
    return {one["name"]: one["value"] for one in carried}


def change(hands: Hands) -> Answer:
    """Press "Change what you wrote"."""
    return hands.post("/ask", **{**hidden(hands), "step": "change"})


def asked(stage: Stage) -> list[str]:
    """The phone number of each query that waits for its approval."""
    journal = stage.grid.agency("police").office.journal
    secrets = [journal.secret(f"suspect:{one.hash}") for one in journal.all(Kind.QUERY)]
    return [canonical.loads(one or b"")["suspect"]["phone"][0] for one in secrets]


def test_a_corrected_description_replaces_the_one_before(
    stage: Stage, asker: Hands
) -> None:
    """The page that showed the earlier one signs nothing any more."""
    key, wrong, before = stage.passkeys[ASKER][1], asker.last, stage.state()
    change(asker)
    send(asker, RIGHT, "check")
    send(asker, {}, "sign")
    corrected = asker.last
    assert RIGHT["phone"] in said(corrected)

    asker.last = wrong
    late = asker.sign(key)

    assert late.status == 409
    assert "has been replaced by a newer one" in said(late)
    assert stage.state() == before

    asker.last = corrected
    assert asker.sign(key).status == 200
    assert asked(stage)[-1] == RIGHT["phone"]
    assert FORM["phone"] not in asked(stage)


def test_who_only_looks_and_comes_back_signs_what_was_there(
    stage: Stage, asker: Hands
) -> None:
    """The form and the check page take nothing away, and nothing stays behind."""
    shown = asker.last
    assert "If you only look and come back, this one still waits." in said(shown)
    assert is_filled(change(asker))
    send(asker, RIGHT, "check")
    send(asker, FORM, "change")

    asker.last = shown

    assert asker.sign(stage.passkeys[ASKER][1]).status == 200
    assert asked(stage)[-1] == FORM["phone"]
    assert not is_filled(asker.get("/ask"))


def test_a_correction_that_the_node_refuses_takes_nothing_away(
    stage: Stage, asker: Hands
) -> None:
    """The earlier statement waits as before."""
    shown = asker.last
    change(asker)
    refused = send(asker, {**FORM, "name": "Ram", "phone": ""}, "sign")
    assert refused.status == 422

    asker.last = shown

    assert asker.sign(stage.passkeys[ASKER][1]).status == 200


def test_a_form_found_filled_is_corrected_too(asker: Hands) -> None:
    """Who leaves the page and finds the description again has not begun anew."""
    wrong = asker.last.text.partition('action="/sign/')[2][:32]
    assert "takes the place of the statement" in said(asker.get("/ask"))
    send(asker, RIGHT, "sign")
    assert asker.get(f"/sign/{wrong}").status == 409


def test_a_correction_at_another_browser_replaces_it_too(
    stage: Stage, asker: Hands
) -> None:
    """Where the form is found filled again, as the page there says; no other draft."""
    key, wrong = stage.passkeys[ASKER][1], asker.last
    elsewhere = seated(stage, ASKER)
    assert "takes the place of the statement" in said(elsewhere.get("/ask"))
    send(elsewhere, RIGHT, "sign")
    before = stage.state()

    asker.last = wrong
    late = asker.sign(key)

    assert late.status == 409
    assert stage.state() == before
    assert elsewhere.sign(key).status == 200
    assert asked(stage)[-1] == RIGHT["phone"]


def test_a_desk_is_opened_at_two_browsers_at_once(stage: Stage, asker: Hands) -> None:
    """Nothing but a description is replaced from elsewhere."""
    login, key = stage.passkeys[ASKER]
    first, second = Hands.at(stage), Hands.at(stage)
    for hands in (first, second):
        hands.claim(ASKER)
        hands.touch(login, "/sign-in/passkey")
    assert first.sign(key).status == second.sign(key).status == 200
    assert asker.token


def test_forms_without_a_sheet_replace_nobody(stage: Stage, asker: Hands) -> None:
    """As of a page that an earlier release made; one too long is held cut."""
    drafts = stage.site.sessions.of(ASKER)[0].drafts
    for sheet in ("", "", "f" * 1_000):
        asker.get("/ask")
        form = {**hidden(asker), **OTHER, "paper": sheet, "step": "sign"}
        asker.post("/ask", **form)
    assert len(drafts) == 4
    assert all(len(name) <= 32 for one in drafts.values() for name in one.topic)


def test_a_sheet_of_another_officer_is_out_of_reach(stage: Stage, asker: Hands) -> None:
    """Whoever knows its hidden name replaces nothing and is told nothing."""
    shown, sheet = asker.last, stage.site.sessions.of(ASKER)[0].drafts
    (draft,) = sheet.values()
    other = seated(stage, "si-joshi")
    other.get("/ask")
    form = {**hidden(other), **OTHER, "paper": draft.topic[1], "step": "sign"}
    assert "signed an earlier description" not in said(other.post("/ask", **form))

    asker.last = shown

    assert asker.sign(stage.passkeys[ASKER][1]).status == 200


def test_a_correction_made_while_the_node_was_out_of_reach_stays(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The touch that did not arrive brings no earlier description back."""
    key, wrong, window = stage.passkeys[ASKER][1], asker.last, Hands(asker.browser)
    change(asker)
    window.last, asker.last = asker.last, wrong

    def away(_: bytes) -> None:
        send(window, RIGHT, "sign")
        raise Unreachable("desk")

    with monkeypatch.context() as patched:
        patched.setattr(stage.site.line, "hand_in", away)
        asker.sign(key)

    (waiting,) = stage.site.sessions.of(ASKER)[0].drafts.values()
    assert waiting.about["phone"] == [RIGHT["phone"]]
    assert window.sign(key).status == 200
    assert asked(stage)[-1] == RIGHT["phone"]


def test_another_person_on_another_sheet_replaces_nobody(
    stage: Stage, asker: Hands
) -> None:
    """Begun anew, or on a second empty form: both wait to be signed."""
    first, key = asker.last, stage.passkeys[ASKER][1]
    asker.get("/ask")
    asker.post("/ask", step="anew")
    send(asker, OTHER, "sign")
    second = asker.last

    for page in (first, second):
        asker.last = page
        assert asker.sign(key).status == 200

    assert asked(stage)[-2:] == [FORM["phone"], OTHER["phone"]]


def test_a_correction_of_what_is_signed_already_says_so(
    stage: Stage, asker: Hands
) -> None:
    """What was signed stands, whatever is signed after it: somebody must refuse it."""
    change(asker)
    form = asker.last
    send(asker, FORM, "sign")
    assert "signed an earlier description" not in said(asker.last)
    asker.sign(stage.passkeys[ASKER][1])
    query = stage.site.sessions.of(ASKER)[0].signed

    asker.last = form
    send(asker, RIGHT, "sign")

    assert "You have signed an earlier description" in said(asker.last)
    assert f"/query/{list(query)[-1]}" in asker.page.links()


def test_a_correction_of_what_is_signed_elsewhere_says_so(
    stage: Stage, asker: Hands
) -> None:
    """At another browser, where the form was found filled before."""
    elsewhere = seated(stage, ASKER)
    elsewhere.get("/ask")
    asker.sign(stage.passkeys[ASKER][1])

    send(elsewhere, RIGHT, "sign")

    assert "You have signed an earlier description" in said(elsewhere.last)


def test_who_approves_signs_beside_the_person_that_it_is_about(
    stage: Stage, asker: Hands
) -> None:
    """The statement names a hash: two windows with two queries are told apart."""
    key, names = stage.passkeys[ASKER][1], {}
    for form in (FORM, OTHER):
        if form is OTHER:
            asker.get("/ask")
            send(asker, form, "sign")
        asker.sign(key)
        names[form["name"]] = list(stage.site.sessions.of(ASKER)[0].signed)[-1]
    boss = seated(stage, "sp-nair")
    for name, query in names.items():
        boss.get(f"/query/{query}/decide")
        page = said(boss.post(f"/query/{query}/decide", decision="approve"))
        assert "What you decide on" in page
        assert query in page
        assert {one for one in names if one in page} == {name}
        assert FORM["case"] in page
    assert boss.sign(stage.passkeys["sp-nair"][1]).status == 200
    assert FORM["name"] not in repr(stage.site.sessions.of("sp-nair"))


def test_what_waits_too_long_is_forgotten_unasked(stage: Stage, asker: Hands) -> None:
    """With what its officer wrote, while the session goes on."""
    session = stage.site.sessions.of(ASKER)[0]
    assert "and is then forgotten" in said(asker.last)
    assert session.drafts
    minutes = stage.config.draft_minutes
    now = stage.site.sessions.clock()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session, "seen", now + minutes * 60)
        patched.setattr(stage.site.sessions, "clock", lambda: now + minutes * 60)
        stage.site.sessions.sweep()
    assert stage.site.sessions.of(ASKER) == [session]
    assert session.drafts == {}


def test_memory_is_swept_though_nobody_comes(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that ran out, its drafts and what was typed leave by themselves."""
    ended = threading.Event()

    def over(_: Session) -> None:
        ended.set()

    monkeypatch.setattr(stage.site.sessions, "_over", over)
    monkeypatch.setattr(
        stage.site.drawer, "clock", lambda: stage.site.sessions.clock() + 1_800
    )
    session = stage.site.sessions.of(ASKER)[0]
    session.seen -= 10_000
    assert session.drafts
    with serve.sweeping(stage.site, 0.001):
        assert ended.wait(60)
    assert not stage.site.drawer._all
    assert asker.token


def test_sweeping_goes_on_after_a_fault(
    stage: Stage, asker: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is; the log has the error's name and nothing of what it says."""
    ended, names = threading.Event(), []

    def fails() -> None:
        if names:
            ended.set()
        raise LookupError(FORM["name"])

    monkeypatch.setattr(stage.site.sessions, "sweep", fails)
    monkeypatch.setattr(serve.log, "error", lambda *_, **told: names.append(told))
    monkeypatch.setattr(
        stage.site.drawer, "clock", lambda: stage.site.sessions.clock() + 1_800
    )
    with serve.sweeping(stage.site, 0.001):
        assert ended.wait(60)
    assert names[0] == {"work": "sweep", "error": "LookupError"}
    assert not stage.site.drawer._all
    assert asker.token


def test_a_portal_is_swept_for_as_long_as_it_serves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its start to its end."""
    swept: list[bool] = []

    def wait(_: float) -> None:
        swept.append("sweep" in [one.name for one in threading.enumerate()])

    for name in ("say_in", "bind", "application", "server", "close"):
        monkeypatch.setattr(serve, name, Mock())
    monkeypatch.setattr(serve, "open_site", lambda *_: stage.site)
    monkeypatch.setattr(serve, "Ending", lambda: Mock(wait=wait))

    serve.serve(stage.config, rooms.ROOMS, lambda _: None)

    assert swept == [True]
    assert "sweep" not in [one.name for one in threading.enumerate()]
