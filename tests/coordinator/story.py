"""One request's story, told step by step to a coordinator."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.request import Phase
from childgrid_coordinator.settle import Word
from childgrid_coordinator.store import requests
from childgrid_wire.errors import Reason, WireError
from coordinator.cast import ASKER, HOLDERS
from coordinator.world import World

HOLDER = HOLDERS[0]


@dataclass
class Story:
    """A query that was answered with a hit, and a request for it."""

    world: World
    hub: Coordinator
    query: bytes
    answer: bytes
    request: bytes
    justification: bytes

    def send(self, who: str, data: bytes, *beside: object) -> str:
        return self.hub.verbs.relay.send(who, data, *beside)  # type: ignore[arg-type]

    def box(self, member: str) -> list[bytes]:
        items = self.hub.verbs.relay.receive(member, 0, 0)
        return [one.statement for one in items]

    def opened(self) -> Story:
        self.send(ASKER, self.request, self.justification)
        return self

    def approved(self) -> list[bytes]:
        self.opened()
        given = [
            self.world.approval(f"{ASKER}/sho", self.request),
            self.world.approval(f"{HOLDER}/nodal", self.request),
        ]
        self.send(ASKER, given[0])
        self.send(HOLDER, given[1])
        return given

    def disclosed(self) -> tuple[bytes, bytes]:
        data, ciphertext, proof = self.world.disclosure(self.request, self.approved())
        self.send(HOLDER, data, ciphertext, proof)
        return data, ciphertext

    def phase(self) -> Phase:
        """How far the request has come at the coordinator."""
        with self.hub.store.read() as db:
            dossier = requests.dossier(db, self.world.read(self.request).hash)
        assert dossier is not None
        return dossier.course.phase

    def trace(self) -> object:
        """Everything that a refused statement must leave as it was."""
        name = self.world.read(self.request).hash
        with self.hub.store.read() as db:
            dossier = requests.dossier(db, name)
        members = (ASKER, *HOLDERS)
        relay = self.hub.verbs.relay
        boxes = [relay.receive(member, 0, 0) for member in members]
        return self.hub.log.size(), dossier, boxes

    def refused(self, who: str, data: bytes, *beside: object) -> Reason:
        """The reason of a refusal, after which nothing has changed."""
        before = self.trace()
        with pytest.raises(WireError) as refusal:
            self.send(who, data, *beside)
        assert self.trace() == before
        return refusal.value.reason


def told(world: World, hub: Coordinator) -> Story:
    """A hit at one holder; the request is written but not sent."""
    given = world.submission()
    hub.verbs.search.submit(ASKER, *given.args())
    answer = world.answer(HOLDER, given.hash)
    hub.answers.settle([Word(given.hash, HOLDER, world.read(answer))])
    request, justification = world.request(given.query, answer)
    return Story(world, hub, given.query, answer, request, justification)
