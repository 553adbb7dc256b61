"""The workbench in a browser: who may look, what the pages say, how they are made."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.browser import HOST, Browser, Page
from audit.cast import CHILD, NORTH, policy
from audit.ledger import World
from audit.tamper import Ground
from bench import year_bundle
from bench.year import Year, live
from childgrid_audit.bundle import Folder
from childgrid_audit.errors import MirrorInUse
from childgrid_audit.workbench.desk import LOOK_SECONDS, Desk, Exported, Mirrored
from childgrid_audit.workbench.patterns import MISSING, PATTERNS
from childgrid_audit.workbench.quarter import Quarter
from childgrid_audit.workbench.scorecard import scorecard
from childgrid_audit.workbench.web import peer, serve
from childgrid_audit.workbench.web.answers import MOST_BYTES
from childgrid_audit.workbench.web.app import application
from childgrid_audit.workbench.web.door import (
    CODE_SECONDS,
    COOKIE,
    IDLE_SECONDS,
    SESSION_SECONDS,
    Door,
)
from childgrid_wire.errors import ConfigurationRefused


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def year() -> Year:
    """A small year."""
    return live(200)


@pytest.fixture(scope="module")
def desk(year: Year, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Its bundle on the desk."""
    folder = tmp_path_factory.mktemp("year")
    for path, data in year_bundle.files(year.cast, year.pen).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    made = Desk(Exported(Folder(folder)), year.cast.root)
    made.wait()
    return made


@pytest.fixture
def door() -> Door:
    """A door with a clock of its own."""
    return Door(Clock())


@pytest.fixture
def outside(desk: Desk, door: Door) -> Browser:
    """A browser that has not been let in."""
    return Browser(application(desk, door, [HOST]))


@pytest.fixture
def browser(outside: Browser, door: Door) -> Browser:
    """A browser that has."""
    outside.post("/enter", {"code": door.new_code()})
    return outside


def token(browser: Browser) -> str:
    """The token of the forms of this session."""
    fields = Page(browser.get("/").text).all("input")
    return next(one["value"] for one in fields if one["name"] == "token")


PAGES = ("/", "/cases", "/people", "/scorecards", "/samples", "/findings", "/about")


def everywhere(browser: Browser) -> Iterator[tuple[str, Page]]:
    """Every kind of page once: the sections, and the first link of each kind."""
    seen: set[str] = set()
    waiting = list(PAGES)
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"[0-9a-f]{12,64}", "#", path)
        kind = re.sub(r"/people/[^?]*", "/people/#", kind)
        kind = re.sub(r"\d{4}-Q[1-4]", "#", kind)
        if kind in seen or path.startswith("#"):
            continue
        seen.add(kind)
        answer = browser.get(path)
        assert answer.status == 200, path
        if "html" in answer.headers["content-type"]:
            page = Page(answer.text)
            waiting += page.links()
            yield path, page


@pytest.mark.parametrize("path", [*PAGES, "/scorecards/2027-Q1/json", "/nothing"])
def test_without_a_session_nothing_is_shown(outside: Browser, path: str) -> None:
    """Whoever was not let in learns nothing, not even which pages there are."""
    answer = outside.get(path)
    assert answer.status == 403
    assert "Searches" not in answer.text
    assert "police" not in answer.text


def test_a_code_lets_one_browser_in_once(outside: Browser, door: Door) -> None:
    """Looking at the address uses nothing up; pressing the button does."""
    code = door.new_code()
    assert outside.get(f"/enter?code={code}").status == 200
    assert outside.get("/").status == 403

    answer = outside.post("/enter", {"code": code})

    assert (answer.status, answer.headers["location"]) == (303, "/")
    made = answer.headers["set-cookie"].lower()
    assert "httponly" in made
    assert "samesite=strict" in made
    assert outside.get("/").status == 200
    second = Browser(outside.app)
    assert second.post("/enter", {"code": code}).status == 403
    assert second.get("/").status == 403


def test_a_wrong_an_old_and_a_replaced_code_open_nothing(outside: Browser) -> None:
    """Nor does an empty one, before any was made."""
    clock = Clock()
    door = Door(clock)
    assert door.enter("") == ""
    old = door.new_code()
    new = door.new_code()
    assert door.enter(old) == ""
    assert door.enter(new + "x") == ""
    clock.now += CODE_SECONDS
    assert door.enter(new) == ""
    assert outside.post("/enter", {"code": ""}).status == 403
    assert outside.get("/").status == 403


