"""Openings at the coordinator: logged, brought to who must know, judged before."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest

from childgrid_audit.letterbox import Letterbox
from childgrid_audit.opened import gathered, of_log
from childgrid_audit.server import Watch
from childgrid_coordinator.app import Coordinator
from childgrid_log.leaves import draft_of
from childgrid_wire import envelope, seal
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from coordinator.cast import AGENCIES, ASKER, AUDITOR, DAY, HOLDERS, HUB, Json, b64
from coordinator.test_finding import _settings, _station
from coordinator.world import World

IYER, BOSE, CLERK = (f"{AUDITOR}/au-{name}" for name in ("iyer", "bose", "clerk"))
CONTENT = b"sealed to both"


@dataclass
class Mail:
    """A coordinator with two listed auditors, and a query of the asker's."""

    world: World
    hub: Coordinator
    query: str

    def opening(self, who: str = IYER, **changes: Json) -> bytes:
        """What an auditor asks."""
        body = {
            "party": ASKER,
            "subject": self.query,
            "ground": "complaint",
            "recipient_key": b64("the first reader"),
            "seconds": 2 * DAY,
        }
        return self.world.said(Kind.OPENING, who, **(body | changes))

    def agreement(self, opening: bytes, who: str = BOSE, **changes: Json) -> bytes:
        """What a second person says."""
        body = {
            "answers": envelope.read(opening).hash,
            "subject": "opening",
            "side": "requester",
            "slot": "opening",
            "fields": [],
            "policy": "",
            "recipient_key": b64("the second reader"),
            "seconds": DAY,
        }
        return self.world.said(Kind.APPROVAL, who, **(body | changes))

    def opened(
        self, opening: bytes, second: bytes, who: str = ASKER, **changes: Json
    ) -> bytes:
        """What the keeper says."""
        view = self.hub.board.view()
        body = {
            "answers": envelope.read(opening).hash,
            "opening": envelope.read(opening).hash,
            "agreement": envelope.read(second).hash,
            "subject": self.query,
            "ciphertext": seal.digest(CONTENT),
            "directory": view.directory.hash,
            "staff": {AUDITOR: view.staff[AUDITOR].hash},
            "seconds": 30 * DAY,
        }
        return self.world.said(Kind.OPENED, who, **(body | changes))

    def refusal(self, opening: bytes, who: str = ASKER) -> bytes:
        """What a keeper says who does not open."""
        name = envelope.read(opening).hash
        body = {"answers": name, "subject": "opening", "reason": "unknown"}
        return self.world.said(Kind.REFUSAL, who, seconds=DAY, **body)

    def send(self, who: str, data: bytes, *beside: bytes) -> str:
        return self.hub.verbs.relay.send(who, data, *beside)

    def boxes(self) -> dict[str, list[bytes]]:
        """Every mailbox with something in it."""
        relay = self.hub.verbs.relay
        members = (*AGENCIES, AUDITOR, HUB)
        held = {m: [one.statement for one in relay.receive(m, 0, 0)] for m in members}
        return {member: mail for member, mail in held.items() if mail}

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
    return begun(world, hub)


def begun(world: World, hub: Coordinator) -> Mail:
    """List the auditors and submit a query."""
    roles = {IYER: "auditor", BOSE: "auditor", CLERK: "agency-it"}
    officers = [
        {
            "id": name.partition("/")[2],
            "role": role,
            "unit": "audit",
            "rank": 0,
            "algorithm": "ed25519",
            "key": b64(name),
            "rp_id": "",
            "origins": [],
            "training": True,
            "valid_from": world.started - DAY,
            "valid_until": world.started + 30 * DAY,
        }
        for name, role in roles.items()
    ]
    body = {"version": 1, "officers": officers, "seconds": 60 * DAY}
    hub.board.publish(world.said(Kind.STAFF, AUDITOR, **body))
    given = world.submission()
    hub.verbs.search.submit(ASKER, *given.args())
    return Mail(world, hub, given.hash)


def test_from_the_wish_to_what_was_opened(mail: Mail) -> None:
    """Each is logged once and reaches the keeper, or the station with its content."""
    wish = mail.opening()
    word = mail.agreement(wish)
    told = mail.opened(wish, word)
    size = mail.hub.log.size()
    for _ in range(2):
        mail.send(AUDITOR, wish)
        mail.send(AUDITOR, word)
        mail.send(ASKER, told, CONTENT)
    assert mail.hub.log.size() == size + 3
    assert mail.boxes() == {ASKER: [wish, word], AUDITOR: [told]}
    (item,) = mail.hub.verbs.relay.receive(AUDITOR, 0, 0)
    assert item.content == CONTENT
    mail.world.clock.advance(8 * DAY)
    mail.hub.verbs.relay.expire()
    (item,) = mail.hub.verbs.relay.receive(AUDITOR, 0, 0)
    assert (item.statement, item.content) == (told, b"")


