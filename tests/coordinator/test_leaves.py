"""What is said to the coordinator by founders, members and joiners is in its log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from authority.test_cli import Desk
from childgrid_authority import floor as floors
from childgrid_coordinator import join
from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.board import Board
from childgrid_coordinator.journal import Journal
from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_log.readers import TOPIC, digest
from childgrid_wire import channel, envelope, statement
from childgrid_wire.enrolment import Token
from childgrid_wire.joining import Joiner
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import log_pb2
from childgrid_wire.shelf import Shelf
from coordinator.cast import ASKER, AUDITOR, HOLDERS, ZERO
from coordinator.node import stubs
from coordinator.story import Story
from coordinator.test_joining import NEW, asked, newcomer, token
from coordinator.world import World
from founders import PASSPHRASE, details
from verbs import leaves


def kinds(log: Log, start: int = 0) -> list[str]:
    """The kinds of the leaves from `start` on."""
    return [parse_entry(one).kind for one in log.entries(start, log.size())]


class Hung:
    """A board that the founders' documents are hung on as they are signed."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self.log = Log.create(
            folder / "log.db", "hub.childgrid.internal/log", bytes(32)
        )
        shelf = Shelf.create(folder / "documents", desk.authority.fingerprint)
        self.board = Board(shelf, Journal(self.log), time.time, Bell(1))
        self.desk = desk

    def after(self, verb: str) -> None:
        """Publish what `verb` signed; it must leave the leaves of its row."""
        before = self.log.size()
        for data in self.desk.authority.publishable():
            self.board.publish(data)
        assert set(kinds(self.log, before)) <= leaves("childgrid-authority")[verb], verb
        assert self.log.size() > before, verb


@pytest.mark.threat("T26")
def test_what_founders_sign_is_logged_where_it_hangs(tmp_path: Path) -> None:
    """Every command that changes a document ends in a leaf, once it is published."""
    desk = founded(tmp_path)
    hung = Hung(tmp_path, desk)
    hung.after("found")
    both = ("asha", "bilal")
    member(desk, tmp_path, "hub", "coordinator")
    hung.after("admit")
    file = tmp_path / "floor.toml"
    file.write_text(floors.default().replace("officer = 20", "officer = 5"))
    desk.run("floor", file, by=both)
    hung.after("floor")
    (tmp_path / "next.json").write_text('{"profile": "test", "x": 1}')
    desk.run("scheme", tmp_path / "next.json", by=both)
    hung.after("scheme")
    desk.run("renew", by=("asha",))
    (proposal,) = (desk.home / "proposals").iterdir()
    before = desk.authority.publishable()
    desk.run("sign", proposal, "--founder", "bilal", "--yes", by=("bilal",))
    assert desk.authority.publishable() == before
    desk.run("adopt", proposal)
    hung.after("adopt")
    desk.run("renew", by=both)
    hung.after("renew")
    desk.run("address", "hub", "new.hub.example:7400", by=both)
    hung.after("address")
    desk.run("remove", "hub", by=both)
    hung.after("remove")
    desk.run("revoke", "member", "--member", "x", "--founder", "asha", by=("asha",))
    hung.after("revoke")
    hung.log.close()


def founded(tmp_path: Path) -> Desk:
    """A grid of two founders, founded by command."""
    scheme = tmp_path / "scheme.json"
    scheme.write_text('{"profile": "test"}')
    desk = Desk(tmp_path)
    desk.run(
        *("found", "--name", "Grid", "--kind", "training", "--threshold", 2),
        *("--scheme", scheme, "--founder", "asha", "--founder", "bilal"),
        by=("asha", "bilal", "root"),
    )
    return desk


def member(desk: Desk, folder: Path, name: str, kind: str) -> None:
    """Somebody joins by token and file."""
    path = folder / f"{name}.token"
    desk.run("token", name, "--out", path, "--kind", kind, by=("root",))
    given = Token.read(path)
    now = given.expires - 168 * 3_600
    party = Joiner.begin(folder / name, given, PASSPHRASE, details(name), now)
    (folder / "asked").write_bytes(party.asked.data)
    desk.run("admit", folder / "asked", by=("asha", "bilal", "root"))