def test_a_session_ends_when_idle_when_old_and_when_left() -> None:
    """An hour without a page, twelve hours in all, or on demand."""
    clock = Clock()
    door = Door(clock)
    idle = door.enter(door.new_code())
    clock.now += IDLE_SECONDS - 1
    assert door.session(idle)
    clock.now += IDLE_SECONDS
    assert door.session(idle) is None
    busy = door.enter(door.new_code())
    for _ in range(SESSION_SECONDS // 1_800 - 1):
        clock.now += 1_800
        assert door.session(busy)
    clock.now += 1_800
    assert door.session(busy) is None
    left = door.enter(door.new_code())
    door.leave(left)
    assert door.session(left) is None


def test_leaving_needs_the_forms_own_token(browser: Browser) -> None:
    """A form without it changes nothing; with it, the cookie is worth nothing."""
    kept = dict(browser.cookies)
    assert browser.post("/leave", {"token": "x"}).status == 403
    assert browser.get("/").status == 200
    assert browser.post("/leave", {"token": token(browser)}).status == 303
    browser.cookies = kept
    assert browser.get("/").status == 403


def test_another_host_name_gets_nothing(browser: Browser) -> None:
    """A foreign name that leads to this machine is refused, session or not."""
    for host in ("evil.example", "evil.example:7430", "audit-north.localhost", ""):
        assert browser.get("/", host=host).status == 403
    assert browser.get("/").status == 200


def test_a_form_from_elsewhere_is_refused(browser: Browser, door: Door) -> None:
    """By origin and by what the browser says of the site; nothing has changed."""
    forms = [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ]
    for headers in forms:
        answer = browser.post("/leave", {"token": token(browser)}, **headers)
        assert answer.status == 403
    assert door.session(browser.cookies[COOKIE])


def test_another_users_connection_is_refused(desk: Desk, door: Door) -> None:
    """Whoever else on this machine has a stolen cookie gets nothing with it."""
    mine = Browser(application(desk, door, [HOST], lambda _: True))
    mine.post("/enter", {"code": door.new_code()})
    theirs = Browser(application(desk, door, [HOST], lambda _: False))
    theirs.cookies = mine.cookies
    assert mine.get("/").status == 200
    assert theirs.get("/").status == 403


def test_the_kernel_says_whose_connection_it_is() -> None:
    """A real connection on loopback is this user's; one that isn't there nobody's."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as server:
            try:
                server.bind((host, 0))
            except OSError:
                continue
            server.listen()
            with socket.create_connection(server.getsockname()[:2]) as client:
                ends = client.getsockname()[:2], server.getsockname()[:2]
                assert peer.user_of(*ends) == Path("/proc/self").stat().st_uid
                other = (ends[0][0], 1)
                assert peer.user_of(other, ends[1]) == peer.NOBODY
                scope = {"client": ends[0], "server": ends[1]}
                assert serve.is_mine(scope)
                assert not serve.is_mine({**scope, "client": other})
    assert not serve.is_mine({"client": None, "server": None})


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:7430", "10.0.0.1:7430", "[::]:7430", "example.org:7430", "7430", "::1"],
)
def test_it_listens_on_loopback_only(listen: str) -> None:
    """Any other address is refused before anything is read."""
    with pytest.raises(ConfigurationRefused):
        serve.loopback(listen)
    assert serve.loopback("127.0.0.1:0") == ("127.0.0.1", 0)
    assert serve.loopback("[::1]:7430") == ("::1", 7430)


def test_a_port_that_cannot_be_had_says_what_to_do() -> None:
    """The setting, the port, why, and what else to name; nothing is left open."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationRefused) as refusal:
            serve._bind("127.0.0.1", port)
    told = str(refusal.value)
    assert f"--listen: port {port} can't be had (Address already in use)" in told
    assert "name another, or 0" in told


def test_every_answer_forbids_caches_frames_and_scripts(browser: Browser) -> None:
    """Pages, refusals, downloads and the style sheet alike."""
    paths = ["/", "/nothing", "/static/page.css", "/scorecards/2027-Q1/json"]
    answers = [browser.get(path) for path in paths]
    answers.append(browser.get("/", host="evil.example"))
    for answer in answers:
        headers = answer.headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "script" not in policy


def test_pages_are_sound_html_and_readable_without_their_look(
    browser: Browser,
) -> None:
    """A title, one heading, labels, captions, unique ids; no script and no style."""
    kinds = 0
    for path, page in everywhere(browser):
        kinds += 1
        names = [name for name, _ in page.tags]
        ids = [one["id"] for _, one in page.tags if "id" in one]
        assert page.all("html")[0]["lang"] == "en", path
        assert names.count("title") == names.count("h1") == names.count("main") == 1
        assert len(ids) == len(set(ids)), path
        assert names.count("table") == names.count("caption"), path
        assert "script" not in names
        assert not [one for _, one in page.tags if "style" in one], path
        assert not [k for _, one in page.tags for k in one if k.startswith("on")]
        labelled = {one["for"] for one in page.all("label")}
        for field in page.all("input") + page.all("select"):
            assert field.get("type") == "hidden" or field["id"] in labelled, path
        for drawing in page.all("svg"):
            assert drawing["aria-hidden"] == "true"
        assert all(link.startswith(("/", "#")) for link in page.links()), path
    assert kinds >= 14


def test_no_page_is_heavier_than_a_slow_line_bears(browser: Browser) -> None:
    """Under 100 kB each."""
    for path, _ in everywhere(browser):
        assert len(browser.get(path).body) < 100_000, path


def test_the_overview_counts_what_the_year_holds(browser: Browser, desk: Desk) -> None:
    """Searches and flags; every pattern is listed, also with none."""
    said = Page(browser.get("/").text).said()
    work = desk.current()
    assert "Verified: nothing found" in said
    assert f"Searches {len(work.book.searches)}" in said
    for one in PATTERNS.values():
        assert f"{one.title} {len(work.flagged(one.name))}" in said


def test_every_flag_leads_to_its_statements(browser: Browser, desk: Desk) -> None:
    """Who, how much, and a link for each statement."""
    for name, flag in desk.current().flags.items():
        page = Page(browser.get(f"/flags/{name}").text)
        assert flag.who in page.said()
        for event in flag.events[:50]:
            assert f"/statements/{event}" in page.links()


def test_a_case_answers_without_a_name(browser: Browser, desk: Desk) -> None:
    """Yes with its story, or no as far as the logs reach."""
    case, searches = max(desk.current().cases.items(), key=lambda one: len(one[1]))
    form = {"token": token(browser), "commitment": f" {case.upper()} "}
    answer = browser.post("/cases", form)
    assert answer.headers["location"] == f"/cases/{case}"
    said = Page(browser.get(f"/cases/{case}").text).said()
    assert f"Yes: {len(searches)} search" in said
    assert searches[0].person in said
    none = Page(browser.get(f"/cases/{'0' * 64}").text).said()
    assert "No search was made in this case" in none


def test_what_is_typed_for_a_case_is_not_given_back(browser: Browser) -> None:
    """A case number, or anything else that isn't a commitment, stays nowhere."""
    form = {"token": token(browser), "commitment": "FIR 12/2027 <script>"}
    answer = browser.post("/cases", form)
    assert answer.status == 200
    assert "Error: Enter the 64" in Page(answer.text).said()
    assert "FIR 12" not in answer.text
    long = {"token": token(browser), "commitment": "a" * MOST_BYTES}
    assert browser.post("/cases", long).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/cases/<script>alert(1)</script>",
        "/statements/" + "0" * 64,
        "/people/police-north/<b>x</b>",
        "/patterns/nothing",
        "/flags/nothing",
        "/scorecards/2020-Q1",
        "/scorecards/2020-Q1/json",
        "/samples/..%2f..",
        "/nothing/at/all",
        "/findings?page=<script>",
    ],
)
def test_what_is_not_there_is_said_without_an_echo(browser: Browser, path: str) -> None:
    """404, and nothing of the address on the page."""
    answer = browser.get(path)
    assert answer.status == 404
    assert "<script" not in answer.text
    assert "<b>" not in answer.text


