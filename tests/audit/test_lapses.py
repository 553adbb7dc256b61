"""What an auditor says of a closed log: each event that was lost, by name, and no more.

The child protection agency loses its machine. The founders close its log where
witnesses saw it last, and another follows, which knows nothing of what was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cast import CHILD, FOUNDERS, HUB, NORTH, POLICE, identity
from audit.ledger import World
from audit.parties import Party, signed
from audit.second import found
from childgrid_audit.mirror import Mirror, Own
from childgrid_audit.verify import Verdict, Verifier
from childgrid_audit.workbench.web import rooms
from childgrid_audit.workbench.work import work_out
from childgrid_log import lineage, names
from childgrid_log.checkpoint import Checkpoint, sign_checkpoint
from childgrid_log.gather import Gatherer
from childgrid_log.keys import ED25519, Signer
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.note import Note
from childgrid_log.service import LogServicer
from childgrid_wire import envelope, statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from closings import close, heired


class Loss:
    """The grid, the agency's closed log as it came back, and its successor."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.old: Log | None = None

    def told(self) -> None:
        """A case that is asked, requested and released, mirrored with all logs."""
        self.world.ask("first", child="hit", prison="none")
        self.world.request("first", "first", "child")
        self.world.release("first")
        self.world.end("first", Kind.RECEIPT)
        self.world.gather()
        self.world.mirror()

    def lost(self) -> list[str]:
        """What is said after the last mirroring: names of what the agency had."""
        self.world.ask("second", child="hit")
        self.world.gather()
        query = ("second case", "second query", "second query approval")
        return [*query, "second child answer"]

    def close(self) -> None:
        """The founders close its log; its next one begins and is cosigned."""
        world, party = self.world, self.world.parties[CHILD]
        world.now += 700
        book = party.shelf.book
        own = identity(CHILD)
        world.post(close(book, own, world.relay, FOUNDERS, world.now))
        world.now += 10
        self.old = party.log
        seed = heired(own).log_key
        log = Log.create(self.folder / "next.db", names.origin(CHILD, 1), seed)
        gatherer = Gatherer(log, CHILD, book, world.relay, world.clock)
        world.parties[CHILD] = Party(
            CHILD, party.shelf, log, party.witness, party.servicer, gatherer
        )

    def begin(self, subject: str = "") -> None:
        """The first leaf of the next log."""
        entry = self.world.parties[CHILD].shelf.book.entries[CHILD]
        before = lineage.generations(entry)[0]
        self.world.say(
            "begun",
            CHILD,
            Kind.NOTICE,
            CHILD,
            topic="succession",
            subject=subject or before.follows(),
        )

    def audit(self) -> tuple[Verdict, dict[str, bytes]]:
        """Mirror every log, the closed one no longer, and verify what is exported."""
        world = self.world
        world.gather()
        station = world.stations[NORTH]
        sources = dict(world.sources())
        sources[f"{CHILD}.1"] = sources.pop(CHILD)
        states = Mirror(station).run(sources)
        assert not [one for one in states if one.state == "faulty"], states
        files = signed(dict(station.store.files()), world.now)
        return Verifier(world.root).verify(files), files


@pytest.fixture
def loss(world: World, tmp_path: Path) -> Iterator[Loss]:
    """A grid in which everything is still there."""
    made = Loss(world, tmp_path)
    yield made
    if made.old:
        made.old.close()


def hashes(world: World, *said: str) -> set[str]:
    """The beginnings of statements' hashes, as findings name them."""
    return {world.named[one].hash[:12] for one in said}


def named(verdict: Verdict) -> set[str]:
    """What the verdict says was lost."""
    return {one.event.rpartition(" ")[2].rstrip(")") for one in verdict.lost}


@pytest.mark.threat("T10", "T15")
def test_what_was_lost_is_named_and_nothing_else(loss: Loss) -> None:
    """Both verifiers take the export, and the first names each lost event."""
    loss.told()
    gone = loss.lost()
    loss.close()
    loss.begin()
    loss.world.ask("third", child="hit")
    verdict, files = loss.audit()

    assert verdict.findings == ()
    assert named(verdict) == hashes(loss.world, *gone)
    assert {one.party for one in verdict.lost} == {CHILD}
    assert all("lost with the log" in one.what for one in verdict.lost)
    assert found(files, loss.world.root) == []
    work = work_out("key", verdict.ledger, lost=verdict.lost)
    case = loss.world.named["second query"]["case"]
    (closed,) = rooms.case(work, case)["closed"]
    assert (closed.member, closed.until) == (CHILD, _closed_at(loss))
    shown = [state for _, state in rooms.findings(work, 0)["rows"]]
    assert shown == ["lost"] * len(gone)


def _closed_at(loss: Loss) -> int:
    entry = loss.world.parties[CHILD].shelf.book.entries[CHILD]
    return int(entry["closed"][0]["time"])


@pytest.mark.threat("T10")
def test_nothing_is_lost_where_the_mirror_has_it_all(loss: Loss) -> None:
    """The closed log was mirrored to its last leaf: it is a log like any other."""
    loss.told()
    loss.close()
    loss.begin()
    loss.world.ask("second", child="hit")
    verdict, files = loss.audit()
    assert (verdict.findings, verdict.lost) == ((), ())
    assert found(files, loss.world.root) == []
    (first, second) = verdict.ledger.of_member(CHILD)
    assert first.log.end is not None
    assert (first.size, first.covered > 0) == (first.log.end.size, True)
    assert (second.name, second.log.number) == (f"{CHILD}.1", 1)


