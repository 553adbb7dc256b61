"""Other keys under one id: whoever signs a directory can't replace a log unseen."""

from __future__ import annotations

from typing import Any

import pytest

from audit.cast import CATEGORY, CHILD, HUB, SOUTH, founded, identity, seed
from audit.ledger import World
from childgrid_audit.findings import Finding
from childgrid_audit.verify import Verdict, Verifier
from childgrid_wire.identity import public_of
from childgrid_wire.kinds import Kind

HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")
YOUNG = "roads-d"


def rekeyed(world: World, *members: dict[str, Any]) -> None:
    """The founders sign a directory with these entries, new or instead of others."""
    world.now += 60
    last = world.parties[HUB].shelf.book.directories[-1]
    body = {name: one for name, one in last.body.items() if name not in HEADER}
    entries = {one["id"]: one for one in (*body["members"], *members)}
    body |= {"version": last["version"] + 1, "previous": last.hash}
    body |= {"members": list(entries.values())}
    world.post(founded(Kind.DIRECTORY, world.now, **body))


def other(world: World, member: str) -> dict[str, Any]:
    """The entry of a member whose log gets another key."""
    (entry,) = [
        one
        for one in world.parties[HUB].shelf.book.directories[-1]["members"]
        if one["id"] == member
    ]
    return {**entry, "log_key": public_of(seed(f"{member} second log"))}


def judged(world: World) -> Verdict:
    """What the first verifier says of an export of now."""
    return Verifier(world.root).verify(world.bundle())


def named(found: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Party and words of what is said of directories."""
    return [(one.party, one.what) for one in found if "another log key" in one.what]


def said(member: str) -> tuple[str, str]:
    """What is to be said of founders who replaced a log."""
    what = f"gives {member} another log key, and its first log was not closed"
    return "founders", what


@pytest.mark.threat("T10")
@pytest.mark.parametrize("member", [HUB, SOUTH])
def test_a_log_replaced_under_its_name_is_named(world: World, member: str) -> None:
    """A coordinator or station may have joined anew; what it had logged is gone."""
    rekeyed(world, other(world, member))

    verdict = judged(world)

    assert named(verdict.lost) == [said(member)]
    assert named(verdict.findings) == []
    assert any("another log key" in line for line in verdict.lines())


@pytest.mark.threat("T10")
def test_an_agency_s_log_is_closed_and_not_replaced(world: World) -> None:
    """It had hung up its staff: the founders' tool gives it no other key."""
    rekeyed(world, other(world, CHILD))

    assert named(judged(world).findings) == [said(CHILD)]


@pytest.mark.threat("T10")
def test_an_agency_s_log_is_not_set_free_by_another_kind(world: World) -> None:
    """Called a station first, and given another key then: it was an agency's log."""
    renamed = {**other(world, CHILD), "kind": "auditor", "uses": [], "categories": []}
    (entry,) = [
        one
        for one in world.parties[HUB].shelf.book.directories[-1]["members"]
        if one["id"] == CHILD
    ]
    rekeyed(world, {**renamed, "log_key": entry["log_key"]})
    rekeyed(world, renamed)

    assert named(judged(world).findings) == [said(CHILD)]


def test_an_agency_that_had_not_begun_may_join_anew(world: World) -> None:
    """It lost its keys before its first word: that is open, and nobody's fault."""
    rekeyed(
        world,
        identity(YOUNG).entry(
            title="Roads", kind="agency", uses=["user"], categories=[],
            address="127.0.0.1:1",
        ),
    )  # fmt: skip
    rekeyed(world, other(world, YOUNG))

    verdict = judged(world)

    assert (named(verdict.findings), named(verdict.notes)) == ([], [said(YOUNG)])


def test_who_keeps_its_keys_is_not_named(world: World) -> None:
    """A renewed directory, another title, another address."""
    (entry,) = [
        one
        for one in world.parties[HUB].shelf.book.directories[-1]["members"]
        if one["id"] == CHILD
    ]
    rekeyed(world, {**entry, "title": "Children", "categories": [CATEGORY[CHILD]]})

    verdict = judged(world)

    assert named((*verdict.findings, *verdict.notes, *verdict.lost)) == []