def test_a_scorecard_is_downloaded_as_the_bytes_of_the_engine(
    browser: Browser, desk: Desk
) -> None:
    """What the page shows is what the download says."""
    answer = browser.get("/scorecards/2027-Q2/json")
    expected = scorecard(desk.current().ledger, Quarter(2027, 2))
    assert answer.body == expected
    assert "attachment" in answer.headers["content-disposition"]
    said = Page(browser.get("/scorecards/2027-Q2").text).said()
    for member, sides in json.loads(expected)["agencies"].items():
        if sides["holder"]["asked"]:
            assert f"{member} {sides['holder']['asked']}" in said


def test_it_says_what_no_statement_can_show(browser: Browser) -> None:
    """An empty page must not read as if nothing of the kind had happened."""
    said = Page(browser.get("/about").text).said()
    assert all(" ".join(one.split()) in said for one in MISSING)


def test_faults_stand_at_the_top_of_every_page(ground: Ground, tmp_path: Path) -> None:
    """A bundle with an altered byte is shown, with what verification says of it."""
    for path, data in ground.files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    victim = tmp_path / "logs/child-b/entries/00000000.jsonl"
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    door = Door()
    desk = Desk(Exported(Folder(tmp_path)), ground.root)
    desk.wait()
    browser = Browser(application(desk, door, [HOST]))
    browser.post("/enter", {"code": door.new_code()})
    for path in PAGES:
        assert "Verification found" in Page(browser.get(path).text).said()
    said = Page(browser.get("/findings").text).said()
    assert "is not what was exported" in said


