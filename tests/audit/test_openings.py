"""Openings among the logs and at the workbench: judged again, named, and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.browser import HOST, Browser, Page
from audit.cast import CHILD, DAY, HOUR, HUB, NORTH, POLICE, SOUTH, person
from audit.ledger import World
from childgrid_audit.auditors import enlist
from childgrid_audit.letterbox import Letterbox, Mail
from childgrid_audit.verify import Verdict, Verifier
from childgrid_audit.workbench.desk import Desk, Mirrored
from childgrid_audit.workbench.opener import Opener
from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web.app import application
from childgrid_audit.workbench.web.door import Door
from childgrid_wire import canonical, openings, seal
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

ALL = (HUB, POLICE, NORTH, SOUTH)
KEPT = {"kind": "query", "kept": {"suspect": {"name": ["<b>Kabir"]}}}


@pytest.fixture
def world(world: World, tmp_path: Any) -> World:
    """A grid with two auditors in the north and one in the south, and a search."""
    for member, names in ((NORTH, ("au-iyer", "au-bose")), (SOUTH, ("au-khan",))):
        people = tmp_path / f"{member}.toml"
        people.write_text(
            "".join(
                f'[[auditor]]\nid = "{one}"\ntraining = true\n'
                f'key = "{canonical.to_b64(person(member, one).public)}"\n'
                for one in names
            )
        )
        world.post(enlist(world.stations[member], people))
    world.ask("first", child="none")
    return world


def wish(world: World, *logs: str, **changes: Any) -> Statement:
    """An auditor of the north asks the police what the search was about."""
    body = {
        "party": POLICE,
        "subject": world.named["first query"].hash,
        "ground": "complaint",
        "recipient_key": canonical.to_b64(bytes(31) + b"1"),
        "officer": "au-iyer",
        "hours": 72,
        **changes,
    }
    return world.say("wish", NORTH, Kind.OPENING, NORTH, *logs, **body)


def word(world: World, *logs: str, **changes: Any) -> Statement:
    """The auditor of the south agrees."""
    body = {
        "answers": world.named["wish"].hash,
        "subject": "opening",
        "side": "requester",
        "slot": "opening",
        "fields": [],
        "policy": "",
        "recipient_key": canonical.to_b64(bytes(31) + b"2"),
        "officer": "au-khan",
        "hours": 24,
        **changes,
    }
    return world.say("word", body.pop("member", SOUTH), Kind.APPROVAL, *logs, **body)


def told(world: World, *logs: str, **changes: Any) -> Statement:
    """The police open it."""
    view = world.parties[HUB].shelf.book.latest(world.now)
    opening = world.named["wish"]
    body = {
        "answers": opening.hash,
        "opening": opening.hash,
        "agreement": world.named["word"].hash,
        "subject": opening["subject"],
        "ciphertext": "c1" * 32,
        "directory": view.directory.hash,
        "staff": {one: view.staff[one].hash for one in (NORTH, SOUTH)},
        **changes,
    }
    return world.say("told", body.pop("member", POLICE), Kind.OPENED, *logs, **body)


def judged(world: World, seconds: int = 5 * DAY) -> Verdict:
    """What the northern station's reconciler says, when time has passed."""
    world.now += seconds
    world.ask(f"at {world.now}", child="none")
    world.now += 2 * HOUR
    world.gather()
    return Verifier(world.root).verify(world.bundle())


def named(verdict: Verdict) -> list[tuple[str, str]]:
    """Who is named for what kind of statement, and how it begins."""
    return sorted(
        (one.party, " ".join(one.what.split()[:3])) for one in verdict.findings
    )


def test_an_opening_stands_where_it_must(world: World) -> None:
    """At the stations, the coordinator and the keeper; nothing to name."""
    wish(world, HUB, POLICE, SOUTH)
    word(world, SOUTH, HUB, POLICE, NORTH)
    told(world, POLICE, HUB, NORTH, SOUTH)
    verdict = judged(world)
    assert verdict.findings == verdict.notes == ()


