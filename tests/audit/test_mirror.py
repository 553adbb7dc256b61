"""Mirroring: what a station takes over, and what it refuses without losing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from audit.cast import (
    AGENCIES,
    AUDITORS,
    CHILD,
    DAY,
    FOUNDERS,
    HUB,
    NORTH,
    POLICE,
    SOUTH,
    identity,
)
from audit.ledger import World, story
from childgrid_audit import bundle
from childgrid_audit.errors import ExportRefused, MirrorInUse
from childgrid_audit.export import export
from childgrid_audit.mirror import Mirror, Mirrored, Own, Source
from childgrid_audit.verify import Verifier
from childgrid_log import names
from childgrid_log.entry import Draft
from childgrid_log.evidence import check_evidence
from childgrid_log.log import Log
from childgrid_log.service import LogServicer
from childgrid_wire import envelope, statement
from childgrid_wire.errors import Unreachable
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.log_pb2 import LogEntry


@dataclass
class Crooked:
    """A source that a test can bend."""

    honest: Source
    away: bool = False
    note: bytes | None = None
    changed: dict[int, LogEntry] = field(default_factory=dict)
    fails_at: int | None = None
    pages: int = 100

    def checkpoint(self) -> bytes:
        """The newest note, or the one that the test wants to be seen."""
        if self.away:
            raise Unreachable("test")
        return self.honest.checkpoint() if self.note is None else self.note

    def entries(self, start: int, count: int) -> list[LogEntry]:
        """A short page, possibly with changed entries."""
        if self.fails_at is not None and start >= self.fails_at:
            raise Unreachable("test")
        page = self.honest.entries(start, min(count, self.pages))
        return [self.changed.get(one.index, one) for one in page]


def run(world: World, **bent: Source) -> dict[str, Mirrored]:
    """Mirror all logs into the northern station, some of them bent."""
    sources = world.sources()
    for short, source in bent.items():
        sources[{"police": POLICE, "child": CHILD}[short]] = source
    return {one.member: one for one in Mirror(world.stations[NORTH]).run(sources)}


def honest(world: World, member: str = POLICE) -> Source:
    """A member's log as it is."""
    return Own(LogServicer(world.parties[member].log))


def kept(world: World) -> dict[str, bytes]:
    """What the northern station would export."""
    return dict(world.stations[NORTH].store.files())


def test_a_mirror_grows_with_the_logs_and_remembers_checkpoints(world: World) -> None:
    """Twice the same changes nothing; more entries are added behind the others."""
    world.ask("first", child="hit")
    world.gather(POLICE, HUB, CHILD)
    first = run(world)
    assert (first[POLICE].state, first[POLICE].size) == ("mirrored", 4)
    assert first[SOUTH].state == "empty"
    before = kept(world)

    assert run(world)[POLICE].state == "unchanged"
    assert kept(world) == before

    world.ask("second", child="none")
    world.gather(POLICE)
    assert run(world)[POLICE].size == 8
    after = kept(world)
    path = bundle.entries(POLICE, 0)
    assert after[path].startswith(before[path])
    old = bundle.read_note_line(after[bundle.history(POLICE)].removesuffix(b"\n"))
    assert old == before[bundle.checkpoint(POLICE)]


def test_a_party_that_is_away_is_named_and_stops_nobody(world: World) -> None:
    """Its copy stays as it was."""
    world.ask("first", child="hit")
    world.gather(POLICE, HUB, CHILD)

    states = run(world, police=Crooked(honest(world), away=True))

    assert states[POLICE].state == "offline"
    assert {states[CHILD].state, states[HUB].state} == {"mirrored"}
    assert bundle.checkpoint(POLICE) not in kept(world)


def test_a_log_is_not_taken_without_its_quorum(world: World) -> None:
    """A checkpoint that only its own party signed is worth nothing."""
    world.ask("first", child="hit")
    world.gather(HUB, CHILD)
    bare = world.parties[POLICE].log.checkpoint()

    states = run(world, police=Crooked(honest(world), note=bare))

    assert states[POLICE].state == "faulty"
    assert "no witness has cosigned" in states[POLICE].detail
    assert not [path for path in kept(world) if POLICE in path]


