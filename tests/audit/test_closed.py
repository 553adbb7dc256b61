"""Closing a log: what witnesses vouch for, what founders believe, who refuses what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cast import (
    CHILD,
    DAY,
    FOUNDERS,
    NORTH,
    POLICE,
    PRISON,
    SOUTH,
    founded,
    identity,
)
from audit.ledger import World
from audit.test_gather import case_of, gatherer, reason
from childgrid_authority.errors import ChangeRefused
from childgrid_log import lineage, names
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.errors import PleaRefused
from childgrid_log.gather import Gatherer
from childgrid_log.log import Log
from childgrid_log.note import Note
from childgrid_log.service import log_key
from childgrid_wire import canonical
from childgrid_wire.book import Book
from childgrid_wire.errors import Malformed, Reason, Untrusted
from childgrid_wire.identity import public_of
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.witness_pb2 import CosignRequest
from closings import asked, closing, heir, heired, words


def seen(world: World, leaves: int) -> None:
    """Let the police log some cases, and everybody cosign them."""
    for number in range(leaves):
        case_of(world, f"case {number}")
    world.gather(POLICE)


def book(world: World) -> Book:
    """What a founder, or anybody, knows."""
    return world.parties[POLICE].shelf.book


def plea(world: World, *without: str) -> bytes:
    """The police's request to close its log, by the words of all but some witnesses."""
    said = words(world.relay, POLICE)
    kept = [one for who, one in said.items() if one and who not in without]
    return asked(book(world), identity(POLICE), kept, world.now)


def close(world: World, *without: str) -> None:
    """The founders close the police's log, and everybody learns of it."""
    world.now += 1
    world.post(closing(book(world), plea(world, *without), FOUNDERS, world.now))
    world.now += 1


@pytest.fixture
def next_log(world: World, tmp_path: Path) -> Iterator[Log]:
    """The police's next log, made and empty."""
    own = heired(identity(POLICE))
    with Log.create(tmp_path / "next.db", names.origin(POLICE, 1), own.log_key) as log:
        yield log


def entry(world: World) -> dict[str, object]:
    """What the directory in force says of the police."""
    return book(world).latest(world.now).member(POLICE)


def test_a_log_is_closed_where_its_witnesses_saw_it_last(world: World) -> None:
    """Size and root are the witnesses', origin and key of the next the entry's."""
    old = log_key(book(world).latest(world.now), POLICE)
    assert old.name == f"{POLICE}.childgrid.internal/log"
    seen(world, 3)
    case_of(world, "nobody saw this one")

    close(world)

    first, second = lineage.generations(entry(world))
    assert first.end is not None
    assert (first.end.size, first.key) == (3, old)
    assert first.end.root == world.parties[POLICE].log.root(3)
    assert second == lineage.present(entry(world))
    assert second.origin == f"{POLICE}.childgrid.internal/log/1"
    assert second.key.name == second.origin
    assert names.generation(second.origin) == 1
    assert log_key(book(world).latest(world.now), POLICE) == second.key
    assert lineage.find(entry(world), first.origin) == first


@pytest.mark.threat("T10")
def test_a_witness_says_anew_what_it_saw_last(world: World) -> None:
    """Its line on the largest note, dated now; alone where it has seen nothing."""
    for note in words(world.relay, POLICE).values():
        assert note.startswith(f"{names.origin(POLICE)}/unseen\n0\n".encode())
        assert len(Note.parse(note).signatures) == 1
    seen(world, 1)
    seen(world, 1)
    world.now += DAY

    said = words(world.relay, POLICE)

    assert set(said) == {CHILD, PRISON, NORTH, SOUTH}
    for who, note in said.items():
        witness = world.parties[who].witness
        assert witness is not None
        log = world.parties[POLICE].log
        opened = open_checkpoint(note, log.vkey, [witness.vkey], 1, strict=True)
        assert opened.checkpoint.size == 2
        assert opened.cosigned == ((names.witness(who), world.now),)