def test_a_wish_that_nobody_answers_is_no_fault(world: World) -> None:
    """Neither one that the second auditor left alone, nor one that was declined."""
    opening = wish(world, HUB, POLICE, SOUTH)
    world.say(
        "no",
        POLICE,
        Kind.REFUSAL,
        *(POLICE, HUB, NORTH),
        answers=opening.hash,
        subject="opening",
        reason="expired",
    )
    verdict = judged(world)
    assert verdict.findings == verdict.notes == ()


@pytest.mark.threat("T1", "T26")
def test_a_wish_that_somebody_drops(world: World) -> None:
    """The coordinator that never carried it, the keeper that never logged it."""
    wish(world)
    assert named(judged(world)) == [(HUB, "is missing; audit-north")]


def test_a_keeper_that_leaves_a_wish_out(world: World) -> None:
    """It has gone on for days; mail that nobody refuses was delivered."""
    wish(world, HUB, SOUTH)
    assert named(judged(world)) == [(POLICE, "is missing; audit-north")]


@pytest.mark.threat("T26")
def test_what_was_opened_and_left_out(world: World) -> None:
    """By the coordinator, or by the station that got it."""
    wish(world, HUB, POLICE, SOUTH)
    word(world, SOUTH, HUB, POLICE, NORTH)
    told(world, POLICE, NORTH)
    assert named(judged(world)) == [
        (SOUTH, "is missing; police-a"),
        (HUB, "is missing; police-a"),
    ]


@pytest.mark.threat("T26", "T4")
@pytest.mark.parametrize(
    ("second", "answer", "why"),
    [
        ({"member": NORTH, "officer": "au-iyer"}, {}, "own-request"),
        ({"member": POLICE, "officer": "sp-nair"}, {}, "wrong-role"),
        ({"fields": ["name"]}, {}, "wrong-role"),
        ({}, {"agreement": "ab" * 32}, "not-approved"),
        ({}, {"subject": "ab" * 32}, "not-approved"),
        ({}, {"member": CHILD}, "target"),
    ],
)
def test_what_was_opened_without_two_words(
    world: World, second: dict[str, Any], answer: dict[str, Any], why: str
) -> None:
    """Whoever opened on less is named, whatever all logs agree on."""
    wish(world, *ALL)
    word(world, SOUTH, HUB, POLICE, NORTH, **second)
    told(world, *ALL, CHILD, **answer)
    keeper = answer.get("member", POLICE)
    found = [
        one.what
        for one in judged(world).findings
        if one.party == keeper and "opened" in one.event
    ]
    assert any(one.startswith(f"was not allowed: {why}") for one in found), found


def test_a_second_answer_to_one_opening(world: World) -> None:
    """One opening is opened once."""
    wish(world, HUB, POLICE, SOUTH)
    word(world, SOUTH, HUB, POLICE, NORTH)
    told(world, POLICE, HUB, NORTH, SOUTH)
    told(world, POLICE, HUB, NORTH, SOUTH, ciphertext="c2" * 32)
    assert named(judged(world)) == [(POLICE, "is a second")]


def bench(world: World, who: str) -> tuple[Browser, Opener]:
    """An auditor's browser at the northern workbench, and the pen behind it."""
    station = world.stations[NORTH]
    signer = person(NORTH, who)
    pen = Pen(signer, station.shelf, station.log, world.clock, station.folder)
    door = Door()
    desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root)
    desk.wait()
    browser = Browser(application(desk, door, [HOST], pen=pen))
    browser.post("/enter", {"code": door.new_code()})
    return browser, Opener(pen)


def sent(page: Page, action: str) -> dict[str, str]:
    """The fields of the page's form."""
    assert action in [one.get("action") for one in page.all("form")]
    return {one["name"]: one["value"] for one in page.all("input") if "name" in one}