@pytest.mark.threat("T10")
def test_who_was_a_witness_once_vouches_for_no_log(world: World) -> None:
    """A member that was revoked yesterday counts for no quorum today."""
    world.ask("first", child="hit")
    gone = next(one for one in AGENCIES if one not in (CHILD, POLICE))
    body = {"number": 1, "target": "member", "member": gone, "subject": ""}
    drafted = statement.draft(
        Kind.REVOCATION, issuer="founders", now=world.now, seconds=90 * DAY,
        serial="", cause="compromised", **body,
    )  # fmt: skip
    revoked = envelope.sign(Kind.REVOCATION, drafted, FOUNDERS[:1])
    world.stations[NORTH].store.board.add(revoked)
    world.now += DAY
    others = [one for one in (*AGENCIES, *AUDITORS) if one not in (CHILD, gone)]
    world.away |= set(others[2:])
    world.gather(CHILD)
    before = kept(world)

    assert run(world)[CHILD].state == "faulty"

    assert kept(world) == before


def test_a_shrunk_log_is_refused_and_the_copy_stays(world: World) -> None:
    """Whoever shows an older checkpoint, or none, changes nothing here."""
    world.ask("first", child="hit")
    world.gather(POLICE)
    old = world.cosigned[POLICE].note
    world.ask("second", child="hit")
    world.gather(POLICE)
    run(world)
    before = kept(world)

    assert run(world, police=Crooked(honest(world), note=old))[POLICE].state == "faulty"
    assert run(world, police=Crooked(honest(world), note=b""))[POLICE].state == "faulty"
    assert kept(world) == before


def two_faces(world: World, folder: Path, extra: bytes) -> Log:
    """A second log of the police, cosigned by witnesses that have lost their memory."""
    seed = identity(POLICE).log_key
    log = Log.create(folder / "other.db", names.origin(POLICE), seed)
    for index in range(world.parties[POLICE].log.size()):
        log.append([Draft("case", world.now, b"face %d" % index)])
    if extra:
        log.append([Draft("case", world.now, extra)])
    other = World.found(folder / "others")
    other.now = world.now
    gatherer = other.parties[POLICE].gatherer
    gatherer._log = log
    gatherer.cosigned()
    other.close()
    return log


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_another_history_is_refused_even_with_all_cosignatures(
    world: World, tmp_path: Path, extra: bytes
) -> None:
    """A fork that every witness signed stops at what was mirrored before."""
    world.ask("first", child="hit")
    world.gather(POLICE)
    run(world)
    before = kept(world)
    other = two_faces(world, tmp_path, extra)

    state = run(world, police=Own(LogServicer(other)))[POLICE]

    assert state.state == "faulty"
    assert kept(world) == before
    evidence = world.stations[NORTH].evidence
    found = sorted(evidence.iterdir()) if evidence.exists() else []
    assert len(found) == (0 if extra else 1)
    if found:
        check_evidence(found[0].read_bytes(), other.vkey)
    other.close()


def test_what_the_own_witness_cosigned_binds_the_mirror(
    world: World, tmp_path: Path
) -> None:
    """Even a first mirror refuses a log that differs from what this station signed."""
    world.ask("first", child="hit")
    world.gather(POLICE)
    other = two_faces(world, tmp_path, b"")

    state = run(world, police=Own(LogServicer(other)))[POLICE]

    assert "two roots for one size" in state.detail
    assert bundle.checkpoint(POLICE) not in kept(world)
    other.close()