def hangings(world: World) -> list[bytes]:
    """One document or notice of every kind that members hang up."""
    holder = HOLDERS[0]
    bodies = {"member": "", "commitment": ZERO, "transcript": "", "key_check": ""}
    return [
        world.said(Kind.STAFF, AUDITOR, version=1, officers=[]),
        world.policy(holder, version=2),
        world.said(
            Kind.SEALING_KEY,
            holder,
            key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            valid_from=world.now,
            valid_until=world.now + 86_400,
        ),
        world.said(Kind.ROTATION, holder, epoch=2, step="commit", shares={}, **bodies),
        world.said(
            Kind.NOTICE,
            holder,
            answers=ZERO,
            topic="break-glass-declared",
            subject=ZERO,
        ),
        world.revocation("officer", member=ASKER, subject="x"),
    ]


@pytest.mark.threat("T26")
def test_what_members_hang_up_is_logged(world: World, hub: Coordinator) -> None:
    """Staff lists, policies, keys, ceremonies, notices, revocations: a leaf each."""
    founding = set(kinds(hub.log))
    before = hub.log.size()

    for data in hangings(world):
        hub.board.publish(data)

    told = kinds(hub.log, before)
    assert len(told) == len(hangings(world))
    assert set(told) | founding == leaves("childgrid.v1.BoardService")["Publish"]
    for program, verb in (
        ("childgrid-node", "ceremony"),
        ("childgrid-node", "wrap"),
        ("childgrid-audit", "staff"),
    ):
        assert leaves(program)[verb] <= set(told)


@pytest.mark.threat("T26")
def test_an_enrolment_is_logged(world: World, hub: Coordinator) -> None:
    """Also of one who is never admitted."""
    before = hub.log.size()
    hub.verbs.joining.enrol(NEW, asked(world, newcomer(world), token(world)))

    for program, verb in (
        ("childgrid.v1.JoiningService", "Enrol"),
        ("childgrid-node", "join"),
        ("childgrid-audit", "join"),
    ):
        assert set(kinds(hub.log, before)) == leaves(program)[verb]


@pytest.mark.threat("T26")
def test_installed_documents_are_logged_when_the_coordinator_starts(
    world: World, tmp_path: Path
) -> None:
    """Files that an administrator brings are in the log before anybody is served."""
    with world.coordinator() as hub:
        before = hub.log.size()
    newer = [
        world.policy(HOLDERS[0], version=2),
        world.revocation("member", member="x"),
    ]
    (tmp_path / "new").mkdir()
    for number, data in enumerate(newer):
        (tmp_path / "new" / f"{number}.dsse").write_bytes(data)
    join.install_documents(world.settings(), tmp_path / "new")

    with world.coordinator() as hub:
        told = kinds(hub.log, before)
    assert sorted(told) == ["policy", "revocation"]
    assert set(told) <= leaves("childgrid-coordinator")["install"]


def test_what_is_sent_is_logged(story: Story) -> None:
    """`Submit` and `Send`: every statement of a case from query to receipt."""
    before = story.hub.log.size()
    data, _ = story.disclosed()
    story.send(ASKER, story.world.receipt(data))

    sent = leaves("childgrid.v1.ExchangeService")
    every = kinds(story.hub.log)
    assert set(kinds(story.hub.log, before)) <= sent["Send"]
    assert sent["Submit"] <= set(every)
    assert every[before:] == [
        *("request", "approval", "approval", "disclosure", "receipt")
    ]


def read(world: World, times: int) -> Sequence[statement.Statement]:
    """An auditor reads the coordinator's log; returns the notices that it left."""
    with world.running() as hub, stubs(world, AUDITOR, "auditor") as auditor:
        for _ in range(times):
            call = log_pb2.EntriesRequest(start=0, count=5)
            assert len(channel.call(auditor.log.Entries, call, 20).entries) == 5
        openings = [hub.log.opening(index) for index in range(hub.log.size())]
    said = [statement.parse(envelope.read(one[1])) for one in openings if one]
    return [one for one in said if one.kind is Kind.NOTICE]


@pytest.mark.threat("T26")
def test_whoever_reads_the_log_stands_in_it(world: World) -> None:
    """Once a day for each auditor and start, signed by the coordinator."""
    (one,) = read(world, 3)
    assert (one["topic"], one["subject"]) == (TOPIC, digest(AUDITOR))
    assert one.issuer == "hub"
    assert len(read(world, 2)) == 2
