"""Auditors as persons: their keys, their list on the board, the findings they sign."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from audit.browser import HOST, Browser, Page
from audit.cast import (
    CHILD,
    DAY,
    HUB,
    NORTH,
    POLICE,
    SOUTH,
    person,
    quick_folder,
    staff,
)
from audit.ledger import World
from audit.test_station import certified, settings
from childgrid_audit import board, spool
from childgrid_audit.auditors import enlist, make_key, open_key
from childgrid_audit.server import Watch
from childgrid_audit.verify import Verifier
from childgrid_audit.workbench.desk import Desk, Mirrored
from childgrid_audit.workbench.letters import letters
from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web.app import application
from childgrid_audit.workbench.web.door import Door
from childgrid_wire import channel
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Reason,
    Refused,
    Unreachable,
    Untrusted,
    WireError,
)
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import (
    FetchRequest,
    FetchResponse,
    PublishRequest,
    PublishResponse,
)
from childgrid_wire.pb.coordinator_pb2_grpc import (
    BoardServiceServicer,
    add_BoardServiceServicer_to_server,
)

PASSPHRASE = b"a passphrase for tests"


@pytest.fixture
def signer(world: World, tmp_path: Path) -> SeedSigner:
    """An auditor of the northern station, listed on the board."""
    key = make_key(tmp_path / "au.key", NORTH, "au-iyer", PASSPHRASE)
    people = tmp_path / "people.toml"
    people.write_text(f'[[auditor]]\nid = "au-iyer"\nkey = "{key}"\ntraining = true\n')
    world.post(enlist(world.stations[NORTH], people))
    return open_key(tmp_path / "au.key", PASSPHRASE)


@pytest.fixture
def pen(world: World, signer: SeedSigner) -> Pen:
    """The auditor's key over the station's log."""
    station = world.stations[NORTH]
    return Pen(signer, station.shelf, station.log, world.clock)


def test_a_key_is_made_once_and_opens_with_its_passphrase(tmp_path: Path) -> None:
    """The file is locked and never overwritten."""
    path = tmp_path / "au.key"
    public = make_key(path, NORTH, "au-iyer", PASSPHRASE)
    assert open_key(path, PASSPHRASE).keyid == f"{NORTH}/au-iyer"
    before = path.read_bytes()
    with pytest.raises(ConfigurationRefused):
        make_key(path, NORTH, "au-iyer", PASSPHRASE)
    with pytest.raises(ConfigurationRefused):
        open_key(path, b"another passphrase")
    assert path.read_bytes() == before
    assert public.encode() not in before


def test_the_list_goes_up_in_version_and_every_party_takes_it(
    world: World, signer: SeedSigner, tmp_path: Path
) -> None:
    """A second list replaces the first; who is left out can't sign any more."""
    station = world.stations[NORTH]
    view = station.shelf.book.latest(world.now)
    assert view.officer(NORTH, "au-iyer").role == "auditor"
    assert view.staff[NORTH]["version"] == 1
    other = make_key(tmp_path / "other.key", NORTH, "au-khan", PASSPHRASE)
    people = tmp_path / "people.toml"
    people.write_text(
        f'[[auditor]]\nid = "au-khan"\nkey = "{other}"\ntraining = true\n'
    )
    world.post(enlist(station, people))
    pen = Pen(signer, station.shelf, station.log, world.clock)
    size = station.log.size()
    with pytest.raises(Untrusted):
        pen.find("hasty", CHILD, "ab" * 32, 14)
    assert station.log.size() == size
    assert world.parties[HUB].shelf.book.latest(world.now).staff[NORTH]["version"] == 2


