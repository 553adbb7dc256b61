"""Attacks on budgets: whoever wants to ask more than two people allowed.

The coordinator hands in what it likes, replays what it carried and swaps the signers;
each story ends by asserting that nothing changed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from childgrid_node.courier import Parcel
from childgrid_node.mailroom import open_parcel
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, DAY, HUB, STRANGER, Grid, identity, officer_signer
from hostile_enemy import body_of
from hostile_spy import Spy
from node.test_budget import approved, limited
from node.test_lift import lifted, wanted
from refusals import refused

HOUR = 3_600


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid whose investigator has spent the day's budget."""
    made = limited(tmp_path, officer_queries_day=1)
    made.relay = Spy(made)
    made.ask(STRANGER, targets=["customs"])
    return made


def say(grid: Grid, keyid: str, kind: Kind, **body: Any) -> bytes:
    """A statement by a member or an officer, with whatever it says."""
    issuer, _, person = keyid.partition("/")
    signer = officer_signer(issuer, person) if person else identity(issuer).signer
    options = {"now": grid.now, "seconds": DAY, "answers": ""}
    options |= {key: body.pop(key) for key in list(options) if key in body}
    return statement.make(
        kind, signer, issuer=issuer, officer=person, **options, **body
    )


def budget(grid: Grid, keyid: str, **changes: Any) -> Statement:
    """A budget by anybody for the police's investigator."""
    body = {"scope": "officer", "subject": "si-rao", "queries": 9}
    until = grid.now + changes.get("seconds", DAY)
    made = say(grid, keyid, Kind.BUDGET, **{**body, "until": until, **changes})
    return statement.parse(envelope.read(made))


def countersign(grid: Grid, keyid: str, what: Statement, **changes: Any) -> bytes:
    """An approval of a budget by anybody."""
    body = {"subject": "budget", "side": "holder", "slot": "budget", "fields": []}
    return say(
        grid,
        keyid,
        Kind.APPROVAL,
        **{"answers": what.hash, "policy": "", **body, **changes},
    )


def hand_in(grid: Grid, *said: bytes) -> None:
    """Bring all of it to the holder by mail, twice."""
    for data in (*said, *said):
        office = grid.agency("customs").office
        open_parcel(office, Parcel(0, data, b"", None), last=True)


def still_spent(grid: Grid) -> None:
    """One query more is refused, and nothing has changed anywhere."""
    more = approved(grid)
    with refused(grid, Reason.BUDGET):
        grid.relay.match(grid.agency("customs"), grid.call(more, "customs"))


@pytest.mark.parametrize(
    ("asks", "agrees"),
    [
        ("police/sp-nair", "police/sp-khan"),
        ("police/sp-nair", "police/cu-police"),
        ("police/sp-nair", "police/sp-nair"),
        ("police/si-rao", "customs/cu-mehta"),
        ("police/cu-police", "customs/cu-mehta"),
        ("customs/cu-mehta", "customs/cu-dias"),
        (HUB, HUB),
        ("police", "customs"),
    ],
)
@pytest.mark.threat("T5")
def test_whoever_has_no_right_to_it_lifts_nothing(
    grid: Grid, asks: str, agrees: str
) -> None:
    """One agency alone, the officer himself, machines, the coordinator: nothing."""
    before = {name: grid.state(name) for name in AGENCIES}
    try:
        what = budget(grid, asks)
        hand_in(grid, what.data, countersign(grid, agrees, what))
    except WireError:
        # Some of it can't even be spelled: machines sign no budget.
        pass
    spent = grid.agency("customs").office.journal.rows("SELECT * FROM used")
    assert len(spent) == 3
    assert {name: grid.state(name) for name in AGENCIES if name != "customs"} == {
        name: before[name] for name in AGENCIES if name != "customs"
    }
    still_spent(grid)


def test_the_custodian_of_a_third_agency_lifts_nothing_here(grid: Grid) -> None:
    """The prisons' custodian agreed; customs counts by its own custodian alone."""
    what = budget(grid, "police/sp-nair")
    hand_in(grid, what.data, countersign(grid, "prisons/pr-singh", what))
    still_spent(grid)


def test_a_countersignature_is_moved_to_a_greater_budget(grid: Grid) -> None:
    """It names one budget by its hash and can't be moved to another."""
    small = budget(grid, "police/sp-nair", queries=2)
    signed = countersign(grid, "customs/cu-mehta", small)
    great = budget(grid, "police/sp-nair", queries=9)
    body = body_of(signed) | {"answers": great.hash}
    outer = envelope.read(signed)
    moved = envelope.assemble(Kind.APPROVAL, canonical.dumps(body), outer.signatures)
    hand_in(grid, great.data, moved, signed)
    still_spent(grid)


def test_yesterdays_lift_is_handed_in_again(grid: Grid) -> None:
    """What ran out lifts nothing, replayed or not, and is not taken in anew."""
    lifted(grid, queries=5, hours=1)
    spy = grid.relay
    assert isinstance(spy, Spy)
    kept = [one for reader, one in spy.delivered if reader == "customs"]
    grid.now += HOUR
    for parcel in kept:
        open_parcel(grid.agency("customs").office, replace(parcel), last=True)
    still_spent(grid)


def test_the_coordinator_keeps_the_countersignature_to_itself(grid: Grid) -> None:
    """Without it the budget is a wish; with it withheld from all, nothing is lifted."""
    what = wanted(grid)
    hand_in(grid, what.data)
    still_spent(grid)


@pytest.mark.parametrize("forged", ["budget", "approval"])
@pytest.mark.threat("T5")
def test_rows_in_the_database_lift_nothing(grid: Grid, forged: str) -> None:
    """An edit by hand: what nobody signed is read, and does not verify."""
    what = budget(grid, "police/sp-nair")
    if forged == "budget":
        what = _altered(what, queries=10)
    said = [what, _parsed(countersign(grid, "customs/cu-mehta", what))]
    if forged == "approval":
        other = budget(grid, "police/sp-khan")
        said[1] = _parsed(countersign(grid, "customs/cu-mehta", other))
        said[1] = _altered(said[1], answers=what.hash)
    journal = grid.agency("customs").office.journal
    with journal.writing() as writing:
        for one in said:
            writing.run(
                "INSERT INTO said VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
                (
                    *(one.hash, one.kind.value, one.issuer, one.officer),
                    *(one.answers, grid.now, one.data),
                ),
            )
    still_spent(grid)


def _parsed(data: bytes) -> Statement:
    return statement.parse(envelope.read(data))


def _altered(said: Statement, **changes: Any) -> Statement:
    """Another body under the old signature."""
    outer = envelope.read(said.data)
    body = canonical.dumps(said.body | changes)
    return _parsed(envelope.assemble(said.kind, body, outer.signatures))
