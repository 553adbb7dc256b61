"""A finding among the logs: who must hold it and its answer, and what is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.cast import (
    CHILD,
    DAY,
    HOUR,
    HUB,
    NORTH,
    POLICE,
    PRISON,
    person,
)
from audit.ledger import World
from childgrid_audit.auditors import enlist
from childgrid_audit.verify import Verdict, Verifier
from childgrid_audit.workbench.letters import Letter, letters
from childgrid_wire import canonical
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

YEARS = 3_660 * 24


def enlisted(world: World, folder: Path) -> None:
    """An auditor works at the northern station."""
    key = canonical.to_b64(person(NORTH, "au-iyer").public)
    people = folder / "people.toml"
    people.write_text(f'[[auditor]]\nid = "au-iyer"\nkey = "{key}"\ntraining = true\n')
    world.post(enlist(world.stations[NORTH], people))


@pytest.fixture
def world(world: World, tmp_path: Path) -> World:
    """A grid with an auditor at the northern station, and a search to ask about."""
    enlisted(world, tmp_path)
    world.ask("first", child="none")
    return world


def put(world: World, *logs: str, **changes: Any) -> Statement:
    """The auditor asks a party about the answer; `logs` hold it beside the station."""
    body = {
        "topic": "hasty",
        "party": CHILD,
        "subject": world.named["first child answer"].hash,
        "reply_by": world.now + 14 * DAY,
        **changes,
    }
    return world.say(
        "finding",
        NORTH,
        Kind.FINDING,
        NORTH,
        *logs,
        officer="au-iyer",
        hours=YEARS,
        **body,
    )


def reply(world: World, *logs: str, **changes: Any) -> Statement:
    """The holder's custodian answers the finding."""
    name = world.named["finding"].hash
    body = {
        "officer": "cu-das",
        "answers": name,
        "subject": "sample",
        "pairs": 1,
        "agreed": 0,
        "result": name,
        "hours": YEARS + 24,
        **changes,
    }
    return world.say("reply", body.pop("member", CHILD), Kind.REVIEW, *logs, **body)


def later(world: World, seconds: int) -> None:
    """Time passes; every log goes on and is cosigned."""
    world.now += seconds
    world.ask(f"at {world.now}", child="none")
    world.now += 2 * HOUR
    world.gather()


def judged(world: World) -> Verdict:
    """What the northern station's reconciler says."""
    return Verifier(world.root).verify(world.bundle())


def letter(world: World) -> Letter:
    """How the workbench shows the finding."""
    (found,) = letters(judged(world).ledger, world.now)
    return found


def test_a_finding_and_its_answer_stand_where_they_must(world: World) -> None:
    """Station, coordinator and agency; then agency and coordinator. Nothing to name."""
    finding = put(world, HUB, CHILD)
    said = reply(world, CHILD, HUB)
    later(world, 5 * DAY)
    verdict = judged(world)
    assert verdict.findings == verdict.notes == ()
    shown = letter(world)
    assert (shown.hash, shown.reply) == (finding.hash, said.hash)
    assert (shown.state, shown.says) == ("answered", "not in order")


@pytest.mark.threat("T1")
def test_a_finding_that_the_coordinator_drops(world: World) -> None:
    """In the station's log and in no other: open for a while, then it is named."""
    put(world)
    later(world, HOUR)
    early = judged(world)
    assert early.findings == ()
    assert [note.party for note in early.notes] == [HUB]

    later(world, 2 * DAY)

    (named,) = judged(world).findings
    assert named.party == HUB
    assert f"finding {world.named['finding'].hash[:12]}" in named.event
    assert f"is missing; {NORTH} has it" in named.what
    assert letter(world).state == "waiting"


@pytest.mark.threat("T4")
def test_a_finding_that_the_agency_leaves_out(world: World) -> None:
    """The coordinator has it; the agency's log went on for days without it."""
    put(world, HUB)
    later(world, HOUR)
    assert judged(world).findings == ()
    later(world, 3 * DAY)
    assert [one.party for one in judged(world).findings] == [CHILD]


