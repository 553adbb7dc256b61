"""Findings at the coordinator: logged, put into one mailbox, answered once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest

from childgrid_audit.config import Settings
from childgrid_audit.server import Watch
from childgrid_audit.station import Station
from childgrid_audit.store import Store
from childgrid_coordinator.app import Coordinator
from childgrid_log import names
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.witness import Witness
from childgrid_wire import envelope
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from coordinator.cast import (
    AGENCIES,
    ASKER,
    AUDITOR,
    DAY,
    HOLDERS,
    HUB,
    Json,
    b64,
)
from coordinator.world import World

YEARS = 3_660 * DAY
PERSON = f"{AUDITOR}/au-iyer"


@dataclass
class Mail:
    """A coordinator with a listed auditor, and a query to find fault with."""

    world: World
    hub: Coordinator
    query: str

    def finding(self, who: str = PERSON, **changes: Json) -> bytes:
        """What the auditor puts to the asking agency."""
        now = self.world.now
        body = {
            "topic": "hasty",
            "party": ASKER,
            "subject": self.query,
            "reply_by": now + 14 * DAY,
            "seconds": YEARS,
        }
        return self.world.said(Kind.FINDING, who, **(body | changes))

    def reply(self, finding: bytes, who: str, **changes: Json) -> bytes:
        """What an officer answers."""
        name = envelope.read(finding).hash
        body = {
            "answers": name,
            "subject": "sample",
            "pairs": 1,
            "agreed": 0,
            "result": name,
            "seconds": YEARS + DAY,
        }
        return self.world.said(Kind.REVIEW, who, **(body | changes))

    def send(self, who: str, data: bytes, *beside: bytes) -> str:
        return self.hub.verbs.relay.send(who, data, *beside)

    def boxes(self) -> dict[str, list[bytes]]:
        """Every mailbox."""
        relay = self.hub.verbs.relay
        members = (*AGENCIES, AUDITOR, HUB)
        return {m: [one.statement for one in relay.receive(m, 0, 0)] for m in members}

    def refused(self, who: str, data: bytes, *beside: bytes) -> Reason:
        """The reason of a refusal, after which nothing has changed."""
        before = self.hub.log.size(), self.boxes()
        with pytest.raises(WireError) as refusal:
            self.send(who, data, *beside)
        assert (self.hub.log.size(), self.boxes()) == before
        return refusal.value.reason


@pytest.fixture
def mail(world: World, hub: Coordinator) -> Mail:
    """See `Mail`."""
    _list(world, hub)
    given = world.submission()
    hub.verbs.search.submit(ASKER, *given.args())
    return Mail(world, hub, given.hash)


def _list(world: World, hub: Coordinator) -> None:
    """Hang up who the station's people are."""
    people = (("au-iyer", "auditor"), ("au-clerk", "agency-it"))
    officers = [
        {
            "id": name,
            "role": role,
            "unit": "audit",
            "rank": 0,
            "algorithm": "ed25519",
            "key": b64(f"{AUDITOR}/{name}"),
            "rp_id": "",
            "origins": [],
            "training": True,
            "valid_from": world.started - DAY,
            "valid_until": world.started + 30 * DAY,
        }
        for name, role in people
    ]
    body = {"version": 1, "officers": officers, "seconds": 60 * DAY}
    hub.board.publish(world.said(Kind.STAFF, AUDITOR, **body))


def test_a_finding_goes_to_its_party_alone(mail: Mail) -> None:
    """Logged once, delivered once, however often it is sent."""
    data, size = mail.finding(), mail.hub.log.size()
    for _ in range(3):
        assert mail.send(AUDITOR, data) == envelope.read(data).hash
    assert mail.hub.log.size() == size + 1
    boxes = mail.boxes()
    assert boxes.pop(ASKER) == [data]
    assert not any(boxes.values())


def test_a_finding_about_the_coordinator_is_logged(mail: Mail) -> None:
    """It has no mailbox and no officers; the leaf is there all the same."""
    size = mail.hub.log.size()
    mail.send(AUDITOR, mail.finding(party=HUB))
    assert mail.hub.log.size() == size + 1
    assert not any(mail.boxes().values())


def test_the_answer_is_logged_and_final(mail: Mail) -> None:
    """Repeating it is harmless; another one is refused; nobody gets mail of it."""
    data = mail.finding()
    mail.send(AUDITOR, data)
    size, boxes = mail.hub.log.size(), mail.boxes()
    reply = mail.reply(data, f"{ASKER}/sho")
    for _ in range(2):
        mail.send(ASKER, reply)
    assert mail.hub.log.size() == size + 1
    assert mail.boxes() == boxes
    other = mail.reply(data, f"{ASKER}/nodal", agreed=1)
    assert mail.refused(ASKER, other) is Reason.DECIDED