def test_a_list_that_nobody_hung_up_waits_for_the_next_round(
    world: World, tmp_path: Path
) -> None:
    """The line was down: it stands on the station's shelf, so it must reach others."""
    key = make_key(tmp_path / "au.key", SOUTH, "au-iyer", PASSPHRASE)
    people = tmp_path / "people.toml"
    people.write_text(f'[[auditor]]\nid = "au-iyer"\nkey = "{key}"\n')
    station, hung = world.stations[SOUTH], list[bytes]()
    made = enlist(station, people)

    def refuse(error: WireError) -> Callable[[bytes], None]:
        def publish(_: bytes) -> None:
            raise error

        return publish

    with pytest.raises(Unreachable):
        spool.hang(station.folder, refuse(Unreachable("coordinator")))
    spool.hang(station.folder, refuse(Refused(Reason.NOT_YET, "staff")))
    spool.hang(station.folder, hung.append)
    spool.hang(station.folder, hung.append)

    assert hung == [made]
    spool.leave(station.folder, made)
    spool.hang(station.folder, refuse(Refused(Reason.OLD_VERSION, "staff")))
    spool.hang(station.folder, hung.append)
    assert hung == [made]


def test_what_is_no_document_holds_up_no_other(world: World) -> None:
    """A file that the disk has spoilt goes; the list behind it hangs all the same."""
    station, hung = world.stations[SOUTH], list[bytes]()
    made = staff(POLICE, world.now, version=2)
    spool.leave(station.folder, made)
    folder = station.folder / spool.FOLDER
    (folder / "0.dsse").write_bytes(b"{")

    def publish(document: bytes) -> None:
        if document != made:
            raise Refused(Reason.MALFORMED, "envelope")
        hung.append(document)

    spool.hang(station.folder, publish)

    assert (hung, list(folder.iterdir())) == ([made], [])


