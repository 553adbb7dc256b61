"""Mail that rests on a document which its reader has not read yet waits for it.

Founders sign a directory, the first who reads it acts under it, and what it sends is
there before the directory is. Nothing of that may be lost.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import mailroom
from childgrid_node.courier import Parcel
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from grid import KABIR, Grid

_HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid of its own."""
    return Grid(tmp_path)


def renewed(grid: Grid, laggard: str) -> bytes:
    """The next directory, which everybody has read but one."""
    last = grid.agency(laggard).office.view.directory
    body = {name: value for name, value in last.body.items() if name not in _HEADER}
    body |= {"version": last["version"] + 1, "previous": last.hash}
    made = grid.founders.sign(Kind.DIRECTORY, grid.now, **body)
    for name, member in grid.members.items():
        if name != laggard:
            member.shelf.add(made)
    return made


def sent(grid: Grid, member: str, kind: Kind, reader: str) -> Parcel:
    """What waits of a kind in an outbox; all before it is delivered."""
    for said, parcel in grid.outbox(member):
        if said.kind is kind:
            return parcel
        mailroom.open_parcel(grid.agency(reader).office, parcel)
    raise LookupError(kind)


def test_a_record_released_under_a_directory_that_is_not_here_yet(grid: Grid) -> None:
    """It is tried again once the directory has been fetched, and opens."""
    asked = grid.ask(KABIR)
    made = grid.request(asked, "customs", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", made.hash)
    directory = renewed(grid, "police")
    assert grid.release("customs") == ["released"]
    parcel = sent(grid, "customs", Kind.DISCLOSURE, "police")
    before = grid.state("police")
    with pytest.raises(Untrusted):
        mailroom.open_parcel(grid.agency("police").office, parcel)
    assert grid.state("police") == before

    grid.members["police"].shelf.add(directory)
    moved = mailroom.open_parcel(grid.agency("police").office, parcel)

    assert moved == made.hash
    (source,) = [x for x in grid.profile(asked)["sources"] if x["agency"] == "customs"]
    assert [one["state"] for one in source["requests"]] == ["disclosed"]


def test_a_request_made_under_a_directory_that_is_not_here_yet(grid: Grid) -> None:
    """Its holder takes it in once the directory has been fetched."""
    asked = grid.ask(KABIR)
    directory = renewed(grid, "customs")
    made = grid.request(asked, "customs", ["name"])
    parcel = sent(grid, "police", Kind.REQUEST, "customs")
    before = grid.state("customs")
    with pytest.raises(Refused) as refusal:
        mailroom.open_parcel(grid.agency("customs").office, parcel)
    assert refusal.value.reason is Reason.OLD_VERSION
    assert grid.state("customs") == before

    grid.members["customs"].shelf.add(directory)

    assert mailroom.open_parcel(grid.agency("customs").office, parcel) == made.hash


def test_what_rests_on_no_document_that_there_is(grid: Grid) -> None:
    """After one more look at the board it is dropped, lest it hold up the mail."""
    asked = grid.ask(KABIR)
    renewed(grid, "customs")
    grid.request(asked, "customs", ["name"])
    parcel = sent(grid, "police", Kind.REQUEST, "customs")
    before = grid.state("customs")

    office = grid.agency("customs").office
    assert mailroom.open_parcel(office, parcel, last=True) == ""
    assert grid.state("customs") == before
