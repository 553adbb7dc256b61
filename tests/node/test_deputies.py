"""Deputies at a node: shown what waits too long for another, given no right by it."""

from __future__ import annotations

from typing import Any

import pytest

from childgrid_node import agency, deputies
from childgrid_node.deputies import Wish
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, DAY, KABIR, Grid, identity, officer_signer
from refusals import refused

HOUR = 3_600


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid; police has two supervising officers, customs two custodians."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that no test changes."""
    return Grid(tmp_path_factory.mktemp("still"))


def waiting(grid: Grid) -> Statement:
    """A query of the police that waits for its approval, for three days."""
    payload = grid.draft(KABIR, hours=72)
    return grid.sign("police", "si-rao", Kind.QUERY, payload)


def name(
    grid: Grid,
    delegate: str = "sp-khan",
    days: int = 7,
    officer: str = "sp-nair",
    member: str = "police",
    *,
    away: bool = False,
) -> Statement:
    """An officer names a deputy."""
    office = grid.agency(member).office
    payload = deputies.draft(office, Wish(officer, delegate, days * 24, away))
    return grid.sign(member, officer, Kind.DELEGATION, payload)


def inbox(grid: Grid, officer: str = "sp-khan", member: str = "police") -> Any:
    """What an officer sees."""
    return grid.look(member, officer, "inbox")


def passed_on(grid: Grid, officer: str = "sp-khan", member: str = "police") -> Any:
    """For whom each thing in an inbox waits, too."""
    return [
        [one["officer"] for one in item["stands_in"]]
        for item in inbox(grid, officer, member)["waiting"]
    ]


def revoke(grid: Grid, officer: str) -> None:
    """The police revoke one of theirs."""
    made = statement.make(
        Kind.REVOCATION,
        identity("police").signer,
        issuer="police",
        now=grid.now,
        seconds=DAY,
        number=1,
        target="officer",
        member="police",
        subject=officer,
        serial="",
        cause="left",
    )
    grid.post([made])


def test_what_is_overdue_is_passed_on_to_the_deputy(grid: Grid) -> None:
    """Not before; and while the approver is away, at once."""
    asked = waiting(grid)
    name(grid)
    assert passed_on(grid) == [[]]
    (item,) = inbox(grid)["waiting"]
    assert (item["clock"], item["due"]) == ("fine", asked.issued + 48 * HOUR)
    grid.now += 48 * HOUR
    assert inbox(grid)["waiting"][0]["clock"] == "over"
    assert passed_on(grid) == [["sp-nair"]]
    assert passed_on(grid, "sp-nair") == [[]]


def test_who_is_away_passes_on_everything(grid: Grid) -> None:
    """From the first moment, and until the time is over."""
    waiting(grid)
    said = name(grid, days=1, away=True)
    assert passed_on(grid) == [["sp-nair"]]
    shown = inbox(grid)
    until = said["valid_until"]
    assert shown["stands_in"] == [
        {"officer": "sp-nair", "until": until, "at_once": True}
    ]
    assert shown["deputy"] == {}
    mine = inbox(grid, "sp-nair")
    assert mine["deputy"] == {"delegate": "sp-khan", "until": until, "at_once": True}
    assert mine["colleagues"] == ["sp-khan"]

    grid.now += DAY
    assert passed_on(grid) == [[]]
    assert inbox(grid, "sp-nair")["deputy"] == {}


def test_a_custodian_s_requests_are_passed_on_too(grid: Grid) -> None:
    """At the holder, among its own."""
    request = grid.request(grid.ask(KABIR), "customs", ["name"])
    grid.carry()
    name(grid, "cu-dias", officer="cu-mehta", member="customs", away=True)
    assert passed_on(grid, "cu-dias", "customs") == [["cu-mehta"]]
    grid.decide("customs", "cu-dias", request.hash)
    assert passed_on(grid, "cu-dias", "customs") == []
    grid.settle()
    assert grid.released("customs") == 1


def test_it_is_one_leaf_at_home_and_goes_nowhere(grid: Grid) -> None:
    """No mail, no other agency."""
    others = {one: grid.state(one) for one in AGENCIES if one != "police"}
    leaves = grid.agency("police").office.journal.log.size()
    name(grid)
    assert grid.agency("police").office.journal.log.size() == leaves + 1
    assert grid.carry() == 0
    assert {one: grid.state(one) for one in others} == others


def test_a_deputy_is_replaced_and_taken_back(grid: Grid) -> None:
    """The last word counts; an earlier one never comes back, however long it was."""
    waiting(grid)
    name(grid, days=30, away=True)
    name(grid, days=1, away=True)
    grid.now += DAY
    assert passed_on(grid) == [[]]
    name(grid, days=30, away=True)
    assert passed_on(grid) == [["sp-nair"]]
    name(grid, days=0)
    assert passed_on(grid) == [[]]
    assert inbox(grid)["stands_in"] == []


