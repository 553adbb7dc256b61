"""What is done after a release, and what is read, judged again from the logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.cast import CHILD, HOUR, HUB, POLICE
from audit.ledger import World
from audit.wrongs import begin
from childgrid_audit.verify import Verifier
from childgrid_wire import candidates
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


def released(world: World) -> Statement:
    """A record that was disclosed and received."""
    begin(world)
    given = world.release("r")
    world.end("r", Kind.RECEIPT)
    return given


def outcome(
    world: World,
    given: Statement,
    officer: str = "si-rao",
    member: str = POLICE,
    **changes: Any,
) -> Statement:
    """What became of it, as everybody concerned has logged it."""
    body = {"answers": given.hash, "result": given.hash, "disposal": "acquitted"}
    more = {"subject": "outcome", "pairs": 1, "agreed": 1, **body, **changes}
    logs = (POLICE, HUB, CHILD)
    return world.say("outcome", member, Kind.REVIEW, *logs, officer=officer, **more)


def purge(world: World, told: Statement, member: str, officer: str) -> Statement:
    """A decision on an outcome, in the log of whoever made it."""
    body = {"subject": "purge", "pairs": 1, "agreed": 1, "result": told["result"]}
    return world.say(
        "purge", member, Kind.REVIEW, member, officer=officer, answers=told.hash, **body
    )


def looked(world: World, officer: str, object_: str, member: str = POLICE) -> Statement:
    """Somebody says by the own signature that they looked at something."""
    return world.say(
        f"{officer} {object_}",
        member,
        Kind.VIEW,
        member,
        officer=officer,
        object=object_,
        subject="",
    )


def sitting(world: World, officer: str = "si-rao", hours: int = 4) -> Statement:
    """An officer opens the desk."""
    return world.say(
        "sitting",
        POLICE,
        Kind.VIEW,
        POLICE,
        officer=officer,
        hours=hours,
        object="desk",
        subject="",
    )


def reading(
    world: World,
    opened: Statement,
    reader: str = "si-rao",
    object_: str = "inbox",
) -> Statement:
    """The node's word that somebody read the inbox, or something else."""
    return world.say(
        "reading",
        POLICE,
        Kind.VIEW,
        POLICE,
        answers=opened.hash,
        reader=reader,
        object=object_,
        subject="",
    )


def decision(
    world: World, officer: str = "si-rao", member: str = POLICE, **changes: Any
) -> Statement:
    """An officer says of a candidate that it is not him."""
    begin(world)
    asked, answer = world.named["q query"], world.named["q child answer"]
    named = candidates.name_of(CHILD, answer["candidates"][0]["handle"])
    body = {"subject": "candidate", "pairs": 1, "agreed": 0, "verdict": "not-him"}
    more = {"answers": asked.hash, "result": named, **body, **changes}
    return world.say("word", member, Kind.REVIEW, member, officer=officer, **more)


def findings(world: World) -> list[str]:
    """What an auditor finds after a while."""
    world.now += 2 * HOUR
    world.gather()
    return [str(one) for one in Verifier(world.root).verify(world.bundle()).findings]


def test_an_outcome_a_decision_and_a_reading_are_in_order(world: World) -> None:
    """As they should be, nothing is found."""
    told = outcome(world, released(world))
    purge(world, told, CHILD, "cu-das")
    reading(world, sitting(world))
    assert findings(world) == []


def test_a_word_on_a_candidate_is_in_order(world: World) -> None:
    """Of who asked."""
    decision(world)
    assert findings(world) == []


def another_s_sitting(world: World) -> Statement:
    """The node says that somebody read in a sitting which another person opened."""
    return reading(world, sitting(world), reader="sp-nair")


def not_for_the_role(world: World) -> Statement:
    """The node showed an investigator what is a custodian's alone."""
    return reading(world, sitting(world), object_="explanation")


def signed_for_by_another_role(world: World) -> Statement:
    """A custodian signed for the page that is agency IT's alone."""
    return looked(world, "cu-das", "health", CHILD)


def declared_by_a_supervisor(world: World) -> Statement:
    """Somebody else than a custodian says whose searches are to be marked."""
    body = {"subject": "declared", "pairs": 2, "agreed": 0, "result": "ab" * 32}
    return world.say("declared", POLICE, Kind.REVIEW, POLICE, officer="sp-nair", **body)


def after_the_sitting(world: World) -> Statement:
    """It says so of a time when the desk was shut."""
    opened = sitting(world, hours=1)
    world.now += 3 * HOUR
    return reading(world, opened)


def no_sitting(world: World) -> Statement:
    """It says so of no sitting at all."""
    begin(world)
    return reading(world, world.named["q query"])


def holder_s_outcome(world: World) -> Statement:
    """The holder's custodian tells what became of it in the requester's place."""
    return outcome(world, released(world), officer="cu-das", member=CHILD)


def no_disposal(world: World) -> Statement:
    """An outcome that says nothing."""
    given = released(world)
    body = {"subject": "outcome", "pairs": 1, "agreed": 1, "result": given.hash}
    return world.say(
        "outcome",
        POLICE,
        Kind.REVIEW,
        *(POLICE, HUB, CHILD),
        officer="si-rao",
        answers=given.hash,
        **body,
    )


def purged_by_an_asker(world: World) -> Statement:
    """The agency that asked decides on the holder's record."""
    return purge(world, outcome(world, released(world)), POLICE, "sp-nair")


def purged_after_conviction(world: World) -> Statement:
    """A record is taken out though nobody was acquitted."""
    told = outcome(world, released(world), disposal="convicted")
    return purge(world, told, CHILD, "cu-das")


def custodian_s_word(world: World) -> Statement:
    """Somebody of another agency says of a candidate that it is not him."""
    return decision(world, officer="cu-das", member=CHILD)


def word_on_nobody(world: World) -> Statement:
    """Of a candidate that no answer has named."""
    return decision(world, result="ab" * 32)


def no_word(world: World) -> Statement:
    """The same as a candidate that nobody names."""
    return decision(world, verdict="same", agreed=1)


@pytest.mark.threat("T7")
@pytest.mark.parametrize(
    ("wrong", "party", "what"),
    [
        (custodian_s_word, CHILD, "wrong-role candidate"),
        (word_on_nobody, POLICE, "unknown review.result"),
        (no_word, POLICE, "review.verdict"),
        (another_s_sitting, POLICE, "wrong-role another person's sitting"),
        (not_for_the_role, POLICE, "wrong-role view"),
        (signed_for_by_another_role, CHILD, "wrong-role view"),
        (declared_by_a_supervisor, POLICE, "wrong-role review.officer"),
        (after_the_sitting, POLICE, "expired the sitting"),
        (no_sitting, POLICE, "unknown the sitting"),
        (holder_s_outcome, CHILD, "wrong-role review.officer"),
        (no_disposal, POLICE, "fields review.disposal"),
        (purged_by_an_asker, POLICE, "target review.issuer"),
        (purged_after_conviction, CHILD, "unknown review.disposal"),
    ],
)
def test_what_was_against_the_rules_is_named(
    world: World, wrong: Callable[[World], Statement], party: str, what: str
) -> None:
    """Whoever logged and cosigned it."""
    said = wrong(world)
    found = findings(world)
    assert any(
        party in one and what in one and said.hash[:12] in one for one in found
    ), found