def test_an_agency_that_is_away_is_not_blamed(world: World) -> None:
    """Its log has not gone on, so the mail may still be on its way."""
    world.gather()
    put(world, HUB)
    world.now += 3 * DAY
    world.gather(*sorted(set(world.parties) - {CHILD}))
    verdict = judged(world)
    assert verdict.findings == ()
    assert [one.party for one in verdict.notes] == [CHILD]


def test_an_answer_that_the_coordinator_drops(world: World) -> None:
    """It stands in the agency's log, so the auditor reads it and misses it there."""
    put(world, HUB, CHILD)
    reply(world, CHILD)
    later(world, 3 * DAY)
    (named,) = judged(world).findings
    assert (named.party, "review" in named.event) == (HUB, True)
    assert letter(world).state == "answered"


def test_an_answer_to_what_the_agency_never_logged(world: World) -> None:
    """An answer rests on its finding, in each log that holds it."""
    put(world, HUB)
    reply(world, CHILD, HUB)
    later(world, HOUR)
    assert {one.party for one in judged(world).findings} == {CHILD}


@pytest.mark.threat("T4")
@pytest.mark.parametrize(
    ("logs", "changes"),
    [
        ((PRISON, HUB), {"member": PRISON, "officer": "cu-singh"}),
        ((CHILD, HUB), {"agreed": 2}),
        ((CHILD, HUB), {"hours": 24}),
        ((CHILD, HUB), {"result": "ab" * 32}),
    ],
)
def test_what_is_no_answer_does_not_count(
    world: World, logs: tuple[str, ...], changes: dict[str, Any]
) -> None:
    """Another agency's word, or a form that is none: named, and still waiting."""
    put(world, HUB, CHILD)
    reply(world, *logs, **changes)
    later(world, HOUR)
    what = [one.what for one in judged(world).findings]
    assert any(one.startswith("was not allowed") for one in what)
    assert letter(world).state == "waiting"


@pytest.mark.threat("T5")
def test_nobody_answers_for_the_own_deed(world: World) -> None:
    """The supervisor whose approval it is about is named, and it still waits."""
    subject = world.named["first query approval"].hash
    put(world, HUB, POLICE, party=POLICE, subject=subject)
    reply(world, POLICE, HUB, member=POLICE, officer="sp-nair")
    later(world, HOUR)
    (named,) = judged(world).findings
    assert "own-request" in named.what
    assert letter(world).state == "waiting"


@pytest.mark.parametrize("officer", ["si-rao", ""])
def test_only_who_answers_for_an_agency_counts(world: World, officer: str) -> None:
    """Not an investigator, and not the node's own key by a notice."""
    put(world, HUB, POLICE, party=POLICE)
    if officer:
        reply(world, POLICE, HUB, member=POLICE, officer=officer)
    else:
        name = world.named["finding"].hash
        said = {"answers": name, "topic": "outage", "subject": name}
        world.say("note", POLICE, Kind.NOTICE, POLICE, **said)
    later(world, HOUR)
    assert letter(world).state == "waiting"
    later(world, 15 * DAY)
    assert letter(world).state == "overdue"


def test_an_answer_that_is_dated_back_is_late(world: World) -> None:
    """What counts is the hour in which the first log took it in."""
    put(world, HUB, CHILD)
    later(world, 16 * DAY)
    assert letter(world).state == "overdue"
    now = world.now
    world.now -= 10 * DAY
    said = reply(world)
    world.now = now
    world.log(said, CHILD, HUB)
    later(world, HOUR)
    assert said.issued < world.named["finding"]["reply_by"]
    assert letter(world).state == "late"


def test_a_finding_about_the_coordinator_needs_no_agency(world: World) -> None:
    """It stands at the station and there; any later word of the party answers it."""
    put(world, HUB, party=HUB)
    later(world, 5 * DAY)
    assert judged(world).findings == ()
    assert letter(world).state == "waiting"
    name = world.named["finding"].hash
    said = {"answers": name, "topic": "outage", "subject": name}
    world.say("note", HUB, Kind.NOTICE, HUB, **said)
    later(world, HOUR)
    assert letter(world).state == "answered"
