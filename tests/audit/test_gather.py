"""Cosignatures and freshness: what a quorum must have said before anything leaves."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.cast import (
    AUDITORS,
    CHILD,
    DAY,
    HUB,
    NORTH,
    POLICE,
    PRISON,
    SOUTH,
    identity,
)
from audit.ledger import World
from childgrid_log import names
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.entry import Draft
from childgrid_log.evidence import check_evidence
from childgrid_log.gather import Cosigned, Gatherer, check_fresh
from childgrid_log.log import Log
from childgrid_log.service import MAX_BYTES, MAX_ENTRIES, LogServicer
from childgrid_wire import statement
from childgrid_wire.errors import Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.pb.log_pb2 import EntriesRequest
from childgrid_wire.pb.witness_pb2 import CosignRequest

Relay = Callable[[WitnessRequest], WitnessResponse]


def case_of(world: World, name: str = "a case") -> None:
    """Let the police log something."""
    world.say(
        name,
        POLICE,
        Kind.CASE,
        POLICE,
        case="aa" * 32,
        basis="fir",
        asker="si-rao",
        capacity="ahtu",
        sections=["BNS:143"],
    )


def gatherer(
    world: World, relay: Relay | None = None, log: Log | None = None
) -> Gatherer:
    """A gatherer for the police's log that remembers nothing."""
    party = world.parties[POLICE]
    return Gatherer(
        log or party.log, POLICE, party.shelf.book, relay or world.relay, world.clock
    )


def reason(call: Callable[[], object]) -> Reason:
    """Why a call was refused."""
    with pytest.raises(WireError) as caught:
        call()
    return caught.value.reason


def test_a_quorum_cosigns_and_the_log_keeps_the_note(world: World) -> None:
    """All witnesses but the owner and the coordinator sign; auditors then see it."""
    case_of(world)

    done = gatherer(world).cosigned(covering=0)

    assert (done.size, done.quorum, done.silent) == (1, 3, ())
    log = world.parties[POLICE].log
    assert log.latest_cosigned() == done.note
    assert LogServicer(log).latest() == done.note
    keys = [
        world.parties[one].witness.vkey  # type: ignore[union-attr]
        for one in (CHILD, PRISON, *AUDITORS)
    ]
    assert len(open_checkpoint(done.note, log.vkey, keys, 4).cosigned) == 4


def test_one_witness_may_be_away_and_is_named_two_may_not(world: World) -> None:
    """Three of four are enough; with two nothing is kept."""
    case_of(world)
    world.away = {CHILD}
    assert gatherer(world).cosigned().silent == (CHILD,)
    kept = world.parties[POLICE].log.latest_cosigned()

    world.away = {CHILD, NORTH}
    case_of(world, "another")

    assert reason(gatherer(world).cosigned) is Reason.NO_QUORUM
    assert world.parties[POLICE].log.latest_cosigned() == kept


def test_a_wrong_line_counts_as_silence(world: World) -> None:
    """A coordinator that alters a cosignature only withholds it."""
    case_of(world)

    def relay(request: WitnessRequest) -> WitnessResponse:
        response = world.relay(request)
        line = response.replies[CHILD].cosignature
        response.replies[CHILD].cosignature = line[:-9] + "AAAA" + line[-5:]
        return response

    assert gatherer(world, relay).cosigned().silent == (CHILD,)


def test_one_witness_under_many_names_counts_once(world: World) -> None:
    """A coordinator that shows one reply for everybody reaches no quorum."""
    case_of(world)

    def relay(request: WitnessRequest) -> WitnessResponse:
        honest = world.relay(request)
        response = WitnessResponse()
        for member in (CHILD, PRISON, *AUDITORS):
            response.replies[member].CopyFrom(honest.replies[NORTH])
        return response

    assert reason(gatherer(world, relay).cosigned) is Reason.NO_QUORUM
    assert world.parties[POLICE].log.latest_cosigned() is None