def opened(world: World, opener: Opener) -> None:
    """The police's answer, sealed to both, reaches the station by mail."""
    (found,) = opener.all()
    assert found.agreement is not None
    content = b"".join(
        seal.seal(
            canonical.dumps({**KEPT, "of": found.said["subject"]}),
            canonical.from_b64(said["recipient_key"]),
            openings.binding(found.said, said),
        )
        for said in (found.said, found.agreement)
    )
    world.named |= {"wish": found.said, "word": found.agreement}
    view = world.parties[HUB].shelf.book.latest(world.now)
    said = told(
        world,
        *(POLICE, HUB),
        ciphertext=seal.digest(content),
        staff={NORTH: view.staff[NORTH].hash},
    )
    assert Letterbox(world.stations[NORTH]).take([Mail(1, said.data, content)]) == 1


def taken_back(world: World) -> None:
    """The police say afterwards that they open nothing."""
    said = world.say(
        "no",
        POLICE,
        Kind.REFUSAL,
        POLICE,
        answers=world.named["wish"].hash,
        subject="opening",
        reason="unknown",
    )
    assert Letterbox(world.stations[NORTH]).take([Mail(2, said.data, b"")]) == 1


@pytest.mark.threat("T26")
def test_two_people_open_at_their_browsers(world: World) -> None:
    """Asked from a statement's page, agreed to in the list, read by the two alone.

    That the keeper takes it back afterwards changes nothing.
    """
    query = world.named["first query"]
    world.now += 2 * HOUR
    world.gather()
    world.mirror(NORTH)
    iyer, opener = bench(world, "au-iyer")
    bose, _ = bench(world, "au-bose")
    page = Page(iyer.get(f"/statements/{query.hash}").text)
    form = next(one for one in page.links() if one.startswith("/openings/new"))
    given = sent(Page(iyer.get(form).text), "/openings/new")
    assert given["party"] == POLICE
    size = opener.pen.log.size()
    assert iyer.post("/openings/new", {**given, "token": "x"}).status == 403
    answer = iyer.post("/openings/new", {**given, "ground": "curiosity"})
    assert "Error:" in Page(answer.text).said()
    assert opener.pen.log.size() == size

    answer = iyer.post("/openings/new", {**given, "ground": "complaint"})
    assert answer.status == 303
    assert "Signed and logged" in Page(iyer.get(answer.headers["location"]).text).said()
    own = Page(iyer.get("/openings").text)
    assert "/openings/agree" not in [one.get("action") for one in own.all("form")]
    word_ = sent(Page(bose.get("/openings").text), "/openings/agree")
    assert bose.post("/openings/agree", word_).status == 303
    again = bose.post("/openings/agree", word_)
    assert "Error:" in Page(again.text).said()
    assert [one.state(world.now) for one in opener.all()] == ["agreed"]

    opened(world, opener)
    taken_back(world)
    for browser in (iyer, bose):
        ask = sent(Page(browser.get("/openings").text), "/openings/read")
        html = browser.post("/openings/read", ask).text
        assert "suspect.name 1" in Page(html).said()
        assert "&lt;b&gt;Kabir" in html
    kinds = [one.kind for one in _own(world)]
    assert kinds.count(Kind.VIEW) == 2
    third, _ = bench(world, "au-iyer")
    third_page = third.post("/openings/read", {**ask, "token": "x"})
    assert third_page.status == 403


def _own(world: World) -> list[Statement]:
    from childgrid_wire import envelope, statement

    log = world.stations[NORTH].log
    every = (log.opening(index) for index in range(log.size()))
    return [statement.parse(envelope.read(one[1])) for one in every if one]


def test_a_station_without_a_pen_signs_nothing(world: World, tmp_path: Path) -> None:
    """The list is shown from the verified logs; every form is shut."""
    wish(world, HUB, POLICE, SOUTH)
    world.now += 2 * HOUR
    world.gather()
    station = world.mirror(NORTH)
    door = Door()
    desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root)
    desk.wait()
    browser = Browser(application(desk, door, [HOST]))
    browser.post("/enter", {"code": door.new_code()})
    page = Page(browser.get("/openings").text)
    assert f"{NORTH}/au-iyer" in page.said()
    assert [one.get("action") for one in page.all("form")] == ["/leave"]
    token = next(one["value"] for one in page.all("input") if one["name"] == "token")
    for action in ("new", "agree", "read"):
        given = {"token": token, "opening": world.named["wish"].hash}
        assert browser.post(f"/openings/{action}", given).status == 403