def test_altered_entries_are_refused_and_honest_ones_taken_after(world: World) -> None:
    """Nothing of a bad page stays behind."""
    world.ask("first", child="hit")
    world.gather(POLICE)
    source = honest(world)
    good = source.entries(0, 4)
    stolen = LogEntry(index=1, leaf=good[1].leaf, salt=good[2].salt)
    stolen.statement.payload = good[2].statement.payload
    swapped = LogEntry()
    swapped.CopyFrom(good[2])

    for changed in (stolen, swapped):
        bent = Crooked(source, changed={1: changed})
        assert run(world, police=bent)[POLICE].state == "faulty"
        assert bundle.checkpoint(POLICE) not in kept(world)
    gone = LogEntry(index=1, leaf=good[1].leaf)
    assert run(world, police=Crooked(source, changed={1: gone}))[POLICE].size == 4
    verdict = Verifier(world.root).verify(world.bundle())
    assert "no shred statement covers it" in {
        finding.what.removeprefix("its envelope is gone and ")
        for finding in verdict.findings
    }


def test_an_interrupted_mirror_goes_on_where_it_stopped(world: World) -> None:
    """Entries that arrived are kept as a tail, a torn line is cut, nothing is twice."""
    world.ask("first", child="hit")
    world.gather(POLICE, HUB, CHILD)
    broken = Crooked(honest(world), fails_at=2, pages=1)
    assert run(world, police=broken)[POLICE].state == "offline"
    station = world.stations[NORTH]
    file = station.store._root / bundle.entries(POLICE, 0)
    assert file.read_bytes().count(b"\n") == 2
    assert POLICE not in str(list(kept(world)))
    with file.open("ab") as handle:
        handle.write(b'{"index":2,"le')

    asked: list[int] = []

    class Watching(Crooked):
        def entries(self, start: int, count: int) -> list[LogEntry]:
            asked.append(start)
            return super().entries(start, count)

    assert run(world, police=Watching(honest(world)))[POLICE].size == 4
    assert asked == [2]
    assert not Verifier(world.root).verify(world.bundle()).findings


def test_a_bad_tail_is_not_held_against_the_party(world: World) -> None:
    """What lies in the tail is tried once and then fetched anew."""
    world.ask("first", child="hit")
    world.gather(POLICE)
    world.parties[CHILD].log.append([Draft("case", world.now, b"{}")])
    wrong = Crooked(honest(world, CHILD), note=honest(world).checkpoint())
    assert run(world, police=wrong)[POLICE].state == "faulty"
    store = world.stations[NORTH].store
    lines = [
        bundle.make_line(
            0, one.leaf.encode(), bytes.fromhex(one.salt), one.statement.payload
        )
        for one in honest(world, CHILD).entries(0, 1)
    ]
    store.extend(POLICE, lines)

    assert run(world)[POLICE].state == "mirrored"


@pytest.mark.threat("T23")
def test_shredding_is_honoured_and_the_bundle_still_verifies(world: World) -> None:
    """Salt and envelope go, the leaf stays, and the counterparties bear it out."""
    world.shredded_story()

    files = world.bundle()

    gone = [
        bundle.read_line(line) for line in files[bundle.entries(CHILD, 0)].splitlines()
    ]
    assert [line.shredded for line in gone] == [True, True, False, False, False]
    verdict = Verifier(world.root).verify(files)
    assert verdict.findings == ()


def test_only_one_process_writes_a_mirror(world: World) -> None:
    """A second one is told to wait."""
    station = world.stations[NORTH]
    with station.store.locked(), pytest.raises(MirrorInUse):
        run(world)


def test_an_export_is_signed_logged_and_never_overwrites(
    world: World, tmp_path: Path
) -> None:
    """The directory verifies, the station's log says that it was made."""
    station = world.stations[NORTH]
    story(world)
    world.mirror()
    size = station.log.size()

    count = export(station, tmp_path / "out")

    files = bundle.Folder(tmp_path / "out")
    assert len(files) == count + 1
    assert not Verifier(world.root).verify(files).findings
    assert station.log.size() == size + 1
    with pytest.raises(ExportRefused):
        export(station, tmp_path / "out")
    (tmp_path / "out" / "more.txt").symlink_to("/etc/hostname")
    (found,) = Verifier(world.root).verify(files).findings
    assert str(found) == "more.txt: board: file: is not in the manifest"