@pytest.mark.threat("T10")
def test_no_quorum_of_words_hides_what_a_quorum_cosigned(world: World) -> None:
    """Whichever witnesses the member leaves out, one that saw the most is there."""
    seen(world, 1)
    world.away = {SOUTH}
    seen(world, 2)
    world.away = set()

    for left_out in (CHILD, PRISON, NORTH, SOUTH):
        table = closing(book(world), plea(world, left_out), FOUNDERS, world.now + 1)
        (one,) = _police(table)["closed"]
        assert one["size"] == 3
    with pytest.raises(ChangeRefused, match="2 of 3 witnesses"):
        closing(book(world), plea(world, CHILD, PRISON), FOUNDERS, world.now + 1)


def _police(directory: bytes) -> dict[str, list[dict[str, int]]]:
    body = canonical.loads(_payload(directory))
    (one,) = (one for one in body["members"] if one["id"] == POLICE)
    return dict(one)


def _payload(data: bytes) -> bytes:
    return canonical.from_b64(canonical.loads(data)["payload"])


@pytest.mark.threat("T10")
def test_founders_believe_no_request_that_was_tampered_with(world: World) -> None:
    """Another key, another's words, old words, a forged note: nothing changes."""
    seen(world, 2)
    good = canonical.loads(plea(world))
    before = book(world).directories[-1].hash
    other = canonical.to_b64(heir(identity(PRISON)).next_log_key)
    small = world.parties[POLICE].log
    forged = [one.replace("\n2\n", "\n1\n", 1) for one in good["words"]]
    tampered = [
        {**good, "log_key": other},
        {**good, "generation": 1},
        {**good, "member": PRISON},
        {**good, "words": forged},
        {**good, "words": [good["first"]] * 1},
        {**good, "words": [(small.latest_cosigned() or b"").decode()]},
        {**good, "format": "childgrid-proposal-1"},
        {name: value for name, value in good.items() if name != "signature"},
    ]
    for table in tampered:
        with pytest.raises(ChangeRefused):
            closing(book(world), canonical.dumps(table), FOUNDERS, world.now + 1)
    old = plea(world)
    with pytest.raises(ChangeRefused, match="another day"):
        closing(book(world), old, FOUNDERS, world.now + 2 * DAY)
    assert book(world).directories[-1].hash == before


def test_a_key_that_is_not_in_hand_is_not_named(world: World) -> None:
    """The next log's key signs for itself: nobody asks for one of somebody else."""
    seen(world, 1)
    table = canonical.loads(plea(world))
    stolen = {**table, "log_key": public_of(b"s" * 32)}
    del stolen["signature"]
    signed = identity(POLICE).signer.sign(
        b"childgrid/v1 succession\x00" + canonical.dumps(stolen)
    )
    stolen["signature"] = canonical.to_b64(signed)
    with pytest.raises(ChangeRefused):
        closing(book(world), canonical.dumps(stolen), FOUNDERS, world.now + 1)


@pytest.mark.threat("T10")
def test_nothing_of_a_closed_log_is_cosigned_any_more(
    world: World, next_log: Log
) -> None:
    """Whatever its size; what was cosigned stays. The next one starts at nothing."""
    seen(world, 2)
    close(world)
    witness = world.parties[CHILD].witness
    assert witness is not None
    case_of(world, "written on")
    assert reason(gatherer(world).cosigned) is Reason.LOG_BEHIND
    assert witness.size(names.origin(POLICE)) == 2

    fresh = Gatherer(next_log, POLICE, book(world), world.relay, world.clock)
    assert fresh.cosigned().size == 0
    assert witness.size(names.origin(POLICE, 1)) == 0


@pytest.mark.threat("T10")
def test_no_log_follows_one_that_no_directory_has_closed(
    world: World, next_log: Log
) -> None:
    """A node that begins its own successor finds no witness for it."""
    seen(world, 2)
    fresh = Gatherer(next_log, POLICE, book(world), world.relay, world.clock)
    assert reason(fresh.cosigned) is Reason.NO_QUORUM
    for who in (CHILD, PRISON, NORTH, SOUTH):
        witness = world.parties[who].witness
        assert witness is not None
        assert witness.size(names.origin(POLICE, 1)) == 0
        assert witness.size(names.origin(POLICE)) == 2


