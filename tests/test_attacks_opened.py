"""Attacks on what is opened: by who wrote it badly, made it too long, or sent another.

Each ends by asserting that the others' openings went on, or that nothing was lost.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_audit.workbench.web.opening import lines
from childgrid_coordinator.approve import MAX_SEALED
from childgrid_node import approve, openings
from childgrid_node.approve import Wish
from childgrid_node.office import Office
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire import openings as wire
from childgrid_wire.errors import Malformed, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement
from grid import DAY, officer_signer
from openingstage import IYER, KHAN, NORTH, SOUTH, Stage, kinds, staged


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


def reason(stage: Stage, party: str, name: str) -> str:
    """Why an agency did not open something."""
    (said,) = stage.grid.agency(party).office.journal.answers(name, Kind.REFUSAL)
    return str(said["reason"])


def requested(
    stage: Stage, asked: Statement, prose: bytes, monkeypatch: pytest.MonkeyPatch
) -> Statement:
    """A request of the police's whose justification is what an attacker sealed."""

    def hostile(office: Office, wish: Wish, name: str) -> bytes:
        key = office.shelf.book.sealing_key(wish.holder, office.now)
        binding = Binding("request", name, office.member, wish.holder, 0)
        return seal.seal(prose, canonical.from_b64(key["key"]), binding)

    monkeypatch.setattr(approve, "_seal_prose", hostile)
    made = stage.grid.request(asked, "customs", ["name"])
    stage.grid.carry()
    return made


PROSE = (b"no JSON", b'{"why":"not"}', b'{"justification":1}')


