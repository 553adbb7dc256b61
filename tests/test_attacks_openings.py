"""Attacks on openings: on one word, on the same one twice, on a dead one, again.

Each ends by asserting that nothing was opened, or nothing more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from childgrid_node import shred
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, Grid, officer_signer
from openingstage import (
    BOSE,
    IYER,
    KHAN,
    NORTH,
    SOUTH,
    Stage,
    entry,
    kinds,
    listed,
    revoke,
    staged,
)
from shredded import YEAR, copied

NOTHING: tuple[list[Any], list[Any]] = ([], [])


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Stage, Statement]:
    """See `staged`."""
    return staged(tmp_path)


@pytest.fixture
def stage(scene: tuple[Stage, Statement]) -> Stage:
    """Everybody who takes part."""
    return scene[0]


@pytest.fixture
def asked(scene: tuple[Stage, Statement]) -> Statement:
    """The query of the police's."""
    return scene[1]


@pytest.mark.threat("T26")
def test_one_auditor_alone(stage: Stage, asked: Statement) -> None:
    """A wish waits; after its time it is over, and the agency says so."""
    name = stage.asked(asked.hash)
    assert stage.advance(name) == "waiting"
    stage.grid.now += 3 * DAY
    assert stage.advance(name) == "refused"
    assert stage.opened() == NOTHING
    with pytest.raises(WireError):
        stage.opener(KHAN).agree(name)
    assert stage.opened() == NOTHING


def agreement(
    stage: Stage, name: str, person: str, key: str = "", **changes: Any
) -> Statement:
    """A second word as an attacker would write it, signed by a person's key."""
    member, _, officer = person.partition("/")
    signer = officer_signer(*(key or person).split("/"))
    body = {
        "answers": name,
        "subject": "opening",
        "side": "requester",
        "slot": "opening",
        "fields": [],
        "policy": "",
        "recipient_key": canonical.to_b64(seal.new_key()[1]),
        **changes,
    }
    made = statement.make(
        Kind.APPROVAL,
        type(signer)(person, signer.seed),
        issuer=member,
        officer=officer,
        now=stage.grid.now,
        seconds=DAY,
        **body,
    )
    return statement.parse(envelope.read(made))


@pytest.mark.threat("T26")
def test_the_same_person_twice(stage: Stage, asked: Statement) -> None:
    """By the own hand, by the own key under another id, or to the own reading key."""
    name = stage.asked(asked.hash)
    wish = stage.opener(IYER).find(name).said
    with pytest.raises(Refused) as refusal:
        stage.opener(IYER).agree(name)
    assert refusal.value.reason is Reason.OWN_REQUEST
    twin = f"{SOUTH}/au-twin"
    listed(
        stage.grid,
        SOUTH,
        entry(stage.grid, KHAN),
        entry(stage.grid, twin, officer_signer(NORTH, "au-iyer")),
    )
    for said in (
        agreement(stage, name, IYER),
        agreement(stage, name, twin, key=IYER),
        agreement(stage, name, KHAN, recipient_key=wish["recipient_key"]),
    ):
        stage.mail("police", said)
        assert stage.advance(name) == "waiting"
    assert stage.opened() == NOTHING
    assert kinds(stage.grid, "police")[-1] == "opening"


def test_a_second_word_that_is_none(stage: Stage, asked: Statement) -> None:
    """An officer's of an agency, about another opening, too old, or of another form."""
    name = stage.asked(asked.hash)
    other = stage.asked("ab" * 32)
    stage.grid.now += 1
    for said in (
        agreement(stage, name, "police/sp-nair"),
        agreement(stage, name, "customs/cu-mehta"),
        agreement(stage, other, KHAN),
        agreement(stage, name, KHAN, fields=["name"]),
        agreement(stage, name, KHAN, slot="custodian"),
        agreement(stage, name, KHAN, policy="ab" * 32),
    ):
        stage.mail("police", said)
        assert stage.advance(name) == "waiting"
    assert stage.opened() == NOTHING


@pytest.mark.threat("T1")
def test_a_word_on_a_query_opens_nothing(stage: Stage, asked: Statement) -> None:
    """A supervisor's approval of the query is no second word, nor the other way."""
    name = stage.asked(asked.hash)
    journal = stage.grid.agency("police").office.journal
    (approval,) = journal.answers(asked.hash, Kind.APPROVAL)
    stage.mail("police", approval)
    assert stage.advance(name) == "waiting"
    with pytest.raises(WireError):
        statement.verify(
            agreement(stage, name, KHAN, subject="query").data,
            stage.grid.agency("police").office.view.find_key,
        )
    assert stage.opened() == NOTHING


@pytest.mark.threat("T27")
@pytest.mark.parametrize("who", [IYER, KHAN])
def test_a_key_that_is_revoked(stage: Stage, asked: Statement, who: str) -> None:
    """A revoked asker ends it; where the second is, it waits for another."""
    name = stage.agreed(asked.hash)
    revoke(stage.grid, who)
    state = stage.advance(name)
    assert state == ("refused" if who == IYER else "waiting")
    assert stage.opened() == NOTHING
    if who == KHAN:
        stage.mail("police", agreement(stage, name, BOSE))
        assert stage.advance(name) == "released"


