"""Whatever an officer types leaves the leaf that the table of verbs names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from childgrid_log.entry import parse_entry
from childgrid_wire import certificates
from childgrid_wire.kinds import Kind
from founders import light_locks
from glass import glass_grid
from portal.test_command_line import ASK, Station
from verbs import leaves

PROGRAM = "childgrid-desk"


@dataclass
class Watched(Station):
    """Officers at their desks, and the leaves that each word of theirs has left."""

    seen: set[str] = field(default_factory=set)

    def typed(self, member: str, officer: str, *words: str) -> str:
        """Type a command that must leave exactly the leaves of its row, at home."""
        log = self.grid.agency(member).office.journal.log
        before = log.size()
        said = self.say(member, officer, *words)
        left = {parse_entry(one).kind for one in log.entries(before, log.size())}
        assert left == leaves(PROGRAM)[words[0]], words[0]
        self.seen.add(words[0])
        return said


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The police and customs at their desks, where glass may be broken."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        light_locks(patch)
        grid = glass_grid(tmp_path_factory.mktemp("grid"), "customs")
        root = certificates.new_root("test", grid.now)
        made = Watched(grid, tmp_path_factory.mktemp("desk"), root)
        for member in ("police", "customs"):
            made.serve(member, stack)
        yield made


def test_every_verb_of_an_officer(station: Watched) -> None:
    """Asking, reading, deciding, breaking the glass: no verb is left out."""
    query = station.typed("police", "si-rao", "ask", station.suspect(), *ASK)
    station.typed("police", "sp-nair", "inbox")
    station.typed("police", "sp-nair", "approve", query, "--yes")
    station.grid.submit(station.statement("police", Kind.QUERY, query))
    station.typed("police", "si-rao", "answers", query)
    request = wished(station, query, "--field", "name", "--break-glass")
    station.typed("police", "si-rao", "show", request)
    station.grid.carry()
    station.say("customs", "cu-mehta", "approve", request, "--break-glass", "--yes")
    station.grid.settle()
    station.typed("police", "sp-nair", "review", request, "--yes")
    station.typed("police", "si-rao", "profile", query)
    told = station.typed("police", "si-rao", "outcome", request, "acquitted", "--yes")
    station.grid.settle()
    station.typed("customs", "cu-mehta", "clear", told, "--yes")
    station.typed(
        "police", "sp-nair", "refuse", wished(station, query), "weak-basis", "--yes"
    )
    station.typed("police", "sp-nair", "deputy", "sp-khan", "--away", "--yes")
    station.typed("police", "sp-nair", "lift", "officer", "si-rao", "60", "--yes")

    assert station.seen == set(leaves(PROGRAM))


def wished(station: Watched, query: str, *more: str) -> str:
    """A request for customs' candidate."""
    seen = station.grid.candidates(station.statement("police", Kind.QUERY, query))
    said = ("--justification", "a child is with him", "--yes")
    fields = more or ("--field", "name")
    at = ("customs", seen["customs"][0]["handle"])
    if "--break-glass" in more:
        # The declaration is a leaf of its own, and louder.
        told = station.say("police", "si-rao", "request", query, *at, *fields, *said)
        return told.splitlines()[-1]
    return station.typed("police", "si-rao", "request", query, *at, *fields, *said)