@pytest.mark.threat("T10")
def test_who_saw_more_than_was_closed_does_not_help_the_next_log(
    world: World, next_log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so; so no log that a quorum saw is closed at less and goes on."""
    seen(world, 1)
    world.away = {CHILD, PRISON, NORTH}
    case_of(world, "only one saw this")
    assert reason(lambda: world.gather(POLICE)) is Reason.NO_QUORUM
    world.away = set()
    close(world, SOUTH)
    assert lineage.generations(entry(world))[0].end.size == 1  # type: ignore[union-attr]

    done = Gatherer(next_log, POLICE, book(world), world.relay, world.clock).cosigned()

    assert done.silent == (SOUTH,)
    assert "closed at 1" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [],
        lambda past: [{**past[0], "size": 1}],
        lambda past: [{**past[0], "root": canonical.to_b64(bytes(32))}],
        lambda past: [{**past[0], "time": past[0]["time"] - 1}],
        lambda past: [*past, {**past[0], "time": past[0]["time"] + 1}],
        lambda past: [
            *past,
            *(
                {"size": 0, "root": canonical.to_b64(bytes(32)), "log_key": key}
                | {"time": past[0]["time"] + 1}
                for key in [public_of(heir(identity(POLICE)).next_log_key)]
            ),
        ],
    ],
)
def test_what_was_closed_stays_closed(world: World, change: object) -> None:
    """No later directory drops, alters or repeats a closing, whoever signs it."""
    seen(world, 2)
    close(world)
    last = book(world).directories[-1]
    body = {name: last[name] for name in last.body if name not in _HEADER}
    members = [
        {**one, "closed": change(one["closed"])}  # type: ignore[operator]
        if one["id"] == POLICE
        else one
        for one in body["members"]
    ]
    for one in members:
        if not one.get("closed", True):
            del one["closed"]
    body |= {"members": members, "version": last["version"] + 1, "previous": last.hash}
    with pytest.raises((Malformed, Untrusted)):
        book(world).add(founded(Kind.DIRECTORY, world.now + 60, **body))
    assert book(world).directories[-1].hash == last.hash


@pytest.mark.threat("T10")
def test_the_log_that_follows_has_one_key(world: World) -> None:
    """Another key for the same log is none that a directory may name."""
    seen(world, 2)
    close(world)
    last = book(world).directories[-1]
    body = {name: last[name] for name in last.body if name not in _HEADER}
    other = {"log_key": public_of(b"x" * 32)}
    members = [
        {**one, **(other if one["id"] == POLICE else {})} for one in body["members"]
    ]
    body |= {"members": members, "version": last["version"] + 1, "previous": last.hash}
    with pytest.raises(Malformed, match="one key"):
        book(world).add(founded(Kind.DIRECTORY, world.now + 60, **body))
    assert book(world).directories[-1].hash == last.hash


_HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")


def test_only_a_node_s_log_is_closed(world: World) -> None:
    """A station or coordinator could not go on with another: its log stays open."""
    case_of(world)
    world.gather(NORTH)
    said = [one for one in words(world.relay, NORTH).values() if one]
    request = asked(book(world), identity(NORTH), said, world.now)
    with pytest.raises(ChangeRefused, match="only a node"):
        closing(book(world), request, FOUNDERS, world.now + 1)


def test_a_witness_is_asked_for_its_word_by_the_owner_alone(world: World) -> None:
    """Its word on its own log is refused as its cosignature is."""
    servicer = world.parties[CHILD].servicer
    assert servicer is not None
    call = CosignRequest(log=CHILD)
    assert (
        reason(lambda: servicer.Cosign(call, None))  # type: ignore[arg-type]
        is Reason.WRONG_ROLE
    )


def test_a_request_of_words_alone_is_none(world: World) -> None:
    """What is no request says so; it never raises anything else."""
    from childgrid_log import plea as pleas

    view = book(world).latest(world.now)
    for data in (b"", b"{}", b"[]", b'{"format":1}', b"\xff", plea(world)[:-1]):
        with pytest.raises(PleaRefused):
            pleas.read(data, view)