@pytest.mark.threat("T19", "T27")
def test_a_key_that_is_revoked_between_leaf_and_release(
    stage: Stage, asked: Statement
) -> None:
    """Sealed and logged, and then not handed over; what was sealed goes."""
    name = stage.agreed(asked.hash)
    honest = stage.grid.relay.witness

    def late(request: Any) -> Any:
        revoke(stage.grid, KHAN)
        return honest(request)

    stage.grid.relay.witness = late  # type: ignore[method-assign]
    assert stage.advance(name) == "refused"
    said, kept = stage.opened()
    assert (len(said), kept) == (1, [])
    assert stage.outbox("police") == []
    with pytest.raises(Refused):
        stage.opener(IYER).read(name)


@pytest.mark.threat("T9")
def test_replayed(stage: Stage, asked: Statement) -> None:
    """The same wish and words again, later, elsewhere: nothing is opened twice."""
    name = stage.agreed(asked.hash)
    stage.advance(name)
    before = stage.opened()
    words = [one for one in stage.sent if one.kind is not Kind.OPENED]
    for member in ("police", "customs"):
        for said in words:
            stage.mail(member, said)
    assert stage.advance(name) == "released"
    assert stage.opened() == before
    assert stage.opened("customs") == NOTHING
    stage.mail("police", agreement(stage, name, BOSE))
    assert stage.advance(name) == "released"
    assert stage.opened() == before


@pytest.mark.threat("T4")
def test_what_another_agency_keeps(stage: Stage, asked: Statement) -> None:
    """The target of a query doesn't open it, and nobody opens what it doesn't know."""
    wrong = stage.agreed(asked.hash, party="customs")
    unknown = stage.agreed("ab" * 32)
    assert stage.advance(wrong, "customs") == "refused"
    assert stage.advance(unknown) == "refused"
    assert stage.opened() == stage.opened("customs") == NOTHING


@pytest.mark.threat("T23")
def test_after_shredding(stage: Stage, asked: Statement) -> None:
    """What is gone is gone for auditors too; the agency says so."""
    stage.grid.now += 400 * DAY
    listed(stage.grid, NORTH, entry(stage.grid, IYER))
    listed(stage.grid, SOUTH, entry(stage.grid, KHAN))
    office = stage.grid.agency("police").office
    assert shred.run(office, YEAR, copied(stage.grid, "police"))
    name = stage.agreed(asked.hash)
    assert stage.advance(name) == "refused"
    (refusal,) = office.journal.answers(name, Kind.REFUSAL)
    assert (refusal["subject"], refusal["reason"]) == ("opening", "unknown")
    assert stage.opened() == NOTHING


def test_another_body_where_the_floor_asks_for_it(tmp_path: Path) -> None:
    """With `opening_bodies` 2 the second word is another station's or none."""
    stage, asked = staged(tmp_path)
    office = stage.grid.agency("police").office
    name = stage.asked(asked.hash)
    _demand_two_bodies(stage.grid)
    with pytest.raises(Refused) as refusal:
        stage.opener(BOSE).agree(name)
    assert refusal.value.reason is Reason.NOT_APPROVED
    stage.mail("police", agreement(stage, name, BOSE))
    assert stage.advance(name) == "waiting"
    assert not office.journal.answers(name, Kind.APPROVAL)
    stage.opener(KHAN).agree(name)
    stage.carry()
    assert stage.advance(name) == "released"


def _demand_two_bodies(grid: Grid) -> None:
    """The founders' next floor and directory."""
    view = grid.agency("police").office.view
    header = {"kind", "id", "issuer", "officer", "issued", "expires", "answers"}

    def body(of: Statement) -> dict[str, Any]:
        return {key: one for key, one in of.body.items() if key not in header}

    floor = grid.founders.sign(
        Kind.FLOOR,
        grid.now,
        **{**body(view.rules()), "version": 2, "opening_bodies": 2},
    )
    directory = {
        **body(view.directory),
        "version": view.directory["version"] + 1,
        "previous": view.directory.hash,
        "floor": envelope.read(floor).hash,
    }
    grid.post([floor, grid.founders.sign(Kind.DIRECTORY, grid.now, **directory)])


@pytest.mark.threat("T26")
def test_a_station_takes_in_no_answer_that_was_not_agreed(
    stage: Stage, asked: Statement
) -> None:
    """Sealed content of another hash, or from another agency, is not kept."""
    name = stage.agreed(asked.hash)
    stage.advance(name)
    (opened,) = [one for one in stage.sent if one.kind is Kind.OPENED]
    path = stage.grid.members[NORTH].folder / "openings" / f"{name}.sealed"
    before = path.read_bytes(), kinds(stage.grid, NORTH)
    stage.deliver(opened, b"something else")
    body = {
        key: opened[key] for key in ("opening", "agreement", "subject", "ciphertext")
    }
    forged = stage.grid.agency("customs").office.speak(
        Kind.OPENED,
        seconds=DAY,
        answers=name,
        directory=opened["directory"],
        staff=opened["staff"],
        **body,
    )
    stage.deliver(forged, before[0])
    assert (path.read_bytes(), kinds(stage.grid, NORTH)) == before
    assert stage.opener(IYER).read(name)["of"] == asked.hash