class Board(BoardServiceServicer):
    """The coordinator's board, over gRPC; it takes documents only."""

    def __init__(self, world: World) -> None:
        self.world = world

    def Publish(  # noqa: N802 - the method's name on the wire
        self,
        request: PublishRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> PublishResponse:
        """Hang it up, as the coordinator does."""
        self.world.parties[HUB].shelf.add(request.document.payload)
        return PublishResponse()

    def Fetch(  # noqa: N802 - the method's name on the wire
        self,
        request: FetchRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> FetchResponse:
        """Nothing new."""
        return FetchResponse(cursor=request.cursor)


@pytest.mark.parametrize("later", [False, True], ids=["at once", "by the witness"])
def test_the_list_is_hung_up_over_mutual_tls(tmp_path: Path, *, later: bool) -> None:
    """The station signs its list and the coordinator's board has it."""
    with quick_folder() as folder:
        world = World.found(folder, int(time.time()))
        with certified(world) as (_, own):
            key = make_key(tmp_path / "au.key", SOUTH, "au-iyer", PASSPHRASE)
            people = tmp_path / "people.toml"
            people.write_text(
                f'[[auditor]]\nid = "au-iyer"\nkey = "{key}"\ntraining = true\n'
            )
            hub, port = channel.serve(
                "127.0.0.1:0",
                own[HUB].credentials("coordinator"),
                lambda _: None,
                lambda server: add_BoardServiceServicer_to_server(Board(world), server),
            )
            station = world.stations[SOUTH]
            try:
                made = enlist(station, people)
                if later:
                    with pytest.raises(WireError):  # nobody hands out mail here
                        Watch(station, settings(station.folder, port)).round()
                else:
                    board.publish(station, settings(station.folder, port), made)
            finally:
                hub.stop(None)
            assert list((station.folder / "spool").iterdir()) == []
            view = world.parties[HUB].shelf.book.latest(int(time.time()))
            assert view.officer(SOUTH, "au-iyer").role == "auditor"
        world.close()


@pytest.mark.parametrize(
    "text",
    [
        "auditor = 1",
        '[[auditor]]\nid = "au"',
        '[[auditor]]\nid = "AU"\nkey = "x"',
        '[[auditor]]\nid = "au"\nkey = "AAAA"',
        '[[auditor]]\nid = "au"\nkey = "!"\n',
        '[[auditor]]\nid = "au"\nkey = "x"\nrole = "custodian"',
        "[[auditor]",
    ],
)
def test_a_list_that_is_wrong_is_refused(
    world: World, tmp_path: Path, text: str
) -> None:
    """Naming the setting; nothing is shelved."""
    people = tmp_path / "people.toml"
    people.write_text(text)
    station = world.stations[SOUTH]
    before = len(station.shelf.documents())
    with pytest.raises(ConfigurationRefused):
        enlist(station, people)
    assert len(station.shelf.documents()) == before


def test_a_finding_is_logged_and_its_deadline_runs(world: World, pen: Pen) -> None:
    """Waiting, then overdue; a word of another agency answers nothing."""
    query = world.ask("first", child="none")
    name = pen.find("hasty", CHILD, query.hash, 14)
    issued = world.now
    world.now += 7_200
    world.gather()
    verdict = Verifier(world.root).verify(world.bundle())
    assert verdict.holds
    (letter,) = letters(verdict.ledger, issued + 14 * DAY)
    assert (letter.hash, letter.state, letter.party) == (name, "waiting", CHILD)
    assert letter.person == f"{NORTH}/au-iyer"
    assert letters(verdict.ledger, issued + 14 * DAY + 1)[0].state == "overdue"
    said = {"answers": name, "topic": "outage", "subject": name}
    world.say("not theirs", POLICE, Kind.NOTICE, POLICE, **said)
    world.now += 7_200
    world.gather()
    (letter,) = letters(Verifier(world.root).verify(world.bundle()).ledger, world.now)
    assert (letter.reply, letter.state) == ("", "waiting")


@pytest.mark.parametrize(
    ("topic", "party", "subject", "days"),
    [
        ("hasty", CHILD, "ab" * 32, 0),
        ("hasty", CHILD, "ab" * 32, 91),
        ("hasty", "nobody", "ab" * 32, 14),
        ("hasty", CHILD, "ab", 14),
        ("Hasty!", CHILD, "ab" * 32, 14),
    ],
)
def test_a_finding_out_of_form_is_not_logged(
    pen: Pen, topic: str, party: str, subject: str, days: int
) -> None:
    """Nothing is said, and the log has not grown."""
    size = pen.log.size()
    with pytest.raises((Malformed, Refused, Untrusted)):
        pen.find(topic, party, subject, days)
    assert pen.log.size() == size


def test_only_a_listed_auditor_signs(pen: Pen) -> None:
    """Not an officer of an agency, and not somebody whom no list names."""
    size = pen.log.size()
    nobody = SeedSigner(f"{NORTH}/au-nobody", b"s" * 32)
    for signer in (nobody, person(POLICE, "si-rao")):
        other = Pen(signer, pen.shelf, pen.log, pen.clock)
        with pytest.raises((Refused, Untrusted)):
            other.find("hasty", CHILD, "ab" * 32, 14)
    assert pen.log.size() == size


def test_a_finding_is_written_in_the_browser(world: World, pen: Pen) -> None:
    """From a statement's page to the log; a fault is said on the form, unsaid else."""
    query = world.ask("first", child="none")
    world.now += 7_200
    world.gather()
    station = world.mirror(NORTH)
    door = Door()
    desk = Desk(Mirrored(station.folder / "mirror", world.root), world.root)
    desk.wait()
    browser = Browser(application(desk, door, [HOST], pen=pen))
    browser.post("/enter", {"code": door.new_code()})
    page = Page(browser.get(f"/statements/{query.hash}").text)
    form = next(one for one in page.links() if one.startswith("/letters/new"))
    fields = Page(browser.get(form).text).all("input")
    given = {one["name"]: one["value"] for one in fields}
    given |= {"topic": "sample", "party": POLICE}
    size = station.log.size()
    assert browser.post("/letters/new", {**given, "token": "x"}).status == 403
    for wrong in ({"days": "soon"}, {"days": "91"}, {"topic": "none"}, {"party": "x"}):
        answer = browser.post("/letters/new", {**given, **wrong})
        assert "Error:" in Page(answer.text).said()
    assert station.log.size() == size

    answer = browser.post("/letters/new", given)

    assert answer.status == 303
    assert station.log.size() == size + 1
    said = Page(browser.get(answer.headers["location"]).text).said()
    assert "Signed and logged" in said
    world.now += 7_200
    world.gather()
    world.mirror(NORTH)
    grown = Desk(Mirrored(station.folder / "mirror", world.root), world.root)
    grown.wait()
    again = Browser(application(grown, door, [HOST]))
    again.cookies = browser.cookies
    assert f"{NORTH}/au-iyer" in Page(again.get("/letters").text).said()
    assert again.post("/letters/new", given).status == 403