def test_witnesses_at_different_sizes_are_asked_again(world: World) -> None:
    """A gatherer without memory learns each witness's size and needs two rounds."""
    case_of(world)
    world.away = {CHILD}
    gatherer(world).cosigned()
    world.away = set()
    case_of(world, "another")
    rounds: list[WitnessRequest] = []

    def relay(request: WitnessRequest) -> WitnessResponse:
        rounds.append(request)
        return world.relay(request)

    fresh = gatherer(world, relay)
    done = fresh.cosigned()
    assert (done.silent, done.size, len(rounds)) == ((), 2, 2)

    case_of(world, "a third")
    fresh.cosigned()
    assert len(rounds) == 3


@pytest.mark.threat("T10")
def test_a_restored_log_finds_out_and_refuses(world: World, tmp_path: Path) -> None:
    """A log put back to an earlier state is behind its witnesses and signs in vain."""
    party = world.parties[POLICE]
    case_of(world)
    world.gather(POLICE)
    copy = tmp_path / "restored.db"
    party.log.query("PRAGMA wal_checkpoint(TRUNCATE)")
    backup(party.log, copy)
    case_of(world, "another")
    world.gather(POLICE)

    with Log.open(copy, names.origin(POLICE), identity(POLICE).log_key) as restored:
        old = gatherer(world, log=restored)
        assert reason(old.cosigned) is Reason.LOG_BEHIND


def backup(log: Log, target: Path) -> None:
    """Copy a log's file as a snapshot of its disk would."""
    path = log._database.path
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy(source, target.with_name(target.name + suffix))


@pytest.mark.threat("T10")
def test_a_forked_log_is_refused_and_leaves_evidence(
    world: World, tmp_path: Path
) -> None:
    """Two histories of one size: the witness keeps both notes, and says so."""
    case_of(world)
    world.gather(POLICE)
    backup(world.parties[POLICE].log, tmp_path / "fork.db")
    case_of(world, "one face")
    world.gather(POLICE)

    seed = identity(POLICE).log_key
    with Log.open(tmp_path / "fork.db", names.origin(POLICE), seed) as fork:
        fork.append([Draft("case", world.now, b"the other face")])
        assert reason(gatherer(world, log=fork).cosigned) is Reason.LOG_BEHIND

    (kept,) = (world.folder / NORTH / "evidence").iterdir()
    first, second = check_evidence(kept.read_bytes(), world.parties[POLICE].log.vkey)
    assert first.size == second.size == 2


def test_a_leaf_that_is_not_there_is_not_covered(world: World) -> None:
    """Nothing is said to be covered that was never logged."""
    case_of(world)
    assert reason(lambda: gatherer(world).cosigned(covering=1)) is Reason.UNKNOWN


def test_nobody_witnesses_its_own_log_or_a_stranger_s(world: World) -> None:
    """The directory says whose logs there are, and which key each has."""
    servicer = world.parties[NORTH].servicer
    assert servicer
    with pytest.raises(Refused):
        servicer.Cosign(CosignRequest(log=NORTH), None)
    with pytest.raises(Untrusted):
        servicer.Cosign(CosignRequest(log="stranger"), None)


def fresh(world: World) -> tuple[Cosigned, str]:
    """A cosigned checkpoint with freshness under a new nonce."""
    case_of(world)
    nonce = secrets.token_hex(16)
    return gatherer(world).cosigned(nonce=nonce), nonce


def stale(world: World, done: Cosigned, nonce: str, now: int | None = None) -> str:
    """What `check_fresh` refuses, or nothing."""
    try:
        check_fresh(
            done.freshness,
            world.parties[POLICE].shelf.book.standing(),
            world.now if now is None else now,
            nonce=nonce,
            quorum=done.quorum,
        )
    except Refused as error:
        assert error.reason is Reason.STALE
        return error.detail
    return ""


