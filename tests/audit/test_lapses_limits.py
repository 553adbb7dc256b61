"""What a closed log excuses nobody from: what is said under the next one.

An agency that had its log closed goes on with another, and might take the closing for
leave to say, or to hear, what no log of its shows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cast import CHILD, DAY, HUB, POLICE
from audit.ledger import World
from audit.test_lapses import Loss, loss
from audit.test_letters import enlisted, put
from childgrid_audit.verify import Verdict
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

__all__ = ["loss"]


def closed(loss: Loss) -> World:
    """The agency's log is closed, and the next one begun."""
    loss.told()
    loss.close()
    loss.begin()
    return loss.world


def late(loss: Loss) -> Verdict:
    """What an auditor says once everything is overdue."""
    loss.world.now += 5 * DAY
    return loss.audit()[0]


def found(verdict: Verdict, said: Statement) -> bool:
    """Whether an event is among the findings against the agency, and not excused."""
    name = said.hash[:12]
    assert not [one for one in verdict.lost if name in one.event]
    return any(one.party == CHILD for one in verdict.findings if name in one.event)


@pytest.mark.threat("T10", "T15")
def test_its_own_word_that_it_does_not_log_is_a_finding(loss: Loss) -> None:
    """Also where it is about something that was asked before the closing."""
    world = closed(loss)
    request = world.named["first request"]
    said = world.say(
        "unlogged",
        CHILD,
        Kind.REFUSAL,
        HUB,
        POLICE,
        answers=request.hash,
        subject="request",
        reason="not-necessary",
    )
    assert found(late(loss), said)


@pytest.mark.threat("T10", "T15")
def test_a_record_that_it_gives_after_the_closing_needs_its_receipt(loss: Loss) -> None:
    """Though it was asked for before: the closing is no leave to go on with that."""
    loss.told()
    loss.world.request("second", "first", "child")
    loss.close()
    loss.begin()
    said = loss.world.release("second", fetched=False)
    name = said.hash[:12]
    verdict = late(loss)
    assert not [one for one in verdict.lost if name in one.event]
    assert [one for one in verdict.findings if "no receipt" in one.what]


@pytest.mark.threat("T10", "T15")
def test_what_auditors_put_to_it_about_old_things_is_never_void(
    loss: Loss, tmp_path: Path
) -> None:
    """A finding about something in the closed log is heard by whoever goes on."""
    enlisted(loss.world, tmp_path)
    world = closed(loss)
    said = put(world, HUB)
    world.now += DAY
    world.ask("third", child="hit")
    assert found(late(loss), said)