@pytest.mark.threat("T10")
def test_a_bundle_of_before_is_as_good_as_it_was(loss: Loss) -> None:
    """And so it is with the newer directory beside it, which names the closing."""
    loss.told()
    world = loss.world
    before = world.bundle()
    assert Verifier(world.root).verify(before).findings == ()
    loss.close()
    station = world.stations[NORTH]
    documents = {
        path: data
        for path, data in dict(station.store.files()).items()
        if path.startswith("documents/")
    }
    later = signed({**before, **documents}, world.now)
    for files in (before, later):
        verdict = Verifier(world.root).verify(files)
        assert (found(files, world.root), verdict.findings) == ([], _hub_s(verdict))


def _hub_s(verdict: Verdict) -> tuple[object, ...]:
    """No finding but that the hub's older log lacks the newest document."""
    return tuple(one for one in verdict.findings if one.party == HUB)


@pytest.mark.threat("T10", "T15")
def test_an_owner_who_closes_his_log_hides_nothing(loss: Loss) -> None:
    """What he had acknowledged is in others' logs: each is named, with his name."""
    loss.told()
    world = loss.world
    world.request("second", "first", "child")
    given = world.release("second")
    world.end("second", Kind.RECEIPT)
    world.gather(POLICE, HUB)
    loss.close()
    loss.begin()
    verdict, _ = loss.audit()
    hidden = [one for one in verdict.lost if one.party == CHILD]
    assert given.hash[:12] in {one.event.rpartition(" ")[2] for one in hidden}
    assert len(hidden) >= 4
    assert verdict.findings == ()


@pytest.mark.threat("T10")
def test_a_log_that_does_not_say_what_it_follows_is_named(loss: Loss) -> None:
    """Its first leaf names the closed log's end by hash, and no other end."""
    loss.told()
    loss.close()
    loss.begin("ab" * 32)
    verdict, _ = loss.audit()
    (finding,) = verdict.findings
    assert finding.party == CHILD
    assert "begin by naming the log" in finding.what


@pytest.mark.threat("T10")
def test_what_is_left_out_after_the_closing_is_no_loss(loss: Loss) -> None:
    """The next log answers for itself: an omission there is a finding as ever."""
    loss.told()
    loss.close()
    loss.begin()
    world = loss.world
    asked = world.ask("third", child="hit")
    answer = world.named["third child answer"]
    omitted = _without(loss, {answer.hash})
    verdict, _ = omitted
    assert {one.party for one in verdict.findings} == {CHILD}
    assert any(answer.hash[:12] in one.event for one in verdict.findings)
    assert verdict.lost == ()
    assert asked.hash[:12] not in {one.event[-12:] for one in verdict.findings}


def _without(loss: Loss, dropped: set[str]) -> tuple[Verdict, dict[str, bytes]]:
    """The agency begins its next log anew without some statements."""
    world, party = loss.world, loss.world.parties[CHILD]
    kept: list[Statement] = []
    for index in range(party.log.size()):
        opened = party.log.opening(index)
        assert opened is not None
        said = statement.parse(envelope.read(opened[1]))
        if said.hash not in dropped:
            kept.append(said)
    party.log.close()
    seed = heired(identity(CHILD)).log_key
    log = Log.create(loss.folder / "other.db", names.origin(CHILD, 1), seed)
    log.append([draft_of(one, world.now) for one in kept])
    book = party.shelf.book
    gatherer = Gatherer(log, CHILD, book, world.relay, world.clock)
    world.parties[CHILD] = Party(
        CHILD, party.shelf, log, party.witness, party.servicer, gatherer
    )
    world.now += 4_000
    return loss.audit()


@pytest.mark.threat("T10")
def test_a_mirror_that_holds_more_than_was_closed_says_so(loss: Loss) -> None:
    """Its owner goes on with the closed log, and witnesses that lie cosign it."""
    loss.told()
    world = loss.world
    loss.close()
    loss.begin()
    assert loss.old is not None
    loss.old.append([draft_of(world.named["begun"], world.now)])
    tree = Checkpoint(loss.old.origin, loss.old.size(), loss.old.root())
    note = sign_checkpoint(tree, Signer(tree.origin, ED25519, identity(CHILD).log_key))
    lines = [Note.parse(note)]
    for name in (POLICE, "prison", NORTH):
        party = world.parties.get(name)
        if party and party.witness:
            line = party.witness.cosign(
                tree.origin,
                party.witness.size(tree.origin),
                note,
                loss.old.consistency(party.witness.size(tree.origin), tree.size),
                loss.old.vkey,
                world.now,
            )
            lines.append(Note.parse(note + line))
    whole = Note(lines[0].text, tuple({s for n in lines for s in n.signatures}))
    source = _Larger(LogServicer(loss.old), whole.encode())
    (state,) = Mirror(world.stations[NORTH]).run({CHILD: source})
    assert state.state == "faulty"
    assert "closed" in state.detail


class _Larger(Own):
    """Serves a closed log beyond its end."""

    def __init__(self, servicer: LogServicer, note: bytes) -> None:
        super().__init__(servicer)
        object.__setattr__(self, "note", note)

    def checkpoint(self) -> bytes:
        """The note that reaches beyond."""
        return bytes(self.note)  # type: ignore[attr-defined]