@pytest.mark.threat("T1", "T4")
def test_what_is_no_finding_is_refused(mail: Mail) -> None:
    """By nobody enrolled, by the wrong role, by an agency, for another, out of time."""
    now = mail.world.now
    attempts = [
        (AUDITOR, mail.finding(f"{AUDITOR}/au-nobody"), Reason.UNKNOWN_KEY),
        (AUDITOR, mail.finding(f"{AUDITOR}/au-clerk"), Reason.WRONG_ROLE),
        (ASKER, mail.finding(f"{ASKER}/sho"), Reason.WRONG_ROLE),
        (ASKER, mail.finding(), Reason.WRONG_ROLE),
        (AUDITOR, mail.finding(reply_by=now), Reason.EXPIRED),
        (AUDITOR, mail.finding(reply_by=now + 91 * DAY), Reason.EXPIRED),
        (AUDITOR, mail.finding(seconds=DAY), Reason.EXPIRED),
        (AUDITOR, mail.finding(now=now + 600), Reason.NOT_YET),
    ]
    for who, data, reason in attempts:
        assert mail.refused(who, data) is reason
    assert mail.refused(AUDITOR, mail.finding(), b"prose") is Reason.MALFORMED


@pytest.mark.threat("T4")
def test_a_station_has_no_other_mail(mail: Mail) -> None:
    """Not a `shred`, which would bind every agency, and not an answer to itself."""
    data = mail.finding()
    mail.send(AUDITOR, data)
    shred = mail.world.said(
        Kind.SHRED,
        AUDITOR,
        party=AUDITOR,
        entries=[0],
        head="ab" * 32,
        statements=[mail.query],
    )
    assert mail.refused(AUDITOR, shred) is Reason.WRONG_ROLE
    reply = mail.reply(data, PERSON)
    assert mail.refused(AUDITOR, reply) is Reason.WRONG_ROLE


@pytest.mark.threat("T4", "T5")
def test_what_is_no_answer_is_refused(mail: Mail) -> None:
    """By IT, by who did it, by another agency, to nothing, or out of form."""
    data = mail.finding()
    mail.send(AUDITOR, data)
    sho = f"{ASKER}/sho"
    holder = HOLDERS[0]
    attempts = [
        (ASKER, mail.reply(data, f"{ASKER}/clerk"), Reason.WRONG_ROLE),
        (ASKER, mail.reply(data, f"{ASKER}/io"), Reason.WRONG_ROLE),
        (holder, mail.reply(data, f"{holder}/nodal"), Reason.TARGET),
        (ASKER, mail.reply(data, sho, answers=mail.query), Reason.UNKNOWN),
        (ASKER, mail.reply(data, sho, answers=""), Reason.UNKNOWN),
        (ASKER, mail.reply(data, sho, result=mail.query), Reason.UNKNOWN),
        (ASKER, mail.reply(data, sho, pairs=2), Reason.FIELDS),
        (ASKER, mail.reply(data, sho, agreed=2), Reason.FIELDS),
        (ASKER, mail.reply(data, sho, seconds=DAY), Reason.EXPIRED),
        (
            ASKER,
            mail.reply(data, sho, now=mail.world.now - DAY, seconds=YEARS + 2 * DAY),
            Reason.EXPIRED,
        ),
    ]
    for who, reply, reason in attempts:
        assert mail.refused(who, reply) is reason


def test_nobody_answers_for_the_own_deed(mail: Mail) -> None:
    """The supervisor whose approval it is about; the other one may."""
    with mail.hub.store.read() as db:
        paper = db.exec_driver_sql(
            "SELECT data FROM statement WHERE kind = 'approval'"
        ).scalar_one()
    data = mail.finding(subject=envelope.read(paper).hash)
    mail.send(AUDITOR, data)
    own = mail.reply(data, f"{ASKER}/sho")
    assert mail.refused(ASKER, own) is Reason.OWN_REQUEST
    mail.send(ASKER, mail.reply(data, f"{ASKER}/sho2"))


def test_a_station_sends_its_findings_over_mutual_tls(world: World) -> None:
    """Logged at the station first; the watch's next round brings it to its party."""
    with world.running() as hub:
        _list(world, hub)
        station = _station(world)
        watch = Watch(station, _settings(world))
        query = world.submission()
        hub.verbs.search.submit(ASKER, *query.args())
        mail = Mail(world, hub, query.hash)
        try:
            with suppress(WireError):
                watch.round()
            data = mail.finding()
            station.log.append([draft_of(world.read(data), world.now)])
            with suppress(WireError):
                watch.round()
        finally:
            watch.stop()
            station.close()
        assert mail.boxes()[ASKER] == [data]


def _station(world: World) -> Station:
    """The auditor's station, with the documents that hang on the board."""
    own, folder = world.identities[AUDITOR], world.folder / AUDITOR
    shelf = Shelf.create(folder / "documents", world.book.root)
    for data in world.papers:
        shelf.add(data)
    log = Log.create(folder / "log.db", names.origin(AUDITOR), own.log_key)
    witness = Witness.create(
        folder / "witness.db", names.witness(AUDITOR), own.witness_key
    )
    store = Store(folder / "mirror", world.book.root)
    return Station(folder, own, shelf, log, witness, store, world.clock)


def _settings(world: World) -> Settings:
    return Settings(
        member=AUDITOR,
        state_dir=world.folder / AUDITOR,
        passphrase_file=world.folder / "passphrase",
        coordinator=HUB,
        coordinator_address=f"127.0.0.1:{world.ports[HUB]}",
        listen="127.0.0.1:0",
        refresh_seconds=3_600,
    )