@pytest.mark.threat("T14", "T26")
def test_a_justification_that_is_none_holds_up_nothing(
    stage: Stage, asked: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is declined by name, and what else is to be opened is opened."""
    made = [requested(stage, asked, prose, monkeypatch) for prose in PROSE]
    monkeypatch.undo()
    made.append(requested_well(stage, asked))
    *bad, good = (stage.agreed(one.hash, party="customs") for one in made)
    agency = stage.grid.agency("customs")
    faults: list[WireError] = []
    gatherer = agency.releaser(stage.grid.relay.witness).gatherer
    openings.advance_all(agency.office, gatherer, faults.append)
    assert faults == []
    assert [reason(stage, "customs", one) for one in bad] == ["malformed"] * 3
    assert openings.state(agency.office, good) == "released"
    assert len(stage.opened("customs")[0]) == 1


def requested_well(stage: Stage, asked: Statement) -> Statement:
    """A request as everybody writes it."""
    made = stage.grid.request(asked, "customs", ["note"])
    stage.grid.carry()
    return made


@pytest.mark.threat("T26")
def test_a_justification_too_long_for_auditors_counts_for_nothing(
    stage: Stage, asked: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder takes in no request whose reason it could hand to no auditor."""
    longest = {"justification": "\U0001f9d2" * 2_000}
    fits = requested(stage, asked, canonical.dumps(longest), monkeypatch)
    office = stage.grid.agency("customs").office
    assert office.journal.find(fits.hash)
    before = kinds(stage.grid, "customs")
    prose = canonical.dumps({"justification": "a" * 40_000})
    made = requested(stage, asked, prose, monkeypatch)
    assert office.journal.find(made.hash) is None
    assert kinds(stage.grid, "customs") == before


@pytest.mark.threat("T26")
def test_more_than_can_be_carried_is_declined_and_said_so(
    stage: Stage, asked: Statement
) -> None:
    """It never counts as opened where the two could get nothing."""
    assert MAX_SEALED == wire.MOST_BYTES
    office = stage.grid.agency("police").office
    with office.journal.writing() as writing:
        long = canonical.dumps({"suspect": {"name": ["a" * 1_600_000]}})
        office.journal.keep_secret(writing, f"suspect:{asked.hash}", long)
    name = stage.agreed(asked.hash)
    assert stage.advance(name) == "refused"
    assert reason(stage, "police", name) == "too-large"
    assert stage.opened() == ([], [])


def wish(stage: Stage, asked: Statement, **changes: str) -> Statement:
    """A wish as an auditor who is an attacker would write it."""
    member, _, officer = IYER.partition("/")
    body = {
        "party": "police",
        "subject": asked.hash,
        "ground": "complaint",
        "recipient_key": canonical.to_b64(seal.new_key()[1]),
        **changes,
    }
    made = statement.make(
        Kind.OPENING,
        officer_signer(member, officer),
        issuer=member,
        officer=officer,
        now=stage.grid.now,
        seconds=DAY,
        answers=body.pop("answers", ""),
        **body,
    )
    return statement.parse(envelope.read(made))


@pytest.mark.threat("T14")
def test_a_key_to_which_nothing_can_be_sealed(stage: Stage, asked: Statement) -> None:
    """A wish with a key of low order is declined at once, and tried no more."""
    said = wish(stage, asked, recipient_key=canonical.to_b64(bytes(32)))
    stage.deliver(said)
    stage.opener(KHAN).agree(said.hash)
    stage.carry()
    assert stage.advance(said.hash) == "refused"
    assert stage.opened() == ([], [])


@pytest.mark.threat("T23")
def test_one_auditor_keeps_no_search_from_being_erased(
    stage: Stage, asked: Statement
) -> None:
    """A wish is kept for ever; tied to a search's story it would keep that too."""
    before = [kinds(stage.grid, one) for one in ("police", SOUTH)]
    stage.deliver(wish(stage, asked, answers=asked.hash))
    assert [kinds(stage.grid, one) for one in ("police", SOUTH)] == before


@pytest.mark.threat("T26")
def test_a_keeper_takes_nothing_back_by_a_second_answer(
    stage: Stage, asked: Statement
) -> None:
    """Both answers are logged, and what was given first is what the two can read."""
    name = stage.agreed(asked.hash)
    stage.advance(name)
    (first,) = [one for one in stage.sent if one.kind is Kind.OPENED]
    other = seal.seal(b"{}", seal.new_key()[1], Binding("opening", "x", "y", "z", 0))
    body = {key: first[key] for key in ("opening", "agreement", "subject", "staff")}
    second = stage.grid.agency("police").office.speak(
        Kind.OPENED,
        seconds=DAY,
        answers=name,
        ciphertext=seal.digest(other + other),
        directory=first["directory"],
        **body,
    )
    stage.deliver(second, other + other)
    for station, person in ((NORTH, IYER), (SOUTH, KHAN)):
        assert kinds(stage.grid, station).count("opened") == 2
        assert stage.opener(person).read(name)["of"] == asked.hash


@pytest.mark.threat("T26")
def test_an_answer_about_something_else_is_not_shown(
    stage: Stage, asked: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keeper that seals what it keeps beside another statement is found out."""

    def other(_: Office, opening: Statement) -> bytes:
        kept = {"suspect": {"name": ["Somebody Else"]}}
        return canonical.dumps({"kind": "query", "of": "ab" * 32, "kept": kept})

    monkeypatch.setattr(openings, "_content", other)
    name = stage.agreed(asked.hash)
    assert stage.advance(name) == "released"
    with pytest.raises(Malformed):
        stage.opener(IYER).read(name)
    assert kinds(stage.grid, NORTH)[-1] == "view"


def test_a_record_that_hides_behind_brackets_is_shown() -> None:
    """What is nested beyond reason stays one line; all that stands beside it shows."""
    deep = canonical.loads(b'{"x":' + b"[" * 800 + b"1" + b"]" * 800 + b"}")
    told = lines({"fields": {"name": ["Kabir"]}, **deep})
    assert told[0] == ("fields.name 1", "Kabir")
    assert len(told) == 2
    assert told[1][1].count("[") > 700