def test_what_was_opened_in_time_may_come_late(mail: Mail) -> None:
    """The coordinator was away; the keeper has logged it and handed it over."""
    wish = mail.opening()
    word = mail.agreement(wish)
    mail.send(AUDITOR, wish)
    mail.send(AUDITOR, word)
    told = mail.opened(wish, word)
    mail.world.clock.advance(3 * DAY)
    mail.send(ASKER, told, CONTENT)
    assert mail.boxes()[AUDITOR] == [told]


def test_a_keeper_that_does_not_open_says_so(mail: Mail) -> None:
    """To the station that asked; only the keeper itself."""
    wish = mail.opening()
    mail.send(AUDITOR, wish)
    assert mail.refused(HOLDERS[0], mail.refusal(wish, HOLDERS[0])) is Reason.WRONG_ROLE
    said = mail.refusal(wish)
    mail.send(ASKER, said)
    assert mail.boxes()[AUDITOR] == [said]


@pytest.mark.threat("T26")
def test_what_is_no_wish_is_refused(mail: Mail) -> None:
    """By an agency, by a clerk, by nobody listed, too long, to no agency."""
    attempts = [
        (ASKER, mail.opening(f"{ASKER}/sho"), Reason.WRONG_ROLE),
        (AUDITOR, mail.opening(CLERK), Reason.WRONG_ROLE),
        (AUDITOR, mail.opening(f"{AUDITOR}/au-nobody"), Reason.UNKNOWN_KEY),
        (AUDITOR, mail.opening(seconds=4 * DAY), Reason.EXPIRED),
        (AUDITOR, mail.opening(party=HUB), Reason.TARGET),
    ]
    for who, data, reason in attempts:
        assert mail.refused(who, data) is reason
    assert mail.refused(AUDITOR, mail.opening(), CONTENT) is Reason.MALFORMED


@pytest.mark.threat("T26")
def test_what_is_no_second_word_is_refused(mail: Mail) -> None:
    """The same person's, a clerk's, an officer's, to nothing, or after another one."""
    wish = mail.opening()
    assert mail.refused(AUDITOR, mail.agreement(wish)) is Reason.UNKNOWN
    mail.send(AUDITOR, wish)
    attempts = [
        (AUDITOR, mail.agreement(wish, IYER), Reason.OWN_REQUEST),
        (AUDITOR, mail.agreement(wish, CLERK), Reason.WRONG_ROLE),
        (ASKER, mail.agreement(wish, f"{ASKER}/sho"), Reason.WRONG_ROLE),
        (AUDITOR, mail.agreement(wish, answers=mail.query), Reason.UNKNOWN),
    ]
    for who, data, reason in attempts:
        assert mail.refused(who, data) is reason
    mail.send(AUDITOR, mail.agreement(wish))
    assert mail.refused(AUDITOR, mail.agreement(wish)) is Reason.DECIDED


@pytest.mark.threat("T26", "T4")
def test_nothing_is_brought_that_was_not_agreed(mail: Mail) -> None:
    """On one word, on another's, by another agency, or with other content."""
    wish = mail.opening()
    word = mail.agreement(wish)
    mail.send(AUDITOR, wish)
    told = mail.opened(wish, word)
    assert mail.refused(ASKER, told, CONTENT) is Reason.NOT_APPROVED
    mail.send(AUDITOR, word)
    holder = HOLDERS[0]
    assert mail.refused(ASKER, told) is Reason.MALFORMED
    assert mail.refused(ASKER, told, b"another") is Reason.MALFORMED
    other = mail.opened(wish, word, holder)
    assert mail.refused(holder, other, CONTENT) is Reason.WRONG_ROLE
    for changes in ({"subject": "ab" * 32}, {"agreement": "ab" * 32}, {"staff": {}}):
        data = mail.opened(wish, word, ASKER, **changes)
        assert mail.refused(ASKER, data, CONTENT) is Reason.NOT_APPROVED
    assert AUDITOR not in mail.boxes()


def test_a_station_sends_its_wish_and_gets_the_answer_over_mutual_tls(
    world: World,
) -> None:
    """One round brings the wish to the keeper, a later one the keeper's word home."""
    with world.running() as hub:
        mail = begun(world, hub)
        station = _station(world)
        watch = Watch(station, _settings(world))
        data = mail.opening()
        station.log.append([draft_of(world.read(data), world.now)])
        try:
            with suppress(WireError):
                watch.round()
            assert mail.boxes() == {ASKER: [data]}
            mail.send(ASKER, mail.refusal(data))
            # Nobody else witnesses here, so the round itself may end in a refusal.
            watch._collect()
            (found,) = gathered(said for _, said in of_log(station.log))
            assert found.state(world.now) == "declined"
            assert Letterbox(station).cursor == 1
            watch._collect()
            assert len(list(of_log(station.log))) == 2
        finally:
            watch.stop()
            station.close()