def test_what_the_other_may_not_sign_is_not_passed_on(grid: Grid) -> None:
    """What sp-nair has signed already waits for sp-khan no more on their account."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", ["name"])
    name(grid, away=True)
    assert request.hash not in [one["hash"] for one in inbox(grid)["waiting"]]
    assert inbox(grid)["waiting"] == []


WRONGS = {
    "oneself": ("police", "sp-nair", "sp-nair", 7, Reason.WRONG_ROLE),
    "an investigator": ("police", "sp-nair", "si-rao", 7, Reason.WRONG_ROLE),
    "a custodian of the house": (
        *("police", "sp-nair", "cu-police", 7),
        Reason.WRONG_ROLE,
    ),
    "another agency's": ("police", "cu-police", "cu-mehta", 7, Reason.UNKNOWN_KEY),
    "nobody": ("police", "sp-nair", "sp-nobody", 7, Reason.UNKNOWN_KEY),
    "by an investigator": ("police", "si-rao", "si-joshi", 7, Reason.WRONG_ROLE),
    "for too long": ("police", "sp-nair", "sp-khan", 91, Reason.EXPIRED),
    "back from nobody": ("police", "sp-nair", "sp-khan", 0, Reason.UNKNOWN),
}


@pytest.mark.threat("T5")
@pytest.mark.parametrize("wrong", WRONGS)
def test_nobody_is_named_who_must_not_be(still: Grid, wrong: str) -> None:
    """Refused by the node whatever the page offers; nothing is kept."""
    member, officer, delegate, days, reason = WRONGS[wrong]
    with refused(still, reason):
        name(still, delegate, days, officer, member)
    journal = still.agency(member).office.journal
    assert journal.all(Kind.DELEGATION) == []


@pytest.mark.threat("T5")
def test_a_deputy_signs_once_and_only_as_themselves(grid: Grid) -> None:
    """Standing in for another gives no second voice on the same thing."""
    asked = waiting(grid)
    name(grid, away=True)
    said = grid.decide("police", "sp-khan", asked.hash)
    assert said.person == "police/sp-khan"
    with refused(grid, Reason.DECIDED):
        grid.decide("police", "sp-khan", asked.hash)


@pytest.mark.threat("T5")
def test_a_deputy_of_another_role_decides_nothing_by_it(grid: Grid) -> None:
    """A custodian's deputy decides on no query of the own house."""
    asked = waiting(grid)
    name(grid, away=True)
    for officer in ("cu-police", "si-joshi", "si-rao"):
        reason = Reason.OWN_REQUEST if officer == "si-rao" else Reason.WRONG_ROLE
        with refused(grid, reason):
            grid.decide("police", officer, asked.hash)


@pytest.mark.threat("T5")
@pytest.mark.parametrize("gone", ["sp-nair", "sp-khan"])
def test_a_revoked_officer_has_and_is_no_deputy(grid: Grid, gone: str) -> None:
    """At once, whichever of the two it is; the other decides as before."""
    asked = waiting(grid)
    name(grid, away=True)
    revoke(grid, gone)
    stays = "sp-khan" if gone == "sp-nair" else "sp-nair"
    shown = inbox(grid, stays)
    assert (shown["deputy"], shown["stands_in"]) == ({}, [])
    assert passed_on(grid, stays) == [[]]
    with refused(grid, Reason.REVOKED):
        grid.decide("police", gone, asked.hash)
    grid.decide("police", stays, asked.hash)


@pytest.mark.threat("T5")
def test_only_what_was_drafted_here_by_that_officer_counts(grid: Grid) -> None:
    """Not what a key signed elsewhere, what is signed a second time, or another's."""
    body = {"delegate": "sp-khan", "role": "supervising-officer"}
    made = statement.make(
        Kind.DELEGATION,
        officer_signer("police", "sp-nair"),
        issuer="police",
        officer="sp-nair",
        now=grid.now,
        seconds=DAY,
        valid_from=grid.now,
        valid_until=grid.now + DAY,
        **body,
    )
    with refused(grid, Reason.UNKNOWN):
        grid.agency("police").desk.sign(made)
    with refused(grid, Reason.WRONG_ROLE):
        grid.agency("customs").desk.sign(made)

    office = grid.agency("police").office
    drafts = [deputies.draft(office, Wish("sp-nair", "sp-khan", 24)) for _ in range(2)]
    signer = officer_signer("police", "sp-nair")
    first, second = (envelope.sign(Kind.DELEGATION, one, [signer]) for one in drafts)
    grid.agency("police").desk.sign(first)
    with refused(grid, Reason.REPLAYED):
        grid.agency("police").desk.sign(second)


@pytest.mark.threat("T5")
def test_the_word_of_a_key_that_was_replaced_counts_no_more(grid: Grid) -> None:
    """Whoever holds a lost key names nobody to look after its owner's inbox."""
    name(grid, away=True)
    at = grid.agency("police")
    staff = at.folder / "staff.toml"
    old, new = (
        canonical.to_b64(officer_signer("police", one).public)
        for one in ("sp-nair", "sp-nair anew")
    )
    staff.write_text(staff.read_text().replace(old, new))
    made = agency.publish(at.office, staff, at.folder / "policy.toml")
    grid.post([one.data for one in made])
    assert inbox(grid)["stands_in"] == []
