"""Two auditors open what an agency keeps: the whole way, and how it ends.

An opening is asked for, agreed to, logged and cosigned, sealed to the two, read, and
seen by the agency. The attacks stand in `test_attacks_openings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from childgrid_audit.letterbox import Mail
from childgrid_node import openings, shred
from childgrid_wire.errors import Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import CASE, DAY, KABIR, Grid
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


def opened_to(grid: Grid, officer: str, member: str = "police") -> list[dict[str, Any]]:
    """What an officer's inbox says of openings."""
    shown: list[dict[str, Any]] = grid.look(member, officer, "inbox")["opened"]
    return shown


@pytest.mark.threat("T26")
def test_two_auditors_open_what_was_asked(stage: Stage, asked: Statement) -> None:
    """The description of the suspect, to the two alone; every log tells of it."""
    name = stage.agreed(asked.hash)
    assert stage.advance(name) == "released"

    for person in (IYER, KHAN):
        content = stage.opener(person).read(name)
        assert content["of"] == asked.hash
        assert content["kept"]["suspect"]["name"] == list(KABIR["name"])
        assert content["kept"]["case_reference"] == CASE
    with pytest.raises(Refused) as refusal:
        stage.opener(BOSE).read(name)
    assert refusal.value.reason is Reason.WRONG_ROLE
    ours = [k for k in kinds(stage.grid, "police") if k in ("opening", "opened")]
    assert ours == ["opening", "opened"]
    for station in (NORTH, SOUTH):
        there = kinds(stage.grid, station)
        told = [there.count(one) for one in ("opening", "approval", "opened", "view")]
        assert told == [1, 1, 1, 1]


def test_the_agency_sees_that_it_was_opened(stage: Stage, asked: Statement) -> None:
    """Supervising officers and custodians are told by whom and why; others are not."""
    name = stage.agreed(asked.hash)
    assert opened_to(stage.grid, "sp-nair") == []
    stage.advance(name)
    (shown,) = opened_to(stage.grid, "sp-nair")
    assert (shown["subject"], shown["by"], shown["second"]) == (asked.hash, IYER, KHAN)
    assert (shown["ground"], shown["issued"]) == ("complaint", stage.grid.now)
    assert len(opened_to(stage.grid, "cu-police")) == 1
    assert opened_to(stage.grid, "si-rao") == []
    stage.grid.now += 91 * DAY
    assert opened_to(stage.grid, "sp-nair") == []


def test_two_of_one_body_may_where_the_floor_allows(
    stage: Stage, asked: Statement
) -> None:
    """Without `opening_bodies` the second person may be of the same station."""
    name = stage.agreed(asked.hash, second=BOSE)
    assert stage.advance(name) == "released"
    assert stage.opener(BOSE).read(name)["of"] == asked.hash


def test_a_record_and_a_justification(tmp_path: Path) -> None:
    """A record is kept by the agency that received it, the reason by the holder."""
    stage, asked = staged(tmp_path)
    grid = stage.grid
    request = grid.request(asked, "customs", ["name", "note"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    grid.settle()
    journal = grid.agency("police").office.journal
    (disclosure,) = journal.answers(request.hash, Kind.DISCLOSURE)
    record = stage.agreed(disclosure.hash)
    reason = stage.agreed(request.hash, party="customs")
    assert stage.advance(record) == "released"
    assert stage.advance(reason, "customs") == "released"
    kept = stage.opener(IYER).read(record)["kept"]
    assert kept["holder"] == "customs"
    assert sorted(kept["fields"]) == disclosure["fields"]
    said = stage.opener(KHAN).read(reason)["kept"]
    assert said == {"justification": "needed for the arrest"}


def test_what_was_opened_goes_after_a_week(stage: Stage, asked: Statement) -> None:
    """At the agency and at the stations; that it was opened stays."""
    name = stage.agreed(asked.hash)
    stage.advance(name)
    stage.grid.now += 11 * DAY
    assert openings.forget(stage.grid.agency("police").office) == 1
    assert [box.tidy() for box in stage.boxes.values()] == [1, 1]
    assert [len(one) for one in stage.opened()] == [1, 0]
    with pytest.raises(Refused) as refusal:
        stage.opener(IYER).read(name)
    assert refusal.value.reason is Reason.UNKNOWN


@pytest.mark.threat("T10", "T15")
def test_nothing_is_handed_over_without_witnesses(
    stage: Stage, asked: Statement
) -> None:
    """Below a quorum, or without one of the auditors' own stations, it waits."""
    name = stage.agreed(asked.hash)
    for away in (("customs", "prisons"), (NORTH,), (SOUTH,)):
        for one in away:
            stage.grid.members[one].online = False
        with pytest.raises(WireError) as refusal:
            stage.advance(name)
        assert refusal.value.reason in (Reason.NO_QUORUM, Reason.STALE)
        assert stage.outbox("police") == []
        for one in away:
            stage.grid.members[one].online = True
    assert stage.advance(name) == "released"


@pytest.mark.threat("T23")
def test_both_words_outlast_the_story(stage: Stage, asked: Statement) -> None:
    """The story goes with what was sealed of it; that it was opened stays."""
    name = stage.agreed(asked.hash)
    stage.advance(name)
    stage.grid.now += 400 * DAY
    office = stage.grid.agency("police").office
    assert shred.run(office, YEAR, copied(stage.grid, "police"))
    assert office.journal.find(asked.hash) is None
    assert office.journal.answers(name, Kind.APPROVAL)
    assert [len(one) for one in stage.opened()] == [1, 0]


def test_a_reading_that_can_not_be_logged_is_not_shown(
    stage: Stage, asked: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The `view` comes first; a person who is revoked by now reads no more either."""
    name = stage.agreed(asked.hash)
    stage.advance(name)
    opener = stage.opener(IYER)
    with monkeypatch.context() as patch:
        patch.setattr(type(opener.pen.log), "append", _full)
        with pytest.raises(OSError, match="full"):
            opener.read(name)
    assert "view" not in kinds(stage.grid, NORTH)
    revoke(stage.grid, IYER)
    with pytest.raises(Untrusted):
        opener.read(name)
    assert "view" not in kinds(stage.grid, NORTH)


def _full(*_: object) -> None:
    raise OSError("disk full")


def test_mail_that_came_before_the_list_it_rests_on(
    stage: Stage, asked: Statement
) -> None:
    """A station reads the board again before it drops a word of somebody new."""
    grid, new = stage.grid, f"{NORTH}/au-new"
    south = grid.members[SOUTH].shelf
    missed: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(south, "add", missed.append)
        listed(grid, NORTH, *(entry(grid, one) for one in (IYER, new)))
    name = stage.opener(new).ask("police", asked.hash, "complaint")
    wish = stage.opener(new).find(name).said
    mail = [Mail(9, wish.data, b"")]
    assert stage.boxes[SOUTH].take(mail) == 0
    assert stage.boxes[SOUTH].take(mail, lambda: [*map(south.add, missed)]) == 1
    assert stage.opener(KHAN).find(name).said == wish


def test_a_wish_that_came_when_its_time_was_over(
    stage: Stage, asked: Statement
) -> None:
    """An agency that was away logs it all the same, and says why nothing was opened."""
    name = stage.opener(IYER).ask("police", asked.hash, "complaint")
    stage.grid.now += 4 * DAY
    stage.carry()
    assert stage.advance(name) == "refused"
    (said,) = stage.grid.agency("police").office.journal.answers(name, Kind.REFUSAL)
    assert said["reason"] == "expired"
    assert stage.opened() == ([], [])