def test_a_mirror_that_grows_is_verified_again_in_the_background(world: World) -> None:
    """New checkpoints are seen, the old state is shown meanwhile, a writer is borne."""
    world.gather()
    station = world.mirror(NORTH)
    clock = Clock()
    desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root, clock)
    desk.wait()
    first = desk.current()
    assert first is not None
    assert first.findings == []
    assert not first.book.searches
    world.post(policy(CHILD, world.now, version=2))
    world.ask("first", child="hit")
    world.now += 7_200
    world.gather()
    world.mirror(NORTH)
    assert desk.current() is first
    clock.now += LOOK_SECONDS
    with station.store.locked():
        assert desk.current() is first
        desk.wait()
        assert desk.current() is first
    clock.now += LOOK_SECONDS
    desk.current()
    desk.wait()
    second = desk.current()
    assert second is not None
    assert len(second.book.searches) == 1
    assert second.findings == []
    with station.store.locked(), pytest.raises(MirrorInUse):
        Mirrored(station.folder / "mirror", world.root).files()


def test_until_the_logs_are_verified_nothing_of_them_is_shown(world: World) -> None:
    """The pages say so; a mirror that is being written is tried again later."""
    world.gather()
    station = world.mirror(NORTH)
    clock, door = Clock(), Door()
    with station.store.locked():
        desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root, clock)
        desk.wait()
        browser = Browser(application(desk, door, [HOST]))
        browser.post("/enter", {"code": door.new_code()})
        for path in ("/", "/people", "/scorecards/2027-Q1/json"):
            answer = browser.get(path)
            assert answer.status == 503
            assert "being verified" in answer.text
            assert "police" not in answer.text
    clock.now += LOOK_SECONDS
    assert browser.get("/").status == 503
    desk.wait()
    assert browser.get("/").status == 200


def test_what_was_shredded_is_said_to_be_missing(world: World) -> None:
    """A case that left no readable trace is not said to be free of searches."""
    world.gather()
    world.shredded_story()
    station = world.mirror(NORTH)
    desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root)
    desk.wait()
    door = Door()
    browser = Browser(application(desk, door, [HOST]))
    browser.post("/enter", {"code": door.new_code()})
    said = Page(browser.get(f"/cases/{'0' * 64}").text).said()
    assert "No search was made" in said
    assert "2 entries of these logs have been shredded since" in said
    assert "Entries shredded 2" in Page(browser.get("/").text).said()
    quarter = Page(browser.get("/scorecards").text).links()
    path = next(one for one in quarter if one.startswith("/scorecards/"))
    assert "2 entries have been shredded" in Page(browser.get(path).text).said()