def test_level_with_all_witnesses_is_fresh(world: World) -> None:
    """Four statements under the nonce, and a clock within two minutes of theirs."""
    done, nonce = fresh(world)
    said = {one.issuer for one in done.freshness}
    median = done.freshness[0]["time"]

    assert said == {CHILD, PRISON, *AUDITORS}
    assert stale(world, done, nonce) == ""
    assert stale(world, done, nonce, median + 120) == ""
    assert stale(world, done, nonce, median + 121) == "clock"
    assert stale(world, done, nonce, median - 121) == "clock"


@pytest.mark.threat("T19")
def test_a_revocation_that_one_witness_knows_stops_a_release(world: World) -> None:
    """Whoever is behind any witness that answered is stale."""
    revocation = statement.make(
        Kind.REVOCATION,
        identity(CHILD).signer,
        issuer=CHILD,
        now=world.now,
        seconds=DAY,
        number=1,
        target="officer",
        member=CHILD,
        subject="cu-das",
        serial="",
        cause="left",
    )
    world.parties[SOUTH].shelf.add(revocation)

    done, nonce = fresh(world)
    assert stale(world, done, nonce) == f"revocations of {CHILD}"

    world.parties[POLICE].shelf.add(revocation)
    assert stale(world, done, nonce) == ""


def test_replies_under_another_nonce_or_counted_twice_are_not_fresh(
    world: World,
) -> None:
    """Recorded statements do not make old documents new."""
    done, nonce = fresh(world)
    twice = Cosigned(done.note, done.size, 3, (done.freshness[0],) * 3, ())
    two = Cosigned(done.note, done.size, 3, done.freshness[:2], ())

    assert stale(world, done, "00" * 16) == "nonce"
    assert stale(world, twice, nonce) == "1 of 3 witnesses answered"
    assert stale(world, two, nonce) == "2 of 3 witnesses answered"
    empty = Cosigned(done.note, done.size, 0, (), ())
    assert stale(world, empty, nonce) == "0 of 0 witnesses answered"


def test_a_recorded_freshness_statement_silences_its_witness(world: World) -> None:
    """A coordinator that replays an old statement gains nothing from it."""
    old, _ = fresh(world)
    recorded = {one.issuer: one.data for one in old.freshness}

    def relay(request: WitnessRequest) -> WitnessResponse:
        response = world.relay(request)
        for member, reply in response.replies.items():
            reply.freshness.payload = recorded[member]
        return response

    gathering = gatherer(world, relay)
    assert reason(lambda: gathering.cosigned(nonce="ab" * 16)) is Reason.NO_QUORUM


def test_the_directory_decides_how_many_witnesses_are_enough(world: World) -> None:
    """With too few eligible witnesses for its own rule, no note is cosigned at all."""
    case_of(world)
    book = world.parties[POLICE].shelf.book
    book.directories[-1].body["witnesses"]["faults"] = 2

    assert reason(gatherer(world).cosigned) is Reason.NO_QUORUM


def test_entries_come_in_pages_of_bounded_size(world: World) -> None:
    """At most 1,000 entries and about 3 MiB at once, and always at least one."""
    log = world.parties[HUB].log
    start = log.size()
    log.append([Draft("case", 0, b"x" * 2**20) for _ in range(5)])
    log.append([Draft("case", 0, b"y" * (MAX_BYTES + 1))])
    log.append([Draft("case", 0, b"z") for _ in range(MAX_ENTRIES + 1)])
    servicer = LogServicer(log)
    pages = []
    while start < log.size():
        asked = EntriesRequest(start=start, count=5_000)
        page = servicer.Entries(asked, None).entries  # type: ignore[arg-type]
        assert page[0].index == start
        pages.append(len(page))
        start += len(page)

    assert pages == [2, 2, 1, 1, MAX_ENTRIES, 1]
    past = servicer.Entries(EntriesRequest(start=start, count=9), None)  # type: ignore[arg-type]
    assert not past.entries
