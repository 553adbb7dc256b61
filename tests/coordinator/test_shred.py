"""Shredding at the coordinator: log and database, in that story only, and told on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from childgrid_coordinator import shred
from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.store import queries
from childgrid_coordinator.store import tables as t
from childgrid_log.held_copy import Copy
from childgrid_log.retention import Retention
from childgrid_wire import envelope
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from coordinator.cast import AGENCIES, ASKER, AUDITOR, DAY, HUB
from coordinator.story import Story
from coordinator.world import World

YEAR = Retention(search_days=365)


@dataclass
class Old:
    """A story with a receipt, more than a year ago."""

    story: Story
    world: World
    hub: Coordinator

    def copy(self, auditor: str = AUDITOR) -> Copy:
        """An auditor's copy of the coordinator's log as it is now."""
        note = self.hub.log.checkpoint()
        name = f"logs/{HUB}/checkpoint"
        file = {"sha256": hashlib.sha256(note).hexdigest(), "size": len(note)}
        directory = self.hub.board.view().directory.hash
        made = self.world.said(
            Kind.MANIFEST, auditor, files={name: file}, directory=directory
        )
        return Copy(made, note)

    def shredded(
        self, retention: Retention = YEAR, copy: Copy | None = None
    ) -> Statement | None:
        """Shred what is over."""
        hub = self.hub
        return shred.run(
            hub.store,
            hub._journal,
            hub._identity,
            hub.board.view(),
            retention,
            copy or self.copy(),
        )

    def kept(self) -> list[str]:
        """The story's statements that the database still has."""
        names = [envelope.read(one).hash for one in self.said]
        with self.hub.store.read() as db:
            return [name for name in names if queries.known(db, name)]

    def rows(self) -> list[object]:
        """What the database has about searches and requests."""
        with self.hub.store.read() as db:
            return [
                row
                for table in (t.query, t.paper, t.target, t.request, t.sealed)
                for row in db.execute(select(table)).all()
            ]

    @property
    def said(self) -> list[bytes]:
        """Query, answer and request."""
        return [self.story.query, self.story.answer, self.story.request]

    def opened(self) -> set[str]:
        """The kinds that the log still opens."""
        return {one.kind.value for one in shred.held(self.hub.log)}


@pytest.fixture
def old(story: Story, world: World, hub: Coordinator) -> Old:
    """See `Old`."""
    disclosure, _ = story.disclosed()
    story.send(ASKER, world.receipt(disclosure))
    world.clock.advance(400 * DAY)
    return Old(story, world, hub)


def test_the_story_goes_from_log_and_database(old: Old) -> None:
    """Leaves and proofs stay; envelopes and rows are gone; the documents are not."""
    size = old.hub.log.size()
    assert len(old.rows()) == 9
    documents = {"directory", "floor", "scheme", "staff", "policy", "sealing-key"}
    assert len(old.kept()) == 3

    said = old.shredded()

    assert said is not None
    assert old.kept() == []
    assert old.rows() == []
    assert old.opened() == documents | {"shred"}
    assert old.hub.log.size() == size + 1
    assert old.hub.log.verify() == size + 1


def test_everybody_is_told_what_it_was(old: Old) -> None:
    """Each agency finds the `shred` behind all other mail, and reads on from there."""
    cursors = {name: len(old.story.box(name)) for name in AGENCIES}
    said = old.shredded()

    assert said is not None
    assert envelope.read(old.story.query).hash in said["statements"]
    for name in AGENCIES:
        relay = old.hub.verbs.relay
        (item,) = relay.receive(name, cursors[name], 0)
        assert item.statement == said.data
        assert item.cursor == cursors[name] + 1


def test_a_members_shred_is_passed_on_and_binds(old: Old) -> None:
    """The coordinator keeps for ever by its setting; the asker's shred binds it."""
    for_ever = Retention()
    assert old.shredded(for_ever) is None
    told = old.world.said(
        Kind.SHRED,
        ASKER,
        party=ASKER,
        entries=[0],
        head="00" * 32,
        statements=[envelope.read(old.story.query).hash],
    )
    old.story.send(ASKER, told)
    assert told in old.story.box("prisons")
    assert told not in old.story.box(ASKER)

    assert old.shredded(for_ever) is not None
    assert old.kept() == []


def test_nobody_shreds_in_anothers_name(old: Old) -> None:
    """The party is who says so, and it brings nothing beside it."""
    made = old.world.said(
        Kind.SHRED, ASKER, party="prisons", entries=[0], head="00" * 32
    )
    assert old.story.refused(ASKER, made) is Reason.WRONG_ROLE
    made = old.world.said(Kind.SHRED, ASKER, party=ASKER, entries=[0], head="00" * 32)
    assert old.story.refused("prisons", made) is Reason.WRONG_ROLE
    assert old.story.refused(ASKER, made, b"beside") is Reason.MALFORMED


def test_a_young_story_and_one_that_nobody_copied_stay(old: Old) -> None:
    """Too young for its period; or an agency signed the copy itself."""
    before = old.story.trace()

    assert old.shredded(Retention(search_days=401)) is None
    with pytest.raises(Refused) as refusal:
        old.shredded(copy=old.copy(ASKER))
    assert refusal.value.reason is Reason.WRONG_ROLE
    assert old.story.trace() == before
    assert len(old.kept()) == 3


def test_stopped_between_database_and_log_it_goes_on(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log still opens what the database lost: the next run finds it due."""
    copy = old.copy()
    with monkeypatch.context() as patch:
        patch.setattr(old.hub._journal, "shred", _stopped)
        with pytest.raises(KeyboardInterrupt):
            old.shredded(copy=copy)
    assert "query" in old.opened()

    assert old.shredded(copy=copy) is not None
    assert "query" not in old.opened()
    assert old.kept() == []


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_command_counts_what_it_shredded(old: Old, tmp_path: Path) -> None:
    """By the coordinator's own settings, from an auditor's export."""
    copy, folder = old.copy(), tmp_path / "export"
    (folder / "logs" / HUB).mkdir(parents=True)
    (folder / "manifest.dsse").write_bytes(copy.manifest)
    (folder / "logs" / HUB / "checkpoint").write_bytes(copy.checkpoint)
    assert old.hub.shred(folder) == 0
    old.hub.settings = old.hub.settings.model_copy(update={"retention": YEAR})

    assert old.hub.shred(folder) == 9
    assert old.kept() == []
